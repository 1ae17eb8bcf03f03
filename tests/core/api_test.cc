// Every function of include/glia/ called with NULL in each place of a pointer, and with handles and numbers that are
// wrong. The functions of the ops are called as their descriptors and their first cases say, the others as the table
// says. The last test reads the headers: it fails for a function without a row.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "support/files.h"

#include "core/op_defaults.h"
#include "dlpack/standard/dlpack.h"
#include "support/call.h"
#include "support/onnx_file.h"
#include "support/suite.h"
#include "support/with.h"

#include "support/unoptimized.h"  // behind the others

namespace {

using namespace glia;

struct Row {
    std::string name;
    std::function<void()> run;
};

// What a call made is destroyed after it.
void drop(glia_context **made) { glia_context_destroy(*made), *made = nullptr; }
void drop(glia_tensor **made) { glia_tensor_destroy(*made), *made = nullptr; }
void drop(glia_graph **made) { glia_graph_destroy(*made), *made = nullptr; }
void drop(glia_plan **made) { glia_plan_destroy(*made), *made = nullptr; }
void drop(glia_dataset **made) { glia_dataset_destroy(*made), *made = nullptr; }
void drop(glia_image **made) { glia_image_destroy(*made), *made = nullptr; }
void drop(glia_sound **made) { glia_sound_destroy(*made), *made = nullptr; }
void drop(glia_tokens **made) { glia_tokens_destroy(*made), *made = nullptr; }
void drop(glia_vectorizer **made) { glia_vectorizer_destroy(*made), *made = nullptr; }
void drop(glia_vocabulary **made) { glia_vocabulary_destroy(*made), *made = nullptr; }
void drop(glia_model **made) { glia_model_destroy(*made), *made = nullptr; }
void drop(glia_trainer **made) { glia_trainer_destroy(*made), *made = nullptr; }
void drop(glia_predictor **made) { glia_predictor_destroy(*made), *made = nullptr; }
void drop(glia_profile **made) { glia_profile_destroy(*made), *made = nullptr; }
void drop(glia_callback *made) { glia_callback_destroy(made); }
void drop(glia_table **made) { glia_table_destroy(*made), *made = nullptr; }
void drop(glia_onnx **made) { glia_onnx_close(*made), *made = nullptr; }
void drop(glia_onnx_tensor **made) { glia_onnx_tensor_close(*made), *made = nullptr; }
void drop(DLManagedTensorVersioned **made) {
    if (*made) (*made)->deleter(*made), *made = nullptr;
}
void drop(glia_search **made) { glia_search_destroy(*made), *made = nullptr; }
void drop(glia_npy **made) { glia_npy_destroy(*made), *made = nullptr; }
void drop(glia_safetensors **made) { glia_safetensors_close(*made), *made = nullptr; }
template <class T>
void drop(T &&) {}

// Calls fn rightly, then with NULL for each pointer in turn, then rightly again. nullable: places where NULL is
// allowed. The message of a refusal must say something, where there is a context to keep it.
template <class... A>
void probe(const char *name, glia_context *ctx, glia_status (*fn)(A...), const std::set<size_t> &nullable,
           std::type_identity_t<A>... given) {
    std::tuple<A...> args(given...);
    const auto call = [&] {
        if (ctx) ctx->message[0] = '\0';
        const glia_status status = std::apply(fn, args);
        std::apply([](auto... arg) { (drop(arg), ...); }, std::tuple<A...>(given...));
        return status;
    };
    const auto right = [&] {
        EXPECT_EQ(call(), GLIA_OK) << name << ": " << (ctx ? glia_message(ctx) : glia_message(nullptr));
    };
    right();
    const auto without = [&]<size_t I>() {
        if constexpr (std::is_pointer_v<std::tuple_element_t<I, std::tuple<A...>>>) {
            auto &place = std::get<I>(args);
            if (!place) return;
            const auto before        = place;
            place                    = nullptr;
            const glia_status status = call();
            place                    = before;
            if (nullable.count(I) && status == GLIA_OK) return;
            EXPECT_NE(status, GLIA_OK) << name << " accepts NULL for argument " << I;
            EXPECT_NE(status, GLIA_BUSY) << name;
            if (I == 0)
                EXPECT_NE(strstr(glia_message(nullptr), " is NULL"), nullptr) << name << ": " << glia_message(nullptr);
            else
                EXPECT_TRUE(!ctx || *glia_message(ctx)) << name << " says nothing about NULL for argument " << I;
            right();
        }
    };
    [&]<size_t... I>(std::index_sequence<I...>) {
        (without.template operator()<I>(), ...);
    }(std::index_sequence_for<A...>{});
}

// An op of a user's own that does nothing.
const glia_custom_op kNothing{
    .name = "nothing", .n_in = 1, .n_out = 1, .forward = [](glia_custom_call *) { return GLIA_OK; }};
const glia_custom_params kCustom{.op = &kNothing};

void refused(glia_context *ctx, const std::function<glia_status()> &call, const std::string &part) {
    ctx->message[0]          = '\0';
    const glia_status status = call();
    EXPECT_NE(status, GLIA_OK) << part;
    EXPECT_NE(std::string(glia_message(ctx)).find(part), std::string::npos) << glia_message(ctx) << "\nlacks: " << part;
}

// Without protobuf-c every file is refused, and that is all there is to try.
bool with_onnx(glia_context *ctx) {
    glia_onnx *file = nullptr;
    return glia_onnx_open(ctx, "/nowhere/f", nullptr, &file) != GLIA_UNSUPPORTED;
}

// An open file of one input and one output.
template <class Use>
void with_network(const Use &use) {
    Session s("");
    Folder folder;
    const std::string bytes = onnx::small_network().file(), path = folder.write("f", {bytes.begin(), bytes.end()});
    glia_onnx *file = nullptr;
    if (!with_onnx(s.ctx())) return;
    ASSERT_EQ(glia_onnx_open(s.ctx(), path.c_str(), nullptr, &file), GLIA_OK) << glia_message(s.ctx());
    use(s, file);
    glia_onnx_close(file);
}

// --- ops: a case of the op gives the arguments ---

class Given {
   public:
    explicit Given(const gli_op &op) : session("") {
        for (const Case &c : all_cases())
            if (c.op == &op && !c.bench) {
                use(c);
                return;
            }
        ADD_FAILURE() << "no case of " << op.name;
    }

    template <class T>
    void take(T &arg) {
        if constexpr (std::is_same_v<T, glia_context *>)
            arg = session.ctx();
        else if constexpr (std::is_same_v<T, const glia_tensor *>)
            arg = in(&place);
        else if constexpr (std::is_same_v<T, glia_tensor *>)
            arg = out(&place);
        else if constexpr (std::is_same_v<T, const glia_norm_stats *>)
            stats = {out(), out()}, arg = &stats;
        else if constexpr (std::is_same_v<T, const glia_norm_saved *>)
            saved = {in(), in(), in(), in()}, arg = &saved;
        else if constexpr (std::is_same_v<T, const glia_norm_gradients *>)
            gradients = {out(), out(), out()}, arg = &gradients;
        else if constexpr (std::is_same_v<T, const glia_batchnorm_vectors *>)
            arg = take_vectors();
        else
            arg = params<T>();
        ++place;
    }
    template <class T>
    T params() const {
        return reinterpret_cast<T>(test->params.data());
    }
    const glia_batchnorm_vectors *take_vectors() {
        const glia_tensor *weight = in(), *bias = strcmp(test->op->inputs[next_in].name, "bias") == 0 ? in() : nullptr;
        vectors = {weight, bias, const_cast<glia_tensor *>(in()), const_cast<glia_tensor *>(in())};
        return &vectors;
    }
    const glia_tensor *in(const size_t *at = nullptr) {
        const size_t i = next_in++;
        if (i >= inputs.size()) return nullptr;
        if (at && gli_input_is(test->op, int(i), GLI_IN_OPTIONAL)) nullable.insert(*at);
        return inputs[i];
    }
    glia_tensor *out(const size_t *at = nullptr) {
        const size_t o = next_out++;
        if (o >= outputs.size()) return nullptr;
        if (at && gli_output_is(test->op, o, GLI_OUT_OPTIONAL)) nullable.insert(*at);
        return outputs[o];
    }

    Session session;
    const Case *test = nullptr;
    std::vector<const glia_tensor *> inputs;
    std::vector<glia_tensor *> outputs;
    std::set<size_t> nullable;
    size_t place = 0, next_in = 0, next_out = 0;
    glia_norm_stats stats{};
    glia_norm_saved saved{};
    glia_norm_gradients gradients{};
    glia_batchnorm_vectors vectors{};

   private:
    void use(const Case &c) {
        test = &c;
        for (size_t i = 0; i < c.inputs.size(); ++i)
            inputs.push_back(c.inputs[i].content == Content::absent
                                 ? nullptr
                                 : session.tensor({c.inputs[i].dims, values_of(c, i, Regime::reals, GLIA_F32),
                                                   dtype_of(c, i, GLIA_F32)}));
        alignas(std::max_align_t) char geom[GLI_MAX_GEOMETRY];
        gli_resolution r;
        EXPECT_EQ(gli_resolve(session.ctx(), c.op, c.params.data(), int(inputs.size()), inputs.data(), geom, &r),
                  GLIA_OK)
            << glia_message(session.ctx());
        for (int i = 0; i < c.op->n_outputs; ++i)
            outputs.push_back(session.tensor({{r.out[i].dim, r.out[i].dim + r.out[i].ndim}, {}, r.out[i].dtype}));
    }
};

// Typed arguments from the case, in the order of the declaration.
template <class... A>
void probe_op(const char *name, glia_status (*fn)(A...), const gli_op &op) {
    Given given(op);
    if (!given.test) return;
    std::tuple<A...> args;
    std::apply([&](auto &...arg) { (given.take(arg), ...); }, args);
    std::set<size_t> nullable = given.nullable;
    for (size_t i = 0; i < sizeof...(A); ++i) {  // params, and structs whose tensors are all optional
        static constexpr bool plain[] = {std::is_same_v<A, const glia_tensor *> || std::is_same_v<A, glia_tensor *> ||
                                         std::is_same_v<A, glia_context *>...};
        if (!plain[i]) nullable.insert(i);
    }
    std::apply([&](auto... arg) { probe(name, given.session.ctx(), fn, nullable, arg...); }, args);
}

// A recurrent layer of both directions, with all that an LSTM can have: 2 steps, 3 sequences, 1 input, 2 hidden units.
struct Rnn {
    Session s{""};
    glia_rnn_params params{.cell = GLIA_RNN_LSTM, .direction = GLIA_RNN_BOTH};
    glia_tensor *x = f32({2, 3, 1}), *y = f32({2, 3, 4}), *dx = f32({2, 3, 1}), *state = f32({2, 3, 2}),
                *cells = f32({2, 3, 2}), *reserve = nullptr;
    glia_rnn_start start{.h0 = f32({2, 3, 2}), .c0 = f32({2, 3, 2}), .lengths = s.tensor({{3}, {0, 1, 2}, GLIA_I64})};
    glia_rnn_weights weights[2] = {direction(), direction()};
    glia_rnn_end end{};

    Rnn() {
        EXPECT_EQ(glia_rnn_reserve(s.ctx(), &params, x, &start, weights, &reserve), GLIA_OK) << glia_message(s.ctx());
        end = {state, cells, reserve};
    }
    ~Rnn() { glia_tensor_destroy(reserve); }

    glia_tensor *f32(std::vector<int64_t> dims) { return s.tensor({std::move(dims), {}, GLIA_F32}); }
    glia_rnn_weights direction() { return {f32({8, 1}), f32({8, 2}), f32({8}), f32({8}), nullptr, f32({3, 2})}; }
};

void probe_op(const char *, decltype(&glia_rnn), const gli_op &) {
    Rnn r;
    probe("glia_rnn", r.s.ctx(), glia_rnn, {1, 3, 6}, r.s.ctx(), &r.params, r.x, &r.start, r.weights, r.y, &r.end);
}

void probe_rnn_reserve() {
    Rnn r;
    glia_tensor *made = nullptr;
    probe("glia_rnn_reserve", r.s.ctx(), glia_rnn_reserve, {1, 3}, r.s.ctx(), &r.params, r.x, &r.start, r.weights,
          &made);
}

void probe_op(const char *, decltype(&glia_rnn_backward), const gli_op &) {
    Rnn r;
    const glia_rnn_saved saved{r.x, &r.start, r.weights, r.y, r.reserve};
    const glia_rnn_upstream upstream{r.f32({2, 3, 4}), r.f32({2, 3, 2}), r.f32({2, 3, 2})};
    const glia_rnn_gradients gradients{
        r.f32({2, 3, 2}),
        r.f32({2, 3, 2}),
        {{r.f32({8, 1}), r.f32({8, 2}), r.f32({8}), r.f32({8}), nullptr, r.f32({3, 2})}, {}}};
    EXPECT_EQ(glia_rnn(r.s.ctx(), &r.params, r.x, &r.start, r.weights, r.y, &r.end), GLIA_OK)
        << glia_message(r.s.ctx());
    probe("glia_rnn_backward", r.s.ctx(), glia_rnn_backward, {1, 4, 5}, r.s.ctx(), &r.params, &saved, &upstream, r.dx,
          &gradients);
    for (const glia_rnn_saved &bad : {glia_rnn_saved{nullptr, &r.start, r.weights, r.y, r.reserve},
                                      {r.x, &r.start, nullptr, r.y, r.reserve},
                                      {r.x, &r.start, r.weights, nullptr, r.reserve},
                                      {r.x, &r.start, r.weights, r.y, nullptr}})
        refused(
            r.s.ctx(), [&] { return glia_rnn_backward(r.s.ctx(), &r.params, &bad, &upstream, r.dx, &gradients); },
            " is NULL");
}

// Of a list of tensors: NULL in the list, and numbers of them that it has not.
template <class Params>
void probe_op(const char *name,
              glia_status (*fn)(glia_context *, const Params *, const glia_tensor *const *, int, glia_tensor *),
              const gli_op &op) {
    Given given(op);
    if (!given.test) return;
    glia_context *ctx        = given.session.ctx();
    const auto *params       = given.params<const Params *>();
    const int count          = int(given.inputs.size());
    const glia_tensor *x[40] = {};
    glia_tensor *y           = given.out();
    std::copy(given.inputs.begin(), given.inputs.end(), x);
    probe(name, ctx, fn, {1}, ctx, params, static_cast<const glia_tensor *const *>(x), count, y);
    const std::string prefix = std::string(op.name) + ": ";
    for (int n : {-1, 0, count + 1, op.n_inputs + 1, INT32_MAX, INT32_MIN})
        refused(ctx, [&] { return fn(ctx, params, x, n, y); }, prefix);
    refused(ctx, [&] { return fn(ctx, params, nullptr, count, y); }, prefix + "x is NULL");
    for (int i = 0; i < count; ++i) {
        x[i] = nullptr;
        refused(ctx, [&] { return fn(ctx, params, x, count, y); }, op.inputs[i].name + std::string(" is NULL"));
        x[i] = given.inputs[size_t(i)];
    }
}

// Of one struct of tensors, in the order of the descriptor: each of them in turn is NULL.
template <class Params, class Tensors>
void probe_op(const char *name, glia_status (*fn)(glia_context *, const Params *, const Tensors *), const gli_op &op) {
    Given given(op);
    if (!given.test) return;
    glia_context *ctx                              = given.session.ctx();
    const auto *params                             = given.params<const Params *>();
    void *fields[sizeof(Tensors) / sizeof(void *)] = {};
    const size_t n = sizeof fields / sizeof *fields, n_in = size_t(op.n_inputs);
    ASSERT_EQ(n, n_in + size_t(op.n_outputs)) << name;
    for (size_t i = 0; i < n; ++i) fields[i] = i < n_in ? const_cast<glia_tensor *>(given.in()) : given.out();
    const auto tensors = [&] {
        Tensors all;
        memcpy(static_cast<void *>(&all), fields, sizeof all);
        return all;
    };
    Tensors all = tensors();
    probe(name, ctx, fn, {1}, ctx, params, &all);
    for (size_t i = 0; i < n; ++i) {
        const bool input = i < n_in, optional = input ? gli_input_is(&op, int(i), GLI_IN_OPTIONAL)
                                                      : gli_output_is(&op, int(i - n_in), GLI_OUT_OPTIONAL);
        void *const before    = fields[i];
        fields[i]             = nullptr;
        const Tensors lacking = tensors();
        if (optional)
            EXPECT_EQ(fn(ctx, params, &lacking), GLIA_OK) << name << " " << i << ": " << glia_message(ctx);
        else
            refused(
                ctx, [&] { return fn(ctx, params, &lacking); },
                (input ? op.inputs[i].name : op.outputs[i - n_in].name) + std::string(" is NULL"));
        fields[i] = before;
    }
}

// A row for each op, and one for its glia_X_defaults() where it has one.
std::vector<Row> rows_of_ops() {
    std::vector<Row> rows = {
#define GLI_OP(op) {"glia_" #op, [] { probe_op("glia_" #op, glia_##op, gli_op_##op); }},
#include "core/ops.inc"
#undef GLI_OP
    };
    for_each_defaults([&](const char *name, const gli_op &op, const auto &params) {
        rows.push_back({"glia_" + std::string(name) + "_defaults",
                        [&op, params] { expect_defaults(op, &params, sizeof params); }});
    });
    return rows;
}

// --- graphs: a failure is kept by the graph ---

struct Graph {
    explicit Graph(glia_context *ctx) : ctx(ctx) {
        EXPECT_EQ(glia_graph_create(ctx, &graph), GLIA_OK);
        x = glia_graph_input(graph, "x", GLIA_F32, GLIA_SHAPE(2, 3));
    }
    ~Graph() { glia_graph_destroy(graph); }
    glia_context *ctx;
    glia_graph *graph = nullptr;
    glia_value x;
};

// make(graph) fails, is remembered with a message, and does not harm what comes after.
void graph_refuses(const char *what, const std::function<glia_value(Graph &)> &make) {
    Session session("");
    Graph g(session.ctx());
    EXPECT_LT(make(g).id, 0) << what;
    EXPECT_NE(glia_graph_status(g.graph), GLIA_OK) << what;
    EXPECT_STRNE(glia_message(session.ctx()), "") << what;
    glia_plan *plan = nullptr;
    EXPECT_EQ(glia_plan_create(g.graph, &g.x, 1, &plan), glia_graph_status(g.graph)) << what;
    EXPECT_EQ(plan, nullptr);
    EXPECT_EQ(glia_tensor_create(session.ctx(), GLIA_F32, GLIA_SHAPE(2), nullptr), GLIA_INVALID_ARGUMENT);
}

const glia_value kNoValues[] = {{0}, {-1}, {9999}, {INT32_MAX}, {INT32_MIN}};

glia_value relu(glia_graph *graph, glia_value x) {
    const glia_unary_params params{GLIA_UNARY_RELU, 0, 0};
    return glia_graph_call(graph, "unary", &params, &x, 1, nullptr, 0);
}

// --- models ---

struct Net {
    Net() : session("") { EXPECT_EQ(glia_model_create(session.ctx(), nullptr, &model), GLIA_OK); }
    ~Net() { glia_model_destroy(model); }
    Session session;
    glia_model *model = nullptr;
};

using Layer = std::function<glia_value(glia_model *, glia_value)>;

// The layer takes an input of this shape; NULL and values that are none are refused, and so is each of `bad`.
void probe_layer(const char *name, glia_shape shape, const Layer &layer, const std::vector<Layer> &bad = {}) {
    EXPECT_LE(layer(nullptr, {1}).id, 0) << name;
    {
        Net net;
        const glia_value x = glia_model_input(net.model, "x", shape);
        EXPECT_GT(layer(net.model, x).id, 0) << name << ": " << glia_message(net.session.ctx());
        EXPECT_EQ(glia_model_status(net.model), GLIA_OK);
    }
    const auto refuses = [&](const Layer &wrong, const glia_value *value, const std::string &what) {
        Net net;
        const glia_value x = glia_model_input(net.model, "x", shape);
        EXPECT_LE(wrong(net.model, value ? *value : x).id, 0) << name << what;
        EXPECT_NE(glia_model_status(net.model), GLIA_OK) << name << what;
        EXPECT_STRNE(glia_message(net.session.ctx()), "") << name << what;
        glia_compile_args args{};
        args.loss = glia_loss_mse();
        EXPECT_EQ(glia_model_compile(net.model, x, &args), glia_model_status(net.model)) << name << what;
    };
    for (const glia_value &none : kNoValues) refuses(layer, &none, " value " + std::to_string(none.id));
    for (size_t i = 0; i < bad.size(); ++i) refuses(bad[i], nullptr, " bad " + std::to_string(i));
}

// A model of one dense layer, whose outputs every loss takes.
struct Dense : Net {
    Dense()
        : y(glia_model_dense(model, glia_model_input(model, "x", GLIA_SHAPE(3)),
                             with(glia_dense_args{.units = 2, .activation = GLIA_RELU}))) {}
    glia_status compile(const glia_compile_args &args) { return glia_model_compile(model, y, &args); }
    glia_value y;
};

void compiles(const glia_compile_args &args) {
    Dense dense;
    EXPECT_EQ(dense.compile(args), GLIA_OK) << glia_message(dense.session.ctx());
}

void refuses_to_compile(const glia_compile_args &args, const std::string &part) {
    Dense dense;
    refused(dense.session.ctx(), [&] { return dense.compile(args); }, part);
}

void probe_loss(const glia_model_loss &loss, glia_loss_kind kind) {
    EXPECT_EQ(loss.kind, kind);
    EXPECT_EQ(loss.reduction, GLIA_REDUCTION_MEAN);
    EXPECT_FALSE(loss.weight.set);
    compiles({.loss = loss});
}

void probe_optimizer(glia_optimizer (*make)(double)) {
    const auto args = [&](double rate) { return glia_compile_args{.loss = glia_loss_mse(), .optimizer = make(rate)}; };
    for (double right : {0.0, 0.5}) compiles(args(right));
    refuses_to_compile(args(-1), "-1");
    refuses_to_compile(args(NAN), "nan");
    refuses_to_compile(args(INFINITY), "inf");
}

void probe_optimizer(glia_optimizer (*make)(double, double)) {
    const auto args = [&](double rate, double second) {
        return glia_compile_args{.loss = glia_loss_mse(), .optimizer = make(rate, second)};
    };
    for (double right : {0.0, 0.5}) compiles(args(right, 0.5));
    for (double wrong : {-1.0, double(NAN)}) {
        refuses_to_compile(args(wrong, 0.5), std::isnan(wrong) ? "nan" : "-1");
        refuses_to_compile(args(0.5, wrong), std::isnan(wrong) ? "nan" : "-1");
    }
}

// A compiled model of one dense layer, and data for it.
struct Trained : Net {
    Trained() {
        const glia_value x = glia_model_input(model, "x", GLIA_SHAPE(2));
        glia_dense_args dense{};
        dense.units = 3, dense.name = "d";
        glia_compile_args args{};
        args.loss = glia_loss_cross_entropy();
        EXPECT_EQ(glia_model_compile(model, glia_model_dense(model, x, &dense), &args), GLIA_OK) << glia_message(ctx());
        const glia_array inputs{"x", GLIA_F32, GLIA_SHAPE(2), points, 0, 0},
            targets{"t", GLIA_I64, GLIA_SCALAR, classes, 0, 0};
        glia_arrays_args arrays{};
        arrays.inputs = &inputs, arrays.n_inputs = 1, arrays.targets = &targets, arrays.n_targets = 1, arrays.count = 4;
        EXPECT_EQ(glia_dataset_from_arrays(ctx(), &arrays, &data), GLIA_OK) << glia_message(ctx());
    }
    ~Trained() { glia_dataset_destroy(data); }
    glia_context *ctx() { return session.ctx(); }
    float points[8]    = {1, 2, 3, 4, 5, 6, 7, 8};
    int64_t classes[4] = {0, 1, 2, 0};
    glia_dataset *data = nullptr;
};

// A profile of nothing, which has ended.
struct Profiled {
    Profiled() {
        const glia_profile_args args{.peak_flops = 1e9, .peak_bytes = 1e9};
        EXPECT_EQ(glia_profile_begin(session.ctx(), &args, &profile), GLIA_OK) << glia_message(session.ctx());
        EXPECT_EQ(glia_profile_end(profile), GLIA_OK) << glia_message(session.ctx());
    }
    ~Profiled() { glia_profile_destroy(profile); }
    Session session{""};
    glia_profile *profile = nullptr;
};

// A compiled model of one image, and an image.
struct Pictured : Net {
    Pictured() {
        const glia_value x = glia_model_flatten(model, glia_model_input(model, "x", GLIA_SHAPE(1, 2, 2)), nullptr);
        EXPECT_EQ(glia_model_compile(model, x, nullptr), GLIA_OK) << glia_message(ctx());
        const glia_array input{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1, 2, 2), .data = pixels};
        const glia_arrays_args arrays{.inputs = &input, .n_inputs = 1, .count = 1};
        EXPECT_EQ(glia_dataset_from_arrays(ctx(), &arrays, &data), GLIA_OK) << glia_message(ctx());
    }
    ~Pictured() { glia_dataset_destroy(data); }
    glia_context *ctx() { return session.ctx(); }
    float pixels[4]    = {1, 2, 3, 4};
    glia_dataset *data = nullptr;
};

// --- files ---

struct OpenFile {
    OpenFile() : session("") {
        const float x[] = {1, 2};
        const glia_safetensors_entry entry{"x", GLIA_F32, GLIA_SHAPE(2), x, sizeof x};
        const glia_safetensors_note note{"a", "b"};
        const std::string path = folder / "f";
        EXPECT_EQ(glia_safetensors_write(ctx(), path.c_str(), &entry, 1, &note, 1), GLIA_OK) << glia_message(ctx());
        EXPECT_EQ(glia_safetensors_open(ctx(), path.c_str(), &file), GLIA_OK) << glia_message(ctx());
    }
    ~OpenFile() { glia_safetensors_close(file); }
    glia_context *ctx() { return session.ctx(); }
    Session session;
    Folder folder;
    glia_safetensors *file = nullptr;
};

struct OpenTable {
    OpenTable() : session("") {
        const std::string path = folder.write("t", {'a', ',', 'b', '\n', '1', ',', 'x', '\n'});
        EXPECT_EQ(glia_table_read_csv(ctx(), path.c_str(), nullptr, &table), GLIA_OK) << glia_message(ctx());
    }
    ~OpenTable() { glia_table_destroy(table); }
    glia_context *ctx() { return session.ctx(); }
    Session session;
    Folder folder;
    glia_table *table = nullptr;
};

// --- data ---

struct Data {
    Data() : session("") {
        arrays.inputs = &input, arrays.n_inputs = 1, arrays.targets = &target, arrays.n_targets = 1, arrays.count = 4;
        EXPECT_EQ(glia_dataset_from_arrays(ctx(), &arrays, &data), GLIA_OK) << glia_message(ctx());
    }
    ~Data() { glia_dataset_destroy(data); }
    glia_context *ctx() { return session.ctx(); }
    Session session;
    float points[8]    = {1, 2, 3, 4, 5, 6, 7, 8};
    int64_t classes[4] = {0, 1, 2, 0};
    glia_array input{"x", GLIA_F32, GLIA_SHAPE(2), points, 0, 0}, target{"t", GLIA_I64, GLIA_SCALAR, classes, 0, 0};
    glia_arrays_args arrays{};
    glia_dataset *data = nullptr;
};

struct OpenSearch {
    OpenSearch() {
        args.settings = &setting, args.n_settings = 1, args.folds.folds = 2;
        args.run = [](void *, const glia_trial *trial, glia_dataset *, glia_dataset *, double *score) {
            return *score = double(trial->index), GLIA_OK;
        };
        EXPECT_EQ(glia_search_run(data.data, &args, &search), GLIA_OK) << glia_message(ctx());
    }
    ~OpenSearch() { glia_search_destroy(search); }
    glia_context *ctx() { return data.ctx(); }
    Data data;
    double values[2] = {2, 3};
    glia_setting setting{.name = "a", .values = values, .n = 2};
    glia_search_args args{};
    glia_search *search = nullptr;
};

// A grey picture of two pixels.
struct Image {
    Image() : session("") {
        const glia_image_args args{1, 2, 1, 8};
        const unsigned char pixels[] = {0, 255};
        EXPECT_EQ(glia_image_create(ctx(), &args, pixels, &made), GLIA_OK) << glia_message(ctx());
    }
    ~Image() { glia_image_destroy(made); }
    glia_context *ctx() { return session.ctx(); }
    Session session;
    glia_image *made = nullptr;
};

// A sound of two channels of two frames.
struct Noise {
    Noise() : session("") {
        const glia_sound_args args{2, 2, 8000};
        EXPECT_EQ(glia_sound_create(ctx(), &args, samples, &made), GLIA_OK) << glia_message(ctx());
    }
    ~Noise() { glia_sound_destroy(made); }
    glia_context *ctx() { return session.ctx(); }
    // A WAV file of one number of 8 bits.
    Bytes wav() const {
        return from_hex("524946462600000057415645666d74201000000001000100401f0000401f000001000800646174610200000080ff");
    }
    Session session;
    Folder folder;
    float samples[4] = {0.5, 0.25, -0.5, 0};
    glia_sound *made = nullptr;
};

void bad_arrays(const char *part, const std::function<void(Data &)> &spoil) {
    Data d;
    spoil(d);
    glia_dataset *out = nullptr;
    refused(d.ctx(), [&] { return glia_dataset_from_arrays(d.ctx(), &d.arrays, &out); }, part);
    EXPECT_EQ(out, nullptr);
}

// Four entries: padding, unknown, "a" and "b".
struct Vocabulary {
    Vocabulary() : session("") {
        const glia_text text{"a b a", 5};
        EXPECT_EQ(glia_vocabulary_build(ctx(), nullptr, &text, 1, &made), GLIA_OK) << glia_message(ctx());
    }
    ~Vocabulary() { glia_vocabulary_destroy(made); }
    glia_context *ctx() { return session.ctx(); }
    Session session;
    glia_vocabulary *made = nullptr;
};

// Of the words a and b.
struct Vectorizer {
    Vectorizer() : session("") {
        const glia_text texts[] = {{"a b", 3}, {"b", 1}};
        EXPECT_EQ(glia_vectorizer_fit(ctx(), nullptr, texts, 2, &made), GLIA_OK) << glia_message(ctx());
    }
    ~Vectorizer() { glia_vectorizer_destroy(made); }
    glia_context *ctx() { return session.ctx(); }
    Session session;
    glia_vectorizer *made = nullptr;
};

// Three steps of two features.
struct SmallSeries {
    SmallSeries() : session("") {}
    glia_context *ctx() { return session.ctx(); }
    Session session;
    double values[6] = {1, 2, 3, 4, 5, 6};
    glia_series series{GLIA_F64, values, 3, 2, false};
    glia_scaler scalers[2] = {{0, 1}, {0, 1}};
};

// No function takes a series that is none.
void bad_series(const std::function<glia_status(SmallSeries &)> &call) {
    const std::tuple<const char *, std::function<void(SmallSeries &)>> table[] = {
        {"bf16", [](SmallSeries &b) { b.series.dtype = GLIA_BF16; }},
        {"must be f32", [](SmallSeries &b) { b.series.dtype = glia_dtype(99); }},
        {"NULL", [](SmallSeries &b) { b.series.values = nullptr; }},
        {"not aligned", [](SmallSeries &b) { b.series.values = reinterpret_cast<char *>(b.values) + 1; }},
        {"-1 steps", [](SmallSeries &b) { b.series.steps = -1; }},
        {"0 features", [](SmallSeries &b) { b.series.features = 0; }},
        {"-2 features", [](SmallSeries &b) { b.series.features = -2; }},
        {"do not fit in memory", [](SmallSeries &b) { b.series.steps = INT64_MAX; }},
        {"step 1, feature 1", [](SmallSeries &b) { b.values[3] = NAN; }},
        {"inf at step 2", [](SmallSeries &b) { b.values[4] = INFINITY, b.series.allow_nan = true; }},
    };
    for (const auto &[part, spoil] : table) {
        SmallSeries s;
        spoil(s);
        refused(s.ctx(), [&] { return call(s); }, part);
    }
}

void probe_scaler(const char *name,
                  glia_status (*fn)(glia_context *, const glia_series *, const glia_scaler *, void *)) {
    SmallSeries s;
    double out[6];
    probe(name, s.ctx(), fn, {}, s.ctx(), &s.series, s.scalers, static_cast<void *>(out));
    bad_series([&](SmallSeries &b) { return fn(b.ctx(), &b.series, b.scalers, out); });
    refused(
        s.ctx(), [&] { return fn(s.ctx(), &s.series, s.scalers, reinterpret_cast<char *>(out) + 1); }, "not aligned");
    for (glia_scaler bad : {glia_scaler{0, 0}, glia_scaler{NAN, 1}, glia_scaler{0, INFINITY}}) {
        s.scalers[1] = bad;
        refused(s.ctx(), [&] { return fn(s.ctx(), &s.series, s.scalers, out); }, "scalers[1]");
    }
}

// Two numbers that another library lends, and does not want back.
DLManagedTensorVersioned *dlpack_two() {
    static float values[2];
    static int64_t shape[1]              = {2};
    static DLManagedTensorVersioned lent = {};
    lent.version                         = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
    lent.dl_tensor                       = {values, {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, shape, nullptr, 0};
    return &lent;
}

#include "core/api_table.inc"

class Api : public testing::TestWithParam<Row> {};

TEST_P(Api, refuses_what_is_wrong_and_works_on) { GetParam().run(); }

std::vector<Row> all_rows() {
    std::vector<Row> rows = rows_of_ops();
    rows.insert(rows.end(), table().begin(), table().end());
    return rows;
}

INSTANTIATE_TEST_SUITE_P(functions, Api, testing::ValuesIn(all_rows()),
                         [](const auto &info) { return info.param.name; });

// The names that stand between GLIA_API and a parenthesis, comments and directives aside.
std::vector<std::string> functions_of(std::string code) {
    for (size_t from; (from = code.find("/*")) != std::string::npos;)
        code.erase(from, code.find("*/", from) + 2 - from);
    for (size_t from; (from = code.find('#')) != std::string::npos;) code.erase(from, code.find('\n', from) - from);
    std::vector<std::string> names;
    for (size_t at = 0; (at = code.find("GLIA_API ", at)) != std::string::npos; ++at) {
        const size_t end   = code.find_last_not_of(' ', code.find('(', at) - 1) + 1;
        const size_t start = code.find_last_of(" *\n", end - 1) + 1;
        names.push_back(code.substr(start, end - start));
    }
    return names;
}

TEST(Coverage, every_function_of_the_headers_has_a_row_and_every_row_a_function) {
    std::set<std::string> declared, covered;
    const std::string root = std::string(GLIA_SOURCE_DIR) + "/include/glia";
    for (const auto &file : std::filesystem::recursive_directory_iterator(root)) {
        if (file.path().extension() != ".h") continue;
        std::ifstream stream(file.path());
        std::stringstream text;
        text << stream.rdbuf();
        for (const std::string &name : functions_of(text.str())) declared.insert(name);
    }
    for (const Row &row : all_rows()) EXPECT_TRUE(covered.insert(row.name).second) << row.name << " stands twice";
    EXPECT_GT(declared.size(), 140u);
    for (const std::string &name : declared) EXPECT_TRUE(covered.count(name)) << name << " has no row in api_table.inc";
    for (const std::string &name : covered) EXPECT_TRUE(declared.count(name)) << name << " is in no header";
    printf("functions: %zu\n", declared.size());
}

}  // namespace

// Calls of every op with params, shapes, dtypes, layouts and numbers drawn at random, alone and in graphs with
// gradients, by any of the providers, for builds with sanitizers: each is refused with a message, or works.
// `random_calls COUNT SEED [AT_ONCE]`: so many contexts at a time, each in a thread of its own.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <mutex>

#include "fuzz/random.h"
#include "glia/glia.h"
#include "support/case.h"

namespace {

using namespace glia;

void store(char *at, size_t size, int64_t value) {
    const auto narrow = int32_t(value);
    size == sizeof narrow ? memcpy(at, &narrow, size) : memcpy(at, &value, size);
}

// Another value of one param.
void mutate(const gli_op_param &param, std::vector<char> *params) {
    char *at             = params->data() + param.offset;
    const int count      = gli_param_count(&param);
    const size_t size    = param.size / size_t(count);
    const size_t element = below(uint64_t(count));
    switch (param.type) {
        case GLI_PARAM_BOOL: at[element] = char(below(2)); break;
        case GLI_PARAM_ENUM: store(at, size, int64_t(below(uint64_t(param.n_names) + 2)) - 1); break;
        case GLI_PARAM_DOUBLE: {
            const double value = random_real();
            memcpy(at + element * size, &value, sizeof value);
            break;
        }
        case GLI_PARAM_SHAPE: {
            glia_shape shape{int(below(GLIA_MAX_DIMS + 2)), {}};
            for (int64_t &dim : shape.dim) dim = random_integer();
            memcpy(at, &shape, sizeof shape);
            break;
        }
        default: store(at + element * size, size, random_integer());
    }
}

// A tensor in memory of its own of just its extent, so that one byte beyond it is seen.
struct Placed {
    std::unique_ptr<char[]> memory;
    std::unique_ptr<glia_tensor, void (*)(glia_tensor *)> tensor{nullptr, glia_tensor_destroy};
};

glia_dtype random_dtype() { return glia_dtype(below(GLIA_I64 + 1)); }

// Strides in an order of dimensions drawn at random, with gaps at times, and with repeats at times.
std::vector<int64_t> random_strides(const glia_shape &shape) {
    std::vector<int> order;
    std::vector<int64_t> stride(size_t(shape.ndim), 1);
    for (int i = shape.ndim - 1; i >= 0; --i) order.push_back(i);
    if (chance(40)) std::shuffle(order.begin(), order.end(), engine);
    int64_t step = chance(15) ? 2 : 1;
    for (const int i : order) {
        stride[size_t(i)] = chance(3) ? 0 : step;
        step *= std::max<int64_t>(shape.dim[i], 1);
        if (chance(8)) ++step;
    }
    return stride;
}

// A number of a float tensor, and of one of integers. Moderate ones are in the domain that the op's case has.
double random_number(glia_dtype dtype, const Input &like) {
    const double value = gli_dtype_is_float(dtype) ? random_real() : double(below(8)) - (!moderate && chance(10));
    if (!moderate) return value;
    switch (like.content) {
        case Content::index: return double(below(uint64_t(like.value)));
        case Content::positive:
        case Content::unit:
        case Content::distribution: return gli_dtype_is_float(dtype) ? (std::abs(value) + 0.01) / 2.1 : 1;
        case Content::step: return 1 + double(below(8));
        default: return value;
    }
}

// like: an input of a case, of which the content counts.
Placed place(glia_context *ctx, glia_dtype dtype, const glia_shape &shape, const Input &like = {}) {
    Placed out;
    const auto stride = random_strides(shape);
    int64_t extent    = 1;
    for (int i = 0; i < shape.ndim; ++i) {
        extent += (shape.dim[i] - 1) * stride[size_t(i)];
        if (shape.dim[i] == 0) extent = 0;
        if (extent < 0 || extent > 1 << 18) return out;
        if (extent == 0) break;
    }
    const size_t bytes = size_t(extent) * glia_dtype_size(dtype);
    out.memory.reset(new char[bytes + 64]);
    char *end           = out.memory.get() + 64;  // aligned as the elements need
    void *begin         = extent ? end - reinterpret_cast<uintptr_t>(end) % 8 : nullptr;
    glia_tensor *tensor = nullptr;
    if (glia_tensor_wrap(ctx, dtype, shape, shape.ndim ? stride.data() : nullptr, begin, &tensor) != GLIA_OK)
        return out;
    out.tensor.reset(tensor);
    for (int64_t i = 0; i < extent; ++i) gli_store(dtype, begin, i, random_number(dtype, like));
    return out;
}

glia_shape mutated_shape(const std::vector<int64_t> &dims) {
    glia_shape shape{int(dims.size()), {}};
    std::copy(dims.begin(), dims.end(), shape.dim);
    if (chance(85) || (shape.ndim == 0 && chance(50))) return shape;
    switch (below(4)) {
        case 0:
            if (shape.ndim < GLIA_MAX_DIMS) shape.dim[shape.ndim++] = 1 + int64_t(below(3));
            break;
        case 1:
            if (shape.ndim > 0) --shape.ndim;
            break;
        default:
            if (shape.ndim > 0) shape.dim[below(uint64_t(shape.ndim))] = int64_t(below(6));
    }
    return shape;
}

struct Totals {
    Counts calls, plans;
};

std::atomic<long> wrong;

void require(bool condition, const char *what, const gli_op *op, const glia_context *ctx) {
    if (condition) return;
    fprintf(stderr, "%s: %s: %s\n", op->name, what, glia_message(ctx));
    ++wrong;
}

// What a call may return, and a message with it.
void check(glia_status status, const gli_op *op, glia_context *ctx) {
    require(
        status != GLIA_CHECK_FAILED && status != GLIA_DEVICE_ERROR && status != GLIA_BUSY && status != GLIA_DEVICE_LOST,
        "a status that tells nothing", op, ctx);
    require(status == GLIA_OK || *glia_message(ctx), "no message", op, ctx);
    ctx->message[0] = '\0';
}

glia_shape shape_of(const glia_tensor &tensor) {
    glia_shape shape{tensor.ndim, {}};
    std::copy(tensor.dim, tensor.dim + tensor.ndim, shape.dim);
    return shape;
}

void call(glia_context *ctx, const gli_op *op, const void *params, std::vector<Placed> &in, Totals *totals) {
    std::vector<const glia_tensor *> inputs;
    for (const Placed &x : in) inputs.push_back(x.tensor.get());
    alignas(std::max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_resolution r;
    glia_status status = gli_resolve(ctx, op, params, int(inputs.size()), inputs.data(), geom, &r);
    if (status == GLIA_OK) {
        std::vector<Placed> out(size_t(op->n_outputs));
        std::vector<glia_tensor *> outputs;
        for (size_t i = 0; i < out.size(); ++i) {
            const glia_shape shape = shape_of(r.out[i]);
            out[i]                 = place(ctx, chance(2) ? random_dtype() : r.out[i].dtype,
                                           mutated_shape({shape.dim, shape.dim + (chance(5) ? 0 : shape.ndim)}));
            outputs.push_back(chance(2) && !in.empty() ? in[0].tensor.get() : out[i].tensor.get());
        }
        status = gli_call_op(ctx, op, params, int(inputs.size()), inputs.data(), int(outputs.size()), outputs.data());
    }
    ++totals->calls[status];
    check(status, op, ctx);
}

// The same in a graph, with the gradient of the sum of output 0.
void plan(glia_context *ctx, const gli_op *op, const void *params, std::vector<Placed> &in, Totals *totals) {
    glia_graph *graph  = nullptr;
    glia_plan *plan    = nullptr;
    glia_status status = glia_graph_create(ctx, &graph);
    std::vector<glia_value> values, wanted(size_t(op->n_outputs)), gradients;
    std::vector<const glia_tensor *> inputs;
    for (const Placed &x : in) {
        values.push_back(x.tensor ? glia_graph_input(graph, nullptr, x.tensor->dtype, shape_of(*x.tensor))
                                  : glia_value{});
        if (x.tensor) inputs.push_back(x.tensor.get());
    }
    glia_graph_call(graph, op->name, params, values.data(), int(values.size()), wanted.data(), op->n_outputs);
    status = glia_graph_status(graph);
    if (status == GLIA_OK && chance(50)) {
        std::vector<glia_value> wrt;
        for (size_t i = 0; i < in.size(); ++i)
            if (in[i].tensor && gli_input_is(op, int(i), GLI_IN_GRADIENT)) wrt.push_back(values[i]);
        glia_value sum{};
        glia_graph_call(graph, "reduce", nullptr, wanted.data(), 1, &sum, 1);
        gradients.resize(wrt.size());
        if (glia_graph_status(graph) == GLIA_OK && !wrt.empty())
            status = glia_graph_gradient(graph, sum, wrt.data(), int(wrt.size()), gradients.data());
    }
    if (status == GLIA_OK) status = glia_graph_status(graph);
    if (status == GLIA_OK) {
        wanted.insert(wanted.end(), gradients.begin(), gradients.end());
        std::erase_if(wanted, [](glia_value value) { return value.id <= 0; });
        status = glia_plan_create(graph, wanted.data(), int(wanted.size()), &plan);
    }
    if (status == GLIA_OK) {
        std::vector<Placed> out;
        std::vector<glia_tensor *> outputs;
        for (const glia_value value : wanted) {
            out.push_back(place(ctx, glia_graph_dtype(graph, value), glia_graph_shape(graph, value)));
            outputs.push_back(out.back().tensor.get());
        }
        status = glia_plan_run(plan, inputs.data(), int(inputs.size()), outputs.data(), int(outputs.size()));
    }
    ++totals->plans[status];
    check(status, op, ctx);
    glia_plan_destroy(plan);
    glia_graph_destroy(graph);
}

// A size that some dimensions of a case have, at times; otherwise one that none has.
int64_t one_dimension(const Case &c) {
    if (c.inputs.empty() || chance(94)) return -1;
    const auto &dims = c.inputs[below(c.inputs.size())].dims;
    return dims.empty() ? -1 : dims[below(dims.size())];
}

// The dimensions of this size with nothing along them, in all inputs: they fit each other still.
std::vector<int64_t> emptied_shape(std::vector<int64_t> dims, int64_t size) {
    std::replace(dims.begin(), dims.end(), size, int64_t(0));
    return dims;
}

// At times one provider alone may take a call.
void choose_provider(glia_context *ctx, const gli_op *op) {
    ctx->provider[0] = '\0';
    if (chance(60)) return;
    const gli_provider *const *providers = ctx->device->providers(op);
    size_t count                         = 0;
    while (providers[count]) ++count;
    snprintf(ctx->provider, sizeof ctx->provider, "%s", providers[below(count)]->name);
}

void run(glia_context *ctx, const Case &c, Totals *totals) {
    moderate    = chance(50);
    ctx->shadow = moderate && chance(50);
    choose_provider(ctx, c.op);
    std::vector<char> params = c.params;
    for (int n = c.op->n_params && chance(60) ? 1 + int(below(3)) : 0; n > 0; --n)
        mutate(c.op->params[below(uint64_t(c.op->n_params))], &params);
    const int64_t emptied   = one_dimension(c);
    const glia_dtype floats = chance(70) ? GLIA_F32 : glia_dtype(below(GLIA_F16 + 1));
    std::vector<Placed> in;
    for (size_t i = 0; i < c.inputs.size(); ++i) {
        const Input &input = c.inputs[i];
        const bool absent  = chance(input.content == Content::absent ? 90 : 2);
        in.push_back(absent ? Placed()
                            : place(ctx, chance(4) ? random_dtype() : dtype_of(c, i, floats),
                                    mutated_shape(emptied_shape(input.dims, emptied)), input));
    }
    const void *given = params.empty() || chance(3) ? nullptr : params.data();
    call(ctx, c.op, given, in, totals);
    if (chance(30)) plan(ctx, c.op, given, in, totals);
}

// The cases of up to so many elements in the largest input: those that one thread computes at once, and those that
// several threads share. Longer ones would take most of the time.
struct Cases {
    static constexpr int64_t kSmall = 4096, kLarge = 65536;
    std::vector<const Case *> small, large;
};

Cases cases_by_size() {
    Cases cases;
    for (const Case &c : all_cases()) {
        int64_t elements = 0;
        for (const Input &input : c.inputs) {
            int64_t product = 1;
            for (const int64_t dim : input.dims) product *= dim;
            elements = std::max(elements, product);
        }
        if (!c.bench && elements <= Cases::kLarge)
            (elements <= Cases::kSmall ? cases.small : cases.large).push_back(&c);
    }
    return cases;
}

// Calls in a context of their own: a new one forgets what was prepared.
void run_in_context(const Cases &cases, long calls, Totals *totals) {
    Memory memory;
    glia_context_args args{};
    args.threads = 1 + int(below(3));
    if (chance(20)) args.math = glia_math(below(GLIA_MATH_BF16 + 1));
    args.nondeterministic = chance(20);
    args.allocator        = memory.api();
    glia_context *ctx     = nullptr;
    if (glia_context_create("cpu", &args, &ctx) != GLIA_OK) {
        fprintf(stderr, "no context: %s\n", glia_message(nullptr));
        ++wrong;
        return;
    }
    for (; calls > 0; --calls) {
        const auto &drawn = chance(30) ? cases.large : cases.small;
        run(ctx, *drawn[below(drawn.size())], totals);
    }
    glia_context_destroy(ctx);
    if (memory.held) fprintf(stderr, "%zu bytes are left\n", memory.held), ++wrong;
}

}  // namespace

int main(int argc, char **argv) {
    const long count = argc > 1 ? atol(argv[1]) : 1000, seed = argc > 2 ? atol(argv[2]) : 1;
    const Cases cases          = cases_by_size();
    constexpr long kOfAContext = 250;
    std::mutex mutex;
    Totals sum;
    run_blocks((count + kOfAContext - 1) / kOfAContext, seed, argc > 3 ? atol(argv[3]) : 1, [&](long block) {
        Totals totals;
        run_in_context(cases, std::min(kOfAContext, count - block * kOfAContext), &totals);
        const std::lock_guard<std::mutex> lock(mutex);
        add(&sum.calls, totals.calls), add(&sum.plans, totals.plans);
    });
    print("calls", sum.calls), print("plans", sum.plans);
    printf("%ld wrong\n", wrong.load());
    return wrong ? 1 : 0;
}

// What a plan may do with memory: states, sharing, layouts. Judged by plans of the same graph that share nothing.
#include <map>
#include <random>

#include "support/graphs.h"

extern "C" {
#include "ops/rnn/rnn_geom.h"
}

namespace {

using namespace glia;

constexpr gli_plan_options kPlain{.unfused = true, .row_major = true, .no_in_place = true, .no_sharing = true};

std::vector<std::string> steps(const glia_plan *plan) {
    std::vector<std::string> out;
    for (int s = 0; s < plan->n_steps; ++s) out.push_back(plan->steps[s].op->name);
    return out;
}
using Names = std::vector<std::string>;

bool overlap(const glia_tensor &a, const glia_tensor &b) {
    const char *a0 = static_cast<const char *>(a.data), *a1 = a0 + size_t(gli_extent(&a)) * glia_dtype_size(a.dtype);
    const char *b0 = static_cast<const char *>(b.data), *b1 = b0 + size_t(gli_extent(&b)) * glia_dtype_size(b.dtype);
    return a0 < b1 && b0 < a1;
}

// An output may share memory with the input that the op names, and with nothing else.
void expect_sound(const gli_plan_step &step) {
    for (int o = 0; o < step.op->n_outputs; ++o) {
        const glia_tensor *y = step.call.out[o];
        for (int i = 0; y && i < step.n_in; ++i) {
            const glia_tensor *x = step.call.in[i];
            if (!x || !overlap(*x, *y)) continue;
            EXPECT_TRUE(gli_in_place(step.op, o, i)) << step.op->name;
            EXPECT_TRUE(x->data == y->data && x->dtype == y->dtype && gli_same_shape(x, y) && gli_same_strides(x, y))
                << step.op->name;
        }
        for (int p = 0; y && p < o; ++p)
            EXPECT_TRUE(!step.call.out[p] || !overlap(*step.call.out[p], *y)) << step.op->name;
    }
}

// Storages with overlapping lifetimes may not overlap in memory.
void expect_sound(const glia_plan *plan) {
    for (int s = 0; s < plan->n_steps; ++s) expect_sound(plan->steps[s]);
    for (int a = 0; a < plan->n_storages; ++a) {
        const gli_storage &x = plan->storages[a];
        if (x.kind != GLI_STORAGE_BUFFER || x.parent >= 0 || x.last < 0 || !x.bytes) continue;
        EXPECT_EQ(x.offset % GLI_ALIGNMENT, 0u);
        EXPECT_LE(x.offset + x.bytes, plan->bytes);
        for (int b = 0; b < a; ++b) {
            const gli_storage &y = plan->storages[b];
            if (y.kind != GLI_STORAGE_BUFFER || y.parent >= 0 || y.last < 0 || !y.bytes) continue;
            const bool coexist  = x.first <= y.last && y.first <= x.last;
            const bool disjoint = x.offset + x.bytes <= y.offset || y.offset + y.bytes <= x.offset;
            EXPECT_TRUE(!coexist || disjoint) << "storages " << a << " and " << b;
        }
    }
}

TEST(InPlace, chains_of_elementwise_ops_share_one_storage) {
    Net net;
    glia_value y = net.input({100});
    for (int i = 0; i < 10; ++i) y = net.unary(GLIA_UNARY_NEG, y);
    const glia_value sum = net.sum(y);
    glia_plan *plan = net.make({sum}, {}), *unshared = net.make({sum}, {.no_in_place = true, .no_sharing = true});
    size_t scratch = 0;
    for (int s = 0; s < plan->n_steps; ++s) scratch = std::max(scratch, plan->steps[s].choice.prepared.workspace);
    EXPECT_LE(glia_plan_bytes(plan), 832 + (scratch + 63) / 64 * 64) << "one vector of 100 doubles, and the workspace";
    EXPECT_GE(glia_plan_bytes(unshared), 8320u);
    EXPECT_EQ(plan->unshared, glia_plan_bytes(unshared));
    EXPECT_EQ(net.run(plan, {sum}, {Numbers(100, 2)})[0], Numbers({200}));
    glia_plan_destroy(plan);
    glia_plan_destroy(unshared);
}

TEST(InPlace, not_where_the_input_is_read_again) {
    Net net;
    const glia_value x = net.input({2}), a = net.unary(GLIA_UNARY_SQUARE, x), b = net.unary(GLIA_UNARY_NEG, a);
    const glia_value y = net.binary(GLIA_BINARY_ADD, a, b), z = net.binary(GLIA_BINARY_MUL, a, a);
    EXPECT_EQ(net.run({y, z}, {{2, 3}}), (std::vector<Numbers>{{0, 0}, {16, 81}}));
}

TEST(InPlace, not_through_another_shape_of_the_input) {
    Net net;
    const glia_value x = net.input({4}), a = net.unary(GLIA_UNARY_SQUARE, x), r = net.reshape(a, {2, 2});
    const glia_value b = net.unary(GLIA_UNARY_NEG, a);
    EXPECT_EQ(net.run({net.binary(GLIA_BINARY_ADD, net.reshape(b, {2, 2}), r)}, {{1, 2, 3, 4}})[0], Numbers(4, 0.0));
}

TEST(InPlace, never_over_inputs_states_or_constants) {
    Net net;
    const glia_value x = net.input({2}), s = net.state({2}, {1, 2}),
                     c              = glia_graph_constant(net.graph, GLIA_F64, GLIA_SHAPE(2), 3);
    const std::vector<glia_value> y = {net.unary(GLIA_UNARY_NEG, net.unary(GLIA_UNARY_NEG, x)),
                                       net.unary(GLIA_UNARY_NEG, net.unary(GLIA_UNARY_SQUARE, s)),
                                       net.unary(GLIA_UNARY_NEG, net.unary(GLIA_UNARY_NEG, c)),
                                       net.binary(GLIA_BINARY_ADD, net.unary(GLIA_UNARY_NEG, x), s)};
    glia_plan *plan                 = net.make(y);
    for (int times = 0; times < 2; ++times)
        EXPECT_EQ(net.run(plan, y, {{5, 6}}), (std::vector<Numbers>{{5, 6}, {-1, -4}, {3, 3}, {-4, -4}}));
    glia_plan_destroy(plan);
}

TEST(InPlace, never_over_the_gaps_of_a_pack) {
    Net net;
    const glia_value a   = net.unary(GLIA_UNARY_NEG, net.input({1}));
    const int64_t offset = 1;
    const glia_value y = net.unary(GLIA_UNARY_EXP, gli_graph_pack(net.graph, &a, &offset, 1, 3)), z = net.sum(y);
    glia_plan *plan = net.make({z});
    for (int times = 0; times < 3; ++times) EXPECT_EQ(net.run(plan, {z}, {{0}})[0], Numbers({3}));
    glia_plan_destroy(plan);
}

TEST(InPlace, not_when_another_input_has_the_same_memory) {
    Net net;
    const glia_value a = net.unary(GLIA_UNARY_NEG, net.input({2})), y = net.sum(net.binary(GLIA_BINARY_MUL, a, a));
    glia_plan *plan = net.make({y});
    EXPECT_EQ(net.run(plan, {y}, {{2, 3}})[0], Numbers({13}));
    expect_sound(plan);
    glia_plan_destroy(plan);
}

struct StateNet : Net {
    glia_tensor *a = tensor({2}, {1, 2}), *b = tensor({2}, {10, 20});
    glia_value A = glia_graph_tensor(graph, "a", a), B = glia_graph_tensor(graph, "b", b);
};

TEST(Assign, computes_in_the_state) {
    StateNet net;
    glia_graph_assign(net.graph, net.A, net.binary(GLIA_BINARY_ADD, net.A, net.B));
    glia_plan *plan = net.make({});
    EXPECT_EQ(steps(plan), Names({"binary"}));
    net.run(plan, {});
    net.run(plan, {});
    EXPECT_EQ(Net::values(net.a), Numbers({21, 42}));
    glia_plan_destroy(plan);
}

TEST(Assign, waits_for_later_readers_of_the_old_content) {
    StateNet net;
    const glia_value sum = net.binary(GLIA_BINARY_ADD, net.A, net.B);
    glia_graph_assign(net.graph, net.A, sum);
    const glia_value late = net.binary(GLIA_BINARY_MUL, net.A, sum);
    glia_plan *plan       = net.make({late});
    EXPECT_EQ(net.run(plan, {late})[0], Numbers({11, 44}));
    EXPECT_EQ(Net::values(net.a), Numbers({11, 22}));
    EXPECT_EQ(steps(plan), Names({"binary", "binary", "cast"}));
    glia_plan_destroy(plan);
}

TEST(Assign, copies_where_the_op_cannot_run_in_place) {
    StateNet net;  // only the first operand of binary may be overwritten
    glia_graph_assign(net.graph, net.A, net.binary(GLIA_BINARY_SUB, net.B, net.A));
    glia_plan *plan = net.make({});
    EXPECT_EQ(steps(plan), Names({"binary", "cast"}));
    net.run(plan, {});
    EXPECT_EQ(Net::values(net.a), Numbers({9, 18}));
    glia_plan_destroy(plan);
}

TEST(Assign, of_states_to_each_other_swaps_them) {
    StateNet net;
    glia_graph_assign(net.graph, net.A, net.B);
    glia_graph_assign(net.graph, net.B, net.A);
    net.run({});
    EXPECT_EQ(Net::values(net.a), Numbers({10, 20}));
    EXPECT_EQ(Net::values(net.b), Numbers({1, 2}));
}

TEST(Assign, of_old_content_while_it_is_overwritten) {
    StateNet net;
    glia_graph_assign(net.graph, net.B, net.A);
    glia_graph_assign(net.graph, net.A, net.unary(GLIA_UNARY_SQUARE, net.B));
    net.run({});
    EXPECT_EQ(Net::values(net.a), Numbers({100, 400}));
    EXPECT_EQ(Net::values(net.b), Numbers({1, 2}));
}

TEST(Assign, of_a_state_to_itself_and_of_one_value_to_two_states) {
    StateNet net;
    glia_graph_assign(net.graph, net.A, net.A);
    net.run({});
    EXPECT_EQ(Net::values(net.a), Numbers({1, 2}));
    StateNet two;
    const glia_value y = two.binary(GLIA_BINARY_ADD, two.A, two.B);
    glia_graph_assign(two.graph, two.A, y);
    glia_graph_assign(two.graph, two.B, y);
    EXPECT_EQ(two.run({y, two.A, two.B}), (std::vector<Numbers>{{11, 22}, {1, 2}, {10, 20}}));
    EXPECT_EQ(Net::values(two.a), Numbers({11, 22}));
    EXPECT_EQ(Net::values(two.b), Numbers({11, 22}));
}

TEST(Assign, through_views_of_one_vector) {
    Net net;
    glia_tensor *memory   = net.tensor({6}, {1, 2, 3, 4, 5, 6});
    const glia_value flat = glia_graph_tensor(net.graph, "flat", memory);
    const glia_value a    = gli_graph_view(net.graph, flat, 0, GLIA_SHAPE(2)),
                     b    = gli_graph_view(net.graph, flat, 2, GLIA_SHAPE(2)),
                     all  = gli_graph_view(net.graph, flat, 0, GLIA_SHAPE(6));
    glia_graph_assign(net.graph, a, net.unary(GLIA_UNARY_NEG, a));
    glia_graph_assign(net.graph, b, net.binary(GLIA_BINARY_ADD, a, b));
    const auto out = net.run({net.unary(GLIA_UNARY_SQUARE, all)});
    EXPECT_EQ(out[0], Numbers({1, 4, 9, 16, 25, 36})) << "the old content";
    EXPECT_EQ(Net::values(memory), Numbers({-1, -2, 4, 6, 5, 6}));
}

TEST(Assign, to_a_tensor_with_gaps) {
    Net net;
    double data[4]         = {1, 0, 2, 0};
    const int64_t stride[] = {2};
    glia_tensor *gaps      = nullptr;
    ASSERT_EQ(glia_tensor_wrap(net.ctx, GLIA_F64, GLIA_SHAPE(2), stride, data, &gaps), GLIA_OK);
    const glia_value s = glia_graph_tensor(net.graph, "s", gaps);
    glia_graph_assign(net.graph, s, net.unary(GLIA_UNARY_SQUARE, net.binary(GLIA_BINARY_ADD, s, s)));
    net.run({});
    EXPECT_EQ(Numbers(data, data + 4), Numbers({4, 0, 16, 0}));
    glia_tensor_destroy(gaps);
}

TEST(Assign, of_a_pack) {
    Net net;
    glia_tensor *memory       = net.tensor({4}, {1, 2, 3, 4});
    const glia_value flat     = glia_graph_tensor(net.graph, "flat", memory);
    const glia_value a        = gli_graph_view(net.graph, flat, 0, GLIA_SHAPE(2)),
                     b        = gli_graph_view(net.graph, flat, 2, GLIA_SHAPE(2));
    const glia_value values[] = {net.unary(GLIA_UNARY_SQUARE, a), net.unary(GLIA_UNARY_NEG, b)};
    const int64_t offset[]    = {0, 2};
    glia_graph_assign(net.graph, flat, gli_graph_pack(net.graph, values, offset, 2, 4));
    net.run({});
    EXPECT_EQ(Net::values(memory), Numbers({1, 4, -3, -4}));
}

TEST(MemoryFormat, images_stay_channels_last_between_ops_that_prefer_it) {
    Net net;
    const glia_value x = net.input({2, 3, 6, 6}), w = net.input({4, 3, 3, 3}), v = net.input({5, 4, 3, 3});
    glia_conv2d_params params = glia_conv2d_defaults();
    const glia_value y =
        net.call("conv2d", &params, {net.unary(GLIA_UNARY_GELU, net.call("conv2d", &params, {x, w})), v});
    glia_plan *plan = net.make({y});
    EXPECT_EQ(steps(plan), Names({"cast", "conv2d", "unary", "conv2d", "cast"}));
    glia_plan_destroy(plan);
}

TEST(MemoryFormat, one_channel_or_one_pixel_needs_no_conversion) {
    Net net;
    const glia_value x = net.input({2, 1, 3, 3}), w = net.input({4, 1, 3, 3});
    glia_conv2d_params params = glia_conv2d_defaults();
    glia_plan *plan           = net.make({net.call("conv2d", &params, {x, w})});
    EXPECT_EQ(steps(plan), Names({"conv2d"}));
    glia_plan_destroy(plan);
}

TEST(MemoryFormat, sequence_of_steps_is_an_image_of_one_row_without_a_copy) {
    Net net;
    const glia_value x = net.input({2, 1, 6, 3}), w = net.input({4, 3, 1, 3});
    const glia_transpose_params in{{0, 3, 1, 2}}, out{{0, 2, 3, 1}};
    glia_conv2d_params params = glia_conv2d_defaults();
    const glia_value y =
        net.call("transpose", &out, {net.call("conv2d", &params, {net.call("transpose", &in, {x}), w})});
    glia_plan *plan = net.make({y});
    EXPECT_EQ(steps(plan), Names({"conv2d"}));
    glia_plan_destroy(plan);
}

TEST(MemoryFormat, transposition_that_moves_only_a_dimension_of_one_needs_no_step) {
    Net net;
    const glia_transpose_params move{{0, 2, 1}};
    glia_plan *plan = net.make({net.unary(GLIA_UNARY_NEG, net.call("transpose", &move, {net.input({2, 1, 3})}))});
    EXPECT_EQ(steps(plan), Names({"unary"}));
    glia_plan_destroy(plan);
    plan = net.make({net.unary(GLIA_UNARY_NEG, net.call("transpose", &move, {net.input({2, 2, 3})}))});
    EXPECT_EQ(steps(plan), Names({"transpose", "unary"}));
    glia_plan_destroy(plan);
}

TEST(MemoryFormat, a_value_is_converted_once) {
    Net net;
    const glia_value x = net.input({2, 3, 6, 6}), w = net.input({4, 3, 3, 3}), v = net.input({4, 3, 3, 3});
    glia_conv2d_params params = glia_conv2d_defaults();
    const glia_value y =
        net.binary(GLIA_BINARY_ADD, net.call("conv2d", &params, {x, w}), net.call("conv2d", &params, {x, v}));
    glia_plan *plan = net.make({net.sum(y)});
    EXPECT_EQ(steps(plan), Names({"cast", "conv2d", "conv2d", "binary", "cast", "reduce"}));
    glia_plan_destroy(plan);
}

// A random network with a training step: convolutions, elementwise ops, broadcasts, reshapes, a flat vector of
// parameters and its gradients, states that are read and assigned at random.
class RandomNet : public Net {
   public:
    explicit RandomNet(uint64_t seed, glia_dtype dtype) : rng_(seed) {
        images_ = {input({2, 3, 4, 4}, dtype), input({2, 3, 4, 4}, dtype)};
        for (int i = 0; i < 200; ++i) initial_.push_back(double(int64_t(rng_() % 201) - 100) / 300);
        flat_                 = tensor({200}, initial_, dtype);
        const glia_value flat = glia_graph_tensor(graph, "parameters", flat_);
        for (int i = 0; i < 2; ++i) weights_.push_back(gli_graph_view(graph, flat, 82 * i, GLIA_SHAPE(3, 3, 3, 3)));
        for (int i = 0; i < 4; ++i) biases_.push_back(gli_graph_view(graph, flat, 164 + 8 * i, GLIA_SHAPE(3)));
        for (int i = 0; i < 3; ++i) {
            states_.push_back(tensor({2, 3, 4, 4}, Numbers(96, 0.1 * i), dtype));
            images_.push_back(glia_graph_tensor(graph, "state", states_.back()));
        }
        const std::vector<glia_value> old(images_.end() - 3, images_.end());
        const int ops = 5 + int(rng_() % 25);
        for (int i = 0; i < ops; ++i) images_.push_back(step());
        loss_                       = sum(binary(GLIA_BINARY_MUL, any(images_), images_.back()));
        std::vector<glia_value> wrt = weights_;
        wrt.insert(wrt.end(), biases_.begin(), biases_.end());
        const auto gradients = gradient(loss_, wrt);
        std::vector<int64_t> offset;
        for (size_t i = 0; i < wrt.size(); ++i) offset.push_back(i < 2 ? 82 * int64_t(i) : 164 + 8 * int64_t(i - 2));
        const glia_value pack = gli_graph_pack(graph, gradients.data(), offset.data(), int(wrt.size()), 200);
        const glia_value rate = glia_graph_constant(graph, dtype, GLIA_SCALAR, -1e-3);
        glia_graph_assign(graph, flat, binary(GLIA_BINARY_ADD, flat, binary(GLIA_BINARY_MUL, pack, rate)));
        for (size_t i = 0; i < old.size(); ++i)
            if (rng_() % 3) glia_graph_assign(graph, old[i], unary(GLIA_UNARY_TANH, any(images_)));
        for (int i = 0; i < 3; ++i) images_.push_back(step());  // readers after the assignments
        outputs_ = {loss_, pack, any(images_), any(images_), images_.back()};
    }

    // Three runs from the same start: outputs and states of all.
    std::vector<Numbers> trace(const gli_plan_options &options, size_t *bytes = nullptr) {
        set(flat_, initial_);
        for (size_t i = 0; i < states_.size(); ++i) set(states_[i], Numbers(96, 0.1 * double(i)));
        glia_plan *plan = make(outputs_, options);
        if (bytes) *bytes = glia_plan_bytes(plan);
        std::vector<Numbers> all;
        for (int times = 0; times < 3; ++times) {
            Numbers a(96), b(96);
            for (size_t i = 0; i < 96; ++i) a[i] = std::sin(double(i) + times), b[i] = std::cos(2 * double(i) + times);
            for (Numbers &y : run(plan, outputs_, {a, b})) all.push_back(std::move(y));
            expect_sound(plan);
            all.push_back(values(flat_));
            for (const glia_tensor *state : states_) all.push_back(values(state));
        }
        glia_plan_destroy(plan);
        return all;
    }

   private:
    glia_value any(const std::vector<glia_value> &from) { return from[rng_() % from.size()]; }
    // Recent values make chains, old ones make long lives.
    glia_value image() { return rng_() % 2 ? images_.back() : any(images_); }
    glia_value step() {
        const glia_unary_kind kinds[] = {GLIA_UNARY_TANH, GLIA_UNARY_SIGMOID, GLIA_UNARY_RELU, GLIA_UNARY_NEG,
                                         GLIA_UNARY_SILU};
        switch (rng_() % 7) {
            case 0: return unary(kinds[rng_() % 5], image());
            case 1:
                return unary(GLIA_UNARY_TANH, binary(rng_() % 2 ? GLIA_BINARY_ADD : GLIA_BINARY_MUL, image(), image()));
            case 2: return binary(GLIA_BINARY_ADD, image(), reshape(any(biases_), {3, 1, 1}));
            case 3: {
                const glia_value r = unary(kinds[rng_() % 5], reshape(image(), {2, 48}));
                return reshape(r, {2, 3, 4, 4});
            }
            case 4: {
                const glia_transpose_params last{{0, 2, 3, 1}}, first{{0, 3, 1, 2}};
                const glia_value y = unary(kinds[rng_() % 5], call("transpose", &last, {image()}));
                return rng_() % 2 ? call("transpose", &first, {y}) : reshape(y, {2, 3, 4, 4});
            }
            case 5: {
                const glia_softmax_params params{.axis = 1};
                return call("softmax", &params, {image()});
            }
            default: {
                glia_conv2d_params params = glia_conv2d_defaults();
                for (int axis : {0, 1}) params.pad[axis] = params.pad_end[axis] = 1;
                const glia_value y = call("conv2d", &params, {image(), any(weights_), any(biases_)});
                return rng_() % 2 ? unary(kinds[rng_() % 3], y) : unary(GLIA_UNARY_TANH, y);
            }
        }
    }

    std::mt19937_64 rng_;
    Numbers initial_;
    glia_tensor *flat_ = nullptr;
    std::vector<glia_tensor *> states_;
    std::vector<glia_value> images_, weights_, biases_, outputs_;
    glia_value loss_{};
};

bool agree(const std::vector<Numbers> &a, const std::vector<Numbers> &b, double bound) {
    if (a.size() != b.size()) return false;
    for (size_t o = 0; o < a.size(); ++o)
        for (size_t i = 0; i < a[o].size(); ++i)
            if (!(std::fabs(a[o][i] - b[o][i]) <= bound * (1 + std::fabs(b[o][i])))) return false;
    return true;
}

// In f32 the providers differ with the layout, and round differently.
class Random : public testing::TestWithParam<std::tuple<glia_dtype, int>> {};

TEST_P(Random, plans_agree_with_one_that_shares_nothing) {
    const auto [dtype, seed] = GetParam();
    const double bound       = dtype == GLIA_F64 ? 1e-9 : 1e-3;
    RandomNet net{uint64_t(seed), dtype};
    size_t unshared = 0, shared = 0;
    const auto want = net.trace(kPlain);
    EXPECT_TRUE(agree(net.trace({}, &shared), want, bound));
    EXPECT_TRUE(agree(net.trace({.row_major = true}), want, bound)) << "row-major";
    EXPECT_TRUE(agree(net.trace({.unfused = true}), want, bound)) << "unfused";
    EXPECT_TRUE(agree(net.trace({.no_in_place = true}), want, bound)) << "not in place";
    EXPECT_TRUE(agree(net.trace({.no_sharing = true}, &unshared), want, bound)) << "without sharing";
    EXPECT_LT(shared, unshared);
}

INSTANTIATE_TEST_SUITE_P(graphs, Random, testing::Combine(testing::Values(GLIA_F64, GLIA_F32), testing::Range(1, 101)));

// What plans log while this lives, line by line.
class PlanLog {
   public:
    PlanLog() { setenv("GLIA_LOG", "plan", 1); }
    ~PlanLog() { unsetenv("GLIA_LOG"); }
    glia_context_args args() {
        glia_context_args args{};
        args.log = [](void *user, const char *line) { static_cast<std::vector<std::string> *>(user)->push_back(line); };
        args.log_user = &lines;
        return args;
    }
    std::vector<std::string> lines;
};

TEST(Plan, logs_its_steps_and_bytes) {
    PlanLog log;
    Net net(log.args());
    const glia_value y = net.sum(net.unary(GLIA_UNARY_NEG, net.input({100})));
    glia_plan *plan    = net.make({y});
    ASSERT_EQ(log.lines.size(), 3u);
    EXPECT_EQ(log.lines[0], "plan: 2 steps, 0 changes of layout, buffer " + std::to_string(glia_plan_bytes(plan)) +
                                " bytes, " + std::to_string(plan->live) + " in use at once, " +
                                std::to_string(plan->unshared) + " without sharing");
    EXPECT_EQ(log.lines[1], "plan step 0: unary kind=neg by cpu.ref -> [100]");
    EXPECT_EQ(log.lines[2].rfind("plan step 1: reduce by ", 0), 0u) << log.lines[2];
    glia_plan_destroy(plan);
}

TEST(Plan, logs_the_params_that_differ_from_the_defaults) {
    PlanLog log;
    Net net(log.args());
    glia_conv2d_params params = glia_conv2d_defaults();
    params.stride[0]          = 2;
    params.pad_end[1]         = 1;
    const glia_reduce_params mean{GLIA_REDUCE_MEAN, GLIA_AXIS(0) | GLIA_AXIS(-1), true};
    const glia_softmax_params softmax{.axis = 1, .log = true};
    gli_graph_set_label(net.graph, "layer 'c'");
    const glia_value c =
        net.unary(GLIA_UNARY_RELU, net.call("conv2d", &params, {net.input({2, 1, 5, 5}), net.input({1, 1, 3, 3})}));
    gli_graph_set_label(net.graph, nullptr);
    const glia_value y = net.call("softmax", &softmax, {net.call("reduce", &mean, {c})});
    glia_plan *plan    = net.make({y}, {.row_major = true});
    const std::vector<std::string> begins{
        "plan: 3 steps, 0 changes of layout, ",
        "plan step 0: layer 'c': conv2d stride={2,1} pad_end={0,1} activation=relu by ",
        "plan step 1: reduce kind=mean axes={0,-1} keep_dims=true by ", "plan step 2: softmax axis=1 log=true by "};
    ASSERT_EQ(log.lines.size(), begins.size());
    for (size_t i = 0; i < begins.size(); ++i) EXPECT_EQ(log.lines[i].substr(0, begins[i].size()), begins[i]);
    glia_plan_destroy(plan);
}

}  // namespace

namespace {

// An allocator that fails once, at its n-th call, and knows what it has given out.
struct Failing {
    int64_t left = -1, live = 0;
    glia_context_args args() {
        glia_context_args args{};
        args.threads   = 1;
        args.allocator = {[](void *user, size_t bytes, size_t alignment) -> void * {
                              auto *self = static_cast<Failing *>(user);
                              if (self->left >= 0 && self->left-- == 0) return nullptr;
                              ++self->live;
                              return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
                          },
                          [](void *user, void *memory, size_t) {
                              --static_cast<Failing *>(user)->live;
                              std::free(memory);
                          },
                          this};
        return args;
    }
};

struct Training {
    glia_context *ctx = nullptr;
    glia_graph *graph = nullptr;
    glia_plan *plan   = nullptr;
    std::vector<glia_value> outputs;

    glia_status build(glia_tensor *flat) {
        const glia_conv2d_params conv = glia_conv2d_defaults();
        const glia_unary_params relu  = glia_unary_defaults(GLIA_UNARY_RELU);
        const glia_binary_params add{GLIA_BINARY_ADD};
        const glia_reduce_params sum{GLIA_REDUCE_SUM, GLIA_ALL_AXES, false};
        const glia_status status = glia_graph_create(ctx, &graph);
        if (status != GLIA_OK) return status;
        const glia_value x     = glia_graph_input(graph, "x", GLIA_F32, GLIA_SHAPE(1, 2, 4, 4)),
                         state = glia_graph_tensor(graph, "flat", flat);
        const glia_value w     = gli_graph_view(graph, state, 0, GLIA_SHAPE(3, 2, 3, 3));
        gli_graph_set_label(graph, "layer");
        const glia_value in[] = {x, w}, c = glia_graph_call(graph, "conv2d", &conv, in, 2, nullptr, 0);
        const glia_value r = glia_graph_call(graph, "unary", &relu, &c, 1, nullptr, 0),
                         y = glia_graph_call(graph, "reduce", &sum, &r, 1, nullptr, 0);
        glia_value dw{};
        gli_graph_fuse(graph, &y, 1);
        glia_graph_gradient(graph, y, &w, 1, &dw);
        const int64_t offset    = 0;
        const glia_value pair[] = {state, gli_graph_pack(graph, &dw, &offset, 1, 60)};
        glia_graph_assign(graph, state, glia_graph_call(graph, "binary", &add, pair, 2, nullptr, 0));
        outputs = {y};
        return glia_graph_status(graph);
    }
};

TEST(OutOfMemory, at_any_allocation_is_an_error_and_leaks_nothing) {
    bool done = false;
    for (int64_t n = 0; !done; ++n) {
        ASSERT_LT(n, 1000);
        Failing memory;
        Training net;
        auto args = memory.args();
        ASSERT_EQ(glia_context_create("cpu", &args, &net.ctx), GLIA_OK);
        glia_tensor *x = nullptr, *y = nullptr, *flat = nullptr;
        ASSERT_EQ(glia_tensor_create(net.ctx, GLIA_F32, GLIA_SHAPE(1, 2, 4, 4), &x), GLIA_OK);
        ASSERT_EQ(glia_tensor_create(net.ctx, GLIA_F32, GLIA_SCALAR, &y), GLIA_OK);
        ASSERT_EQ(glia_tensor_create(net.ctx, GLIA_F32, GLIA_SHAPE(60), &flat), GLIA_OK);
        glia_tensor_fill(x, 1);
        glia_tensor_fill(flat, 1);
        memory.left        = n;
        glia_status status = net.build(flat);
        if (status == GLIA_OK) {
            status = glia_plan_create(net.graph, net.outputs.data(), 1, &net.plan);
            if (status == GLIA_OUT_OF_MEMORY) {
                EXPECT_NE(std::string(glia_message(net.ctx)).find("out of memory"), std::string::npos)
                    << glia_message(net.ctx);
                EXPECT_EQ(net.plan, nullptr);
                EXPECT_EQ(glia_plan_create(net.graph, net.outputs.data(), 1, &net.plan), GLIA_OK)
                    << "the graph stays usable";
                EXPECT_EQ(glia_plan_run(net.plan, &x, 1, &y, 1), GLIA_OK);
            }
        }
        if (status == GLIA_OK) {
            status = glia_plan_run(net.plan, &x, 1, &y, 1);
            EXPECT_EQ(status, GLIA_OK) << "a run allocates nothing";
            EXPECT_EQ(Net::values(y), Numbers({12 * 18}));
            done = memory.left >= 0;
        }
        EXPECT_TRUE(status == GLIA_OK || status == GLIA_OUT_OF_MEMORY) << glia_message(net.ctx);
        glia_plan_destroy(net.plan);
        glia_graph_destroy(net.graph);
        glia_tensor_destroy(x);
        glia_tensor_destroy(y);
        glia_tensor_destroy(flat);
        glia_context_destroy(net.ctx);
        EXPECT_EQ(memory.live, 0) << "allocation " << n;
    }
}

// --- a library that counts what it makes ---

int made = 0, given_back = 0;

glia_status make_one(const gli_call *, gli_prepared *out) {
    ++made;
    out->state = &made;
    return GLIA_OK;
}
void give_one_back(gli_prepared *) { ++given_back; }
glia_status square(const gli_call *call, const gli_prepared *, void *) {
    for (int64_t i = 0; i < gli_count(call->out[0]); ++i) {
        const double x                               = static_cast<const double *>(call->in[0]->data)[i];
        static_cast<double *>(call->out[0]->data)[i] = x * x;
    }
    return GLIA_OK;
}
const gli_provider kCounting = {"cpu.counting", GLI_ACCEPTS_ALL, nullptr, make_one, square, give_one_back};

const gli_provider *const *counting_providers(const gli_op *op) {
    static const gli_provider *list[] = {&kCounting, nullptr};
    return op == &gli_op_unary ? list : gli_cpu_device.providers(op);
}

TEST(Choice, equal_steps_of_a_plan_share_what_a_library_made) {
    gli_device device = gli_cpu_device;
    device.providers  = counting_providers;
    Net net;
    net.ctx->device    = &device;
    const glia_value x = net.input({3}), longer = net.input({4});
    const std::vector<glia_value> y = {
        net.unary(GLIA_UNARY_SQUARE, net.unary(GLIA_UNARY_SQUARE, net.unary(GLIA_UNARY_SQUARE, x))),
        net.unary(GLIA_UNARY_SQUARE, longer)};
    made = given_back = 0;
    glia_plan *plan   = net.make(y, {.no_in_place = true});
    ASSERT_EQ(plan->n_steps, 4);
    // The first reads the caller's memory, the third writes it, the second is in the buffer; the fourth has another
    // shape.
    EXPECT_EQ(made, 4);
    EXPECT_EQ(net.run(plan, y, {{1, 2, 3}, {1, 2, 3, 4}}), (std::vector<Numbers>{{1, 256, 6561}, {1, 4, 9, 16}}));
    glia_plan_destroy(plan);
    EXPECT_EQ(given_back, 0) << "kept for the next plan";

    // An equal plan makes nothing new; what no plan holds goes when it is asked to.
    plan = net.make(y, {.no_in_place = true});
    EXPECT_EQ(made, 4);
    EXPECT_FALSE(gli_prepared_trim(net.ctx)) << "a plan holds all of it";
    EXPECT_EQ(given_back, 0);
    glia_plan_destroy(plan);
    EXPECT_TRUE(gli_prepared_trim(net.ctx));
    EXPECT_EQ(given_back, made);

    const glia_value chain =
        net.sum(net.unary(GLIA_UNARY_SQUARE,
                          net.unary(GLIA_UNARY_SQUARE, net.unary(GLIA_UNARY_SQUARE, net.unary(GLIA_UNARY_SQUARE, x)))));
    made = given_back = 0;
    plan              = net.make({chain}, {.no_in_place = true});
    EXPECT_EQ(made, 2) << "one that reads the caller's memory, one for the three in the buffer";
    EXPECT_EQ(net.run(plan, {chain}, {{1, 2, 1}})[0], Numbers({2 + 65536}));
    EXPECT_EQ(given_back, 0);
    glia_plan_destroy(plan);
    gli_prepared_trim(net.ctx);
    EXPECT_EQ(given_back, made);
    net.ctx->device = &gli_cpu_device;
}

// A program that calls an op with ever new shapes keeps the last few hundred of them.
TEST(Choice, calls_that_nothing_uses_are_bounded) {
    gli_device device = gli_cpu_device;
    device.providers  = counting_providers;
    Net net;
    net.ctx->device = &device;
    made = given_back              = 0;
    const glia_unary_params params = glia_unary_defaults(GLIA_UNARY_SQUARE);
    const auto square_of_size      = [&](int64_t n) {
        glia_tensor *x = net.tensor({n}, Numbers(size_t(n), 3)), *y = net.tensor({n}, Numbers(size_t(n), 0));
        EXPECT_EQ(glia_unary(net.ctx, &params, x, y), GLIA_OK) << glia_message(net.ctx);
    };
    for (int64_t n = 1; n <= 1000; ++n) square_of_size(n);
    int kept, idle;
    gli_prepared_count(net.ctx, &kept, &idle);
    EXPECT_EQ(made, 1000);
    EXPECT_EQ(given_back, 1000 - kept);
    EXPECT_EQ(kept, idle);
    EXPECT_LE(kept, 256);
    for (int64_t n = 1000; n > 1000 - 200; --n) square_of_size(n);  // the last ones are still there
    EXPECT_EQ(made, 1000);
    gli_prepared_trim(net.ctx);
    EXPECT_EQ(given_back, made);
    net.ctx->device = &gli_cpu_device;
}

// --- a library with a reserve of its own ---

// Writes 7 where its gradient looks for it.
glia_status prepare_reserve(const gli_call *, gli_prepared *out) {
    out->saved = sizeof(double);
    return GLIA_OK;
}
glia_status write_reserve(const gli_call *call, const gli_prepared *, void *) {
    gli_tensor_from_double(call->out[GLI_RNN_Y], Numbers(size_t(gli_count(call->out[GLI_RNN_Y])), 1).data());
    if (call->out[GLI_RNN_SAVED]) *static_cast<double *>(call->out[GLI_RNN_SAVED]->data) = 7;
    return GLIA_OK;
}
glia_status read_reserve(const gli_call *call, const gli_prepared *, void *) {
    const double found = *static_cast<const double *>(call->in[GLI_RNN_BACK_SAVED]->data);
    for (int o = 0; o < call->op->n_outputs; ++o)
        if (call->out[o]) gli_tensor_from_double(call->out[o], Numbers(size_t(gli_count(call->out[o])), found).data());
    return GLIA_OK;
}
const char *never(const gli_call *) { return "not today"; }

const gli_provider kWriter  = {"cpu.keeper", GLI_ACCEPTS_ALL, nullptr, prepare_reserve, write_reserve, nullptr};
const gli_provider kReader  = {"cpu.keeper", GLI_ACCEPTS_ALL, nullptr, nullptr, read_reserve, nullptr},
                   kRefuser = {"cpu.keeper", GLI_ACCEPTS_ALL, never, nullptr, read_reserve, nullptr};
bool keeper_reads           = true;

const gli_provider *const *keeping_providers(const gli_op *op) {
    static const gli_provider *writers[] = {&kWriter, nullptr};
    // The reader is found although a provider comes before it that takes any layout.
    static const gli_provider *readers[]  = {nullptr, &kReader, nullptr};
    static const gli_provider *refusers[] = {nullptr, &kRefuser, nullptr};
    if (op == &gli_op_rnn) return writers;
    if (op != &gli_op_rnn_backward) return gli_cpu_device.providers(op);
    readers[0] = refusers[0] = *gli_cpu_device.providers(op);
    return keeper_reads ? readers : refusers;
}

TEST(Reserve, is_read_by_the_provider_that_wrote_it_and_as_large_as_it_says) {
    gli_device device = gli_cpu_device;
    device.providers  = keeping_providers;
    Net net;
    const auto x = net.input({5, 3, 2}), w_ih = net.input({4, 2}), w_hh = net.input({4, 4});
    const std::vector<glia_value> in{x, {0}, {0}, {0}, w_ih, w_hh};
    const glia_value y = net.call("rnn", nullptr, in);
    const auto dx      = net.gradient(net.sum(y), {x});
    const Numbers ones(30, 1), weights(8, 1), square(16, 1);
    glia_plan *right   = net.make(dx);
    const size_t whole = glia_plan_bytes(right);
    glia_plan_destroy(right);
    net.ctx->device = &device;
    keeper_reads    = true;
    glia_plan *plan = net.make(dx);
    EXPECT_EQ(net.run(plan, dx, {ones, weights, square}), (std::vector<Numbers>{Numbers(30, 7)}));
    EXPECT_LT(glia_plan_bytes(plan), whole);
    glia_plan_destroy(plan);

    keeper_reads    = false;
    glia_plan *none = nullptr;
    EXPECT_EQ(glia_plan_create(net.graph, dx.data(), 1, &none), GLIA_UNSUPPORTED);
    EXPECT_STREQ(glia_message(net.ctx), "rnn_backward: every provider declined, the last because: not today");
    net.ctx->device = &gli_cpu_device;
}

TEST(Run, allocates_nothing) {
    Failing memory;
    Training net;
    auto args = memory.args();
    ASSERT_EQ(glia_context_create("cpu", &args, &net.ctx), GLIA_OK);
    glia_tensor *x = nullptr, *y = nullptr, *flat = nullptr;
    ASSERT_EQ(glia_tensor_create(net.ctx, GLIA_F32, GLIA_SHAPE(1, 2, 4, 4), &x), GLIA_OK);
    ASSERT_EQ(glia_tensor_create(net.ctx, GLIA_F32, GLIA_SCALAR, &y), GLIA_OK);
    ASSERT_EQ(glia_tensor_create(net.ctx, GLIA_F32, GLIA_SHAPE(60), &flat), GLIA_OK);
    ASSERT_EQ(net.build(flat), GLIA_OK);
    ASSERT_EQ(glia_plan_create(net.graph, net.outputs.data(), 1, &net.plan), GLIA_OK);
    memory.left = 0;
    for (int times = 0; times < 3; ++times) EXPECT_EQ(glia_plan_run(net.plan, &x, 1, &y, 1), GLIA_OK);
    EXPECT_EQ(memory.left, 0);
    glia_plan_destroy(net.plan);
    glia_graph_destroy(net.graph);
    glia_tensor_destroy(x);
    glia_tensor_destroy(y);
    glia_tensor_destroy(flat);
    glia_context_destroy(net.ctx);
}

TEST(Run, names_the_layer_of_a_step_that_fails) {
    Net net;
    const glia_value x = net.input({1, 3}), target = net.input({1}, GLIA_I64);
    gli_graph_set_label(net.graph, "loss 'l'");
    const glia_value y = net.call("cross_entropy", nullptr, {x, target});
    gli_graph_set_label(net.graph, nullptr);
    glia_plan *plan = net.make({y});
    glia_tensor *a = net.tensor({1, 3}), *b = net.tensor({1}, {7}, GLIA_I64), *out = net.tensor({});
    const glia_tensor *in[] = {a, b};
    EXPECT_EQ(glia_plan_run(plan, in, 2, &out, 1), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(std::string(glia_message(net.ctx)).rfind("loss 'l': cross_entropy: ", 0), 0u) << glia_message(net.ctx);
    net.set(b, {2});
    EXPECT_EQ(glia_plan_run(plan, in, 2, &out, 1), GLIA_OK);
    glia_plan_destroy(plan);
}

}  // namespace

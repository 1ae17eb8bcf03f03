// Plans on devices: launched once, then recorded and replayed with the same bits, and without where that is not
// possible.
#include <cmath>
#include <cstring>

#include "support/devices.h"

extern "C" {
#include "graph/plan.h"
}

namespace {

using namespace glia;

// tanh, softmax, sum over rows.
class Chain {
   public:
    Chain(glia_context *ctx, int rows, int columns) : ctx_(ctx), rows_(rows), columns_(columns) {
        const glia_unary_params tanh      = glia_unary_defaults(GLIA_UNARY_TANH);
        const glia_softmax_params softmax = glia_softmax_defaults();
        const glia_reduce_params sum{GLIA_REDUCE_SUM, GLIA_AXIS(0), false};
        glia_graph *graph = nullptr;
        EXPECT_EQ(glia_graph_create(ctx, &graph), GLIA_OK);
        glia_value x = glia_graph_input(graph, "x", GLIA_F32, GLIA_SHAPE(rows, columns));
        x            = glia_graph_call(graph, "unary", &tanh, &x, 1, nullptr, 0);
        x            = glia_graph_call(graph, "softmax", &softmax, &x, 1, nullptr, 0);
        x            = glia_graph_call(graph, "reduce", &sum, &x, 1, nullptr, 0);
        EXPECT_EQ(glia_plan_create(graph, &x, 1, &plan_), GLIA_OK) << glia_message(ctx);
        glia_graph_destroy(graph);
        keep_(plan_, glia_plan_destroy);
    }
    const glia_plan *plan() const { return plan_; }
    glia_tensor *input() {
        return tensor_of(ctx_, keep_, GLIA_F32, {rows_, columns_}, std::vector<float>(size_t(rows_ * columns_)));
    }
    glia_tensor *output() { return tensor_of(ctx_, keep_, GLIA_F32, {columns_}, std::vector<float>(size_t(columns_))); }
    void set(glia_tensor *x, int seed) {
        std::vector<float> values(size_t(rows_ * columns_));
        for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(float(int(i) * (seed + 1)));
        ASSERT_EQ(glia_tensor_write(x, values.data(), values.size() * sizeof(float)), GLIA_OK) << glia_message(ctx_);
    }
    glia_status run(const glia_tensor *x, glia_tensor *y) { return glia_plan_run(plan_, &x, 1, &y, 1); }
    std::vector<float> run(int seed, glia_tensor *x, glia_tensor *y) {
        set(x, seed);
        EXPECT_EQ(run(x, y), GLIA_OK) << glia_message(ctx_);
        return read<float>(y);
    }

   private:
    glia_context *ctx_;
    int rows_, columns_;
    glia_plan *plan_ = nullptr;
    Keep keep_;
};

bool same_bits(const std::vector<float> &a, const std::vector<float> &b) {
    return a.size() == b.size() && memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

const char kRecorded[] = "steps recorded as one";

class CudaPlan : public OnDevice {};

TEST_P(CudaPlan, replayed_gives_the_bits_of_launches) {
    std::vector<std::vector<float>> launched;
    {
        const Variable log("GLIA_LOG", "time");  // times of single steps are those of launches
        Computer c(device());
        Chain chain(c.ctx, 37, 50);
        glia_tensor *x = chain.input(), *y = chain.output();
        for (int run = 0; run < 5; ++run) launched.push_back(chain.run(run, x, y));
        EXPECT_EQ(c.count("time softmax cuda."), 5) << "one line for each call of each run";
        EXPECT_FALSE(c.logged(kRecorded));
    }
    const Variable log("GLIA_LOG", "plan");
    Computer c(device());
    Chain chain(c.ctx, 37, 50);
    glia_tensor *x = chain.input(), *y = chain.output();
    for (int run = 0; run < 5; ++run) EXPECT_TRUE(same_bits(chain.run(run, x, y), launched[size_t(run)])) << run;
    EXPECT_EQ(c.count(kRecorded), 1);
}

TEST_P(CudaPlan, is_recorded_anew_for_other_memory) {
    const Variable log("GLIA_LOG", "plan");
    Computer c(device());
    Chain chain(c.ctx, 4, 5);
    glia_tensor *a = chain.input(), *b = chain.input(), *y = chain.output(), *z = chain.output();
    const auto want = chain.run(1, a, y), other = chain.run(2, a, y);
    EXPECT_EQ(c.count(kRecorded), 1);
    for (const auto &[in, out] : {std::pair(b, y), std::pair(a, z), std::pair(b, z)}) {
        const int before = c.count(kRecorded);
        EXPECT_TRUE(same_bits(chain.run(1, in, out), want)) << "launched";
        EXPECT_EQ(c.count(kRecorded), before);
        EXPECT_TRUE(same_bits(chain.run(2, in, out), other)) << "recorded";
        EXPECT_EQ(c.count(kRecorded), before + 1);
        EXPECT_TRUE(same_bits(chain.run(1, in, out), want)) << "replayed";
    }
}

// A tensor in the memory of another of so many elements, from that one on.
glia_tensor *wrapped(const Computer &c, Keep &keep, glia_shape shape, const int64_t *stride, int64_t count, int first) {
    glia_tensor *out = nullptr, *all = tensor_of(c.ctx, keep, GLIA_F32, {count}, std::vector<float>(size_t(count)));
    float *data = static_cast<float *>(glia_tensor_data(all)) + first;
    EXPECT_EQ(glia_tensor_wrap(c.ctx, GLIA_F32, shape, stride, data, &out), GLIA_OK) << c.message();
    return keep(out, glia_tensor_destroy);
}

TEST_P(CudaPlan, of_tensors_with_gaps_is_recorded_on_its_own_copies) {
    const Variable log("GLIA_LOG", "plan");
    Computer c(device());
    Chain chain(c.ctx, 3, 4);
    Keep keep;
    glia_tensor *x = chain.input(), *y = chain.output(), *gapped[2];
    const int64_t stride[] = {11, 2};
    for (glia_tensor *&t : gapped) t = wrapped(c, keep, GLIA_SHAPE(3, 4), stride, 40, 0);
    for (int run = 0; run < 6; ++run) {
        const auto want = chain.run(run, x, y);
        EXPECT_TRUE(same_bits(chain.run(run, gapped[run % 2], y), want)) << run;
    }
}

// Algorithms of libraries may count on what plans promise of addresses.
TEST_P(CudaPlan, counts_on_aligned_tensors_and_copies_others) {
    const Variable log("GLIA_LOG", "plan");
    Computer c(device());
    Chain chain(c.ctx, 3, 4);
    Keep keep;
    glia_tensor *x = chain.input(), *y = chain.output(), *shifted[2];
    shifted[0] = wrapped(c, keep, GLIA_SHAPE(3, 4), nullptr, 13, 1);
    shifted[1] = wrapped(c, keep, GLIA_SHAPE(4), nullptr, 5, 1);
    for (int run = 0; run < 4; ++run) {
        const auto want = chain.run(run, x, y);
        EXPECT_TRUE(same_bits(chain.run(run, shifted[0], y), want)) << run;
        EXPECT_TRUE(same_bits(chain.run(run, x, shifted[1]), want)) << run;
    }
    for (int s = 0; s < chain.plan()->n_inputs; ++s)
        EXPECT_EQ(reinterpret_cast<uintptr_t>(chain.plan()->inputs[s].staged.data) % 16, 0u);
    EXPECT_NE(chain.plan()->inputs[0].staged.data, nullptr);
    EXPECT_NE(chain.plan()->outputs[0].staged.data, nullptr);
}

TEST_P(CudaPlan, outlives_what_it_ran_on) {
    Computer c(device());
    Chain chain(c.ctx, 4, 5);
    for (int round = 0; round < 3; ++round) {
        Keep keep;
        glia_tensor *x = tensor_of(c.ctx, keep, GLIA_F32, {4, 5}, std::vector<float>(20, float(round))),
                    *y = tensor_of(c.ctx, keep, GLIA_F32, {5}, std::vector<float>(5));
        for (int run = 0; run < 3; ++run) {
            ASSERT_EQ(chain.run(x, y), GLIA_OK) << c.message();
            for (const float value : read<float>(y)) EXPECT_NEAR(value, 0.8, 1e-6);
        }
    }
}

// Runs a plan n times on the same memory; what it left, and how many calls of CUDA that took.
struct Outcome {
    glia_status status = GLIA_OK;
    std::vector<float> result;
    long calls      = 0;
    bool one_by_one = false, says_why = false;
};

Outcome run_times(const char *device, int n) {
    const Variable log("GLIA_LOG", "info,dispatch");
    Computer c(device);
    Outcome out;
    {
        Chain chain(c.ctx, 4, 5);
        glia_tensor *x = chain.input(), *y = chain.output();
        chain.set(x, 3);
        for (int run = 0; run < n && out.status == GLIA_OK; ++run) out.status = chain.run(x, y);
        if (n > 2) out.result = read<float>(y);
    }
    c.destroy();
    out.calls      = c.calls();
    out.one_by_one = c.logged("are launched one by one, because: ");
    out.says_why   = c.logged("because: emulated: ") || c.logged("because: cuda:0: ");
    return out;
}

// The second run is the one that is recorded: each of its calls fails in turn.
TEST_P(CudaPlan, that_cannot_be_recorded_is_launched_and_says_why) {
    const Outcome good = run_times(device(), 4);
    const long from = run_times(device(), 1).calls, to = run_times(device(), 2).calls;
    int fell_back = 0;
    for (long call = from; call < to; ++call) {
        const std::string setting = std::to_string(call) + ":801";
        const Variable fail("GLIA_CUDA_FAIL", setting.c_str());
        const Outcome out = run_times(device(), 4);
        if (!out.one_by_one) continue;
        ++fell_back;
        EXPECT_EQ(out.status, GLIA_OK);
        EXPECT_TRUE(out.says_why);
        EXPECT_TRUE(same_bits(out.result, good.result));
    }
    EXPECT_GE(fell_back, 4) << "the begin, the launches, the end, the instantiation";
    EXPECT_EQ(to - from, fell_back + 2) << "besides those, the choice of the device and the replay";
}

TEST_P(CudaPlan, is_checked_against_the_reference_when_that_is_wanted) {
    const Variable shadow("GLIA_CHECK", "shadow"), log("GLIA_LOG", "plan");
    Computer c(device());
    Chain chain(c.ctx, 6, 7);
    glia_tensor *x = chain.input(), *y = chain.output();
    for (int run = 0; run < 3; ++run) chain.run(run, x, y);
    EXPECT_FALSE(c.logged(kRecorded));
    EXPECT_FALSE(c.logged("differs"));
}

TEST_P(CudaPlan, workspaces_and_tensors_are_aligned_for_the_devices_libraries) {
    Computer c(device());
    Chain chain(c.ctx, 3, 3);
    for (int s = 0; s < chain.plan()->n_storages; ++s) EXPECT_EQ(chain.plan()->storages[s].offset % 256, 0u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(chain.plan()->buffer.data) % 256, 0u);
}

GLI_ON_DEVICES(CudaPlan);

size_t count_of(const glia_shape &shape) {
    size_t count = 1;
    for (int i = 0; i < shape.ndim; ++i) count *= static_cast<size_t>(shape.dim[i]);
    return count;
}

// A graph over constants, and what a plan of it computes.
class Computation {
   public:
    explicit Computation(glia_context *ctx) : ctx_(ctx) {
        EXPECT_EQ(glia_graph_create(ctx, &graph), GLIA_OK);
        keep(graph, glia_graph_destroy);
    }

    glia_value constant(const std::vector<int64_t> &shape) {
        int64_t count = 1;
        for (const int64_t dim : shape) count *= dim;
        std::vector<float> all(static_cast<size_t>(count));
        for (float &x : all) x = std::sin(float(++seen_));
        return glia_graph_tensor(graph, "", tensor_of(ctx_, keep, GLIA_F32, shape, all));
    }
    // The gradients of y's sum with respect to `of` become outputs, and that sum.
    void differentiate(glia_value y, const std::vector<glia_value> &of) {
        const glia_reduce_params all{GLIA_REDUCE_SUM, GLIA_ALL_AXES, false};
        y = glia_graph_call(graph, "reduce", &all, &y, 1, nullptr, 0);
        outputs.resize(of.size());
        EXPECT_EQ(glia_graph_gradient(graph, y, of.data(), int(of.size()), outputs.data()), GLIA_OK)
            << glia_message(ctx_);
        outputs.push_back(y);
    }

    // The bits of all outputs in a second run, which is the recorded one; groups: how many steps each group has.
    std::vector<std::vector<float>> run(const gli_plan_options &options, std::vector<int> *groups = nullptr) {
        glia_plan *plan = nullptr;
        EXPECT_EQ(gli_plan_create(graph, outputs.data(), int(outputs.size()), &options, &plan), GLIA_OK)
            << glia_message(ctx_);
        std::vector<glia_tensor *> results;
        Keep kept;
        for (const glia_value &value : outputs) {
            const glia_shape shape = glia_graph_shape(graph, value);
            results.push_back(tensor_of(ctx_, kept, GLIA_F32, {shape.dim, shape.dim + shape.ndim},
                                        std::vector<float>(count_of(shape), NAN)));
        }
        for (int i = 0; i < 2; ++i)
            EXPECT_EQ(glia_plan_run(plan, nullptr, 0, results.data(), int(results.size())), GLIA_OK)
                << glia_message(ctx_);
        std::vector<std::vector<float>> out;
        for (const glia_tensor *result : results) out.push_back(read<float>(result));
        for (int s = 0; groups && s < plan->n_steps; ++s)
            if (plan->steps[s].group > 1) groups->push_back(plan->steps[s].group);
        glia_plan_destroy(plan);
        return out;
    }

    Keep keep;
    glia_graph *graph = nullptr;
    std::vector<glia_value> outputs;

   private:
    glia_context *ctx_;
    int seen_ = 0;
};

// The weight gradients of dense layers, of this many units each, and the sum of the last outputs.
class Layers : public Computation {
   public:
    Layers(glia_context *ctx, int64_t rows, const std::vector<int64_t> &units) : Computation(ctx) {
        std::vector<glia_value> weights;
        glia_value y = constant({rows, units[0]});
        for (size_t i = 1; i < units.size(); ++i) {
            const glia_dense_params relu{GLIA_RELU};
            const glia_value arguments[] = {y, constant({units[i], units[i - 1]}), constant({units[i]})};
            weights.insert(weights.end(), arguments + 1, arguments + 3);
            y = glia_graph_call(graph, "dense", &relu, arguments, 3, nullptr, 0);
        }
        differentiate(y, weights);
    }
};

// All gradients of the sum of two convolutions, of 3 x 3 and of 1 x 1, that read the same images.
class Branches : public Computation {
   public:
    Branches(glia_context *ctx, const std::vector<int64_t> &images, int64_t filters, int stride) : Computation(ctx) {
        glia_conv2d_params wide = glia_conv2d_defaults(), narrow = wide;
        for (int axis = 0; axis < 2; ++axis) {
            wide.stride[axis] = narrow.stride[axis] = stride;
            wide.pad[axis] = wide.pad_end[axis] = 1;
        }
        const glia_value x = constant(images), w3 = constant({filters, images[1], 3, 3}),
                         w1        = constant({filters, images[1], 1, 1});
        const glia_value of_wide[] = {x, w3}, of_narrow[] = {x, w1};
        const glia_value branches[]  = {glia_graph_call(graph, "conv2d", &wide, of_wide, 2, nullptr, 0),
                                        glia_graph_call(graph, "conv2d", &narrow, of_narrow, 2, nullptr, 0)};
        const glia_unary_params tanh = glia_unary_defaults(GLIA_UNARY_TANH);
        const glia_value sum         = glia_graph_call(graph, "binary", nullptr, branches, 2, nullptr, 0);
        differentiate(glia_graph_call(graph, "unary", &tanh, &sum, 1, nullptr, 0), {x, w3, w1});
    }
};

class CudaDerivatives : public OnDevice {};

TEST_P(CudaDerivatives, of_relu_in_the_gradients_of_dense_layers_have_the_bits_of_their_own_kernel) {
    Computer c(device());
    for (const std::vector<int64_t> &units : {std::vector<int64_t>{33, 20, 20, 7}, std::vector<int64_t>{3, 8, 700}}) {
        Layers layers(c.ctx, 40, units);
        const auto fused = layers.run({}), alone = layers.run({.unfused = true});
        for (size_t i = 0; i < alone.size(); ++i) EXPECT_TRUE(same_bits(alone[i], fused[i])) << "output " << i;
    }
}

GLI_ON_DEVICES(CudaDerivatives);

class CudaGroups : public OnDevice {
   protected:
    // That the plan has these groups, and gives the bits of the steps one by one.
    void expect_groups(Computation &graph, const std::vector<int> &want) {
        std::vector<int> groups;
        const auto alone = graph.run({.ungrouped = true}), together = graph.run({}, &groups);
        EXPECT_EQ(groups, want);
        for (size_t i = 0; i < alone.size(); ++i) EXPECT_TRUE(same_bits(alone[i], together[i])) << "output " << i;
    }
};

TEST_P(CudaGroups, weight_gradients_of_small_layers_are_one_launch) {
    Computer c(device());
    Layers three(c.ctx, 40, {33, 20, 20, 7}), ten(c.ctx, 3, std::vector<int64_t>(11, 8));
    expect_groups(three, {3});
    expect_groups(ten, {2, 8});
}

// The inputs of the first would stay in memory until the last. The second fills a GPU alone.
TEST_P(CudaGroups, weight_gradients_of_large_layers_do_not_wait) {
    Computer c(device());
    Layers deep(c.ctx, 400, {3, 700, 2}), wide(c.ctx, 2, {32 * 257, 3, 2});
    expect_groups(deep, {});
    expect_groups(wide, {});
}

// The first waits for the second, which the third reads.
TEST_P(CudaGroups, a_step_that_needs_another_is_in_no_group_with_it) {
    Computer c(device());
    Layers layers(c.ctx, 6, {4, 6});
    const glia_value first[] = {layers.constant({6, 6}), layers.constant({6, 6})};
    glia_value dw[2];
    glia_graph_call(layers.graph, "dense_backward_weights", nullptr, first, 2, dw, 1);
    const glia_value second[] = {layers.constant({6, 5}), dw[0]};
    glia_graph_call(layers.graph, "dense_backward_weights", nullptr, second, 2, dw + 1, 1);
    layers.outputs.insert(layers.outputs.end(), dw, dw + 2);
    expect_groups(layers, {2});
}

TEST_P(CudaGroups, are_steps_of_their_own_where_each_is_looked_at) {
    const Variable shadow("GLIA_CHECK", "shadow"), log("GLIA_LOG", "time");
    Computer c(device());
    Layers layers(c.ctx, 40, {33, 20, 20, 7});
    std::vector<int> groups;
    layers.run({}, &groups);
    EXPECT_EQ(groups, std::vector<int>{3});
    EXPECT_EQ(c.count("time dense_backward_weights cuda."), 6) << "three in each of two runs";
    EXPECT_FALSE(c.logged("differs"));
}

// The branches of a residual block, then both gradients of each; one of 512 pixels sums over them in two parts.
TEST_P(CudaGroups, convolutions_that_do_not_need_each_other_are_one_launch) {
    const Variable own("GLIA_PROVIDER", "cuda.portable");
    Computer c(device());
    Branches small(c.ctx, {2, 6, 5, 4}, 9, 2), split(c.ctx, {2, 5, 16, 16}, 9, 1);
    expect_groups(small, {2, 4});
    expect_groups(split, {2, 4});
}

// A gradient of many phases takes more than one launch, and images of three channels have kernels of their own.
TEST_P(CudaGroups, convolutions_of_other_kernels_are_launched_alone) {
    {
        const Variable own("GLIA_PROVIDER", "cuda.portable");
        Computer c(device());
        Branches phases(c.ctx, {2, 6, 11, 11}, 9, 5);
        expect_groups(phases, {2});
    }
    Computer c(device());
    Branches direct(c.ctx, {2, 3, 6, 6}, 9, 1);
    expect_groups(direct, {});
}

GLI_ON_DEVICES(CudaGroups);

// Indices are only seen when the kernels have run.
class CudaIndex : public OnDevice {
   protected:
    glia_status gather(Computer &c, const std::vector<int64_t> &rows) {
        Keep keep;
        const glia_gather_params params{};
        auto *x = tensor_of(c.ctx, keep, GLIA_F32, {3, 2}, std::vector<float>{1, 2, 3, 4, 5, 6});
        auto *i = tensor_of(c.ctx, keep, GLIA_I64, {int64_t(rows.size())}, rows);
        auto *y = tensor_of(c.ctx, keep, GLIA_F32, {int64_t(rows.size()), 2}, std::vector<float>(2 * rows.size()));
        EXPECT_EQ(glia_gather(c.ctx, &params, x, i, y), GLIA_OK) << c.message();
        std::vector<float> out(2 * rows.size());
        return glia_tensor_read(y, out.data(), out.size() * sizeof(float));
    }
};

TEST_P(CudaIndex, out_of_range_is_told_by_the_next_read_and_forgotten) {
    Computer c(device());
    EXPECT_EQ(gather(c, {0, 2, 1, -1}), GLIA_OK) << c.message();
    EXPECT_EQ(gather(c, {0, 2, 7, 1, -9}), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(c.message(), "gather: indices[2] is 7, which is out of range (found when its work had run)");
    EXPECT_EQ(gather(c, {-4}), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(c.message(), "gather: indices[0] is -4, which is out of range (found when its work had run)");
    EXPECT_EQ(gather(c, {1, 1}), GLIA_OK) << c.message();
}

TEST_P(CudaIndex, out_of_range_is_told_by_a_synchronisation) {
    Computer c(device());
    Keep keep;
    const glia_gather_params params{};
    auto *x = tensor_of(c.ctx, keep, GLIA_F32, {3, 2}, std::vector<float>(6));
    auto *i = tensor_of(c.ctx, keep, GLIA_I32, {2}, std::vector<int32_t>{1, 3});
    auto *y = tensor_of(c.ctx, keep, GLIA_F32, {2, 2}, std::vector<float>(4));
    ASSERT_EQ(glia_gather(c.ctx, &params, x, i, y), GLIA_OK) << c.message();
    ASSERT_EQ(gli_enter(c.ctx), GLIA_OK);
    EXPECT_EQ(c.ctx->device->synchronize(c.ctx), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(c.message(), "gather: indices[1] is 3, which is out of range (found when its work had run)");
    EXPECT_EQ(c.ctx->device->synchronize(c.ctx), GLIA_OK);
    gli_leave(c.ctx);
}

GLI_ON_DEVICES(CudaIndex);

}  // namespace

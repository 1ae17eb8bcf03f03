// The end of a training step as one launch: the check for numbers that are not finite, an optimizer, sums and counters.
// It has the bits of one launch for each of them.
#include <cmath>
#include <cstring>
#include <limits>

#include "support/devices.h"

extern "C" {
#include "graph/graph_impl.h"
#include "graph/plan.h"
}

namespace {

using namespace glia;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Ending {
    const char *optimizer;
    int states;
    glia_dtype dtype = GLIA_F32;
    glia_dtype half  = GLIA_F32;  // f32: none
};

constexpr Ending kEndings[] = {{"sgd", 1}, {"adam", 2}, {"adagrad", 1}, {"rmsprop", 3}};

// Blocks of 1024 numbers: less than one, and more than the emulator runs at once.
constexpr int64_t kSizes[] = {5, 33 * 1024 + 3};

class Step {
   public:
    Step(glia_context *ctx, const Ending &ending, int64_t n) : ctx_(ctx), ending_(ending), n_(n) {
        EXPECT_EQ(glia_graph_create(ctx, &graph_), GLIA_OK);
        keep_(graph_, glia_graph_destroy);
        loss     = tensor(ending.dtype, {}, {2.5});
        gradient = tensor(ending.dtype, {n}, wave(1));
        failed   = tensor(GLIA_I64, {}, {0});
        counters = tensor(GLIA_I64, {3}, {1, 1, 40});
        sums     = tensor(GLIA_F64, {2}, {10, 20});
        rate     = tensor(GLIA_F32, {}, {0.01});
        param    = tensor(ending.dtype, {n}, wave(2));
        for (int i = 0; i < ending.states; ++i) state.push_back(tensor(ending.dtype, {n}, square_wave()));
        if (ending.half != GLIA_F32) half = tensor(ending.half, {n}, std::vector<double>(size_t(n)));
    }

    // Runs three times: launched, recorded, replayed.
    void run(bool checks, bool adds, const gli_plan_options &options, int *group) {
        glia_value skip{0};
        const glia_value all = value(counters), grad = value(gradient), total = value(loss);
        const auto counter = [&](int i) { return gli_graph_view(graph_, all, i, GLIA_SCALAR); };
        if (checks) {
            const glia_value in[] = {total, counter(0), value(failed), grad};
            skip                  = glia_graph_call(graph_, "check_finite", nullptr, in, 4, nullptr, 0);
            if (notes) glia_graph_assign(graph_, value(failed), skip);
        }
        update(grad, counter(1), skip);
        if (adds) add(total, all);
        glia_plan *plan = nullptr;
        ASSERT_EQ(gli_plan_create(graph_, nullptr, 0, &options, &plan), GLIA_OK) << glia_message(ctx_);
        *group = 0;
        for (int s = 0; s < plan->n_steps; ++s) *group = std::max(*group, plan->steps[s].group);
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(glia_plan_run(plan, nullptr, 0, nullptr, 0), GLIA_OK) << glia_message(ctx_);
        glia_plan_destroy(plan);
    }

    // All that a step changes.
    std::vector<std::vector<char>> bytes() const {
        std::vector<std::vector<char>> out;
        std::vector<glia_tensor *> all = state;
        all.insert(all.end(), {param, failed, counters, sums, gradient});
        if (half) all.push_back(half);
        for (glia_tensor *t : all) {
            out.emplace_back(size_t(glia_tensor_count(t)) * glia_dtype_size(t->dtype));
            EXPECT_EQ(glia_tensor_read(t, out.back().data(), out.back().size()), GLIA_OK) << glia_message(ctx_);
        }
        return out;
    }

    void set(glia_tensor *t, int64_t at, float number) {
        ASSERT_EQ(t->dtype, GLIA_F32);
        auto numbers        = read<float>(t);
        numbers[size_t(at)] = number;
        ASSERT_EQ(glia_tensor_write(t, numbers.data(), numbers.size() * sizeof(float)), GLIA_OK);
    }

    glia_tensor *loss, *gradient, *failed, *counters, *sums, *rate, *param, *half = nullptr;
    std::vector<glia_tensor *> state;
    bool notes = true;  // in the tensor `failed`

   private:
    std::vector<double> wave(int seed) const {
        std::vector<double> out(static_cast<size_t>(n_));
        for (size_t i = 0; i < out.size(); ++i) out[i] = std::sin(double(i) * (seed + 0.5));
        return out;
    }
    std::vector<double> square_wave() const {
        std::vector<double> out = wave(int(state.size()) + 3);
        for (double &x : out) x *= x;
        return out;
    }
    glia_tensor *tensor(glia_dtype dtype, const std::vector<int64_t> &dims, const std::vector<double> &values) {
        std::vector<char> bytes(values.size() * glia_dtype_size(dtype));
        glia_tensor host{};
        gli_set_shape(&host, dtype, int(dims.size()), dims.data());
        host.data = bytes.data();
        gli_tensor_from_double(&host, values.data());
        return tensor_of(ctx_, keep_, dtype, dims, bytes);
    }
    glia_value value(glia_tensor *t) {
        for (const auto &[known, v] : values_)
            if (known == t) return v;
        values_.emplace_back(t, glia_graph_tensor(graph_, "state", t));
        return values_.back().second;
    }
    void update(glia_value grad, glia_value step, glia_value skip) {
        std::vector<glia_value> in = {value(param), grad, value(rate)};
        if (strcmp(ending_.optimizer, "adam") == 0) in.push_back(step);
        for (glia_tensor *s : state) in.push_back(value(s));
        in.push_back(skip);
        if (half) in.push_back(value(half));
        std::vector<glia_value> out(state.size() + 1 + (half ? 1 : 0));
        glia_graph_call(graph_, ending_.optimizer, nullptr, in.data(), int(in.size()), out.data(), int(out.size()));
        glia_graph_assign(graph_, value(param), out[0]);
        for (size_t i = 0; i < state.size(); ++i) glia_graph_assign(graph_, value(state[i]), out[i + 1]);
        if (half) glia_graph_assign(graph_, value(half), out.back());
    }
    void add(glia_value total, glia_value all) {
        const glia_accumulate_params params{.factor = 8, .weight = 8, .by = {}};
        const glia_value in[] = {total, {0}, value(sums)};
        glia_graph_assign(graph_, value(sums), glia_graph_call(graph_, "accumulate", &params, in, 3, nullptr, 0));
        const glia_increment_params by{{1, 1, 8}};
        glia_graph_assign(graph_, all, glia_graph_call(graph_, "increment", &by, &all, 1, nullptr, 0));
    }

    glia_context *ctx_;
    Ending ending_;
    int64_t n_;
    glia_graph *graph_ = nullptr;
    Keep keep_;
    std::vector<std::pair<glia_tensor *, glia_value>> values_;
};

class CudaChains : public OnDevice {
   protected:
    // That such a step is one group of so many, with the bits of its calls one by one.
    void expect_chain(const Ending &ending, int64_t n, bool checks, bool adds, float gradient, float loss) {
        Computer c(device());
        std::vector<std::vector<char>> got[2];
        for (bool alone : {false, true}) {
            Step step(c.ctx, ending, n);
            int group;
            if (gradient != 0) step.set(step.gradient, n - 1, gradient);
            if (loss != 0) step.set(step.loss, 0, loss);
            step.run(checks, adds, {.ungrouped = alone}, &group);
            EXPECT_EQ(group, alone ? 1 : 1 + checks + adds);
            got[alone] = step.bytes();
            EXPECT_EQ(read<int64_t>(step.failed)[0], checks && (gradient != 0 || loss != 0) ? 1 : 0);
            EXPECT_EQ(read<int64_t>(step.counters)[2], adds ? 40 + 3 * 8 : 40);
        }
        EXPECT_EQ(got[0], got[1]) << ending.optimizer << " of " << n << (checks ? ", checked" : "");
    }
};

TEST_P(CudaChains, have_the_bits_of_their_calls) {
    for (const Ending &ending : kEndings)
        for (int64_t n : kSizes) expect_chain(ending, n, true, true, 0, 0);
}

TEST_P(CudaChains, of_some_of_the_calls) {
    for (int64_t n : kSizes) {
        expect_chain({"adam", 2}, n, true, false, 0, 0);
        expect_chain({"adam", 2}, n, false, true, 0, 0);
    }
}

TEST_P(CudaChains, of_other_dtypes) {
    for (Ending ending : kEndings) {
        ending.dtype = GLIA_F64;
        expect_chain(ending, kSizes[0], true, true, 0, 0);
    }
    expect_chain({"adam", 2, GLIA_F32, GLIA_BF16}, kSizes[1], true, true, 0, 0);
    expect_chain({"adam", 2, GLIA_F32, GLIA_F16}, kSizes[0], true, true, 0, 0);
}

// Whichever block finds it, and wherever it is, all blocks leave the step out.
TEST_P(CudaChains, leave_out_a_step_that_is_not_finite) {
    for (int64_t n : kSizes) {
        expect_chain({"adam", 2}, n, true, true, kInfinity, 0);
        expect_chain({"rmsprop", 3}, n, true, true, 0, NAN);
        Computer c(device());
        Step step(c.ctx, {"sgd", 1}, n);
        const auto before = read<float>(step.param);
        int group;
        step.set(step.gradient, n - 1, NAN);
        step.run(true, true, {}, &group);
        EXPECT_EQ(read<float>(step.param), before);
        EXPECT_EQ(read<int64_t>(step.failed)[0], 1);
    }
}

TEST_P(CudaChains, leave_what_has_failed_as_it_is_where_the_check_is_of_one_step) {
    Computer c(device());
    Step step(c.ctx, {"sgd", 1}, kSizes[1]);
    const auto before = read<float>(step.param);
    int group;
    step.notes = false;
    step.set(step.gradient, 0, kInfinity);
    step.run(true, true, {}, &group);
    EXPECT_EQ(group, 3);
    EXPECT_EQ(read<float>(step.param), before);
    EXPECT_EQ(read<int64_t>(step.failed)[0], 0);
}

TEST_P(CudaChains, are_calls_of_their_own_where_each_is_looked_at) {
    const Variable shadow("GLIA_CHECK", "shadow"), log("GLIA_LOG", "time");
    Computer c(device());
    Step step(c.ctx, {"adam", 2}, kSizes[0]);
    int group;
    step.run(true, true, {}, &group);
    EXPECT_EQ(group, 3);
    EXPECT_EQ(c.count("time check_finite cuda."), 3);
    EXPECT_EQ(c.count("time accumulate cuda."), 3);
    EXPECT_FALSE(c.logged("differs"));
}

INSTANTIATE_TEST_SUITE_P(device, CudaChains, testing::Values("emulated", "emulated:race", "ptx", "cuda:0"),
                         [](const auto &info) { return std::string(info.param) == "ptx" ? "ptx" : device_name(info); });

}  // namespace

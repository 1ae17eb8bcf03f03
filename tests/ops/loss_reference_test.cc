// The losses against numbers worked out by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/call.h"
#include "support/case.h"
#include "support/everywhere.h"
#include "support/params.h"
#include "support/suite.h"

namespace {

using namespace glia;
using Values = std::vector<double>;

template <class Params>
Values run(const gli_op &op, const Params &params, const std::vector<Array> &in, const char *provider = "cpu.ref") {
    Session session(provider);
    const Result result = session.call(op, params, in);
    EXPECT_EQ(result.status, GLIA_OK) << result.message;
    return result.out.empty() ? Values{} : result.out[0].values;
}

void near(const Values &got, const Values &want, double within = 1e-14) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], within) << "element " << i;
}

Array classes(const Values &values) { return {{int64_t(values.size())}, values, GLIA_I64}; }
Array as_f32(Array array) { return array.dtype = GLIA_F32, array; }

using CE          = params::cross_entropy;
const gli_op &kCe = gli_op_cross_entropy, &kBack = gli_op_cross_entropy_backward;

// Log-probabilities that need no logarithm by hand; they need not add up to 1.
const Array kLogs{{2, 2}, {-1, -2, -3, -4}}, kTarget = classes({0, 1}), kWeights{{2}, {2, 3}};
const CE kFromLogs{.from = GLIA_FROM_LOG_PROBABILITIES};

CE from_logs(glia_reduction reduction, double smoothing = 0) {
    return {.from = GLIA_FROM_LOG_PROBABILITIES, .reduction = reduction, .label_smoothing = smoothing};
}

TEST(CrossEntropy, of_logits) {
    // log(e^1 + e^2 + e^3) - 3 = log(1 + e^-1 + e^-2)
    near(run(kCe, CE{}, {{{1, 3}, {1, 2, 3}}, classes({2})}), {0.40760596444438});
    near(run(kCe, CE{}, {{{1, 2}, {5, 5}}, classes({0})}), {std::log(2.0)});
}

TEST(CrossEntropy, large_logits_do_not_overflow) {
    for (const char *provider : {"cpu.ref", "cpu.native"}) {
        near(run(kCe, CE{}, {as_f32({{1, 3}, {10000, 10001, 10003}}), classes({2})}, provider),
             {std::log1p(std::exp(-2.0) + std::exp(-3.0))}, 1e-3);
        near(run(kCe, CE{}, {as_f32({{1, 2}, {-std::numeric_limits<double>::infinity(), 0}}), classes({1})}, provider),
             {0});
    }
}

TEST(CrossEntropy, reductions) {
    near(run(kCe, kFromLogs, {kLogs, kTarget}), {2.5});
    near(run(kCe, from_logs(GLIA_REDUCTION_SUM), {kLogs, kTarget}), {5});
    near(run(kCe, from_logs(GLIA_REDUCTION_NONE), {kLogs, kTarget}), {1, 4});
}

TEST(CrossEntropy, a_weighted_mean_is_over_the_weights) {
    near(run(kCe, kFromLogs, {kLogs, kTarget, kWeights}), {(2 * 1 + 3 * 4) / 5.0});
    near(run(kCe, from_logs(GLIA_REDUCTION_SUM), {kLogs, kTarget, kWeights}), {14});
    near(run(kCe, from_logs(GLIA_REDUCTION_NONE), {kLogs, kTarget, kWeights}), {2, 12});
}

// PyTorch's two terms: (1 - s) nll + s/C (-sum of w[c] log p[c]), both means over the weights of the targets.
TEST(CrossEntropy, label_smoothing) {
    near(run(kCe, from_logs(GLIA_REDUCTION_MEAN, 0.5), {kLogs, kTarget}), {0.5 * 2.5 + 0.25 * (3 + 7) / 2});
    near(run(kCe, from_logs(GLIA_REDUCTION_MEAN, 0.5), {kLogs, kTarget, kWeights}),
         {0.5 * 2.8 + 0.25 * ((2 * 1 + 3 * 2) + (2 * 3 + 3 * 4)) / 5});
    near(run(kCe, from_logs(GLIA_REDUCTION_NONE, 0.5), {kLogs, kTarget}), {0.5 * 1 + 0.25 * 3, 0.5 * 4 + 0.25 * 7});
}

TEST(CrossEntropy, ignored_items_count_for_nothing) {
    CE p     = kFromLogs;
    p.ignore = true, p.ignore_index = -100;
    const Array half = classes({0, -100}), none = classes({-100, -100});
    near(run(kCe, p, {kLogs, half}), {1});
    near(run(kCe, p, {kLogs, half, kWeights}), {1});
    near(run(kCe, p, {kLogs, none}), {0});
    p.reduction = GLIA_REDUCTION_SUM;
    near(run(kCe, p, {kLogs, none}), {0});
    p.reduction = GLIA_REDUCTION_NONE;
    near(run(kCe, p, {kLogs, half}), {1, 0});
    p.reduction = GLIA_REDUCTION_MEAN;
    near(run(kBack, p, {kLogs, half, ABSENT, {{}, {1}}}), {-1, 0, 0, 0});
    near(run(kBack, p, {kLogs, none, ABSENT, {{}, {1}}}), {0, 0, 0, 0});
}

TEST(CrossEntropy, probabilities_as_target) {
    const Array t{{2, 2}, {0.25, 0.75, 1, 0}};
    near(run(kCe, kFromLogs, {kLogs, t}), {(0.25 + 1.5 + 3) / 2});
    near(run(kCe, kFromLogs, {kLogs, t, kWeights}), {(0.25 * 2 + 1.5 * 3 + 3 * 2) / 2});  // not over the weights
    near(run(kCe, from_logs(GLIA_REDUCTION_NONE, 0.5), {kLogs, t}),
         {(0.125 + 0.25) * 1 + (0.375 + 0.25) * 2, (0.5 + 0.25) * 3 + 0.25 * 4});
}

TEST(CrossEntropy, classes_stand_in_dimension_1) {
    const Array x{{1, 2, 3}, {-1, -2, -3, -4, -5, -6}}, t{{1, 3}, {0, 1, 0}, GLIA_I32};
    near(run(kCe, from_logs(GLIA_REDUCTION_NONE), {x, t}), {1, 5, 3});
    near(run(kBack, kFromLogs, {x, t, ABSENT, {{}, {3}}}), {-1, 0, -1, 0, -1, 0});
}

TEST(CrossEntropy, probabilities_are_clamped_to_1e_7) {
    const CE p{.from = GLIA_FROM_PROBABILITIES, .reduction = GLIA_REDUCTION_NONE};
    near(run(kCe, p, {{{3, 2}, {0.5, 0.5, 0, 1, 0, 1}}, classes({0, 0, 1})}), {std::log(2.0), 16.11809565095832, 0});
    near(run(kBack, p, {{{3, 2}, {0.5, 0.5, 0, 1, 0, 1}}, classes({0, 0, 1}), ABSENT, {{3}, {1, 1, 1}}}),
         {-2, 0, 0, 0, 0, -1});
}

TEST(CrossEntropyBackward, softmax_less_target) {
    near(run(kBack, CE{}, {{{2, 2}, {7, 7, 0, 0}}, kTarget, ABSENT, {{}, {1}}}), {-0.25, 0.25, 0.25, -0.25});
    near(run(kBack, CE{}, {{{2, 2}, {7, 7, 0, 0}}, kTarget, kWeights, {{}, {5}}}), {-1, 1, 1.5, -1.5});
    near(run(kBack, CE{.reduction = GLIA_REDUCTION_NONE}, {{{2, 2}, {7, 7, 0, 0}}, kTarget, ABSENT, {{2}, {2, 4}}}),
         {-1, 1, 2, -2});
}

// Class 0 is a class, smoothing by 0 is none, and a weight of 0 takes an item out, whoever computes.
TEST(CrossEntropy, zero_is_a_number) {
    const Array logs = as_f32(kLogs), zeros = as_f32({{2}, {0, 0}}), half = as_f32({{2}, {0, 3}});
    const CE first{
        .from = GLIA_FROM_LOG_PROBABILITIES, .reduction = GLIA_REDUCTION_NONE, .ignore_index = 0, .ignore = true};
    CE kept     = first;
    kept.ignore = false;
    expect_everywhere(kCe, first, {logs, kTarget}, {0, 4});
    expect_everywhere(kCe, kept, {logs, kTarget}, {1, 4});
    expect_everywhere(kCe, from_logs(GLIA_REDUCTION_NONE, 0), {logs, kTarget}, {1, 4});
    expect_everywhere(kCe, from_logs(GLIA_REDUCTION_NONE), {logs, kTarget, half}, {0, 12});
    expect_everywhere(kCe, from_logs(GLIA_REDUCTION_SUM), {logs, kTarget, zeros}, {0});
    expect_everywhere(kCe, kFromLogs, {logs, kTarget, half}, {4});  // over the weights 0 and 3
}

// The weight of another class multiplies nothing, whether the target is a class or probabilities.
TEST(CrossEntropy, an_infinite_weight_counts_where_its_class_has_a_share) {
    const Array x = as_f32({{2, 2}, {7, 7, 0, 0}}), logs = as_f32(kLogs), dy = as_f32({{2}, {1, 1}});
    for (double odd : {double(INFINITY), std::nan("")})
        for (const Array &target : {classes({1, 1}), as_f32({{2, 2}, {0, 1, 0, 1}})}) {
            const Array weights = as_f32({{2}, {odd, 3}});
            const CE none{.reduction = GLIA_REDUCTION_NONE};
            expect_everywhere(kCe, from_logs(GLIA_REDUCTION_NONE), {logs, target, weights}, {6, 12});
            expect_everywhere(kCe, from_logs(GLIA_REDUCTION_SUM), {logs, target, weights}, {18});
            expect_everywhere_near(kCe, none, {x, target, weights}, {3 * std::log(2.0), 3 * std::log(2.0)});
            expect_everywhere(kBack, none, {x, target, weights, dy}, {1.5, -1.5, 1.5, -1.5});
        }
}

TEST(CrossEntropyBackward, of_huge_weights_smoothed) {
    const Array x = as_f32({{1, 2}, {0, 0}}), weights = as_f32({{2}, {3e38, 1}}), dy = as_f32({{}, {1}});
    expect_everywhere_near(kBack, CE{.label_smoothing = 0.5}, {x, classes({0}), weights, dy}, {-0.375, 0.375});
}

// A batch without a label or a weight that counts: 0 / 0 would go into every weight of a model.
TEST(CrossEntropy, the_mean_of_nothing_is_0) {
    const Array one = as_f32({{}, {1}}), zeros = as_f32({{2}, {0, 0}}), half = as_f32({{2}, {0, 3}});
    const Array none = classes({-100, -100}), first = classes({0, 0});
    for (double smoothing : {0.0, 0.5})
        for (glia_cross_entropy_from from : {GLIA_FROM_LOGITS, GLIA_FROM_LOG_PROBABILITIES, GLIA_FROM_PROBABILITIES}) {
            const CE p{.from = from, .ignore_index = -100, .ignore = true, .label_smoothing = smoothing};
            const Array x = as_f32(from == GLIA_FROM_PROBABILITIES ? Array{{2, 2}, {0.25, 0.75, 0.5, 0.5}} : kLogs);
            for (const auto &[target, weight] :
                 {std::pair(none, ABSENT), {none, half}, {kTarget, zeros}, {first, half}}) {
                expect_everywhere(kCe, p, {x, target, weight}, {0});
                expect_everywhere(kBack, p, {x, target, weight, one}, {0, 0, 0, 0});
            }
        }
    const Array no_items{{0, 2}, {}, GLIA_F32}, no_classes{{0}, {}, GLIA_I64};
    expect_everywhere(kCe, CE{}, {no_items, no_classes}, {0});
    expect_everywhere(kCe, CE{}, {no_items, no_items}, {0});
}

TEST(Nll, reads_log_probabilities) {
    Session s;
    glia_tensor *y = s.tensor({{}, {}});
    ASSERT_EQ(glia_nll(s.ctx(), nullptr, s.tensor(kLogs), s.tensor(kTarget), nullptr, y), GLIA_OK)
        << glia_message(s.ctx());
    near(s.values(y), {2.5});
}

// ---- loss

using L             = params::loss;
const gli_op &kLoss = gli_op_loss, &kLossBack = gli_op_loss_backward;
const Array kP{{4}, {1, 2, -3, 0.5}}, kT{{4}, {1, 0, 1, 0}};
L none(glia_loss_kind kind, double delta = 1) {
    return {.kind = kind, .reduction = GLIA_REDUCTION_NONE, .delta = delta};
}
Values slopes(const L &p, const Array &prediction, const Array &target) {
    return run(kLossBack, p, {prediction, target, ABSENT, {{4}, {1, 1, 1, 1}}});
}

TEST(Loss, terms) {
    near(run(kLoss, none(GLIA_LOSS_MSE), {kP, kT}), {0, 4, 16, 0.25});
    near(run(kLoss, none(GLIA_LOSS_MAE), {kP, kT}), {0, 2, 4, 0.5});
    near(run(kLoss, none(GLIA_LOSS_HUBER), {kP, kT}), {0, 1.5, 3.5, 0.125});
    near(run(kLoss, none(GLIA_LOSS_HUBER, 2), {kP, kT}), {0, 2, 6, 0.125});
    near(slopes(none(GLIA_LOSS_MSE), kP, kT), {0, 4, -8, 1});
    near(slopes(none(GLIA_LOSS_MAE), kP, kT), {0, 1, -1, 1});
    near(slopes(none(GLIA_LOSS_HUBER), kP, kT), {0, 1, -1, 0.5});
}

TEST(Loss, binary_cross_entropy) {
    const Array p{{4}, {0.5, 0.25, 0, 1}}, t{{4}, {1, 0, 1, 1}};
    near(run(kLoss, none(GLIA_LOSS_BCE), {p, t}), {std::log(2.0), std::log(4.0 / 3), 100, 0});
    near(slopes(none(GLIA_LOSS_BCE), {{4}, {0.5, 0.25, 0.5, 0.75}}, t), {-2, 4.0 / 3, -2, -4.0 / 3});
    const Array x{{4}, {0, 1000, -1000, 0}}, u{{4}, {1, 0, 0, 0.5}};
    near(run(kLoss, none(GLIA_LOSS_BCE_LOGITS), {x, u}), {std::log(2.0), 1000, 0, std::log(2.0)});
    near(slopes(none(GLIA_LOSS_BCE_LOGITS), x, u), {-0.5, 1, 0, 0});
}

TEST(Loss, kullback_leibler) {
    const Array p{{4}, {-1, -2, -3, 0}}, t{{4}, {1, 0, 0.5, 1}};
    near(run(kLoss, none(GLIA_LOSS_KL), {p, t}), {1, 0, 0.5 * (std::log(0.5) + 3), 0});
    L log_target          = none(GLIA_LOSS_KL);
    log_target.log_target = true;
    near(run(kLoss, log_target, {p, {{4}, {0, 0, -1, 0}}}), {1, 2, std::exp(-1.0) * 2, 0});
    near(slopes(none(GLIA_LOSS_KL), p, t), {-1, 0, -0.5, -1});
}

// Means that fit f32 where their terms do not, and terms with weight 0.
TEST(Loss, terms_beyond_f32) {
    const Array zeros = as_f32({{4}, {0, 0, 0, 0}}), first = as_f32({{4}, {0, 1, 1, 1}});
    const auto of = [](double p) { return as_f32({{4}, {p, 2, 0, 0}}); };
    const L mse{.kind = GLIA_LOSS_MSE}, huber{.kind = GLIA_LOSS_HUBER, .delta = 1e20};
    expect_everywhere_near(kLoss, mse, {of(0x1p64), zeros}, {0x1p126});
    expect_everywhere_near(kLoss, huber, {of(0x1p65), zeros}, {0x1p127});
    expect_everywhere_near(kLoss, mse, {of(1e30), zeros, first}, {1});
}

TEST(Loss, reductions_and_weights) {
    const Array p{{2, 2}, {1, 2, -3, 0.5}}, t{{2, 2}, {1, 0, 1, 0}};
    near(run(kLoss, L{}, {p, t}), {20.25 / 4});
    near(run(kLoss, L{.reduction = GLIA_REDUCTION_SUM}, {p, t}), {20.25});
    near(run(kLoss, L{}, {p, t, {{2}, {1, 2}}}), {(4 + 2 * 16.25) / 4});
    near(run(kLoss, L{}, {p, t, {{2, 2}, {9, 1, 0, 4}}}), {(4 + 0 + 1) / 4.0});
    near(run(kLossBack, L{}, {p, t, {{2}, {1, 2}}, {{}, {2}}}), {0, 2, -8, 1});
}

TEST(Loss, a_weight_of_zero_takes_a_term_out) {
    const Array p = as_f32({{2, 2}, {1, 2, -3, 0.5}}), t = as_f32({{2, 2}, {1, 0, 1, 0}}), half = as_f32({{2}, {0, 2}}),
                zeros = as_f32({{2}, {0, 0}}), dy = as_f32({{}, {1}});
    expect_everywhere(kLoss, L{.reduction = GLIA_REDUCTION_SUM}, {p, t, half}, {32.5});
    expect_everywhere(kLoss, L{}, {p, t, half}, {32.5 / 4});  // over all terms, whatever the weights
    expect_everywhere(kLoss, L{}, {p, t, zeros}, {0});
    expect_everywhere(kLossBack, L{.reduction = GLIA_REDUCTION_SUM}, {p, t, half, dy}, {0, 0, -16, 2});
    expect_everywhere(kLossBack, L{}, {p, t, zeros, dy}, {0, 0, 0, 0});
}

// --- a loss and its gradient by one call ---

// What a provider computes in f32: the loss by its own op, the gradient alone, and both.
struct Together {
    Values y, dx, both_y, both_dx;
};

Together together(const gli_provider &provider, const char *device, const gli_op &forward, const Case &c) {
    Session session(provider.name, device);
    std::vector<Array> in;
    std::vector<const glia_tensor *> tensors;
    for (size_t i = 0; i < c.inputs.size(); ++i) {
        const bool absent = c.inputs[i].content == Content::absent;
        in.push_back(absent
                         ? ABSENT
                         : Array{c.inputs[i].dims, values_of(c, i, Regime::reals, GLIA_F32), dtype_of(c, i, GLIA_F32)});
        tensors.push_back(session.tensor(in.back()));
    }
    Together t;
    const Result both = session.call_raw(*c.op, c.params.data(), in);
    if (both.status != GLIA_OK) return t;
    t.both_dx = both.out[0].values, t.both_y = both.out[1].values;
    glia_tensor *dx = session.tensor({both.out[0].dims, {}, GLIA_F32});
    EXPECT_EQ(gli_call_op(session.ctx(), c.op, c.params.data(), int(tensors.size()), tensors.data(), 1, &dx), GLIA_OK);
    t.dx = session.values(dx);
    in.pop_back();  // dy
    const Result alone = session.call_raw(forward, c.params.data(), in);
    EXPECT_EQ(alone.status, GLIA_OK) << alone.message;
    if (alone.status == GLIA_OK) t.y = alone.out[0].values;
    return t;
}

// Returns how many calls were compared.
int expect_the_same_bits(const gli_op &forward, const gli_op &backward) {
    int compared = 0;
    for (const char *device : {"cpu", "emulated"}) {
        gli_device_choice choice;
        if (gli_device_find(device, &choice) != GLIA_OK) continue;
        for (const gli_provider *const *it = choice.device->providers(&backward); *it; ++it)
            for (const Case &c : all_cases()) {
                if (c.op != &backward || c.bench) continue;
                const Together t = together(**it, device, forward, c);
                compared += !t.both_y.empty();
                EXPECT_EQ(t.both_y, t.y) << c.name << " by " << (*it)->name;
                EXPECT_EQ(t.both_dx, t.dx) << c.name << " by " << (*it)->name;
            }
    }
    return compared;
}

TEST(CrossEntropyBackward, has_the_bits_of_the_loss_and_of_the_gradient_alone) {
    EXPECT_GT(expect_the_same_bits(kCe, kBack), 60);
}

TEST(LossBackward, has_the_bits_of_the_loss_and_of_the_gradient_alone) {
    EXPECT_GT(expect_the_same_bits(gli_op_loss, gli_op_loss_backward), 40);
}

}  // namespace

// The metrics against counts made by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "support/call.h"
#include "support/everywhere.h"
#include "support/params.h"

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

Array classes(const Values &values) { return {{int64_t(values.size())}, values, GLIA_I64}; }
const Array kCounts{{2}, {10, 20}};

struct Accuracy : testing::TestWithParam<const char *> {
    Values count(const params::accuracy &p, const Array &prediction, const Array &target) {
        Array x = prediction;
        x.dtype = GLIA_F32;
        return run(gli_op_accuracy, p, {x, target, kCounts}, GetParam());
    }
};

TEST_P(Accuracy, counts_the_best_class) {
    const Array x{{4, 3}, {1, 9, 2, 8, 2, 1, 5, 5, 0, 1, 2, 3}};
    EXPECT_EQ(count({}, x, classes({1, 1, 1, 2})), (Values{12, 24}));  // of equals the first is better
    EXPECT_EQ(count({}, x, classes({1, 0, 0, 2})), (Values{14, 24}));
    EXPECT_EQ(count({.k = 2}, x, classes({0, 1, 1, 0})), (Values{12, 24}));
    EXPECT_EQ(count({.ignore_index = -1, .ignore = true}, x, classes({1, -1, -1, 0})), (Values{11, 22}));
}

TEST_P(Accuracy, a_nan_is_never_right) {
    const Array x{{3, 2}, {NAN, 1, NAN, 1, 0, NAN}};
    EXPECT_EQ(count({}, x, classes({0, 1, 0})), (Values{10, 23}));
    EXPECT_EQ(count({.k = 2}, x, classes({0, 1, 0})), (Values{12, 23}));
    EXPECT_EQ(count({.k = 3}, x, classes({0, 1, 1})), (Values{11, 23}));
}

INSTANTIATE_TEST_SUITE_P(cpu, Accuracy, testing::Values("cpu.ref", "cpu.native"),
                         [](const auto &info) { return std::string(info.param + 4); });

TEST(BinaryAccuracy, compares_with_a_threshold) {
    const params::accuracy half{.binary = true}, low{.binary = true, .threshold = 0.2},
        logits{.binary = true, .logits = true};
    const Array p{{4}, {0.3, 0.5, 0.6, NAN}}, t{{4}, {0, 0, 1, 0}};
    EXPECT_EQ(run(gli_op_accuracy, half, {p, t, kCounts}), (Values{13, 24}));
    EXPECT_EQ(run(gli_op_accuracy, low, {p, t, kCounts}), (Values{11, 24}));
    EXPECT_EQ(run(gli_op_accuracy, logits, {p, t, kCounts}), (Values{11, 24}));
    EXPECT_EQ(run(gli_op_accuracy, logits, {{{2}, {-0.1, 0.1}}, classes({0, 1}), kCounts}), (Values{12, 22}));
}

// For outputs from -1 to 1, as of a tanh; with logits every finite number's sigmoid is above 0.
TEST(BinaryAccuracy, a_threshold_may_be_zero) {
    const Array p{{6}, {-0.5, 0.25, 0.75, 0, -1, NAN}, GLIA_F32}, t{{6}, {0, 1, 1, 0, 1, 0}, GLIA_F32};
    expect_everywhere(gli_op_accuracy, params::accuracy{.binary = true, .threshold = 0}, {p, t, kCounts}, {14, 26});
    expect_everywhere(gli_op_accuracy, params::accuracy{.binary = true, .threshold = 0, .logits = true},
                      {p, t, kCounts}, {13, 26});
    expect_everywhere(gli_op_accuracy, params::accuracy{.binary = true, .threshold = 1}, {p, t, kCounts}, {12, 26});
    expect_everywhere(gli_op_accuracy, params::accuracy{.binary = true, .threshold = 1, .logits = true},
                      {p, t, kCounts}, {12, 26});
}

TEST(Accuracy, class_zero_may_be_the_ignored_one) {
    const Array x{{3, 2}, {9, 1, 1, 9, 9, 1}, GLIA_F32};
    expect_everywhere(gli_op_accuracy, params::accuracy{.ignore_index = 0, .ignore = true},
                      {x, classes({0, 1, 1}), kCounts}, {11, 22});
    expect_everywhere(gli_op_accuracy, params::accuracy{}, {x, classes({0, 1, 1}), kCounts}, {12, 23});
}

// Any finite number is a threshold of logits: no sigmoid is above 1, and each of a finite logit is above 0.
TEST(BinaryAccuracy, takes_thresholds_from_end_to_end) {
    const Array p{{4}, {0, 0.5, 1, NAN}}, logits{{4}, {-30, 0, 30, NAN}}, yes{{4}, {1, 1, 1, 1}};
    const auto above = [&](double threshold, bool of_logits) {
        const params::accuracy params{.binary = true, .threshold = threshold, .logits = of_logits};
        return run(gli_op_accuracy, params, {of_logits ? logits : p, yes, kCounts})[0] - 10;
    };
    EXPECT_EQ(above(0, false), 2);
    EXPECT_EQ(above(1, false), 0);
    EXPECT_EQ(above(0.25, true), 2);
    EXPECT_EQ(above(0.75, true), 1);
    for (double all : {0.0, -0.0, -0.5, -1e300}) EXPECT_EQ(above(all, true), 3) << all;
    for (double none : {1.0, 1.5, 1e300}) EXPECT_EQ(above(none, true), 0) << none;
}

TEST(Accuracy, scores_as_target) {
    const Array x{{2, 2}, {1, 2, 2, 1}}, t{{2, 2}, {0.25, 0.75, 0.5, 0.5}};
    EXPECT_EQ(run(gli_op_accuracy, params::accuracy{}, {x, t, kCounts}), (Values{12, 22}));
}

TEST(ConfusionMatrix, rows_are_targets) {
    const Array x{{4, 2}, {1, 9, 8, 2, 5, 5, 1, NAN}}, matrix{{2, 2}, {1, 2, 3, 4}, GLIA_I64};
    EXPECT_EQ(run(gli_op_confusion_matrix, params::confusion_matrix{}, {x, classes({0, 0, 1, 1}), matrix}),
              (Values{2, 3, 4, 5}));
    EXPECT_EQ(run(gli_op_confusion_matrix, params::confusion_matrix{9, true}, {x, classes({0, 9, 9, 1}), matrix}),
              (Values{1, 3, 3, 5}));
}

TEST(ConfusionMatrix, counts_above_2_53_are_exact_and_wrap_at_2_63) {
    Session s;
    for (const auto &[before, after] :
         {std::pair((int64_t(1) << 53) + 1, (int64_t(1) << 53) + 2), {INT64_MAX, INT64_MIN}}) {
        glia_tensor *m = s.tensor({{1, 1}, {}, GLIA_I64});
        ASSERT_EQ(glia_tensor_write(m, &before, 8), GLIA_OK);
        ASSERT_EQ(glia_confusion_matrix(s.ctx(), nullptr, s.tensor({{1, 1}, {1}}), s.tensor(classes({0})), m, m),
                  GLIA_OK)
            << glia_message(s.ctx());
        EXPECT_EQ(*static_cast<int64_t *>(glia_tensor_data(m)), after);
    }
}

TEST(Accumulate, weighs) {
    const Array sums{{2}, {1, 2}, GLIA_F64}, terms{{2, 2}, {1, 2, 3, 4.5}}, weights{{3}, {0.5, 0, 2}, GLIA_F64};
    EXPECT_EQ(run(gli_op_accumulate, params::accumulate{4, 5}, {{{}, {2.5}}, ABSENT, sums}), (Values{11, 7}));
    EXPECT_EQ(run(gli_op_accumulate, params::accumulate{2, 5}, {terms, ABSENT, sums}), (Values{22, 7}));
    EXPECT_EQ(run(gli_op_accumulate, params::accumulate{2, 5}, {terms, weights, sums}), (Values{22, 4.5}));
    expect_everywhere(gli_op_accumulate, params::accumulate{0, 0}, {{{}, {2.5}}, ABSENT, sums}, {1, 2});
    for (const auto &[provider, out] : everywhere_raw(gli_op_accumulate, nullptr, {{{}, {2.5}}, ABSENT, sums}))
        EXPECT_EQ(out.at(0).values, (Values{3.5, 3})) << provider;
}

TEST(Accumulate, a_count_of_items_beyond_2_24_is_exact) {
    const Array sums{{2}, {100000000, 100000000}, GLIA_F64}, one{{1}, {1}}, weight{{1}, {1}, GLIA_F64};
    expect_everywhere(gli_op_accumulate, params::accumulate{}, {one, weight, sums}, {100000001, 100000001});
}

}  // namespace

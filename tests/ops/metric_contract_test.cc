// What the metric family refuses, with which status, and whether the message names the offending values.
#include <gtest/gtest.h>

#include <cmath>

#include "support/bad_calls.h"
#include "support/case.h"
#include "support/params.h"

namespace {

using namespace glia;

Array indices(std::vector<double> values) { return {{int64_t(values.size())}, values, GLIA_I64}; }

const auto SHAPE = GLIA_SHAPE_MISMATCH, ARGUMENT = GLIA_INVALID_ARGUMENT, DTYPE = GLIA_DTYPE_MISMATCH;

std::vector<char> accuracy(const params::accuracy &p = {}) { return bytes_of(p); }
std::vector<char> confusion() { return bytes_of(params::confusion_matrix{}); }
std::vector<char> accumulate(const params::accumulate &p = {}) { return bytes_of(p); }

const std::vector<Bad> &bad_calls() {
    static const gli_op *const a = &gli_op_accuracy, *const m = &gli_op_confusion_matrix, *const u = &gli_op_accumulate;
    const Array x = dims({2, 3}), t = dims({2}, GLIA_I64), n = dims({2}, GLIA_F64), matrix = dims({3, 3}, GLIA_I64);
    static const std::vector<Bad> all = {
        bad("k_negative", a, accuracy({.k = -1}), {x, t, n}, ARGUMENT, "k is -1, must be positive"),
        bad("k_of_binary", a, accuracy({.k = 2, .binary = true}), {x, x, n}, ARGUMENT, "k is 2, binary has no classes"),
        bad("k_of_zero", a, accuracy({.k = 0}), {x, t, n}, ARGUMENT, "k is 0, must be positive"),
        bad("logits_of_classes", a, accuracy({.logits = true}), {x, t, n}, ARGUMENT, "logits is given without binary"),
        bad("threshold_large", a, accuracy({.binary = true, .threshold = 1.5}), {x, x, n}, ARGUMENT,
            "threshold is 1.5, must be 0 to 1"),
        bad("threshold_negative", a, accuracy({.binary = true, .threshold = -0.25}), {x, x, n}, ARGUMENT,
            "threshold is -0.25, must be 0 to 1"),
        bad("threshold_nan", a, accuracy({.binary = true, .threshold = NAN}), {x, x, n}, ARGUMENT,
            "threshold is nan, must be 0 to 1"),
        bad("threshold_of_logits_nan", a, accuracy({.binary = true, .threshold = NAN, .logits = true}), {x, x, n},
            ARGUMENT, "threshold is nan, must be finite"),
        bad("threshold_of_logits_infinite", a, accuracy({.binary = true, .threshold = -INFINITY, .logits = true}),
            {x, x, n}, ARGUMENT, "threshold is -inf, must be finite"),
        bad("integers", a, accuracy(), {dims({2, 3}, GLIA_I64), t, n}, DTYPE, "prediction is i64, must be a float"),
        bad("vector", a, accuracy(), {dims({3}), t, n}, SHAPE, "prediction is [3], must be [N,C,...]"),
        bad("target_shape", a, accuracy(), {x, dims({3}, GLIA_I64), n}, SHAPE, "target is [3], must be [2]"),
        bad("scores_shape", a, accuracy(), {x, dims({2}), n}, SHAPE, "target is [2], must be [2,3]"),
        bad("binary_shape", a, accuracy({.binary = true}), {x, t, n}, SHAPE, "target is [2], must be [2,3]"),
        bad("target_dtype", a, accuracy(), {x, dims({2}, GLIA_U8), n}, DTYPE, "target is u8"),
        bad("scores_dtype", a, accuracy(), {x, dims({2, 3}, GLIA_F64), n}, DTYPE, "prediction is f32, target is f64"),
        bad("scores_ignored", a, accuracy({.ignore_index = 5, .ignore = true}), {x, x, n}, ARGUMENT,
            "ignore_index 5 with a target of f32"),
        bad("counts_dtype", a, accuracy(), {x, t, dims({2})}, DTYPE, "counts is f32, must be f64"),
        bad("counts_shape", a, accuracy(), {x, t, dims({3}, GLIA_F64)}, SHAPE, "counts is [3], must be [2]"),
        bad("class_too_large", a, accuracy(), {x, indices({0, 3}), n}, ARGUMENT, "target [1] is 3, must be 0 to 2"),
        bad("prediction_shape", m, confusion(), {dims({3}), t, matrix}, SHAPE,
            "prediction is [3], must have 2 dimensions"),
        bad("matrix_shape", m, confusion(), {x, t, dims({3, 2}, GLIA_I64)}, SHAPE, "matrix is [3,2], must be [3,3]"),
        bad("matrix_dtype", m, confusion(), {x, t, dims({3, 3})}, DTYPE, "matrix is f32, must be i64"),
        bad("class_negative", m, confusion(), {x, indices({-1, 0}), matrix}, ARGUMENT,
            "target [0] is -1, must be 0 to 2"),
        bad("value_dtype", u, accumulate(), {dims({}, GLIA_I64), ABSENT, n}, DTYPE, "value is i64, must be a float"),
        bad("weight_dtype", u, accumulate(), {x, x, n}, DTYPE, "weight is f32, must be f64"),
        bad("sums_dtype", u, accumulate(), {dims({}), ABSENT, dims({2})}, DTYPE, "sums is f32, must be f64"),
        bad("sums_shape", u, accumulate(), {x, ABSENT, dims({3}, GLIA_F64)}, SHAPE, "sums is [3], must be [2]"),
        bad("weight_nan", u, accumulate({.weight = NAN}), {dims({}), ABSENT, n}, ARGUMENT, "weight is nan"),
        bad("factor_infinite", u, accumulate({.factor = INFINITY}), {dims({}), ABSENT, n}, ARGUMENT, "factor is inf"),
    };
    return all;
}

// As a kind that has no alpha does not read it.
TEST(Accuracy, classes_do_not_read_the_threshold) {
    Session s("");
    for (double threshold : {0.0, 0.3, 7.0}) {
        const Result result = s.call(gli_op_accuracy, params::accuracy{.threshold = threshold},
                                     {dims({2, 3}), indices({0, 1}), dims({2}, GLIA_F64)});
        ASSERT_EQ(result.status, GLIA_OK) << result.message;
        EXPECT_EQ(result.out[0].values, (std::vector<double>{1, 2}));  // of equals the first is the class
    }
}

INSTANTIATE_TEST_SUITE_P(metric, BadCall, testing::ValuesIn(bad_calls()), name_of_bad);

}  // namespace

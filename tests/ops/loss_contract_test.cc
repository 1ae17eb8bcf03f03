// What the loss family refuses, with which status, and whether the message names the offending values.
#include <gtest/gtest.h>

#include <cmath>

#include "support/bad_calls.h"
#include "support/case.h"
#include "support/params.h"

namespace {

using namespace glia;

Array indices(std::vector<double> values) { return {{int64_t(values.size())}, values, GLIA_I64}; }

const auto SHAPE = GLIA_SHAPE_MISMATCH, ARGUMENT = GLIA_INVALID_ARGUMENT, DTYPE = GLIA_DTYPE_MISMATCH;

std::vector<char> ce(const params::cross_entropy &p = {}) { return bytes_of(p); }
std::vector<char> loss(const params::loss &p = {}) { return bytes_of(p); }

const std::vector<Bad> &bad_calls() {
    static const gli_op *const c = &gli_op_cross_entropy, *const b = &gli_op_cross_entropy_backward;
    static const gli_op *const l = &gli_op_loss, *const d = &gli_op_loss_backward;
    const Array x = dims({2, 3}), t = dims({2}, GLIA_I64), dy = dims({});
    static const std::vector<Bad> all = {
        bad("vector", c, ce(), {dims({3}), t}, SHAPE, "x is [3], must be [N,C,...]"),
        bad("no_class", c, ce(), {dims({2, 0}), t}, SHAPE, "x is [2,0], must be [N,C,...] with at least one class"),
        bad("integers", c, ce(), {dims({2, 3}, GLIA_I32), t}, DTYPE, "x is i32, must be a float"),
        bad("target_u8", c, ce(), {x, dims({2}, GLIA_U8)}, DTYPE, "target is u8, must be i32 or i64"),
        bad("target_shape", c, ce(), {x, dims({3}, GLIA_I64)}, SHAPE, "target is [3], must be [2]"),
        bad("target_of_images", c, ce(), {dims({2, 3, 4, 5}), dims({2, 5, 4}, GLIA_I64)}, SHAPE,
            "target is [2,5,4], must be [2,4,5]"),
        bad("probabilities_shape", c, ce(), {x, dims({2})}, SHAPE, "target is [2], must be [2,3]"),
        bad("probabilities_dtype", c, ce(), {x, dims({2, 3}, GLIA_F16)}, DTYPE, "x is f32, target is f16"),
        bad("probabilities_ignored", c, ce({.ignore_index = -100, .ignore = true}), {x, x}, ARGUMENT,
            "ignore_index -100 with a target of probabilities"),
        bad("weight_shape", c, ce(), {x, t, dims({2})}, SHAPE, "class_weight is [2], must be [3]"),
        bad("weight_dtype", c, ce(), {x, t, dims({3}, GLIA_F64)}, DTYPE, "x is f32, class_weight is f64"),
        bad("from", c, ce({.from = glia_cross_entropy_from(3)}), {x, t}, ARGUMENT,
            "from is 3, must be 0 (logits) to 2 (probabilities)"),
        bad("reduction", c, ce({.reduction = glia_reduction(-1)}), {x, t}, ARGUMENT,
            "reduction is -1, must be 0 (mean) to 2 (none)"),
        bad("smoothing_negative", c, ce({.label_smoothing = -0.1}), {x, t}, ARGUMENT,
            "label_smoothing is -0.1, must be 0 to 1"),
        bad("smoothing_large", c, ce({.label_smoothing = 1.5}), {x, t}, ARGUMENT, "label_smoothing is 1.5"),
        bad("smoothing_nan", c, ce({.label_smoothing = NAN}), {x, t}, ARGUMENT, "label_smoothing is"),
        bad("class_too_large", c, ce(), {x, indices({0, 3})}, ARGUMENT, "target [1] is 3, must be 0 to 2"),
        bad("class_negative", c, ce(), {x, indices({-1, 0})}, ARGUMENT, "target [0] is -1, must be 0 to 2"),
        bad("class_not_the_ignored", c, ce({.ignore_index = -100, .ignore = true}), {x, indices({-100, -1})}, ARGUMENT,
            "target [1] is -1"),
        bad("no_dy", b, ce(), {x, t, ABSENT, ABSENT}, ARGUMENT, "dy is NULL"),
        bad("dy_shape", b, ce(), {x, t, ABSENT, dims({2})}, SHAPE, "dy is [2], must be []"),
        bad("dy_shape_none", b, ce({.reduction = GLIA_REDUCTION_NONE}), {x, t, ABSENT, dy}, SHAPE,
            "dy is [], must be [2]"),
        bad("dy_dtype", b, ce(), {x, t, ABSENT, dims({}, GLIA_F64)}, DTYPE, "x is f32, dy is f64"),
        bad("class_too_large", b, ce(), {x, indices({0, 3}), ABSENT, dy}, ARGUMENT, "target [1] is 3, must be 0 to 2"),
        bad("from", b, ce({.from = glia_cross_entropy_from(-1)}), {x, t, ABSENT, dy}, ARGUMENT,
            "from is -1, must be 0 (logits) to 2 (probabilities)"),
        bad("kind", l, loss({.kind = glia_loss_kind(13)}), {x, x}, ARGUMENT,
            "kind is 13, must be 0 (none) to 12 (iou)"),
        bad("kind_negative", l, loss({.kind = glia_loss_kind(-1)}), {x, x}, ARGUMENT,
            "kind is -1, must be 0 (none) to 12 (iou)"),
        bad("kind_of_nothing", l, loss({.kind = GLIA_LOSS_NONE}), {x, x}, ARGUMENT,
            "kind is none, must be mse, mae, huber, bce, bce_logits or kl"),
        bad("kind_of_classes", l, loss({.kind = GLIA_LOSS_NLL}), {x, x}, ARGUMENT,
            "kind is nll, must be mse, mae, huber, bce, bce_logits or kl"),
        bad("all_zeros", l, bytes_of(glia_loss_params{}), {x, x}, ARGUMENT, "kind is none"),
        bad("kind", d, loss({.kind = glia_loss_kind(13)}), {x, x, ABSENT, dy}, ARGUMENT,
            "kind is 13, must be 0 (none) to 12 (iou)"),
        bad("reduction", l, loss({.reduction = glia_reduction(3)}), {x, x}, ARGUMENT,
            "reduction is 3, must be 0 (mean) to 2 (none)"),
        bad("delta_of_zero", l, loss({.kind = GLIA_LOSS_HUBER, .delta = 0}), {x, x}, ARGUMENT,
            "delta is 0, must be positive and finite"),
        bad("delta_negative", l, loss({.kind = GLIA_LOSS_HUBER, .delta = -1}), {x, x}, ARGUMENT, "delta is -1"),
        bad("delta_nan", l, loss({.kind = GLIA_LOSS_HUBER, .delta = NAN}), {x, x}, ARGUMENT, "delta is"),
        bad("target_shape", l, loss(), {x, dims({3, 2})}, SHAPE, "target is [3,2], must be [2,3]"),
        bad("target_dtype", l, loss(), {x, dims({2, 3}, GLIA_I64)}, DTYPE, "target is i64"),
        bad("weight_shape", l, loss(), {x, x, dims({2, 1})}, SHAPE, "weight is [2,1], must be [2,3]"),
        bad("weight_of_items", l, loss(), {x, x, dims({3})}, SHAPE, "weight is [3], must be [2]"),
        bad("dy_shape", d, loss(), {x, x, ABSENT, x}, SHAPE, "dy is [2,3], must be []"),
    };
    return all;
}

INSTANTIATE_TEST_SUITE_P(loss, BadCall, testing::ValuesIn(bad_calls()), name_of_bad);

// Every provider refuses the same classes with the same words.
TEST(Classes, all_providers_behave_alike) {
    std::string message;
    for (const char *provider : {"cpu.ref", "cpu.native"}) {
        Session s(provider);
        const auto result = s.call(gli_op_cross_entropy, params::cross_entropy{}, {dims({3, 3}), indices({1, 7, -2})});
        EXPECT_EQ(result.status, GLIA_INVALID_ARGUMENT) << provider;
        EXPECT_TRUE(message.empty() || message == result.message) << result.message;
        message = result.message;
    }
}

}  // namespace

// What the ops on sequences refuse, with which status, and whether the message names the offending values.
#include <gtest/gtest.h>

#include "support/bad_calls.h"
#include "support/case.h"
#include "support/devices.h"

namespace {

using namespace glia;

Array lengths(std::vector<double> values, glia_dtype dtype = GLIA_I32) {
    return {{int64_t(values.size())}, values, dtype};
}

std::vector<char> measure(double padding = 0) { return bytes_of(glia_sequence_lengths_params{padding, true}); }
std::vector<char> mask(bool batch_first = true) { return bytes_of(glia_mask_steps_params{0, batch_first}); }

const std::vector<Bad> &bad_calls() {
    const auto SHAPE = GLIA_SHAPE_MISMATCH, ARGUMENT = GLIA_INVALID_ARGUMENT, DTYPE = GLIA_DTYPE_MISMATCH;
    const Array x                     = dims({2, 3, 4});
    static const std::vector<Bad> all = {
        bad("vector", &gli_op_sequence_lengths, measure(), {dims({5}, GLIA_I64)}, SHAPE, "x is [5], must be [N,T,...]"),
        bad("no_x", &gli_op_sequence_lengths, measure(), {ABSENT}, ARGUMENT, "x is NULL"),
        bad("half_a_token", &gli_op_sequence_lengths, measure(0.5), {dims({2, 3}, GLIA_I64)}, ARGUMENT,
            "padding is 0.5, which no element of i64 equals"),
        bad("no_byte", &gli_op_sequence_lengths, measure(-1), {dims({2, 3}, GLIA_U8)}, ARGUMENT,
            "padding is -1, which no element of u8 equals"),
        bad("nan", &gli_op_sequence_lengths, measure(NAN), {x}, ARGUMENT,
            "padding is nan, which no element of f32 equals"),
        bad("vector", &gli_op_mask_steps, mask(false), {dims({5}), lengths({5})}, SHAPE, "x is [5], must be [T,N,...]"),
        bad("floats", &gli_op_mask_steps, mask(), {x, lengths({1, 2}, GLIA_F32)}, DTYPE,
            "lengths is f32, must be i32 or i64"),
        bad("too_few", &gli_op_mask_steps, mask(), {x, lengths({1})}, SHAPE, "lengths is [1], must be [2]"),
        bad("along_the_time", &gli_op_mask_steps, mask(false), {x, lengths({1, 2})}, SHAPE,
            "lengths is [2], must be [3]"),
        bad("of_a_matrix", &gli_op_mask_steps, mask(), {x, dims({2, 1}, GLIA_I32)}, SHAPE, "lengths is [2,1], must"),
        bad("too_long", &gli_op_mask_steps, mask(), {x, lengths({3, 4})}, ARGUMENT, "lengths [1] is 4, must be 0 to 3"),
        bad("negative", &gli_op_mask_steps, mask(), {x, lengths({-1, 2}, GLIA_I64)}, ARGUMENT,
            "lengths [0] is -1, must be 0 to 3"),
    };
    return all;
}

INSTANTIATE_TEST_SUITE_P(sequence, BadCall, testing::ValuesIn(bad_calls()), name_of_bad);

class BadLengths : public OnDevice {};

TEST_P(BadLengths, are_told_when_the_kernel_has_run) {
    const auto told = [&](const std::vector<double> &given) -> std::string {
        Session session("", device());
        try {
            session.call_raw(gli_op_mask_steps, mask().data(), {dims({3, 5, 2}), lengths(given, GLIA_I64)});
        } catch (const std::runtime_error &error) {
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(told({0, 5, 3}), "");
    EXPECT_EQ(told({5, 6, -1}), "mask_steps: lengths[1] is 6, which is out of range (found when its work had run)");
    EXPECT_EQ(told({5, 5, -1}), "mask_steps: lengths[2] is -1, which is out of range (found when its work had run)");
}

GLI_ON_DEVICES(BadLengths);

}  // namespace

// Bad calls of rnn and rnn_backward: each is refused, with the values in the message.
#include <gtest/gtest.h>

#include <cmath>

#include "support/bad_calls.h"
#include "support/params.h"

extern "C" {
#include "ops/rnn/rnn_geom.h"
}

namespace {

using namespace glia;
using P = params::rnn;

Array zeros(std::vector<int64_t> dims, glia_dtype dtype = GLIA_F32) { return {std::move(dims), {}, dtype}; }

// A right call of a cell: 5 steps, 3 sequences, 2 inputs, 4 hidden units.
std::vector<Array> right(int gates, int directions = 1, bool bias = true) {
    std::vector<Array> in(GLI_RNN_INPUTS, ABSENT);
    in[GLI_RNN_X] = zeros({5, 3, 2});
    for (int d = 0; d < directions; ++d) {
        in[size_t(gli_rnn_weight(d, GLI_RNN_W_IH))] = zeros({4 * gates, 2});
        in[size_t(gli_rnn_weight(d, GLI_RNN_W_HH))] = zeros({4 * gates, 4});
        if (!bias) continue;
        in[size_t(gli_rnn_weight(d, GLI_RNN_B_IH))] = zeros({4 * gates});
        in[size_t(gli_rnn_weight(d, GLI_RNN_B_HH))] = zeros({4 * gates});
    }
    return in;
}

void with(P params, std::vector<Array> in, int i, const Array &bad, glia_status status, const std::string &text) {
    in[size_t(i)] = bad;
    refuses(gli_op_rnn, params, in, status, text);
}

TEST(RnnContract, refuses_bad_params) {
    const auto in = right(1);
    refuses(gli_op_rnn, P{.cell = glia_rnn_cell(4)}, in, GLIA_INVALID_ARGUMENT,
            "cell is 4, must be 0 (tanh) to 3 (GRU)");
    refuses(gli_op_rnn, P{.cell = glia_rnn_cell(-1)}, in, GLIA_INVALID_ARGUMENT,
            "cell is -1, must be 0 (tanh) to 3 (GRU)");
    refuses(gli_op_rnn, P{.direction = glia_rnn_direction(3)}, in, GLIA_INVALID_ARGUMENT,
            "direction is 3, must be 0 (forward) to 2 (both)");
    refuses(gli_op_rnn, P{.reset_before = true}, in, GLIA_INVALID_ARGUMENT,
            "reset_before belongs to GRU, the cell is tanh");
    refuses(gli_op_rnn, P{.cell = GLIA_RNN_LSTM, .cell_clip = -1}, right(4), GLIA_INVALID_ARGUMENT,
            "cell_clip is -1, must not be negative");
    refuses(gli_op_rnn, P{.cell = GLIA_RNN_LSTM, .cell_clip = std::nan("")}, right(4), GLIA_INVALID_ARGUMENT,
            "cell_clip is nan");
    refuses(gli_op_rnn, P{.cell = GLIA_RNN_LSTM, .cell_clip = -INFINITY}, right(4), GLIA_INVALID_ARGUMENT,
            "cell_clip is -inf, must not be negative");
    // Cells without a clip do not read it.
    Session session("");
    EXPECT_EQ(session.call(gli_op_rnn, glia_rnn_params{}, in).status, GLIA_OK);
    EXPECT_EQ(session.call(gli_op_rnn, P{.cell = GLIA_RNN_GRU, .cell_clip = -1}, right(3)).status, GLIA_OK);
    for (double clip : {0.0, 0.5, double(INFINITY)})
        EXPECT_EQ(session.call(gli_op_rnn, P{.cell = GLIA_RNN_LSTM, .cell_clip = clip}, right(4)).status, GLIA_OK)
            << clip;
}

TEST(RnnContract, refuses_bad_shapes) {
    const P lstm{.cell = GLIA_RNN_LSTM};
    const auto in = right(4);
    with(lstm, in, GLI_RNN_X, zeros({5, 2}), GLIA_SHAPE_MISMATCH, "x is [5,2]");
    with(lstm, in, GLI_RNN_X, zeros({5, 3, 0}), GLIA_SHAPE_MISMATCH, "x is [5,3,0], a step has no inputs");
    with(lstm, in, GLI_RNN_X, zeros({5, 3, 7}), GLIA_SHAPE_MISMATCH, "w_ih is [16,2], must be [16,7]");
    with(lstm, in, gli_rnn_weight(0, GLI_RNN_W_IH), zeros({18, 2}), GLIA_SHAPE_MISMATCH,
         "w_ih is [18,2], must have a multiple of 4 rows, one block for each gate of LSTM");
    with(lstm, in, gli_rnn_weight(0, GLI_RNN_W_IH), zeros({0, 2}), GLIA_SHAPE_MISMATCH, "w_ih is [0,2]");
    with(lstm, in, gli_rnn_weight(0, GLI_RNN_W_IH), zeros({16}), GLIA_SHAPE_MISMATCH, "w_ih is [16]");
    with(lstm, in, gli_rnn_weight(0, GLI_RNN_W_HH), zeros({16, 5}), GLIA_SHAPE_MISMATCH,
         "w_hh is [16,5], must be [16,4]");
    with(lstm, in, gli_rnn_weight(0, GLI_RNN_B_IH), zeros({15}), GLIA_SHAPE_MISMATCH, "b_ih is [15], must be [16]");
    with(lstm, in, gli_rnn_weight(0, GLI_RNN_B_HH), zeros({16, 1}), GLIA_SHAPE_MISMATCH,
         "b_hh is [16,1], must be [16]");
    with(lstm, in, gli_rnn_weight(0, GLI_RNN_W_HR), zeros({3, 4}), GLIA_SHAPE_MISMATCH,
         "w_hh is [16,4], must be [16,3]");
    with(lstm, in, gli_rnn_weight(0, GLI_RNN_W_HR), zeros({0, 4}), GLIA_SHAPE_MISMATCH,
         "w_hr is [0,4], gives no outputs");
    with(lstm, in, gli_rnn_weight(0, GLI_RNN_PEEPHOLE), zeros({4, 4}), GLIA_SHAPE_MISMATCH,
         "peephole is [4,4], must be [3,4]");
    with(lstm, in, GLI_RNN_H0, zeros({2, 3, 4}), GLIA_SHAPE_MISMATCH, "h0 is [2,3,4], must be [1,3,4]");
    with(lstm, in, GLI_RNN_C0, zeros({1, 3, 5}), GLIA_SHAPE_MISMATCH, "c0 is [1,3,5], must be [1,3,4]");
    with(lstm, in, GLI_RNN_LENGTHS, zeros({5}, GLIA_I64), GLIA_SHAPE_MISMATCH, "lengths is [5], must be [3]");
    with({.cell = GLIA_RNN_LSTM, .batch_first = true}, in, GLI_RNN_LENGTHS, zeros({3}, GLIA_I64), GLIA_SHAPE_MISMATCH,
         "lengths is [3], must be [5]");
}

TEST(RnnContract, refuses_what_does_not_belong_together) {
    const P tanh{}, gru{.cell = GLIA_RNN_GRU}, both{.direction = GLIA_RNN_BOTH};
    const auto one = right(1), three = right(3);
    with(tanh, one, GLI_RNN_C0, zeros({1, 3, 4}), GLIA_INVALID_ARGUMENT, "c0 belongs to LSTM");
    with(gru, three, gli_rnn_weight(0, GLI_RNN_W_HR), zeros({2, 4}), GLIA_INVALID_ARGUMENT, "w_hr belongs to LSTM");
    with(gru, three, gli_rnn_weight(0, GLI_RNN_PEEPHOLE), zeros({3, 4}), GLIA_INVALID_ARGUMENT,
         "peephole belongs to LSTM");
    with(tanh, one, gli_rnn_weight(1, GLI_RNN_W_IH), zeros({4, 2}), GLIA_INVALID_ARGUMENT,
         "w_ih_reverse belongs to the second of both directions");
    with(tanh, one, gli_rnn_weight(0, GLI_RNN_B_HH), ABSENT, GLIA_INVALID_ARGUMENT, "b_hh is NULL, but b_ih is given");
    with(tanh, one, gli_rnn_weight(0, GLI_RNN_B_IH), ABSENT, GLIA_INVALID_ARGUMENT, "b_hh is given, but b_ih is NULL");
    refuses(gli_op_rnn, both, one, GLIA_INVALID_ARGUMENT, "w_ih_reverse is NULL, but w_ih is given");
    with(both, right(1, 2), gli_rnn_weight(1, GLI_RNN_B_IH), ABSENT, GLIA_INVALID_ARGUMENT,
         "b_ih_reverse is NULL, but b_ih is given");
    with(both, right(1, 2), gli_rnn_weight(1, GLI_RNN_W_HH), zeros({4, 3}), GLIA_SHAPE_MISMATCH,
         "w_hh_reverse is [4,3], must be [4,4]");
}

TEST(RnnContract, refuses_bad_dtypes) {
    const auto in = right(1);
    with({}, in, GLI_RNN_X, zeros({5, 3, 2}, GLIA_I32), GLIA_DTYPE_MISMATCH, "x is i32, must be a float");
    with({}, in, gli_rnn_weight(0, GLI_RNN_W_HH), zeros({4, 4}, GLIA_F64), GLIA_DTYPE_MISMATCH,
         "w_hh is f64, must be f32");
    with({}, in, GLI_RNN_H0, zeros({1, 3, 4}, GLIA_BF16), GLIA_DTYPE_MISMATCH, "h0 is bf16");
    with({}, in, GLI_RNN_LENGTHS, zeros({3}), GLIA_DTYPE_MISMATCH, "lengths is f32");
}

// In every provider: they share the check.
TEST(RnnContract, refuses_lengths_out_of_range) {
    for (const char *provider : {"cpu.ref", ""}) {
        for (glia_dtype dtype : {GLIA_I32, GLIA_I64}) {
            Session session(provider);
            auto in             = right(4);
            in[GLI_RNN_LENGTHS] = {{3}, {5, 6, 0}, dtype};
            Result result       = session.call(gli_op_rnn, P{.cell = GLIA_RNN_LSTM}, in);
            EXPECT_EQ(result.status, GLIA_INVALID_ARGUMENT);
            EXPECT_EQ(result.message, "rnn: lengths [1] is 6, must be 0 to 5");
            in[GLI_RNN_LENGTHS] = {{3}, {5, 0, -1}, dtype};
            result              = session.call(gli_op_rnn, P{.cell = GLIA_RNN_LSTM}, in);
            EXPECT_EQ(result.message, "rnn: lengths [2] is -1, must be 0 to 5");
        }
    }
}

std::vector<Array> right_backward() {
    auto in = right(4);
    in.resize(GLI_RNN_BACK_INPUTS, ABSENT);
    Session session("");
    const Result result = session.call(gli_op_rnn, P{.cell = GLIA_RNN_LSTM}, {in.begin(), in.begin() + GLI_RNN_INPUTS});
    in[GLI_RNN_BACK_Y]  = zeros({5, 3, 4});
    in[GLI_RNN_BACK_SAVED] = zeros(result.out[GLI_RNN_SAVED].dims);
    in[GLI_RNN_BACK_DY]    = zeros({5, 3, 4});
    return in;
}

TEST(RnnBackwardContract, refuses_bad_calls) {
    const P lstm{.cell = GLIA_RNN_LSTM};
    const auto in  = right_backward();
    const auto bad = [&](int i, const Array &array, glia_status status, const std::string &text) {
        auto changed       = in;
        changed[size_t(i)] = array;
        refuses(gli_op_rnn_backward, lstm, changed, status, text);
    };
    Session session("");
    EXPECT_EQ(session.call(gli_op_rnn_backward, lstm, in).status, GLIA_OK);
    bad(GLI_RNN_BACK_Y, zeros({5, 3, 5}), GLIA_SHAPE_MISMATCH, "y is [5,3,5], must be [5,3,4]");
    bad(GLI_RNN_BACK_Y, ABSENT, GLIA_INVALID_ARGUMENT, "y is NULL");
    bad(GLI_RNN_BACK_SAVED, ABSENT, GLIA_INVALID_ARGUMENT, "reserve is NULL");
    bad(GLI_RNN_BACK_SAVED, zeros({7}), GLIA_SHAPE_MISMATCH, "reserve is [7], must be [");
    bad(GLI_RNN_BACK_DY, zeros({3, 5, 4}), GLIA_SHAPE_MISMATCH, "dy is [3,5,4], must be [5,3,4]");
    bad(GLI_RNN_BACK_DY, ABSENT, GLIA_INVALID_ARGUMENT, "dy, dh_n and dc_n are NULL: no gradient comes in");
    bad(GLI_RNN_BACK_DH_N, zeros({1, 3, 5}), GLIA_SHAPE_MISMATCH, "dh_n is [1,3,5], must be [1,3,4]");
    bad(GLI_RNN_BACK_DC_N, zeros({1, 4, 4}), GLIA_SHAPE_MISMATCH, "dc_n is [1,4,4], must be [1,3,4]");
    bad(GLI_RNN_X, zeros({5, 3, 2}, GLIA_F64), GLIA_DTYPE_MISMATCH, "must be f64");
}

TEST(RnnContract, a_reserve_may_not_have_gaps) {
    Session session("");
    const auto in = right(1);
    std::vector<const glia_tensor *> tensors;
    for (const Array &array : in) tensors.push_back(session.tensor(array));
    glia_tensor *y       = session.tensor(zeros({5, 3, 4}));
    glia_tensor *reserve = nullptr;
    const glia_rnn_weights weights{.w_ih = tensors[GLI_RNN_WEIGHT],
                                   .w_hh = tensors[GLI_RNN_WEIGHT + 1],
                                   .b_ih = tensors[GLI_RNN_WEIGHT + 2],
                                   .b_hh = tensors[GLI_RNN_WEIGHT + 3]};
    ASSERT_EQ(glia_rnn_reserve(session.ctx(), nullptr, tensors[GLI_RNN_X], nullptr, &weights, &reserve), GLIA_OK)
        << glia_message(session.ctx());
    std::vector<float> memory(2 * size_t(glia_tensor_count(reserve)));
    const int64_t stride = 2;
    glia_tensor *gapped  = nullptr;
    ASSERT_EQ(glia_tensor_wrap(session.ctx(), GLIA_F32, glia_tensor_shape(reserve), &stride, memory.data(), &gapped),
              GLIA_OK);
    const glia_rnn_end end{.reserve = gapped};
    EXPECT_EQ(glia_rnn(session.ctx(), nullptr, tensors[GLI_RNN_X], nullptr, &weights, y, &end), GLIA_INVALID_ARGUMENT);
    EXPECT_STREQ(glia_message(session.ctx()), "rnn: reserve has gaps, must be dense");
    glia_tensor_destroy(gapped);
    glia_tensor_destroy(reserve);
}

}  // namespace

// What recurrent layers promise on a CUDA device beyond what the provider suite sees.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "support/call.h"
#include "support/devices.h"
#include "support/params.h"

extern "C" {
#include "ops/rnn/rnn_geom.h"
}

namespace {

using namespace glia;
using P = params::rnn;

enum { STEPS = 4, SEQUENCES = 3, INPUTS = 5, HIDDEN = 6, PROJECTED = 2 };

Array numbers(std::vector<int64_t> dims, uint32_t seed) {
    Array array{std::move(dims), {}, GLIA_F32};
    size_t count = 1;
    for (int64_t d : array.dims) count *= size_t(d);
    array.values.resize(count);
    for (double &v : array.values) seed = seed * 1664525 + 1013904223, v = (double(seed >> 8) / (1 << 23) - 1) / 2;
    return array;
}

// A call of rnn with everything that the cell can have, in both directions.
std::vector<Array> layer(const P &p) {
    const bool lstm    = p.cell == GLIA_RNN_LSTM;
    const int64_t rows = (lstm ? 4 : p.cell == GLIA_RNN_GRU ? 3 : 1) * HIDDEN, outputs = lstm ? PROJECTED : HIDDEN;
    std::vector<Array> in(GLI_RNN_BACK_INPUTS, ABSENT);
    in[GLI_RNN_X] = numbers(
        p.batch_first ? std::vector<int64_t>{SEQUENCES, STEPS, INPUTS} : std::vector<int64_t>{STEPS, SEQUENCES, INPUTS},
        1);
    in[GLI_RNN_LENGTHS] = {{SEQUENCES}, {2, 4, 0}, GLIA_I32};
    for (int d = 0; d < 2; ++d) {
        const auto at    = [&](int k) -> Array    &{ return in[size_t(gli_rnn_weight(d, k))]; };
        at(GLI_RNN_W_IH) = numbers({rows, INPUTS}, 2);
        at(GLI_RNN_W_HH) = numbers({rows, outputs}, 3);
        at(GLI_RNN_B_IH) = numbers({rows}, 4);
        at(GLI_RNN_B_HH) = numbers({rows}, 5);
        if (lstm) at(GLI_RNN_W_HR) = numbers({outputs, HIDDEN}, 6), at(GLI_RNN_PEEPHOLE) = numbers({3, HIDDEN}, 7);
    }
    return in;
}

// x or dy with another value at all steps that the lengths leave out.
Array padded_with(Array array, const P &p, const Array &lengths, double value) {
    const int64_t width = array.dims[2];
    for (int64_t n = 0; n < SEQUENCES; ++n)
        for (auto t = int64_t(lengths.values[size_t(n)]); t < STEPS; ++t)
            for (int64_t k = 0; k < width; ++k)
                array.values[size_t((p.batch_first ? n * STEPS + t : t * SEQUENCES + n) * width + k)] = value;
    return array;
}

class RecurrentOnDevice : public OnDevice {
   protected:
    Result forward(const P &p, std::vector<Array> in) {
        Session session("", device());
        in.resize(GLI_RNN_INPUTS);
        return session.call(gli_op_rnn, p, in);
    }
    Result backward(const P &p, std::vector<Array> in, const Result &of) {
        Session session("", device());
        in[GLI_RNN_BACK_Y]     = {of.out[GLI_RNN_Y].dims, {}, GLIA_F32};
        in[GLI_RNN_BACK_SAVED] = {of.out[GLI_RNN_SAVED].dims, {}, GLIA_F32};
        return session.call(gli_op_rnn_backward, p, in);
    }
};

const P layers[] = {{.cell = GLIA_RNN_TANH, .direction = GLIA_RNN_BOTH},
                    {.cell = GLIA_RNN_LSTM, .direction = GLIA_RNN_BOTH},
                    {.cell = GLIA_RNN_LSTM, .direction = GLIA_RNN_BOTH, .batch_first = true},
                    {.cell = GLIA_RNN_GRU, .direction = GLIA_RNN_BOTH},
                    {.cell = GLIA_RNN_GRU, .direction = GLIA_RNN_BOTH, .reset_before = true}};

TEST_P(RecurrentOnDevice, what_lies_beyond_a_length_has_no_influence) {
    for (const P &p : layers) {
        auto in        = layer(p);
        const Result y = forward(p, in);
        ASSERT_EQ(y.status, GLIA_OK) << y.message;
        in[GLI_RNN_BACK_DY] = numbers(y.out[GLI_RNN_Y].dims, 8);
        const Result want   = backward(p, in, y);
        ASSERT_EQ(want.status, GLIA_OK) << want.message;

        const double nan    = std::numeric_limits<double>::quiet_NaN();
        in[GLI_RNN_X]       = padded_with(in[GLI_RNN_X], p, in[GLI_RNN_LENGTHS], nan);
        in[GLI_RNN_BACK_DY] = padded_with(in[GLI_RNN_BACK_DY], p, in[GLI_RNN_LENGTHS], nan);
        const Result padded = forward(p, in), got = backward(p, in, y);
        ASSERT_EQ(got.status, GLIA_OK) << got.message;
        for (int o : {int(GLI_RNN_Y), int(GLI_RNN_H_N), int(GLI_RNN_C_N)})
            EXPECT_EQ(padded.out[size_t(o)].values, y.out[size_t(o)].values) << o;
        for (size_t o = 0; o < want.out.size(); ++o) EXPECT_EQ(got.out[o].values, want.out[o].values) << o;
    }
}

TEST_P(RecurrentOnDevice, bad_lengths_are_told_when_the_kernel_has_run) {
    const auto told = [&](std::vector<double> lengths, glia_dtype dtype) -> std::string {
        auto in             = layer(layers[1]);
        in[GLI_RNN_LENGTHS] = {{SEQUENCES}, std::move(lengths), dtype};
        try {
            forward(layers[1], in);
        } catch (const std::runtime_error &error) {
            return error.what();
        }
        return "";
    };
    for (glia_dtype dtype : {GLIA_I32, GLIA_I64}) {
        EXPECT_EQ(told({0, 4, 3}, dtype), "");
        EXPECT_EQ(told({4, 5, -1}, dtype), "rnn: lengths[1] is 5, which is out of range (found when its work had run)");
        EXPECT_EQ(told({4, 4, -1}, dtype),
                  "rnn: lengths[2] is -1, which is out of range (found when its work had run)");
    }
}

// f32 on tensor cores, which a context must allow: small weights, so that no step enlarges what TF32 has rounded.
TEST_P(RecurrentOnDevice, f32_is_multiplied_as_tf32_where_the_context_allows_it) {
    enum { T = 3, N = 9, I = 4, H = 40 };
    for (const glia_rnn_cell cell : {GLIA_RNN_TANH, GLIA_RNN_LSTM, GLIA_RNN_GRU}) {
        const P p{.cell = cell, .direction = GLIA_RNN_BOTH};
        const int64_t rows = (cell == GLIA_RNN_LSTM ? 4 : cell == GLIA_RNN_GRU ? 3 : 1) * H;
        std::vector<Array> in(GLI_RNN_BACK_INPUTS, ABSENT);
        in[GLI_RNN_X] = numbers({T, N, I}, 1);
        for (int d = 0; d < 2; ++d) {
            in[size_t(gli_rnn_weight(d, GLI_RNN_W_IH))] = numbers({rows, I}, 2);
            in[size_t(gli_rnn_weight(d, GLI_RNN_W_HH))] = numbers({rows, H}, 3);
            for (double &w : in[size_t(gli_rnn_weight(d, GLI_RNN_W_HH))].values) w /= 4;
        }
        in[GLI_RNN_BACK_Y]   = {{T, N, 2 * H}, {}, GLIA_F32};
        in[GLI_RNN_BACK_DY]  = numbers({T, N, 2 * H}, 4);
        const auto gradients = [&](const char *provider, const char *on, glia_math math) {
            Session session(provider, on);
            session.ctx()->math = math;
            const Result y      = session.call(gli_op_rnn, p, {in.begin(), in.begin() + GLI_RNN_INPUTS});
            if (y.status != GLIA_OK) return y;
            in[GLI_RNN_BACK_SAVED] = {y.out[GLI_RNN_SAVED].dims, {}, GLIA_F32};
            return session.call(gli_op_rnn_backward, p, in);
        };
        const Result want = gradients("cpu.ref", "cpu", GLIA_MATH_F32);
        const Result got  = gradients("cuda.tensor_cores", device(), GLIA_MATH_TF32);
        ASSERT_EQ(want.status, GLIA_OK) << want.message;
        ASSERT_EQ(got.status, GLIA_OK) << got.message;
        EXPECT_NE(got.out[GLI_RNN_BACK_DX].values, want.out[GLI_RNN_BACK_DX].values);
        for (size_t o = 0; o < want.out.size(); ++o)
            for (size_t i = 0; i < want.out[o].values.size(); ++i)
                EXPECT_NEAR(got.out[o].values[i], want.out[o].values[i], 0.02) << cell << " " << o << " " << i;
    }
}

GLI_ON_DEVICES(RecurrentOnDevice);
// As nvcc compiled them: the provider suite has no gated cell in TF32.
INSTANTIATE_TEST_SUITE_P(ptx, RecurrentOnDevice, testing::Values("ptx"),
                         [](const auto &) { return std::string("ptx"); });

}  // namespace

// Stacks of recurrent layers against finite differences in double: every cell, direction, number of layers, with
// lengths and without. What one layer gives the next, and the states of all layers, are part of the loss.
#include <gtest/gtest.h>

#include <cmath>

#include "support/graphs.h"
#include "support/params.h"

extern "C" {
#include "ops/rnn/rnn_geom.h"
}

namespace {

using namespace glia;

constexpr int kSteps = 4, kBatch = 3, kInputs = 2, kHidden = 3;
constexpr double kStep = 1e-6, kAbsolute = 1e-6, kRelative = 1e-4;

struct Param {
    const char *name;
    params::rnn params;
    int layers;
    bool lengths;
};

std::vector<Param> all_params() {
    const std::pair<const char *, params::rnn> cells[] = {
        {"tanh", {.cell = GLIA_RNN_TANH}}, {"relu", {.cell = GLIA_RNN_RELU}},
        {"lstm", {.cell = GLIA_RNN_LSTM}}, {"lstm_clipped", {.cell = GLIA_RNN_LSTM, .cell_clip = 0.3}},
        {"gru", {.cell = GLIA_RNN_GRU}},   {"gru_reset_before", {.cell = GLIA_RNN_GRU, .reset_before = true}}};
    std::vector<Param> all;
    for (auto [name, params] : cells)
        for (glia_rnn_direction direction : {GLIA_RNN_FORWARD, GLIA_RNN_REVERSE, GLIA_RNN_BOTH})
            for (int layers : {1, 2, 3})
                for (bool lengths : {false, true}) {
                    params.direction = direction;
                    all.push_back({name, params, layers, lengths});
                }
    return all;
}

// The graph of a stack and of its gradients, and the numbers that go in.
class Stack {
   public:
    explicit Stack(const Param &p) : p_(p) {
        const bool lstm = p.params.cell == GLIA_RNN_LSTM;
        const int64_t D = p.params.direction == GLIA_RNN_BOTH ? 2 : 1, G = lstm                            ? 4
                                                                           : p.params.cell == GLIA_RNN_GRU ? 3
                                                                                                           : 1;
        glia_value x = input({kSteps, kBatch, kInputs}, 1), loss{0};
        if (p.lengths) lengths_ = net_.input({kBatch}, GLIA_I64), numbers_.push_back({kSteps, 1, 3});
        for (int layer = 0; layer < p.layers; ++layer) {
            std::vector<glia_value> in(GLI_RNN_INPUTS, glia_value{0}), out(GLI_RNN_OUTPUTS);
            in[GLI_RNN_X] = x, in[GLI_RNN_LENGTHS] = lengths_;
            in[GLI_RNN_H0] = input({D, kBatch, kHidden}, 0.5);
            if (lstm) in[GLI_RNN_C0] = input({D, kBatch, kHidden}, 0.5);
            for (int d = 0; d < D; ++d) {
                const auto place    = [&](int k) -> glia_value    &{ return in[size_t(gli_rnn_weight(d, k))]; };
                place(GLI_RNN_W_IH) = input({G * kHidden, layer ? D * kHidden : kInputs}, 0.7);
                place(GLI_RNN_W_HH) = input({G * kHidden, kHidden}, 0.7);
                place(GLI_RNN_B_IH) = input({G * kHidden}, 0.5);
                place(GLI_RNN_B_HH) = input({G * kHidden}, 0.5);
                if (lstm) place(GLI_RNN_PEEPHOLE) = input({3, kHidden}, 0.5);
            }
            glia_graph_call(net_.graph, "rnn", &p.params, in.data(), int(in.size()), out.data(), int(out.size()));
            add_to(&loss, out[GLI_RNN_H_N]);
            if (lstm) add_to(&loss, out[GLI_RNN_C_N]);
            x = out[GLI_RNN_Y];
        }
        add_to(&loss, x);
        loss_      = loss;
        gradients_ = net_.gradient(loss, wanted_);
        plan_.reset(net_.make({loss_}));
    }

    // Every element of every input, one after the other.
    void check() {
        const auto derived = net_.run(gradients_, numbers_);
        for (size_t k = 0; k < wanted_.size(); ++k)
            for (size_t i = 0; i < derived[k].size(); ++i) {
                const double slope = (at(k, i, kStep) - at(k, i, -kStep)) / (2 * kStep);
                EXPECT_NEAR(derived[k][i], slope, kAbsolute + kRelative * std::fabs(slope))
                    << "input " << k << " element " << i;
            }
    }

   private:
    glia_value input(const std::vector<int64_t> &dims, double bound) {
        const glia_value value = net_.input(dims);
        int64_t count          = 1;
        std::vector<double> numbers;
        for (int64_t d : dims) count *= d;
        for (int64_t i = 0; i < count; ++i)
            state_ = state_ * 1664525 + 1013904223, numbers.push_back(bound * (double(state_ >> 8) / (1 << 23) - 1));
        index_.push_back(numbers_.size());
        numbers_.push_back(numbers);
        wanted_.push_back(value);
        return value;
    }
    // The sum of v + v squared: elements of other sizes count with other weights.
    void add_to(glia_value *loss, glia_value v) {
        const glia_value total = net_.sum(net_.binary(GLIA_BINARY_ADD, net_.unary(GLIA_UNARY_SQUARE, v), v));
        *loss                  = loss->id ? net_.binary(GLIA_BINARY_ADD, *loss, total) : total;
    }
    double at(size_t k, size_t i, double step) {
        auto numbers = numbers_;
        numbers[index_[k]][i] += step;
        return net_.run(plan_.get(), {loss_}, numbers)[0][0];
    }

    Param p_;
    Net net_;
    glia_value lengths_{0}, loss_{0};
    std::unique_ptr<glia_plan, decltype(&glia_plan_destroy)> plan_{nullptr, glia_plan_destroy};
    std::vector<glia_value> wanted_, gradients_;
    std::vector<std::vector<double>> numbers_;
    std::vector<size_t> index_;
    uint32_t state_ = 7;
};

class RnnStack : public testing::TestWithParam<Param> {};

TEST_P(RnnStack, agrees_with_finite_differences) { Stack(GetParam()).check(); }

std::string name_of(const testing::TestParamInfo<Param> &info) {
    const char *directions[] = {"forward", "reverse", "both"};
    return std::string(info.param.name) + "__" + directions[info.param.params.direction] + "__" +
           std::to_string(info.param.layers) + (info.param.lengths ? "__lengths" : "");
}

INSTANTIATE_TEST_SUITE_P(f64, RnnStack, testing::ValuesIn(all_params()), name_of);

}  // namespace

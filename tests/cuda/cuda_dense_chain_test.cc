// A dense layer and what follows it as one launch, with the bits of one launch for each call.
#include <cmath>

#include "support/one_launch.h"

namespace {

using namespace glia;

constexpr int kLeft = -100;  // the class of items that are left out, in some cases

// The last layer of a classifier, and its loss.
struct Head {
    int64_t rows, k, classes;
    glia_dtype dtype = GLIA_F32;
    glia_cross_entropy_params loss{};
    bool weighted = false;
    bool bias     = true;
};

class CudaDenseChains : public AsOneLaunch {
   protected:
    void expect_head(const Head &h, const std::vector<int> &groups = {2}) {
        expect_groups(groups, [&h](OpGraph &g) {
            const glia_value x = g.wave(h.dtype, {h.rows, h.k}, 0.37), w = g.wave(h.dtype, {h.classes, h.k}, 0.73);
            const glia_value bias   = h.bias ? g.wave(h.dtype, {h.classes}, 1.1) : glia_value{};
            const glia_value logits = g.call("dense", nullptr, {x, w, bias});
            const glia_value target = g.tensor(GLIA_I32, {h.rows}, [&h](int i) {
                return h.loss.ignore && i % 3 == 0 ? double(kLeft) : double(i * 7 % h.classes);
            });
            const glia_value weight =
                h.weighted ? g.tensor(h.dtype, {h.classes}, [](int i) { return 1 + i * 0.25; }) : glia_value{};
            const bool each = h.loss.reduction == GLIA_REDUCTION_NONE;
            const glia_value dy =
                each ? g.wave(h.dtype, {h.rows}, 0.5) : g.tensor(h.dtype, {}, [](int) { return 0.75; });
            std::vector<glia_value> out(2);
            g.call("cross_entropy_backward", &h.loss, {logits, target, weight, dy}, out.data(), 2);
            out.push_back(logits);
            return out;
        });
    }
};

glia_cross_entropy_params mean() { return {.reduction = GLIA_REDUCTION_MEAN}; }

TEST_P(CudaDenseChains, classifiers_have_the_bits_of_their_calls) {
    expect_head({128, 64, 10, GLIA_F32, mean()});
    expect_head({1, 1, 1, GLIA_F32, mean()});
    expect_head({5, 7, 3, GLIA_F32, mean(), false, false});
    expect_head({65, 9, 64, GLIA_F32, mean()});     // several tiles, and a full one across
    expect_head({40, 1100, 10, GLIA_F32, mean()});  // several ranges of k
    expect_head({256, 20, 10, GLIA_F32, mean()});   // as many as one block takes
}

TEST_P(CudaDenseChains, of_every_loss) {
    for (const glia_reduction reduction : {GLIA_REDUCTION_NONE, GLIA_REDUCTION_SUM, GLIA_REDUCTION_MEAN})
        for (const double smoothing : {0.0, 0.1})
            for (const bool weighted : {false, true})
                expect_head(
                    {33,
                     12,
                     10,
                     GLIA_F32,
                     {.reduction = reduction, .ignore_index = kLeft, .ignore = weighted, .label_smoothing = smoothing},
                     weighted});
}

TEST_P(CudaDenseChains, of_every_type) {
    for (const glia_dtype dtype : {GLIA_F64, GLIA_BF16, GLIA_F16}) {
        const Variable own("GLIA_PROVIDER", "cuda.portable");  // tensor cores have no chains
        expect_head({70, 24, 10, dtype, mean()});
        expect_head({8, 600, 4, dtype, mean(), true});
    }
}

TEST_P(CudaDenseChains, leave_what_one_block_does_not_take) {
    expect_head({257, 20, 10, GLIA_F32, mean()}, {});
    expect_head({8, 20, 65, GLIA_F32, mean()}, {});
    expect_head({1, 4096, 10, GLIA_F32, mean()}, {});  // more ranges of k than a block adds up
}

// Of a class that is none the context learns as it does of one launch for each call.
TEST_P(CudaDenseChains, tell_of_a_class_that_is_none) {
    Computer c(device());
    OpGraph g(c.ctx);
    const glia_value x = g.wave(GLIA_F32, {4, 3}, 0.3), w = g.wave(GLIA_F32, {5, 3}, 0.7);
    const glia_value logits                = g.call("dense", nullptr, {x, w});
    const glia_value target                = g.tensor(GLIA_I32, {4}, [](int i) { return i == 2 ? 5 : i; });
    const glia_cross_entropy_params params = mean();
    const glia_value one                   = g.tensor(GLIA_F32, {}, [](int) { return 1; });
    const glia_value dx = g.call("cross_entropy_backward", &params, {logits, target, glia_value{}, one});
    glia_plan *plan     = nullptr;
    glia_tensor *out    = nullptr;
    float numbers[20];
    ASSERT_EQ(glia_plan_create(g.get(), &dx, 1, &plan), GLIA_OK) << c.message();
    ASSERT_EQ(glia_tensor_create(c.ctx, GLIA_F32, GLIA_SHAPE(4, 5), &out), GLIA_OK);
    EXPECT_EQ(glia_plan_run(plan, nullptr, 0, &out, 1), GLIA_OK);
    EXPECT_EQ(glia_tensor_read(out, numbers, sizeof numbers), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(c.message().find("5"), std::string::npos) << c.message();
    glia_tensor_destroy(out);
    glia_plan_destroy(plan);
}

struct Dropped {
    int64_t rows, k, units;
    double p                   = 0.5;
    glia_dtype dtype           = GLIA_F32;
    glia_activation activation = GLIA_RELU;
    glia_math math             = GLIA_MATH_F32;
};

class CudaDenseDropoutChains : public AsOneLaunch {
   protected:
    static glia_value layer(OpGraph &g, const Dropped &c) {
        const glia_dense_params dense{.activation = c.activation};
        return g.call("dense", &dense,
                      {g.wave(c.dtype, {c.rows, c.k}, 0.37), g.wave(c.dtype, {c.units, c.k}, 0.73),
                       g.wave(c.dtype, {c.units}, 1.1)});
    }
    static glia_value gradient(OpGraph &g, const Dropped &c) {
        return dropped(g, c,
                       g.call("dense_backward_data", nullptr,
                              {g.wave(c.dtype, {c.rows, c.k}, 0.37), g.wave(c.dtype, {c.k, c.units}, 0.73)}));
    }
    static glia_value dropped(OpGraph &g, const Dropped &c, glia_value y) {
        const glia_dropout_params drop{.p = c.p, .seed = 7, .stream = 2};
        return g.call("dropout", &drop, {y, g.tensor(GLIA_I64, {}, [](int) { return 3; })});
    }
    // A layer whose result nothing else reads.
    void expect_layer(const Dropped &c) {
        expect_groups({2}, [&](OpGraph &g) { return std::vector<glia_value>{dropped(g, c, layer(g, c))}; }, {}, c.math);
    }
    // The same, a layer whose result is an output, too, and the gradients of a layer without and with the derivative of
    // the activation before it.
    void expect_chains(const Dropped &c) {
        expect_layer(c);
        expect_groups({2}, [&](OpGraph &g) {
            const glia_value y = layer(g, c);
            return std::vector<glia_value>{y, dropped(g, c, y)};
        });
        expect_groups({2}, [&](OpGraph &g) { return std::vector<glia_value>{gradient(g, c)}; });
        expect_groups({3}, [&](OpGraph &g) {
            const glia_unary_params kind{.kind = GLIA_UNARY_RELU};
            const glia_value y =
                g.tensor(c.dtype, {c.rows, c.units}, [](int i) { return i % 3 == 1 ? 0 : std::cos(i * 0.9); });
            return std::vector<glia_value>{g.call("unary_backward", &kind, {glia_value{}, y, gradient(g, c)})};
        });
    }
};

TEST_P(CudaDenseDropoutChains, have_the_bits_of_their_calls) {
    expect_chains({5, 12, 16});
    expect_chains({33, 20, 70, 0.25, GLIA_F32, GLIA_TANH});  // rows of units that begin within a block of numbers
    expect_chains({3, 9, 1, 0.25, GLIA_F32, GLIA_LINEAR});
    expect_chains({8, 1200, 10, 0.5, GLIA_F32, GLIA_SIGMOID});  // a few ranges of k
    expect_chains({2, 4200, 6});                                // many of them
    expect_chains({4, 8, 12, 0}), expect_chains({4, 8, 12, 1});
}

TEST_P(CudaDenseDropoutChains, of_every_type) {
    for (const glia_dtype dtype : {GLIA_F64, GLIA_BF16, GLIA_F16}) {
        expect_chains({9, 12, 18, 0.25, dtype});
        expect_chains({64, 32, 64, 0.25, dtype});  // of halves, on tensor cores
        expect_chains({40, 600, 24, 0.25, dtype});
    }
}

// Each size of a tile, and of each more ranges of k than its last block adds up.
TEST_P(CudaDenseDropoutChains, of_every_tile) {
    if (std::string(device()) == "emulated:race") GTEST_SKIP() << "the epilogue shares nothing between threads";
    const glia_dtype dtypes[] = {GLIA_F32, GLIA_F64, GLIA_BF16, GLIA_F16};
    for (const glia_dtype dtype : dtypes) {
        const Variable own("GLIA_PROVIDER", "cuda.portable");
        expect_layer({108, 4, 107, 0.5, dtype});
        expect_layer({8, 4, 8, 0.5, dtype});
        expect_layer({2, 2400, 3, 0.5, dtype});
    }
    expect_layer({214, 4, 216});
    for (const glia_dtype dtype : {GLIA_BF16, GLIA_F16}) {
        expect_layer({216, 16, 216, 0.5, dtype});
        expect_layer({8, 2400, 8, 0.5, dtype});
    }
    expect_layer({8, 2400, 8, 0.5, GLIA_F32, GLIA_RELU, GLIA_MATH_TF32});
    for (const glia_math math : {GLIA_MATH_TF32, GLIA_MATH_BF16}) {
        expect_layer({216, 16, 216, 0.5, GLIA_F32, GLIA_RELU, math});
        expect_layer({64, 16, 64, 0.5, GLIA_F32, GLIA_RELU, math});
        expect_layer({9, 7, 9, 0.5, GLIA_F32, GLIA_RELU, math});  // no groups of 16 bytes
    }
}

// Those that the epilogue of a product does not have stay calls of their own.
TEST_P(CudaDenseDropoutChains, leave_derivatives_of_other_functions) {
    expect_groups({2}, [](OpGraph &g) {
        const glia_dropout_params drop{.p = 0.5};
        const glia_unary_params kind{.kind = GLIA_UNARY_EXP};
        const glia_value dy = g.wave(GLIA_F32, {3, 4}, 0.5), w = g.wave(GLIA_F32, {4, 5}, 0.7);
        const glia_value dropped = g.call("dropout", &drop, {g.call("dense_backward_data", nullptr, {dy, w})});
        const glia_value y       = g.wave(GLIA_F32, {3, 5}, 0.3);
        return std::vector<glia_value>{g.call("unary_backward", &kind, {glia_value{}, y, dropped})};
    });
}

GLI_AS_ONE_LAUNCH(CudaDenseChains);
GLI_AS_ONE_LAUNCH(CudaDenseDropoutChains);

}  // namespace

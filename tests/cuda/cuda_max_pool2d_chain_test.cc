// Max pooling and dropout as one launch, and their gradients as another, with the bits of one launch for each call.
#include <cmath>

#include "support/one_launch.h"

namespace {

using namespace glia;

struct Pooling {
    std::vector<int64_t> x;  // [N,C,H,W]
    glia_max_pool2d_params params;
    double p         = 0.25;
    glia_dtype dtype = GLIA_F32;
};

constexpr glia_max_pool2d_params kHalves = {.kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}};

class CudaMaxPool2dChains : public AsOneLaunch {
   protected:
    // forward, backward: how many calls they have in a plan whose images have their channels last.
    void expect_chains(const Pooling &c, int forward = 3, int backward = 3) {
        const auto values_of = [&c](OpGraph &g) {
            // Equal neighbours, zeros of both signs, and a NaN.
            const auto number = [](int i) {
                return i % 11 == 5 ? -0.0 : i == 3 ? NAN : std::floor(4 * std::sin(i * 0.7));
            };
            const glia_value x = g.tensor(c.dtype, c.x, number);
            const glia_dropout_params drop{.p = c.p, .seed = 99, .stream = 3};
            const glia_value step = g.tensor(GLIA_I64, {}, [](int) { return 5; });
            glia_value pooled[2];
            g.call("max_pool2d", &c.params, {x}, pooled, 2);
            const glia_value y     = g.call("dropout", &drop, {pooled[0], step});
            const glia_shape shape = glia_graph_shape(g.get(), y);
            const glia_value dy    = g.tensor(c.dtype, {shape.dim, shape.dim + 4},
                                              [](int i) { return i % 7 == 2 ? -0.0 : std::cos(i * 0.3); });
            const glia_max_pool2d_backward_params back{.size = {int(c.x[2]), int(c.x[3])}, .pool = c.params};
            const glia_value dropped = g.call("dropout", &drop, {dy, step});
            const glia_value dx      = g.call("max_pool2d_backward", &back, {dropped, pooled[1]});
            return std::vector<glia_value>{y, dx};
        };
        const auto groups = [](int a, int b) {
            std::vector<int> out;
            for (const int n : {a, b})
                if (n > 1) out.push_back(n);
            return out;
        };
        expect_groups(groups(forward, backward), values_of);
        expect_groups(groups(forward > 1 ? 2 : 1, backward > 1 ? 2 : 1), values_of, {.row_major = true});
    }
};

TEST_P(CudaMaxPool2dChains, have_the_bits_of_their_calls) {
    expect_chains({{2, 64, 8, 12}, kHalves});
    expect_chains({{3, 20, 6, 6}, kHalves});    // 9 pixels: four neighbours are in two blocks of random numbers
    expect_chains({{1, 5, 4, 26}, kHalves});    // channels are no packs
    expect_chains({{2, 33, 14, 14}, kHalves});  // more pixels and channels than a tile has
    expect_chains({{1, 8, 9, 6}, {.kernel = {3, 2}, .stride = {3, 2}, .dilation = {1, 1}, .activation = GLIA_RELU}});
}

TEST_P(CudaMaxPool2dChains, of_every_type) {
    for (const glia_dtype dtype : {GLIA_F64, GLIA_BF16, GLIA_F16}) {
        expect_chains({{2, 64, 8, 4}, kHalves, 0.5, dtype});
        expect_chains({{1, 7, 6, 6}, kHalves, 0.1, dtype});
    }
}

TEST_P(CudaMaxPool2dChains, drop_all_and_nothing) {
    expect_chains({{1, 8, 4, 6}, kHalves, 0});
    expect_chains({{1, 8, 4, 6}, kHalves, 1});
}

// Such a gradient is a sum over windows, or zero between them.
TEST_P(CudaMaxPool2dChains, leave_gradients_of_windows_that_do_not_divide_the_image) {
    expect_chains({{1, 8, 5, 6}, kHalves}, 3, 1);
    expect_chains({{1, 8, 6, 6}, {.kernel = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}}}, 3, 1);
    expect_chains(
        {{1, 8, 6, 6}, {.kernel = {2, 2}, .stride = {2, 2}, .pad = {1, 1}, .pad_end = {1, 1}, .dilation = {1, 1}}}, 3,
        1);
    expect_chains({{1, 8, 6, 6}, {.kernel = {2, 2}, .stride = {3, 3}, .dilation = {1, 1}}}, 3, 1);
}

// What is pooled is an output, too, and has to be there.
TEST_P(CudaMaxPool2dChains, leave_what_others_read) {
    expect_groups({}, [](OpGraph &g) {
        const glia_dropout_params drop{.p = 0.5};
        const glia_value x = g.wave(GLIA_F32, {1, 4, 4, 4}, 0.7), y = g.call("max_pool2d", &kHalves, {x});
        return std::vector<glia_value>{y, g.call("dropout", &drop, {y})};
    });
}

GLI_AS_ONE_LAUNCH(CudaMaxPool2dChains);

}  // namespace

// The derivative of a relu and the gradient of the filters before it as one launch, with the bits of two.
#include <cmath>

#include "support/one_launch.h"

namespace {

using namespace glia;

struct FirstLayer {
    std::vector<int64_t> x, y;  // [N,C,H,W], [N,K,P,Q]
    int window       = 3;
    int pad          = 0;
    glia_dtype dtype = GLIA_F32;
};

class CudaReluFilterChains : public AsOneLaunch {
   protected:
    void expect_chain(const FirstLayer &c, int expected = 2, glia_unary_kind kind = GLIA_UNARY_RELU) {
        const auto values_of = [&](OpGraph &g) {
            glia_conv2d_backward_filter_params params{.conv = glia_conv2d_defaults(), .size = {c.window, c.window}};
            for (int *pad : {params.conv.pad, params.conv.pad_end}) pad[0] = pad[1] = c.pad;
            const glia_value x = g.wave(c.dtype, c.x, 0.37);
            // Zeros, and one result that is no number: it lets through what there is.
            const glia_value y = g.tensor(c.dtype, c.y, [](int i) { return i == 9 ? NAN : std::fmax(0, std::sin(i)); });
            // An infinity, which the padding must not turn into NaN, where y is zero and where it is not.
            const glia_value dy =
                g.tensor(c.dtype, c.y, [](int i) { return i == 4 || i == 7 ? INFINITY : std::cos(i * 0.3); });
            // As an image that a call has computed, with its channels last where the plan has them so.
            const auto image = [&g](glia_value v) {
                const glia_max_pool2d_params same = glia_max_pool2d_defaults(1, 1);
                return g.call("max_pool2d", &same, {v});
            };
            const glia_unary_params of{.kind = kind};
            glia_value out[2];
            const glia_value seen = image(x), through = image(y), from = image(dy);
            g.call("conv2d_backward_filter", &params,
                   {seen, g.call("unary_backward", &of, {glia_value{}, through, from})}, out, 2);
            return std::vector<glia_value>{out[0], out[1]};
        };
        const std::vector<int> groups = expected > 1 ? std::vector<int>{expected} : std::vector<int>();
        expect_groups(groups, values_of);
        expect_groups(groups, values_of, {.row_major = true});
    }
};

TEST_P(CudaReluFilterChains, have_the_bits_of_their_calls) {
    expect_chain({{2, 1, 12, 14}, {2, 32, 10, 12}});
    expect_chain({{1, 3, 9, 7}, {1, 16, 9, 7}, 3, 1});  // with padding
    expect_chain({{3, 1, 6, 6}, {3, 5, 4, 4}});         // filters that are no packs
}

TEST_P(CudaReluFilterChains, of_halves) {
    for (const glia_dtype dtype : {GLIA_BF16, GLIA_F16}) {
        expect_chain({{2, 1, 8, 9}, {2, 16, 6, 7}, 3, 0, dtype});
        expect_chain({{1, 2, 6, 6}, {1, 7, 6, 6}, 3, 1, dtype});
    }
}

TEST_P(CudaReluFilterChains, leave_what_the_kernel_does_not_take) {
    expect_chain({{1, 4, 6, 6}, {1, 8, 4, 4}}, 1);                   // four channels
    expect_chain({{1, 1, 6, 6}, {1, 8, 4, 4}, 3, 0, GLIA_F64}, 1);   // doubles
    expect_chain({{1, 1, 6, 6}, {1, 8, 4, 4}}, 1, GLIA_UNARY_TANH);  // another function
    const Variable own("GLIA_PROVIDER", "cuda.portable");            // another kernel
    expect_chain({{1, 1, 6, 6}, {1, 8, 4, 4}}, 1);
}

GLI_AS_ONE_LAUNCH(CudaReluFilterChains);

}  // namespace

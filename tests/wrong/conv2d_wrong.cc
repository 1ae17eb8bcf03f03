#include "wrong/conv2d_wrong.h"

#include <cmath>
#include <cstring>

extern "C" {
#include "ops/conv/conv_geom.h"
}

namespace glia {
namespace {

enum class Bug {
    none,
    border_ends_the_row_loop,  // KANN: a row outside ends the loop instead of being skipped
    pointwise_forgets_stride,  // darknet: the shortcut for 1x1 kernels reads x as if the stride were 1
    bias_forgotten,
    one_nan,  // passes every comparison that is written `difference > tolerance`
    writes_past_the_end,
    workspace_too_small,    // promises one element less than it uses
    changes_the_weights,    // KANN flips them in place
    one_element_wrong,      // passes an error that is averaged over the tensor
    one_element_forgotten,  // left as it was
    ignores_strides,        // takes every tensor for dense
    other_bits_each_time,   // as atomics do
    groups_swapped,
    dilation_ignored,
    pad_end_for_pad,
};

float element(const glia_tensor *t, int a, int b, int c, int d, bool dense) {
    const int64_t *s = t->stride;
    const int64_t i =
        dense ? ((a * t->dim[1] + b) * t->dim[2] + c) * t->dim[3] + d : a * s[0] + b * s[1] + c * s[2] + d * s[3];
    return static_cast<const float *>(t->data)[i];
}

const char *decline(const gli_call *call) {
    return call->in[GLI_CONV_X]->dtype == GLIA_F32 ? nullptr : "takes f32 only";
}

template <Bug bug>
glia_status prepare(const gli_call *, gli_prepared *out) {
    out->workspace = bug == Bug::workspace_too_small ? 7 * sizeof(float) : 8 * sizeof(float);
    return GLIA_OK;
}

template <Bug bug>
float sum_at(const gli_conv_geom *g, const gli_call *call, int n, int k, int p, int q) {
    const glia_tensor *x = call->in[GLI_CONV_X], *w = call->in[GLI_CONV_W];
    const bool dense  = bug == Bug::ignores_strides;
    const int group_c = g->c / g->groups, group = k / (g->k / g->groups);
    const int stride_h = bug == Bug::pointwise_forgets_stride && g->r * g->s == 1 ? 1 : g->stride_h;
    const int stride_w = bug == Bug::pointwise_forgets_stride && g->r * g->s == 1 ? 1 : g->stride_w;
    const int dilation = bug == Bug::dilation_ignored ? 1 : g->dilation_w;
    const int pad_w    = bug == Bug::pad_end_for_pad ? g->pad_w_end : g->pad_w;
    float sum          = 0;
    for (int c = 0; c < group_c; ++c)
        for (int r = 0; r < g->r; ++r) {
            const int row = p * stride_h - g->pad_h + r * g->dilation_h;
            if (row < 0 || row >= g->h) {
                if (bug == Bug::border_ends_the_row_loop) break;
                continue;
            }
            for (int s = 0; s < g->s; ++s) {
                const int column = q * stride_w - pad_w + s * dilation;
                if (column < 0 || column >= g->w) continue;
                const int from = bug == Bug::groups_swapped ? g->groups - 1 - group : group;
                sum += element(x, n, from * group_c + c, row, column, dense) * element(w, k, c, r, s, dense);
            }
        }
    return sum;
}

float activate(glia_unary_kind kind, float x) {
    switch (kind) {
        case GLIA_UNARY_RELU: return x > 0 ? x : 0;
        case GLIA_UNARY_SIGMOID: return 1 / (1 + std::exp(-x));
        case GLIA_UNARY_TANH: return std::tanh(x);
        default: return x;
    }
}

template <Bug bug>
glia_status run(const gli_call *call, const gli_prepared *, void *workspace) {
    static int calls = 0;
    const auto *g    = static_cast<const gli_conv_geom *>(call->geom);
    const auto *y    = call->out[0];
    const auto *bias = call->n_in > GLI_CONV_BIAS ? call->in[GLI_CONV_BIAS] : nullptr;
    auto *out        = static_cast<float *>(y->data);
    std::memset(workspace, 0, 8 * sizeof(float));
    for (int n = 0; n < g->n; ++n)
        for (int k = 0; k < g->k; ++k)
            for (int p = 0; p < g->p; ++p)
                for (int q = 0; q < g->q; ++q) {
                    const bool last = n == g->n - 1 && k == g->k - 1 && p == g->p - 1 && q == g->q - 1;
                    float sum       = sum_at<bug>(g, call, n, k, p, q);
                    if (bias && bug != Bug::bias_forgotten)
                        sum += static_cast<const float *>(bias->data)[k * bias->stride[0]];
                    sum = activate(g->activation, sum);
                    if (last && bug == Bug::one_nan) sum = NAN;
                    if (last && bug == Bug::one_element_wrong) sum = 2 * sum + 1;
                    if (last && bug == Bug::one_element_forgotten) continue;
                    if (last && bug == Bug::other_bits_each_time && ++calls % 2) sum = std::nextafter(sum, 100.0f);
                    out[n * y->stride[0] + k * y->stride[1] + p * y->stride[2] + q * y->stride[3]] = sum;
                    if (last && bug == Bug::writes_past_the_end) out[gli_extent(y)] = 0;
                }
    if (bug == Bug::changes_the_weights) static_cast<float *>(call->in[GLI_CONV_W]->data)[0] += 1;
    return GLIA_OK;
}

template <Bug bug>
WrongProvider make(const char *name, const char *caught_by) {
    return {bug == Bug::none ? nullptr : name,
            caught_by,
            {"wrong.conv2d", GLI_ACCEPTS_ALL, decline, prepare<bug>, run<bug>, nullptr}};
}

}  // namespace

const std::vector<WrongProvider> &conv2d_providers() {
    static const std::vector<WrongProvider> all = {
        make<Bug::none>("", ""),
        make<Bug::border_ends_the_row_loop>("a row outside ends the loop", "y["),
        make<Bug::pointwise_forgets_stride>("1x1 forgets the stride", "y["),
        make<Bug::bias_forgotten>("the bias is forgotten", "y["),
        make<Bug::one_nan>("one NaN", "y["),
        make<Bug::writes_past_the_end>("one write past the end", "tidy: a write outside"),
        make<Bug::workspace_too_small>("more workspace than promised", "tidy: more workspace"),
        make<Bug::changes_the_weights>("the weights change", "tidy: w changed"),
        make<Bug::one_element_wrong>("one wrong element", "y["),
        make<Bug::one_element_forgotten>("one element not written", "y["),
        make<Bug::ignores_strides>("strides are ignored", "y["),
        make<Bug::other_bits_each_time>("other bits in the second run", "repeatable:"),
        make<Bug::groups_swapped>("groups in the wrong order", "y["),
        make<Bug::dilation_ignored>("the dilation of columns is ignored", "y["),
        make<Bug::pad_end_for_pad>("pad_end where pad belongs", "y["),
    };
    return all;
}

}  // namespace glia

#include "core/provider.h"
#include "cpu/reference/pool/pool2d_ref.h"
#include "cpu/reference/ref.h"

/* The divisor counts the window's elements of x; with include_pad those of the padding too, but not those beyond it,
 * into which a window may extend with ceil_mode. */
static gli_ref_pool_range range_of(int output, int kernel, int stride, int pad, int pad_end, int size,
                                   int include_pad) {
    const int64_t first = (int64_t)output * stride - pad, last = first + kernel;
    gli_ref_pool_range range = {.first = first > 0 ? first : 0, .last = last < size ? last : size};
    const int64_t padded_end = last < (int64_t)size + pad_end ? last : (int64_t)size + pad_end;
    range.counted            = include_pad ? padded_end - first : range.last - range.first;
    return range;
}

static gli_ref_pool_window window_of(const gli_pool2d_geom *g, int p, int q) {
    return (gli_ref_pool_window){range_of(p, g->r, g->stride_h, g->pad_h, g->pad_h_end, g->h, g->count_include_pad),
                                 range_of(q, g->s, g->stride_w, g->pad_w, g->pad_w_end, g->w, g->count_include_pad)};
}

static void avg_pool2d(const void *geom, const double *const *in, double *const *out) {
    gli_ref_mean_pool(geom, window_of, in[0], out[0]);
}

static void avg_pool2d_backward(const void *geom, const double *const *in, double *const *out) {
    gli_ref_mean_pool_backward(geom, window_of, in[GLI_POOL_BACK_DY], out[0]);
}

GLI_REF_PROVIDER(avg_pool2d, avg_pool2d);
GLI_REF_PROVIDER(avg_pool2d_backward, avg_pool2d_backward);

#include "core/size.h"
#include "cpu/onednn/dnn_list.h"

/* A convolution as oneDNN is told of it. */
typedef struct arguments {
    const_dnnl_memory_desc_t x, w, bias, y;
    dnnl_dims_t stride, dilation, pad, pad_end;
} arguments;

static arguments arguments_of(gli_dnn *dnn, const gli_dnn_convolution *c) {
    return (arguments){.x        = gli_dnn_request(dnn, &c->x),
                       .w        = gli_dnn_request(dnn, &c->w),
                       .bias     = gli_dnn_request(dnn, &c->bias),
                       .y        = gli_dnn_request(dnn, &c->y),
                       .stride   = {c->stride[0], c->stride[1], c->stride[2]},
                       .dilation = {c->dilation[0] - 1, c->dilation[1] - 1, c->dilation[2] - 1},
                       .pad      = {c->pad[0], c->pad[1], c->pad[2]},
                       .pad_end  = {c->pad_end[0], c->pad_end[1], c->pad_end[2]}};
}

/* hint: of a backward convolution, the forward one. */
static dnnl_status_t create(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, gli_dnn_convolution_kind kind,
                            const arguments *a, const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr) {
    const dnnl_prop_kind_t training = dnnl_forward_training;
    const dnnl_alg_kind_t direct    = dnnl_convolution_direct;
    switch (kind) {
        case GLI_DNN_CONVOLUTION:
            return gli_dnnl.convolution_forward_primitive_desc_create(pd, engine, training, direct, a->x, a->w, a->bias,
                                                                      a->y, a->stride, a->dilation, a->pad, a->pad_end,
                                                                      attr);
        case GLI_DNN_CONVOLUTION_BACKWARD_DATA:
            return gli_dnnl.convolution_backward_data_primitive_desc_create(
                pd, engine, direct, a->x, a->w, a->y, a->stride, a->dilation, a->pad, a->pad_end, hint, attr);
        case GLI_DNN_CONVOLUTION_TRANSPOSED:
            return gli_dnnl.deconvolution_forward_primitive_desc_create(pd, engine, training, dnnl_deconvolution_direct,
                                                                        a->x, a->w, a->bias, a->y, a->stride,
                                                                        a->dilation, a->pad, a->pad_end, attr);
        default:
            return gli_dnnl.convolution_backward_weights_primitive_desc_create(
                pd, engine, direct, a->x, a->w, a->bias, a->y, a->stride, a->dilation, a->pad, a->pad_end, hint, attr);
    }
}

static const struct {
    const char *what;
    int x, w, bias, y;
} ids[] = {
    {"a convolution", DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
    {"a convolution backward data", DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, 0, DNNL_ARG_DIFF_DST},
    {"a convolution backward weights", DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS, DNNL_ARG_DIFF_DST},
    {"a transposed convolution", DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
};

/* A backward primitive asks for a forward one of the same sizes; any implementation of it will do. */
static dnnl_primitive_desc_t create_pd(gli_dnn *dnn, const gli_dnn_convolution *c, bool no_gemm) {
    const char *what = ids[c->kind].what;
    const bool backward =
        c->kind == GLI_DNN_CONVOLUTION_BACKWARD_DATA || c->kind == GLI_DNN_CONVOLUTION_BACKWARD_WEIGHTS;
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    const arguments a          = arguments_of(dnn, c);
    dnnl_primitive_attr_t attr = gli_dnn_create_attr(dnn, &gli_dnn_default_attributes, what);
    if (attr && (!backward || gli_dnn_check(dnn, create(&hint, dnn->engine, GLI_DNN_CONVOLUTION, &a, NULL, NULL),
                                            "the forward convolution")))
        gli_dnn_check(dnn, create(&pd, dnn->engine, c->kind, &a, hint, attr), what);
    dnnl_primitive_desc_destroy(hint);
    return gli_dnn_fast_pd(dnn, pd, attr, no_gemm, what);
}

/* ---- slices ------------------------------------------------------------------------------------------------------ */

/* The dimensions that are cut. */
typedef struct cuts {
    gli_dnn_cut cut;
    int x, w, bias, y;
} cuts;

enum { IMAGES, CHANNELS, CHANNELS_AT_ONCE = 32 };

static double work_of(const gli_dnn_convolution *c) {
    const gli_dnn_view *image = c->kind == GLI_DNN_CONVOLUTION_TRANSPOSED ? &c->x : &c->y;
    return gli_dnn_elements(&c->w) * gli_dnn_elements(image) / (double)image->dim[CHANNELS];
}

/* Of all images. */
static int64_t pixels_of(const gli_dnn_view *y) {
    int64_t pixels = y->dim[IMAGES];
    for (int d = CHANNELS + 1; d < y->ndim; ++d) pixels *= y->dim[d];
    return pixels;
}

static cuts cut_images(const gli_dnn_convolution *c) {
    const gli_dnn_cut cut = {.dim = c->x.dim[IMAGES], .multiple = 1, .work = work_of(c)};
    return (cuts){cut, IMAGES, GLI_DNN_WHOLE, GLI_DNN_WHOLE, IMAGES};
}

/* Of y, or of x where that is the result. */
static cuts cut_channels(const gli_dnn_convolution *c) {
    const bool of_x       = c->kind == GLI_DNN_CONVOLUTION_BACKWARD_DATA;
    const gli_dnn_cut cut = {(of_x ? &c->x : &c->y)->dim[CHANNELS], CHANNELS_AT_ONCE, work_of(c), false};
    if (of_x) return (cuts){cut, CHANNELS, 1, GLI_DNN_WHOLE, GLI_DNN_WHOLE};
    return (cuts){cut, GLI_DNN_WHOLE, 0, 0, CHANNELS};
}

/* Each slice gives a summand of the gradient of all filters. oneDNN adds the pixels of one up in a float: few enough of
 * them leave four digits of numbers of one sign. */
static cuts cut_summands(const gli_dnn_convolution *c) {
    enum { PIXELS = 1 << 14 };
    cuts k      = cut_images(c);
    k.cut.added = true;
    k.cut.least = gli_divide_up(pixels_of(&c->y), PIXELS);
    k.w = k.bias = GLI_DNN_ADDED;
    return k;
}

static int slices_of(const gli_dnn_cut *cut) {
    gli_dnn_slices slices;
    gli_dnn_part(cut, 0, &slices);
    return slices.total;
}

/* Between images, or between channels: where the filters are larger than the images, all of which each slice would
 * read, and where there are few images. */
static cuts cuts_of(const gli_dnn_convolution *c) {
    enum { FEW = 8, COSTS_AS_MUCH = 4 };
    const double x = gli_dnn_elements(&c->x), w = gli_dnn_elements(&c->w), y = gli_dnn_elements(&c->y);
    const bool filters = c->kind == GLI_DNN_CONVOLUTION_BACKWARD_WEIGHTS, grouped = c->w.ndim > c->x.ndim;
    const cuts images = filters ? cut_summands(c) : cut_images(c), channels = cut_channels(c);
    const bool large = filters ? COSTS_AS_MUCH * w > y : w > x + y;
    const int slices = slices_of(&images.cut);
    if (grouped || c->kind == GLI_DNN_CONVOLUTION_TRANSPOSED) return images;
    return large || (slices < FEW && slices_of(&channels.cut) > slices) ? channels : images;
}

/* Images that are not channels last are reordered into the primitive's own layout, which costs less than into channels
 * last; but only from there is every convolution fast, and every transposed one faster. An image that is both, with a
 * single channel or pixel, follows the other one: oneDNN has nothing fast for a mixture. */
static void add_slices(gli_dnn *dnn, gli_dnn_convolution c, const cuts *k, const gli_dnn_slices *slices) {
    c.x    = gli_dnn_slice(c.x, k->x, slices);
    c.w    = gli_dnn_slice(c.w, k->w, slices);
    c.bias = gli_dnn_slice(c.bias, k->bias, slices);
    c.y    = gli_dnn_slice(c.y, k->y, slices);
    if (c.kind == GLI_DNN_CONVOLUTION_TRANSPOSED) c.x.layout = c.y.layout = GLI_DNN_CHANNELS_LAST;
    const bool any = c.x.layout == GLI_DNN_ANY || c.y.layout == GLI_DNN_ANY;
    if (any && gli_dnn_is_row_major(&c.x)) c.x.layout = GLI_DNN_ANY;
    if (any && gli_dnn_is_row_major(&c.y)) c.y.layout = GLI_DNN_ANY;
    dnnl_primitive_desc_t pd = create_pd(dnn, &c, any);
    if (any && dnn->status == GLIA_UNSUPPORTED) {
        dnn->status = GLIA_OK;
        c.x.layout = c.y.layout = GLI_DNN_CHANNELS_LAST;
        pd                      = create_pd(dnn, &c, false);
    }
    gli_dnn_add_primitive(dnn, pd, ids[c.kind].what, slices, 4,
                          (gli_dnn_tensor[]){{ids[c.kind].x, &c.x, k->x},
                                             {ids[c.kind].w, &c.w, k->w},
                                             {ids[c.kind].bias, &c.bias, k->bias},
                                             {ids[c.kind].y, &c.y, k->y}});
}

void gli_dnn_add_convolution(gli_dnn *dnn, const gli_dnn_convolution *conv) {
    const cuts k = cuts_of(conv);
    gli_dnn_slices slices;
    dnn->activation = conv->activation;
    for (int part = 0; part < 2; ++part)
        if (dnn->status == GLIA_OK && gli_dnn_part(&k.cut, part, &slices)) add_slices(dnn, *conv, &k, &slices);
}

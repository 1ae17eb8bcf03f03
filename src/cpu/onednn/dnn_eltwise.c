#include "cpu/onednn/dnn_list.h"

/* Kinds whose formula is Glia's, and their derivatives from x and from y; undef where there is none. Not relu, clip and
 * exp themselves, which map NaN to a finite number, not the logarithm, which is off by 50 units in the last place, not
 * the derivative of clip, which is 0 at the lower bound, and not gelu, silu and the derivatives of sigmoid and tanh
 * from x, whose tails are 0 where they are small. */
typedef struct algorithms {
    dnnl_alg_kind_t forward, from_x, from_y;
} algorithms;

static const algorithms known[GLIA_UNARY_COUNT] = {
    [GLIA_UNARY_LINEAR]     = {dnnl_eltwise_linear, dnnl_eltwise_linear},
    [GLIA_UNARY_SIGMOID]    = {dnnl_eltwise_logistic, dnnl_alg_kind_undef, dnnl_eltwise_logistic_use_dst_for_bwd},
    [GLIA_UNARY_TANH]       = {dnnl_eltwise_tanh, dnnl_alg_kind_undef, dnnl_eltwise_tanh_use_dst_for_bwd},
    [GLIA_UNARY_RELU]       = {dnnl_alg_kind_undef, dnnl_eltwise_relu, dnnl_eltwise_relu_use_dst_for_bwd},
    [GLIA_UNARY_LEAKY_RELU] = {dnnl_eltwise_relu, dnnl_eltwise_relu, dnnl_eltwise_relu_use_dst_for_bwd},
    [GLIA_UNARY_ELU]        = {dnnl_eltwise_elu, dnnl_eltwise_elu, dnnl_eltwise_elu_use_dst_for_bwd},
    [GLIA_UNARY_GELU_TANH]  = {dnnl_eltwise_gelu_tanh, dnnl_eltwise_gelu_tanh},
    [GLIA_UNARY_HARD_SWISH] = {dnnl_eltwise_hardswish, dnnl_eltwise_hardswish},
    [GLIA_UNARY_EXP]        = {dnnl_alg_kind_undef, dnnl_eltwise_exp, dnnl_eltwise_exp_use_dst_for_bwd},
    [GLIA_UNARY_SQRT]       = {dnnl_eltwise_sqrt, dnnl_eltwise_sqrt, dnnl_eltwise_sqrt_use_dst_for_bwd},
    [GLIA_UNARY_ABS]        = {dnnl_eltwise_abs, dnnl_eltwise_abs},
    [GLIA_UNARY_SQUARE]     = {dnnl_eltwise_square, dnnl_eltwise_square},
};

bool gli_dnn_knows_unary(glia_unary_kind kind) { return known[kind].forward != dnnl_alg_kind_undef; }

bool gli_dnn_knows_unary_backward(glia_unary_kind kind, bool from_y) {
    return (from_y ? known[kind].from_y : known[kind].from_x) != dnnl_alg_kind_undef;
}

/* Glia's alpha and beta as oneDNN's. */
static void translate_params(glia_unary_kind kind, float *alpha, float *beta) {
    if (kind == GLIA_UNARY_LINEAR) *alpha = 1, *beta = 0;
    if (kind == GLIA_UNARY_RELU) *alpha = 0;
    if (kind == GLIA_UNARY_HARD_SWISH) *alpha = 1.0f / 6, *beta = 0.5f; /* version 2 knows no others */
}

/* Of a flat view. */
static gli_dnn_cut cut_of(const gli_dnn_view *x) {
    return (gli_dnn_cut){x->dim[0], GLI_ALIGNMENT / sizeof(float), GLI_DNN_WORK_PER_ELEMENT * gli_dnn_elements(x)};
}

static void add_forward(gli_dnn *dnn, glia_unary_kind kind, float alpha, float beta, gli_dnn_view x, gli_dnn_view y,
                        const gli_dnn_slices *slices) {
    const char *what            = "an elementwise function";
    dnnl_primitive_desc_t pd    = NULL;
    dnnl_primitive_attr_t attr  = gli_dnn_create_attr(dnn, &gli_dnn_default_attributes, what);
    x                           = gli_dnn_slice(x, 0, slices);
    y                           = gli_dnn_slice(y, 0, slices);
    const_dnnl_memory_desc_t md = gli_dnn_describe(dnn, &x);
    if (attr)
        gli_dnn_check(dnn,
                      gli_dnnl.eltwise_forward_primitive_desc_create(&pd, dnn->engine, dnnl_forward_training,
                                                                     known[kind].forward, md, md, alpha, beta, attr),
                      what);
    gli_dnn_add_primitive(dnn, gli_dnn_fast_pd(dnn, pd, attr, false, what), what, slices, 2,
                          (gli_dnn_tensor[]){{DNNL_ARG_SRC, &x, 0}, {DNNL_ARG_DST, &y, 0}});
}

void gli_dnn_add_unary(gli_dnn *dnn, glia_unary_kind kind, float alpha, float beta, const gli_dnn_view *x,
                       const gli_dnn_view *y) {
    const gli_dnn_cut cut = cut_of(x);
    gli_dnn_slices slices;
    translate_params(kind, &alpha, &beta);
    for (int part = 0; part < 2; ++part)
        if (dnn->status == GLIA_OK && gli_dnn_part(&cut, part, &slices))
            add_forward(dnn, kind, alpha, beta, *x, *y, &slices);
}

/* The derivative of algorithm `alg`, from x or y, whichever `data` is. */
typedef struct derivative {
    dnnl_alg_kind_t alg;
    float alpha, beta;
    int id; /* of data */
    gli_dnn_view data, dy, dx;
} derivative;

static void add_backward(gli_dnn *dnn, derivative e, const gli_dnn_slices *slices) {
    const char *what           = "an elementwise derivative";
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    dnnl_primitive_attr_t attr  = gli_dnn_create_attr(dnn, &gli_dnn_default_attributes, what);
    e.data                      = gli_dnn_slice(e.data, 0, slices);
    e.dy                        = gli_dnn_slice(e.dy, 0, slices);
    e.dx                        = gli_dnn_slice(e.dx, 0, slices);
    const_dnnl_memory_desc_t md = gli_dnn_describe(dnn, &e.data);
    if (attr && gli_dnn_check(dnn,
                              gli_dnnl.eltwise_forward_primitive_desc_create(&hint, dnn->engine, dnnl_forward_training,
                                                                             e.alg, md, md, e.alpha, e.beta, NULL),
                              what))
        gli_dnn_check(dnn,
                      gli_dnnl.eltwise_backward_primitive_desc_create(&pd, dnn->engine, e.alg, md, md, md, e.alpha,
                                                                      e.beta, hint, attr),
                      what);
    gli_dnn_add_primitive(
        dnn, gli_dnn_fast_pd(dnn, pd, attr, false, what), what, slices, 3,
        (gli_dnn_tensor[]){{e.id, &e.data, 0}, {DNNL_ARG_DIFF_DST, &e.dy, 0}, {DNNL_ARG_DIFF_SRC, &e.dx, 0}});
    dnnl_primitive_desc_destroy(hint);
}

void gli_dnn_add_unary_backward(gli_dnn *dnn, glia_unary_kind kind, bool from_y, float alpha, float beta,
                                const gli_dnn_view *x, const gli_dnn_view *dy, const gli_dnn_view *dx) {
    const gli_dnn_cut cut = cut_of(x);
    gli_dnn_slices slices;
    translate_params(kind, &alpha, &beta);
    const derivative e = {.alg   = from_y ? known[kind].from_y : known[kind].from_x,
                          .alpha = alpha,
                          .beta  = beta,
                          .id    = from_y ? DNNL_ARG_DST : DNNL_ARG_SRC,
                          .data  = *x,
                          .dy    = *dy,
                          .dx    = *dx};
    for (int part = 0; part < 2; ++part)
        if (dnn->status == GLIA_OK && gli_dnn_part(&cut, part, &slices)) add_backward(dnn, e, &slices);
}

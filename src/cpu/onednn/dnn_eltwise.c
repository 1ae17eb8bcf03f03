#include "cpu/onednn/dnn_list.h"

/* Kinds whose formula is Glia's, and their derivatives from x and from y; undef where there is none. Not relu, clip and
 * exp themselves, which map NaN to a finite number, not the logarithm, which is off by 50 units in the last place, and
 * not the derivative of clip, which is 0 at the lower bound. */
typedef struct algorithms {
    dnnl_alg_kind_t forward, from_x, from_y;
} algorithms;

static const algorithms known[GLIA_UNARY_COUNT] = {
    [GLIA_UNARY_LINEAR]     = {dnnl_eltwise_linear, dnnl_eltwise_linear},
    [GLIA_UNARY_SIGMOID]    = {dnnl_eltwise_logistic, dnnl_eltwise_logistic, dnnl_eltwise_logistic_use_dst_for_bwd},
    [GLIA_UNARY_TANH]       = {dnnl_eltwise_tanh, dnnl_eltwise_tanh, dnnl_eltwise_tanh_use_dst_for_bwd},
    [GLIA_UNARY_RELU]       = {dnnl_alg_kind_undef, dnnl_eltwise_relu, dnnl_eltwise_relu_use_dst_for_bwd},
    [GLIA_UNARY_LEAKY_RELU] = {dnnl_eltwise_relu, dnnl_eltwise_relu, dnnl_eltwise_relu_use_dst_for_bwd},
    [GLIA_UNARY_ELU]        = {dnnl_eltwise_elu, dnnl_eltwise_elu, dnnl_eltwise_elu_use_dst_for_bwd},
    [GLIA_UNARY_GELU]       = {dnnl_eltwise_gelu_erf, dnnl_eltwise_gelu_erf},
    [GLIA_UNARY_GELU_TANH]  = {dnnl_eltwise_gelu_tanh, dnnl_eltwise_gelu_tanh},
    [GLIA_UNARY_SILU]       = {dnnl_eltwise_swish, dnnl_eltwise_swish},
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
    if (kind == GLIA_UNARY_LINEAR || kind == GLIA_UNARY_SILU) *alpha = 1, *beta = 0;
    if (kind == GLIA_UNARY_RELU) *alpha = 0;
}

void gli_dnn_add_unary(gli_dnn *dnn, glia_unary_kind kind, float alpha, float beta, const gli_dnn_view *x,
                       const gli_dnn_view *y) {
    const char *what          = "an elementwise function";
    const dnnl_alg_kind_t alg = known[kind].forward;
    dnnl_eltwise_desc_t desc;
    dnnl_memory_desc_t md;
    translate_params(kind, &alpha, &beta);
    if (!gli_dnn_describe(dnn, x, &md) ||
        !gli_dnn_check(dnn, dnnl_eltwise_forward_desc_init(&desc, dnnl_forward_training, alg, &md, alpha, beta), what))
        return;
    gli_dnn_add_primitive(dnn, gli_dnn_create_pd(dnn, &desc, &gli_dnn_default_attributes, NULL, what), what, 2,
                          (gli_dnn_tensor[]){{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}});
}

void gli_dnn_add_unary_backward(gli_dnn *dnn, glia_unary_kind kind, bool from_y, float alpha, float beta,
                                const gli_dnn_view *x, const gli_dnn_view *dy, const gli_dnn_view *dx) {
    const char *what           = "an elementwise derivative";
    const dnnl_alg_kind_t alg  = from_y ? known[kind].from_y : known[kind].from_x;
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    dnnl_eltwise_desc_t forward, desc;
    dnnl_memory_desc_t md;
    translate_params(kind, &alpha, &beta);
    if (!gli_dnn_describe(dnn, x, &md)) return;
    if (gli_dnn_check(dnn, dnnl_eltwise_forward_desc_init(&forward, dnnl_forward_training, alg, &md, alpha, beta),
                      what) &&
        gli_dnn_check(dnn, dnnl_primitive_desc_create(&hint, &forward, NULL, dnn->engine, NULL), what) &&
        gli_dnn_check(dnn, dnnl_eltwise_backward_desc_init(&desc, alg, &md, &md, alpha, beta), what))
        pd = gli_dnn_create_pd(dnn, &desc, &gli_dnn_default_attributes, hint, what);
    gli_dnn_add_primitive(
        dnn, pd, what, 3,
        (gli_dnn_tensor[]){
            {from_y ? DNNL_ARG_DST : DNNL_ARG_SRC, x}, {DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_SRC, dx}});
    dnnl_primitive_desc_destroy(hint);
}

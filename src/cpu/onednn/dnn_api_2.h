/* The part of oneDNN 3's API that Glia calls, made of version 2's. There a descriptor of memory is a struct, and a
 * primitive's descriptor is made of an operation's. */
#ifndef GLI_CPU_ONEDNN_DNN_API_2_H
#define GLI_CPU_ONEDNN_DNN_API_2_H

#include <stdbool.h>
#include <string.h>

#include <oneapi/dnnl/dnnl.h>

enum { GLI_DNN_MATMUL_TAKES_GAPS = 1 };

typedef const dnnl_memory_desc_t *const_dnnl_memory_desc_t;

static inline const_dnnl_memory_desc_t gli_dnn_md(const dnnl_memory_desc_t *created) { return created; }

static inline dnnl_status_t dnnl_memory_desc_create_with_strides(dnnl_memory_desc_t *md, int ndims,
                                                                 const dnnl_dims_t dims, dnnl_data_type_t type,
                                                                 const dnnl_dims_t strides) {
    return dnnl_memory_desc_init_by_strides(md, ndims, dims, type, strides);
}

static inline dnnl_status_t dnnl_memory_desc_create_with_tag(dnnl_memory_desc_t *md, int ndims, const dnnl_dims_t dims,
                                                             dnnl_data_type_t type, dnnl_format_tag_t tag) {
    return dnnl_memory_desc_init_by_tag(md, ndims, dims, type, tag);
}

static inline void gli_dnn_md_destroy(dnnl_memory_desc_t *created) { (void)created; }

static inline const dnnl_dim_t *gli_dnn_strides(const_dnnl_memory_desc_t md) {
    const bool plain = md->format_kind == dnnl_blocked && md->format_desc.blocking.inner_nblks == 0 &&
                       memcmp(md->dims, md->padded_dims, (size_t)md->ndims * sizeof *md->dims) == 0;
    return plain ? md->format_desc.blocking.strides : NULL;
}

/* Ours, named like theirs for the table of calls: the primitive computes scale x, before its post-ops. */
static inline dnnl_status_t dnnl_set_scale(dnnl_primitive_attr_t attr, dnnl_post_ops_t ops, float scale) {
    (void)ops;
    return dnnl_primitive_attr_set_output_scales(attr, 1, 0, &scale);
}

static inline dnnl_status_t gli_dnn_append_sum(dnnl_post_ops_t ops, float scale, int32_t zero_point,
                                               dnnl_data_type_t type) {
    (void)zero_point, (void)type;
    return dnnl_post_ops_append_sum(ops, scale);
}
#define dnnl_post_ops_append_sum gli_dnn_append_sum

/* ---- descriptors of primitives ----------------------------------------------------------------------------------- */

/* What follows the initialisation of an operation's descriptor, which gave `status`. */
static inline dnnl_status_t gli_dnn_pd_of(dnnl_status_t status, dnnl_primitive_desc_t *pd, const_dnnl_op_desc_t op,
                                          dnnl_engine_t engine, const_dnnl_primitive_desc_t hint,
                                          const_dnnl_primitive_attr_t attr) {
    return status == dnnl_success ? dnnl_primitive_desc_create(pd, op, attr, engine, hint) : status;
}

static inline dnnl_status_t dnnl_convolution_forward_primitive_desc_create(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_prop_kind_t prop, dnnl_alg_kind_t alg,
    const_dnnl_memory_desc_t src, const_dnnl_memory_desc_t weights, const_dnnl_memory_desc_t bias,
    const_dnnl_memory_desc_t dst, const dnnl_dims_t strides, const dnnl_dims_t dilates, const dnnl_dims_t padding_l,
    const dnnl_dims_t padding_r, const_dnnl_primitive_attr_t attr) {
    dnnl_convolution_desc_t op;
    return gli_dnn_pd_of(dnnl_dilated_convolution_forward_desc_init(&op, prop, alg, src, weights, bias, dst, strides,
                                                                    dilates, padding_l, padding_r),
                         pd, &op, engine, NULL, attr);
}

static inline dnnl_status_t dnnl_deconvolution_forward_primitive_desc_create(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_prop_kind_t prop, dnnl_alg_kind_t alg,
    const_dnnl_memory_desc_t src, const_dnnl_memory_desc_t weights, const_dnnl_memory_desc_t bias,
    const_dnnl_memory_desc_t dst, const dnnl_dims_t strides, const dnnl_dims_t dilates, const dnnl_dims_t padding_l,
    const dnnl_dims_t padding_r, const_dnnl_primitive_attr_t attr) {
    dnnl_deconvolution_desc_t op;
    return gli_dnn_pd_of(dnnl_dilated_deconvolution_forward_desc_init(&op, prop, alg, src, weights, bias, dst, strides,
                                                                      dilates, padding_l, padding_r),
                         pd, &op, engine, NULL, attr);
}

static inline dnnl_status_t dnnl_convolution_backward_data_primitive_desc_create(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_alg_kind_t alg, const_dnnl_memory_desc_t diff_src,
    const_dnnl_memory_desc_t weights, const_dnnl_memory_desc_t diff_dst, const dnnl_dims_t strides,
    const dnnl_dims_t dilates, const dnnl_dims_t padding_l, const dnnl_dims_t padding_r,
    const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr) {
    dnnl_convolution_desc_t op;
    return gli_dnn_pd_of(dnnl_dilated_convolution_backward_data_desc_init(&op, alg, diff_src, weights, diff_dst,
                                                                          strides, dilates, padding_l, padding_r),
                         pd, &op, engine, hint, attr);
}

static inline dnnl_status_t dnnl_convolution_backward_weights_primitive_desc_create(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_alg_kind_t alg, const_dnnl_memory_desc_t src,
    const_dnnl_memory_desc_t diff_weights, const_dnnl_memory_desc_t diff_bias, const_dnnl_memory_desc_t diff_dst,
    const dnnl_dims_t strides, const dnnl_dims_t dilates, const dnnl_dims_t padding_l, const dnnl_dims_t padding_r,
    const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr) {
    dnnl_convolution_desc_t op;
    return gli_dnn_pd_of(dnnl_dilated_convolution_backward_weights_desc_init(
                             &op, alg, src, diff_weights, diff_bias, diff_dst, strides, dilates, padding_l, padding_r),
                         pd, &op, engine, hint, attr);
}

static inline dnnl_status_t dnnl_matmul_primitive_desc_create(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const_dnnl_memory_desc_t src, const_dnnl_memory_desc_t weights,
    const_dnnl_memory_desc_t bias, const_dnnl_memory_desc_t dst, const_dnnl_primitive_attr_t attr) {
    dnnl_matmul_desc_t op;
    return gli_dnn_pd_of(dnnl_matmul_desc_init(&op, src, weights, bias, dst), pd, &op, engine, NULL, attr);
}

/* Version 2 takes the layout of dst from src. */
static inline dnnl_status_t dnnl_eltwise_forward_primitive_desc_create(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
                                                                       dnnl_prop_kind_t prop, dnnl_alg_kind_t alg,
                                                                       const_dnnl_memory_desc_t src,
                                                                       const_dnnl_memory_desc_t dst, float alpha,
                                                                       float beta, const_dnnl_primitive_attr_t attr) {
    dnnl_eltwise_desc_t op;
    (void)dst;
    return gli_dnn_pd_of(dnnl_eltwise_forward_desc_init(&op, prop, alg, src, alpha, beta), pd, &op, engine, NULL, attr);
}

static inline dnnl_status_t dnnl_eltwise_backward_primitive_desc_create(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_alg_kind_t alg, const_dnnl_memory_desc_t diff_src,
    const_dnnl_memory_desc_t diff_dst, const_dnnl_memory_desc_t data, float alpha, float beta,
    const_dnnl_primitive_desc_t hint, const_dnnl_primitive_attr_t attr) {
    dnnl_eltwise_desc_t op;
    (void)diff_src;
    return gli_dnn_pd_of(dnnl_eltwise_backward_desc_init(&op, alg, diff_dst, data, alpha, beta), pd, &op, engine, hint,
                         attr);
}

static inline dnnl_status_t dnnl_pooling_forward_primitive_desc_create(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_prop_kind_t prop, dnnl_alg_kind_t alg,
    const_dnnl_memory_desc_t src, const_dnnl_memory_desc_t dst, const dnnl_dims_t strides, const dnnl_dims_t kernel,
    const dnnl_dims_t dilation, const dnnl_dims_t padding_l, const dnnl_dims_t padding_r,
    const_dnnl_primitive_attr_t attr) {
    dnnl_pooling_v2_desc_t op;
    return gli_dnn_pd_of(
        dnnl_pooling_v2_forward_desc_init(&op, prop, alg, src, dst, strides, kernel, dilation, padding_l, padding_r),
        pd, &op, engine, NULL, attr);
}

static inline dnnl_status_t dnnl_pooling_backward_primitive_desc_create(
    dnnl_primitive_desc_t *pd, dnnl_engine_t engine, dnnl_alg_kind_t alg, const_dnnl_memory_desc_t diff_src,
    const_dnnl_memory_desc_t diff_dst, const dnnl_dims_t strides, const dnnl_dims_t kernel, const dnnl_dims_t dilation,
    const dnnl_dims_t padding_l, const dnnl_dims_t padding_r, const_dnnl_primitive_desc_t hint,
    const_dnnl_primitive_attr_t attr) {
    dnnl_pooling_v2_desc_t op;
    return gli_dnn_pd_of(dnnl_pooling_v2_backward_desc_init(&op, alg, diff_src, diff_dst, strides, kernel, dilation,
                                                            padding_l, padding_r),
                         pd, &op, engine, hint, attr);
}

#endif

/* What dnn_api_2.h adds of its own, for oneDNN 3. */
#ifndef GLI_CPU_ONEDNN_DNN_API_3_H
#define GLI_CPU_ONEDNN_DNN_API_3_H

#include <stdbool.h>
#include <string.h>

#include <oneapi/dnnl/dnnl.h>

/* Version 3.7's matmuls of vectors, and of some batches, take elements for neighbours that have gaps between them. */
enum { GLI_DNN_MATMUL_TAKES_GAPS = 0 };

static inline const_dnnl_memory_desc_t gli_dnn_md(const dnnl_memory_desc_t *created) { return *created; }

static inline void gli_dnn_md_destroy(dnnl_memory_desc_t *created) { dnnl_memory_desc_destroy(*created); }

/* The first post-op, so that those that follow come after the scale. */
static inline dnnl_status_t dnnl_set_scale(dnnl_primitive_attr_t attr, dnnl_post_ops_t ops, float scale) {
    (void)attr;
    return dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_linear, scale, 0);
}

/* The strides of a descriptor that has nothing but strides; NULL: it has blocks or padding. */
static inline const dnnl_dim_t *gli_dnn_strides(const_dnnl_memory_desc_t md) {
    const dnnl_dims_t *dims, *padded, *strides;
    dnnl_format_kind_t kind;
    int ndims = 0, blocks = 0;
    const bool plain = dnnl_memory_desc_query(md, dnnl_query_format_kind, &kind) == dnnl_success &&
                       kind == dnnl_blocked &&
                       dnnl_memory_desc_query(md, dnnl_query_inner_nblks_s32, &blocks) == dnnl_success && blocks == 0 &&
                       dnnl_memory_desc_query(md, dnnl_query_ndims_s32, &ndims) == dnnl_success &&
                       dnnl_memory_desc_query(md, dnnl_query_dims, &dims) == dnnl_success &&
                       dnnl_memory_desc_query(md, dnnl_query_padded_dims, &padded) == dnnl_success &&
                       dnnl_memory_desc_query(md, dnnl_query_strides, &strides) == dnnl_success &&
                       memcmp(*dims, *padded, (size_t)ndims * sizeof **dims) == 0;
    return plain ? *strides : NULL;
}

#endif

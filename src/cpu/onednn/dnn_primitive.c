/* One primitive of the list: its descriptors, its arguments, and the reorders around it. */
#include <string.h>

#include "core/size.h"
#include "cpu/onednn/dnn_list.h"

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

bool gli_dnn_describe(gli_dnn *dnn, const gli_dnn_view *view, dnnl_memory_desc_t *md) {
    memset(md, 0, sizeof *md);
    if (dnn->status != GLIA_OK) return false;
    if (view->memory == GLI_DNN_ABSENT) return true;
    return gli_dnn_check(dnn, dnnl_memory_desc_init_by_strides(md, view->ndim, view->dim, dnnl_f32, view->stride),
                         "the strides of a tensor");
}

bool gli_dnn_request(gli_dnn *dnn, const gli_dnn_view *view, dnnl_memory_desc_t *md) {
    memset(md, 0, sizeof *md);
    if (view->memory == GLI_DNN_ABSENT || view->layout == GLI_DNN_AS_IS) return gli_dnn_describe(dnn, view, md);
    const dnnl_format_tag_t tag = view->layout == GLI_DNN_ANY ? dnnl_format_tag_any : dnnl_nhwc;
    return dnn->status == GLIA_OK &&
           gli_dnn_check(dnn, dnnl_memory_desc_init_by_tag(md, view->ndim, view->dim, dnnl_f32, tag),
                         "the layout of a tensor");
}

const gli_dnn_attributes gli_dnn_default_attributes = {.alpha = 1, .activation = GLIA_UNARY_LINEAR};

static bool set_attributes(gli_dnn *dnn, const gli_dnn_attributes *a, dnnl_post_ops_t ops, dnnl_primitive_attr_t attr) {
    const dnnl_alg_kind_t alg = a->activation == GLIA_UNARY_SIGMOID ? dnnl_eltwise_logistic : dnnl_eltwise_tanh;
    return (a->alpha == 1 ||
            gli_dnn_check(dnn, dnnl_primitive_attr_set_output_scales(attr, 1, 0, &a->alpha), "a scale")) &&
           (a->beta == 0 || gli_dnn_check(dnn, dnnl_post_ops_append_sum(ops, a->beta), "a sum")) &&
           (a->activation == GLIA_UNARY_LINEAR || a->activation == GLIA_UNARY_RELU ||
            gli_dnn_check(dnn, dnnl_post_ops_append_eltwise(ops, 1, alg, 0, 0), "an activation")) &&
           gli_dnn_check(dnn, dnnl_primitive_attr_set_post_ops(attr, ops), "post-ops");
}

static bool refuse_slow(gli_dnn *dnn, dnnl_primitive_desc_t pd, bool no_gemm, const char *what) {
    const char *implementation = "";
    if (!gli_dnn_check(dnn, dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, (void *)&implementation), what))
        return false;
    if (strncmp(implementation, "ref", 3) == 0 || (no_gemm && strstr(implementation, "gemm"))) {
        dnn->status = gli_dnn_refuse(dnn->call, "only its reference or a slow implementation", what);
        return false;
    }
    gli_log(dnn->ctx, GLI_LOG_DISPATCH, "dispatch %s: oneDNN's %s is %s", dnn->call->op->name, what, implementation);
    return true;
}

dnnl_primitive_desc_t gli_dnn_create_pd(gli_dnn *dnn, const_dnnl_op_desc_t desc, const gli_dnn_attributes *attributes,
                                        const_dnnl_primitive_desc_t hint, const char *what) {
    dnnl_primitive_attr_t attr    = NULL;
    dnnl_post_ops_t ops           = NULL;
    dnnl_primitive_desc_t pd      = NULL;
    const dnnl_fpmath_mode_t math = dnn->ctx->math == GLIA_MATH_BF16 ? dnnl_fpmath_mode_bf16 : dnnl_fpmath_mode_strict;
    if (gli_dnn_check(dnn, dnnl_primitive_attr_create(&attr), what) &&
        gli_dnn_check(dnn, dnnl_post_ops_create(&ops), what) &&
        gli_dnn_check(dnn, dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user), what) &&
        gli_dnn_check(dnn, dnnl_primitive_attr_set_fpmath_mode(attr, math), what) &&
        set_attributes(dnn, attributes, ops, attr))
        gli_dnn_check(dnn, dnnl_primitive_desc_create(&pd, desc, attr, dnn->engine, hint), what);
    dnnl_post_ops_destroy(ops);
    dnnl_primitive_attr_destroy(attr);
    if (pd && !refuse_slow(dnn, pd, attributes->no_gemm, what)) {
        dnnl_primitive_desc_destroy(pd);
        pd = NULL;
    }
    return pd;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static bool add_argument(gli_dnn *dnn, gli_dnn_step *s, gli_dnn_argument argument, const dnnl_memory_desc_t *md) {
    if (!gli_dnn_check(dnn, dnnl_memory_create(&argument.memory, md, dnn->engine, DNNL_MEMORY_NONE), "an argument"))
        return false;
    s->arguments[s->n++] = argument;
    return true;
}

static gli_dnn_argument in_view(int id, const gli_dnn_view *view) {
    return (gli_dnn_argument){.id = id, .kind = view->memory, .index = (size_t)view->index};
}

static gli_dnn_argument in_workspace(int id, size_t offset) {
    return (gli_dnn_argument){.id = id, .kind = GLI_DNN_WORKSPACE, .offset = offset};
}

/* Appends the primitive of pd with its scratchpad, and takes pd. NULL after a failure. */
static gli_dnn_step *add_step(gli_dnn *dnn, dnnl_primitive_desc_t pd, const char *what) {
    if (!pd) return NULL;
    gli_dnn_step *s              = &dnn->steps[dnn->n];
    const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    const bool good = dnn->status == GLIA_OK && gli_dnn_check(dnn, dnnl_primitive_create(&s->primitive, pd), what);
    if (good) ++dnn->n;
    const size_t bytes        = dnnl_memory_desc_get_size(md);
    dnn->scratchpad           = bytes > dnn->scratchpad ? bytes : dnn->scratchpad;
    const gli_dnn_argument to = {.id = DNNL_ARG_SCRATCHPAD, .kind = GLI_DNN_SCRATCHPAD};
    const bool ready          = good && (bytes == 0 || add_argument(dnn, s, to, md));
    dnnl_primitive_desc_destroy(pd);
    return ready ? s : NULL;
}

/* A tensor in the layout that the primitive requires. */
typedef struct laid_out_tensor {
    gli_dnn_tensor tensor;
    dnnl_memory_desc_t md;
    bool reordered; /* into or from the workspace at offset */
    size_t offset;
} laid_out_tensor;

/* Whether both give each element the same address: oneDNN also compares strides of dimensions of size 1. */
static bool same_layout(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b) {
    if (dnnl_memory_desc_equal(a, b)) return true;
    const dnnl_blocking_desc_t *p = &a->format_desc.blocking, *q = &b->format_desc.blocking;
    if (a->format_kind != dnnl_blocked || p->inner_nblks != 0 || q->inner_nblks != 0) return false;
    for (int d = 0; d < a->ndims; ++d)
        if (a->padded_dims[d] != a->dims[d] || (a->dims[d] > 1 && p->strides[d] != q->strides[d])) return false;
    return a->offset0 == b->offset0;
}

static laid_out_tensor laid_out(gli_dnn *dnn, dnnl_primitive_desc_t pd, const gli_dnn_tensor *tensor) {
    laid_out_tensor o = {.tensor = *tensor};
    dnnl_memory_desc_t own;
    if (!pd || tensor->view->memory == GLI_DNN_ABSENT || !gli_dnn_describe(dnn, tensor->view, &own)) return o;
    o.md        = *dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, tensor->id);
    o.reordered = !same_layout(&o.md, &own);
    if (o.reordered) {
        size_t end = 0;
        o.offset   = dnn->reorders;
        if (!gli_add_size(dnn->reorders, dnnl_memory_desc_get_size(&o.md), &end))
            dnn->status = gli_dnn_refuse(dnn->call, "too large a layout", "a copy");
        else
            dnn->reorders = gli_align_up(end, GLI_ALIGNMENT);
    }
    return o;
}

/* From the view's layout to the primitive's, or back. */
static void add_reorder(gli_dnn *dnn, const laid_out_tensor *o, bool in) {
    dnnl_memory_desc_t own;
    dnnl_primitive_desc_t pd   = NULL;
    dnnl_primitive_attr_t attr = NULL;
    if (dnn->status != GLIA_OK || !gli_dnn_describe(dnn, o->tensor.view, &own)) return;
    const dnnl_memory_desc_t *from = in ? &own : &o->md, *to = in ? &o->md : &own;
    if (gli_dnn_check(dnn, dnnl_primitive_attr_create(&attr), "a copy") &&
        gli_dnn_check(dnn, dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user), "a copy"))
        gli_dnn_check(dnn, dnnl_reorder_primitive_desc_create(&pd, from, dnn->engine, to, dnn->engine, attr), "a copy");
    dnnl_primitive_attr_destroy(attr);
    gli_dnn_step *s = add_step(dnn, pd, "a copy");
    if (!s) return;
    add_argument(dnn, s, in_view(in ? DNNL_ARG_FROM : DNNL_ARG_TO, o->tensor.view), &own);
    add_argument(dnn, s, in_workspace(in ? DNNL_ARG_TO : DNNL_ARG_FROM, o->offset), &o->md);
}

void gli_dnn_add_primitive(gli_dnn *dnn, dnnl_primitive_desc_t pd, const char *what, int n,
                           const gli_dnn_tensor *tensors) {
    laid_out_tensor o[GLI_DNN_MAX_ARGUMENTS];
    for (int i = 0; i < n; ++i) {
        o[i] = laid_out(dnn, pd, &tensors[i]);
        if (o[i].reordered && tensors[i].view->memory != GLI_DNN_OUTPUT) add_reorder(dnn, &o[i], true);
    }
    gli_dnn_step *s = add_step(dnn, pd, what);
    for (int i = 0; i < n && s; ++i)
        if (tensors[i].view->memory != GLI_DNN_ABSENT)
            add_argument(
                dnn, s,
                o[i].reordered ? in_workspace(tensors[i].id, o[i].offset) : in_view(tensors[i].id, tensors[i].view),
                &o[i].md);
    for (int i = 0; i < n; ++i)
        if (o[i].reordered && tensors[i].view->memory == GLI_DNN_OUTPUT) add_reorder(dnn, &o[i], false);
}

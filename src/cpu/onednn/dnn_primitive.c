/* One primitive of the list: its descriptors, its arguments, and the reorders around it. */
#include <string.h>

#include "core/size.h"
#include "cpu/onednn/dnn_list.h"

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

static dnnl_memory_desc_t *next_descriptor(gli_dnn *dnn) { return &dnn->descriptors->md[dnn->descriptors->n]; }

static const_dnnl_memory_desc_t add_descriptor(gli_dnn *dnn, dnnl_status_t status, const char *what) {
    if (!gli_dnn_check(dnn, status, what)) return NULL;
    return gli_dnn_md(&dnn->descriptors->md[dnn->descriptors->n++]);
}

static void free_descriptors(gli_dnn *dnn) {
    while (dnn->descriptors->n > 0) gli_dnn_md_destroy(&dnn->descriptors->md[--dnn->descriptors->n]);
}

const_dnnl_memory_desc_t gli_dnn_describe(gli_dnn *dnn, const gli_dnn_view *view) {
    if (dnn->status != GLIA_OK || view->memory == GLI_DNN_ABSENT) return NULL;
    return add_descriptor(
        dnn,
        gli_dnnl.memory_desc_create_with_strides(next_descriptor(dnn), view->ndim, view->dim, dnnl_f32, view->stride),
        "the strides of a tensor");
}

const_dnnl_memory_desc_t gli_dnn_request(gli_dnn *dnn, const gli_dnn_view *view) {
    if (view->layout == GLI_DNN_AS_IS) return gli_dnn_describe(dnn, view);
    if (dnn->status != GLIA_OK || view->memory == GLI_DNN_ABSENT) return NULL;
    const dnnl_format_tag_t tag = view->layout == GLI_DNN_ANY ? dnnl_format_tag_any : dnnl_nhwc;
    return add_descriptor(
        dnn, gli_dnnl.memory_desc_create_with_tag(next_descriptor(dnn), view->ndim, view->dim, dnnl_f32, tag),
        "the layout of a tensor");
}

const gli_dnn_attributes gli_dnn_default_attributes = {.alpha = 1};

static bool set_post_ops(gli_dnn *dnn, const gli_dnn_attributes *a, dnnl_post_ops_t ops, dnnl_primitive_attr_t attr) {
    return (a->alpha == 1 || gli_dnn_check(dnn, gli_dnnl.set_scale(attr, ops, a->alpha), "a scale")) &&
           (a->beta == 0 ||
            gli_dnn_check(dnn, gli_dnnl.post_ops_append_sum(ops, a->beta, 0, dnnl_data_type_undef), "a sum")) &&
           gli_dnn_check(dnn, gli_dnnl.primitive_attr_set_post_ops(attr, ops), "post-ops");
}

dnnl_primitive_attr_t gli_dnn_create_attr(gli_dnn *dnn, const gli_dnn_attributes *attributes, const char *what) {
    dnnl_primitive_attr_t attr    = NULL;
    dnnl_post_ops_t ops           = NULL;
    const dnnl_fpmath_mode_t math = dnn->ctx->math == GLIA_MATH_BF16 ? dnnl_fpmath_mode_bf16 : dnnl_fpmath_mode_strict;
    if (dnn->status != GLIA_OK) return NULL;
    const bool good =
        gli_dnn_check(dnn, gli_dnnl.primitive_attr_create(&attr), what) &&
        gli_dnn_check(dnn, gli_dnnl.post_ops_create(&ops), what) &&
        gli_dnn_check(dnn, gli_dnnl.primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user), what) &&
        gli_dnn_check(dnn, gli_dnnl.primitive_attr_set_fpmath_mode(attr, math), what) &&
        set_post_ops(dnn, attributes, ops, attr);
    dnnl_post_ops_destroy(ops);
    if (good) return attr;
    dnnl_primitive_attr_destroy(attr);
    return NULL;
}

static bool is_fast(gli_dnn *dnn, dnnl_primitive_desc_t pd, bool no_gemm, const char *what) {
    const char *implementation = "";
    if (!gli_dnn_check(dnn, gli_dnnl.primitive_desc_query(pd, dnnl_query_impl_info_str, 0, (void *)&implementation),
                       what))
        return false;
    if (strncmp(implementation, "ref", 3) == 0 || (no_gemm && strstr(implementation, "gemm"))) {
        dnn->status = gli_dnn_refuse(dnn->call, "only its reference or a slow implementation", what);
        return false;
    }
    gli_log(dnn->ctx, GLI_LOG_DISPATCH, "dispatch %s: oneDNN's %s is %s", dnn->call->op->name, what, implementation);
    return true;
}

dnnl_primitive_desc_t gli_dnn_fast_pd(gli_dnn *dnn, dnnl_primitive_desc_t pd, dnnl_primitive_attr_t attr, bool no_gemm,
                                      const char *what) {
    dnnl_primitive_attr_destroy(attr);
    if (pd && is_fast(dnn, pd, no_gemm, what)) return pd;
    dnnl_primitive_desc_destroy(pd);
    return NULL;
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */

static bool add_argument(gli_dnn *dnn, gli_dnn_step *s, gli_dnn_argument argument, const_dnnl_memory_desc_t md) {
    if (!gli_dnn_check(dnn, gli_dnnl.memory_create(&argument.memory, md, dnn->engine, DNNL_MEMORY_NONE), "an argument"))
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

/* Appends the primitive of pd with its scratchpad. NULL after a failure. */
static gli_dnn_step *add_step(gli_dnn *dnn, dnnl_primitive_desc_t pd, const char *what) {
    if (!pd || dnn->status != GLIA_OK) return NULL;
    gli_dnn_step *s = &dnn->steps[dnn->n];
    if (!gli_dnn_check(dnn, gli_dnnl.primitive_create(&s->primitive, pd), what)) return NULL;
    ++dnn->n;
    const_dnnl_memory_desc_t md = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    const size_t bytes          = dnnl_memory_desc_get_size(md);
    dnn->scratchpad             = bytes > dnn->scratchpad ? bytes : dnn->scratchpad;
    const gli_dnn_argument to   = {.id = DNNL_ARG_SCRATCHPAD, .kind = GLI_DNN_SCRATCHPAD};
    return bytes == 0 || add_argument(dnn, s, to, md) ? s : NULL;
}

/* A tensor in the layout that the primitive requires, which its descriptor `md` says. */
typedef struct laid_out_tensor {
    gli_dnn_tensor tensor;
    const_dnnl_memory_desc_t md;
    bool reordered; /* into or from the workspace at offset */
    size_t offset;
} laid_out_tensor;

/* Whether both give each element the same address: strides of dimensions of size 1 mean nothing. */
static bool same_layout(const gli_dnn_view *view, const_dnnl_memory_desc_t md) {
    const dnnl_dim_t *stride = gli_dnn_strides(md);
    for (int d = 0; stride && d < view->ndim; ++d)
        if (view->dim[d] > 1 && view->stride[d] != stride[d]) return false;
    return stride != NULL;
}

static laid_out_tensor laid_out(gli_dnn *dnn, dnnl_primitive_desc_t pd, const gli_dnn_tensor *tensor) {
    laid_out_tensor o = {.tensor = *tensor};
    if (tensor->view->memory == GLI_DNN_ABSENT) return o;
    o.md        = dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, tensor->id);
    o.reordered = !same_layout(tensor->view, o.md);
    if (o.reordered) {
        size_t end = 0;
        o.offset   = dnn->reorders;
        if (!gli_add_size(dnn->reorders, dnnl_memory_desc_get_size(o.md), &end))
            dnn->status = gli_dnn_refuse(dnn->call, "too large a layout", "a copy");
        else
            dnn->reorders = gli_align_up(end, GLI_ALIGNMENT);
    }
    return o;
}

/* From the view's layout to the primitive's, or back. */
static void add_reorder(gli_dnn *dnn, const laid_out_tensor *o, bool in) {
    dnnl_primitive_desc_t pd     = NULL;
    const_dnnl_memory_desc_t own = gli_dnn_describe(dnn, o->tensor.view);
    dnnl_primitive_attr_t attr   = gli_dnn_create_attr(dnn, &gli_dnn_default_attributes, "a copy");
    if (attr)
        gli_dnn_check(dnn,
                      gli_dnnl.reorder_primitive_desc_create(&pd, in ? own : o->md, dnn->engine, in ? o->md : own,
                                                             dnn->engine, attr),
                      "a copy");
    dnnl_primitive_attr_destroy(attr);
    gli_dnn_step *s = add_step(dnn, pd, "a copy");
    if (s && add_argument(dnn, s, in_view(in ? DNNL_ARG_FROM : DNNL_ARG_TO, o->tensor.view), own))
        add_argument(dnn, s, in_workspace(in ? DNNL_ARG_TO : DNNL_ARG_FROM, o->offset), o->md);
    dnnl_primitive_desc_destroy(pd);
}

/* The primitive of pd, and the reorders around it. */
static void add_steps(gli_dnn *dnn, dnnl_primitive_desc_t pd, const char *what, int n, const gli_dnn_tensor *tensors) {
    laid_out_tensor o[GLI_DNN_MAX_ARGUMENTS];
    for (int i = 0; i < n; ++i) {
        o[i] = laid_out(dnn, pd, &tensors[i]);
        if (o[i].reordered && tensors[i].view->memory != GLI_DNN_OUTPUT) add_reorder(dnn, &o[i], true);
    }
    gli_dnn_step *s = add_step(dnn, pd, what);
    for (int i = 0; i < n && s; ++i)
        if (o[i].md)
            add_argument(
                dnn, s,
                o[i].reordered ? in_workspace(tensors[i].id, o[i].offset) : in_view(tensors[i].id, tensors[i].view),
                o[i].md);
    for (int i = 0; i < n; ++i)
        if (o[i].reordered && tensors[i].view->memory == GLI_DNN_OUTPUT) add_reorder(dnn, &o[i], false);
}

void gli_dnn_add_primitive(gli_dnn *dnn, dnnl_primitive_desc_t pd, const char *what, int n,
                           const gli_dnn_tensor *tensors) {
    if (pd) add_steps(dnn, pd, what, n, tensors);
    dnnl_primitive_desc_destroy(pd);
    free_descriptors(dnn);
}

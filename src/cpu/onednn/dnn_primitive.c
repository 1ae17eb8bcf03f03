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
    if (dnn->status == GLIA_OK) dnn->status = gli_dnn_reserve(dnn->ctx, GLI_DNN_TO_PREPARE);
    if (dnn->status == GLIA_OK) dnn->status = gli_dnn_reserve(dnn->ctx, GLI_DNN_TO_PREPARE);
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

static bool add_argument(gli_dnn *dnn, gli_dnn_step *s, int id, gli_dnn_argument argument,
                         const_dnnl_memory_desc_t md) {
    argument.id = id;
    for (int lane = 0; lane < s->lanes; ++lane)
        if (!gli_dnn_check(dnn,
                           gli_dnnl.memory_create(&s->memory[lane * GLI_DNN_MAX_ARGUMENTS + s->n], md, dnn->engine,
                                                  DNNL_MEMORY_NONE),
                           "an argument"))
            return false;
    s->arguments[s->n++] = argument;
    return true;
}

static bool add_group(gli_dnn *dnn, gli_dnn_stage stage, const gli_dnn_slices *slices) {
    if (dnn->status != GLIA_OK) return false;
    dnn->groups[dnn->n_groups++] = (gli_dnn_group){
        .stage = stage, .begin = dnn->n_steps, .end = dnn->n_steps, .first = slices->first, .count = slices->count};
    return true;
}

/* Appends the primitive of pd with its scratchpad to the last group. NULL after a failure. */
static gli_dnn_step *add_step(gli_dnn *dnn, dnnl_primitive_desc_t pd, const char *what, int lanes) {
    void *memory;
    if (pd && dnn->status == GLIA_OK) dnn->status = gli_dnn_reserve(dnn->ctx, GLI_DNN_TO_PREPARE);
    if (!pd || dnn->status != GLIA_OK) return NULL;
    dnn->status = gli_grow(dnn->ctx, &dnn->steps, &dnn->capacity, dnn->n_steps + 1, sizeof *dnn->steps, "primitives");
    if (dnn->status == GLIA_OK)
        dnn->status = gli_new(dnn->ctx, (size_t)lanes * GLI_DNN_MAX_ARGUMENTS, sizeof(dnnl_memory_t),
                              "arguments of a primitive", &memory);
    if (dnn->status != GLIA_OK) return NULL;
    gli_dnn_step *s                    = &dnn->steps[dnn->n_steps];
    *s                                 = (gli_dnn_step){.lanes = lanes, .memory = memory};
    dnn->groups[dnn->n_groups - 1].end = ++dnn->n_steps;
    dnn->lanes                         = lanes > dnn->lanes ? lanes : dnn->lanes;
    if (!gli_dnn_check(dnn, gli_dnnl.primitive_create(&s->primitive, pd), what)) return NULL;
    const_dnnl_memory_desc_t md = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    const size_t bytes          = dnnl_memory_desc_get_size(md);
    dnn->scratchpad             = bytes > dnn->scratchpad ? bytes : dnn->scratchpad;
    const gli_dnn_argument to   = {.kind = GLI_DNN_SCRATCHPAD};
    return bytes == 0 || add_argument(dnn, s, DNNL_ARG_SCRATCHPAD, to, md) ? s : NULL;
}

/* ---- tensors in the layouts that primitives require -------------------------------------------------------------- */

/* As the primitive has it, by its descriptor `md`; NULL: it has no such tensor. In `argument`, which is the tensor of
 * the call, `own`, or a copy. */
typedef struct laid_out_tensor {
    gli_dnn_tensor tensor;
    const_dnnl_memory_desc_t md;
    bool copied;
    gli_dnn_argument own, argument;
} laid_out_tensor;

/* Whether both give each element the same address: strides of dimensions of size 1 mean nothing. */
static bool same_layout(const gli_dnn_view *view, const_dnnl_memory_desc_t md) {
    const dnnl_dim_t *stride = gli_dnn_strides(md);
    for (int d = 0; stride && d < view->ndim; ++d)
        if (view->dim[d] > 1 && view->stride[d] != stride[d]) return false;
    return stride != NULL;
}

/* `count` times so many bytes, at the end of what *total counts. */
static gli_dnn_argument take(gli_dnn *dnn, gli_dnn_memory kind, size_t *total, size_t bytes, int count) {
    const gli_dnn_argument taken = {.kind = kind, .offset = *total, .advance = gli_align_up(bytes, GLI_ALIGNMENT)};
    size_t all                   = 0;
    if (!gli_mul_size(taken.advance, (size_t)count, &all) || !gli_add_size(*total, all, total))
        dnn->status = gli_dnn_refuse(dnn->call, "too large a layout", "a copy");
    return taken;
}

/* Each slice has its own where it gives a summand. */
static gli_dnn_argument copy_of(gli_dnn *dnn, const laid_out_tensor *o, const gli_dnn_slices *slices) {
    const size_t bytes = dnnl_memory_desc_get_size(o->md);
    if (o->tensor.cut == GLI_DNN_ADDED && slices->total > 1)
        return take(dnn, GLI_DNN_WORKSPACE, &dnn->shared, bytes, slices->total);
    const bool shared = o->tensor.cut == GLI_DNN_WHOLE && o->tensor.view->memory != GLI_DNN_OUTPUT;
    gli_dnn_argument copied =
        shared ? take(dnn, GLI_DNN_WORKSPACE, &dnn->shared, bytes, 1) : take(dnn, GLI_DNN_LANE, &dnn->copies, bytes, 1);
    copied.advance = 0;
    return copied;
}

static laid_out_tensor laid_out(gli_dnn *dnn, dnnl_primitive_desc_t pd, const gli_dnn_tensor *tensor,
                                const gli_dnn_slices *slices) {
    const gli_dnn_view *view = tensor->view;
    laid_out_tensor o        = {.tensor = *tensor};
    if (view->memory == GLI_DNN_ABSENT) return o;
    const size_t advance = tensor->cut < 0 ? 0 : (size_t)(slices->size * view->stride[tensor->cut]) * sizeof(float);
    o.md                 = dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, tensor->id);
    o.own                = (gli_dnn_argument){.kind = view->memory, .index = view->index, .advance = advance};
    o.copied             = !same_layout(view, o.md) || (tensor->cut == GLI_DNN_ADDED && slices->total > 1);
    o.argument           = o.copied ? copy_of(dnn, &o, slices) : o.own;
    return o;
}

/* From the tensor to its copy, or back, as a step of the last group. */
static void add_copy(gli_dnn *dnn, const laid_out_tensor *o, bool in, int lanes) {
    dnnl_primitive_desc_t pd     = NULL;
    const_dnnl_memory_desc_t own = gli_dnn_describe(dnn, o->tensor.view);
    dnnl_primitive_attr_t attr   = gli_dnn_create_attr(dnn, &gli_dnn_default_attributes, "a copy");
    if (attr)
        gli_dnn_check(dnn,
                      gli_dnnl.reorder_primitive_desc_create(&pd, in ? own : o->md, dnn->engine, in ? o->md : own,
                                                             dnn->engine, attr),
                      "a copy");
    dnnl_primitive_attr_destroy(attr);
    gli_dnn_step *s = add_step(dnn, pd, "a copy", lanes);
    if (s && add_argument(dnn, s, in ? DNNL_ARG_FROM : DNNL_ARG_TO, o->own, own))
        add_argument(dnn, s, in ? DNNL_ARG_TO : DNNL_ARG_FROM, o->argument, o->md);
    dnnl_primitive_desc_destroy(pd);
}

static bool is_copied_in(const laid_out_tensor *o, gli_dnn_memory copy) {
    return o->copied && o->argument.kind == copy && o->tensor.view->memory != GLI_DNN_OUTPUT;
}

static bool is_copied_out(const laid_out_tensor *o) {
    return o->copied && o->argument.kind == GLI_DNN_LANE && o->tensor.view->memory == GLI_DNN_OUTPUT;
}

/* Adds the slices' summands, in the tensor itself if it has the layout of the primitive. */
static void add_sum(gli_dnn *dnn, const laid_out_tensor *o, int count) {
    const bool same          = same_layout(o->tensor.view, o->md);
    dnn->sums[dnn->n_sums++] = (gli_dnn_sum){.summands = o->argument,
                                             .count    = count,
                                             .floats   = dnnl_memory_desc_get_size(o->md) / sizeof(float),
                                             .to       = same ? o->own : o->argument};
    if (!same && add_group(dnn, GLI_DNN_AFTER, &gli_dnn_one_slice)) add_copy(dnn, o, false, 1);
}

/* The primitive of pd, and the copies around it. */
static void add_groups(gli_dnn *dnn, dnnl_primitive_desc_t pd, const char *what, const gli_dnn_slices *slices, int n,
                       const gli_dnn_tensor *tensors) {
    const int lanes = (int)gli_min_i64(dnn->ctx->threads, slices->total);
    laid_out_tensor o[GLI_DNN_MAX_ARGUMENTS];
    for (int i = 0; i < n; ++i) {
        o[i]                         = laid_out(dnn, pd, &tensors[i], slices);
        const gli_dnn_slices *copies = tensors[i].cut < 0 ? &gli_dnn_one_slice : slices;
        if (is_copied_in(&o[i], GLI_DNN_WORKSPACE) && add_group(dnn, GLI_DNN_BEFORE, copies))
            add_copy(dnn, &o[i], true, 1);
    }
    if (!add_group(dnn, GLI_DNN_AT_WORK, slices)) return;
    for (int i = 0; i < n; ++i)
        if (is_copied_in(&o[i], GLI_DNN_LANE)) add_copy(dnn, &o[i], true, lanes);
    gli_dnn_step *s = add_step(dnn, pd, what, lanes);
    for (int i = 0; i < n && s; ++i)
        if (o[i].md) add_argument(dnn, s, tensors[i].id, o[i].argument, o[i].md);
    for (int i = 0; i < n; ++i)
        if (is_copied_out(&o[i])) add_copy(dnn, &o[i], false, lanes);
    for (int i = 0; i < n; ++i)
        if (tensors[i].cut == GLI_DNN_ADDED && slices->total > 1 && o[i].md) add_sum(dnn, &o[i], slices->total);
}

void gli_dnn_add_primitive(gli_dnn *dnn, dnnl_primitive_desc_t pd, const char *what, const gli_dnn_slices *slices,
                           int n, const gli_dnn_tensor *tensors) {
    if (pd) add_groups(dnn, pd, what, slices, n, tensors);
    dnnl_primitive_desc_destroy(pd);
    free_descriptors(dnn);
}

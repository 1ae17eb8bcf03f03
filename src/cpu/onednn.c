#include "cpu/onednn.h"

#include <oneapi/dnnl/dnnl.h>
#include <omp.h>
#include <string.h>

#include "core/size.h"

enum { MAX_STEPS = 8, MAX_ARGUMENTS = 8, SCRATCHPAD = GLIA_DNN_WORK + 1 };

/* An argument of a primitive; its memory object gets the address of each run. */
typedef struct argument {
    int id;
    int place; /* a glia_dnn_place, or SCRATCHPAD */
    size_t at;
    dnnl_memory_t memory;
} argument;

typedef struct step {
    dnnl_primitive_t primitive;
    int n;
    argument arguments[MAX_ARGUMENTS];
} step;

struct glia_dnn {
    const glia_call *call; /* during prepare */
    glia_context *ctx;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    glia_status status;
    size_t buffers, scratchpad; /* bytes of the workspace: copies first, then what all primitives share */
    int n;
    step steps[MAX_STEPS];
};

/* OpenMP's settings of this thread while oneDNN works. */
typedef struct threads {
    int number, dynamic;
} threads;

static threads threads_enter(int number) {
    const threads before = {omp_get_max_threads(), omp_get_dynamic()};
    omp_set_dynamic(0);
    omp_set_num_threads(number);
    return before;
}

static void threads_leave(threads before) {
    omp_set_dynamic(before.dynamic);
    omp_set_num_threads(before.number);
}

static const char *threads_decline(const glia_context *ctx) {
    if (ctx->threads == 1) return NULL;
    if (omp_in_parallel()) return "it cannot run inside an OpenMP parallel region";
    if (omp_get_thread_limit() < ctx->threads) return "OMP_THREAD_LIMIT is below the context's threads";
    if (omp_get_max_active_levels() < 1) return "OMP_MAX_ACTIVE_LEVELS forbids parallel regions";
    return NULL;
}

static const char *tensor_decline(const glia_tensor *tensor) {
    if (tensor->dtype != GLIA_F32) return "only f32";
    for (int i = 0; i < tensor->ndim; ++i) {
        if (tensor->dim[i] == 0) return "a tensor is empty";
        if (tensor->dim[i] > 1 && tensor->stride[i] == 0) return "a tensor repeats its elements";
    }
    return NULL;
}

const char *glia_dnn_decline(const glia_call *call) {
    const char *reason = threads_decline(call->ctx);
    for (int i = 0; i < call->n_in && !reason; ++i)
        if (call->in[i]) reason = tensor_decline(call->in[i]);
    for (int i = 0; i < call->op->n_out && !reason; ++i)
        if (call->out[i]) reason = tensor_decline(call->out[i]);
    return reason;
}

/* Strides of dimensions of size 1 mean nothing in Glia, but oneDNN compares them: they become those of the dense layout
 * where the tensor is dense, and 1 elsewhere, which oneDNN's check of overlaps always accepts. */
static glia_dnn_view view_of(const glia_tensor *tensor, glia_dnn_place place, int i) {
    glia_dnn_view view = {.place = tensor ? place : GLIA_DNN_ABSENT, .at = (size_t)i};
    if (!tensor) return view;
    const bool dense = glia_is_dense(tensor);
    int64_t strides[GLIA_MAX_DIMS];
    glia_dense_strides(tensor->ndim, tensor->dim, strides);
    view.ndim = tensor->ndim;
    for (int d = 0; d < tensor->ndim; ++d) {
        view.dim[d]    = tensor->dim[d];
        view.stride[d] = dense ? strides[d] : tensor->dim[d] == 1 ? 1 : tensor->stride[d];
    }
    return view;
}

glia_dnn_view glia_dnn_in(const glia_call *call, int i) {
    return view_of(i < call->n_in ? call->in[i] : NULL, GLIA_DNN_IN, i);
}

glia_dnn_view glia_dnn_out(const glia_call *call, int i) { return view_of(call->out[i], GLIA_DNN_OUT, i); }

glia_dnn_view glia_dnn_image(glia_dnn_view view) {
    int64_t strides[GLIA_DNN_DIMS] = {0};
    glia_channels_last_strides(view.ndim, view.dim, strides);
    for (int d = 0; d < view.ndim; ++d) view.any = view.any || (view.dim[d] > 1 && view.stride[d] != strides[d]);
    if (!view.any) memcpy(view.stride, strides, sizeof strides);
    return view;
}

glia_dnn_view glia_dnn_filters(glia_dnn_view view, int groups) {
    view.any = true;
    if (groups == 1) return view;
    memmove(view.dim + 1, view.dim, 4 * sizeof *view.dim);
    memmove(view.stride + 1, view.stride, 4 * sizeof *view.stride);
    view.ndim   = 5;
    view.dim[0] = groups;
    view.dim[1] /= groups;
    view.stride[0] = view.dim[1] * view.stride[1];
    return view;
}

/* The one translation of oneDNN's results. */
static glia_status translate(const glia_call *call, dnnl_status_t status, const char *what) {
    static const char *const names[] = {"dnnl_success",       "dnnl_out_of_memory", "dnnl_invalid_arguments",
                                        "dnnl_unimplemented", "dnnl_iterator_ends", "dnnl_runtime_error",
                                        "dnnl_not_required"};
    if (status == dnnl_success) return GLIA_OK;
    const char *name     = (size_t)status < sizeof names / sizeof *names ? names[status] : "an unknown dnnl_status_t";
    const glia_tensor *x = call->in[0] ? call->in[0] : call->out[0];
    const glia_tensor *w = call->n_in > 1 && call->in[1] ? call->in[1] : x;
    return glia_fail(call->ctx, status == dnnl_out_of_memory ? GLIA_OUT_OF_MEMORY : GLIA_DEVICE_ERROR,
                     "%s: oneDNN says %s for %s of %s, %s", call->op->name, name, what, GLIA_SHAPE_OF(x),
                     GLIA_SHAPE_OF(w));
}

/* A refusal is no failure: it goes to the log of dispatch only. */
static glia_status refuse(const glia_call *call, const char *reason, const char *what) {
    glia_log(call->ctx, GLIA_LOG_DISPATCH, "dispatch %s: oneDNN has %s for %s", call->op->name, reason, what);
    return GLIA_UNSUPPORTED;
}

/* True if the list is still good after this result. */
static bool check(glia_dnn *dnn, dnnl_status_t status, const char *what) {
    if (dnn->status != GLIA_OK) return false;
    dnn->status = status == dnnl_unimplemented || status == dnnl_invalid_arguments ? refuse(dnn->call, "nothing", what)
                                                                                   : translate(dnn->call, status, what);
    return dnn->status == GLIA_OK;
}

static void destroy(glia_dnn *dnn) {
    for (int i = 0; i < dnn->n; ++i) {
        for (int k = 0; k < dnn->steps[i].n; ++k) dnnl_memory_destroy(dnn->steps[i].arguments[k].memory);
        dnnl_primitive_destroy(dnn->steps[i].primitive);
    }
    dnnl_stream_destroy(dnn->stream);
    dnnl_engine_destroy(dnn->engine);
    glia_free(dnn->ctx, dnn, 1, sizeof *dnn);
}

glia_status glia_dnn_begin(const glia_call *call, glia_dnn **out) {
    void *memory;
    GLIA_TRY(glia_new(call->ctx, 1, sizeof **out, "a oneDNN primitive", &memory));
    glia_dnn *dnn = memory;
    dnn->call     = call;
    dnn->ctx      = call->ctx;
    if (check(dnn, dnnl_engine_create(&dnn->engine, dnnl_cpu, 0), "an engine"))
        check(dnn, dnnl_stream_create(&dnn->stream, dnn->engine, dnnl_stream_default_flags), "a stream");
    *out = dnn;
    return GLIA_OK;
}

glia_status glia_dnn_end(glia_dnn *dnn, glia_prepared *out) {
    const glia_status status = dnn->status;
    if (status == GLIA_OK)
        *out = (glia_prepared){.state = dnn, .workspace = dnn->buffers + dnn->scratchpad};
    else
        destroy(dnn);
    return status;
}

/* --- descriptors --- */

static bool describe(glia_dnn *dnn, const glia_dnn_view *view, dnnl_memory_desc_t *md) {
    memset(md, 0, sizeof *md);
    if (view->place == GLIA_DNN_ABSENT) return true;
    return check(dnn, dnnl_memory_desc_init_by_strides(md, view->ndim, view->dim, dnnl_f32, view->stride),
                 "the strides of a tensor");
}

/* What the primitive is asked for: the view's own layout, or any. */
static bool request(glia_dnn *dnn, const glia_dnn_view *view, dnnl_memory_desc_t *md) {
    memset(md, 0, sizeof *md);
    if (view->place == GLIA_DNN_ABSENT || !view->any) return describe(dnn, view, md);
    return check(dnn, dnnl_memory_desc_init_by_tag(md, view->ndim, view->dim, dnnl_f32, dnnl_format_tag_any),
                 "any layout of a tensor");
}

static bool append_activation(glia_dnn *dnn, dnnl_post_ops_t ops, glia_unary_kind kind) {
    const dnnl_alg_kind_t alg = kind == GLIA_RELU      ? dnnl_eltwise_relu
                                : kind == GLIA_SIGMOID ? dnnl_eltwise_logistic
                                                       : dnnl_eltwise_tanh;
    return kind == GLIA_LINEAR || check(dnn, dnnl_post_ops_append_eltwise(ops, 1, alg, 0, 0), "an activation");
}

/* oneDNN's own reference gains nothing over ours. */
static bool refuse_reference(glia_dnn *dnn, dnnl_primitive_desc_t pd, const char *what) {
    const char *implementation = "";
    if (!check(dnn, dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, (void *)&implementation), what))
        return false;
    if (strncmp(implementation, "ref", 3) == 0) {
        dnn->status = refuse(dnn->call, "only its reference", what);
        return false;
    }
    glia_log(dnn->ctx, GLIA_LOG_DISPATCH, "dispatch %s: oneDNN's %s is %s", dnn->call->op->name, what, implementation);
    return true;
}

static dnnl_primitive_desc_t create_pd(glia_dnn *dnn, const_dnnl_op_desc_t desc, glia_unary_kind activation,
                                       const_dnnl_primitive_desc_t hint, const char *what) {
    dnnl_primitive_attr_t attr    = NULL;
    dnnl_post_ops_t ops           = NULL;
    dnnl_primitive_desc_t pd      = NULL;
    const dnnl_fpmath_mode_t math = dnn->ctx->math == GLIA_MATH_BF16 ? dnnl_fpmath_mode_bf16 : dnnl_fpmath_mode_strict;
    if (check(dnn, dnnl_primitive_attr_create(&attr), what) && check(dnn, dnnl_post_ops_create(&ops), what) &&
        append_activation(dnn, ops, activation) &&
        check(dnn, dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user), what) &&
        check(dnn, dnnl_primitive_attr_set_fpmath_mode(attr, math), what) &&
        check(dnn, dnnl_primitive_attr_set_post_ops(attr, ops), what))
        check(dnn, dnnl_primitive_desc_create(&pd, desc, attr, dnn->engine, hint), what);
    dnnl_post_ops_destroy(ops);
    dnnl_primitive_attr_destroy(attr);
    if (pd && !refuse_reference(dnn, pd, what)) {
        dnnl_primitive_desc_destroy(pd);
        pd = NULL;
    }
    return pd;
}

/* --- steps --- */

static bool add_argument(glia_dnn *dnn, step *s, int id, int place, size_t at, const dnnl_memory_desc_t *md) {
    argument *a = &s->arguments[s->n];
    *a          = (argument){.id = id, .place = place, .at = at};
    if (!check(dnn, dnnl_memory_create(&a->memory, md, dnn->engine, DNNL_MEMORY_NONE), "an argument")) return false;
    ++s->n;
    return true;
}

/* Appends the primitive of pd with its scratchpad, and takes pd. NULL after a failure. */
static step *add_step(glia_dnn *dnn, dnnl_primitive_desc_t pd, const char *what) {
    if (!pd) return NULL;
    step *s                      = &dnn->steps[dnn->n];
    const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
    const bool good              = dnn->status == GLIA_OK && check(dnn, dnnl_primitive_create(&s->primitive, pd), what);
    if (good) ++dnn->n;
    const size_t bytes = dnnl_memory_desc_get_size(md);
    dnn->scratchpad    = bytes > dnn->scratchpad ? bytes : dnn->scratchpad;
    const bool ready   = good && (bytes == 0 || add_argument(dnn, s, DNNL_ARG_SCRATCHPAD, SCRATCHPAD, 0, md));
    dnnl_primitive_desc_destroy(pd);
    return ready ? s : NULL;
}

/* One tensor of a primitive: where the view is, and the layout that the primitive wants. */
typedef struct operand {
    int id;
    const glia_dnn_view *view;
    dnnl_memory_desc_t md;
    bool copied; /* through the workspace at offset */
    size_t offset;
} operand;

static operand operand_of(glia_dnn *dnn, dnnl_primitive_desc_t pd, int id, const glia_dnn_view *view) {
    operand o = {.id = id, .view = view};
    dnnl_memory_desc_t own;
    if (!pd || view->place == GLIA_DNN_ABSENT || !describe(dnn, view, &own)) return o;
    o.md     = *dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, id);
    o.copied = !dnnl_memory_desc_equal(&o.md, &own);
    if (o.copied) {
        size_t end = 0;
        o.offset   = dnn->buffers;
        if (!glia_add_size(dnn->buffers, dnnl_memory_desc_get_size(&o.md), &end))
            dnn->status = refuse(dnn->call, "too large a layout", "a copy");
        else
            dnn->buffers = glia_align_up(end, GLIA_ALIGNMENT);
    }
    return o;
}

/* Copies between the view's layout and the primitive's. */
static void add_copy(glia_dnn *dnn, const operand *o, bool in) {
    dnnl_memory_desc_t own;
    dnnl_primitive_desc_t pd   = NULL;
    dnnl_primitive_attr_t attr = NULL;
    if (dnn->status != GLIA_OK || !describe(dnn, o->view, &own)) return;
    if (check(dnn, dnnl_primitive_attr_create(&attr), "a copy") &&
        check(dnn, dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user), "a copy"))
        check(dnn,
              dnnl_reorder_primitive_desc_create(&pd, in ? &own : &o->md, dnn->engine, in ? &o->md : &own, dnn->engine,
                                                 attr),
              "a copy");
    dnnl_primitive_attr_destroy(attr);
    step *s = add_step(dnn, pd, "a copy");
    if (!s) return;
    add_argument(dnn, s, in ? DNNL_ARG_FROM : DNNL_ARG_TO, o->view->place, o->view->at, &own);
    add_argument(dnn, s, in ? DNNL_ARG_TO : DNNL_ARG_FROM, GLIA_DNN_WORK, o->offset, &o->md);
}

/* The primitive of pd on these operands, with the copies that their layouts need. Takes pd. */
static void add_primitive(glia_dnn *dnn, dnnl_primitive_desc_t pd, const char *what, int n, operand *o) {
    for (int i = 0; i < n; ++i)
        if (o[i].copied && o[i].view->place == GLIA_DNN_IN) add_copy(dnn, &o[i], true);
    step *s = add_step(dnn, pd, what);
    for (int i = 0; i < n && s; ++i)
        if (o[i].view->place != GLIA_DNN_ABSENT)
            add_argument(dnn, s, o[i].id, o[i].copied ? GLIA_DNN_WORK : o[i].view->place,
                         o[i].copied ? o[i].offset : o[i].view->at, &o[i].md);
    for (int i = 0; i < n; ++i)
        if (o[i].copied && o[i].view->place == GLIA_DNN_OUT) add_copy(dnn, &o[i], false);
}

/* --- convolution --- */

typedef struct conv_mds {
    dnnl_memory_desc_t x, w, bias, y;
} conv_mds;

static dnnl_status_t init_convolution(dnnl_convolution_desc_t *desc, const glia_dnn_convolution *c,
                                      glia_dnn_direction direction, const conv_mds *md) {
    const dnnl_dims_t stride = {c->stride[0], c->stride[1]}, dilation = {c->dilation[0] - 1, c->dilation[1] - 1};
    const dnnl_dims_t pad = {c->pad[0], c->pad[1]}, pad_end = {c->pad_end[0], c->pad_end[1]};
    switch (direction) {
        case GLIA_DNN_FORWARD:
            return dnnl_dilated_convolution_forward_desc_init(desc, dnnl_forward_training, dnnl_convolution_direct,
                                                              &md->x, &md->w, &md->bias, &md->y, stride, dilation, pad,
                                                              pad_end);
        case GLIA_DNN_BACKWARD_DATA:
            return dnnl_dilated_convolution_backward_data_desc_init(desc, dnnl_convolution_direct, &md->x, &md->w,
                                                                    &md->y, stride, dilation, pad, pad_end);
        default:
            return dnnl_dilated_convolution_backward_weights_desc_init(
                desc, dnnl_convolution_direct, &md->x, &md->w, &md->bias, &md->y, stride, dilation, pad, pad_end);
    }
}

/* A backward primitive wants to see a forward one of the same sizes; any implementation of it will do. */
static dnnl_primitive_desc_t convolution_hint(glia_dnn *dnn, const glia_dnn_convolution *c, const conv_mds *md) {
    dnnl_convolution_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    if (check(dnn, init_convolution(&desc, c, GLIA_DNN_FORWARD, md), "the forward convolution"))
        check(dnn, dnnl_primitive_desc_create(&pd, &desc, NULL, dnn->engine, NULL), "the forward convolution");
    return pd;
}

void glia_dnn_add_convolution(glia_dnn *dnn, const glia_dnn_convolution *c) {
    static const struct {
        const char *what;
        int x, w, bias, y;
    } roles[] = {
        {"a convolution", DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
        {"a convolution backward data", DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, 0, DNNL_ARG_DIFF_DST},
        {"a convolution backward weights", DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS, DNNL_ARG_DIFF_DST},
    };
    const char *what           = roles[c->direction].what;
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    dnnl_convolution_desc_t desc;
    conv_mds md;
    if (dnn->status != GLIA_OK || !request(dnn, &c->x, &md.x) || !request(dnn, &c->w, &md.w) ||
        !request(dnn, &c->bias, &md.bias) || !request(dnn, &c->y, &md.y))
        return;
    const threads before = threads_enter(dnn->ctx->threads);
    if (c->direction != GLIA_DNN_FORWARD) hint = convolution_hint(dnn, c, &md);
    if (check(dnn, init_convolution(&desc, c, c->direction, &md), what))
        pd = create_pd(dnn, &desc, c->activation, hint, what);
    operand operands[] = {
        operand_of(dnn, pd, roles[c->direction].x, &c->x),
        operand_of(dnn, pd, roles[c->direction].w, &c->w),
        operand_of(dnn, pd, roles[c->direction].bias, &c->bias),
        operand_of(dnn, pd, roles[c->direction].y, &c->y),
    };
    add_primitive(dnn, pd, what, 4, operands);
    dnnl_primitive_desc_destroy(hint);
    threads_leave(before);
}

/* --- running --- */

static void *address(const glia_dnn *dnn, const glia_call *call, const argument *a, char *workspace) {
    switch (a->place) {
        case GLIA_DNN_IN: return call->in[a->at]->data;
        case GLIA_DNN_OUT: return call->out[a->at]->data;
        case GLIA_DNN_WORK: return workspace + a->at;
        default: return workspace + dnn->buffers;
    }
}

static dnnl_status_t execute(const glia_dnn *dnn, const glia_call *call, const step *s, char *workspace) {
    dnnl_exec_arg_t arguments[MAX_ARGUMENTS];
    for (int i = 0; i < s->n; ++i) {
        const argument *a          = &s->arguments[i];
        const dnnl_status_t status = dnnl_memory_set_data_handle(a->memory, address(dnn, call, a, workspace));
        if (status != dnnl_success) return status;
        arguments[i] = (dnnl_exec_arg_t){.arg = a->id, .memory = a->memory};
    }
    return dnnl_primitive_execute(s->primitive, dnn->stream, s->n, arguments);
}

glia_status glia_dnn_run(const glia_call *call, const glia_prepared *prepared, void *workspace) {
    const glia_dnn *dnn = prepared->state;
    const char *refusal = threads_decline(dnn->ctx);
    GLIA_REQUIRE(dnn->ctx, !refusal, GLIA_UNSUPPORTED, "%s: cpu.onednn: %s", call->op->name, refusal);
    dnnl_status_t status = dnnl_success;
    const threads before = threads_enter(dnn->ctx->threads);
    for (int i = 0; i < dnn->n && status == dnnl_success; ++i) status = execute(dnn, call, &dnn->steps[i], workspace);
    if (status == dnnl_success) status = dnnl_stream_wait(dnn->stream);
    threads_leave(before);
    return translate(call, status, "running it");
}

void glia_dnn_release(glia_prepared *prepared) { destroy(prepared->state); }

#include "cpu/onednn/onednn.h"

#include <oneapi/dnnl/dnnl.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/size.h"
#include "cpu/native/clones.h"
#include "cpu/native/loops.h"

enum { MAX_STEPS = 20, MAX_ARGUMENTS = 8, SCRATCHPAD = GLI_DNN_GIVEN + 1 };

enum { GIVEN_A, GIVEN_B, GIVEN_Y, GIVEN };

/* An argument of a primitive; its memory object gets the address of each run. */
typedef struct argument {
    int id;
    int place; /* a gli_dnn_place, or SCRATCHPAD */
    size_t at;
    dnnl_memory_t memory;
} argument;

typedef struct step {
    dnnl_primitive_t primitive;
    int n;
    argument arguments[MAX_ARGUMENTS];
} step;

/* OpenMP's settings of this thread while oneDNN works. */
typedef struct threads {
    int number, dynamic;
} threads;

/* Its primitives; the last one multiplies, those before it copy b. */
typedef struct packed {
    int begin, end;
    int threads; /* on how many it multiplies */
} packed;

struct gli_dnn {
    const gli_call *call; /* until the end of prepare, as is before */
    threads before;
    glia_context *ctx;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    glia_status status;
    bool relu;                  /* of output 0, after everything else */
    size_t buffers, scratchpad; /* bytes of the workspace: copies first, then what all primitives share */
    int n;
    step steps[MAX_STEPS];
    packed products[GLI_DNN_PRODUCTS];
};

bool gli_dnn_version(char *text, size_t size) {
    const dnnl_version_t *version = dnnl_version();
    return snprintf(text, size, "%d.%d.%d", version->major, version->minor, version->patch) > 0;
}

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

const char *gli_dnn_decline_threads(const glia_context *ctx) {
    if (ctx->threads == 1) return NULL;
    if (omp_in_parallel()) return "it cannot run inside an OpenMP parallel region";
    if (omp_get_thread_limit() < ctx->threads) return "OMP_THREAD_LIMIT is below the context's threads";
    if (omp_get_max_active_levels() < 1) return "OMP_MAX_ACTIVE_LEVELS forbids parallel regions";
    return NULL;
}

const char *gli_dnn_decline(const gli_call *call) { return gli_dnn_decline_threads(call->ctx); }

/* Strides of dimensions of size 1 mean nothing in Glia, but oneDNN compares them: they become those of the dense layout
 * where the tensor is dense, and 1 elsewhere, which oneDNN's check of overlaps always accepts. */
static gli_dnn_view view_of(const glia_tensor *tensor, gli_dnn_place place, int i) {
    gli_dnn_view view = {.place = tensor ? place : GLI_DNN_ABSENT, .at = (size_t)i};
    if (!tensor) return view;
    const bool dense = gli_is_dense(tensor);
    int64_t strides[GLIA_MAX_DIMS];
    gli_dense_strides(tensor->ndim, tensor->dim, strides);
    view.ndim = tensor->ndim;
    for (int d = 0; d < tensor->ndim; ++d) {
        view.dim[d]    = tensor->dim[d];
        view.stride[d] = dense ? strides[d] : tensor->dim[d] == 1 ? 1 : tensor->stride[d];
    }
    return view;
}

gli_dnn_view gli_dnn_in(const gli_call *call, int i) {
    return view_of(i < call->n_in ? call->in[i] : NULL, GLI_DNN_IN, i);
}

gli_dnn_view gli_dnn_out(const gli_call *call, int i) { return view_of(call->out[i], GLI_DNN_OUT, i); }

/* Whether the strides of the dimensions above 1 are these. */
static bool strides_are(const gli_dnn_view *view, const int64_t *stride) {
    for (int d = 0; d < view->ndim; ++d)
        if (view->dim[d] > 1 && view->stride[d] != stride[d]) return false;
    return true;
}

bool gli_dnn_lies_channels_last(const gli_dnn_view *view) {
    int64_t stride[GLI_DNN_DIMS];
    gli_channels_last_strides(view->ndim, view->dim, stride);
    return strides_are(view, stride);
}

static bool lies_dense(const gli_dnn_view *view) {
    int64_t stride[GLI_DNN_DIMS];
    gli_dense_strides(view->ndim, view->dim, stride);
    return strides_are(view, stride);
}

gli_dnn_view gli_dnn_image(gli_dnn_view view) {
    view.layout = gli_dnn_lies_channels_last(&view) ? GLI_DNN_CHANNELS_LAST : GLI_DNN_ANY;
    return view;
}

gli_dnn_view gli_dnn_filters(gli_dnn_view view, int groups) {
    view.layout = GLI_DNN_ANY;
    if (groups == 1) return view;
    memmove(view.dim + 1, view.dim, 4 * sizeof *view.dim);
    memmove(view.stride + 1, view.stride, 4 * sizeof *view.stride);
    view.ndim   = 5;
    view.dim[0] = groups;
    view.dim[1] /= groups;
    view.stride[0] = view.dim[1] * view.stride[1];
    return view;
}

gli_dnn_view gli_dnn_flat(gli_dnn_view view) {
    int64_t count = 1;
    for (int d = 0; d < view.ndim; ++d) count *= view.dim[d];
    view.ndim   = 1;
    view.dim[0] = count, view.stride[0] = 1;
    return view;
}

gli_dnn_view gli_dnn_transposed(gli_dnn_view view) {
    const int row = view.ndim - 2, column = view.ndim - 1;
    const int64_t dim = view.dim[row], stride = view.stride[row];
    view.dim[row] = view.dim[column], view.stride[row] = view.stride[column];
    view.dim[column] = dim, view.stride[column] = stride;
    return view;
}

gli_dnn_view gli_dnn_given(int64_t rows, int64_t columns, int64_t pitch, gli_dnn_layout layout) {
    return (gli_dnn_view){.place  = GLI_DNN_GIVEN,
                          .ndim   = 2,
                          .dim    = {rows, columns},
                          .stride = {rows == 1 ? columns : pitch, 1},
                          .layout = layout};
}

gli_dnn_view gli_dnn_any(gli_dnn_view view) {
    view.layout = GLI_DNN_ANY;
    return view;
}

/* The one translation of oneDNN's results. */
static glia_status translate(const gli_call *call, dnnl_status_t status, const char *what) {
    static const char *const names[] = {"dnnl_success",       "dnnl_out_of_memory", "dnnl_invalid_arguments",
                                        "dnnl_unimplemented", "dnnl_iterator_ends", "dnnl_runtime_error",
                                        "dnnl_not_required"};
    if (status == dnnl_success) return GLIA_OK;
    const char *name     = (size_t)status < sizeof names / sizeof *names ? names[status] : "an unknown dnnl_status_t";
    const glia_tensor *x = call->in[0] ? call->in[0] : call->out[0];
    const glia_tensor *w = call->n_in > 1 && call->in[1] ? call->in[1] : x;
    return gli_fail(call->ctx, status == dnnl_out_of_memory ? GLIA_OUT_OF_MEMORY : GLIA_DEVICE_ERROR,
                    "%s: oneDNN says %s for %s of %s, %s", call->op->name, name, what, GLI_SHAPE_OF(x),
                    GLI_SHAPE_OF(w));
}

/* A refusal is no failure: it goes to the log of dispatch only. */
static glia_status refuse(const gli_call *call, const char *reason, const char *what) {
    gli_log(call->ctx, GLI_LOG_DISPATCH, "dispatch %s: oneDNN has %s for %s", call->op->name, reason, what);
    return GLIA_UNSUPPORTED;
}

/* True if the list is still good after this result. */
static bool check(gli_dnn *dnn, dnnl_status_t status, const char *what) {
    if (dnn->status != GLIA_OK) return false;
    dnn->status = status == dnnl_unimplemented || status == dnnl_invalid_arguments ? refuse(dnn->call, "nothing", what)
                                                                                   : translate(dnn->call, status, what);
    return dnn->status == GLIA_OK;
}

static void destroy(gli_dnn *dnn) {
    for (int i = 0; i < dnn->n; ++i) {
        for (int k = 0; k < dnn->steps[i].n; ++k) dnnl_memory_destroy(dnn->steps[i].arguments[k].memory);
        dnnl_primitive_destroy(dnn->steps[i].primitive);
    }
    dnnl_stream_destroy(dnn->stream);
    dnnl_engine_destroy(dnn->engine);
    gli_free(dnn->ctx, dnn, 1, sizeof *dnn);
}

/* oneDNN keeps the last 1,024 primitives of the process by itself, whoever made them: for a program whose shapes change
 * these are hundreds of megabytes that no allocator sees. The cache of prepared calls already keeps what is worth
 * keeping, so that oneDNN's need not be large, unless the user has said how large it is to be. */
static void bound_primitive_cache(void) {
    enum { UNASKED = 1024, ENOUGH = 32 };
    int capacity;
    if (dnnl_get_primitive_cache_capacity(&capacity) == dnnl_success && capacity == UNASKED &&
        !getenv("DNNL_PRIMITIVE_CACHE_CAPACITY") && !getenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY"))
        dnnl_set_primitive_cache_capacity(ENOUGH);
}

glia_status gli_dnn_begin(const gli_call *call, gli_dnn **out) {
    void *memory;
    GLI_TRY(gli_new(call->ctx, 1, sizeof **out, "a oneDNN primitive", &memory));
    gli_dnn *dnn = memory;
    dnn->call    = call;
    dnn->ctx     = call->ctx;
    dnn->before  = threads_enter(call->ctx->threads);
    bound_primitive_cache();
    if (check(dnn, dnnl_engine_create(&dnn->engine, dnnl_cpu, 0), "an engine"))
        check(dnn, dnnl_stream_create(&dnn->stream, dnn->engine, dnnl_stream_default_flags), "a stream");
    *out = dnn;
    return GLIA_OK;
}

glia_status gli_dnn_end(gli_dnn *dnn, gli_prepared *out) {
    const glia_status status = dnn->status;
    threads_leave(dnn->before);
    if (status == GLIA_OK)
        *out = (gli_prepared){.state = dnn, .workspace = dnn->buffers + dnn->scratchpad};
    else
        destroy(dnn);
    return status;
}

/* --- descriptors --- */

static bool describe(gli_dnn *dnn, const gli_dnn_view *view, dnnl_memory_desc_t *md) {
    memset(md, 0, sizeof *md);
    if (dnn->status != GLIA_OK) return false;
    if (view->place == GLI_DNN_ABSENT) return true;
    return check(dnn, dnnl_memory_desc_init_by_strides(md, view->ndim, view->dim, dnnl_f32, view->stride),
                 "the strides of a tensor");
}

/* What the primitive is asked for. */
static bool request(gli_dnn *dnn, const gli_dnn_view *view, dnnl_memory_desc_t *md) {
    memset(md, 0, sizeof *md);
    if (view->place == GLI_DNN_ABSENT || view->layout == GLI_DNN_AS_IT_LIES) return describe(dnn, view, md);
    const dnnl_format_tag_t tag = view->layout == GLI_DNN_ANY ? dnnl_format_tag_any : dnnl_nhwc;
    return dnn->status == GLIA_OK &&
           check(dnn, dnnl_memory_desc_init_by_tag(md, view->ndim, view->dim, dnnl_f32, tag), "the layout of a tensor");
}

/* What a primitive does beyond its own formula: activation(scale formula + keep y). Not relu: oneDNN's makes 0 of a
 * NaN, and a network that has diverged would look well; it is a pass of its own at the end. */
typedef struct extras {
    float scale, keep;
    glia_unary_kind activation;
    bool no_gemm; /* refuse what multiplies matrices that it copies first; something better may be found */
} extras;

static const extras no_extras = {.scale = 1, .activation = GLIA_LINEAR};

static bool set_extras(gli_dnn *dnn, const extras *e, dnnl_post_ops_t ops, dnnl_primitive_attr_t attr) {
    const dnnl_alg_kind_t alg = e->activation == GLIA_SIGMOID ? dnnl_eltwise_logistic : dnnl_eltwise_tanh;
    return (e->scale == 1 || check(dnn, dnnl_primitive_attr_set_output_scales(attr, 1, 0, &e->scale), "a scale")) &&
           (e->keep == 0 || check(dnn, dnnl_post_ops_append_sum(ops, e->keep), "a sum")) &&
           (e->activation == GLIA_LINEAR || e->activation == GLIA_RELU ||
            check(dnn, dnnl_post_ops_append_eltwise(ops, 1, alg, 0, 0), "an activation")) &&
           check(dnn, dnnl_primitive_attr_set_post_ops(attr, ops), "post-ops");
}

/* oneDNN's own reference gains nothing over ours. */
static bool refuse_slow(gli_dnn *dnn, dnnl_primitive_desc_t pd, bool no_gemm, const char *what) {
    const char *implementation = "";
    if (!check(dnn, dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, (void *)&implementation), what))
        return false;
    if (strncmp(implementation, "ref", 3) == 0 || (no_gemm && strstr(implementation, "gemm"))) {
        dnn->status = refuse(dnn->call, "only its reference or a slow way", what);
        return false;
    }
    gli_log(dnn->ctx, GLI_LOG_DISPATCH, "dispatch %s: oneDNN's %s is %s", dnn->call->op->name, what, implementation);
    return true;
}

static dnnl_primitive_desc_t create_pd(gli_dnn *dnn, const_dnnl_op_desc_t desc, const extras *e,
                                       const_dnnl_primitive_desc_t hint, const char *what) {
    dnnl_primitive_attr_t attr    = NULL;
    dnnl_post_ops_t ops           = NULL;
    dnnl_primitive_desc_t pd      = NULL;
    const dnnl_fpmath_mode_t math = dnn->ctx->math == GLIA_MATH_BF16 ? dnnl_fpmath_mode_bf16 : dnnl_fpmath_mode_strict;
    if (check(dnn, dnnl_primitive_attr_create(&attr), what) && check(dnn, dnnl_post_ops_create(&ops), what) &&
        check(dnn, dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user), what) &&
        check(dnn, dnnl_primitive_attr_set_fpmath_mode(attr, math), what) && set_extras(dnn, e, ops, attr))
        check(dnn, dnnl_primitive_desc_create(&pd, desc, attr, dnn->engine, hint), what);
    dnnl_post_ops_destroy(ops);
    dnnl_primitive_attr_destroy(attr);
    if (pd && !refuse_slow(dnn, pd, e->no_gemm, what)) {
        dnnl_primitive_desc_destroy(pd);
        pd = NULL;
    }
    return pd;
}

/* --- steps --- */

static bool add_argument(gli_dnn *dnn, step *s, int id, int place, size_t at, const dnnl_memory_desc_t *md) {
    argument *a = &s->arguments[s->n];
    *a          = (argument){.id = id, .place = place, .at = at};
    if (!check(dnn, dnnl_memory_create(&a->memory, md, dnn->engine, DNNL_MEMORY_NONE), "an argument")) return false;
    ++s->n;
    return true;
}

/* Appends the primitive of pd with its scratchpad, and takes pd. NULL after a failure. */
static step *add_step(gli_dnn *dnn, dnnl_primitive_desc_t pd, const char *what) {
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
    const gli_dnn_view *view;
    dnnl_memory_desc_t md;
    bool copied; /* through the workspace at offset */
    size_t offset;
} operand;

/* Whether both describe the same places in memory: oneDNN also compares strides of dimensions of size 1. */
static bool same_places(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b) {
    if (dnnl_memory_desc_equal(a, b)) return true;
    const dnnl_blocking_desc_t *p = &a->format_desc.blocking, *q = &b->format_desc.blocking;
    if (a->format_kind != dnnl_blocked || p->inner_nblks != 0 || q->inner_nblks != 0) return false;
    for (int d = 0; d < a->ndims; ++d)
        if (a->padded_dims[d] != a->dims[d] || (a->dims[d] > 1 && p->strides[d] != q->strides[d])) return false;
    return a->offset0 == b->offset0;
}

static operand operand_of(gli_dnn *dnn, dnnl_primitive_desc_t pd, int id, const gli_dnn_view *view) {
    operand o = {.id = id, .view = view};
    dnnl_memory_desc_t own;
    if (!pd || view->place == GLI_DNN_ABSENT || !describe(dnn, view, &own)) return o;
    o.md     = *dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, id);
    o.copied = !same_places(&o.md, &own);
    if (o.copied) {
        size_t end = 0;
        o.offset   = dnn->buffers;
        if (!gli_add_size(dnn->buffers, dnnl_memory_desc_get_size(&o.md), &end))
            dnn->status = refuse(dnn->call, "too large a layout", "a copy");
        else
            dnn->buffers = gli_align_up(end, GLI_ALIGNMENT);
    }
    return o;
}

/* Copies between the view's layout and the primitive's. */
static void add_copy(gli_dnn *dnn, const operand *o, bool in) {
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
    add_argument(dnn, s, in ? DNNL_ARG_TO : DNNL_ARG_FROM, GLI_DNN_WORK, o->offset, &o->md);
}

typedef struct role {
    int id;
    const gli_dnn_view *view;
} role;

/* The primitive of pd on these views, with the copies that their layouts need. Takes pd. */
static void add_primitive(gli_dnn *dnn, dnnl_primitive_desc_t pd, const char *what, int n, const role *roles) {
    operand o[MAX_ARGUMENTS];
    for (int i = 0; i < n; ++i) {
        o[i] = operand_of(dnn, pd, roles[i].id, roles[i].view);
        if (o[i].copied && (o[i].view->place == GLI_DNN_IN || o[i].view->place == GLI_DNN_GIVEN))
            add_copy(dnn, &o[i], true);
    }
    step *s = add_step(dnn, pd, what);
    for (int i = 0; i < n && s; ++i)
        if (o[i].view->place != GLI_DNN_ABSENT)
            add_argument(dnn, s, o[i].id, o[i].copied ? GLI_DNN_WORK : o[i].view->place,
                         o[i].copied ? o[i].offset : o[i].view->at, &o[i].md);
    for (int i = 0; i < n; ++i)
        if (o[i].copied && o[i].view->place == GLI_DNN_OUT) add_copy(dnn, &o[i], false);
}

/* The whole way from a 2.x descriptor. */
static void add_described(gli_dnn *dnn, dnnl_status_t described, const_dnnl_op_desc_t desc, const char *what, int n,
                          const role *roles) {
    if (!check(dnn, described, what)) return;
    add_primitive(dnn, create_pd(dnn, desc, &no_extras, NULL, what), what, n, roles);
}

/* --- convolution --- */

typedef struct conv_mds {
    dnnl_memory_desc_t x, w, bias, y;
} conv_mds;

static dnnl_status_t init_convolution(dnnl_convolution_desc_t *desc, const gli_dnn_convolution *c,
                                      gli_dnn_convolving kind, const conv_mds *md) {
    const dnnl_dims_t stride = {c->stride[0], c->stride[1]}, dilation = {c->dilation[0] - 1, c->dilation[1] - 1};
    const dnnl_dims_t pad = {c->pad[0], c->pad[1]}, pad_end = {c->pad_end[0], c->pad_end[1]};
    switch (kind) {
        case GLI_DNN_CONVOLUTION:
            return dnnl_dilated_convolution_forward_desc_init(desc, dnnl_forward_training, dnnl_convolution_direct,
                                                              &md->x, &md->w, &md->bias, &md->y, stride, dilation, pad,
                                                              pad_end);
        case GLI_DNN_CONVOLUTION_BACKWARD_DATA:
            return dnnl_dilated_convolution_backward_data_desc_init(desc, dnnl_convolution_direct, &md->x, &md->w,
                                                                    &md->y, stride, dilation, pad, pad_end);
        case GLI_DNN_CONVOLUTION_TRANSPOSED:
            return dnnl_dilated_deconvolution_forward_desc_init(desc, dnnl_forward_training, dnnl_deconvolution_direct,
                                                                &md->x, &md->w, &md->bias, &md->y, stride, dilation,
                                                                pad, pad_end);
        default:
            return dnnl_dilated_convolution_backward_weights_desc_init(
                desc, dnnl_convolution_direct, &md->x, &md->w, &md->bias, &md->y, stride, dilation, pad, pad_end);
    }
}

/* A backward primitive wants to see a forward one of the same sizes; any implementation of it will do. */
static dnnl_primitive_desc_t convolution_hint(gli_dnn *dnn, const gli_dnn_convolution *c, const conv_mds *md) {
    dnnl_convolution_desc_t desc;
    dnnl_primitive_desc_t pd = NULL;
    if (check(dnn, init_convolution(&desc, c, GLI_DNN_CONVOLUTION, md), "the forward convolution"))
        check(dnn, dnnl_primitive_desc_create(&pd, &desc, NULL, dnn->engine, NULL), "the forward convolution");
    return pd;
}

static const struct {
    const char *what;
    int x, w, bias, y;
} convolving[] = {
    {"a convolution", DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
    {"a convolution backward data", DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, 0, DNNL_ARG_DIFF_DST},
    {"a convolution backward weights", DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS, DNNL_ARG_DIFF_DST},
    {"a transposed convolution", DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
};

static dnnl_primitive_desc_t convolution_pd(gli_dnn *dnn, const gli_dnn_convolution *c, bool no_gemm) {
    const char *what = convolving[c->kind].what;
    const bool backward =
        c->kind == GLI_DNN_CONVOLUTION_BACKWARD_DATA || c->kind == GLI_DNN_CONVOLUTION_BACKWARD_WEIGHTS;
    const extras e             = {.scale = 1, .activation = c->activation, .no_gemm = no_gemm};
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    dnnl_convolution_desc_t desc;
    conv_mds md;
    if (!request(dnn, &c->x, &md.x) || !request(dnn, &c->w, &md.w) || !request(dnn, &c->bias, &md.bias) ||
        !request(dnn, &c->y, &md.y))
        return NULL;
    if (backward) hint = convolution_hint(dnn, c, &md);
    if (check(dnn, init_convolution(&desc, c, c->kind, &md), what)) pd = create_pd(dnn, &desc, &e, hint, what);
    dnnl_primitive_desc_destroy(hint);
    return pd;
}

/* Images that are not channels last go into the primitive's own layout, which costs less than into channels last; but
 * only from there is every convolution fast, and every transposed one faster. One that lies both ways, with a single
 * channel or pixel, follows the other image: there is nothing for a mixture. */
void gli_dnn_add_convolution(gli_dnn *dnn, const gli_dnn_convolution *conv) {
    gli_dnn_convolution c = *conv;
    if (dnn->status != GLIA_OK) return;
    dnn->relu = c.activation == GLIA_RELU;
    if (c.kind == GLI_DNN_CONVOLUTION_TRANSPOSED) c.x.layout = c.y.layout = GLI_DNN_CHANNELS_LAST;
    const bool own = c.x.layout == GLI_DNN_ANY || c.y.layout == GLI_DNN_ANY;
    if (own && lies_dense(&c.x)) c.x.layout = GLI_DNN_ANY;
    if (own && lies_dense(&c.y)) c.y.layout = GLI_DNN_ANY;
    dnnl_primitive_desc_t pd = convolution_pd(dnn, &c, own);
    if (own && dnn->status == GLIA_UNSUPPORTED) {
        dnn->status = GLIA_OK;
        c.x.layout = c.y.layout = GLI_DNN_CHANNELS_LAST;
        pd                      = convolution_pd(dnn, &c, false);
    }
    add_primitive(dnn, pd, convolving[c.kind].what, 4,
                  (role[]){{convolving[c.kind].x, &c.x},
                           {convolving[c.kind].w, &c.w},
                           {convolving[c.kind].bias, &c.bias},
                           {convolving[c.kind].y, &c.y}});
}

/* --- pooling --- */

static dnnl_primitive_desc_t pooling_pd(gli_dnn *dnn, const gli_dnn_pooling *p, const char *what) {
    const dnnl_alg_kind_t alg = p->count_pad ? dnnl_pooling_avg_include_padding : dnnl_pooling_avg_exclude_padding;
    const dnnl_dims_t window = {p->window[0], p->window[1]}, stride = {p->stride[0], p->stride[1]}, dilation = {0};
    const dnnl_dims_t pad = {p->pad[0], p->pad[1]}, pad_end = {p->pad_end[0], p->pad_end[1]};
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    dnnl_pooling_v2_desc_t forward, backward;
    dnnl_memory_desc_t x, y;
    if (!request(dnn, &p->x, &x) || !request(dnn, &p->y, &y) ||
        !check(dnn,
               dnnl_pooling_v2_forward_desc_init(&forward, dnnl_forward_training, alg, &x, &y, stride, window, dilation,
                                                 pad, pad_end),
               what))
        return NULL;
    if (!p->backward) return create_pd(dnn, &forward, &no_extras, NULL, what);
    if (check(dnn, dnnl_primitive_desc_create(&hint, &forward, NULL, dnn->engine, NULL), what) &&
        check(dnn, dnnl_pooling_v2_backward_desc_init(&backward, alg, &x, &y, stride, window, dilation, pad, pad_end),
              what))
        pd = create_pd(dnn, &backward, &no_extras, hint, what);
    dnnl_primitive_desc_destroy(hint);
    return pd;
}

/* As the images lie; where nothing fast takes that, channels last. */
void gli_dnn_add_mean_pooling(gli_dnn *dnn, const gli_dnn_pooling *pooling) {
    const char *what  = pooling->backward ? "mean pooling backward" : "mean pooling";
    gli_dnn_pooling p = *pooling;
    if (dnn->status != GLIA_OK) return;
    dnnl_primitive_desc_t pd = pooling_pd(dnn, &p, what);
    if (dnn->status == GLIA_UNSUPPORTED) {
        dnn->status = GLIA_OK;
        p.x.layout = p.y.layout = GLI_DNN_CHANNELS_LAST;
        pd                      = pooling_pd(dnn, &p, what);
    }
    add_primitive(dnn, pd, what, 2,
                  (role[]){{p.backward ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, &p.x},
                           {p.backward ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST, &p.y}});
}

/* --- matrices --- */

static dnnl_primitive_desc_t product_pd(gli_dnn *dnn, const gli_dnn_product *p) {
    const extras e = {.scale = p->scale != 0 ? p->scale : 1, .keep = p->keep, .activation = p->activation};
    dnnl_matmul_desc_t desc;
    dnnl_memory_desc_t a, b, bias, y;
    if (!request(dnn, &p->a, &a) || !request(dnn, &p->b, &b) || !request(dnn, &p->bias, &bias) ||
        !request(dnn, &p->y, &y) || !check(dnn, dnnl_matmul_desc_init(&desc, &a, &b, &bias, &y), "a product"))
        return NULL;
    return create_pd(dnn, &desc, &e, NULL, "a product");
}

/* First as the operands lie; where no fast primitive takes that, through copies. A y that is read must stay. */
void gli_dnn_add_product(gli_dnn *dnn, const gli_dnn_product *product) {
    if (dnn->status != GLIA_OK) return;
    gli_dnn_product p        = *product;
    dnn->relu                = p.activation == GLIA_RELU;
    dnnl_primitive_desc_t pd = product_pd(dnn, &p);
    if (dnn->status == GLIA_UNSUPPORTED) {
        dnn->status = GLIA_OK;
        p.a.layout = p.b.layout = GLI_DNN_ANY;
        if (p.keep == 0) p.y.layout = GLI_DNN_ANY;
        pd = product_pd(dnn, &p);
    }
    add_primitive(
        dnn, pd, "a product", 4,
        (role[]){{DNNL_ARG_SRC, &p.a}, {DNNL_ARG_WEIGHTS, &p.b}, {DNNL_ARG_BIAS, &p.bias}, {DNNL_ARG_DST, &p.y}});
}

/* What is GIVEN and read is copied like an input; only b ever is, since a and y stay as they lie. */
/* Such products come one after the other, a network's step each. Of a small one the threads spend more time on waiting
 * for each other than on working, and on a busy machine a hundred times as much. */
static int threads_for(const gli_dnn *dnn, const gli_dnn_view *a, const gli_dnn_view *y) {
    const double small = 1 << 20;
    return 2.0 * (double)a->dim[0] * (double)a->dim[1] * (double)y->dim[1] <= small ? 1 : dnn->ctx->threads;
}

void gli_dnn_add_packed_product(gli_dnn *dnn, int number, const gli_dnn_view *a, const gli_dnn_view *b,
                                const gli_dnn_view *y, float keep) {
    if (dnn->status != GLIA_OK) return;
    const int first   = dnn->n;
    gli_dnn_product p = {.a = *a, .b = *b, .y = *y, .keep = keep, .activation = GLIA_LINEAR};
    p.a.at = GIVEN_A, p.b.at = GIVEN_B, p.y.at = GIVEN_Y;
    const int number_of_threads = threads_for(dnn, a, y);
    const threads before        = threads_enter(number_of_threads);
    add_primitive(dnn, product_pd(dnn, &p), "a packed product", 3,
                  (role[]){{DNNL_ARG_SRC, &p.a}, {DNNL_ARG_WEIGHTS, &p.b}, {DNNL_ARG_DST, &p.y}});
    threads_leave(before);
    dnn->products[number] = (packed){.begin = first, .end = dnn->n, .threads = number_of_threads};
}

/* --- elements --- */

/* Kinds whose formula is Glia's, and their derivatives from x and from y; undef where there is none. Not relu, clip and
 * exp themselves, which make a number of a NaN, not the logarithm, which is off by 50 units in the last place, and not
 * the derivative of clip, which is 0 at the lower bound. */
typedef struct eltwise {
    dnnl_alg_kind_t forward, from_x, from_y;
} eltwise;

static const eltwise known[GLIA_UNARY_COUNT] = {
    [GLIA_LINEAR]     = {dnnl_eltwise_linear, dnnl_eltwise_linear},
    [GLIA_SIGMOID]    = {dnnl_eltwise_logistic, dnnl_eltwise_logistic, dnnl_eltwise_logistic_use_dst_for_bwd},
    [GLIA_TANH]       = {dnnl_eltwise_tanh, dnnl_eltwise_tanh, dnnl_eltwise_tanh_use_dst_for_bwd},
    [GLIA_RELU]       = {dnnl_alg_kind_undef, dnnl_eltwise_relu, dnnl_eltwise_relu_use_dst_for_bwd},
    [GLIA_LEAKY_RELU] = {dnnl_eltwise_relu, dnnl_eltwise_relu, dnnl_eltwise_relu_use_dst_for_bwd},
    [GLIA_ELU]        = {dnnl_eltwise_elu, dnnl_eltwise_elu, dnnl_eltwise_elu_use_dst_for_bwd},
    [GLIA_GELU]       = {dnnl_eltwise_gelu_erf, dnnl_eltwise_gelu_erf},
    [GLIA_GELU_TANH]  = {dnnl_eltwise_gelu_tanh, dnnl_eltwise_gelu_tanh},
    [GLIA_SILU]       = {dnnl_eltwise_swish, dnnl_eltwise_swish},
    [GLIA_HARD_SWISH] = {dnnl_eltwise_hardswish, dnnl_eltwise_hardswish},
    [GLIA_EXP]        = {dnnl_alg_kind_undef, dnnl_eltwise_exp, dnnl_eltwise_exp_use_dst_for_bwd},
    [GLIA_SQRT]       = {dnnl_eltwise_sqrt, dnnl_eltwise_sqrt, dnnl_eltwise_sqrt_use_dst_for_bwd},
    [GLIA_ABS]        = {dnnl_eltwise_abs, dnnl_eltwise_abs},
    [GLIA_SQUARE]     = {dnnl_eltwise_square, dnnl_eltwise_square},
};

bool gli_dnn_knows_unary(glia_unary_kind kind) { return known[kind].forward != dnnl_alg_kind_undef; }

bool gli_dnn_knows_unary_backward(glia_unary_kind kind, bool from_y) {
    return (from_y ? known[kind].from_y : known[kind].from_x) != dnnl_alg_kind_undef;
}

/* Glia's alpha and beta as oneDNN's. */
static void eltwise_numbers(glia_unary_kind kind, float *alpha, float *beta) {
    if (kind == GLIA_LINEAR || kind == GLIA_SILU) *alpha = 1, *beta = 0;
    if (kind == GLIA_RELU) *alpha = 0;
}

void gli_dnn_add_unary(gli_dnn *dnn, glia_unary_kind kind, float alpha, float beta, const gli_dnn_view *x,
                       const gli_dnn_view *y) {
    dnnl_eltwise_desc_t desc;
    dnnl_memory_desc_t md;
    eltwise_numbers(kind, &alpha, &beta);
    if (!describe(dnn, x, &md)) return;
    add_described(dnn,
                  dnnl_eltwise_forward_desc_init(&desc, dnnl_forward_training, known[kind].forward, &md, alpha, beta),
                  &desc, "an elementwise function", 2, (role[]){{DNNL_ARG_SRC, x}, {DNNL_ARG_DST, y}});
}

void gli_dnn_add_unary_backward(gli_dnn *dnn, glia_unary_kind kind, bool from_y, float alpha, float beta,
                                const gli_dnn_view *x, const gli_dnn_view *dy, const gli_dnn_view *dx) {
    const char *what           = "an elementwise derivative";
    const dnnl_alg_kind_t alg  = from_y ? known[kind].from_y : known[kind].from_x;
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    dnnl_eltwise_desc_t forward, desc;
    dnnl_memory_desc_t md;
    eltwise_numbers(kind, &alpha, &beta);
    if (!describe(dnn, x, &md)) return;
    if (check(dnn, dnnl_eltwise_forward_desc_init(&forward, dnnl_forward_training, alg, &md, alpha, beta), what) &&
        check(dnn, dnnl_primitive_desc_create(&hint, &forward, NULL, dnn->engine, NULL), what) &&
        check(dnn, dnnl_eltwise_backward_desc_init(&desc, alg, &md, &md, alpha, beta), what))
        pd = create_pd(dnn, &desc, &no_extras, hint, what);
    add_primitive(
        dnn, pd, what, 3,
        (role[]){{from_y ? DNNL_ARG_DST : DNNL_ARG_SRC, x}, {DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_SRC, dx}});
    dnnl_primitive_desc_destroy(hint);
}

/* --- softmax --- */

void gli_dnn_add_softmax_backward(gli_dnn *dnn, int axis, const gli_dnn_view *y, const gli_dnn_view *dy,
                                  const gli_dnn_view *dx) {
    const char *what           = "the derivative of a softmax";
    const dnnl_alg_kind_t alg  = dnnl_softmax_accurate;
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    dnnl_softmax_v2_desc_t forward, desc;
    dnnl_memory_desc_t value, from, to;
    if (!request(dnn, y, &value) || !request(dnn, dy, &from) || !request(dnn, dx, &to)) return;
    if (check(dnn, dnnl_softmax_v2_forward_desc_init(&forward, dnnl_forward_training, alg, &value, &value, axis),
              what) &&
        check(dnn, dnnl_primitive_desc_create(&hint, &forward, NULL, dnn->engine, NULL), what) &&
        check(dnn, dnnl_softmax_v2_backward_desc_init(&desc, alg, &to, &from, &value, axis), what))
        pd = create_pd(dnn, &desc, &no_extras, hint, what);
    add_primitive(dnn, pd, what, 3, (role[]){{DNNL_ARG_DST, y}, {DNNL_ARG_DIFF_DST, dy}, {DNNL_ARG_DIFF_SRC, dx}});
    dnnl_primitive_desc_destroy(hint);
}

/* --- running --- */

/* Where a list runs; given is NULL where nothing of it is GIVEN. */
typedef struct site {
    const gli_call *call;
    char *workspace;
    void *const *given;
} site;

static void *address(const gli_dnn *dnn, const site *at, const argument *a) {
    switch (a->place) {
        case GLI_DNN_IN: return at->call->in[a->at]->data;
        case GLI_DNN_OUT: return at->call->out[a->at]->data;
        case GLI_DNN_WORK: return at->workspace + a->at;
        case GLI_DNN_GIVEN: return at->given[a->at];
        default: return at->workspace + dnn->buffers;
    }
}

static dnnl_status_t execute(const gli_dnn *dnn, const site *at, const step *s) {
    dnnl_exec_arg_t arguments[MAX_ARGUMENTS];
    for (int i = 0; i < s->n; ++i) {
        const argument *a          = &s->arguments[i];
        const dnnl_status_t status = dnnl_memory_set_data_handle(a->memory, address(dnn, at, a));
        if (status != dnnl_success) return status;
        arguments[i] = (dnnl_exec_arg_t){.arg = a->id, .memory = a->memory};
    }
    return dnnl_primitive_execute(s->primitive, dnn->stream, s->n, arguments);
}

static glia_status run_steps(const gli_dnn *dnn, const site *at, int begin, int end, int number_of_threads) {
    const char *refusal = gli_dnn_decline_threads(dnn->ctx);
    GLI_REQUIRE(dnn->ctx, !refusal, GLIA_UNSUPPORTED, "%s: cpu.onednn: %s", at->call->op->name, refusal);
    dnnl_status_t status = dnnl_success;
    const threads before = threads_enter(number_of_threads);
    for (int i = begin; i < end && status == dnnl_success; ++i) status = execute(dnn, at, &dnn->steps[i]);
    if (status == dnnl_success) status = dnnl_stream_wait(dnn->stream);
    threads_leave(before);
    return translate(at->call, status, "running it");
}

GLI_CLONES static void relu_row(const void *arg, int64_t count, float *const *data, const int64_t *stride) {
    (void)arg;
    float *y = data[0];
    if (stride[0] == 1)
        for (int64_t i = 0; i < count; ++i) y[i] = y[i] <= 0 ? 0 : y[i];
    else
        for (int64_t i = 0; i < count; ++i) y[i * stride[0]] = y[i * stride[0]] <= 0 ? 0 : y[i * stride[0]];
}

static void relu(const gli_call *call) {
    gli_loops loops;
    gli_loops_init(&loops, 1, call->out);
    gli_loops_run(call->ctx, &loops, relu_row, NULL);
}

glia_status gli_dnn_run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    const gli_dnn *dnn = prepared->state;
    GLI_TRY(run_steps(dnn, &(site){call, workspace, NULL}, 0, dnn->n, dnn->ctx->threads));
    if (dnn->relu) relu(call);
    return GLIA_OK;
}

glia_status gli_dnn_pack(const gli_call *call, const gli_dnn *dnn, int number, const float *b, void *workspace) {
    void *const given[GIVEN] = {[GIVEN_B] = (void *)b};
    const packed p           = dnn->products[number];
    return run_steps(dnn, &(site){call, workspace, given}, p.begin, p.end - 1, dnn->ctx->threads);
}

glia_status gli_dnn_multiply(const gli_call *call, const gli_dnn *dnn, int number, gli_dnn_operands operands,
                             void *workspace) {
    void *const given[GIVEN] = {[GIVEN_A] = (void *)operands.a, [GIVEN_B] = (void *)operands.b, [GIVEN_Y] = operands.y};
    const packed p           = dnn->products[number];
    return run_steps(dnn, &(site){call, workspace, given}, p.end - 1, p.end, p.threads);
}

void gli_dnn_release(gli_prepared *prepared) { destroy(prepared->state); }

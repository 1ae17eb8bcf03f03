#include "cuda/ops/dense_view.h"

#include "core/dtype.h"
#include "core/size.h"
#include "cuda/ops/strided_move.h"

/* A tensor as the kernel sees it: itself, or a dense copy in the workspace. */
typedef struct staged_tensor {
    bool copied;
    glia_tensor dense;    /* if copied: its dtype and strides; data is set when the workspace is known */
    size_t offset, bytes; /* in the workspace */
} staged_tensor;

typedef struct layout {
    glia_dtype dtype;
    uintptr_t alignment;
    staged_tensor in[GLI_MAX_IN], out[GLI_MAX_OUT];
    size_t copies; /* bytes of the workspace before the kernel's own */
} layout;

static void mix(const glia_tensor *tensor, glia_dtype *dtype, bool *found) {
    if (!tensor || !gli_dtype_is_float(tensor->dtype)) return;
    if (!*found)
        *dtype = tensor->dtype;
    else if (*dtype != tensor->dtype)
        *dtype = *dtype == GLIA_F64 || tensor->dtype == GLIA_F64 ? GLIA_F64 : GLIA_F32;
    *found = true;
}

/* Whether the tensor says nothing of the dtype of the data. */
static bool typed_in(const gli_call *call, const gli_cuda_kernel *kernel, int i) {
    return kernel->typed_in >> i & 1 || gli_input_is(call->op, i, GLI_IN_WIDE);
}

static bool typed_out(const gli_call *call, const gli_cuda_kernel *kernel, int o) {
    return kernel->typed_out >> o & 1 || gli_output_is(call->op, o, GLI_OUT_WIDE);
}

static glia_dtype common_float(const gli_call *call, const gli_cuda_kernel *kernel) {
    glia_dtype dtype = GLIA_F32;
    bool found       = false;
    for (int i = 0; i < call->n_in; ++i)
        if (!typed_in(call, kernel, i)) mix(call->in[i], &dtype, &found);
    for (int i = 0; i < call->op->n_outputs; ++i)
        if (!typed_out(call, kernel, i)) mix(call->out[i], &dtype, &found);
    return dtype;
}

/* Whether the tensors can be read as arrays in the order in which their elements lie. Another dtype may need a copy,
 * which is row-major. */
static bool flat_with(const glia_tensor *tensor, const glia_tensor *first) {
    return !tensor || gli_count(tensor) <= 1 ||
           (gli_is_packed(tensor) && tensor->dtype == first->dtype && gli_same_shape(tensor, first) &&
            gli_same_strides(tensor, first));
}

static bool all_flat(const gli_call *call) {
    const glia_tensor *first = NULL;
    for (int i = 0; i < call->n_in && !first; ++i) first = call->in[i];
    for (int i = 0; i < call->n_in; ++i)
        if (!flat_with(call->in[i], first)) return false;
    for (int i = 0; i < call->op->n_outputs; ++i)
        if (!flat_with(call->out[i], first)) return false;
    return first != NULL;
}

/* Decides whether the tensor is copied. One that extends over 2^31 elements or more is: kernels count offsets in 32
 * bits. */
static bool stage(const glia_tensor *tensor, glia_dtype dtype, bool any_layout, layout *l, staged_tensor *out) {
    *out = (staged_tensor){0};
    if (!tensor) return true;
    const bool readable = gli_is_dense(tensor) || (any_layout && gli_extent(tensor) <= INT32_MAX);
    if (tensor->dtype == dtype && readable && (uintptr_t)tensor->data % l->alignment == 0) return true;
    out->copied = true;
    gli_set_shape(&out->dense, dtype, tensor->ndim, tensor->dim);
    out->dense.ctx = tensor->ctx;
    out->offset    = l->copies;
    if (!gli_mul_size((size_t)gli_count(tensor), glia_dtype_size(dtype), &out->bytes)) return false;
    const size_t whole = gli_align_up(out->bytes, GLI_CUDA_ALIGNMENT);
    return whole != SIZE_MAX && gli_add_size(l->copies, whole, &l->copies);
}

static glia_dtype seen_as(const glia_tensor *tensor, const layout *l, bool typed, bool input) {
    if (!tensor || typed) return tensor ? tensor->dtype : l->dtype;
    if (gli_dtype_is_float(tensor->dtype)) return l->dtype;
    return input && tensor->dtype == GLIA_I32 ? GLIA_I64 : tensor->dtype;
}

static glia_status lay_out(const gli_call *call, const gli_cuda_kernel *kernel, layout *l) {
    const bool flat = kernel->flat && all_flat(call);
    bool fits       = true;
    l->copies       = 0;
    l->alignment    = kernel->alignment ? (uintptr_t)kernel->alignment : 1;
    l->dtype        = common_float(call, kernel);
    for (int i = 0; i < call->n_in; ++i)
        fits = fits && stage(call->in[i],
                             seen_as(call->in[i], l, typed_in(call, kernel, i) && !(kernel->narrow_in >> i & 1), true),
                             flat || (kernel->strided_in >> i & 1), l, &l->in[i]);
    for (int i = 0; i < call->op->n_outputs; ++i)
        fits =
            fits && stage(call->out[i],
                          seen_as(call->out[i], l, typed_out(call, kernel, i) && !(kernel->narrow_out >> i & 1), false),
                          flat || (kernel->strided_out >> i & 1), l, &l->out[i]);
    GLI_REQUIRE(call->ctx, fits, GLIA_OUT_OF_MEMORY, "%s: copies of its tensors need more memory than there can be",
                call->op->name);
    return GLIA_OK;
}

glia_status gli_cuda_view_prepare(const gli_call *call, const gli_cuda_kernel *kernel, gli_prepared *out) {
    layout l;
    if (kernel->prepare) GLI_TRY(kernel->prepare(call, out));
    GLI_TRY(lay_out(call, kernel, &l));
    const size_t own = kernel->workspace ? kernel->workspace(call, l.dtype) : 0;
    GLI_REQUIRE(call->ctx, gli_add_size(l.copies, own, &out->workspace), GLIA_OUT_OF_MEMORY,
                "%s: the kernel needs %zu bytes more than memory can have", call->op->name, own);
    return GLIA_OK;
}

static glia_status copy(const gli_call *call, const glia_tensor *from, const glia_tensor *to) {
    const gli_copy_geom g = gli_cuda_copy_geom(to, from, to);
    return gli_cuda_copy(call, &g);
}

static bool nothing_requested(const gli_call *call) {
    for (int i = 0; i < call->op->n_outputs; ++i)
        if (call->out[i] && gli_count(call->out[i]) > 0) return false;
    return true;
}

/* What copies there are have their addresses. */
static gli_cuda_view view_of(const gli_call *call, const layout *l) {
    gli_cuda_view view = {.dtype = l->dtype, .stream = call->stream};
    for (int i = 0; i < call->n_in; ++i) {
        const glia_tensor *x = l->in[i].copied ? &l->in[i].dense : call->in[i];
        if (x) view.in[i] = x->data, view.in_stride[i] = x->stride;
    }
    for (int i = 0; i < call->op->n_outputs; ++i) {
        const glia_tensor *y = l->out[i].copied ? &l->out[i].dense : call->out[i];
        if (y) view.out[i] = y->data, view.out_stride[i] = y->stride;
    }
    return view;
}

glia_status gli_cuda_view_run(const gli_call *call, const gli_cuda_kernel *kernel, void *workspace) {
    return gli_cuda_view_run_planned(call, kernel, NULL, workspace);
}

glia_status gli_cuda_view_run_planned(const gli_call *call, const gli_cuda_kernel *kernel, const void *plan,
                                      void *workspace) {
    layout l;
    if (nothing_requested(call)) return GLIA_OK; /* there are no empty launches */
    GLI_TRY(lay_out(call, kernel, &l));
    for (int i = 0; i < call->n_in; ++i) {
        if (!l.in[i].copied) continue;
        l.in[i].dense.data = (char *)workspace + l.in[i].offset;
        GLI_TRY(copy(call, call->in[i], &l.in[i].dense));
    }
    for (int i = 0; i < call->op->n_outputs; ++i)
        if (l.out[i].copied) l.out[i].dense.data = (char *)workspace + l.out[i].offset;
    gli_cuda_view view = view_of(call, &l);
    view.workspace     = (char *)workspace + l.copies;
    view.plan          = plan;
    GLI_TRY(kernel->run(call, &view));
    for (int i = 0; i < call->op->n_outputs; ++i)
        if (l.out[i].copied) GLI_TRY(copy(call, &l.out[i].dense, call->out[i]));
    return GLIA_OK;
}

int gli_cuda_views(const gli_call *const *calls, const gli_cuda_kernel *const *kernels, int n, gli_cuda_view *views) {
    layout l;
    for (int i = 0; i < n; ++i) {
        if (nothing_requested(calls[i]) || lay_out(calls[i], kernels[i], &l) != GLIA_OK || l.copies > 0) return i;
        views[i] = view_of(calls[i], &l);
    }
    return n;
}

static int views_of(const gli_call *const *calls, int n, const gli_cuda_kernel *kernel, gli_cuda_view *views) {
    const gli_cuda_kernel *kernels[GLI_MAX_GROUP];
    for (int i = 0; i < n; ++i) kernels[i] = kernel;
    return gli_cuda_views(calls, kernels, n, views);
}

bool gli_cuda_view_as_is(const gli_call *call, const gli_cuda_kernel *kernel, gli_cuda_view *out) {
    return views_of(&call, 1, kernel, out) == 1;
}

int gli_cuda_view_group(const gli_call *const *calls, int n, const gli_cuda_kernel *kernel) {
    gli_cuda_view views[GLI_MAX_GROUP];
    const int count = views_of(calls, n, kernel, views);
    return count < 2 ? count : kernel->group(calls, views, count);
}

glia_status gli_cuda_view_run_group(const gli_call *const *calls, int n, const gli_cuda_kernel *kernel) {
    gli_cuda_view views[GLI_MAX_GROUP];
    GLI_REQUIRE(calls[0]->ctx, views_of(calls, n, kernel, views) == n, GLIA_UNSUPPORTED,
                "%s: a call of a group of %d needs copies", calls[0]->op->name, n);
    return kernel->run_group(calls, views, n);
}

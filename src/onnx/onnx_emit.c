/* Calls of ops: at once on constants, else in the target. */
#include <stdalign.h>
#include <string.h>

#include "core/dtype.h"
#include "core/provider.h"
#include "core/size.h"
#include "glia/ops/elementwise.h"
#include "glia/ops/movement.h"
#include "glia/ops/reduce.h"
#include "onnx/onnx_import.h"

bool gli_onnx_all_constant(int n, gli_onnx_value *const *in) {
    for (int i = 0; i < n; ++i)
        if (in[i] && !in[i]->constant) return false;
    return n > 0;
}

/* Shapes of the results, with one batch or the other. */
static glia_status resolve(gli_onnx_node *node, const gli_op *op, const void *params, int n_in,
                           gli_onnx_value *const *in, bool other, gli_resolution *r, double *flops) {
    alignas(max_align_t) char geom[GLI_MAX_GEOMETRY];
    glia_tensor shapes[GLI_MAX_IN];
    const glia_tensor *pointers[GLI_MAX_IN];
    for (int i = 0; i < n_in; ++i) {
        pointers[i] = in[i] ? &shapes[i] : NULL;
        if (!in[i]) continue;
        shapes[i] = in[i]->is;
        if (other) gli_set_shape(&shapes[i], in[i]->is.dtype, in[i]->is.ndim, in[i]->other);
        shapes[i].ctx = node->im->ctx;
    }
    gli_cost cost = {0};
    GLI_TRY(gli_resolve(node->im->ctx, op, params, n_in, pointers, geom, r));
    if (op->cost) op->cost(geom, &cost);
    *flops = cost.flops;
    return GLIA_OK;
}

static void describe_results(const gli_onnx_node *node, const gli_resolution *one, const gli_resolution *other,
                             int n_in, gli_onnx_value *const *in, int n_out, gli_onnx_value **out) {
    const gli_onnx_value *first = n_in ? in[0] : NULL;
    for (int o = 0; o < n_out; ++o) {
        out[o]->is = one->out[o];
        memcpy(out[o]->other, node->im->batched ? other->out[o].dim : one->out[o].dim, sizeof out[o]->other);
        const bool same = first && first->is.dtype == out[o]->is.dtype;
        out[o]->type    = same ? first->type : gli_onnx_type_of(out[o]->is.dtype);
    }
}

static size_t result_bytes(const gli_resolution *r, int n_out) {
    size_t bytes = 0;
    for (int o = 0; o < n_out; ++o)
        bytes += (size_t)gli_saturating_mul(gli_count(&r->out[o]), (int64_t)glia_dtype_size(r->out[o].dtype)) / 2;
    return bytes > SIZE_MAX / 4 ? SIZE_MAX : bytes * 2;
}

/* An op that moves a weight's elements leaves it a weight. */
static bool moves(const gli_op *op) {
    return op == &gli_op_reshape || op == &gli_op_transpose || op == &gli_op_slice || op == &gli_op_concat ||
           op == &gli_op_cast;
}

static glia_status run_now(gli_onnx_node *node, const gli_op *op, const void *params, int n_in,
                           gli_onnx_value *const *in, int n_out, gli_onnx_value **out) {
    gli_onnx_import *im = node->im;
    const glia_tensor *from[GLI_MAX_IN];
    glia_tensor *to[GLI_MAX_OUT];
    for (int o = 0; o < n_out; ++o) {
        const glia_tensor *is = &out[o]->is;
        gli_onnx_value *made  = gli_onnx_constant(node, gli_onnx_type_of(is->dtype), is->ndim, is->dim);
        if (!made) return node->status;
        to[o] = out[o]->constant = made->constant;
        if (in[0] && in[0]->weight && moves(op)) out[o]->weight = true, out[o]->name = in[0]->name;
    }
    for (int i = 0; i < n_in; ++i) from[i] = in[i] ? in[i]->constant : NULL;
    const glia_status status = gli_call_op(im->host, op, params, n_in, from, n_out, to);
    return status == GLIA_OK ? status : gli_fail(im->ctx, status, "%s", glia_message(im->host));
}

static glia_status add_to_target(gli_onnx_node *node, const gli_op *op, const void *params, int n_in,
                                 gli_onnx_value *const *in, int n_out, gli_onnx_value **out) {
    gli_onnx_import *im = node->im;
    glia_value from[GLI_MAX_IN], to[GLI_MAX_OUT];
    for (int i = 0; i < n_in; ++i) {
        from[i] = (glia_value){0};
        if (!in[i]) continue;
        GLI_REQUIRE(im->ctx, !in[i]->filled, GLIA_UNSUPPORTED, "'%.64s' is a constant as large as the batch",
                    in[i]->name);
        if (!in[i]->in_target.id) GLI_TRY(im->target->constant(im, op, params, i, in[i]));
        from[i] = in[i]->in_target;
    }
    GLI_TRY(im->target->call(im, op, params, n_in, from, n_out, to));
    for (int o = 0; o < n_out; ++o) out[o]->in_target = to[o];
    return GLIA_OK;
}

static glia_status call_all(gli_onnx_node *node, const gli_op *op, const void *params, int n_in,
                            gli_onnx_value *const *in, int n_out, gli_onnx_value **out) {
    enum { MOST_FLOPS = 100000000 }; /* what takes longer is left to the device */
    gli_resolution one, other = {0};
    double flops, ignored;
    GLI_TRY(resolve(node, op, params, n_in, in, false, &one, &flops));
    if (node->im->batched) GLI_TRY(resolve(node, op, params, n_in, in, true, &other, &ignored));
    for (int o = 0; o < n_out; ++o) {
        out[o] = gli_onnx_new(node, node->proto->n_output ? node->proto->output[0] : "");
        if (!out[o]) return node->status;
    }
    describe_results(node, &one, &other, n_in, in, n_out, out);
    for (int o = 0; o < n_out; ++o)
        if (!gli_onnx_check_result(node, out[o])) return node->status;
    const bool fits = result_bytes(&one, n_out) <= node->im->onnx->max_constants - node->im->folded;
    if (gli_onnx_all_constant(n_in, in) && flops <= MOST_FLOPS && fits)
        return run_now(node, op, params, n_in, in, n_out, out);
    return add_to_target(node, op, params, n_in, in, n_out, out);
}

glia_status gli_onnx_call_all(gli_onnx_node *node, const gli_op *op, const void *params, int n_in,
                              gli_onnx_value *const *in, int n_out, gli_onnx_value **out) {
    memset(out, 0, (size_t)n_out * sizeof *out);
    if (!gli_onnx_ok(node)) return node->status;
    if (n_in > GLI_MAX_IN) gli_onnx_fail(node, GLIA_UNSUPPORTED, "%d inputs, at most %d", n_in, GLI_MAX_IN);
    while (n_in > 0 && !in[n_in - 1]) --n_in;
    if (gli_onnx_ok(node)) node->status = call_all(node, op, params, n_in, in, n_out, out);
    return node->status;
}

gli_onnx_value *gli_onnx_call(gli_onnx_node *node, const gli_op *op, const void *params, int n_in,
                              gli_onnx_value *const *in) {
    gli_onnx_value *out;
    return gli_onnx_call_all(node, op, params, n_in, in, 1, &out) == GLIA_OK ? out : NULL;
}

/* ---- Shapes ---- */

gli_onnx_shape gli_onnx_shape_of(const gli_onnx_value *x) {
    gli_onnx_shape shape = {0};
    if (x) gli_onnx_copy_dims(&shape, x, 0, x->is.ndim);
    return shape;
}

void gli_onnx_add_dim(gli_onnx_shape *shape, int64_t dim, int64_t other) {
    if (shape->ndim < GLIA_MAX_DIMS) {
        shape->dim[shape->ndim]   = dim;
        shape->other[shape->ndim] = other;
    }
    ++shape->ndim; /* more than there can be is noticed where it is used */
}

void gli_onnx_copy_dims(gli_onnx_shape *shape, const gli_onnx_value *x, int from, int to) {
    for (int i = from; i < to; ++i) gli_onnx_add_dim(shape, x->is.dim[i], x->other[i]);
}

void gli_onnx_merge_dims(gli_onnx_shape *shape, const gli_onnx_value *x, int from, int to) {
    int64_t dim = 1, other = 1;
    for (int i = from; i < to; ++i) {
        dim   = gli_saturating_mul(dim, x->is.dim[i]);
        other = gli_saturating_mul(other, x->other[i]);
    }
    gli_onnx_add_dim(shape, dim, other);
}

gli_onnx_value *gli_onnx_reshape(gli_onnx_node *node, gli_onnx_value *x, const gli_onnx_shape *shape) {
    glia_reshape_params params = {.shape = {.ndim = shape->ndim}};
    int open                   = 0;
    if (!gli_onnx_ok(node) || !x) return NULL;
    if (shape->ndim > GLIA_MAX_DIMS)
        return gli_onnx_fail(node, GLIA_UNSUPPORTED, "%d dimensions, at most %d", shape->ndim, GLIA_MAX_DIMS);
    for (int i = 0; i < shape->ndim; ++i) {
        const bool batch    = shape->dim[i] != shape->other[i];
        params.shape.dim[i] = batch ? -1 : shape->dim[i];
        open += batch;
    }
    if (open > 1) return gli_onnx_fail(node, GLIA_UNSUPPORTED, "the batch is in two dimensions of a shape");
    return gli_onnx_call(node, &gli_op_reshape, &params, GLI_ONNX_VALUES(x));
}

/* ---- Ops by their params ---- */

gli_onnx_value *gli_onnx_transpose(gli_onnx_node *node, gli_onnx_value *x, const int *permutation) {
    glia_transpose_params params = glia_transpose_defaults();
    if (!x) return NULL;
    for (int i = 0; i < x->is.ndim; ++i) params.permutation[i] = permutation[i];
    return gli_onnx_call(node, &gli_op_transpose, &params, GLI_ONNX_VALUES(x));
}

gli_onnx_value *gli_onnx_cast(gli_onnx_node *node, gli_onnx_value *x, int type) {
    glia_cast_params params;
    if (!x) return NULL;
    if (!gli_onnx_dtype(type, x->constant != NULL, &params.dtype))
        return gli_onnx_fail(node, GLIA_UNSUPPORTED, "Glia has no tensors of type %s", gli_onnx_type_name(type));
    if (node->im->model && gli_dtype_is_float(params.dtype)) params.dtype = node->im->model_dtype;
    gli_onnx_value *y = x->is.dtype == params.dtype && x->type == type
                            ? x
                            : gli_onnx_call(node, &gli_op_cast, &params, GLI_ONNX_VALUES(x));
    if (y && y != x) y->type = type;
    return y;
}

static int clamp(int64_t number) {
    return number > GLIA_END ? GLIA_END : number < -(int64_t)GLIA_END ? -GLIA_END : (int)number;
}

gli_onnx_value *gli_onnx_slice(gli_onnx_node *node, gli_onnx_value *x, int axis, int64_t start, int64_t stop,
                               int64_t step) {
    glia_slice_params params = glia_slice_defaults();
    params.start[axis]       = clamp(start);
    params.stop[axis]        = clamp(stop);
    params.step[axis]        = clamp(step);
    return x ? gli_onnx_call(node, &gli_op_slice, &params, GLI_ONNX_VALUES(x)) : NULL;
}

gli_onnx_value *gli_onnx_concat(gli_onnx_node *node, int n, gli_onnx_value *const *x, int axis) {
    enum { MOST = GLI_MAX_IN };
    gli_onnx_value *rest[MOST], *so_far;
    int done = n < MOST ? n : MOST;
    if (n == 1) return x[0];
    for (int i = 0; i < n; ++i)
        if (!x[i]) return gli_onnx_fail(node, GLIA_BAD_FORMAT, "input %d is absent", i);
    so_far = gli_onnx_call(node, &gli_op_concat, &(glia_concat_params){.axis = axis}, done, x);
    while (so_far && done < n) {
        int taken = 1;
        for (rest[0] = so_far; done < n && taken < MOST; ++taken) rest[taken] = x[done++];
        so_far = gli_onnx_call(node, &gli_op_concat, &(glia_concat_params){.axis = axis}, taken, rest);
    }
    return so_far;
}

gli_onnx_value *gli_onnx_gather(gli_onnx_node *node, gli_onnx_value *x, gli_onnx_value *indices, int axis) {
    const glia_gather_params params = {.axis = axis};
    return x && indices ? gli_onnx_call(node, &gli_op_gather, &params, GLI_ONNX_VALUES(x, indices)) : NULL;
}

gli_onnx_value *gli_onnx_unary(gli_onnx_node *node, glia_unary_kind kind, double alpha, double beta,
                               gli_onnx_value *x) {
    const glia_unary_params params = {.kind = kind, .alpha = alpha, .beta = beta};
    return x ? gli_onnx_call(node, &gli_op_unary, &params, GLI_ONNX_VALUES(x)) : NULL;
}

gli_onnx_value *gli_onnx_binary(gli_onnx_node *node, int kind, gli_onnx_value *a, gli_onnx_value *b) {
    const glia_binary_params params = {.kind = (glia_binary_kind)kind};
    return a && b ? gli_onnx_call(node, &gli_op_binary, &params, GLI_ONNX_VALUES(a, b)) : NULL;
}

gli_onnx_value *gli_onnx_scale(gli_onnx_node *node, gli_onnx_value *x, double factor) {
    return factor == 1 ? x : gli_onnx_binary(node, GLIA_BINARY_MUL, x, gli_onnx_number(node, x, factor));
}

gli_onnx_value *gli_onnx_shift(gli_onnx_node *node, gli_onnx_value *x, double term) {
    return term == 0 ? x : gli_onnx_binary(node, GLIA_BINARY_ADD, x, gli_onnx_number(node, x, term));
}

gli_onnx_value *gli_onnx_reduce(gli_onnx_node *node, int kind, unsigned axes, bool keep, gli_onnx_value *x) {
    const glia_reduce_params params = {.kind = (glia_reduce_kind)kind, .axes = axes, .keep_dims = keep};
    return x ? gli_onnx_call(node, &gli_op_reduce, &params, GLI_ONNX_VALUES(x)) : NULL;
}

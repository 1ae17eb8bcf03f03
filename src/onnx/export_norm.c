/* Normalisation, softmax, and the losses that follow it. */
#include "glia/ops/norm.h"

#include "core/dtype.h"
#include "glia/ops/loss.h"
#include "glia/ops/softmax.h"
#include "onnx/onnx_export.h"
#include "onnx/onnx_map.h"

/* Input i, or a vector of this number where it is absent. */
static const char *or_vector(const gli_onnx_op_call *c, int i, int64_t count, double number) {
    if (i < c->n_in && c->in[i]) return c->in[i];
    return gli_onnx_hold_vector(c->ex, c->x[0]->dtype, count, number, 0);
}

/* As layers use it, with the running statistics; as an op of its own, with those of the batch. */
void gli_onnx_write_batchnorm(gli_onnx_op_call *c) {
    gli_onnx_export *ex   = c->ex;
    const bool own        = c->op == &gli_op_batchnorm && !c->node->emitter;
    const int64_t n       = c->x[0]->shape.dim[1];
    const char *in[]      = {c->in[0], or_vector(c, 1, n, 1), or_vector(c, 2, n, 0), or_vector(c, 3, n, 0),
                             or_vector(c, 4, n, 1)};
    const int *activation = gli_onnx_param_ints(c, "activation");
    if (own) {
        gli_onnx_refuse(ex, "it normalises with the statistics of its batch: the layer batchnorm has running ones");
        return;
    }
    const char *y = gli_onnx_add(ex, "BatchNormalization", 5, in);
    gli_onnx_set_params(c);
    if (activation) y = gli_onnx_write_activation(ex, y, c->y[0]->dtype, (glia_activation)*activation);
    c->out[0] = y;
}

static void write_statistics(gli_onnx_op_call *c, const char *const *found, int dims) {
    for (int o = 1; o < c->node->n_out && o < 3; ++o) {
        gli_onnx_shape ones = c->y[o]->shape;
        for (int i = 0; i < dims; ++i) gli_onnx_add_dim(&ones, 1, 1);
        c->out[o] = c->y[o]->needed ? gli_onnx_write_reshape(c->ex, found[o], &ones, &c->y[o]->shape) : NULL;
    }
}

/* The scale is not optional in ONNX. */
void gli_onnx_write_layernorm(gli_onnx_op_call *c) {
    const glia_layernorm_params *p = c->params;
    const gli_onnx_shape *x        = &c->x[0]->shape;
    gli_onnx_export *ex            = c->ex;
    const char *out[3], *bias = c->n_in > 2 ? c->in[2] : NULL, *scale = c->n_in > 1 ? c->in[1] : NULL;
    if (!scale) {
        gli_onnx_shape all = {0}, whole = {0};
        int64_t count = 1;
        for (int i = x->ndim - p->dims; i < x->ndim; ++i) {
            gli_onnx_add_dim(&whole, x->dim[i], x->other[i]);
            count *= x->dim[i];
        }
        gli_onnx_add_dim(&all, count, count);
        scale = gli_onnx_write_reshape(ex, gli_onnx_hold_vector(ex, c->x[0]->dtype, count, 1, 0), &all, &whole);
    }
    const bool statistics = c->node->n_out > 1 && (c->y[1]->needed || (c->node->n_out > 2 && c->y[2]->needed));
    gli_onnx_add_all(ex, "LayerNormalization", GLI_ONNX_NAMES(c->in[0], scale, bias), statistics ? 3 : 1, out);
    gli_onnx_set_int(ex, "axis", -p->dims);
    gli_onnx_set_params(c);
    c->out[0] = out[0];
    if (statistics) write_statistics(c, out, p->dims);
}

/* ---- Groups of channels ---- */

/* A group of channels is one channel of an image [N,G,C/G ...], whose scale is 1. */
static const char *normalise_groups(const gli_onnx_op_call *c, int groups, double epsilon) {
    gli_onnx_export *ex     = c->ex;
    const gli_onnx_shape *x = &c->x[0]->shape;
    gli_onnx_shape grouped  = {0};
    int64_t size = x->dim[1] / groups, other = x->other[1] / groups;
    for (int i = 2; i < x->ndim; ++i) size *= x->dim[i], other *= x->other[i];
    gli_onnx_add_dim(&grouped, x->dim[0], x->other[0]);
    gli_onnx_add_dim(&grouped, groups, groups);
    gli_onnx_add_dim(&grouped, size, other);
    const char *in = gli_onnx_write_reshape(ex, c->in[0], x, &grouped);
    const char *y  = gli_onnx_add(ex, "InstanceNormalization",
                                  GLI_ONNX_NAMES(in, gli_onnx_hold_vector(ex, c->x[0]->dtype, groups, 1, 0),
                                                 gli_onnx_hold_vector(ex, c->x[0]->dtype, groups, 0, 0)));
    gli_onnx_set_float(ex, "epsilon", epsilon);
    return gli_onnx_write_reshape(ex, y, &grouped, x);
}

/* Each channel on its own is an InstanceNormalization, and groups an operator since version 21. */
void gli_onnx_write_groupnorm(gli_onnx_op_call *c) {
    gli_onnx_export *ex            = c->ex;
    const glia_groupnorm_params *p = c->params;
    const gli_onnx_shape *x        = &c->x[0]->shape;
    const int64_t channels         = x->dim[1];
    const bool image               = x->ndim > 2;
    if (image && (p->groups == channels || ex->opset >= GLI_ONNX_GROUPNORM)) {
        const char *in[] = {c->in[0], or_vector(c, 1, channels, 1), or_vector(c, 2, channels, 0)};
        c->out[0]        = gli_onnx_add(ex, p->groups == channels ? "InstanceNormalization" : c->row->name, 3, in);
        gli_onnx_set_params(c);
        if (p->groups != channels) gli_onnx_set_int(ex, "num_groups", p->groups);
        return;
    }
    const char *y = normalise_groups(c, p->groups, p->epsilon);
    if (c->n_in > 1 && c->in[1])
        y = gli_onnx_add(ex, "Mul", GLI_ONNX_NAMES(y, gli_onnx_write_channels(ex, c->in[1], channels, x->ndim)));
    if (c->n_in > 2 && c->in[2])
        y = gli_onnx_add(ex, "Add", GLI_ONNX_NAMES(y, gli_onnx_write_channels(ex, c->in[2], channels, x->ndim)));
    c->out[0] = y;
}

void gli_onnx_write_softmax(gli_onnx_op_call *c) {
    const glia_softmax_params *p = c->params;
    c->out[0] = gli_onnx_add(c->ex, gli_onnx_operator_by(gli_onnx_map_softmax, p->log)->name, 1, c->in);
    gli_onnx_set_params(c);
}

/* Of classes; from logits, or from what a log-softmax gives. */
void gli_onnx_write_cross_entropy(gli_onnx_op_call *c) {
    const glia_cross_entropy_params *p = c->params;
    const gli_onnx_operator *o         = gli_onnx_operator_by(gli_onnx_map_cross_entropy, (int)p->from);
    if (!o || gli_dtype_is_float(c->x[1]->dtype) || p->label_smoothing != 0) {
        gli_onnx_refuse(c->ex, "ONNX has losses of classes, from logits or log-probabilities, without label smoothing");
        return;
    }
    c->out[0] = gli_onnx_add(c->ex, o->name, c->n_in, c->in);
    gli_onnx_set_params(c);
    if (p->ignore) gli_onnx_set_int(c->ex, "ignore_index", p->ignore_index);
}

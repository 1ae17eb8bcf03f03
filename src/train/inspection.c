/* The output of a layer, and gradients with respect to any value, as ops behind the forward pass. */
#include <string.h>

#include "core/dtype.h"
#include "glia/ops/movement.h"
#include "graph/graph_impl.h"
#include "train/graph_calls.h"
#include "train/step.h"

glia_shape gli_value_shape(const glia_model *model, int value, int64_t batch) {
    const gli_model_value *info = &model->values[value];
    glia_shape shape            = {.ndim = info->shape.ndim};
    memcpy(shape.dim, info->shape.dim, (size_t)shape.ndim * sizeof *shape.dim);
    if (info->batched && shape.ndim > 0) shape.dim[0] = batch;
    return shape;
}

glia_dtype gli_value_dtype(const glia_model *model, int value) {
    return gli_dtype_wide(model->values[value].shape.dtype);
}

static glia_status check_batch(const gli_emission *e, int value) {
    const gli_model_value *info = &e->model->values[value];
    const glia_shape got        = glia_graph_shape(e->graph, e->map[value]);
    char text[GLI_SHAPE_TEXT];
    GLI_REQUIRE(e->model->ctx,
                info->source != GLI_SOURCE_NODE || !info->batched || (got.ndim > 0 && got.dim[0] == e->batch),
                GLIA_SHAPE_MISMATCH,
                "%s: a batch of %lld samples gives its output the shape %s: its first dimension is not the batch",
                e->model->layers[e->model->nodes[info->index].layer].label, (long long)e->batch,
                gli_shape_text(got.ndim, got.dim, text));
    return GLIA_OK;
}

/* Shapes are known for GLI_NOMINAL_BATCH samples: what does not keep the batch in front shows with others. */
static void expect_batch(const gli_emission *e, int value) {
    if (glia_graph_status(e->graph) == GLIA_OK) gli_graph_fail(e->graph, check_batch(e, value));
}

/* 1 for the largest element of each sample, 0 for the others. */
static glia_value mark_largest(const gli_emission *e, glia_value y) {
    const glia_shape shape           = glia_graph_shape(e->graph, y);
    const glia_reshape_params sample = {.shape = GLIA_SHAPE(e->batch, -1)}, back = {.shape = shape};
    glia_one_hot_params mark = glia_one_hot_defaults();
    mark.dtype               = glia_graph_dtype(e->graph, y);
    mark.classes             = 1;
    for (int i = 1; i < shape.ndim; ++i) mark.classes *= (int)shape.dim[i];
    const glia_value index  = gli_emit_argmax(e, gli_emit_call(e, &gli_op_reshape, &sample, 1, &y));
    const glia_value marked = gli_emit_call(e, &gli_op_one_hot, &mark, 1, &index);
    return gli_emit_call(e, &gli_op_reshape, &back, 1, &marked);
}

static glia_value factors(const gli_emission *e, const gli_step *step, glia_value y) {
    const glia_expand_params batch = {.shape = glia_graph_shape(e->graph, y)};
    const glia_value seed          = glia_graph_tensor(e->graph, "seed", step->seed);
    return gli_emit_call(e, &gli_op_expand, &batch, 1, &seed);
}

/* The forward pass, with losses where these are differentiated. What the gradient is with respect to stays as it is:
 * training fuses ops before it differentiates, which may leave out the output of a layer, but no input and no weight.
 */
static glia_value emit_differentiated(gli_emission *e, const gli_step *step, const glia_value *targets) {
    const gli_inspection *look = &step->inspection;
    const glia_value wrt       = e->map[look->value];
    glia_value y               = gli_emit_prediction(e, look->of);
    if (step->kind == GLI_PASS_LOSS_GRADIENT) {
        e->share = glia_graph_tensor(e->graph, "share", step->seed);
        e->kept  = wrt;
        gli_emit_losses(e, e->model->training, targets, &y);
    } else {
        expect_batch(e, look->of);
    }
    if (e->model->values[look->value].source != GLI_SOURCE_NODE) gli_graph_fuse(e->graph, (glia_value[]){y, wrt}, 2);
    return y;
}

static glia_value seed_of(const gli_emission *e, const gli_step *step, glia_value y) {
    if (step->kind == GLI_PASS_LOSS_GRADIENT) return gli_emit_number(e, e->model->dtype, 1);
    return step->inspection.largest ? mark_largest(e, y) : factors(e, step, y);
}

void gli_emit_inspection(gli_emission *e, const gli_step *step, const glia_value *targets, glia_value *out) {
    const glia_value value = e->map[step->inspection.value];
    expect_batch(e, step->inspection.value);
    *out = gli_emit_prediction(e, step->inspection.value);
    if (step->kind == GLI_PASS_LAYER) return;
    const glia_value y    = emit_differentiated(e, step, targets);
    const glia_value seed = seed_of(e, step, y);
    gli_graph_set_label(e->graph, "gradient");
    gli_graph_gradient(e->graph, &y, &seed, 1, &value, 1, out);
    gli_graph_set_label(e->graph, NULL);
}

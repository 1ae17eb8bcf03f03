/* From the loss to the new weights: gradients, clipping, penalty, optimizer, as ops of the training graph. */
#include "glia/ops/data.h"
#include "glia/ops/movement.h"
#include "graph/graph_impl.h"
#include "train/loss_scale.h"
#include "train/watched.h"

static glia_value clipped(const gli_emission *e, glia_value gradient, double norm) {
    return gli_emit_call(e, &gli_op_clip_by_norm, &(glia_clip_by_norm_params){.max_norm = norm}, 1, &gradient);
}

/* The trained weights: of each its number, its value, its gradient, and where it begins in their vector. */
typedef struct trained {
    size_t capacity;
    int n;
    int64_t *offset;
    glia_value *value, *gradient;
    int *weight;
} trained;

enum { TRAINED_BYTES = sizeof(int64_t) + 2 * sizeof(glia_value) + sizeof(int) };

static glia_status trained_create(const gli_emission *e, trained *out) {
    const glia_model *model = e->model;
    void *memory;
    *out = (trained){.capacity = (size_t)model->n_weights};
    GLI_TRY(gli_new(model->ctx, out->capacity, TRAINED_BYTES, "a training step", &memory));
    out->offset   = memory;
    out->value    = (glia_value *)(out->offset + out->capacity);
    out->gradient = out->value + out->capacity;
    out->weight   = (int *)(out->gradient + out->capacity);
    for (int i = 1; i < model->n_values; ++i) {
        const gli_model_value *value = &model->values[i];
        if (value->source != GLI_SOURCE_WEIGHT || model->weights[value->index].offset >= model->trained) continue;
        out->weight[out->n]  = value->index;
        out->offset[out->n]  = model->weights[value->index].offset;
        out->value[out->n++] = e->map[i];
    }
    return GLIA_OK;
}

static void trained_free(const gli_emission *e, trained *t) {
    gli_free(e->model->ctx, t->offset, t->capacity, TRAINED_BYTES);
}

/* The part of weight i of a vector. */
static glia_value part_of(const gli_emission *e, const trained *t, int i, glia_value vector) {
    return gli_graph_view(e->graph, vector, t->offset[i], glia_model_weight_shape(e->model, t->weight[i]));
}

/* The gradients as one vector in the order of the weights' vector, each to the norm where that is not 0. */
static glia_value pack(const gli_emission *e, trained *t, double clip_norm) {
    for (int i = 0; i < t->n && clip_norm > 0; ++i) t->gradient[i] = clipped(e, t->gradient[i], clip_norm);
    return gli_graph_pack(e->graph, t->gradient, t->offset, t->n, e->model->trained);
}

/* Those of the loss; what they were scaled with is taken back. */
static glia_status gradients(const gli_emission *e, const gli_compiled *c, glia_value total, trained *t) {
    const gli_scaling s = gli_emit_scaling(e, c);
    if (!s.scale.id) return glia_graph_gradient(e->graph, total, t->value, t->n, t->gradient);
    GLI_TRY(gli_graph_gradient(e->graph, &total, &s.scale, 1, t->value, t->n, t->gradient));
    for (int i = 0; i < t->n; ++i) t->gradient[i] = gli_emit_binary(e, GLIA_BINARY_MUL, t->gradient[i], s.inverse);
    return GLIA_OK;
}

/* The vector of the gradients. sum: a vector to which they are added; id 0: none. */
static glia_value gradient_vector(const gli_emission *e, const gli_step *step, glia_value total, glia_value sum) {
    const gli_compiled *c = &e->model->training->compiled;
    glia_value vector     = {-1};
    trained t;
    glia_status status = trained_create(e, &t);
    if (status == GLIA_OK) status = gradients(e, c, total, &t);
    for (int i = 0; i < t.n && status == GLIA_OK && sum.id; ++i)
        t.gradient[i] = gli_emit_binary(e, GLIA_BINARY_ADD, part_of(e, &t, i, sum), t.gradient[i]);
    for (int i = 0; i < t.n && status == GLIA_OK && step->watched; ++i)
        gli_emit_norms(e, t.weight[i], t.gradient[i], part_of(e, &t, i, e->vector));
    if (status == GLIA_OK)
        vector = pack(e, &t, sum.id ? 0 : c->clip_norm);
    else
        gli_graph_fail(e->graph, status);
    trained_free(e, &t);
    return vector;
}

/* The sum of the gradients of a step's batches, each weight's to the norm. */
static glia_value sum_to_norm(const gli_emission *e, double clip_norm, glia_value sum) {
    trained t;
    const glia_status status = trained_create(e, &t);
    if (status != GLIA_OK) return gli_graph_fail(e->graph, status), (glia_value){-1};
    for (int i = 0; i < t.n; ++i) t.gradient[i] = part_of(e, &t, i, sum);
    const glia_value vector = pack(e, &t, clip_norm);
    trained_free(e, &t);
    return vector;
}

/* What a group has of a vector of all trained weights that the caller owns, or that is computed. */
static glia_value group_view(const gli_emission *e, const gli_weight_group *group, glia_value vector) {
    return gli_graph_view(e->graph, vector, group->begin, GLIA_SHAPE(group->end - group->begin));
}

static glia_value group_slice(const gli_emission *e, const gli_weight_group *group, glia_value vector) {
    if (group->end - group->begin == e->model->trained) return vector;
    glia_slice_params range = glia_slice_defaults();
    range.start[0] = (int)group->begin, range.stop[0] = (int)group->end;
    return gli_emit_call(e, &gli_op_slice, &range, 1, &vector);
}

static glia_value rate_of(const gli_emission *e, const gli_compiled *c, const gli_weight_group *group) {
    const glia_value rate = glia_graph_tensor(e->graph, "rate", c->rate);
    const double scale    = gli_value_or(group->rules.rate_scale, 1);
    return scale == 1 ? rate : gli_emit_binary(e, GLIA_BINARY_MUL, rate, gli_emit_number(e, GLIA_F32, scale));
}

/* What a step has besides the weights: the gradient, its number, whether it is skipped (id 0: never). */
typedef struct step_values {
    glia_value gradient, update, skip;
    glia_value decay; /* of the average of the weights */
} step_values;

static void average_group(const gli_emission *e, const gli_compiled *c, const gli_weight_group *group,
                          glia_value weights, const step_values *v) {
    const glia_value state = group_view(e, group, glia_graph_tensor(e->graph, "average", c->state[GLI_AVERAGE]));
    glia_value average     = gli_emit_average(e, state, weights, v->decay);
    if (v->skip.id) average = gli_emit_call(e, &gli_op_where, NULL, 3, (glia_value[]){v->skip, state, average});
    glia_graph_assign(e->graph, state, average);
}

static void update_group(const gli_emission *e, const gli_compiled *c, const gli_weight_group *group,
                         const step_values *v) {
    const glia_optimizer optimizer            = gli_optimizer_by_rules(c->optimizer, &group->rules);
    glia_value state[GLI_MAX_OPTIMIZER_STATE] = {{0}}, out[GLI_MAX_OPTIMIZER_STATE + 1] = {{0}}, half;
    for (int i = 0; i < GLI_MAX_OPTIMIZER_STATE; ++i)
        if (c->state[i]) state[i] = group_view(e, group, glia_graph_tensor(e->graph, "optimizer", c->state[i]));
    gli_optimizer_values values = {.param    = group_view(e, group, e->vector),
                                   .gradient = group_slice(e, group, v->gradient),
                                   .rate     = rate_of(e, c, group),
                                   .update   = v->update,
                                   .skip     = v->skip,
                                   .state    = state};
    if (e->half.id) values.half = group_view(e, group, e->half);
    gli_optimizer_emit(&optimizer, e->graph, &values, out, &half);
    glia_graph_assign(e->graph, values.param, out[0]);
    if (e->half.id) glia_graph_assign(e->graph, values.half, half);
    for (int i = 0; i < GLI_MAX_OPTIMIZER_STATE; ++i)
        if (state[i].id) glia_graph_assign(e->graph, state[i], out[i + 1]);
    if (c->average_decay > 0) average_group(e, c, group, out[0], v);
}

/* What is wrong with a step, i64: the first batch that ends training, and what is not 0 where the step is left out. id
 * 0, either: nothing is. */
typedef struct verdict {
    glia_value failed, skip;
} verdict;

static void optimize(const gli_emission *e, const gli_compiled *c, glia_value gradient, glia_value update, verdict v) {
    const bool scaled = c->loss_scale[GLI_LOSS_SCALE] != NULL;
    if (scaled) update = gli_emit_scaled_update(e, c);
    step_values values = {.gradient = gradient, .update = update, .skip = v.skip};
    if (c->average_decay > 0) values.decay = gli_emit_average_decay(e, c, update);
    for (int g = 0; g < c->n_groups; ++g) update_group(e, c, &c->groups[g], &values);
    if (scaled) gli_emit_loss_scale(e, c, v.skip, v.failed);
}

/* To the limits that concern the vector as a whole. */
static glia_value limited(const gli_emission *e, const gli_compiled *c, glia_value gradient) {
    if (c->clip_value > 0) gradient = gli_emit_unary(e, GLIA_UNARY_CLIP, -c->clip_value, c->clip_value, gradient);
    return c->clip_global_norm > 0 ? clipped(e, gradient, c->clip_global_norm) : gradient;
}

/* The first batch where an element of x or of y was not finite, `failed` if that is not 0. id 0, both: there is none.
 */
static glia_value first_failed(const gli_emission *e, glia_value failed, glia_value batch, glia_value x, glia_value y) {
    if (!x.id) x = y, y = (glia_value){0};
    if (!x.id) return failed;
    return gli_emit_call(e, &gli_op_check_finite, NULL, y.id ? 4 : 3, (glia_value[]){x, batch, failed, y});
}

/* Notes a batch of which the loss or the gradient is not finite, and says whether its step is left out. A gradient is
 * checked after clipping: one that was not finite may be then. With a loss scale a gradient that is too large is
 * nothing to note, and leaves out this step alone. */
static verdict check_finite(const gli_emission *e, const gli_compiled *c, glia_value batch, glia_value total,
                            glia_value gradient) {
    const bool scaled       = c->loss_scale[GLI_LOSS_SCALE] != NULL;
    const glia_value failed = glia_graph_tensor(e->graph, "failed", c->failed);
    const glia_value noted  = first_failed(e, failed, batch, total, scaled ? (glia_value){0} : gradient);
    if (noted.id != failed.id) glia_graph_assign(e->graph, failed, noted);
    return (verdict){noted, scaled ? first_failed(e, noted, batch, gradient, (glia_value){0}) : noted};
}

/* Of a step that is taken whatever its numbers are, but with a loss scale only where the gradient is finite. */
static verdict unchecked(const gli_emission *e, const gli_compiled *c, glia_value batch, glia_value gradient) {
    verdict v = {{0}};
    if (c->loss_scale[GLI_LOSS_SCALE])
        v.skip = first_failed(e, gli_emit_number(e, GLIA_I64, 0), batch, gradient, (glia_value){0});
    return v;
}

void gli_emit_before(const gli_emission *e, const gli_compiled *c) {
    if (!c->before) return;
    const glia_shape shape  = glia_tensor_shape(c->before);
    const glia_value failed = glia_graph_tensor(e->graph, "failed", c->failed);
    const glia_value before = glia_graph_tensor(e->graph, "before", c->before);
    const glia_value now    = gli_graph_view(e->graph, e->vector, e->model->buffers, shape);
    glia_graph_assign(e->graph, before, gli_emit_call(e, &gli_op_where, NULL, 3, (glia_value[]){failed, before, now}));
}

void gli_emit_training(gli_emission *e, const gli_step *step, glia_value total, glia_value update) {
    const gli_compiled *c = &e->model->training->compiled;
    glia_value gradient   = {0};
    gli_graph_set_label(e->graph, "gradient");
    gli_graph_set_direction(e->graph, GLIA_DIRECTION_UPDATE);
    if (e->model->trained > 0) gradient = limited(e, c, gradient_vector(e, step, total, gradient));
    const verdict v =
        step->unchecked ? unchecked(e, c, e->step, gradient) : check_finite(e, c, e->step, total, gradient);
    gli_graph_set_label(e->graph, "optimizer");
    if (e->model->trained > 0) optimize(e, c, gradient, update, v);
    gli_graph_set_label(e->graph, NULL);
}

void gli_emit_gradient(gli_emission *e, const gli_step *step, glia_value total) {
    const gli_compiled *c = &e->model->training->compiled;
    gli_graph_set_label(e->graph, "gradient");
    gli_graph_set_direction(e->graph, GLIA_DIRECTION_UPDATE);
    if (e->model->trained > 0) {
        const glia_value sum = glia_graph_tensor(e->graph, "gradient", c->gradient);
        glia_graph_assign(e->graph, sum, gradient_vector(e, step, total, sum));
    }
    if (!step->unchecked) check_finite(e, c, e->step, total, (glia_value){0});
    gli_graph_set_label(e->graph, NULL);
}

/* The counter is at the next one. */
static glia_value last_batch(const gli_emission *e) {
    const glia_value next = gli_graph_view(e->graph, e->step, 0, GLIA_SHAPE(1));
    const glia_value last = gli_emit_call(e, &gli_op_increment, &(glia_increment_params){.by = {-1}}, 1, &next);
    return gli_emit_like(e, last, e->step);
}

void gli_emit_update(gli_emission *e, const gli_step *step, glia_value update) {
    const gli_compiled *c = &e->model->training->compiled;
    if (e->model->trained == 0) return;
    gli_graph_set_label(e->graph, "gradient");
    gli_graph_set_direction(e->graph, GLIA_DIRECTION_UPDATE);
    glia_value gradient = glia_graph_tensor(e->graph, "gradient", c->gradient);
    if (c->clip_norm > 0) gradient = sum_to_norm(e, c->clip_norm, gradient);
    gradient               = limited(e, c, gradient);
    const glia_value batch = last_batch(e), none = {0};
    const verdict v = step->unchecked ? unchecked(e, c, batch, gradient) : check_finite(e, c, batch, none, gradient);
    gli_graph_set_label(e->graph, "optimizer");
    optimize(e, c, gradient, update, v);
    gli_graph_set_label(e->graph, NULL);
}

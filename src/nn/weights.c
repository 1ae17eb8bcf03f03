/* Weights: their layout in one vector; setting and reading them by name. */
#include <string.h>

#include "core/device.h"
#include "core/dtype.h"
#include "core/size.h"
#include "glia/ops/movement.h"
#include "nn/model_impl.h"

static int64_t padded_count(const gli_weight *weight) {
    int64_t count = 1;
    for (int i = 0; i < weight->ndim; ++i) count *= weight->dim[i];
    return (int64_t)gli_align_up((size_t)count, GLI_WEIGHT_ALIGNMENT);
}

glia_tensor gli_weight_view(const glia_model *model, const gli_weight *weight, const glia_tensor *vector,
                            int64_t offset) {
    glia_tensor view = {.ctx = model->ctx};
    gli_set_shape(&view, model->dtype, weight->ndim, weight->dim);
    if (vector) view.data = gli_data_at(vector->data, (size_t)offset * glia_dtype_size(model->dtype));
    return view;
}

/* Copies a weight's values from where they are, or makes its initial ones. */
static glia_status put_weight(glia_model *model, int index, glia_tensor *vector, int64_t offset) {
    gli_weight *weight     = &model->weights[index];
    const glia_tensor from = gli_weight_view(model, weight, model->vector, weight->offset);
    glia_tensor to         = gli_weight_view(model, weight, vector, offset);
    if (weight->pending.data) return glia_tensor_write(&to, weight->pending.data, weight->pending.bytes);
    if (weight->in_vector) return glia_cast(model->ctx, &(glia_cast_params){.dtype = model->dtype}, &from, &to);
    return gli_init_fill(weight, GLI_STREAM_WEIGHTS + (uint32_t)index, &to);
}

typedef enum part { TRAINED, FROZEN, BUFFER, PARTS } part;

static part part_of(const gli_weight *weight) { return weight->buffer ? BUFFER : weight->frozen ? FROZEN : TRAINED; }

static bool together(const gli_weight *a, const gli_weight *b) {
    return part_of(a) == part_of(b) && (part_of(a) != TRAINED || gli_weight_rules_equal(&a->rules, &b->rules));
}

/* Places a weight, and those after it which belong together with it. */
static glia_status place(const glia_model *model, int first, int64_t *offset, int64_t *total) {
    for (int i = first; i < model->n_weights; ++i) {
        const gli_weight *weight = &model->weights[i];
        if (!together(&model->weights[first], weight)) continue;
        offset[i] = *total;
        GLI_REQUIRE(model->ctx, !__builtin_add_overflow(*total, padded_count(weight), total), GLIA_OUT_OF_MEMORY,
                    "out of memory: the weights up to '%s' have more elements than memory can", weight->name);
    }
    return GLIA_OK;
}

/* Where each weight goes: the trained ones first, those with the same rules side by side, then the frozen ones, then
 * the buffers; and where each part ends. */
static glia_status choose_offsets(const glia_model *model, int64_t *offset, gli_weight_layout *out, int64_t *total) {
    *total = 0;
    for (int i = 0; i < model->n_weights; ++i) offset[i] = -1;
    for (part p = TRAINED; p < PARTS; ++p) {
        for (int i = 0; i < model->n_weights; ++i)
            if (part_of(&model->weights[i]) == p && offset[i] < 0) GLI_TRY(place(model, i, offset, total));
        if (p == TRAINED) out->trained = *total;
        if (p == FROZEN) out->buffers = *total;
    }
    return GLIA_OK;
}

static glia_status fill_layout(glia_model *model, gli_weight_layout *out) {
    int64_t total;
    GLI_TRY(gli_block_alloc(model->ctx, (size_t)model->n_weights, sizeof(int64_t), "the layout of the weights",
                            &out->offsets));
    int64_t *offset = out->offsets.data;
    GLI_TRY(choose_offsets(model, offset, out, &total));
    GLI_TRY(glia_tensor_create(model->ctx, model->dtype, GLIA_SHAPE(total), &out->vector));
    if (model->compute != model->dtype)
        GLI_TRY(glia_tensor_create(model->ctx, model->compute, GLIA_SHAPE(out->buffers), &out->half));
    for (int i = 0; i < model->n_weights; ++i) GLI_TRY(put_weight(model, i, out->vector, offset[i]));
    return GLIA_OK;
}

void gli_weights_discard(const glia_model *model, gli_weight_layout *layout) {
    glia_tensor_destroy(layout->vector);
    glia_tensor_destroy(layout->half);
    gli_block_free(model->ctx, &layout->offsets);
    *layout = (gli_weight_layout){0};
}

glia_status gli_weights_lay_out(glia_model *model, gli_weight_layout *out) {
    *out                     = (gli_weight_layout){0};
    const glia_status status = fill_layout(model, out);
    if (status != GLIA_OK) gli_weights_discard(model, out);
    return status;
}

void gli_weights_adopt(glia_model *model, gli_weight_layout *layout) {
    const int64_t *offset = layout->offsets.data;
    for (int i = 0; i < model->n_weights; ++i) {
        model->weights[i].offset    = offset[i];
        model->weights[i].in_vector = true;
        gli_block_free(model->ctx, &model->weights[i].pending);
    }
    for (int i = 0; i < model->n_layers; ++i) model->layers[i].frozen_in_graphs = model->layers[i].frozen;
    glia_tensor *old = model->vector, *old_half = model->half;
    model->vector      = layout->vector;
    model->half        = layout->half;
    model->half_is_old = true;
    model->trained     = layout->trained;
    model->buffers     = layout->buffers;
    layout->vector     = old;
    layout->half       = old_half;
}

glia_status gli_weights_refresh(glia_model *model) {
    if (!model->half || !model->half_is_old) return GLIA_OK;
    glia_tensor weights = *model->vector;
    gli_set_shape(&weights, model->dtype, 1, &model->buffers);
    GLI_TRY(glia_cast(model->ctx, &(glia_cast_params){.dtype = model->compute}, &weights, model->half));
    model->half_is_old = false;
    return GLIA_OK;
}

bool gli_reads_half(const glia_model *model, const gli_model_value *value) {
    return value->source == GLI_SOURCE_WEIGHT && value->shape.dtype != model->dtype;
}

static glia_status reset_states(glia_model *model) {
    GLI_TRY(gli_require_idle(model, "glia_model_reset_states"));
    for (int i = 0; i < model->n_weights; ++i) {
        gli_weight *weight = &model->weights[i];
        if (!weight->state) continue;
        gli_block_free(model->ctx, &weight->pending);
        if (!weight->in_vector) continue; /* it will start with zeros */
        glia_tensor view = gli_weight_view(model, weight, model->vector, weight->offset);
        GLI_TRY(glia_tensor_fill(&view, 0));
    }
    return GLIA_OK;
}

glia_status glia_model_reset_states(glia_model *model) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = reset_states(model);
    gli_leave(model->ctx);
    return status;
}

glia_status gli_require_idle(const glia_model *model, const char *call) {
    GLI_REQUIRE(model->ctx, !model->in_use, GLIA_BUSY, "%s: another call of the model is in the middle of a step",
                call);
    return GLIA_OK;
}

glia_status gli_require_weights(const glia_model *model, const char *call) {
    GLI_REQUIRE(
        model->ctx, !model->compiled || !model->averaged, GLIA_INVALID_ARGUMENT,
        "%s: the averages are in the place of the weights: glia_model_use_average(model, false) puts these back", call);
    return GLIA_OK;
}

glia_status gli_check_values(const glia_tensor *shape, const char *call, const char *name, const void *values,
                             size_t bytes) {
    glia_context *ctx   = shape->ctx;
    const size_t needed = (size_t)gli_count(shape) * glia_dtype_size(shape->dtype);
    GLI_REQUIRE(ctx, values || needed == 0, GLIA_INVALID_ARGUMENT, "%s: values for '%s' is NULL", call, name);
    GLI_REQUIRE(ctx, bytes == needed, GLIA_SHAPE_MISMATCH, "%s: %zu bytes, '%s' %s of %s has %zu", call, bytes, name,
                GLI_SHAPE_OF(shape), glia_dtype_name(shape->dtype), needed);
    return GLIA_OK;
}

static glia_status find_for(const glia_model *model, const char *call, const char *name, const void *values,
                            size_t bytes, gli_weight **out) {
    *out = name ? gli_model_find_weight(model, name) : NULL;
    GLI_REQUIRE(model->ctx, *out, GLIA_NOT_FOUND, "%s: no weight is named '%s'", call, name ? name : "NULL");
    const glia_tensor shape = gli_weight_view(model, *out, NULL, 0);
    return gli_check_values(&shape, call, name, values, bytes);
}

/* Its view, where it is in the vector, and its size. */
static glia_tensor stored(const glia_model *model, const gli_weight *weight, size_t *bytes) {
    const glia_tensor view = gli_weight_view(model, weight, weight->in_vector ? model->vector : NULL, weight->offset);
    *bytes                 = (size_t)gli_count(&view) * glia_dtype_size(view.dtype);
    return view;
}

glia_status gli_weight_write(glia_model *model, gli_weight *weight, const void *values) {
    size_t bytes;
    glia_tensor view   = stored(model, weight, &bytes);
    model->half_is_old = true;
    if (weight->in_vector) return glia_tensor_write(&view, values, bytes);
    if (!weight->pending.data) GLI_TRY(gli_block_alloc(model->ctx, bytes, 1, "a weight", &weight->pending));
    if (bytes > 0) memcpy(weight->pending.data, values, bytes);
    return GLIA_OK;
}

static glia_status set_weight(glia_model *model, const char *name, const void *values, size_t bytes) {
    const char *call = "glia_model_set";
    gli_weight *weight;
    GLI_TRY(gli_require_idle(model, call));
    GLI_TRY(gli_require_weights(model, call));
    GLI_TRY(find_for(model, call, name, values, bytes, &weight));
    return gli_weight_write(model, weight, values);
}

glia_status glia_model_set(glia_model *model, const char *name, const void *values, size_t bytes) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = set_weight(model, name, values, bytes);
    gli_leave(model->ctx);
    return status;
}

glia_status gli_weight_read(const glia_model *model, const char *call, const gli_weight *weight, void *values) {
    size_t bytes;
    const glia_tensor view = stored(model, weight, &bytes);
    if (weight->in_vector) return glia_tensor_read(&view, values, bytes);
    GLI_REQUIRE(model->ctx, weight->pending.data, GLIA_INVALID_ARGUMENT,
                "%s: '%s' has no value before the model is compiled", call, weight->name);
    memcpy(values, weight->pending.data, bytes);
    return GLIA_OK;
}

static glia_status get_weight(const glia_model *model, const char *name, void *values, size_t bytes) {
    gli_weight *weight;
    GLI_TRY(find_for(model, "glia_model_get", name, values, bytes, &weight));
    return gli_weight_read(model, "glia_model_get", weight, values);
}

glia_status glia_model_get(const glia_model *model, const char *name, void *values, size_t bytes) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = get_weight(model, name, values, bytes);
    gli_leave(model->ctx);
    return status;
}

int glia_model_weight_count(const glia_model *model) { return model ? model->n_weights : 0; }

const char *glia_model_weight_name(const glia_model *model, int index) {
    return model && index >= 0 && index < model->n_weights ? model->weights[index].name : NULL;
}

glia_shape glia_model_weight_shape(const glia_model *model, int index) {
    glia_shape shape = {0};
    if (!model || index < 0 || index >= model->n_weights) return shape;
    shape.ndim = model->weights[index].ndim;
    memcpy(shape.dim, model->weights[index].dim, sizeof shape.dim);
    return shape;
}

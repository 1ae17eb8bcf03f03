/* Around the plans of training: steps of several batches, and the buffers, such as running statistics, as they were. */
#include "glia/ops/elementwise.h"
#include "train/step.h"

glia_status gli_accumulation_prepare(glia_model *model) {
    gli_compiled *c = &model->training->compiled;
    if (c->share) return GLIA_OK;
    if (model->trained > 0 && !c->gradient)
        GLI_TRY(glia_tensor_create(model->ctx, model->dtype, GLIA_SHAPE(model->trained), &c->gradient));
    return glia_tensor_create(model->ctx, model->dtype, GLIA_SCALAR, &c->share);
}

glia_status gli_accumulation_begin(const glia_model *model, int64_t samples) {
    const gli_compiled *c = &model->training->compiled;
    if (c->gradient) GLI_TRY(glia_tensor_fill(c->gradient, 0));
    GLI_TRY(glia_tensor_fill(c->share, 1.0 / (double)samples));
    return gli_keep_buffers(model);
}

/* The buffers, of as many elements as `like`. */
static glia_tensor buffers_of(const glia_model *model, const glia_tensor *like) {
    glia_tensor now = *like;
    now.data        = (char *)model->vector->data + (size_t)model->buffers * glia_dtype_size(model->dtype);
    return now;
}

glia_status gli_keep_buffers(const glia_model *model) {
    const gli_compiled *c = &model->training->compiled;
    if (!c->before) return GLIA_OK;
    const glia_tensor now = buffers_of(model, c->before);
    return glia_where(model->ctx, c->failed, c->before, &now, c->before);
}

static glia_status copy_buffers(const glia_model *model, glia_tensor *kept, bool restore) {
    if (!kept) return GLIA_OK;
    glia_tensor now = buffers_of(model, kept);
    return restore ? glia_tensor_copy(kept, &now) : glia_tensor_copy(&now, kept);
}

glia_status gli_restore_buffers(const glia_model *model) {
    return copy_buffers(model, model->training->compiled.before, true);
}

glia_status gli_put_buffers_aside(const glia_model *model) {
    return copy_buffers(model, model->training->compiled.aside, false);
}

glia_status gli_take_buffers_back(const glia_model *model) {
    return copy_buffers(model, model->training->compiled.aside, true);
}

/* Saliency: which pixels of an image an output changes with. */
#include <math.h>

#include "core/dtype.h"
#include "core/size.h"
#include "train/look.h"

typedef struct pixels {
    char *out;
    gli_block gradients; /* of a batch [N,C,H,W] */
} pixels;

/* The largest of the channels; NaN counts as larger than any number. */
static glia_status take_largest(void *to, const gli_step *step) {
    pixels *p             = to;
    const glia_tensor *g  = step->out[0];
    const int64_t samples = g->dim[0], channels = g->dim[1], plane = g->dim[2] * g->dim[3];
    GLI_TRY(glia_tensor_read(g, p->gradients.data, (size_t)gli_count(g) * glia_dtype_size(g->dtype)));
    for (int64_t n = 0; n < samples; ++n)
        for (int64_t i = 0; i < plane; ++i) {
            double largest = 0;
            for (int64_t c = 0; c < channels; ++c) {
                const double size = fabs(gli_load(g->dtype, p->gradients.data, (n * channels + c) * plane + i));
                if (!(size <= largest) && !isnan(largest)) largest = size;
            }
            gli_store(g->dtype, p->out, n * plane + i, largest);
        }
    p->out += (size_t)(samples * plane) * glia_dtype_size(g->dtype);
    return GLIA_OK;
}

static glia_status saliency(glia_model *model, glia_dataset *data, const glia_saliency_args *args, void *out,
                            size_t bytes) {
    const char *call                  = "glia_model_saliency";
    const glia_saliency_args defaults = {0};
    pixels to                         = {.out = out};
    gli_look look                     = {.model = model, .data = data, .call = call, .kind = GLI_PASS_GRADIENT};
    if (!args) args = &defaults;
    GLI_TRY(gli_look_check(model, data, args->batch_size, call));
    GLI_TRY(gli_look_image(model, call, args->input, &look.inspection.value));
    GLI_TRY(gli_look_output(model, call, args->output, &look.inspection.of));
    GLI_TRY(gli_look_float(model, call, "what is looked at", look.inspection.of));
    GLI_TRY(gli_look_element(model, call, args->element, look.inspection.of, &look.element));
    const glia_tensor *image = &model->values[look.inspection.value].shape;
    const int64_t size = (int64_t)glia_dtype_size(model->dtype), each = gli_look_elements(model, look.inspection.value);
    const int64_t count = glia_dataset_count(data);
    GLI_TRY(gli_look_bytes(model, call, out, bytes, count, image->dim[2] * image->dim[3] * size));
    look.inspection.largest = !args->element.set;
    look.batch_size         = args->batch_size;
    look.take = take_largest, look.to = &to;
    const int64_t batch = gli_min_i64(count, gli_batch_size(model, args->batch_size, GLI_DEFAULT_EVALUATION_BATCH));
    GLI_TRY(gli_block_alloc(model->ctx, (size_t)batch, (size_t)(each * size), "gradients", &to.gradients));
    const glia_status status = gli_look_run(&look);
    gli_block_free(model->ctx, &to.gradients);
    return status;
}

glia_status glia_model_saliency(glia_model *model, glia_dataset *data, const glia_saliency_args *args, void *out,
                                size_t bytes) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, "glia_model_saliency"));
    return gli_call_end(model, saliency(model, data, args, out, bytes));
}

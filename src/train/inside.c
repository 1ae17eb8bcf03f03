/* The output of a layer, and gradients. */
#include <string.h>

#include "core/dtype.h"
#include "train/look.h"

/* Batches go one after another to the memory that `to` points to. */
static glia_status take_samples(void *to, const gli_step *step) {
    char **out         = to;
    const size_t bytes = (size_t)gli_count(step->out[0]) * glia_dtype_size(step->out[0]->dtype);
    GLI_TRY(glia_tensor_read(step->out[0], *out, bytes));
    *out += bytes;
    return GLIA_OK;
}

static glia_status layer_output(glia_model *model, const char *layer, glia_dataset *data, int batch_size, void *out,
                                size_t bytes) {
    const char *call = "glia_model_layer_output";
    char *next       = out;
    gli_look look    = {.model      = model,
                        .data       = data,
                        .call       = call,
                        .kind       = GLI_PASS_LAYER,
                        .batch_size = batch_size,
                        .take       = take_samples,
                        .to         = &next};
    GLI_TRY(gli_look_check(model, data, batch_size, call));
    GLI_TRY(gli_look_find(model, call, layer, false, &look.inspection.value));
    const int64_t each = gli_look_elements(model, look.inspection.value) *
                         (int64_t)glia_dtype_size(gli_value_dtype(model, look.inspection.value));
    GLI_TRY(gli_look_bytes(model, call, out, bytes, glia_dataset_count(data), each));
    return gli_look_run(&look);
}

glia_status glia_model_layer_output(glia_model *model, const char *layer, glia_dataset *data, int batch_size, void *out,
                                    size_t bytes) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, "glia_model_layer_output"));
    return gli_call_end(model, layer_output(model, layer, data, batch_size, out, bytes));
}

/* ---- Gradients ---- */

static const char *const gradient_call = "glia_model_gradient";

/* What is differentiated. */
static glia_status choose_of(const glia_model *model, const glia_gradient_args *args, gli_look *look) {
    glia_context *ctx = model->ctx;
    int *of           = &look->inspection.of;
    const bool some   = args->element.set || args->factors;
    GLI_REQUIRE(ctx, args->factors || args->n_factors == 0, GLIA_INVALID_ARGUMENT,
                "%s: n_factors is %lld, factors is NULL", gradient_call, (long long)args->n_factors);
    GLI_REQUIRE(ctx, args->of == GLIA_OF_LAYER || !args->layer, GLIA_INVALID_ARGUMENT,
                "%s: layer is '%.64s', but it is not of a layer", gradient_call, args->layer);
    GLI_REQUIRE(ctx, (unsigned)args->of <= GLIA_OF_LAYER, GLIA_INVALID_ARGUMENT, "%s: invalid of %d", gradient_call,
                (int)args->of);
    look->kind = args->of == GLIA_OF_LOSS ? GLI_PASS_LOSS_GRADIENT : GLI_PASS_GRADIENT;
    if (args->of == GLIA_OF_LOSS) {
        GLI_REQUIRE(ctx, gli_training_targets(model->training) > 0, GLIA_INVALID_ARGUMENT, "%s: no output has a loss",
                    gradient_call);
        GLI_REQUIRE(ctx, !some, GLIA_INVALID_ARGUMENT, "%s: the loss is one number, and has no element and no factors",
                    gradient_call);
        return GLIA_OK;
    }
    GLI_TRY(args->of == GLIA_OF_OUTPUT ? gli_look_output(model, gradient_call, args->output, of)
                                       : gli_look_find(model, gradient_call, args->layer, false, of));
    GLI_REQUIRE(ctx, !args->element.set || !args->factors, GLIA_INVALID_ARGUMENT,
                "%s: an element and factors are given, must be one of them", gradient_call);
    GLI_TRY(gli_look_element(model, gradient_call, args->element, *of, &look->element));
    const int64_t elements = gli_look_elements(model, *of);
    GLI_REQUIRE(ctx, !args->factors || args->n_factors == elements, GLIA_SHAPE_MISMATCH,
                "%s: %lld factors, a sample of what is differentiated has %lld elements", gradient_call,
                (long long)args->n_factors, (long long)elements);
    const glia_dtype dtype = gli_value_dtype(model, *of);
    for (int64_t i = 0; i < args->n_factors; ++i)
        GLI_REQUIRE(ctx, gli_finite_in(dtype, args->factors[i]), GLIA_INVALID_ARGUMENT,
                    "%s: factor %lld is %g, must be finite in %s", gradient_call, (long long)i, args->factors[i],
                    glia_dtype_name(dtype));
    look->factors            = args->factors;
    look->inspection.largest = !some;
    return GLIA_OK;
}

/* The sum over batches, in double. */
static glia_status take_sum(void *to, const gli_step *step) {
    gli_block *blocks    = to; /* the sum, and memory for one batch */
    double *sum          = blocks[0].data;
    const glia_tensor *y = step->out[0];
    GLI_TRY(glia_tensor_read(y, blocks[1].data, blocks[1].bytes));
    for (int64_t i = 0; i < gli_count(y); ++i) sum[i] += gli_load(y->dtype, blocks[1].data, i);
    return GLIA_OK;
}

static glia_status sum_batches(gli_look *look, void *out, size_t bytes) {
    glia_context *ctx      = look->model->ctx;
    const glia_dtype dtype = look->model->dtype;
    const size_t count     = bytes / glia_dtype_size(dtype);
    gli_block blocks[2]    = {{0}};
    look->take = take_sum, look->to = blocks, look->summed = true;
    glia_status status = gli_block_alloc(ctx, count, sizeof(double), "a gradient", &blocks[0]);
    if (status == GLIA_OK) status = gli_block_alloc(ctx, bytes, 1, "a gradient", &blocks[1]);
    if (status == GLIA_OK && count > 0) memset(blocks[0].data, 0, blocks[0].bytes);
    if (status == GLIA_OK) status = gli_look_run(look);
    for (size_t i = 0; status == GLIA_OK && i < count; ++i)
        gli_store(dtype, out, (int64_t)i, ((const double *)blocks[0].data)[i]);
    gli_block_free(ctx, &blocks[0]);
    gli_block_free(ctx, &blocks[1]);
    return status;
}

static glia_status gradient(glia_model *model, glia_dataset *data, const glia_gradient_args *args, void *out,
                            size_t bytes) {
    char *next    = out;
    gli_look look = {.model = model, .data = data, .call = gradient_call, .take = take_samples, .to = &next};
    GLI_REQUIRE(model->ctx, args, GLIA_INVALID_ARGUMENT, "%s: args is NULL", gradient_call);
    look.batch_size = args->batch_size;
    GLI_TRY(gli_look_check(model, data, args->batch_size, gradient_call));
    GLI_TRY(gli_look_find(model, gradient_call, args->with_respect_to, true, &look.inspection.value));
    GLI_TRY(choose_of(model, args, &look));
    GLI_TRY(gli_look_float(model, gradient_call, args->with_respect_to, look.inspection.value));
    if (look.kind == GLI_PASS_GRADIENT)
        GLI_TRY(gli_look_float(model, gradient_call, "what is differentiated", look.inspection.of));
    const bool batched = model->values[look.inspection.value].batched;
    const int64_t each = gli_look_elements(model, look.inspection.value) *
                         (int64_t)glia_dtype_size(gli_value_dtype(model, look.inspection.value));
    GLI_TRY(gli_look_bytes(model, gradient_call, out, bytes, batched ? glia_dataset_count(data) : 1, each));
    return batched ? gli_look_run(&look) : sum_batches(&look, out, bytes);
}

glia_status glia_model_gradient(glia_model *model, glia_dataset *data, const glia_gradient_args *args, void *out,
                                size_t bytes) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_call_begin(model, gradient_call));
    return gli_call_end(model, gradient(model, data, args, out, bytes));
}

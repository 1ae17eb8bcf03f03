#define _POSIX_C_SOURCE 200809L /* setenv */
#include "selftest.h"

#include <float.h>
#include <glia/glia.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TENSORS = 4, MAX_RESULTS = 2048 };

/* Numbers from -1 to 1: the same in every run, whatever the device. */
static void fill(float *values, size_t count, uint32_t seed) {
    for (size_t i = 0; i < count; ++i) {
        seed      = seed * 1664525u + 1013904223u;
        values[i] = (float)(seed >> 8) / (1 << 23) - 1;
    }
}

/* ---- Ops ----------------------------------------------------------------------------------------------------------
 */

/* The tensors of one call. */
typedef struct arguments {
    glia_context *ctx;
    glia_tensor *tensor[MAX_TENSORS];
    int n;
} arguments;

static void release(arguments *a) {
    while (a->n > 0) glia_tensor_destroy(a->tensor[--a->n]);
}

static glia_status add(arguments *a, glia_shape shape) {
    float values[MAX_RESULTS];
    GLIA_TRY(glia_tensor_create(a->ctx, GLIA_F32, shape, &a->tensor[a->n]));
    const size_t count = (size_t)glia_tensor_count(a->tensor[a->n]);
    fill(values, count, (uint32_t)a->n + 1);
    return glia_tensor_write(a->tensor[a->n++], values, count * sizeof *values);
}

static glia_status matmul(arguments *a) {
    GLIA_TRY(add(a, GLIA_SHAPE(33, 57)));
    GLIA_TRY(add(a, GLIA_SHAPE(57, 29)));
    GLIA_TRY(add(a, GLIA_SHAPE(33, 29)));
    return glia_matmul(a->ctx, NULL, a->tensor[0], a->tensor[1], NULL, a->tensor[2]);
}

static const glia_conv2d_params conv = {
    .stride = {2, 1}, .pad = {1, 1}, .pad_end = {1, 1}, .dilation = {1, 1}, .groups = 1};

static glia_status conv2d(arguments *a) {
    GLIA_TRY(add(a, GLIA_SHAPE(2, 5, 12, 9)));
    GLIA_TRY(add(a, GLIA_SHAPE(7, 5, 3, 3)));
    GLIA_TRY(add(a, GLIA_SHAPE(7)));
    GLIA_TRY(add(a, GLIA_SHAPE(2, 7, 6, 9)));
    return glia_conv2d(a->ctx, &conv, a->tensor[0], a->tensor[1], a->tensor[2], a->tensor[3]);
}

static glia_status conv2d_backward_data(arguments *a) {
    const glia_conv2d_backward_params params = {conv, {12, 9}};
    GLIA_TRY(add(a, GLIA_SHAPE(2, 7, 6, 9)));
    GLIA_TRY(add(a, GLIA_SHAPE(7, 5, 3, 3)));
    GLIA_TRY(add(a, GLIA_SHAPE(2, 5, 12, 9)));
    return glia_conv2d_backward_data(a->ctx, &params, a->tensor[0], a->tensor[1], a->tensor[2]);
}

static glia_status conv2d_backward_filter(arguments *a) {
    const glia_conv2d_backward_params params = {conv, {3, 3}};
    GLIA_TRY(add(a, GLIA_SHAPE(2, 5, 12, 9)));
    GLIA_TRY(add(a, GLIA_SHAPE(2, 7, 6, 9)));
    GLIA_TRY(add(a, GLIA_SHAPE(7, 5, 3, 3)));
    return glia_conv2d_backward_filter(a->ctx, &params, a->tensor[0], a->tensor[1], a->tensor[2], NULL);
}

/* The result is the last tensor. */
static glia_status run_op(glia_context *ctx, glia_status (*op)(arguments *), float *out, size_t *count) {
    arguments a        = {.ctx = ctx};
    glia_status status = op(&a);
    if (status == GLIA_OK) {
        const glia_tensor *result = a.tensor[a.n - 1];
        *count                    = (size_t)glia_tensor_count(result);
        status                    = glia_tensor_read(result, out, *count * sizeof *out);
    }
    release(&a);
    return status;
}

/* ---- Training -----------------------------------------------------------------------------------------------------
 */

enum { SAMPLES = 6, SIDE = 8, CLASSES = 3, STEPS = 3 };

static glia_status make_data(glia_context *ctx, glia_dataset **out) {
    float images[SAMPLES * SIDE * SIDE];
    int32_t labels[SAMPLES];
    fill(images, SAMPLES * SIDE * SIDE, 7);
    for (int i = 0; i < SAMPLES; ++i) labels[i] = i % CLASSES;
    const glia_array image      = {.dtype = GLIA_F32, .shape = GLIA_SHAPE(1, SIDE, SIDE), .data = images};
    const glia_array label      = {.dtype = GLIA_I32, .shape = GLIA_SCALAR, .data = labels};
    const glia_arrays_args args = {
        .inputs = &image, .n_inputs = 1, .targets = &label, .n_targets = 1, .count = SAMPLES, .copy = true};
    return glia_dataset_from_arrays(ctx, &args, out);
}

/* Three steps: devices that record a plan have replayed it by the last. */
static glia_status fit(glia_model *net, glia_dataset *data) {
    glia_value x = glia_model_input(net, "image", GLIA_SHAPE(1, SIDE, SIDE));
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = 4, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_max_pool2d(net, x, &(glia_max_pool2d_args){.kernel = {2, 2}});
    x = glia_model_dense(net, glia_model_flatten(net, x, NULL), &(glia_dense_args){.units = CLASSES});
    GLIA_TRY(glia_model_compile(
        net, x, &(glia_compile_args){.loss = glia_loss_cross_entropy(), .optimizer = glia_optimizer_sgd(0.1)}));
    return glia_model_fit(net, data, &(glia_fit_args){.epochs = STEPS, .batch_size = SAMPLES, .in_order = true});
}

static glia_status read_weights(const glia_model *net, float *out, size_t *count) {
    *count = 0;
    for (int w = 0; w < glia_model_weight_count(net); ++w) {
        const glia_shape shape = glia_model_weight_shape(net, w);
        size_t size            = 1;
        for (int d = 0; d < shape.ndim; ++d) size *= (size_t)shape.dim[d];
        GLIA_TRY(glia_model_get(net, glia_model_weight_name(net, w), out + *count, size * sizeof *out));
        *count += size;
    }
    return GLIA_OK;
}

static glia_status train(glia_context *ctx, float *out, size_t *count) {
    glia_model *net    = NULL;
    glia_dataset *data = NULL;
    glia_status status = make_data(ctx, &data);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK) status = fit(net, data);
    if (status == GLIA_OK) status = read_weights(net, out, count);
    glia_model_destroy(net);
    glia_dataset_destroy(data);
    return status;
}

/* ---- Comparison ---------------------------------------------------------------------------------------------------
 */

/* depth: how many roundings one result goes through. */
static const struct check {
    const char *name;
    glia_status (*op)(arguments *); /* NULL: the training */
    double depth;
} checks[] = {
    {"matmul", matmul, 57},
    {"conv2d", conv2d, 5 * 9 + 1},
    {"conv2d_backward_data", conv2d_backward_data, 7 * 9},
    {"conv2d_backward_filter", conv2d_backward_filter, 2 * 6 * 9},
    {"training", NULL, STEPS * 1000}, /* about the longest chain through forward, backward and update */
};

static glia_status run(const struct check *check, glia_context *ctx, float *out, size_t *count) {
    return check->op ? run_op(ctx, check->op, out, count) : train(ctx, out, count);
}

static bool complain(char *why, size_t size, const char *format, ...) {
    va_list values;
    va_start(values, format);
    vsnprintf(why, size, format, values);
    va_end(values);
    return false;
}

static bool compare(const struct check *check, glia_context *ctx, glia_context *reference, char *why, size_t size) {
    float got[MAX_RESULTS], expected[MAX_RESULTS];
    size_t count, expected_count;
    double max = 1;
    if (run(check, reference, expected, &expected_count) != GLIA_OK)
        return complain(why, size, "%s with cpu.ref: %s", check->name, glia_message(reference));
    glia_status status = run(check, ctx, got, &count);
    if (status != GLIA_OK)
        return complain(why, size, "%s: %s: %s", check->name, glia_status_name(status), glia_message(ctx));
    if (count != expected_count)
        return complain(why, size, "%s: %zu results, must be %zu", check->name, count, expected_count);
    for (size_t i = 0; i < count; ++i) max = fmax(max, fabs((double)expected[i]));
    const double bound = check->depth * FLT_EPSILON * max;
    for (size_t i = 0; i < count; ++i)
        if (!(fabs((double)got[i] - expected[i]) <= bound))
            return complain(why, size, "%s: result %zu is %.9g, must be %.9g within %.2g", check->name, i,
                            (double)got[i], (double)expected[i], bound);
    return true;
}

/* A context in which only cpu.ref computes; GLIA_PROVIDER is read when it is created. */
static glia_status create_reference(glia_context **out) {
    const char *before = getenv("GLIA_PROVIDER");
    char *copy         = before ? strdup(before) : NULL;
    setenv("GLIA_PROVIDER", "cpu.ref", 1);
    const glia_status status = glia_context_create("cpu", NULL, out);
    if (copy)
        setenv("GLIA_PROVIDER", copy, 1);
    else
        unsetenv("GLIA_PROVIDER");
    free(copy);
    return status;
}

bool selftest(const char *device, char *why, size_t size) {
    glia_context *ctx = NULL, *reference = NULL;
    bool passed = create_reference(&reference) == GLIA_OK && glia_context_create(device, NULL, &ctx) == GLIA_OK;
    if (!passed) complain(why, size, "%s", glia_message(NULL));
    for (size_t i = 0; passed && i < sizeof checks / sizeof *checks; ++i)
        passed = compare(&checks[i], ctx, reference, why, size);
    glia_context_destroy(ctx);
    glia_context_destroy(reference);
    return passed;
}

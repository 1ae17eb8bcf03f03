#define _POSIX_C_SOURCE 200809L
#include "serve.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "program.h"

enum { MOST_OUTPUTS = 1024 };

typedef struct server {
    glia_context *ctx;
    const bench_serve_args *args;
    glia_safetensors *file;
    glia_safetensors_entry x;
    glia_dataset *data; /* in the mapped file */
    glia_model *model;  /* of steps, outputs and calls */
    glia_trainer *trainer;
    glia_predictor *predictor; /* of outputs and calls */
} server;

/* ---- Data and models ---- */

static glia_array array_of(const glia_safetensors_entry *entry) {
    glia_array array = {.name = entry->name, .dtype = entry->dtype, .data = entry->values};
    array.shape.ndim = entry->shape.ndim - 1;
    for (int d = 0; d < array.shape.ndim; ++d) array.shape.dim[d] = entry->shape.dim[d + 1];
    return array;
}

static glia_status open_data(server *s) {
    char path[PATH_MAX];
    glia_safetensors_entry y;
    snprintf(path, sizeof path, "%s/data.safetensors", s->args->folder);
    GLIA_TRY(glia_safetensors_open(s->ctx, path, &s->file));
    GLIA_TRY(glia_safetensors_get(s->file, glia_safetensors_find(s->file, "x"), &s->x));
    const bool labels      = glia_safetensors_get(s->file, glia_safetensors_find(s->file, "y"), &y) == GLIA_OK;
    const glia_array input = array_of(&s->x), target = labels ? array_of(&y) : (glia_array){0};
    GLIA_TRY(glia_dataset_from_arrays(
        s->ctx,
        &(glia_arrays_args){
            .inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = labels, .count = s->x.shape.dim[0]},
        &s->data));
    return bench_network_targets(s->args->network, &s->data);
}

static glia_status make_model(const server *s, bool no_dropout, glia_model **out) {
    char path[PATH_MAX];
    const bench_network_args args = {.width = s->args->width, .no_dropout = no_dropout};
    snprintf(path, sizeof path, "%s/weights.safetensors", s->args->folder);
    GLIA_TRY(bench_network_create(s->ctx, s->args->network, &args, out));
    return glia_model_load_weights(*out, path, NULL, NULL);
}

/* ---- Training ---- */

typedef struct losses {
    int64_t n;
    double sum;
} losses;

/* The result is a mean over the steps so far. */
static glia_status print_loss(void *user, const glia_event *event) {
    losses *l = user;
    glia_epoch epoch;
    GLIA_TRY(glia_trainer_result(event->trainer, &epoch));
    const double sum = epoch.train.loss * (double)++l->n;
    printf(" %.9g", sum - l->sum);
    l->sum = sum;
    return GLIA_OK;
}

static glia_status train_in_order(const server *s, glia_model *model, int64_t n) {
    losses l          = {0};
    glia_dataset *few = NULL;
    GLIA_TRY(glia_dataset_take(s->data, 0, n * s->args->batch, &few));
    printf("losses");
    const glia_status status = glia_model_fit(
        model, few,
        &(glia_fit_args){
            .batch_size = s->args->batch, .in_order = true, .callbacks = {{.user = &l, .on_batch_end = print_loss}}});
    printf("\n");
    glia_dataset_destroy(few);
    return status;
}

static glia_status answer_losses(const server *s, int64_t n) {
    glia_model *model  = NULL;
    glia_status status = make_model(s, true, &model);
    if (status == GLIA_OK) status = train_in_order(s, model, n);
    glia_model_destroy(model);
    return status;
}

static glia_status need_model(server *s) { return s->model ? GLIA_OK : make_model(s, false, &s->model); }

static glia_status need_trainer(server *s) {
    if (s->trainer) return GLIA_OK;
    GLIA_TRY(need_model(s));
    return glia_trainer_create(s->model, s->data,
                               &(glia_fit_args){.epochs = INT_MAX, .batch_size = s->args->batch, .drop_last = true},
                               &s->trainer);
}

static glia_status answer_steps(server *s, int64_t n) {
    GLIA_TRY(need_trainer(s));
    const double start = bench_now();
    for (int64_t i = 0; i < n; ++i) GLIA_TRY(glia_trainer_step(s->trainer));
    printf("steps %.9f\n", bench_now() - start);
    return GLIA_OK;
}

/* What n steps multiply and add, and the time that it takes at the roof: of the arithmetic alone, and with memory. */
static glia_status measure_roof(server *s, int64_t n, glia_profile *profile) {
    double flops = 0, at_roof = 0;
    for (int64_t i = 0; i < n; ++i) GLIA_TRY(glia_trainer_step(s->trainer));
    GLIA_TRY(glia_profile_end(profile));
    for (int i = 0; i < glia_profile_row_count(profile); ++i) {
        const glia_profile_row row = glia_profile_get_row(profile, i);
        flops += row.flops;
        at_roof += row.roof * row.seconds;
    }
    const glia_profile_info info = glia_profile_get_info(profile);
    printf("roof %.9f %.9f %.9g\n", flops / info.peak_flops, at_roof, info.peak_flops);
    return GLIA_OK;
}

static glia_status answer_roof(server *s, int64_t n) {
    glia_profile *profile = NULL;
    GLIA_TRY(need_trainer(s));
    GLIA_TRY(glia_profile_begin(s->ctx, NULL, &profile));
    const glia_status status = measure_roof(s, n, profile);
    glia_profile_destroy(profile);
    return status;
}

/* ---- Inference ---- */

static glia_status need_predictor(server *s) {
    if (s->predictor) return GLIA_OK;
    const glia_predictor_args args = {.streaming = s->args->network->use == BENCH_STREAMS};
    GLIA_TRY(need_model(s));
    GLIA_TRY(glia_predictor_create(s->model, &args, &s->predictor));
    const size_t needed = glia_predictor_input_bytes(s->predictor, 0), bytes = s->x.bytes / (size_t)s->x.shape.dim[0];
    if (bytes == needed) return GLIA_OK;
    fprintf(stderr, "bench_train: a sample of x has %zu bytes, must have %zu\n", bytes, needed);
    return GLIA_SHAPE_MISMATCH;
}

/* One sample of the data. All that knows how a prediction is made. */
static glia_status predict(const server *s, int64_t sample, float *out) {
    const size_t bytes = glia_predictor_input_bytes(s->predictor, 0);
    const char *input  = (const char *)s->x.values + (size_t)(sample % s->x.shape.dim[0]) * bytes;
    return glia_predictor_run(s->predictor, 1, (const void *[]){input}, (void *[]){out});
}

static glia_status answer_outputs(server *s, int64_t n) {
    float y[MOST_OUTPUTS];
    GLIA_TRY(need_predictor(s));
    printf("outputs");
    for (int64_t i = 0; i < n; ++i) {
        GLIA_TRY(predict(s, i, y));
        printf(" %.9g", (double)y[0]);
    }
    printf("\n");
    return GLIA_OK;
}

static glia_status answer_calls(server *s, int64_t n) {
    float y[MOST_OUTPUTS];
    GLIA_TRY(need_predictor(s));
    const double start = bench_now();
    for (int64_t i = 0; i < n; ++i) GLIA_TRY(predict(s, i, y));
    printf("calls %.9f\n", bench_now() - start);
    return GLIA_OK;
}

/* ---- The conversation ---- */

static glia_status answer(server *s, const char *line) {
    char what[16] = "";
    long n        = 0;
    sscanf(line, "%15s %ld", what, &n);
    if (strcmp(what, "losses") == 0) return answer_losses(s, n);
    if (strcmp(what, "steps") == 0) return answer_steps(s, n);
    if (strcmp(what, "roof") == 0) return answer_roof(s, n);
    if (strcmp(what, "outputs") == 0) return answer_outputs(s, n);
    if (strcmp(what, "calls") == 0) return answer_calls(s, n);
    fprintf(stderr, "bench_train: nobody answers %s", line);
    return GLIA_INVALID_ARGUMENT;
}

glia_status bench_serve(glia_context *ctx, const bench_serve_args *args) {
    char line[64];
    server s           = {.ctx = ctx, .args = args};
    glia_status status = open_data(&s);
    if (status == GLIA_OK) puts("ready"), fflush(stdout);
    while (status == GLIA_OK && fgets(line, sizeof line, stdin)) {
        status = answer(&s, line);
        fflush(stdout);
    }
    glia_predictor_destroy(s.predictor);
    glia_trainer_destroy(s.trainer);
    glia_model_destroy(s.model);
    glia_dataset_destroy(s.data);
    glia_safetensors_close(s.file);
    return status;
}

/* How the cost of a training step grows as batch, width, depth and sequences double, how long planning takes, and how
 * much larger a plan's buffer is than what is in use at once, which is what no plan can do with less. */
#define _POSIX_C_SOURCE 200809L
#include <glia/glia.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/clock.h"
#include "support/facts.h"
#include "support/networks.h"
#include "support/program.h"

static const char usage[] =
    "usage: bench_scaling [options]\n"
    "Times training steps as batch, width, depth and sequences double, and the planning of deep networks.\n\n"
    "  --only PART     only what has this in its name\n"
    "  --threads N     of the CPU (1)\n"
    "  --seconds N     of each measurement, at most 1000 (0.2)\n"
    "  --json FILE     also writes the results there, which bench/report draws\n";

enum { CLASSES = 10, BATCHES = 4, ROUNDS = 5 };

typedef struct options {
    const char *only, *json;
    long threads;
    double seconds;
} options;

/* ---- The networks ---- */

/* `size` is what doubles. */
typedef glia_value build_fn(glia_model *net, glia_value x, int size);

static glia_value dense(glia_model *net, glia_value x, int units) {
    return glia_model_dense(net, x, &(glia_dense_args){.units = units, .activation = GLIA_RELU});
}

static glia_value classes(glia_model *net, glia_value x) {
    return glia_model_dense(net, x, &(glia_dense_args){.units = CLASSES});
}

static glia_value mlp(glia_model *net, glia_value x, int width) {
    return classes(net, dense(net, dense(net, x, width), width));
}

static glia_value mlp_of_batch(glia_model *net, glia_value x, int batch) {
    (void)batch;
    return mlp(net, x, 256);
}

static glia_value chain(glia_model *net, glia_value x, int depth, int units) {
    for (int i = 0; i < depth; ++i) x = dense(net, x, units);
    return classes(net, x);
}

static glia_value deep(glia_model *net, glia_value x, int depth) { return chain(net, x, depth, 64); }
static glia_value narrow(glia_model *net, glia_value x, int depth) { return chain(net, x, depth, 8); }

static glia_value lstm(glia_model *net, glia_value x, int steps) {
    (void)steps;
    return classes(net, glia_model_lstm(net, x, &(glia_lstm_args){.units = 64}));
}

/* He et al., CVPR 2016, table 1. */
static glia_value resnet152(glia_model *net, glia_value x, int side) {
    (void)side;
    static const int blocks[] = {3, 8, 36, 3};
    x                         = bench_relu(net, bench_conv_norm(net, x, 64, 7, 2));
    x = glia_model_max_pool2d(net, x, &(glia_max_pool2d_args){.kernel = {3, 3}, .stride = {2, 2}, .pad = {1, 1}});
    for (int stage = 0; stage < 4; ++stage)
        for (int block = 0; block < blocks[stage]; ++block) {
            const int filters = 64 << stage, stride = stage > 0 && block == 0 ? 2 : 1;
            glia_value y = bench_relu(net, bench_conv_norm(net, x, filters, 1, 1));
            y            = bench_relu(net, bench_conv_norm(net, y, filters, 3, stride));
            y            = bench_conv_norm(net, y, 4 * filters, 1, 1);
            if (block == 0) x = bench_conv_norm(net, x, 4 * filters, 1, stride);
            x = bench_relu(net, glia_model_add(net, y, x, NULL));
        }
    return classes(net, glia_model_global_avg_pool2d(net, x, NULL));
}

typedef struct series {
    const char *name; /* of what doubles */
    build_fn *build;
    glia_shape input; /* of a sample; 0: it is what doubles, and so is a batch of 0 */
    int first, last, batch;
} series;

static const series all_series[] = {
    {"batch of an MLP 784-256-256-10", mlp_of_batch, {.ndim = 1, .dim = {784}}, 1, 1024, 0},
    {"width of an MLP 784-N-N-10, batch 64", mlp, {.ndim = 1, .dim = {784}}, 16, 2048, 64},
    {"depth of dense layers of 64, batch 32", deep, {.ndim = 1, .dim = {64}}, 1, 512, 32},
    {"steps of an LSTM of 64, batch 16", lstm, {.ndim = 2, .dim = {0, 64}}, 8, 1024, 16}};

/* Whose planning is timed. */
static const series deep_networks[] = {
    {"ResNet-152", resnet152, {.ndim = 3, .dim = {3, 0, 0}}, 64, 64, 1},
    {"chain of 10000 dense layers", narrow, {.ndim = 1, .dim = {8}}, 10000, 10000, 1}};

/* ---- A training of one of them ---- */

typedef struct training {
    glia_context *ctx;
    glia_model *net;
    glia_trainer *trainer;
    glia_dataset *data;
    float *x;
    int32_t *y;
    size_t plan_bytes, live_bytes; /* of the largest plan */
    double compile_seconds, first_seconds;
} training;

/* What GLIA_LOG=plan says of each plan. */
static void read_log(void *user, const char *line) {
    training *t = user;
    size_t bytes, live;
    const char *at = strstr(line, "buffer ");
    if (at && sscanf(at, "buffer %zu bytes, %zu in use at once", &bytes, &live) == 2 && bytes > t->plan_bytes)
        t->plan_bytes = bytes, t->live_bytes = live;
}

static void training_free(training *t) {
    glia_trainer_destroy(t->trainer);
    glia_model_destroy(t->net);
    glia_dataset_destroy(t->data);
    glia_context_destroy(t->ctx);
    free(t->x);
    free(t->y);
}

static glia_status make_data(training *t, glia_shape shape, int64_t count) {
    size_t values = (size_t)count;
    for (int d = 0; d < shape.ndim; ++d) values *= (size_t)shape.dim[d];
    t->x = malloc(values * sizeof *t->x);
    t->y = malloc((size_t)count * sizeof *t->y);
    if (!t->x || !t->y) return GLIA_OUT_OF_MEMORY;
    for (size_t i = 0; i < values; ++i) t->x[i] = (float)(i * 7 % 13) / 13;
    for (int64_t i = 0; i < count; ++i) t->y[i] = (int32_t)(i % CLASSES);
    const glia_array x = {.name = "x", .dtype = GLIA_F32, .shape = shape, .data = t->x};
    const glia_array y = {.dtype = GLIA_I32, .shape = GLIA_SCALAR, .data = t->y};
    return glia_dataset_from_arrays(
        t->ctx, &(glia_arrays_args){.inputs = &x, .n_inputs = 1, .targets = &y, .n_targets = 1, .count = count},
        &t->data);
}

/* Up to behind its first step. */
static glia_status training_begin(training *t, const series *s, int size, const options *o) {
    const int batch  = s->batch ? s->batch : size;
    glia_shape shape = s->input;
    for (int d = 0; d < shape.ndim; ++d)
        if (shape.dim[d] == 0) shape.dim[d] = size;
    GLIA_TRY(glia_context_create(
        "cpu", &(glia_context_args){.threads = (int)o->threads, .log = read_log, .log_user = t}, &t->ctx));
    GLIA_TRY(glia_model_create(t->ctx, NULL, &t->net));
    double start = bench_now();
    GLIA_TRY(
        glia_model_compile(t->net, s->build(t->net, glia_model_input(t->net, "x", shape), size),
                           &(glia_compile_args){.loss = glia_loss_cross_entropy(), .metrics = {GLIA_METRIC_NONE}}));
    t->compile_seconds = bench_now() - start;
    GLIA_TRY(make_data(t, shape, (int64_t)batch * BATCHES));
    start = bench_now();
    GLIA_TRY(glia_trainer_create(t->net, t->data,
                                 &(glia_fit_args){.epochs = INT_MAX, .batch_size = batch, .allow_not_finite = true},
                                 &t->trainer));
    GLIA_TRY(glia_trainer_step(t->trainer));
    t->first_seconds = bench_now() - start;
    return GLIA_OK;
}

static glia_status steps(const training *t, int n, double *seconds) {
    const double start = bench_now();
    for (int i = 0; i < n; ++i) GLIA_TRY(glia_trainer_step(t->trainer));
    *seconds = (bench_now() - start) / n;
    return GLIA_OK;
}

/* The least of some rounds: what others do on the machine only adds. */
static glia_status time_step(const training *t, double budget, double *seconds) {
    double once;
    GLIA_TRY(steps(t, BATCHES, seconds));
    const int n = (int)(budget / ROUNDS / *seconds) + 1;
    for (int i = 0; i < ROUNDS; ++i) {
        GLIA_TRY(steps(t, n, &once));
        if (once < *seconds) *seconds = once;
    }
    return GLIA_OK;
}

/* ---- Reports ---- */

static double sharing(const training *t) { return t->live_bytes ? (double)t->plan_bytes / (double)t->live_bytes : 1; }

static bool fails(const training *t, const char *name, glia_status status) {
    if (status == GLIA_OK) return false;
    fprintf(stderr, "bench_scaling: %s: %s: %s\n", name, glia_status_name(status), glia_message(t->ctx));
    return true;
}

static bool measure(const series *s, int size, const options *o, FILE *json) {
    training t         = {0};
    double seconds     = 0;
    glia_status status = training_begin(&t, s, size, o);
    if (status == GLIA_OK) status = time_step(&t, o->seconds, &seconds);
    if (!fails(&t, s->name, status)) {
        printf("%-40s %5d %12.1f us %12zu bytes, %5.3f times what is in use at once\n", s->name, size, seconds * 1e6,
               t.plan_bytes, sharing(&t));
        fflush(stdout);
        if (json)
            fprintf(json,
                    "{\"doubles\": \"%s\", \"size\": %d, \"threads\": %ld, \"step_us\": %.2f, \"plan_bytes\": %zu, "
                    "\"live_bytes\": %zu}\n",
                    s->name, size, o->threads, seconds * 1e6, t.plan_bytes, t.live_bytes);
    }
    training_free(&t);
    return status == GLIA_OK;
}

static bool measure_planning(const series *s, const options *o, FILE *json) {
    training t         = {0};
    double seconds     = 0;
    glia_status status = training_begin(&t, s, s->first, o);
    if (status == GLIA_OK) status = steps(&t, BATCHES, &seconds);
    if (!fails(&t, s->name, status)) {
        const double planning = t.first_seconds - seconds;
        printf("%-40s compiled in %.2f s, planned in %.2f s; %zu bytes, %.3f times what is in use at once\n", s->name,
               t.compile_seconds, planning, t.plan_bytes, sharing(&t));
        if (json)
            fprintf(json,
                    "{\"planned\": \"%s\", \"threads\": %ld, \"compile_s\": %.4f, \"plan_s\": %.4f, \"plan_bytes\": "
                    "%zu, \"live_bytes\": %zu}\n",
                    s->name, o->threads, t.compile_seconds, planning, t.plan_bytes, t.live_bytes);
    }
    training_free(&t);
    return status == GLIA_OK;
}

static bool run(const options *o, FILE *json) {
    bool passed = true, found = false;
    if (json) bench_write_facts(json, "scaling", "cpu");
    for (size_t i = 0; i < sizeof all_series / sizeof *all_series; ++i)
        for (int size = all_series[i].first; size <= all_series[i].last; size *= 2)
            if (strstr(all_series[i].name, o->only))
                found = true, passed = measure(&all_series[i], size, o, json) && passed;
    for (size_t i = 0; i < sizeof deep_networks / sizeof *deep_networks; ++i)
        if (strstr(deep_networks[i].name, o->only))
            found = true, passed = measure_planning(&deep_networks[i], o, json) && passed;
    if (!found) fprintf(stderr, "bench_scaling: nothing has '%s' in its name\n", o->only);
    return passed && found;
}

static bool read_seconds(const char *text, double *out) {
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out >= 0 && *out <= 1000;
}

static bool read_option(const char *name, const char *value, options *o) {
    if (strcmp(name, "--only") == 0) return o->only = value, true;
    if (strcmp(name, "--json") == 0) return o->json = value, true;
    if (strcmp(name, "--seconds") == 0) return read_seconds(value, &o->seconds);
    if (strcmp(name, "--threads") == 0) return bench_read_number(value, 1024, &o->threads);
    return false;
}

int main(int argc, char **argv) {
    options o = {.only = "", .threads = 1, .seconds = 0.2};
    if (bench_helped(argc, argv, usage)) return 0;
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc || !read_option(argv[i], argv[i + 1], &o)) return bench_refuse("bench_scaling", argv[i]);
    setenv("GLIA_LOG", "plan", 1);
    FILE *json = o.json ? fopen(o.json, "w") : NULL;
    if (o.json && !json) return perror(o.json), 2;
    const bool passed = run(&o, json);
    if (json) fclose(json);
    return passed ? 0 : 1;
}

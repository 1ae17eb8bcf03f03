/* Predictors a sample at a time: layers alone, as RTNeural's benches have them, small models of audio effects, and the
 * network of README.md. The first number is the median over rounds of 1000 samples, and "block" that of runs of 64
 * samples each, without the clock; the percentiles are of single runs, with the time of one call of the clock. */
#include <glia/glia.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/clock.h"
#include "support/facts.h"
#include "support/program.h"

static const char usage[] =
    "usage: bench_predict [options]\n"
    "Times predictors, a sample or a step at a time.\n\n"
    "  --network NAME  only this one\n"
    "  --rounds N      of 1000 samples, fewer of large networks (300)\n"
    "  --json FILE     also writes the results there\n";

enum { LONGEST = 784, SAMPLES = 64, SINGLE_RUNS_PER_ROUND = 1000, MOST_ROUNDS = 100000 };

typedef struct network {
    const char *name;
    bool streaming;
    int samples; /* of a round */
    glia_shape input;
    glia_value (*layers)(glia_model *net, glia_value x);
} network;

typedef struct times {
    double fastest, median, block, p50, p99, p9999, longest; /* ns */
} times;

static glia_value dense(glia_model *net, glia_value x, int units, glia_activation activation) {
    return glia_model_dense(net, x, &(glia_dense_args){.units = units, .activation = activation});
}

static glia_value dense64(glia_model *net, glia_value x) { return dense(net, x, 64, GLIA_LINEAR); }

static glia_value stack64(glia_model *net, glia_value x) {
    return dense(net, dense(net, dense(net, x, 64, GLIA_TANH), 64, GLIA_TANH), 1, GLIA_LINEAR);
}

static glia_value conv16(glia_model *net, glia_value x) {
    return glia_model_conv1d(
        net, x,
        &(glia_conv1d_args){
            .filters = 16, .kernel = 3, .pad = 4, .pad_end = GLIA_NO_PAD, .dilation = 2, .steps_first = true});
}

static glia_value gru(glia_model *net, glia_value x, int units) {
    return glia_model_gru(net, x, &(glia_gru_args){.units = units, .sequence = true});
}

static glia_value lstm(glia_model *net, glia_value x, int units) {
    return glia_model_lstm(net, x, &(glia_lstm_args){.units = units, .sequence = true});
}

static glia_value gru16(glia_model *net, glia_value x) { return gru(net, x, 16); }
static glia_value gru64(glia_model *net, glia_value x) { return gru(net, x, 64); }
static glia_value lstm16(glia_model *net, glia_value x) { return lstm(net, x, 16); }
static glia_value lstm64(glia_model *net, glia_value x) { return lstm(net, x, 64); }
static glia_value audio16(glia_model *net, glia_value x) { return dense(net, lstm(net, x, 16), 1, GLIA_LINEAR); }

static glia_value fashion(glia_model *net, glia_value x) {
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = 32, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = 64, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_max_pool2d(net, x, &(glia_max_pool2d_args){.kernel = {2, 2}});
    x = dense(net, glia_model_flatten(net, x, NULL), 128, GLIA_RELU);
    return dense(net, x, 10, GLIA_LINEAR);
}

static const network networks[] = {
    {"dense64", false, 1000, {1, {64}}, dense64},    {"stack64", false, 1000, {1, {64}}, stack64},
    {"conv16", true, 1000, {2, {8, 16}}, conv16},    {"gru16", true, 1000, {2, {8, 16}}, gru16},
    {"gru64", true, 1000, {2, {8, 64}}, gru64},      {"lstm16", true, 1000, {2, {8, 16}}, lstm16},
    {"lstm64", true, 1000, {2, {8, 64}}, lstm64},    {"audio16", true, 1000, {2, {8, 1}}, audio16},
    {"fashion", false, 5, {3, {1, 28, 28}}, fashion}};

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of sorted values. */
static double percentile(const double *values, long count, double share) {
    return values[(long)(share * (double)(count - 1) + 0.5)];
}

/* in: SAMPLES samples one after the other. */
static glia_status run_samples(glia_predictor *p, const char *in, float *out, int count, double *each) {
    const size_t bytes = glia_predictor_input_bytes(p, 0);
    for (int i = 0; i < count; ++i) {
        const double begin = each ? bench_now() : 0;
        GLIA_TRY(glia_predictor_run(p, 1, (const void *[]){in + (size_t)(i % SAMPLES) * bytes}, (void *[]){out}));
        if (each) each[i] = 1e9 * (bench_now() - begin);
    }
    return GLIA_OK;
}

static glia_status measure(glia_predictor *p, const network *n, long rounds, double *memory, times *out) {
    static float x[SAMPLES * LONGEST], y[SAMPLES * LONGEST];
    const int singles = n->samples < SINGLE_RUNS_PER_ROUND ? n->samples : SINGLE_RUNS_PER_ROUND;
    double *round = memory, *block = round + rounds, *single = block + rounds;
    for (int i = 0; i < SAMPLES * LONGEST; ++i) x[i] = (float)(i * 37 % 101) / 101 - 0.5f;
    for (long r = 0; r < rounds; ++r) {
        const double begin = bench_now();
        GLIA_TRY(run_samples(p, (const char *)x, y, n->samples, NULL));
        const double end = bench_now();
        GLIA_TRY(glia_predictor_run(p, SAMPLES, (const void *[]){x}, (void *[]){y}));
        block[r] = 1e9 * (bench_now() - end) / SAMPLES;
        round[r] = 1e9 * (end - begin) / n->samples;
        GLIA_TRY(run_samples(p, (const char *)x, y, singles, single + r * singles));
    }
    const long count = rounds * singles;
    qsort(round, (size_t)rounds, sizeof *round, by_value);
    qsort(block, (size_t)rounds, sizeof *block, by_value);
    qsort(single, (size_t)count, sizeof *single, by_value);
    *out = (times){.fastest = round[0],
                   .median  = percentile(round, rounds, 0.5),
                   .block   = percentile(block, rounds, 0.5),
                   .p50     = percentile(single, count, 0.5),
                   .p99     = percentile(single, count, 0.99),
                   .p9999   = percentile(single, count, 0.9999),
                   .longest = single[count - 1]};
    return GLIA_OK;
}

static glia_status bench(glia_model *net, const network *n, long rounds, times *out) {
    glia_predictor *p  = NULL;
    const glia_value y = n->layers(net, glia_model_input(net, "x", n->input));
    GLIA_TRY(glia_model_compile(net, y, NULL));
    GLIA_TRY(glia_predictor_create(net, &(glia_predictor_args){.streaming = n->streaming}, &p));
    double *memory           = malloc((size_t)rounds * (2 + SINGLE_RUNS_PER_ROUND) * sizeof *memory);
    const glia_status status = memory ? measure(p, n, rounds, memory, out) : GLIA_OUT_OF_MEMORY;
    free(memory);
    glia_predictor_destroy(p);
    return status;
}

static void report(const network *n, const times *t, FILE *json) {
    printf("%-9s %10.1f ns  fastest %10.1f  block %10.1f  p50 %8.0f  p99 %8.0f  p99.99 %8.0f  max %8.0f\n", n->name,
           t->median, t->fastest, t->block, t->p50, t->p99, t->p9999, t->longest);
    if (json)
        fprintf(json,
                "{\"network\": \"%s\", \"ns\": %.1f, \"fastest\": %.1f, \"block\": %.1f, \"p50\": %.0f, \"p99\": %.0f, "
                "\"p9999\": %.0f, "
                "\"max\": %.0f}\n",
                n->name, t->median, t->fastest, t->block, t->p50, t->p99, t->p9999, t->longest);
}

static bool bench_all(glia_context *ctx, const char *only, long rounds, FILE *json) {
    bool passed = true, found = false;
    for (size_t i = 0; i < sizeof networks / sizeof *networks; ++i) {
        const network *n = &networks[i];
        glia_model *net  = NULL;
        times t;
        if (only && strcmp(only, n->name) != 0) continue;
        found              = true;
        glia_status status = glia_model_create(ctx, NULL, &net);
        if (status == GLIA_OK) status = bench(net, n, rounds, &t);
        if (status == GLIA_OK)
            report(n, &t, json);
        else
            fprintf(stderr, "%s: %s\n", n->name, glia_message(ctx));
        passed = passed && status == GLIA_OK;
        glia_model_destroy(net);
    }
    if (!found) fprintf(stderr, "bench_predict: there is no network '%s'\n", only);
    return passed && found;
}

int main(int argc, char **argv) {
    const char *only = NULL, *file = NULL;
    long rounds       = 300;
    glia_context *ctx = NULL;
    if (bench_helped(argc, argv, usage)) return 0;
    for (int i = 1; i < argc; i += 2) {
        const bool has_value = i + 1 < argc;
        if (has_value && strcmp(argv[i], "--network") == 0)
            only = argv[i + 1];
        else if (has_value && strcmp(argv[i], "--rounds") == 0 && bench_read_number(argv[i + 1], MOST_ROUNDS, &rounds))
            continue;
        else if (has_value && strcmp(argv[i], "--json") == 0)
            file = argv[i + 1];
        else
            return bench_refuse("bench_predict", argv[i]);
    }
    FILE *json = file ? fopen(file, "w") : NULL;
    if (file && !json) return perror(file), 2;
    if (glia_context_create("cpu", &(glia_context_args){.threads = 1}, &ctx) != GLIA_OK)
        return fprintf(stderr, "%s\n", glia_message(NULL)), 1;
    if (json) bench_write_facts(json, "predict", "cpu");
    const bool passed = bench_all(ctx, only, rounds, json);
    if (json) fclose(json);
    glia_context_destroy(ctx);
    return passed ? 0 : 1;
}

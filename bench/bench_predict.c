/* Predictors a sample at a time: layers alone, as RTNeural's benches have them, small models of audio effects, and the
 * network of README.md. The first number is the median over rounds of 1000 samples, and "block" that of runs of 64
 * samples each, without the clock; the percentiles are of single runs, with the time of one call of the clock. */
#include <glia/glia.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/clock.h"
#include "support/facts.h"
#include "support/predict_networks.h"
#include "support/program.h"

static const char usage[] =
    "usage: bench_predict [options]\n"
    "Times predictors, a sample or a step at a time.\n\n"
    "  --network NAME  only this one\n"
    "  --rounds N      of 1000 samples, fewer of large networks (300)\n"
    "  --json FILE     also writes the results there\n";

enum { SAMPLES = 64, SINGLE_RUNS_PER_ROUND = 1000 };

typedef struct times {
    double fastest, median, block, p50, p99, p9999, longest; /* ns */
} times;

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

static glia_status measure(glia_predictor *p, const bench_predict_network *n, long rounds, double *memory, times *out) {
    static float x[SAMPLES * BENCH_LONGEST_SAMPLE], y[SAMPLES * BENCH_LONGEST_SAMPLE];
    const int singles = n->samples < SINGLE_RUNS_PER_ROUND ? n->samples : SINGLE_RUNS_PER_ROUND;
    double *round = memory, *block = round + rounds, *single = block + rounds;
    for (int i = 0; i < SAMPLES * BENCH_LONGEST_SAMPLE; ++i) x[i] = (float)(i * 37 % 101) / 101 - 0.5f;
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

static glia_status bench(glia_model *net, const bench_predict_network *n, long rounds, times *out) {
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

static void report(const bench_predict_network *n, const times *t, FILE *json) {
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
    for (size_t i = 0; i < bench_predict_network_count; ++i) {
        const bench_predict_network *n = &bench_predict_networks[i];
        glia_model *net                = NULL;
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
    bench_predict_options options = {.rounds = 300};
    const char *file              = NULL;
    glia_context *ctx             = NULL;
    if (bench_helped(argc, argv, usage)) return 0;
    for (int i = 1; i < argc; i += 2) {
        const bool has_value = i + 1 < argc;
        if (has_value && bench_read_predict_option(argv[i], argv[i + 1], &options)) continue;
        if (has_value && strcmp(argv[i], "--json") == 0)
            file = argv[i + 1];
        else
            return bench_refuse("bench_predict", argv[i]);
    }
    FILE *json = file ? fopen(file, "w") : NULL;
    if (file && !json) return perror(file), 2;
    if (glia_context_create("cpu", &(glia_context_args){.threads = 1}, &ctx) != GLIA_OK)
        return fprintf(stderr, "%s\n", glia_message(NULL)), 1;
    if (json) bench_write_facts(json, "predict", "cpu");
    const bool passed = bench_all(ctx, options.only, options.rounds, json);
    if (json) fclose(json);
    glia_context_destroy(ctx);
    return passed ? 0 : 1;
}

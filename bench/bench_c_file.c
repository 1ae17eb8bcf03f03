/* Models as C files, compiled by this machine's compiler, beside predictors: the medians over rounds that take turns,
 * one sample or step at a time. Both compute the same before they are timed. */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <glia/glia.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/clock.h"
#include "support/predict_networks.h"
#include "support/program.h"

static const char usage[] =
    "usage: bench_c_file [options]\n"
    "Times models as C files beside predictors, a sample or a step at a time.\n\n"
    "  --network NAME  only this one\n"
    "  --rounds N      of 1000 samples, fewer of large networks (300)\n"
    "  --compiler CC   the compiler and its options (cc -O3 -march=native -ffp-contract=fast)\n";

enum { STATES = 1 << 16 };

typedef void run_function(const float *in, float *out);
typedef void step_function(float *state, const float *in, float *out);
typedef void init_function(float *state);

typedef struct compiled {
    void *library;
    run_function *run;   /* of samples */
    step_function *step; /* of streams */
    init_function *init;
} compiled;

static float x[BENCH_LONGEST_SAMPLE], y[BENCH_LONGEST_SAMPLE], expected[BENCH_LONGEST_SAMPLE], state[STATES];

static int by_value(const void *a, const void *b) {
    const double p = *(const double *)a, q = *(const double *)b;
    return (p > q) - (p < q);
}

/* A function of the library: what dlsym returns is a pointer to data. */
static void find(void *library, const char *name, void *function) {
    void *found = dlsym(library, name);
    memcpy(function, &found, sizeof found);
}

static bool compile(glia_model *net, const bench_predict_network *n, const char *compiler, const char *folder,
                    compiled *out) {
    const glia_c_file_args args = {.prefix = "net", .streaming = n->streaming};
    glia_c_file_info info;
    char file[256], object[256], command[1024];
    snprintf(file, sizeof file, "%s/net.c", folder);
    snprintf(object, sizeof object, "%s/%s.so", folder, n->name); /* one name would be one library */
    snprintf(command, sizeof command, "%s -std=c99 -shared -fPIC -o %s %s -lm", compiler, object, file);
    if (glia_model_export_c(net, file, &args, &info) != GLIA_OK || info.state > sizeof state) return false;
    if (system(command) != 0) return fprintf(stderr, "bench_c_file: failed: %s\n", command), false;
    out->library = dlopen(object, RTLD_NOW);
    unlink(file);
    unlink(object);
    if (!out->library) return fprintf(stderr, "bench_c_file: %s\n", dlerror()), false;
    find(out->library, "net_run", &out->run);
    find(out->library, "net_step", &out->step);
    find(out->library, "net_init", &out->init);
    return true;
}

static void run_compiled(const compiled *c, const bench_predict_network *n, int count) {
    for (int i = 0; i < count; ++i)
        if (n->streaming)
            c->step(state, x, y);
        else
            c->run(x, y);
}

static bool run_predictor(glia_predictor *p, int count, float *out) {
    for (int i = 0; i < count; ++i)
        if (glia_predictor_run(p, 1, (const void *[]){x}, (void *[]){out}) != GLIA_OK) return false;
    return true;
}

static bool same_outputs(glia_predictor *p, const compiled *c, const bench_predict_network *n) {
    const size_t count = glia_predictor_output_bytes(p, 0) / sizeof *y;
    float scale = 0, worst = 0;
    for (int i = 0; i < BENCH_LONGEST_SAMPLE; ++i) x[i] = (float)(i * 37 % 101) / 101 - 0.5f;
    if (n->streaming) c->init(state);
    run_compiled(c, n, 3);
    if (!run_predictor(p, 3, expected)) return false;
    for (size_t i = 0; i < count; ++i) {
        scale = fmaxf(scale, fabsf(expected[i]));
        worst = fmaxf(worst, fabsf(y[i] - expected[i]));
    }
    if (worst <= 1e-5f * scale) return true; /* a predictor may use minimal filtering, which rounds more */
    fprintf(stderr, "bench_c_file: %s: differs by %g of outputs up to %g\n", n->name, (double)worst, (double)scale);
    return false;
}

static bool measure(glia_predictor *p, const compiled *c, const bench_predict_network *n, long rounds) {
    double *times = malloc(2 * (size_t)rounds * sizeof *times), *of_c = times + rounds;
    bool passed = times != NULL;
    for (long r = 0; passed && r < rounds; ++r) {
        const double begin  = bench_now();
        passed              = run_predictor(p, n->samples, expected);
        const double middle = bench_now();
        run_compiled(c, n, n->samples);
        times[r] = 1e9 * (middle - begin) / n->samples;
        of_c[r]  = 1e9 * (bench_now() - middle) / n->samples;
    }
    if (passed) {
        qsort(times, (size_t)rounds, sizeof *times, by_value);
        qsort(of_c, (size_t)rounds, sizeof *of_c, by_value);
        printf("%-9s predictor %10.1f ns  C file %10.1f ns  %6.2f times as long\n", n->name, times[rounds / 2],
               of_c[rounds / 2], of_c[rounds / 2] / times[rounds / 2]);
    }
    free(times);
    return passed;
}

static bool bench(glia_model *net, const bench_predict_network *n, const char *compiler, const char *folder,
                  long rounds) {
    glia_predictor *p    = NULL;
    compiled c           = {0};
    const glia_value out = n->layers(net, glia_model_input(net, "x", n->input));
    bool passed          = glia_model_compile(net, out, NULL) == GLIA_OK &&
                  glia_predictor_create(net, &(glia_predictor_args){.streaming = n->streaming}, &p) == GLIA_OK &&
                  compile(net, n, compiler, folder, &c);
    passed = passed && same_outputs(p, &c, n) && measure(p, &c, n, rounds);
    if (c.library) dlclose(c.library);
    glia_predictor_destroy(p);
    return passed;
}

static bool bench_all(glia_context *ctx, const char *only, const char *compiler, long rounds) {
    char folder[] = "/tmp/bench_c_file_XXXXXX";
    bool passed = true, found = false;
    if (!mkdtemp(folder)) return perror(folder), false;
    for (size_t i = 0; i < bench_predict_network_count; ++i) {
        const bench_predict_network *n = &bench_predict_networks[i];
        glia_model *net                = NULL;
        if (only && strcmp(only, n->name) != 0) continue;
        found = true;
        if (glia_model_create(ctx, NULL, &net) != GLIA_OK || !bench(net, n, compiler, folder, rounds)) {
            fprintf(stderr, "bench_c_file: %s: %s\n", n->name, glia_message(ctx));
            passed = false;
        }
        glia_model_destroy(net);
    }
    rmdir(folder);
    if (!found) fprintf(stderr, "bench_c_file: there is no network '%s'\n", only);
    return passed && found;
}

int main(int argc, char **argv) {
    bench_predict_options options = {.rounds = 300};
    const char *compiler          = "cc -O3 -march=native -ffp-contract=fast";
    glia_context *ctx             = NULL;
    if (bench_helped(argc, argv, usage)) return 0;
    for (int i = 1; i < argc; i += 2) {
        const bool has_value = i + 1 < argc;
        if (has_value && bench_read_predict_option(argv[i], argv[i + 1], &options)) continue;
        if (has_value && strcmp(argv[i], "--compiler") == 0)
            compiler = argv[i + 1];
        else
            return bench_refuse("bench_c_file", argv[i]);
    }
    if (glia_context_create("cpu", &(glia_context_args){.threads = 1}, &ctx) != GLIA_OK)
        return fprintf(stderr, "%s\n", glia_message(NULL)), 1;
    const bool passed = bench_all(ctx, options.only, compiler, options.rounds);
    glia_context_destroy(ctx);
    return passed ? 0 : 1;
}

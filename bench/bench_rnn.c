/* One recurrent layer, forward alone and forward with backward, provider beside provider, in plans as a training runs
 * them. "chosen" is what a program gets; "fastest" what it gets where bits may differ from run to run. The last two
 * columns are the layer's sums and products, and the time of a step. rnn_against_pytorch times the same. */
#define _POSIX_C_SOURCE 200809L
#include <glia/glia.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/clock.h"
#include "support/facts.h"
#include "support/program.h"

static const char usage[] =
    "usage: bench_rnn [options]\n"
    "Times one recurrent layer, forward alone and forward with backward, provider beside provider.\n\n"
    "  --device NAME,...   the devices (cpu, and cuda:0 if there is one)\n"
    "  --cell NAME,...     of lstm, gru (both)\n"
    "  --dtype NAME,...    of f32, f16, bf16 (all)\n"
    "  --shapes H:N:T,...  hidden units, which are as many as inputs, sequences and steps\n"
    "                      (128 and 512, by 1, 16 and 64, by 168 and 1024)\n"
    "  --seconds N         leaves out what does not fit into them\n"
    "  --threads N         of the CPU\n"
    "  --json FILE         also writes the results there\n";

enum { TENSORS = 16, ROUNDS = 5, WEIGHTS = 4, X = 0, W_IH = 4, BACK_Y = 16, BACK_RESERVE, BACK_DY, BACK_INPUTS };

typedef struct options {
    const char *devices, *cells, *dtypes, *shapes, *json;
    long threads, seconds;
} options;

typedef struct layer {
    const char *cell_name;
    glia_rnn_cell cell;
    glia_dtype dtype;
    int gates, hidden, batch, steps;
    bool training;
} layer;

/* A way of choosing providers. */
typedef struct way {
    const char *label, *provider;
    bool nondeterministic;
} way;

static const way ways[] = {{"chosen", NULL, false},
                           {"cuda.cudnn", "cuda.cudnn", false},
                           {"cuda.tensor_cores", "cuda.tensor_cores", false},
                           {"cuda.persistent", "cuda.persistent", false},
                           {"cuda.portable", "cuda.portable", false},
                           {"cpu.native", "cpu.native", false},
                           {"fastest", NULL, true}};

enum { WAYS = sizeof ways / sizeof *ways };

/* ---- a plan of one layer ----------------------------------------------------------------------------------------- */

typedef struct bench {
    glia_context *ctx, *host; /* host: makes the numbers; a forced provider may not do that */
    glia_graph *graph;
    glia_plan *plan;
    glia_tensor *tensors[TENSORS];
    int n_tensors;
    glia_tensor **results; /* the last of the tensors */
    int n_results;
} bench;

static void bench_free(bench *b) {
    glia_plan_destroy(b->plan);
    glia_graph_destroy(b->graph);
    for (int i = 0; i < b->n_tensors; ++i) glia_tensor_destroy(b->tensors[i]);
    *b = (bench){.ctx = b->ctx, .host = b->host};
}

static glia_status add_tensor(bench *b, glia_dtype dtype, glia_shape shape, glia_tensor **out) {
    GLIA_TRY(glia_tensor_create(b->ctx, dtype, shape, out));
    b->tensors[b->n_tensors++] = *out;
    return GLIA_OK;
}

/* Uniform numbers, as small as weights are. */
static glia_status fill(const bench *b, glia_tensor *tensor, uint64_t seed) {
    const glia_random_fill_params params = {.shape = glia_tensor_shape(tensor),
                                            .dtype = glia_tensor_dtype(tensor),
                                            .low   = -0.05f,
                                            .high  = 0.05f,
                                            .seed  = seed};
    const size_t bytes                   = (size_t)glia_tensor_count(tensor) * glia_dtype_size(params.dtype);
    glia_tensor *numbers;
    GLIA_TRY(glia_tensor_create(b->host, params.dtype, params.shape, &numbers));
    glia_status status = glia_random_fill(b->host, &params, numbers);
    if (status == GLIA_OK) status = glia_tensor_write(tensor, glia_tensor_data(numbers), bytes);
    glia_tensor_destroy(numbers);
    return status;
}

static glia_status add_value(bench *b, const layer *l, glia_shape shape, glia_value *out) {
    glia_tensor *tensor;
    GLIA_TRY(add_tensor(b, l->dtype, shape, &tensor));
    *out = glia_graph_tensor(b->graph, NULL, tensor);
    return fill(b, tensor, (uint64_t)b->n_tensors);
}

static glia_status add_inputs(bench *b, const layer *l, glia_value *in) {
    const int rows = l->gates * l->hidden;
    GLIA_TRY(add_value(b, l, GLIA_SHAPE(l->steps, l->batch, l->hidden), &in[X]));
    for (int k = 0; k < WEIGHTS; ++k)
        GLIA_TRY(add_value(b, l, k < 2 ? GLIA_SHAPE(rows, l->hidden) : GLIA_SHAPE(rows), &in[W_IH + k]));
    return GLIA_OK;
}

/* outputs: what a plan has to give, the smallest last. */
static glia_status add_calls(bench *b, const layer *l, glia_value *outputs) {
    glia_rnn_params params     = glia_rnn_defaults();
    glia_value in[BACK_INPUTS] = {{0}}, out[4] = {{0}}, gradient[7] = {{0}};
    params.cell = l->cell;
    GLIA_TRY(add_inputs(b, l, in));
    glia_graph_call(b->graph, "rnn", &params, in, W_IH + WEIGHTS, out, 4);
    outputs[0] = out[0], outputs[1] = out[1];
    b->n_results = 2;
    if (l->training) {
        GLIA_TRY(add_value(b, l, GLIA_SHAPE(l->steps, l->batch, l->hidden), &in[BACK_DY]));
        in[BACK_Y] = out[0], in[BACK_RESERVE] = out[3];
        glia_graph_call(b->graph, "rnn_backward", &params, in, BACK_INPUTS, gradient, 7);
        outputs[0] = gradient[0];
        for (int k = 0; k < WEIGHTS; ++k) outputs[1 + k] = gradient[3 + k];
        b->n_results = 1 + WEIGHTS;
    }
    return glia_graph_status(b->graph);
}

static glia_status build(bench *b, const layer *l) {
    glia_value outputs[1 + WEIGHTS];
    GLIA_TRY(glia_graph_create(b->ctx, &b->graph));
    GLIA_TRY(add_calls(b, l, outputs));
    GLIA_TRY(glia_plan_create(b->graph, outputs, b->n_results, &b->plan));
    b->results = b->tensors + b->n_tensors;
    for (int i = 0; i < b->n_results; ++i) {
        glia_tensor *ignored;
        GLIA_TRY(
            add_tensor(b, glia_graph_dtype(b->graph, outputs[i]), glia_graph_shape(b->graph, outputs[i]), &ignored));
    }
    return GLIA_OK;
}

/* Waits for the device: it reads the smallest result. */
static glia_status wait_for(const bench *b) {
    const glia_tensor *last = b->results[b->n_results - 1];
    const size_t bytes      = (size_t)glia_tensor_count(last) * glia_dtype_size(glia_tensor_dtype(last));
    void *host              = malloc(bytes);
    if (!host) return GLIA_OUT_OF_MEMORY;
    const glia_status status = glia_tensor_read(last, host, bytes);
    free(host);
    return status;
}

static glia_status run(const bench *b, int times, double *seconds) {
    const double start = bench_now();
    for (int i = 0; i < times; ++i) GLIA_TRY(glia_plan_run(b->plan, NULL, 0, b->results, b->n_results));
    GLIA_TRY(wait_for(b));
    *seconds = (bench_now() - start) / times;
    return GLIA_OK;
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of a few rounds of about a hundredth of a second, after what is recorded and compiled at first; of a layer
 * that takes longer than a second, its second run. */
static glia_status measure(const bench *b, double *seconds) {
    double round[ROUNDS];
    GLIA_TRY(run(b, 1, seconds));
    GLIA_TRY(run(b, 1, seconds));
    if (*seconds > 1) return GLIA_OK;
    GLIA_TRY(run(b, 1, seconds));
    const int times = (int)(0.01 / *seconds) + 1;
    for (int i = 0; i < ROUNDS; ++i) GLIA_TRY(run(b, times, &round[i]));
    qsort(round, ROUNDS, sizeof *round, ascending);
    *seconds = round[ROUNDS / 2];
    return GLIA_OK;
}

/* ---- reports ----------------------------------------------------------------------------------------------------- */

static double flops(const layer *l) {
    const double products = (double)l->gates * l->hidden * 2 * l->hidden * l->steps * l->batch;
    return 2 * products * (l->training ? 3 : 1);
}

static void report(const bench *b, const layer *l, const way *w, glia_status status, double seconds, FILE *json) {
    const char *pass = l->training ? "training" : "inference", *dtype = glia_dtype_name(l->dtype);
    printf("%-5s %-9s %-5s %4d %4d %5d  %-16s ", l->cell_name, pass, dtype, l->hidden, l->batch, l->steps, w->label);
    if (status == GLIA_OK)
        printf("%11.1f us %9.1f GFLOP/s %8.2f us\n", 1e6 * seconds, flops(l) / seconds / 1e9, 1e6 * seconds / l->steps);
    else
        printf("%s: %s\n", glia_status_name(status), glia_message(b->ctx));
    fflush(stdout);
    if (!json) return;
    fprintf(json,
            "{\"device\": \"%s\", \"cell\": \"%s\", \"pass\": \"%s\", \"dtype\": \"%s\", \"hidden\": %d, \"batch\": "
            "%d, \"steps\": %d, \"way\": \"%s\"",
            glia_context_device(b->ctx), l->cell_name, pass, dtype, l->hidden, l->batch, l->steps, w->label);
    if (status == GLIA_OK)
        fprintf(json, ", \"us\": %.2f", 1e6 * seconds);
    else
        fputs(", \"failed\": ", json), bench_write_string(json, glia_message(b->ctx));
    fputs("}\n", json);
    fflush(json);
}

/* false: it failed, and not because the provider does not do it. */
static bool bench_layer(bench *b, const layer *l, const way *w, FILE *json) {
    double seconds     = 0;
    glia_status status = build(b, l);
    if (status == GLIA_OK) status = measure(b, &seconds);
    if (status != GLIA_UNSUPPORTED || !w->provider) report(b, l, w, status, seconds, json);
    bench_free(b);
    return status == GLIA_OK || status == GLIA_UNSUPPORTED;
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

static bool listed(const char *list, const char *name) {
    const size_t length = strlen(name);
    for (const char *at = list; *at; at += strcspn(at, ",") + (at[strcspn(at, ",")] == ','))
        if (strcspn(at, ",") == length && strncmp(at, name, length) == 0) return true;
    return false;
}

/* A context for each way, in which the layers take turns. */
typedef struct contexts {
    glia_context *host, *of_way[WAYS];
    int first, last; /* of the ways that are timed now */
} contexts;

static bool bench_ways(const contexts *c, const layer *l, double end, FILE *json) {
    bool passed = true;
    for (int w = c->first; w <= c->last; ++w) {
        bench b = {.ctx = c->of_way[w], .host = c->host};
        if (b.ctx && bench_now() < end) passed = bench_layer(&b, l, &ways[w], json) && passed;
    }
    return passed;
}

static const char all_shapes[] =
    "128:1:168,128:16:168,128:64:168,512:1:168,512:16:168,512:64:168,"
    "128:1:1024,128:16:1024,128:64:1024,512:1:1024,512:16:1024,512:64:1024";

/* One shape, with each cell, in each type, both ways. */
static bool bench_shape(const contexts *c, layer l, const options *o, double end, FILE *json) {
    static const struct {
        const char *name;
        glia_rnn_cell cell;
        int gates;
    } cells[]                        = {{"lstm", GLIA_RNN_LSTM, 4}, {"gru", GLIA_RNN_GRU, 3}};
    static const glia_dtype dtypes[] = {GLIA_F32, GLIA_F16, GLIA_BF16};
    bool passed                      = true;
    for (int k = 0; k < 2; ++k)
        for (int d = 0; d < 3; ++d)
            for (int training = 0; training < 2; ++training) {
                l.cell_name = cells[k].name, l.cell = cells[k].cell, l.gates = cells[k].gates;
                l.dtype = dtypes[d], l.training = training;
                if (listed(o->cells, l.cell_name) && listed(o->dtypes, glia_dtype_name(l.dtype)))
                    passed = bench_ways(c, &l, end, json) && passed;
            }
    return passed;
}

static bool bench_all(const contexts *c, const options *o, double end, FILE *json) {
    bool passed = true;
    for (const char *at = o->shapes; *at;) {
        layer l = {0};
        if (sscanf(at, "%d:%d:%d", &l.hidden, &l.batch, &l.steps) != 3)
            return fprintf(stderr, "bench_rnn: %s is no list of HIDDEN:BATCH:STEPS\n", at), false;
        passed = bench_shape(c, l, o, end, json) && passed;
        at += strcspn(at, ",");
        at += *at == ',';
    }
    return passed;
}

static glia_status open_way(const char *device, const way *w, const options *o, glia_context **out) {
    const glia_context_args args = {.threads = (int)o->threads, .nondeterministic = w->nondeterministic};
    if (w->provider) setenv("GLIA_PROVIDER", w->provider, 1);
    const glia_status status = glia_context_create(device, &args, out);
    unsetenv("GLIA_PROVIDER");
    return status;
}

/* A provider of another device is refused by GLIA_PROVIDER. */
static void open_ways(const char *device, const options *o, contexts *c) {
    const bool cpu = strcmp(device, "cpu") == 0;
    for (int w = 1; w < WAYS; ++w)
        if (!cpu || !ways[w].nondeterministic) open_way(device, &ways[w], o, &c->of_way[w]);
}

static bool bench_device(const char *device, bool wanted, const options *o, double end, FILE *json) {
    contexts c = {0};
    if (glia_context_create("cpu", &(glia_context_args){.threads = (int)o->threads}, &c.host) != GLIA_OK) return false;
    bool passed = open_way(device, &ways[0], o, &c.of_way[0]) == GLIA_OK || !wanted;
    if (!passed) fprintf(stderr, "bench_rnn: %s\n", glia_message(NULL));
    if (c.of_way[0]) {
        if (json) bench_write_facts(json, "rnn", device);
        open_ways(device, o, &c);
        c.last  = WAYS - 2;
        passed  = bench_all(&c, o, end, json);
        c.first = c.last = WAYS - 1; /* behind the others: cuDNN compiles layers for it */
        passed           = bench_all(&c, o, end, json) && passed;
    }
    for (int w = 0; w < WAYS; ++w) glia_context_destroy(c.of_way[w]);
    glia_context_destroy(c.host);
    return passed;
}

static bool bench_devices(const options *o, FILE *json) {
    const double end = bench_now() + (double)o->seconds;
    bool passed      = true;
    printf("%-5s %-9s %-5s %4s %4s %5s  %-16s %14s %17s %11s\n", "cell", "pass", "dtype", "H", "N", "T", "way", "call",
           "", "step");
    if (!o->devices) {
        passed = bench_device("cpu", true, o, end, json);
        return bench_device("cuda:0", false, o, end, json) && passed;
    }
    for (const char *at = o->devices; *at;) {
        char name[64];
        const int length = (int)strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", length, at);
        passed = bench_device(name, true, o, end, json) && passed;
        at += length + (at[length] == ',');
    }
    return passed;
}

static bool read_option(const char *name, const char *value, options *o) {
    if (strcmp(name, "--device") == 0) return o->devices = value, true;
    if (strcmp(name, "--cell") == 0) return o->cells = value, true;
    if (strcmp(name, "--dtype") == 0) return o->dtypes = value, true;
    if (strcmp(name, "--json") == 0) return o->json = value, true;
    if (strcmp(name, "--shapes") == 0) return o->shapes = value, true;
    if (strcmp(name, "--seconds") == 0) return bench_read_number(value, 1000000, &o->seconds);
    if (strcmp(name, "--threads") == 0) return bench_read_number(value, 1024, &o->threads);
    return false;
}

int main(int argc, char **argv) {
    options o = {.cells = "lstm,gru", .dtypes = "f32,f16,bf16", .shapes = all_shapes, .seconds = 1000000};
    unsetenv("GLIA_PROVIDER");
    if (bench_helped(argc, argv, usage)) return 0;
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc || !read_option(argv[i], argv[i + 1], &o)) return bench_refuse("bench_rnn", argv[i]);
    FILE *json = o.json ? fopen(o.json, "w") : NULL;
    if (o.json && !json) return perror(o.json), 2;
    const bool passed = bench_devices(&o, json);
    if (json) fclose(json);
    return passed ? 0 : 1;
}

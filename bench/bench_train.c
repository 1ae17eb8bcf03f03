/* Whole training steps of the networks of support/networks.c, on random samples, on each device.
 * The first epoch is not timed; of the others the median counts. "host" is the part of that time in which the host
 * prepared and started steps; for the rest it waited for the device. With --serve FOLDER it
 * trains and predicts as it is told, for bench/peers. */
#include <glia/glia.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/facts.h"
#include "support/networks.h"
#include "support/program.h"
#include "support/serve.h"

static const char usage[] =
    "usage: bench_train [options]\n"
    "Times whole training steps of the benches' networks, on random samples.\n\n"
    "  --device NAME,...  the devices (cpu, and cuda:0 if there is one)\n"
    "  --network PART,... networks with one of these in their name (those of examples/)\n"
    "  --batch N          samples of a step (each network's own)\n"
    "  --width N          channels of ResNet-18's first stage, units of recurrent layers (each network's own)\n"
    "  --steps N          of an epoch (20)\n"
    "  --epochs N         that are timed (3)\n"
    "  --threads N        of the CPU\n"
    "  --json FILE        also writes the results there\n"
    "  --profile FILE     prints a profile of each training, all epochs, and writes the last one's events there\n"
    "  --serve FOLDER     does what standard input says with the network, on the data and weights of FOLDER\n";

enum { MOST_EPOCHS = 64 };

typedef struct options {
    const char *devices, *networks, *json, *profile, *serve;
    long batch, width, steps, epochs, threads;
} options;

/* ---- One network on one device ---- */

typedef struct timing {
    int n;
    double seconds[MOST_EPOCHS], host[MOST_EPOCHS];
    size_t plan_bytes;
} timing;

/* Random bytes as samples, and classes. */
static glia_status make_data(glia_context *ctx, const bench_network *n, int width, int64_t count, glia_dataset **out) {
    const glia_shape shape = bench_network_input(n, width);
    size_t values          = 1;
    for (int d = 0; d < shape.ndim; ++d) values *= (size_t)shape.dim[d];
    uint8_t *samples   = malloc((size_t)count * values);
    int32_t *labels    = malloc((size_t)count * sizeof *labels);
    glia_status status = GLIA_OUT_OF_MEMORY;
    uint64_t state     = 1;
    for (size_t i = 0; samples && i < (size_t)count * values; ++i) {
        state      = state * 6364136223846793005u + 1442695040888963407u;
        samples[i] = (uint8_t)(state >> 56);
    }
    for (int64_t i = 0; labels && i < count; ++i) labels[i] = (int32_t)(i * 7 % BENCH_CLASSES);
    if (samples && labels) {
        const glia_array x = {.name = "x", .dtype = GLIA_U8, .shape = shape, .data = samples, .scale = 1 / 255.0};
        const glia_array y = {.dtype = GLIA_I32, .shape = GLIA_SCALAR, .data = labels};
        status             = glia_dataset_from_arrays(ctx,
                                                      &(glia_arrays_args){.inputs    = &x,
                                                                          .n_inputs  = 1,
                                                                          .targets   = &y,
                                                                          .n_targets = n->use == BENCH_CLASSIFIES,
                                                                          .count     = count,
                                                                          .copy      = true},
                                                      out);
    }
    free(samples);
    free(labels);
    return status == GLIA_OK ? bench_network_targets(n, out) : status;
}

static glia_status note(void *user, const glia_event *event) {
    const glia_epoch *epoch = event->epoch;
    timing *t               = user;
    if (epoch->epoch == 1) return GLIA_OK; /* it made plans, and recorded them */
    t->seconds[t->n] = epoch->seconds / (double)epoch->steps;
    t->host[t->n]    = epoch->host_seconds / epoch->seconds;
    t->plan_bytes    = epoch->plan_bytes;
    ++t->n;
    return GLIA_OK;
}

static glia_status train(glia_context *ctx, const bench_network *n, const options *o, int width, int batch,
                         timing *out) {
    glia_model *net    = NULL;
    glia_dataset *data = NULL;
    glia_status status = make_data(ctx, n, width, (int64_t)batch * o->steps, &data);
    if (status == GLIA_OK) status = bench_network_create(ctx, n, &(bench_network_args){.width = width}, &net);
    glia_profile *profile = NULL;
    if (status == GLIA_OK && o->profile) status = glia_profile_begin(ctx, NULL, &profile);
    if (status == GLIA_OK)
        status = glia_model_fit(
            net, data,
            &(glia_fit_args){
                .epochs = (int)o->epochs + 1, .batch_size = batch, .callbacks = {{out, .on_epoch_end = note}}});
    if (status == GLIA_OK && o->profile) status = glia_profile_end(profile);
    if (status == GLIA_OK && o->profile) status = glia_profile_print(profile, stdout);
    if (status == GLIA_OK && o->profile) status = glia_profile_write_trace(profile, o->profile);
    glia_profile_destroy(profile);
    glia_model_destroy(net);
    glia_dataset_destroy(data);
    return status;
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int n) {
    qsort(values, (size_t)n, sizeof *values, ascending);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* ---- Reports ---- */

static bool measure(glia_context *ctx, const bench_network *n, const options *o, FILE *json) {
    timing t                 = {0};
    const int batch          = o->batch ? (int)o->batch : n->batch;
    const int width          = o->width ? (int)o->width : n->width;
    const char *device       = glia_context_device(ctx);
    const glia_status status = train(ctx, n, o, width, batch, &t);
    printf("%-16s %-9s %6d ", n->name, device, batch);
    if (json)
        fprintf(json, "{\"network\": \"%s\", \"device\": \"%s\", \"batch\": %d, \"width\": %d", n->name, device, batch,
                width);
    if (status == GLIA_OK) {
        const double step = median(t.seconds, t.n), host = median(t.host, t.n);
        printf("%12.1f us %11.1f steps/s %12.0f samples/s %6.1f%% %9.1f MiB\n", step * 1e6, 1 / step, batch / step,
               100 * host, (double)t.plan_bytes / (1 << 20));
        if (json)
            fprintf(json, ", \"step_us\": %.2f, \"samples_per_s\": %.0f, \"host_part\": %.4f, \"plan_bytes\": %zu",
                    step * 1e6, batch / step, host, t.plan_bytes);
    } else {
        printf("FAILED: %s: %s\n", glia_status_name(status), glia_message(ctx));
        if (json) fputs(", \"failed\": ", json), bench_write_string(json, glia_message(ctx));
    }
    if (json) fputs("}\n", json);
    fflush(NULL);
    return status == GLIA_OK;
}

/* Whether one of the parts is in the name. */
static bool wanted(const char *parts, const char *name) {
    for (const char *at = parts; *at; at += *at == ',') {
        char part[64];
        const int length = (int)strcspn(at, ",");
        snprintf(part, sizeof part, "%.*s", length, at);
        if (strstr(name, part)) return true;
        at += length;
    }
    return false;
}

static bool trains(const bench_network *n, const options *o) {
    return bench_network_trains(n) && wanted(o->networks, n->name);
}

static bool trains_any(const options *o) {
    const bench_network *n;
    for (int i = 0; (n = bench_network_at(i)); ++i)
        if (trains(n, o)) return true;
    return false;
}

/* false: a network failed, or the device is not there although it was asked for. */
static bool run_device(const char *device, bool needed, const options *o, FILE *json) {
    glia_context *ctx = NULL;
    bool passed       = true;
    if (glia_context_create(device, &(glia_context_args){.threads = (int)o->threads}, &ctx) != GLIA_OK) {
        if (needed) fprintf(stderr, "bench_train: %s\n", glia_message(NULL));
        return !needed;
    }
    if (json) bench_write_facts(json, "train", glia_context_device(ctx));
    const bench_network *n;
    for (int i = 0; (n = bench_network_at(i)); ++i)
        if (trains(n, o)) passed = measure(ctx, n, o, json) && passed;
    glia_context_destroy(ctx);
    return passed;
}

static bool run(const options *o, FILE *json) {
    bool passed = true;
    printf("%-16s %-9s %6s %15s %19s %22s %7s %13s\n", "network", "device", "batch", "step", "", "", "host", "buffer");
    if (!o->devices) {
        passed = run_device("cpu", true, o, json);
        return run_device("cuda:0", false, o, json) && passed;
    }
    for (const char *at = o->devices; *at;) {
        char name[64];
        const int length = (int)strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", length, at);
        passed = run_device(name, true, o, json) && passed;
        at += length + (at[length] == ',');
    }
    return passed;
}

static int serve(const options *o) {
    const bench_network *n = bench_network_find(o->networks);
    if (!n) return fprintf(stderr, "bench_train: --serve needs the whole name of a --network\n"), 2;
    const bench_serve_args args = {.network = n,
                                   .width   = o->width ? (int)o->width : n->width,
                                   .batch   = o->batch ? (int)o->batch : n->batch,
                                   .folder  = o->serve};
    glia_context *ctx           = NULL;
    glia_status status =
        glia_context_create(o->devices ? o->devices : "cpu", &(glia_context_args){.threads = (int)o->threads}, &ctx);
    if (status == GLIA_OK) status = bench_serve(ctx, &args);
    if (status != GLIA_OK) fprintf(stderr, "bench_train: %s: %s\n", glia_status_name(status), glia_message(ctx));
    glia_context_destroy(ctx);
    return status == GLIA_OK ? 0 : 1;
}

static bool read_option(const char *name, const char *value, options *o) {
    if (strcmp(name, "--device") == 0) return o->devices = value, true;
    if (strcmp(name, "--network") == 0) return o->networks = value, true;
    if (strcmp(name, "--json") == 0) return o->json = value, true;
    if (strcmp(name, "--profile") == 0) return o->profile = value, true;
    if (strcmp(name, "--serve") == 0) return o->serve = value, true;
    if (strcmp(name, "--batch") == 0) return bench_read_number(value, 65536, &o->batch);
    if (strcmp(name, "--width") == 0) return bench_read_number(value, 1024, &o->width);
    if (strcmp(name, "--steps") == 0) return bench_read_number(value, 100000, &o->steps);
    if (strcmp(name, "--epochs") == 0) return bench_read_number(value, MOST_EPOCHS - 1, &o->epochs);
    if (strcmp(name, "--threads") == 0) return bench_read_number(value, 1024, &o->threads);
    return false;
}

int main(int argc, char **argv) {
    options o = {.networks = "mnist_dense,cnn_fashion,resnet18_cifar", .steps = 20, .epochs = 3};
    if (bench_helped(argc, argv, usage)) return 0;
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc || !read_option(argv[i], argv[i + 1], &o)) return bench_refuse("bench_train", argv[i]);
    if (o.serve) return serve(&o);
    if (!trains_any(&o))
        return fprintf(stderr, "bench_train: no network that is trained has '%s' in its name\n", o.networks), 2;
    FILE *json = o.json ? fopen(o.json, "w") : NULL;
    if (o.json && !json) return perror(o.json), 2;
    const bool passed = run(&o, json);
    if (json) fclose(json);
    return passed ? 0 : 1;
}

/* Whole training steps of the networks of examples/, on random images of the right shape, on each device.
 * The first epoch is not timed; of the others the median counts. "host" is the part of that time in which the host
 * prepared and started steps; for the rest it waited for the device. Accuracies on random images mean nothing, and none
 * are shown. */
#include <glia/glia.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/facts.h"
#include "support/program.h"

static const char usage[] =
    "usage: bench_train [options]\n"
    "Times whole training steps of the networks of examples/, on random images of the right shape.\n\n"
    "  --device NAME,...  the devices (cpu, and cuda:0 if there is one)\n"
    "  --network PART     only networks with this in their name\n"
    "  --batch N          samples of a step (each network's own)\n"
    "  --width N          channels of ResNet-18's first stage (64)\n"
    "  --steps N          of an epoch (20)\n"
    "  --epochs N         that are timed (3)\n"
    "  --threads N        of the CPU\n"
    "  --json FILE        also writes the results there\n"
    "  --profile FILE     prints a profile of each training, all epochs, and writes the last one's events there\n";

enum { CLASSES = 10, MOST_EPOCHS = 64 };

typedef struct options {
    const char *devices, *network, *json, *profile;
    long batch, width, steps, epochs, threads;
} options;

/* ---- The networks ---- */

static glia_value mnist_dense(glia_model *net, int width) {
    (void)width;
    glia_value x = glia_model_flatten(net, glia_model_input(net, "image", GLIA_SHAPE(1, 28, 28)), NULL);
    x            = glia_model_dense(net, x, &(glia_dense_args){.units = 64, .activation = GLIA_RELU});
    x            = glia_model_dense(net, x, &(glia_dense_args){.units = 64, .activation = GLIA_RELU});
    return glia_model_dense(net, x, &(glia_dense_args){.units = CLASSES});
}

static glia_value cnn_fashion(glia_model *net, int width) {
    (void)width;
    glia_value x = glia_model_input(net, "image", GLIA_SHAPE(1, 28, 28));
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = 32, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_conv2d(net, x, &(glia_conv2d_args){.filters = 64, .kernel = {3, 3}, .activation = GLIA_RELU});
    x = glia_model_max_pool2d(net, x, &(glia_max_pool2d_args){.kernel = {2, 2}});
    x = glia_model_dropout(net, x, &(glia_dropout_args){.p = 0.25});
    x = glia_model_flatten(net, x, NULL);
    x = glia_model_dense(net, x, &(glia_dense_args){.units = 128, .activation = GLIA_RELU});
    x = glia_model_dropout(net, x, &(glia_dropout_args){.p = 0.5});
    return glia_model_dense(net, x, &(glia_dense_args){.units = CLASSES});
}

static glia_value conv_norm(glia_model *net, glia_value x, int filters, int kernel, int stride) {
    x = glia_model_conv2d(net, x,
                          &(glia_conv2d_args){.filters = filters,
                                              .kernel  = {kernel, kernel},
                                              .stride  = {stride, stride},
                                              .pad     = {kernel / 2, kernel / 2},
                                              .no_bias = true});
    return glia_model_batchnorm(net, x, NULL);
}

static glia_value relu(glia_model *net, glia_value x) {
    return glia_model_activation(net, x, &(glia_activation_args){.kind = GLIA_RELU});
}

static glia_value resnet18_cifar(glia_model *net, int width) {
    glia_value x = glia_model_input(net, "image", GLIA_SHAPE(3, 32, 32));
    x            = relu(net, conv_norm(net, x, width, 3, 1));
    for (int stage = 0; stage < 4; ++stage)
        for (int block = 0; block < 2; ++block) {
            const int filters = width << stage, stride = stage > 0 && block == 0 ? 2 : 1;
            glia_value y = relu(net, conv_norm(net, x, filters, 3, stride));
            y            = conv_norm(net, y, filters, 3, 1);
            if (stride == 2) x = conv_norm(net, x, filters, 1, stride);
            x = relu(net, glia_model_add(net, y, x, NULL));
        }
    return glia_model_dense(net, glia_model_global_avg_pool2d(net, x, NULL), &(glia_dense_args){.units = CLASSES});
}

typedef struct network {
    const char *name;
    glia_value (*build)(glia_model *net, int width);
    int channels, side, batch;
    bool momentum; /* SGD with momentum, not Adam */
} network;

static const network networks[] = {
    {"mnist_dense", mnist_dense, 1, 28, 32, false},
    {"cnn_fashion", cnn_fashion, 1, 28, 128, false},
    {"resnet18_cifar", resnet18_cifar, 3, 32, 128, true},
};

/* ---- One network on one device ---- */

typedef struct timing {
    int n;
    double seconds[MOST_EPOCHS], host[MOST_EPOCHS];
    size_t plan_bytes;
} timing;

/* Random bytes as images, and random classes. */
static glia_status make_data(glia_context *ctx, const network *n, int64_t count, glia_dataset **out) {
    const size_t pixels = (size_t)(n->channels * n->side * n->side), bytes = (size_t)count * pixels;
    uint8_t *images    = malloc(bytes);
    int32_t *labels    = malloc((size_t)count * sizeof *labels);
    glia_status status = GLIA_OUT_OF_MEMORY;
    uint64_t state     = 1;
    for (size_t i = 0; images && i < bytes; ++i) {
        state     = state * 6364136223846793005u + 1442695040888963407u;
        images[i] = (uint8_t)(state >> 56);
    }
    for (int64_t i = 0; labels && i < count; ++i) labels[i] = (int32_t)(i * 7 % CLASSES);
    if (images && labels) {
        const glia_array image = {
            .dtype = GLIA_U8, .shape = GLIA_SHAPE(n->channels, n->side, n->side), .data = images, .scale = 1 / 255.0};
        const glia_array label = {.dtype = GLIA_I32, .shape = GLIA_SCALAR, .data = labels};
        status                 = glia_dataset_from_arrays(
            ctx,
            &(glia_arrays_args){
                                .inputs = &image, .n_inputs = 1, .targets = &label, .n_targets = 1, .count = count, .copy = true},
            out);
    }
    free(images);
    free(labels);
    return status;
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

static glia_status train(glia_context *ctx, const network *n, const options *o, int batch, timing *out) {
    const glia_optimizer optimizer = n->momentum ? glia_optimizer_momentum(1e-2, 0.9) : glia_optimizer_adam(1e-3);
    glia_model *net                = NULL;
    glia_dataset *data             = NULL;
    glia_status status             = make_data(ctx, n, (int64_t)batch * o->steps, &data);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK)
        status = glia_model_compile(net, n->build(net, (int)o->width),
                                    &(glia_compile_args){.loss = glia_loss_cross_entropy(), .optimizer = optimizer});
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

static bool measure(glia_context *ctx, const network *n, const options *o, FILE *json) {
    timing t                 = {0};
    const int batch          = o->batch ? (int)o->batch : n->batch;
    const char *device       = glia_context_device(ctx);
    const glia_status status = train(ctx, n, o, batch, &t);
    printf("%-16s %-9s %6d ", n->name, device, batch);
    if (json)
        fprintf(json, "{\"network\": \"%s\", \"device\": \"%s\", \"batch\": %d, \"width\": %ld", n->name, device, batch,
                o->width);
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

/* false: a network failed, or the device is not there although it was asked for. */
static bool run_device(const char *device, bool wanted, const options *o, FILE *json) {
    glia_context *ctx = NULL;
    bool passed       = true;
    if (glia_context_create(device, &(glia_context_args){.threads = (int)o->threads}, &ctx) != GLIA_OK) {
        if (wanted) fprintf(stderr, "bench_train: %s\n", glia_message(NULL));
        return !wanted;
    }
    if (json) bench_write_facts(json, "train", glia_context_device(ctx));
    for (size_t i = 0; i < sizeof networks / sizeof *networks; ++i)
        if (!o->network || strstr(networks[i].name, o->network)) passed = measure(ctx, &networks[i], o, json) && passed;
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

static bool read_number(const char *text, long high, long *out) {
    char *end;
    *out = strtol(text, &end, 10);
    return end != text && *end == '\0' && *out >= 1 && *out <= high;
}

static bool read_option(const char *name, const char *value, options *o) {
    if (strcmp(name, "--device") == 0) return o->devices = value, true;
    if (strcmp(name, "--network") == 0) return o->network = value, true;
    if (strcmp(name, "--json") == 0) return o->json = value, true;
    if (strcmp(name, "--profile") == 0) return o->profile = value, true;
    if (strcmp(name, "--batch") == 0) return read_number(value, 65536, &o->batch);
    if (strcmp(name, "--width") == 0) return read_number(value, 1024, &o->width);
    if (strcmp(name, "--steps") == 0) return read_number(value, 100000, &o->steps);
    if (strcmp(name, "--epochs") == 0) return read_number(value, MOST_EPOCHS - 1, &o->epochs);
    if (strcmp(name, "--threads") == 0) return read_number(value, 1024, &o->threads);
    return false;
}

int main(int argc, char **argv) {
    options o = {.width = 64, .steps = 20, .epochs = 3};
    if (bench_helped(argc, argv, usage)) return 0;
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc || !read_option(argv[i], argv[i + 1], &o))
            return fprintf(stderr, "bench_train: %s needs a value, or is unknown; --help lists them\n", argv[i]), 2;
    FILE *json = o.json ? fopen(o.json, "w") : NULL;
    if (o.json && !json) return perror(o.json), 2;
    const bool passed = run(&o, json);
    if (json) fclose(json);
    return passed ? 0 : 1;
}

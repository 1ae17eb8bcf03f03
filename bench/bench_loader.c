/* Pictures of a folder on their way to a training: read, decoded, resized, cropped, mirrored, normalised. In the
 * calling thread alone, and by processor time, so that it is what one worker does. loader_against_torchvision times the
 * same. */
#define _POSIX_C_SOURCE 200809L
#include <glia/glia.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/program.h"

static const char usage[] =
    "usage: bench_loader --data DIR [options]\n"
    "Times the pictures of DIR, which has a folder for each class, as a training sees them.\n\n"
    "  --side N       their height and width (64)\n"
    "  --padding N    of the crop (4)\n"
    "  --passes N     over all of them (1)\n"
    "  --values FILE  writes the samples as they are, f32, instead\n";

enum { BATCH = 32 };

typedef struct options {
    const char *data, *values;
    long side, padding, passes;
} options;

/* Of the process, in seconds. */
static double processor_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static glia_status read_batch(glia_dataset *data, const options *o, int64_t epoch, int64_t first, int64_t n,
                              glia_tensor *image) {
    const glia_augment_args augment = {.transforms = {glia_augment_crop((int)o->padding), glia_augment_flip(0.5)}};
    int64_t index[BATCH];
    for (int64_t i = 0; i < n; ++i) index[i] = first + i;
    return o->values ? glia_dataset_get(data, index, n, &image, NULL)
                     : glia_augment_get(data, &augment, epoch, index, n, &image, NULL);
}

/* Into one tensor for all batches, as a training has it. */
static glia_status read_all(glia_dataset *data, const options *o, int64_t epoch, glia_tensor *image, FILE *values) {
    const int64_t all = glia_dataset_count(data), n = glia_tensor_shape(image).dim[0];
    for (int64_t first = 0; first + n <= all; first += n) {
        GLIA_TRY(read_batch(data, o, epoch, first, n, image));
        if (values) fwrite(glia_tensor_data(image), sizeof(float), (size_t)(n * 3 * o->side * o->side), values);
    }
    return GLIA_OK;
}

/* The largest number of samples up to BATCH that divides all of them. */
static int64_t batch_of(int64_t all) {
    int64_t n = all < BATCH ? all : BATCH;
    while (n > 1 && all % n != 0) --n;
    return n;
}

static glia_status measure(glia_context *ctx, const options *o, FILE *values) {
    const glia_image_dataset_args args = {
        .height = o->side, .width = o->side, .mean = {0.485, 0.456, 0.406}, .std = {0.229, 0.224, 0.225}};
    glia_dataset *data = NULL;
    glia_tensor *image = NULL;
    glia_status status = glia_dataset_from_image_folder(ctx, o->data, &args, &data);
    const int64_t all  = status == GLIA_OK ? glia_dataset_count(data) : 0;
    if (status == GLIA_OK)
        status = glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(batch_of(all), 3, o->side, o->side), &image);
    const double start = processor_time();
    for (long pass = 0; pass < o->passes && status == GLIA_OK; ++pass) status = read_all(data, o, pass, image, values);
    const double seconds = processor_time() - start;
    if (status == GLIA_OK && !values)
        printf("{\"pictures\": %lld, \"seconds\": %.6f}\n", (long long)(all * o->passes), seconds);
    glia_tensor_destroy(image);
    glia_dataset_destroy(data);
    return status;
}

int main(int argc, char **argv) {
    options o         = {.side = 64, .padding = 4, .passes = 1};
    glia_context *ctx = NULL;
    if (bench_helped(argc, argv, usage)) return 0;
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (*value && strcmp(argv[i], "--data") == 0)
            o.data = value;
        else if (*value && strcmp(argv[i], "--values") == 0)
            o.values = value;
        else if (!(strcmp(argv[i], "--side") == 0 && bench_read_number(value, 4096, &o.side)) &&
                 !(strcmp(argv[i], "--padding") == 0 && bench_read_number(value, 4096, &o.padding)) &&
                 !(strcmp(argv[i], "--passes") == 0 && bench_read_number(value, 1 << 20, &o.passes)))
            return bench_refuse("bench_loader", argv[i]);
    }
    if (!o.data) return bench_refuse("bench_loader", "--data");
    FILE *values = o.values ? fopen(o.values, "wb") : NULL;
    if (o.values && !values) return perror(o.values), 2;
    glia_status status = glia_context_create("cpu", &(glia_context_args){.threads = 1}, &ctx);
    if (status == GLIA_OK) status = measure(ctx, &o, values);
    if (status != GLIA_OK) fprintf(stderr, "bench_loader: %s\n", glia_message(ctx));
    glia_context_destroy(ctx);
    if (values && fclose(values) != 0) return perror(o.values), 1;
    return status == GLIA_OK ? 0 : 1;
}

#include "support/samples.h"

#include <stdlib.h>

/* One field of the batch: a tensor where it is wanted. */
static glia_status make_tensor(glia_context *ctx, glia_field field, int64_t n, glia_tensor **out) {
    glia_shape shape = {.ndim = field.shape.ndim + 1, .dim = {n}};
    for (int d = 0; d < field.shape.ndim; ++d) shape.dim[d + 1] = field.shape.dim[d];
    return glia_tensor_create(ctx, field.dtype, shape, out);
}

static glia_status read_tensor(const glia_tensor *tensor, void *to) {
    const size_t bytes = (size_t)glia_tensor_count(tensor) * glia_dtype_size(glia_tensor_dtype(tensor));
    return to ? glia_tensor_read(tensor, to, bytes) : GLIA_OK;
}

glia_status read_samples(glia_context *ctx, glia_dataset *data, int64_t n, void *const *inputs, void *const *targets) {
    const int n_inputs = glia_dataset_inputs(data), n_targets = glia_dataset_targets(data);
    glia_tensor *in[GLIA_MAX_FIELDS] = {0}, *out[GLIA_MAX_FIELDS] = {0};
    int64_t *index     = malloc((size_t)n * sizeof *index);
    glia_status status = index ? GLIA_OK : GLIA_OUT_OF_MEMORY;
    for (int64_t i = 0; i < n && status == GLIA_OK; ++i) index[i] = i;
    for (int i = 0; i < n_inputs && status == GLIA_OK; ++i)
        status = make_tensor(ctx, glia_dataset_input(data, i), n, &in[i]);
    for (int i = 0; i < n_targets && status == GLIA_OK; ++i)
        status = make_tensor(ctx, glia_dataset_target(data, i), n, &out[i]);
    if (status == GLIA_OK) status = glia_dataset_get(data, index, n, in, out);
    for (int i = 0; i < n_inputs && status == GLIA_OK; ++i) status = read_tensor(in[i], inputs[i]);
    for (int i = 0; i < n_targets && status == GLIA_OK; ++i) status = read_tensor(out[i], targets[i]);
    for (int i = 0; i < GLIA_MAX_FIELDS; ++i) glia_tensor_destroy(in[i]), glia_tensor_destroy(out[i]);
    free(index);
    return status;
}

static glia_status write_grid(glia_context *ctx, glia_image *const *images, int64_t n, int64_t columns,
                              const char *path) {
    glia_image *grid = NULL, *large = NULL;
    glia_status status         = glia_image_grid(ctx, (const glia_image *const *)images, n,
                                                 &(glia_image_grid_args){.columns = columns, .gap = 2, .gap_grey = 1}, &grid);
    const glia_image_info size = glia_image_get_info(grid);
    if (status == GLIA_OK)
        status = glia_image_resize(grid, 2 * size.height, 2 * size.width, GLIA_IMAGE_NEAREST, &large);
    if (status == GLIA_OK) status = glia_image_write(large, path);
    glia_image_destroy(grid);
    glia_image_destroy(large);
    return status;
}

glia_status write_pictures(glia_context *ctx, const float *pictures, int64_t n, int64_t columns, const int size[2],
                           const char *path) {
    const glia_image_args args = {.height = size[0], .width = size[1], .channels = 3};
    glia_image **images        = calloc((size_t)n, sizeof *images);
    glia_status status         = images ? GLIA_OK : GLIA_OUT_OF_MEMORY;
    for (int64_t i = 0; i < n && status == GLIA_OK; ++i)
        status = glia_image_from_f32(ctx, &args, pictures + i * 3 * size[0] * size[1], NULL, NULL, &images[i]);
    if (status == GLIA_OK) status = write_grid(ctx, images, n, columns, path);
    for (int64_t i = 0; images && i < n; ++i) glia_image_destroy(images[i]);
    free(images);
    return status;
}

static glia_status read_square(glia_context *ctx, const char *path, int64_t side, glia_image **out) {
    glia_image *whole = NULL;
    GLIA_TRY(glia_image_read(ctx, path, &(glia_image_read_args){.channels = 3}, &whole));
    const glia_status status = glia_image_resize(whole, side, side, GLIA_IMAGE_BILINEAR, out);
    glia_image_destroy(whole);
    return status;
}

glia_status show_files(glia_context *ctx, glia_dataset *data, int64_t n, int64_t side, const char *path) {
    n                   = n < glia_dataset_count(data) ? n : glia_dataset_count(data);
    glia_image **images = calloc((size_t)n, sizeof *images), *grid = NULL;
    glia_status status = images ? GLIA_OK : GLIA_OUT_OF_MEMORY;
    for (int64_t i = 0; i < n && status == GLIA_OK; ++i)
        status = read_square(ctx, glia_dataset_sample_name(data, i), side, &images[i]);
    const glia_image_grid_args args = {.columns = (n + 1) / 2, .gap = 2};
    if (status == GLIA_OK) status = glia_image_grid(ctx, (const glia_image *const *)images, n, &args, &grid);
    if (status == GLIA_OK) status = glia_image_print(grid, stdout, NULL);
    if (status == GLIA_OK && path) status = glia_image_write(grid, path);
    for (int64_t i = 0; images && i < n; ++i) glia_image_destroy(images[i]);
    glia_image_destroy(grid);
    free(images);
    return status;
}

static void paint_classes(const int64_t *classes, int64_t pixels, float *picture) {
    static const float colours[8][3] = {{0, 0, 0},          {0.9F, 0.3F, 0.2F}, {0.3F, 0.7F, 0.3F}, {0.2F, 0.4F, 0.9F},
                                        {0.9F, 0.8F, 0.2F}, {0.6F, 0.3F, 0.7F}, {0.3F, 0.8F, 0.8F}, {0.9F, 0.9F, 0.9F}};
    for (int64_t i = 0; i < pixels; ++i)
        for (int c = 0; c < 3; ++c) picture[c * pixels + i] = colours[classes[i] > 0 ? 1 + (classes[i] - 1) % 7 : 0][c];
}

/* The first samples of a dataset, and their pictures. */
typedef struct sheet {
    glia_dataset *samples;
    int size[2]; /* of a picture */
    int64_t n, pixels, elements;
    float *pictures; /* three rows */
} sheet;

static glia_status open_sheet(glia_dataset *data, int64_t n, sheet *out) {
    const glia_shape shape = glia_dataset_input(data, 0).shape;
    *out          = (sheet){.size = {(int)shape.dim[1], (int)shape.dim[2]}, .pixels = shape.dim[1] * shape.dim[2]};
    out->n        = n < glia_dataset_count(data) ? n : glia_dataset_count(data);
    out->elements = out->n * 3 * out->pixels;
    out->pictures = malloc((size_t)(3 * out->elements) * sizeof *out->pictures);
    return out->pictures ? glia_dataset_take(data, 0, out->n, &out->samples) : GLIA_OUT_OF_MEMORY;
}

static void close_sheet(sheet *s) {
    glia_dataset_destroy(s->samples);
    free(s->pictures);
}

glia_status show_pictures(glia_context *ctx, glia_model *net, glia_dataset *data, int64_t n, const char *path) {
    sheet s;
    glia_status status = open_sheet(data, n, &s);
    float *made = s.pictures + s.elements, *wanted = made + s.elements;
    if (status == GLIA_OK) status = read_samples(ctx, s.samples, s.n, (void *[]){s.pictures}, (void *[]){wanted});
    if (status == GLIA_OK) status = glia_model_predict(net, s.samples, 0, made, (size_t)s.elements * sizeof *made);
    if (status == GLIA_OK) status = write_pictures(ctx, s.pictures, 3 * s.n, s.n, s.size, path);
    close_sheet(&s);
    return status;
}

glia_status show_masks(glia_context *ctx, glia_model *net, glia_dataset *data, int64_t n, const char *path) {
    sheet s;
    glia_status status  = open_sheet(data, n, &s);
    const size_t bytes  = (size_t)(s.n * s.pixels) * sizeof(int64_t);
    int64_t *classes[2] = {malloc(bytes), malloc(bytes)}; /* found, and wanted */
    if (status == GLIA_OK && !(classes[0] && classes[1])) status = GLIA_OUT_OF_MEMORY;
    if (status == GLIA_OK) status = read_samples(ctx, s.samples, s.n, (void *[]){s.pictures}, (void *[]){classes[1]});
    if (status == GLIA_OK) status = glia_model_predict_classes(net, s.samples, 0, classes[0], bytes);
    for (int64_t i = 0; i < 2 * s.n && status == GLIA_OK; ++i)
        paint_classes(classes[i / s.n] + i % s.n * s.pixels, s.pixels, s.pictures + s.elements + i * 3 * s.pixels);
    if (status == GLIA_OK) status = write_pictures(ctx, s.pictures, 3 * s.n, s.n, s.size, path);
    for (int i = 0; i < 2; ++i) free(classes[i]);
    close_sheet(&s);
    return status;
}

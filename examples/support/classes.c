#include "classes.h"

#include <stdlib.h>
#include <string.h>

#include "example.h"

enum { AT_ONCE = 1000 };

/* What is kept, and a part of the data set to choose from. */
typedef struct choice {
    glia_dataset *data;
    int64_t first, last, most, count;
    size_t pixels; /* of an image */
    float *images, *part_images;
    int64_t *labels, part_labels[AT_ONCE];
    glia_tensor *image, *label; /* the part, as tensors */
} choice;

/* Reads `n` samples from `begin` on, and keeps those of the classes. */
static glia_status choose(choice *c, int64_t begin, int64_t n) {
    int64_t index[AT_ONCE];
    for (int64_t i = 0; i < AT_ONCE; ++i) index[i] = begin + (i < n ? i : 0);
    TRY(glia_dataset_get(c->data, index, AT_ONCE, &c->image, &c->label));
    TRY(glia_tensor_read(c->image, c->part_images, AT_ONCE * c->pixels * sizeof *c->images));
    TRY(glia_tensor_read(c->label, c->part_labels, sizeof c->part_labels));
    for (int64_t i = 0; i < n && c->count < c->most; ++i) {
        if (c->part_labels[i] < c->first || c->part_labels[i] > c->last) continue;
        memcpy(c->images + (size_t)c->count * c->pixels, c->part_images + (size_t)i * c->pixels,
               c->pixels * sizeof *c->images);
        c->labels[c->count++] = c->part_labels[i] - c->first;
    }
    return GLIA_OK;
}

static glia_status fill(glia_context *ctx, choice *c, glia_shape shape, glia_dataset **out) {
    const int64_t all = glia_dataset_count(c->data);
    glia_shape part   = {.ndim = shape.ndim + 1, .dim = {AT_ONCE}};
    memcpy(part.dim + 1, shape.dim, (size_t)shape.ndim * sizeof *shape.dim);
    TRY(glia_tensor_create(ctx, GLIA_F32, part, &c->image));
    TRY(glia_tensor_create(ctx, GLIA_I64, GLIA_SHAPE(AT_ONCE), &c->label));
    for (int64_t begin = 0; begin < all && c->count < c->most; begin += AT_ONCE)
        TRY(choose(c, begin, all - begin < AT_ONCE ? all - begin : AT_ONCE));
    const glia_array image      = {.name = "image", .dtype = GLIA_F32, .shape = shape, .data = c->images};
    const glia_array label      = {.name = "label", .dtype = GLIA_I64, .shape = GLIA_SCALAR, .data = c->labels};
    const glia_arrays_args args = {
        .inputs = &image, .n_inputs = 1, .targets = &label, .n_targets = 1, .count = c->count, .copy = true};
    return glia_dataset_from_arrays(ctx, &args, out);
}

glia_status take_classes(glia_context *ctx, glia_dataset *data, int64_t first, int64_t last, int64_t most,
                         glia_dataset **out) {
    const glia_shape shape = glia_dataset_input(data, 0).shape;
    choice c               = {.data = data, .first = first, .last = last, .pixels = 1};
    c.most                 = most < glia_dataset_count(data) ? most : glia_dataset_count(data);
    for (int i = 0; i < shape.ndim; ++i) c.pixels *= (size_t)shape.dim[i];
    c.images           = malloc((size_t)c.most * c.pixels * sizeof *c.images);
    c.part_images      = malloc(AT_ONCE * c.pixels * sizeof *c.part_images);
    c.labels           = malloc((size_t)c.most * sizeof *c.labels);
    glia_status status = GLIA_OUT_OF_MEMORY;
    if (c.images && c.part_images && c.labels) status = fill(ctx, &c, shape, out);
    glia_tensor_destroy(c.image);
    glia_tensor_destroy(c.label);
    free(c.images);
    free(c.part_images);
    free(c.labels);
    return status;
}

/* Datasets from the files of MNIST and its successors. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/tensor_impl.h"
#include "data/dataset.h"
#include "data/folder.h"
#include "io/idx.h"

static glia_status read_args(glia_context *ctx, const glia_idx_args *given, glia_idx_args *out) {
    *out = given ? *given : (glia_idx_args){0};
    if (out->label_dtype == GLIA_F32) out->label_dtype = GLIA_I64;
    if (out->max_bytes == 0) out->max_bytes = (size_t)1 << 30;
    if (out->std == 0) out->std = 1;
    GLI_REQUIRE(ctx, out->label_dtype == GLIA_I32 || out->label_dtype == GLIA_I64, GLIA_INVALID_ARGUMENT,
                "IDX: label_dtype is %s, must be i32 or i64", glia_dtype_name(out->label_dtype));
    GLI_REQUIRE(ctx, isfinite(out->scale) && isfinite(out->mean) && isfinite(out->std) && out->std > 0,
                GLIA_INVALID_ARGUMENT, "IDX: scale %g, mean %g and std %g must be finite, and std positive", out->scale,
                out->mean, out->std);
    GLI_REQUIRE(ctx, !out->raw || (out->scale == 0 && out->mean == 0 && out->std == 1), GLIA_INVALID_ARGUMENT,
                "IDX: raw images have no scale %g, mean %g or std %g", out->scale, out->mean, out->std);
    return GLIA_OK;
}

#define SHAPE_OF_IDX(idx) gli_shape_text((idx)->ndim, (idx)->dim, (char[GLI_SHAPE_TEXT]){0})

static glia_status check_pair(glia_context *ctx, const char *images_path, const gli_idx *images,
                              const char *labels_path, const gli_idx *labels) {
    GLI_REQUIRE(ctx, images->ndim >= 2, GLIA_BAD_FORMAT, "%s: has the shape %s: these are labels, not images",
                images_path, SHAPE_OF_IDX(images));
    GLI_REQUIRE(ctx, labels->ndim == 1, GLIA_BAD_FORMAT, "%s: has the shape %s: these are images, not labels",
                labels_path, SHAPE_OF_IDX(labels));
    GLI_REQUIRE(ctx, labels->dtype == GLIA_U8 || labels->dtype == GLIA_I32, GLIA_BAD_FORMAT,
                "%s: labels are %s, must be integers", labels_path, glia_dtype_name(labels->dtype));
    GLI_REQUIRE(ctx, images->dim[0] == labels->dim[0], GLIA_BAD_FORMAT, "%s has %lld images, but %s has %lld labels",
                images_path, (long long)images->dim[0], labels_path, (long long)labels->dim[0]);
    return GLIA_OK;
}

/* Moves the content of a file to field i. */
static glia_status add_field(glia_dataset *dataset, int i, const char *name, gli_idx *idx) {
    const bool flat_image = idx->ndim == 3; /* one channel, which the file leaves out */
    glia_shape shape      = {.ndim = idx->ndim - 1 + flat_image};
    shape.dim[0]          = 1;
    memcpy(shape.dim + flat_image, idx->dim + 1, (size_t)(idx->ndim - 1) * sizeof *idx->dim);
    GLI_TRY(gli_dataset_describe(dataset, "IDX", i, &(glia_field){name, idx->dtype, shape}));
    gli_own_store(dataset)->fields[i].owned = idx->data;
    gli_own_store(dataset)->fields[i].data  = idx->data.data;
    idx->data                               = (gli_block){0};
    return GLIA_OK;
}

static glia_status assemble(glia_context *ctx, const glia_idx_args *args, gli_idx *images, gli_idx *labels,
                            glia_dataset **out) {
    glia_dataset *dataset;
    GLI_TRY(gli_dataset_new(ctx, "IDX", images->dim[0], 1, 1, &dataset));
    const double unit  = args->scale != 0 ? args->scale : images->dtype == GLIA_U8 ? 1 / 255.0 : 1;
    const double scale = unit / args->std, offset = -args->mean / args->std;
    glia_status status = add_field(dataset, 0, "image", images);
    if (status == GLIA_OK) status = add_field(dataset, 1, "label", labels);
    if (status == GLIA_OK && !args->raw) status = gli_dataset_scale(dataset, 0, 1, &scale, &offset);
    if (status == GLIA_OK) {
        gli_own_store(dataset)->fields[1].delivered = args->label_dtype;
        *out                                        = dataset;
    } else {
        glia_dataset_destroy(dataset);
    }
    return status;
}

static glia_status from_idx(glia_context *ctx, const char *images_path, const char *labels_path,
                            const glia_idx_args *given, glia_dataset **out) {
    GLI_REQUIRE(ctx, images_path && labels_path && out, GLIA_INVALID_ARGUMENT, "glia_dataset_from_idx: %s is NULL",
                !images_path   ? "images"
                : !labels_path ? "labels"
                               : "out");
    glia_idx_args args;
    GLI_TRY(read_args(ctx, given, &args));
    gli_idx images = {0}, labels = {0};
    glia_status status = gli_idx_read(ctx, images_path, args.max_bytes, &images);
    if (status == GLIA_OK) status = gli_idx_read(ctx, labels_path, args.max_bytes, &labels);
    if (status == GLIA_OK) status = check_pair(ctx, images_path, &images, labels_path, &labels);
    if (status == GLIA_OK) status = assemble(ctx, &args, &images, &labels, out);
    gli_block_free(ctx, &images.data);
    gli_block_free(ctx, &labels.data);
    return status;
}

glia_status glia_dataset_from_idx(glia_context *ctx, const char *images, const char *labels, const glia_idx_args *args,
                                  glia_dataset **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_idx(ctx, images, labels, args, out);
    gli_leave(ctx);
    return status;
}

static glia_status find_file(glia_context *ctx, const char *folder, const char *stem, const char *kind, char *path) {
    char dash[64], dot[64];
    snprintf(dash, sizeof dash, "%s-%s-ubyte", stem, kind);
    snprintf(dot, sizeof dot, "%s.%s-ubyte", stem, kind);
    return gli_data_file(ctx, folder, dash, dot, path);
}

static glia_status from_folder(glia_context *ctx, const char *folder, glia_part part, const glia_idx_args *args,
                               glia_dataset **out) {
    char images[GLI_PATH_BYTES], labels[GLI_PATH_BYTES];
    GLI_TRY(gli_data_folder(ctx, "glia_dataset_from_idx_folder", folder, part, &folder));
    const bool train = part == GLIA_PART_TRAIN;
    GLI_TRY(find_file(ctx, folder, train ? "train-images" : "t10k-images", "idx3", images));
    GLI_TRY(find_file(ctx, folder, train ? "train-labels" : "t10k-labels", "idx1", labels));
    return from_idx(ctx, images, labels, args, out);
}

glia_status glia_dataset_from_idx_folder(glia_context *ctx, const char *folder, glia_part part,
                                         const glia_idx_args *args, glia_dataset **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_folder(ctx, folder, part, args, out);
    gli_leave(ctx);
    return status;
}

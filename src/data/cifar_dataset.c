/* Datasets from the binary files of CIFAR-10 and CIFAR-100. */
#include <math.h>
#include <stdio.h>

#include "core/context_impl.h"
#include "data/dataset.h"
#include "data/folder.h"
#include "io/cifar.h"

static glia_status check_normalisation(glia_context *ctx, const glia_cifar_args *args) {
    for (int c = 0; c < GLI_CIFAR_CHANNELS; ++c) {
        const double mean = args->mean[c], std = args->std[c];
        GLI_REQUIRE(ctx, isfinite(mean) && isfinite(std) && std >= 0, GLIA_INVALID_ARGUMENT,
                    "CIFAR: mean[%d] is %g and std[%d] is %g, must be finite, and std not negative", c, mean, c, std);
        GLI_REQUIRE(ctx, !args->raw || (mean == 0 && std == 0), GLIA_INVALID_ARGUMENT,
                    "CIFAR: raw images have no mean[%d] %g or std[%d] %g", c, mean, c, std);
    }
    return GLIA_OK;
}

static glia_status read_args(glia_context *ctx, const glia_cifar_args *given, glia_cifar_args *out) {
    *out = given ? *given : (glia_cifar_args){0};
    if (out->label_dtype == GLIA_F32) out->label_dtype = GLIA_I64;
    if (out->max_bytes == 0) out->max_bytes = (size_t)1 << 30;
    GLI_REQUIRE(ctx, (unsigned)out->kind <= GLIA_CIFAR_100_COARSE, GLIA_INVALID_ARGUMENT, "CIFAR: invalid kind %d",
                (int)out->kind);
    GLI_REQUIRE(ctx, out->label_dtype == GLIA_I32 || out->label_dtype == GLIA_I64, GLIA_INVALID_ARGUMENT,
                "CIFAR: label_dtype is %s, must be i32 or i64", glia_dtype_name(out->label_dtype));
    return check_normalisation(ctx, out);
}

/* Moves a block of bytes into field i. */
static glia_status add_field(glia_dataset *dataset, int i, const char *name, glia_shape shape, gli_block *bytes) {
    GLI_TRY(gli_dataset_describe(dataset, "CIFAR", i, &(glia_field){name, GLIA_U8, shape}));
    gli_own_store(dataset)->fields[i].owned = *bytes;
    gli_own_store(dataset)->fields[i].data  = bytes->data;
    *bytes                                  = (gli_block){0};
    return GLIA_OK;
}

static glia_status normalise(glia_dataset *dataset, const glia_cifar_args *args) {
    double scale[GLI_CIFAR_CHANNELS], offset[GLI_CIFAR_CHANNELS];
    for (int c = 0; c < GLI_CIFAR_CHANNELS; ++c) {
        const double std = args->std[c] != 0 ? args->std[c] : 1;
        scale[c]         = 1 / 255.0 / std;
        offset[c]        = -args->mean[c] / std;
    }
    return gli_dataset_scale(dataset, 0, GLI_CIFAR_CHANNELS, scale, offset);
}

static glia_status assemble(glia_context *ctx, const glia_cifar_args *args, gli_cifar_set *set, glia_dataset **out) {
    const glia_shape image = GLIA_SHAPE(GLI_CIFAR_CHANNELS, GLI_CIFAR_SIDE, GLI_CIFAR_SIDE);
    glia_dataset *dataset;
    GLI_TRY(gli_dataset_new(ctx, "CIFAR", set->count, 1, 1, &dataset));
    glia_status status = add_field(dataset, 0, "image", image, &set->images);
    if (status == GLIA_OK) status = add_field(dataset, 1, "label", GLIA_SCALAR, &set->labels);
    if (status == GLIA_OK && !args->raw) status = normalise(dataset, args);
    if (status == GLIA_OK) {
        gli_own_store(dataset)->fields[1].delivered = args->label_dtype;
        *out                                        = dataset;
    } else {
        glia_dataset_destroy(dataset);
    }
    return status;
}

static glia_status from_cifar(glia_context *ctx, const char *const *paths, int n_paths, const glia_cifar_args *given,
                              glia_dataset **out) {
    GLI_REQUIRE(ctx, paths && out, GLIA_INVALID_ARGUMENT, "glia_dataset_from_cifar: %s is NULL",
                paths ? "out" : "paths");
    GLI_REQUIRE(ctx, n_paths >= 1, GLIA_INVALID_ARGUMENT, "glia_dataset_from_cifar: n_paths is %d, must be at least 1",
                n_paths);
    for (int i = 0; i < n_paths; ++i)
        GLI_REQUIRE(ctx, paths[i], GLIA_INVALID_ARGUMENT, "glia_dataset_from_cifar: paths[%d] is NULL", i);
    glia_cifar_args args;
    GLI_TRY(read_args(ctx, given, &args));
    gli_cifar_set set;
    GLI_TRY(gli_cifar_read(ctx, paths, n_paths, args.kind, args.max_bytes, &set));
    const glia_status status = assemble(ctx, &args, &set, out);
    gli_block_free(ctx, &set.images);
    gli_block_free(ctx, &set.labels);
    return status;
}

glia_status glia_dataset_from_cifar(glia_context *ctx, const char *const *paths, int n_paths,
                                    const glia_cifar_args *args, glia_dataset **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_cifar(ctx, paths, n_paths, args, out);
    gli_leave(ctx);
    return status;
}

static glia_status from_folder(glia_context *ctx, const char *folder, glia_part part, const glia_cifar_args *given,
                               glia_dataset **out) {
    enum { MAX_FILES = 5 };
    char found[MAX_FILES][GLI_PATH_BYTES], name[32];
    const char *paths[MAX_FILES];
    glia_cifar_args args;
    GLI_TRY(read_args(ctx, given, &args));
    GLI_TRY(gli_data_folder(ctx, "glia_dataset_from_cifar_folder", folder, part, &folder));
    const bool train = part == GLIA_PART_TRAIN, ten = args.kind == GLIA_CIFAR_10;
    const int files = ten && train ? MAX_FILES : 1;
    for (int i = 0; i < files; ++i) {
        if (ten && train)
            snprintf(name, sizeof name, "data_batch_%d.bin", i + 1);
        else
            snprintf(name, sizeof name, "%s", ten ? "test_batch.bin" : train ? "train.bin" : "test.bin");
        GLI_TRY(gli_data_file(ctx, folder, name, NULL, found[i]));
        paths[i] = found[i];
    }
    return from_cifar(ctx, paths, files, &args, out);
}

glia_status glia_dataset_from_cifar_folder(glia_context *ctx, const char *folder, glia_part part,
                                           const glia_cifar_args *args, glia_dataset **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = from_folder(ctx, folder, part, args, out);
    gli_leave(ctx);
    return status;
}

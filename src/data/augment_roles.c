/* What a list of transforms means for the fields of a dataset. */
#include "data/augment_roles.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/dtype.h"
#include "core/tensor_impl.h"
#include "ops/data/augmentation_check.h"

/* ---- The list ---- */

static glia_status take_list(glia_context *ctx, const char *who, const glia_augment_args *args,
                             glia_take_batch_params *to) {
    int n = 0;
    while (n < GLIA_MAX_TRANSFORMS && args->transforms[n].kind != GLIA_TRANSFORM_NONE) ++n;
    for (int i = n; i < GLIA_MAX_TRANSFORMS; ++i)
        GLI_REQUIRE(ctx, args->transforms[i].kind == GLIA_TRANSFORM_NONE, GLIA_INVALID_ARGUMENT,
                    "%s: transform %d is behind the end of the list, which is transform %d", who, i, n);
    for (int i = 0; i < n; ++i) {
        to->kind[i]        = args->transforms[i].kind;
        to->probability[i] = args->transforms[i].probability;
        memcpy(&to->value[3 * (size_t)i], args->transforms[i].value, sizeof args->transforms[i].value);
    }
    GLI_REQUIRE(ctx, args->height >= 0 && args->height <= INT32_MAX && args->width >= 0 && args->width <= INT32_MAX,
                GLIA_INVALID_ARGUMENT, "%s: height is %lld and width %lld, must be 0 to %d", who,
                (long long)args->height, (long long)args->width, INT32_MAX);
    to->crop[0] = (int)args->height;
    to->crop[1] = (int)args->width;
    to->edge    = args->edge;
    to->nearest = args->nearest;
    return GLIA_OK;
}

/* ---- The picture ---- */

static glia_status find_picture(const glia_dataset *of, const char *who, const glia_augment_args *args, int *out) {
    glia_context *ctx = of->ctx;
    *out              = args->picture ? gli_dataset_find(of, args->picture) : 0;
    GLI_REQUIRE(ctx, *out >= 0 && *out < of->n_inputs, GLIA_INVALID_ARGUMENT,
                "%s: the picture is '%.63s', which is no input of the dataset", who, args->picture);
    const gli_data_field *field = gli_column_field(of, *out);
    const char *name            = of->columns[*out].name;
    char shape[GLI_SHAPE_TEXT];
    GLI_REQUIRE(ctx, field->shape.ndim == 2 || field->shape.ndim == 3, GLIA_SHAPE_MISMATCH,
                "%s: the input '%s' is %s, a picture must be [C,H,W] or [H,W]%s", who, name,
                gli_shape_text(field->shape.ndim, field->shape.dim, shape),
                args->picture ? "" : ": picture names another input");
    GLI_REQUIRE(ctx, field->delivered == GLIA_F32, GLIA_DTYPE_MISMATCH,
                "%s: the input '%s' is %s, a picture must be f32", who, name, glia_dtype_name(field->delivered));
    return GLIA_OK;
}

/* What 0 and 1 of a picture are in the numbers of its field: as the args say, or as it was made of bytes. */
static glia_status find_colours(const glia_dataset *of, const char *who, const glia_augment_args *args, int picture,
                                glia_take_batch_params *to) {
    const gli_data_field *field = gli_column_field(of, picture);
    for (int c = 0; c < 4; ++c) {
        const double mean = args->mean[c], std = args->std[c];
        GLI_REQUIRE(of->ctx, isfinite(mean) && isfinite(std) && (std != 0 || mean == 0), GLIA_INVALID_ARGUMENT,
                    "%s: mean[%d] is %g and std[%d] %g, must be finite, and no mean without an std", who, c, mean, c,
                    std);
        const gli_affine bytes =
            field->byte_scales ? field->byte_scale[c < field->byte_scales ? c : 0] : (gli_affine){1.0 / UINT8_MAX, 0};
        to->black[c] = std != 0 ? -mean / std : bytes.offset;
        to->white[c] = std != 0 ? (1 - mean) / std : UINT8_MAX * bytes.scale + bytes.offset;
    }
    GLI_REQUIRE(of->ctx, field->channels <= 1 || field->shape.ndim == 3, GLIA_SHAPE_MISMATCH,
                "%s: the rows of the picture '%s' are scaled each by itself", who, of->columns[picture].name);
    return GLIA_OK;
}

/* ---- The other fields ---- */

static bool is_mask(const glia_shape *shape, const glia_shape *picture) {
    const int n = shape->ndim, m = picture->ndim;
    return (n == 2 || n == 3) && shape->dim[n - 1] == picture->dim[m - 1] && shape->dim[n - 2] == picture->dim[m - 2];
}

static glia_status find_classes(const glia_dataset *of, const char *who, const glia_augment_args *args, int column,
                                int *out) {
    enum { MOST = 1 << 24 };
    const int64_t classes = args->classes ? args->classes : gli_column_field(of, column)->n_classes;
    GLI_REQUIRE(
        of->ctx, classes != 0, GLIA_INVALID_ARGUMENT,
        "%s: mixup and cutmix make probabilities of '%s', but how many classes it has is not known: set classes", who,
        of->columns[column].name);
    GLI_REQUIRE(of->ctx, classes >= 2 && classes <= MOST, GLIA_INVALID_ARGUMENT, "%s: classes is %lld, must be 2 to %d",
                who, (long long)classes, MOST);
    *out = (int)classes;
    return GLIA_OK;
}

static void set_size(const glia_shape *pixels, glia_take_batch_params *to) {
    to->size[0] = (int)pixels->dim[pixels->ndim - 2];
    to->size[1] = (int)pixels->dim[pixels->ndim - 1];
}

static glia_status check_boxes(const glia_dataset *of, const char *who, int column, const glia_shape *pixels,
                               glia_take_batch_params *to) {
    const gli_data_field *field = gli_column_field(of, column);
    const bool rows = field->shape.ndim == 2 && field->shape.dim[1] == GLI_BOX_NUMBERS && field->delivered == GLIA_F32;
    GLI_REQUIRE(of->ctx, rows, GLIA_SHAPE_MISMATCH, "%s: the boxes '%s' are %s %s, must be f32 [M,%d]", who,
                of->columns[column].name, glia_dtype_name(field->delivered),
                gli_shape_text(field->shape.ndim, field->shape.dim, (char[GLI_SHAPE_TEXT]){0}), GLI_BOX_NUMBERS);
    to->role = GLIA_TAKE_BOXES;
    set_size(pixels, to);
    return GLIA_OK;
}

static glia_status check_box_classes(const glia_dataset *of, const char *who, const glia_augment_args *args, int column,
                                     glia_take_batch_params *to) {
    const gli_data_field *field = gli_column_field(of, column);
    const int64_t boxes         = gli_column_field(of, gli_dataset_find(of, args->boxes))->shape.dim[0];
    const bool classes          = field->delivered == GLIA_I32 || field->delivered == GLIA_I64;
    GLI_REQUIRE(of->ctx, classes && field->shape.ndim == 1 && field->shape.dim[0] == boxes, GLIA_SHAPE_MISMATCH,
                "%s: the classes of boxes '%s' are %s %s, must be i32 or i64 [%lld], as many as boxes", who,
                of->columns[column].name, glia_dtype_name(field->delivered),
                gli_shape_text(field->shape.ndim, field->shape.dim, (char[GLI_SHAPE_TEXT]){0}), (long long)boxes);
    to->role = GLIA_TAKE_BOX_CLASSES;
    return GLIA_OK;
}

static bool is_target(const glia_dataset *of, int column, const char *name) {
    return name && column >= of->n_inputs && strcmp(of->columns[column].name, name) == 0;
}

static glia_status find_role(const glia_dataset *of, const char *who, const glia_augment_args *args, int picture,
                             int column, glia_take_batch_params *to) {
    const gli_data_field *field = gli_column_field(of, column);
    const glia_shape *pixels    = &gli_column_field(of, picture)->shape;
    char shape[GLI_SHAPE_TEXT];
    to->fill = args->mask_fill;
    if (is_target(of, column, args->boxes)) return check_boxes(of, who, column, pixels, to);
    if (is_target(of, column, args->box_classes)) return check_box_classes(of, who, args, column, to);
    if (is_mask(&field->shape, pixels)) return to->role = GLIA_TAKE_MASK, GLIA_OK;
    if (!gli_transforms_mix(to)) return to->role = GLIA_TAKE_PLAIN, GLIA_OK;
    set_size(pixels, to);
    if (field->delivered == GLIA_F32) return to->role = GLIA_TAKE_MIXED, GLIA_OK;
    GLI_REQUIRE(of->ctx,
                (field->delivered == GLIA_I32 || field->delivered == GLIA_I64) && field->shape.ndim == 0 &&
                    column >= of->n_inputs,
                GLIA_UNSUPPORTED, "%s: mixup and cutmix cannot mix '%s', which is %s %s: classes and f32 can be mixed",
                who, of->columns[column].name, glia_dtype_name(field->delivered),
                gli_shape_text(field->shape.ndim, field->shape.dim, shape));
    to->role = GLIA_TAKE_CLASSES;
    return find_classes(of, who, args, column, &to->classes);
}

static glia_status make_augmentation(const glia_dataset *of, const char *who, int column,
                                     const glia_take_batch_params *params, gli_augmentation *out) {
    const glia_shape *shape = &gli_column_field(of, column)->shape;
    const int64_t *dim      = shape->dim + shape->ndim - 2;
    return gli_augmentation_make(of->ctx, who, params, shape->ndim == 3 ? shape->dim[0] : 1, dim[0], dim[1], out);
}

/* The columns that the args name as boxes and as their classes. */
static glia_status find_boxes(const glia_dataset *of, const char *who, const glia_augment_args *args, int *out) {
    glia_context *ctx = of->ctx;
    *out              = args->boxes ? gli_dataset_find(of, args->boxes) : -1;
    GLI_REQUIRE(ctx, !args->boxes || *out >= of->n_inputs, GLIA_INVALID_ARGUMENT,
                "%s: the boxes are '%.63s', which is no target of the dataset", who, args->boxes);
    if (!args->box_classes) return GLIA_OK;
    GLI_REQUIRE(ctx, args->boxes, GLIA_INVALID_ARGUMENT,
                "%s: the classes of boxes are '%.63s', but boxes is NULL: it names theirs", who, args->box_classes);
    const int classes = gli_dataset_find(of, args->box_classes);
    GLI_REQUIRE(ctx, classes >= of->n_inputs && classes != *out, GLIA_INVALID_ARGUMENT,
                "%s: the classes of boxes are '%.63s', which is no other target of the dataset", who,
                args->box_classes);
    return GLIA_OK;
}

/* What the op has where nothing is said. */
static void set_plain(glia_take_batch_params *p) {
    memset(p, 0, sizeof *p);
    for (int c = 0; c < 4; ++c) p->white[c] = 1;
}

glia_status gli_augment_roles(const glia_dataset *of, const glia_augment_args *args, uint64_t seed, const char *call,
                              gli_augmented *out) {
    glia_take_batch_params common;
    gli_augmentation unused;
    char who[96];
    snprintf(who, sizeof who, "%s: augment", call);
    set_plain(&common); /* also between the fields: params are compared byte by byte */
    common.seed = seed;
    GLI_TRY(take_list(of->ctx, who, args, &common));
    GLI_TRY(find_picture(of, who, args, &out->picture));
    GLI_TRY(find_boxes(of, who, args, &out->boxes));
    for (int i = 0; i < gli_dataset_columns(of); ++i) {
        glia_take_batch_params *p = &out->params[i];
        memcpy(p, &common, sizeof *p);
        if (i == out->picture) {
            p->role = GLIA_TAKE_PICTURE;
            p->fill = args->fill;
            GLI_TRY(find_colours(of, who, args, i, p));
            GLI_TRY(make_augmentation(of, who, i, p, &out->of_picture));
            continue;
        }
        GLI_TRY(find_role(of, who, args, out->picture, i, p));
        if (p->role == GLIA_TAKE_MASK) GLI_TRY(make_augmentation(of, who, i, p, &unused));
        if (p->role == GLIA_TAKE_BOXES)
            GLI_TRY(gli_augmentation_make(of->ctx, who, p, 1, p->size[0], p->size[1], &unused));
        const glia_take_role role = p->role;
        if (role != GLIA_TAKE_PLAIN && role != GLIA_TAKE_BOX_CLASSES) continue;
        set_plain(p);
        p->role = role;
    }
    return GLIA_OK;
}

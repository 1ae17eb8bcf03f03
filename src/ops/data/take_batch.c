#include "ops/data/take_batch_geom.h"

#include <stddef.h>
#include <stdio.h>

#include "ops/check.h"
#include "ops/data/augmentation_check.h"

_Static_assert(sizeof(gli_take_batch_geom) <= GLI_MAX_GEOMETRY, "the geometry has to fit");

static glia_status check_table(const gli_resolution *r, const glia_tensor *samples, const glia_tensor *table,
                               int elements, int *parts) {
    GLI_REQUIRE(r->ctx, samples->dtype == GLIA_U8, GLIA_DTYPE_MISMATCH, "%s: samples is %s, with a table it must be u8",
                r->op->name, glia_dtype_name(samples->dtype));
    GLI_REQUIRE(r->ctx, table->dtype == GLIA_F32, GLIA_DTYPE_MISMATCH, "%s: table is %s, must be f32", r->op->name,
                glia_dtype_name(table->dtype));
    GLI_REQUIRE(r->ctx, table->ndim == 2 && table->dim[1] == UINT8_MAX + 1 && table->dim[0] >= 1, GLIA_SHAPE_MISMATCH,
                "%s: table is %s, must be [parts,256]", r->op->name, GLI_SHAPE_OF(table));
    GLI_REQUIRE(r->ctx, elements % table->dim[0] == 0, GLIA_SHAPE_MISMATCH,
                "%s: table is %s, the %d elements of a sample are not as many equal parts", r->op->name,
                GLI_SHAPE_OF(table), elements);
    *parts = (int)table->dim[0];
    return GLIA_OK;
}

/* Input i, which is there, has one element of i64. */
static glia_status check_number(const gli_resolution *r, int i) {
    GLI_REQUIRE(r->ctx, r->in[i]->dtype == GLIA_I64, GLIA_DTYPE_MISMATCH, "%s: %s is %s, must be i64", r->op->name,
                r->op->inputs[i].name, glia_dtype_name(r->in[i]->dtype));
    GLI_REQUIRE(r->ctx, gli_count(r->in[i]) == 1, GLIA_SHAPE_MISMATCH, "%s: %s is %s, must have one element",
                r->op->name, r->op->inputs[i].name, GLI_SHAPE_OF(r->in[i]));
    return GLIA_OK;
}

static const glia_tensor *input(const gli_resolution *r, int i) { return i < r->n_in ? r->in[i] : NULL; }

static glia_status check_indices(const gli_resolution *r, int i) {
    GLI_REQUIRE(r->ctx, r->in[i]->dtype == GLIA_I64, GLIA_DTYPE_MISMATCH, "%s: %s is %s, must be i64", r->op->name,
                r->op->inputs[i].name, glia_dtype_name(r->in[i]->dtype));
    return gli_check_ndim(r, i, 1);
}

/* ---- Roles ---- */

/* Of a picture, or a mask: samples, and their dimensions. */
static glia_status check_planes(const gli_resolution *r, gli_take_batch_geom *g) {
    const glia_take_batch_params *p = r->params;
    const glia_tensor *samples      = r->in[GLI_TAKE_BATCH_SAMPLES];
    const bool picture              = p->role == GLIA_TAKE_PICTURE;
    GLI_REQUIRE(r->ctx, samples->ndim == 3 || samples->ndim == 4, GLIA_SHAPE_MISMATCH,
                "%s: samples is %s, must be [N,C,H,W] or [N,H,W] for a %s", r->op->name, GLI_SHAPE_OF(samples),
                picture ? "picture" : "mask");
    GLI_REQUIRE(r->ctx, !picture || g->parts > 0 || samples->dtype == GLIA_F32, GLIA_DTYPE_MISMATCH,
                "%s: samples is %s, pictures must be f32 or have a table", r->op->name,
                glia_dtype_name(samples->dtype));
    GLI_REQUIRE(r->ctx, picture || g->parts == 0, GLIA_INVALID_ARGUMENT, "%s: a mask has no table", r->op->name);
    GLI_REQUIRE(r->ctx, p->size[0] == 0 && p->size[1] == 0, GLIA_INVALID_ARGUMENT,
                "%s: size is {%d,%d}, of %s it must be left at 0", r->op->name, p->size[0], p->size[1],
                GLI_SHAPE_OF(samples));
    const int64_t *dim     = samples->dim + samples->ndim - 2;
    const int64_t channels = samples->ndim == 4 ? samples->dim[1] : 1;
    GLI_REQUIRE(r->ctx, g->parts <= 1 || g->parts == channels, GLIA_SHAPE_MISMATCH,
                "%s: the table has %d parts, must have 1 or one for each of %lld channels", r->op->name, g->parts,
                (long long)channels);
    return gli_augmentation_make(r->ctx, r->op->name, p, channels, dim[0], dim[1], &g->augmentation);
}

static glia_status check_classes(const gli_resolution *r) {
    const glia_take_batch_params *p = r->params;
    const glia_tensor *samples      = r->in[GLI_TAKE_BATCH_SAMPLES];
    GLI_REQUIRE(r->ctx, samples->dtype == GLIA_I32 || samples->dtype == GLIA_I64, GLIA_DTYPE_MISMATCH,
                "%s: samples is %s, classes must be i32 or i64", r->op->name, glia_dtype_name(samples->dtype));
    GLI_REQUIRE(r->ctx, samples->ndim == 1, GLIA_SHAPE_MISMATCH, "%s: samples is %s, classes must be [N]", r->op->name,
                GLI_SHAPE_OF(samples));
    GLI_REQUIRE(r->ctx, p->classes >= 2 && (int64_t)p->classes * p->batch <= INT32_MAX, GLIA_INVALID_ARGUMENT,
                "%s: classes is %d, must be at least 2, and %d times it less than 2^31", r->op->name, p->classes,
                p->batch);
    return GLIA_OK;
}

static glia_status check_box_classes(const gli_resolution *r, const gli_take_batch_geom *g) {
    const glia_tensor *samples = r->in[GLI_TAKE_BATCH_SAMPLES], *boxes = input(r, GLI_TAKE_BATCH_BOXES);
    GLI_REQUIRE(r->ctx, (samples->dtype == GLIA_I32 || samples->dtype == GLIA_I64) && samples->ndim == 2,
                GLIA_SHAPE_MISMATCH, "%s: samples is %s %s, classes of boxes must be i32 or i64 [N,M]", r->op->name,
                glia_dtype_name(samples->dtype), GLI_SHAPE_OF(samples));
    GLI_REQUIRE(r->ctx, boxes, GLIA_INVALID_ARGUMENT, "%s: boxes is NULL, their classes need them", r->op->name);
    GLI_REQUIRE(r->ctx, boxes->dtype == GLIA_F32, GLIA_DTYPE_MISMATCH, "%s: boxes is %s, must be f32", r->op->name,
                glia_dtype_name(boxes->dtype));
    GLI_REQUIRE(r->ctx,
                boxes->ndim == 3 && boxes->dim[0] == g->batch && boxes->dim[1] == g->elements &&
                    boxes->dim[2] == GLI_BOX_NUMBERS,
                GLIA_SHAPE_MISMATCH, "%s: boxes is %s, must be [%d,%d,%d]", r->op->name, GLI_SHAPE_OF(boxes), g->batch,
                g->elements, GLI_BOX_NUMBERS);
    return GLIA_OK;
}

static glia_status check_role(const gli_resolution *r, gli_take_batch_geom *g) {
    const glia_take_batch_params *p = r->params;
    const glia_tensor *samples      = r->in[GLI_TAKE_BATCH_SAMPLES];
    g->role                         = p->role;
    if (p->role == GLIA_TAKE_BOX_CLASSES) return check_box_classes(r, g);
    GLI_REQUIRE(r->ctx, !input(r, GLI_TAKE_BATCH_BOXES), GLIA_INVALID_ARGUMENT,
                "%s: boxes is %s, must be NULL but for classes of boxes", r->op->name,
                GLI_SHAPE_OF(r->in[GLI_TAKE_BATCH_BOXES]));
    if (p->role == GLIA_TAKE_PLAIN) return GLIA_OK;
    GLI_REQUIRE(r->ctx, input(r, GLI_TAKE_BATCH_EPOCH), GLIA_INVALID_ARGUMENT, "%s: epoch is NULL, transforms need it",
                r->op->name);
    if (p->role == GLIA_TAKE_PICTURE || p->role == GLIA_TAKE_MASK) return check_planes(r, g);
    g->classes = p->role == GLIA_TAKE_CLASSES ? p->classes : 0;
    if (p->role == GLIA_TAKE_CLASSES) GLI_TRY(check_classes(r));
    GLI_REQUIRE(r->ctx, g->parts == 0 && (p->role == GLIA_TAKE_CLASSES || samples->dtype == GLIA_F32),
                GLIA_DTYPE_MISMATCH, "%s: samples is %s%s, what is mixed, and boxes, must be f32 without a table",
                r->op->name, glia_dtype_name(samples->dtype), g->parts > 0 ? " with a table" : "");
    const bool boxes = samples->ndim == 3 && samples->dim[2] == GLI_BOX_NUMBERS;
    GLI_REQUIRE(r->ctx, p->role != GLIA_TAKE_BOXES || boxes, GLIA_SHAPE_MISMATCH,
                "%s: samples is %s, boxes must be [N,M,%d]", r->op->name, GLI_SHAPE_OF(samples), GLI_BOX_NUMBERS);
    return gli_augmentation_make(r->ctx, r->op->name, p, 1, p->size[0], p->size[1], &g->augmentation);
}

static glia_status resolve(gli_resolution *r) {
    const glia_take_batch_params *p = r->params;
    gli_take_batch_geom *g          = r->geom;
    const glia_tensor *samples = r->in[GLI_TAKE_BATCH_SAMPLES], *order = r->in[GLI_TAKE_BATCH_ORDER];
    const glia_tensor *table = input(r, GLI_TAKE_BATCH_TABLE), *view = input(r, GLI_TAKE_BATCH_VIEW);
    int64_t dim[GLIA_MAX_DIMS] = {p->batch};
    GLI_REQUIRE(r->ctx, p->batch >= 1, GLIA_INVALID_ARGUMENT, "%s: batch is %d, must be at least 1", r->op->name,
                p->batch);
    GLI_REQUIRE(r->ctx, samples->ndim >= 1, GLIA_SHAPE_MISMATCH,
                "%s: samples is %s, must have a dimension to count them", r->op->name, GLI_SHAPE_OF(samples));
    GLI_TRY(check_indices(r, GLI_TAKE_BATCH_ORDER));
    GLI_TRY(check_number(r, GLI_TAKE_BATCH_POSITION));
    if (input(r, GLI_TAKE_BATCH_EPOCH)) GLI_TRY(check_number(r, GLI_TAKE_BATCH_EPOCH));
    if (view) GLI_TRY(check_indices(r, GLI_TAKE_BATCH_VIEW));
    int outer;
    gli_split_at(samples, 0, &outer, &g->samples, &g->elements);
    g->length = (int)order->dim[0];
    g->batch  = p->batch;
    g->count  = view ? (int)view->dim[0] : g->samples;
    if (table) GLI_TRY(check_table(r, samples, table, g->elements, &g->parts));
    GLI_TRY(check_role(r, g));
    for (int i = 1; i < samples->ndim; ++i) dim[i] = samples->dim[i];
    if (g->role == GLIA_TAKE_PICTURE || g->role == GLIA_TAKE_MASK) {
        dim[samples->ndim - 2] = g->augmentation.height;
        dim[samples->ndim - 1] = g->augmentation.width;
    }
    if (g->role == GLIA_TAKE_CLASSES)
        gli_set_dims(&r->out[0], GLIA_F32, g->batch, g->classes);
    else
        gli_set_shape(&r->out[0], table ? GLIA_F32 : samples->dtype, samples->ndim, dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    (void)geom;
    *out = (gli_cost){0};
}

static bool exact(const void *geom) { return ((const gli_take_batch_geom *)geom)->role == GLIA_TAKE_PLAIN; }

static const gli_op_input inputs[] = {
    [GLI_TAKE_BATCH_SAMPLES]  = {"samples", GLI_IN_PART},
    [GLI_TAKE_BATCH_ORDER]    = {"order", GLI_IN_INDEX | GLI_IN_PART},
    [GLI_TAKE_BATCH_POSITION] = {"position", GLI_IN_INDEX},
    [GLI_TAKE_BATCH_TABLE]    = {"table", GLI_IN_OPTIONAL},
    [GLI_TAKE_BATCH_EPOCH]    = {"epoch", GLI_IN_OPTIONAL | GLI_IN_INDEX},
    [GLI_TAKE_BATCH_VIEW]     = {"view", GLI_IN_OPTIONAL | GLI_IN_INDEX | GLI_IN_PART},
    [GLI_TAKE_BATCH_BOXES]    = {"boxes", GLI_IN_OPTIONAL},
};
static const gli_op_output outputs[] = {{"y", GLI_OUT_IMAGE}};

static const char *const roles[] = {"plain", "picture", "mask", "classes", "mixed", "boxes", "box_classes"};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_take_batch_params, batch),       GLI_PARAM_NAMED(glia_take_batch_params, role, roles),
    GLI_PARAM(glia_take_batch_params, classes),     GLI_PARAM(glia_take_batch_params, size),
    GLI_PARAM(glia_take_batch_params, crop),        GLI_PARAM_NAMED(glia_take_batch_params, kind, gli_transform_names),
    GLI_PARAM(glia_take_batch_params, probability), GLI_PARAM(glia_take_batch_params, value),
    GLI_PARAM(glia_take_batch_params, black),       GLI_PARAM(glia_take_batch_params, white),
    GLI_PARAM(glia_take_batch_params, fill),        GLI_PARAM(glia_take_batch_params, edge),
    GLI_PARAM(glia_take_batch_params, nearest),     GLI_PARAM_RANDOM(glia_take_batch_params, seed),
};
static const glia_take_batch_params defaults = {.batch = 0, .white = {1, 1, 1, 1}};

const gli_op gli_op_take_batch = {
    .name = "take_batch",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_take_batch_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve,
    .cost      = cost,
    .exact     = exact,
};

glia_status glia_take_batch(glia_context *ctx, const glia_take_batch_params *params, const glia_tensor *samples,
                            const glia_tensor *order, const glia_tensor *position, const glia_tensor *table,
                            const glia_tensor *epoch, const glia_tensor *view, const glia_tensor *boxes,
                            glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_take_batch, params, GLI_IN(samples, order, position, table, epoch, view, boxes),
                       GLI_OUT(y));
}

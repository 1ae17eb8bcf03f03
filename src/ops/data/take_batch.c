#include "ops/data/take_batch_geom.h"

#include "ops/check.h"

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

static glia_status resolve(gli_resolution *r) {
    const glia_take_batch_params *p = r->params;
    gli_take_batch_geom *g          = r->geom;
    const glia_tensor *samples = r->in[GLI_TAKE_BATCH_SAMPLES], *order = r->in[GLI_TAKE_BATCH_ORDER];
    const glia_tensor *position = r->in[GLI_TAKE_BATCH_POSITION];
    const glia_tensor *table    = r->n_in > GLI_TAKE_BATCH_TABLE ? r->in[GLI_TAKE_BATCH_TABLE] : NULL;
    int64_t dim[GLIA_MAX_DIMS]  = {p->batch};
    GLI_REQUIRE(r->ctx, p->batch >= 1, GLIA_INVALID_ARGUMENT, "%s: batch is %d, must be at least 1", r->op->name,
                p->batch);
    GLI_REQUIRE(r->ctx, samples->ndim >= 1, GLIA_SHAPE_MISMATCH,
                "%s: samples is %s, must have a dimension to count them", r->op->name, GLI_SHAPE_OF(samples));
    GLI_REQUIRE(r->ctx, order->dtype == GLIA_I64 && position->dtype == GLIA_I64, GLIA_DTYPE_MISMATCH,
                "%s: order is %s and position %s, must be i64", r->op->name, glia_dtype_name(order->dtype),
                glia_dtype_name(position->dtype));
    GLI_TRY(gli_check_ndim(r, GLI_TAKE_BATCH_ORDER, 1));
    GLI_REQUIRE(r->ctx, gli_count(position) == 1, GLIA_SHAPE_MISMATCH, "%s: position is %s, must have one element",
                r->op->name, GLI_SHAPE_OF(position));
    int outer;
    gli_split_at(samples, 0, &outer, &g->samples, &g->elements);
    g->length = (int)order->dim[0];
    g->batch  = p->batch;
    if (table) GLI_TRY(check_table(r, samples, table, g->elements, &g->parts));
    for (int i = 1; i < samples->ndim; ++i) dim[i] = samples->dim[i];
    gli_set_shape(&r->out[0], table ? GLIA_F32 : samples->dtype, samples->ndim, dim);
    return GLIA_OK;
}

static void cost(const void *geom, gli_cost *out) {
    (void)geom;
    *out = (gli_cost){0};
}

static const gli_op_input inputs[] = {
    [GLI_TAKE_BATCH_SAMPLES]  = {"samples", GLI_IN_PART},
    [GLI_TAKE_BATCH_ORDER]    = {"order", GLI_IN_INDEX | GLI_IN_PART},
    [GLI_TAKE_BATCH_POSITION] = {"position", GLI_IN_INDEX},
    [GLI_TAKE_BATCH_TABLE]    = {"table", GLI_IN_OPTIONAL},
};
static const gli_op_output outputs[] = {{"y", GLI_OUT_IMAGE}};

static const gli_op_param fields[] = {
    GLI_PARAM(glia_take_batch_params, batch),
};
static const glia_take_batch_params defaults = {.batch = 0};

const gli_op gli_op_take_batch = {
    .name = "take_batch",
    GLI_INPUTS(inputs),
    GLI_OUTPUTS(outputs),
    GLI_PARAMS(fields, defaults),
    .geom_size = sizeof(gli_take_batch_geom),
    .layout    = GLI_LAYOUT_IMAGE,
    .resolve   = resolve,
    .cost      = cost,
    .exact     = gli_exact_always,
};

glia_status glia_take_batch(glia_context *ctx, const glia_take_batch_params *params, const glia_tensor *samples,
                            const glia_tensor *order, const glia_tensor *position, const glia_tensor *table,
                            glia_tensor *y) {
    return gli_call_op(ctx, &gli_op_take_batch, params, GLI_IN(samples, order, position, table), GLI_OUT(y));
}

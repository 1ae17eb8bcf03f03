/* Initial weights: all from Philox, so that a seed gives the same network everywhere. */
#include <math.h>

#include "core/device.h"
#include "core/dtype.h"
#include "glia/ops/random.h"
#include "nn/model_impl.h"

const char *gli_init_mistake(const glia_init *init) {
    const bool used = (init->kind >= GLIA_INIT_CONSTANT && init->kind <= GLIA_INIT_TRUNCATED_NORMAL) ||
                      init->kind == GLIA_INIT_ORTHOGONAL;
    if (!used) return NULL;
    if (!isfinite((float)init->a) || !isfinite((float)init->b)) return "must be finite in f32";
    if (init->kind == GLIA_INIT_UNIFORM && init->a >= init->b) return "a must be below b";
    const bool normal = init->kind == GLIA_INIT_NORMAL || init->kind == GLIA_INIT_TRUNCATED_NORMAL;
    return normal && init->b <= 0 ? "b, the standard deviation, must be positive" : NULL;
}

/* uniform: [a, b); the normals: mean a, standard deviation b. Both are rounded to f32, so that models of f32 and of f64
 * start with the same numbers. */
static glia_status random_fill(glia_random_kind kind, double a, double b, uint32_t stream, glia_tensor *out) {
    glia_random_fill_params params = glia_random_fill_defaults();
    params.kind = kind, params.dtype = out->dtype;
    params.seed = out->ctx->seed, params.stream = stream;
    if (kind == GLIA_RANDOM_UNIFORM)
        params.low = (float)a, params.high = (float)b;
    else
        params.mean = (float)a, params.std = (float)b;
    params.shape.ndim = out->ndim;
    for (int i = 0; i < out->ndim; ++i) params.shape.dim[i] = out->dim[i];
    return glia_random_fill(out->ctx, &params, out);
}

/* Makes the rows of m [rows,columns], rows <= columns, orthonormal: Gram and Schmidt's method, modified, and done twice
 * so that rounding errors stay small. */
static void orthonormalize(double *m, int64_t rows, int64_t columns) {
    for (int64_t i = 0; i < rows; ++i) {
        double *row = m + i * columns;
        for (int pass = 0; pass < 2; ++pass)
            for (int64_t k = 0; k < i; ++k) {
                const double *earlier = m + k * columns;
                double dot            = 0;
                for (int64_t j = 0; j < columns; ++j) dot += row[j] * earlier[j];
                for (int64_t j = 0; j < columns; ++j) row[j] -= dot * earlier[j];
            }
        double square = 0;
        for (int64_t j = 0; j < columns; ++j) square += row[j] * row[j];
        const double scale = square > 0 ? 1 / sqrt(square) : 0;
        for (int64_t j = 0; j < columns; ++j) row[j] *= scale;
    }
}

/* count normal numbers, row-major, in host memory. */
static glia_status normal_numbers(glia_context *ctx, int64_t count, uint32_t stream, double *out) {
    glia_tensor drawn = {.ctx = ctx};
    gli_set_shape(&drawn, GLIA_F64, 1, &count);
    GLI_TRY(ctx->device->alloc(ctx, (size_t)count * sizeof *out, "an orthogonal weight", &drawn.owned));
    drawn.data         = drawn.owned.data;
    glia_status status = random_fill(GLIA_RANDOM_NORMAL, 0, 1, stream, &drawn);
    if (status == GLIA_OK) status = glia_tensor_read(&drawn, out, (size_t)count * sizeof *out);
    ctx->device->release(ctx, &drawn.owned);
    return status;
}

/* The weight as a matrix of its first dimension by the others; the shorter side becomes orthonormal. */
static glia_status orthogonal(const gli_weight *weight, uint32_t stream, glia_tensor *out) {
    glia_context *ctx   = out->ctx;
    const int64_t count = gli_count(out), rows = weight->ndim ? weight->dim[0] : 1, columns = rows ? count / rows : 0;
    const bool wide   = rows <= columns;
    const double gain = weight->init.a != 0 ? weight->init.a : 1;
    gli_block doubles, final;
    GLI_TRY(gli_block_alloc(ctx, (size_t)count, sizeof(double), "an orthogonal weight", &doubles));
    glia_status status =
        gli_block_alloc(ctx, (size_t)count, glia_dtype_size(out->dtype), "an orthogonal weight", &final);
    if (status == GLIA_OK) status = normal_numbers(ctx, count, stream, doubles.data);
    if (status == GLIA_OK) {
        const double *m          = doubles.data;
        const int64_t short_side = wide ? rows : columns, long_side = wide ? columns : rows;
        orthonormalize(doubles.data, short_side, long_side);
        for (int64_t i = 0; i < count; ++i) {
            const int64_t row = i / columns, column = i % columns;
            gli_store(out->dtype, final.data, i, gain * (wide ? m[i] : m[column * long_side + row]));
        }
        status = glia_tensor_write(out, final.data, final.bytes);
    }
    gli_block_free(ctx, &final);
    gli_block_free(ctx, &doubles);
    return status;
}

static glia_status fill(const gli_weight *weight, uint32_t stream, glia_tensor *out) {
    const glia_init init = weight->init;
    const double in      = (double)(weight->fan_in > 0 ? weight->fan_in : 1),
                 both    = in + (double)(weight->fan_out > 0 ? weight->fan_out : 1);
    switch (init.kind) {
        case GLIA_INIT_DEFAULT:
        case GLIA_INIT_ZEROS: return glia_tensor_fill(out, 0);
        case GLIA_INIT_CONSTANT: return glia_tensor_fill(out, init.a);
        case GLIA_INIT_UNIFORM: return random_fill(GLIA_RANDOM_UNIFORM, init.a, init.b, stream, out);
        case GLIA_INIT_NORMAL: return random_fill(GLIA_RANDOM_NORMAL, init.a, init.b, stream, out);
        case GLIA_INIT_TRUNCATED_NORMAL: return random_fill(GLIA_RANDOM_TRUNCATED_NORMAL, init.a, init.b, stream, out);
        case GLIA_INIT_GLOROT_UNIFORM:
            return random_fill(GLIA_RANDOM_UNIFORM, -sqrt(6 / both), sqrt(6 / both), stream, out);
        case GLIA_INIT_GLOROT_NORMAL: return random_fill(GLIA_RANDOM_NORMAL, 0, sqrt(2 / both), stream, out);
        case GLIA_INIT_HE_UNIFORM: return random_fill(GLIA_RANDOM_UNIFORM, -sqrt(6 / in), sqrt(6 / in), stream, out);
        case GLIA_INIT_HE_NORMAL: return random_fill(GLIA_RANDOM_NORMAL, 0, sqrt(2 / in), stream, out);
        case GLIA_INIT_ORTHOGONAL: return orthogonal(weight, stream, out);
    }
    return gli_fail(out->ctx, GLIA_INVALID_ARGUMENT, "%s: invalid init kind %d", weight->name, (int)init.kind);
}

glia_status gli_init_fill(const gli_weight *weight, uint32_t stream, glia_tensor *out) {
    GLI_TRY(fill(weight, stream, out));
    if (weight->zero_row == 0) return GLIA_OK;
    glia_tensor row     = *out;
    const int64_t first = (weight->zero_row - 1) * out->stride[0];
    row.owned           = (gli_block){0};
    row.dim[0]          = 1;
    row.data            = gli_data_at(out->data, (size_t)first * glia_dtype_size(out->dtype));
    return glia_tensor_fill(&row, 0);
}

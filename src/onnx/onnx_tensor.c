/* Tensors of a file: their types, shapes and values. */
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "core/tensor_impl.h"
#include "onnx/onnx_file.h"

typedef struct type_row {
    const char *name;
    bool has_dtype, as_constant; /* Glia computes with it; only constants become this dtype */
    glia_dtype dtype;
    int bytes;      /* of an element in raw_data */
    bool is_signed; /* of integers */
} type_row;

static const type_row types[] = {
    [ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT]      = {"float", true, false, GLIA_F32, 4, true},
    [ONNX__TENSOR_PROTO__DATA_TYPE__UINT8]      = {"uint8", true, false, GLIA_U8, 1, false},
    [ONNX__TENSOR_PROTO__DATA_TYPE__INT8]       = {"int8", false, true, GLIA_I32, 1, true},
    [ONNX__TENSOR_PROTO__DATA_TYPE__UINT16]     = {"uint16", false, true, GLIA_I32, 2, false},
    [ONNX__TENSOR_PROTO__DATA_TYPE__INT16]      = {"int16", false, true, GLIA_I32, 2, true},
    [ONNX__TENSOR_PROTO__DATA_TYPE__INT32]      = {"int32", true, false, GLIA_I32, 4, true},
    [ONNX__TENSOR_PROTO__DATA_TYPE__INT64]      = {"int64", true, false, GLIA_I64, 8, true},
    [ONNX__TENSOR_PROTO__DATA_TYPE__STRING]     = {"string", false, false, GLIA_F32, 0, false},
    [ONNX__TENSOR_PROTO__DATA_TYPE__BOOL]       = {"bool", true, false, GLIA_U8, 1, false},
    [ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16]    = {"float16", true, false, GLIA_F16, 2, true},
    [ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE]     = {"double", true, false, GLIA_F64, 8, true},
    [ONNX__TENSOR_PROTO__DATA_TYPE__UINT32]     = {"uint32", false, true, GLIA_I64, 4, false},
    [ONNX__TENSOR_PROTO__DATA_TYPE__UINT64]     = {"uint64", false, false, GLIA_F32, 8, false},
    [ONNX__TENSOR_PROTO__DATA_TYPE__COMPLEX64]  = {"complex64", false, false, GLIA_F32, 8, false},
    [ONNX__TENSOR_PROTO__DATA_TYPE__COMPLEX128] = {"complex128", false, false, GLIA_F32, 16, false},
    [ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16]   = {"bfloat16", true, false, GLIA_BF16, 2, true},
    {"float8e4m3fn", false, false, GLIA_F32, 1, true}, /* what newer schemas have */
    {"float8e4m3fnuz", false, false, GLIA_F32, 1, true},
    {"float8e5m2", false, false, GLIA_F32, 1, true},
    {"float8e5m2fnuz", false, false, GLIA_F32, 1, true},
    {"uint4", false, false, GLIA_F32, 1, false},
    {"int4", false, false, GLIA_F32, 1, true},
    {"float4e2m1", false, false, GLIA_F32, 1, true},
};

static const type_row *find_type(int type) {
    return type > 0 && type < (int)(sizeof types / sizeof *types) ? &types[type] : NULL;
}

const char *gli_onnx_type_name(int type) {
    const type_row *row = find_type(type);
    return row ? row->name : "?";
}

bool gli_onnx_dtype(int type, bool constant, glia_dtype *out) {
    const type_row *row = find_type(type);
    if (!row || !(row->has_dtype || (constant && row->as_constant))) return false;
    *out = row->dtype;
    return true;
}

int gli_onnx_type_of(glia_dtype dtype) {
    static const int of[GLIA_DTYPE_COUNT] = {
        [GLIA_F32] = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,     [GLIA_F64] = ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE,
        [GLIA_BF16] = ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16, [GLIA_F16] = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16,
        [GLIA_U8] = ONNX__TENSOR_PROTO__DATA_TYPE__UINT8,      [GLIA_I32] = ONNX__TENSOR_PROTO__DATA_TYPE__INT32,
        [GLIA_I64] = ONNX__TENSOR_PROTO__DATA_TYPE__INT64};
    return of[dtype];
}

/* ---- Values ---- */

typedef struct loading {
    glia_context *ctx;
    const char *path;
    const Onnx__TensorProto *from;
    const type_row *type;
    glia_shape shape;
    size_t count;
} loading;

static glia_status check_shape(loading *l) {
    const Onnx__TensorProto *t = l->from;
    GLI_REQUIRE(l->ctx, t->n_dims <= GLIA_MAX_DIMS, GLIA_UNSUPPORTED,
                "%s: tensor '%.64s' has %zu dimensions, more than %d", l->path, gli_onnx_text(t->name), t->n_dims,
                GLIA_MAX_DIMS);
    l->shape.ndim = (int)t->n_dims;
    int64_t count = 1;
    for (int i = 0; i < l->shape.ndim; ++i) {
        l->shape.dim[i] = t->dims[i];
        GLI_REQUIRE(l->ctx, t->dims[i] >= 0, GLIA_BAD_FORMAT, "%s: tensor '%.64s': dimension %d is %lld", l->path,
                    gli_onnx_text(t->name), i, (long long)t->dims[i]);
        GLI_REQUIRE(l->ctx, t->dims[i] <= GLI_ONNX_MOST_SIZE, GLIA_UNSUPPORTED,
                    "%s: tensor '%.64s': dimension %d is %lld, more than 2^31-1", l->path, gli_onnx_text(t->name), i,
                    (long long)t->dims[i]);
        count = gli_saturating_mul(count, t->dims[i]);
    }
    GLI_REQUIRE(l->ctx, count <= INT32_MAX, GLIA_UNSUPPORTED, "%s: tensor '%.64s' has more than 2^31-1 elements",
                l->path, gli_onnx_text(t->name));
    l->count = (size_t)count;
    return GLIA_OK;
}

/* How many elements stand in the fields of their type; float16 and bool are among the int32. */
static size_t typed_count(const loading *l) {
    const Onnx__TensorProto *t = l->from;
    switch (t->data_type) {
        case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: return t->n_float_data;
        case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: return t->n_double_data;
        case ONNX__TENSOR_PROTO__DATA_TYPE__INT64: return t->n_int64_data;
        case ONNX__TENSOR_PROTO__DATA_TYPE__UINT32: return t->n_uint64_data;
        default: return t->n_int32_data;
    }
}

static void copy_typed(const loading *l, void *to) {
    const Onnx__TensorProto *t = l->from;
    const glia_dtype dtype     = l->type->dtype;
    switch (t->data_type) {
        case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: memcpy(to, t->float_data, l->count * sizeof(float)); return;
        case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: memcpy(to, t->double_data, l->count * sizeof(double)); return;
        case ONNX__TENSOR_PROTO__DATA_TYPE__INT64: memcpy(to, t->int64_data, l->count * sizeof(int64_t)); return;
        case ONNX__TENSOR_PROTO__DATA_TYPE__UINT32: memcpy(to, t->uint64_data, l->count * sizeof(int64_t)); return;
        default: break;
    }
    for (size_t i = 0; i < l->count; ++i) {
        if (gli_dtype_is_half(dtype))
            ((uint16_t *)to)[i] = (uint16_t)t->int32_data[i];
        else if (dtype == GLIA_U8)
            ((uint8_t *)to)[i] = (uint8_t)t->int32_data[i];
        else
            ((int32_t *)to)[i] = t->int32_data[i];
    }
}

/* Elements of raw_data, which is little-endian, as Glia's machines are; integers of other sizes are widened in place.
 */
static void widen_raw(const loading *l, const unsigned char *from, void *to) {
    const int bytes = l->type->bytes;
    for (size_t i = 0; i < l->count; ++i) {
        uint64_t bits = 0;
        memcpy(&bits, from + i * (size_t)bytes, (size_t)bytes);
        if (l->type->is_signed && bits >> (8 * bytes - 1) & 1) bits |= ~UINT64_C(0) << 8 * bytes;
        if (l->type->dtype == GLIA_I64)
            ((int64_t *)to)[i] = (int64_t)bits;
        else
            ((int32_t *)to)[i] = (int32_t)(int64_t)bits;
    }
}

static bool is_external(const loading *l) {
    return l->from->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}

static size_t raw_bytes(const loading *l) { return l->count * (size_t)l->type->bytes; }

static glia_status check_values(const loading *l) {
    const Onnx__TensorProto *t = l->from;
    if (t->has_raw_data)
        GLI_REQUIRE(l->ctx, t->raw_data.len == raw_bytes(l), GLIA_BAD_FORMAT,
                    "%s: tensor '%.64s' has %zu bytes of values, its shape and type make %zu", l->path,
                    gli_onnx_text(t->name), t->raw_data.len, raw_bytes(l));
    else
        GLI_REQUIRE(l->ctx, typed_count(l) == l->count, GLIA_BAD_FORMAT,
                    "%s: tensor '%.64s' has %zu values, its shape makes %zu", l->path, gli_onnx_text(t->name),
                    typed_count(l), l->count);
    return GLIA_OK;
}

static void convert_raw(const loading *l, const unsigned char *from, void *to) {
    if (raw_bytes(l) == l->count * glia_dtype_size(l->type->dtype))
        memcpy(to, from, raw_bytes(l));
    else
        widen_raw(l, from, to);
}

static glia_status fill_external(const loading *l, const gli_onnx_external *file, void *to) {
    gli_block block;
    if (raw_bytes(l) == l->count * glia_dtype_size(l->type->dtype))
        return gli_onnx_external_read(l->ctx, file, to, raw_bytes(l));
    GLI_TRY(gli_block_alloc(l->ctx, raw_bytes(l), 1, "a tensor of ONNX", &block));
    const glia_status status = gli_onnx_external_read(l->ctx, file, block.data, raw_bytes(l));
    if (status == GLIA_OK) convert_raw(l, block.data, to);
    gli_block_free(l->ctx, &block);
    return status;
}

/* Memory is taken after it is known that there are values for it. */
static glia_status load_external(const loading *l, size_t *left, glia_tensor **out) {
    const char *name = gli_onnx_text(l->from->name);
    gli_onnx_external file;
    GLI_REQUIRE(l->ctx, left, GLIA_UNSUPPORTED,
                "%s: the values of tensor '%.64s' are in another file: those beside a file of one tensor are not read",
                l->path, name);
    GLI_REQUIRE(l->ctx, raw_bytes(l) <= *left, GLIA_UNSUPPORTED,
                "%s: the weights beside it have more than max_bytes: of tensor '%.64s' there are %zu, and %zu are left",
                l->path, name, raw_bytes(l), *left);
    GLI_TRY(gli_onnx_external_open(l->ctx, l->path, l->from, raw_bytes(l), &file));
    *left -= raw_bytes(l);
    glia_status status = glia_tensor_create(l->ctx, l->type->dtype, l->shape, out);
    if (status == GLIA_OK && l->count) status = fill_external(l, &file, (*out)->data);
    gli_onnx_external_close(&file);
    return status;
}

static glia_status load(const loading *l, size_t *left, glia_tensor **out) {
    if (is_external(l)) return load_external(l, left, out);
    GLI_TRY(check_values(l));
    GLI_TRY(glia_tensor_create(l->ctx, l->type->dtype, l->shape, out));
    if (l->count && l->from->has_raw_data) convert_raw(l, l->from->raw_data.data, (*out)->data);
    if (l->count && !l->from->has_raw_data) copy_typed(l, (*out)->data);
    return GLIA_OK;
}

glia_status gli_onnx_tensor_load(glia_context *host, const char *path, size_t *left, const Onnx__TensorProto *from,
                                 glia_tensor **out) {
    loading l = {.ctx = host, .path = path, .from = from, .type = find_type(from->data_type)};
    glia_dtype dtype;
    *out = NULL;
    GLI_REQUIRE(host, gli_onnx_dtype(from->data_type, true, &dtype), GLIA_UNSUPPORTED,
                "%s: tensor '%.64s' is of type %s", path, gli_onnx_text(from->name),
                gli_onnx_type_name(from->data_type));
    GLI_TRY(check_shape(&l));
    const glia_status status = load(&l, left, out);
    if (status != GLIA_OK) {
        glia_tensor_destroy(*out);
        *out = NULL;
    } else if (from->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__BOOL) {
        uint8_t *values = (*out)->data;
        for (size_t i = 0; i < l.count; ++i) values[i] = values[i] != 0;
    }
    return status;
}

/* Params of ops as JSON, by the tables of their descriptors; words, dtypes and shapes. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/dtype.h"
#include "glia/ops/common.h"
#include "model_file/format.h"

static const char all_axes[] = "all";

const char *const gli_init_words[] = {
    [GLIA_INIT_DEFAULT]          = "default",
    [GLIA_INIT_ZEROS]            = "zeros",
    [GLIA_INIT_CONSTANT]         = "constant",
    [GLIA_INIT_UNIFORM]          = "uniform",
    [GLIA_INIT_NORMAL]           = "normal",
    [GLIA_INIT_TRUNCATED_NORMAL] = "truncated_normal",
    [GLIA_INIT_GLOROT_UNIFORM]   = "glorot_uniform",
    [GLIA_INIT_GLOROT_NORMAL]    = "glorot_normal",
    [GLIA_INIT_HE_UNIFORM]       = "he_uniform",
    [GLIA_INIT_HE_NORMAL]        = "he_normal",
    [GLIA_INIT_ORTHOGONAL]       = "orthogonal",
};

glia_status gli_json_word(gli_json *json, const char *what, const char *const *words, int count, int *out) {
    char *word;
    GLI_TRY(gli_json_string(json, &word));
    for (int i = 0; i < count; ++i)
        if (words[i] && strcmp(words[i], word) == 0) return *out = i, GLIA_OK;
    return gli_fail(json->ctx, GLIA_UNSUPPORTED, "%s: %s is '%s', which this library does not know", json->path, what,
                    word);
}

glia_status gli_json_dtype(gli_json *json, glia_dtype *out) {
    const char *names[GLIA_DTYPE_COUNT];
    int found = 0;
    for (int i = 0; i < GLIA_DTYPE_COUNT; ++i) names[i] = glia_dtype_name((glia_dtype)i);
    GLI_TRY(gli_json_word(json, "dtype", names, GLIA_DTYPE_COUNT, &found));
    *out = (glia_dtype)found;
    return GLIA_OK;
}

static glia_status read_dim(gli_json *json, void *to, int index) {
    glia_shape *shape = to;
    if (index == GLIA_MAX_DIMS) return gli_json_refuse(json, "end of the shape");
    shape->ndim = index + 1;
    return gli_json_integer(json, &shape->dim[index]);
}

glia_status gli_json_shape(gli_json *json, glia_shape *out) {
    *out = (glia_shape){0};
    return gli_json_array(json, read_dim, out);
}

void gli_json_put_shape(gli_json_text *w, const glia_shape *shape) {
    gli_json_open(w, '[');
    for (int i = 0; i < shape->ndim; ++i) gli_json_put_integer(w, shape->dim[i]);
    gli_json_close(w, ']');
}

/* ---- Writing ---- */

static void put_axes(gli_json_text *w, uint32_t axes) {
    if (axes == GLIA_ALL_AXES) {
        gli_json_put_string(w, all_axes);
        return;
    }
    gli_json_open(w, '[');
    for (int bit = 0; bit < 32; ++bit)
        if (axes >> bit & 1) gli_json_put_integer(w, gli_axis_of_bit(bit));
    gli_json_close(w, ']');
}

static void put_element(gli_json_text *w, const gli_op_param *param, const void *value) {
    switch (param->type) {
        case GLI_PARAM_BOOL: gli_json_put_bool(w, *(const bool *)value); break;
        case GLI_PARAM_INT: gli_json_put_integer(w, *(const int *)value); break;
        case GLI_PARAM_INT64: gli_json_put_integer(w, *(const int64_t *)value); break;
        case GLI_PARAM_UINT32: gli_json_put_unsigned(w, *(const uint32_t *)value); break;
        case GLI_PARAM_UINT64: gli_json_put_unsigned(w, *(const uint64_t *)value); break;
        case GLI_PARAM_DOUBLE: gli_json_put_double(w, *(const double *)value); break;
        case GLI_PARAM_ENUM: gli_json_put_string(w, param->names[*(const int *)value]); break;
        case GLI_PARAM_AXES: put_axes(w, *(const uint32_t *)value); break;
        case GLI_PARAM_SHAPE: gli_json_put_shape(w, value); break;
    }
}

void gli_params_put(gli_json_text *w, const gli_op *op, const void *params) {
    gli_json_open(w, '{');
    for (int i = 0; i < op->n_params; ++i) {
        const gli_op_param *param = &op->params[i];
        const int count           = gli_param_count(param);
        if (gli_param_same(param, params, op->defaults)) continue;
        gli_json_key(w, param->name);
        if (count > 1) gli_json_open(w, '[');
        for (int k = 0; k < count; ++k) put_element(w, param, gli_param_element(param, params, k));
        if (count > 1) gli_json_close(w, ']');
    }
    gli_json_close(w, '}');
}

/* ---- Reading ---- */

static glia_status read_axis(gli_json *json, void *to, int index) {
    uint32_t *axes = to;
    int64_t axis;
    (void)index;
    GLI_TRY(gli_json_integer(json, &axis));
    if (axis < -GLIA_MAX_DIMS || axis >= GLIA_MAX_DIMS) return gli_json_refuse(json, "axis");
    *axes |= GLIA_AXIS((int)axis);
    return GLIA_OK;
}

static glia_status read_axes(gli_json *json, uint32_t *out) {
    int word                  = 0;
    const char *const words[] = {all_axes};
    *out                      = 0;
    if (gli_json_peek(json) != '"') return gli_json_array(json, read_axis, out);
    GLI_TRY(gli_json_word(json, "the set of axes", words, 1, &word));
    *out = GLIA_ALL_AXES;
    return GLIA_OK;
}

static glia_status read_int(gli_json *json, int *out) {
    int64_t value;
    GLI_TRY(gli_json_integer(json, &value));
    if (value < INT_MIN || value > INT_MAX) return gli_json_refuse(json, "whole number from -2^31 to 2^31 - 1");
    *out = (int)value;
    return GLIA_OK;
}

static glia_status read_uint32(gli_json *json, uint32_t *out) {
    uint64_t value;
    GLI_TRY(gli_json_unsigned(json, &value));
    if (value > UINT32_MAX) return gli_json_refuse(json, "whole number up to 2^32 - 1");
    *out = (uint32_t)value;
    return GLIA_OK;
}

static glia_status read_element(gli_json *json, const gli_op_param *param, void *out) {
    switch (param->type) {
        case GLI_PARAM_BOOL: return gli_json_bool(json, out);
        case GLI_PARAM_INT: return read_int(json, out);
        case GLI_PARAM_INT64: return gli_json_integer(json, out);
        case GLI_PARAM_UINT32: return read_uint32(json, out);
        case GLI_PARAM_UINT64: return gli_json_unsigned(json, out);
        case GLI_PARAM_DOUBLE: return gli_json_double(json, out);
        case GLI_PARAM_ENUM: return gli_json_word(json, "it", param->names, param->n_names, out);
        case GLI_PARAM_AXES: return read_axes(json, out);
        case GLI_PARAM_SHAPE: return gli_json_shape(json, out);
    }
    return GLIA_OK;
}

static glia_status read_param(gli_json *json, const gli_op_param *param, void *params) {
    const int count = gli_param_count(param);
    if (count > 1) GLI_TRY(gli_json_take(json, '['));
    for (int k = 0; k < count; ++k) {
        if (k > 0) GLI_TRY(gli_json_take(json, ','));
        GLI_TRY(read_element(json, param, (void *)gli_param_element(param, params, k)));
    }
    return count > 1 ? gli_json_take(json, ']') : GLIA_OK;
}

/* What is wrong with a param is said of that param. */
static glia_status read_named(gli_json *json, const char *where, const gli_op *op, const gli_op_param *param,
                              void *params) {
    char name[sizeof json->ctx->message];
    const char *path = json->path;
    snprintf(name, sizeof name, "%s: %s: %s of op %s", path, where, param->name, op->name);
    json->path               = name;
    const glia_status status = read_param(json, param, params);
    json->path               = path;
    return status;
}

static const gli_op_param *find_param(const gli_op *op, const char *name) {
    for (int i = 0; i < op->n_params; ++i)
        if (strcmp(op->params[i].name, name) == 0) return &op->params[i];
    return NULL;
}

glia_status gli_params_read(gli_json *json, const char *where, const gli_op *op, void *params) {
    uint64_t had = 0; /* a bit for each param */
    bool more;
    GLI_TRY(gli_json_take(json, '{'));
    for (int n = 0;; ++n) {
        char *name;
        GLI_TRY(gli_json_more(json, n, '}', &more));
        if (!more) return GLIA_OK;
        GLI_TRY(gli_json_string(json, &name));
        GLI_TRY(gli_json_take(json, ':'));
        const gli_op_param *param = find_param(op, name);
        GLI_REQUIRE(json->ctx, param, GLIA_UNSUPPORTED, "%s: %s: op %s has no param '%s'", json->path, where, op->name,
                    name);
        const uint64_t bit = UINT64_C(1) << (param - op->params);
        GLI_REQUIRE(json->ctx, !(had & bit), GLIA_BAD_FORMAT, "%s: %s: op %s has the param '%s' twice", json->path,
                    where, op->name, name);
        had |= bit;
        GLI_TRY(read_named(json, where, op, param, params));
    }
}

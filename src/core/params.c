#include "core/params.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "core/op.h"
#include "core/print.h"
#include "glia/ops/common.h"

static size_t element_size(gli_param_type type) {
    switch (type) {
        case GLI_PARAM_BOOL: return sizeof(bool);
        case GLI_PARAM_INT:
        case GLI_PARAM_ENUM: return sizeof(int);
        case GLI_PARAM_UINT32:
        case GLI_PARAM_AXES: return sizeof(uint32_t);
        case GLI_PARAM_INT64: return sizeof(int64_t);
        case GLI_PARAM_UINT64: return sizeof(uint64_t);
        case GLI_PARAM_DOUBLE: return sizeof(double);
        case GLI_PARAM_SHAPE: return sizeof(glia_shape);
    }
    return 1;
}

int gli_param_count(const gli_op_param *param) { return (int)(param->size / element_size(param->type)); }

const void *gli_param_element(const gli_op_param *param, const void *params, int i) {
    return (const char *)params + param->offset + (size_t)i * element_size(param->type);
}

const void *gli_params_or_defaults(const gli_op *op, const void *params) { return params ? params : op->defaults; }

const gli_op_param *gli_params_bad_enum(const gli_op *op, const void *params, int *value) {
    for (int i = 0; i < op->n_params; ++i) {
        const gli_op_param *param = &op->params[i];
        if (param->type != GLI_PARAM_ENUM) continue;
        for (int k = 0; k < gli_param_count(param); ++k) {
            memcpy(value, gli_param_element(param, params, k), sizeof *value);
            if (*value < 0 || *value >= param->n_names) return param;
        }
    }
    return NULL;
}

typedef struct writer {
    char *text;
    size_t used;
} writer;

static void put(writer *w, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const int length = gli_format_list(w->text + w->used, GLI_PARAMS_TEXT - w->used, format, args);
    va_end(args);
    if (length > 0) w->used += (size_t)length;
    if (w->used >= GLI_PARAMS_TEXT) w->used = GLI_PARAMS_TEXT - 1;
}

static void put_axes(writer *w, uint32_t axes) {
    if (axes == GLIA_ALL_AXES) {
        put(w, "all");
        return;
    }
    const char *separator = "";
    put(w, "{");
    for (int bit = 0; bit < 32; ++bit)
        if (axes >> bit & 1) put(w, "%s%d", separator, gli_axis_of_bit(bit)), separator = ",";
    put(w, "}");
}

static void put_element(writer *w, const gli_op_param *param, const void *value) {
    union {
        bool truth;
        int i;
        int64_t i64;
        uint32_t u32;
        uint64_t u64;
        double real;
        glia_shape shape;
    } v;
    char shape[GLI_SHAPE_TEXT];
    memcpy(&v, value, element_size(param->type));
    switch (param->type) {
        case GLI_PARAM_BOOL: put(w, "%s", v.truth ? "true" : "false"); break;
        case GLI_PARAM_INT: put(w, "%d", v.i); break;
        case GLI_PARAM_INT64: put(w, "%lld", (long long)v.i64); break;
        case GLI_PARAM_UINT32: put(w, "%lu", (unsigned long)v.u32); break;
        case GLI_PARAM_UINT64: put(w, "%llu", (unsigned long long)v.u64); break;
        case GLI_PARAM_DOUBLE: put(w, "%g", v.real); break;
        case GLI_PARAM_AXES: put_axes(w, v.u32); break;
        case GLI_PARAM_SHAPE: put(w, "%s", gli_shape_text(v.shape.ndim, v.shape.dim, shape)); break;
        case GLI_PARAM_ENUM:
            if (v.i >= 0 && v.i < param->n_names)
                put(w, "%s", param->names[v.i]);
            else
                put(w, "%d", v.i);
            break;
    }
}

/* Writes an array up to the last element that differs from its default, but at least two elements. */
static void put_param(writer *w, const gli_op_param *param, const void *params, const void *defaults) {
    const int count = gli_param_count(param);
    int shown       = count < 2 ? count : 2;
    for (int i = shown; i < count; ++i)
        if (memcmp(gli_param_element(param, params, i), gli_param_element(param, defaults, i),
                   element_size(param->type)) != 0)
            shown = i + 1;
    put(w, " %s=%s", param->name, count > 1 ? "{" : "");
    for (int i = 0; i < shown; ++i) {
        if (i > 0) put(w, ",");
        put_element(w, param, gli_param_element(param, params, i));
    }
    if (count > 1) put(w, "}");
}

/* A shape has bytes between its fields, which are nobody's. */
bool gli_param_same(const gli_op_param *param, const void *a, const void *b) {
    const void *value = gli_param_element(param, a, 0), *other = gli_param_element(param, b, 0);
    if (param->type != GLI_PARAM_SHAPE) return memcmp(value, other, param->size) == 0;
    const glia_shape *x = value, *y = other;
    return x->ndim == y->ndim && memcmp(x->dim, y->dim, sizeof x->dim) == 0;
}

const char *gli_params_text(const gli_op *op, const void *params, char text[GLI_PARAMS_TEXT]) {
    writer w = {.text = text};
    text[0]  = '\0';
    if (op->n_params == 0) return text;
    params = gli_params_or_defaults(op, params);

    alignas(max_align_t) char defaults[GLI_MAX_PARAMS];
    memcpy(defaults, op->defaults, op->params_size);
    if (op->defaults_of) op->defaults_of(params, defaults);
    for (int i = 0; i < op->n_params; ++i) {
        const gli_op_param *param = &op->params[i];
        if (!param->quiet && !gli_param_same(param, params, defaults)) put_param(&w, param, params, defaults);
    }
    return text;
}

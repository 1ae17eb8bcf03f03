/* The parts of a file that is being made: names, nodes, attributes, constants. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/dtype.h"
#include "core/print.h"
#include "core/size.h"
#include "onnx/onnx_export.h"

void *gli_onnx_refuse(gli_onnx_export *ex, const char *format, ...) {
    char text[400];
    va_list args;
    if (!gli_onnx_going(ex)) return NULL;
    va_start(args, format);
    gli_format_list(text, sizeof text, format, args);
    va_end(args);
    ex->status = gli_fail(ex->ctx, GLIA_UNSUPPORTED, "%s", text);
    return NULL;
}

void *gli_onnx_alloc(gli_onnx_export *ex, size_t count, size_t size) {
    void *memory = NULL;
    if (!gli_onnx_going(ex)) return NULL;
    ex->status = gli_arena_alloc(ex->ctx, &ex->arena, gli_max_size(count, 1), size, &memory);
    return gli_onnx_going(ex) ? memory : NULL;
}

/* ---- Names ---- */

/* A number of up to ten digits goes behind the first bytes of the stem, of which no character is cut. */
const char *gli_onnx_unique(gli_onnx_export *ex, const char *stem) {
    enum { SUFFIX = 11 };
    char name[GLI_NAME_SIZE];
    if (!stem || !gli_onnx_going(ex)) return NULL;
    ex->status = gli_names_reserve(ex->ctx, &ex->names);
    char *copy = gli_onnx_alloc(ex, GLI_NAME_SIZE, 1);
    if (!copy) return NULL;
    snprintf(name, sizeof name, "%s", stem);
    gli_name *taken = gli_names_find(&ex->names, name);
    size_t length   = gli_min_size(strlen(name), GLI_NAME_SIZE - 1 - SUFFIX);
    while (taken && length && ((unsigned char)stem[length] & 0xc0) == 0x80) --length;
    while (taken && gli_names_find(&ex->names, name))
        snprintf(name, sizeof name, "%.*s_%d", (int)length, stem, taken->next++);
    gli_names_add(&ex->names, name, 0);
    memcpy(copy, name, sizeof name);
    return copy;
}

/* ---- Nodes ---- */

static char **texts(gli_onnx_export *ex, int n, const char *const *from) {
    char **out = gli_onnx_alloc(ex, (size_t)n, sizeof *out);
    for (int i = 0; out && i < n; ++i) out[i] = (char *)(from[i] ? from[i] : "");
    return out;
}

static Onnx__NodeProto *new_node(gli_onnx_export *ex, const char *operator) {
    Onnx__NodeProto *node = gli_onnx_alloc(ex, 1, sizeof *node);
    if (!node) return NULL;
    onnx__node_proto__init(node);
    node->op_type   = (char *)operator;
    node->attribute = gli_onnx_alloc(ex, GLI_ONNX_MOST_ATTRIBUTES, sizeof *node->attribute);
    if (!node->attribute) return NULL;
    ex->status = gli_grow(ex->ctx, &ex->nodes, &ex->cap_nodes, ex->n_nodes + 1, sizeof *ex->nodes, "a file of ONNX");
    return gli_onnx_going(ex) ? node : NULL;
}

void gli_onnx_add_all(gli_onnx_export *ex, const char *operator, int n_in, const char *const *in, int n_out,
                      const char **out) {
    char stem[GLI_NAME_SIZE];
    for (int i = 0; i < n_out; ++i) out[i] = NULL;
    Onnx__NodeProto *node = new_node(ex, operator);
    if (!node) return;
    snprintf(stem, sizeof stem, "%.*s/%s", GLI_NAME_LIMIT, ex->layer, operator);
    for (int i = 0; i < n_out; ++i) out[i] = gli_onnx_unique(ex, stem);
    while (n_in > 0 && !in[n_in - 1]) --n_in;
    node->n_input  = (size_t)n_in;
    node->input    = texts(ex, n_in, in);
    node->n_output = (size_t)n_out;
    node->output   = texts(ex, n_out, out);
    if (gli_onnx_going(ex)) ex->nodes[ex->n_nodes++] = node;
}

const char *gli_onnx_add(gli_onnx_export *ex, const char *operator, int n_in, const char *const *in) {
    const char *out;
    gli_onnx_add_all(ex, operator, n_in, in, 1, &out);
    return out;
}

/* ---- Attributes ---- */

static Onnx__AttributeProto *attribute(gli_onnx_export *ex, const char *name,
                                       Onnx__AttributeProto__AttributeType type) {
    Onnx__AttributeProto *a = gli_onnx_alloc(ex, 1, sizeof *a);
    if (!a) return NULL;
    onnx__attribute_proto__init(a);
    a->name               = (char *)name;
    a->has_type           = true;
    a->type               = type;
    Onnx__NodeProto *node = ex->nodes[ex->n_nodes - 1];
    if (node->n_attribute == GLI_ONNX_MOST_ATTRIBUTES) return gli_onnx_refuse(ex, "too many attributes");
    node->attribute[node->n_attribute++] = a;
    return a;
}

void gli_onnx_set_int(gli_onnx_export *ex, const char *name, int64_t value) {
    Onnx__AttributeProto *a = attribute(ex, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    if (a) a->has_i = true, a->i = value;
}

void gli_onnx_set_float(gli_onnx_export *ex, const char *name, double value) {
    Onnx__AttributeProto *a = attribute(ex, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
    if (a) a->has_f = true, a->f = (float)value;
}

static ProtobufCBinaryData bytes_of(const char *text) {
    return (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)text};
}

void gli_onnx_set_string(gli_onnx_export *ex, const char *name, const char *value) {
    Onnx__AttributeProto *a = attribute(ex, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
    if (a) a->has_s = true, a->s = bytes_of(value);
}

void gli_onnx_set_ints(gli_onnx_export *ex, const char *name, int n, const int64_t *values) {
    Onnx__AttributeProto *a = attribute(ex, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    int64_t *copy           = gli_onnx_alloc(ex, (size_t)n, sizeof *copy);
    if (!a || !copy) return;
    memcpy(copy, values, (size_t)n * sizeof *copy);
    a->n_ints = (size_t)n;
    a->ints   = copy;
}

void gli_onnx_set_strings(gli_onnx_export *ex, const char *name, int n, const char *const *values) {
    Onnx__AttributeProto *a   = attribute(ex, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS);
    ProtobufCBinaryData *list = gli_onnx_alloc(ex, (size_t)n, sizeof *list);
    if (!a || !list) return;
    for (int i = 0; i < n; ++i) list[i] = bytes_of(values[i]);
    a->n_strings = (size_t)n;
    a->strings   = list;
}

/* ---- Constants ---- */

glia_dtype gli_onnx_dtype_in(const gli_onnx_export *ex, glia_dtype dtype) {
    return dtype == ex->model->compute ? ex->model->dtype : dtype;
}

int gli_onnx_type_in(const gli_onnx_export *ex, glia_dtype dtype) {
    return gli_onnx_type_of(gli_onnx_dtype_in(ex, dtype));
}

/* Whether the file stays as small as protobuf can have it. The rest is names, and a shape for each tensor. */
static bool fits(gli_onnx_export *ex, size_t bytes) {
    enum { REST = 1 << 24 };
    if (bytes <= INT32_MAX - REST - ex->bytes) return true;
    gli_onnx_refuse(ex, "the weights have more than %d bytes, which a file of ONNX cannot have", INT32_MAX - REST);
    return false;
}

const char *gli_onnx_hold(gli_onnx_export *ex, const char *stem, glia_dtype dtype, int ndim, const int64_t *dim,
                          void **data) {
    glia_tensor shape = {0};
    *data             = NULL;
    gli_set_shape(&shape, gli_onnx_dtype_in(ex, dtype), ndim, dim);
    const size_t bytes = (size_t)gli_count(&shape) * glia_dtype_size(shape.dtype);
    if (!gli_onnx_going(ex) || !fits(ex, bytes)) return NULL;
    Onnx__TensorProto *t = gli_onnx_alloc(ex, 1, sizeof *t);
    int64_t *dims        = gli_onnx_alloc(ex, (size_t)ndim, sizeof *dims);
    *data                = gli_onnx_alloc(ex, bytes, 1);
    const char *name     = gli_onnx_unique(ex, stem);
    if (gli_onnx_going(ex))
        ex->status = gli_grow(ex->ctx, &ex->initializers, &ex->cap_initializers, ex->n_initializers + 1,
                              sizeof *ex->initializers, "a file of ONNX");
    if (!gli_onnx_going(ex)) return NULL;
    onnx__tensor_proto__init(t);
    if (ndim) memcpy(dims, dim, (size_t)ndim * sizeof *dims);
    t->name          = (char *)name;
    t->n_dims        = (size_t)ndim;
    t->dims          = dims;
    t->has_data_type = true;
    t->data_type     = gli_onnx_type_of(shape.dtype);
    t->has_raw_data  = true;
    t->raw_data      = (ProtobufCBinaryData){.len = bytes, .data = *data};
    ex->bytes += bytes;
    ex->initializers[ex->n_initializers++] = t;
    return name;
}

static const char *hold(gli_onnx_export *ex, const char *what, glia_dtype dtype, int ndim, int64_t n, void **data) {
    char stem[GLI_NAME_SIZE];
    snprintf(stem, sizeof stem, "%.*s/%s", GLI_NAME_LIMIT, ex->layer, what);
    return gli_onnx_hold(ex, stem, dtype, ndim, &n, data);
}

const char *gli_onnx_hold_ints(gli_onnx_export *ex, int n, const int64_t *values) {
    void *data;
    const char *name = hold(ex, "integers", GLIA_I64, 1, n, &data);
    if (name && n) memcpy(data, values, (size_t)n * sizeof *values);
    return name;
}

const char *gli_onnx_hold_number(gli_onnx_export *ex, glia_dtype dtype, double value) {
    void *data;
    const char *name = hold(ex, "number", dtype, 0, 1, &data);
    if (name) gli_store(gli_onnx_dtype_in(ex, dtype), data, 0, value);
    return name;
}

const char *gli_onnx_hold_numbers(gli_onnx_export *ex, glia_dtype dtype, int64_t n, const double *values) {
    void *data;
    const char *name = hold(ex, "numbers", dtype, 1, n, &data);
    for (int64_t i = 0; name && i < n; ++i) gli_store(gli_onnx_dtype_in(ex, dtype), data, i, values[i]);
    return name;
}

const char *gli_onnx_hold_vector(gli_onnx_export *ex, glia_dtype dtype, int64_t n, double first, double step) {
    void *data;
    const char *name = hold(ex, "numbers", dtype, 1, n, &data);
    for (int64_t i = 0; name && i < n; ++i) gli_store(gli_onnx_dtype_in(ex, dtype), data, i, first + step * (double)i);
    return name;
}

#include <stdarg.h>
#include <string.h>

#include "core/print.h"
#include "onnx/onnx_import.h"

void *gli_onnx_fail(gli_onnx_node *node, glia_status status, const char *format, ...) {
    char text[400];
    va_list args;
    if (node->status != GLIA_OK) return NULL;
    va_start(args, format);
    gli_format_list(text, sizeof text, format, args);
    va_end(args);
    node->status = gli_fail(node->im->ctx, status, "%s", text);
    return NULL;
}

/* One of these types; NULL: there is none, or a failure. */
static const Onnx__AttributeProto *find(gli_onnx_node *node, const char *name, int type) {
    for (size_t i = 0; i < node->proto->n_attribute; ++i) {
        const Onnx__AttributeProto *a = node->proto->attribute[i];
        if (strcmp(gli_onnx_text(a->name), name) != 0) continue;
        if (i < 64) node->read |= UINT64_C(1) << i;
        if (a->ref_attr_name)
            return gli_onnx_fail(node, GLIA_UNSUPPORTED, "attribute '%s' is that of a function", name);
        if (type >= 0 && a->has_type && (int)a->type != type)
            return gli_onnx_fail(node, GLIA_BAD_FORMAT, "attribute '%s' is of type %d, must be %d", name, (int)a->type,
                                 type);
        return a;
    }
    return NULL;
}

int64_t gli_onnx_int(gli_onnx_node *node, const char *name, int64_t otherwise) {
    const Onnx__AttributeProto *a = find(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    return a ? a->i : otherwise;
}

double gli_onnx_float(gli_onnx_node *node, const char *name, double otherwise) {
    const Onnx__AttributeProto *a = find(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
    return a ? (double)a->f : otherwise;
}

const char *gli_onnx_string(gli_onnx_node *node, const char *name, const char *otherwise) {
    const Onnx__AttributeProto *a = find(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
    void *text;
    if (!a) return otherwise;
    const glia_status status = gli_arena_alloc(node->im->ctx, &node->im->arena, a->s.len + 1, 1, &text);
    if (status != GLIA_OK) {
        node->status = status;
        return otherwise;
    }
    if (a->s.len) memcpy(text, a->s.data, a->s.len);
    return text;
}

const Onnx__TensorProto *gli_onnx_tensor_attribute(gli_onnx_node *node, const char *name) {
    const Onnx__AttributeProto *a = find(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR);
    return a ? a->t : NULL;
}

int gli_onnx_ints(gli_onnx_node *node, const char *name, int most, int64_t *out) {
    const Onnx__AttributeProto *a = find(node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    if (!a) return -1;
    if (a->n_ints > (size_t)most) {
        gli_onnx_fail(node, GLIA_UNSUPPORTED, "attribute '%s' has %zu numbers, more than %d", name, a->n_ints, most);
        return -1;
    }
    if (a->n_ints) memcpy(out, a->ints, a->n_ints * sizeof *out);
    return (int)a->n_ints;
}

bool gli_onnx_has(gli_onnx_node *node, const char *name) { return find(node, name, -1) != NULL; }

void gli_onnx_ignore(gli_onnx_node *node, const char *name) { find(node, name, -1); }

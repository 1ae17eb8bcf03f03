/* What is in a file: for programs and for people. */
#include "core/print.h"
#include "onnx/onnx_file.h"

static glia_onnx_value value_of(const char *name, const Onnx__TypeProto *type) {
    glia_onnx_value out = {.name = name, .type = ""};
    if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE) return out;
    const Onnx__TypeProto__Tensor *tensor = type->tensor_type;
    out.type                              = gli_onnx_type_name(tensor->elem_type);
    out.has_dtype                         = gli_onnx_dtype(tensor->elem_type, false, &out.dtype);
    if (!tensor->shape || tensor->shape->n_dim > GLIA_MAX_DIMS) return out;
    out.has_shape  = true;
    out.shape.ndim = (int)tensor->shape->n_dim;
    for (int i = 0; i < out.shape.ndim; ++i) {
        const Onnx__TensorShapeProto__Dimension *dim = tensor->shape->dim[i];
        const bool known =
            dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE && dim->dim_value >= 0;
        out.shape.dim[i] = known ? dim->dim_value : -1;
    }
    return out;
}

int glia_onnx_input_count(const glia_onnx *onnx) { return onnx ? onnx->n_inputs : 0; }

glia_onnx_value glia_onnx_input(const glia_onnx *onnx, int index) {
    if (!onnx || index < 0 || index >= onnx->n_inputs) return (glia_onnx_value){0};
    const gli_onnx_name *name = &onnx->names[onnx->inputs[index]];
    return value_of(name->text, name->type);
}

int glia_onnx_output_count(const glia_onnx *onnx) { return onnx ? (int)onnx->graph->n_output : 0; }

glia_onnx_value glia_onnx_output(const glia_onnx *onnx, int index) {
    if (!onnx || index < 0 || (size_t)index >= onnx->graph->n_output) return (glia_onnx_value){0};
    const Onnx__ValueInfoProto *info = onnx->graph->output[index];
    return value_of(gli_onnx_text(info->name), info->type);
}

int glia_onnx_problem_count(const glia_onnx *onnx) { return onnx ? onnx->n_problems : 0; }

glia_onnx_problem glia_onnx_get_problem(const glia_onnx *onnx, int index) {
    const gli_onnx_problem *at = onnx && index >= 0 ? onnx->problems : NULL;
    for (; at && index > 0; --index) at = at->next;
    return at ? at->is : (glia_onnx_problem){0};
}

/* ---- For people ---- */

/* Text on its way to a file, which gets a piece at a time. */
typedef struct printer {
    FILE *file;
    char text[2048];
    size_t used;
    bool failed;
} printer;

static void flush(printer *p) {
    p->text[p->used] = '\0';
    p->failed        = !gli_print(p->file, p->text) || p->failed;
    p->used          = 0;
}

static void put_char(printer *p, char c) {
    if (p->used + 1 >= sizeof p->text) flush(p);
    p->text[p->used++] = c;
}

static void put(printer *p, const char *text) {
    for (; *text; ++text) put_char(p, *text);
}

/* A name of the file, without what would steer a terminal. */
static void put_name(printer *p, const char *text) {
    for (int bytes; *text; text += bytes ? bytes : 1) {
        bytes = gli_control_bytes(text);
        put_char(p, bytes ? '?' : *text);
    }
}

static void put_subject(printer *p, const char *subject) {
    char text[32];
    gli_format(text, sizeof text, "  %-14s ", subject);
    put(p, text);
}

static void put_number(printer *p, int64_t number) {
    char text[32];
    gli_format(text, sizeof text, "%lld", (long long)number);
    put(p, text);
}

static void put_shape(printer *p, const glia_onnx_value *value) {
    put(p, value->has_shape ? " [" : " of any shape");
    for (int i = 0; i < value->shape.ndim; ++i) {
        if (i) put(p, ",");
        if (value->shape.dim[i] < 0)
            put(p, "?");
        else
            put_number(p, value->shape.dim[i]);
    }
    if (value->has_shape) put(p, "]");
}

static void put_value(printer *p, const char *what, const glia_onnx_value *value) {
    put_subject(p, what);
    put_name(p, value->name);
    put(p, ": ");
    put(p, *value->type ? value->type : "no tensor");
    put_shape(p, value);
    put(p, "\n");
}

static void put_node(printer *p, const glia_onnx *onnx, size_t n) {
    const Onnx__NodeProto *node = onnx->graph->node[n];
    const char *domain          = gli_onnx_text(node->domain);
    const int first             = node->n_output ? onnx->edges[n].out[0] : -1;
    put(p, "  ");
    for (size_t i = 0; i < node->n_output; ++i) {
        if (i) put(p, ", ");
        put_name(p, node->output[i]);
    }
    put(p, " = ");
    put_name(p, domain);
    put(p, *domain ? "." : "");
    put_name(p, gli_onnx_text(node->op_type));
    put(p, "(");
    for (size_t i = 0; i < node->n_input; ++i) {
        if (i) put(p, ", ");
        put_name(p, node->input[i]);
    }
    put(p, ")");
    if (first >= 0 && onnx->names[first].type) {
        const glia_onnx_value value = value_of("", onnx->names[first].type);
        put_shape(p, &value);
    }
    put(p, "\n");
}

static void put_origin(printer *p, const glia_onnx *onnx) {
    const Onnx__ModelProto *m = onnx->model;
    put_subject(p, "from");
    put_name(p, gli_onnx_text(m->producer_name));
    put(p, " ");
    put_name(p, gli_onnx_text(m->producer_version));
    put(p, "\n");
    for (size_t i = 0; i < m->n_opset_import; ++i) {
        put_subject(p, "operators");
        put_name(p, *onnx->sets[i].domain ? onnx->sets[i].domain : "ai.onnx");
        put(p, " ");
        put_number(p, onnx->sets[i].version);
        put(p, "\n");
    }
}

static glia_status describe(const glia_onnx *onnx, FILE *file) {
    printer p = {.file = file};
    GLI_REQUIRE(onnx->ctx, file, GLIA_INVALID_ARGUMENT, "glia_onnx_describe: file is NULL");
    put_origin(&p, onnx);
    for (int i = 0; i < glia_onnx_input_count(onnx); ++i)
        put_value(&p, "input", &(glia_onnx_value[]){glia_onnx_input(onnx, i)}[0]);
    for (int i = 0; i < glia_onnx_output_count(onnx); ++i)
        put_value(&p, "output", &(glia_onnx_value[]){glia_onnx_output(onnx, i)}[0]);
    put(&p, "\n");
    put_number(&p, (int64_t)onnx->graph->n_initializer);
    put(&p, " weights, ");
    put_number(&p, (int64_t)onnx->graph->n_node);
    put(&p, " nodes\n");
    for (size_t n = 0; n < onnx->graph->n_node; ++n) put_node(&p, onnx, n);
    flush(&p);
    GLI_REQUIRE(onnx->ctx, !p.failed, GLIA_IO_ERROR, "glia_onnx_describe: writing failed");
    return GLIA_OK;
}

glia_status glia_onnx_describe(const glia_onnx *onnx, FILE *file) {
    GLI_REQUIRE_OBJECT(onnx);
    GLI_TRY(gli_enter(onnx->ctx));
    const glia_status status = describe(onnx, file);
    gli_leave(onnx->ctx);
    return status;
}

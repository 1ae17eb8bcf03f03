/* What is in a file: for programs and for people. */
#include <string.h>

#include "onnx/file.h"

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

/* Text of the file without what would steer a terminal. */
static void put_text(FILE *to, const char *text) {
    for (; *text; ++text) {
        const unsigned char c = (unsigned char)*text, next = (unsigned char)text[1];
        const bool second_set = c == 0xc2 && next >= 0x80 && next < 0xa0;
        if (second_set) ++text;
        fputc(second_set || c < ' ' || c == 0x7f ? '?' : c, to);
    }
}

static void put_shape(FILE *to, const glia_onnx_value *value) {
    if (!value->has_shape) {
        fprintf(to, " of any shape");
        return;
    }
    fputs(" [", to);
    for (int i = 0; i < value->shape.ndim; ++i) {
        if (i) fputc(',', to);
        if (value->shape.dim[i] < 0)
            fputc('?', to);
        else
            fprintf(to, "%lld", (long long)value->shape.dim[i]);
    }
    fputc(']', to);
}

static void put_value(FILE *to, const char *what, const glia_onnx_value *value) {
    fprintf(to, "  %-14s ", what);
    put_text(to, value->name);
    fprintf(to, ": %s", *value->type ? value->type : "no tensor");
    put_shape(to, value);
    fputc('\n', to);
}

static void put_node(FILE *to, const glia_onnx *onnx, size_t n) {
    const Onnx__NodeProto *node = onnx->graph->node[n];
    const char *domain          = gli_onnx_text(node->domain);
    fprintf(to, "  ");
    for (size_t i = 0; i < node->n_output; ++i) {
        if (i) fputs(", ", to);
        put_text(to, node->output[i]);
    }
    fputs(" = ", to);
    if (*domain) put_text(to, domain), fputc('.', to);
    put_text(to, gli_onnx_text(node->op_type));
    for (size_t i = 0; i < node->n_input; ++i) {
        fputs(i ? ", " : "(", to);
        put_text(to, node->input[i]);
    }
    fputs(node->n_input ? ")" : "()", to);
    const int first = node->n_output ? onnx->edges[n].out[0] : -1;
    if (first >= 0 && onnx->names[first].type) {
        const glia_onnx_value value = value_of("", onnx->names[first].type);
        put_shape(to, &value);
    }
    fputc('\n', to);
}

static glia_status describe(const glia_onnx *onnx, FILE *file) {
    const Onnx__ModelProto *m = onnx->model;
    GLI_REQUIRE(onnx->ctx, file, GLIA_INVALID_ARGUMENT, "glia_onnx_describe: file is NULL");
    fprintf(file, "  %-14s ", "from");
    put_text(file, gli_onnx_text(m->producer_name));
    fputc(' ', file);
    put_text(file, gli_onnx_text(m->producer_version));
    fputc('\n', file);
    for (size_t i = 0; i < m->n_opset_import; ++i) {
        fprintf(file, "  %-14s ", "operators");
        put_text(file, *onnx->sets[i].domain ? onnx->sets[i].domain : "ai.onnx");
        fprintf(file, " %d\n", onnx->sets[i].version);
    }
    for (int i = 0; i < glia_onnx_input_count(onnx); ++i)
        put_value(file, "input", &(glia_onnx_value[]){glia_onnx_input(onnx, i)}[0]);
    for (int i = 0; i < glia_onnx_output_count(onnx); ++i)
        put_value(file, "output", &(glia_onnx_value[]){glia_onnx_output(onnx, i)}[0]);
    fprintf(file, "\n%zu weights, %zu nodes\n", onnx->graph->n_initializer, onnx->graph->n_node);
    for (size_t n = 0; n < onnx->graph->n_node; ++n) put_node(file, onnx, n);
    GLI_REQUIRE(onnx->ctx, !ferror(file), GLIA_IO_ERROR, "glia_onnx_describe: writing failed");
    return GLIA_OK;
}

glia_status glia_onnx_describe(const glia_onnx *onnx, FILE *file) {
    GLI_REQUIRE_OBJECT(onnx);
    GLI_TRY(gli_enter(onnx->ctx));
    const glia_status status = describe(onnx, file);
    gli_leave(onnx->ctx);
    return status;
}

/* The table of a model. */
#include <stdio.h>
#include <string.h>

#include "core/print.h"
#include "core/size.h"
#include "nn/model_impl.h"

enum { LINE = 320, PARAMS = 1024 };

static bool put(FILE *file, const char *line) { return gli_print(file, line) && gli_print(file, "\n"); }

/* 1234567 as "1,234,567". */
static const char *grouped(int64_t number, char *text, size_t size) {
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%lld", (long long)number);
    size_t used      = 0;
    for (int i = 0; i < length && used + 2 < size; ++i) {
        if (i > 0 && (length - i) % 3 == 0) text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}

static int64_t weight_count(const gli_weight *weight) {
    int64_t count = 1;
    for (int i = 0; i < weight->ndim; ++i) count = gli_saturating_mul(count, weight->dim[i]);
    return count;
}

static const char *shape_text(const gli_model_value *value, char *text) {
    const int skip = value->batched && value->shape.ndim > 0;
    return gli_shape_text(value->shape.ndim - skip, value->shape.dim + skip, text);
}

/* Nodes that only bring tensors into the shape that the layer's op takes. */
static bool is_plumbing(const gli_model_node *node, const gli_layer *layer) {
    return (node->op->view || node->op == &gli_op_transpose) && strcmp(node->op->name, layer->kind) != 0;
}

/* The params of the layer's ops; an op that the layer is not named after has its name before them. */
static const char *params_text(const glia_model *model, const gli_layer *layer, char text[PARAMS]) {
    char params[GLI_PARAMS_TEXT];
    size_t used = 0;
    text[0]     = '\0';
    for (int n = layer->first_node; n < layer->end_node && used < PARAMS; ++n) {
        const gli_model_node *node = &model->nodes[n];
        const bool named_after     = strcmp(node->op->name, layer->kind) == 0;
        if (is_plumbing(node, layer) || !*gli_params_text(node->op, node->params, params)) continue;
        used += (size_t)snprintf(text + used, PARAMS - used, "%s%s%s%s", used ? "," : " ", named_after ? "" : " ",
                                 named_after ? "" : node->op->name, params);
    }
    return text;
}

static glia_status summarize(const glia_model *model, FILE *file) {
    char line[LINE + PARAMS], shape[GLI_SHAPE_TEXT], number[32], of_trained[32], params[PARAMS];
    int64_t trained = 0, frozen = 0;
    bool written;
    snprintf(line, sizeof line, "%-24s %-20s %-20s %14s  %s", "layer", "kind", "output", "weights", "params");
    written = put(file, line);
    for (int i = 0; i < model->n_inputs; ++i) {
        snprintf(line, sizeof line, "%-24s %-20s %-20s %14s", model->inputs[i].name, "input",
                 shape_text(&model->values[model->inputs[i].value], shape), "");
        written = put(file, line) && written;
    }
    for (int i = 0; i < model->n_layers; ++i) {
        const gli_layer *layer = &model->layers[i];
        int64_t count          = 0;
        for (int w = layer->first_weight; w < layer->end_weight; ++w)
            count = gli_saturating_add(count, weight_count(&model->weights[w]));
        snprintf(line, sizeof line, "%-24s %-20s %-20s %14s%s%s", layer->name, layer->kind,
                 layer->output > 0 ? shape_text(&model->values[layer->output], shape) : "failed",
                 grouped(count, number, sizeof number), layer->frozen ? "  frozen" : "",
                 params_text(model, layer, params));
        written = put(file, line) && written;
    }
    for (int i = 0; i < model->n_weights; ++i) {
        int64_t *sum = model->weights[i].frozen || model->weights[i].buffer ? &frozen : &trained;
        *sum         = gli_saturating_add(*sum, weight_count(&model->weights[i]));
    }
    const int64_t all = gli_saturating_add(trained, frozen);
    gli_format(line, sizeof line, "%s weights, %s of them trained, %.2f MB", grouped(all, number, sizeof number),
               grouped(trained, of_trained, sizeof of_trained),
               (double)all * (double)glia_dtype_size(model->dtype) / 1e6);
    written = put(file, line) && written;
    GLI_REQUIRE(model->ctx, written, GLIA_IO_ERROR, "glia_model_summary: writing failed");
    return GLIA_OK;
}

glia_status glia_model_summary(const glia_model *model, FILE *file) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status =
        file ? summarize(model, file) : gli_fail(model->ctx, GLIA_INVALID_ARGUMENT, "glia_model_summary: file is NULL");
    gli_leave(model->ctx);
    return status;
}

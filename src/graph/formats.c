/* Memory formats: chooses one for each value by majority of its neighbours and inserts copies at the boundaries. */
#include "core/device.h"
#include "core/dtype.h"
#include "graph/plan.h"

gli_memory_format gli_plan_format(const glia_tensor *tensor) {
    const unsigned formats = gli_formats_of(tensor);
    if (formats & GLI_ROW_MAJOR) return GLI_ROW_MAJOR;
    return tensor->ndim == 4 && formats & GLI_CHANNELS_LAST ? GLI_CHANNELS_LAST : GLI_STRIDED;
}

void gli_plan_set_format(glia_tensor *tensor, gli_memory_format format) {
    if (format == GLI_CHANNELS_LAST)
        gli_channels_last_strides(tensor->ndim, tensor->dim, tensor->stride);
    else
        gli_dense_strides(tensor->ndim, tensor->dim, tensor->stride);
}

static bool same_memory(const glia_plan *plan, const gli_value_info *value, int native, const glia_tensor *converted) {
    return value->kind == GLI_VALUE_CONSTANT || gli_same_strides(&plan->tensors[native].tensor, converted);
}

glia_status gli_plan_tensor_in(gli_lowering *l, int value, gli_memory_format format, int *out) {
    glia_plan *plan = l->plan;
    gli_lowered *lowered;
    GLI_TRY(gli_plan_lowered(l, value, &lowered));
    *out = *gli_lowered_tensor(lowered, format);
    if (*out >= 0) return GLIA_OK;

    const int native               = *gli_lowered_tensor(lowered, lowered->native);
    const gli_plan_tensor original = plan->tensors[native];
    glia_tensor converted          = original.tensor;
    gli_plan_set_format(&converted, format);
    if (same_memory(plan, &l->graph->values[value], native, &converted)) {
        GLI_TRY(gli_plan_add_tensor(plan, &converted, original.storage, original.offset, out));
    } else {
        int storage;
        GLI_TRY(gli_plan_add_storage(
            plan,
            &(gli_storage){.parent = -1, .bytes = (size_t)gli_count(&converted) * glia_dtype_size(converted.dtype)},
            &storage));
        GLI_TRY(gli_plan_add_tensor(plan, &converted, storage, 0, out));
        GLI_TRY(gli_plan_add_copy(l, native, *out));
        ++l->conversions;
    }
    *gli_lowered_tensor(lowered, format) = *out;
    return GLIA_OK;
}

/* An elementwise op gets the format that most of its largest inputs have; the first of them breaks a tie. Only for
 * images. */
static glia_status follow(gli_lowering *l, const gli_node *node, gli_node_formats *out) {
    const gli_value_info *values = l->graph->values;
    int leader = -1, votes = 0;
    for (int i = 0; i < node->n_in; ++i) {
        if (!node->in[i]) continue;
        const glia_tensor *x = &values[node->in[i]].tensor;
        if (leader < 0 || gli_count(x) > gli_count(&values[node->in[leader]].tensor)) leader = i;
    }
    if (leader < 0 || values[node->in[leader]].tensor.ndim != 4) return GLIA_OK;
    const glia_tensor *shape = &values[node->in[leader]].tensor;
    for (int i = node->n_in - 1; i >= 0; --i) {
        if (!node->in[i] || !gli_same_shape(&values[node->in[i]].tensor, shape)) continue;
        if (values[node->in[i]].kind == GLI_VALUE_CONSTANT) continue;
        gli_lowered *lowered;
        GLI_TRY(gli_plan_lowered(l, node->in[i], &lowered));
        const int vote = lowered->native == GLI_CHANNELS_LAST ? 1 : -1;
        votes += i == leader ? 3 * vote : 2 * vote;
    }
    if (votes <= 0) return GLIA_OK;
    for (int i = 0; i < node->n_in; ++i)
        if (node->in[i] && gli_same_shape(&values[node->in[i]].tensor, shape)) out->in[i] = GLI_CHANNELS_LAST;
    for (int o = 0; o < node->op->n_outputs; ++o)
        if (node->out[o] && gli_same_shape(&values[node->out[o]].tensor, shape)) out->out[o] = GLI_CHANNELS_LAST;
    return GLIA_OK;
}

static void image(gli_lowering *l, const gli_node *node, gli_node_formats *out) {
    glia_context *ctx            = l->plan->ctx;
    const gli_op *op             = node->op;
    const gli_value_info *values = l->graph->values;
    const gli_image_formats best = ctx->device->image_formats(ctx, values[node->in[0]].tensor.dtype);
    for (int i = 0; i < node->n_in; ++i) {
        if (!node->in[i] || values[node->in[i]].tensor.ndim != 4) continue;
        if (gli_input_is(op, i, GLI_IN_IMAGE)) out->in[i] = best.images;
        if (gli_input_is(op, i, GLI_IN_FILTERS)) out->in[i] = best.filters;
    }
    for (int o = 0; o < op->n_outputs; ++o)
        if (node->out[o] && gli_output_is(op, o, GLI_OUT_IMAGE) && values[node->out[o]].tensor.ndim == 4)
            out->out[o] = best.images;
}

glia_status gli_plan_node_formats(gli_lowering *l, const gli_node *node, gli_node_formats *out) {
    for (int i = 0; i < node->n_in; ++i) out->in[i] = GLI_ROW_MAJOR;
    for (int o = 0; o < node->op->n_outputs; ++o) out->out[o] = GLI_ROW_MAJOR;
    if (!l->plan->ctx->device->image_formats || l->options->row_major) return GLIA_OK;
    if (node->op->layout == GLI_LAYOUT_IMAGE) image(l, node, out);
    return node->op->layout == GLI_LAYOUT_FOLLOW ? follow(l, node, out) : GLIA_OK;
}

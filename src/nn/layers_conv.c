/* Layers with weights: dense and the convolutions, and the embedding. */
#include "core/size.h"
#include "nn/model_impl.h"

static const glia_init zeros = {.kind = GLIA_INIT_ZEROS}, glorot = {.kind = GLIA_INIT_GLOROT_UNIFORM};

static const glia_value invalid = {-1};

/* The bias of a layer, or no value. */
static glia_value bias_of(glia_model *model, bool absent, int64_t count, glia_init init, int64_t fan_in) {
    if (absent) return (glia_value){0};
    return gli_layer_weight(model, &(gli_weight_spec){.suffix   = "bias",
                                                      .ndim     = 1,
                                                      .dim      = {count},
                                                      .init     = init,
                                                      .fallback = zeros,
                                                      .fan_in   = fan_in,
                                                      .fan_out  = count});
}

static glia_value fail(glia_model *model, const char *format, int value) {
    return gli_layer_end(model, gli_model_fail(model, GLIA_INVALID_ARGUMENT, format, value));
}

glia_value glia_model_dense(glia_model *model, glia_value x, const glia_dense_args *args) {
    const glia_dense_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "dense", args->name, &x, 1, args->frozen)) return invalid;
    const glia_tensor *in = gli_model_shape(model, x);
    if (args->units <= 0) return fail(model, "units is %d, must be positive", args->units);
    if (in->ndim < 2) return fail(model, "x has %d dimensions besides the batch, must have at least one", in->ndim - 1);
    const int64_t inputs           = in->dim[in->ndim - 1];
    const glia_value weight        = gli_layer_weight(model, &(gli_weight_spec){.suffix   = "weight",
                                                                                .ndim     = 2,
                                                                                .dim      = {args->units, inputs},
                                                                                .init     = args->weight_init,
                                                                                .fallback = glorot,
                                                                                .fan_in   = inputs,
                                                                                .fan_out  = args->units});
    const glia_value bias          = bias_of(model, args->no_bias, args->units, args->bias_init, inputs);
    const glia_dense_params params = {.activation = GLIA_LINEAR};
    const glia_value y = gli_layer_call_1(model, &gli_op_dense, &params, 3, (glia_value[]){x, weight, bias});
    return gli_layer_end(model, gli_layer_activation(model, y, args->activation));
}

/* Zeros around one axis, so that P = ceil(size / stride). */
static void pad_same(glia_padding padding, int64_t size, int kernel, int stride, int dilation, int *pad, int *pad_end) {
    const int64_t outputs = (size + stride - 1) / stride;
    const int64_t total   = gli_max_i64((outputs - 1) * stride + ((int64_t)kernel - 1) * dilation + 1 - size, 0);
    const int64_t before  = padding == GLIA_PAD_SAME ? total / 2 : total - total / 2;
    *pad                  = (int)before;
    *pad_end              = total == before ? GLIA_NO_PAD : (int)(total - before);
}

bool gli_layer_padding(glia_model *model, const glia_tensor *x, const int *kernel, glia_padding padding,
                       const int *stride, const int *dilation, int *pad, int *pad_end) {
    if (padding == GLIA_PAD_EXPLICIT) return true;
    if ((unsigned)padding > GLIA_PAD_SAME_LOWER) {
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "padding %d is no glia_padding", (int)padding);
        return false;
    }
    if (pad[0] || pad[1] || pad_end[0] || pad_end[1]) {
        gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                       "pad is {%d,%d} and pad_end {%d,%d}, must be left out: padding %s sets them", pad[0], pad[1],
                       pad_end[0], pad_end[1], padding == GLIA_PAD_SAME ? "SAME" : "SAME_LOWER");
        return false;
    }
    for (int i = 0; i < 2; ++i) {
        const int step = stride[i] ? stride[i] : 1, gap = dilation[i] ? dilation[i] : 1;
        if (step < 0 || gap < 0) {
            gli_model_fail(model, GLIA_INVALID_ARGUMENT, "stride is %d and dilation %d, must be positive", step, gap);
            return false;
        }
        pad_same(padding, x->dim[2 + i], kernel[i], step, gap, &pad[i], &pad_end[i]);
    }
    return true;
}

static bool check_filters(glia_model *model, int filters, const int *kernel, int groups) {
    if (filters > 0 && kernel[0] > 0 && kernel[1] > 0 && groups > 0) return true;
    gli_model_fail(model, GLIA_INVALID_ARGUMENT, "filters is %d, kernel {%d,%d}, groups %d: all must be positive",
                   filters, kernel[0], kernel[1], groups);
    return false;
}

/* conv2d of x [N,C,H,W]; the weight loses its row dimension for conv1d. */
static glia_value convolve(glia_model *model, glia_value x, const glia_conv2d_args *a, bool one_dimension) {
    const glia_tensor *in = gli_model_shape(model, x);
    const int groups      = a->groups ? a->groups : 1;
    if (!in || !check_filters(model, a->filters, a->kernel, groups)) return invalid;
    glia_conv2d_params params = {.stride   = {a->stride[0], a->stride[1]},
                                 .pad      = {a->pad[0], a->pad[1]},
                                 .pad_end  = {a->pad_end[0], a->pad_end[1]},
                                 .dilation = {a->dilation[0], a->dilation[1]},
                                 .groups   = groups};
    if (!gli_layer_padding(model, in, a->kernel, a->padding, a->stride, a->dilation, params.pad, params.pad_end))
        return invalid;

    const int64_t channels = in->dim[1] / groups, window = (int64_t)a->kernel[0] * a->kernel[1];
    gli_weight_spec spec = {.suffix   = "weight",
                            .ndim     = 4,
                            .dim      = {a->filters, channels, a->kernel[0], a->kernel[1]},
                            .init     = a->weight_init,
                            .fallback = glorot,
                            .fan_in   = gli_saturating_mul(channels, window),
                            .fan_out  = gli_saturating_mul(a->filters / groups, window)};
    if (one_dimension) spec.ndim = 3, spec.dim[2] = a->kernel[1];
    glia_value weight     = gli_layer_weight(model, &spec);
    const glia_value bias = bias_of(model, a->no_bias, a->filters, a->bias_init, spec.fan_in);
    if (one_dimension) {
        const glia_reshape_params rows = {.shape = {.ndim = 4, .dim = {a->filters, channels, 1, a->kernel[1]}}};
        weight                         = gli_layer_call_1(model, &gli_op_reshape, &rows, 1, &weight);
    }
    const glia_value y = gli_layer_call_1(model, &gli_op_conv2d, &params, 3, (glia_value[]){x, weight, bias});
    return gli_layer_activation(model, y, a->activation);
}

glia_value glia_model_conv2d(glia_model *model, glia_value x, const glia_conv2d_args *args) {
    const glia_conv2d_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "conv2d", args->name, &x, 1, args->frozen)) return invalid;
    if (!gli_layer_expect(model, x, 4, "[C,H,W]")) return gli_layer_end(model, invalid);
    return gli_layer_end(model, convolve(model, x, args, false));
}

glia_value glia_model_conv1d(glia_model *model, glia_value x, const glia_conv1d_args *args) {
    const glia_conv1d_args defaults = {0};
    const glia_conv1d_args *a       = args ? args : &defaults;
    const glia_conv2d_args row      = {.filters     = a->filters,
                                       .kernel      = {1, a->kernel},
                                       .stride      = {1, a->stride},
                                       .pad         = {0, a->pad},
                                       .pad_end     = {0, a->pad_end},
                                       .dilation    = {1, a->dilation},
                                       .groups      = a->groups,
                                       .padding     = a->padding,
                                       .activation  = a->activation,
                                       .no_bias     = a->no_bias,
                                       .weight_init = a->weight_init,
                                       .bias_init   = a->bias_init};
    if (!gli_layer_begin(model, "conv1d", a->name, &x, 1, a->frozen)) return invalid;
    if (!gli_layer_expect(model, x, 3, a->steps_first ? "[T,C]" : "[C,L]")) return gli_layer_end(model, invalid);
    const glia_value y = convolve(model, gli_layer_to_row(model, x, a->steps_first), &row, true);
    return gli_layer_end(model, gli_layer_from_row(model, y, a->steps_first));
}

glia_value glia_model_conv2d_transpose(glia_model *model, glia_value x, const glia_conv2d_transpose_args *args) {
    const glia_conv2d_transpose_args defaults = {0};
    const glia_conv2d_transpose_args *a       = args ? args : &defaults;
    if (!gli_layer_begin(model, "conv2d_transpose", a->name, &x, 1, a->frozen)) return invalid;
    if (!gli_layer_expect(model, x, 4, "[C,H,W]")) return gli_layer_end(model, invalid);
    const int groups       = a->groups ? a->groups : 1;
    const int64_t channels = gli_model_shape(model, x)->dim[1], window = (int64_t)a->kernel[0] * a->kernel[1];
    if (!check_filters(model, a->filters, a->kernel, groups)) return gli_layer_end(model, invalid);
    const int64_t filters = a->filters / groups;
    const glia_value weight =
        gli_layer_weight(model, &(gli_weight_spec){.suffix   = "weight",
                                                   .ndim     = 4,
                                                   .dim      = {channels, filters, a->kernel[0], a->kernel[1]},
                                                   .init     = a->weight_init,
                                                   .fallback = glorot,
                                                   .fan_in   = gli_saturating_mul(channels / groups, window),
                                                   .fan_out  = gli_saturating_mul(filters, window)});
    const glia_value bias = bias_of(model, a->no_bias, a->filters, a->bias_init, channels / groups * window);
    const glia_conv2d_transpose_params params = {.stride     = {a->stride[0], a->stride[1]},
                                                 .pad        = {a->pad[0], a->pad[1]},
                                                 .pad_end    = {a->pad_end[0], a->pad_end[1]},
                                                 .output_pad = {a->output_pad[0], a->output_pad[1]},
                                                 .dilation   = {a->dilation[0], a->dilation[1]},
                                                 .groups     = groups};
    const glia_value y = gli_layer_call_1(model, &gli_op_conv2d_transpose, &params, 3, (glia_value[]){x, weight, bias});
    return gli_layer_end(model, gli_layer_activation(model, y, a->activation));
}

glia_value glia_model_embedding(glia_model *model, glia_value x, const glia_embedding_args *args) {
    const glia_embedding_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "embedding", args->name, &x, 1, args->frozen)) return invalid;
    if (args->count <= 0 || args->size <= 0)
        return gli_layer_end(
            model, gli_model_fail(model, GLIA_INVALID_ARGUMENT, "count is %lld and size %lld, must be positive",
                                  (long long)args->count, (long long)args->size));
    const int64_t padding = args->padding_index < 0 ? args->padding_index + args->count : args->padding_index;
    const glia_value table =
        gli_layer_weight(model, &(gli_weight_spec){.suffix   = "weight",
                                                   .ndim     = 2,
                                                   .dim      = {args->count, args->size},
                                                   .init     = args->weight_init,
                                                   .fallback = {.kind = GLIA_INIT_NORMAL, .b = 1},
                                                   .fan_in   = args->count,
                                                   .fan_out  = args->size,
                                                   .zero_row = args->has_padding ? padding + 1 : 0});
    const glia_gather_params params = {
        .axes = GLIA_AXIS(0), .padding_index = args->padding_index, .has_padding = args->has_padding};
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_gather, &params, 2, (glia_value[]){table, x}));
}

glia_value glia_model_prelu(glia_model *model, glia_value x, const char *name) {
    if (!gli_layer_begin(model, "prelu", name, &x, 1, false)) return invalid;
    const glia_tensor *in  = gli_model_shape(model, x);
    const int64_t count    = in->ndim > 1 ? in->dim[1] : 1;
    const glia_value slope = gli_layer_weight(
        model, &(gli_weight_spec){
                   .suffix = "weight", .ndim = 1, .dim = {count}, .fallback = {.kind = GLIA_INIT_CONSTANT, .a = 0.25}});
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_prelu, NULL, 2, (glia_value[]){x, slope}));
}

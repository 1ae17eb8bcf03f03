/* Dense layers and convolutions. */
#include "core/size.h"
#include "glia/ops/conv.h"
#include "glia/ops/linear.h"
#include "glia/ops/movement.h"
#include "nn/layer.h"

static const glia_init zeros = {.kind = GLIA_INIT_ZEROS}, glorot = {.kind = GLIA_INIT_GLOROT_UNIFORM};

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
    if (!gli_layer_begin(model, "dense", args->name, &x, 1, args->frozen)) return GLI_INVALID;
    const glia_tensor *in = gli_model_shape(model, x);
    if (args->units <= 0) return fail(model, "units is %d, must be positive", args->units);
    if (in->ndim < 2) return fail(model, "x has %d dimensions besides the batch, must have at least one", in->ndim - 1);
    const int last          = in->ndim - 1; /* values move when more are added */
    const int64_t inputs    = in->dim[last];
    const glia_value weight = gli_layer_weight(model, &(gli_weight_spec){.suffix   = "weight",
                                                                         .ndim     = 2,
                                                                         .dim      = {args->units, inputs},
                                                                         .init     = args->weight_init,
                                                                         .fallback = glorot,
                                                                         .fan_in   = inputs,
                                                                         .fan_out  = args->units});
    const glia_value bias   = bias_of(model, args->no_bias, args->units, args->bias_init, inputs);
    const glia_value y      = gli_layer_call_1(model, &gli_op_dense, NULL, 3, (glia_value[]){x, weight, bias});
    return gli_layer_end(model, gli_layer_activation(model, y, args->activation, last));
}

/* Zeros around one axis, so that P = ceil(size / stride). */
static void pad_same(glia_padding padding, int64_t size, int axis, gli_layer_window *w) {
    const int stride        = w->stride[axis];
    const int64_t outputs   = (size + stride - 1) / stride;
    const int64_t effective = ((int64_t)w->kernel[axis] - 1) * w->dilation[axis] + 1;
    const int64_t total     = gli_max_i64((outputs - 1) * stride + effective - size, 0);
    const int64_t before    = padding == GLIA_PAD_SAME ? total / 2 : total - total / 2;
    w->pad[axis]            = (int)before;
    w->pad_end[axis]        = (int)(total - before);
}

static int or_default(int given, int otherwise) { return given ? given : otherwise; }

bool gli_layer_fill_window(glia_model *model, const glia_tensor *x, glia_padding padding, const int stride_default[2],
                           gli_layer_window *w) {
    const bool explicit_pad = w->pad[0] || w->pad[1] || w->pad_end[0] || w->pad_end[1];
    if ((unsigned)padding > GLIA_PAD_SAME_LOWER) {
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "invalid padding %d", (int)padding);
        return false;
    }
    if (padding != GLIA_PAD_EXPLICIT && explicit_pad) {
        gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                       "pad is {%d,%d} and pad_end {%d,%d}, must be left out: padding %s sets them", w->pad[0],
                       w->pad[1], w->pad_end[0], w->pad_end[1], padding == GLIA_PAD_SAME ? "SAME" : "SAME_LOWER");
        return false;
    }
    for (int i = 0; i < 2; ++i) {
        w->stride[i]   = or_default(w->stride[i], stride_default[i]);
        w->dilation[i] = or_default(w->dilation[i], 1);
        w->pad_end[i]  = w->pad_end[i] == GLIA_NO_PAD ? 0 : or_default(w->pad_end[i], w->pad[i]);
        if (padding == GLIA_PAD_EXPLICIT) continue;
        if (w->stride[i] < 0 || w->dilation[i] < 0) {
            gli_model_fail(model, GLIA_INVALID_ARGUMENT, "stride is %d and dilation %d, must be positive", w->stride[i],
                           w->dilation[i]);
            return false;
        }
        pad_same(padding, x->dim[2 + i], i, w);
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
    const int groups      = or_default(a->groups, 1);
    gli_layer_window w    = {.kernel   = {a->kernel[0], a->kernel[1]},
                             .stride   = {a->stride[0], a->stride[1]},
                             .pad      = {a->pad[0], a->pad[1]},
                             .pad_end  = {a->pad_end[0], a->pad_end[1]},
                             .dilation = {a->dilation[0], a->dilation[1]}};
    if (!in || !check_filters(model, a->filters, a->kernel, groups) ||
        !gli_layer_fill_window(model, in, a->padding, (int[2]){1, 1}, &w))
        return GLI_INVALID;

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
    const glia_conv2d_params params = {.stride   = {w.stride[0], w.stride[1]},
                                       .pad      = {w.pad[0], w.pad[1]},
                                       .pad_end  = {w.pad_end[0], w.pad_end[1]},
                                       .dilation = {w.dilation[0], w.dilation[1]},
                                       .groups   = groups};
    const glia_value y = gli_layer_call_1(model, &gli_op_conv2d, &params, 3, (glia_value[]){x, weight, bias});
    return gli_layer_activation(model, y, a->activation, 1);
}

glia_value glia_model_conv2d(glia_model *model, glia_value x, const glia_conv2d_args *args) {
    const glia_conv2d_args defaults = {0};
    if (!args) args = &defaults;
    if (!gli_layer_begin(model, "conv2d", args->name, &x, 1, args->frozen)) return GLI_INVALID;
    if (!gli_layer_expect(model, x, 4, "[C,H,W]")) return gli_layer_end(model, GLI_INVALID);
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
    if (!gli_layer_begin(model, "conv1d", a->name, &x, 1, a->frozen)) return GLI_INVALID;
    if (!gli_layer_expect(model, x, 3, a->steps_first ? "[T,C]" : "[C,L]")) return gli_layer_end(model, GLI_INVALID);
    const glia_value y = convolve(model, gli_layer_to_row(model, x, a->steps_first), &row, true);
    return gli_layer_end(model, gli_layer_from_row(model, y, a->steps_first));
}

glia_value glia_model_conv2d_transpose(glia_model *model, glia_value x, const glia_conv2d_transpose_args *args) {
    const glia_conv2d_transpose_args defaults = {0};
    const glia_conv2d_transpose_args *a       = args ? args : &defaults;
    if (!gli_layer_begin(model, "conv2d_transpose", a->name, &x, 1, a->frozen)) return GLI_INVALID;
    if (!gli_layer_expect(model, x, 4, "[C,H,W]")) return gli_layer_end(model, GLI_INVALID);
    const int groups       = or_default(a->groups, 1);
    const int64_t channels = gli_model_shape(model, x)->dim[1], window = (int64_t)a->kernel[0] * a->kernel[1];
    if (!check_filters(model, a->filters, a->kernel, groups)) return gli_layer_end(model, GLI_INVALID);
    if (channels % groups != 0 || a->filters % groups != 0)
        return gli_layer_end(model, gli_model_fail(model, GLIA_SHAPE_MISMATCH,
                                                   "%lld channels and %d filters do not divide into %d groups",
                                                   (long long)channels, a->filters, groups));
    const int64_t filters = a->filters / groups;
    const glia_value weight =
        gli_layer_weight(model, &(gli_weight_spec){.suffix   = "weight",
                                                   .ndim     = 4,
                                                   .dim      = {channels, filters, a->kernel[0], a->kernel[1]},
                                                   .init     = a->weight_init,
                                                   .fallback = glorot,
                                                   .fan_in   = gli_saturating_mul(channels / groups, window),
                                                   .fan_out  = gli_saturating_mul(filters, window)});
    const glia_value bias =
        bias_of(model, a->no_bias, a->filters, a->bias_init, gli_saturating_mul(channels / groups, window));
    gli_layer_window w = {.kernel   = {a->kernel[0], a->kernel[1]},
                          .stride   = {a->stride[0], a->stride[1]},
                          .pad      = {a->pad[0], a->pad[1]},
                          .pad_end  = {a->pad_end[0], a->pad_end[1]},
                          .dilation = {a->dilation[0], a->dilation[1]}};
    if (!gli_layer_fill_window(model, NULL, GLIA_PAD_EXPLICIT, (int[2]){1, 1}, &w))
        return gli_layer_end(model, GLI_INVALID);
    const glia_conv2d_transpose_params params = {.stride     = {w.stride[0], w.stride[1]},
                                                 .pad        = {w.pad[0], w.pad[1]},
                                                 .pad_end    = {w.pad_end[0], w.pad_end[1]},
                                                 .output_pad = {a->output_pad[0], a->output_pad[1]},
                                                 .dilation   = {w.dilation[0], w.dilation[1]},
                                                 .groups     = groups};
    const glia_value y = gli_layer_call_1(model, &gli_op_conv2d_transpose, &params, 3, (glia_value[]){x, weight, bias});
    return gli_layer_end(model, gli_layer_activation(model, y, a->activation, 1));
}

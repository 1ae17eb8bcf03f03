/* Dense layers and convolutions. */
#include <stdio.h>

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

gli_layer_window gli_layer_window_of(int rank, const int *kernel, const int *stride, const int *pad, const int *pad_end,
                                     const int *dilation) {
    gli_layer_window w = {.rank = rank};
    for (int i = 0; i < rank; ++i) {
        w.kernel[i]   = kernel[i];
        w.stride[i]   = stride[i];
        w.pad[i]      = pad[i];
        w.pad_end[i]  = pad_end[i];
        w.dilation[i] = dilation ? dilation[i] : 0;
    }
    return w;
}

const char *gli_layer_numbers(int rank, const int *numbers, char text[GLI_LAYER_NUMBERS]) {
    int length = snprintf(text, GLI_LAYER_NUMBERS, "{%d", numbers[0]);
    for (int i = 1; i < rank; ++i)
        length += snprintf(text + length, (size_t)(GLI_LAYER_NUMBERS - length), ",%d", numbers[i]);
    snprintf(text + length, (size_t)(GLI_LAYER_NUMBERS - length), "}");
    return text;
}

bool gli_layer_fill_window(glia_model *model, const glia_tensor *x, glia_padding padding, const int *stride_default,
                           gli_layer_window *w) {
    char pad[GLI_LAYER_NUMBERS], pad_end[GLI_LAYER_NUMBERS];
    bool explicit_pad = false;
    for (int i = 0; i < w->rank; ++i) explicit_pad = explicit_pad || w->pad[i] || w->pad_end[i];
    if ((unsigned)padding > GLIA_PAD_SAME_LOWER) {
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "invalid padding %d", (int)padding);
        return false;
    }
    if (padding != GLIA_PAD_EXPLICIT && explicit_pad) {
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "pad is %s and pad_end %s, must be left out: padding %s sets them",
                       gli_layer_numbers(w->rank, w->pad, pad), gli_layer_numbers(w->rank, w->pad_end, pad_end),
                       padding == GLIA_PAD_SAME ? "SAME" : "SAME_LOWER");
        return false;
    }
    for (int i = 0; i < w->rank; ++i) {
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

static const int ones[] = {1, 1, 1};

static bool check_filters(glia_model *model, int filters, const gli_layer_window *w, int groups) {
    char kernel[GLI_LAYER_NUMBERS];
    bool positive = filters > 0 && groups > 0;
    for (int i = 0; i < w->rank; ++i) positive = positive && w->kernel[i] > 0;
    if (positive) return true;
    gli_model_fail(model, GLIA_INVALID_ARGUMENT, "filters is %d, kernel %s, groups %d: all must be positive", filters,
                   gli_layer_numbers(w->rank, w->kernel, kernel), groups);
    return false;
}

/* The elements of a kernel. */
static int64_t window_size(const gli_layer_window *w) {
    int64_t size = 1;
    for (int i = 0; i < w->rank; ++i) size = gli_saturating_mul(size, w->kernel[i]);
    return size;
}

/* What the args of the convolutions give. */
typedef struct convolution {
    gli_layer_window window;
    int filters, groups;
    glia_padding padding;
    glia_activation activation;
    bool no_bias;
    glia_init weight_init, bias_init;
    bool one_dimension; /* over rows of images: the weight has no rows */
} convolution;

#define CONVOLUTION_OF(a)                               \
    {.window      = GLI_LAYER_WINDOW(a, (a)->dilation), \
     .filters     = (a)->filters,                       \
     .groups      = or_default((a)->groups, 1),         \
     .padding     = (a)->padding,                       \
     .activation  = (a)->activation,                    \
     .no_bias     = (a)->no_bias,                       \
     .weight_init = (a)->weight_init,                   \
     .bias_init   = (a)->bias_init}

static glia_value call_conv2d(glia_model *model, const gli_layer_window *w, int groups, const glia_value *in) {
    const glia_conv2d_params params = {.stride   = {w->stride[0], w->stride[1]},
                                       .pad      = {w->pad[0], w->pad[1]},
                                       .pad_end  = {w->pad_end[0], w->pad_end[1]},
                                       .dilation = {w->dilation[0], w->dilation[1]},
                                       .groups   = groups};
    return gli_layer_call_1(model, &gli_op_conv2d, &params, 3, in);
}

static glia_value call_conv3d(glia_model *model, const gli_layer_window *w, int groups, const glia_value *in) {
    const glia_conv3d_params params = {.stride   = {w->stride[0], w->stride[1], w->stride[2]},
                                       .pad      = {w->pad[0], w->pad[1], w->pad[2]},
                                       .pad_end  = {w->pad_end[0], w->pad_end[1], w->pad_end[2]},
                                       .dilation = {w->dilation[0], w->dilation[1], w->dilation[2]},
                                       .groups   = groups};
    return gli_layer_call_1(model, &gli_op_conv3d, &params, 3, in);
}

/* conv2d of x [N,C,H,W], conv3d of x [N,C,D,H,W]; the weight loses its row dimension for conv1d. */
static glia_value convolve(glia_model *model, glia_value x, const convolution *a) {
    const glia_tensor *in = gli_model_shape(model, x);
    gli_layer_window w    = a->window;
    if (!in || !check_filters(model, a->filters, &w, a->groups) ||
        !gli_layer_fill_window(model, in, a->padding, ones, &w))
        return GLI_INVALID;

    const int64_t channels = in->dim[1] / a->groups, window = window_size(&w);
    gli_weight_spec spec = {.suffix   = "weight",
                            .ndim     = 2 + w.rank,
                            .dim      = {a->filters, channels},
                            .init     = a->weight_init,
                            .fallback = glorot,
                            .fan_in   = gli_saturating_mul(channels, window),
                            .fan_out  = gli_saturating_mul(a->filters / a->groups, window)};
    for (int i = 0; i < w.rank; ++i) spec.dim[2 + i] = w.kernel[i];
    if (a->one_dimension) spec.ndim = 3, spec.dim[2] = w.kernel[1];
    glia_value weight     = gli_layer_weight(model, &spec);
    const glia_value bias = bias_of(model, a->no_bias, a->filters, a->bias_init, spec.fan_in);
    if (a->one_dimension) {
        const glia_reshape_params rows = {.shape = {.ndim = 4, .dim = {a->filters, channels, 1, w.kernel[1]}}};
        weight                         = gli_layer_call_1(model, &gli_op_reshape, &rows, 1, &weight);
    }
    const glia_value inputs[] = {x, weight, bias};
    const glia_value y =
        w.rank == 3 ? call_conv3d(model, &w, a->groups, inputs) : call_conv2d(model, &w, a->groups, inputs);
    return gli_layer_activation(model, y, a->activation, 1);
}

glia_value glia_model_conv2d(glia_model *model, glia_value x, const glia_conv2d_args *args) {
    const glia_conv2d_args defaults = {0}, *a = args ? args : &defaults;
    const convolution conv = CONVOLUTION_OF(a);
    if (!gli_layer_begin(model, "conv2d", a->name, &x, 1, a->frozen)) return GLI_INVALID;
    if (!gli_layer_expect(model, x, 4, "[C,H,W]")) return gli_layer_end(model, GLI_INVALID);
    return gli_layer_end(model, convolve(model, x, &conv));
}

glia_value glia_model_conv3d(glia_model *model, glia_value x, const glia_conv3d_args *args) {
    const glia_conv3d_args defaults = {0}, *a = args ? args : &defaults;
    const convolution conv = CONVOLUTION_OF(a);
    if (!gli_layer_begin(model, "conv3d", a->name, &x, 1, a->frozen)) return GLI_INVALID;
    if (!gli_layer_expect(model, x, 5, "[C,D,H,W]")) return gli_layer_end(model, GLI_INVALID);
    return gli_layer_end(model, convolve(model, x, &conv));
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
    convolution conv                = CONVOLUTION_OF(&row);
    conv.one_dimension              = true;
    if (!gli_layer_begin(model, "conv1d", a->name, &x, 1, a->frozen)) return GLI_INVALID;
    if (!gli_layer_expect(model, x, 3, a->steps_first ? "[T,C]" : "[C,L]")) return gli_layer_end(model, GLI_INVALID);
    const glia_value y = convolve(model, gli_layer_to_row(model, x, a->steps_first), &conv);
    return gli_layer_end(model, gli_layer_from_row(model, y, a->steps_first));
}

glia_value glia_model_conv2d_transpose(glia_model *model, glia_value x, const glia_conv2d_transpose_args *args) {
    const glia_conv2d_transpose_args defaults = {0};
    const glia_conv2d_transpose_args *a       = args ? args : &defaults;
    if (!gli_layer_begin(model, "conv2d_transpose", a->name, &x, 1, a->frozen)) return GLI_INVALID;
    if (!gli_layer_expect(model, x, 4, "[C,H,W]")) return gli_layer_end(model, GLI_INVALID);
    const int groups       = or_default(a->groups, 1);
    gli_layer_window w     = GLI_LAYER_WINDOW(a, a->dilation);
    const int64_t channels = gli_model_shape(model, x)->dim[1], window = window_size(&w);
    if (!check_filters(model, a->filters, &w, groups)) return gli_layer_end(model, GLI_INVALID);
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
    if (!gli_layer_fill_window(model, NULL, GLIA_PAD_EXPLICIT, ones, &w)) return gli_layer_end(model, GLI_INVALID);
    const glia_conv2d_transpose_params params = {.stride     = {w.stride[0], w.stride[1]},
                                                 .pad        = {w.pad[0], w.pad[1]},
                                                 .pad_end    = {w.pad_end[0], w.pad_end[1]},
                                                 .output_pad = {a->output_pad[0], a->output_pad[1]},
                                                 .dilation   = {w.dilation[0], w.dilation[1]},
                                                 .groups     = groups};
    const glia_value y = gli_layer_call_1(model, &gli_op_conv2d_transpose, &params, 3, (glia_value[]){x, weight, bias});
    return gli_layer_end(model, gli_layer_activation(model, y, a->activation, 1));
}

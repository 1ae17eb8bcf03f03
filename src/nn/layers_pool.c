/* Pooling. */
#include <math.h>

#include "nn/model_impl.h"

static const glia_value invalid = {-1};

static const glia_pool2d_args defaults_2d              = {0};
static const glia_pool1d_args defaults_1d              = {0};
static const glia_global_pool1d_args defaults_global1d = {0};

/* What max and average pooling of x [N,C,H,W] share: the window with its padding. False after a failure. */
static bool window_of(glia_model *model, glia_value x, const glia_pool2d_args *a, int *stride, int *pad, int *pad_end) {
    const glia_tensor *in = gli_model_shape(model, x);
    if (!in) return false;
    if (a->kernel[0] < 1 || a->kernel[1] < 1) {
        gli_model_fail(model, GLIA_INVALID_ARGUMENT, "kernel is {%d,%d}, must be positive", a->kernel[0], a->kernel[1]);
        return false;
    }
    for (int i = 0; i < 2; ++i)
        stride[i] = a->stride[i] ? a->stride[i] : a->kernel[i], pad[i] = a->pad[i], pad_end[i] = a->pad_end[i];
    return gli_layer_padding(model, in, a->kernel, a->padding, stride, a->dilation, pad, pad_end);
}

static glia_value max_pool(glia_model *model, glia_value x, const glia_pool2d_args *a) {
    glia_max_pool2d_params p = {.kernel    = {a->kernel[0], a->kernel[1]},
                                .dilation  = {a->dilation[0], a->dilation[1]},
                                .ceil_mode = a->ceil_mode};
    if (!window_of(model, x, a, p.stride, p.pad, p.pad_end)) return invalid;
    return gli_layer_call_1(model, &gli_op_max_pool2d, &p, 1, &x);
}

static glia_value avg_pool(glia_model *model, glia_value x, const glia_pool2d_args *a) {
    glia_avg_pool2d_params p = {
        .kernel = {a->kernel[0], a->kernel[1]}, .ceil_mode = a->ceil_mode, .count_include_pad = a->count_include_pad};
    if (a->dilation[0] > 1 || a->dilation[1] > 1)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "dilation is {%d,%d}: average pooling has none",
                              a->dilation[0], a->dilation[1]);
    if (!window_of(model, x, a, p.stride, p.pad, p.pad_end)) return invalid;
    return gli_layer_call_1(model, &gli_op_avg_pool2d, &p, 1, &x);
}

typedef glia_value (*pooling)(glia_model *model, glia_value x, const glia_pool2d_args *args);

static glia_value pool2d(glia_model *model, const char *kind, glia_value x, const glia_pool2d_args *args,
                         pooling pool) {
    const glia_pool2d_args *a = args ? args : &defaults_2d;
    if (!gli_layer_begin(model, kind, a->name, &x, 1, false)) return invalid;
    if (!gli_layer_expect(model, x, 4, "[C,H,W]")) return gli_layer_end(model, invalid);
    return gli_layer_end(model, pool(model, x, a));
}

glia_value glia_model_max_pool2d(glia_model *model, glia_value x, const glia_pool2d_args *args) {
    return pool2d(model, "max_pool2d", x, args, max_pool);
}

glia_value glia_model_avg_pool2d(glia_model *model, glia_value x, const glia_pool2d_args *args) {
    return pool2d(model, "avg_pool2d", x, args, avg_pool);
}

static glia_value pool1d(glia_model *model, const char *kind, glia_value x, const glia_pool1d_args *args,
                         pooling pool) {
    const glia_pool1d_args *a  = args ? args : &defaults_1d;
    const glia_pool2d_args row = {.kernel            = {1, a->kernel},
                                  .stride            = {1, a->stride},
                                  .pad               = {0, a->pad},
                                  .pad_end           = {0, a->pad_end},
                                  .dilation          = {1, a->dilation},
                                  .padding           = a->padding,
                                  .ceil_mode         = a->ceil_mode,
                                  .count_include_pad = a->count_include_pad};
    if (!gli_layer_begin(model, kind, a->name, &x, 1, false)) return invalid;
    if (!gli_layer_expect(model, x, 3, a->steps_first ? "[T,C]" : "[C,L]")) return gli_layer_end(model, invalid);
    const glia_value y = pool(model, gli_layer_to_row(model, x, a->steps_first), &row);
    return gli_layer_end(model, gli_layer_from_row(model, y, a->steps_first));
}

glia_value glia_model_max_pool1d(glia_model *model, glia_value x, const glia_pool1d_args *args) {
    return pool1d(model, "max_pool1d", x, args, max_pool);
}

glia_value glia_model_avg_pool1d(glia_model *model, glia_value x, const glia_pool1d_args *args) {
    return pool1d(model, "avg_pool1d", x, args, avg_pool);
}

/* One op with one input as a layer of its own. */
static glia_value adaptive(glia_model *model, const char *kind, glia_value x, const gli_op *op, const void *params) {
    if (!gli_layer_begin(model, kind, NULL, &x, 1, false)) return invalid;
    return gli_layer_end(model, gli_layer_call_1(model, op, params, 1, &x));
}

glia_value glia_model_adaptive_max_pool2d(glia_model *model, glia_value x, int rows, int columns) {
    return adaptive(model, "adaptive_max_pool2d", x, &gli_op_adaptive_max_pool2d,
                    &(glia_adaptive_max_pool2d_params){.size = {rows, columns}});
}

glia_value glia_model_adaptive_avg_pool2d(glia_model *model, glia_value x, int rows, int columns) {
    return adaptive(model, "adaptive_avg_pool2d", x, &gli_op_adaptive_avg_pool2d,
                    &(glia_adaptive_avg_pool2d_params){.size = {rows, columns}});
}

/* Pools to one row and column, and drops both. */
static glia_value global2d(glia_model *model, const char *kind, glia_value x, const gli_op *op, const void *params) {
    if (!gli_layer_begin(model, kind, NULL, &x, 1, false)) return invalid;
    const glia_value pooled = gli_layer_call_1(model, op, params, 1, &x);
    const glia_tensor *in   = gli_model_shape(model, pooled);
    if (!in) return gli_layer_end(model, invalid);
    const glia_reshape_params flat = {.shape = {.ndim = 2, .dim = {-1, in->dim[1]}}};
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_reshape, &flat, 1, &pooled));
}

glia_value glia_model_global_max_pool2d(glia_model *model, glia_value x) {
    return global2d(model, "global_max_pool2d", x, &gli_op_adaptive_max_pool2d,
                    &(glia_adaptive_max_pool2d_params){.size = {1, 1}});
}

glia_value glia_model_global_avg_pool2d(glia_model *model, glia_value x) {
    return global2d(model, "global_avg_pool2d", x, &gli_op_adaptive_avg_pool2d,
                    &(glia_adaptive_avg_pool2d_params){.size = {1, 1}});
}

/* ---- Over all steps of x [N,T,C] ---- */

static glia_value mask(glia_model *model, glia_value x, glia_value lengths, double value) {
    return gli_layer_call_1(model, &gli_op_mask_steps, &(glia_mask_steps_params){.value = value, .batch_first = true},
                            2, (glia_value[]){x, lengths});
}

static glia_value reduce(glia_model *model, glia_value x, glia_reduce_kind kind, int axis, bool keep_dims) {
    const glia_reduce_params params = {.kind = kind, .axes = GLIA_AXIS(axis), .keep_dims = keep_dims};
    return gli_layer_call_1(model, &gli_op_reduce, &params, 1, &x);
}

/* The lengths as [N,1]. */
static glia_value column_of(glia_model *model, glia_value lengths) {
    return gli_layer_call_1(model, &gli_op_reshape, &(glia_reshape_params){.shape = GLIA_SHAPE(-1, 1)}, 1, &lengths);
}

static glia_value mean_of_steps(glia_model *model, glia_value x, glia_value lengths, int64_t steps) {
    const glia_value column              = column_of(model, lengths);
    const glia_cast_params to            = {.dtype = model->dtype};
    const glia_value floats              = gli_layer_call_1(model, &gli_op_cast, &to, 1, &column);
    const glia_unary_params at_least_one = {.kind = GLIA_CLIP, .alpha = 1, .beta = (float)steps};
    const glia_value count               = gli_layer_call_1(model, &gli_op_unary, &at_least_one, 1, &floats);
    const glia_value sum                 = reduce(model, mask(model, x, lengths, 0), GLIA_SUM, 1, false);
    return gli_layer_call_1(model, &gli_op_binary, &(glia_binary_params){.kind = GLIA_DIV}, 2,
                            (glia_value[]){sum, count});
}

/* The maximum is a sequence of one step, or, where it is over no steps, of none. */
static glia_value max_of_steps(glia_model *model, glia_value x, glia_value lengths) {
    const glia_value most   = reduce(model, mask(model, x, lengths, -INFINITY), GLIA_MAX, 1, true);
    const glia_value column = column_of(model, lengths);
    const glia_value any    = gli_layer_call_1(model, &gli_op_sequence_lengths,
                                               &(glia_sequence_lengths_params){.batch_first = true}, 1, &column);
    const glia_value y      = mask(model, most, any, 0);
    const glia_tensor *out  = gli_model_shape(model, y);
    if (!out) return invalid;
    const glia_reshape_params flat = {.shape = {.ndim = 2, .dim = {-1, out->dim[2]}}};
    return gli_layer_call_1(model, &gli_op_reshape, &flat, 1, &y);
}

static glia_value global1d(glia_model *model, const char *kind, glia_value x, const glia_global_pool1d_args *args,
                           glia_reduce_kind reduction) {
    const glia_global_pool1d_args *a = args ? args : &defaults_global1d;
    const glia_value in[2]           = {x, a->lengths};
    const bool whole                 = a->lengths.id == 0;
    if (!gli_layer_begin(model, kind, a->name, in, whole ? 1 : 2, false)) return invalid;
    if (!gli_layer_expect(model, x, 3, a->steps_first ? "[T,C]" : "[C,L]") ||
        !gli_layer_expect_lengths(model, a->lengths))
        return gli_layer_end(model, invalid);
    if (whole) return gli_layer_end(model, reduce(model, x, reduction, a->steps_first ? 1 : 2, false));
    const glia_value steps      = a->steps_first ? x : gli_layer_swap(model, x, 1, 2);
    const glia_tensor *in_steps = gli_model_shape(model, steps);
    if (!in_steps) return gli_layer_end(model, invalid);
    return gli_layer_end(model, reduction == GLIA_MAX ? max_of_steps(model, steps, a->lengths)
                                                      : mean_of_steps(model, steps, a->lengths, in_steps->dim[1]));
}

glia_value glia_model_global_max_pool1d(glia_model *model, glia_value x, const glia_global_pool1d_args *args) {
    return global1d(model, "global_max_pool1d", x, args, GLIA_MAX);
}

glia_value glia_model_global_avg_pool1d(glia_model *model, glia_value x, const glia_global_pool1d_args *args) {
    return global1d(model, "global_avg_pool1d", x, args, GLIA_MEAN);
}

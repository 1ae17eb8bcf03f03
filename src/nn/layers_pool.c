/* Pooling and upsampling. */
#include <math.h>

#include "glia/ops/elementwise.h"
#include "glia/ops/movement.h"
#include "glia/ops/pool.h"
#include "glia/ops/reduce.h"
#include "glia/ops/sequence.h"
#include "nn/layer.h"

/* What these layers give: a window, and what is only of one kind. */
typedef struct pooling {
    gli_layer_window window;
    glia_padding padding;
    bool max, ceil_mode, count_include_pad;
} pooling;

static glia_value pool_image(glia_model *model, glia_value x, const pooling *given, const gli_layer_window *w) {
    const glia_max_pool2d_params max = {.kernel    = {w->kernel[0], w->kernel[1]},
                                        .stride    = {w->stride[0], w->stride[1]},
                                        .pad       = {w->pad[0], w->pad[1]},
                                        .pad_end   = {w->pad_end[0], w->pad_end[1]},
                                        .dilation  = {w->dilation[0], w->dilation[1]},
                                        .ceil_mode = given->ceil_mode};
    const glia_avg_pool2d_params avg = {.kernel            = {w->kernel[0], w->kernel[1]},
                                        .stride            = {w->stride[0], w->stride[1]},
                                        .pad               = {w->pad[0], w->pad[1]},
                                        .pad_end           = {w->pad_end[0], w->pad_end[1]},
                                        .ceil_mode         = given->ceil_mode,
                                        .count_include_pad = given->count_include_pad};
    return given->max ? gli_layer_call_1(model, &gli_op_max_pool2d, &max, 1, &x)
                      : gli_layer_call_1(model, &gli_op_avg_pool2d, &avg, 1, &x);
}

static glia_value pool_volume(glia_model *model, glia_value x, const pooling *given, const gli_layer_window *w) {
    const glia_max_pool3d_params max = {.kernel    = {w->kernel[0], w->kernel[1], w->kernel[2]},
                                        .stride    = {w->stride[0], w->stride[1], w->stride[2]},
                                        .pad       = {w->pad[0], w->pad[1], w->pad[2]},
                                        .pad_end   = {w->pad_end[0], w->pad_end[1], w->pad_end[2]},
                                        .dilation  = {w->dilation[0], w->dilation[1], w->dilation[2]},
                                        .ceil_mode = given->ceil_mode};
    const glia_avg_pool3d_params avg = {.kernel            = {w->kernel[0], w->kernel[1], w->kernel[2]},
                                        .stride            = {w->stride[0], w->stride[1], w->stride[2]},
                                        .pad               = {w->pad[0], w->pad[1], w->pad[2]},
                                        .pad_end           = {w->pad_end[0], w->pad_end[1], w->pad_end[2]},
                                        .ceil_mode         = given->ceil_mode,
                                        .count_include_pad = given->count_include_pad};
    return given->max ? gli_layer_call_1(model, &gli_op_max_pool3d, &max, 1, &x)
                      : gli_layer_call_1(model, &gli_op_avg_pool3d, &avg, 1, &x);
}

/* x: [N,C,H,W], or of rank 3 [N,C,D,H,W] */
static glia_value pool(glia_model *model, glia_value x, const pooling *given) {
    const glia_tensor *in = gli_model_shape(model, x);
    gli_layer_window w    = given->window;
    char kernel[GLI_LAYER_NUMBERS];
    if (!in) return GLI_INVALID;
    for (int i = 0; i < w.rank; ++i)
        if (w.kernel[i] < 1)
            return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "kernel is %s, must be positive",
                                  gli_layer_numbers(w.rank, w.kernel, kernel));
    if (!gli_layer_fill_window(model, in, given->padding, w.kernel, &w)) return GLI_INVALID;
    return w.rank == 3 ? pool_volume(model, x, given, &w) : pool_image(model, x, given, &w);
}

static glia_value pool_layer(glia_model *model, const char *kind, const char *name, glia_value x,
                             const pooling *given) {
    const int rank = given->window.rank;
    if (!gli_layer_begin(model, kind, name, &x, 1, false)) return GLI_INVALID;
    if (!gli_layer_expect(model, x, 2 + rank, rank == 3 ? "[C,D,H,W]" : "[C,H,W]"))
        return gli_layer_end(model, GLI_INVALID);
    return gli_layer_end(model, pool(model, x, given));
}

static pooling max_pooling(gli_layer_window window, glia_padding padding, bool ceil_mode) {
    return (pooling){.window = window, .padding = padding, .max = true, .ceil_mode = ceil_mode};
}

static pooling avg_pooling(gli_layer_window window, glia_padding padding, bool ceil_mode, bool count_include_pad) {
    return (pooling){
        .window = window, .padding = padding, .ceil_mode = ceil_mode, .count_include_pad = count_include_pad};
}

glia_value glia_model_max_pool2d(glia_model *model, glia_value x, const glia_max_pool2d_args *args) {
    const glia_max_pool2d_args defaults = {0}, *a = args ? args : &defaults;
    const pooling given = max_pooling(GLI_LAYER_WINDOW(a, a->dilation), a->padding, a->ceil_mode);
    return pool_layer(model, "max_pool2d", a->name, x, &given);
}

glia_value glia_model_avg_pool2d(glia_model *model, glia_value x, const glia_avg_pool2d_args *args) {
    const glia_avg_pool2d_args defaults = {0}, *a = args ? args : &defaults;
    const pooling given = avg_pooling(GLI_LAYER_WINDOW(a, NULL), a->padding, a->ceil_mode, a->count_include_pad);
    return pool_layer(model, "avg_pool2d", a->name, x, &given);
}

glia_value glia_model_max_pool3d(glia_model *model, glia_value x, const glia_max_pool3d_args *args) {
    const glia_max_pool3d_args defaults = {0}, *a = args ? args : &defaults;
    const pooling given = max_pooling(GLI_LAYER_WINDOW(a, a->dilation), a->padding, a->ceil_mode);
    return pool_layer(model, "max_pool3d", a->name, x, &given);
}

glia_value glia_model_avg_pool3d(glia_model *model, glia_value x, const glia_avg_pool3d_args *args) {
    const glia_avg_pool3d_args defaults = {0}, *a = args ? args : &defaults;
    const pooling given = avg_pooling(GLI_LAYER_WINDOW(a, NULL), a->padding, a->ceil_mode, a->count_include_pad);
    return pool_layer(model, "avg_pool3d", a->name, x, &given);
}

static glia_value pool1d(glia_model *model, const char *kind, const char *name, glia_value x, bool steps_first,
                         const pooling *given) {
    if (!gli_layer_begin(model, kind, name, &x, 1, false)) return GLI_INVALID;
    if (!gli_layer_expect(model, x, 3, steps_first ? "[T,C]" : "[C,L]")) return gli_layer_end(model, GLI_INVALID);
    const glia_value y = pool(model, gli_layer_to_row(model, x, steps_first), given);
    return gli_layer_end(model, gli_layer_from_row(model, y, steps_first));
}

glia_value glia_model_max_pool1d(glia_model *model, glia_value x, const glia_max_pool1d_args *args) {
    const glia_max_pool1d_args defaults = {0}, *a = args ? args : &defaults;
    const pooling given = {.window    = {.rank     = 2,
                                         .kernel   = {1, a->kernel},
                                         .stride   = {1, a->stride},
                                         .pad      = {0, a->pad},
                                         .pad_end  = {0, a->pad_end},
                                         .dilation = {1, a->dilation}},
                           .padding   = a->padding,
                           .max       = true,
                           .ceil_mode = a->ceil_mode};
    return pool1d(model, "max_pool1d", a->name, x, a->steps_first, &given);
}

glia_value glia_model_avg_pool1d(glia_model *model, glia_value x, const glia_avg_pool1d_args *args) {
    const glia_avg_pool1d_args defaults = {0}, *a = args ? args : &defaults;
    const pooling given = {.window            = {.rank    = 2,
                                                 .kernel  = {1, a->kernel},
                                                 .stride  = {1, a->stride},
                                                 .pad     = {0, a->pad},
                                                 .pad_end = {0, a->pad_end}},
                           .padding           = a->padding,
                           .ceil_mode         = a->ceil_mode,
                           .count_include_pad = a->count_include_pad};
    return pool1d(model, "avg_pool1d", a->name, x, a->steps_first, &given);
}

static glia_value adaptive(glia_model *model, const char *kind, glia_value x, const gli_op *op,
                           const glia_adaptive_pool2d_args *args) {
    const glia_adaptive_pool2d_args defaults = {0}, *a = args ? args : &defaults;
    const glia_adaptive_pool2d_params params = {.size = {a->size[0] ? a->size[0] : 1, a->size[1] ? a->size[1] : 1}};
    return gli_layer_of_op(model, kind, a->name, x, op, &params);
}

glia_value glia_model_adaptive_max_pool2d(glia_model *model, glia_value x, const glia_adaptive_pool2d_args *args) {
    return adaptive(model, "adaptive_max_pool2d", x, &gli_op_adaptive_max_pool2d, args);
}

glia_value glia_model_adaptive_avg_pool2d(glia_model *model, glia_value x, const glia_adaptive_pool2d_args *args) {
    return adaptive(model, "adaptive_avg_pool2d", x, &gli_op_adaptive_avg_pool2d, args);
}

/* The size of y along an axis of x's `in` elements; 0: there is none. */
static int upsampled(int64_t in, int scale, int size) {
    if (size != 0 || scale < 0) return size > 0 && scale >= 0 ? size : 0;
    const int64_t scaled = in * (scale ? scale : 2);
    return scaled <= INT32_MAX ? (int)scaled : 0;
}

static glia_value upsample(glia_model *model, glia_value x, const glia_upsample2d_args *a) {
    const glia_tensor *in          = gli_model_shape(model, x);
    glia_interpolate_params params = glia_interpolate_defaults();
    if (!in) return GLI_INVALID;
    for (int i = 0; i < 2; ++i) {
        params.size[i] = upsampled(in->dim[2 + i], a->scale[i], a->size[i]);
        if (params.size[i] == 0)
            return gli_model_fail(model, GLIA_INVALID_ARGUMENT,
                                  "scale[%d] is %d and size[%d] %d, of %lld elements: must be positive, and y below "
                                  "2^31",
                                  i, a->scale[i], i, a->size[i], (long long)in->dim[2 + i]);
    }
    if (a->align_corners && !a->linear)
        return gli_model_fail(model, GLIA_INVALID_ARGUMENT, "align_corners without linear");
    if (a->linear) params.mode = GLIA_INTERPOLATE_LINEAR;
    if (a->align_corners) params.coordinates = GLIA_COORDINATES_ALIGN_CORNERS;
    return gli_layer_call_1(model, &gli_op_interpolate, &params, 1, &x);
}

glia_value glia_model_upsample2d(glia_model *model, glia_value x, const glia_upsample2d_args *args) {
    const glia_upsample2d_args defaults = {0}, *a = args ? args : &defaults;
    if (!gli_layer_begin(model, "upsample2d", a->name, &x, 1, false)) return GLI_INVALID;
    if (!gli_layer_expect(model, x, 4, "[C,H,W]")) return gli_layer_end(model, GLI_INVALID);
    return gli_layer_end(model, upsample(model, x, a));
}

/* Pools to one row and column, and drops both. */
static glia_value global2d(glia_model *model, const char *kind, glia_value x, const gli_op *op,
                           const glia_layer_args *args) {
    const glia_adaptive_pool2d_params one = {.size = {1, 1}};
    if (!gli_layer_begin(model, kind, args ? args->name : NULL, &x, 1, false)) return GLI_INVALID;
    const glia_value pooled = gli_layer_call_1(model, op, &one, 1, &x);
    const glia_tensor *in   = gli_model_shape(model, pooled);
    if (!in) return gli_layer_end(model, GLI_INVALID);
    const glia_reshape_params flat = {.shape = {.ndim = 2, .dim = {-1, in->dim[1]}}};
    return gli_layer_end(model, gli_layer_call_1(model, &gli_op_reshape, &flat, 1, &pooled));
}

glia_value glia_model_global_max_pool2d(glia_model *model, glia_value x, const glia_layer_args *args) {
    return global2d(model, "global_max_pool2d", x, &gli_op_adaptive_max_pool2d, args);
}

glia_value glia_model_global_avg_pool2d(glia_model *model, glia_value x, const glia_layer_args *args) {
    return global2d(model, "global_avg_pool2d", x, &gli_op_adaptive_avg_pool2d, args);
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
    const glia_cast_params to            = {.dtype = model->compute};
    const glia_value floats              = gli_layer_call_1(model, &gli_op_cast, &to, 1, &column);
    const glia_unary_params at_least_one = {.kind = GLIA_UNARY_CLIP, .alpha = 1, .beta = (double)steps};
    const glia_value count               = gli_layer_call_1(model, &gli_op_unary, &at_least_one, 1, &floats);
    const glia_value sum                 = reduce(model, mask(model, x, lengths, 0), GLIA_REDUCE_SUM, 1, false);
    return gli_layer_call_1(model, &gli_op_binary, &(glia_binary_params){.kind = GLIA_BINARY_DIV}, 2,
                            (glia_value[]){sum, count});
}

/* The maximum is a sequence of one step, or, where it is over no steps, of none. */
static glia_value max_of_steps(glia_model *model, glia_value x, glia_value lengths) {
    const glia_value max    = reduce(model, mask(model, x, lengths, -INFINITY), GLIA_REDUCE_MAX, 1, true);
    const glia_value column = column_of(model, lengths);
    const glia_value any    = gli_layer_call_1(model, &gli_op_sequence_lengths,
                                               &(glia_sequence_lengths_params){.batch_first = true}, 1, &column);
    const glia_value y      = mask(model, max, any, 0);
    const glia_tensor *out  = gli_model_shape(model, y);
    if (!out) return GLI_INVALID;
    const glia_reshape_params flat = {.shape = {.ndim = 2, .dim = {-1, out->dim[2]}}};
    return gli_layer_call_1(model, &gli_op_reshape, &flat, 1, &y);
}

static glia_value global1d(glia_model *model, const char *kind, glia_value x, const glia_global_pool1d_args *args,
                           glia_reduce_kind reduction) {
    const glia_global_pool1d_args defaults = {0}, *a = args ? args : &defaults;
    const glia_value in[2] = {x, a->lengths};
    const bool whole       = a->lengths.id == 0;
    if (!gli_layer_begin(model, kind, a->name, in, whole ? 1 : 2, false)) return GLI_INVALID;
    if (!gli_layer_expect(model, x, 3, a->steps_first ? "[T,C]" : "[C,L]") ||
        !gli_layer_expect_lengths(model, a->lengths))
        return gli_layer_end(model, GLI_INVALID);
    if (whole) return gli_layer_end(model, reduce(model, x, reduction, a->steps_first ? 1 : 2, false));
    const glia_value steps      = a->steps_first ? x : gli_layer_swap(model, x, 1, 2);
    const glia_tensor *in_steps = gli_model_shape(model, steps);
    if (!in_steps) return gli_layer_end(model, GLI_INVALID);
    return gli_layer_end(model, reduction == GLIA_REDUCE_MAX
                                    ? max_of_steps(model, steps, a->lengths)
                                    : mean_of_steps(model, steps, a->lengths, in_steps->dim[1]));
}

glia_value glia_model_global_max_pool1d(glia_model *model, glia_value x, const glia_global_pool1d_args *args) {
    return global1d(model, "global_max_pool1d", x, args, GLIA_REDUCE_MAX);
}

glia_value glia_model_global_avg_pool1d(glia_model *model, glia_value x, const glia_global_pool1d_args *args) {
    return global1d(model, "global_avg_pool1d", x, args, GLIA_REDUCE_MEAN);
}

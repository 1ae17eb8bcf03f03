// The params of each op with their defaults, so that a case names only what it changes: params::conv2d{.pad = {1, 1}}.
// Where C leaves a pad_end at 0, a case that leaves it out means as pad; a stride of pooling that is left out is the
// kernel. Layouts are those of the C structs; params_test.cc compares the defaults with those of the ops.
#pragma once

#include <cmath>
#include <initializer_list>

#include "glia/glia.h"

namespace glia::params {

// An array whose elements are Default where a list does not reach.
template <int Count, int Default>
struct filled {
    int value[Count];
    constexpr filled(std::initializer_list<int> list = {}) : value{} {
        int i = 0;
        for (int given : list) value[i++] = given;
        for (; i < Count; ++i) value[i] = Default;
    }
};

struct accumulate {
    double factor                 = 1;
    double weight                 = 1;
    int64_t by[GLIA_MAX_COUNTERS] = {};
};
struct accuracy {
    int k                = 1;
    bool binary          = false;
    double threshold     = 0.5;
    bool logits          = false;
    int64_t ignore_index = 0;
    bool ignore          = false;
};
struct adagrad {
    double epsilon      = 1e-10;
    double weight_decay = 0, l1 = 0;
};
struct adam {
    double beta1 = 0.9, beta2 = 0.999;
    double epsilon      = 1e-8;
    double weight_decay = 0, l1 = 0;
    bool decoupled = false;
};
struct adaptive_avg_pool2d {
    int size[2] = {0, 0};
};
using adaptive_max_pool2d          = adaptive_avg_pool2d;
using adaptive_avg_pool2d_backward = adaptive_avg_pool2d;
struct argmax {
    int axis       = -1;
    bool keep_dims = false;
};
struct avg_pool2d {
    int kernel[2]          = {0, 0};
    int stride[2]          = {kernel[0] ? kernel[0] : 1, kernel[1] ? kernel[1] : 1};
    int pad[2]             = {0, 0};
    int pad_end[2]         = {pad[0], pad[1]};
    bool ceil_mode         = false;
    bool count_include_pad = false;
};
struct avg_pool2d_backward {
    avg_pool2d pool = {};
    int size[2]     = {0, 0};
};
struct avg_pool3d {
    int kernel[3]          = {0, 0, 0};
    int stride[3]          = {kernel[0] ? kernel[0] : 1, kernel[1] ? kernel[1] : 1, kernel[2] ? kernel[2] : 1};
    int pad[3]             = {0, 0, 0};
    int pad_end[3]         = {pad[0], pad[1], pad[2]};
    bool ceil_mode         = false;
    bool count_include_pad = false;
};
struct avg_pool3d_backward {
    avg_pool3d pool = {};
    int size[3]     = {0, 0, 0};
};
struct batchnorm {
    double epsilon             = 1e-5;
    double momentum            = 0.1;
    bool population            = false;
    glia_activation activation = GLIA_LINEAR;
};
struct batchnorm_backward {
    glia_activation activation = GLIA_LINEAR;
};
struct batchnorm_inference {
    double epsilon = 1e-5;
};
using batchnorm_inference_backward = batchnorm_inference;
struct binary {
    glia_binary_kind kind = GLIA_BINARY_ADD;
};
using binary_backward = binary;
struct cast {
    glia_dtype dtype = GLIA_F32;
};
struct check_finite {};
struct clip_by_norm {
    double max_norm = 0;
};
struct concat {
    int axis = 0;
};
struct confusion_matrix {
    int64_t ignore_index = 0;
    bool ignore          = false;
};
struct conv2d {
    int stride[2]              = {1, 1};
    int pad[2]                 = {0, 0};
    int pad_end[2]             = {pad[0], pad[1]};
    int dilation[2]            = {1, 1};
    int groups                 = 1;
    glia_activation activation = GLIA_LINEAR;
};
struct conv2d_backward_data {
    conv2d conv = {};
    int size[2] = {0, 0};
};
using conv2d_backward_filter = conv2d_backward_data;
struct conv2d_transpose {
    int stride[2]              = {1, 1};
    int pad[2]                 = {0, 0};
    int pad_end[2]             = {pad[0], pad[1]};
    int output_pad[2]          = {0, 0};
    int dilation[2]            = {1, 1};
    int groups                 = 1;
    glia_activation activation = GLIA_LINEAR;
};
struct conv3d {
    int stride[3]              = {1, 1, 1};
    int pad[3]                 = {0, 0, 0};
    int pad_end[3]             = {pad[0], pad[1], pad[2]};
    int dilation[3]            = {1, 1, 1};
    int groups                 = 1;
    glia_activation activation = GLIA_LINEAR;
};
struct conv3d_backward_data {
    conv3d conv = {};
    int size[3] = {0, 0, 0};
};
using conv3d_backward_filter = conv3d_backward_data;
struct cross_entropy {
    glia_cross_entropy_from from = GLIA_FROM_LOGITS;
    glia_reduction reduction     = GLIA_REDUCTION_MEAN;
    int64_t ignore_index         = 0;
    bool ignore                  = false;
    double label_smoothing       = 0;
};
using cross_entropy_backward = cross_entropy;
struct cumsum {
    int axis       = -1;
    bool exclusive = false;
    bool reverse   = false;
};
struct dense {
    glia_activation activation = GLIA_LINEAR;
};
struct dense_backward_weights {};
using dense_backward_data = dense;
struct dropout {
    double p        = 0;
    uint64_t seed   = 0;
    uint32_t stream = 0;
};
struct expand {
    glia_shape shape = {};
};
struct gather {
    int axis              = 0;
    int64_t padding_index = 0;
    bool has_padding      = false;
};
struct gather_backward {
    params::gather gather = {};
    int size              = 0;
};
struct groupnorm {
    int groups     = 1;
    double epsilon = 1e-5;
};
struct groupnorm_backward {
    int groups = 1;
};
struct increment {
    int64_t by[GLIA_MAX_COUNTERS] = {};
};
struct interpolate {
    int size[GLIA_MAX_SPATIAL]               = {0, 0, 0};
    glia_interpolate_mode mode               = GLIA_INTERPOLATE_NEAREST;
    glia_interpolate_coordinates coordinates = GLIA_COORDINATES_HALF_PIXEL;
    glia_interpolate_rounding rounding       = GLIA_ROUNDING_PREFER_CEIL;
};
using interpolate_backward = interpolate;
struct layernorm {
    int dims       = 1;
    double epsilon = 1e-5;
};
struct layernorm_backward {
    int dims = 1;
};
struct loss {
    glia_loss_kind kind      = GLIA_LOSS_MSE;
    glia_reduction reduction = GLIA_REDUCTION_MEAN;
    double delta             = 1;
    bool log_target          = false;
};
using loss_backward = loss;
struct mask_steps {
    double value     = 0;
    bool batch_first = false;
};
struct matmul {
    bool transpose_a = false, transpose_b = false;
    double alpha = 1, beta = 1;
};
struct max_pool2d {
    int kernel[2]   = {0, 0};
    int stride[2]   = {kernel[0] ? kernel[0] : 1, kernel[1] ? kernel[1] : 1};
    int pad[2]      = {0, 0};
    int pad_end[2]  = {pad[0], pad[1]};
    int dilation[2] = {1, 1};
    bool ceil_mode  = false;

    glia_activation activation = GLIA_LINEAR;
};
struct max_pool2d_backward {
    int size[2]     = {0, 0};
    max_pool2d pool = {};
};
struct max_pool3d {
    int kernel[3]   = {0, 0, 0};
    int stride[3]   = {kernel[0] ? kernel[0] : 1, kernel[1] ? kernel[1] : 1, kernel[2] ? kernel[2] : 1};
    int pad[3]      = {0, 0, 0};
    int pad_end[3]  = {pad[0], pad[1], pad[2]};
    int dilation[3] = {1, 1, 1};
    bool ceil_mode  = false;

    glia_activation activation = GLIA_LINEAR;
};
struct max_pool3d_backward {
    int size[3]     = {0, 0, 0};
    max_pool3d pool = {};
};
struct one_hot {
    int classes      = 0;
    glia_dtype dtype = GLIA_F32;
    double on = 1, off = 0;
};
struct pad {
    int before[GLIA_MAX_DIMS] = {}, after[GLIA_MAX_DIMS] = {};
    double value = 0;
};
struct prelu {};
struct prelu_backward {};
struct random_fill {
    glia_random_kind kind = GLIA_RANDOM_UNIFORM;
    glia_shape shape      = {};
    glia_dtype dtype      = GLIA_F32;
    double low = 0, high = 1;
    double mean = 0, std = 1;
    uint64_t seed   = 0;
    uint32_t stream = 0;
};
struct reduce {
    glia_reduce_kind kind = GLIA_REDUCE_SUM;
    unsigned axes         = GLIA_ALL_AXES;
    bool keep_dims        = false;
};
struct reduce_backward {
    params::reduce reduce = {};
    glia_shape shape      = {};
};
struct reshape {
    glia_shape shape = {};
};
struct rmsprop {
    double alpha        = 0.99;
    double epsilon      = 1e-8;
    double momentum     = 0;
    bool centered       = false;
    double weight_decay = 0, l1 = 0;
};
struct rnn {
    glia_rnn_cell cell           = GLIA_RNN_TANH;
    glia_rnn_direction direction = GLIA_RNN_FORWARD;
    bool batch_first             = false;
    bool reset_before            = false;
    double cell_clip             = INFINITY;
};
using rnn_backward = rnn;
struct sequence_lengths {
    double padding   = 0;
    bool batch_first = false;
};
struct sgd {
    double momentum = 0, dampening = 0;
    bool nesterov       = false;
    double weight_decay = 0, l1 = 0;
};
struct slice {
    filled<GLIA_MAX_DIMS, 0> start       = {};
    filled<GLIA_MAX_DIMS, GLIA_END> stop = {};
    filled<GLIA_MAX_DIMS, 1> step        = {};
};
struct slice_backward {
    params::slice slice = {};
    glia_shape shape    = {};
};
struct softmax {
    int axis = -1;
    bool log = false;
};
using softmax_backward = softmax;
struct take_batch {
    int batch                                     = 0;
    glia_take_role role                           = GLIA_TAKE_PLAIN;
    int classes                                   = 0;
    int size[2]                                   = {0, 0};
    int crop[2]                                   = {0, 0};
    glia_transform_kind kind[GLIA_MAX_TRANSFORMS] = {};
    double probability[GLIA_MAX_TRANSFORMS]       = {};
    double value[3 * GLIA_MAX_TRANSFORMS]         = {};
    double black[4] = {0, 0, 0, 0}, white[4] = {1, 1, 1, 1};
    double fill = 0;
    bool edge = false, nearest = false;
    uint64_t seed = 0;
};
struct transpose {
    int permutation[GLIA_MAX_DIMS] = {-1, -2, -3, -4, -5, -6, -7, -8};
};
struct topk {
    int axis      = -1;
    int k         = 1;
    bool smallest = false;
};
struct unary {
    glia_unary_kind kind = GLIA_UNARY_LINEAR;
    double alpha         = glia_unary_defaults(kind).alpha;
    double beta          = glia_unary_defaults(kind).beta;
};
using unary_backward = unary;
struct where {};

// For a function of the C API: as<glia_conv2d_params>(params::conv2d{.pad = {1, 1}}).
template <class To, class From>
To as(const From &from) {
    static_assert(sizeof(To) == sizeof(From), "the structs differ");
    To to;
    __builtin_memcpy(&to, &from, sizeof to);
    return to;
}

}  // namespace glia::params

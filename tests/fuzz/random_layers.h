// Layers with args drawn at random.
#pragma once

#include <cstring>

#include "fuzz/random.h"
#include "glia/glia.h"

namespace glia {

// A size as programs have them, at times a wrong one.
inline int size() { return chance(99) ? 1 + int(below(4)) : int(random_integer()); }
inline int number() { return chance(99) ? int(below(2)) : int(random_integer()); }
// From the first on, or the last.
inline int position() { return chance(99) ? int(below(2)) - 1 : int(random_integer()); }
inline void sizes(int (&both)[2]) { both[0] = size(), both[1] = size(); }
inline void numbers(int (&both)[2]) { both[0] = number(), both[1] = number(); }

template <class Enum>
void draw(Enum *value, int count) {
    const int any = int(below(uint64_t(count)));
    memcpy(value, &any, sizeof any);
}

inline glia_optional optional() { return {chance(8), random_real()}; }

inline glia_init init() {
    glia_init out{GLIA_INIT_DEFAULT, random_real(), random_real()};
    if (chance(5)) draw(&out.kind, GLIA_INIT_ORTHOGONAL + 1);
    return out;
}

template <class Args>
void weights(Args *args) {
    args->no_bias = chance(30), args->frozen = chance(15);
    args->weight_init = init(), args->bias_init = init();
}

inline glia_stft frames() {
    glia_stft out{.n_fft = 1 + size(), .hop = number(), .window_size = number()};
    draw(&out.window, 3), draw(&out.padding, 3);
    return out;
}

inline glia_mel bands() {
    glia_mel out{.rate    = size(),
                 .count   = size(),
                 .htk     = chance(30),
                 .no_norm = chance(30),
                 .floor   = optional(),
                 .top_db  = optional()};
    draw(&out.scale, 3);
    return out;
}

template <class Args>
void recurrent(glia_model *net, glia_value x, Args *args) {
    args->units = size(), args->layers = 1 + int(below(2)), args->dropout = chance(20) ? random_real() : 0;
    draw(&args->direction, 3);
    args->sequence = chance(60), args->stateful_batch = chance(90) ? 0 : size();
    args->recurrent_init = init();
    if (chance(20)) args->lengths = glia_model_lengths(net, x, nullptr);
    weights(args);
}

// Adds a layer to net: of x, or of x and another value.
using Layer = glia_value (*)(glia_model *net, glia_value x, glia_value other);

// The rank of the samples that a layer takes; 0: any.
struct LayerKind {
    int rank;
    Layer add;
};

inline const LayerKind kLayers[] = {
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         glia_dense_args a{};
         a.units = size(), draw(&a.activation, 8), weights(&a);
         return glia_model_dense(net, x, &a);
     }},
    {3,
     [](glia_model *net, glia_value x, glia_value) {
         glia_conv2d_args a{};
         a.filters = size(), sizes(a.kernel), numbers(a.stride), numbers(a.pad), numbers(a.pad_end);
         numbers(a.dilation), a.groups = number(), draw(&a.padding, 3), draw(&a.activation, 8), weights(&a);
         return glia_model_conv2d(net, x, &a);
     }},
    {2,
     [](glia_model *net, glia_value x, glia_value) {
         glia_conv1d_args a{};
         a.filters = size(), a.kernel = size(), a.stride = number(), a.pad = number(), a.pad_end = number();
         a.dilation = number(), a.groups = number(), a.steps_first = chance(50), weights(&a);
         return glia_model_conv1d(net, x, &a);
     }},
    {3,
     [](glia_model *net, glia_value x, glia_value) {
         glia_conv2d_transpose_args a{};
         a.filters = size(), sizes(a.kernel), numbers(a.stride), numbers(a.pad), numbers(a.dilation);
         a.groups  = number(), numbers(a.output_pad), weights(&a);
         return glia_model_conv2d_transpose(net, x, &a);
     }},
    {3,
     [](glia_model *net, glia_value x, glia_value) {
         glia_max_pool2d_args a{};
         sizes(a.kernel), numbers(a.stride), numbers(a.pad), numbers(a.dilation), a.ceil_mode = chance(30);
         return glia_model_max_pool2d(net, x, &a);
     }},
    {3,
     [](glia_model *net, glia_value x, glia_value) {
         glia_avg_pool2d_args a{};
         sizes(a.kernel), numbers(a.stride), numbers(a.pad), a.ceil_mode = chance(30);
         a.count_include_pad = chance(50);
         return glia_model_avg_pool2d(net, x, &a);
     }},
    {3,
     [](glia_model *net, glia_value x, glia_value) {
         glia_adaptive_pool2d_args a{};
         numbers(a.size);
         return chance(50) ? glia_model_adaptive_max_pool2d(net, x, &a) : glia_model_adaptive_avg_pool2d(net, x, &a);
     }},
    {3,
     [](glia_model *net, glia_value x, glia_value) {
         return chance(50) ? glia_model_global_max_pool2d(net, x, nullptr)
                           : glia_model_global_avg_pool2d(net, x, nullptr);
     }},
    {2,
     [](glia_model *net, glia_value x, glia_value) {
         glia_max_pool1d_args a{};
         a.kernel = size(), a.stride = number(), a.pad = number(), a.steps_first = chance(50);
         return glia_model_max_pool1d(net, x, &a);
     }},
    {2,
     [](glia_model *net, glia_value x, glia_value) {
         glia_avg_pool1d_args a{};
         a.kernel = size(), a.stride = number(), a.pad = number(), a.ceil_mode = chance(30);
         return glia_model_avg_pool1d(net, x, &a);
     }},
    {2,
     [](glia_model *net, glia_value x, glia_value) {
         glia_global_pool1d_args a{};
         a.steps_first = chance(70);
         if (chance(50)) a.lengths = glia_model_lengths(net, x, nullptr);
         return chance(50) ? glia_model_global_max_pool1d(net, x, &a) : glia_model_global_avg_pool1d(net, x, &a);
     }},
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         glia_batchnorm_args a{};
         a.epsilon = optional(), a.momentum = optional(), a.population = chance(50), a.no_scale = chance(30);
         return glia_model_batchnorm(net, x, &a);
     }},
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         glia_batchrenorm_args a{};
         a.epsilon = optional(), a.momentum = optional(), a.max_r = optional(), a.max_d = optional();
         a.population = chance(50), a.no_scale = chance(30);
         return glia_model_batchrenorm(net, x, &a);
     }},
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         glia_layernorm_args a{};
         a.dims = number(), a.no_scale = chance(30), a.epsilon = optional();
         return glia_model_layernorm(net, x, &a);
     }},
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         glia_groupnorm_args a{};
         a.groups = number(), a.no_scale = chance(30);
         return glia_model_groupnorm(net, x, &a);
     }},
    {0, [](glia_model *net, glia_value x, glia_value) { return glia_model_instancenorm(net, x, nullptr); }},
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         glia_activation_args a{};
         draw(&a.kind, 12), a.alpha = optional(), a.beta = optional();
         return glia_model_activation(net, x, &a);
     }},
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         return chance(50) ? glia_model_softmax(net, x, nullptr) : glia_model_log_softmax(net, x, nullptr);
     }},
    {0, [](glia_model *net, glia_value x, glia_value) { return glia_model_prelu(net, x, nullptr); }},
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         const glia_dropout_args a{nullptr, chance(80) ? 0.5 : random_real()};
         return glia_model_dropout(net, x, &a);
     }},
    {0, [](glia_model *net, glia_value x, glia_value) { return glia_model_flatten(net, x, nullptr); }},
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         glia_reshape_args a{};
         a.shape.ndim = 1 + int(below(3));
         for (int64_t &dim : a.shape.dim) dim = 1;
         a.shape.dim[below(3)] = -1;
         if (chance(20)) a.shape.dim[below(3)] = size();
         return glia_model_reshape(net, x, &a);
     }},
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         glia_transpose_args a{};
         numbers(a.axis);
         return glia_model_transpose(net, x, &a);
     }},
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         const glia_slice_args a{nullptr, number(), position(), number()};
         return glia_model_slice(net, x, &a);
     }},
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         const glia_step_args a{nullptr, position()};
         return glia_model_step(net, x, &a);
     }},
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         const glia_repeat_args a{nullptr, size()};
         return glia_model_repeat(net, x, &a);
     }},
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         const glia_lengths_args padding{nullptr, random_real()};
         const glia_mask_args a{nullptr, random_real()};
         return glia_model_mask(net, x, glia_model_lengths(net, x, &padding), &a);
     }},
    {0,
     [](glia_model *net, glia_value x, glia_value other) {
         const glia_value both[] = {x, other};
         const glia_concat_args a{nullptr, number()};
         return glia_model_concat(net, both, 2, &a);
     }},
    {0,
     [](glia_model *net, glia_value x, glia_value other) {
         return chance(50) ? glia_model_add(net, x, other, nullptr) : glia_model_multiply(net, x, other, nullptr);
     }},
    {2,
     [](glia_model *net, glia_value x, glia_value) {
         glia_rnn_args a{};
         recurrent(net, x, &a), a.relu = chance(30);
         return glia_model_rnn(net, x, &a);
     }},
    {2,
     [](glia_model *net, glia_value x, glia_value) {
         glia_lstm_args a{};
         recurrent(net, x, &a), a.projection = number(), a.peephole = chance(30);
         a.cell_clip = chance(20) ? random_real() : 0;
         return glia_model_lstm(net, x, &a);
     }},
    {2,
     [](glia_model *net, glia_value x, glia_value) {
         glia_gru_args a{};
         recurrent(net, x, &a), a.reset_before = chance(50);
         return glia_model_gru(net, x, &a);
     }},
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         glia_mfcc_args a{.stft = frames(), .mel = bands(), .coefficients = number()};
         const glia_mel_spectrogram_args mel{nullptr, a.stft, a.mel};
         return chance(50) ? glia_model_mfcc(net, x, &a) : glia_model_mel_spectrogram(net, x, &mel);
     }},
    {0,
     [](glia_model *net, glia_value x, glia_value) {
         const glia_stft_args stft{nullptr, frames()};
         const glia_spectrogram_args power{nullptr, frames(), chance(50)};
         return chance(50) ? glia_model_stft(net, x, &stft) : glia_model_spectrogram(net, x, &power);
     }},
};

}  // namespace glia

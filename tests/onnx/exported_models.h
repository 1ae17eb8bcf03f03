// Models that are written as ONNX: each layer, in the ways in which its nodes differ.
#pragma once

#include "onnx/exported_recurrent.h"

namespace glia {

inline const ExportedModel kLinearModels[] = {
    {"dense",
     {kVector},
     [](Network &n) {
         n.give({glia_model_dense(n.net, n.x[0], with<glia_dense_args>({.units = 4, .activation = GLIA_RELU}))});
     }},
    {"dense_of_f64",
     {kVector},
     [](Network &n) {
         n.give({glia_model_dense(n.net, n.x[0], with<glia_dense_args>({.units = 4, .activation = GLIA_TANH}))});
     },
     GLIA_F64},
    {"dense_of_steps",
     {kSteps},
     [](Network &n) {
         n.give({glia_model_dense(n.net, n.x[0], with<glia_dense_args>({.units = 4, .activation = GLIA_SOFTMAX})),
                 glia_model_dense(n.net, n.x[0], with<glia_dense_args>({.units = 2, .no_bias = true}))});
     }},
    {"dense_without_bias",
     {kVector},
     [](Network &n) {
         n.give({glia_model_dense(n.net, n.x[0], with<glia_dense_args>({.units = 2, .no_bias = true}))});
     }},
    {"matmul",
     {kVector, kSteps},
     [](Network &n) {
         const glia_value w = n.parameter("w", GLIA_SHAPE(6, 4)), v = n.parameter("v", GLIA_SHAPE(4, 6)),
                          c = n.parameter("c", GLIA_SHAPE(4));
         n.give({n.op("matmul", nullptr, {n.x[0], w}),
                 n.op("matmul", with<glia_matmul_params>({false, true, 0.5, 2}), {n.x[0], v, c}),
                 n.op("matmul", with<glia_matmul_params>({true, false, 0.5, 2}), {n.x[1], n.x[1]})});
     }},
    {"conv2d",
     {kImage},
     [](Network &n) {
         n.give({glia_model_conv2d(n.net, n.x[0],
                                   with<glia_conv2d_args>({.filters    = 6,
                                                           .kernel     = {3, 2},
                                                           .stride     = {2, 1},
                                                           .pad        = {1, 0},
                                                           .pad_end    = {2, 1},
                                                           .dilation   = {1, 2},
                                                           .groups     = 2,
                                                           .activation = GLIA_LEAKY_RELU})),
                 glia_model_conv2d(n.net, n.x[0],
                                   with<glia_conv2d_args>(
                                       {.filters = 3, .kernel = {3, 4}, .stride = {2, 2}, .padding = GLIA_PAD_SAME}))});
     }},
    {"conv3d",
     {kVolume},
     [](Network &n) {
         n.give(
             {glia_model_conv3d(n.net, n.x[0],
                                with<glia_conv3d_args>({.filters    = 4,
                                                        .kernel     = {3, 2, 1},
                                                        .stride     = {2, 1, 3},
                                                        .pad        = {1, 0, 1},
                                                        .pad_end    = {2, 1, 0},
                                                        .dilation   = {1, 2, 1},
                                                        .groups     = 2,
                                                        .activation = GLIA_RELU})),
              glia_model_max_pool3d(n.net, n.x[0], with<glia_max_pool3d_args>({.kernel = {2, 3, 2}, .pad = {0, 1, 1}})),
              glia_model_max_pool3d(
                  n.net, n.x[0],
                  with<glia_max_pool3d_args>({.kernel = {2, 2, 2}, .stride = {2, 3, 2}, .ceil_mode = true})),
              glia_model_avg_pool3d(n.net, n.x[0],
                                    with<glia_avg_pool3d_args>({.kernel            = {3, 2, 2},
                                                                .stride            = {2, 2, 3},
                                                                .pad               = {1, 1, 0},
                                                                .ceil_mode         = true,
                                                                .count_include_pad = true}))});
     }},
    {"batchrenorm", {kImage}, [](Network &n) { n.give({glia_model_batchrenorm(n.net, n.x[0], nullptr)}); }},
    {"conv1d",
     {kChannels, kSteps},
     [](Network &n) {
         n.give(
             {glia_model_conv1d(
                  n.net, n.x[0],
                  with<glia_conv1d_args>({.filters = 5, .kernel = 3, .pad = 4, .pad_end = GLIA_NO_PAD, .dilation = 2})),
              glia_model_conv1d(n.net, n.x[1],
                                with<glia_conv1d_args>({.filters = 5, .kernel = 3, .pad = 1, .steps_first = true}))});
     }},
    {"conv2d_transpose",
     {kImage},
     [](Network &n) {
         n.give({glia_model_conv2d_transpose(n.net, n.x[0],
                                             with<glia_conv2d_transpose_args>({.filters    = 6,
                                                                               .kernel     = {3, 3},
                                                                               .stride     = {2, 3},
                                                                               .pad        = {1, 0},
                                                                               .groups     = 2,
                                                                               .output_pad = {1, 2}}))});
     }},
    // As glia_model_op may have them, where layers have an op of their own.
    {"fused_activations",
     {kImage},
     [](Network &n) {
         const glia_value w = n.parameter("w", GLIA_SHAPE(2, 4, 3, 3)), v = n.parameter("v", GLIA_SHAPE(3, 7));
         glia_conv2d_params conv     = glia_conv2d_defaults();
         glia_max_pool2d_params pool = glia_max_pool2d_defaults(2, 2);
         conv.activation = GLIA_TANH, pool.activation = GLIA_RELU;
         n.give({n.op("conv2d", &conv, {n.x[0], w}), n.op("max_pool2d", &pool, {n.x[0]}),
                 n.op("dense", with<glia_dense_params>({GLIA_SIGMOID}), {n.x[0], v})});
     }},
};

inline const ExportedModel kImageModels[] = {
    {"max_pool2d",
     {kImage},
     [](Network &n) {
         for (const glia_max_pool2d_args &args :
              {glia_max_pool2d_args{.kernel = {3, 2}, .stride = {2, 2}, .pad = {1, 0}, .pad_end = {0, 1}},
               glia_max_pool2d_args{.kernel = {3, 3}, .stride = {2, 2}, .dilation = {2, 1}, .ceil_mode = true},
               glia_max_pool2d_args{.kernel = {2, 2}, .stride = {4, 4}, .dilation = {2, 3}, .ceil_mode = true}})
             n.give({glia_model_max_pool2d(n.net, n.x[0], &args)});
     }},
    {"avg_pool2d",
     {kImage},
     [](Network &n) {
         for (bool count : {false, true})
             for (bool ceil_mode : {false, true})
                 n.give({glia_model_avg_pool2d(n.net, n.x[0],
                                               with<glia_avg_pool2d_args>({.kernel            = {2, 3},
                                                                           .stride            = {2, 4},
                                                                           .pad               = {1, 1},
                                                                           .ceil_mode         = ceil_mode,
                                                                           .count_include_pad = count}))});
     }},
    {"pool1d",
     {kChannels},
     [](Network &n) {
         n.give({glia_model_max_pool1d(n.net, n.x[0], with<glia_max_pool1d_args>({.kernel = 3, .stride = 2, .pad = 1})),
                 glia_model_avg_pool1d(n.net, n.x[0],
                                       with<glia_avg_pool1d_args>({.kernel = 2, .stride = 3, .ceil_mode = true}))});
     }},
    {"adaptive_pool2d",
     {kImage},
     [](Network &n) {
         for (const glia_adaptive_pool2d_args &args :
              {glia_adaptive_pool2d_args{.size = {4, 7}}, glia_adaptive_pool2d_args{.size = {3, 1}},
               glia_adaptive_pool2d_args{.size = {2, 9}}})
             n.give({glia_model_adaptive_avg_pool2d(n.net, n.x[0], &args),
                     glia_model_adaptive_max_pool2d(n.net, n.x[0], &args)});
         n.give({glia_model_global_avg_pool2d(n.net, n.x[0], nullptr),
                 glia_model_global_max_pool2d(n.net, n.x[0], nullptr)});
     }},
    {"global_pool1d",
     {kSteps, kLength},
     [](Network &n) {
         for (glia_value lengths : {glia_value{}, n.x[1]}) {
             const glia_global_pool1d_args args{.lengths = lengths, .steps_first = true};
             n.give({glia_model_global_avg_pool1d(n.net, n.x[0], &args),
                     glia_model_global_max_pool1d(n.net, n.x[0], &args)});
         }
     }},
    {"upsample2d",
     {kImage},
     [](Network &n) {
         for (const glia_upsample2d_args &args :
              {glia_upsample2d_args{.scale = {2, 3}}, glia_upsample2d_args{.size = {13, 10}, .linear = true},
               glia_upsample2d_args{.size = {4, 15}, .linear = true, .align_corners = true}})
             n.give({glia_model_upsample2d(n.net, n.x[0], &args)});
     }},
    {"interpolate",
     {kChannels},
     [](Network &n) {
         for (int rounding = 0; rounding <= GLIA_ROUNDING_CEIL; ++rounding)
             n.give({n.op("interpolate",
                          with<glia_interpolate_params>({.size        = {13},
                                                         .coordinates = GLIA_COORDINATES_ASYMMETRIC,
                                                         .rounding = static_cast<glia_interpolate_rounding>(rounding)}),
                          {n.x[0]})});
     }},
    {"batchnorm",
     {kImage},
     [](Network &n) {
         n.give({glia_model_batchnorm(n.net, n.x[0], with<glia_batchnorm_args>({.epsilon = {true, 1e-3}})),
                 glia_model_batchnorm(n.net, n.x[0], with<glia_batchnorm_args>({.no_scale = true}))});
     }},
    {"layernorm",
     {kImage},
     [](Network &n) {
         n.give({glia_model_layernorm(n.net, n.x[0], with<glia_layernorm_args>({.epsilon = {true, 1e-3}})),
                 glia_model_layernorm(n.net, n.x[0], with<glia_layernorm_args>({.dims = 2, .no_scale = true})),
                 n.op("layernorm", nullptr, {n.x[0]}, 2)});
     }},
    {"groupnorm",
     {kImage},
     [](Network &n) {
         n.give({glia_model_groupnorm(n.net, n.x[0], with<glia_groupnorm_args>({.groups = 2})),
                 glia_model_groupnorm(n.net, n.x[0],
                                      with<glia_groupnorm_args>({.epsilon = {true, 1e-2}, .no_scale = true})),
                 glia_model_instancenorm(n.net, n.x[0], nullptr),
                 glia_model_instancenorm(n.net, n.x[0], with<glia_instancenorm_args>({.no_scale = true}))});
     }},
    {"groupnorm_of_vectors",
     {kVector},
     [](Network &n) { n.give({glia_model_groupnorm(n.net, n.x[0], with<glia_groupnorm_args>({.groups = 3}))}); }},
    {"mel_spectrogram",
     {{{64}}},
     [](Network &n) {
         n.give({glia_model_mel_spectrogram(
             n.net, n.x[0],
             with<glia_mel_spectrogram_args>({.stft = {.n_fft = 16, .hop = 8}, .mel = {.rate = 64, .count = 4}}))});
     }},
};

inline const ExportedModel kElementwiseModels[] = {
    {"activations",
     {kVector},
     [](Network &n) {
         for (int kind = 0; kind < GLIA_ACTIVATION_COUNT; ++kind)
             n.give({n.activation(static_cast<glia_activation>(kind), n.x[0])});
     }},
    {"unary",
     {kVector},
     [](Network &n) {
         for (int kind = 0; kind < GLIA_UNARY_COUNT; ++kind) {
             const glia_unary_params params = glia_unary_defaults(static_cast<glia_unary_kind>(kind));
             const bool positive            = kind == GLIA_UNARY_LOG || kind == GLIA_UNARY_SQRT;
             n.give({n.op("unary", &params, {positive ? n.activation(GLIA_SOFTPLUS, n.x[0]) : n.x[0]})});
         }
     }},
    {"unary_with_numbers",
     {kVector},
     [](Network &n) {
         for (const glia_unary_params &params :
              {glia_unary_params{GLIA_UNARY_LEAKY_RELU, 0.3, 0}, glia_unary_params{GLIA_UNARY_ELU, 0.5, 0},
               glia_unary_params{GLIA_UNARY_SOFTPLUS, 2, 0}, glia_unary_params{GLIA_UNARY_HARD_SIGMOID, 0.4, 0.3},
               glia_unary_params{GLIA_UNARY_CLIP, -INFINITY, 0.5}, glia_unary_params{GLIA_UNARY_CLIP, 0.25, 0.5}})
             n.give({n.op("unary", &params, {n.x[0]})});
     }},
    {"softmax",
     {kSteps},
     [](Network &n) {
         n.give({glia_model_softmax(n.net, n.x[0], nullptr), glia_model_log_softmax(n.net, n.x[0], nullptr),
                 n.op("softmax", with<glia_softmax_params>({1, false}), {n.x[0]})});
     }},
    {"losses",
     {kVector, kLength, {{}, 5}},
     [](Network &n) {
         glia_cross_entropy_params params{};
         params.reduction   = GLIA_REDUCTION_NONE;
         const glia_value y = glia_model_log_softmax(n.net, n.x[0], nullptr);
         n.give({n.op("cross_entropy", &params, {n.x[0], n.x[1]})});
         params.from = GLIA_FROM_LOG_PROBABILITIES, params.ignore = true, params.ignore_index = 2;
         n.give({n.op("cross_entropy", &params, {y, n.x[2], n.parameter("class_weight", GLIA_SHAPE(6))})});
     }},
    {"prelu",
     {kImage, kVector},
     [](Network &n) {
         n.give({glia_model_prelu(n.net, n.x[0], nullptr), glia_model_prelu(n.net, n.x[1], nullptr),
                 n.op("prelu", nullptr, {n.x[0], n.parameter("slope", GLIA_SHAPE(1))})});
     }},
    {"dropout",
     {kVector},
     [](Network &n) {
         const glia_value y = glia_model_dense(n.net, n.x[0], with<glia_dense_args>({.units = 3}));
         n.give({glia_model_dropout(n.net, n.x[0], with<glia_dropout_args>({.p = 0.4})),
                 glia_model_dropout(n.net, y, with<glia_dropout_args>({.p = 0.9}))});
     }},
    {"binary",
     {kVector, kVector},
     [](Network &n) {
         const glia_value positive = n.activation(GLIA_SOFTPLUS, n.x[0]);
         for (int kind = 0; kind <= GLIA_BINARY_GREATER_EQUAL; ++kind)
             n.give(
                 {n.op("binary", with<glia_binary_params>({static_cast<glia_binary_kind>(kind)}), {positive, n.x[1]})});
         n.give({n.op("where", nullptr, {n.activation(GLIA_RELU, n.x[0]), n.x[0], n.x[1]})});
     }},
    {"reductions",
     {kImage},
     [](Network &n) {
         for (int kind = 0; kind <= GLIA_REDUCE_L2; ++kind)
             n.give({n.op("reduce",
                          with<glia_reduce_params>({.kind      = static_cast<glia_reduce_kind>(kind),
                                                    .axes      = GLIA_AXIS(1) | GLIA_AXIS(-1),
                                                    .keep_dims = kind % 2 == 0}),
                          {n.x[0]})});
         n.give({n.op("reduce", with<glia_reduce_params>({GLIA_REDUCE_L1, 0, false}), {n.x[0]}),
                 n.op("cumsum", with<glia_cumsum_params>({2, true, true}), {n.x[0]}),
                 n.op("topk", with<glia_topk_params>({2, 3, true}), {n.x[0]})});
     }},
    {"places",
     {kImage},
     [](Network &n) {
         n.give({n.op("topk", with<glia_topk_params>({2, 3, true}), {n.x[0]}, 1),
                 n.op("argmax", with<glia_argmax_params>({-1, true}), {n.x[0]})});
     }},
};

inline const ExportedModel kMovementModels[] = {
    {"shapes",
     {kImage},
     [](Network &n) {
         const glia_value both[] = {n.x[0],
                                    glia_model_slice(n.net, n.x[0], with<glia_slice_args>({.axis = 1, .start = 2}))};
         n.give({glia_model_flatten(n.net, n.x[0], nullptr),
                 glia_model_reshape(n.net, n.x[0], with<glia_reshape_args>({.shape = {3, {2, -1, 7}}})),
                 glia_model_transpose(n.net, n.x[0], with<glia_transpose_args>({.axis = {0, 2}})),
                 glia_model_slice(n.net, n.x[0], with<glia_slice_args>({.axis = 1, .start = 2, .stop = -1})),
                 glia_model_slice(n.net, n.x[0], with<glia_slice_args>({.axis = -1, .start = -3})),
                 glia_model_concat(n.net, both, 2, with<glia_concat_args>({.axis = 1})),
                 glia_model_concat(n.net, both, 2, with<glia_concat_args>({.axis = -2}))});
     }},
    {"movement",
     {kImage},
     [](Network &n) {
         glia_slice_params slice = glia_slice_defaults();
         slice.start[2] = 1, slice.step[2] = 3, slice.stop[3] = -1;
         n.give({n.op("pad", with<glia_pad_params>({{0, 0, 1, 2}, {0, 1, 0, 3}, -1.5}), {n.x[0]}),
                 n.op("slice", &slice, {n.x[0]}),
                 n.op("transpose", with<glia_transpose_params>({{0, -1, 1, 2}}), {n.x[0]}),
                 n.op("reshape", with<glia_reshape_params>({{2, {-1, 7}}}), {n.x[0]}, 0)});
         n.outputs.back() = n.op("reshape", with<glia_reshape_params>({{2, {-1, 252}}}), {n.outputs.back()});
     }},
    {"residual",
     {kImage},
     [](Network &n) {
         glia_value y =
             glia_model_conv2d(n.net, n.x[0], with<glia_conv2d_args>({.filters = 4, .kernel = {3, 3}, .pad = {1, 1}}));
         y = glia_model_add(n.net, y, n.x[0], nullptr);
         n.give({y, glia_model_multiply(n.net, y, n.parameter("scale", GLIA_SHAPE(4, 1, 1)), nullptr)});
     }},
    {"two_inputs",
     {kVector, kImage},
     [](Network &n) {
         n.give({glia_model_add(n.net, glia_model_dense(n.net, n.x[0], with<glia_dense_args>({.units = 4})),
                                glia_model_global_avg_pool2d(n.net, n.x[1], nullptr), nullptr)});
     }},
    {"outputs_that_are_one",
     {kVector},
     [](Network &n) {
         const glia_value y = glia_model_dense(n.net, n.x[0], with<glia_dense_args>({.units = 2}));
         n.give({n.x[0], n.x[0], y, y});
     }},
    {"embedding",
     {kWords},
     [](Network &n) {
         const glia_value y = glia_model_embedding(
             n.net, n.x[0], with<glia_embedding_args>({.count = 7, .size = 4, .has_padding = true}));
         glia_one_hot_params one_hot = glia_one_hot_defaults();
         one_hot.classes = 7, one_hot.on = 3, one_hot.off = -1e30;
         n.give({y, glia_model_step(n.net, y, nullptr), glia_model_step(n.net, y, with<glia_step_args>({.step = -1})),
                 n.op("one_hot", &one_hot, {n.x[0]})});
     }},
    {"repeat",
     {kVector},
     [](Network &n) { n.give({glia_model_repeat(n.net, n.x[0], with<glia_repeat_args>({.times = 3}))}); }},
    {"lengths",
     {kWords, kSteps},
     [](Network &n) {
         const glia_value length = glia_model_lengths(n.net, n.x[0], nullptr);
         const glia_value words =
             glia_model_embedding(n.net, n.x[0], with<glia_embedding_args>({.count = 7, .size = 4}));
         n.give({length, glia_model_mask(n.net, words, length, with<glia_mask_args>({.value = -2})),
                 glia_model_lengths(n.net, n.activation(GLIA_RELU, n.x[1]), nullptr)});
     }},
    {"lengths_with_steps_first",
     {{{3}}},
     [](Network &n) {
         const glia_value w = n.parameter("steps", GLIA_SHAPE(6, 1, 3));
         const glia_value y = n.op("binary", with<glia_binary_params>({GLIA_BINARY_MUL}), {w, n.x[0]});
         const glia_value z = n.op("unary", with<glia_unary_params>({GLIA_UNARY_RELU, 0, 0}), {y});
         const glia_value l = n.op("sequence_lengths", with<glia_sequence_lengths_params>({0, false}), {z});
         n.give({l, n.op("transpose", with<glia_transpose_params>({{1, 0, 2}}),
                         {n.op("mask_steps", with<glia_mask_steps_params>({7, false}), {y, l})})});
     }},
};

inline std::vector<ExportedModel> exported_models() {
    std::vector<ExportedModel> all;
    for (const auto &model : kLinearModels) all.push_back(model);
    for (const auto &model : kImageModels) all.push_back(model);
    for (const auto &model : kElementwiseModels) all.push_back(model);
    for (const auto &model : kMovementModels) all.push_back(model);
    for (int kind = 0; kind < 4; ++kind)
        for (int direction = 0; direction < 3; ++direction)
            for (bool more : {false, true})
                all.push_back(recurrent_model(kind, static_cast<glia_rnn_direction>(direction), more));
    all.push_back(model_with_states(false));
    all.push_back(model_with_states(true));
    for (int direction = 0; direction < 3; ++direction)
        for (bool lengths : {false, true})
            all.push_back(stepwise_model(static_cast<glia_rnn_direction>(direction), lengths));
    return all;
}

}  // namespace glia

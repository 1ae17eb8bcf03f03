// A model as one file: what was saved is loaded in a context of its own, predicts the same bits, and trains on to the
// same bits as the one that was saved.
#include <functional>
#include <regex>
#include <set>

#include "model_file/computer.h"

namespace {

using namespace glia;

// ---- Every layer ----

using Layer = std::function<glia_value(glia_model *, glia_value)>;

struct Row {
    string name; /* of the function, behind glia_model_ */
    glia_shape shape;
    Layer layer;
    glia_dtype dtype = GLIA_F32;
};

const glia_shape kImage = {3, {2, 6, 5}}, kVolume = {4, {2, 4, 6, 5}}, kSteps = {2, {6, 4}}, kFlat = {1, {8}};

glia_value lengths_of(glia_model *net, glia_value x) {
    return glia_model_lengths(net, x, with(glia_lengths_args{.name = "lengths", .padding = 0.25}));
}

const vector<Row> &rows() {
    static const vector<Row> all = {
        {"dense", kFlat,
         [](auto net, auto x) {
             return glia_model_dense(net, x,
                                     with(glia_dense_args{.name        = "d \"1\"",
                                                          .units       = 5,
                                                          .activation  = GLIA_GELU,
                                                          .weight_init = {GLIA_INIT_ORTHOGONAL, 0.7, 0},
                                                          .bias_init   = {GLIA_INIT_UNIFORM, -0.1, 1. / 3}}));
         }},
        {"conv2d", kImage,
         [](auto net, auto x) {
             return glia_model_conv2d(net, x,
                                      with(glia_conv2d_args{.filters    = 4,
                                                            .kernel     = {3, 2},
                                                            .stride     = {2, 1},
                                                            .pad        = {1, 0},
                                                            .pad_end    = {GLIA_NO_PAD, 1},
                                                            .dilation   = {1, 2},
                                                            .groups     = 2,
                                                            .activation = GLIA_RELU}));
         }},
        {"conv3d", kVolume,
         [](auto net, auto x) {
             return glia_model_conv3d(net, x,
                                      with(glia_conv3d_args{.filters    = 4,
                                                            .kernel     = {3, 3, 2},
                                                            .stride     = {1, 2, 1},
                                                            .pad        = {2, 1, 0},
                                                            .pad_end    = {1, GLIA_NO_PAD, 1},
                                                            .dilation   = {2, 1, 2},
                                                            .groups     = 2,
                                                            .activation = GLIA_RELU}));
         }},
        {"max_pool3d", kVolume,
         [](auto net, auto x) {
             return glia_model_max_pool3d(
                 net, x, with(glia_max_pool3d_args{.kernel = {3, 2, 2}, .stride = {2, 1, 2}, .ceil_mode = true}));
         }},
        {"avg_pool3d", kVolume,
         [](auto net, auto x) {
             return glia_model_avg_pool3d(
                 net, x, with(glia_avg_pool3d_args{.kernel = {2, 3, 3}, .pad = {1, 1, 1}, .count_include_pad = true}));
         }},
        {"conv1d", kSteps,
         [](auto net, auto x) {
             return glia_model_conv1d(
                 net, x,
                 with(glia_conv1d_args{
                     .filters = 3, .kernel = 2, .padding = GLIA_PAD_SAME, .steps_first = true, .no_bias = true}));
         }},
        {"conv2d_transpose", kImage,
         [](auto net, auto x) {
             return glia_model_conv2d_transpose(
                 net, x,
                 with(glia_conv2d_transpose_args{
                     .filters = 2, .kernel = {2, 3}, .stride = {2, 2}, .output_pad = {1, 0}}));
         }},
        {"max_pool2d", kImage,
         [](auto net, auto x) {
             return glia_model_max_pool2d(
                 net, x, with(glia_max_pool2d_args{.kernel = {2, 2}, .stride = {1, 2}, .ceil_mode = true}));
         }},
        {"avg_pool2d", kImage,
         [](auto net, auto x) {
             return glia_model_avg_pool2d(
                 net, x, with(glia_avg_pool2d_args{.kernel = {3, 3}, .pad = {1, 1}, .count_include_pad = true}));
         }},
        {"adaptive_max_pool2d", kImage,
         [](auto net, auto x) {
             return glia_model_adaptive_max_pool2d(net, x, with(glia_adaptive_pool2d_args{.size = {2, 3}}));
         }},
        {"adaptive_avg_pool2d", kImage,
         [](auto net, auto x) {
             return glia_model_adaptive_avg_pool2d(net, x, with(glia_adaptive_pool2d_args{.size = {3, 2}}));
         }},
        {"upsample2d", kImage,
         [](auto net, auto x) {
             return glia_model_upsample2d(net, x,
                                          with(glia_upsample2d_args{.scale = {2, 1}, .size = {0, 5}, .linear = true}));
         }},
        {"global_max_pool2d", kImage, [](auto net, auto x) { return glia_model_global_max_pool2d(net, x, nullptr); }},
        {"global_avg_pool2d", kImage, [](auto net, auto x) { return glia_model_global_avg_pool2d(net, x, nullptr); }},
        {"max_pool1d", kSteps,
         [](auto net, auto x) {
             return glia_model_max_pool1d(net, x, with(glia_max_pool1d_args{.kernel = 2, .dilation = 2}));
         }},
        {"avg_pool1d", kSteps,
         [](auto net, auto x) {
             return glia_model_avg_pool1d(net, x, with(glia_avg_pool1d_args{.kernel = 3, .steps_first = true}));
         }},
        {"global_max_pool1d", kSteps,
         [](auto net, auto x) {
             return glia_model_global_max_pool1d(
                 net, x, with(glia_global_pool1d_args{.lengths = lengths_of(net, x), .steps_first = true}));
         }},
        {"global_avg_pool1d", kSteps,
         [](auto net, auto x) {
             return glia_model_global_avg_pool1d(
                 net, x, with(glia_global_pool1d_args{.lengths = lengths_of(net, x), .steps_first = true}));
         }},
        {"batchnorm", kImage,
         [](auto net, auto x) {
             const glia_value y = glia_model_batchnorm(
                 net, x, with(glia_batchnorm_args{.epsilon = GLIA_SET(1e-3), .momentum = GLIA_SET(0.2)}));
             return glia_model_batchnorm(
                 net, y, with(glia_batchnorm_args{.population = true, .no_scale = true, .frozen = true}));
         }},
        {"batchrenorm", kImage,
         [](auto net, auto x) {
             const glia_value y = glia_model_batchrenorm(
                 net, x, with(glia_batchrenorm_args{.max_r = GLIA_SET(1.5), .max_d = GLIA_SET(0.5)}));
             return glia_model_batchrenorm(
                 net, y, with(glia_batchrenorm_args{.population = true, .no_scale = true, .frozen = true}));
         }},
        {"layernorm", kSteps,
         [](auto net, auto x) { return glia_model_layernorm(net, x, with(glia_layernorm_args{.dims = 2})); }},
        {"groupnorm", kImage,
         [](auto net, auto x) { return glia_model_groupnorm(net, x, with(glia_groupnorm_args{.groups = 2})); }},
        {"instancenorm", kImage,
         [](auto net, auto x) {
             return glia_model_instancenorm(net, x, with(glia_instancenorm_args{.epsilon = GLIA_SET(0.1)}));
         }},
        {"activation", kFlat,
         [](auto net, auto x) {
             x = glia_model_activation(net, x, nullptr);  // linear: a layer without an op
             return glia_model_activation(net, x,
                                          with(glia_activation_args{.kind = GLIA_LEAKY_RELU, .alpha = GLIA_SET(0.1)}));
         }},
        {"softmax", kFlat, [](auto net, auto x) { return glia_model_softmax(net, x, nullptr); }},
        {"log_softmax", kFlat, [](auto net, auto x) { return glia_model_log_softmax(net, x, nullptr); }},
        {"prelu", kImage, [](auto net, auto x) { return glia_model_prelu(net, x, nullptr); }},
        {"dropout", kFlat,
         [](auto net, auto x) { return glia_model_dropout(net, x, with(glia_dropout_args{.p = 0.4})); }},
        {"flatten", kImage, [](auto net, auto x) { return glia_model_flatten(net, x, nullptr); }},
        {"reshape", kImage,
         [](auto net, auto x) {
             return glia_model_reshape(net, x, with(glia_reshape_args{.shape = GLIA_SHAPE(3, -1, 2)}));
         }},
        {"transpose", kImage,
         [](auto net, auto x) { return glia_model_transpose(net, x, with(glia_transpose_args{.axis = {0, -1}})); }},
        {"slice", kImage,
         [](auto net, auto x) {
             return glia_model_slice(net, x, with(glia_slice_args{.axis = 1, .start = -5, .stop = -1}));
         }},
        {"concat", kFlat,
         [](auto net, auto x) {
             const glia_value three[] = {x, x, x};
             return glia_model_concat(net, three, 3, with(glia_concat_args{.axis = -1}));
         }},
        {"add", kFlat,
         [](auto net, auto x) {
             const glia_value w = glia_model_parameter(net, "w", GLIA_SHAPE(8),
                                                       with(glia_parameter_args{.init = {GLIA_INIT_NORMAL, 0, 1}}));
             return glia_model_add(net, glia_model_add(net, x, w, nullptr), w, nullptr);
         }},
        {"multiply", kFlat, [](auto net, auto x) { return glia_model_multiply(net, x, x, nullptr); }},
        {"embedding",
         {1, {6}},
         [](auto net, auto x) {
             return glia_model_embedding(
                 net, x, with(glia_embedding_args{.count = 5, .size = 3, .has_padding = true, .padding_index = -2}));
         },
         GLIA_I32},
        {"rnn", kSteps,
         [](auto net, auto x) {
             return glia_model_rnn(net, x,
                                   with(glia_rnn_args{.units     = 3,
                                                      .layers    = 2,
                                                      .dropout   = 0.2,
                                                      .direction = GLIA_RNN_BOTH,
                                                      .lengths   = lengths_of(net, x),
                                                      .relu      = true}));
         }},
        {"lstm", kSteps,
         [](auto net, auto x) {
             return glia_model_lstm(net, x,
                                    with(glia_lstm_args{.units          = 3,
                                                        .layers         = 2,
                                                        .sequence       = true,
                                                        .stateful_batch = kBatch,
                                                        .projection     = 2,
                                                        .peephole       = true,
                                                        .cell_clip      = 3}));
         }},
        {"gru", kSteps,
         [](auto net, auto x) {
             return glia_model_gru(
                 net, x,
                 with(glia_gru_args{
                     .units = 3, .direction = GLIA_RNN_REVERSE, .stateful_batch = kBatch, .reset_before = true}));
         }},
        {"step", kSteps, [](auto net, auto x) { return glia_model_step(net, x, with(glia_step_args{.step = -1})); }},
        {"repeat", kFlat,
         [](auto net, auto x) { return glia_model_repeat(net, x, with(glia_repeat_args{.times = 3})); }},
        {"lengths", kSteps,
         [](auto net, auto x) {
             return glia_model_op(net, "cast", with(glia_cast_params{.dtype = GLIA_F32}), with(lengths_of(net, x)), 1,
                                  nullptr, 0);
         }},
        {"mask", kSteps,
         [](auto net, auto x) {
             return glia_model_mask(net, x, lengths_of(net, x), with(glia_mask_args{.value = -0.75}));
         }},
    };
    return all;
}

TEST(ModelFile, EveryLayerHasARow) {
    string header;
    for (const char *name : {"layers", "sequence_layers"}) {
        std::ifstream file(string(GLIA_SOURCE_DIR "/include/glia/") + name + ".h");
        header.append(std::istreambuf_iterator<char>(file), {});
    }
    const std::regex function(R"(GLIA_API glia_value glia_model_(\w+)\()");
    std::set<string> declared, tested;
    for (std::sregex_iterator it(header.begin(), header.end(), function), end; it != end; ++it)
        declared.insert((*it)[1]);
    for (const Row &row : rows()) tested.insert(row.name);
    EXPECT_EQ(tested, declared);
    EXPECT_GT(declared.size(), 30u);
}

class EveryLayer : public testing::TestWithParam<std::tuple<const char *, Row>> {
   protected:
    static void build(Computer &c, const Row &row) {
        glia_model *net = c.create();
        glia_value x    = row.dtype == GLIA_F32 ? glia_model_input(net, "x", row.shape)
                                                : glia_model_index_input(net, "x", row.dtype, row.shape);
        x               = glia_model_flatten(net, row.layer(net, x), nullptr);
        x               = glia_model_dropout(net, x, with(glia_dropout_args{.p = 0.1}));
        x               = glia_model_dense(net, x, with(glia_dense_args{.name = "y", .units = 2}));
        const glia_compile_args args{.loss = glia_loss_mse(), .optimizer = glia_optimizer_adam(0.01)};
        ASSERT_EQ(glia_model_compile(net, x, &args), GLIA_OK) << c.message();
    }
};

TEST_P(EveryLayer, IsLoadedAsItWasSaved) {
    const auto &[device, row] = GetParam();
    const Path path, again("again");
    Computer saved(device), loaded(device, 6);
    build(saved, row);
    saved.samples(row.dtype, row.shape);
    saved.fit(1);
    ASSERT_EQ(glia_model_save(saved.net, path.get()), GLIA_OK) << saved.message();
    ASSERT_EQ(loaded.load(path), GLIA_OK) << loaded.message();
    ASSERT_EQ(glia_model_save(loaded.net, again.get()), GLIA_OK) << loaded.message();
    EXPECT_EQ(path.content(), again.content());
    EXPECT_EQ(loaded.summary(), saved.summary());

    loaded.samples(row.dtype, row.shape);
    EXPECT_EQ(loaded.predict(), saved.predict());
    saved.fit(2);
    loaded.fit(2);
    EXPECT_EQ(loaded.states(), saved.states());
}

INSTANTIATE_TEST_SUITE_P(Devices, EveryLayer,
                         testing::Combine(testing::Values("cpu", "emulated"), testing::ValuesIn(rows())),
                         [](const auto &info) {
                             return string(std::get<0>(info.param)) + "_" + std::get<1>(info.param).name;
                         });

}  // namespace

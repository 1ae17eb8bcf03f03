// Networks that PyTorch trained predict here what they predict there, and those trained here predict the same in
// PyTorch: see golden/weights.py.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/files.h"
#include "support/keep.h"
#include "support/with.h"

namespace {

using namespace glia;
using std::string;

constexpr int kClasses = 3;

glia_value logits(glia_model *m, glia_value x) {
    return glia_model_dense(m, x, with(glia_dense_args{.name = "logits", .units = kClasses}));
}

glia_value build_dense(glia_model *m) {
    glia_value x = glia_model_input(m, "x", GLIA_SHAPE(6));
    x            = glia_model_dense(m, x, with(glia_dense_args{.name = "hidden", .units = 8, .activation = GLIA_TANH}));
    return logits(m, glia_model_layernorm(m, x, with(glia_layernorm_args{.name = "norm"})));
}

glia_value build_image(glia_model *m) {
    glia_conv2d_args first{}, second{};
    first.name = "features.0", first.filters = 4, first.kernel[0] = first.kernel[1] = 3, first.padding = GLIA_PAD_SAME;
    second.name = "conv2", second.filters = 6, second.kernel[0] = second.kernel[1] = 3, second.groups = 2,
    second.padding = GLIA_PAD_SAME, second.no_bias = true;
    glia_conv2d_transpose_args up{};
    up.name = "up", up.filters = 3, up.kernel[0] = 2, up.kernel[1] = 3, up.stride[0] = up.stride[1] = 2;
    glia_max_pool2d_args pool{};
    pool.kernel[0] = pool.kernel[1] = 2;
    glia_value x                    = glia_model_conv2d(m, glia_model_input(m, "x", GLIA_SHAPE(2, 4, 4)), &first);
    x = glia_model_activation(m, glia_model_batchnorm(m, x, with(glia_batchnorm_args{.name = "features.1"})),
                              with(glia_activation_args{.kind = GLIA_RELU}));
    x = glia_model_conv2d_transpose(m, glia_model_conv2d(m, glia_model_max_pool2d(m, x, &pool), &second), &up);
    x = glia_model_prelu(m, x, with(glia_prelu_args{.name = "slopes"}));
    x = glia_model_groupnorm(m, x, with(glia_groupnorm_args{.name = "group", .groups = 3}));
    return logits(m, glia_model_flatten(m, x, nullptr));
}

glia_value build_series(glia_model *m) {
    glia_conv1d_args conv{};
    conv.name = "conv1", conv.filters = 4, conv.kernel = 3, conv.pad = 1;
    glia_value x = glia_model_conv1d(m, glia_model_input(m, "x", GLIA_SHAPE(2, 6)), &conv);
    x            = glia_model_activation(m, glia_model_batchnorm(m, x, with(glia_batchnorm_args{.name = "norm1"})),
                                         with(glia_activation_args{.kind = GLIA_RELU}));
    return logits(m, glia_model_global_avg_pool1d(m, x, nullptr));
}

glia_value build_lstm(glia_model *m) {
    glia_lstm_args rnn{};
    rnn.name = "rnn", rnn.units = 4, rnn.layers = 2, rnn.direction = GLIA_RNN_BOTH;
    return logits(m, glia_model_lstm(m, glia_model_input(m, "x", GLIA_SHAPE(5, 3)), &rnn));
}

glia_value build_projected(glia_model *m) {
    glia_lstm_args rnn{};
    rnn.name = "rnn", rnn.units = 5, rnn.projection = 2, rnn.no_bias = true;
    return logits(m, glia_model_lstm(m, glia_model_input(m, "x", GLIA_SHAPE(5, 3)), &rnn));
}

glia_value build_gru(glia_model *m) {
    glia_gru_args lower{}, upper{};
    lower.name = "lower", lower.units = 5, lower.sequence = true;
    upper.name = "upper", upper.units = 4, upper.direction = GLIA_RNN_BOTH;
    return logits(m, glia_model_gru(m, glia_model_gru(m, glia_model_input(m, "x", GLIA_SHAPE(5, 3)), &lower), &upper));
}

glia_value build_words(glia_model *m) {
    glia_embedding_args table{};
    table.name = "table", table.count = 11, table.size = 4, table.has_padding = true;
    glia_rnn_args rnn{};
    rnn.name = "rnn", rnn.units = 5;
    const glia_value x = glia_model_index_input(m, "x", GLIA_I64, GLIA_SHAPE(7));
    return logits(m, glia_model_rnn(m, glia_model_embedding(m, x, &table), &rnn));
}

struct Network {
    const char *name;
    glia_value (*build)(glia_model *);
};
const Network kNetworks[] = {{"dense", build_dense}, {"image", build_image},         {"series", build_series},
                             {"lstm", build_lstm},   {"projected", build_projected}, {"gru", build_gru},
                             {"words", build_words}};

string golden(const string &name) { return GLIA_SOURCE_DIR "/tests/golden/" + name; }

string bytes_of(const string &path) {
    std::ifstream file(path, std::ios::binary);
    return string(std::istreambuf_iterator<char>(file), {});
}

glia_safetensors_entry get(const glia_safetensors *file, const string &tensor) {
    glia_safetensors_entry entry{};
    EXPECT_EQ(glia_safetensors_get(file, glia_safetensors_find(file, tensor.c_str()), &entry), GLIA_OK) << tensor;
    return entry;
}

// A network on a device, and the samples that golden/weights.safetensors has for it.
class Predictor {
   public:
    Predictor(const char *device, const Network &network) : name(network.name) {
        created = glia_context_create(device, nullptr, &ctx);
        if (created != GLIA_OK) return;
        keep_(ctx, glia_context_destroy);
        EXPECT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK) << message();
        keep_(net, glia_model_destroy);
        glia_compile_args args{};
        args.loss = glia_loss_cross_entropy(), args.optimizer = glia_optimizer_adam(0.02);
        EXPECT_EQ(glia_model_compile(net, network.build(net), &args), GLIA_OK) << message();
        const glia_safetensors *recorded = open(golden("weights.safetensors"));
        input                            = get(recorded, name + ".input");
        output                           = get(recorded, name + ".output");
        make_data();
    }
    const glia_safetensors *open(const string &path) {
        glia_safetensors *file = nullptr;
        EXPECT_EQ(glia_safetensors_open(ctx, path.c_str(), &file), GLIA_OK) << message();
        return keep_(file, glia_safetensors_close);
    }
    glia_status load(const string &path) { return glia_model_load_weights(net, path.c_str(), nullptr, nullptr); }
    std::vector<float> predict() {
        std::vector<float> out(classes_.size() * kClasses);
        EXPECT_EQ(glia_model_predict(net, data, 0, out.data(), out.size() * sizeof(float)), GLIA_OK) << message();
        return out;
    }
    string message() const { return ctx ? glia_message(ctx) : glia_message(nullptr); }

    const string name;
    glia_status created;
    glia_context *ctx  = nullptr;
    glia_model *net    = nullptr;
    glia_dataset *data = nullptr;
    glia_safetensors_entry input{}, output{};

   private:
    void make_data() {
        glia_array x{}, t{};
        x.dtype = input.dtype, x.data = input.values, x.shape.ndim = input.shape.ndim - 1;
        std::copy(input.shape.dim + 1, input.shape.dim + input.shape.ndim, x.shape.dim);
        for (int64_t i = 0; i < input.shape.dim[0]; ++i) classes_.push_back(i % kClasses);
        t.dtype = GLIA_I64, t.data = classes_.data();
        glia_arrays_args args{};
        args.inputs = &x, args.n_inputs = 1, args.targets = &t, args.n_targets = 1, args.count = input.shape.dim[0];
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &args, &data), GLIA_OK) << message();
        keep_(data, glia_dataset_destroy);
    }
    std::vector<int64_t> classes_;
    Keep keep_;
};

struct Param {
    const char *device;
    const Network *network;
};

class PyTorchWeights : public testing::TestWithParam<Param> {};

TEST_P(PyTorchWeights, predict_here_what_they_predict_there) {
    Predictor p(GetParam().device, *GetParam().network);
    if (p.created == GLIA_NOT_FOUND) GTEST_SKIP() << p.message();
    ASSERT_EQ(p.load(golden("weights_" + p.name + ".safetensors")), GLIA_OK) << p.message();
    const std::vector<float> got = p.predict();
    ASSERT_EQ(p.output.bytes, got.size() * sizeof(double));
    const auto *want = static_cast<const double *>(p.output.values);
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(double(got[i]), want[i], 1e-5) << i;
}

// What PyTorch wrote comes back as the same file, but for its count of batches: so PyTorch reads what is written here.
TEST_P(PyTorchWeights, are_written_as_pytorch_wrote_them) {
    Predictor p(GetParam().device, *GetParam().network);
    if (p.created == GLIA_NOT_FOUND) GTEST_SKIP() << p.message();
    const Folder folder;
    const string theirs = golden("weights_" + p.name + ".safetensors"), ours = folder / "weights";
    ASSERT_EQ(p.load(theirs), GLIA_OK) << p.message();
    ASSERT_EQ(glia_model_save_weights(p.net, ours.c_str()), GLIA_OK) << p.message();
    const glia_safetensors *before = p.open(theirs), *after = p.open(ours);
    int counts = 0;
    for (int i = 0; i < glia_safetensors_count(before); ++i) {
        glia_safetensors_entry want{};
        ASSERT_EQ(glia_safetensors_get(before, i, &want), GLIA_OK) << p.message();
        if (string(want.name).find("num_batches_tracked") != string::npos && ++counts) continue;
        const auto got = get(after, want.name);
        EXPECT_EQ(got.dtype, want.dtype) << want.name;
        ASSERT_EQ(got.shape.ndim, want.shape.ndim) << want.name;
        EXPECT_TRUE(std::equal(got.shape.dim, got.shape.dim + got.shape.ndim, want.shape.dim)) << want.name;
        ASSERT_EQ(got.bytes, want.bytes) << want.name;
        EXPECT_EQ(memcmp(got.values, want.values, want.bytes), 0) << want.name;
    }
    EXPECT_EQ(glia_safetensors_count(after), glia_safetensors_count(before) - counts);
    if (counts == 0) {
        EXPECT_EQ(bytes_of(ours), bytes_of(theirs));
    }
}

std::vector<Param> params() {
    std::vector<Param> all;
    for (const char *device : {"cpu", "emulated", "cuda:0"})
        for (const Network &network : kNetworks) all.push_back({device, &network});
    return all;
}

INSTANTIATE_TEST_SUITE_P(all, PyTorchWeights, testing::ValuesIn(params()), [](const auto &info) {
    const string device = info.param.device;
    return device.substr(0, device.find(':')) + "__" + info.param.network->name;
});

// GLIA_PYTHON=python3, where that has torch and safetensors.
TEST(PyTorch, predicts_what_networks_that_were_trained_here_predict) {
    const char *python = std::getenv("GLIA_PYTHON");
    if (!python) GTEST_SKIP() << "GLIA_PYTHON names no Python with torch and safetensors";
    const Folder folder;
    std::vector<std::unique_ptr<Predictor>> all;
    std::vector<std::vector<float>> outputs;
    std::vector<string> names;
    std::vector<glia_safetensors_entry> entries;
    for (const Network &network : kNetworks) {
        all.push_back(std::make_unique<Predictor>("cpu", network));
        Predictor &p = *all.back();
        ASSERT_EQ(glia_model_fit(p.net, p.data, with(glia_fit_args{.epochs = 20})), GLIA_OK) << p.message();
        ASSERT_EQ(glia_model_save_weights(p.net, (folder / (p.name + ".safetensors")).c_str()), GLIA_OK) << p.message();
        outputs.push_back(p.predict());
        names.push_back(p.name + ".input");
        names.push_back(p.name + ".output");
        entries.push_back(p.input);
        entries.push_back({nullptr, GLIA_F32, p.output.shape, outputs.back().data(), p.output.bytes / 2});
    }
    for (size_t i = 0; i < entries.size(); ++i) entries[i].name = names[i].c_str();
    Predictor &any = *all.front();
    ASSERT_EQ(glia_safetensors_write(any.ctx, (folder / "predictions.safetensors").c_str(), entries.data(),
                                     int(entries.size()), nullptr, 0),
              GLIA_OK)
        << any.message();
    EXPECT_EQ(system((string(python) + " " + golden("weights.py") + " check " + folder.path()).c_str()), 0);
}

}  // namespace

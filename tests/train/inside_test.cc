// Looking inside a model: outputs of layers, gradients, saliency, occlusion.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/counting.h"
#include "support/internals.h"
#include "support/with.h"

namespace {

using glia::CountingAllocator;
using glia::with;
using std::string, std::vector;
using Build = std::function<glia_value(glia_model *)>;

// Numbers from -0.5 to 0.5, the same everywhere.
vector<double> ramp(int64_t count, int step, int first) {
    vector<double> out(static_cast<size_t>(count));
    for (size_t i = 0; i < out.size(); ++i)
        out[i] = (static_cast<int>((i * static_cast<size_t>(step) + static_cast<size_t>(first)) % 17) - 8) / 16.0;
    return out;
}

int64_t count_of(glia_shape shape) {
    int64_t count = 1;
    for (int i = 0; i < shape.ndim; ++i) count *= shape.dim[i];
    return count;
}

// Samples of one input, and classes.
struct Samples {
    glia_shape shape{};
    int64_t count = 0;
    vector<double> x;
    vector<int64_t> classes;
    glia_dtype dtype = GLIA_F64;
};

Samples samples(glia_shape shape, int64_t count, glia_dtype dtype = GLIA_F64) {
    Samples s{shape, count, ramp(count * count_of(shape), 5, 3), {}, dtype};
    for (int64_t i = 0; i < count; ++i) s.classes.push_back((2 + i) % 3);
    return s;
}

class Net {
   public:
    // Its outputs have the losses that `build` gives them with glia_model_output.
    Net(const char *device, glia_dtype dtype, const Build &build, glia_compile_args args = {}) : dtype_(dtype) {
        const glia_context_args about{.seed = 7, .threads = 1, .allocator = memory.api()};
        EXPECT_EQ(glia_context_create(device, &about, &ctx), GLIA_OK) << glia_message(nullptr);
        EXPECT_EQ(glia_model_create(ctx, with(glia_model_args{dtype}), &model), GLIA_OK) << message();
        EXPECT_EQ(glia_model_compile(model, build(model), &args), GLIA_OK) << message();
    }
    ~Net() {
        data_.reset();
        glia_model_destroy(model);
        glia_context_destroy(ctx);
        EXPECT_TRUE(memory.blocks.empty());
    }
    Net(const Net &) = delete;

    string message() const { return glia_message(ctx); }

    size_t size() const { return glia_dtype_size(dtype_); }
    vector<double> numbers(const vector<char> &bytes) const {
        vector<double> out(bytes.size() / size());
        for (size_t i = 0; i < out.size(); ++i) out[i] = gli_load(dtype_, bytes.data(), static_cast<int64_t>(i));
        return out;
    }
    vector<char> bytes(const vector<double> &numbers) const {
        vector<char> out(numbers.size() * size());
        for (size_t i = 0; i < numbers.size(); ++i) gli_store(dtype_, out.data(), static_cast<int64_t>(i), numbers[i]);
        return out;
    }

    // A data set that lives until the next call.
    glia_dataset *data(const Samples &s, bool targets = true) {
        glia_dataset *out = nullptr;
        x_.resize(s.x.size() * glia_dtype_size(s.dtype));
        for (size_t i = 0; i < s.x.size(); ++i) gli_store(s.dtype, x_.data(), static_cast<int64_t>(i), s.x[i]);
        const glia_array input{.dtype = s.dtype, .shape = s.shape, .data = x_.data()};
        const glia_array target{.dtype = GLIA_I64, .shape = GLIA_SCALAR, .data = s.classes.data()};
        const glia_arrays_args args{
            .inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = targets, .count = s.count, .copy = true};
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &args, &out), GLIA_OK) << message();
        data_.reset(out);
        return out;
    }

    int64_t elements(const string &layer) {
        return count_of(glia_model_layer(model, glia_model_layer_index(model, layer.c_str())).shape);
    }
    vector<double> layer(const string &name, const Samples &s, int batch = 0) {
        vector<char> out(static_cast<size_t>(s.count * elements(name)) * size());
        EXPECT_EQ(glia_model_layer_output(model, name.c_str(), data(s, false), batch, out.data(), out.size()), GLIA_OK)
            << message();
        return numbers(out);
    }
    vector<double> predict(const Samples &s, int64_t elements, int batch = 0) {
        vector<char> out(static_cast<size_t>(s.count * elements) * size());
        EXPECT_EQ(glia_model_predict(model, data(s, false), batch, out.data(), out.size()), GLIA_OK) << message();
        return numbers(out);
    }
    double loss(const Samples &s) {
        glia_result result{};
        EXPECT_EQ(glia_model_evaluate(model, data(s), 0, &result), GLIA_OK) << message();
        return result.loss;
    }
    vector<double> gradient(glia_gradient_args args, const Samples &s, int64_t count) {
        vector<char> out(static_cast<size_t>(count) * size());
        EXPECT_EQ(glia_model_gradient(model, data(s, args.of == GLIA_OF_LOSS), &args, out.data(), out.size()), GLIA_OK)
            << args.with_respect_to << ": " << message();
        return numbers(out);
    }
    int64_t weight_elements(const string &name) {
        for (int i = 0; i < glia_model_weight_count(model); ++i)
            if (glia_model_weight_name(model, i) == name) return count_of(glia_model_weight_shape(model, i));
        return 0;
    }
    vector<double> weight(const string &name) {
        vector<char> out(static_cast<size_t>(weight_elements(name)) * size());
        EXPECT_EQ(glia_model_get(model, name.c_str(), out.data(), out.size()), GLIA_OK) << message();
        return numbers(out);
    }
    void set(const string &name, const vector<double> &values) {
        const vector<char> in = bytes(values);
        EXPECT_EQ(glia_model_set(model, name.c_str(), in.data(), in.size()), GLIA_OK) << message();
    }
    vector<double> all_weights() {
        vector<double> all;
        for (int i = 0; i < glia_model_weight_count(model); ++i) {
            const vector<double> one = weight(glia_model_weight_name(model, i));
            all.insert(all.end(), one.begin(), one.end());
        }
        return all;
    }

    CountingAllocator memory;
    glia_context *ctx = nullptr;
    glia_model *model = nullptr;

   private:
    struct Destroy {
        void operator()(glia_dataset *data) const { glia_dataset_destroy(data); }
    };
    glia_dtype dtype_;
    vector<char> x_;
    std::unique_ptr<glia_dataset, Destroy> data_;
};

bool has(const char *device) {
    gli_device_choice choice;
    return gli_device_find(device, &choice) == GLIA_OK;
}

vector<string> devices() {
    vector<string> all = {"cpu"};
    if (has("emulated")) all.push_back("emulated");
    return all;
}

void expect_near(const vector<double> &got, const vector<double> &want, double share, const string &what) {
    ASSERT_EQ(got.size(), want.size()) << what;
    for (size_t i = 0; i < got.size(); ++i)
        EXPECT_NEAR(got[i], want[i], share * std::max(1.0, std::fabs(want[i]))) << what << ", element " << i;
}

glia_compile_args classified() { return {.loss = glia_loss_cross_entropy()}; }

// Convolution, tanh, pooling, dense: 1 channel of 6 x 6 to 3 classes.
glia_value small_cnn(glia_model *net) {
    glia_value x = glia_model_input(net, "image", GLIA_SHAPE(1, 6, 6));
    x            = glia_model_conv2d(
        net, x, with(glia_conv2d_args{.name = "conv", .filters = 2, .kernel = {3, 3}, .activation = GLIA_TANH}));
    x = glia_model_max_pool2d(net, x, with(glia_max_pool2d_args{.name = "pool", .kernel = {2, 2}}));
    x = glia_model_flatten(net, x, nullptr);
    return glia_model_dense(net, x, with(glia_dense_args{.name = "logits", .units = 3}));
}

// The same as everywhere else in these tests, so that PyTorch's numbers are of it.
void set_small_cnn(Net *net) {
    net->set("conv.weight", ramp(18, 7, 1));
    net->set("conv.bias", ramp(2, 3, 5));
    net->set("logits.weight", ramp(24, 11, 2));
    net->set("logits.bias", ramp(3, 2, 9));
}

const glia_shape kImage = GLIA_SHAPE(1, 6, 6);

// ---- Layers ----

TEST(Layers, are_listed_as_the_summary_shows_them) {
    Net net("cpu", GLIA_F32, small_cnn, classified());
    const struct {
        const char *name;
        vector<int64_t> shape;
    } want[] = {{"conv", {2, 4, 4}}, {"pool", {2, 2, 2}}, {"flatten", {8}}, {"logits", {3}}};
    ASSERT_EQ(glia_model_layer_count(net.model), 4);
    for (int i = 0; i < 4; ++i) {
        const glia_field layer = glia_model_layer(net.model, i);
        EXPECT_STREQ(layer.name, want[i].name);
        EXPECT_EQ(layer.dtype, GLIA_F32);
        EXPECT_EQ(vector<int64_t>(layer.shape.dim, layer.shape.dim + layer.shape.ndim), want[i].shape);
        EXPECT_EQ(glia_model_layer_index(net.model, want[i].name), i);
    }
    EXPECT_EQ(glia_model_layer_index(net.model, "image"), -1);
}

TEST(Layers, of_indices_have_their_dtype) {
    const auto build = [](glia_model *m) {
        const glia_value words = glia_model_index_input(m, "words", GLIA_I32, GLIA_SHAPE(4));
        const glia_value n     = glia_model_lengths(m, words, with(glia_lengths_args{.name = "n"}));
        const glia_value x     = glia_model_embedding(m, words, with(glia_embedding_args{.count = 9, .size = 2}));
        return glia_model_lstm(m, x, with(glia_lstm_args{.units = 3, .lengths = n}));
    };
    Net net("cpu", GLIA_F32, build);
    Samples s              = samples(GLIA_SHAPE(4), 3, GLIA_I32);
    s.x                    = {1, 2, 0, 0, 3, 0, 0, 0, 4, 5, 6, 7};
    const glia_field layer = glia_model_layer(net.model, glia_model_layer_index(net.model, "n"));
    EXPECT_EQ(layer.shape.ndim, 0);
    ASSERT_TRUE(layer.dtype == GLIA_I32 || layer.dtype == GLIA_I64);
    vector<char> out(3 * glia_dtype_size(layer.dtype));
    ASSERT_EQ(glia_model_layer_output(net.model, "n", net.data(s, false), 0, out.data(), out.size()), GLIA_OK)
        << net.message();
    for (int64_t i = 0; i < 3; ++i)
        EXPECT_EQ(gli_load(layer.dtype, out.data(), i), (vector<double>{2, 1, 4})[static_cast<size_t>(i)]);
}

TEST(Layers, output_has_the_bits_of_predict) {
    const Samples s = samples(kImage, 5, GLIA_F32);
    for (const string &device : devices()) {
        Net net(device.c_str(), GLIA_F32, small_cnn, classified());
        for (int batch : {0, 1, 2, 5, 100})
            EXPECT_EQ(net.layer("logits", s, batch), net.predict(s, 3, batch)) << device << " " << batch;
    }
}

TEST(Layers, in_the_middle_give_what_they_give_as_outputs) {
    const Samples s = samples(kImage, 5, GLIA_F32);
    const auto cut  = [](glia_model *net) {
        const glia_value x = glia_model_input(net, "image", GLIA_SHAPE(1, 6, 6));
        return glia_model_conv2d(
            net, x, with(glia_conv2d_args{.name = "conv", .filters = 2, .kernel = {3, 3}, .activation = GLIA_TANH}));
    };
    for (const string &device : devices()) {
        Net net(device.c_str(), GLIA_F32, small_cnn, classified()), first(device.c_str(), GLIA_F32, cut);
        EXPECT_EQ(net.layer("conv", s, 2), first.predict(s, 32, 2)) << device;
    }
}

// A plan computes them in one call, unless somebody looks between them.
TEST(Layers, before_an_activation_of_its_own_are_not_fused_away) {
    const auto build = [](glia_model *m) {
        glia_value x = glia_model_input(m, "image", GLIA_SHAPE(1, 6, 6));
        x            = glia_model_conv2d(m, x, with(glia_conv2d_args{.name = "conv", .filters = 2, .kernel = {3, 3}}));
        return glia_model_activation(m, x, with(glia_activation_args{.name = "relu", .kind = GLIA_RELU}));
    };
    const Samples s = samples(kImage, 3, GLIA_F32);
    for (const string &device : devices()) {
        Net net(device.c_str(), GLIA_F32, build);
        vector<double> conv = net.layer("conv", s);
        EXPECT_LT(*std::min_element(conv.begin(), conv.end()), 0);
        for (double &x : conv) x = std::max(x, 0.0);
        EXPECT_EQ(net.layer("relu", s), conv) << device;
        EXPECT_EQ(net.predict(s, 32), conv) << device;
    }
}

TEST(Layers, inputs_are_values_too) {
    const Samples s = samples(kImage, 3, GLIA_F32);
    Net net("cpu", GLIA_F32, small_cnn, classified());
    vector<float> out(3 * 36);
    ASSERT_EQ(glia_model_layer_output(net.model, "image", net.data(s), 2, out.data(), out.size() * 4), GLIA_OK)
        << net.message();
    EXPECT_EQ(vector<double>(out.begin(), out.end()), s.x);
}

TEST(Layers, dropout_and_batchnorm_are_those_of_inference) {
    const auto build = [](glia_model *m) {
        glia_value x = glia_model_input(m, "x", GLIA_SHAPE(4));
        x            = glia_model_batchnorm(m, x, with(glia_batchnorm_args{.name = "norm"}));
        x            = glia_model_dropout(m, x, with(glia_dropout_args{.name = "drop", .p = 0.5}));
        return glia_model_dense(m, x, with(glia_dense_args{.units = 3}));
    };
    const Samples s = samples(GLIA_SHAPE(4), 6, GLIA_F32);
    Net net("cpu", GLIA_F32, build, classified());
    ASSERT_EQ(glia_model_fit(net.model, net.data(s), with(glia_fit_args{.epochs = 2, .batch_size = 3})), GLIA_OK);
    const vector<double> mean = net.weight("norm.running_mean"), var = net.weight("norm.running_var"),
                         scale = net.weight("norm.weight"), bias = net.weight("norm.bias");
    vector<double> want;
    for (size_t i = 0; i < s.x.size(); ++i)
        want.push_back((s.x[i] - mean[i % 4]) / std::sqrt(var[i % 4] + 1e-5) * scale[i % 4] + bias[i % 4]);
    expect_near(net.layer("norm", s), want, 1e-6, "norm");
    EXPECT_EQ(net.layer("drop", s), net.layer("norm", s));
}

// ---- Gradients ----

// PyTorch 2.15 in f64: tanh(conv2d(x, w, b)), max_pool2d 2, linear, cross_entropy of the classes 2 and 0; times 2 where
// it is the gradient of each sample.
const std::vector<double> kLossByWeight = {-0.0255729549, -0.0598350774,  0.00652734313, 0.144421224,   -0.0123004708,
                                           -0.0465625933, -0.00674514097, 0.157693708,   -0.0996525297, 0.00650680469,
                                           -0.071558115,  0.319320251,    -0.0965725272, -0.174637447,  -0.045788282,
                                           0.293550418,   -0.0708026942,  -0.148867614};

const std::vector<double> kLossByImage = {0,
                                          0,
                                          0,
                                          -0.234827728,
                                          0,
                                          0.234827728,
                                          0.157710445,
                                          -0.0769416221,
                                          0.00553146303,
                                          -0.123856563,
                                          0.111166187,
                                          -0.20128091,
                                          -0.252336713,
                                          0.0813407068,
                                          0.408106346,
                                          -0.136902885,
                                          0.26848052,
                                          -0.0670936366,
                                          -0.183212389,
                                          0.173675148,
                                          -0.533260198,
                                          0.0210470637,
                                          0.210063141,
                                          0,
                                          0.091270452,
                                          0.000227722809,
                                          -0.262803534,
                                          0.0815340978,
                                          -0.175219436,
                                          0,
                                          0.045635226,
                                          -0.0342264195,
                                          0.0687161661,
                                          -0.0891638356,
                                          0.0222909589,
                                          0,
                                          0,
                                          -0.0792976882,
                                          0.0588024591,
                                          0.0204952291,
                                          0.0235209837,
                                          0,
                                          -0.0395380765,
                                          0.00555335298,
                                          -0.0111653683,
                                          -0.0797299388,
                                          0.0171421187,
                                          0,
                                          0.121654369,
                                          -0.0391575906,
                                          -0.0404769792,
                                          -0.0179011967,
                                          0.0463331127,
                                          0,
                                          -0.141096742,
                                          -0.0354015353,
                                          0.16157704,
                                          -0.0496959317,
                                          -0.0197697162,
                                          -0.0143985112,
                                          -0.0806994812,
                                          0.0803490329,
                                          -0.137882091,
                                          0.152299497,
                                          -0.0164771074,
                                          -0.0431955337,
                                          0.0113282412,
                                          0.0906259294,
                                          -0.0226564823,
                                          0.0287970225,
                                          -0.0215977668,
                                          0.0503947893};

const std::vector<double> kLossByConv = {0,
                                         0,
                                         0,
                                         0.560987866,
                                         0,
                                         -0.186380678,
                                         0,
                                         0,
                                         0,
                                         -0.186380678,
                                         0,
                                         0,
                                         0,
                                         0,
                                         -0.186380678,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0,
                                         0.560987866,
                                         0,
                                         -0.186380678,
                                         0,
                                         0,
                                         0,
                                         0.560987866,
                                         0,
                                         -0.186380678,
                                         0,
                                         0,
                                         0};

const std::vector<double> kLogitByImage = {0,
                                           0,
                                           0,
                                           -0.209298402,
                                           0,
                                           0.209298402,
                                           0.122994318,
                                           -0.0417404318,
                                           0.0684971778,
                                           -0.190252652,
                                           0.127318867,
                                           -0.17939863,
                                           -0.196790909,
                                           -0.0422675211,
                                           0.185876063,
                                           0.0325850266,
                                           0.308594633,
                                           -0.0597995435,
                                           -0.194039812,
                                           0.135336785,
                                           -0.369054916,
                                           -0.0333164224,
                                           0.00704292145,
                                           0,
                                           0.153030972,
                                           0.0266276931,
                                           -0.102407234,
                                           -0.00544151004,
                                           -0.0721305972,
                                           0,
                                           0.0765154859,
                                           -0.0573866144,
                                           0.118952214,
                                           -0.119599087,
                                           0.0298997717,
                                           0,
                                           0,
                                           0.0784869008,
                                           0.0194004091,
                                           -0.0978873099,
                                           0.00776016365,
                                           0,
                                           0.135096155,
                                           -0.101458911,
                                           -0.230459412,
                                           0.0633944046,
                                           0.231888053,
                                           0,
                                           -0.312481176,
                                           0.0580956835,
                                           0.0383215518,
                                           0.153269395,
                                           -0.315327035,
                                           0,
                                           -0.00627779816,
                                           0.100323159,
                                           -0.175733167,
                                           0.281340925,
                                           -0.0712887349,
                                           0.0421694804,
                                           0.0546370342,
                                           -0.0278966255,
                                           0.0743857483,
                                           -0.293660757,
                                           0.0101609687,
                                           0.126508441,
                                           0.00747494294,
                                           0.0597995435,
                                           -0.0149498859,
                                           -0.0843389608,
                                           0.0632542206,
                                           -0.147593181};

TEST(Gradients, of_a_convolutional_network_are_those_of_pytorch) {
    Samples given = samples(kImage, 2);
    given.classes = {2, 0};
    for (const string &device : devices())
        for (glia_dtype dtype : {GLIA_F32, GLIA_F64}) {
            if (device != "cpu" && dtype == GLIA_F64) continue;  // no kernels
            const double share = dtype == GLIA_F64 ? 1e-8 : 2e-6;
            given.dtype        = dtype;
            Net net(device.c_str(), dtype, small_cnn, classified());
            set_small_cnn(&net);
            expect_near(net.gradient({.with_respect_to = "image"}, given, 72), kLossByImage, share, device + " image");
            expect_near(net.gradient({.with_respect_to = "conv.weight"}, given, 18), kLossByWeight, share,
                        device + " weight");
            vector<double> conv = net.gradient({.with_respect_to = "conv"}, given, 64);
            conv.resize(32);
            expect_near(conv, kLossByConv, share, device + " conv");
            const glia_gradient_args logit{.with_respect_to = "image", .of = GLIA_OF_OUTPUT, .element = GLIA_SET(1)};
            expect_near(net.gradient(logit, given, 72), kLogitByImage, share, device + " logit");
        }
}

// By differences of two predictions, in double.
class Differences {
   public:
    Differences(const Build &build, Samples s, glia_compile_args args = {})
        : net_("cpu", GLIA_F64, build, args), s_(std::move(s)) {
        last_    = glia_model_layer(net_.model, glia_model_layer_count(net_.model) - 1).name;
        outputs_ = net_.elements(last_);
        factors_ = ramp(outputs_, 7, 2);
    }
    double output() {
        const vector<double> y = net_.layer(last_, s_);  // unlike predict, it leaves states alone
        double sum             = 0;
        for (size_t i = 0; i < y.size(); ++i) sum += y[i] * factors_[i % factors_.size()];
        return sum;
    }
    static double slope(const std::function<double()> &f, double *at) {
        constexpr double kStep = 1e-5;
        const double before    = *at;
        *at                    = before + kStep;
        const double above     = f();
        *at                    = before - kStep;
        const double below     = f();
        *at                    = before;
        return (above - below) / (2 * kStep);
    }
    void check_input(const string &name) {
        vector<double> want;
        for (double &x : s_.x) want.push_back(slope([&] { return output(); }, &x));
        expect_near(net_.gradient(of_output(name), s_, static_cast<int64_t>(want.size())), want, 1e-7, name);
    }
    void check_weight(const string &name) {
        vector<double> values = net_.weight(name), want;
        for (double &w : values) {
            want.push_back(slope([&] { return net_.set(name, values), output(); }, &w));
            net_.set(name, values);
        }
        expect_near(net_.gradient(of_output(name), s_, static_cast<int64_t>(want.size())), want, 1e-7, name);
    }
    void check(const string &input) {
        if (s_.dtype == GLIA_F64) check_input(input);
        for (int i = 0; i < glia_model_weight_count(net_.model); ++i) {
            const string name = glia_model_weight_name(net_.model, i);
            if (name.find("running_") == string::npos) check_weight(name);
        }
    }
    glia_gradient_args of_output(const string &name) const {
        return {.with_respect_to = name.c_str(),
                .of              = GLIA_OF_OUTPUT,
                .factors         = factors_.data(),
                .n_factors       = outputs_,
                .batch_size      = 2};
    }

    Net net_;
    Samples s_;
    string last_;
    int64_t outputs_ = 0;
    vector<double> factors_;
};

struct Family {
    const char *name;
    glia_shape shape;
    std::function<glia_value(glia_model *, glia_value)> layer;
    glia_dtype dtype = GLIA_F64;
    int64_t count    = 4;  // samples
};

void PrintTo(const Family &f, std::ostream *out) { *out << f.name; }

const vector<Family> &families() {
    static const vector<Family> all = {
        {"dense", GLIA_SHAPE(4),
         [](glia_model *m, glia_value x) {
             return glia_model_dense(m, x, with(glia_dense_args{.units = 3, .activation = GLIA_GELU}));
         }},
        {"conv1d", GLIA_SHAPE(2, 6),
         [](glia_model *m, glia_value x) {
             return glia_model_conv1d(m, x, with(glia_conv1d_args{.filters = 2, .kernel = 3, .activation = GLIA_TANH}));
         }},
        {"conv2d", GLIA_SHAPE(2, 5, 4),
         [](glia_model *m, glia_value x) {
             return glia_model_conv2d(
                 m, x, with(glia_conv2d_args{.filters = 2, .kernel = {3, 2}, .activation = GLIA_SIGMOID}));
         }},
        {"conv2d_transpose", GLIA_SHAPE(2, 3, 3),
         [](glia_model *m, glia_value x) {
             return glia_model_conv2d_transpose(
                 m, x, with(glia_conv2d_transpose_args{.filters = 2, .kernel = {2, 2}, .stride = {2, 2}}));
         }},
        {"avg_pool2d", GLIA_SHAPE(1, 4, 4),
         [](glia_model *m, glia_value x) {
             return glia_model_avg_pool2d(m, x, with(glia_avg_pool2d_args{.kernel = {2, 2}}));
         }},
        {"global_avg_pool2d", GLIA_SHAPE(2, 4, 3),
         [](glia_model *m, glia_value x) { return glia_model_global_avg_pool2d(m, x, nullptr); }},
        {"batchnorm", GLIA_SHAPE(2, 3, 2),
         [](glia_model *m, glia_value x) { return glia_model_batchnorm(m, x, nullptr); }},
        {"layernorm", GLIA_SHAPE(3, 4),
         [](glia_model *m, glia_value x) { return glia_model_layernorm(m, x, nullptr); }},
        {"groupnorm", GLIA_SHAPE(4, 3),
         [](glia_model *m, glia_value x) {
             return glia_model_groupnorm(m, x, with(glia_groupnorm_args{.groups = 2}));
         }},
        {"instancenorm", GLIA_SHAPE(2, 3, 2),
         [](glia_model *m, glia_value x) { return glia_model_instancenorm(m, x, nullptr); }},
        {"lstm", GLIA_SHAPE(4, 3),
         [](glia_model *m, glia_value x) { return glia_model_lstm(m, x, with(glia_lstm_args{.units = 2})); }},
        {"gru_both_ways", GLIA_SHAPE(3, 2),
         [](glia_model *m, glia_value x) {
             return glia_model_gru(m, x, with(glia_gru_args{.units = 2, .direction = GLIA_RNN_BOTH, .sequence = true}));
         }},
        {"rnn_with_kept_states", GLIA_SHAPE(3, 2),
         [](glia_model *m, glia_value x) {
             return glia_model_rnn(m, x, with(glia_rnn_args{.units = 2, .stateful_batch = 2}));
         },
         GLIA_F64, 2},  // one batch: no gradient goes from one to the next
        {"embedding", GLIA_SHAPE(3),
         [](glia_model *m, glia_value x) {
             return glia_model_embedding(m, x, with(glia_embedding_args{.count = 5, .size = 2}));
         },
         GLIA_I64},
        {"prelu", GLIA_SHAPE(3, 2), [](glia_model *m, glia_value x) { return glia_model_prelu(m, x, nullptr); }},
        {"softmax", GLIA_SHAPE(5), [](glia_model *m, glia_value x) { return glia_model_softmax(m, x, nullptr); }},
        {"shapes", GLIA_SHAPE(2, 6),
         [](glia_model *m, glia_value x) {
             const glia_value y = glia_model_reshape(m, x, with(glia_reshape_args{.shape = GLIA_SHAPE(3, 4)}));
             const glia_value z = glia_model_multiply(m, y, y, nullptr);
             return glia_model_concat(m, with(std::array<glia_value, 2>{y, z})->data(), 2, nullptr);
         }},
        {"dropout", GLIA_SHAPE(4),
         [](glia_model *m, glia_value x) {
             x = glia_model_activation(m, x, with(glia_activation_args{.kind = GLIA_ELU}));
             return glia_model_dropout(m, x, with(glia_dropout_args{.p = 0.5}));
         }},
    };
    return all;
}

class EachFamily : public testing::TestWithParam<Family> {};

TEST_P(EachFamily, has_the_gradients_of_differences) {
    const Family &f  = GetParam();
    const auto build = [&](glia_model *m) {
        const glia_value x =
            f.dtype == GLIA_F64 ? glia_model_input(m, "x", f.shape) : glia_model_index_input(m, "x", f.dtype, f.shape);
        return f.layer(m, x);
    };
    Samples s = samples(f.shape, f.count, f.dtype);
    for (size_t i = 0; i < s.x.size(); ++i)
        s.x[i] = f.dtype == GLIA_F64 ? s.x[i] + 0.01 * double(i % 5) : double(i % 5);
    Differences d(build, s);
    for (int i = 0; i < glia_model_weight_count(d.net_.model); ++i) {  // statistics and states that say something
        const string name = glia_model_weight_name(d.net_.model, i);
        if (name.find("running_mean") != string::npos || name.find(".h_l") != string::npos)
            d.net_.set(name, ramp(d.net_.weight_elements(name), 3, 4));
    }
    d.check("x");
}

INSTANTIATE_TEST_SUITE_P(inside, EachFamily, testing::ValuesIn(families()),
                         [](const auto &info) { return info.param.name; });

// A bias is added to each element of its layer's output, so its gradient is the sum of theirs.
TEST(Gradients, of_layers_add_up_to_those_of_their_bias) {
    const auto build = [](glia_model *m) {
        glia_value x = glia_model_input(m, "x", GLIA_SHAPE(2, 5, 5));
        x            = glia_model_conv2d(m, x, with(glia_conv2d_args{.name = "a", .filters = 3, .kernel = {3, 3}}));
        x            = glia_model_activation(m, x, with(glia_activation_args{.kind = GLIA_RELU}));
        x            = glia_model_flatten(m, x, nullptr);
        x            = glia_model_dense(m, x, with(glia_dense_args{.name = "b", .units = 4}));
        x            = glia_model_activation(m, x, with(glia_activation_args{.kind = GLIA_TANH}));
        return glia_model_dense(m, x, with(glia_dense_args{.name = "c", .units = 3}));
    };
    const Samples s = samples(GLIA_SHAPE(2, 5, 5), 4, GLIA_F32);
    for (const string &device : devices()) {
        Net net(device.c_str(), GLIA_F32, build, classified());
        for (const char *layer : {"a", "b", "c"}) {
            const string bias   = string(layer) + ".bias";
            const int64_t units = net.weight_elements(bias), each = net.elements(layer);
            vector<double> sum(static_cast<size_t>(units));
            const vector<double> parts = net.gradient({.with_respect_to = layer}, s, 4 * each);
            for (size_t i = 0; i < parts.size(); ++i)
                sum[i % static_cast<size_t>(each) / static_cast<size_t>(each / units)] += parts[i] / 4;
            expect_near(net.gradient({.with_respect_to = bias.c_str(), .batch_size = 3}, s, units), sum, 1e-6, bias);
        }
    }
}

TEST(Gradients, of_the_loss_are_a_step_of_sgd) {
    const Samples s = samples(kImage, 6, GLIA_F32);
    for (const string &device : devices()) {
        glia_compile_args args = classified();
        args.optimizer         = glia_optimizer_sgd(1);
        Net net(device.c_str(), GLIA_F32, small_cnn, args);
        std::map<string, vector<double>> want;
        for (const string name : {"conv.weight", "conv.bias", "logits.weight", "logits.bias"}) {
            const vector<double> g = net.gradient({.with_respect_to = name.c_str()}, s, net.weight_elements(name));
            for (size_t i = 0; i < g.size(); ++i)
                want[name].push_back(static_cast<float>(net.weight(name)[i]) - static_cast<float>(g[i]));
        }
        ASSERT_EQ(glia_model_fit(net.model, net.data(s), with(glia_fit_args{.batch_size = 6, .in_order = true})),
                  GLIA_OK)
            << net.message();
        for (const auto &[name, values] : want) EXPECT_EQ(net.weight(name), values) << device << " " << name;
    }
}

TEST(Gradients, of_a_mean_loss_do_not_depend_on_the_batches) {
    const Samples s = samples(kImage, 7);
    Net net("cpu", GLIA_F64, small_cnn, classified());
    const vector<double> image  = net.gradient({.with_respect_to = "image"}, s, 7 * 36),
                         weight = net.gradient({.with_respect_to = "conv.weight"}, s, 18);
    for (int batch : {1, 2, 3}) {
        expect_near(net.gradient({.with_respect_to = "image", .batch_size = batch}, s, 7 * 36), image, 1e-13, "image");
        expect_near(net.gradient({.with_respect_to = "conv.weight", .batch_size = batch}, s, 18), weight, 1e-13,
                    "weight");
    }
    Samples one = s;  // alone, it is the same
    one.count   = 1, one.x.resize(36);
    expect_near(net.gradient({.with_respect_to = "image"}, one, 36), {image.begin(), image.begin() + 36}, 1e-13,
                "alone");
}

TEST(Gradients, of_a_summed_loss_are_those_of_fit) {
    const Samples s        = samples(kImage, 5);
    glia_compile_args sums = classified();
    sums.loss.reduction    = GLIA_REDUCTION_SUM;
    Net mean("cpu", GLIA_F64, small_cnn, classified()), sum("cpu", GLIA_F64, small_cnn, sums);
    vector<double> want = mean.gradient({.with_respect_to = "conv.weight"}, s, 18);
    for (double &g : want) g *= 5;
    expect_near(sum.gradient({.with_respect_to = "conv.weight", .batch_size = 2}, s, 18), want, 1e-13, "weight");
    expect_near(sum.gradient({.with_respect_to = "image"}, s, 5 * 36),
                mean.gradient({.with_respect_to = "image"}, s, 5 * 36), 1e-13, "image");
}

// Of several outputs, each with its part, as evaluate adds them up.
TEST(Gradients, of_several_losses_are_those_of_differences) {
    const auto build = [](glia_model *m) {
        glia_value x = glia_model_input(m, "x", GLIA_SHAPE(4));
        x = glia_model_dense(m, x, with(glia_dense_args{.name = "shared", .units = 3, .activation = GLIA_TANH}));
        glia_output_args first{.loss = glia_loss_cross_entropy()}, second{.loss = glia_loss_mse()};
        first.loss.weight      = GLIA_SET(0.25);
        second.loss.weight     = GLIA_SET(2);
        const glia_value value = glia_model_dense(m, x, with(glia_dense_args{.name = "value", .units = 1}));
        EXPECT_EQ(glia_model_output(m, x, &first), GLIA_OK);
        EXPECT_EQ(glia_model_output(m, value, &second), GLIA_OK);
        return glia_value{};
    };
    Net net("cpu", GLIA_F64, build);
    const vector<double> x = ramp(5 * 4, 5, 3), targets = ramp(5, 3, 1);
    const int64_t classes[] = {2, 0, 1, 1, 0};
    const glia_array input{.dtype = GLIA_F64, .shape = GLIA_SHAPE(4), .data = x.data()};
    const glia_array both[] = {{.dtype = GLIA_I64, .shape = GLIA_SCALAR, .data = classes},
                               {.dtype = GLIA_F64, .shape = GLIA_SHAPE(1), .data = targets.data()}};
    const glia_arrays_args args{.inputs = &input, .n_inputs = 1, .targets = both, .n_targets = 2, .count = 5};
    glia_dataset *data = nullptr;
    ASSERT_EQ(glia_dataset_from_arrays(net.ctx, &args, &data), GLIA_OK) << net.message();
    for (const string name : {"shared.weight", "value.weight", "value.bias"}) {
        vector<double> values = net.weight(name), want, got(values.size());
        const auto loss       = [&] {
            glia_result result{};
            net.set(name, values);
            EXPECT_EQ(glia_model_evaluate(net.model, data, 2, &result), GLIA_OK) << net.message();
            return result.loss;
        };
        for (double &w : values) want.push_back(Differences::slope(loss, &w));
        net.set(name, values);
        const glia_gradient_args about{.with_respect_to = name.c_str(), .batch_size = 3};
        ASSERT_EQ(glia_model_gradient(net.model, data, &about, got.data(), got.size() * 8), GLIA_OK) << net.message();
        expect_near(got, want, 1e-8, name);
    }
    glia_dataset_destroy(data);
}

// The losses of probabilities and of their logarithms are computed from logits, but the softmax has a gradient.
TEST(Gradients, reach_a_softmax_that_the_loss_looks_behind) {
    const Samples s = samples(GLIA_SHAPE(4), 3);
    for (const bool log : {false, true}) {
        const auto build = [log](glia_model *m) {
            glia_value x = glia_model_input(m, "x", GLIA_SHAPE(4));
            x            = glia_model_dense(m, x, with(glia_dense_args{.name = "logits", .units = 3}));
            return log ? glia_model_log_softmax(m, x, with(glia_layer_args{.name = "p"}))
                       : glia_model_softmax(m, x, with(glia_layer_args{.name = "p"}));
        };
        Net net("cpu", GLIA_F64, build, {.loss = log ? glia_loss_nll() : glia_loss_categorical_cross_entropy()});
        const vector<double> p = net.layer("p", s), g = net.gradient({.with_respect_to = "p"}, s, 9),
                             logits = net.gradient({.with_respect_to = "logits"}, s, 9);
        for (size_t i = 0; i < 9; ++i) {
            const double right = s.classes[i / 3] == static_cast<int64_t>(i % 3);
            EXPECT_NEAR(g[i], log ? -right : right / -p[i], 1e-9) << log << i;
            EXPECT_NEAR(logits[i], (log ? std::exp(p[i]) : p[i]) - right, 1e-9) << log << i;
        }
    }
}

TEST(Gradients, of_the_largest_element_are_of_each_samples_own) {
    const Samples s = samples(kImage, 4, GLIA_F32);
    for (const string &device : devices()) {
        Net net(device.c_str(), GLIA_F32, small_cnn, classified());
        const vector<double> y       = net.predict(s, 3),
                             largest = net.gradient({.with_respect_to = "image", .of = GLIA_OF_OUTPUT}, s, 4 * 36);
        for (int64_t n = 0; n < 4; ++n) {
            const auto row    = y.begin() + 3 * n;
            const double best = double(std::max_element(row, row + 3) - row);
            const glia_gradient_args args{.with_respect_to = "image", .of = GLIA_OF_OUTPUT, .element = GLIA_SET(best)};
            const vector<double> all = net.gradient(args, s, 4 * 36);
            for (int64_t i = 36 * n; i < 36 * (n + 1); ++i)
                EXPECT_EQ(largest[static_cast<size_t>(i)], all[static_cast<size_t>(i)]) << device;
        }
    }
}

TEST(Gradients, of_a_layer_and_of_what_does_not_depend) {
    const Samples s = samples(kImage, 3);
    Net net("cpu", GLIA_F64, small_cnn, classified());
    const vector<double> one = {0, 0, 1};
    const glia_gradient_args as_output{.with_respect_to = "image", .of = GLIA_OF_OUTPUT, .element = GLIA_SET(2)},
        as_layer{
            .with_respect_to = "image", .of = GLIA_OF_LAYER, .layer = "logits", .factors = one.data(), .n_factors = 3},
        forward{.with_respect_to = "logits", .of = GLIA_OF_LAYER, .layer = "conv"},
        itself{
            .with_respect_to = "logits", .of = GLIA_OF_LAYER, .layer = "logits", .factors = one.data(), .n_factors = 3};
    EXPECT_EQ(net.gradient(as_layer, s, 3 * 36), net.gradient(as_output, s, 3 * 36));
    EXPECT_EQ(net.gradient(forward, s, 9), vector<double>(9));
    EXPECT_EQ(net.gradient(itself, s, 9), (vector<double>{0, 0, 1, 0, 0, 1, 0, 0, 1}));
    EXPECT_EQ(net.gradient({.with_respect_to = "logits.bias", .of = GLIA_OF_LAYER, .layer = "conv"}, s, 3),
              vector<double>(3));
}

TEST(Gradients, of_frozen_weights_are_there) {
    const Samples s = samples(kImage, 3);
    Net net("cpu", GLIA_F64, small_cnn, classified());
    const vector<double> thawed = net.gradient({.with_respect_to = "conv.weight"}, s, 18);
    ASSERT_EQ(glia_model_freeze(net.model, "conv", true), GLIA_OK);
    ASSERT_EQ(glia_model_compile(net.model, {}, nullptr), GLIA_OK) << net.message();
    EXPECT_EQ(net.gradient({.with_respect_to = "conv.weight"}, s, 18), thawed);
}

// ---- Training goes on as if nobody had looked ----

glia_value restless(glia_model *m) {
    glia_value x = glia_model_input(m, "image", GLIA_SHAPE(1, 6, 6));
    x            = glia_model_conv2d(m, x, with(glia_conv2d_args{.name = "conv", .filters = 2, .kernel = {3, 3}}));
    x            = glia_model_batchnorm(m, x, nullptr);
    x            = glia_model_dropout(m, glia_model_flatten(m, x, nullptr), with(glia_dropout_args{.p = 0.3}));
    return glia_model_dense(m, x, with(glia_dense_args{.name = "logits", .units = 3}));
}

// Every kind of look.
void look(glia_model *model, glia_dataset *data) {
    static float out[22 * 36];
    const size_t images = 22 * 36 * sizeof(float);
    EXPECT_EQ(glia_model_layer_output(model, "logits", data, 5, out, 22 * 3 * sizeof(float)), GLIA_OK);
    EXPECT_EQ(glia_model_gradient(model, data, with(glia_gradient_args{.with_respect_to = "image"}), out, images),
              GLIA_OK);
    EXPECT_EQ(glia_model_gradient(model, data, with(glia_gradient_args{.with_respect_to = "conv.weight"}), out,
                                  18 * sizeof(float)),
              GLIA_OK);
    EXPECT_EQ(glia_model_saliency(model, data, nullptr, out, images), GLIA_OK);
    EXPECT_EQ(
        glia_model_occlusion(model, data, with(glia_occlusion_args{.patch = {6, 5}}), out, 22 * 2 * sizeof(float)),
        GLIA_OK);
}

vector<double> trained(const string &device, bool looked, bool stepwise) {
    const Samples s = samples(kImage, 22, GLIA_F32);
    Net net(device.c_str(), GLIA_F32, restless, classified());
    glia_dataset *data = net.data(s);
    glia_fit_args args{.epochs = 2, .batch_size = 4, .validation = data};
    if (looked && !stepwise)
        args.callbacks[0] = {.user = data, .on_batch_end = [](void *user, const glia_event *event) {
                                 look(event->model, static_cast<glia_dataset *>(user));
                                 return GLIA_OK;
                             }};
    glia_trainer *trainer = nullptr;
    EXPECT_EQ(glia_trainer_create(net.model, data, &args, &trainer), GLIA_OK) << net.message();
    while (!glia_trainer_done(trainer)) {
        if (glia_trainer_step(trainer) != GLIA_OK) return ADD_FAILURE() << net.message(), vector<double>();
        if (looked && stepwise) look(net.model, data);
    }
    glia_trainer_destroy(trainer);
    vector<double> all = net.all_weights();
    int epochs         = 0;
    all.push_back(glia_model_history(net.model, &epochs)[1].train.loss);
    return all;
}

TEST(Training, is_not_disturbed) {
    for (const string &device : devices()) {
        const vector<double> want = trained(device, false, false);
        EXPECT_EQ(trained(device, true, false), want) << device;
        EXPECT_EQ(trained(device, true, true), want) << device;
    }
}

TEST(Training, keeps_the_states_of_layers) {
    const auto build = [](glia_model *m) {
        glia_value x = glia_model_input(m, "x", GLIA_SHAPE(3, 2));
        x            = glia_model_lstm(m, x, with(glia_lstm_args{.name = "lstm", .units = 3, .stateful_batch = 2}));
        return glia_model_dense(m, x, with(glia_dense_args{.units = 3}));
    };
    const Samples s = samples(GLIA_SHAPE(3, 2), 6, GLIA_F32);
    for (const string &device : devices()) {
        Net net(device.c_str(), GLIA_F32, build, classified()), same(device.c_str(), GLIA_F32, build, classified());
        const glia_fit_args args{.batch_size = 2, .in_order = true};
        ASSERT_EQ(glia_model_fit(net.model, net.data(s), &args), GLIA_OK) << net.message();
        ASSERT_EQ(glia_model_fit(same.model, same.data(s), &args), GLIA_OK) << same.message();
        const vector<double> before = net.all_weights(), first = net.layer("lstm", s);
        EXPECT_EQ(net.layer("lstm", s), first) << "the states go on from batch to batch, and are put back";
        net.gradient({.with_respect_to = "x"}, s, 36);
        EXPECT_EQ(net.all_weights(), before);
        float out[18];
        EXPECT_EQ(glia_model_predict(same.model, same.data(s), 0, out, sizeof out), GLIA_OK);
        EXPECT_NE(same.all_weights(), before) << "which predict does not do";
    }
}

// One that ends early, too.
TEST(Training, keeps_the_states_where_a_look_fails) {
    const auto build = [](glia_model *m) {
        const glia_value x = glia_model_input(m, "x", GLIA_SHAPE(3, 2));
        return glia_model_gru(m, x, with(glia_gru_args{.name = "gru", .units = 3, .stateful_batch = 2}));
    };
    static const glia_field field{.dtype = GLIA_F32, .shape = GLIA_SHAPE(3, 2)};
    const auto read = [](void *, const glia_sample *sample) {
        std::fill_n(static_cast<float *>(sample->inputs[0]), 6, 1.f);
        return sample->index < 4 ? GLIA_OK : GLIA_IO_ERROR;
    };
    Net net("cpu", GLIA_F32, build);
    glia_dataset *data = nullptr;
    float out[18];
    const glia_source source{.inputs = &field, .n_inputs = 1, .count = 6, .read = read};
    ASSERT_EQ(glia_dataset_from_source(net.ctx, &source, &data), GLIA_OK) << net.message();
    net.set("gru.h_l0", ramp(6, 3, 1));
    EXPECT_EQ(glia_model_layer_output(net.model, "gru", data, 0, out, sizeof out), GLIA_IO_ERROR);
    EXPECT_EQ(net.weight("gru.h_l0"), ramp(6, 3, 1));
    glia_dataset_destroy(data);
}

TEST(Training, a_second_look_plans_nothing) {
    const Samples s = samples(kImage, 6, GLIA_F32);
    Net net("cpu", GLIA_F32, small_cnn, classified());
    glia_dataset *data = net.data(s);
    float out[6 * 36];
    const auto calls = [&](const std::function<glia_status()> &call) {
        const long before = net.memory.calls;
        EXPECT_EQ(call(), GLIA_OK) << net.message();
        return net.memory.calls - before;
    };
    const vector<std::function<glia_status()>> looks = {
        [&] { return glia_model_layer_output(net.model, "conv", data, 0, out, 6 * 32 * 4); },
        [&] { return glia_model_saliency(net.model, data, nullptr, out, sizeof out); },
        [&] {
            return glia_model_gradient(net.model, data, with(glia_gradient_args{.with_respect_to = "image"}), out,
                                       sizeof out);
        }};
    for (const auto &call : looks) {
        const long first = calls(call);
        EXPECT_LE(calls(call), 3);
        EXPECT_GT(first, 10);
    }
    for (const auto &call : looks) EXPECT_LE(calls(call), 3) << "all of them are kept";
}

// ---- Saliency and occlusion ----

glia_value of_colours(glia_model *m) {
    glia_value x = glia_model_input(m, "image", GLIA_SHAPE(3, 5, 4));
    x            = glia_model_conv2d(
        m, x, with(glia_conv2d_args{.name = "conv", .filters = 4, .kernel = {3, 3}, .activation = GLIA_RELU}));
    x = glia_model_flatten(m, x, nullptr);
    return glia_model_dense(m, x, with(glia_dense_args{.units = 3}));
}

const glia_shape kColours = GLIA_SHAPE(3, 5, 4);

TEST(Saliency, is_the_largest_gradient_of_the_channels) {
    const Samples s = samples(kColours, 5, GLIA_F32);
    for (const string &device : devices()) {
        Net net(device.c_str(), GLIA_F32, of_colours, classified());
        for (const glia_optional element : {glia_optional{}, GLIA_SET(1)}) {
            const vector<double> g =
                net.gradient({.with_respect_to = "image", .of = GLIA_OF_OUTPUT, .element = element}, s, 5 * 60);
            vector<float> out(5 * 20);
            const glia_saliency_args args{.input = "image", .element = element, .batch_size = 2};
            ASSERT_EQ(glia_model_saliency(net.model, net.data(s), &args, out.data(), out.size() * 4), GLIA_OK)
                << net.message();
            for (size_t i = 0; i < out.size(); ++i) {
                double want = 0;
                for (size_t c = 0; c < 3; ++c) want = std::max(want, std::fabs(g[i / 20 * 60 + c * 20 + i % 20]));
                EXPECT_NEAR(out[i], want, 1e-6) << device << i;
            }
        }
    }
}

// The map, by predictions of images that are occluded here.
vector<double> by_hand(Net *net, const Samples &s, const glia_occlusion_args &a, int64_t rows, int64_t columns) {
    vector<double> map;
    for (int64_t n = 0; n < s.count; ++n) {
        Samples one = s;
        one.count   = 1;
        one.x.assign(s.x.begin() + n * 60, s.x.begin() + (n + 1) * 60);
        const vector<double> whole = net->predict(one, 3);
        const auto best            = std::max_element(whole.begin(), whole.end()) - whole.begin();
        const size_t element       = size_t(a.element.set ? int64_t(a.element.value) : best);
        for (int64_t p = 0; p < rows * columns; ++p) {
            Samples hidden     = one;
            const int64_t top  = std::min(p / columns * a.stride[0], int64_t(5 - a.patch[0])),
                          left = std::min(p % columns * a.stride[1], int64_t(4 - a.patch[1]));
            for (int64_t i = 0; i < 60; ++i) {
                const int64_t y = i / 4 % 5, x = i % 4;
                if (y >= top && y < top + a.patch[0] && x >= left && x < left + a.patch[1])
                    hidden.x[size_t(i)] = a.fill;
            }
            const vector<double> y = net->predict(hidden, 3);
            double sum             = 0;
            for (double v : y) sum += std::exp(v);
            map.push_back(a.softmax ? std::exp(y[element]) / sum : y[element]);
        }
    }
    return map;
}

TEST(Occlusion, is_what_predict_says_of_images_with_a_patch) {
    const Samples s = samples(kColours, 2, GLIA_F32);
    const struct {
        glia_occlusion_args args;
        int64_t rows, columns;
    } cases[] = {
        {{.patch = {2, 3}, .stride = {1, 1}, .fill = 0.5}, 4, 2},
        {{.element = GLIA_SET(0), .patch = {2, 1}, .stride = {2, 3}, .batch_size = 3}, 3, 2},
        {{.patch = {1, 1}, .stride = {3, 2}, .softmax = true, .batch_size = 1}, 3, 3},
        {{.patch = {5, 4}, .stride = {9, 9}}, 1, 1},
    };
    for (const string &device : devices()) {
        Net net(device.c_str(), GLIA_F32, of_colours, classified());
        for (const auto &c : cases) {
            vector<float> out(size_t(2 * c.rows * c.columns));
            ASSERT_EQ(glia_model_occlusion(net.model, net.data(s), &c.args, out.data(), out.size() * 4), GLIA_OK)
                << net.message();
            expect_near({out.begin(), out.end()}, by_hand(&net, s, c.args, c.rows, c.columns), 1e-6, device);
        }
    }
}

// The output of an op may have another dtype than the model.
glia_value of_colours_in_f64(glia_model *m) {
    const glia_value y = of_colours(m);
    glia_value wide;
    return glia_model_op(m, "cast", with(glia_cast_params{GLIA_F64}), &y, 1, &wide, 1);
}

TEST(Occlusion, of_an_output_in_another_dtype) {
    const Samples s = samples(kColours, 2, GLIA_F32);
    for (const string &device : devices()) {
        Net net(device.c_str(), GLIA_F32, of_colours), wide(device.c_str(), GLIA_F32, of_colours_in_f64);
        for (const bool softmax : {false, true}) {
            const glia_occlusion_args args{.patch = {2, 3}, .softmax = softmax};
            vector<float> want(2 * 4 * 2), got(want.size());
            ASSERT_EQ(glia_model_occlusion(net.model, net.data(s), &args, want.data(), want.size() * 4), GLIA_OK)
                << net.message();
            ASSERT_EQ(glia_model_occlusion(wide.model, wide.data(s), &args, got.data(), got.size() * 4), GLIA_OK)
                << wide.message();
            expect_near({got.begin(), got.end()}, {want.begin(), want.end()}, 1e-6, device);
        }
    }
}

TEST(Gradients, with_respect_to_a_layer_have_its_dtype) {
    const Samples s = samples(kColours, 2, GLIA_F32);
    for (const string &device : devices()) {
        Net net(device.c_str(), GLIA_F32, of_colours_in_f64);
        const glia_gradient_args args{.with_respect_to = "cast", .of = GLIA_OF_OUTPUT, .element = GLIA_SET(1)};
        vector<double> out(2 * 3, -1);
        EXPECT_EQ(glia_model_gradient(net.model, net.data(s), &args, out.data(), 2 * 3 * 4), GLIA_SHAPE_MISMATCH);
        EXPECT_EQ(glia_model_gradient(net.model, net.data(s), &args, out.data(), 2 * 3 * 8), GLIA_OK) << net.message();
        EXPECT_EQ(out, (vector<double>{0, 1, 0, 0, 1, 0})) << device;
    }
}

// A word, and an image whose pixels are outputs as they are.
glia_value word_and_image(glia_model *m) {
    const glia_value words  = glia_model_index_input(m, "word", GLIA_I32, GLIA_SCALAR),
                     image  = glia_model_input(m, "image", GLIA_SHAPE(1, 2, 2));
    const glia_value both[] = {
        glia_model_embedding(m, words, with(glia_embedding_args{.name = "words", .count = 4, .size = 1})),
        glia_model_flatten(m, image, nullptr)};
    return glia_model_concat(m, both, 2, nullptr);
}

TEST(Occlusion, leaves_other_inputs_as_they_are) {
    Net net("cpu", GLIA_F32, word_and_image);
    const int32_t words[]     = {3, 1};
    const float images[]      = {1, 2, 3, 4, 5, 6, 7, 8};
    const glia_array inputs[] = {{.dtype = GLIA_I32, .shape = GLIA_SCALAR, .data = words},
                                 {.dtype = GLIA_F32, .shape = GLIA_SHAPE(1, 2, 2), .data = images}};
    const glia_arrays_args arrays{.inputs = inputs, .n_inputs = 2, .count = 2};
    glia_dataset *data = nullptr;
    float out[8];
    ASSERT_EQ(glia_dataset_from_arrays(net.ctx, &arrays, &data), GLIA_OK) << net.message();
    const vector<double> table = net.weight("words.weight");
    glia_occlusion_args args{.input = "image", .element = GLIA_SET(0), .patch = {1, 1}, .fill = -1};
    ASSERT_EQ(glia_model_occlusion(net.model, data, &args, out, sizeof out), GLIA_OK) << net.message();
    for (int i = 0; i < 8; ++i) EXPECT_EQ(out[i], table[i < 4 ? 3 : 1]);
    args.element = GLIA_SET(2);  // the second pixel
    ASSERT_EQ(glia_model_occlusion(net.model, data, &args, out, sizeof out), GLIA_OK) << net.message();
    EXPECT_EQ(vector<float>(out, out + 8), (vector<float>{2, -1, 2, 2, 6, -1, 6, 6}));
    glia_dataset_destroy(data);
}

// A source of words that does something as it reads the second sample.
struct Words {
    int32_t second;
    std::function<void()> trick;
    static glia_status read(void *user, const glia_sample *sample) {
        const auto *words = static_cast<Words *>(user);
        if (sample->index == 1 && words->trick) words->trick();
        *static_cast<int32_t *>(sample->inputs[0]) = sample->index == 1 ? words->second : 0;
        std::fill_n(static_cast<float *>(sample->inputs[1]), 4, 1.f);
        return GLIA_OK;
    }
    glia_dataset *data(glia_context *ctx) {
        const glia_field fields[] = {{.dtype = GLIA_I32, .shape = GLIA_SCALAR},
                                     {.dtype = GLIA_F32, .shape = GLIA_SHAPE(1, 2, 2)}};
        glia_dataset *out         = nullptr;
        const glia_source source{.inputs = fields, .n_inputs = 2, .count = 3, .read = read, .user = this};
        EXPECT_EQ(glia_dataset_from_source(ctx, &source, &out), GLIA_OK) << glia_message(ctx);
        return out;
    }
};

TEST(Occlusion, names_an_index_out_of_range) {
    for (const string &device : devices()) {
        Net net(device.c_str(), GLIA_F32, word_and_image);
        Words words{.second = 9, .trick = {}};
        glia_dataset *data = words.data(net.ctx);
        float out[12];
        const glia_occlusion_args args{.input = "image", .patch = {1, 1}};
        EXPECT_EQ(glia_model_occlusion(net.model, data, &args, out, sizeof out), GLIA_INVALID_ARGUMENT);
        EXPECT_NE(net.message().find("glia_model_occlusion: layer 'words': input 'word' of sample 1 is 9"),
                  string::npos)
            << device << ": " << net.message();
        glia_dataset_destroy(data);
    }
}

TEST(Occlusion, ends_where_a_source_destroys_the_model_and_goes_on_without_its_data_set) {
    Net net("cpu", GLIA_F32, word_and_image);
    Words words{.second = 2, .trick = {}};
    glia_dataset *data = words.data(net.ctx);
    float out[12];
    const glia_occlusion_args args{.input = "image", .patch = {1, 1}};
    words.trick = [&] { glia_dataset_destroy(data); };
    EXPECT_EQ(glia_model_occlusion(net.model, data, &args, out, sizeof out), GLIA_OK) << net.message();
    data        = words.data(net.ctx);
    words.trick = [&] { glia_model_destroy(net.model), net.model = nullptr; };
    EXPECT_EQ(glia_model_occlusion(net.model, data, &args, out, sizeof out), GLIA_CANCELLED);
    EXPECT_EQ(net.message(), "the model was destroyed while it ran");
    glia_dataset_destroy(data);
}

// ---- Mistakes ----

class Mistakes : public testing::Test {
   protected:
    void refused(glia_status got, glia_status want, const string &part) {
        EXPECT_EQ(got, want) << net_.message();
        EXPECT_NE(net_.message().find(part), string::npos) << net_.message() << "\nlacks: " << part;
    }
    void gradient(const glia_gradient_args &args, glia_status want, const string &part, size_t bytes = 3 * 36 * 4) {
        refused(glia_model_gradient(net_.model, data_, &args, out_, bytes), want, part);
    }
    void occlusion(const glia_occlusion_args &args, glia_status want, const string &part, size_t bytes = 48) {
        refused(glia_model_occlusion(net_.model, data_, &args, out_, bytes), want, part);
    }

    Net net_{"cpu", GLIA_F32, small_cnn, classified()};
    glia_dataset *data_ = net_.data(samples(kImage, 3, GLIA_F32));
    float out_[3 * 36]{};
};

TEST_F(Mistakes, in_names_list_those_that_there_are) {
    refused(glia_model_layer_output(net_.model, "conv2", data_, 0, out_, 4), GLIA_NOT_FOUND,
            "no input or layer is named 'conv2'; there are image, conv, pool, flatten, logits");
    gradient({.with_respect_to = "conv.wait"}, GLIA_NOT_FOUND,
             "no input, layer or weight is named 'conv.wait'; there are image, conv, pool, flatten, logits, "
             "conv.weight, conv.bias, logits.weight, logits.bias");
    gradient({}, GLIA_INVALID_ARGUMENT, "with_respect_to is NULL");
    gradient({.with_respect_to = "image", .of = GLIA_OF_LAYER}, GLIA_INVALID_ARGUMENT, "layer is NULL");
    gradient({.with_respect_to = "image", .of = GLIA_OF_LAYER, .layer = "conv.weight"}, GLIA_NOT_FOUND,
             "'conv.weight'");
}

TEST_F(Mistakes, in_what_is_differentiated) {
    const double factors[3] = {1, 2, 3};
    gradient({.with_respect_to = "image", .of = static_cast<glia_gradient_of>(7)}, GLIA_INVALID_ARGUMENT,
             "invalid of 7");
    gradient({.with_respect_to = "image", .of = GLIA_OF_OUTPUT, .output = 1}, GLIA_INVALID_ARGUMENT,
             "output is 1, must be 0 to 0");
    for (double bad : {-1.0, 3.0, 0.5, double(NAN), double(INFINITY)})
        gradient({.with_respect_to = "image", .of = GLIA_OF_OUTPUT, .element = GLIA_SET(bad)}, GLIA_INVALID_ARGUMENT,
                 "must be a whole number from 0 to 2");
    gradient({.with_respect_to = "image", .of = GLIA_OF_OUTPUT, .factors = factors, .n_factors = 2},
             GLIA_SHAPE_MISMATCH, "2 factors, a sample of what is differentiated has 3 elements");
    gradient(
        {.with_respect_to = "image", .of = GLIA_OF_OUTPUT, .element = GLIA_SET(1), .factors = factors, .n_factors = 3},
        GLIA_INVALID_ARGUMENT, "must be one of them");
    gradient({.with_respect_to = "image", .element = GLIA_SET(1)}, GLIA_INVALID_ARGUMENT, "the loss is one number");
    const double not_finite[3] = {1, NAN, 3}, too_large[3] = {1, 2, 1e39};
    gradient({.with_respect_to = "image", .of = GLIA_OF_OUTPUT, .factors = not_finite, .n_factors = 3},
             GLIA_INVALID_ARGUMENT, "factor 1 is nan, must be finite in f32");
    gradient({.with_respect_to = "image", .of = GLIA_OF_OUTPUT, .factors = too_large, .n_factors = 3},
             GLIA_INVALID_ARGUMENT, "factor 2 is 1e+39, must be finite in f32");
    gradient({.with_respect_to = "image", .of = GLIA_OF_OUTPUT, .n_factors = 3}, GLIA_INVALID_ARGUMENT,
             "n_factors is 3, factors is NULL");
    gradient({.with_respect_to = "image", .of = GLIA_OF_OUTPUT, .layer = "conv"}, GLIA_INVALID_ARGUMENT,
             "layer is 'conv', but it is not of a layer");
}

TEST_F(Mistakes, in_sizes) {
    refused(glia_model_layer_output(net_.model, "conv", data_, 0, out_, 5), GLIA_SHAPE_MISMATCH,
            "5 bytes, the result has 384: 3 times 128");
    refused(glia_model_layer_output(net_.model, "conv", data_, 0, nullptr, 384), GLIA_INVALID_ARGUMENT, "out is NULL");
    refused(glia_model_layer_output(net_.model, "conv", data_, -1, out_, 384), GLIA_INVALID_ARGUMENT,
            "batch_size is -1");
    gradient({.with_respect_to = "conv.weight"}, GLIA_SHAPE_MISMATCH, "432 bytes, the result has 72: 1 times 72");
    gradient({.with_respect_to = "image", .batch_size = -2}, GLIA_INVALID_ARGUMENT, "batch_size is -2");
    refused(glia_model_saliency(net_.model, data_, nullptr, out_, 3), GLIA_SHAPE_MISMATCH, "432: 3 times 144");
}

TEST_F(Mistakes, in_targets) {
    glia_dataset *without = net_.data(samples(kImage, 3, GLIA_F32), false);
    refused(glia_model_gradient(net_.model, without, with(glia_gradient_args{.with_respect_to = "image"}), out_, 432),
            GLIA_SHAPE_MISMATCH, "the dataset has 0 targets");
    Net plain("cpu", GLIA_F32, small_cnn);
    EXPECT_EQ(glia_model_gradient(plain.model, plain.data(samples(kImage, 3, GLIA_F32)),
                                  with(glia_gradient_args{.with_respect_to = "image"}), out_, 432),
              GLIA_INVALID_ARGUMENT);
    EXPECT_NE(plain.message().find("no output has a loss"), string::npos) << plain.message();
    Samples wrong    = samples(kImage, 3, GLIA_F32);
    wrong.classes[1] = 9;
    for (const string &device : devices()) {
        Net net(device.c_str(), GLIA_F32, small_cnn, classified());
        EXPECT_EQ(glia_model_gradient(net.model, net.data(wrong), with(glia_gradient_args{.with_respect_to = "image"}),
                                      out_, 432),
                  GLIA_INVALID_ARGUMENT);
        EXPECT_NE(net.message().find("target 0 of sample 1 is 9"), string::npos) << device << ": " << net.message();
    }
}

TEST_F(Mistakes, in_patches) {
    occlusion({.patch = {0, 2}}, GLIA_INVALID_ARGUMENT, "the patch has 0 rows, must have 1 to the image's 6");
    occlusion({.patch = {2, 7}}, GLIA_INVALID_ARGUMENT, "the patch has 7 columns, must have 1 to the image's 6");
    occlusion({.patch = {2, 2}, .stride = {1, -1}}, GLIA_INVALID_ARGUMENT, "the stride is -1 columns");
    occlusion({.input = "conv", .patch = {2, 2}}, GLIA_INVALID_ARGUMENT, "'conv' is a layer, must be an input");
    occlusion({.output = -1, .patch = {2, 2}}, GLIA_INVALID_ARGUMENT, "output is -1");
    occlusion({.element = GLIA_SET(3), .patch = {2, 2}}, GLIA_INVALID_ARGUMENT, "element is 3");
    occlusion({.patch = {2, 2}}, GLIA_SHAPE_MISMATCH, "48 bytes, the result has 300: 3 times 100");
    occlusion({.patch = {2, 2}, .batch_size = -4}, GLIA_INVALID_ARGUMENT, "batch_size is -4");
    occlusion({.patch = {2, 2}, .fill = -1e39}, GLIA_INVALID_ARGUMENT, "fill is -1e+39, must be finite in f32");
    refused(glia_model_occlusion(net_.model, data_, nullptr, out_, 48), GLIA_INVALID_ARGUMENT, "args is NULL");
    refused(glia_model_occlusion(net_.model, net_.data(samples(GLIA_SHAPE(1, 6, 5), 3, GLIA_F32)),
                                 with(glia_occlusion_args{.patch = {6, 6}}), out_, 12),
            GLIA_SHAPE_MISMATCH, "takes samples [1,6,6], the dataset has [1,6,5]");
}

TEST(MistakesOfModels, of_words_and_states) {
    const auto words = [](glia_model *m) {
        const glia_value x = glia_model_index_input(m, "words", GLIA_I64, GLIA_SHAPE(4));
        const glia_value y = glia_model_embedding(m, x, with(glia_embedding_args{.count = 5, .size = 2}));
        return glia_model_rnn(m, y, with(glia_rnn_args{.units = 3, .stateful_batch = 2}));
    };
    Net net("cpu", GLIA_F32, words);
    Samples s = samples(GLIA_SHAPE(4), 2, GLIA_I64);
    for (size_t i = 0; i < s.x.size(); ++i) s.x[i] = double(i % 5);
    glia_dataset *data = net.data(s, false);
    float out[16];
    const glia_gradient_args args{.with_respect_to = "words", .of = GLIA_OF_OUTPUT};
    EXPECT_EQ(glia_model_gradient(net.model, data, &args, out, 64), GLIA_DTYPE_MISMATCH);
    EXPECT_NE(net.message().find("words is i64: only floats have gradients"), string::npos) << net.message();
    EXPECT_EQ(glia_model_saliency(net.model, data, nullptr, out, 64), GLIA_SHAPE_MISMATCH);
    EXPECT_NE(net.message().find("input 'words' is i64 [4], must be an image"), string::npos) << net.message();
    EXPECT_EQ(glia_model_occlusion(net.model, data, with(glia_occlusion_args{.patch = {1, 1}}), out, 64),
              GLIA_UNSUPPORTED);
    EXPECT_NE(net.message().find("stateful_batch"), string::npos) << net.message();
}

TEST(MistakesOfModels, whose_output_has_indices) {
    const auto build = [](glia_model *m) {
        const glia_value y = of_colours(m);
        glia_value best;
        return glia_model_op(m, "argmax", with(glia_argmax_params{.axis = 1}), &y, 1, &best, 1);
    };
    Net net("cpu", GLIA_F32, build);
    glia_dataset *data = net.data(samples(kColours, 2, GLIA_F32), false);
    float out[2 * 20];
    EXPECT_EQ(glia_model_occlusion(net.model, data, with(glia_occlusion_args{.patch = {5, 4}}), out, 2 * 4),
              GLIA_DTYPE_MISMATCH);
    EXPECT_NE(net.message().find("glia_model_occlusion: what is looked at is i64"), string::npos) << net.message();
    EXPECT_EQ(glia_model_saliency(net.model, data, nullptr, out, sizeof out), GLIA_DTYPE_MISMATCH);
    EXPECT_NE(net.message().find("glia_model_saliency: what is looked at is i64"), string::npos) << net.message();
}

TEST(MistakesOfModels, of_running_statistics) {
    const auto build = [](glia_model *m) {
        return glia_model_batchnorm(m, glia_model_input(m, "x", GLIA_SHAPE(2)), nullptr);
    };
    Net net("cpu", GLIA_F32, build);
    float out[2];
    const glia_gradient_args args{.with_respect_to = "batchnorm.running_mean", .of = GLIA_OF_OUTPUT};
    EXPECT_EQ(glia_model_gradient(net.model, net.data(samples(GLIA_SHAPE(2), 3, GLIA_F32), false), &args, out, 8),
              GLIA_UNSUPPORTED);
    EXPECT_NE(net.message().find("no gradient with respect to mean"), string::npos) << net.message();
}

TEST(MistakesOfModels, that_are_not_compiled) {
    Net net("cpu", GLIA_F32, small_cnn, classified());
    glia_dataset *data = net.data(samples(kImage, 2, GLIA_F32));
    glia_model_input(net.model, "another", GLIA_SHAPE(1));
    float out[24];
    EXPECT_EQ(glia_model_layer_output(net.model, "logits", data, 0, out, 24), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(net.message().find("the model is not compiled"), string::npos) << net.message();
}

TEST(MistakesOfModels, whose_layers_do_not_keep_the_batch) {
    const auto build = [](glia_model *m) {
        const glia_value x = glia_model_input(m, "x", GLIA_SHAPE(2));
        glia_value turned, sum;
        glia_model_op(m, "transpose", nullptr, &x, 1, &turned, 1);
        glia_model_op(m, "reduce", nullptr, &x, 1, &sum, 1);
        const glia_value w = glia_model_parameter(m, "w", GLIA_SHAPE(2), nullptr);
        return glia_model_add(m, x, glia_model_activation(m, w, with(glia_activation_args{.name = "alone"})), nullptr);
    };
    Net net("cpu", GLIA_F32, build);
    glia_dataset *data = net.data(samples(GLIA_SHAPE(2), 3, GLIA_F32), false);
    float out[6];
    EXPECT_EQ(glia_model_layer_output(net.model, "transpose", data, 0, out, 24), GLIA_SHAPE_MISMATCH);
    EXPECT_NE(net.message().find("layer 'transpose': a batch of 3 samples gives its output the shape [2,3]: its"),
              string::npos)
        << net.message();
    EXPECT_EQ(glia_model_layer_output(net.model, "reduce", data, 0, out, 24), GLIA_SHAPE_MISMATCH);
    EXPECT_NE(net.message().find("its first dimension is not the batch"), string::npos) << net.message();
    EXPECT_EQ(glia_model_layer_output(net.model, "alone", data, 0, out, 24), GLIA_SHAPE_MISMATCH);
    EXPECT_NE(net.message().find("'alone' does not depend on any input"), string::npos) << net.message();
}

// ---- Grids ----

class Grids : public testing::Test {
   protected:
    void SetUp() override { ASSERT_EQ(glia_context_create("cpu", nullptr, &ctx_), GLIA_OK); }
    void TearDown() override { glia_context_destroy(ctx_); }

    vector<float> grid(const glia_grid_args &args, const vector<float> &images) {
        const glia_shape shape = glia_grid_shape(&args);
        vector<float> out(size_t(shape.dim[0] * shape.dim[1]));
        EXPECT_EQ(glia_grid(ctx_, &args, images.data(), images.size() * 4, out.data(), out.size() * 4), GLIA_OK)
            << glia_message(ctx_);
        return out;
    }
    glia_context *ctx_ = nullptr;
};

TEST_F(Grids, lay_images_out_in_rows) {
    const glia_grid_args args{.count = 3, .height = 2, .width = 1, .gap = 1, .gap_value = 0.5};
    EXPECT_EQ(grid(args, {0, 1, 2, 3, 4, 8}), (vector<float>{0, 0.5, 0.25,      //
                                                             .125, 0.5, 0.375,  //
                                                             0.5, 0.5, 0.5,     //
                                                             0.5, 0.5, 0.5,     //
                                                             1, 0.5, 0.5}));
    const glia_grid_args beside{.count = 3, .height = 1, .width = 2, .columns = 9, .each = true};
    EXPECT_EQ(grid(beside, {1, 3, 5, 5, -4, -6}), (vector<float>{0, 1, 0, 0, 1, 0}));
    EXPECT_EQ(glia_grid_shape(with(glia_grid_args{.count = 10, .height = 5, .width = 3, .gap = 2})).dim[0],
              3 * 5 + 2 * 2);
    EXPECT_EQ(glia_grid_shape(with(glia_grid_args{.count = 10, .height = 5, .width = 3, .gap = 2})).dim[1],
              4 * 3 + 3 * 2);
}

TEST_F(Grids, scale_what_is_finite) {
    const float inf = INFINITY;
    const glia_grid_args own{.count = 1, .height = 1, .width = 5, .columns = 1},
        given{.count = 1, .height = 1, .width = 5, .columns = 1, .low = -1, .high = 1};
    EXPECT_EQ(grid(own, {NAN, -inf, 2, inf, 4}), (vector<float>{0, 0, 0, 1, 1}));
    EXPECT_EQ(grid(given, {NAN, -2, 0, 0.5, 4}), (vector<float>{0, 0, 0.5, 0.75, 1}));
    const double wide[] = {-1.7e308, 0, 1.7e308};
    float out[3];
    const glia_grid_args doubles{.dtype = GLIA_F64, .count = 3, .height = 1, .width = 1, .columns = 3};
    ASSERT_EQ(glia_grid(ctx_, &doubles, wide, sizeof wide, out, sizeof out), GLIA_OK);
    EXPECT_EQ(vector<float>(out, out + 3), (vector<float>{0, 0.5, 1}));
}

TEST_F(Grids, refuse_what_is_no_grid) {
    const glia_grid_args right{.count = 2, .height = 1, .width = 1};
    const float images[2] = {0, 1};
    float out[2];
    const auto refused = [&](const std::function<void(glia_grid_args *)> &spoil, const string &part) {
        glia_grid_args args = right;
        spoil(&args);
        EXPECT_EQ(glia_grid(ctx_, &args, images, sizeof images, out, sizeof out), GLIA_INVALID_ARGUMENT);
        EXPECT_NE(string(glia_message(ctx_)).find(part), string::npos) << glia_message(ctx_);
        EXPECT_EQ(glia_grid_shape(&args).dim[0], 0);
    };
    refused([](auto *a) { a->dtype = GLIA_U8; }, "dtype 4");
    refused([](auto *a) { a->count = 0; }, "0 images of 1 x 1");
    refused([](auto *a) { a->height = -1; }, "-1 x 1");
    refused([](auto *a) { a->columns = -1; }, "-1 columns");
    refused([](auto *a) { a->gap = -3; }, "gap -3");
    refused([](auto *a) { a->gap_value = NAN; }, "gap_value must be 0 to 1");
    refused([](auto *a) { a->low = 1; }, "low must not be above high");
    EXPECT_EQ(glia_grid(ctx_, &right, images, 7, out, sizeof out), GLIA_SHAPE_MISMATCH);
    EXPECT_NE(string(glia_message(ctx_)).find("images has 7 bytes"), string::npos) << glia_message(ctx_);
    EXPECT_EQ(glia_grid(ctx_, &right, images, sizeof images, out, 7), GLIA_SHAPE_MISMATCH);
    const glia_grid_args huge{.count = INT64_MAX, .height = INT64_MAX, .width = INT64_MAX, .gap = INT64_MAX};
    EXPECT_EQ(glia_grid(ctx_, &huge, images, sizeof images, out, sizeof out), GLIA_SHAPE_MISMATCH);
    EXPECT_EQ(glia_grid_shape(nullptr).dim[0], 0);
}

}  // namespace

// Losses of areas and of hard examples, and weights of the terms of a loss: two steps of PyTorch's, and what is
// refused.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/with.h"

namespace {

using namespace glia;

enum class Weights { none, of_samples, of_classes, of_items, of_elements };

struct Recorded {
    const char *name;
    glia_model_loss loss;
    Weights weights;
    double in_training, after;
    std::vector<double> weight, bias;
};

glia_model_loss steep() {
    glia_model_loss loss = glia_loss_focal();
    loss.focal.gamma = 0.5, loss.focal.alpha = -1;
    return loss;
}

// By PyTorch 2.15 in float64, with torchvision's formula of focal and the sums of the header for dice and iou.
const Recorded kRecorded[] = {
    {"focal",
     glia_loss_focal(),
     Weights::none,
     0.11869949,
     0.0989712779,
     {-0.339626735, 0.790880831, -0.087557525, -0.841254396},
     {-0.208778715, 0.167981319}},
    {"focal_steep",
     steep(),
     Weights::none,
     0.546785929,
     0.481043428,
     {-0.25985546, 0.640527298, -0.172380455, -0.688449876},
     {0.308333719, 0.519896573}},
    {"focal_of_terms",
     glia_loss_focal(),
     Weights::of_elements,
     0.0748246658,
     0.0679561255,
     {-0.396088736, 0.861266155, -0.0652906697, -0.935158733},
     {-0.198849686, 0.276289068}},
    {"dice",
     glia_loss_dice(),
     Weights::none,
     0.378083815,
     0.347217216,
     {-0.496174869, 1.00012349, -0.0122498676, -0.976334651},
     {0.183410223, 0.72600938}},
    {"dice_of_samples",
     glia_loss_dice(),
     Weights::of_samples,
     0.222301573,
     0.208924468,
     {-0.421798936, 0.970104506, 0.0710670597, -1.02492749},
     {0.0385190853, 0.579257408}},
    {"iou_of_classes",
     glia_loss_iou(),
     Weights::of_classes,
     0.34996866,
     0.334198424,
     {-0.456111156, 1.01977214, -0.0371915908, -0.980914098},
     {0.0616456046, 0.615943235}},
    {"mse_of_terms",
     glia_loss_mse(),
     Weights::of_elements,
     0.884639766,
     1.32174793,
     {-0.425790651, 0.335353145, -0.233698438, 0.0113906374},
     {-1.05525001, 0.423492199}},
    {"cross_entropy_of_items",
     glia_loss_cross_entropy(),
     Weights::of_items,
     0.553489092,
     0.462570419,
     {0.0158076899, 0.406121646, -0.51580769, -0.406121646},
     {-0.497857808, 0.697857811}},
};

glia_shape shape_of(Weights weights) {
    switch (weights) {
        case Weights::of_classes: return GLIA_SHAPE(2);
        case Weights::of_items: return GLIA_SHAPE(3, 4);
        case Weights::of_elements: return GLIA_SHAPE(2, 3, 4);
        default: return GLIA_SCALAR;
    }
}

// Four pictures of two channels, 3 x 4, and a convolution of 1 x 1 to two more.
class LossTerms : public testing::TestWithParam<const char *> {
   protected:
    static constexpr int kCount = 4, kElements = 24;

    LossTerms() {
        for (int i = 0; i < kCount * kElements; ++i) {
            x_.push_back(float(i * 7 % 11) / 5 - 1);
            mask_.push_back(i * i % 3 == 1);
            item_.push_back(i * i % 3 == 1);
            weight_.push_back(float(i * 5 % 7) / 4);
        }
    }
    ~LossTerms() override { tear_down(); }

    void tear_down() {
        glia_dataset_destroy(data_);
        glia_model_destroy(net_);
        glia_context_destroy(ctx_);
        data_ = nullptr, net_ = nullptr, ctx_ = nullptr;
    }

    glia_status build(const Recorded &r) {
        tear_down();
        glia_status status = glia_context_create(GetParam(), nullptr, &ctx_);
        if (status != GLIA_OK) return status;
        EXPECT_EQ(glia_model_create(ctx_, nullptr, &net_), GLIA_OK);
        const bool area    = r.loss.kind == GLIA_LOSS_DICE || r.loss.kind == GLIA_LOSS_IOU;
        const glia_value y = glia_model_conv2d(
            net_, glia_model_input(net_, "x", GLIA_SHAPE(2, 3, 4)),
            with(glia_conv2d_args{
                .name = "conv", .filters = 2, .kernel = {1, 1}, .activation = area ? GLIA_SIGMOID : GLIA_LINEAR}));
        set("conv.weight", 4, 0.5), set("conv.bias", 2, 0.2);
        const glia_compile_args args{
            .loss = r.loss, .sample_weights = r.weights != Weights::none, .optimizer = glia_optimizer_sgd(3)};
        return glia_model_compile(net_, y, &args);
    }
    void set(const char *name, int count, double scale) {
        std::vector<float> values;
        for (int i = 0; i < count; ++i) values.push_back(float(scale * ((i * 3 + 1) % 5 - 2)));
        EXPECT_EQ(glia_model_set(net_, name, values.data(), values.size() * sizeof(float)), GLIA_OK);
    }

    void make_data(const Recorded &r) {
        const bool classes = r.weights == Weights::of_items;
        glia_array in{}, out[2]{};
        in.dtype = GLIA_F32, in.shape = GLIA_SHAPE(2, 3, 4), in.data = x_.data();
        out[0].dtype = classes ? GLIA_I64 : GLIA_F32, out[0].shape = classes ? GLIA_SHAPE(3, 4) : GLIA_SHAPE(2, 3, 4);
        out[0].data  = classes ? static_cast<const void *>(item_.data()) : mask_.data();
        out[1].dtype = GLIA_F32, out[1].shape = shape_of(r.weights), out[1].data = weight_.data();
        glia_arrays_args arrays{};
        arrays.inputs = &in, arrays.n_inputs = 1, arrays.targets = out, arrays.count = kCount;
        arrays.n_targets = r.weights == Weights::none ? 1 : 2;
        EXPECT_EQ(glia_dataset_from_arrays(ctx_, &arrays, &data_), GLIA_OK) << glia_message(ctx_);
    }

    glia_status fit() {
        glia_fit_args args{};
        args.batch_size = 2, args.in_order = true;
        return glia_model_fit(net_, data_, &args);
    }

    void expect_weights(const char *name, const std::vector<double> &want) {
        std::vector<float> got(want.size());
        ASSERT_EQ(glia_model_get(net_, name, got.data(), got.size() * sizeof(float)), GLIA_OK) << glia_message(ctx_);
        for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], 3e-6) << name << " " << i;
    }

    std::vector<float> x_, mask_, weight_;
    std::vector<int64_t> item_;
    glia_context *ctx_  = nullptr;
    glia_model *net_    = nullptr;
    glia_dataset *data_ = nullptr;
};

TEST_P(LossTerms, are_those_of_pytorch) {
    for (const Recorded &r : kRecorded) {
        SCOPED_TRACE(r.name);
        const glia_status built = build(r);
        if (built == GLIA_NOT_FOUND) GTEST_SKIP() << "no such device";
        ASSERT_EQ(built, GLIA_OK) << glia_message(ctx_);
        make_data(r);
        ASSERT_EQ(fit(), GLIA_OK) << glia_message(ctx_);
        EXPECT_NEAR(glia_model_history(net_, nullptr)[0].train.loss, r.in_training, 1e-6);
        expect_weights("conv.weight", r.weight);
        expect_weights("conv.bias", r.bias);
        glia_result result{};
        ASSERT_EQ(glia_model_evaluate(net_, data_, 3, &result), GLIA_OK) << glia_message(ctx_);
        EXPECT_NEAR(result.loss, r.after, 1e-6);
    }
}

TEST_P(LossTerms, are_checked) {
    Recorded r = kRecorded[0];
    if (build(r) == GLIA_NOT_FOUND) GTEST_SKIP() << "no such device";
    r.loss.focal.gamma = -1;
    EXPECT_EQ(build(r), GLIA_INVALID_ARGUMENT);
    EXPECT_STREQ(glia_message(ctx_), "glia_model_compile: focal: gamma is -1, must be finite and not negative");
    r.loss        = glia_loss_dice();
    r.loss.smooth = 0;
    EXPECT_EQ(build(r), GLIA_INVALID_ARGUMENT);
    EXPECT_STREQ(glia_message(ctx_), "glia_model_compile: dice: smooth is 0, must be positive and finite in f32");
    r.loss = glia_loss_dice(), r.weights = Weights::of_elements;
    ASSERT_EQ(build(r), GLIA_OK);
    make_data(r);
    EXPECT_EQ(fit(), GLIA_SHAPE_MISMATCH);
    EXPECT_NE(std::string(glia_message(ctx_)).find("must be one float, or one for each of the 2 terms of its loss"),
              std::string::npos)
        << glia_message(ctx_);
}

// A class for each sample would broadcast across the classes of all, where there are as many samples as classes.
TEST(AreaLosses, take_targets_of_the_outputs_shape) {
    const float x[4] = {0, 1, 2, 3}, classes[2] = {0, 1};
    for (const glia_model_loss &loss : {glia_loss_dice(), glia_loss_iou()}) {
        glia_context *ctx  = nullptr;
        glia_model *net    = nullptr;
        glia_dataset *data = nullptr;
        ASSERT_EQ(glia_context_create("cpu", nullptr, &ctx), GLIA_OK);
        ASSERT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
        glia_dense_args dense{};
        dense.units = 2, dense.activation = GLIA_SIGMOID;
        glia_compile_args args{};
        args.loss = loss, args.optimizer = glia_optimizer_sgd(0.1);
        const glia_value in = glia_model_input(net, "x", GLIA_SHAPE(2));
        ASSERT_EQ(glia_model_compile(net, glia_model_dense(net, in, &dense), &args), GLIA_OK) << glia_message(ctx);
        glia_array input{}, target{};
        input.dtype = GLIA_F32, input.shape = GLIA_SHAPE(2), input.data = x;
        target.dtype = GLIA_F32, target.shape = GLIA_SCALAR, target.data = classes;
        glia_arrays_args arrays{};
        arrays.inputs = &input, arrays.n_inputs = 1, arrays.targets = &target, arrays.n_targets = 1, arrays.count = 2;
        ASSERT_EQ(glia_dataset_from_arrays(ctx, &arrays, &data), GLIA_OK) << glia_message(ctx);
        glia_fit_args fit{};
        fit.batch_size = 2;
        EXPECT_EQ(glia_model_fit(net, data, &fit), GLIA_SHAPE_MISMATCH);
        EXPECT_NE(std::string(glia_message(ctx)).find("target is [2], must be [2,2]"), std::string::npos)
            << glia_message(ctx);
        glia_dataset_destroy(data);
        glia_model_destroy(net);
        glia_context_destroy(ctx);
    }
}

INSTANTIATE_TEST_SUITE_P(all, LossTerms, testing::Values("cpu", "emulated", "cuda:0"),
                         [](const auto &info) { return std::string(info.param, std::strcspn(info.param, ":")); });

}  // namespace

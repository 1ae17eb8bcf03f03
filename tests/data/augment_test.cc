// Augmentation as a training has it: the same bits for any number of workers, on a device that keeps the samples, and
// in a training that goes on; only in training; and what is refused. augmentation_test.cc judges the transforms.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/environment.h"
#include "support/states.h"
#include "support/with.h"

namespace {

using glia::with;

constexpr int kSamples = 23, kClasses = 3, kHeight = 6, kWidth = 5;

glia_augment_args list(std::vector<glia_transform> transforms) {
    glia_augment_args args{};
    std::copy(transforms.begin(), transforms.end(), args.transforms);
    return args;
}

// All kinds that go together.
glia_augment_args everything() {
    glia_augment_args args          = list({glia_augment_crop(2), glia_augment_flip(0.5), glia_augment_scale(0.8, 1.25),
                                            glia_augment_rotate(30), glia_augment_shear(10, 5), glia_augment_brightness(0.3),
                                            glia_augment_contrast(0.3), glia_augment_saturation(0.5), glia_augment_noise(0.05),
                                            glia_augment_cutout(2), glia_augment_mixup(0.4), glia_augment_cutmix(1)});
    args.transforms[10].probability = 0.5;
    args.classes                    = kClasses;
    return args;
}

enum class Kept { arrays, mapped, views };

// A small network that learns small pictures of three channels, on one device.
class Pictures {
   public:
    explicit Pictures(const char *device) {
        glia_context_args args{};
        args.seed = 5, args.threads = 1, args.log_user = &log;
        args.log = [](void *user, const char *line) { *static_cast<std::string *>(user) += std::string(line) + "\n"; };
        opened   = glia_context_create(device, &args, &ctx) == GLIA_OK;
        if (!opened) return;
        for (int i = 0; i < kSamples; ++i) {
            labels.push_back(i % kClasses);
            for (int k = 0; k < 3 * kHeight * kWidth; ++k)
                bytes.push_back(static_cast<unsigned char>((i * 53 + k * 97 + (i % kClasses) * (k + 40)) % 256));
        }
    }
    ~Pictures() {
        glia_model_destroy(net);
        glia_dataset_destroy(data);
        glia_context_destroy(ctx);
    }

    // Pictures of bytes with a table, of a mapping that changes nothing, and every second one twice.
    void make_data(Kept how) {
        static const double scale = 1 / 255.0 / 0.25, offset = -2;
        glia_array x{"image", GLIA_U8, GLIA_SHAPE(3, kHeight, kWidth), bytes.data()};
        x.scale = scale, x.offset = offset;
        const glia_array y{"label", GLIA_I64, GLIA_SCALAR, labels.data()};
        const glia_arrays_args args{&x, 1, &y, 1, kSamples, false};
        ASSERT_EQ(glia_dataset_from_arrays(ctx, &args, &data), GLIA_OK) << message();
        if (how == Kept::mapped) {
            glia_map_args map{};
            map.map        = [](void *, const glia_sample *, const glia_sample *) { return GLIA_OK; };
            map.concurrent = true;
            glia_dataset *mapped;
            ASSERT_EQ(glia_dataset_map(data, &map, &mapped), GLIA_OK) << message();
            glia_dataset_destroy(data);
            data = mapped;
        }
        if (how == Kept::views) {
            std::vector<int64_t> index;
            for (int64_t i = kSamples - 1; i >= 0; i -= 2) index.push_back(i), index.push_back(i);
            glia_dataset *view;
            ASSERT_EQ(glia_dataset_select(data, index.data(), int64_t(index.size()), &view), GLIA_OK) << message();
            glia_dataset_destroy(data);
            data = view;
        }
    }

    void make_model() {
        ASSERT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK) << message();
        glia_value x = glia_model_input(net, "image", GLIA_SHAPE(3, height, width));
        x = glia_model_conv2d(net, x, with(glia_conv2d_args{.filters = 4, .kernel = {3, 3}, .activation = GLIA_RELU}));
        x = glia_model_dense(net, glia_model_flatten(net, x, nullptr), with(glia_dense_args{.units = kClasses}));
        glia_compile_args compile{};
        compile.loss = glia_loss_cross_entropy(), compile.optimizer = glia_optimizer_adam(0.01);
        compile.metrics[0] = GLIA_METRIC_ACCURACY;
        ASSERT_EQ(glia_model_compile(net, x, &compile), GLIA_OK) << message();
    }

    glia_status fit(const glia_augment_args &augment, int epochs, bool resume = false) {
        glia_fit_args args{};
        args.epochs = epochs, args.batch_size = 8, args.augment = augment, args.resume = resume;
        return glia_model_fit(net, data, &args);
    }
    std::vector<float> seen(const glia_augment_args &augment, int64_t epoch, std::vector<int64_t> index,
                            std::vector<float> *shares = nullptr) const {
        glia_tensor *x = nullptr, *y = nullptr;
        const auto n     = int64_t(index.size());
        bool probability = false;
        for (const glia_transform &t : augment.transforms) probability = probability || t.kind >= GLIA_TRANSFORM_MIXUP;
        EXPECT_EQ(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(n, 3, height, width), &x), GLIA_OK);
        EXPECT_EQ(glia_tensor_create(ctx, probability ? GLIA_F32 : GLIA_I64,
                                     probability ? GLIA_SHAPE(n, kClasses) : GLIA_SHAPE(n), &y),
                  GLIA_OK);
        EXPECT_EQ(glia_augment_get(data, &augment, epoch, index.data(), n, &x, &y), GLIA_OK) << message();
        std::vector<float> values(size_t(n * 3 * height * width));
        EXPECT_EQ(glia_tensor_read(x, values.data(), values.size() * 4), GLIA_OK);
        if (shares && probability) {
            shares->resize(size_t(n * kClasses));
            EXPECT_EQ(glia_tensor_read(y, shares->data(), shares->size() * 4), GLIA_OK);
        }
        glia_tensor_destroy(x);
        glia_tensor_destroy(y);
        return values;
    }
    std::vector<float> all_weights() const {
        std::vector<float> all;
        for (int i = 0; i < glia_model_weight_count(net); ++i) {
            glia_state_info info{};
            const char *name = glia_model_weight_name(net, i);
            EXPECT_EQ(glia_model_state_info(net, name, &info), GLIA_OK) << message();
            std::vector<float> values(info.bytes / sizeof(float));
            EXPECT_EQ(glia_model_state_get(net, name, values.data(), info.bytes), GLIA_OK) << message();
            all.insert(all.end(), values.begin(), values.end());
        }
        return all;
    }
    std::string message() const { return glia_message(ctx); }

    std::string log;
    int height = kHeight, width = kWidth;  // that the model sees
    bool opened        = false;
    glia_context *ctx  = nullptr;
    glia_dataset *data = nullptr;
    glia_model *net    = nullptr;
    std::vector<unsigned char> bytes;
    std::vector<int64_t> labels;
};

std::vector<float> trained(const char *device, Kept how, int workers, const glia_augment_args &augment) {
    Pictures p(device);
    if (!p.opened) return {};
    p.make_data(how);
    if (augment.height) p.height = int(augment.height), p.width = int(augment.width);
    p.make_model();
    EXPECT_EQ(glia_dataset_set_workers(p.data, workers, 0), GLIA_OK) << p.message();
    EXPECT_EQ(p.fit(augment, 3), GLIA_OK) << p.message();
    return p.all_weights();
}

void expect_bits(const std::vector<float> &got, const std::vector<float> &want, const std::string &what) {
    ASSERT_EQ(got.size(), want.size()) << what;
    ASSERT_GT(want.size(), 0u);
    EXPECT_EQ(memcmp(got.data(), want.data(), want.size() * sizeof(float)), 0) << what;
}

// --- The same bits ---

TEST(Augment, workers_change_no_bit) {
    const auto want = trained("cpu", Kept::arrays, 0, everything());
    for (int workers : {1, 2, 4})
        expect_bits(trained("cpu", Kept::arrays, workers, everything()), want, std::to_string(workers));
    EXPECT_NE(trained("cpu", Kept::arrays, 0, {}), want);
}

// The host makes the samples of a mapping; those of arrays stay on the device, which makes them itself.
TEST(Augment, a_device_that_keeps_the_samples_makes_the_same) {
    const auto want = trained("emulated", Kept::mapped, 2, everything());
    if (want.empty()) GTEST_SKIP() << glia_message(nullptr);
    expect_bits(trained("emulated", Kept::arrays, 0, everything()), want, "arrays");
    const glia_augment_args usual =
        list({glia_augment_crop(2), glia_augment_flip(0.5), glia_augment_erase(0.5, 0.1, 0.4)});
    expect_bits(trained("emulated", Kept::arrays, 0, usual), trained("emulated", Kept::mapped, 0, usual), "usual");
}

// With samples that are smaller than the pictures that are kept.
glia_augment_args smaller(glia_augment_args args) {
    args.height = 4, args.width = 3;
    return args;
}

TEST(Augment, smaller_samples_have_the_same_bits_on_workers_and_on_a_device) {
    const glia_augment_args resized = list({glia_augment_resized_crop(0.3, 0.9, 1.5), glia_augment_flip(0.5)});
    for (const glia_augment_args &args : {smaller(everything()), smaller(resized), smaller({})}) {
        const auto want = trained("cpu", Kept::arrays, 0, args);
        for (int workers : {1, 2, 4})
            expect_bits(trained("cpu", Kept::arrays, workers, args), want, std::to_string(workers));
        const auto host = trained("emulated", Kept::mapped, 0, args);
        if (host.empty()) continue;
        expect_bits(trained("emulated", Kept::arrays, 0, args), host, "device");
    }
}

TEST(Augment, views_are_drawn_by_their_own_numbers) {
    Pictures p("cpu");
    p.make_data(Kept::views);
    const auto one = p.seen(everything(), 1, {0}), other = p.seen(everything(), 1, {1});
    EXPECT_NE(one, other) << "the same picture twice";
    EXPECT_EQ(p.seen(everything(), 1, {0}), one);
    EXPECT_NE(p.seen(everything(), 2, {0}), one) << "in another epoch";
}

TEST(Augment, views_on_a_device_are_those_of_the_host) {
    Pictures resident("emulated");
    if (!resident.opened) GTEST_SKIP() << glia_message(nullptr);
    Pictures host("emulated");
    for (Pictures *p : {&resident, &host}) {
        p->make_data(Kept::views);
        p->make_model();
    }
    glia_map_args map{};
    map.map = [](void *, const glia_sample *, const glia_sample *) { return GLIA_OK; };
    glia_dataset *mapped;
    ASSERT_EQ(glia_dataset_map(host.data, &map, &mapped), GLIA_OK) << host.message();
    std::swap(host.data, mapped);
    glia_dataset_destroy(mapped);
    ASSERT_EQ(resident.fit(everything(), 2), GLIA_OK) << resident.message();
    ASSERT_EQ(host.fit(everything(), 2), GLIA_OK) << host.message();
    expect_bits(resident.all_weights(), host.all_weights(), "views");
}

// Stopped in the middle of the second epoch, its states taken to another model.
TEST(Augment, a_training_that_goes_on_draws_the_same) {
    for (const char *device : {"cpu", "emulated"}) {
        Pictures whole(device), first(device), second(device);
        if (!whole.opened) continue;
        for (Pictures *p : {&whole, &first, &second}) {
            p->make_data(Kept::arrays);
            p->make_model();
        }
        ASSERT_EQ(whole.fit(everything(), 3), GLIA_OK) << whole.message();
        glia_trainer *trainer = nullptr;
        glia_fit_args args{};
        args.epochs = 3, args.batch_size = 8, args.augment = everything();
        ASSERT_EQ(glia_trainer_create(first.net, first.data, &args, &trainer), GLIA_OK) << first.message();
        for (int step = 0; step < 5; ++step) ASSERT_EQ(glia_trainer_step(trainer), GLIA_OK) << first.message();
        glia_trainer_destroy(trainer);
        glia::set_states(second.net, glia::states_of(first.net));
        ASSERT_EQ(second.fit(everything(), 3, true), GLIA_OK) << second.message();
        expect_bits(second.all_weights(), whole.all_weights(), device);
    }
}

// --- Only in training ---

TEST(Augment, validation_and_evaluation_see_the_samples_as_they_are) {
    for (const char *device : {"cpu", "emulated"}) {
        Pictures p(device);
        if (!p.opened) continue;
        p.make_data(Kept::arrays);
        p.make_model();
        struct Results {
            double train, validation;
        } results{};
        glia_fit_args args{};
        args.augment    = list({glia_augment_noise(100)});
        args.validation = p.data, args.batch_size = 8, args.callbacks[0].user = &results;
        args.callbacks[0].on_epoch_end = [](void *user, const glia_event *event) {
            *static_cast<Results *>(user) = {event->epoch->train.loss, event->epoch->validation.loss};
            return GLIA_OK;
        };
        ASSERT_EQ(glia_model_set_learning_rate(p.net, 0), GLIA_OK);
        ASSERT_EQ(glia_model_fit(p.net, p.data, &args), GLIA_OK) << p.message();
        glia_result plain{};
        ASSERT_EQ(glia_model_evaluate(p.net, p.data, 8, &plain), GLIA_OK) << p.message();
        EXPECT_EQ(results.validation, plain.loss) << device;
        EXPECT_GT(results.train, 10 * plain.loss) << device;
    }
}

TEST(Augment, classes_become_shares_that_sum_to_one) {
    Pictures p("cpu");
    p.make_data(Kept::arrays);
    std::vector<int64_t> index;
    for (int64_t i = 0; i < kSamples; ++i) index.push_back(i);
    int mixed = 0;
    for (int64_t epoch = 0; epoch < 20; ++epoch) {
        std::vector<float> shares;
        p.seen(everything(), epoch, index, &shares);
        for (size_t i = 0; i < index.size(); ++i) {
            const float *row = &shares[i * kClasses];
            EXPECT_EQ(row[0] + row[1] + row[2], 1.0F);
            mixed += row[i % kClasses] < 1;
        }
    }
    EXPECT_GT(mixed, 100);
}

// The launch that gathers a batch makes it as well.
TEST(Augment, a_step_has_as_many_nodes_as_without) {
    const glia::Variable level("GLIA_LOG", "plan");
    std::string nodes[2];
    for (int i = 0; i < 2; ++i) {
        Pictures p("emulated");
        if (!p.opened) GTEST_SKIP() << glia_message(nullptr);
        p.make_data(Kept::arrays);
        p.make_model();
        ASSERT_EQ(p.fit(i ? list({glia_augment_crop(2), glia_augment_flip(0.5)}) : list({}), 2), GLIA_OK);
        const size_t at = p.log.find("recorded ");
        ASSERT_NE(at, std::string::npos) << p.log;
        nodes[i] = p.log.substr(at, p.log.find('\n', at) - at);
        EXPECT_NE(p.log.find(i ? "take_batch batch=8 role=picture" : "take_batch batch=8 by"), std::string::npos)
            << p.log;
    }
    EXPECT_EQ(nodes[1], nodes[0]);
}

TEST(Augment, plans_are_made_once_for_several_fits) {
    Pictures p("emulated");
    if (!p.opened) GTEST_SKIP() << glia_message(nullptr);
    p.make_data(Kept::arrays);
    p.make_model();
    ASSERT_EQ(p.fit(everything(), 1), GLIA_OK) << p.message();
    const size_t bytes = glia_context_bytes(p.ctx);
    for (int i = 0; i < 3; ++i) ASSERT_EQ(p.fit(everything(), 1), GLIA_OK) << p.message();
    EXPECT_EQ(glia_context_bytes(p.ctx), bytes);
}

// --- Masks and boxes ---

// Grey pictures with a bright rectangle each, its mask, and boxes with classes: the rectangle's, and an empty one.
struct Rectangles {
    static constexpr int kSide = 8, kCount = 12;

    explicit Rectangles(const char *device, bool mapped = false) {
        glia_context_args args{};
        args.seed = 3, args.threads = 1;
        opened = glia_context_create(device, &args, &ctx) == GLIA_OK;
        if (!opened) return;
        for (int i = 0; i < kCount; ++i) {
            const int left = i % 4, top = i % 3, right = left + 2 + i % 2, bottom = top + 3;
            for (int y = 0; y < kSide; ++y)
                for (int x = 0; x < kSide; ++x) {
                    const bool within = x >= left && x < right && y >= top && y < bottom;
                    pixels.push_back(within ? 1.0F : 0.25F), mask.push_back(within ? 2 : 1);
                }
            for (int v : {left, top, right, bottom, 3, 3, 3, 5}) boxes.push_back(float(v));
            for (int32_t v : {4, 7}) classes.push_back(v);
        }
        const glia_array x{"image", GLIA_F32, GLIA_SHAPE(1, kSide, kSide), pixels.data()};
        const glia_array y[] = {{"mask", GLIA_I64, GLIA_SHAPE(kSide, kSide), mask.data()},
                                {"kinds", GLIA_I32, GLIA_SHAPE(2), classes.data()},
                                {"boxes", GLIA_F32, GLIA_SHAPE(2, 4), boxes.data()}};
        const glia_arrays_args arrays{&x, 1, y, 3, kCount, false};
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &arrays, &data), GLIA_OK) << glia_message(ctx);
        if (!mapped) return;
        glia_map_args map{};
        map.map               = [](void *, const glia_sample *, const glia_sample *) { return GLIA_OK; };
        glia_dataset *samples = data;
        EXPECT_EQ(glia_dataset_map(samples, &map, &data), GLIA_OK) << glia_message(ctx);
        glia_dataset_destroy(samples);
    }
    ~Rectangles() {
        glia_dataset_destroy(data);
        glia_context_destroy(ctx);
    }

    // Learns the mask by a convolution, and the boxes and their classes by dense layers.
    std::vector<float> trained(const glia_augment_args &augment) {
        glia_model *net = nullptr;
        EXPECT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
        glia_value x = glia_model_input(
            net, "image",
            GLIA_SHAPE(1, augment.height ? augment.height : kSide, augment.width ? augment.width : kSide));
        glia_value y = glia_model_conv2d(net, x, with(glia_conv2d_args{.filters = 4, .kernel = {3, 3}, .pad = {1, 1}}));
        glia_value f = glia_model_flatten(net, x, nullptr);
        glia_value b = glia_model_reshape(net, glia_model_dense(net, f, with(glia_dense_args{.units = 8})),
                                          with(glia_reshape_args{.shape = GLIA_SHAPE(2, 4)}));
        glia_value c = glia_model_reshape(net, glia_model_dense(net, f, with(glia_dense_args{.units = 16})),
                                          with(glia_reshape_args{.shape = GLIA_SHAPE(8, 2)}));
        glia_output_args output{};
        output.loss = glia_loss_cross_entropy();
        EXPECT_EQ(glia_model_output(net, y, &output), GLIA_OK) << glia_message(ctx);
        output.loss.classes.ignore = true, output.loss.classes.ignore_index = -1;
        EXPECT_EQ(glia_model_output(net, c, &output), GLIA_OK) << glia_message(ctx);
        output.loss = glia_loss_mse();
        EXPECT_EQ(glia_model_output(net, b, &output), GLIA_OK) << glia_message(ctx);
        EXPECT_EQ(glia_model_compile(net, {}, nullptr), GLIA_OK) << glia_message(ctx);
        glia_fit_args fit{};
        fit.epochs = 2, fit.batch_size = 5, fit.augment = augment;
        EXPECT_EQ(glia_model_fit(net, data, &fit), GLIA_OK) << glia_message(ctx);
        std::vector<float> weights;
        for (int i = 0; i < glia_model_weight_count(net); ++i) {
            glia_state_info info{};
            EXPECT_EQ(glia_model_state_info(net, glia_model_weight_name(net, i), &info), GLIA_OK);
            const size_t at = weights.size();
            weights.resize(at + info.bytes / sizeof(float));
            EXPECT_EQ(glia_model_state_get(net, glia_model_weight_name(net, i), &weights[at], info.bytes), GLIA_OK);
        }
        glia_model_destroy(net);
        return weights;
    }

    bool opened        = false;
    glia_context *ctx  = nullptr;
    glia_dataset *data = nullptr;
    std::vector<float> pixels, boxes;
    std::vector<int64_t> mask;
    std::vector<int32_t> classes;
};

glia_augment_args moves() {
    glia_augment_args args =
        list({glia_augment_crop(4), glia_augment_flip(0.5), glia_augment_flip_vertical(0.5), glia_augment_cutout(2)});
    args.boxes = "boxes", args.box_classes = "kinds", args.mask_fill = 3, args.fill = 0.5;
    return args;
}

TEST(Augment, masks_and_boxes_move_with_the_picture) {
    Rectangles r("cpu");
    std::vector<int64_t> index(Rectangles::kCount);
    for (size_t i = 0; i < index.size(); ++i) index[i] = int64_t(i);
    constexpr int kPixels = Rectangles::kSide * Rectangles::kSide;
    glia_tensor *x = nullptr, *y[3] = {};
    ASSERT_EQ(glia_tensor_create(r.ctx, GLIA_F32, GLIA_SHAPE(12, 1, 8, 8), &x), GLIA_OK);
    ASSERT_EQ(glia_tensor_create(r.ctx, GLIA_I64, GLIA_SHAPE(12, 8, 8), &y[0]), GLIA_OK);
    ASSERT_EQ(glia_tensor_create(r.ctx, GLIA_F32, GLIA_SHAPE(12, 2, 4), &y[2]), GLIA_OK);
    ASSERT_EQ(glia_tensor_create(r.ctx, GLIA_I32, GLIA_SHAPE(12, 2), &y[1]), GLIA_OK);
    int holes = 0, outside = 0;
    for (int64_t epoch = 0; epoch < 10; ++epoch) {
        float pixels[12][kPixels], boxes[12][2][4];
        int32_t classes[12][2];
        int64_t mask[12][kPixels];
        const glia_augment_args args = moves();
        ASSERT_EQ(glia_augment_get(r.data, &args, epoch, index.data(), 12, &x, y), GLIA_OK) << glia_message(r.ctx);
        ASSERT_EQ(glia_tensor_read(x, pixels, sizeof pixels), GLIA_OK);
        ASSERT_EQ(glia_tensor_read(y[0], mask, sizeof mask), GLIA_OK);
        ASSERT_EQ(glia_tensor_read(y[1], classes, sizeof classes), GLIA_OK);
        ASSERT_EQ(glia_tensor_read(y[2], boxes, sizeof boxes), GLIA_OK);
        for (int i = 0; i < 12; ++i) {
            float seen[4] = {8, 8, 0, 0};
            for (int k = 0; k < kPixels; ++k) {
                const float want = mask[i][k] == 3 ? 0.5F : mask[i][k] == 2 ? 1.0F : 0.25F;
                EXPECT_TRUE(pixels[i][k] == want || pixels[i][k] == 0.5F);
                holes += pixels[i][k] != want, outside += mask[i][k] == 3;
                if (mask[i][k] != 2) continue;
                const auto u = float(k % 8), v = float(k / 8);
                seen[0] = std::min(seen[0], u), seen[1] = std::min(seen[1], v);
                seen[2] = std::max(seen[2], u + 1), seen[3] = std::max(seen[3], v + 1);
            }
            for (int k = 0; k < 4; ++k) {
                EXPECT_EQ(boxes[i][0][k], seen[2] == 0 ? 0 : seen[k]);
                EXPECT_EQ(boxes[i][1][k], 0);
            }
            EXPECT_EQ(classes[i][0], seen[2] == 0 ? -1 : 4);
            EXPECT_EQ(classes[i][1], -1) << "of the empty one";
        }
    }
    EXPECT_GT(holes, 100);
    EXPECT_GT(outside, 1000);
    for (glia_tensor *t : {x, y[0], y[1], y[2]}) glia_tensor_destroy(t);
}

// A part of 4 x 3 of a picture of 6 x 5: each place equally often, or the middle; what training saw is what a
// validation and glia_augment_center see, but for the place.
TEST(Augment, a_part_of_the_picture_is_drawn_or_is_the_middle) {
    Pictures p("cpu");
    p.make_data(Kept::arrays);
    p.height = 4, p.width = 3;
    const auto at = [&](int i, int c, int y, int x) {
        return float(p.bytes[size_t(((i * 3 + c) * kHeight + y) * kWidth + x)] * (1 / 255.0 / 0.25) - 2);
    };
    const auto is_part = [&](const std::vector<float> &seen, int i, int top, int left) {
        for (int k = 0; k < 3 * 4 * 3; ++k)
            if (seen[size_t(k)] != at(i, k / 12, top + k / 3 % 4, left + k % 3)) return false;
        return true;
    };
    int count[3][3] = {};
    for (int64_t epoch = 0; epoch < 50; ++epoch)
        for (int i = 0; i < kSamples; ++i) {
            const auto seen = p.seen(smaller(list({glia_augment_crop(0)})), epoch, {i});
            int found       = 0;
            for (int top = 0; top < 3; ++top)
                for (int left = 0; left < 3; ++left)
                    if (is_part(seen, i, top, left)) ++found, ++count[top][left];
            ASSERT_EQ(found, 1) << epoch << " " << i;
        }
    for (const auto &row : count)
        for (int n : row) EXPECT_NEAR(n, kSamples * 50 / 9.0, 50);
    glia_augment_args args = smaller({});
    EXPECT_TRUE(is_part(p.seen(args, 3, {7}), 7, 1, 1));
    glia_dataset *center = nullptr;
    ASSERT_EQ(glia_augment_center(p.data, &args, &center), GLIA_OK) << p.message();
    const std::vector<float> want = p.seen(args, 0, {2, 11});
    std::swap(p.data, center);
    EXPECT_EQ(p.seen({}, 0, {2, 11}), want);
    p.make_model();
    glia_result judged{};
    ASSERT_EQ(glia_model_evaluate(p.net, p.data, 8, &judged), GLIA_OK) << p.message();
    std::swap(p.data, center);
    struct Results {
        double validation;
    } results{};
    glia_fit_args fit{};
    fit.augment    = smaller(list({glia_augment_crop(1)}));
    fit.validation = p.data, fit.batch_size = 8, fit.callbacks[0].user = &results;
    fit.callbacks[0].on_epoch_end = [](void *user, const glia_event *event) {
        static_cast<Results *>(user)->validation = event->epoch->validation.loss;
        return GLIA_OK;
    };
    ASSERT_EQ(glia_model_set_learning_rate(p.net, 0), GLIA_OK);
    ASSERT_EQ(glia_model_fit(p.net, p.data, &fit), GLIA_OK) << p.message();
    EXPECT_EQ(results.validation, judged.loss);
    fit.validation = center; /* has the size already */
    ASSERT_EQ(glia_model_fit(p.net, p.data, &fit), GLIA_OK) << p.message();
    EXPECT_EQ(results.validation, judged.loss);
    glia_dataset_destroy(center);
}

// The rectangle, its mask and its box, in a part in the middle: 5 x 4 of 8 x 8, from row 1 and column 2 on.
TEST(Augment, masks_and_boxes_are_those_of_the_part) {
    Rectangles r("cpu");
    glia_augment_args args{};
    args.height = 5, args.width = 4, args.boxes = "boxes", args.box_classes = "kinds";
    glia_dataset *center = nullptr;
    ASSERT_EQ(glia_augment_center(r.data, &args, &center), GLIA_OK) << glia_message(r.ctx);
    for (int64_t i = 0; i < Rectangles::kCount; ++i) {
        glia_tensor *x = nullptr, *y[3] = {};
        float pixels[20], box[2][4];
        int64_t mask[20];
        int32_t kinds[2];
        ASSERT_EQ(glia_tensor_create(r.ctx, GLIA_F32, GLIA_SHAPE(1, 1, 5, 4), &x), GLIA_OK);
        ASSERT_EQ(glia_tensor_create(r.ctx, GLIA_I64, GLIA_SHAPE(1, 5, 4), &y[0]), GLIA_OK);
        ASSERT_EQ(glia_tensor_create(r.ctx, GLIA_I32, GLIA_SHAPE(1, 2), &y[1]), GLIA_OK);
        ASSERT_EQ(glia_tensor_create(r.ctx, GLIA_F32, GLIA_SHAPE(1, 2, 4), &y[2]), GLIA_OK);
        ASSERT_EQ(glia_dataset_get(center, &i, 1, &x, y), GLIA_OK) << glia_message(r.ctx);
        ASSERT_EQ(glia_tensor_read(x, pixels, sizeof pixels), GLIA_OK);
        ASSERT_EQ(glia_tensor_read(y[0], mask, sizeof mask), GLIA_OK);
        ASSERT_EQ(glia_tensor_read(y[1], kinds, sizeof kinds), GLIA_OK);
        ASSERT_EQ(glia_tensor_read(y[2], box, sizeof box), GLIA_OK);
        for (int k = 0; k < 20; ++k) {
            const size_t of = size_t(i * 64 + (k / 4 + 1) * 8 + k % 4 + 2);
            EXPECT_EQ(pixels[k], r.pixels[of]);
            EXPECT_EQ(mask[k], r.mask[of]);
        }
        const float *was = &r.boxes[size_t(8 * i)];
        const float left = std::clamp(was[0] - 2, 0.0F, 4.0F), right = std::clamp(was[2] - 2, 0.0F, 4.0F);
        const float top = std::clamp(was[1] - 1, 0.0F, 5.0F), bottom = std::clamp(was[3] - 1, 0.0F, 5.0F);
        const bool there   = left < right && top < bottom;
        const float want[] = {left, top, right, bottom};
        for (int k = 0; k < 4; ++k) EXPECT_EQ(box[0][k], there ? want[k] : 0) << i;
        EXPECT_EQ(kinds[0], there ? 4 : -1);
        EXPECT_EQ(kinds[1], -1);
        for (glia_tensor *t : {x, y[0], y[1], y[2]}) glia_tensor_destroy(t);
    }
    glia_dataset_destroy(center);
}

TEST(Augment, masks_and_boxes_on_a_device_are_those_of_the_host) {
    Rectangles resident("emulated"), host("emulated", true);
    if (!resident.opened) GTEST_SKIP() << glia_message(nullptr);
    expect_bits(resident.trained(moves()), host.trained(moves()), "moves");
    for (glia_augment_args part : {moves(), list({glia_augment_resized_crop(0.3, 1, 2)})}) {
        part.height = 5, part.width = 6, part.boxes = "boxes", part.box_classes = "kinds";
        expect_bits(resident.trained(part), host.trained(part), "a part");
    }
    glia_augment_args args = list({glia_augment_rotate(30), glia_augment_cutmix(1)});
    args.boxes = "boxes", args.box_classes = "mask";
    EXPECT_NE(glia_augment_get(resident.data, &args, 0, nullptr, 0, nullptr, nullptr), GLIA_OK);
    EXPECT_NE(std::string(glia_message(resident.ctx)).find("'mask' are i64 [8,8], must be i32 or i64 [2]"),
              std::string::npos)
        << glia_message(resident.ctx);
    args.box_classes = "kinds";
    EXPECT_NE(glia_augment_get(resident.data, &args, 0, nullptr, 0, nullptr, nullptr), GLIA_OK);
    EXPECT_NE(std::string(glia_message(resident.ctx)).find("boxes cannot be mixed"), std::string::npos);
    args.transforms[1] = glia_augment_mixup(1);
    EXPECT_NE(glia_augment_get(resident.data, &args, 0, nullptr, 0, nullptr, nullptr), GLIA_OK);
    EXPECT_NE(std::string(glia_message(resident.ctx)).find("masks cannot be mixed"), std::string::npos);
}

// --- What is refused ---

struct Refused {
    glia_augment_args args;
    const char *says;
};

glia_transform often(glia_transform transform, double probability) {
    transform.probability = probability;
    return transform;
}

std::vector<Refused> refused() {
    auto no_classes = list({glia_augment_mixup(0.2)}), few = no_classes, picture = no_classes, gap = list({}),
         dark = list({glia_augment_flip(0.5)}), mean = dark, filled = dark, invalid = dark, boxes = dark, label = dark,
         classes = dark, large = dark, half = dark, negative = dark;
    large.height = 7, large.width = 5, half.height = 3, negative.height = negative.width = -1;
    boxes.boxes = "box", label.boxes = "label", classes.box_classes = "label";
    few.classes = 1, picture.picture = "label", gap.transforms[1] = glia_augment_flip(0.5);
    dark.mean[0] = 0.5, mean.mean[1] = NAN, mean.std[1] = 1, filled.fill = 2;
    invalid.transforms[0].kind = glia_transform_kind(99);
    return {
        {large, "pictures of 6 x 5 cannot become 7 x 5: at most as large, or 0 and 0"},
        {half, "pictures of 6 x 5 cannot become 3 x 0"},
        {negative, "height is -1 and width -1"},
        {list({glia_augment_flip(1.5)}), "transform 0, flip: the probability is 1.5, must be 0 to 1"},
        {list({glia_augment_flip(NAN)}), "transform 0, flip: the probability is nan"},
        {list({often(glia_augment_crop(1), -0.1)}), "transform 0, crop: the probability is -0.1"},
        {list({glia_augment_crop(6)}), "transform 0, crop: the padding is 6, the smaller side of the picture 5"},
        {list({glia_augment_crop(-1)}), "transform 0, crop: the padding is -1"},
        {list({glia_augment_scale(0, 1)}), "transform 0, scale: the least factor is 0"},
        {list({glia_augment_scale(2, 1)}), "transform 0, scale: the largest factor is 1, the least factor 2"},
        {list({glia_augment_resized_crop(0.1, 1.1, 2)}), "resized_crop: the largest share is 1.1"},
        {list({glia_augment_resized_crop(0.1, 1, 0.5)}), "resized_crop: the ratio is 0.5"},
        {list({glia_augment_rotate(181)}), "rotate: the angle is 181"},
        {list({glia_augment_translate(0, NAN)}), "translate: the share of the height is nan"},
        {list({glia_augment_shear(50, 0)}), "shear: the angle along x is 50"},
        {list({glia_augment_brightness(1.5)}), "brightness: the amount is 1.5"},
        {list({glia_augment_contrast(-1)}), "contrast: the amount is -1"},
        {list({glia_augment_saturation(INFINITY)}), "saturation: the amount is inf"},
        {list({glia_augment_noise(NAN)}), "noise: the deviation is nan"},
        {list({glia_augment_cutout(0)}), "cutout: the size is 0"},
        {list({glia_augment_erase(0.5, 0.5, 0.2)}), "erase: the largest share is 0.2, the least share 0.5"},
        {list({glia_augment_mixup(0)}), "mixup: alpha is 0"},
        {list({glia_augment_cutmix(-1)}), "cutmix: alpha is -1"},
        {list({glia_augment_flip(1), glia_augment_flip(1)}), "transform 1, flip: transform 0 is one, too"},
        {list({glia_augment_noise(1), glia_augment_flip(1)}), "transform 1, flip: it is behind transform 0, noise"},
        {no_classes, "how many classes it has is not known"},
        {few, "classes is 1"},
        {picture, "the picture is 'label', which is no input"},
        {gap, "transform 1 is behind the end of the list, which is transform 0"},
        {dark, "mean[0] is 0.5 and std[0] 0"},
        {mean, "mean[1] is nan"},
        {filled, "fill is 2"},
        {invalid, "transform 0 has the invalid kind 99"},
        {boxes, "the boxes are 'box', which is no target"},
        {label, "the boxes 'label' are i64 [], must be f32 [M,4]"},
        {classes, "the classes of boxes are 'label', but boxes is NULL"},
    };
}

TEST(Augment, what_is_wrong_is_named) {
    Pictures p("cpu");
    p.make_data(Kept::arrays);
    p.make_model();
    for (const Refused &r : refused()) {
        EXPECT_NE(p.fit(r.args, 1), GLIA_OK) << r.says;
        EXPECT_EQ(p.message().rfind("glia_model_fit: augment: ", 0), 0u) << p.message();
        EXPECT_NE(p.message().find(r.says), std::string::npos) << r.says << "\n" << p.message();
    }
    EXPECT_EQ(p.fit(everything(), 1), GLIA_OK) << p.message();
}

// Fields that are no pictures, and labels out of range.
TEST(Augment, fields_that_do_not_fit_are_named) {
    Pictures p("cpu");
    p.make_data(Kept::arrays);
    const float numbers[8] = {};
    const int64_t index    = 0;
    struct {
        glia_array x;
        glia_augment_args args;
        const char *says;
    } fields[] = {
        {{"x", GLIA_F32, GLIA_SHAPE(4), numbers},
         list({glia_augment_flip(1)}),
         "the input 'x' is [4], a picture must be"},
        {{"x", GLIA_U8, GLIA_SHAPE(2, 2), numbers}, list({glia_augment_flip(1)}), "the input 'x' is u8"},
        {{"x", GLIA_F32, GLIA_SHAPE(1, 2, 2), numbers},
         list({glia_augment_saturation(1)}),
         "needs red, green and blue"},
        {{"x", GLIA_F32, GLIA_SHAPE(1, 0, 2), numbers}, list({glia_augment_flip(1)}), "a picture of 0 x 2"},
    };
    for (const auto &f : fields) {
        glia_dataset *data = nullptr;
        const glia_arrays_args args{&f.x, 1, nullptr, 0, 1, false};
        ASSERT_EQ(glia_dataset_from_arrays(p.ctx, &args, &data), GLIA_OK) << p.message();
        EXPECT_NE(glia_augment_get(data, &f.args, 0, &index, 1, nullptr, nullptr), GLIA_OK);
        EXPECT_EQ(p.message().rfind("glia_augment_get: augment: ", 0), 0u) << p.message();
        EXPECT_NE(p.message().find(f.says), std::string::npos) << p.message();
        glia_dataset_destroy(data);
    }
}

TEST(Augment, a_label_out_of_range_is_named) {
    for (const char *device : {"cpu", "emulated"}) {
        Pictures p(device);
        if (!p.opened) continue;
        p.labels[4] = 7;
        p.make_data(Kept::arrays);
        p.make_model();
        EXPECT_EQ(p.fit(everything(), 1), GLIA_INVALID_ARGUMENT) << device;
        EXPECT_NE(p.message().find("7"), std::string::npos) << p.message();
        EXPECT_NE(p.message().find("sample 4"), std::string::npos) << p.message();
    }
}

}  // namespace

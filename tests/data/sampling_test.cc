// Which samples an epoch has: balanced classes, and epochs of full batches.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "support/context_test.h"
#include "support/failing.h"
#include "support/internals.h"
#include "support/with.h"

extern "C" {
#include "data/loader.h"
}

namespace {

using namespace glia;

class Sampling : public ContextTest {
   protected:
    // Sample i has the input i and a label of this list.
    glia_dataset *labelled(const std::vector<int64_t> &labels) {
        std::vector<float> x(labels.size());
        std::iota(x.begin(), x.end(), 0.0f);
        const glia_array input      = {"x", GLIA_F32, GLIA_SHAPE(1), x.data()};
        const glia_array target     = {"label", GLIA_I64, GLIA_SCALAR, labels.data()};
        const glia_arrays_args args = {&input, 1, &target, 1, int64_t(labels.size()), true};
        glia_dataset *out           = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &args, &out), GLIA_OK) << message();
        return out;
    }
    static gli_loader_args balanced(uint64_t seed) {
        gli_loader_args args{};
        args.batch_size = 7, args.shuffle = true, args.seed = seed, args.balanced = true;
        return args;
    }
    std::vector<int64_t> order(glia_dataset *dataset, uint64_t seed, uint32_t epoch) {
        gli_loader loader;
        const gli_loader_args args = balanced(seed);
        EXPECT_EQ(gli_loader_create(dataset, &args, &loader), GLIA_OK) << message();
        gli_loader_begin(&loader, epoch + 1);
        gli_loader_begin(&loader, epoch);
        const auto *all = static_cast<const int64_t *>(loader.order.data);
        std::vector<int64_t> out(all, all + glia_dataset_count(dataset));
        gli_loader_destroy(&loader);
        return out;
    }
};

TEST_F(Sampling, balanced_epochs_have_each_class_equally_often) {
    std::vector<int64_t> labels(100, 5);  // 90 of class 5, 7 of class -2, 3 of class 40
    for (int i = 10; i < 17; ++i) labels[size_t(i)] = -2;
    for (int i : {0, 50, 99}) labels[size_t(i)] = 40;
    glia_dataset *dataset = labelled(labels);
    std::set<int64_t> seen;
    std::map<int64_t, int> extra;
    for (uint32_t epoch = 0; epoch < 12; ++epoch) {
        const auto drawn = order(dataset, 3, epoch);
        EXPECT_EQ(drawn, order(dataset, 3, epoch));
        std::map<int64_t, int> of_class, of_sample;
        for (int64_t i : drawn) ++of_class[labels[size_t(i)]], ++of_sample[i], seen.insert(i);
        ASSERT_EQ(of_class.size(), 3u);
        for (auto [label, n] : of_class) {
            EXPECT_TRUE(n == 33 || n == 34) << label << ": " << n;
            extra[label] += n == 34;
        }
        // As equally often as they can be.
        for (auto [sample, n] : of_sample) {
            const int share = of_class[labels[size_t(sample)]], size = labels[size_t(sample)] == 40 ? 3 : 7;
            if (labels[size_t(sample)] == 5)
                EXPECT_EQ(n, 1);
            else
                EXPECT_TRUE(n == share / size || n == share / size + 1) << sample << ": " << n;
        }
        EXPECT_FALSE(std::is_sorted(drawn.begin(), drawn.end()));
    }
    EXPECT_EQ(seen.size(), 100u);                            // over the epochs, all
    for (auto [label, n] : extra) EXPECT_EQ(n, 4) << label;  // each in its turn
    EXPECT_NE(order(dataset, 3, 0), order(dataset, 3, 1));
    EXPECT_NE(order(dataset, 3, 0), order(dataset, 4, 0));
    glia_dataset_destroy(dataset);
}

TEST_F(Sampling, balanced_epochs_of_few_samples_and_many_classes) {
    for (const std::vector<int64_t> &labels : {std::vector<int64_t>{4}, {1, 1, 1}, {1, 2, 3, 4, 5}, {0, 0, 1}}) {
        glia_dataset *dataset = labelled(labels);
        for (uint32_t epoch = 0; epoch < 6; ++epoch) {
            const auto drawn = order(dataset, 9, epoch);
            ASSERT_EQ(drawn.size(), labels.size());
            std::set<int64_t> classes;
            for (int64_t i : drawn) {
                ASSERT_TRUE(i >= 0 && i < int64_t(labels.size()));
                classes.insert(labels[size_t(i)]);
            }
            EXPECT_EQ(classes, std::set<int64_t>(labels.begin(), labels.end()));
        }
        glia_dataset_destroy(dataset);
    }
    glia_dataset *none = labelled({});
    EXPECT_TRUE(order(none, 1, 0).empty());
    glia_dataset_destroy(none);
}

// Fits a small network, with what a callback saw of it.
class Fit : public Sampling {
   protected:
    void open(const char *device) {
        glia_context_destroy(ctx), ctx = nullptr;
        if (glia_context_create(device, with(glia_context_args{.seed = 7, .threads = 1}), &ctx) != GLIA_OK) return;
        at_first = glia_context_bytes(ctx);
        for (int i = 0; i < 45; ++i) labels.push_back(i % 9 == 0 ? 1 : i % 7 == 0 ? 2 : 0);
        data = labelled(labels);
        EXPECT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
        glia_compile_args args{};
        args.loss = glia_loss_cross_entropy(), args.optimizer = glia_optimizer_adam(0.01);
        const glia_value x = glia_model_input(net, "x", GLIA_SHAPE(1));
        EXPECT_EQ(
            glia_model_compile(net, glia_model_dense(net, x, with(glia_dense_args{.name = "y", .units = 3})), &args),
            GLIA_OK)
            << message();
    }
    void SetUp() override { ContextTest::SetUp(), open("cpu"); }
    void close() {
        glia_model_destroy(net), glia_dataset_destroy(data);
        net = nullptr, data = nullptr, labels.clear();
        if (!ctx) return;
        gli_prepared_trim(ctx);
        EXPECT_EQ(glia_context_bytes(ctx), at_first);
    }
    void TearDown() override { close(), glia_context_destroy(ctx); }
    std::vector<float> weights() {
        std::vector<float> all(6, 0);
        EXPECT_EQ(glia_model_get(net, "y.weight", all.data(), 12), GLIA_OK) << message();
        EXPECT_EQ(glia_model_get(net, "y.bias", all.data() + 3, 12), GLIA_OK) << message();
        return all;
    }
    std::vector<float> trained(const char *device, glia_fit_args args, int stopped_after) {
        close(), open(device);
        if (!ctx) return {};
        if (stopped_after > 0) {
            glia_trainer *trainer = nullptr;
            EXPECT_EQ(glia_trainer_create(net, data, &args, &trainer), GLIA_OK) << message();
            for (int i = 0; i < stopped_after; ++i) EXPECT_EQ(glia_trainer_step(trainer), GLIA_OK) << message();
            glia_trainer_destroy(trainer);
            args.resume = true;
        }
        EXPECT_EQ(glia_model_fit(net, data, &args), GLIA_OK) << message();
        return weights();
    }

    size_t at_first = 0;
    std::vector<int64_t> labels;
    glia_dataset *data = nullptr;
    glia_model *net    = nullptr;
};

TEST_F(Fit, names_that_say_another_order_are_refused) {
    glia_model *two = nullptr;
    ASSERT_EQ(glia_model_create(ctx, nullptr, &two), GLIA_OK);
    const glia_value in[] = {glia_model_input(two, "left", GLIA_SHAPE(1)),
                             glia_model_input(two, "right", GLIA_SHAPE(1))};
    const glia_value y =
        glia_model_dense(two, glia_model_concat(two, in, 2, nullptr), with(glia_dense_args{.units = 3}));
    ASSERT_EQ(glia_model_compile(two, y, with(glia_compile_args{.loss = glia_loss_cross_entropy()})), GLIA_OK)
        << message();
    const struct {
        const char *first, *second, *refusal;
    } cases[] = {{"left", "right", nullptr},
                 {"x", "y", nullptr},
                 {"left", "y", nullptr},
                 {"right", "left", "input 0 of the dataset is 'right', which is input 1 of the model"},
                 {"x", "left", "input 1 of the dataset is 'left', which is input 0 of the model"}};
    for (const auto &c : cases) {
        const glia_pick inputs[] = {{"x", c.first}, {"x", c.second}}, target{"label", nullptr};
        const glia_pick_args pick{inputs, 2, &target, 1};
        glia_dataset *both = nullptr;
        ASSERT_EQ(glia_dataset_pick(data, &pick, &both), GLIA_OK) << message();
        EXPECT_EQ(glia_model_fit(two, both, nullptr), c.refusal ? GLIA_INVALID_ARGUMENT : GLIA_OK) << c.first;
        EXPECT_TRUE(!c.refusal || says(c.refusal)) << message();
        glia_dataset_destroy(both);
    }
    glia_model_destroy(two);
}

TEST_F(Fit, balanced_has_no_class_that_the_loss_ignores) {
    glia_model *other = nullptr;
    ASSERT_EQ(glia_model_create(ctx, nullptr, &other), GLIA_OK);
    const glia_value y   = glia_model_dense(other, glia_model_input(other, "x", glia_dataset_input(data, 0).shape),
                                            with(glia_dense_args{.units = 3}));
    glia_model_loss loss = glia_loss_cross_entropy();
    loss.classes.ignore = true, loss.classes.ignore_index = -100;
    ASSERT_EQ(glia_model_compile(other, y, with(glia_compile_args{.loss = loss})), GLIA_OK) << message();
    EXPECT_EQ(glia_model_fit(other, data, with(glia_fit_args{.balanced = true})), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("balanced counts samples of class -100, which the loss ignores")) << message();
    glia_model_destroy(other);
}

TEST_F(Fit, drop_last_takes_full_batches_only) {
    for (auto [size, steps] : {std::pair{10, 4}, {9, 5}, {45, 1}, {44, 1}}) {
        int count = 0;
        ASSERT_EQ(glia_model_fit(net, data, with(glia_fit_args{.batch_size = size, .drop_last = true})), GLIA_OK);
        const glia_epoch *epoch = glia_model_history(net, &count);
        ASSERT_EQ(count, 1);
        EXPECT_EQ(epoch->steps, steps);
    }
    EXPECT_EQ(glia_model_fit(net, data, with(glia_fit_args{.batch_size = 46, .drop_last = true})),
              GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("glia_model_fit: 45 samples are no batch of 46, and drop_last is true")) << message();
}

TEST_F(Fit, goes_on_to_the_same_bits_where_it_was_stopped) {
    for (const char *device : {"cpu", "emulated"})
        for (const glia_fit_args &args : {glia_fit_args{.epochs = 3, .batch_size = 8, .drop_last = true},
                                          {.epochs = 3, .batch_size = 8, .balanced = true},
                                          {.epochs = 3, .batch_size = 8, .drop_last = true, .balanced = true}}) {
            const auto want = trained(device, args, 0);
            if (!ctx) GTEST_SKIP() << glia_message(nullptr);
            const int steps = args.drop_last ? 5 : 6;
            for (int stop : {1, steps - 1, steps, steps + 2, 2 * steps + 1})
                EXPECT_EQ(trained(device, args, stop), want) << device << ", stopped after " << stop;
        }
}

TEST_F(Fit, does_not_go_on_from_samples_that_drop_last_leaves_out) {
    const int64_t end = 45;
    glia_fit_args args{.batch_size = 10, .drop_last = true, .resume = true};
    ASSERT_EQ(glia_model_state_set(net, "glia/position", &end, sizeof end), GLIA_OK) << message();
    EXPECT_EQ(glia_model_fit(net, data, &args), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("left after 45 samples, but 40 samples in batches of 10 do not come there")) << message();
    args.drop_last = false;
    EXPECT_EQ(glia_model_fit(net, data, &args), GLIA_OK) << message();
}

TEST_F(Fit, balanced_needs_classes_and_an_order_of_its_own) {
    EXPECT_EQ(glia_model_fit(net, data, with(glia_fit_args{.in_order = true, .balanced = true})),
              GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("in_order and balanced are both true")) << message();
    const glia_pick x{"x", nullptr};
    const glia_pick_args pick{&x, 1, &x, 1};
    glia_dataset *same = nullptr;
    glia_model *other  = nullptr;
    ASSERT_EQ(glia_dataset_pick(data, &pick, &same), GLIA_OK);
    ASSERT_EQ(glia_model_create(ctx, nullptr, &other), GLIA_OK);
    const glia_value y =
        glia_model_dense(other, glia_model_input(other, "x", GLIA_SHAPE(1)), with(glia_dense_args{.units = 1}));
    ASSERT_EQ(glia_model_compile(other, y, with(glia_compile_args{.loss = glia_loss_mse()})), GLIA_OK) << message();
    EXPECT_EQ(glia_model_fit(other, same, with(glia_fit_args{.balanced = true})), GLIA_DTYPE_MISMATCH);
    EXPECT_TRUE(says("balanced: the target 'x' is f32")) << message();
    glia_model_destroy(other), glia_dataset_destroy(same);
}

TEST_F(Fit, balanced_learns_of_a_rare_class) {
    // The loss of an untrained model is nearly that of equal chances; trained on what is rare, it is told apart.
    const glia_fit_args args{.epochs = 40, .batch_size = 15};
    glia_fit_args fair = args;
    fair.balanced      = true;
    const auto bias    = [&](const glia_fit_args &a) {
        close(), open("cpu");
        std::vector<float> zero(45, 0);
        const glia_array input{"x", GLIA_F32, GLIA_SHAPE(1), zero.data()};
        const glia_array target{"label", GLIA_I64, GLIA_SCALAR, labels.data()};
        const glia_arrays_args from{&input, 1, &target, 1, 45, true};
        glia_dataset *blind = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &from, &blind), GLIA_OK);
        EXPECT_EQ(glia_model_fit(net, blind, &a), GLIA_OK) << message();
        glia_dataset_destroy(blind);
        return weights();
    };
    // Of samples that say nothing, only the frequencies can be learned: they are in the biases.
    const auto plain = bias(args), equal = bias(fair);
    EXPECT_GT(plain[3] - plain[5], 0.5f);
    EXPECT_LT(std::fabs(equal[3] - equal[5]), 0.1f);
    EXPECT_LT(std::fabs(equal[3] - equal[4]), 0.1f);
}

TEST(SamplingMemory, every_allocation_may_fail) {
    EXPECT_GE(fail_every_allocation([&](glia_context *ctx) {
                  const float value[3]        = {};
                  const int64_t label[3]      = {0, 1, 0};
                  const glia_array x          = {"x", GLIA_F32, GLIA_SCALAR, value};
                  const glia_array y          = {"y", GLIA_I64, GLIA_SCALAR, label};
                  const glia_arrays_args args = {&x, 1, &y, 1, 3, false};
                  glia_dataset *data          = nullptr;
                  glia_status status          = glia_dataset_from_arrays(ctx, &args, &data);
                  gli_loader loader{};
                  gli_loader_args by{};
                  by.batch_size = 2, by.shuffle = true, by.balanced = true;
                  if (status == GLIA_OK) status = gli_loader_create(data, &by, &loader);
                  gli_loader_destroy(&loader);
                  glia_dataset_destroy(data);
                  return status;
              }),
              10);
}

}  // namespace

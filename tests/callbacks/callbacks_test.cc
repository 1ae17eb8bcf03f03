// The ready-made callbacks: rates and decisions as PyTorch's, best weights, logs line by line.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/counting.h"
#include "support/files.h"
#include "support/with.h"

extern "C" {
#include "callbacks/callback.h"
}

namespace {

using glia::CountingAllocator;
using glia::with;
using std::string, std::vector;

// PyTorch 2.15, the rate before each step with a rate of 0.1.
const struct {
    const char *name;
    glia_schedule schedule;
    vector<double> rates;
} kSchedules[] = {
    {"StepLR(3, 0.5)", glia_schedule_step(3, 0.5), {0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.025}},
    {"MultiStepLR([2, 5], 0.1)",
     {.kind = GLIA_SCHEDULE_MULTI_STEP, .gamma = 0.1, .n_milestones = 2, .milestones = {2, 5}},
     {0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.001, 0.001}},
    {"ExponentialLR(0.9)", glia_schedule_exponential(0.9), {0.1, 0.09, 0.081, 0.0729, 0.06561, 0.059049}},
    {"PolynomialLR(5, 2)", glia_schedule_polynomial(5, 2), {0.1, 0.064, 0.036, 0.016, 0.004, 0, 0, 0}},
    {"CosineAnnealingLR(6, 0.01)",
     glia_schedule_cosine(6, 0.01),
     {0.1, 0.093971143170299753, 0.0775, 0.055, 0.0325, 0.016028856829700261, 0.01}},
    {"CosineAnnealingWarmRestarts(2, 2, 0.01)",
     glia_schedule_cosine_restarts(2, 2, 0.01),
     {0.1, 0.055, 0.1, 0.086819805153394644, 0.055, 0.023180194846605363, 0.1, 0.096574578963007904,
      0.086819805153394644}},
    {"OneCycleLR(0.1, total_steps=12)",
     glia_schedule_one_cycle(12),
     {0.004, 0.034978965421958302, 0.087928515912212873, 0.099441543545091188, 0.093301296984141177,
      0.081174565394976306, 0.064737899769510332, 0.046263710266697504, 0.028306099820869922, 0.01334775301888306,
      0.0034566987425395223, 4e-07}},
    {"LinearLR(0.25, 1, 4), then StepLR(2, 0.5)",
     {.kind = GLIA_SCHEDULE_STEP, .warmup = 4, .warmup_from = 0.25, .gamma = 0.5, .period = 2},
     {0.025, 0.04375, 0.0625, 0.08125, 0.1, 0.1, 0.05, 0.05, 0.025}},
};

TEST(Schedule, rates_are_those_of_pytorch) {
    for (const auto &s : kSchedules)
        for (size_t t = 0; t < s.rates.size(); ++t)
            EXPECT_NEAR(glia_schedule_rate(&s.schedule, 0.1, int64_t(t)), s.rates[t], 1e-15) << s.name << " at " << t;
}

TEST(Schedule, far_times_are_quick_and_finite) {
    const int64_t far          = INT64_MAX;
    const glia_schedule cosine = glia_schedule_cosine(6, 0.01), restarts = glia_schedule_cosine_restarts(7, 1, 0),
                        growing = glia_schedule_cosine_restarts(7, 1.5, 0),
                        slowly = glia_schedule_cosine_restarts(7, 1 + 1e-9, 0), cycle = glia_schedule_one_cycle(2);
    EXPECT_EQ(glia_schedule_rate(&cosine, 1, far), 0.01);
    for (const auto &s : {restarts, growing, slowly, cycle}) {
        const double rate = glia_schedule_rate(&s, 1, far);
        EXPECT_TRUE(rate >= 0 && rate <= 1) << s.kind << ": " << rate;
    }
    EXPECT_EQ(glia_schedule_rate(&cosine, 0.5, 0), 0.5);
    EXPECT_EQ(glia_schedule_rate(&cycle, 1, 0), 1) << "two steps: the first at the top";
    EXPECT_TRUE(std::isnan(glia_schedule_rate(&cosine, 1, -1)));
    EXPECT_TRUE(std::isnan(glia_schedule_rate(nullptr, 1, 0)));
}

constexpr int kCount = 8, kBatch = 4;

// One weight w and the target 0 for the input 1: the loss is w^2, whatever the batch.
class Callbacks : public testing::Test {
   public:
    Callbacks() {
        const glia_context_args args{.threads = 1, .allocator = memory_.api()};
        EXPECT_EQ(glia_context_create("cpu", &args, &ctx_), GLIA_OK) << glia_message(nullptr);
        EXPECT_EQ(glia_model_create(ctx_, nullptr, &net_), GLIA_OK);
        y_ = glia_model_dense(net_, glia_model_input(net_, "x", GLIA_SHAPE(1)),
                              with(glia_dense_args{.name = "d", .units = 1, .no_bias = true}));
        EXPECT_EQ(glia_model_compile(net_, y_,
                                     with(glia_compile_args{.loss      = glia_loss_mse(),
                                                            .metrics   = {GLIA_METRIC_MAE},
                                                            .optimizer = glia_optimizer_sgd(0.1)})),
                  GLIA_OK)
            << message();
        data_ = constant(1);
    }
    ~Callbacks() override {
        for (glia_callback &callback : ready_) glia_callback_destroy(&callback);
        glia_dataset_destroy(data_);
        glia_model_destroy(net_);
        glia_context_destroy(ctx_);
        EXPECT_TRUE(memory_.blocks.empty());
    }

    string message() const { return glia_message(ctx_); }
    glia_dataset *constant(float x) {
        const vector<float> inputs(kCount, x), targets(kCount, 0);
        const glia_array input{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1), .data = inputs.data()},
            target{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1), .data = targets.data()};
        const glia_arrays_args args{
            .inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = kCount, .copy = true};
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(ctx_, &args, &out), GLIA_OK) << message();
        return out;
    }
    void set(float w) { EXPECT_EQ(glia_model_set(net_, "d.weight", &w, sizeof w), GLIA_OK) << message(); }
    float weight() {
        float w = NAN;
        EXPECT_EQ(glia_model_get(net_, "d.weight", &w, sizeof w), GLIA_OK) << message();
        return w;
    }
    // Destroyed with the test.
    template <class Make>
    glia_callback made(Make make) {
        glia_callback out{};
        EXPECT_EQ(make(&out), GLIA_OK) << message();
        ready_.push_back(out);
        return out;
    }
    glia_status fit(std::vector<glia_callback> callbacks, int epochs, glia_dataset *validation = nullptr) {
        glia_fit_args args{.epochs = epochs, .batch_size = kBatch, .validation = validation};
        std::copy(callbacks.begin(), callbacks.end(), args.callbacks);
        return glia_model_fit(net_, data_, &args);
    }
    vector<glia_epoch> history() {
        int count                = 0;
        const glia_epoch *epochs = glia_model_history(net_, &count);
        return {epochs, epochs + count};
    }

    CountingAllocator memory_;
    glia_context *ctx_ = nullptr;
    glia_model *net_   = nullptr;
    glia_value y_{};
    glia_dataset *data_ = nullptr;
    vector<glia_callback> ready_;
};

// Gives the epochs made-up losses: what a callback that comes after it decides depends on these alone.
struct Losses {
    vector<double> values;
    vector<double> rates;  // after each epoch
    static glia_status rate(void *user, const glia_event *event) {
        return static_cast<Losses *>(user)->rates.push_back(glia_model_learning_rate(event->model)), GLIA_OK;
    }
    static glia_status give(void *user, const glia_event *event) {
        auto *epoch       = const_cast<glia_epoch *>(event->epoch);
        epoch->train.loss = static_cast<Losses *>(user)->values[size_t(epoch->epoch - 1)];
        return GLIA_OK;
    }
};

TEST_F(Callbacks, a_schedule_sets_the_rate_of_each_step) {
    const glia_schedule halves{.kind = GLIA_SCHEDULE_EXPONENTIAL, .by_step = true, .gamma = 0.5};
    const glia_callback schedule = made([&](auto *out) { return glia_learning_rate_schedule(ctx_, &halves, out); });
    set(1);
    ASSERT_EQ(fit({schedule}, 2), GLIA_OK) << message();
    float expected = 1;  // w -= rate 2 w
    for (const float rate : {0.1f, 0.05f, 0.025f, 0.0125f}) expected -= rate * 2 * expected;
    EXPECT_FLOAT_EQ(weight(), expected);
    EXPECT_DOUBLE_EQ(glia_model_learning_rate(net_), 0.1 / 16);
    ASSERT_EQ(fit({schedule}, 1), GLIA_OK) << "it goes on where it was: " << message();
    EXPECT_DOUBLE_EQ(glia_model_learning_rate(net_), 0.1 / 64);
    ASSERT_EQ(glia_model_compile(net_, {0}, nullptr), GLIA_OK);
    EXPECT_EQ(glia_model_learning_rate(net_), 1e-3) << "Adam's";
}

TEST_F(Callbacks, a_schedule_by_epoch_changes_the_rate_between_them) {
    const glia_schedule steps    = glia_schedule_step(2, 0.5);
    const glia_callback schedule = made([&](auto *out) { return glia_learning_rate_schedule(ctx_, &steps, out); });
    Losses seen;
    ASSERT_EQ(fit({{.user = &seen, .on_epoch_end = Losses::rate}, schedule}, 5), GLIA_OK) << message();
    EXPECT_EQ(seen.rates, (vector<double>{0.1, 0.1, 0.05, 0.05, 0.025}));
}

TEST_F(Callbacks, a_plateau_lowers_the_rate_when_pytorch_would) {
    const glia_plateau_args args{.watch = "loss", .factor = 0.5, .patience = 2, .cooldown = 1};
    const glia_callback plateau = made([&](auto *out) { return glia_reduce_on_plateau(ctx_, &args, out); });
    Losses losses{{1, .9, .95, .9, .92, .91, .93, .94, .95, .8, .81, .82, .83, .84}, {}};
    ASSERT_EQ(
        fit({{.user = &losses, .on_epoch_end = Losses::give}, plateau, {.user = &losses, .on_epoch_end = Losses::rate}},
            int(losses.values.size())),
        GLIA_OK)
        << message();
    EXPECT_EQ(losses.rates, (vector<double>{.1, .1, .1, .1, .05, .05, .05, .05, .025, .025, .025, .025, .0125, .0125}));
}

TEST_F(Callbacks, early_stopping_waits_as_long_as_it_was_told) {
    const glia_early_stopping_args args{.watch = "loss", .min_delta = 0.1, .patience = 3};
    const glia_callback stop = made([&](auto *out) { return glia_early_stopping(ctx_, &args, out); });
    //           best           by too little    NaN
    Losses losses{{1, 0.95, 0.8, 0.75, NAN, 0.71, 0.3, 0.2}, {}};
    ASSERT_EQ(fit({{.user = &losses, .on_epoch_end = Losses::give}, stop}, 8), GLIA_OK) << message();
    EXPECT_EQ(history().size(), 6u);
    losses.values = {3, 2, 1, 0};
    ASSERT_EQ(fit({{.user = &losses, .on_epoch_end = Losses::give}, stop}, 4), GLIA_OK) << "it begins anew";
    EXPECT_EQ(history().size(), 4u);
}

TEST_F(Callbacks, losses_and_errors_are_better_where_they_are_smaller) {
    for (const char *name : {"loss", "val_loss", "mse", "val_mae", "rmse", "f1/loss", "val_r2/rmse"})
        EXPECT_FALSE(gli_watch_larger(with(gli_watch{}), name)) << name;
    for (const char *name : {"accuracy", "val_top_k", "r2", "val_f1_micro", "loss/recall", "val_mae/binary_accuracy"})
        EXPECT_TRUE(gli_watch_larger(with(gli_watch{}), name)) << name;
}

TEST_F(Callbacks, early_stopping_takes_the_smaller_error) {
    for (const auto &[better, epochs] : {std::pair{GLIA_BETTER_DEFAULT, 6}, {GLIA_BETTER_LARGER, 2}}) {
        const glia_early_stopping_args args{.watch = "mae", .better = better};
        const glia_callback stop = made([&](auto *out) { return glia_early_stopping(ctx_, &args, out); });
        set(1);
        ASSERT_EQ(fit({stop}, 6), GLIA_OK) << message();
        EXPECT_EQ(history().size(), size_t(epochs)) << "the error falls from epoch to epoch";
    }
}

// The rate is far too large, so that each epoch is worse than the one before.
TEST_F(Callbacks, the_best_weights_come_back) {
    const glia_early_stopping_args args{.patience = 3, .restore_best = true};
    for (const int epochs : {10, 3}) {  // stopped, and at its end
        const glia_callback stop = made([&](auto *out) { return glia_early_stopping(ctx_, &args, out); });
        ASSERT_EQ(glia_model_set_learning_rate(net_, 1.5), GLIA_OK);
        set(1);
        glia_dataset *validation = constant(1);
        ASSERT_EQ(fit({stop}, epochs, validation), GLIA_OK) << message();
        glia_dataset_destroy(validation);
        EXPECT_EQ(history().size(), size_t(std::min(epochs, 4)));
        EXPECT_FLOAT_EQ(weight(), 4) << "after the two steps of the first epoch, w = -2 w each";
    }
}

TEST_F(Callbacks, weights_of_before_a_compile_do_not_come_back) {
    const glia_early_stopping_args args{.patience = 3, .restore_best = true};
    const glia_callback stop = made([&](auto *out) { return glia_early_stopping(ctx_, &args, out); });
    const glia_callback again{.user = this, .on_end = [](void *user, const glia_event *event) {
                                  const glia_value y = static_cast<Callbacks *>(user)->y_;
                                  return glia_model_compile(event->model, y,
                                                            with(glia_compile_args{.loss = glia_loss_mse()}));
                              }};
    set(1);
    EXPECT_EQ(fit({again, stop}, 2), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(message().find("the model was compiled after its best epoch, whose weights cannot come back"),
              string::npos)
        << message();
}

TEST_F(Callbacks, the_name_that_is_watched_has_to_be_there) {
    const glia::Folder folder;
    const glia_early_stopping_args early{.watch = "val_accuracy"};
    const glia_plateau_args plateau{.watch = "val_accuracy"};
    const string path = folder.path();
    const glia_checkpoint_args best{.folder = path.c_str(), .best = true, .watch = "val_accuracy"};
    set(1);
    for (const glia_callback &watching : {made([&](auto *out) { return glia_early_stopping(ctx_, &early, out); }),
                                          made([&](auto *out) { return glia_reduce_on_plateau(ctx_, &plateau, out); }),
                                          made([&](auto *out) { return glia_checkpoints(ctx_, &best, out); })}) {
        EXPECT_EQ(fit({watching}, 2), GLIA_NOT_FOUND);
        EXPECT_EQ(message(),
                  "glia_model_fit: on_begin returned GLIA_NOT_FOUND: glia_epoch_value: the epoch has no "
                  "'val_accuracy', but loss, mae");
        EXPECT_EQ(weight(), 1) << "no step was taken";
    }
}

TEST_F(Callbacks, a_time_limit_ends_the_training_in_the_middle_of_an_epoch) {
    const glia_callback limit = made([&](auto *out) { return glia_time_limit(ctx_, 1e-9, out); });
    ASSERT_EQ(fit({limit}, 1000000), GLIA_OK) << message();
    EXPECT_EQ(history().size(), 0u) << "one step was enough";
}

string content(const string &path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

TEST_F(Callbacks, a_csv_log_has_a_line_for_each_epoch_and_one_of_names) {
    const string path = testing::TempDir() + "callbacks_test.csv";
    std::remove(path.c_str());
    set(1);
    {
        const glia_callback log = made([&](auto *out) { return glia_csv_log(ctx_, path.c_str(), out); });
        ASSERT_EQ(fit({log}, 1, data_), GLIA_OK) << message();
        const string first = content(path);
        EXPECT_EQ(first.substr(0, first.find('\n')), "epoch,steps,seconds,learning_rate,loss,mae,val_loss,val_mae");
        EXPECT_EQ(std::count(first.begin(), first.end(), '\n'), 2) << "written at once: " << first;
    }
    glia_callback second{};
    ASSERT_EQ(glia_csv_log(ctx_, path.c_str(), &second), GLIA_OK) << message();
    ASSERT_EQ(fit({second}, 2, data_), GLIA_OK) << message();
    glia_callback_destroy(&second);
    EXPECT_EQ(second.user, nullptr);
    std::stringstream lines(content(path));
    string line;
    vector<string> all;
    while (std::getline(lines, line)) all.push_back(line);
    ASSERT_EQ(all.size(), 4u) << "it adds to what is there";
    EXPECT_EQ(all[1].substr(0, 4), "1,2,");
    // w is 0.8 after the first step: the mean of 1 and 0.64; then 0.64, so 0.4096
    EXPECT_NE(all[1].find(",0.1,0.82"), string::npos) << all[1];
    EXPECT_NE(all[1].find(",0.40959"), string::npos) << all[1];
    EXPECT_EQ(all[3].substr(0, 4), "2,2,");
    std::remove(path.c_str());
}

TEST_F(Callbacks, a_csv_log_names_other_columns_anew) {
    const string path = testing::TempDir() + "callbacks_test.csv";
    std::ofstream(path) << "half a li";
    const glia_callback log = made([&](auto *out) { return glia_csv_log(ctx_, path.c_str(), out); });
    const auto names_of     = [&] {
        std::stringstream lines(content(path));
        vector<string> names;
        for (string line; std::getline(lines, line);)
            if (line[0] == 'e' || line[0] == 'h') names.push_back(line);
        return names;
    };
    const string narrow = "epoch,steps,seconds,learning_rate,loss,mae", wide = narrow + ",val_loss,val_mae";
    for (glia_dataset *validation : {data_, data_, static_cast<glia_dataset *>(nullptr), data_})
        ASSERT_EQ(fit({log}, 2, validation), GLIA_OK) << message();
    EXPECT_EQ(names_of(), (vector<string>{"half a li", wide, narrow, wide}));
    std::remove(path.c_str());
}

// A pipe has no lines of before, and cannot be read back.
TEST_F(Callbacks, a_csv_log_goes_through_a_pipe) {
    const glia::Folder folder;
    const string path = folder / "pipe";
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    const int reader        = open(path.c_str(), O_RDONLY | O_NONBLOCK);
    const glia_callback log = made([&](auto *out) { return glia_csv_log(ctx_, path.c_str(), out); });
    ASSERT_EQ(fit({log}, 2), GLIA_OK) << message();
    char text[1000];
    const ssize_t bytes = read(reader, text, sizeof text);
    close(reader);
    ASSERT_GT(bytes, 0);
    const string lines(text, size_t(bytes));
    EXPECT_EQ(lines.find("epoch,steps,seconds,learning_rate,loss,mae\n1,2,"), 0u) << lines;
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3) << lines;
}

// Of devices, some never end.
TEST_F(Callbacks, a_csv_log_into_a_device_reads_nothing) {
    const glia_callback log = made([&](auto *out) { return glia_csv_log(ctx_, "/dev/full", out); });
    EXPECT_EQ(fit({log}, 1), GLIA_IO_ERROR);
    EXPECT_NE(message().find("/dev/full: No space left on device"), string::npos) << message();
    const glia_callback none = made([&](auto *out) { return glia_csv_log(ctx_, "/dev/null", out); });
    EXPECT_EQ(fit({none}, 1), GLIA_OK) << message();
}

TEST_F(Callbacks, a_log_of_json_lines) {
    const string path = testing::TempDir() + "callbacks_test.jsonl";
    std::remove(path.c_str());
    Losses nan{{NAN, 1}, {}};
    const glia_callback log = made([&](auto *out) { return glia_jsonl_log(ctx_, path.c_str(), out); });
    ASSERT_EQ(fit({{.user = &nan, .on_epoch_end = Losses::give}, log}, 2), GLIA_OK) << message();
    const string text = content(path);
    EXPECT_EQ(text.find("{\"epoch\":1,\"steps\":2,\"seconds\":"), 0u) << text;
    EXPECT_NE(text.find("\"learning_rate\":0.1,\"loss\":null,\"mae\":"), string::npos) << text;
    EXPECT_NE(text.find("}\n{\"epoch\":2,"), string::npos) << text;
    std::remove(path.c_str());
}

// Names of outputs may have what CSV and JSON read as their own, and be watched.
TEST_F(Callbacks, metrics_of_several_outputs_are_logged_and_watched_by_name) {
    const string csv = testing::TempDir() + "outputs_test.csv", json = testing::TempDir() + "outputs_test.jsonl";
    std::remove(csv.c_str()), std::remove(json.c_str());
    glia_model *net = nullptr;
    ASSERT_EQ(glia_model_create(ctx_, nullptr, &net), GLIA_OK);
    const glia_value x = glia_model_input(net, "x", GLIA_SHAPE(1));
    for (const char *name : {"a,b", "say \"c\\d\""})
        ASSERT_EQ(glia_model_output(net, x, with(glia_output_args{.loss = glia_loss_mse(), .name = name})), GLIA_OK);
    ASSERT_EQ(glia_model_compile(net, {0}, nullptr), GLIA_OK) << message();
    const float ones[kCount]{1, 1, 1, 1, 1, 1, 1, 1};
    const glia_array array{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1), .data = ones}, targets[]{array, array};
    glia_dataset *data = nullptr;
    ASSERT_EQ(glia_dataset_from_arrays(
                  ctx_,
                  with(glia_arrays_args{
                      .inputs = &array, .n_inputs = 1, .targets = targets, .n_targets = 2, .count = kCount}),
                  &data),
              GLIA_OK)
        << message();
    const glia_early_stopping_args args{.watch = "say \"c\\d\"/loss", .patience = 2};
    const glia_callback stop = made([&](auto *out) { return glia_early_stopping(ctx_, &args, out); }),
                        one  = made([&](auto *out) { return glia_csv_log(ctx_, csv.c_str(), out); }),
                        two  = made([&](auto *out) { return glia_jsonl_log(ctx_, json.c_str(), out); });
    EXPECT_EQ(glia_model_fit(net, data, with(glia_fit_args{.epochs = 9, .callbacks = {stop, one, two}})), GLIA_OK)
        << message();
    int epochs = 0;
    glia_model_history(net, &epochs);
    EXPECT_EQ(epochs, 3);
    EXPECT_NE(content(csv).find(",loss,\"a,b/loss\",\"say \"\"c\\d\"\"/loss\"\n"), string::npos) << content(csv);
    EXPECT_NE(content(json).find(R"("a,b/loss":0,"say \"c\\d\"/loss":0})"), string::npos) << content(json);
    glia_dataset_destroy(data);
    glia_model_destroy(net);
    std::remove(csv.c_str()), std::remove(json.c_str());
}

TEST_F(Callbacks, as_many_results_as_there_can_be_with_long_names_fit_in_a_line) {
    const string path = testing::TempDir() + "all_results_test.jsonl";
    std::remove(path.c_str());
    glia_model *net = nullptr;
    ASSERT_EQ(glia_model_create(ctx_, nullptr, &net), GLIA_OK);
    const glia_value x = glia_model_input(net, "x", GLIA_SHAPE(1));
    glia_output_args output{.loss = glia_loss_bce_logits()};
    for (glia_metric &metric : output.metrics) metric = GLIA_METRIC_PRECISION_WEIGHTED;
    for (int i = 0; i < GLIA_MAX_OUTPUTS; ++i) {
        const string name = string(39, '"') + char('0' + i);
        output.name       = name.c_str();
        ASSERT_EQ(glia_model_output(net, x, &output), GLIA_OK) << message();
    }
    ASSERT_EQ(glia_model_compile(net, {0}, nullptr), GLIA_OK) << message();
    const float zeros[kCount]{};
    const glia_array array{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1), .data = zeros};
    const vector<glia_array> targets(GLIA_MAX_OUTPUTS, array);
    glia_dataset *data = nullptr;
    ASSERT_EQ(glia_dataset_from_arrays(ctx_,
                                       with(glia_arrays_args{.inputs    = &array,
                                                             .n_inputs  = 1,
                                                             .targets   = targets.data(),
                                                             .n_targets = GLIA_MAX_OUTPUTS,
                                                             .count     = kCount}),
                                       &data),
              GLIA_OK)
        << message();
    const glia_callback log = made([&](auto *out) { return glia_jsonl_log(ctx_, path.c_str(), out); });
    testing::internal::CaptureStdout();
    EXPECT_EQ(
        glia_model_fit(net, data,
                       with(glia_fit_args{.validation = data, .progress = GLIA_PROGRESS_LINES, .callbacks = {log}})),
        GLIA_OK)
        << message();
    const string shown = testing::internal::GetCapturedStdout(), text = content(path);
    EXPECT_EQ(std::count(text.begin(), text.end(), ':'), 4 + 2 * (1 + GLIA_MAX_RESULTS));
    EXPECT_EQ(text.substr(text.size() - 2), "}\n");
    EXPECT_EQ(shown.substr(shown.size() - 3), " s\n") << shown.size();
    glia_dataset_destroy(data);
    glia_model_destroy(net);
    std::remove(path.c_str());
}

TEST_F(Callbacks, nonsense_is_refused_with_its_numbers) {
    glia_callback out{};
    const auto early    = [&](glia_early_stopping_args args) { return glia_early_stopping(ctx_, &args, &out); };
    const auto plateau  = [&](glia_plateau_args args) { return glia_reduce_on_plateau(ctx_, &args, &out); };
    const auto schedule = [&](glia_schedule args) { return glia_learning_rate_schedule(ctx_, &args, &out); };
    const auto refused  = [&](glia_status status, const string &words) {
        EXPECT_EQ(status, GLIA_INVALID_ARGUMENT) << words;
        EXPECT_EQ(message(), words);
        EXPECT_EQ(out.user, nullptr);
    };
    refused(early({.min_delta = -1}), "glia_early_stopping: min_delta is -1, must be finite and not negative");
    refused(early({.patience = -2}), "glia_early_stopping: patience is -2, must not be negative");
    refused(early({.better = glia_better(7)}), "glia_early_stopping: invalid better 7");
    refused(early({.watch = ""}),
            "glia_early_stopping: watch must be 1 to 79 bytes of UTF-8, none a control character");
    refused(plateau({.factor = 1}), "glia_reduce_on_plateau: factor is 1, must be between 0 and 1");
    refused(plateau({.patience = -1}), "glia_reduce_on_plateau: patience is -1 and cooldown 0, must not be negative");
    refused(plateau({.threshold = GLIA_SET(NAN)}), "glia_reduce_on_plateau: threshold is nan, must be 0 to 1");
    refused(plateau({.floor = -1}), "glia_reduce_on_plateau: floor is -1, must be finite and not negative");
    refused(schedule({.kind = glia_schedule_kind(8)}), "glia_learning_rate_schedule: its kind is invalid");
    refused(schedule(glia_schedule_step(0, 0.5)), "glia_learning_rate_schedule: period must be positive");
    refused(schedule(glia_schedule_step(1, 0)), "glia_learning_rate_schedule: gamma must be positive");
    refused(schedule(glia_schedule_cosine(0, 0)), "glia_learning_rate_schedule: total must be positive");
    refused(schedule(glia_schedule_cosine_restarts(2, 0.5, 0)),
            "glia_learning_rate_schedule: factor must be 1 or more");
    refused(schedule(glia_schedule_one_cycle(1)), "glia_learning_rate_schedule: total must be 2 or more");
    refused(schedule({.kind = GLIA_SCHEDULE_MULTI_STEP, .gamma = 1, .n_milestones = 2, .milestones = {5, 5}}),
            "glia_learning_rate_schedule: milestones must be 1 to 16 numbers, not negative and ascending");
    refused(schedule({.warmup = -1}), "glia_learning_rate_schedule: warmup must not be negative");
    refused(glia_learning_rate_schedule(ctx_, nullptr, &out), "glia_learning_rate_schedule: schedule is NULL");
    refused(glia_time_limit(ctx_, 0, &out), "glia_time_limit: seconds is 0, must be positive");
    refused(glia_csv_log(ctx_, nullptr, &out), "glia_csv_log: path is NULL");
    EXPECT_EQ(glia_csv_log(ctx_, "/nowhere/at/all.csv", &out), GLIA_NOT_FOUND);
    EXPECT_NE(message().find("/nowhere/at/all.csv: "), string::npos) << message();
    EXPECT_NE(glia_csv_log(ctx_, "/", &out), GLIA_OK);
    EXPECT_EQ(glia_early_stopping(nullptr, nullptr, &out), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_early_stopping(ctx_, nullptr, nullptr), GLIA_INVALID_ARGUMENT);
    glia_callback_destroy(nullptr);
    glia_callback_destroy(&out);
}

}  // namespace

// Training on a device with memory of its own: samples stay there, each epoch in its own order, and the steps count
// themselves. The CPU, which gathers each batch, is the judge of what was trained on.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "glia/glia.h"
#include "support/internals.h"
#include "support/with.h"

namespace {

using glia::with;

constexpr int kSamples = 45, kClasses = 3;

struct Log {
    std::string text;
    static void line(void *user, const char *line) { static_cast<Log *>(user)->text += std::string(line) + "\n"; }
};

// A small network with a mask of dropout in each step, on one device.
class Trained {
   public:
    explicit Trained(const char *device) {
        glia_context_args args{};
        args.seed = 5, args.threads = 1, args.log = Log::line, args.log_user = &log;
        opened = glia_context_create(device, &args, &ctx) == GLIA_OK;
        if (!opened) return;
        at_first = glia_context_bytes(ctx);
        for (int i = 0; i < kSamples; ++i) {
            labels.push_back(i % kClasses);
            for (int k = 0; k < 12; ++k)
                bytes.push_back(static_cast<unsigned char>((i * 53 + k * 97 + (i % kClasses) * (k + 40)) % 256));
        }
    }
    ~Trained() {
        glia_model_destroy(net);
        glia_dataset_destroy(data);
        if (ctx) gli_prepared_trim(ctx);
        EXPECT_EQ(glia_context_bytes(ctx), at_first);
        glia_context_destroy(ctx);
    }

    enum class Source { table, reals, function };

    glia_status make_data(Source source) {
        static const double scale[] = {0.01, 0.003, 0.02}, offset[] = {-0.5, 0.1, 0};
        glia_array x{"x", GLIA_U8, GLIA_SHAPE(3, 2, 2), bytes.data()}, y{"y", GLIA_I64, GLIA_SCALAR, labels.data()};
        x.channel_scale = scale, x.channel_offset = offset;
        if (source == Source::reals) {
            for (unsigned char b : bytes) reals.push_back(float(b) / 100);
            x = {"x", GLIA_F32, GLIA_SHAPE(3, 2, 2), reals.data(), 0.5, 0.25};
        }
        if (source != Source::function) {
            const glia_arrays_args args{&x, 1, &y, 1, kSamples, false};
            return glia_dataset_from_arrays(ctx, &args, &data);
        }
        static const glia_field in{"x", GLIA_F32, GLIA_SHAPE(3, 2, 2)}, out{"y", GLIA_I64, GLIA_SCALAR};
        const glia_source args{&in, 1, &out, 1, kSamples, read, this, nullptr, false};
        return glia_dataset_from_source(ctx, &args, &data);
    }

    glia_status make_model() {
        glia_status status = glia_model_create(ctx, nullptr, &net);
        if (status != GLIA_OK) return status;
        glia_dense_args hidden{}, last{};
        hidden.units = 8, hidden.activation = GLIA_TANH, last.units = kClasses;
        glia_value x = glia_model_flatten(net, glia_model_input(net, "x", GLIA_SHAPE(3, 2, 2)), nullptr);
        x            = glia_model_dropout(net, glia_model_dense(net, x, &hidden), with(glia_dropout_args{.p = 0.25}));
        glia_compile_args compile{};
        compile.loss = glia_loss_cross_entropy(), compile.optimizer = glia_optimizer_adam(0.02);
        return glia_model_compile(net, glia_model_dense(net, x, &last), &compile);
    }

    // The loss of each epoch, in training and on the second part of a split, and the last weights.
    std::vector<float> fit(glia_dataset *train, glia_dataset *test, int epochs) {
        std::vector<float> losses;
        glia_fit_args args{};
        args.epochs = epochs, args.batch_size = 10, args.validation = test, args.callbacks[0].user = &losses;
        args.callbacks[0].on_epoch_end = [](void *user, const glia_event *event) {
            static_cast<std::vector<float> *>(user)->push_back(float(event->epoch->train.loss));
            static_cast<std::vector<float> *>(user)->push_back(float(event->epoch->validation.loss));
            return GLIA_OK;
        };
        EXPECT_EQ(glia_model_fit(net, train, &args), GLIA_OK) << glia_message(ctx);
        return losses;
    }

    static glia_status read(void *user, const glia_sample *sample) {
        const Trained *self = static_cast<Trained *>(user);
        const auto index    = size_t(sample->index);
        for (size_t k = 0; k < 12; ++k)
            static_cast<float *>(sample->inputs[0])[k] = float(self->bytes[index * 12 + k]) / 100;
        *static_cast<int64_t *>(sample->targets[0]) = self->labels[index];
        return GLIA_OK;
    }

    Log log;
    bool opened        = false;
    size_t at_first    = 0;
    glia_context *ctx  = nullptr;
    glia_dataset *data = nullptr;
    glia_model *net    = nullptr;
    std::vector<unsigned char> bytes;
    std::vector<float> reals;
    std::vector<int64_t> labels;
};

class Resident : public testing::TestWithParam<const char *> {};

// The same samples in several orders, and new labels; of them, each is itself a view.
glia_dataset *make_view(const Trained &t) {
    static const int64_t index[] = {44, 3, 3, 17}, table[] = {1, 2, 0};
    static const glia_pick x[] = {{"x", "picked"}}, y[] = {{"y", nullptr}};
    const glia_pick_args pick{x, 1, y, 1};
    glia_dataset *made[6] = {};
    EXPECT_EQ(glia_dataset_take(t.data, 5, 30, &made[0]), GLIA_OK) << glia_message(t.ctx);
    EXPECT_EQ(glia_dataset_select(t.data, index, 4, &made[1]), GLIA_OK) << glia_message(t.ctx);
    EXPECT_EQ(glia_dataset_concat(made, 2, &made[2]), GLIA_OK) << glia_message(t.ctx);
    EXPECT_EQ(glia_dataset_repeat(made[2], 2, &made[3]), GLIA_OK) << glia_message(t.ctx);
    EXPECT_EQ(glia_dataset_relabel(made[3], 0, table, 3, &made[4]), GLIA_OK) << glia_message(t.ctx);
    EXPECT_EQ(glia_dataset_pick(made[4], &pick, &made[5]), GLIA_OK) << glia_message(t.ctx);
    for (int i = 0; i < 5; ++i) glia_dataset_destroy(made[i]);
    return made[5];
}

// Two fits, so that the counters go on from one to the next; 45 samples in batches of 10 leave a last one of 5.
void train(Trained &t, Trained::Source source, bool split, std::vector<float> *out) {
    ASSERT_EQ(t.make_data(source), GLIA_OK) << glia_message(t.ctx);
    ASSERT_EQ(t.make_model(), GLIA_OK) << glia_message(t.ctx);
    glia_dataset *first = nullptr, *second = nullptr;
    if (split) {
        glia_split_args args{};
        args.count = 27;
        ASSERT_EQ(glia_dataset_split(t.data, &args, &first, &second), GLIA_OK) << glia_message(t.ctx);
    }
    *out            = t.fit(first ? first : t.data, second ? second : t.data, 3);
    const auto more = t.fit(first ? first : t.data, second ? second : t.data, 2);
    out->insert(out->end(), more.begin(), more.end());
    glia_dataset_destroy(first);
    glia_dataset_destroy(second);
}

// Each epoch takes few steps, each with a few hundred roundings of relative size 2^-24 that Adam's division by the root
// of a square can enlarge; 1e-4 is far below what one wrong sample, mask or count would do.
void compare(const std::vector<float> &got, const std::vector<float> &want) {
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-4 * std::fabs(want[i])) << "loss " << i;
}

void as_on_the_cpu(const char *device, Trained::Source source, bool split, const char *logged) {
    Trained host("cpu"), guest(device);
    if (!guest.opened) GTEST_SKIP() << glia_message(nullptr);
    std::vector<float> want, got;
    train(host, source, split, &want);
    train(guest, source, split, &got);
    compare(got, want);
    EXPECT_NE(guest.log.text.find(logged), std::string::npos) << guest.log.text;
}

TEST_P(Resident, bytes_go_through_their_table) {
    as_on_the_cpu(GetParam(), Trained::Source::table, false, "bytes stay on");
}
TEST_P(Resident, converted_numbers_are_kept_as_delivered) {
    as_on_the_cpu(GetParam(), Trained::Source::reals, false, "bytes stay on");
}
TEST_P(Resident, splits_share_the_samples) { as_on_the_cpu(GetParam(), Trained::Source::table, true, "bytes stay on"); }
TEST_P(Resident, views_share_the_samples) {
    std::vector<float> losses[2];
    const char *devices[] = {"cpu", GetParam()};
    std::string log;
    for (int i = 0; i < 2; ++i) {
        Trained t(devices[i]);
        if (!t.opened) GTEST_SKIP() << glia_message(nullptr);
        ASSERT_EQ(t.make_data(Trained::Source::table), GLIA_OK) << glia_message(t.ctx);
        ASSERT_EQ(t.make_model(), GLIA_OK) << glia_message(t.ctx);
        glia_dataset *view = make_view(t);
        losses[i]          = t.fit(view, t.data, 3);
        glia_dataset_destroy(view);
        log = t.log.text;
    }
    compare(losses[1], losses[0]);
    // 45 images, and the labels of the 68 samples that the view shows.
    EXPECT_NE(log.find("2704 bytes stay on"), std::string::npos) << log;
    EXPECT_EQ(log.find("gathered on the host"), std::string::npos) << log;
}
TEST_P(Resident, a_concatenation_of_different_data_stays_as_delivered) {
    std::vector<float> losses[2];
    const char *devices[] = {"cpu", GetParam()};
    std::string log;
    for (int i = 0; i < 2; ++i) {
        Trained t(devices[i]);
        if (!t.opened) GTEST_SKIP() << glia_message(nullptr);
        ASSERT_EQ(t.make_data(Trained::Source::reals), GLIA_OK) << glia_message(t.ctx);
        glia_dataset *both[2] = {t.data}, *all = nullptr, *view = nullptr;
        ASSERT_EQ(t.make_data(Trained::Source::table), GLIA_OK) << glia_message(t.ctx);
        ASSERT_EQ(glia_dataset_take(t.data, 0, 20, &both[1]), GLIA_OK);
        ASSERT_EQ(glia_dataset_concat(both, 2, &all), GLIA_OK) << glia_message(t.ctx);
        ASSERT_EQ(glia_dataset_repeat(all, 2, &view), GLIA_OK) << glia_message(t.ctx);
        ASSERT_EQ(t.make_model(), GLIA_OK) << glia_message(t.ctx);
        losses[i] = t.fit(view, all, 2);
        for (glia_dataset *d : {both[0], both[1], all, view}) glia_dataset_destroy(d);
        log = t.log.text;
    }
    compare(losses[1], losses[0]);
    EXPECT_NE(log.find("3640 bytes stay on"), std::string::npos) << log;  // 65 images in f32, 65 labels
    EXPECT_EQ(log.find("gathered on the host"), std::string::npos) << log;
}
TEST_P(Resident, a_source_goes_by_the_host) {
    as_on_the_cpu(GetParam(), Trained::Source::function, false, "a function makes its samples");
}

TEST_P(Resident, the_same_run_gives_the_same_bits) {
    std::vector<float> first, second;
    for (auto *out : {&first, &second}) {
        Trained t(GetParam());
        if (!t.opened) GTEST_SKIP() << glia_message(nullptr);
        train(t, Trained::Source::table, false, out);
    }
    EXPECT_EQ(first, second);
}

TEST_P(Resident, a_model_outlives_its_data) {
    Trained t(GetParam());
    if (!t.opened) GTEST_SKIP() << glia_message(nullptr);
    std::vector<float> losses;
    train(t, Trained::Source::table, false, &losses);
    glia_dataset_destroy(t.data);
    t.data = nullptr;
    ASSERT_EQ(t.make_data(Trained::Source::table), GLIA_OK);
    EXPECT_LT(t.fit(t.data, nullptr, 1)[0], losses[0]);
}

TEST_P(Resident, a_label_out_of_range_is_named) {
    Trained t(GetParam());
    if (!t.opened) GTEST_SKIP() << glia_message(nullptr);
    t.labels[17] = 77;
    ASSERT_EQ(t.make_data(Trained::Source::table), GLIA_OK);
    ASSERT_EQ(t.make_model(), GLIA_OK);
    glia_fit_args args{};
    args.batch_size = 10;
    EXPECT_EQ(glia_model_fit(t.net, t.data, &args), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(std::string(glia_message(t.ctx)).find("77"), std::string::npos) << glia_message(t.ctx);
    t.labels[17] = 2;
}

// Windows that overlap lie on the device once, as a series or as tokens.
class Sliding {
   public:
    Sliding(const char *device, bool tokens) {
        glia_context_args args{};
        args.seed = 3, args.threads = 1, args.log = Log::line, args.log_user = &log;
        opened = glia_context_create(device, &args, &ctx) == GLIA_OK;
        if (!opened) return;
        at_first = glia_context_bytes(ctx);
        EXPECT_EQ(tokens ? make_language() : make_forecast(), GLIA_OK) << glia_message(ctx);
    }
    ~Sliding() {
        glia_model_destroy(net);
        glia_dataset_destroy(data);
        if (ctx) gli_prepared_trim(ctx);
        EXPECT_EQ(glia_context_bytes(ctx), at_first);
        glia_context_destroy(ctx);
    }

    std::vector<float> fit() {
        std::vector<float> losses;
        glia_dataset *first = nullptr, *second = nullptr;
        glia_split_args split{};
        split.count = 37;
        EXPECT_EQ(glia_dataset_split(data, &split, &first, &second), GLIA_OK) << glia_message(ctx);
        glia_fit_args args{};
        args.epochs = 3, args.batch_size = 8, args.validation = second, args.callbacks[0].user = &losses;
        args.callbacks[0].on_epoch_end = [](void *user, const glia_event *event) {
            static_cast<std::vector<float> *>(user)->push_back(float(event->epoch->train.loss));
            static_cast<std::vector<float> *>(user)->push_back(float(event->epoch->validation.loss));
            return GLIA_OK;
        };
        EXPECT_EQ(glia_model_fit(net, first, &args), GLIA_OK) << glia_message(ctx);
        glia_dataset_destroy(first), glia_dataset_destroy(second);
        return losses;
    }

    Log log;
    bool opened       = false;
    size_t at_first   = 0;
    glia_context *ctx = nullptr;

   private:
    glia_status make_forecast() {
        for (int i = 0; i < 240; ++i) values.push_back(float(std::sin(0.3 * i) + 0.1 * (i % 5)));
        const glia_series series{GLIA_F32, values.data(), 60, 4, false};
        const int64_t column = 1;
        glia_windows_args args{};
        args.window = 6, args.targets = &column, args.n_targets = 1;
        glia_status status = glia_dataset_from_series(ctx, &series, &args, &data);
        if (status == GLIA_OK) status = glia_model_create(ctx, nullptr, &net);
        if (status != GLIA_OK) return status;
        const glia_value x = glia_model_flatten(net, glia_model_input(net, "x", GLIA_SHAPE(6, 4)), nullptr);
        return compile(x, 1, glia_loss_mse());
    }
    glia_status make_language() {
        for (int i = 0; i < 60; ++i) indices.push_back(i * i % 7);
        glia_token_windows_args args{};
        args.length = 5, args.stride = 1, args.last = true;
        glia_status status = glia_dataset_from_tokens(ctx, GLIA_I32, indices.data(), 60, &args, &data);
        if (status == GLIA_OK) status = glia_model_create(ctx, nullptr, &net);
        if (status != GLIA_OK) return status;
        glia_embedding_args table{};
        table.count = 7, table.size = 4;
        const glia_value x =
            glia_model_embedding(net, glia_model_index_input(net, "x", GLIA_I32, GLIA_SHAPE(5)), &table);
        return compile(glia_model_flatten(net, x, nullptr), 7, glia_loss_cross_entropy());
    }
    glia_status compile(glia_value x, int units, const glia_model_loss &loss) {
        glia_dense_args last{};
        last.units = units;
        glia_compile_args args{};
        args.loss = loss, args.optimizer = glia_optimizer_adam(0.02);
        return glia_model_compile(net, glia_model_dense(net, x, &last), &args);
    }

    glia_dataset *data = nullptr;
    glia_model *net    = nullptr;
    std::vector<float> values;
    std::vector<int32_t> indices;
};

void slide_as_on_the_cpu(const char *device, bool tokens, const char *logged) {
    Sliding host("cpu", tokens), guest(device, tokens);
    if (!guest.opened) GTEST_SKIP() << glia_message(nullptr);
    compare(guest.fit(), host.fit());
    EXPECT_NE(guest.log.text.find(logged), std::string::npos) << guest.log.text;
}

// All steps but the last of four features, and the 54 targets; all tokens but the last, and the 55 that follow a
// window.
TEST_P(Resident, windows_of_a_series_are_stored_once) { slide_as_on_the_cpu(GetParam(), false, "1160 bytes stay on"); }
TEST_P(Resident, windows_of_tokens_are_stored_once) { slide_as_on_the_cpu(GetParam(), true, "456 bytes stay on"); }

INSTANTIATE_TEST_SUITE_P(devices, Resident, testing::Values("emulated", "cuda:0"),
                         [](const auto &info) { return std::string(info.param) == "emulated" ? "emulated" : "cuda"; });

}  // namespace

// Callbacks that use their model, or destroy it: a clear error or the right thing, and nothing is lost.
#include <gtest/gtest.h>
#include <setjmp.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "glia/glia.h"
#include "support/counting.h"
#include "support/with.h"

namespace {

using glia::CountingAllocator;
using glia::with;

constexpr int kCount = 40, kBatch = 8, kAt = 21;  // samples; the sample at which a source does its trick

// A model that adds nothing to its input, on samples whose content is their number.
class Reentry : public testing::Test {
   public:
    Reentry() {
        const glia_context_args args{.threads = 1, .allocator = memory_.api()};
        EXPECT_EQ(glia_context_create("cpu", &args, &ctx_), GLIA_OK) << glia_message(nullptr);
        make_model();
        data_ = sourced(&trick_);
    }
    ~Reentry() override {
        glia_dataset_destroy(data_);
        if (!destroyed_) glia_model_destroy(net_);
        glia_context_destroy(ctx_);
        EXPECT_TRUE(memory_.blocks.empty());
    }

    void make_model() {
        EXPECT_EQ(glia_model_create(ctx_, nullptr, &net_), GLIA_OK) << message();
        y_                 = glia_model_activation(net_, glia_model_input(net_, "x", GLIA_SHAPE(1)), nullptr);
        glia_value trained = glia_model_dense(net_, y_, with(glia_dense_args{.units = 1}));
        EXPECT_EQ(glia_model_output(net_, trained, with(glia_output_args{.loss = glia_loss_mse()})), GLIA_OK);
        EXPECT_EQ(glia_model_compile(net_, {0}, nullptr), GLIA_OK) << message();
        destroyed_ = false;
    }

    std::string message() const { return glia_message(ctx_); }

    glia_dataset *sourced(std::function<glia_status()> *trick) {
        static const glia_field field{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1)};
        glia_dataset *out = nullptr;
        const glia_source source{.inputs    = &field,
                                 .n_inputs  = 1,
                                 .targets   = &field,
                                 .n_targets = 1,
                                 .count     = kCount,
                                 .read      = read,
                                 .user      = trick};
        EXPECT_EQ(glia_dataset_from_source(ctx_, &source, &out), GLIA_OK) << message();
        return out;
    }
    static glia_status read(void *user, const glia_sample *sample) {
        *static_cast<float *>(sample->inputs[0]) = *static_cast<float *>(sample->targets[0]) = float(sample->index);
        const auto &trick = *static_cast<std::function<glia_status()> *>(user);
        return sample->index == kAt && trick ? trick() : GLIA_OK;
    }
    glia_status fit() {
        return glia_model_fit(net_, data_, with(glia_fit_args{.epochs = 2, .batch_size = kBatch, .in_order = true}));
    }
    glia_status predict(std::vector<float> *out) {
        out->assign(kCount, -1);
        return glia_model_predict(net_, data_, kBatch, out->data(), kCount * sizeof(float));
    }

    CountingAllocator memory_;
    glia_context *ctx_ = nullptr;
    glia_model *net_   = nullptr;
    glia_value y_{};
    bool destroyed_ = false;
    std::function<glia_status()> trick_, none_;
    glia_dataset *data_ = nullptr;
};

TEST_F(Reentry, a_source_cannot_use_the_model_in_the_middle_of_a_step) {
    glia_dataset *other = sourced(&none_);
    std::vector<float> inner(kCount), expected, got;
    const int64_t count = 0;
    glia_result result;
    const struct {
        const char *call;
        std::function<glia_status()> run;
    } calls[] = {
        {"glia_model_predict",
         [&] { return glia_model_predict(net_, other, 3, inner.data(), kCount * sizeof(float)); }},
        {"glia_model_evaluate", [&] { return glia_model_evaluate(net_, other, 3, &result); }},
        {"glia_model_layer_output",
         [&] { return glia_model_layer_output(net_, "dense", other, 3, inner.data(), kCount * sizeof(float)); }},
        {"glia_model_gradient",
         [&] {
             return glia_model_gradient(net_, other, with(glia_gradient_args{.with_respect_to = "x"}), inner.data(),
                                        kCount * sizeof(float));
         }},
        {"glia_model_fit", [&] { return glia_model_fit(net_, other, nullptr); }},
        {"glia_model_compile", [&] { return glia_model_compile(net_, {0}, nullptr); }},
        {"glia_model_set", [&] { return glia_model_set(net_, "dense.weight", inner.data(), sizeof(float)); }},
        {"glia_model_state_set", [&] { return glia_model_state_set(net_, "glia/step", &count, sizeof count); }},
        {"glia_model_freeze", [&] { return glia_model_freeze(net_, "dense", true); }},
        {"glia_model_set_rate_scale", [&] { return glia_model_set_rate_scale(net_, "dense", 0.5); }},
        {"glia_model_set_penalties", [&] { return glia_model_set_penalties(net_, "dense", 0, 0); }},
        {"glia_model_set_learning_rate", [&] { return glia_model_set_learning_rate(net_, 0.5); }},
        {"glia_model_reset_states", [&] { return glia_model_reset_states(net_); }},
        {"glia_model_copy_weights", [&] { return glia_model_copy_weights(net_, net_, nullptr, nullptr); }},
        {"glia_model_save", [&] { return glia_model_save(net_, "/nowhere/at/all"); }},
    };
    for (const auto &call : calls) {
        SCOPED_TRACE(call.call);
        ASSERT_EQ(predict(&expected), GLIA_OK) << message();
        int refused = 0;
        // Returned, the error ends the outer call; swallowed, the outer call goes on as if nothing had been asked.
        trick_ = [&] { return refused += call.run() == GLIA_BUSY, GLIA_OK; };
        EXPECT_EQ(predict(&got), GLIA_OK) << message();
        EXPECT_EQ(got, expected);
        trick_ = call.run;
        EXPECT_EQ(predict(&got), GLIA_BUSY);
        EXPECT_EQ(fit(), GLIA_BUSY);
        trick_ = [&] { return refused += call.run() == GLIA_BUSY && message().find(call.call) == 0, GLIA_OK; };
        EXPECT_EQ(glia_model_evaluate(net_, data_, kBatch, &result), GLIA_OK) << message();
        EXPECT_EQ(refused, 2);
        trick_ = nullptr;
    }
    glia_dataset_destroy(other);
}

TEST_F(Reentry, a_source_may_destroy_what_is_looked_at) {
    float map[kCount];
    glia_dataset *data = data_;
    trick_             = [&] { return glia_dataset_destroy(data_), data_ = nullptr, GLIA_OK; };
    EXPECT_EQ(glia_model_layer_output(net_, "dense", data, kBatch, map, sizeof map), GLIA_OK) << message();
    data_  = sourced(&trick_);
    trick_ = [&] { return glia_model_destroy(net_), destroyed_ = true, GLIA_OK; };
    EXPECT_EQ(glia_model_gradient(net_, data_, with(glia_gradient_args{.with_respect_to = "x", .batch_size = kBatch}),
                                  map, sizeof map),
              GLIA_CANCELLED);
}

TEST_F(Reentry, a_model_that_a_source_destroys_lives_to_the_end_of_the_call) {
    trick_ = [&] { return glia_model_destroy(net_), destroyed_ = true, GLIA_OK; };
    EXPECT_EQ(fit(), GLIA_CANCELLED);
    EXPECT_EQ(message(), "the model was destroyed while it ran");
}

// Of the last sample of an epoch, after which no step would notice it, and of the validation.
TEST_F(Reentry, a_model_that_the_last_sample_destroys_ends_the_call_with_an_error) {
    glia_dataset *part = nullptr, *rest = nullptr, *plain = sourced(&none_);
    const glia_split_args to_it{.count = kAt + 1, .in_order = true};
    ASSERT_EQ(glia_dataset_split(data_, &to_it, &part, &rest), GLIA_OK) << message();
    glia_model_destroy(net_);
    for (const bool validation : {false, true}) {
        make_model();
        trick_ = [&] { return glia_model_destroy(net_), destroyed_ = true, GLIA_OK; };
        glia_fit_args args{.batch_size = kBatch, .in_order = true};
        if (validation) args.validation = part;
        EXPECT_EQ(glia_model_fit(net_, validation ? plain : part, &args), GLIA_CANCELLED) << validation;
        EXPECT_EQ(message(), "the model was destroyed while it ran");
    }
    glia_dataset_destroy(part), glia_dataset_destroy(rest), glia_dataset_destroy(plain);
}

TEST_F(Reentry, a_data_set_that_its_source_destroys_lives_to_the_end_of_the_call) {
    glia_tensor *x = nullptr, *t = nullptr;
    ASSERT_EQ(glia_tensor_create(ctx_, GLIA_F32, GLIA_SHAPE(2, 1), &x), GLIA_OK);
    ASSERT_EQ(glia_tensor_create(ctx_, GLIA_F32, GLIA_SHAPE(2, 1), &t), GLIA_OK);
    trick_               = [&] { return glia_dataset_destroy(data_), data_ = nullptr, GLIA_OK; };
    const int64_t both[] = {kAt, kAt + 1};
    float got[2]         = {};
    EXPECT_EQ(glia_dataset_get(data_, both, 2, &x, &t), GLIA_OK) << message();
    EXPECT_EQ(glia_tensor_read(x, got, sizeof got), GLIA_OK);
    EXPECT_EQ(got[1], kAt + 1);
    EXPECT_EQ(data_, nullptr);
    glia_tensor_destroy(x), glia_tensor_destroy(t);
}

// Samples of two classes by turns; at sample kAt the source destroys *user, the dataset.
glia_status read_class(void *user, const glia_sample *sample) {
    auto *dataset = static_cast<glia_dataset **>(user);
    if (sample->inputs[0]) *static_cast<float *>(sample->inputs[0]) = float(sample->index);
    *static_cast<int64_t *>(sample->targets[0]) = sample->index % 2;
    if (sample->index == kAt) glia_dataset_destroy(*dataset), *dataset = nullptr;
    return GLIA_OK;
}

TEST_F(Reentry, a_data_set_that_its_source_destroys_lives_while_its_labels_are_read) {
    static const glia_field x{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1)}, label{.dtype = GLIA_I64};
    glia_dataset *data = nullptr, *renamed = nullptr;
    const glia_source source{.inputs    = &x,
                             .n_inputs  = 1,
                             .targets   = &label,
                             .n_targets = 1,
                             .count     = kCount,
                             .read      = read_class,
                             .user      = &data};
    int64_t counts[2] = {};
    ASSERT_EQ(glia_dataset_from_source(ctx_, &source, &data), GLIA_OK) << message();
    EXPECT_EQ(glia_dataset_class_counts(data, 0, counts, 2), GLIA_OK) << message();
    EXPECT_EQ(counts[1], kCount / 2);
    EXPECT_EQ(data, nullptr);

    const int64_t table[] = {-1, 0};
    ASSERT_EQ(glia_dataset_from_source(ctx_, &source, &data), GLIA_OK) << message();
    EXPECT_EQ(glia_dataset_relabel(data, 0, table, 2, &renamed), GLIA_OK) << message();
    EXPECT_EQ(glia_dataset_count(renamed), kCount / 2);
    EXPECT_EQ(data, nullptr);
    glia_dataset_destroy(renamed);

    glia_model *net = nullptr;
    ASSERT_EQ(glia_model_create(ctx_, nullptr, &net), GLIA_OK) << message();
    glia_value logits = glia_model_input(net, "x", GLIA_SHAPE(1));
    logits            = glia_model_dense(net, logits, with(glia_dense_args{.units = 2}));
    ASSERT_EQ(glia_model_compile(net, logits, with(glia_compile_args{.loss = glia_loss_cross_entropy()})), GLIA_OK)
        << message();
    ASSERT_EQ(glia_dataset_from_source(ctx_, &source, &data), GLIA_OK) << message();
    EXPECT_EQ(glia_model_fit(net, data, with(glia_fit_args{.batch_size = kBatch, .balanced = true})), GLIA_OK)
        << message();
    EXPECT_EQ(data, nullptr);
    glia_model_destroy(net);
}

// Counts its samples, and refuses the one at kAt, if so.
struct Counted {
    int64_t read, fails_at;

    static glia_status next(void *user, const glia_sample *sample) {
        auto *counted                            = static_cast<Counted *>(user);
        *static_cast<float *>(sample->inputs[0]) = 0;
        if (sample->targets[0]) *static_cast<float *>(sample->targets[0]) = 0;
        ++counted->read;
        return sample->index == counted->fails_at ? GLIA_INVALID_ARGUMENT : GLIA_OK;
    }
};

TEST_F(Reentry, samples_are_not_read_again_because_the_user_s_own_function_failed) {
    static const glia_field field{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1)};
    Counted counted{0, kAt};
    const glia_source source{.inputs    = &field,
                             .n_inputs  = 1,
                             .targets   = &field,
                             .n_targets = 1,
                             .count     = kCount,
                             .read      = Counted::next,
                             .user      = &counted};
    glia_dataset *data = nullptr;
    ASSERT_EQ(glia_dataset_from_source(ctx_, &source, &data), GLIA_OK) << message();
    glia_fit_args args{.batch_size = kBatch, .in_order = true};
    glia_result result;
    std::vector<float> out(kCount);
    const std::function<glia_status()> calls[] = {
        [&] { return glia_model_fit(net_, data, &args); },
        [&] { return glia_model_evaluate(net_, data, kBatch, &result); },
        [&] { return glia_model_predict(net_, data, kBatch, out.data(), kCount * sizeof(float)); },
        [&] { return glia_model_layer_output(net_, "dense", data, kBatch, out.data(), kCount * sizeof(float)); },
    };
    for (const auto &call : calls) {
        counted.read = 0;
        EXPECT_EQ(call(), GLIA_INVALID_ARGUMENT);
        EXPECT_EQ(message(), "the dataset's source returned GLIA_INVALID_ARGUMENT for sample 21");
        EXPECT_EQ(counted.read, kAt + 1);
    }
    counted           = {0, -1};
    args.callbacks[0] = {.on_batch_end = [](void *, const glia_event *event) {
        return event->epoch->steps == 3 ? GLIA_INVALID_ARGUMENT : GLIA_OK;
    }};
    EXPECT_EQ(glia_model_fit(net_, data, &args), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(message(), "glia_model_fit: on_batch_end returned GLIA_INVALID_ARGUMENT");
    EXPECT_EQ(counted.read, 3 * kBatch);
    glia_dataset_destroy(data);
}

TEST_F(Reentry, validation_that_a_callback_destroys_lives_to_the_end_of_the_call) {
    struct Both {
        glia_dataset *validation;
        int epochs;
    } both{sourced(&none_), 0};
    glia_fit_args args{.epochs = 3, .batch_size = kBatch, .validation = both.validation};
    args.callbacks[0] = {.user = &both, .on_epoch_end = [](void *user, const glia_event *event) {
                             auto *b = static_cast<Both *>(user);
                             EXPECT_TRUE(event->epoch->has_validation);
                             if (++b->epochs == 1) glia_dataset_destroy(b->validation);
                             return GLIA_OK;
                         }};
    EXPECT_EQ(glia_model_fit(net_, data_, &args), GLIA_OK) << message();
    EXPECT_EQ(both.epochs, 3);
}

TEST_F(Reentry, on_epoch_end_may_use_its_model_and_destroy_it) {
    struct Epochs {
        Reentry *test;
        int count;
    } epochs{this, 0};
    const glia_fit_args args{.epochs     = 3,
                             .batch_size = kBatch,
                             .callbacks  = {{.user = &epochs, .on_epoch_end = [](void *user, const glia_event *event) {
                                                auto *e = static_cast<Epochs *>(user);
                                                ++e->count;
                                                std::vector<float> out;
                                                EXPECT_EQ(e->test->predict(&out), GLIA_OK) << e->test->message();
                                                EXPECT_EQ(glia_model_compile(e->test->net_, {0}, nullptr), GLIA_OK);
                                                if (event->epoch->epoch == 2)
                                                    glia_model_destroy(e->test->net_), e->test->destroyed_ = true;
                                                return GLIA_OK;
                                            }}}};
    EXPECT_EQ(glia_model_fit(net_, data_, &args), GLIA_CANCELLED) << message();
    EXPECT_EQ(epochs.count, 2);
}

TEST_F(Reentry, a_context_and_a_model_that_on_epoch_end_destroys_end_with_the_call) {
    const glia_fit_args args{.batch_size = kBatch,
                             .callbacks  = {{.user = this, .on_epoch_end = [](void *user, const glia_event *) {
                                                auto *test = static_cast<Reentry *>(user);
                                                glia_model_destroy(test->net_);
                                                test->destroyed_ = true;
                                                return GLIA_OK;
                                            }}}};
    EXPECT_EQ(glia_model_fit(net_, data_, &args), GLIA_OK);  // it was the last epoch
}

// What glia.h says of callbacks that do not return. The process ends afterwards: something was not given back.
void leave(void (*out_of_it)(), const std::function<void(const std::function<void()> &)> &call) {
    glia_context *ctx  = nullptr;
    glia_model *net    = nullptr;
    glia_dataset *data = nullptr;
    const std::vector<float> ones(kCount, 1);
    const glia_array array{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1), .data = ones.data()};
    const glia_arrays_args arrays{.inputs = &array, .n_inputs = 1, .targets = &array, .n_targets = 1, .count = kCount};
    glia_status status = glia_context_create("cpu", nullptr, &ctx);
    if (status == GLIA_OK) status = glia_dataset_from_arrays(ctx, &arrays, &data);
    if (status == GLIA_OK) status = glia_model_create(ctx, nullptr, &net);
    glia_value y = glia_model_input(net, "x", GLIA_SHAPE(1));
    y            = glia_model_dense(net, y, with(glia_dense_args{.units = 1}));
    if (status == GLIA_OK) status = glia_model_compile(net, y, with(glia_compile_args{.loss = glia_loss_mse()}));
    glia_fit_args args{};
    args.callbacks[0] = {.user         = reinterpret_cast<void *>(out_of_it),
                         .on_batch_end = [](void *user, const glia_event *) {
                             reinterpret_cast<void (*)()>(user)();
                             return GLIA_OK;
                         }};
    if (status == GLIA_OK) call([&] { glia_model_fit(net, data, &args); });
    glia_status here = glia_model_status(net), elsewhere = GLIA_OK;
    std::thread([&] { elsewhere = glia_model_status(net); }).join();
    _exit(status == GLIA_OK && here == GLIA_OK && elsewhere == GLIA_BUSY ? 0 : 1);
}

jmp_buf before_the_call;

TEST(ReentryDeathTest, callbacks_that_do_not_return_leave_the_context_in_use) {
    testing::FLAGS_gtest_death_test_style = "fast";
    const auto caught                     = [](const std::function<void()> &fit) {
        try {
            fit();
        } catch (int) {
        }
    };
    const auto jumped = [](const std::function<void()> &fit) {
        if (setjmp(before_the_call) == 0) fit();
    };
    EXPECT_EXIT(leave([] { throw 1; }, caught), testing::ExitedWithCode(0), "");
    EXPECT_EXIT(leave([] { longjmp(before_the_call, 1); }, jumped), testing::ExitedWithCode(0), "");
}

}  // namespace

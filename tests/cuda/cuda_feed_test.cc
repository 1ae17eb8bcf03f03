// Batches that are uploaded beside the work before: what the steps read is what the data set holds, in every schedule,
// and a failure of any call leaves nothing behind.
#include <cmath>

#include "support/devices.h"

extern "C" {
#include "data/loader.h"
#include "train/feed.h"
}

namespace {

using namespace glia;

constexpr int kBatch = 4, kBatches = 3, kValues = 70000;  // more than a megabyte a batch

float value_of(int64_t sample, int64_t i) { return float(sample % 64 + i % 7); }

glia_status read_sample(void *, const glia_sample *sample) {
    auto *values = static_cast<float *>(sample->inputs[0]);
    for (int64_t i = 0; i < kValues; ++i) values[i] = value_of(sample->index, i);
    if (sample->targets) *static_cast<int32_t *>(sample->targets[0]) = int32_t(sample->index);
    return GLIA_OK;
}

// Loads each batch and starts an op that reads it; the results and the last batch are looked at in the end.
glia_status feed_all(glia_context *ctx, Keep &keep, gli_feed *feed) {
    const glia_field input{"x", GLIA_F32, GLIA_SHAPE(kValues)}, target{"t", GLIA_I32, GLIA_SCALAR};
    const glia_source source{&input, 1, &target, 1, kBatch * kBatches, read_sample};
    const gli_loader_args args{.batch_size = kBatch};
    const glia_reduce_params sum{GLIA_REDUCE_SUM, GLIA_ALL_AXES, false};
    glia_dataset *data = nullptr;
    glia_tensor *in[2] = {}, *sums[kBatches] = {};
    gli_loader loader;
    GLI_TEST_TRY(glia_dataset_from_source(ctx, &source, &data));
    keep(data, glia_dataset_destroy);
    GLI_TEST_TRY(glia_tensor_create(ctx, GLIA_F32, GLIA_SHAPE(kBatch, kValues), &in[0]));
    keep(in[0], glia_tensor_destroy);
    GLI_TEST_TRY(glia_tensor_create(ctx, GLIA_I32, GLIA_SHAPE(kBatch), &in[1]));
    keep(in[1], glia_tensor_destroy);
    for (glia_tensor *&s : sums) {
        GLI_TEST_TRY(glia_tensor_create(ctx, GLIA_F32, GLIA_SCALAR, &s));
        keep(s, glia_tensor_destroy);
    }
    GLI_TEST_TRY(gli_loader_create(data, &args, &loader));
    glia_status status = GLIA_OK;
    for (int b = 0; b < kBatches && status == GLIA_OK; ++b) {
        status = gli_feed_load(feed, &loader, in, 2, 1);
        if (status == GLIA_OK) status = glia_reduce(ctx, &sum, in[0], sums[b]);
    }
    gli_loader_destroy(&loader);
    GLI_TEST_TRY(status);
    int32_t last[kBatch];
    GLI_TEST_TRY(glia_tensor_read(in[1], last, sizeof last));
    for (int n = 0; n < kBatch; ++n) EXPECT_EQ(last[n], kBatch * (kBatches - 1) + n);
    for (int b = 0; b < kBatches; ++b) {
        double want = 0;
        float got;
        for (int n = 0; n < kBatch; ++n)
            for (int64_t i = 0; i < kValues; ++i) want += value_of(kBatch * b + n, i);
        GLI_TEST_TRY(glia_tensor_read(sums[b], &got, sizeof got));
        EXPECT_NEAR(got, want, 1e-5 * want) << "batch " << b;
    }
    return GLIA_OK;
}

class CudaFeed : public OnDevice {
   protected:
    // What became of it; *used: whether batches went beside the work.
    glia_status run(bool *used, std::string *message, long *calls) {
        const Variable log("GLIA_LOG", "dispatch");
        Computer c(device());
        glia_status status = c.created;
        if (status == GLIA_OK) {
            Keep keep;
            gli_feed feed = {};
            status        = feed_all(c.ctx, keep, &feed);
            *used         = feed.memory != nullptr;
            gli_feed_close(&feed);
        }
        *message = c.message();
        c.destroy();
        *calls = c.calls();
        EXPECT_EQ(c.memory.held, 0u);
        EXPECT_EQ(live_bytes(device()), 0u);
        return status;
    }
};

TEST_P(CudaFeed, gives_what_the_data_hold) {
    bool used = false;
    std::string message;
    long calls;
    EXPECT_EQ(run(&used, &message, &calls), GLIA_OK) << message;
    EXPECT_TRUE(used);
}

// The loss of an epoch of a classifier, of the parity of the sample's number.
double loss_on(const char *device) {
    Computer c(device);
    Keep keep;
    const glia_field input{"x", GLIA_F32, GLIA_SHAPE(kValues)}, target{"t", GLIA_I32, GLIA_SCALAR};
    const glia_source source{&input, 1, &target, 1, kBatch * kBatches, [](void *, const glia_sample *sample) {
                                 if (sample->targets)
                                     *static_cast<int32_t *>(sample->targets[0]) = int32_t(sample->index % 2);
                                 auto *values = static_cast<float *>(sample->inputs[0]);
                                 for (int i = 0; i < kValues; ++i) values[i] = value_of(sample->index, i) / 1000;
                                 return GLIA_OK;
                             }};
    glia_dataset *data = nullptr;
    glia_model *net    = nullptr;
    EXPECT_EQ(glia_dataset_from_source(c.ctx, &source, &data), GLIA_OK) << c.message();
    keep(data, glia_dataset_destroy);
    EXPECT_EQ(glia_model_create(c.ctx, nullptr, &net), GLIA_OK) << c.message();
    keep(net, glia_model_destroy);
    const glia_dense_args dense{.units = 2};
    const glia_value logits = glia_model_dense(net, glia_model_input(net, "x", GLIA_SHAPE(kValues)), &dense);
    glia_compile_args compile{};
    compile.loss = glia_loss_cross_entropy(), compile.optimizer = glia_optimizer_sgd(0.01);
    EXPECT_EQ(glia_model_compile(net, logits, &compile), GLIA_OK) << c.message();
    glia_fit_args fit{};
    fit.epochs = 2, fit.batch_size = kBatch;
    EXPECT_EQ(glia_model_fit(net, data, &fit), GLIA_OK) << c.message();
    int count                 = 0;
    const glia_epoch *history = glia_model_history(net, &count);
    EXPECT_EQ(count, 2);
    return count == 2 ? history[1].train.loss : 0;
}

TEST_P(CudaFeed, trains_as_the_cpu_does) {
    const double want = loss_on("cpu");
    EXPECT_NEAR(loss_on(device()), want, 1e-4 * std::fabs(want));
}

GLI_ON_DEVICES(CudaFeed);

class ScheduledFeed : public CudaFeed {};

TEST_P(ScheduledFeed, gives_what_the_data_hold_in_every_order) {
    for (int seed = 1; seed <= 8; ++seed) {
        const std::string setting = "schedule=shuffled,seed=" + std::to_string(seed) + (seed % 2 ? ",copies=late" : "");
        const Variable schedule("GLIA_EMULATOR", setting.c_str());
        bool used = false;
        std::string message;
        long calls;
        EXPECT_EQ(run(&used, &message, &calls), GLIA_OK) << setting << ": " << message;
    }
}

TEST_P(ScheduledFeed, failures_of_any_call_leave_nothing_behind) {
    bool used = false;
    std::string message;
    long calls = 0, ignored, unnoticed = 0;
    ASSERT_EQ(run(&used, &message, &calls), GLIA_OK) << message;
    ASSERT_GT(calls, 50);
    for (const int error : {2, 700})
        for (long call = 0; call < calls; ++call) {
            const std::string setting = std::to_string(call) + ":" + std::to_string(error);
            const Variable fail("GLIA_CUDA_FAIL", setting.c_str());
            SCOPED_TRACE(setting);
            const glia_status status = run(&used, &message, &ignored);
            if (status == GLIA_OK) ++unnoticed;
            EXPECT_TRUE(error != 700 || status != GLIA_OK) << "a lost device went unnoticed";
        }
    EXPECT_LT(unnoticed, calls / 4) << "memory that is only missed for speed, and tries of another provider";
}

GLI_ON_EMULATOR(ScheduledFeed);

}  // namespace

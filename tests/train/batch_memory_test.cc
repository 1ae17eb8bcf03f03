// Memory too small for a batch: the message says which batch fits, that one does and the next one does not.
#include <string>
#include <vector>

#include "support/devices.h"

namespace {

using namespace glia;

struct Problem {
    glia_dataset *data = nullptr;
    glia_model *model  = nullptr;
};

constexpr int kSamples = 300, kFeatures = 16;

glia_status make(glia_context *ctx, Keep &keep, Problem *out) {
    static const std::vector<float> points(kSamples * kFeatures, 0.5f);
    static const std::vector<int64_t> classes(kSamples, 1);
    const glia_array input{"x", GLIA_F32, GLIA_SHAPE(kFeatures), points.data(), 0, 0},
        target{"t", GLIA_I64, GLIA_SCALAR, classes.data(), 0, 0};
    glia_arrays_args arrays{};
    arrays.inputs = &input, arrays.n_inputs = 1, arrays.targets = &target, arrays.n_targets = 1,
    arrays.count = kSamples;
    GLI_TEST_TRY(glia_dataset_from_arrays(ctx, &arrays, &out->data));
    keep(out->data, glia_dataset_destroy);
    GLI_TEST_TRY(glia_model_create(ctx, nullptr, &out->model));
    keep(out->model, glia_model_destroy);
    glia_dense_args hidden{}, last{};
    hidden.units = 128, hidden.activation = GLIA_TANH, last.units = 3;
    glia_value x = glia_model_input(out->model, "x", GLIA_SHAPE(kFeatures));
    x            = glia_model_dense(out->model, x, &hidden);
    x            = glia_model_dense(out->model, x, &hidden);
    glia_compile_args compile{};
    compile.loss = glia_loss_cross_entropy(), compile.optimizer = glia_optimizer_sgd(0.01);
    return glia_model_compile(out->model, glia_model_dense(out->model, x, &last), &compile);
}

glia_status fit(const Problem &p, int batch) {
    glia_fit_args args{};
    args.batch_size = batch;
    return glia_model_fit(p.model, p.data, &args);
}

// The number of "a batch of N would fit"; -1: there is none.
int batch_in(const std::string &message) {
    const size_t at = message.find("a batch of ");
    return at == std::string::npos ? -1 : atoi(message.c_str() + at + 11);
}

class BatchMemory : public testing::TestWithParam<const char *> {
   protected:
    void SetUp() override {
        gli_device_choice choice;
        if (gli_device_find(GetParam(), &choice) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
    }
    bool cpu() const { return strcmp(GetParam(), "cpu") == 0; }
    // Leaves the context about as many bytes as the model takes, and these.
    void limit(Computer &c, size_t bytes) {
        if (cpu())
            c.memory.limit = c.memory.held + bytes;
        else
            memory_ = std::make_unique<Variable>("GLIA_EMULATOR",
                                                 ("memory=" + std::to_string(live_bytes("emulated") + bytes)).c_str());
    }
    const Variable chunk_{"GLIA_CUDA_CHUNK", "0"};
    std::unique_ptr<Variable> memory_;
};

TEST_P(BatchMemory, message_names_the_largest_batch_that_fits) {
    for (const size_t bytes : {370000, 420000, 500000}) {
        SCOPED_TRACE(bytes);
        Computer c(GetParam());
        Keep keep;
        Problem p;
        ASSERT_EQ(c.created, GLIA_OK) << c.message();
        ASSERT_EQ(make(c.ctx, keep, &p), GLIA_OK) << c.message();
        limit(c, bytes);
        ASSERT_EQ(fit(p, kSamples), GLIA_OUT_OF_MEMORY) << c.message();
        const std::string message = c.message();
        const int batch           = batch_in(message);
        EXPECT_NE(message.find("out of memory"), std::string::npos) << message;
        EXPECT_NE(message.find(" bytes for "), std::string::npos) << message;
        ASSERT_GT(batch, 0) << message;
        ASSERT_LT(batch, kSamples) << message;
        EXPECT_EQ(fit(p, batch), GLIA_OK) << c.message();
        EXPECT_EQ(fit(p, batch + 1), GLIA_OUT_OF_MEMORY);
        EXPECT_EQ(batch_in(c.message()), batch) << c.message();
        memory_.reset();
    }
}

TEST_P(BatchMemory, message_says_when_no_batch_fits) {
    Computer c(GetParam());
    Keep keep;
    Problem p;
    ASSERT_EQ(make(c.ctx, keep, &p), GLIA_OK) << c.message();
    limit(c, 100000);
    ASSERT_EQ(fit(p, kSamples), GLIA_OUT_OF_MEMORY);
    EXPECT_NE(c.message().find("a batch of one sample would not fit either"), std::string::npos) << c.message();
}

// The update of a step of several batches is planned before them, and takes as much for batches of any size.
TEST(BatchMemoryOfUpdates, message_names_no_batch) {
    Computer c("cpu");
    Keep keep;
    Problem p;
    ASSERT_EQ(make(c.ctx, keep, &p), GLIA_OK) << c.message();
    c.memory.limit = c.memory.held + 170000;
    glia_fit_args args{};
    args.batch_size = 1, args.accumulate = 4;
    ASSERT_EQ(glia_model_fit(p.model, p.data, &args), GLIA_OUT_OF_MEMORY);
    EXPECT_NE(c.message().find("bytes for a graph"), std::string::npos) << c.message();
    EXPECT_EQ(c.message().find("a batch of"), std::string::npos) << c.message();
}

// A thousand times too much, and then what fits: nothing is lost on the way.
TEST_P(BatchMemory, is_found_again_after_each_failure) {
    Computer c(GetParam());
    Keep keep;
    Problem p;
    ASSERT_EQ(make(c.ctx, keep, &p), GLIA_OK) << c.message();
    limit(c, 500000);
    ASSERT_EQ(fit(p, 8), GLIA_OK) << c.message();
    const size_t held = c.memory.held, live = live_bytes(GetParam()), counted = glia_context_bytes(c.ctx);
    glia_tensor *t = nullptr;
    for (int i = 0; i < 1000; ++i) {
        ASSERT_EQ(glia_tensor_create(c.ctx, GLIA_F32, GLIA_SHAPE(1000000), &t), GLIA_OUT_OF_MEMORY);
        ASSERT_NE(c.message().find("4000000 bytes for a tensor"), std::string::npos) << c.message();
        ASSERT_EQ(glia_tensor_create(c.ctx, GLIA_F32, GLIA_SHAPE(1000), &t), GLIA_OK) << c.message();
        glia_tensor_destroy(t);
        if (i % 100 == 0) {
            ASSERT_EQ(fit(p, 8), GLIA_OK) << c.message();
        }
    }
    EXPECT_EQ(c.memory.held, held);
    EXPECT_EQ(live_bytes(GetParam()), live);
    EXPECT_EQ(glia_context_bytes(c.ctx), counted);
}

INSTANTIATE_TEST_SUITE_P(device, BatchMemory, testing::Values("cpu", "emulated"),
                         [](const auto &info) { return std::string(info.param); });

}  // namespace

// Workers that read batches ahead: the same batches in the same order, errors in their place, and an end to everything.
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "support/child.h"
#include "support/context_test.h"
#include "support/failing.h"
#include "support/internals.h"
#include "support/with.h"

extern "C" {
#include "data/loader.h"
}

namespace {

using namespace glia;

// What a source of these tests does: sample i of epoch e is {i, e, a random number}, and i again as the label.
struct Made {
    std::atomic<int64_t> calls{0}, fails_at{-1};
    std::atomic<bool> slow{false};
    std::atomic<int> inside{0}, most{0};
    std::thread::id thread = std::this_thread::get_id();
    std::atomic<bool> elsewhere{false};

    static glia_status read(void *user, const glia_sample *s) {
        auto *made       = static_cast<Made *>(user);
        const int inside = ++made->inside;
        for (int most = made->most; inside > most && !made->most.compare_exchange_weak(most, inside);) continue;
        ++made->calls;
        if (std::this_thread::get_id() != made->thread) made->elsewhere = true;
        // The later samples of a batch are often ready before the earlier ones.
        if (made->slow) std::this_thread::sleep_for(std::chrono::microseconds(s->random % 7 * 300));
        const float values[] = {float(s->index), float(s->epoch), float(s->random % 1024)};
        memcpy(s->inputs[0], values, sizeof values);
        if (s->targets[0]) *static_cast<int64_t *>(s->targets[0]) = s->index % 3;
        --made->inside;
        if (s->index != made->fails_at) return GLIA_OK;
        snprintf(s->message, GLIA_SAMPLE_MESSAGE, "file %lld is gone", static_cast<long long>(s->index));
        return GLIA_IO_ERROR;
    }
};

class Workers : public ContextTest {
   protected:
    glia_dataset *make(Made *made, int64_t count, int workers, int batches = 0) {
        static const glia_field x{"x", GLIA_F32, GLIA_SHAPE(3)}, label{"label", GLIA_I64, GLIA_SCALAR};
        const glia_source source{&x, 1, &label, 1, count, Made::read, made, nullptr, true};
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_from_source(ctx, &source, &out), GLIA_OK) << message();
        EXPECT_EQ(glia_dataset_set_workers(out, workers, batches), GLIA_OK) << message();
        return out;
    }

    // The next batch, as numbers; empty at the end, or after a failure, which *status has.
    std::vector<float> next(gli_loader *loader, glia_status *status) {
        const int64_t n = gli_loader_peek(loader);
        if (n == 0) return {};
        glia_tensor *x = tensor(GLIA_F32, GLIA_SHAPE(n, 3)), *y = tensor(GLIA_I64, GLIA_SHAPE(n));
        *status             = gli_loader_next(loader, &x, &y);
        const float *values = static_cast<const float *>(glia_tensor_data(x));
        const auto *labels  = static_cast<const int64_t *>(glia_tensor_data(y));
        std::vector<float> all(values, values + 3 * n);
        for (int64_t i = 0; i < n; ++i) all.push_back(float(labels[i]));
        glia_tensor_destroy(x), glia_tensor_destroy(y);
        return *status == GLIA_OK ? all : std::vector<float>{};
    }

    std::vector<std::vector<float>> epoch(gli_loader *loader, uint32_t number) {
        std::vector<std::vector<float>> all;
        glia_status status = GLIA_OK;
        gli_loader_begin(loader, number);
        for (auto batch = next(loader, &status); !batch.empty(); batch = next(loader, &status)) all.push_back(batch);
        EXPECT_EQ(status, GLIA_OK) << message();
        return all;
    }

    std::vector<std::vector<float>> epochs(int64_t count, int workers, const gli_loader_args &args, bool slow,
                                           int batches = 0) {
        Made made;
        made.slow             = slow;
        glia_dataset *dataset = make(&made, count, workers, batches);
        gli_loader loader;
        EXPECT_EQ(gli_loader_create(dataset, &args, &loader), GLIA_OK) << message();
        auto all        = epoch(&loader, 0);
        const auto more = epoch(&loader, 3);
        all.insert(all.end(), more.begin(), more.end());
        gli_loader_destroy(&loader);
        glia_dataset_destroy(dataset);
        EXPECT_EQ(made.elsewhere, workers > 0);
        EXPECT_LE(made.most, std::max(workers, 1));
        return all;
    }
};

TEST_F(Workers, give_the_same_batches_however_many_there_are) {
    for (const gli_loader_args &args : {gli_loader_args{8, true, 5, false},
                                        {8, false, 0, true},
                                        {100, true, 1, false},
                                        {1, true, 2, false},
                                        {7, true, 9, true}}) {
        const auto want = epochs(45, 0, args, false);
        ASSERT_FALSE(want.empty());
        for (int workers : {1, 2, 4, 9})
            for (int batches : {0, 1, 5})
                EXPECT_EQ(epochs(45, workers, args, workers % 2 == 0, batches), want)
                    << workers << " workers, batches of " << args.batch_size;
    }
}

TEST_F(Workers, read_no_more_than_an_epoch_and_leave_it_anywhere) {
    Made made;
    made.slow             = true;
    glia_dataset *dataset = make(&made, 64, 3);
    gli_loader loader;
    const gli_loader_args args = {8, true, 4, false};
    ASSERT_EQ(gli_loader_create(dataset, &args, &loader), GLIA_OK);
    epoch(&loader, 0);
    EXPECT_EQ(made.calls, 64);
    glia_status status = GLIA_OK;
    gli_loader_begin(&loader, 1);
    next(&loader, &status);  // and leaves workers at work
    const auto left = epoch(&loader, 2);
    EXPECT_EQ(left.size(), 8u);
    // From the middle of an epoch on, as after a stop.
    gli_loader_begin(&loader, 2);
    loader.next = 24;
    for (size_t i = 3; i < 8; ++i) EXPECT_EQ(next(&loader, &status), left[i]);
    gli_loader_begin(&loader, 5);
    next(&loader, &status);
    gli_loader_destroy(&loader);  // in the middle
    glia_dataset_destroy(dataset);
    EXPECT_EQ(made.inside, 0);
}

TEST_F(Workers, tell_the_first_sample_that_failed) {
    for (int workers : {0, 1, 2, 4}) {
        Made made;
        made.slow = true, made.fails_at = 21;
        glia_dataset *dataset = make(&made, 40, workers);
        gli_loader loader;
        const gli_loader_args args = {8, false, 0, false};
        ASSERT_EQ(gli_loader_create(dataset, &args, &loader), GLIA_OK);
        glia_status status = GLIA_OK;
        for (int i = 0; i < 2; ++i) EXPECT_EQ(next(&loader, &status).size(), 32u);
        for (int i = 0; i < 2; ++i) {
            EXPECT_TRUE(next(&loader, &status).empty());
            EXPECT_EQ(status, GLIA_IO_ERROR);
            EXPECT_EQ(message(), "the dataset's source returned GLIA_IO_ERROR for sample 21: file 21 is gone");
        }
        made.fails_at = -1;  // it can be tried again
        for (int i = 0; i < 3; ++i) EXPECT_EQ(next(&loader, &status).size(), 32u) << message();
        EXPECT_EQ(gli_loader_peek(&loader), 0);
        gli_loader_destroy(&loader);
        glia_dataset_destroy(dataset);
    }
}

TEST_F(Workers, of_many_failures_tell_the_first) {
    const glia_field x{"x", GLIA_F32, GLIA_SCALAR};
    const auto read = [](void *, const glia_sample *s) {
        std::this_thread::sleep_for(std::chrono::microseconds(s->random % 5 * 200));
        *static_cast<float *>(s->inputs[0]) = 0;
        return s->index % 5 == 3 ? GLIA_BAD_FORMAT : GLIA_OK;
    };
    const glia_source source{&x, 1, nullptr, 0, 30, read, nullptr, nullptr, true};
    glia_dataset *dataset = nullptr;
    ASSERT_EQ(glia_dataset_from_source(ctx, &source, &dataset), GLIA_OK) << message();
    ASSERT_EQ(glia_dataset_set_workers(dataset, 4, 3), GLIA_OK);
    const gli_loader_args args = {30, false, 0, false};
    glia_tensor *to            = tensor(GLIA_F32, GLIA_SHAPE(30));
    for (int i = 0; i < 20; ++i) {
        gli_loader loader;
        ASSERT_EQ(gli_loader_create(dataset, &args, &loader), GLIA_OK);
        EXPECT_EQ(gli_loader_next(&loader, &to, nullptr), GLIA_BAD_FORMAT);
        EXPECT_EQ(message(), "the dataset's source returned GLIA_BAD_FORMAT for sample 3");
        gli_loader_destroy(&loader);
    }
    glia_tensor_destroy(to), glia_dataset_destroy(dataset);
}

TEST_F(Workers, need_functions_that_allow_them) {
    const glia_field x{"x", GLIA_F32, GLIA_SCALAR};
    const glia_source source{&x, 1, nullptr, 0, 3, Made::read, nullptr, nullptr, false};
    glia_dataset *dataset = nullptr, *view = nullptr;
    ASSERT_EQ(glia_dataset_from_source(ctx, &source, &dataset), GLIA_OK);
    ASSERT_EQ(glia_dataset_repeat(dataset, 2, &view), GLIA_OK);
    for (glia_dataset *d : {dataset, view}) {
        EXPECT_EQ(glia_dataset_set_workers(d, 2, 0), GLIA_INVALID_ARGUMENT);
        EXPECT_TRUE(says("workers is 2, but a source or a map of the dataset is not concurrent")) << message();
        EXPECT_EQ(glia_dataset_set_workers(d, 0, 0), GLIA_OK);
    }
    glia_dataset_destroy(view), glia_dataset_destroy(dataset);
}

TEST(WorkersMemory, every_allocation_may_fail) {
    EXPECT_GE(fail_every_allocation([&](glia_context *ctx) {
                  static const glia_field x{"x", GLIA_F32, GLIA_SHAPE(3)}, label{"label", GLIA_I64, GLIA_SCALAR};
                  Made made;
                  const glia_source source{&x, 1, &label, 1, 10, Made::read, &made, nullptr, true};
                  glia_dataset *data        = nullptr;
                  glia_tensor *to[2]        = {};
                  gli_loader_args args      = {4, true, 1, false, false};
                  gli_loader loader         = {};
                  const glia_shape shapes[] = {GLIA_SHAPE(4, 3), GLIA_SHAPE(4)};
                  glia_status status        = glia_dataset_from_source(ctx, &source, &data);
                  if (status == GLIA_OK) status = glia_dataset_set_workers(data, 2, 0);
                  if (status == GLIA_OK) status = glia_tensor_create(ctx, GLIA_F32, shapes[0], &to[0]);
                  if (status == GLIA_OK) status = glia_tensor_create(ctx, GLIA_I64, shapes[1], &to[1]);
                  if (status == GLIA_OK) status = gli_loader_create(data, &args, &loader);
                  if (status == GLIA_OK) status = gli_loader_next(&loader, &to[0], &to[1]);
                  gli_loader_destroy(&loader);
                  glia_tensor_destroy(to[0]), glia_tensor_destroy(to[1]);
                  glia_dataset_destroy(data);
                  return status;
              }),
              8);
}

// A small network on samples of a source, through views and a map that augments.
class Fitted : public Workers {
   protected:
    struct Run {
        std::vector<float> weights;
        double loss = 0;
    };
    glia_model *model(const char *device) {
        if (ctx) glia_context_destroy(ctx), ctx = nullptr;
        if (glia_context_create(device, with(glia_context_args{.seed = 7, .threads = 1}), &ctx) != GLIA_OK)
            return nullptr;
        glia_model *net = nullptr;
        EXPECT_EQ(glia_model_create(ctx, nullptr, &net), GLIA_OK);
        glia_value h = glia_model_dense(net, glia_model_input(net, "x", GLIA_SHAPE(3)),
                                        with(glia_dense_args{.name = "h", .units = 5, .activation = GLIA_TANH}));
        h            = glia_model_dense(net, h, with(glia_dense_args{.name = "y", .units = 3}));
        glia_compile_args args{};
        args.loss = glia_loss_cross_entropy(), args.optimizer = glia_optimizer_adam(0.01);
        EXPECT_EQ(glia_model_compile(net, h, &args), GLIA_OK) << message();
        return net;
    }
    glia_dataset *augmented(Made *made, int workers) {
        glia_map_args args{};
        args.concurrent = true;
        args.map        = [](void *, const glia_sample *, const glia_sample *to) {
            auto *x = static_cast<float *>(to->inputs[0]);
            x[0]    = x[0] / 50 + float(to->random % 100) / 1000, x[1] /= 10, x[2] /= 1024;
            return GLIA_OK;
        };
        glia_dataset *all = make(made, 50, 0), *part = nullptr, *out = nullptr;
        EXPECT_EQ(glia_dataset_take(all, 5, 43, &part), GLIA_OK);
        EXPECT_EQ(glia_dataset_map(part, &args, &out), GLIA_OK) << message();
        EXPECT_EQ(glia_dataset_set_workers(out, workers, 0), GLIA_OK) << message();
        glia_dataset_destroy(all), glia_dataset_destroy(part);
        return out;
    }
    std::vector<float> weights(glia_model *net) {
        std::vector<float> all(15 + 15, 0);
        EXPECT_EQ(glia_model_get(net, "h.weight", all.data(), 60), GLIA_OK) << message();
        EXPECT_EQ(glia_model_get(net, "y.weight", all.data() + 15, 60), GLIA_OK) << message();
        return all;
    }
    // Three epochs; stopped in the middle of the second and resumed, if so.
    bool run(const char *device, int workers, bool stopped, Run *out) {
        glia_model *net = model(device);
        if (!net) return false;
        Made made;
        made.slow          = workers > 1;
        glia_dataset *data = augmented(&made, workers);
        glia_fit_args args{};
        args.epochs = 3, args.batch_size = 8, args.validation = data;
        if (stopped) {
            glia_trainer *trainer = nullptr;
            EXPECT_EQ(glia_trainer_create(net, data, &args, &trainer), GLIA_OK) << message();
            for (int i = 0; i < 6 + 3; ++i) EXPECT_EQ(glia_trainer_step(trainer), GLIA_OK) << message();
            glia_trainer_destroy(trainer);
            args.resume = true;
        }
        EXPECT_EQ(glia_model_fit(net, data, &args), GLIA_OK) << message();
        glia_result result;
        EXPECT_EQ(glia_model_evaluate(net, data, 0, &result), GLIA_OK) << message();
        *out = {weights(net), result.loss};
        glia_model_destroy(net), glia_dataset_destroy(data);
        gli_prepared_trim(ctx);
        return true;
    }
};

TEST_F(Fitted, training_has_the_same_bits_for_any_number_of_workers) {
    for (const char *device : {"emulated", "cpu"}) {
        Run want, got;
        if (!run(device, 0, false, &want)) GTEST_SKIP() << glia_message(nullptr);
        for (int workers : {0, 1, 2, 4})
            for (bool stopped : {false, true}) {
                ASSERT_TRUE(run(device, workers, stopped, &got));
                EXPECT_EQ(got.weights, want.weights) << device << ", " << workers << " workers, stopped: " << stopped;
                EXPECT_EQ(got.loss, want.loss);
            }
    }
}

TEST_F(Fitted, a_failure_of_a_worker_ends_fit) {
    for (int workers : {0, 3}) {
        glia_model *net = model("cpu");
        ASSERT_NE(net, nullptr);
        Made made;
        made.fails_at      = 30;
        glia_dataset *data = augmented(&made, workers);
        EXPECT_EQ(glia_model_fit(net, data, nullptr), GLIA_IO_ERROR);
        EXPECT_EQ(message(), "the dataset's source returned GLIA_IO_ERROR for sample 30: file 30 is gone");
        made.fails_at = -1;
        EXPECT_EQ(glia_model_fit(net, data, nullptr), GLIA_OK) << message();
        glia_model_destroy(net), glia_dataset_destroy(data);
        gli_prepared_trim(ctx);
    }
}

TEST_F(Fitted, a_trainer_keeps_the_workers_that_it_began_with) {
    for (int workers : {0, 4}) {
        glia_model *net = model("cpu");
        ASSERT_NE(net, nullptr);
        Made made;
        glia_dataset *data    = make(&made, 40, workers);
        glia_trainer *trainer = nullptr;
        ASSERT_EQ(glia_trainer_create(net, data, nullptr, &trainer), GLIA_OK) << message();
        ASSERT_EQ(glia_dataset_set_workers(data, 4 - workers, 0), GLIA_OK) << message();
        EXPECT_EQ(glia_trainer_epoch(trainer), GLIA_OK) << message();
        EXPECT_EQ(made.elsewhere, workers > 0);
        glia_trainer_destroy(trainer);
        glia_model_destroy(net), glia_dataset_destroy(data);
        gli_prepared_trim(ctx);
    }
}

TEST_F(Fitted, the_share_of_the_validation_is_read_by_workers_too) {
    struct Readers {
        std::thread::id here = std::this_thread::get_id();
        std::atomic<int> train{0}, validation{0}, by_workers{0};
    } readers;
    glia_map_args args{};
    args.concurrent = true, args.user = &readers;
    args.map = [](void *user, const glia_sample *seen, const glia_sample *) {
        auto *r = static_cast<Readers *>(user);
        ++(seen->index < 30 ? r->train : r->validation);
        r->by_workers += std::this_thread::get_id() != r->here;
        return GLIA_OK;
    };
    glia_model *net = model("cpu");
    ASSERT_NE(net, nullptr);
    Made made;
    glia_dataset *all = make(&made, 40, 0), *data = nullptr;
    ASSERT_EQ(glia_dataset_map(all, &args, &data), GLIA_OK) << message();
    ASSERT_EQ(glia_dataset_set_workers(data, 2, 0), GLIA_OK) << message();
    ASSERT_EQ(glia_model_fit(net, data, with(glia_fit_args{.validation_share = 0.25})), GLIA_OK) << message();
    EXPECT_EQ(readers.train, 30);
    EXPECT_EQ(readers.validation, 10);
    EXPECT_EQ(readers.by_workers, 40);
    glia_model_destroy(net), glia_dataset_destroy(data), glia_dataset_destroy(all);
    gli_prepared_trim(ctx);
}

TEST_F(Workers, are_started_anew_in_a_child_process) {
    Made made;
    made.slow             = true;
    glia_dataset *dataset = make(&made, 40, 2);
    gli_loader loader;
    const gli_loader_args args = {8, true, 3, false};
    ASSERT_EQ(gli_loader_create(dataset, &args, &loader), GLIA_OK);
    const auto want    = epoch(&loader, 1);
    glia_status status = GLIA_OK;
    gli_loader_begin(&loader, 1);
    next(&loader, &status);
    EXPECT_TRUE(in_a_child([&] {
        std::vector<float> batch = next(&loader, &status);
        const bool same          = batch == want[1] && epoch(&loader, 1) == want;
        gli_loader_destroy(&loader);
        return same;
    }));
    EXPECT_EQ(next(&loader, &status), want[1]);
    gli_loader_destroy(&loader);
    glia_dataset_destroy(dataset);
}

// So many addresses beyond those that the process has, where a thread's stack takes 64 MB of them.
bool limit_addresses(size_t more) {
    pthread_attr_t attributes;
    FILE *file   = fopen("/proc/self/statm", "r");
    size_t pages = 0;
    if (!file || fscanf(file, "%zu", &pages) != 1) return false;
    fclose(file);
    const rlim_t bytes = pages * size_t(sysconf(_SC_PAGESIZE)) + more;
    const rlimit limit{bytes, bytes};
    return pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, 64 << 20) == 0 &&
           pthread_setattr_default_np(&attributes) == 0 && setrlimit(RLIMIT_AS, &limit) == 0;
}

TEST_F(Workers, that_cannot_be_started_are_not_missed) {
    for (int stacks : {0, 2})
        EXPECT_TRUE(in_a_child([&] {
            Made made;
            glia_dataset *dataset = make(&made, 40, 100);
            gli_loader loader;
            const gli_loader_args args = {8, false, 0, false};
            if (gli_loader_create(dataset, &args, &loader) != GLIA_OK) return false;
            if (!limit_addresses(size_t(8 + 65 * stacks) << 20)) return false;
            const auto batches = epoch(&loader, 0);
            return batches.size() == 5 && made.elsewhere == (stacks > 0);
        })) << stacks;
}

}  // namespace

// Datasets, splits and batches.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <set>

#include "support/context_test.h"
#include "support/failing.h"
#include "support/internals.h"

extern "C" {
#include "data/loader.h"
}

namespace {

using namespace glia;

class Data : public ContextTest {
   protected:
    // Samples 0 .. count-1: x is {10 i, 10 i + 1}, y is i.
    glia_dataset *numbered(int64_t count, bool copy = true) {
        xs.clear(), ys.clear();
        for (int64_t i = 0; i < count; ++i) {
            xs.push_back(float(10 * i)), xs.push_back(float(10 * i + 1));
            ys.push_back(int32_t(i));
        }
        const glia_array input      = {"x", GLIA_F32, GLIA_SHAPE(2), xs.data(), 0, 0},
                         target     = {nullptr, GLIA_I32, GLIA_SCALAR, ys.data(), 0, 0};
        const glia_arrays_args args = {&input, 1, &target, 1, count, copy};
        glia_dataset *dataset       = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &args, &dataset), GLIA_OK) << message();
        return dataset;
    }

    // The targets of a dataset of `numbered`, in its order.
    std::vector<int> ids(glia_dataset *dataset) {
        const int64_t n = glia_dataset_count(dataset);
        std::vector<int64_t> index(size_t(n), 0);
        std::iota(index.begin(), index.end(), 0);
        glia_tensor *x = tensor(GLIA_F32, GLIA_SHAPE(n, 2)), *y = tensor(GLIA_I32, GLIA_SHAPE(n));
        EXPECT_EQ(glia_dataset_get(dataset, index.data(), n, &x, &y), GLIA_OK) << message();
        const float *values   = static_cast<const float *>(glia_tensor_data(x));
        const int32_t *labels = static_cast<const int32_t *>(glia_tensor_data(y));
        std::vector<int> all(labels, labels + n);
        for (int64_t i = 0; i < n; ++i) {
            EXPECT_EQ(values[2 * i], float(10 * labels[i]));
            EXPECT_EQ(values[2 * i + 1], float(10 * labels[i] + 1));
        }
        glia_tensor_destroy(x), glia_tensor_destroy(y);
        return all;
    }

    // The targets of each batch of an epoch.
    std::vector<std::vector<int>> epoch(glia_dataset *dataset, const gli_loader_args &args, uint32_t number) {
        gli_loader loader;
        std::vector<std::vector<int>> batches;
        EXPECT_EQ(gli_loader_create(dataset, &args, &loader), GLIA_OK) << message();
        gli_loader_begin(&loader, number);
        while (int64_t n = gli_loader_peek(&loader)) {
            glia_tensor *x = tensor(GLIA_F32, GLIA_SHAPE(n, 2)), *y = tensor(GLIA_I32, GLIA_SHAPE(n));
            EXPECT_EQ(gli_loader_next(&loader, &x, &y), GLIA_OK) << message();
            const int32_t *labels = static_cast<const int32_t *>(glia_tensor_data(y));
            batches.emplace_back(labels, labels + n);
            glia_tensor_destroy(x), glia_tensor_destroy(y);
        }
        EXPECT_EQ(gli_loader_batches(&loader), int64_t(batches.size()));
        gli_loader_destroy(&loader);
        return batches;
    }

    std::vector<float> xs;
    std::vector<int32_t> ys;
};

std::vector<int64_t> order_of(const gli_loader &loader) {
    const auto *order = static_cast<const int64_t *>(loader.order.data);
    return {order, order + loader.dataset->count};
}

std::vector<int> first_numbers(int count) {
    std::vector<int> all(size_t(count), 0);
    std::iota(all.begin(), all.end(), 0);
    return all;
}

std::vector<int> joined(const std::vector<std::vector<int>> &batches) {
    std::vector<int> all;
    for (const auto &batch : batches) all.insert(all.end(), batch.begin(), batch.end());
    return all;
}

std::vector<int> sorted(std::vector<int> values) {
    std::sort(values.begin(), values.end());
    return values;
}

TEST_F(Data, arrays_describe_themselves) {
    glia_dataset *dataset = numbered(5);
    EXPECT_EQ(glia_dataset_count(dataset), 5);
    EXPECT_EQ(glia_dataset_inputs(dataset), 1);
    EXPECT_EQ(glia_dataset_targets(dataset), 1);
    EXPECT_STREQ(glia_dataset_input(dataset, 0).name, "x");
    EXPECT_STREQ(glia_dataset_target(dataset, 0).name, "target0");
    EXPECT_EQ(glia_dataset_input(dataset, 0).shape.ndim, 1);
    EXPECT_EQ(glia_dataset_target(dataset, 0).dtype, GLIA_I32);
    EXPECT_EQ(glia_dataset_input(dataset, 1).name, nullptr);
    EXPECT_EQ(glia_dataset_target(dataset, -1).name, nullptr);
    EXPECT_EQ(ids(dataset), first_numbers(5));
    glia_dataset_destroy(dataset);
    EXPECT_EQ(glia_dataset_count(nullptr), 0);
    glia_dataset_destroy(nullptr);
}

TEST_F(Data, a_copy_is_a_copy_and_a_view_is_a_view) {
    for (bool copy : {true, false}) {
        glia_dataset *dataset = numbered(3, copy);
        ys[1] = 77, xs[2] = 770, xs[3] = 771;
        EXPECT_EQ(ids(dataset)[1], copy ? 1 : 77);
        glia_dataset_destroy(dataset);
    }
}

TEST_F(Data, get_refuses_what_does_not_fit) {
    glia_dataset *dataset = numbered(4);
    const int64_t index[] = {0, 3}, outside[] = {0, 4}, negative[] = {-1, 0};
    glia_tensor *x = tensor(GLIA_F32, GLIA_SHAPE(2, 2)), *y = tensor(GLIA_I32, GLIA_SHAPE(2)), *none = nullptr;
    glia_tensor *long_y = tensor(GLIA_I64, GLIA_SHAPE(2)), *tall = tensor(GLIA_F32, GLIA_SHAPE(3, 2));
    const int64_t stride[] = {1, 2};
    glia_tensor *columns   = nullptr;
    ASSERT_EQ(glia_tensor_wrap(ctx, GLIA_F32, GLIA_SHAPE(2, 2), stride, xs.data(), &columns), GLIA_OK);
    EXPECT_EQ(glia_dataset_get(dataset, index, 2, &x, &y), GLIA_OK) << message();
    EXPECT_EQ(glia_dataset_get(dataset, index, 2, &x, nullptr), GLIA_OK) << message();
    EXPECT_EQ(glia_dataset_get(dataset, outside, 2, &x, &y), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("index[1] is 4, the dataset has 4 samples")) << message();
    EXPECT_EQ(glia_dataset_get(dataset, negative, 2, &x, &y), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_dataset_get(dataset, nullptr, 2, &x, &y), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_dataset_get(dataset, index, -1, &x, &y), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_dataset_get(dataset, index, 2, nullptr, &y), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_dataset_get(dataset, index, 2, &none, &y), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_dataset_get(dataset, index, 2, &x, &long_y), GLIA_DTYPE_MISMATCH);
    EXPECT_TRUE(says("'target0' is i64, must be i32")) << message();
    EXPECT_EQ(glia_dataset_get(dataset, index, 2, &tall, &y), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(says("[3,2], must be [2,2]")) << message();
    EXPECT_EQ(glia_dataset_get(dataset, index, 2, &columns, &y), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_dataset_get(nullptr, index, 2, &x, &y), GLIA_INVALID_ARGUMENT);
    glia_context *other = nullptr;
    glia_tensor *far    = nullptr;
    ASSERT_EQ(glia_context_create("cpu", nullptr, &other), GLIA_OK);
    ASSERT_EQ(glia_tensor_create(other, GLIA_F32, GLIA_SHAPE(2, 2), &far), GLIA_OK);
    EXPECT_EQ(glia_dataset_get(dataset, index, 2, &far, &y), GLIA_DEVICE_MISMATCH);
    glia_tensor_destroy(far), glia_context_destroy(other);
    for (glia_tensor *t : {x, y, long_y, tall, columns}) glia_tensor_destroy(t);
    glia_dataset_destroy(dataset);
}

struct Counter {
    int64_t calls = 0, fails_at = -1;
};

glia_status read(void *user, const glia_sample *sample) {
    auto *counter = static_cast<Counter *>(user);
    ++counter->calls;
    if (sample->index == counter->fails_at) return GLIA_IO_ERROR;
    static_cast<float *>(sample->inputs[0])[0]    = float(10 * sample->index);
    static_cast<float *>(sample->inputs[0])[1]    = float(10 * sample->index + 1);
    static_cast<int32_t *>(sample->targets[0])[0] = int32_t(sample->index);
    return GLIA_OK;
}

glia_dataset *sourced(glia_context *ctx, int64_t count, Counter *counter) {
    const glia_field input = {"x", GLIA_F32, GLIA_SHAPE(2)}, target = {"id", GLIA_I32, GLIA_SCALAR};
    const glia_source source = {&input, 1, &target, 1, count, read, counter, nullptr, false};
    glia_dataset *dataset    = nullptr;
    EXPECT_EQ(glia_dataset_from_source(ctx, &source, &dataset), GLIA_OK) << glia_message(ctx);
    return dataset;
}

TEST_F(Data, a_source_is_asked_for_what_is_needed) {
    Counter counter;
    glia_dataset *dataset = sourced(ctx, 6, &counter), *first = nullptr;
    EXPECT_EQ(counter.calls, 0);
    EXPECT_EQ(ids(dataset), first_numbers(6));
    EXPECT_EQ(counter.calls, 6);
    glia_split_args args = {};
    args.count           = 4;
    ASSERT_EQ(glia_dataset_split(dataset, &args, &first, nullptr), GLIA_OK) << message();
    EXPECT_EQ(ids(first).size(), 4u);
    EXPECT_EQ(counter.calls, 10);
    // Targets that nobody wants are written somewhere else.
    glia_tensor *x        = tensor(GLIA_F32, GLIA_SHAPE(2, 2));
    const int64_t index[] = {5, 2};
    EXPECT_EQ(glia_dataset_get(dataset, index, 2, &x, nullptr), GLIA_OK) << message();
    EXPECT_EQ(static_cast<const float *>(glia_tensor_data(x))[3], 21);
    glia_tensor_destroy(x), glia_dataset_destroy(first), glia_dataset_destroy(dataset);
}

TEST_F(Data, a_sources_error_reaches_the_caller) {
    Counter counter;
    counter.fails_at      = 3;
    glia_dataset *dataset = sourced(ctx, 6, &counter);
    glia_tensor *x = tensor(GLIA_F32, GLIA_SHAPE(2, 2)), *y = tensor(GLIA_I32, GLIA_SHAPE(2));
    const int64_t bad[] = {1, 3}, good[] = {1, 2};
    EXPECT_EQ(glia_dataset_get(dataset, bad, 2, &x, &y), GLIA_IO_ERROR);
    EXPECT_TRUE(says("source returned GLIA_IO_ERROR for sample 3")) << message();
    EXPECT_EQ(glia_dataset_get(dataset, good, 2, &x, &y), GLIA_OK) << message();

    // A loader stays where it is, so that the batch can be tried again.
    gli_loader loader;
    const gli_loader_args args = {2, false, 0, false};
    ASSERT_EQ(gli_loader_create(dataset, &args, &loader), GLIA_OK);
    EXPECT_EQ(gli_loader_next(&loader, &x, &y), GLIA_OK);
    EXPECT_EQ(gli_loader_next(&loader, &x, &y), GLIA_IO_ERROR);
    counter.fails_at = -1;
    EXPECT_EQ(gli_loader_next(&loader, &x, &y), GLIA_OK);
    EXPECT_EQ(static_cast<const int32_t *>(glia_tensor_data(y))[1], 3);
    gli_loader_destroy(&loader);
    glia_tensor_destroy(x), glia_tensor_destroy(y), glia_dataset_destroy(dataset);

    const glia_field field   = {"x", GLIA_F32, GLIA_SHAPE(2)};
    const glia_source broken = {&field, 1, nullptr, 0, 6, nullptr, nullptr, nullptr, false};
    EXPECT_EQ(glia_dataset_from_source(ctx, &broken, &dataset), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("read is NULL")) << message();
}

TEST_F(Data, a_split_is_a_partition_and_the_same_each_time) {
    glia_dataset *dataset = numbered(101);
    glia_split_args args  = {};
    args.fraction         = 0.8;
    std::vector<int> parts[2][2];
    for (auto &run : parts) {
        glia_dataset *first = nullptr, *second = nullptr;
        ASSERT_EQ(glia_dataset_split(dataset, &args, &first, &second), GLIA_OK) << message();
        EXPECT_EQ(glia_dataset_count(first), 81);
        EXPECT_EQ(glia_dataset_count(second), 20);
        EXPECT_STREQ(glia_dataset_input(second, 0).name, "x");
        run[0] = ids(first), run[1] = ids(second);
        glia_dataset_destroy(first), glia_dataset_destroy(second);
    }
    EXPECT_EQ(parts[0][0], parts[1][0]);
    EXPECT_EQ(parts[0][1], parts[1][1]);
    EXPECT_EQ(sorted(joined({parts[0][0], parts[0][1]})), first_numbers(101));
    EXPECT_NE(sorted(parts[0][0]), first_numbers(81));

    args.seed           = 12345;
    glia_dataset *other = nullptr;
    ASSERT_EQ(glia_dataset_split(dataset, &args, nullptr, &other), GLIA_OK);
    EXPECT_NE(ids(other), parts[0][1]);
    glia_dataset_destroy(other), glia_dataset_destroy(dataset);
}

TEST_F(Data, a_split_in_order_and_a_split_of_a_split) {
    glia_dataset *dataset = numbered(10), *first = nullptr, *second = nullptr, *third = nullptr, *fourth = nullptr;
    glia_split_args args = {};
    args.count           = 6;
    args.in_order        = true;
    ASSERT_EQ(glia_dataset_split(dataset, &args, &first, &second), GLIA_OK);
    glia_dataset_destroy(dataset);  // the parts keep what they need
    EXPECT_EQ(ids(first), first_numbers(6));
    EXPECT_EQ(ids(second), (std::vector<int>{6, 7, 8, 9}));
    args.count = 1;
    ASSERT_EQ(glia_dataset_split(second, &args, &third, &fourth), GLIA_OK);
    glia_dataset_destroy(second);
    EXPECT_EQ(ids(third), std::vector<int>{6});
    EXPECT_EQ(ids(fourth), (std::vector<int>{7, 8, 9}));
    for (glia_dataset *d : {first, third, fourth}) glia_dataset_destroy(d);
}

TEST_F(Data, splits_at_the_ends_and_bad_splits) {
    glia_dataset *dataset = numbered(4), *first = nullptr, *second = nullptr;
    for (double fraction : {0.0, 1.0}) {
        glia_split_args args = {};
        args.fraction        = fraction;
        ASSERT_EQ(glia_dataset_split(dataset, &args, &first, &second), GLIA_OK) << message();
        EXPECT_EQ(glia_dataset_count(first), int64_t(4 * fraction));
        EXPECT_EQ(ids(first).size() + ids(second).size(), 4u);
        glia_dataset *again = nullptr;
        ASSERT_EQ(glia_dataset_split(fraction == 0 ? first : second, &args, &again, nullptr), GLIA_OK) << message();
        EXPECT_EQ(glia_dataset_count(again), 0);
        for (glia_dataset *d : {first, second, again}) glia_dataset_destroy(d);
    }
    first = second              = nullptr;
    const glia_split_args bad[] = {{5, 0, false, 0},    {-1, 0, false, 0},  {0, 1.5, false, 0},
                                   {0, -0.1, false, 0}, {0, NAN, false, 0}, {1, 0.5, false, 0}};
    for (const auto &args : bad) EXPECT_EQ(glia_dataset_split(dataset, &args, &first, &second), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_dataset_split(dataset, nullptr, &first, &second), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(first, nullptr);
    glia_dataset_destroy(dataset);
}

TEST_F(Data, batches_in_order_with_a_last_one_that_is_not_full) {
    glia_dataset *dataset = numbered(10);
    const auto batches    = epoch(dataset, {4, false, 0, false}, 0);
    ASSERT_EQ(batches.size(), 3u);
    EXPECT_EQ(batches[2], (std::vector<int>{8, 9}));
    EXPECT_EQ(joined(batches), first_numbers(10));
    EXPECT_EQ(epoch(dataset, {4, false, 0, true}, 0).size(), 2u);
    EXPECT_EQ(epoch(dataset, {5, false, 0, true}, 0).size(), 2u);
    EXPECT_EQ(epoch(dataset, {100, false, 0, false}, 0).size(), 1u);
    EXPECT_EQ(epoch(dataset, {100, false, 0, true}, 0).size(), 0u);
    gli_loader loader;
    const gli_loader_args none = {0, false, 0, false};
    EXPECT_EQ(gli_loader_create(dataset, &none, &loader), GLIA_INVALID_ARGUMENT);
    glia_dataset_destroy(dataset);
}

TEST_F(Data, shuffling_is_a_function_of_seed_and_epoch) {
    glia_dataset *dataset = numbered(50);
    const auto order      = [&](uint64_t seed, uint32_t number) {
        return joined(epoch(dataset, {8, true, seed, false}, number));
    };
    EXPECT_EQ(sorted(order(1, 0)), first_numbers(50));
    EXPECT_NE(order(1, 0), first_numbers(50));
    EXPECT_EQ(order(1, 3), order(1, 3));
    EXPECT_NE(order(1, 0), order(1, 1));
    EXPECT_NE(order(1, 0), order(2, 0));
    // The same bits on every machine and in every version: checkpoints resume in the middle of an epoch.
    std::vector<int64_t> want(50);
    gli_random_permutation({1, GLI_STREAM_SHUFFLE, 3}, 50, want.data());
    EXPECT_EQ(order(1, 3), std::vector<int>(want.begin(), want.end()));
    glia_dataset_destroy(dataset);
}

TEST_F(Data, many_threads_gather_the_same) {
    glia_dataset *dataset = numbered(20000);
    const auto batches    = epoch(dataset, {20000, true, 5, false}, 0);
    EXPECT_EQ(sorted(joined(batches)), first_numbers(20000));
    glia_dataset_destroy(dataset);
}

TEST_F(Data, a_dataset_outlives_its_context_handle) {
    glia_context *own = nullptr;
    ASSERT_EQ(glia_context_create("cpu", nullptr, &own), GLIA_OK);
    const float value           = 1;
    const glia_array array      = {nullptr, GLIA_F32, GLIA_SCALAR, &value, 0, 0};
    const glia_arrays_args args = {&array, 1, nullptr, 0, 1, true};
    glia_dataset *dataset       = nullptr;
    ASSERT_EQ(glia_dataset_from_arrays(own, &args, &dataset), GLIA_OK);
    glia_context_destroy(own);
    EXPECT_STREQ(glia_dataset_input(dataset, 0).name, "input0");
    glia_dataset_destroy(dataset);
}

TEST(DataMemory, every_allocation_may_fail) {
    EXPECT_GE(fail_every_allocation([&](glia_context *ctx) {
                  const float value[2]         = {};
                  const unsigned char bytes[2] = {};
                  const glia_array arrays[2]   = {{nullptr, GLIA_F32, GLIA_SCALAR, value, 0, 0},
                                                  {nullptr, GLIA_U8, GLIA_SCALAR, bytes, 2, 0}};
                  const glia_arrays_args args  = {arrays, 2, arrays, 1, 2, true};
                  glia_dataset *data           = nullptr;
                  const glia_status status     = glia_dataset_from_arrays(ctx, &args, &data);
                  glia_dataset_destroy(data);
                  return status;
              }),
              4);
}

// Making the next order leaves this epoch's as it is, and an epoch that was not prepared gets its own order.
TEST_F(Data, orders_are_those_of_their_epochs_when_made_ahead) {
    glia_dataset *dataset = numbered(100);
    for (const bool shuffle : {false, true}) {
        const gli_loader_args args = {.batch_size = 7, .shuffle = shuffle, .seed = 5};
        std::vector<std::vector<int64_t>> want;
        gli_loader loader;
        ASSERT_EQ(gli_loader_create(dataset, &args, &loader), GLIA_OK) << message();
        for (uint32_t number = 0; number < 6; ++number) {
            gli_loader_begin(&loader, number);
            want.push_back(order_of(loader));
        }
        for (const uint32_t number : {0u, 1u, 2u, 1u, 5u, 5u, 4u}) {
            gli_loader_begin(&loader, number);
            EXPECT_EQ(order_of(loader), want[number]) << number;
            gli_loader_prepare(&loader, number + 1);
            EXPECT_EQ(order_of(loader), want[number]) << number;
        }
        gli_loader_destroy(&loader);
    }
    glia_dataset_destroy(dataset);
}

}  // namespace

// Folds, splits that keep the shares of classes, and scalers of fields.
#include <cmath>
#include <limits>
#include <numeric>

#include "glia/npy.h"
#include "support/context_test.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/internals.h"

namespace {

using namespace glia;
using Numbers = std::vector<int64_t>;

// Samples whose input is their number, of classes that 0, 1, 2 and 3 in 100 have.
class Folds : public ContextTest {
   protected:
    void SetUp() override {
        ContextTest::SetUp();
        for (int64_t i = 0; i < kCount; ++i) {
            number.push_back(float(i));
            label.push_back(i % 100 < 70 ? 0 : i % 100 < 91 ? 1 : i % 100 < 99 ? 2 : 3);
        }
        const glia_array input{"number", GLIA_F32, GLIA_SHAPE(1), number.data()},
            target{"class", GLIA_I64, GLIA_SCALAR, label.data()};
        const glia_arrays_args args{&input, 1, &target, 1, kCount};
        ASSERT_EQ(glia_dataset_from_arrays(ctx, &args, &data), GLIA_OK) << message();
    }
    void TearDown() override {
        glia_dataset_destroy(data);
        ContextTest::TearDown();
    }

    std::vector<float> content(glia_dataset *dataset, int input = 0) {
        const int64_t n        = glia_dataset_count(dataset);
        const glia_field field = glia_dataset_input(dataset, input);
        Numbers index(size_t(n), 0);
        std::iota(index.begin(), index.end(), 0);
        glia_tensor *x = tensor(field.dtype, GLIA_SHAPE(n, field.shape.dim[0]));
        EXPECT_EQ(glia_dataset_get(dataset, index.data(), n, &x, nullptr), GLIA_OK) << message();
        const auto *from = static_cast<const float *>(glia_tensor_data(x));
        std::vector<float> out(from, from + glia_tensor_count(x));
        glia_tensor_destroy(x);
        return out;
    }

    Numbers samples(glia_dataset *dataset) {
        const std::vector<float> numbers = content(dataset);
        return Numbers(numbers.begin(), numbers.end());
    }

    Numbers classes_of(const Numbers &samples) {
        Numbers out(4, 0);
        for (int64_t i : samples) ++out[size_t(label[size_t(i)])];
        return out;
    }

    // The fold's samples; those to train on have to be all others, in order.
    Numbers fold(const glia_folds_args &args, int i) {
        glia_dataset *train = nullptr, *held = nullptr;
        EXPECT_EQ(glia_dataset_fold(data, &args, i, &train, &held), GLIA_OK) << message();
        const Numbers out = samples(held);
        Numbers both      = samples(train), all(kCount, 0);
        EXPECT_TRUE(std::is_sorted(both.begin(), both.end()));
        EXPECT_TRUE(std::is_sorted(out.begin(), out.end()));
        both.insert(both.end(), out.begin(), out.end());
        std::sort(both.begin(), both.end());
        std::iota(all.begin(), all.end(), 0);
        EXPECT_EQ(both, all);
        glia_dataset_destroy(train);
        glia_dataset_destroy(held);
        return out;
    }

    // Checks that the folds are disjoint, of equal sizes, and gives the classes of each.
    std::vector<Numbers> check(const glia_folds_args &args) {
        std::vector<Numbers> classes;
        Numbers all;
        for (int i = 0; i < args.folds; ++i) {
            const Numbers of = fold(args, i);
            EXPECT_GE(int64_t(of.size()), kCount / args.folds);
            EXPECT_LE(int64_t(of.size()), (kCount + args.folds - 1) / args.folds);
            all.insert(all.end(), of.begin(), of.end());
            classes.push_back(classes_of(of));
        }
        std::sort(all.begin(), all.end());
        EXPECT_EQ(all.size(), size_t(kCount));
        EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
        return classes;
    }

    static constexpr int64_t kCount = 203;
    std::vector<float> number;
    Numbers label;
    glia_dataset *data = nullptr;
};

TEST_F(Folds, are_disjoint_and_all) {
    for (int folds : {2, 5, 10, 203}) {
        check({.folds = folds});
        check({.folds = folds, .in_order = true});
    }
    EXPECT_EQ(fold({.folds = 3, .in_order = true}, 0).back(), 66);
}

TEST_F(Folds, have_the_same_classes) {
    const Numbers whole = classes_of(samples(data));
    EXPECT_EQ(whole, (Numbers{143, 42, 16, 2}));
    for (int folds : {2, 5, 7})
        for (const Numbers &of : check({.folds = folds, .stratified = true}))
            for (size_t c = 0; c < 4; ++c) {
                EXPECT_GE(of[c], whole[c] / folds);
                EXPECT_LE(of[c], (whole[c] + folds - 1) / folds);
            }
}

TEST_F(Folds, follow_from_the_seed) {
    for (bool stratified : {false, true}) {
        const glia_folds_args one{.folds = 5, .seed = 1, .stratified = stratified},
            two{.folds = 5, .seed = 2, .stratified = stratified};
        EXPECT_EQ(fold(one, 3), fold(one, 3));
        EXPECT_NE(fold(one, 3), fold(two, 3));
        EXPECT_NE(fold(one, 3), fold({.folds = 5, .stratified = stratified}, 3));
    }
}

TEST_F(Folds, refuse_what_is_wrong) {
    glia_dataset *train = nullptr;
    const auto fails    = [&](const glia_folds_args &args, int i, const std::string &words) {
        EXPECT_EQ(glia_dataset_fold(data, &args, i, &train, nullptr), GLIA_INVALID_ARGUMENT);
        EXPECT_TRUE(says(words)) << message();
    };
    fails({.folds = 1}, 0, "folds is 1, must be 2 to the dataset's 203 samples");
    fails({.folds = 204}, 0, "folds is 204");
    fails({.folds = 3}, 3, "fold is 3, must be 0 to 2");
    fails({.folds = 3, .in_order = true, .stratified = true}, 0, "stratified and in_order");
    fails({.folds = 3, .stratified = true, .target = 1}, 0, "target is 1");
    EXPECT_EQ(train, nullptr);
}

TEST_F(Folds, a_split_keeps_the_shares_of_classes) {
    const Numbers whole = classes_of(samples(data));
    for (double fraction : {0.0, 0.2, 0.5, 0.75, 1.0})
        for (uint64_t seed : {1, 2, 3}) {
            glia_dataset *first = nullptr, *second = nullptr;
            const glia_split_args args{.fraction = fraction, .seed = seed, .stratified = true};
            ASSERT_EQ(glia_dataset_split(data, &args, &first, &second), GLIA_OK) << message();
            Numbers a = samples(first), b = samples(second);
            EXPECT_EQ(int64_t(a.size()), std::llround(fraction * kCount));
            const Numbers classes = classes_of(a);
            for (size_t c = 0; c < 4; ++c)
                EXPECT_LT(std::abs(double(classes[c]) - double(whole[c] * int64_t(a.size())) / kCount), 1) << fraction;
            a.insert(a.end(), b.begin(), b.end());
            std::sort(a.begin(), a.end());
            EXPECT_EQ(std::unique(a.begin(), a.end()) - a.begin(), kCount);
            glia_dataset_destroy(first);
            glia_dataset_destroy(second);
        }
    const glia_split_args bad{.count = 3, .in_order = true, .stratified = true};
    EXPECT_EQ(glia_dataset_split(data, &bad, nullptr, nullptr), GLIA_INVALID_ARGUMENT);
}

TEST_F(Folds, scalers_are_fitted_to_one_part_and_serve_the_other) {
    const std::vector<float> x = {1, 10, 3, 10, 5, 10, 100, 11};
    const glia_array input{"features", GLIA_F32, GLIA_SHAPE(2), x.data()},
        target{"y", GLIA_F32, GLIA_SHAPE(2), x.data()};
    const glia_arrays_args args{&input, 1, &target, 1, 4};
    glia_dataset *all = nullptr, *train = nullptr, *test = nullptr, *scaled[2] = {};
    ASSERT_EQ(glia_dataset_from_arrays(ctx, &args, &all), GLIA_OK);
    const glia_split_args split{.count = 3, .in_order = true};
    ASSERT_EQ(glia_dataset_split(all, &split, &train, &test), GLIA_OK);
    glia_scaler scalers[2];
    ASSERT_EQ(glia_scaler_fit_field(train, "features", nullptr, scalers, 2), GLIA_OK) << message();
    EXPECT_DOUBLE_EQ(scalers[0].center, 3);
    EXPECT_DOUBLE_EQ(scalers[0].scale, std::sqrt(8.0 / 3));
    EXPECT_DOUBLE_EQ(scalers[1].center, 10);
    EXPECT_DOUBLE_EQ(scalers[1].scale, 1);

    // Saved as rows of two numbers, and read again.
    Folder folder;
    const std::string path = folder / "scalers.npy";
    const glia_npy_array saved{nullptr, GLIA_F64, GLIA_SHAPE(2, 2), scalers, sizeof scalers};
    glia_npy *file = nullptr;
    glia_npy_array read;
    ASSERT_EQ(glia_npy_write(ctx, path.c_str(), &saved), GLIA_OK) << message();
    ASSERT_EQ(glia_npy_read(ctx, path.c_str(), nullptr, &file), GLIA_OK) << message();
    ASSERT_EQ(glia_npy_get(file, 0, &read), GLIA_OK);
    glia_dataset *const parts[] = {train, test};
    for (int i = 0; i < 2; ++i)
        ASSERT_EQ(glia_dataset_scale_field(parts[i], "features", static_cast<const glia_scaler *>(read.values), 2,
                                           &scaled[i]),
                  GLIA_OK)
            << message();
    const float unit = float(2 / std::sqrt(8.0 / 3));
    EXPECT_EQ(content(scaled[0]), (std::vector<float>{-unit, 0, 0, 0, unit, 0}));
    EXPECT_EQ(content(scaled[1]), (std::vector<float>{float(97 / std::sqrt(8.0 / 3)), 1}));
    EXPECT_STREQ(glia_dataset_input(scaled[0], 0).name, "features");
    EXPECT_EQ(glia_dataset_targets(scaled[0]), 1);

    const glia_scaler_args range{.kind = GLIA_SCALE_MIN_MAX, .low = -1, .high = 1};
    ASSERT_EQ(glia_scaler_fit_field(train, "y", &range, scalers, 2), GLIA_OK) << message();
    EXPECT_EQ(scalers[0].center, 3);
    EXPECT_EQ(scalers[0].scale, 2);
    EXPECT_EQ(glia_scaler_fit_field(train, "features", nullptr, scalers, 3), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(says("n is 3, 'features' has 2 numbers")) << message();
    EXPECT_EQ(glia_scaler_fit_field(train, "z", nullptr, scalers, 2), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_scaler_fit_field(data, "class", nullptr, scalers, 1), GLIA_DTYPE_MISMATCH);
    scalers[1] = {0, 1e-200};
    EXPECT_EQ(glia_dataset_scale_field(test, "features", scalers, 2, &scaled[0]), GLIA_NOT_FINITE);
    EXPECT_TRUE(says("number 1 of 'features' is 11 in sample 0")) << message();
    glia_npy_destroy(file);
    for (glia_dataset *d : {all, train, test, scaled[0], scaled[1]}) glia_dataset_destroy(d);
}

TEST_F(Folds, out_of_memory_is_an_ordinary_error) {
    EXPECT_GT(fail_every_allocation([&](glia_context *c) {
                  const glia_array input{"x", GLIA_F32, GLIA_SHAPE(1), number.data()},
                      target{"y", GLIA_I64, GLIA_SCALAR, label.data()};
                  const glia_arrays_args args{&input, 1, &target, 1, kCount};
                  const glia_folds_args folds{.folds = 5, .stratified = true};
                  const glia_split_args half{.fraction = 0.5, .stratified = true};
                  glia_dataset *made[6] = {};
                  glia_scaler scaler;
                  glia_status status = glia_dataset_from_arrays(c, &args, &made[0]);
                  if (status == GLIA_OK) status = glia_dataset_fold(made[0], &folds, 0, &made[1], &made[2]);
                  if (status == GLIA_OK) status = glia_dataset_split(made[1], &half, &made[3], &made[4]);
                  if (status == GLIA_OK) status = glia_scaler_fit_field(made[3], "x", nullptr, &scaler, 1);
                  if (status == GLIA_OK) status = glia_dataset_scale_field(made[4], "x", &scaler, 1, &made[5]);
                  for (glia_dataset *d : made) glia_dataset_destroy(d);
                  return status;
              }),
              20);
}

}  // namespace

// Scalers, windows over series and tokens, and padding.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "support/context_test.h"
#include "support/failing.h"
#include "support/internals.h"

namespace {

using namespace glia;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

template <class T>
constexpr glia_dtype kDtype = std::is_same_v<T, float>     ? GLIA_F32
                              : std::is_same_v<T, double>  ? GLIA_F64
                              : std::is_same_v<T, int32_t> ? GLIA_I32
                                                           : GLIA_I64;

template <class T>
glia_series series_of(const std::vector<T> &values, int64_t features, bool allow_nan = false) {
    return {kDtype<T>, values.data(), int64_t(values.size()) / features, features, allow_nan};
}

class Series : public ContextTest {
   protected:
    // All samples of a dataset: inputs, and targets, in its order.
    template <class T>
    std::pair<std::vector<T>, std::vector<T>> content(glia_dataset *dataset) {
        const int64_t n = glia_dataset_count(dataset);
        std::vector<int64_t> index(size_t(n), 0);
        std::iota(index.begin(), index.end(), 0);
        glia_tensor *both[2];
        for (int i = 0; i < 2; ++i) {
            const glia_field field = i ? glia_dataset_target(dataset, 0) : glia_dataset_input(dataset, 0);
            glia_shape shape{field.shape.ndim + 1, {n}};
            std::copy(field.shape.dim, field.shape.dim + field.shape.ndim, shape.dim + 1);
            EXPECT_EQ(field.dtype, kDtype<T>);
            both[i] = tensor(field.dtype, shape);
        }
        EXPECT_EQ(glia_dataset_get(dataset, index.data(), n, &both[0], &both[1]), GLIA_OK) << message();
        std::pair<std::vector<T>, std::vector<T>> all;
        for (int i = 0; i < 2; ++i) {
            const T *data = static_cast<const T *>(glia_tensor_data(both[i]));
            (i ? all.second : all.first).assign(data, data + glia_tensor_count(both[i]));
            glia_tensor_destroy(both[i]);
        }
        return all;
    }
    template <class T>
    glia_dataset *windows(const std::vector<T> &values, int64_t features, const glia_windows_args &args) {
        const glia_series series = series_of(values, features);
        glia_dataset *dataset    = nullptr;
        EXPECT_EQ(glia_dataset_from_series(ctx, &series, &args, &dataset), GLIA_OK) << message();
        return dataset;
    }
};

// --- scalers ---

TEST_F(Series, standard_scaling_by_hand) {
    const std::vector<double> values = {1, 5, 100, 2, 5, 300, 3, 5, 500};  // steps {1,5,100} {2,5,300} {3,5,500}
    glia_scaler s[3];
    const glia_series series = series_of(values, 3);
    ASSERT_EQ(glia_scaler_fit(ctx, &series, nullptr, s), GLIA_OK) << message();
    EXPECT_DOUBLE_EQ(s[0].center, 2);
    EXPECT_DOUBLE_EQ(s[0].scale, std::sqrt(2.0 / 3));
    EXPECT_EQ(s[1].center, 5);
    EXPECT_EQ(s[1].scale, 1);
    EXPECT_DOUBLE_EQ(s[2].center, 300);
    EXPECT_DOUBLE_EQ(s[2].scale, 100 * std::sqrt(8.0 / 3));
    std::vector<double> scaled(9), back(9);
    ASSERT_EQ(glia_scaler_transform(ctx, &series, s, scaled.data()), GLIA_OK) << message();
    EXPECT_DOUBLE_EQ(scaled[0], -std::sqrt(1.5));
    EXPECT_EQ(scaled[1], 0);
    EXPECT_DOUBLE_EQ(scaled[8], std::sqrt(1.5));
    const glia_series of_scaled = series_of(scaled, 3);
    ASSERT_EQ(glia_scaler_inverse(ctx, &of_scaled, s, back.data()), GLIA_OK) << message();
    for (size_t i = 0; i < 9; ++i) EXPECT_DOUBLE_EQ(back[i], values[i]);
}

TEST_F(Series, min_max_scaling_by_hand) {
    const std::vector<float> values = {-2, 7, 6, 7, 2, 7};
    const glia_series series        = series_of(values, 2);
    glia_scaler_args args{};
    glia_scaler s[2];
    std::vector<float> scaled(6);
    args.kind = GLIA_SCALE_MIN_MAX;
    ASSERT_EQ(glia_scaler_fit(ctx, &series, &args, s), GLIA_OK) << message();
    ASSERT_EQ(glia_scaler_transform(ctx, &series, s, scaled.data()), GLIA_OK) << message();
    EXPECT_EQ(scaled, (std::vector<float>{0, 0, 1, 0, 0.5f, 0}));
    args.low = -1, args.high = 3;
    ASSERT_EQ(glia_scaler_fit(ctx, &series, &args, s), GLIA_OK) << message();
    ASSERT_EQ(glia_scaler_transform(ctx, &series, s, scaled.data()), GLIA_OK) << message();
    EXPECT_EQ(scaled, (std::vector<float>{-1, -1, 3, -1, 1, -1}));
    // In place, and back.
    const glia_series of_scaled = series_of(scaled, 2);
    ASSERT_EQ(glia_scaler_inverse(ctx, &of_scaled, s, scaled.data()), GLIA_OK) << message();
    EXPECT_EQ(scaled, values);
}

// Against sums in long double; Welford's sums stay within a few roundings of them also far from zero.
TEST_F(Series, moments_of_many_numbers_far_from_zero) {
    std::mt19937 random(4);
    std::normal_distribution<double> normal(1e6, 0.5);
    std::vector<double> values(20000);
    for (double &v : values) v = normal(random);
    long double sum = 0, squares = 0;
    for (double v : values) sum += v;
    const long double mean = sum / 20000;
    for (double v : values) squares += (v - mean) * (v - mean);
    glia_scaler s;
    const glia_series series = series_of(values, 1);
    ASSERT_EQ(glia_scaler_fit(ctx, &series, nullptr, &s), GLIA_OK);
    EXPECT_NEAR(s.center, double(mean), 1e-8);
    EXPECT_NEAR(s.scale, std::sqrt(double(squares / 20000)), 1e-9);
}

TEST_F(Series, a_scaler_knows_the_part_it_was_fitted_to) {
    std::vector<float> values = {0, 2, 4, 1000};
    glia_series part = series_of(values, 1), all = part;
    glia_scaler s;
    std::vector<float> scaled(4);
    part.steps = 3;
    ASSERT_EQ(glia_scaler_fit(ctx, &part, nullptr, &s), GLIA_OK);
    EXPECT_EQ(s.center, 2);
    ASSERT_EQ(glia_scaler_transform(ctx, &all, &s, scaled.data()), GLIA_OK);
    EXPECT_FLOAT_EQ(scaled[3], float(998 / std::sqrt(8.0 / 3)));
    part.steps = 1;
    ASSERT_EQ(glia_scaler_fit(ctx, &part, nullptr, &s), GLIA_OK);
    EXPECT_EQ(s.center, 0);
    EXPECT_EQ(s.scale, 1);
    part.steps = 0;
    EXPECT_EQ(glia_scaler_fit(ctx, &part, nullptr, &s), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("the series has no steps")) << message();
    EXPECT_EQ(glia_scaler_transform(ctx, &part, &s, scaled.data()), GLIA_OK) << message();
}

TEST_F(Series, a_constant_that_is_no_binary_fraction_is_constant) {
    const std::vector<double> values(1000, 0.1);
    const glia_series series = series_of(values, 1);
    glia_scaler s;
    for (auto kind : {GLIA_SCALE_STANDARD, GLIA_SCALE_MIN_MAX}) {
        glia_scaler_args args{};
        args.kind = kind;
        ASSERT_EQ(glia_scaler_fit(ctx, &series, &args, &s), GLIA_OK);
        EXPECT_EQ(s.center, 0.1);
        EXPECT_EQ(s.scale, 1);
    }
}

TEST_F(Series, missing_values_are_told_or_left_out) {
    const std::vector<double> values = {1, 10, kNaN, 20, 3, kNaN};
    std::vector<double> out(6);
    glia_series series = series_of(values, 2);
    glia_scaler s[2]   = {{7, 8}, {9, 10}};
    EXPECT_EQ(glia_scaler_fit(ctx, &series, nullptr, s), GLIA_NOT_FINITE);
    EXPECT_TRUE(says("nan at step 1, feature 0; allow_nan is not set")) << message();
    EXPECT_EQ(s[0].center, 7);
    EXPECT_EQ(glia_scaler_transform(ctx, &series, s, out.data()), GLIA_NOT_FINITE);
    EXPECT_EQ(glia_scaler_inverse(ctx, &series, s, out.data()), GLIA_NOT_FINITE);
    series.allow_nan = true;
    ASSERT_EQ(glia_scaler_fit(ctx, &series, nullptr, s), GLIA_OK) << message();
    EXPECT_EQ(s[0].center, 2);
    EXPECT_EQ(s[0].scale, 1);
    EXPECT_EQ(s[1].center, 15);
    EXPECT_EQ(s[1].scale, 5);
    ASSERT_EQ(glia_scaler_transform(ctx, &series, s, out.data()), GLIA_OK) << message();
    EXPECT_EQ(out[0], -1);
    EXPECT_TRUE(std::isnan(out[2]) && std::isnan(out[5]));
    const std::vector<double> nothing = {1, kNaN, 2, kNaN}, infinite = {1, -kInfinity};
    series = series_of(nothing, 2, true);
    EXPECT_EQ(glia_scaler_fit(ctx, &series, nullptr, s), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("feature 1 is NaN in all 2 steps")) << message();
    series = series_of(infinite, 1, true);
    EXPECT_EQ(glia_scaler_fit(ctx, &series, nullptr, s), GLIA_NOT_FINITE);
    EXPECT_TRUE(says("-inf at step 1, feature 0")) << message();
}

TEST_F(Series, a_missing_value_is_found_wherever_it_is) {
    for (size_t at = 0; at < 15; ++at) {
        std::vector<float> values(15, 1), out(15);
        values[at]               = float(kNaN);
        const glia_series series = series_of(values, 3);
        glia_scaler s[3]         = {{0, 1}, {0, 1}, {0, 1}};
        EXPECT_EQ(glia_scaler_transform(ctx, &series, s, out.data()), GLIA_NOT_FINITE);
        EXPECT_TRUE(says("nan at step " + std::to_string(at / 3) + ", feature " + std::to_string(at % 3))) << message();
    }
    const glia_series nothing = {GLIA_F32, nullptr, 0, 3, false};
    float out;
    glia_scaler s[3] = {{0, 1}, {0, 1}, {0, 1}};
    EXPECT_EQ(glia_scaler_transform(ctx, &nothing, s, &out), GLIA_OK) << message();
}

TEST_F(Series, numbers_at_the_ends_of_the_range) {
    const std::vector<double> wide = {-1.7e308, 1.7e308}, narrow = {0, 5e-324};
    glia_scaler s{};
    for (auto kind : {GLIA_SCALE_STANDARD, GLIA_SCALE_MIN_MAX}) {
        glia_scaler_args args{};
        args.kind                = kind;
        const glia_series series = series_of(narrow, 1);
        EXPECT_EQ(glia_scaler_fit(ctx, &series, &args, &s), GLIA_OK) << message();
        EXPECT_GT(s.scale, 0);
    }
    glia_scaler_args args{};
    args.kind                = GLIA_SCALE_MIN_MAX;
    const glia_series series = series_of(wide, 1);
    EXPECT_EQ(glia_scaler_fit(ctx, &series, &args, &s), GLIA_NOT_FINITE);
    EXPECT_TRUE(says("from -1.7e+308 to 1.7e+308")) << message();
}

// The deviation has a double, its square has none.
TEST_F(Series, deviations_of_any_size) {
    const std::vector<std::vector<double>> series = {
        {-1.7e308, 1.7e308}, {-1e200, 1e200}, {0, 1e-170}, {1e-160, 3e-160}};
    const std::vector<glia_scaler> want = {{0, 1.7e308}, {0, 1e200}, {5e-171, 5e-171}, {2e-160, 1e-160}};
    for (size_t i = 0; i < want.size(); ++i) {
        const glia_series two = series_of(series[i], 1);
        glia_scaler s{};
        double out[2];
        ASSERT_EQ(glia_scaler_fit(ctx, &two, nullptr, &s), GLIA_OK) << message();
        EXPECT_DOUBLE_EQ(s.center, want[i].center);
        EXPECT_DOUBLE_EQ(s.scale, want[i].scale);
        ASSERT_EQ(glia_scaler_transform(ctx, &two, &s, out), GLIA_OK) << message();
        EXPECT_DOUBLE_EQ(out[0], -1);
        EXPECT_DOUBLE_EQ(out[1], 1);
    }
}

TEST_F(Series, scalers_that_are_none) {
    const std::vector<float> values = {1, 2};
    const glia_series series        = series_of(values, 1);
    float out[2];
    for (glia_scaler bad : {glia_scaler{0, 0}, glia_scaler{kNaN, 1}, glia_scaler{0, kNaN}, glia_scaler{kInfinity, 1},
                            glia_scaler{0, kInfinity}}) {
        EXPECT_EQ(glia_scaler_transform(ctx, &series, &bad, out), GLIA_INVALID_ARGUMENT);
        EXPECT_TRUE(says("scalers[0] has center")) << message();
        EXPECT_EQ(glia_scaler_inverse(ctx, &series, &bad, out), GLIA_INVALID_ARGUMENT);
    }
    glia_scaler s;
    for (auto [low, high] : {std::pair{1.0, 1.0}, {2.0, 1.0}, {kNaN, 1.0}, {0.0, kInfinity}}) {
        glia_scaler_args args{};
        args.kind = GLIA_SCALE_MIN_MAX, args.low = low, args.high = high;
        EXPECT_EQ(glia_scaler_fit(ctx, &series, &args, &s), GLIA_INVALID_ARGUMENT);
        EXPECT_TRUE(says("must be finite, and low < high")) << message();
    }
    glia_scaler_args args{};
    args.high = 2;
    EXPECT_EQ(glia_scaler_fit(ctx, &series, &args, &s), GLIA_INVALID_ARGUMENT);
}

TEST_F(Series, scaled_values_have_to_fit) {
    const std::vector<float> values = {1, -3e38f, 2, 3};
    const glia_series series        = series_of(values, 2);
    const glia_scaler tiny[] = {{0, 1}, {0, 0.5}}, huge[] = {{0, 1}, {0, 2}}, same[] = {{0, 1}, {0, 1}};
    float out[4];
    EXPECT_EQ(glia_scaler_transform(ctx, &series, tiny, out), GLIA_NOT_FINITE);
    EXPECT_TRUE(
        says("glia_scaler_transform: -3e+38 at step 0, feature 1 becomes -6e+38, which is out of range for f32"))
        << message();
    EXPECT_EQ(glia_scaler_inverse(ctx, &series, huge, out), GLIA_NOT_FINITE);
    EXPECT_TRUE(says("glia_scaler_inverse: -3e+38 at step 0, feature 1")) << message();
    EXPECT_EQ(glia_scaler_transform(ctx, &series, same, out), GLIA_OK) << message();
    EXPECT_EQ(std::vector<float>(out, out + 4), values);
}

TEST_F(Series, values_that_do_not_fit_leave_the_series_as_it_was) {
    std::vector<float> values      = {1, 2, 3, 3e38f};
    const std::vector<float> first = values;
    const glia_series series       = series_of(values, 2);
    const glia_scaler half[] = {{0, 0.5}, {0, 0.5}}, twice[] = {{0, 2}, {0, 2}};
    EXPECT_EQ(glia_scaler_transform(ctx, &series, half, values.data()), GLIA_NOT_FINITE);
    EXPECT_EQ(values, first);
    EXPECT_EQ(glia_scaler_inverse(ctx, &series, twice, values.data()), GLIA_NOT_FINITE);
    EXPECT_EQ(values, first);
}

TEST_F(Series, scaled_values_do_not_write_over_what_is_still_read) {
    std::vector<float> values = {1, 2, 3, 4, 5};
    const glia_series series  = {GLIA_F32, values.data(), 4, 1, false},
                      behind  = {GLIA_F32, values.data() + 1, 4, 1, false};
    const glia_scaler s       = {0, 0.5};
    EXPECT_EQ(glia_scaler_transform(ctx, &series, &s, values.data() + 1), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("out overlaps the values of the series")) << message();
    EXPECT_EQ(glia_scaler_transform(ctx, &behind, &s, values.data()), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_scaler_transform(ctx, &series, &s, values.data()), GLIA_OK) << message();
    EXPECT_EQ(values, (std::vector<float>{2, 4, 6, 8, 5}));
}

// --- windows over a series ---

// The plain rule: sample i has the steps from i stride on.
template <class T>
void judge(const std::vector<T> &values, int64_t features, const glia_windows_args &args,
           const std::pair<std::vector<float>, std::vector<float>> &got) {
    std::vector<float> inputs, targets;
    std::vector<int64_t> columns(size_t(features), 0);
    std::iota(columns.begin(), columns.end(), 0);
    if (args.targets) columns.assign(args.targets, args.targets + args.n_targets);
    const int64_t horizon = args.horizon ? args.horizon : 1, stride = args.stride ? args.stride : 1,
                  steps = int64_t(values.size()) / features;
    for (int64_t at = 0; at + args.window + args.gap + horizon <= steps; at += std::min(stride, steps)) {
        for (int64_t i = at * features; i < (at + args.window) * features; ++i)
            inputs.push_back(float(values[size_t(i)]));
        for (int64_t t = at + args.window + args.gap; t < at + args.window + args.gap + horizon; ++t)
            for (int64_t c : columns) targets.push_back(float(values[size_t(t * features + c)]));
    }
    EXPECT_EQ(got.first, inputs);
    EXPECT_EQ(got.second, targets);
}

TEST_F(Series, windows_by_hand) {
    const std::vector<float> values = {0, 1, 2, 3, 4, 5};
    glia_windows_args args{};
    args.window           = 3;
    glia_dataset *dataset = windows(values, 1, args);
    EXPECT_EQ(glia_dataset_count(dataset), 3);
    EXPECT_STREQ(glia_dataset_input(dataset, 0).name, "window");
    EXPECT_STREQ(glia_dataset_target(dataset, 0).name, "horizon");
    const auto all = content<float>(dataset);
    EXPECT_EQ(all.first, (std::vector<float>{0, 1, 2, 1, 2, 3, 2, 3, 4}));
    EXPECT_EQ(all.second, (std::vector<float>{3, 4, 5}));
    glia_dataset_destroy(dataset);
}

TEST_F(Series, windows_of_every_shape) {
    std::vector<float> values;
    std::vector<double> wide;
    for (int i = 0; i < 23 * 3; ++i) values.push_back(float(i) / 7), wide.push_back(i / 7.0);
    const int64_t columns[] = {2, 0, 2};
    int made                = 0;
    for (int64_t window : {1, 2, 5, 20, 22})
        for (int64_t horizon : {0, 1, 3})
            for (int64_t gap : {0, 2})
                for (int64_t stride : {0, 1, 4, 50})
                    for (int64_t n : {0, 1, 3})
                        for (int form = 0; form < 4; ++form) {
                            glia_windows_args args{};
                            args.window = window, args.horizon = horizon, args.gap = gap, args.stride = stride,
                            args.n_targets = n;
                            args.targets = n ? columns : nullptr, args.keep_steps = form & 1, args.copy = form & 2;
                            const int64_t h = std::max<int64_t>(horizon, 1), width = n ? n : 3;
                            if (window + gap + h > 23) continue;
                            glia_dataset *dataset   = form == 3 ? windows(wide, 3, args) : windows(values, 3, args);
                            const glia_field target = glia_dataset_target(dataset, 0);
                            EXPECT_EQ(target.shape.ndim, args.keep_steps ? 2 : 1);
                            EXPECT_EQ(target.shape.dim[0], args.keep_steps ? h : h * width);
                            EXPECT_EQ(glia_dataset_input(dataset, 0).shape.dim[0], window);
                            EXPECT_EQ(glia_dataset_input(dataset, 0).shape.dim[1], 3);
                            if (form == 3)
                                judge(wide, 3, args, content<float>(dataset));
                            else
                                judge(values, 3, args, content<float>(dataset));
                            glia_dataset_destroy(dataset);
                            ++made;
                        }
    EXPECT_GT(made, 800);
}

TEST_F(Series, windows_share_the_series_memory) {
    std::vector<float> values(1000 * 4);
    std::iota(values.begin(), values.end(), 0.0f);
    glia_windows_args args{};
    args.window           = 168;
    const size_t before   = glia_context_bytes(ctx);
    glia_dataset *dataset = windows(values, 4, args);
    EXPECT_EQ(glia_dataset_count(dataset), 832);
    EXPECT_LT(glia_context_bytes(ctx) - before, 20000u);  // one window has 2,688 bytes
    values[168 * 4] = -1;
    EXPECT_EQ(content<float>(dataset).second[0], -1);
    glia_dataset_destroy(dataset);
    args.copy       = true;
    dataset         = windows(values, 4, args);
    values[168 * 4] = -2;
    EXPECT_EQ(content<float>(dataset).second[0], -1);
    glia_dataset_destroy(dataset);
}

TEST_F(Series, windows_are_split_and_shuffled_like_other_samples) {
    std::vector<float> values(40);
    std::iota(values.begin(), values.end(), 0.0f);
    glia_windows_args args{};
    args.window           = 5;
    glia_dataset *dataset = windows(values, 1, args), *first = nullptr, *second = nullptr;
    glia_split_args split{};
    split.count = 20;
    ASSERT_EQ(glia_dataset_split(dataset, &split, &first, &second), GLIA_OK) << message();
    glia_dataset_destroy(dataset);
    std::vector<float> seen;
    for (glia_dataset *part : {first, second}) {
        const auto all = content<float>(part);
        for (size_t i = 0; i < all.second.size(); ++i)
            for (size_t k = 0; k < 5; ++k) EXPECT_EQ(all.first[5 * i + k], all.second[i] - 5 + float(k));
        seen.insert(seen.end(), all.second.begin(), all.second.end());
        glia_dataset_destroy(part);
    }
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(seen, std::vector<float>(values.begin() + 5, values.end()));
}

TEST_F(Series, windows_that_cannot_be) {
    const std::vector<float> values = {1, 2, 3, 4, 5, 6};
    const int64_t outside[] = {0, 2}, negative[] = {-1};
    const struct {
        int64_t window, horizon, gap, stride;
        const int64_t *targets;
        int64_t n;
        const char *part;
    } table[] = {
        {0, 0, 0, 0, nullptr, 0, "window is 0, must be at least 1"},
        {-1, 0, 0, 0, nullptr, 0, "window is -1"},
        {1, -1, 0, 0, nullptr, 0, "horizon -1"},
        {1, 0, -1, 0, nullptr, 0, "gap -1"},
        {1, 0, 0, -1, nullptr, 0, "stride -1"},
        {3, 0, 0, 0, nullptr, 0, "the series has 3 steps, too few for a window of 3, a gap of 0 and a horizon of 1"},
        {2, 1, 1, 0, nullptr, 0, "too few"},
        {1, 3, 0, 0, nullptr, 0, "too few"},
        {INT64_MAX, 1, 0, 0, nullptr, 0, "too few"},
        {1, INT64_MAX, INT64_MAX, 0, nullptr, 0, "too few"},
        {1, 0, 0, 0, outside, 2, "targets[1] is 2, the series has 2 features"},
        {1, 0, 0, 0, negative, 1, "targets[0] is -1"},
        {1, 0, 0, 0, outside, 0, "n_targets is 0"},
        {1, 0, 0, 0, nullptr, 1, "targets is NULL, n_targets is 1"},
    };
    const glia_series series = series_of(values, 2);
    for (const auto &row : table) {
        glia_windows_args args{};
        args.window = row.window, args.horizon = row.horizon, args.gap = row.gap, args.stride = row.stride,
        args.targets = row.targets, args.n_targets = row.n;
        glia_dataset *dataset = nullptr;
        EXPECT_EQ(glia_dataset_from_series(ctx, &series, &args, &dataset), GLIA_INVALID_ARGUMENT) << row.part;
        EXPECT_TRUE(says(row.part)) << message();
        EXPECT_EQ(dataset, nullptr);
    }
    glia_windows_args huge{};
    huge.window = 1, huge.stride = INT64_MAX;
    glia_dataset *dataset = windows(values, 2, huge);
    EXPECT_EQ(glia_dataset_count(dataset), 1);
    judge(values, 2, huge, content<float>(dataset));
    glia_dataset_destroy(dataset);
    const std::vector<float> missing = {1, 2, float(kNaN), 4};
    glia_series holes                = series_of(missing, 1);
    glia_windows_args args{};
    args.window = 1, dataset = nullptr;
    EXPECT_EQ(glia_dataset_from_series(ctx, &holes, &args, &dataset), GLIA_NOT_FINITE);
    EXPECT_TRUE(says("nan at step 2")) << message();
    holes.allow_nan = true;
    ASSERT_EQ(glia_dataset_from_series(ctx, &holes, &args, &dataset), GLIA_OK) << message();
    EXPECT_TRUE(std::isnan(content<float>(dataset).second[1]));
    glia_dataset_destroy(dataset);
    const std::vector<double> far = {1, 2, -1e39, 4};
    holes                         = series_of(far, 2);
    dataset                       = nullptr;
    EXPECT_EQ(glia_dataset_from_series(ctx, &holes, &args, &dataset), GLIA_NOT_FINITE);
    EXPECT_TRUE(says("-1e+39 at step 1, feature 0, out of range for f32")) << message();
}

// --- windows over tokens ---

template <class T>
class Tokens : public Series {};
using Indices = testing::Types<int32_t, int64_t>;
TYPED_TEST_SUITE(Tokens, Indices);

TYPED_TEST(Tokens, are_followed_by_the_next) {
    std::vector<TypeParam> tokens(29);
    std::iota(tokens.begin(), tokens.end(), TypeParam(100));
    for (int64_t length : {1, 4, 7, 28})
        for (int64_t stride : {0, 1, 3, 9})
            for (int form = 0; form < 4; ++form) {
                glia_token_windows_args args{};
                args.length = length, args.stride = stride, args.last = form & 1, args.copy = form & 2;
                glia_dataset *dataset = nullptr;
                ASSERT_EQ(glia_dataset_from_tokens(this->ctx, kDtype<TypeParam>, tokens.data(), 29, &args, &dataset),
                          GLIA_OK)
                    << this->message();
                std::vector<TypeParam> inputs, targets;
                for (size_t at = 0; at + size_t(length) < 29; at += size_t(stride ? stride : length)) {
                    inputs.insert(inputs.end(), tokens.begin() + long(at), tokens.begin() + long(at) + length);
                    targets.insert(targets.end(), tokens.begin() + long(at) + (args.last ? length : 1),
                                   tokens.begin() + long(at) + length + 1);
                }
                const auto all = this->template content<TypeParam>(dataset);
                EXPECT_EQ(all.first, inputs);
                EXPECT_EQ(all.second, targets);
                EXPECT_EQ(glia_dataset_target(dataset, 0).shape.ndim, args.last ? 0 : 1);
                glia_dataset_destroy(dataset);
            }
}

TEST_F(Series, tokens_that_cannot_be) {
    const int32_t tokens[] = {1, 2, 3};
    const struct {
        glia_dtype dtype;
        int64_t count, length, stride;
        const char *part;
    } table[] = {
        {GLIA_F32, 3, 1, 0, "dtype is f32"},
        {GLIA_I32, -1, 1, 0, "-1 tokens"},
        {GLIA_I32, 0, 1, 0, "0 tokens are too few for samples of 1 and the one that follows"},
        {GLIA_I32, 3, 3, 0, "3 tokens are too few for samples of 3"},
        {GLIA_I32, 3, 0, 0, "length is 0"},
        {GLIA_I32, 3, 1, -1, "stride is -1"},
        {GLIA_I32, INT64_MAX, 1, 0, "9223372036854775807 tokens"},
    };
    for (const auto &row : table) {
        glia_token_windows_args args{};
        args.length = row.length, args.stride = row.stride;
        glia_dataset *dataset = nullptr;
        EXPECT_EQ(glia_dataset_from_tokens(ctx, row.dtype, tokens, row.count, &args, &dataset), GLIA_INVALID_ARGUMENT);
        EXPECT_TRUE(says(row.part)) << message();
    }
}

// --- padding ---

template <class T>
class Padding : public Series {};
using Elements = testing::Types<float, double, int32_t, int64_t>;
TYPED_TEST_SUITE(Padding, Elements);

// The plain rule: which step of the sequence stands at place t, or padding.
TYPED_TEST(Padding, at_either_end) {
    std::mt19937 random(8);
    for (int run = 0; run < 400; ++run) {
        const int64_t count = random() % 5, features = 1 + random() % 3, asked = random() % 6;
        std::vector<std::vector<TypeParam>> rows;
        std::vector<glia_sequence> sequences;
        int64_t longest = 0;
        for (int64_t i = 0; i < count; ++i) {
            const int64_t length = random() % 8;
            rows.emplace_back(size_t(length * features));
            for (TypeParam &v : rows.back()) v = TypeParam(random() % 1000);
            longest = std::max(longest, length);
        }
        for (const auto &row : rows)
            sequences.push_back({row.empty() ? nullptr : row.data(), int64_t(row.size()) / features});
        glia_pad_sequences_args args{};
        args.dtype = kDtype<TypeParam>, args.length = asked, args.features = features == 1 && run % 2 ? 0 : features,
        args.value           = -7;
        args.pad             = run % 3 ? GLIA_SEQUENCE_END : GLIA_SEQUENCE_START;
        args.truncate        = run % 5 ? GLIA_SEQUENCE_END : GLIA_SEQUENCE_START;
        const int64_t length = asked ? asked : longest;
        std::vector<TypeParam> out(size_t(count * length * features) + 1, TypeParam(-99)), want = out;
        std::vector<int32_t> lengths(size_t(count) + 1, -99), want_lengths                      = lengths;
        for (int64_t i = 0; i < count; ++i) {
            const int64_t all = sequences[size_t(i)].length, kept = std::min(all, length);
            want_lengths[size_t(i)] = int32_t(kept);
            for (int64_t t = 0; t < length; ++t) {
                const int64_t place = args.pad == GLIA_SEQUENCE_START ? t - (length - kept) : t;
                const int64_t step  = args.truncate == GLIA_SEQUENCE_START ? all - kept + place : place;
                for (int64_t k = 0; k < features; ++k)
                    want[size_t((i * length + t) * features + k)] =
                        place >= 0 && place < kept ? rows[size_t(i)][size_t(step * features + k)] : TypeParam(-7);
            }
        }
        ASSERT_EQ(glia_pad_sequences(this->ctx, sequences.data(), count, &args, out.data(),
                                     (out.size() - 1) * sizeof(TypeParam), lengths.data()),
                  GLIA_OK)
            << this->message();
        EXPECT_EQ(out, want);
        EXPECT_EQ(lengths, want_lengths);
        EXPECT_EQ(glia_pad_sequences(this->ctx, sequences.data(), count, &args, out.data(),
                                     (out.size() - 1) * sizeof(TypeParam), nullptr),
                  GLIA_OK);
    }
}

TEST_F(Series, padding_of_nothing) {
    const glia_sequence empty[] = {{nullptr, 0}, {nullptr, 0}};
    int32_t lengths[2]          = {9, 9};
    float out[4]                = {9, 9, 9, 9};
    EXPECT_EQ(glia_pad_sequences(ctx, nullptr, 0, nullptr, nullptr, 0, nullptr), GLIA_OK) << message();
    EXPECT_EQ(glia_pad_sequences(ctx, empty, 2, nullptr, nullptr, 0, lengths), GLIA_OK) << message();
    EXPECT_EQ(lengths[0] + lengths[1], 0);
    glia_pad_sequences_args args{};
    args.dtype = GLIA_I32, args.value = 1e10;
    EXPECT_EQ(glia_pad_sequences(ctx, empty, 2, &args, nullptr, 0, lengths), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("value is 1e+10, which i32 cannot represent")) << message();
    args.dtype  = GLIA_F32;
    args.length = 2, args.value = 0.5;
    EXPECT_EQ(glia_pad_sequences(ctx, empty, 2, &args, out, sizeof out, lengths), GLIA_OK) << message();
    for (float v : out) EXPECT_EQ(v, 0.5f);
}

TEST_F(Series, padding_that_cannot_be) {
    const float data[]       = {1, 2};
    const glia_sequence good = {data, 2}, negative = {data, -1}, none = {nullptr, 2},
                        endless = {data, int64_t(INT32_MAX) + 1};
    float out[8];
    const auto refuses = [&](const glia_sequence &sequence, const glia_pad_sequences_args &args, size_t bytes,
                             const char *part) {
        EXPECT_EQ(glia_pad_sequences(ctx, &sequence, 1, &args, out, bytes, nullptr), GLIA_INVALID_ARGUMENT) << part;
        EXPECT_TRUE(says(part)) << message();
    };
    const glia_pad_sequences_args plain{};
    refuses(negative, plain, 8, "sequences[0] has the length -1");
    refuses(none, plain, 8, "sequences[0] has the length 2 and is NULL");
    refuses(endless, plain, 8, "a sequence has 2147483648 steps");
    refuses(good, plain, 4, "out has 4 bytes, 1 sequences of 2 steps have 8");
    for (int what = 0; what < 9; ++what) {
        glia_pad_sequences_args args{};
        if (what == 0) args.dtype = GLIA_U8;
        if (what == 1) args.length = -1;
        if (what == 2) args.length = int64_t(INT32_MAX) + 1;
        if (what == 3) args.features = -1;
        if (what == 4) args.pad = glia_sequence_end(2);
        if (what == 5) args.truncate = glia_sequence_end(-1);
        if (what == 6) args.dtype = GLIA_I32, args.value = 0.5;
        if (what == 7) args.dtype = GLIA_I64, args.value = kNaN;
        if (what == 8) args.features = INT64_MAX;
        const char *part[] = {"dtype is u8",
                              "length is -1",
                              "length is 2147483648",
                              "features is -1",
                              "pad is 2",
                              "truncate -1",
                              "value is 0.5, which i32",
                              "value is nan",
                              "do not fit in memory"};
        refuses(good, args, 8, part[what]);
    }
}

TEST_F(Series, every_allocation_that_fails) {
    const std::vector<double> values(40, 1.5);
    const std::vector<int64_t> tokens(9, 3);
    const int64_t column[] = {1};
    const int failures     = fail_every_allocation([&](glia_context *c) {
        const glia_series series = series_of(values, 4);
        glia_scaler s[4];
        glia_status status = glia_scaler_fit(c, &series, nullptr, s);
        glia_windows_args args{};
        args.window = 3, args.targets = column, args.n_targets = 1;
        glia_token_windows_args lines{};
        lines.length = 2, lines.copy = true;
        glia_dataset *windows = nullptr, *text = nullptr;
        if (status == GLIA_OK) status = glia_dataset_from_series(c, &series, &args, &windows);
        if (status == GLIA_OK) status = glia_dataset_from_tokens(c, GLIA_I64, tokens.data(), 9, &lines, &text);
        glia_dataset_destroy(windows), glia_dataset_destroy(text);
        return status;
    });
    EXPECT_EQ(failures, 8);
}

}  // namespace

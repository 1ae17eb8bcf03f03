// Views of datasets, alone and composed, against a plain list of samples.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include "support/context_test.h"
#include "support/failing.h"
#include "support/internals.h"

namespace {

using namespace glia;

struct Sample {
    float x[2];
    int64_t label;
    bool operator==(const Sample &o) const { return x[0] == o.x[0] && x[1] == o.x[1] && label == o.label; }
};
using Samples = std::vector<Sample>;

std::ostream &operator<<(std::ostream &out, const Sample &s) {
    return out << "{" << s.x[0] << "," << s.x[1] << ":" << s.label << "}";
}

class Views : public ContextTest {
   protected:
    // Sample i: x {10 i + shift, 10 i + 1}, a label of three classes.
    glia_dataset *numbered(int64_t count, float shift = 0) {
        std::vector<float> x;
        std::vector<int64_t> y;
        for (int64_t i = 0; i < count; ++i) {
            x.push_back(float(10 * i) + shift), x.push_back(float(10 * i + 1));
            y.push_back(i % 3);
        }
        const glia_array input      = {"x", GLIA_F32, GLIA_SHAPE(2), x.data()};
        const glia_array target     = {"label", GLIA_I64, GLIA_SCALAR, y.data()};
        const glia_arrays_args args = {&input, 1, &target, 1, count, true};
        glia_dataset *out           = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(ctx, &args, &out), GLIA_OK) << message();
        return keep(out);
    }
    static Samples plain(int64_t count, float shift = 0) {
        Samples all;
        for (int64_t i = 0; i < count; ++i) all.push_back({{float(10 * i) + shift, float(10 * i + 1)}, i % 3});
        return all;
    }
    // The same samples, made by a function.
    glia_dataset *sourced(int64_t count, bool concurrent = true) {
        static const glia_field x = {"x", GLIA_F32, GLIA_SHAPE(2)}, label = {"label", GLIA_I64, GLIA_SCALAR};
        glia_source source{};
        source.inputs = &x, source.n_inputs = 1, source.targets = &label, source.n_targets = 1;
        source.count = count, source.user = this, source.concurrent = concurrent;
        source.read = [](void *user, const glia_sample *s) {
            ++static_cast<Views *>(user)->reads;
            const float values[] = {float(10 * s->index), float(10 * s->index + 1)};
            memcpy(s->inputs[0], values, sizeof values);
            *static_cast<int64_t *>(s->targets[0]) = s->index % 3;
            return GLIA_OK;
        };
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_from_source(ctx, &source, &out), GLIA_OK) << message();
        return keep(out);
    }
    glia_dataset *keep(glia_dataset *dataset) {
        if (dataset) kept.push_back(dataset);
        return dataset;
    }
    void TearDown() override {
        for (glia_dataset *dataset : kept) glia_dataset_destroy(dataset);
        ContextTest::TearDown();
    }

    // All samples, gathered in one batch.
    Samples read(glia_dataset *dataset) {
        const int64_t n = glia_dataset_count(dataset);
        std::vector<int64_t> index(size_t(n), 0);
        std::iota(index.begin(), index.end(), 0);
        glia_tensor *x = tensor(GLIA_F32, GLIA_SHAPE(n, 2)), *y = tensor(GLIA_I64, GLIA_SHAPE(n));
        EXPECT_EQ(glia_dataset_get(dataset, index.data(), n, &x, &y), GLIA_OK) << message();
        const float *values   = static_cast<const float *>(glia_tensor_data(x));
        const int64_t *labels = static_cast<const int64_t *>(glia_tensor_data(y));
        Samples all;
        for (int64_t i = 0; i < n; ++i) all.push_back({{values[2 * i], values[2 * i + 1]}, labels[i]});
        glia_tensor_destroy(x), glia_tensor_destroy(y);
        return all;
    }

    // The calls, which may fail: NULL then.
    glia_dataset *take(glia_dataset *d, int64_t first, int64_t count) {
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_take(d, first, count, &out), GLIA_OK) << message();
        return keep(out);
    }
    glia_dataset *repeat(glia_dataset *d, int64_t times) {
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_repeat(d, times, &out), GLIA_OK) << message();
        return keep(out);
    }
    glia_dataset *select(glia_dataset *d, const std::vector<int64_t> &index) {
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_select(d, index.data(), int64_t(index.size()), &out), GLIA_OK) << message();
        return keep(out);
    }
    glia_dataset *concat(const std::vector<glia_dataset *> &all) {
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_concat(all.data(), int(all.size()), &out), GLIA_OK) << message();
        return keep(out);
    }
    glia_dataset *join(glia_dataset *a, glia_dataset *b) {
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_join(a, b, &out), GLIA_OK) << message();
        return keep(out);
    }
    glia_dataset *pick(glia_dataset *d, const std::vector<glia_pick> &in, const std::vector<glia_pick> &targets) {
        const glia_pick_args args = {in.data(), int(in.size()), targets.data(), int(targets.size())};
        glia_dataset *out         = nullptr;
        EXPECT_EQ(glia_dataset_pick(d, &args, &out), GLIA_OK) << message();
        return keep(out);
    }
    glia_dataset *relabel(glia_dataset *d, const std::vector<int64_t> &table) {
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_relabel(d, 0, table.data(), int64_t(table.size()), &out), GLIA_OK) << message();
        return keep(out);
    }
    glia_dataset *filter(glia_dataset *d, glia_keep_fn function) {
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_filter(d, function, nullptr, &out), GLIA_OK) << message();
        return keep(out);
    }
    // In place: x becomes x + 1, whatever the epoch.
    glia_dataset *plus_one(glia_dataset *d) {
        glia_map_args args{};
        args.concurrent = true;
        args.map        = [](void *, const glia_sample *from, const glia_sample *to) {
            EXPECT_EQ(from->inputs[0], to->inputs[0]);
            for (int k = 0; k < 2; ++k) static_cast<float *>(to->inputs[0])[k] += 1;
            return GLIA_OK;
        };
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_map(d, &args, &out), GLIA_OK) << message();
        return keep(out);
    }

    std::vector<glia_dataset *> kept;
    int64_t reads = 0;
};

Samples taken(const Samples &all, size_t first, size_t count) {
    return {all.begin() + long(first), all.begin() + long(first + count)};
}

Samples together(Samples a, const Samples &b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

TEST_F(Views, show_the_samples_they_name) {
    for (glia_dataset *d : {numbered(8), sourced(8)}) {
        const Samples all = plain(8);
        EXPECT_EQ(read(take(d, 2, 3)), taken(all, 2, 3));
        EXPECT_EQ(read(take(d, 8, 0)), Samples{});
        EXPECT_EQ(read(select(d, {7, 0, 7})), (Samples{all[7], all[0], all[7]}));
        EXPECT_EQ(read(select(d, {})), Samples{});
        EXPECT_EQ(read(repeat(d, 3)), together(together(all, all), all));
        EXPECT_EQ(read(repeat(take(d, 0, 0), 5)), Samples{});
        EXPECT_EQ(read(concat({d, take(d, 1, 2)})), together(all, taken(all, 1, 2)));
        EXPECT_STREQ(glia_dataset_input(take(d, 1, 1), 0).name, "x");
    }
}

TEST_F(Views, outlive_what_they_show) {
    glia_dataset *d = numbered(6), *view = nullptr, *more = nullptr;
    ASSERT_EQ(glia_dataset_take(d, 1, 4, &view), GLIA_OK);
    ASSERT_EQ(glia_dataset_repeat(view, 2, &more), GLIA_OK);
    keep(more);
    kept.erase(kept.begin());
    glia_dataset_destroy(d), glia_dataset_destroy(view);
    EXPECT_EQ(read(more), together(taken(plain(6), 1, 4), taken(plain(6), 1, 4)));
}

TEST_F(Views, concatenate_different_data) {
    glia_dataset *all  = concat({numbered(3), take(numbered(4, 5), 1, 3), take(numbered(2), 0, 0), sourced(2)});
    const Samples want = together(together(plain(3), taken(plain(4, 5), 1, 3)), plain(2));
    EXPECT_EQ(read(all), want);
    EXPECT_EQ(read(select(all, {7, 3, 0})), (Samples{want[7], want[3], want[0]}));
    EXPECT_EQ(read(concat({all, all})), together(want, want));
}

TEST_F(Views, filter_by_number_and_by_content) {
    const auto odd  = [](void *, const glia_sample *s, bool *keep) { return *keep = s->index % 2 == 1, GLIA_OK; };
    const auto zero = [](void *, const glia_sample *s, bool *keep) {
        *keep = *static_cast<int64_t *>(s->targets[0]) == 0 && static_cast<float *>(s->inputs[0])[0] > 0;
        static_cast<float *>(s->inputs[0])[0] = -1;  // of a copy
        return GLIA_OK;
    };
    const Samples all = plain(10);
    for (glia_dataset *d : {numbered(10), sourced(10)}) {
        EXPECT_EQ(read(filter(d, odd)), (Samples{all[1], all[3], all[5], all[7], all[9]}));
        EXPECT_EQ(read(filter(d, zero)), (Samples{all[3], all[6], all[9]}));
        EXPECT_EQ(read(filter(filter(d, zero), odd)), Samples{all[6]});
        EXPECT_EQ(glia_dataset_count(filter(d, [](void *, const glia_sample *, bool *) { return GLIA_OK; })), 0);
    }
}

TEST_F(Views, relabel_drops_what_has_no_new_class) {
    const Samples all = plain(7);
    for (glia_dataset *d : {numbered(7), sourced(7)}) {
        const Samples got = read(relabel(d, {-1, 5, 0}));
        Samples want{all[1], all[2], all[4], all[5]};
        want[0].label = want[2].label = 5, want[1].label = want[3].label = 0;
        EXPECT_EQ(got, want);
        EXPECT_EQ(read(relabel(relabel(d, {-1, 5, 0}), {1, -1, -1, -1, -1, -1})).size(), 2u);
        EXPECT_EQ(glia_dataset_count(relabel(d, {-1, -1, -1})), 0);
        EXPECT_STREQ(glia_dataset_target(relabel(d, {0, 1, 2}), 0).name, "label");
    }
}

TEST_F(Views, join_puts_fields_side_by_side) {
    glia_dataset *a = numbered(5), *b = pick(sourced(5), {{"x", "other"}}, {{"label", "second"}});
    glia_dataset *both = join(select(a, {4, 3, 2}), take(b, 0, 3));
    ASSERT_EQ(glia_dataset_inputs(both), 2);
    ASSERT_EQ(glia_dataset_targets(both), 2);
    EXPECT_STREQ(glia_dataset_input(both, 1).name, "other");
    EXPECT_STREQ(glia_dataset_target(both, 1).name, "second");
    EXPECT_EQ(read(pick(both, {{"x"}}, {{"second"}})), (Samples{{{40, 41}, 0}, {{30, 31}, 1}, {{20, 21}, 2}}));
    EXPECT_EQ(read(pick(both, {{"other"}}, {{"label"}})), (Samples{{{0, 1}, 1}, {{10, 11}, 0}, {{20, 21}, 2}}));
    // What nobody wants is not read.
    reads = 0;
    read(pick(both, {{"x"}}, {{"label"}}));
    EXPECT_EQ(reads, 0);
}

TEST_F(Views, pick_makes_the_input_the_target) {
    for (glia_dataset *d : {numbered(4), sourced(4), plus_one(sourced(4))}) {
        glia_dataset *view = pick(d, {{"x"}}, {{"x"}});
        EXPECT_STREQ(glia_dataset_target(view, 0).name, "x");
        EXPECT_EQ(glia_dataset_target(view, 0).dtype, GLIA_F32);
        glia_tensor *x = tensor(GLIA_F32, GLIA_SHAPE(2, 2)), *y = tensor(GLIA_F32, GLIA_SHAPE(2, 2));
        const int64_t index[] = {3, 1};
        reads                 = 0;
        ASSERT_EQ(glia_dataset_get(view, index, 2, &x, &y), GLIA_OK) << message();
        EXPECT_LE(reads, 2);  // once for both
        EXPECT_EQ(memcmp(glia_tensor_data(x), glia_tensor_data(y), 16), 0);
        EXPECT_GE(static_cast<const float *>(glia_tensor_data(x))[0], 30);
        // Noise for the input alone: the target stays as it is.
        glia_dataset *noisy = concat({plus_one(view), view});
        ASSERT_EQ(glia_dataset_get(noisy, index, 2, &x, &y), GLIA_OK) << message();
        for (int k = 0; k < 4; ++k)
            EXPECT_EQ(static_cast<const float *>(glia_tensor_data(x))[k],
                      static_cast<const float *>(glia_tensor_data(y))[k] + 1);
        glia_tensor_destroy(x), glia_tensor_destroy(y);
    }
}

TEST_F(Views, map_changes_in_place_or_makes_new_fields) {
    for (glia_dataset *d : {numbered(5), sourced(5)}) {
        Samples want = plain(5);
        for (Sample &s : want) s.x[0] += 2, s.x[1] += 2;
        EXPECT_EQ(read(plus_one(plus_one(d))), want);
        static const glia_field sum = {"sum", GLIA_F64, GLIA_SCALAR};
        glia_map_args args{};
        args.inputs = &sum, args.n_inputs = 1, args.user = this;
        args.map = [](void *, const glia_sample *from, const glia_sample *to) {
            const auto *x                         = static_cast<const float *>(from->inputs[0]);
            *static_cast<double *>(to->inputs[0]) = x[0] + x[1];
            *static_cast<int64_t *>(to->targets[0]) += 100;
            return GLIA_OK;
        };
        glia_dataset *out = nullptr;
        ASSERT_EQ(glia_dataset_map(d, &args, &out), GLIA_OK) << message();
        keep(out);
        glia_tensor *x = tensor(GLIA_F64, GLIA_SHAPE(1)), *y = tensor(GLIA_I64, GLIA_SHAPE(1));
        const int64_t index = 4;
        for (bool targets : {true, false}) {
            ASSERT_EQ(glia_dataset_get(out, &index, 1, &x, targets ? &y : nullptr), GLIA_OK) << message();
            EXPECT_EQ(*static_cast<const double *>(glia_tensor_data(x)), 81);
            EXPECT_EQ(*static_cast<const int64_t *>(glia_tensor_data(y)), 101);
        }
        glia_tensor_destroy(x), glia_tensor_destroy(y);
    }
}

TEST_F(Views, give_each_function_its_own_random_number) {
    struct Seen {
        std::vector<uint64_t> numbers;
    } first, second;
    const auto note = [](void *user, const glia_sample *from, const glia_sample *to) {
        EXPECT_EQ(from->random, to->random);
        static_cast<Seen *>(user)->numbers.push_back(to->random);
        return GLIA_OK;
    };
    glia_map_args args{};
    args.map = note, args.user = &first;
    glia_dataset *one = nullptr, *two = nullptr;
    ASSERT_EQ(glia_dataset_map(numbered(50), &args, &one), GLIA_OK);
    args.user = &second;
    ASSERT_EQ(glia_dataset_map(keep(one), &args, &two), GLIA_OK);
    read(keep(two)), read(two);
    ASSERT_EQ(first.numbers.size(), 100u);
    std::set<uint64_t> all(first.numbers.begin(), first.numbers.end());
    all.insert(second.numbers.begin(), second.numbers.end());
    EXPECT_EQ(all.size(), 100u);  // 50 samples, two functions, the same again in the second reading
    EXPECT_TRUE(std::equal(first.numbers.begin(), first.numbers.begin() + 50, first.numbers.begin() + 50));
}

TEST_F(Views, compose_in_any_way) {
    // Each operation on a dataset and on the plain list that it should be.
    using Step         = std::function<void(glia_dataset *&, Samples &)>;
    const Step steps[] = {
        [&](glia_dataset *&d, Samples &s) {
            const size_t n = s.size();
            d = take(d, int64_t(n / 4), int64_t(n / 2)), s = taken(s, n / 4, n / 2);
        },
        [&](glia_dataset *&d, Samples &s) { d = repeat(d, 2), s = together(s, s); },
        [&](glia_dataset *&d, Samples &s) {
            d = plus_one(d);
            for (Sample &one : s) one.x[0] += 1, one.x[1] += 1;
        },
        [&](glia_dataset *&d, Samples &s) {
            d = filter(d,
                       [](void *, const glia_sample *one, bool *keep) { return *keep = one->index % 3 != 1, GLIA_OK; });
            Samples left;
            for (size_t i = 0; i < s.size(); ++i)
                if (i % 3 != 1) left.push_back(s[i]);
            s = left;
        },
        [&](glia_dataset *&d, Samples &s) {
            d = relabel(d, {2, -1, 1});
            Samples left;
            for (Sample one : s)
                if (one.label != 1) one.label = one.label == 0 ? 2 : 1, left.push_back(one);
            s = left;
        },
        [&](glia_dataset *&d, Samples &s) {
            d = concat({sourced(4), d, numbered(2)}), s = together(together(plain(4), s), plain(2));
        },
        [&](glia_dataset *&d, Samples &s) { d = concat({d, take(d, 0, 1)}), s = together(s, {s[0]}); },
        [&](glia_dataset *&d, Samples &s) {
            d = join(pick(d, {{"x"}}, {}), pick(d, {{"x", "again"}}, {{"label"}}));
            d = pick(d, {{"again", "x"}}, {{"label"}});
            (void)s;
        },
    };
    uint32_t random = 12345;
    for (int trial = 0; trial < 200; ++trial) {
        glia_dataset *d = trial % 2 ? numbered(12) : sourced(12);
        Samples want    = plain(12);
        std::string trace;
        for (int k = 0; k < 6 && want.size() < 300 && !want.empty(); ++k) {
            random          = random * 1664525 + 1013904223;
            const auto step = (random >> 16) % std::size(steps);
            trace += " " + std::to_string(step);
            steps[step](d, want);
        }
        ASSERT_EQ(read(d), want) << "steps" << trace;
        for (glia_dataset *dataset : kept) glia_dataset_destroy(dataset);
        kept.clear();
    }
}

TEST_F(Views, count_and_weigh_classes) {
    int64_t counts[4] = {9, 9, 9, 9};
    for (glia_dataset *d : {numbered(8), sourced(8)}) {
        ASSERT_EQ(glia_dataset_class_counts(d, 0, counts, 4), GLIA_OK) << message();
        EXPECT_EQ(std::vector<int64_t>(counts, counts + 4), (std::vector<int64_t>{3, 3, 2, 0}));
    }
    double weights[4];
    ASSERT_EQ(glia_class_weights(counts, 4, weights), GLIA_OK);
    EXPECT_EQ(std::vector<double>(weights, weights + 4), (std::vector<double>{8 / 9.0, 8 / 9.0, 8 / 6.0, 1}));
    EXPECT_EQ(glia_dataset_class_counts(take(numbered(3), 0, 0), 0, counts, 4), GLIA_OK);
    EXPECT_EQ(counts[0], 0);
    EXPECT_EQ(glia_class_weights(counts, 4, weights), GLIA_OK);
    EXPECT_EQ(weights[0], 1);

    EXPECT_EQ(glia_dataset_class_counts(numbered(8), 0, counts, 2), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("'label' of sample 2 is 2, must be 0 to 1")) << message();
    EXPECT_EQ(glia_dataset_class_counts(numbered(8), 1, counts, 4), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("target is 1, the dataset has 1 targets")) << message();
    glia_dataset *reals = pick(numbered(3), {{"x"}}, {{"x"}});
    EXPECT_EQ(glia_dataset_class_counts(reals, 0, counts, 4), GLIA_DTYPE_MISMATCH);
    EXPECT_TRUE(says("'x' is f32")) << message();
    counts[2] = -3;
    EXPECT_EQ(glia_class_weights(counts, 4, weights), GLIA_INVALID_ARGUMENT);
    EXPECT_NE(std::string(glia_message(nullptr)).find("counts[2] is -3"), std::string::npos);
}

TEST_F(Views, refuse_what_does_not_fit) {
    glia_dataset *d = numbered(4), *out = nullptr;
    const auto refused = [&](glia_status got, glia_status want, const char *words) {
        EXPECT_EQ(got, want) << words;
        EXPECT_TRUE(says(words)) << message() << "\nwithout: " << words;
        EXPECT_EQ(out, nullptr);
    };
    for (auto [first, count] : {std::pair{-1, 1}, {0, -1}, {0, 5}, {5, 0}, {3, 2}})
        refused(glia_dataset_take(d, first, count, &out), GLIA_INVALID_ARGUMENT, "the dataset has 4");
    refused(glia_dataset_take(d, INT64_MAX, INT64_MAX, &out), GLIA_INVALID_ARGUMENT, "9223372036854775807 samples");
    const int64_t wrong[] = {0, 4}, negative[] = {-1};
    refused(glia_dataset_select(d, wrong, 2, &out), GLIA_INVALID_ARGUMENT, "index[1] is 4");
    refused(glia_dataset_select(d, negative, 1, &out), GLIA_INVALID_ARGUMENT, "index[0] is -1");
    refused(glia_dataset_select(d, nullptr, 1, &out), GLIA_INVALID_ARGUMENT, "index is NULL");
    refused(glia_dataset_select(d, wrong, -1, &out), GLIA_INVALID_ARGUMENT, "n is -1");
    refused(glia_dataset_repeat(d, 0, &out), GLIA_INVALID_ARGUMENT, "times is 0");
    refused(glia_dataset_repeat(d, int64_t(1) << 31, &out), GLIA_INVALID_ARGUMENT, "4 samples");
    refused(glia_dataset_repeat(d, INT64_MAX, &out), GLIA_INVALID_ARGUMENT, "4 samples");

    refused(glia_dataset_join(d, numbered(3), &out), GLIA_SHAPE_MISMATCH, "4 samples, the second 3");
    refused(glia_dataset_join(d, d, &out), GLIA_INVALID_ARGUMENT,
            "inputs[1] has the name 'x', which another field has");
    glia_dataset *reals = pick(d, {{"x"}}, {{"x"}}), *none = pick(d, {{"x"}}, {});
    glia_dataset *mixed[] = {d, reals}, *uneven[] = {d, none}, *hole[] = {d, nullptr};
    refused(glia_dataset_concat(mixed, 2, &out), GLIA_DTYPE_MISMATCH, "'x' of dataset 1 is f32, 'label' of dataset 0");
    refused(glia_dataset_concat(uneven, 2, &out), GLIA_SHAPE_MISMATCH, "dataset 1 has 1 inputs and 0 targets");
    refused(glia_dataset_concat(hole, 2, &out), GLIA_INVALID_ARGUMENT, "datasets[1] is NULL");
    EXPECT_EQ(glia_dataset_concat(hole, 0, &out), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_dataset_concat(hole + 1, 1, &out), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_dataset_concat(nullptr, 1, &out), GLIA_INVALID_ARGUMENT);

    const glia_pick absent = {"image"}, unnamed = {nullptr}, good = {"x"}, empty = {"x", ""};
    for (auto [bad, words] : {std::pair{absent, "inputs[0] is 'image', which is no field"},
                              {unnamed, "the field of inputs[0] is NULL"},
                              {empty, "the name of inputs[0] has 0 bytes"}}) {
        const glia_pick_args args = {&bad, 1, nullptr, 0};
        refused(glia_dataset_pick(d, &args, &out), GLIA_INVALID_ARGUMENT, words);
    }
    const glia_pick twice[] = {good, good};
    const glia_pick_args two{twice, 2, nullptr, 0}, zero{&good, 0, nullptr, 0}, lost{&good, 1, nullptr, 1};
    refused(glia_dataset_pick(d, &two, &out), GLIA_INVALID_ARGUMENT, "has the name 'x'");
    refused(glia_dataset_pick(d, &zero, &out), GLIA_INVALID_ARGUMENT, "0 inputs");
    refused(glia_dataset_pick(d, &lost, &out), GLIA_INVALID_ARGUMENT, "targets is NULL");

    const int64_t table[] = {0, 1};
    refused(glia_dataset_relabel(d, 0, table, 2, &out), GLIA_INVALID_ARGUMENT,
            "'label' of sample 2 is 2, must be 0 to 1");
    refused(glia_dataset_relabel(d, 1, table, 2, &out), GLIA_INVALID_ARGUMENT, "target is 1");
    refused(glia_dataset_relabel(d, 0, table, 0, &out), GLIA_INVALID_ARGUMENT, "classes is 0");
    refused(glia_dataset_relabel(d, 0, nullptr, 2, &out), GLIA_INVALID_ARGUMENT, "table is NULL");
    refused(glia_dataset_relabel(reals, 0, table, 2, &out), GLIA_DTYPE_MISMATCH, "is f32");

    refused(glia_dataset_filter(d, nullptr, nullptr, &out), GLIA_INVALID_ARGUMENT, "keep is NULL");
    const auto fails = [](void *, const glia_sample *s, bool *) {
        snprintf(s->message, GLIA_SAMPLE_MESSAGE, "number %d", 7);
        return s->index == 2 ? GLIA_IO_ERROR : GLIA_OK;
    };
    refused(glia_dataset_filter(d, fails, nullptr, &out), GLIA_IO_ERROR,
            "the filter returned GLIA_IO_ERROR for sample 2: number 7");
    glia_map_args args{};
    refused(glia_dataset_map(d, &args, &out), GLIA_INVALID_ARGUMENT, "map is NULL");
    args.map      = [](void *, const glia_sample *, const glia_sample *) { return GLIA_IO_ERROR; };
    args.n_inputs = 1;
    refused(glia_dataset_map(d, &args, &out), GLIA_INVALID_ARGUMENT, "inputs is NULL, n_inputs is 1");
    args.n_inputs = 0;
    ASSERT_EQ(glia_dataset_map(d, &args, &out), GLIA_OK) << message();
    int64_t counts[3];
    EXPECT_EQ(glia_dataset_class_counts(keep(out), 0, counts, 3), GLIA_IO_ERROR);
    EXPECT_TRUE(says("the dataset's map returned GLIA_IO_ERROR for sample 0")) << message();

    glia_context *other = nullptr;
    ASSERT_EQ(glia_context_create("cpu", nullptr, &other), GLIA_OK);
    const float value           = 1;
    const glia_array array      = {nullptr, GLIA_F32, GLIA_SCALAR, &value};
    const glia_arrays_args from = {&array, 1, nullptr, 0, 1, true};
    glia_dataset *far           = nullptr;
    out                         = nullptr;
    ASSERT_EQ(glia_dataset_from_arrays(other, &from, &far), GLIA_OK);
    glia_dataset *apart[] = {d, far};
    refused(glia_dataset_concat(apart, 2, &out), GLIA_DEVICE_MISMATCH, "datasets[1] belongs to another context");
    refused(glia_dataset_join(d, far, &out), GLIA_DEVICE_MISMATCH, "different contexts");
    glia_dataset_destroy(far), glia_context_destroy(other);
}

TEST_F(Views, user_data_are_destroyed_with_the_last_view) {
    struct Life {
        int ends = 0;
    } source_life, map_life;
    const auto end     = [](void *user) { ++static_cast<Life *>(user)->ends; };
    const glia_field x = {"x", GLIA_F32, GLIA_SCALAR};
    glia_source source{};
    source.inputs = &x, source.n_inputs = 1, source.count = 3, source.user = &source_life, source.destroy = end;
    source.read        = [](void *, const glia_sample *s) { return *static_cast<float *>(s->inputs[0]) = 1, GLIA_OK; };
    glia_dataset *made = nullptr, *mapped = nullptr, *view = nullptr, *none = nullptr;
    ASSERT_EQ(glia_dataset_from_source(ctx, &source, &made), GLIA_OK) << message();
    glia_map_args args{};
    args.map  = [](void *, const glia_sample *, const glia_sample *) { return GLIA_OK; };
    args.user = &map_life, args.destroy = end;
    ASSERT_EQ(glia_dataset_map(made, &args, &mapped), GLIA_OK) << message();
    ASSERT_EQ(glia_dataset_take(mapped, 0, 1, &view), GLIA_OK) << message();
    glia_dataset_destroy(made), glia_dataset_destroy(mapped);
    EXPECT_EQ(source_life.ends + map_life.ends, 0);
    glia_dataset_destroy(view);
    EXPECT_EQ(source_life.ends, 1);
    EXPECT_EQ(map_life.ends, 1);
    // What could not be made stays the caller's.
    const glia_field bad = {"x", GLIA_F32, GLIA_SHAPE(-2)};
    source.inputs        = &bad;
    EXPECT_EQ(glia_dataset_from_source(ctx, &source, &none), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(source_life.ends, 1);
}

TEST(ViewsMemory, every_allocation_may_fail) {
    EXPECT_GE(fail_every_allocation([&](glia_context *ctx) {
                  const float value[3]   = {};
                  const int64_t label[3] = {0, 1, 2}, table[3] = {1, -1, 0}, index[2] = {1, 0};
                  const glia_array x          = {"x", GLIA_F32, GLIA_SCALAR, value};
                  const glia_array y          = {"y", GLIA_I64, GLIA_SCALAR, label};
                  const glia_arrays_args args = {&x, 1, &y, 1, 3, true};
                  glia_dataset *d[8]          = {};
                  glia_map_args map{};
                  map.map            = [](void *, const glia_sample *, const glia_sample *) { return GLIA_OK; };
                  glia_status status = glia_dataset_from_arrays(ctx, &args, &d[0]);
                  if (status == GLIA_OK) status = glia_dataset_relabel(d[0], 0, table, 3, &d[1]);
                  if (status == GLIA_OK) status = glia_dataset_map(d[1], &map, &d[2]);
                  if (status == GLIA_OK) status = glia_dataset_concat(d, 3, &d[3]);
                  if (status == GLIA_OK) status = glia_dataset_select(d[3], index, 2, &d[4]);
                  if (status == GLIA_OK)
                      status = glia_dataset_filter(
                          d[4], [](void *, const glia_sample *, bool *keep) { return *keep = true, GLIA_OK; }, nullptr,
                          &d[5]);
                  int64_t counts[3];
                  if (status == GLIA_OK) status = glia_dataset_class_counts(d[5], 0, counts, 3);
                  for (glia_dataset *dataset : d) glia_dataset_destroy(dataset);
                  return status;
              }),
              16);
}

}  // namespace

// Pairs of words and contexts, with negative samples.
#include <cmath>
#include <map>

#include "glia/series.h"
#include "support/context_test.h"
#include "support/failing.h"
#include "support/internals.h"

namespace {

using namespace glia;

struct Pair {
    int64_t center, context;
    float label;
    bool operator==(const Pair &o) const { return center == o.center && context == o.context && label == o.label; }
};

class SkipGrams : public ContextTest {
   protected:
    void TearDown() override {
        glia_dataset_destroy(data);
        ContextTest::TearDown();
    }
    glia_status open(const std::vector<int64_t> &tokens, const glia_skip_grams_args &args) {
        glia_dataset_destroy(data);
        data                       = nullptr;
        glia_skip_grams_args given = args;
        given.copy                 = true;
        return glia_dataset_from_skip_grams(ctx, GLIA_I64, tokens.data(), int64_t(tokens.size()), &given, &data);
    }
    std::vector<Pair> all() {
        const int64_t n = glia_dataset_count(data);
        std::vector<int64_t> index(size_t(n), 0);
        for (int64_t i = 0; i < n; ++i) index[size_t(i)] = i;
        glia_tensor *inputs[] = {tensor(GLIA_I64, GLIA_SHAPE(n)), tensor(GLIA_I64, GLIA_SHAPE(n))},
                    *label    = tensor(GLIA_F32, GLIA_SHAPE(n, 1));
        EXPECT_EQ(glia_dataset_get(data, index.data(), n, inputs, &label), GLIA_OK) << message();
        std::vector<Pair> out;
        for (int64_t i = 0; i < n; ++i)
            out.push_back({static_cast<int64_t *>(glia_tensor_data(inputs[0]))[i],
                           static_cast<int64_t *>(glia_tensor_data(inputs[1]))[i],
                           static_cast<float *>(glia_tensor_data(label))[i]});
        for (glia_tensor *t : {inputs[0], inputs[1], label}) glia_tensor_destroy(t);
        return out;
    }
    glia_dataset *data = nullptr;
};

TEST_F(SkipGrams, are_the_pairs_of_a_window) {
    ASSERT_EQ(open({2, 3, 4, 1, 5}, {.window = 2, .negatives = -1, .vocabulary = 6, .ignored = 2}), GLIA_OK)
        << message();
    EXPECT_EQ(all(), (std::vector<Pair>{
                         {2, 3, 1}, {2, 4, 1}, {3, 2, 1}, {3, 4, 1}, {4, 2, 1}, {4, 3, 1}, {4, 5, 1}, {5, 4, 1}}));
    EXPECT_STREQ(glia_dataset_input(data, 0).name, "center");
    EXPECT_STREQ(glia_dataset_input(data, 1).name, "context");
    EXPECT_STREQ(glia_dataset_target(data, 0).name, "label");
    const int32_t narrow[] = {0, 1, 0};
    glia_dataset *other    = nullptr;
    const glia_skip_grams_args args{.window = 1, .negatives = 1, .vocabulary = 2};
    ASSERT_EQ(glia_dataset_from_skip_grams(ctx, GLIA_I32, narrow, 3, &args, &other), GLIA_OK) << message();
    EXPECT_EQ(glia_dataset_count(other), 8);
    std::swap(data, other);
    const std::vector<Pair> pairs = all();
    for (size_t i = 0; i < 8; i += 2) {  // with two words the negative is the other one
        EXPECT_EQ(pairs[i].label, 1);
        EXPECT_EQ(pairs[i + 1], (Pair{pairs[i].center, 1 - pairs[i].context, 0}));
    }
    glia_dataset_destroy(other);
}

TEST_F(SkipGrams, negatives_are_drawn_by_their_counts) {
    std::vector<int64_t> tokens;  // 0 never, 1 ignored, 2: 16 in 21, 3: 4 in 21, 4: 1 in 21
    for (int i = 0; i < 105; ++i) tokens.push_back(i % 21 < 16 ? 2 : i % 21 < 20 ? 3 : 4);
    tokens[0] = 1;
    ASSERT_EQ(open(tokens, {.window = 3, .negatives = 30, .power = 0.5, .vocabulary = 6, .ignored = 2}), GLIA_OK);
    const std::vector<Pair> pairs = all();
    std::map<int64_t, int> drawn;
    int n = 0;
    for (size_t i = 0; i < pairs.size(); ++i) {
        EXPECT_EQ(pairs[i].label, i % 31 == 0 ? 1 : 0);
        if (i % 31 == 0) continue;
        EXPECT_NE(pairs[i].context, pairs[i / 31 * 31].context);
        if (pairs[i / 31 * 31].context == 2) ++drawn[pairs[i].context], ++n;
    }
    // Where the pair's context is 2, the others are drawn as sqrt(20) to sqrt(5).
    EXPECT_EQ(drawn.size(), 2u);
    EXPECT_NEAR(double(drawn[3]) / n, 2.0 / 3, 0.03);
    EXPECT_EQ(all(), pairs);  // the same epoch
    ASSERT_EQ(open(tokens, {.window = 3, .negatives = 30, .vocabulary = 6, .ignored = 2}), GLIA_OK);
    int third                     = 0;
    n                             = 0;
    const std::vector<Pair> usual = all();
    for (size_t i = 0; i < usual.size(); ++i)
        if (i % 31 && usual[i / 31 * 31].context == 2) third += usual[i].context == 3, ++n;
    EXPECT_NEAR(double(third) / n, std::pow(4, 0.75) / (1 + std::pow(4, 0.75)), 0.03);
}

TEST_F(SkipGrams, negatives_are_never_the_pairs_own_context_however_frequent_it_is) {
    for (int64_t often : {0, 3, 5}) {  // the first token, one between, the last
        std::vector<int64_t> tokens(2000, often);
        tokens[700] = often == 0 ? 4 : often - 1, tokens[1400] = often == 5 ? 2 : often + 1;
        ASSERT_EQ(open(tokens, {.window = 1, .negatives = 3, .power = 2, .vocabulary = 6}), GLIA_OK) << message();
        const std::vector<Pair> pairs = all();
        std::map<int64_t, int> drawn;
        for (size_t i = 0; i < pairs.size(); ++i) {
            if (i % 4 == 0) continue;
            ASSERT_NE(pairs[i].context, pairs[i / 4 * 4].context);
            if (pairs[i / 4 * 4].context == often) ++drawn[pairs[i].context];
        }
        EXPECT_EQ(drawn.size(), 2u);  // the two that come once, each as often: six standard deviations are 330
        EXPECT_NEAR(drawn[tokens[700]], drawn[tokens[1400]], 660);
    }
}

// Tokens that their caller changes below the dataset are an error of the sample, not a loop without end.
TEST_F(SkipGrams, notice_tokens_that_are_others) {
    int64_t tokens[]    = {2, 3, 4};
    const int64_t index = 0;
    const glia_skip_grams_args args{.window = 1, .negatives = 1, .vocabulary = 5, .ignored = 2};
    ASSERT_EQ(glia_dataset_from_skip_grams(ctx, GLIA_I64, tokens, 3, &args, &data), GLIA_OK) << message();
    glia_tensor *inputs[] = {tensor(GLIA_I64, GLIA_SHAPE(1)), tensor(GLIA_I64, GLIA_SHAPE(1))};
    EXPECT_EQ(glia_dataset_get(data, &index, 1, inputs, nullptr), GLIA_OK) << message();
    for (const auto &[at, other] : {std::pair<size_t, int64_t>{1, 0}, {1, 99}, {0, INT64_MAX}, {0, -1}}) {
        const int64_t was = tokens[at];
        tokens[at]        = other;
        EXPECT_EQ(glia_dataset_get(data, &index, 1, inputs, nullptr), GLIA_INVALID_ARGUMENT) << other;
        EXPECT_TRUE(says("the tokens around token 0 are not those that the dataset was made of")) << message();
        tokens[at] = was;
    }
    EXPECT_EQ(glia_dataset_get(data, &index, 1, inputs, nullptr), GLIA_OK) << message();
    for (glia_tensor *t : inputs) glia_tensor_destroy(t);
}

TEST_F(SkipGrams, refuse_what_is_wrong) {
    const auto refuses = [&](const std::vector<int64_t> &tokens, const glia_skip_grams_args &args,
                             const std::string &words) {
        EXPECT_EQ(open(tokens, args), GLIA_INVALID_ARGUMENT) << words;
        EXPECT_TRUE(says(words)) << message();
        EXPECT_EQ(data, nullptr);
    };
    refuses({1, 2}, {.vocabulary = 2}, "token 1 is 2, must be 0 to 1");
    refuses({1, -2}, {.vocabulary = 2}, "token 1 is -2");
    refuses({1}, {.vocabulary = 2}, "count is 1, must be 2 to");
    refuses({1, 1}, {}, "vocabulary is 0");
    refuses({1, 1}, {.vocabulary = 2, .ignored = 2}, "no two of 2 tokens make a pair");
    refuses({1, 1}, {.vocabulary = 2, .ignored = -1}, "ignored is -1");
    refuses({1, 1}, {.window = -1, .vocabulary = 2}, "window is -1");
    refuses({1, 1}, {.negatives = -2, .vocabulary = 2}, "negatives is -2");
    refuses(std::vector<int64_t>(100, 1), {.power = 1000, .vocabulary = 2}, "power is 1000: the counts of 100 tokens");
    refuses({1, 1}, {.power = NAN, .vocabulary = 2}, "power is nan");
    ASSERT_EQ(open({1, 1}, {.vocabulary = 2}), GLIA_OK);  // there is no other word: the negative is the same
    EXPECT_EQ(all()[1], (Pair{1, 1, 0}));
}

TEST_F(SkipGrams, out_of_memory_is_an_ordinary_error) {
    const int64_t tokens[] = {0, 1, 0};
    EXPECT_GT(fail_every_allocation([&](glia_context *c) {
                  glia_dataset *made = nullptr;
                  const glia_skip_grams_args args{.vocabulary = 2, .copy = true};
                  const glia_status status = glia_dataset_from_skip_grams(c, GLIA_I64, tokens, 3, &args, &made);
                  glia_dataset_destroy(made);
                  return status;
              }),
              4);
}

}  // namespace

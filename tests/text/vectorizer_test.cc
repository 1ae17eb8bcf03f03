// Cleaning of texts, and bags of words against what scikit-learn recorded.
#include <cmath>

#include "support/context_test.h"
#include "support/failing.h"
#include "support/files.h"

namespace {

using namespace glia;
using Strings = std::vector<std::string>;

glia_text text_of(const std::string &s) { return {s.data(), s.size()}; }
std::string string_of(glia_text t) { return std::string(t.data ? t.data : "", t.bytes); }

std::vector<glia_text> texts_of(const Strings &strings) {
    std::vector<glia_text> all;
    for (const auto &s : strings) all.push_back(text_of(s));
    return all;
}

class Clean : public ContextTest {
   protected:
    Strings clean(const Strings &texts, const glia_clean_args &args) {
        glia_tokens *out = nullptr;
        const auto all   = texts_of(texts);
        EXPECT_EQ(glia_text_clean(ctx, &args, all.data(), int64_t(all.size()), &out), GLIA_OK) << message();
        EXPECT_EQ(glia_tokens_count(out), int64_t(texts.size()));
        Strings cleaned;
        for (int64_t i = 0; i < glia_tokens_count(out); ++i) cleaned.push_back(string_of(glia_tokens_get(out, i)));
        glia_tokens_destroy(out);
        return cleaned;
    }
    std::string clean(const std::string &text, const glia_clean_args &args) { return clean(Strings{text}, args)[0]; }
};

TEST_F(Clean, html) {
    const std::pair<const char *, const char *> table[] = {
        {"<p>A <b class=\"x\">bold</b> word<br/></p>", " A  bold  word  "},
        {"a<!-- <b> - -- > -->b", "a b"},
        {"<!DOCTYPE html><?xml?>x", "  x"},
        {"1 < 2 <3 a<b", "1 < 2 <3 a<b"},  // the last one begins a tag that never ends
        {"<a <b> c>", "  c>"},             // up to the next >
        {"<!-- never ended <i>x</i>", "<!-- never ended  x "},
        {"&lt;b&gt; &amp;amp; &quot;&apos;&nbsp;", "<b> &amp; \"'\u00A0"},
        {"&LT;&#65;&#x20AC;&#X1f600;", "<A\u20AC\U0001F600"},
        {"&#0;&#xD800;&#1114112;&#99999999999999999999;", "\uFFFD\uFFFD\uFFFD\uFFFD"},
        {"&#; &#x; &#65 &copy; & &;", "&#; &#x; &#65 &copy; & &;"},
    };
    for (const auto &[text, want] : table) EXPECT_EQ(clean(text, {.html = true}), want) << text;
}

TEST_F(Clean, addresses_and_names) {
    const std::pair<const char *, const char *> urls[] = {
        {"see http://a.b/c?d=e#f, or HTTPS://x.y.", "see  , or  ."},
        {"(www.a.org/b_(c)) \"ftp://a/b\"", "( )) \" \""},
        {"xhttp://a.b http:// www. awww.b", "xhttp://a.b http:// www. awww.b"},
        {"<http://a.b/\u00E9>\u3000http://\u4E2D.cn\u3000z", "< >\u3000 \u3000z"},
    };
    const std::pair<const char *, const char *> names[] = {
        {"@ann_1, thanks @\u00C9mile! a@b.org @ @@x", " , thanks  ! a@b.org @ @ "},
        {"RT @a:", "RT  :"},
    };
    for (const auto &[text, want] : urls) EXPECT_EQ(clean(text, {.urls = true}), want) << text;
    for (const auto &[text, want] : names) EXPECT_EQ(clean(text, {.mentions = true}), want) << text;
    EXPECT_EQ(clean("#one two#three # #\u4E2D\u6587", {.hashtags = true}), "  two#three #  ");
}

TEST_F(Clean, words) {
    EXPECT_EQ(clean("The \u00C9T\u00C9 \u212A", {.lowercase = true}), "the \u00E9t\u00E9 k");
    EXPECT_EQ(clean("Don't \u201Cstop\u201D -- it\u2019s 'fine'!", {.punctuation = true}),
              "Don't  stop     it\u2019s  fine  ");
    EXPECT_EQ(clean("co\u00ADop_x", {.punctuation = true}), "co\u00ADop x");
    EXPECT_EQ(clean(" a\t\r\n b\u00A0\u3000c ", {.white_space = true}), "a b c");
    EXPECT_EQ(clean("\n \u2028", {.white_space = true}), "");
    // The Snowball list knows "don't" and "it's", whichever apostrophe a text has; "cat's" is a word of its own.
    EXPECT_EQ(clean("It\u2019s the cat's, I DON'T know", {.english_stop_words = true, .white_space = true}),
              "cat's, know");
    const glia_text mine[] = {{"Cat", 3}, {"l\u2019eau", 7}};
    EXPECT_EQ(clean("cat CATS L'EAU the", {.stop_words = mine, .n_stop_words = 2}), "  CATS   the");
}

TEST_F(Clean, steps_follow_each_other) {
    const glia_clean_args all{.html               = true,
                              .urls               = true,
                              .mentions           = true,
                              .hashtags           = true,
                              .lowercase          = true,
                              .english_stop_words = true,
                              .punctuation        = true,
                              .white_space        = true};
    EXPECT_EQ(clean(Strings{"<p>@bob I DON'T like&nbsp;this: http://t.co/x &lt;3 #fail</p>", "", "!!!", "the"}, all),
              (Strings{"like 3", "", "", ""}));
    EXPECT_EQ(clean(Strings{}, all), Strings{});
    const std::string nul("a\0b", 3);
    EXPECT_EQ(clean(nul, {}), nul);
    EXPECT_EQ(clean(nul, all), "b");  // "a" is a stop word, and a NUL separates
}

TEST_F(Clean, broken_texts) {
    const std::string bad = "ok \xC3( x";
    glia_tokens *out      = nullptr;
    const glia_text all[] = {{"a", 1}, text_of(bad)};
    EXPECT_EQ(glia_text_clean(ctx, nullptr, all, 2, &out), GLIA_BAD_FORMAT);
    EXPECT_EQ(message(), "glia_text_clean: texts[1]: no valid UTF-8 at byte 3 of 7, which is 0xc3");
    EXPECT_EQ(out, nullptr);
    EXPECT_EQ(clean(bad, {.replace_invalid = true}), "ok \uFFFD( x");
    EXPECT_EQ(clean("\xE2\x82", {.replace_invalid = true}), "\uFFFD");
    for (const char *word : {"", "two words", "..."}) {
        const glia_text stop = {word, strlen(word)};
        const glia_clean_args args{.stop_words = &stop, .n_stop_words = 1};
        EXPECT_EQ(glia_text_clean(ctx, &args, all, 1, &out), GLIA_INVALID_ARGUMENT);
        EXPECT_TRUE(says("glia_text_clean: stop_words[0]: '" + std::string(word) + "' is not one word")) << message();
    }
}

// What begins and never ends is looked for once: a moment of work, not an hour.
TEST_F(Clean, long_lines) {
    std::string tags, comments, words;
    for (int i = 0; i < 300000; ++i) tags += "<x", comments += "<!--", words += "the@#&;";
    const glia_clean_args all{
        .html = true, .urls = true, .mentions = true, .hashtags = true, .english_stop_words = true};
    EXPECT_TRUE(clean(tags, all) == tags);
    EXPECT_TRUE(clean(comments, all) == comments);
    EXPECT_EQ(clean(words, all).size(), words.size() - 300000 * 2);  // "the" becomes a space
}

// ---- Bags of words ----

struct Bag {
    const char *name;
    glia_token_unit unit;
    int minimum_n, maximum_n;
    int64_t minimum_documents;
    double maximum_share;
    int64_t maximum_size;
    glia_term_weight weight;
    bool idf, unit_length;
    Strings stop_words;
    std::vector<std::pair<std::string, int64_t>> columns;
    std::vector<std::vector<float>> rows;
};

constexpr int64_t kTrain = 7;

#define TEXT(text)
#define BAG(name, ...) v.push_back({#name, __VA_ARGS__, {}, {}});
#define COLUMN(...) v.back().columns.emplace_back(__VA_ARGS__);
#define ROW(...) v.back().rows.push_back({__VA_ARGS__});
std::vector<Bag> recorded() {
    std::vector<Bag> v;
#include "text/scikit_learn.inc"
    return v;
}
#undef TEXT
#undef BAG
#undef COLUMN
#undef ROW
#define TEXT(text) text,
#define BAG(...)
#define COLUMN(...)
#define ROW(...)
const Strings kTexts = {
#include "text/scikit_learn.inc"
};
#undef TEXT
#undef BAG
#undef COLUMN
#undef ROW

class Vectorizer : public ContextTest {
   protected:
    void TearDown() override {
        glia_vectorizer_destroy(v);
        ContextTest::TearDown();
    }
    glia_status fit(const Strings &texts, const glia_vectorizer_args &args) {
        const auto all = texts_of(texts);
        glia_vectorizer_destroy(v);
        v = nullptr;
        return glia_vectorizer_fit(ctx, &args, all.data(), int64_t(all.size()), &v);
    }
    std::vector<float> rows(const glia_vectorizer *of, const Strings &texts) {
        const auto all = texts_of(texts);
        std::vector<float> matrix(texts.size() * size_t(glia_vectorizer_size(of)), NAN);
        EXPECT_EQ(glia_vectorizer_transform(of, all.data(), int64_t(all.size()), matrix.data(),
                                            matrix.size() * sizeof(float)),
                  GLIA_OK)
            << message();
        return matrix;
    }
    void judge(const glia_vectorizer *of, const Bag &bag) {
        const int64_t n = glia_vectorizer_size(of);
        ASSERT_EQ(n, int64_t(bag.columns.size())) << bag.name;
        for (int64_t c = 0; c < n; ++c) {
            const auto &[term, documents] = bag.columns[size_t(c)];
            EXPECT_EQ(string_of(glia_vectorizer_term(of, c)), term) << bag.name;
            EXPECT_EQ(glia_vectorizer_documents(of, c), documents) << bag.name << " " << term;
            EXPECT_EQ(glia_vectorizer_find(of, text_of(term)), c) << bag.name << " " << term;
        }
        const auto got = rows(of, kTexts);
        for (size_t i = 0; i < bag.rows.size(); ++i)
            for (size_t c = 0; c < size_t(n); ++c)
                EXPECT_FLOAT_EQ(got[i * size_t(n) + c], bag.rows[i][c])
                    << bag.name << " text " << i << " " << bag.columns[c].first;
    }
    glia_vectorizer *v = nullptr;
    Folder folder;
};

TEST_F(Vectorizer, agrees_with_scikit_learn_also_when_it_was_read_again) {
    const Strings train(kTexts.begin(), kTexts.begin() + kTrain);
    const std::string path = folder / "v";
    for (const Bag &bag : recorded()) {
        const auto stop_words = texts_of(bag.stop_words);
        const glia_vectorizer_args args{
            .clean             = {.stop_words = stop_words.data(), .n_stop_words = int64_t(stop_words.size())},
            .tokenizer         = {.unit = bag.unit, .lowercase = true, .drop_punctuation = true},
            .minimum_n         = bag.minimum_n,
            .maximum_n         = bag.maximum_n,
            .minimum_documents = bag.minimum_documents,
            .maximum_share     = bag.maximum_share,
            .maximum_size      = bag.maximum_size,
            .weight            = bag.weight,
            .idf               = bag.idf,
            .unit_length       = bag.unit_length};
        ASSERT_EQ(fit(train, args), GLIA_OK) << bag.name << ": " << message();
        judge(v, bag);
        glia_vectorizer *again = nullptr;
        ASSERT_EQ(glia_vectorizer_write(v, path.c_str()), GLIA_OK) << message();
        ASSERT_EQ(glia_vectorizer_read(ctx, path.c_str(), 0, &again), GLIA_OK) << message();
        judge(again, bag);
        EXPECT_EQ(rows(v, kTexts), rows(again, kTexts)) << bag.name;
        glia_vectorizer_destroy(again);
    }
}

TEST_F(Vectorizer, buckets_add_up_what_falls_together) {
    ASSERT_EQ(fit(kTexts, {.tokenizer = {.lowercase = true, .drop_punctuation = true}, .buckets = 5}), GLIA_OK);
    ASSERT_EQ(glia_vectorizer_size(v), 5);
    std::vector<float> want(5);
    for (const char *word : {"a", "cat", "a", "dog", "unheard"}) {
        const int64_t c = glia_vectorizer_find(v, {word, strlen(word)});
        ASSERT_TRUE(c >= 0 && c < 5);
        ++want[size_t(c)];
    }
    EXPECT_EQ(rows(v, {"A cat, a dog: unheard"}), want);
    EXPECT_EQ(glia_vectorizer_term(v, 0).data, nullptr);
    int64_t documents = 0;  // each text but the empty one has something
    for (int64_t c = 0; c < 5; ++c) documents = std::max(documents, glia_vectorizer_documents(v, c));
    EXPECT_TRUE(documents >= 2 && documents <= 8) << documents;

    // FNV-1a of 64 bits, its upper half folded into the lower one: a file of today means the same tomorrow.
    ASSERT_EQ(fit({}, {.buckets = 1000003}), GLIA_OK) << message();
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char c : std::string("cat")) hash = (hash ^ static_cast<unsigned char>(c)) * UINT64_C(0x100000001b3);
    EXPECT_EQ(glia_vectorizer_find(v, {"cat", 3}), int64_t((hash ^ hash >> 32) % 1000003));
    const std::string path = folder / "v";
    glia_vectorizer *again = nullptr;
    ASSERT_EQ(fit(kTexts, {.buckets = 7, .idf = true}), GLIA_OK);
    ASSERT_EQ(glia_vectorizer_write(v, path.c_str()), GLIA_OK) << message();
    ASSERT_EQ(glia_vectorizer_read(ctx, path.c_str(), 0, &again), GLIA_OK) << message();
    EXPECT_EQ(rows(v, kTexts), rows(again, kTexts));
    glia_vectorizer_destroy(again);
}

TEST_F(Vectorizer, cleans_first_and_keeps_how) {
    const glia_text stop[] = {{"b", 1}};
    const glia_vectorizer_args args{
        .clean     = {.html = true, .urls = true, .lowercase = true, .stop_words = stop, .n_stop_words = 1},
        .tokenizer = {.drop_punctuation = true},
        .minimum_n = 2};
    ASSERT_EQ(fit({"<p>A B c http://x.y</p>"}, args), GLIA_OK) << message();
    ASSERT_EQ(glia_vectorizer_size(v), 1);
    EXPECT_EQ(string_of(glia_vectorizer_term(v, 0)), "a c");
    const std::string path = folder / "v";
    glia_vectorizer *again = nullptr;
    ASSERT_EQ(glia_vectorizer_write(v, path.c_str()), GLIA_OK) << message();
    ASSERT_EQ(glia_vectorizer_read(ctx, path.c_str(), 0, &again), GLIA_OK) << message();
    EXPECT_EQ(rows(again, {"<i>A</i> b C, a c"}), std::vector<float>{2});
    glia_vectorizer_destroy(again);
}

TEST_F(Vectorizer, says_what_is_wrong) {
    const std::pair<glia_vectorizer_args, const char *> table[] = {
        {{.minimum_n = 3, .maximum_n = 2}, "n-grams of 3 to 2 tokens"},
        {{.minimum_n = -1}, "n-grams of -1"},
        {{.maximum_n = 65}, "n-grams of 1 to 65"},
        {{.minimum_documents = -1}, "minimum_documents is -1"},
        {{.maximum_share = 1.5}, "maximum_share is 1.5"},
        {{.maximum_share = NAN}, "maximum_share is nan"},
        {{.maximum_size = -2}, "maximum_size -2"},
        {{.buckets = -1}, "buckets is -1"},
        {{.minimum_documents = 2, .buckets = 3}, "must be 0 with buckets"},
        {{.weight = glia_term_weight(9)}, "invalid weight 9"},
        {{.tokenizer = {.unit = glia_token_unit(5)}}, "invalid unit 5"},
    };
    for (const auto &[args, part] : table) {
        EXPECT_EQ(fit({"a b"}, args), GLIA_INVALID_ARGUMENT) << part;
        EXPECT_TRUE(says(part)) << message();
    }
    EXPECT_EQ(fit({}, {}), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(fit({"a", "b"}, {.minimum_documents = 2}), GLIA_NOT_FOUND);
    EXPECT_TRUE(says("none of the 2 n-grams of 2 texts is in at least 2 of them and in at most 2")) << message();
    EXPECT_EQ(fit({"a", "\xFF"}, {}), GLIA_BAD_FORMAT);
    EXPECT_TRUE(says("glia_vectorizer_fit: texts[1]: no valid UTF-8 at byte 0")) << message();
}

TEST_F(Vectorizer, broken_files_say_where) {
    ASSERT_EQ(fit({"a b", "b"}, {}), GLIA_OK);
    const std::string path = folder / "v";
    ASSERT_EQ(glia_vectorizer_write(v, path.c_str()), GLIA_OK) << message();
    std::ifstream file(path, std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(file), {}};
    const auto refuses = [&](const std::string &from, const std::string &to, const std::string &part) {
        std::string text = whole;
        const size_t at  = text.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        text.replace(at, from.size(), to);
        glia_vectorizer *out = nullptr;
        EXPECT_EQ(glia_vectorizer_read(ctx, folder.write("w", Bytes(text.begin(), text.end())).c_str(), 0, &out),
                  GLIA_BAD_FORMAT)
            << part;
        EXPECT_TRUE(says(part)) << message();
        EXPECT_EQ(out, nullptr);
    };
    refuses("glia-vectorizer 1", "glia-vectorizer 2", "does not begin with");
    refuses("minimum_n 1", "minimum_n 0", "n-grams of 0 to 1");
    refuses("idf 0", "idf 2", "line 8: '2' is no value of idf");
    refuses("weight 0", "weigth 0", "line 6 is not of 'weight'");
    refuses("unit 0", "unit 4", "invalid unit");
    refuses("buckets 0", "buckets 3", "has 2 columns, and 3 buckets");
    refuses("2 b\n", "3 b\n", "line 24: '3' is no number of up to 2 texts");
    refuses("2 b\n", "2 a\n", "the token 'a' has the index 0 already");
    refuses("2 b\n", "", "line 24 is missing");
    refuses("2 b\n", "2 b\nc\n", "continues after line 24");
    refuses("columns 2", "columns 99999999999999999999", "is no value of columns");
}

TEST_F(Vectorizer, every_allocation_that_fails) {
    const std::string path  = folder / "v";
    const glia_text texts[] = {{"a <b>cat</b> and a dog", 22}, {"a dog", 5}}, stop = {"and", 3};
    const glia_vectorizer_args args{.clean     = {.html               = true,
                                                  .english_stop_words = true,
                                                  .stop_words         = &stop,
                                                  .n_stop_words       = 1,
                                                  .punctuation        = true,
                                                  .white_space        = true},
                                    .maximum_n = 2};
    const int failures = fail_every_allocation([&](glia_context *c) {
        glia_vectorizer *made = nullptr, *again = nullptr;
        glia_tokens *cleaned = nullptr;
        float matrix[12];
        glia_status status = glia_vectorizer_fit(c, &args, texts, 2, &made);
        if (status == GLIA_OK) status = glia_vectorizer_write(made, path.c_str());
        if (status == GLIA_OK) status = glia_vectorizer_read(c, path.c_str(), 0, &again);
        if (status == GLIA_OK)
            status = glia_vectorizer_transform(again, texts, 2, matrix,
                                               2 * sizeof(float) * size_t(glia_vectorizer_size(again)));
        if (status == GLIA_OK) status = glia_text_clean(c, &args.clean, texts, 2, &cleaned);
        glia_tokens_destroy(cleaned), glia_vectorizer_destroy(made), glia_vectorizer_destroy(again);
        return status;
    });
    EXPECT_GT(failures, 30);
}

}  // namespace

// Tokens of texts, and vocabularies.
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "support/context_test.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/internals.h"

extern "C" {
#include "core/utf8.h"
#include "text/unicode.h"
}

namespace {

using namespace glia;
using Strings = std::vector<std::string>;

glia_text text_of(const std::string &s) { return {s.data(), s.size()}; }
std::string string_of(glia_text t) { return std::string(t.data, t.bytes); }

// An encoder that knows nothing of ours.
std::string encoded(uint32_t c) {
    if (c < 0x80) return {char(c)};
    if (c < 0x800) return {char(0xC0 + c / 64), char(0x80 + c % 64)};
    if (c < 0x10000) return {char(0xE0 + c / 4096), char(0x80 + c / 64 % 64), char(0x80 + c % 64)};
    return {char(0xF0 + c / 262144), char(0x80 + c / 4096 % 64), char(0x80 + c / 64 % 64), char(0x80 + c % 64)};
}

// All characters, and every beginning of one.
class Utf8 : public testing::Test {
   protected:
    static void SetUpTestSuite() {
        for (auto &set : beginnings) set.assign(size_t(1) << 24, false);
        for (uint32_t c = 0; c <= 0x10FFFF; ++c) {
            if (c >= 0xD800 && c <= 0xDFFF) continue;
            const std::string s = encoded(c);
            for (size_t n = 1; n < s.size(); ++n) beginnings[n - 1][key(s.data(), n)] = true;
        }
    }
    static void TearDownTestSuite() {
        for (auto &set : beginnings) std::vector<bool>().swap(set);
    }
    static size_t key(const char *at, size_t n) {
        size_t k = 0;
        for (size_t i = 0; i < n; ++i) k = k << 8 | static_cast<unsigned char>(at[i]);
        return k;
    }
    // The bytes that begin a character and do not complete one, at least 1.
    static size_t maximal_part(const char *at, size_t left) {
        size_t n = 0;
        while (n < std::min<size_t>(left, 3) && beginnings[n][key(at, n + 1)]) ++n;
        return std::max<size_t>(n, 1);
    }
    // Judges what is read at the beginning of these bytes.
    static void judge(const char *at, size_t left) {
        uint32_t c;
        const size_t n = gli_utf8_read(at, left, &c);
        if (c == GLI_NO_CHARACTER)
            ASSERT_EQ(n, maximal_part(at, left)) << testing::PrintToString(std::string(at, left));
        else
            ASSERT_EQ(std::string(at, n), encoded(c));
    }
    static std::vector<bool> beginnings[3];
};
std::vector<bool> Utf8::beginnings[3];

TEST_F(Utf8, every_character_is_read_and_written) {
    char bytes[GLI_UTF8_MAX];
    for (uint32_t c = 0; c <= 0x10FFFF; ++c) {
        if (c >= 0xD800 && c <= 0xDFFF) continue;
        const std::string want = encoded(c);
        uint32_t got;
        ASSERT_EQ(std::string(bytes, gli_utf8_write(c, bytes)), want);
        ASSERT_EQ(gli_utf8_read(want.data(), want.size(), &got), want.size());
        ASSERT_EQ(gli_utf8_whole(want.data(), want.size()), want.size());
        ASSERT_EQ(got, c);
        for (size_t left = 1; left < want.size(); ++left) {
            ASSERT_EQ(gli_utf8_read(want.data(), left, &got), left);
            ASSERT_EQ(gli_utf8_whole(("a" + want).data(), left + 1), 1u);
            ASSERT_EQ(got, GLI_NO_CHARACTER);
        }
    }
}

TEST_F(Utf8, every_three_bytes_are_judged) {
    char bytes[3];
    for (int i = 0; i < 1 << 24; ++i) {
        bytes[0] = char(i >> 16), bytes[1] = char(i >> 8), bytes[2] = char(i);
        judge(bytes, 3);
        if (HasFatalFailure()) return;
    }
}

TEST_F(Utf8, random_bytes_are_judged) {
    std::mt19937 random(11);
    const int likely[] = {0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1,
                          0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF};
    for (int run = 0; run < 2000000; ++run) {
        char bytes[5];
        for (char &byte : bytes) byte = char(likely[random() % std::size(likely)]);
        judge(bytes, 1 + random() % 5);
        if (HasFatalFailure()) return;
    }
}

TEST(Unicode, classes_and_lowercase) {
    const uint32_t word[]      = {'a',
                                  'Z',
                                  '0',
                                  0xAA,
                                  0xB2,
                                  0xE9,
                                  0x301,
                                  0x416,
                                  0x5D0,
                                  0x915,
                                  0x93F,
                                  0xE01,
                                  0x200D,
                                  0x4E2D,
                                  0xAC00,
                                  0x1D7CE,
                                  0x10FFFF & 0xE01EF};
    const uint32_t separator[] = {0, '\t', '\n', ' ', 0x85, 0xA0, 0x2009, 0x200B, 0x2028, 0x3000};
    const uint32_t format[]    = {0xAD, 0x200E, 0x2060, 0xFEFF, 0xE0001};
    const uint32_t other[]     = {'!', '_', '$', '\'', 0xD7, 0x2014, 0x2019, 0x20AC, 0x1F600, 0xE000, 0xFFFD, 0x10FFFF};
    for (uint32_t c : word) EXPECT_TRUE(gli_is_word(c) && !gli_is_separator(c)) << std::hex << c;
    for (uint32_t c : separator) EXPECT_TRUE(!gli_is_word(c) && gli_is_separator(c)) << std::hex << c;
    for (uint32_t c : format) EXPECT_TRUE(gli_is_format(c) && !gli_is_word(c) && !gli_is_separator(c)) << std::hex << c;
    for (uint32_t c : other) EXPECT_TRUE(!gli_is_word(c) && !gli_is_separator(c)) << std::hex << c;
    const uint32_t pairs[][2] = {{'A', 'a'},     {'Z', 'z'},         {'[', '['},         {'a', 'a'},
                                 {0xC9, 0xE9},   {0xD7, 0xD7},       {0x100, 0x101},     {0x101, 0x101},
                                 {0x130, 'i'},   {0x178, 0xFF},      {0x1C4, 0x1C6},     {0x1C5, 0x1C6},
                                 {0x391, 0x3B1}, {0x3A3, 0x3C3},     {0x416, 0x436},     {0x1E9E, 0xDF},
                                 {0x212A, 'k'},  {0x10400, 0x10428}, {0x1E921, 0x1E943}, {0x10FFFF, 0x10FFFF}};
    for (const auto &p : pairs) EXPECT_EQ(gli_lowercase(p[0]), p[1]) << std::hex << p[0];
    // UnicodeData.txt of version 14: characters of categories L, M and N, and the two joiners; those of Z and Cc,
    // and U+200B; those of Cf without these three; those with a simple lowercase mapping.
    int words = 0, separators = 0, formats = 0, capitals = 0;
    for (uint32_t c = 0; c <= 0x10FFFF; ++c) {
        words += gli_is_word(c), separators += gli_is_separator(c);
        formats += gli_is_format(c), capitals += gli_lowercase(c) != c;
    }
    EXPECT_EQ(words, 131756 + 2408 + 1791 + 2);
    EXPECT_EQ(separators, 19 + 65 + 1);
    EXPECT_EQ(formats, 163 - 3);
    EXPECT_EQ(capitals, 1433);
}

class Text : public ContextTest {
   protected:
    Strings split(const std::string &text, const glia_tokenizer_args &args = {}) {
        glia_tokens *tokens = nullptr;
        EXPECT_EQ(glia_tokenize(ctx, &args, text_of(text), &tokens), GLIA_OK) << message();
        Strings all;
        for (int64_t i = 0; i < glia_tokens_count(tokens); ++i) {
            const glia_text token = glia_tokens_get(tokens, i);
            all.push_back(string_of(token));
            EXPECT_EQ(token.data[token.bytes], '\0');
        }
        EXPECT_EQ(glia_tokens_get(tokens, -1).data, nullptr);
        EXPECT_EQ(glia_tokens_get(tokens, int64_t(all.size())).data, nullptr);
        glia_tokens_destroy(tokens);
        return all;
    }
    glia_vocabulary *build(const Strings &texts, const glia_vocabulary_args &args = {}) {
        std::vector<glia_text> all;
        for (const auto &t : texts) all.push_back(text_of(t));
        glia_vocabulary *v = nullptr;
        EXPECT_EQ(glia_vocabulary_build(ctx, &args, all.data(), int64_t(all.size()), &v), GLIA_OK) << message();
        return v;
    }
    glia_status from_tokens(const Strings &tokens, glia_vocabulary **v, const glia_vocabulary_args *args = nullptr) {
        std::vector<glia_text> all;
        for (const auto &t : tokens) all.push_back(text_of(t));
        return glia_vocabulary_from_tokens(ctx, args, all.data(), int64_t(all.size()), v);
    }
    Strings listed(const glia_vocabulary *v) {
        Strings all;
        for (int64_t i = 0; i < glia_vocabulary_size(v); ++i) {
            all.push_back(string_of(glia_vocabulary_token(v, i)));
            const bool special = i == glia_vocabulary_padding(v) || i == glia_vocabulary_unknown(v);
            EXPECT_TRUE(special || glia_vocabulary_find(v, glia_vocabulary_token(v, i)) == i) << i;
        }
        return all;
    }
    template <class T>
    std::vector<T> encode(const glia_vocabulary *v, const std::string &text) {
        const glia_dtype dtype = sizeof(T) == 4 ? GLIA_I32 : GLIA_I64;
        int64_t n = -1, again = -1;
        EXPECT_EQ(glia_vocabulary_encode(v, text_of(text), dtype, nullptr, 0, &n), GLIA_OK) << message();
        std::vector<T> indices(size_t(n) + 1, 99);
        EXPECT_EQ(glia_vocabulary_encode(v, text_of(text), dtype, indices.data(), n, &again), GLIA_OK) << message();
        EXPECT_EQ(n, again);
        EXPECT_EQ(indices.back(), 99);
        indices.pop_back();
        return indices;
    }
    template <class T>
    std::string decode(const glia_vocabulary *v, const std::vector<T> &indices) {
        const glia_dtype dtype = sizeof(T) == 4 ? GLIA_I32 : GLIA_I64;
        size_t bytes = 0, again = 0;
        EXPECT_EQ(glia_vocabulary_decode(v, dtype, indices.data(), int64_t(indices.size()), nullptr, 0, &bytes),
                  GLIA_OK)
            << message();
        std::string text(bytes + 2, '#');
        EXPECT_EQ(
            glia_vocabulary_decode(v, dtype, indices.data(), int64_t(indices.size()), text.data(), bytes + 1, &again),
            GLIA_OK)
            << message();
        EXPECT_EQ(bytes, again);
        EXPECT_EQ(text.substr(bytes), std::string("\0#", 2));
        return text.substr(0, bytes);
    }
    Folder folder;
};

TEST_F(Text, words) {
    const struct {
        std::string text;
        Strings want;
    } table[] = {
        {"", {}},
        {" \t\r\n", {}},
        {"a", {"a"}},
        {"Hello, world!", {"Hello", ",", "world", "!"}},
        {"don't 'quote' rock'n'roll dogs' it\u2019s",
         {"don't", "'", "quote", "'", "rock'n'roll", "dogs", "'", "it\u2019s"}},
        {"a''b", {"a", "'", "'", "b"}},
        {"a'", {"a", "'"}},
        {"'a", {"'", "a"}},
        {"x1 3.14 2\u00B2", {"x1", "3", ".", "14", "2\u00B2"}},
        {"na\u00EFve e\u0301te\u0301", {"na\u00EFve", "e\u0301te\u0301"}},
        {"\u041F\u0440\u0438\u0432\u0435\u0442\u2014\u043C\u0438\u0440",
         {"\u041F\u0440\u0438\u0432\u0435\u0442", "\u2014", "\u043C\u0438\u0440"}},
        {"a\u00A0b\u3000c", {"a", "b", "c"}},
        {"snake_case", {"snake", "_", "case"}},
        {"...", {".", ".", "."}},
        {"\U0001F600\U0001F600", {"\U0001F600", "\U0001F600"}},
        {std::string("a\0b", 3), {"a", "b"}},
        {"\uFEFFa", {"a"}},
        // Rule WB4 of Unicode Standard Annex 29: format characters do not break words, also not beside an apostrophe.
        {"co\u00ADop", {"coop"}},
        {"co\u00AD op\u00AD", {"co", "op"}},
        {"do\u00ADn\u00AD'\u2060t '\u00AD'", {"don't", "'", "'"}},
        {"a'\u00AD", {"a", "'"}},
        {"3\u200E5\u200Bx", {"35", "x"}},
        {"na\u200Cve", {"na\u200Cve"}},
        {"\u4E2D\u6587", {"\u4E2D\u6587"}},
    };
    for (const auto &row : table) EXPECT_EQ(split(row.text), row.want) << row.text;
}

TEST_F(Text, options) {
    glia_tokenizer_args lower{}, bare{}, characters{}, both{};
    lower.lowercase       = true;
    bare.drop_punctuation = true;
    characters.unit       = GLIA_CHARACTERS;
    both.unit = GLIA_CHARACTERS, both.lowercase = true, both.drop_punctuation = true;
    EXPECT_EQ(split("The \u00C9T\u00C9, \u0130X", lower), (Strings{"the", "\u00E9t\u00E9", ",", "ix"}));
    // The Kelvin sign takes three bytes, its lowercase one; that of U+023A takes one more than it.
    EXPECT_EQ(split("\u212A\u023A", lower), Strings{"k\u2C65"});
    EXPECT_EQ(split("Well -- don't 'go'!", bare), (Strings{"Well", "don't", "go"}));
    EXPECT_EQ(split("a\u00AD!", characters), (Strings{"a", "\u00AD", "!"}));
    EXPECT_EQ(split("A b\n\u00C9!", characters), (Strings{"A", " ", "b", "\n", "\u00C9", "!"}));
    EXPECT_EQ(split("A !", both), (Strings{"a", " ", "!"}));
    EXPECT_EQ(split(std::string("\0\0", 2), characters), (Strings{std::string(1, '\0'), std::string(1, '\0')}));
    EXPECT_EQ(split("", characters), Strings{});
    const std::string words = "a word";
    glia_tokens *tokens     = nullptr;
    ASSERT_EQ(glia_tokenize(ctx, nullptr, text_of(words), &tokens), GLIA_OK);
    EXPECT_EQ(glia_tokens_count(tokens), 2);
    glia_tokens_destroy(tokens);
    ASSERT_EQ(glia_tokenize(ctx, nullptr, {nullptr, 0}, &tokens), GLIA_OK);
    EXPECT_EQ(glia_tokens_count(tokens), 0);
    glia_tokens_destroy(tokens);
    EXPECT_EQ(glia_tokens_count(nullptr), 0);
    glia_tokens_destroy(nullptr);
}

TEST_F(Text, a_length_that_was_negative_is_an_error) {
    glia_tokens *tokens = nullptr;
    EXPECT_EQ(glia_tokenize(ctx, nullptr, {"a", size_t(-1)}, &tokens), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("glia_tokenize: 18446744073709551615 bytes do not fit in memory")) << message();
}

TEST_F(Text, invalid_utf8_is_an_error_with_its_place_or_is_replaced) {
    const std::string R = "\uFFFD";
    const struct {
        std::string text;
        const char *place;
        Strings characters;
    } table[] = {
        {"ab\xFF", "byte 2 of 3, which is 0xff", {"a", "b", R}},
        {"\x80", "byte 0", {R}},
        {"a\xC3", "byte 1", {"a", R}},
        {"a\xC0\xAF", "byte 1", {"a", R, R}},
        {"\xE0\x80\xAF!", "byte 0", {R, R, R, "!"}},
        {"x\xED\xA0\x80", "byte 1 of 4, which is 0xed", {"x", R, R, R}},
        {"x\xF4\x90\x80\x80", "byte 1", {"x", R, R, R, R}},
        {"\xF1\x80\x80z", "byte 0", {R, "z"}},
        {"\xC2\x80\xE2\x82", "byte 2", {"\u0080", R}},
        {std::string("a'\xC3", 3), "byte 2", {"a", "'", R}},
    };
    for (const auto &row : table) {
        for (auto unit : {GLIA_WORDS, GLIA_CHARACTERS}) {
            glia_tokenizer_args args{};
            args.unit           = unit;
            glia_tokens *tokens = nullptr;
            EXPECT_EQ(glia_tokenize(ctx, &args, text_of(row.text), &tokens), GLIA_BAD_FORMAT);
            EXPECT_EQ(tokens, nullptr);
            EXPECT_TRUE(says("glia_tokenize: no valid UTF-8 at " + std::string(row.place))) << message();
        }
        glia_tokenizer_args args{};
        args.unit = GLIA_CHARACTERS, args.replace_invalid = true;
        EXPECT_EQ(split(row.text, args), row.characters);
    }
    glia_tokenizer_args args{};
    args.replace_invalid = true;
    EXPECT_EQ(split("a\xFF\xFFz", args), (Strings{"a", R, R, "z"}));
}

// Whatever the bytes, replacing gives valid tokens, and an error says where the first replacement would be.
TEST_F(Text, mutants_of_a_text) {
    const std::string seed = "Gr\u00FC\u00DFe, \u4E2D\u6587 \U0001F600 don't \u2019 stop\u2014\u0416\u0301.";
    std::mt19937 random(5);
    int refused = 0;
    for (int run = 0; run < 4000; ++run) {
        std::string text = seed;
        for (unsigned k = 1 + random() % 4; k > 0; --k) text[random() % text.size()] = char(random());
        if (run % 3 == 0) text.resize(random() % text.size());
        glia_tokenizer_args args{};
        args.unit           = run % 2 ? GLIA_CHARACTERS : GLIA_WORDS;
        args.lowercase      = run % 5 == 0;
        glia_tokens *tokens = nullptr;
        const auto status   = glia_tokenize(ctx, &args, text_of(text), &tokens);
        size_t bad          = 0;
        for (uint32_t c = 0; bad < text.size();) {
            const size_t n = gli_utf8_read(text.data() + bad, text.size() - bad, &c);
            if (c == GLI_NO_CHARACTER) break;
            bad += n;
        }
        EXPECT_EQ(status, bad == text.size() ? GLIA_OK : GLIA_BAD_FORMAT);
        EXPECT_TRUE(status == GLIA_OK || says("at byte " + std::to_string(bad) + " of")) << message();
        refused += status != GLIA_OK;
        glia_tokens_destroy(tokens);
        args.replace_invalid = true;
        for (const std::string &token : split(text, args))
            EXPECT_TRUE(!token.empty() && gli_utf8_valid(token.data(), token.size()));
    }
    EXPECT_GT(refused, 1000);
    EXPECT_LT(refused, 3900);
}

TEST_F(Text, a_vocabulary_counts_and_sorts) {
    const Strings texts = {"b a c a", "", "a b d"};
    glia_vocabulary *v  = build(texts);
    EXPECT_EQ(listed(v), (Strings{"<pad>", "<unk>", "a", "b", "c", "d"}));
    EXPECT_EQ(glia_vocabulary_padding(v), 0);
    EXPECT_EQ(glia_vocabulary_unknown(v), 1);
    EXPECT_EQ(glia_vocabulary_find(v, text_of("e")), -1);
    EXPECT_EQ(glia_vocabulary_find(v, text_of("<pad>")), -1);
    EXPECT_EQ(glia_vocabulary_find(v, {nullptr, 0}), -1);
    EXPECT_EQ(glia_vocabulary_find(v, {"", 0}), -1);
    EXPECT_EQ(glia_vocabulary_token(v, 6).data, nullptr);
    EXPECT_EQ(glia_vocabulary_token(v, -1).data, nullptr);
    EXPECT_STREQ(glia_vocabulary_token(v, 5).data, "d");
    glia_vocabulary_destroy(v);

    v = build({"abc b ab a ac"});
    EXPECT_EQ(listed(v), (Strings{"<pad>", "<unk>", "a", "ab", "abc", "ac", "b"}));
    glia_vocabulary_destroy(v);

    // The order of the texts does not matter.
    v = build({"a b d", "b a c a"});
    EXPECT_EQ(listed(v), (Strings{"<pad>", "<unk>", "a", "b", "c", "d"}));
    glia_vocabulary_destroy(v);
}

TEST_F(Text, a_vocabulary_has_the_size_that_is_asked_for) {
    const Strings text = {"a a a b b c"};
    const struct {
        int64_t count, size;
        bool no_padding, no_unknown;
        Strings want;
    } table[] = {
        {0, 0, false, false, {"<pad>", "<unk>", "a", "b", "c"}},
        {1, 5, false, false, {"<pad>", "<unk>", "a", "b", "c"}},
        {2, 0, false, false, {"<pad>", "<unk>", "a", "b"}},
        {4, 0, false, false, {"<pad>", "<unk>"}},
        {0, 4, false, false, {"<pad>", "<unk>", "a", "b"}},
        {3, 4, false, false, {"<pad>", "<unk>", "a"}},
        {0, 2, false, false, {"<pad>", "<unk>"}},
        {0, 2, true, true, {"a", "b"}},
        {0, 0, true, false, {"<unk>", "a", "b", "c"}},
        {0, 0, false, true, {"<pad>", "a", "b", "c"}},
        {9, 0, true, true, {}},
    };
    for (const auto &row : table) {
        glia_vocabulary_args args{};
        args.minimum_count = row.count, args.maximum_size = row.size, args.no_padding = row.no_padding,
        args.no_unknown    = row.no_unknown;
        glia_vocabulary *v = build(text, args);
        EXPECT_EQ(listed(v), row.want) << row.count << " " << row.size;
        EXPECT_EQ(glia_vocabulary_padding(v), row.no_padding ? -1 : 0);
        EXPECT_EQ(glia_vocabulary_unknown(v), row.no_unknown ? -1 : row.no_padding ? 0 : 1);
        glia_vocabulary_destroy(v);
    }
    glia_vocabulary_args args{};
    glia_vocabulary *v = nullptr;
    args.maximum_size  = 1;
    EXPECT_EQ(glia_vocabulary_build(ctx, &args, nullptr, 0, &v), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("maximum_size is 1, padding and unknown take 2")) << message();
    args.maximum_size = 0, args.minimum_count = -1;
    EXPECT_EQ(glia_vocabulary_build(ctx, &args, nullptr, 0, &v), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(v, nullptr);
}

TEST_F(Text, a_vocabulary_of_nothing) {
    glia_vocabulary *v = nullptr;
    ASSERT_EQ(glia_vocabulary_build(ctx, nullptr, nullptr, 0, &v), GLIA_OK) << message();
    EXPECT_EQ(glia_vocabulary_size(v), 2);
    EXPECT_EQ(encode<int64_t>(v, "never seen"), (std::vector<int64_t>{1, 1}));
    EXPECT_EQ(decode<int64_t>(v, {0, 1, 0, 1}), "<unk> <unk>");
    glia_vocabulary_destroy(v);
    v = build({"", "  "});
    EXPECT_EQ(glia_vocabulary_size(v), 2);
    EXPECT_EQ(encode<int32_t>(v, ""), std::vector<int32_t>{});
    EXPECT_EQ(decode<int32_t>(v, {}), "");
    glia_vocabulary_destroy(v);
    EXPECT_EQ(glia_vocabulary_size(nullptr), 0);
    glia_vocabulary_destroy(nullptr);
}

TEST_F(Text, encoding_and_decoding) {
    glia_vocabulary_args args{};
    args.tokenizer.lowercase = true;
    glia_vocabulary *v       = build({"The cat saw the dog."}, args);
    EXPECT_EQ(listed(v), (Strings{"<pad>", "<unk>", "the", ".", "cat", "dog", "saw"}));
    EXPECT_EQ(encode<int32_t>(v, "THE bird saw."), (std::vector<int32_t>{2, 1, 6, 3}));
    EXPECT_EQ(encode<int64_t>(v, "THE bird saw."), (std::vector<int64_t>{2, 1, 6, 3}));
    EXPECT_EQ(decode<int64_t>(v, {2, 1, 0, 6, 3, 0, 0}), "the <unk> saw .");
    glia_vocabulary_destroy(v);

    glia_vocabulary_args characters{};
    characters.tokenizer.unit = GLIA_CHARACTERS, characters.no_padding = true, characters.no_unknown = true;
    const std::string text(std::string("h\u00E9!\n\0h", 7));
    v = build({text}, characters);
    EXPECT_EQ(glia_vocabulary_size(v), 5);
    EXPECT_EQ(decode(v, encode<int32_t>(v, text)), text);
    int64_t n = 77;
    EXPECT_EQ(glia_vocabulary_encode(v, text_of("hx"), GLIA_I32, nullptr, 0, &n), GLIA_NOT_FOUND);
    EXPECT_TRUE(says("the token 'x' before byte 2 is not in the vocabulary")) << message();
    EXPECT_EQ(n, 77);
    glia_vocabulary_destroy(v);
}

TEST_F(Text, encoding_and_decoding_refuse_what_does_not_fit) {
    glia_vocabulary *v = build({"a b c"});
    int32_t indices[3];
    int64_t n    = 77;
    size_t bytes = 77;
    char room[8];
    EXPECT_EQ(glia_vocabulary_encode(v, text_of("a b c"), GLIA_I32, indices, 2, &n), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("the text has 3 tokens, capacity is 2")) << message();
    EXPECT_EQ(glia_vocabulary_encode(v, text_of("a b c"), GLIA_I32, indices, 0, &n), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_vocabulary_encode(v, text_of("a b c"), GLIA_F32, indices, 3, &n), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("dtype is f32")) << message();
    EXPECT_EQ(glia_vocabulary_encode(v, {nullptr, 3}, GLIA_I32, indices, 3, &n), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(n, 77);
    const int32_t good[] = {2, 3}, high[] = {2, 5}, low[] = {-1};
    const int64_t far[] = {int64_t(1) << 40};
    EXPECT_EQ(glia_vocabulary_decode(v, GLIA_I32, high, 2, nullptr, 0, &bytes), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("indices[1] is 5, the vocabulary has 5")) << message();
    EXPECT_EQ(glia_vocabulary_decode(v, GLIA_I32, low, 1, nullptr, 0, &bytes), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(glia_vocabulary_decode(v, GLIA_I64, far, 1, nullptr, 0, &bytes), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("1099511627776")) << message();
    for (size_t capacity : {0, 1, 2, 3}) {
        memset(room, '#', sizeof room);
        EXPECT_EQ(glia_vocabulary_decode(v, GLIA_I32, good, 2, room, capacity, &bytes), GLIA_INVALID_ARGUMENT);
        EXPECT_TRUE(says("the text has 3 bytes and a NUL, capacity is " + std::to_string(capacity))) << message();
        for (size_t i = capacity; i < sizeof room; ++i) EXPECT_EQ(room[i], '#');
    }
    EXPECT_EQ(bytes, 77u);
    glia_vocabulary_destroy(v);
}

TEST_F(Text, a_vocabulary_from_tokens_keeps_their_order) {
    glia_vocabulary *v = nullptr;
    ASSERT_EQ(from_tokens({"z", "a b", "<pad>", "\u00E9"}, &v), GLIA_OK) << message();
    EXPECT_EQ(listed(v), (Strings{"<pad>", "<unk>", "z", "a b", "<pad>", "\u00E9"}));
    EXPECT_EQ(glia_vocabulary_find(v, text_of("<pad>")), 4);
    glia_vocabulary_destroy(v);
    v = nullptr;
    EXPECT_EQ(from_tokens({"b", "a", "a"}, &v), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("tokens[2]: the token 'a' has the index 3 already")) << message();
    EXPECT_EQ(from_tokens({"a", ""}, &v), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("tokens[1]: the token is empty")) << message();
    EXPECT_EQ(from_tokens({"\xFF"}, &v), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("tokens[0]")) << message();
    glia_vocabulary_args args{};
    args.maximum_size = 2;
    EXPECT_EQ(from_tokens({"a"}, &v, &args), GLIA_INVALID_ARGUMENT);
    EXPECT_EQ(v, nullptr);
    ASSERT_EQ(glia_vocabulary_from_tokens(ctx, nullptr, nullptr, 0, &v), GLIA_OK) << message();
    EXPECT_EQ(glia_vocabulary_size(v), 2);
    glia_vocabulary_destroy(v);
}

TEST_F(Text, a_file_brings_back_the_same_vocabulary) {
    for (int flags = 0; flags < 64; ++flags) {
        glia_vocabulary_args args{};
        args.tokenizer.unit             = flags & 1 ? GLIA_CHARACTERS : GLIA_WORDS;
        args.tokenizer.lowercase        = flags & 2;
        args.tokenizer.drop_punctuation = flags & 4;
        args.tokenizer.replace_invalid  = flags & 8;
        args.no_padding                 = flags & 16;
        args.no_unknown                 = flags & 32;
        glia_vocabulary *v = nullptr, *again = nullptr;
        ASSERT_EQ(from_tokens(
                      {"a", "\\", "\n", "\r\n", std::string(1, '\0'), "\\n", " ", "\u00E9 b", "#", "one\ntwo\\three\n"},
                      &v, &args),
                  GLIA_OK)
            << message();
        const std::string path = folder / "v";
        ASSERT_EQ(glia_vocabulary_write(v, path.c_str()), GLIA_OK) << message();
        ASSERT_EQ(glia_vocabulary_read(ctx, path.c_str(), 0, &again), GLIA_OK) << message();
        EXPECT_EQ(listed(v), listed(again));
        EXPECT_EQ(glia_vocabulary_padding(v), glia_vocabulary_padding(again));
        EXPECT_EQ(glia_vocabulary_unknown(v), glia_vocabulary_unknown(again));
        const std::string text = "A a! \xFF";
        int64_t n[2]           = {-1, -1};
        EXPECT_EQ(glia_vocabulary_encode(v, text_of(text), GLIA_I32, nullptr, 0, &n[0]),
                  glia_vocabulary_encode(again, text_of(text), GLIA_I32, nullptr, 0, &n[1]));
        EXPECT_EQ(n[0], n[1]);
        glia_vocabulary_destroy(v), glia_vocabulary_destroy(again);
    }
    std::set<std::string> files;
    for (const auto &file : std::filesystem::directory_iterator(folder.path())) files.insert(file.path().filename());
    EXPECT_EQ(files, std::set<std::string>{"v"});
}

TEST_F(Text, files_of_every_small_size) {
    Strings tokens;
    for (int n = 0; n <= 20; ++n, tokens.push_back(std::to_string(n))) {
        glia_vocabulary *v = nullptr, *again = nullptr;
        ASSERT_EQ(from_tokens(tokens, &v), GLIA_OK) << message();
        ASSERT_EQ(glia_vocabulary_write(v, (folder / "v").c_str()), GLIA_OK) << message();
        ASSERT_EQ(glia_vocabulary_read(ctx, (folder / "v").c_str(), 0, &again), GLIA_OK) << message();
        EXPECT_EQ(listed(v), listed(again));
        glia_vocabulary_destroy(v), glia_vocabulary_destroy(again);
    }
}

TEST_F(Text, a_file_is_readable) {
    glia_vocabulary_args args{};
    args.tokenizer.lowercase = true, args.no_padding = true;
    glia_vocabulary *v = build({"b a\\ a"}, args);
    ASSERT_EQ(glia_vocabulary_write(v, (folder / "v").c_str()), GLIA_OK) << message();
    std::ifstream file(folder / "v");
    std::stringstream content;
    content << file.rdbuf();
    EXPECT_EQ(content.str(), "glia-vocabulary 1 3 words lowercase no_padding\na\n\\\\\nb\n");
    glia_vocabulary_destroy(v);
}

// As an editor or a version control system makes them.
TEST_F(Text, lines_may_end_with_cr_lf) {
    const std::string text = "glia-vocabulary 1 3 words lowercase no_padding\r\na\r\n\\r\r\nb\r\n";
    const auto path        = folder.write("v", Bytes(text.begin(), text.end()));
    glia_vocabulary *v     = nullptr;
    ASSERT_EQ(glia_vocabulary_read(ctx, path.c_str(), 0, &v), GLIA_OK) << message();
    EXPECT_EQ(listed(v), (Strings{"<unk>", "a", "\r", "b"}));
    glia_vocabulary_destroy(v);
}

TEST_F(Text, bad_files_are_told_by_line) {
    const std::string head = "glia-vocabulary 1 ";
    const struct {
        std::string content;
        const char *part;
    } table[] = {
        {"", "line 1 is missing"},
        {"glia-vocabulary", "line 1 is not terminated"},
        {"glia-vocabulary 2 0 words\n", "does not begin with 'glia-vocabulary 1 '"},
        {"the\nof\n", "does not begin with"},
        {head + "\n", "no number of tokens in ''"},
        {head + "x words\n", "no number of tokens in 'x'"},
        {head + "-1 words\n", "no number of tokens in '-1'"},
        {head + "99999999999999999999 words\n", "no number of tokens"},
        {head + "0\n", "no unit of tokens in ''"},
        {head + "0 bytes\n", "no unit of tokens in 'bytes'"},
        {head + "0 words bold\n", "'bold', which is not a flag"},
        {head + "0 words lowercase lowercase\n", "'lowercase', which is not a flag or is there twice"},
        {head + "2 words\na\n", "line 3 is missing"},
        {head + "2 words\na\nb", "line 3 is not terminated"},
        {head + "1 words\na\nb\n", "continues after line 2"},
        {head + "2 words\na\na\n", "line 3: the token 'a' has the index 2 already"},
        {head + "1 words\n\n", "line 2: the token is empty"},
        {head + "1 words\n\xFF\n", "line 2: the token of 1 bytes is not valid UTF-8"},
        {head + "1 words\na\rb\n", "line 2 has the byte 13, not \\r"},
        {head + "1 words\na\r\r\n", "line 2 has the byte 13, not \\r"},
        {head + "1 words\r\n\r\n", "line 2: the token is empty"},
        {head + "1 words\na" + std::string(1, '\0') + "\n", "line 2 has the byte 0, not \\0"},
        {head + "1 words\na\\\n", "line 2 has a backslash without"},
        {head + "1 words\n\\t\n", "line 2 has a backslash without"},
    };
    for (const auto &row : table) {
        const auto path    = folder.write("v", Bytes(row.content.begin(), row.content.end()));
        glia_vocabulary *v = nullptr;
        EXPECT_EQ(glia_vocabulary_read(ctx, path.c_str(), 0, &v), GLIA_BAD_FORMAT) << row.content;
        EXPECT_TRUE(says(path) && says(row.part)) << message() << "\nmust have: " << row.part;
        EXPECT_EQ(v, nullptr);
    }
    glia_vocabulary *v = nullptr;
    EXPECT_EQ(glia_vocabulary_read(ctx, (folder / "absent").c_str(), 0, &v), GLIA_NOT_FOUND);
    EXPECT_EQ(glia_vocabulary_read(ctx, folder.path().c_str(), 0, &v), GLIA_IO_ERROR);
}

TEST_F(Text, mutants_of_a_file) {
    const std::string seed = "glia-vocabulary 1 5 words lowercase no_unknown\na\n\\n\nb\\\\c\n\u00E9t\u00E9\nz\n";
    std::mt19937 random(3);
    int read = 0;
    for (int run = 0; run < 3000; ++run) {
        std::string text = seed;
        for (unsigned k = 1 + random() % 3; k > 0; --k) {
            const size_t at = random() % text.size();
            switch (random() % 4) {
                case 0: text[at] = char(random()); break;
                case 1: text.erase(at, 1 + random() % 3); break;
                case 2: text.insert(at, text.substr(random() % text.size(), 1 + random() % 8)); break;
                default: text[at] = "\n\\ 0195abr"[random() % 10]; break;
            }
        }
        const auto path    = folder.write("mutant", Bytes(text.begin(), text.end()));
        glia_vocabulary *v = nullptr, *again = nullptr;
        const auto status = glia_vocabulary_read(ctx, path.c_str(), 0, &v);
        if (status != GLIA_OK) {
            EXPECT_EQ(status, GLIA_BAD_FORMAT) << text;
            EXPECT_TRUE(says(path)) << message();
            continue;
        }
        if (++read % 16) {  // a write waits for the disk
            glia_vocabulary_destroy(v);
            continue;
        }
        ASSERT_EQ(glia_vocabulary_write(v, path.c_str()), GLIA_OK) << message();
        ASSERT_EQ(glia_vocabulary_read(ctx, path.c_str(), 0, &again), GLIA_OK) << message();
        EXPECT_EQ(listed(v), listed(again));
        glia_vocabulary_destroy(v), glia_vocabulary_destroy(again);
    }
    EXPECT_GT(read, 100);
    EXPECT_LT(read, 2900);
}

TEST_F(Text, a_file_that_cannot_be_written_leaves_the_old_one) {
    glia_vocabulary *v = build({"a b c"}), *again = nullptr;
    const auto path = folder / "v";
    ASSERT_EQ(glia_vocabulary_write(v, path.c_str()), GLIA_OK) << message();
    EXPECT_EQ(glia_vocabulary_write(v, (folder / "absent/v").c_str()), GLIA_NOT_FOUND);
    EXPECT_TRUE(says("absent/v: No such file")) << message();
    EXPECT_EQ(glia_vocabulary_write(v, folder.path().c_str()), GLIA_IO_ERROR);
    const auto pipe = folder / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_EQ(glia_vocabulary_write(v, pipe.c_str()), GLIA_IO_ERROR);
    EXPECT_TRUE(says("pipe: is a device or a pipe, not a file")) << message();
    EXPECT_TRUE(std::filesystem::is_fifo(pipe)) << "it was replaced";
    ASSERT_TRUE(std::filesystem::remove(pipe));

    rlimit before, small;
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    small              = before;
    small.rlim_cur     = 10;
    const auto handler = signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    EXPECT_EQ(glia_vocabulary_write(v, path.c_str()), GLIA_IO_ERROR);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    EXPECT_TRUE(says("File too large")) << message();

    ASSERT_EQ(glia_vocabulary_read(ctx, path.c_str(), 0, &again), GLIA_OK) << message();
    EXPECT_EQ(listed(v), listed(again));
    const auto beside = std::filesystem::directory_iterator(folder.path());
    EXPECT_EQ(std::distance(begin(beside), end(beside)), 1);
    glia_vocabulary_destroy(v), glia_vocabulary_destroy(again);
}

// What is behind a symbolic link is replaced, with the same permissions; a file that is read-only is not.
TEST_F(Text, a_file_that_is_replaced_keeps_its_links_and_permissions) {
    using std::filesystem::perms;
    glia_vocabulary *v = build({"a b c"}), *again = nullptr;
    const std::string there = folder / "there/v", link = folder / "link";
    const perms mode = perms::owner_read | perms::owner_write;
    ASSERT_TRUE(std::filesystem::create_directory(folder / "there"));
    folder.write("there/v", {'x'});
    std::filesystem::permissions(there, mode);
    std::filesystem::create_symlink("there/v", link);
    ASSERT_EQ(glia_vocabulary_write(v, link.c_str()), GLIA_OK) << message();
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_EQ(std::filesystem::status(there).permissions(), mode);
    ASSERT_EQ(glia_vocabulary_read(ctx, there.c_str(), 0, &again), GLIA_OK) << message();
    EXPECT_EQ(listed(v), listed(again));

    std::filesystem::permissions(there, perms::owner_read);
    for (const auto &path : {there, link}) {
        EXPECT_EQ(glia_vocabulary_write(v, path.c_str()), GLIA_IO_ERROR);
        EXPECT_EQ(message(), path + ": is read-only");
    }
    const auto folder_path = folder.path() + "/";
    EXPECT_EQ(glia_vocabulary_write(v, folder_path.c_str()), GLIA_IO_ERROR);
    EXPECT_EQ(message(), folder_path + ": is a folder, not a file");
    ASSERT_TRUE(std::filesystem::remove(there));
    EXPECT_EQ(glia_vocabulary_write(v, link.c_str()), GLIA_NOT_FOUND);
    EXPECT_EQ(message(), link + ": is a symbolic link to nothing");
    EXPECT_TRUE(std::filesystem::is_empty(folder / "there"));
    glia_vocabulary_destroy(v), glia_vocabulary_destroy(again);
}

// What a process that was killed left behind is in nobody's way, until there is too much of it.
TEST_F(Text, temporary_files_of_others_stay) {
    glia_vocabulary *v = build({"a b c"}), *again = nullptr;
    const auto left = [](int i) { return "v." + std::to_string(getpid()) + "-" + std::to_string(i) + ".part"; };
    const auto home = std::filesystem::current_path();
    folder.write(left(0), {'x'});
    std::filesystem::current_path(folder.path());
    EXPECT_EQ(glia_vocabulary_write(v, "v"), GLIA_OK) << message();
    EXPECT_EQ(glia_vocabulary_read(ctx, "v", 0, &again), GLIA_OK) << message();
    std::filesystem::current_path(home);
    EXPECT_EQ(listed(v), listed(again));
    EXPECT_EQ(std::filesystem::file_size(folder / left(0)), 1u);
    EXPECT_FALSE(std::filesystem::exists(folder / left(1)));
    for (int i = 0; i < 100; ++i) folder.write(left(i), {'x'});
    EXPECT_EQ(glia_vocabulary_write(v, (folder / "v").c_str()), GLIA_IO_ERROR);
    EXPECT_TRUE(says("File exists")) << message();
    glia_vocabulary_destroy(v), glia_vocabulary_destroy(again);
}

TEST_F(Text, every_allocation_that_fails) {
    const std::string text = "\u212A\u023A some words and some more", path = folder / "v";
    const glia_text texts[] = {text_of(text), text_of(text)};
    const int failures      = fail_every_allocation([&](glia_context *c) {
        glia_vocabulary *v = nullptr, *again = nullptr;
        glia_status status = glia_vocabulary_build(c, nullptr, texts, 2, &v);
        if (status == GLIA_OK) status = glia_vocabulary_write(v, path.c_str());
        if (status == GLIA_OK) status = glia_vocabulary_read(c, path.c_str(), 0, &again);
        int64_t n;
        if (status == GLIA_OK) status = glia_vocabulary_encode(again, texts[0], GLIA_I32, nullptr, 0, &n);
        glia_tokens *tokens = nullptr;
        if (status == GLIA_OK) status = glia_tokenize(c, nullptr, texts[0], &tokens);
        glia_tokens_destroy(tokens), glia_vocabulary_destroy(v), glia_vocabulary_destroy(again);
        return status;
    });
    EXPECT_GT(failures, 20);
}

TEST_F(Text, a_million_words) {
    std::string text;
    for (int i = 0; i < 1000000; ++i) text += std::to_string(i) + (i % 7 ? "w " : "w 0w ");
    const auto begin   = std::chrono::steady_clock::now();
    glia_vocabulary *v = build({text});
    const auto built   = std::chrono::steady_clock::now();
    EXPECT_EQ(glia_vocabulary_size(v), 1000002);
    EXPECT_EQ(glia_vocabulary_find(v, text_of("0w")), 2);
    EXPECT_EQ(encode<int32_t>(v, text).size(), 1142858u);
    const auto end = std::chrono::steady_clock::now();
    printf("built in %.2f s, encoded twice in %.2f s\n", std::chrono::duration<double>(built - begin).count(),
           std::chrono::duration<double>(end - built).count());
    std::vector<std::thread> readers;
    std::vector<int64_t> found(4);
    for (size_t t = 0; t < 4; ++t)
        readers.emplace_back([v, t, &found] {
            for (int i = int(t); i < 1000000; i += 40) {
                const std::string word = std::to_string(i) + "w";
                found[t] += string_of(glia_vocabulary_token(v, glia_vocabulary_find(v, text_of(word)))) == word;
            }
        });
    for (auto &reader : readers) reader.join();
    for (int64_t n : found) EXPECT_EQ(n, 25000);
    glia_vocabulary_destroy(v);
}

}  // namespace

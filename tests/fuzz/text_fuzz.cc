// Text: which bytes are UTF-8, what the tokens are made of, vocabularies and bags of words that are built from it, and
// what cleaning leaves.
#include <algorithm>
#include <string_view>

#include "fuzz/fuzz.h"
#include "glia/text.h"

namespace {

using namespace glia;

// The bytes of the valid character that begins here; 0: none does.
size_t character_at(std::string_view text) {
    const auto byte      = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    const size_t n = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    for (size_t i = 1; i < n; ++i)
        if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
    const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
    const bool beyond   = (first == 0xED && byte(1) > 0x9F) || (first == 0xF4 && byte(1) > 0x8F);
    return overlong || beyond ? 0 : n;
}

// Its characters; *valid: all of it is valid.
std::vector<std::string> characters_of(std::string_view text, bool *valid) {
    std::vector<std::string> out;
    *valid = true;
    while (!text.empty() && *valid) {
        const size_t n = character_at(text);
        *valid         = n > 0;
        out.emplace_back(text.substr(0, n));
        text.remove_prefix(n);
    }
    return out;
}

std::vector<std::string> tokens_of(const glia_tokens *tokens) {
    std::vector<std::string> out;
    for (int64_t i = 0; i < glia_tokens_count(tokens); ++i) {
        const glia_text token = glia_tokens_get(tokens, i);
        bool valid;
        out.emplace_back(token.data, token.bytes);
        characters_of(out.back(), &valid);
        require(valid && token.bytes > 0 && token.data[token.bytes] == '\0', "a token is empty or broken");
    }
    return out;
}

// As they are written, words are a part of the text, in its order.
void require_in_order(const std::vector<std::string> &words, const std::string &text) {
    size_t at = 0;
    for (const auto &word : words)
        for (const char byte : word) {
            at = text.find(byte, at);
            require(at != std::string::npos, "a word is not of the text");
            ++at;
        }
}

// Every token of a text is known to the vocabulary of that text.
void check_vocabulary(Context *context, const glia_tokenizer_args &args, glia_text text,
                      const std::vector<std::string> &tokens) {
    const glia_vocabulary_args all{.tokenizer = args};
    glia_vocabulary *v = nullptr;
    int64_t count      = 0;
    std::vector<int64_t> indices(tokens.size() + 1);
    require(glia_vocabulary_build(context->get(), &all, &text, 1, &v) == GLIA_OK, "no vocabulary is built");
    require(glia_vocabulary_encode(v, text, GLIA_I64, indices.data(), int64_t(indices.size()), &count) == GLIA_OK,
            "the text is not encoded");
    require(count == int64_t(tokens.size()), "another number of indices");
    for (size_t i = 0; i < tokens.size(); ++i) {
        const glia_text token = glia_vocabulary_token(v, indices[i]);
        require(std::string(token.data, token.bytes) == tokens[i], "an index of another token");
    }
    if (args.unit == GLIA_CHARACTERS) {
        std::string whole(text.bytes * 4 + 1, '#'), want;
        size_t bytes = 0;
        for (const auto &token : tokens) want += token;
        require(
            glia_vocabulary_decode(v, GLIA_I64, indices.data(), count, whole.data(), whole.size(), &bytes) == GLIA_OK,
            "the indices are not decoded");
        require(whole.substr(0, bytes) == want, "they are decoded to another text");
    }
    glia_vocabulary_destroy(v);
}

// All n-grams of one and two tokens are counted, each in its column.
void check_vectorizer(Context *context, const glia_tokenizer_args &args, glia_text text, size_t tokens) {
    const glia_vectorizer_args how{.tokenizer = args, .minimum_n = 1, .maximum_n = 2};
    glia_vectorizer *v       = nullptr;
    const glia_status status = glia_vectorizer_fit(context->get(), &how, &text, 1, &v);
    require(status == (tokens > 0 ? GLIA_OK : GLIA_NOT_FOUND), "n-grams of no tokens, or none of some");
    if (status != GLIA_OK) return;
    std::vector<float> row(size_t(glia_vectorizer_size(v)));
    require(glia_vectorizer_transform(v, &text, 1, row.data(), row.size() * sizeof(float)) == GLIA_OK, "no row");
    double sum = 0;
    for (const float count : row) sum += count;
    require(sum == double(2 * tokens - 1), "another number of n-grams");
    for (int64_t c = 0; c < glia_vectorizer_size(v); ++c)
        require(glia_vectorizer_find(v, glia_vectorizer_term(v, c)) == c, "an n-gram is not found");
    glia_vectorizer_destroy(v);
}

// What is left is valid and, without what replaces, a part of the text in its order; tidy where that was asked for.
void check_cleaning(Context *context, unsigned how, bool replace, const std::string &text, glia_status want) {
    const glia_clean_args args{.html               = (how & 1) != 0,
                               .urls               = (how & 2) != 0,
                               .mentions           = (how & 2) != 0,
                               .hashtags           = (how & 2) != 0,
                               .english_stop_words = (how & 4) != 0,
                               .punctuation        = (how & 4) != 0,
                               .white_space        = (how & 8) != 0,
                               .replace_invalid    = replace};
    const glia_text given = {text.data(), text.size()};
    glia_tokens *out      = nullptr;
    require(glia_text_clean(context->get(), &args, &given, 1, &out) == want, "another status of cleaning");
    if (want != GLIA_OK) return;
    const glia_text cleaned = glia_tokens_get(out, 0);
    const std::string left(cleaned.data, cleaned.bytes);
    bool valid;
    size_t at = 0;
    for (const auto &character : characters_of(left, &valid)) {
        if (character == " " || args.html || replace) continue;
        at = text.find(character, at);
        require(at != std::string::npos, "a character that the text has not");
        at += character.size();
    }
    require(valid, "cleaning leaves broken UTF-8");
    if (args.white_space)
        require(left.find("  ") == std::string::npos && (left.empty() || (left.front() != ' ' && left.back() != ' ')),
                "white space is left");
    glia_tokens_destroy(out);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Context context;
    Input input(data, size);
    const unsigned how = input.byte();
    const Bytes bytes  = input.rest();
    const std::string text(bytes.begin(), bytes.end());
    const glia_tokenizer_args args{.unit             = how & 1 ? GLIA_CHARACTERS : GLIA_WORDS,
                                   .lowercase        = (how & 2) != 0,
                                   .drop_punctuation = (how & 4) != 0,
                                   .replace_invalid  = (how & 8) != 0};
    bool valid;
    glia_tokens *tokens      = nullptr;
    const auto characters    = characters_of(text, &valid);
    const glia_text given    = {text.data(), text.size()};
    const glia_status status = glia_tokenize(context.get(), &args, given, &tokens);
    const glia_status want   = valid || args.replace_invalid ? GLIA_OK : GLIA_BAD_FORMAT;
    require(status == want, "valid UTF-8 is refused, or other bytes are taken");
    if (status == GLIA_OK) {
        const auto all = tokens_of(tokens);
        if (valid && !args.lowercase) {
            if (args.unit == GLIA_CHARACTERS) require(all == characters, "other characters");
            if (args.unit == GLIA_WORDS) require_in_order(all, text);
        }
        check_vocabulary(&context, args, given, all);
        check_vectorizer(&context, args, given, all.size());
    }
    check_cleaning(&context, how >> 4, args.replace_invalid, text, want);
    glia_tokens_destroy(tokens);
    return 0;
}

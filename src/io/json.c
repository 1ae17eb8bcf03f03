#include "io/json.h"

#include <math.h>
#include <string.h>

#include "core/print.h"
#include "core/utf8.h"

static bool at_end(const gli_json *json) { return json->next == json->end; }

static void skip_space(gli_json *json) {
    for (; !at_end(json); ++json->next) {
        const char c = *json->next;
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
    }
}

static bool accept(gli_json *json, char character) {
    skip_space(json);
    if (at_end(json) || *json->next != character) return false;
    ++json->next;
    return true;
}

glia_status gli_json_refuse(const gli_json *json, const char *wanted) {
    return gli_fail(json->ctx, GLIA_BAD_FORMAT, "%s: no %s at byte %zu of its JSON", json->path, wanted,
                    (size_t)(json->next - json->begin));
}

glia_status gli_json_take(gli_json *json, char character) {
    return accept(json, character) ? GLIA_OK : gli_json_refuse(json, (char[]){'\'', character, '\'', '\0'});
}

glia_status gli_json_more(gli_json *json, int count, char close, bool *more) {
    *more = !accept(json, close);
    return *more && count > 0 ? gli_json_take(json, ',') : GLIA_OK;
}

glia_status gli_json_end(gli_json *json) {
    skip_space(json);
    return at_end(json) ? GLIA_OK : gli_json_refuse(json, "end");
}

/* ---- Strings ---- */

/* Four hexadecimal digits; GLI_NO_CHARACTER: there are not. */
static uint32_t take_hex(gli_json *json) {
    uint32_t value = 0;
    if (json->end - json->next < 4) return GLI_NO_CHARACTER;
    for (int i = 0; i < 4; ++i) {
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *digit          = memchr(digits, *json->next++, sizeof digits - 1);
        if (!digit) return GLI_NO_CHARACTER;
        const uint32_t number = (uint32_t)(digit - digits);
        value                 = value << 4 | (number < 16 ? number : number - 6);
    }
    return value;
}

/* What follows \u: a character of 16 bits, or two surrogates that are one together. NUL would end a string of C. */
static uint32_t take_code(gli_json *json) {
    const uint32_t high = take_hex(json);
    if (high == 0 || (high >= 0xDC00 && high < 0xE000)) return GLI_NO_CHARACTER;
    if (high < 0xD800 || high >= 0xE000) return high;
    if (json->end - json->next < 2 || memcmp(json->next, "\\u", 2) != 0) return GLI_NO_CHARACTER;
    json->next += 2;
    const uint32_t low = take_hex(json);
    return low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00) : GLI_NO_CHARACTER;
}

/* One character of a string, from its escape or from UTF-8. */
static uint32_t take_character(gli_json *json) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    uint32_t character;
    if (*json->next != '\\') {
        json->next += gli_utf8_read(json->next, (size_t)(json->end - json->next), &character);
        return character < ' ' ? GLI_NO_CHARACTER : character;
    }
    if (json->end - json->next < 2) return GLI_NO_CHARACTER;
    const char letter = json->next[1];
    json->next += 2;
    if (letter == 'u') return take_code(json);
    const char *found = memchr(letters, letter, sizeof letters - 1);
    return found ? (uint32_t)meanings[found - letters] : GLI_NO_CHARACTER;
}

glia_status gli_json_string(gli_json *json, char **out) {
    GLI_TRY(gli_json_take(json, '"'));
    char *to = *out = json->next; /* a decoded string is not longer than it was */
    while (!at_end(json) && *json->next != '"') {
        char bytes[GLI_UTF8_MAX];
        const uint32_t character = take_character(json);
        if (character == GLI_NO_CHARACTER) return gli_json_refuse(json, "character or escape");
        const size_t count = gli_utf8_write(character, bytes);
        memcpy(to, bytes, count);
        to += count;
    }
    if (at_end(json)) return gli_json_refuse(json, "'\"'");
    ++json->next;
    *to = '\0';
    return GLIA_OK;
}

/* ---- Numbers ---- */

glia_status gli_json_count(gli_json *json, int64_t *out) {
    skip_space(json);
    const char *first = json->next;
    int64_t value     = 0;
    bool fits         = true;
    for (; !at_end(json) && *json->next >= '0' && *json->next <= '9'; ++json->next)
        fits = fits && !__builtin_mul_overflow(value, 10, &value) &&
               !__builtin_add_overflow(value, *json->next - '0', &value);
    const bool leading_zero = json->next - first > 1 && *first == '0';
    if (json->next == first || leading_zero || !fits) return gli_json_refuse(json, "whole number up to 2^63 - 1");
    *out = value;
    return GLIA_OK;
}

char gli_json_peek(gli_json *json) {
    skip_space(json);
    return at_end(json) ? '\0' : *json->next;
}

enum { LONGEST_NUMBER = 63 };

/* The characters that a number can have, as a string. What they make, the caller has to check. */
static glia_status take_number(gli_json *json, char text[LONGEST_NUMBER + 1], const char *wanted) {
    static const char characters[] = "+-.0123456789Ee";
    size_t length                  = 0;
    skip_space(json);
    while (length < LONGEST_NUMBER && !at_end(json) && memchr(characters, *json->next, sizeof characters - 1))
        text[length++] = *json->next++;
    text[length]      = '\0';
    const char *first = text + (*text == '-');
    const bool zeros  = first[0] == '0' && first[1] >= '0' && first[1] <= '9';
    return *first < '0' || *first > '9' || zeros ? gli_json_refuse(json, wanted) : GLIA_OK;
}

glia_status gli_json_unsigned(gli_json *json, uint64_t *out) {
    static const char wanted[] = "whole number up to 2^64 - 1";
    char text[LONGEST_NUMBER + 1];
    uint64_t value = 0;
    bool fits      = true;
    GLI_TRY(take_number(json, text, wanted));
    for (const char *c = text; *c; ++c)
        fits = fits && *c >= '0' && *c <= '9' && !__builtin_mul_overflow(value, 10, &value) &&
               !__builtin_add_overflow(value, (uint64_t)(*c - '0'), &value);
    if (!fits) return gli_json_refuse(json, wanted);
    *out = value;
    return GLIA_OK;
}

glia_status gli_json_integer(gli_json *json, int64_t *out) {
    const bool negative = gli_json_peek(json) == '-';
    uint64_t value;
    json->next += negative;
    GLI_TRY(gli_json_unsigned(json, &value));
    if (value > (uint64_t)INT64_MAX + negative) return gli_json_refuse(json, "whole number from -2^63 to 2^63 - 1");
    *out = (int64_t)(negative ? -value : value);
    return GLIA_OK;
}

static glia_status take_word(gli_json *json, double *out) {
    static const struct {
        const char *word;
        double value;
    } words[] = {{"inf", INFINITY}, {"-inf", -INFINITY}, {"nan", NAN}};
    char *word;
    GLI_TRY(gli_json_string(json, &word));
    for (size_t i = 0; i < sizeof words / sizeof *words; ++i)
        if (strcmp(word, words[i].word) == 0) return *out = words[i].value, GLIA_OK;
    return gli_json_refuse(json, "number");
}

glia_status gli_json_double(gli_json *json, double *out) {
    return gli_json_peek(json) == '"' ? take_word(json, out) : gli_json_number(json, out);
}

glia_status gli_json_number(gli_json *json, double *out) {
    char text[LONGEST_NUMBER + 1];
    double value;
    GLI_TRY(take_number(json, text, "number"));
    if (!gli_scan_double(text, &value) || !isfinite(value)) return gli_json_refuse(json, "finite number");
    *out = value;
    return GLIA_OK;
}

glia_status gli_json_bool(gli_json *json, bool *out) {
    static const char *const words[] = {"false", "true"};
    skip_space(json);
    for (int i = 0; i < 2; ++i) {
        const size_t length = strlen(words[i]);
        if ((size_t)(json->end - json->next) < length || memcmp(json->next, words[i], length) != 0) continue;
        json->next += length;
        return *out = i == 1, GLIA_OK;
    }
    return gli_json_refuse(json, "true or false");
}

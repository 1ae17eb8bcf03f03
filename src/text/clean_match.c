/* What the steps of cleaning find in a text, which is valid UTF-8. */
#include <string.h>

#include "text/clean.h"
#include "text/unicode.h"

static size_t left_of(const gli_clean_scan *s) { return s->text.bytes - s->at; }
static const char *here(const gli_clean_scan *s) { return s->text.data + s->at; }

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

/* Whether the text goes on with these bytes, which are in lowercase, in any case. */
static bool begins(const gli_clean_scan *s, const char *with) {
    const size_t n = strlen(with);
    if (left_of(s) < n) return false;
    for (size_t i = 0; i < n; ++i)
        if (lower(here(s)[i]) != with[i]) return false;
    return true;
}

/* ---- HTML ---- */

/* The bytes up to the end of `stop`; 0: it does not come, which *none then says of all that follows. */
static size_t up_to(const gli_clean_scan *s, size_t skip, const char *stop, bool *none) {
    const size_t n = strlen(stop);
    if (*none) return 0;
    for (size_t at = skip; at + n <= left_of(s);) {
        const char *found = memchr(here(s) + at, *stop, left_of(s) - at - (n - 1));
        if (!found) break;
        at = (size_t)(found - here(s));
        if (memcmp(found, stop, n) == 0) return at + n;
        ++at;
    }
    *none = true;
    return 0;
}

static size_t tag(gli_clean_scan *s) {
    const char next = left_of(s) > 1 ? lower(here(s)[1]) : '\0';
    if (begins(s, "<!--")) return up_to(s, 4, "-->", &s->no_comment_end);
    return (next >= 'a' && next <= 'z') || next == '/' || next == '!' || next == '?' ? up_to(s, 2, ">", &s->no_tag_end)
                                                                                     : 0;
}

static int digit_of(char c, int base) {
    const int value = c >= '0' && c <= '9' ? c - '0' : lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10 : base;
    return value < base ? value : -1;
}

/* &#N; and &#xN; */
static size_t number(const gli_clean_scan *s, char to[GLI_UTF8_MAX], size_t *n) {
    const int base  = begins(s, "&#x") ? 16 : 10;
    size_t i        = base == 16 ? 3 : 2;
    uint32_t code   = 0;
    const size_t at = i;
    for (; i < left_of(s) && digit_of(here(s)[i], base) >= 0; ++i)
        if (code <= 0x10FFFF) code = code * (uint32_t)base + (uint32_t)digit_of(here(s)[i], base);
    if (i == at || i == left_of(s) || here(s)[i] != ';') return 0;
    const bool is_character = code > 0 && code <= 0x10FFFF && !(code >= 0xD800 && code < 0xE000);
    *n                      = gli_utf8_write(is_character ? code : GLI_REPLACEMENT, to);
    return i + 1;
}

static size_t reference(const gli_clean_scan *s, char to[GLI_UTF8_MAX], size_t *n) {
    static const struct {
        const char *name, *text;
    } known[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&nbsp;", "\u00A0"}};
    if (begins(s, "&#")) return number(s, to, n);
    for (size_t i = 0; i < sizeof known / sizeof *known; ++i) {
        if (!begins(s, known[i].name)) continue;
        *n = strlen(known[i].text);
        memcpy(to, known[i].text, *n);
        return strlen(known[i].name);
    }
    return 0;
}

size_t gli_clean_html(gli_clean_scan *s, char to[GLI_UTF8_MAX], size_t *n) {
    return *here(s) == '<' ? tag(s) : *here(s) == '&' ? reference(s, to, n) : 0;
}

/* ---- Addresses and names ---- */

size_t gli_clean_url(gli_clean_scan *s, char to[GLI_UTF8_MAX], size_t *n) {
    static const char *const schemes[] = {"http://", "https://", "ftp://", "www."};
    (void)to, (void)n;
    size_t scheme = 0;
    if (gli_is_word(s->before)) return 0;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes && scheme == 0; ++i)
        if (begins(s, schemes[i])) scheme = strlen(schemes[i]);
    if (scheme == 0) return 0;
    size_t end = scheme, bytes;
    uint32_t character;
    for (size_t at = scheme; at < left_of(s); at += bytes) {
        bytes = gli_utf8_read(here(s) + at, left_of(s) - at, &character);
        if (gli_is_separator(character) || character == '<' || character == '>' || character == '"') break;
        if (character > 0x7F || !strchr(".,;:!?)]}'", (int)character)) end = at + bytes;
    }
    return end > scheme ? end : 0;
}

/* A sign, and the letters, numbers and underscores behind it. */
static size_t name(const gli_clean_scan *s, char sign) {
    size_t at = 1, bytes;
    uint32_t character;
    if (*here(s) != sign || gli_is_word(s->before)) return 0;
    for (; at < left_of(s); at += bytes) {
        bytes = gli_utf8_read(here(s) + at, left_of(s) - at, &character);
        if (!gli_is_word(character) && character != '_') break;
    }
    return at > 1 ? at : 0;
}

size_t gli_clean_mention(gli_clean_scan *s, char to[GLI_UTF8_MAX], size_t *n) {
    (void)to, (void)n;
    return name(s, '@');
}

size_t gli_clean_hashtag(gli_clean_scan *s, char to[GLI_UTF8_MAX], size_t *n) {
    (void)to, (void)n;
    return name(s, '#');
}

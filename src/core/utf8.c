/* Decoding and encoding UTF-8. */
#include "core/utf8.h"

/* The continuation bytes of a lead byte: how many, and the range of the first. The others are 80 to BF. */
typedef struct lead {
    int more;
    uint8_t low, high;
} lead;

static lead lead_of(uint8_t byte) {
    if (byte < 0xC2) return (lead){0}; /* ASCII, or not a lead byte */
    if (byte < 0xE0) return (lead){1, 0x80, 0xBF};
    if (byte == 0xE0) return (lead){2, 0xA0, 0xBF}; /* below: overlong */
    if (byte == 0xED) return (lead){2, 0x80, 0x9F}; /* above: surrogates */
    if (byte < 0xF0) return (lead){2, 0x80, 0xBF};
    if (byte == 0xF0) return (lead){3, 0x90, 0xBF}; /* below: overlong */
    if (byte < 0xF4) return (lead){3, 0x80, 0xBF};
    if (byte == 0xF4) return (lead){3, 0x80, 0x8F}; /* above: beyond U+10FFFF */
    return (lead){0};
}

size_t gli_utf8_read(const char *from, size_t left, uint32_t *character) {
    const uint8_t *byte = (const uint8_t *)from;
    const lead first    = lead_of(byte[0]);
    *character          = byte[0] < 0x80 ? byte[0] : GLI_NO_CHARACTER;
    if (first.more == 0) return 1;
    uint32_t value = byte[0] & (0x3Fu >> first.more);
    for (int i = 1; i <= first.more; ++i) {
        const uint8_t low = i == 1 ? first.low : 0x80, high = i == 1 ? first.high : 0xBF;
        if ((size_t)i == left || byte[i] < low || byte[i] > high) return (size_t)i;
        value = value << 6 | (byte[i] & 0x3F);
    }
    *character = value;
    return (size_t)first.more + 1;
}

size_t gli_utf8_write(uint32_t character, char to[GLI_UTF8_MAX]) {
    static const uint8_t mark[] = {0, 0xC0, 0xE0, 0xF0};
    const int more              = (character > 0x7F) + (character > 0x7FF) + (character > 0xFFFF);
    for (int i = more; i > 0; --i, character >>= 6) to[i] = (char)(0x80 | (character & 0x3F));
    to[0] = (char)(mark[more] | character);
    return (size_t)more + 1;
}

size_t gli_utf8_whole(const char *text, size_t bytes) {
    for (size_t had = 1; had < GLI_UTF8_MAX && had <= bytes; ++had) {
        const uint8_t byte = (uint8_t)text[bytes - had];
        if ((byte & 0xC0) == 0x80) continue;
        return lead_of(byte).more >= (int)had ? bytes - had : bytes;
    }
    return bytes;
}

bool gli_utf8_valid(const char *text, size_t bytes) {
    uint32_t character;
    for (size_t i = 0; i < bytes;) {
        i += gli_utf8_read(text + i, bytes - i, &character);
        if (character == GLI_NO_CHARACTER) return false;
    }
    return true;
}

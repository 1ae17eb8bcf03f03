#include "text.h"

int control_bytes(const char *text) {
    const unsigned char c = (unsigned char)*text, next = c ? (unsigned char)text[1] : 0;
    if (c == 0xc2 && next >= 0x80 && next < 0xa0) return 2;
    return c && (c < ' ' || c == 0x7f);
}

void put_text(FILE *to, const char *text, int most) {
    for (; *text && most > 0; ++text, --most) {
        const int bytes = control_bytes(text);
        fputc(bytes ? '?' : (unsigned char)*text, to);
        if (bytes) text += bytes - 1;
    }
    if (*text) fputs("...", to);
}

int complain(const char *text) {
    fflush(stdout);
    fputs("glia: ", stderr);
    put_text(stderr, text, LONGEST);
    fputc('\n', stderr);
    return 1;
}

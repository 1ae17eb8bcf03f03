/* Finds EXIF among the chunks of a PNG.
 * Source: Portable Network Graphics (PNG) Specification, third edition, sections 5.3 and 11.3.4.5. */
#include <string.h>
#include <zlib.h>

#include "image/png/png_memory.h"

static uint32_t number(const unsigned char *from) {
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

int gli_png_orientation(gli_bytes file) {
    enum { SIGNATURE = 8, TYPE = 4, AROUND = 12 }; /* a chunk has its length, its type, the data, a checksum */
    for (size_t at = SIGNATURE; at <= file.size && file.size - at >= AROUND;) {
        const unsigned char *chunk = file.data + at;
        const size_t bytes         = number(chunk);
        if (bytes > file.size - at - AROUND) return 1;
        if (memcmp(chunk + TYPE, "eXIf", TYPE) == 0) {
            const uint32_t sum = (uint32_t)crc32(crc32(0, Z_NULL, 0), chunk + TYPE, (uInt)(TYPE + bytes));
            if (sum == number(chunk + 2 * TYPE + bytes))
                return gli_exif_orientation((gli_bytes){chunk + 2 * TYPE, bytes});
        }
        at += AROUND + bytes;
    }
    return 1;
}

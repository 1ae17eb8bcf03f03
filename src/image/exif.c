/* How a camera was held.
 * Source: EXIF 2.32 (CIPA DC-008-2019), section 4.6.4 A, tag 0x0112; TIFF 6.0, section 2. */
#include "image/image.h"

static uint32_t number(gli_bytes exif, size_t at, int bytes, bool big) {
    uint32_t x = 0;
    for (int i = 0; i < bytes; ++i) x = x << 8 | exif.data[at + (size_t)(big ? i : bytes - 1 - i)];
    return x;
}

int gli_exif_orientation(gli_bytes exif) {
    enum { HEADER = 8, ENTRY = 12, TAG = 0x0112, SHORT = 3, MAGIC = 42 };
    if (exif.size < HEADER + 2) return 1;
    const bool big    = exif.data[0] == 'M' && exif.data[1] == 'M';
    const bool little = exif.data[0] == 'I' && exif.data[1] == 'I';
    if ((!big && !little) || number(exif, 2, 2, big) != MAGIC) return 1;
    size_t at = number(exif, 4, 4, big);
    if (at > exif.size - 2) return 1;
    const uint32_t entries = number(exif, at, 2, big);
    at += 2;
    for (uint32_t i = 0; i < entries && exif.size - at >= ENTRY; ++i, at += ENTRY) {
        if (number(exif, at, 2, big) != TAG || number(exif, at + 2, 2, big) != SHORT) continue;
        const uint32_t value = number(exif, at + 8, 2, big);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

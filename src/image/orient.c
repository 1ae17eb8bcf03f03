/* Parts of a picture, mirrored and turned: a pixel of the result is one of the picture's. */
#include <string.h>

#include "core/context_impl.h"
#include "image/image.h"

glia_status gli_pixels_orient(gli_job *job, gli_pixel_view from, int orientation, gli_pixels *out) {
    const glia_image_box box = from.box;
    const bool exchanged     = orientation >= 5;
    /* Whether the result begins with the last column, and with the last row, of the picture. */
    const bool right  = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    GLI_TRY(gli_pixels_alloc(job, exchanged ? box.width : box.height, exchanged ? box.height : box.width,
                             from.of->channels, from.of->bits, out));
    const size_t bytes = gli_pixel_bytes(from.of);
    for (int64_t i = 0; i < out->height; ++i) {
        unsigned char *to = gli_pixels_row(out, i);
        if (orientation == 1) {
            memcpy(to, (const unsigned char *)gli_pixels_row(from.of, box.top + i) + (size_t)box.left * bytes,
                   gli_row_bytes(out));
            continue;
        }
        for (int64_t k = 0; k < out->width; ++k, to += bytes) {
            const int64_t row = exchanged ? k : i, column = exchanged ? i : k;
            const int64_t y = box.top + (bottom ? box.height - 1 - row : row);
            const int64_t x = box.left + (right ? box.width - 1 - column : column);
            memcpy(to, (const unsigned char *)gli_pixels_row(from.of, y) + (size_t)x * bytes, bytes);
        }
    }
    return GLIA_OK;
}

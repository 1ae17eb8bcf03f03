/* Convolutions of 3 x 3 taps and stride 1 by minimal filtering, F(2 x 2, 3 x 3): in tiles of 2 x 2 pixels of y, each of
 * which reads 4 x 4 pixels of x. Both x and the filters are transformed to 16 points; there the convolution is a
 * product for each point, with 16 multiplications instead of 36. The transforms add, subtract and halve, so that small
 * integers stay exact, and the error is that of the direct sum. Source: Lavin and Gray, "Fast Algorithms for
 * Convolutional Neural Networks", CVPR 2016, section 4.1. */
#ifndef GLI_CPU_NATIVE_CONV_WINOGRAD_H
#define GLI_CPU_NATIVE_CONV_WINOGRAD_H

#include "cpu/native/conv/convolution.h"

enum {
    GLI_WINOGRAD_POINTS = 16,
    GLI_WINOGRAD_STEP   = 2,  /* pixels from one tile to the next */
    GLI_WINOGRAD_PAD    = 16, /* floats between points: arrays of a power of two would share a few lines of the cache */
    GLI_WINOGRAD_ROW    = 16, /* rows of tiles are rounded up to a multiple of this */
};

#define GLI_ACCEPTS_WINOGRAD {GLI_TAKES_F32, GLI_ANY_FORMAT, GLI_CHANNELS_LAST, GLI_NOT_EMPTY}

/* Tiles [image][row][column] of y. */
typedef struct gli_winograd_tiles {
    int64_t rows, columns, count;
} gli_winograd_tiles;

/* Of images of this height and width. */
gli_winograd_tiles gli_winograd_tiles_of(int64_t images, int64_t height, int64_t width);

/* Why not, or NULL. tiles: those of the op. */
const char *gli_winograd_decline(const gli_conv_geom *g, const gli_winograd_tiles *tiles, int64_t pixels);

/* The side x side pixels of an image that begin `pad` pixels before a tile; zeros where that is beside the image. */
void gli_winograd_window(const gli_convolution_image *image, const gli_winograd_tiles *tiles, int64_t tile,
                         const int *pad, int side, const float *data, const float *zeros, const float **out);

/* The transforms, each of `count` numbers side by side: those of point i lie at i * next. x: 4 x 4 arrays, y: 2 x 2,
 * w: 3 x 3. */
void gli_winograd_input(const float *const *x, int64_t count, float *points, int64_t next);
void gli_winograd_output_gradient(const float *const *dy, int64_t count, float *points, int64_t next);
void gli_winograd_filter(const float *const *w, int64_t count, float *points, int64_t next);

/* bias: NULL, or as many numbers. check: as many sums, which become NaN where a result is not finite. */
void gli_winograd_output(const float *points, int64_t next, int64_t count, const float *bias, bool relu,
                         float *const *y, float *check);
void gli_winograd_filter_gradient(const float *points, int64_t next, int64_t count, float *const *dw, float *check);

/* The same for tiles side by side in a plane, whose rows are `pitch` elements apart. The number of tiles is rounded up
 * to a multiple of GLI_WINOGRAD_ROW, and so many are read and written; check has GLI_WINOGRAD_ROW sums. */
void gli_winograd_input_row(const float *x, int64_t pitch, int64_t tiles, float *points, int64_t next);
void gli_winograd_output_row(const float *points, int64_t next, int64_t tiles, float bias, float *y, int64_t pitch,
                             float *check);

#endif

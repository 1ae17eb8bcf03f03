/* Convolutions with filters of 3 x 3 taps by minimal filtering (winograd.h), in planes: at each of the 16 points a
 * convolution of 1 x 1 taps whose pixels are the tiles. */
#ifndef GLI_CPU_NATIVE_CONV_WINOGRAD_PLANES_H
#define GLI_CPU_NATIVE_CONV_WINOGRAD_PLANES_H

#include <stdbool.h>

#include "cpu/native/conv/conv_planes.h"

typedef struct gli_winograd_planes {
    gli_conv_planes point; /* the convolution at a point */
    int64_t rows, columns; /* of tiles; planes of x have two rows and two columns more than these cover */
    const float *bias;     /* NULL: zeros */
    float *filters, *inputs, *sums, *out; /* packed filters, tiles and products of all points; results */
} gli_winograd_planes;

/* Elements of these arrays. */
int64_t gli_winograd_planes_filters(const gli_winograd_planes *w);
int64_t gli_winograd_planes_inputs(const gli_winograd_planes *w);
int64_t gli_winograd_planes_sums(const gli_winograd_planes *w);
int64_t gli_winograd_planes_out(const gli_winograd_planes *w);

/* Fills `filters`. taps: [filters][channels][9]. scratch: [16][filters][channels]. */
void gli_winograd_planes_pack(const gli_winograd_planes *w, const float *taps, float *scratch);

/* Transforms all tiles of x, whose rows have x_columns elements. x is read up to 34 elements beyond its end. */
void gli_winograd_planes_transform(const gli_winograd_planes *w, const float *x, int64_t x_columns);

/* As gli_conv_planes_run, after the transform. False: some results are not finite, and gli_conv_planes_run may compute
 * others. */
bool gli_winograd_planes_run(const gli_winograd_planes *w, int64_t first, gli_fetch *fetch, gli_plane_sums *out);

#endif

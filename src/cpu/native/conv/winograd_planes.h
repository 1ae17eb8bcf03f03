/* Convolutions of 3 x 3 taps in planes by minimal filtering, see winograd.h: at each point a product, of which the
 * pixels are the tiles. */
#ifndef GLI_CPU_NATIVE_CONV_WINOGRAD_PLANES_H
#define GLI_CPU_NATIVE_CONV_WINOGRAD_PLANES_H

#include <stdbool.h>

#include "cpu/native/conv/conv_planes.h"

typedef struct gli_winograd_planes {
    gli_conv_planes point; /* the product at any point */
    int64_t rows, columns; /* of tiles; the planes of x have two rows and two columns more than the tiles */
    const float *bias;     /* NULL: zeros */
    float *filters, *inputs, *sums, *out; /* packed, tiles and products at the points; results */
} gli_winograd_planes;

/* Elements of the arrays. */
int64_t gli_winograd_planes_filters(const gli_winograd_planes *w);
int64_t gli_winograd_planes_inputs(const gli_winograd_planes *w);
int64_t gli_winograd_planes_sums(const gli_winograd_planes *w);
int64_t gli_winograd_planes_out(const gli_winograd_planes *w);

/* Fills filters. w: [filters][channels][9]; scratch: [16][filters][channels]. */
void gli_winograd_planes_pack(const gli_winograd_planes *w, const float *taps, float *scratch);

/* x, with rows of so many columns, is read up to 34 elements beyond its end. */
void gli_winograd_planes_transform(const gli_winograd_planes *w, const float *x, int64_t x_columns);

/* As gli_conv_planes_run, after the transform. False: not all results are finite, and those of gli_conv_planes_run may
 * be others. */
bool gli_winograd_planes_run(const gli_winograd_planes *w, int64_t first, gli_fetch *fetch, gli_plane_sums *out);

#endif

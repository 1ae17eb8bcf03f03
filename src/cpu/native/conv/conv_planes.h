/* Convolutions with stride 1 of one image, as inference makes them, a sample at a time. Channels are planes; filters
 * are packed once. Vectors hold pixels of a plane of y, computed as if it had the columns of x: those beyond y's are
 * dropped. The order of each sum follows from the sizes alone. */
#ifndef GLI_CPU_NATIVE_CONV_CONV_PLANES_H
#define GLI_CPU_NATIVE_CONV_CONV_PLANES_H

#include <stddef.h>
#include <stdint.h>

/* Memory that is read soon after: for each tap of a tile, the kernel brings a line of it into the second cache. */
typedef struct gli_fetch {
    const char *data;
    size_t bytes;
} gli_fetch;

/* Where in x the elements of a sum are, from its pixel on. */
typedef struct gli_conv_taps {
    const int64_t *offset;
    int64_t count;
} gli_conv_taps;

/* Some vectors of pixels for the kernel's filters; y has `pitch` elements from filter to filter. w: the filters'
 * biases, then for each tap their weights. fetch: the first line; the next one is `line` bytes further, 0: the same. */
typedef void gli_conv_tile(const gli_conv_taps *taps, const float *x, const float *w, float *y, int64_t pitch,
                           const char *fetch, int64_t line);

typedef struct gli_conv_kernel {
    int lanes, filters, vectors; /* filters, and vectors of pixels, of a whole tile */
    gli_conv_tile *tile[2];      /* of one vector, and whole */
} gli_conv_kernel;

/* The best one for this processor, always the same. */
const gli_conv_kernel *gli_conv_kernel_here(void);

typedef struct gli_conv_planes {
    const gli_conv_kernel *kernel;
    int64_t filters, rows, columns; /* of y */
    int64_t x_columns;
    gli_conv_taps taps;
    float *packed; /* aligned to GLI_ALIGNMENT */
    float *sums;
} gli_conv_planes;

/* The sums of a tile's filters: `count` elements in all; from one filter to the next, and from row to row. */
typedef struct gli_plane_sums {
    float *data;
    int64_t count, filter, row;
} gli_plane_sums;

/* Elements of packed and of sums, and of the sums of one filter. */
int64_t gli_conv_planes_packed(const gli_conv_planes *conv);
int64_t gli_conv_planes_sums(const gli_conv_planes *conv);
int64_t gli_conv_planes_pitch(const gli_conv_planes *conv);

/* Fills packed. w: [filters][taps]; bias NULL: zeros. */
void gli_conv_planes_pack(const gli_conv_planes *conv, const float *w, const float *bias);

/* The sums of the kernel's filters from `first` on: for each a plane with the columns of x, which is read up to a
 * vector beyond its end. *fetch becomes what is left of it. */
gli_plane_sums gli_conv_planes_run(const gli_conv_planes *conv, int64_t first, const float *x, gli_fetch *fetch);

/* Their pixels, one row after the other, to y, which is written up to 15 elements beyond its end, as sums are read. */
void gli_conv_planes_store(const gli_conv_planes *conv, int64_t first, const gli_plane_sums *sums, float *y);

#endif

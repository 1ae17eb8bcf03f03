/* Convolutions of one image with stride 1, for inference one sample at a time. Channels are planes; filters are packed
 * once. A vector holds neighbouring pixels of a plane of y. y is computed as if it had as many columns as x, and the
 * columns beyond its own are dropped. The order of each sum depends on the sizes alone. */
#ifndef GLI_CPU_NATIVE_CONV_CONV_PLANES_H
#define GLI_CPU_NATIVE_CONV_CONV_PLANES_H

#include <stddef.h>
#include <stdint.h>

/* Memory that a later call reads: for each tap of a tile, the kernel prefetches one cache line of it into L2. */
typedef struct gli_fetch {
    const char *data;
    size_t bytes;
} gli_fetch;

/* Offsets in x of the elements of a sum, relative to its pixel. */
typedef struct gli_conv_taps {
    const int64_t *offset;
    int64_t count;
} gli_conv_taps;

/* Computes some vectors of pixels for the kernel's filters. y: `pitch` elements from one filter to the next. w: the
 * biases of the filters, then for each tap their weights. fetch: the first line to prefetch; `line`: bytes from one to
 * the next, or 0. */
typedef void gli_conv_tile(const gli_conv_taps *taps, const float *x, const float *w, float *y, int64_t pitch,
                           const char *fetch, int64_t line);

typedef struct gli_conv_kernel {
    int lanes, filters, vectors; /* of a whole tile: filters, and vectors of pixels */
    gli_conv_tile *tile[2];      /* of one vector, and whole */
} gli_conv_kernel;

/* The best kernel that this processor can run; always the same one. */
const gli_conv_kernel *gli_conv_kernel_here(void);

typedef struct gli_conv_planes {
    const gli_conv_kernel *kernel;
    int64_t filters, rows, columns; /* of y */
    int64_t x_columns;
    gli_conv_taps taps;
    float *packed; /* aligned to GLI_ALIGNMENT */
    float *sums;
} gli_conv_planes;

/* The sums of a tile's filters: `count` elements, `filter` from one filter to the next, `row` from row to row. */
typedef struct gli_plane_sums {
    float *data;
    int64_t count, filter, row;
} gli_plane_sums;

/* Elements of `packed`, of `sums`, and of the sums of one filter. */
int64_t gli_conv_planes_packed(const gli_conv_planes *conv);
int64_t gli_conv_planes_sums(const gli_conv_planes *conv);
int64_t gli_conv_planes_pitch(const gli_conv_planes *conv);

/* Fills `packed`. w: [filters][taps]. bias: [filters], or NULL for zeros. */
void gli_conv_planes_pack(const gli_conv_planes *conv, const float *w, const float *bias);

/* Computes the sums of the kernel's filters from `first` on, a plane with the columns of x for each. x is read up to
 * one vector beyond its end. *fetch becomes what is left to prefetch. */
gli_plane_sums gli_conv_planes_run(const gli_conv_planes *conv, int64_t first, const float *x, gli_fetch *fetch);

/* Stores their pixels in y, row after row. y is written, and the sums are read, up to 15 elements beyond their ends. */
void gli_conv_planes_store(const gli_conv_planes *conv, int64_t first, const gli_plane_sums *sums, float *y);

#endif

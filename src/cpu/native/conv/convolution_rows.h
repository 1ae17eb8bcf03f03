/* The rows and the results of a convolution's matrix products: which pixels of x the kernel reads, and where the sums
 * go. */
#ifndef GLI_CPU_NATIVE_CONV_CONVOLUTION_ROWS_H
#define GLI_CPU_NATIVE_CONV_CONVOLUTION_ROWS_H

#include "cpu/native/conv/convolution.h"
#include "cpu/native/linear/gemm.h"

enum { GLI_ROWS, GLI_COLUMNS };

/* Of a transposed convolution, the output pixels whose distance is a multiple of the stride meet the same taps: they
 * are one phase, and a product of their own; no phase is empty. Another convolution has one phase, of all pixels. */
typedef struct gli_convolution_phase {
    int first[2], step[2];
    int64_t size[2]; /* pixels */
} gli_convolution_phase;

int64_t gli_convolution_phases(const gli_convolution *c);
gli_convolution_phase gli_convolution_phase_of(const gli_convolution *c, int64_t index);

typedef struct gli_convolution_rows {
    const gli_convolution *c;
    gli_convolution_phase phase;
    const gli_gemm_kernel *kernel;
    const float *x;
    const glia_tensor *bias;
    float *y;
} gli_convolution_rows;

static inline int64_t gli_channels_in(const gli_convolution *c) { return c->x.channels / c->groups; }
static inline int64_t gli_channels_out(const gli_convolution *c) { return c->y.channels / c->groups; }
static inline int64_t gli_taps(const gli_convolution *c) { return (int64_t)c->taps[GLI_ROWS] * c->taps[GLI_COLUMNS]; }

/* Two ways to read x. By taps: the channels of a pixel one after the other, in a sum over taps and then channels. By
 * rows of taps, for x in planes that hold the padding as well: the taps of a row one after the other, in a sum over
 * channels and then taps. Each has its functions; arg of segments and store is a gli_convolution_rows. */
int64_t gli_convolution_tap_blocks(const gli_convolution *c);
int64_t gli_convolution_plane_blocks(const gli_convolution *c);
gli_gemm_segments gli_convolution_tap_segments, gli_convolution_plane_segments;
gli_gemm_store gli_convolution_store;

/* The taps first .. end - 1 that read x at all, from a channel on, as segments whose `first` is the tap; for loops that
 * are no products. No pixel beside the image is read beyond GLI_GEMM_BLOCK channels. */
int gli_convolution_taps_under(const gli_convolution_rows *r, const gli_gemm_rows *rows, int64_t first, int64_t end,
                               int64_t channel, gli_gemm_segment *out);

#endif

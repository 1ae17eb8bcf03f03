/* Randomness. Philox4x32-10 with the key {low, high 32 bits of seed} and the counter {e / 4, 0, stream, step}: word
 * e % 4 of its result is number e, 32 bits, of (seed, stream, step). So a result depends on the numbers below and on
 * nothing else: not on the device, the threads, or what ran before.
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11. */
#ifndef GLIA_OPS_RANDOM_H
#define GLIA_OPS_RANDOM_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_dropout_params {
    double p; /* the share that is dropped, 0 to 1 */
    uint64_t seed;
    uint32_t stream; /* a different one for each layer of a model */
} glia_dropout_params;

/* y[i] = x[i] / (1 - p) where number i of (seed, stream, step) is at least p 2^32, 0 elsewhere, also for a NaN in x.
 * i counts elements in row-major order. step: an i64 scalar of which the low 32 bits count, or NULL for 0; a training
 * loop that changes it gets a new mask each time. y has the shape of x and may be x. Floats.
 * The derivative is the same op on dy. */
GLIA_API glia_status glia_dropout(glia_context *ctx, const glia_dropout_params *params, const glia_tensor *x,
                                  const glia_tensor *step, glia_tensor *y);

typedef enum glia_random_kind {
    GLIA_RANDOM_UNIFORM,         /* low + (high - low) u */
    GLIA_RANDOM_NORMAL,          /* mean + std z */
    GLIA_RANDOM_TRUNCATED_NORMAL /* mean + std z with |z| <= 2 */
} glia_random_kind;

typedef struct glia_random_fill_params {
    glia_random_kind kind;
    glia_shape shape;
    glia_dtype dtype; /* a float */
    double low, high; /* of uniform */
    double mean, std; /* of the normals */
    uint64_t seed;
    uint32_t stream;
} glia_random_fill_params;

/* Uniform f32 in [0, 1); mean 0, std 1 for the normals; seed and stream 0. shape has to be set. */
GLIA_API glia_random_fill_params glia_random_fill_defaults(void);

/* Fills y. In what follows n(e) is number e of (seed, stream, step 0), except where a step is named:
 *   uniform           element i: u = floor(n(i) / 2^8) / 2^24, in [0, 1)
 *   normal            elements 2k and 2k+1: r cos t and r sin t with r = sqrt(-2 ln((n(2k) + 1/2) / 2^32)) and
 *                     t = 2 pi n(2k+1) / 2^32. Source: Box, Muller, "A note on the generation of random normal
 *                     deviates", 1958
 *   truncated_normal  element i: r cos t from the numbers 2i and 2i+1 of step 1, of step 2, ..., the first within 2
 * Computed in double and rounded once to dtype: a uniform number may round up to high.
 * y: params' shape and dtype. */
GLIA_API glia_status glia_random_fill(glia_context *ctx, const glia_random_fill_params *params, glia_tensor *y);

#ifdef __cplusplus
}
#endif
#endif

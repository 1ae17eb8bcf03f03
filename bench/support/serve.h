/* A network that trains or predicts as its standard input says, so that two programs can take turns. */
#ifndef GLI_BENCH_SERVE_H
#define GLI_BENCH_SERVE_H

#include "networks.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bench_serve_args {
    const bench_network *network;
    int width, batch;
    const char *folder; /* has weights.safetensors, and data.safetensors with x and, for classes, y */
} bench_serve_args;

/* Says "ready", then answers each line of standard input by the line's first word and numbers:
 *   losses N   trains N batches in order, without dropout, from the initial weights: N losses
 *   steps N    N steps of training, shuffled, with dropout: their seconds
 *   roof N     N steps with a profile: the seconds that their FLOP would take at the roof of the arithmetic, those
 *              with memory as well (glia/profile.h), and the roof, FLOP of a second
 *   outputs N  predicts the first N samples, one after the other: the first number of each
 *   calls N    N predictions of one sample: their seconds
 * Returns at the end of the input, or with the first failure. */
glia_status bench_serve(glia_context *ctx, const bench_serve_args *args);

#ifdef __cplusplus
}
#endif
#endif

/* Sequences of unequal length, padded to one: how long each is, and what follows its end.
 *
 * x: [T,N,...], or [N,T,...] with batch_first: N sequences of T steps. */
#ifndef GLIA_OPS_SEQUENCE_H
#define GLIA_OPS_SEQUENCE_H

#include "glia/ops/common.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_sequence_lengths_params {
    double padding; /* a step is padding if all its elements equal this, as the dtype of x has it */
    bool batch_first;
} glia_sequence_lengths_params;

/* lengths[n] = 1 + the last step of sequence n that is not padding, 0 where all are. Padding before the last such step
 * counts as a part of the sequence.
 * x: any dtype, such as the tokens [N,T] of texts or the floats [N,T,C] of a series   lengths: i32 [N].
 * Source: Keras' Masking and mask_zero, for padding at the end. */
GLIA_API glia_status glia_sequence_lengths(glia_context *ctx, const glia_sequence_lengths_params *params,
                                           const glia_tensor *x, glia_tensor *lengths);

typedef struct glia_mask_steps_params {
    double value; /* converted as by glia_tensor_fill */
    bool batch_first;
} glia_mask_steps_params;

/* y = x in the steps t < lengths[n] of sequence n, value in all others. A length outside of 0 .. T makes the call
 * return GLIA_INVALID_ARGUMENT with the length in the message; y is then unspecified.
 * x: any dtype   lengths: i32 or i64 [N]   y: the shape and dtype of x.
 * Source: MXNet's SequenceMask. */
GLIA_API glia_status glia_mask_steps(glia_context *ctx, const glia_mask_steps_params *params, const glia_tensor *x,
                                     const glia_tensor *lengths, glia_tensor *y);

#ifdef __cplusplus
}
#endif
#endif

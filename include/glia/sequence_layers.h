/* Layers of sequences [T,...]: embeddings, recurrent layers, steps, lengths and masks. */
#ifndef GLIA_SEQUENCE_LAYERS_H
#define GLIA_SEQUENCE_LAYERS_H

#include "glia/layers.h"
#include "glia/ops/rnn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_embedding_args {
    const char *name;
    int64_t count, size; /* rows of the table, and their length */
    bool has_padding;    /* row padding_index starts as zeros and gets no gradient */
    int64_t padding_index;
    bool frozen;
    glia_init weight_init; /* default: normal, standard deviation 1 */
} glia_embedding_args;
/* x: indices [...], where a negative one counts from the end: -1 is the last row; y: [...,size].
 * Weights: NAME.weight [count,size]. */
GLIA_API glia_value glia_model_embedding(glia_model *model, glia_value x, const glia_embedding_args *args);

/* What all recurrent layers have:
 *   units           H
 *   layers          one on top of the other; default 1
 *   dropout         between one layer and the next, in training
 *   sequence        the outputs of all steps, [T,D R], not the states after the last one, [D R]
 *   lengths         an index for each sample: how many of its steps count; id 0: all
 *   stateful_batch  each batch goes on with the states that the one before it left, sample by sample, in training and
 *                   otherwise. All batches have this many samples, which is then the default, and fit takes them
 *                   .in_order; layers of one model agree. 0: each sample starts with zeros
 *   ..._init        default: uniform in +- 1 / sqrt(H), as in PyTorch */
#define GLIA_RECURRENT_ARGS       \
    const char *name;             \
    int units, layers;            \
    double dropout;               \
    glia_rnn_direction direction; \
    bool sequence;                \
    glia_value lengths;           \
    int stateful_batch;           \
    bool no_bias, frozen;         \
    glia_init weight_init, recurrent_init, bias_init

typedef struct glia_rnn_args {
    GLIA_RECURRENT_ARGS;
    bool relu; /* not tanh */
} glia_rnn_args;

typedef struct glia_lstm_args {
    GLIA_RECURRENT_ARGS;
    int projection;   /* R, below or above H; default none, R = H */
    bool peephole;    /* the gates see the cell */
    double cell_clip; /* the cell is clamped to +- this; default never */
} glia_lstm_args;

typedef struct glia_gru_args {
    GLIA_RECURRENT_ARGS;
    bool reset_before; /* as in glia_rnn_params */
} glia_gru_args;

/* x: [T,I]. The formulas are in glia/ops/rnn.h. Weights are named as in PyTorch: NAME.weight_ih_l0 [G H,I],
 * NAME.weight_hh_l0 [G H,R], NAME.bias_ih_l0 and NAME.bias_hh_l0 [G H], NAME.weight_hr_l0 [R,H] of a projection, and
 * NAME.peephole_l0 [3,H]; of the next layers l1, l2, ..., of the reverse direction NAME.weight_ih_l0_reverse and so on.
 * States that are kept are NAME.h_l0 [D,N,R] and NAME.c_l0 [D,N,H]. */
GLIA_API glia_value glia_model_rnn(glia_model *model, glia_value x, const glia_rnn_args *args);
GLIA_API glia_value glia_model_lstm(glia_model *model, glia_value x, const glia_lstm_args *args);
GLIA_API glia_value glia_model_gru(glia_model *model, glia_value x, const glia_gru_args *args);

typedef struct glia_step_args {
    const char *name;
    int step; /* -1: the last */
} glia_step_args;
/* [T,...] -> [...] */
GLIA_API glia_value glia_model_step(glia_model *model, glia_value x, const glia_step_args *args);

typedef struct glia_repeat_args {
    const char *name;
    int times;
} glia_repeat_args;
/* [...] -> [times,...] */
GLIA_API glia_value glia_model_repeat(glia_model *model, glia_value x, const glia_repeat_args *args);

typedef struct glia_lengths_args {
    const char *name;
    double padding;
} glia_lengths_args;
/* How long each sequence is before its padding: of tokens [T], or of steps [T,...] whose elements all equal padding.
 * i32 [], for the layers that take lengths; see glia_sequence_lengths. */
GLIA_API glia_value glia_model_lengths(glia_model *model, glia_value x, const glia_lengths_args *args);

typedef struct glia_mask_args {
    const char *name;
    double value;
} glia_mask_args;
/* x in the steps before the length, value in those after it. A length outside of 0 .. T is an error of the run. */
GLIA_API glia_value glia_model_mask(glia_model *model, glia_value x, glia_value lengths, const glia_mask_args *args);

#ifdef __cplusplus
}
#endif
#endif

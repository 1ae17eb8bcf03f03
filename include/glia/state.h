/* The state of a model: all that its training goes on from, by name. Read from one model and set in another that was
 * built and compiled alike, on the same device, it makes the second go on with the bits that the first would have had.
 *
 *   conv1.weight          a weight, as glia_model_get reads it
 *   norm1.running_mean    a buffer, and so are the states of layers with a stateful_batch: lstm.h_l0
 *   conv1.weight/adam_m   of the optimizer, for each weight that it trains: WEIGHT/OP_TENSOR, by the names of
 *                         glia/ops/optimizer.h
 *   glia/step             a scalar i64: how many steps of training the model has had
 *   glia/update           the same since the compile: what the optimizer counts
 *   glia/epoch            epochs of training, from which the order of samples follows
 *   glia/seed             of the order of samples and the dropout masks; the context's before it is set
 *   glia/learning_rate    a scalar f64
 *
 * Weights and buffers are there from the beginning, the others from the first compile on. */
#ifndef GLIA_STATE_H
#define GLIA_STATE_H

#include "glia/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum glia_state_kind {
    GLIA_STATE_WEIGHT,
    GLIA_STATE_BUFFER,    /* such as running statistics */
    GLIA_STATE_RECURRENT, /* of layers with a stateful_batch */
    GLIA_STATE_OPTIMIZER,
    GLIA_STATE_COUNTER
} glia_state_kind;

typedef struct glia_state_info {
    const char *name; /* as long as the model, and until it is compiled again */
    glia_state_kind kind;
    glia_dtype dtype;
    glia_shape shape;
    size_t bytes;
} glia_state_info;

GLIA_API int glia_model_state_count(const glia_model *model);
GLIA_API const char *glia_model_state_name(const glia_model *model, int index); /* NULL: out of range */
GLIA_API glia_status glia_model_state_info(const glia_model *model, const char *name, glia_state_info *out);

/* Values are dense, row-major, in the state's dtype; bytes must match. Numbers that no training could have reached are
 * refused. The seed cannot be set while a pass over a data set is under way. */
GLIA_API glia_status glia_model_state_get(const glia_model *model, const char *name, void *values, size_t bytes);
GLIA_API glia_status glia_model_state_set(glia_model *model, const char *name, const void *values, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif

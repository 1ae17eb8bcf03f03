/* The state of a model: all that its training goes on from, by name. Read from one model and set in another that was
 * built and compiled alike, on the same device, it makes the second go on with the bits that the first would have had.
 *
 *   conv1.weight          a weight, as glia_model_get reads it
 *   norm1.running_mean    a buffer, and so are the states of layers with a stateful_batch: lstm.h_l0
 *   conv1.weight/adam_m   of the optimizer, for each weight that it trains: WEIGHT/OP_TENSOR, by the names of
 *                         glia/ops/optimizer.h
 *   conv1.weight/ema      the average of a weight, where the model is compiled with an average_decay
 *   glia/step             a scalar i64: how many steps of training the model has had; a step of several batches counts
 *                         as so many
 *   glia/update           steps since the compile, each as one: what the optimizer counts
 *   glia/epoch            epochs of training, from which the order of samples follows
 *   glia/seed             of the order of samples and the dropout masks; the context's before it is set
 *   glia/learning_rate    a scalar f64
 *   glia/compiled_epoch   epochs since the compile: what schedules count
 *   glia/position         samples that an epoch has had which was left in its middle, or is under way; else 0
 *   glia/epoch_samples    samples of that epoch in all, or of the last one; 0: not known
 *   glia/sums             f64 [n], the sums and counts of losses and metrics of that epoch
 *   glia/scores           of models with GLIA_METRIC_AUC: f64 [n,3], the number of an output, a score of that epoch,
 *                         and 1 if it is a positive one, else 0. n grows with the epoch, and is what is set
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
    GLIA_STATE_PROGRESS /* how far training has come */
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

/* ---- Weights and buffers in files of safetensors (glia/safetensors.h), and between models ----
 *
 * Their names and layouts are PyTorch's: what its modules have in their state_dict under the names of the layers. A
 * layer that stands for the module `features.0` has that name. The states of layers with a stateful_batch are left out.
 */

typedef enum glia_load_problem {
    GLIA_LOAD_MISSING,    /* a weight that the source has not */
    GLIA_LOAD_UNEXPECTED, /* a name of the source that no weight has; num_batches_tracked of PyTorch is none */
    GLIA_LOAD_MISMATCH    /* another shape, or a dtype that the model's cannot hold exactly */
} glia_load_problem;

typedef struct glia_load_args {
    bool partial;       /* takes the weights that fit, and leaves the others; otherwise each problem is an error */
    const char *prefix; /* of names in the source, "encoder."; those without it count for nothing */
    /* The name that a weight has in the source, behind the prefix, as long as the next call; NULL: it has none there.
     * Default: its own. */
    const char *(*rename)(void *user, const char *weight);
    /* Called for each problem, before any weight changes. text: such as "[3,2] f32, the model has [2,3] f32". Neither
     * of these may use the model. */
    void (*on_problem)(void *user, glia_load_problem problem, const char *name, const char *text);
    void *user;
} glia_load_args;

typedef struct glia_load_report {
    int loaded, missing, unexpected, mismatched;
} glia_load_report;

/* Fails for a model that is not compiled and whose weights were not set. */
GLIA_API glia_status glia_model_save_weights(const glia_model *model, const char *path);

/* A problem, or a file that cannot be read, changes nothing, and the message names the first ones. The optimizer's
 * states stay as they are. args may be NULL. report may be NULL; it is also filled where a problem is an error. */
GLIA_API glia_status glia_model_load_weights(glia_model *model, const char *path, const glia_load_args *args,
                                             glia_load_report *report);

/* The same from another model, which may be in another context that this thread can use. */
GLIA_API glia_status glia_model_copy_weights(const glia_model *from, glia_model *to, const glia_load_args *args,
                                             glia_load_report *report);

#ifdef __cplusplus
}
#endif
#endif

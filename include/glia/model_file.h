/* A model as one file: its definition, how it is trained, its weights, what its optimizer keeps, and how far training
 * has come. Predicting, and training on, then need no code that builds the model:
 *
 *     GLIA_TRY(glia_model_load(ctx, "net.safetensors", NULL, &net));
 *     GLIA_TRY(glia_model_fit(net, data, &(glia_fit_args){.epochs = 20, .resume = true}));
 *
 * The file is one of safetensors (glia/safetensors.h); docs/model-files.md says what is in its metadata. A checkpoint
 * (glia/checkpoint.h) is such a file, and what this saves of a compiled model is a checkpoint. `glia inspect FILE`
 * prints what is in one. */
#ifndef GLIA_MODEL_FILE_H
#define GLIA_MODEL_FILE_H

#include "glia/custom.h"
#include "glia/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the model. One that is not compiled, or was changed since, is saved with the weights that have values, and
 * without what training keeps; a freeze that no compile has seen is not in the file. The file appears under its name as
 * a whole, or what was there stays. A weight or a state of the optimizer that is infinite or NaN: GLIA_NOT_FINITE. */
GLIA_API glia_status glia_model_save(const glia_model *model, const char *path);

typedef struct glia_model_load_args {
    /* The ops of glia_model_custom that the model has, by the names of their descriptions. The numbers of a use are in
     * the file, its user is the one given here. An op that is not among them: GLIA_NOT_FOUND. */
    const glia_custom_params *custom;
    int n_custom;
    bool definition_only; /* without values and not compiled: weights begin anew with the next compile */
} glia_model_load_args;

/* Makes the model of a file, compiled where the one that was saved was. What is in the file may be anything: a model
 * that no calls could have built is an error, and takes at most four times the bytes of the file and 64 MB in memory.
 * args may be NULL. */
GLIA_API glia_status glia_model_load(glia_context *ctx, const char *path, const glia_model_load_args *args,
                                     glia_model **out);

#ifdef __cplusplus
}
#endif
#endif

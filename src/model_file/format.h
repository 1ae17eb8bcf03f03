/* What the parts of a model's file share. Its metadata has three texts: the version of the format, the definition, and
 * how the model is trained. */
#ifndef GLI_MODEL_FILE_FORMAT_H
#define GLI_MODEL_FILE_FORMAT_H

#include "glia/model_file.h"
#include "glia/safetensors.h"
#include "io/json.h"
#include "train/training.h"

#define GLI_FILE_VERSION_KEY "glia.format"
#define GLI_FILE_DEFINITION_KEY "glia.model"
#define GLI_FILE_TRAINING_KEY "glia.training"
#define GLI_FILE_CHECKPOINT_KEY "glia.checkpoint"

enum {
    GLI_FILE_VERSION         = 1,
    GLI_FILE_MOST_DEFINITION = 16 << 20, /* bytes of the text */
    GLI_FILE_MOST_TRAINING   = 4 << 20,
    GLI_FILE_MOST_VALUES     = 1 << 15, /* of the definition */
    GLI_FILE_MOST_PARTS      = 1 << 14  /* layers, and calls of ops */
};

/* ---- The words of enums ---- */

extern const char *const gli_init_words[GLIA_INIT_ORTHOGONAL + 1];

/* Reads a string that is one of these words. */
glia_status gli_json_word(gli_json *json, const char *what, const char *const *words, int count, int *out);

glia_status gli_json_dtype(gli_json *json, glia_dtype *out);
glia_status gli_json_shape(gli_json *json, glia_shape *out);
void gli_json_put_shape(gli_json_text *w, const glia_shape *shape);

/* ---- Params of an op, by name ---- */

/* An object of those that differ from the op's defaults. */
void gli_params_put(gli_json_text *w, const gli_op *op, const void *params);

/* Into params, which have the op's defaults. where: before the op's name in messages, "layer 'conv1'". */
glia_status gli_params_read(gli_json *json, const char *where, const gli_op *op, void *params);

/* ---- The texts ---- */

void gli_definition_put(gli_json_text *w, const glia_model *model);

/* Makes the model of a text, not compiled. */
glia_status gli_definition_read(gli_json *json, const glia_model_load_args *args, glia_model **out);

void gli_training_put(gli_json_text *w, const glia_model *model);

/* Names the outputs of the model. *compiled says whether args are those of its compile. */
glia_status gli_training_read(gli_json *json, glia_model *model, glia_compile_args *args, bool *compiled);

/* ---- The file ---- */

typedef struct gli_state_file {
    glia_context *ctx;
    const char *path;
    const glia_safetensors *file;
} gli_state_file;

/* Gives glia/scores, which grow with an epoch, as many rows as the file has. */
glia_status gli_state_file_fit(const gli_state_file *f, glia_state_info *state);

/* The number of the tensor that is a state's, of whose dtype and shape it must be; -1: the file has none of its name.
 */
glia_status gli_state_file_find(const gli_state_file *f, const glia_state_info *state, int *index);

/* The same; fails where there is none. */
glia_status gli_state_file_need(const gli_state_file *f, const glia_state_info *state, int *index);

/* Reads a state, which the file must have; one that older files lack becomes 0. Adds the tensors read to *taken. */
glia_status gli_state_file_read(const gli_state_file *f, const glia_state_info *state, void *values, int *taken);

/* After so many tensors were taken: names the first of the others, which no state of the model is. */
glia_status gli_state_file_check_rest(const gli_state_file *f, const glia_model *model, int taken);

/* call: for messages. */
glia_status gli_model_write(const glia_model *model, const char *call, const char *path);

#endif

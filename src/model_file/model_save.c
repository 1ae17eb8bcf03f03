/* Writing a model's file. */
#include <math.h>
#include <string.h>

#include "core/dtype.h"
#include "core/memory.h"
#include "core/utf8.h"
#include "io/safetensors.h"
#include "model_file/format.h"
#include "train/trainer.h"

typedef struct saving {
    const glia_model *model;
    const char *call, *path;
} saving;

/* Losses and outputs may be infinite where that is allowed. */
static bool finite(const glia_safetensors_entry *entry, const void *values) {
    const size_t count = entry->bytes / glia_dtype_size(entry->dtype);
    if (!gli_dtype_is_float(entry->dtype)) return true;
    if (strcmp(entry->name, "glia/sums") == 0 || strcmp(entry->name, "glia/scores") == 0) return true;
    for (size_t i = 0; i < count; ++i)
        if (!isfinite(gli_load(entry->dtype, values, (int64_t)i))) return false;
    return true;
}

static glia_status read_state(const void *user, const glia_safetensors_entry *entry, void *values) {
    const saving *s = user;
    GLI_TRY(glia_model_state_get(s->model, entry->name, values, entry->bytes));
    GLI_REQUIRE(s->model->ctx, finite(entry, values), GLIA_NOT_FINITE, "%s: %s: '%s' is infinite or NaN", s->call,
                s->path, entry->name);
    return GLIA_OK;
}

/* Before a compile only weights have values, and not all. */
static bool has_value(const glia_model *model, int state) {
    if (model->compiled) return true;
    return state < model->n_weights && (model->weights[state].in_vector || model->weights[state].pending.data);
}

static glia_status list_states(const glia_model *model, gli_safetensors_content *content, gli_block *entries) {
    const int count = glia_model_state_count(model);
    GLI_TRY(gli_block_alloc(model->ctx, (size_t)count, sizeof(glia_safetensors_entry), "a list of states", entries));
    glia_safetensors_entry *list = entries->data;
    content->entries             = list;
    for (int i = 0; i < count; ++i) {
        glia_state_info info;
        if (!has_value(model, i)) continue;
        GLI_TRY(glia_model_state_info(model, glia_model_state_name(model, i), &info));
        list[content->n_entries++] =
            (glia_safetensors_entry){.name = info.name, .dtype = info.dtype, .shape = info.shape, .bytes = info.bytes};
    }
    return GLIA_OK;
}

static glia_status check_text(const saving *s, const gli_json_text *text, const char *what, int most) {
    GLI_TRY(text->status);
    GLI_REQUIRE(s->model->ctx, text->used <= most, GLIA_UNSUPPORTED, "%s: %s: %s has %d bytes as a text, at most %d",
                s->call, s->path, what, text->used, most);
    GLI_REQUIRE(s->model->ctx, gli_utf8_valid(text->text, (size_t)text->used), GLIA_INVALID_ARGUMENT,
                "%s: %s: %s has a name that is not UTF-8", s->call, s->path, what);
    return GLIA_OK;
}

static glia_status write_file(const saving *s, const gli_json_text *definition, const gli_json_text *training) {
    const glia_safetensors_note notes[] = {{GLI_FILE_VERSION_KEY, "1"},
                                           {GLI_FILE_DEFINITION_KEY, definition->text},
                                           {GLI_FILE_TRAINING_KEY, training->text},
                                           {GLI_FILE_CHECKPOINT_KEY, "1"}};
    gli_safetensors_content content     = {
            .notes = notes, .n_notes = s->model->compiled ? 4 : 3, .read = read_state, .user = s};
    gli_block entries;
    _Static_assert(GLI_FILE_VERSION == 1, "the notes say so");
    GLI_TRY(check_text(s, definition, "the definition", GLI_FILE_MOST_DEFINITION));
    GLI_TRY(check_text(s, training, "what is known of its training", GLI_FILE_MOST_TRAINING));
    glia_status status = list_states(s->model, &content, &entries);
    if (status == GLIA_OK) status = gli_safetensors_write(s->model->ctx, s->call, s->path, &content);
    gli_block_free(s->model->ctx, &entries);
    return status;
}

glia_status gli_model_write(const glia_model *model, const char *call, const char *path) {
    const saving s           = {model, call, path};
    gli_json_text definition = {.ctx = model->ctx}, training = {.ctx = model->ctx};
    GLI_REQUIRE(model->ctx, path, GLIA_INVALID_ARGUMENT, "%s: path is NULL", call);
    GLI_TRY(gli_require_idle(model, call));
    GLI_TRY(glia_model_status(model));
    GLI_TRY(gli_require_weights(model, call));
    if (model->training) GLI_TRY(gli_check_epoch(model));
    gli_definition_put(&definition, model);
    gli_training_put(&training, model);
    const glia_status status = write_file(&s, &definition, &training);
    gli_json_text_free(&training);
    gli_json_text_free(&definition);
    return status;
}

glia_status glia_model_save(const glia_model *model, const char *path) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = gli_model_write(model, "glia_model_save", path);
    gli_leave(model->ctx);
    return status;
}

/* One checkpoint: the file of a compiled model, of which all states are taken by one that was built alike. */
#include <string.h>

#include "core/context_impl.h"
#include "core/memory.h"
#include "core/size.h"
#include "glia/checkpoint.h"
#include "glia/safetensors.h"
#include "glia/state.h"
#include "model_file/format.h"

static const glia_safetensors_note note = {GLI_FILE_CHECKPOINT_KEY, "1"};

/* All states, as the entries of a file; their values lie one after another. */
typedef struct states {
    int count;
    gli_block entries; /* glia_safetensors_entry */
    gli_block values;
} states;

static glia_safetensors_entry *entries_of(const states *s) { return s->entries.data; }

static void states_free(glia_context *ctx, states *s) {
    gli_block_free(ctx, &s->entries);
    gli_block_free(ctx, &s->values);
}

/* Names and shapes, and memory for the values that the file has. */
static glia_status describe(const gli_state_file *f, const glia_model *model, states *out) {
    size_t bytes = 0;
    *out         = (states){.count = glia_model_state_count(model)};
    GLI_TRY(
        gli_block_alloc(model->ctx, (size_t)out->count, sizeof(glia_safetensors_entry), "a checkpoint", &out->entries));
    for (int i = 0; i < out->count; ++i) {
        glia_state_info info;
        GLI_TRY(glia_model_state_info(model, glia_model_state_name(model, i), &info));
        GLI_TRY(gli_state_file_fit(f, &info));
        entries_of(out)[i] =
            (glia_safetensors_entry){.name = info.name, .dtype = info.dtype, .shape = info.shape, .bytes = info.bytes};
        bytes += gli_align_up(info.bytes, sizeof(double));
    }
    GLI_TRY(gli_block_alloc(model->ctx, bytes, 1, "a checkpoint", &out->values));
    char *values = out->values.data;
    for (int i = 0; i < out->count; ++i) {
        entries_of(out)[i].values = values;
        values += gli_align_up(entries_of(out)[i].bytes, sizeof(double));
    }
    return GLIA_OK;
}

/* ---- Saving ---- */

static glia_status save(const glia_model *model, const char *path) {
    const char *call = "glia_model_save_checkpoint";
    GLI_REQUIRE(model->ctx, model->compiled, GLIA_INVALID_ARGUMENT,
                "%s: the model is not compiled, or was changed since", call);
    return gli_model_write(model, call, path);
}

glia_status glia_model_save_checkpoint(const glia_model *model, const char *path) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = save(model, path);
    gli_leave(model->ctx);
    return status;
}

/* ---- Loading ---- */

static glia_status check_format(glia_context *ctx, const char *path, const glia_safetensors *file) {
    const char *version = glia_safetensors_find_note(file, note.key);
    GLI_REQUIRE(ctx, version, GLIA_BAD_FORMAT, "%s: is no checkpoint: it has no '%s' in its metadata", path, note.key);
    GLI_REQUIRE(ctx, strcmp(version, note.value) == 0, GLIA_UNSUPPORTED,
                "%s: is a checkpoint of version %s, this library reads version %s", path, version, note.value);
    return GLIA_OK;
}

/* That the file has each state as the model has it, and no others; and reads them. */
static glia_status read_file(const gli_state_file *f, const glia_model *model, states *s) {
    int taken = 0;
    for (int i = 0; i < s->count; ++i) {
        const glia_safetensors_entry *want = &entries_of(s)[i];
        const glia_state_info state        = {
                   .name = want->name, .dtype = want->dtype, .shape = want->shape, .bytes = want->bytes};
        GLI_TRY(gli_state_file_read(f, &state, (void *)want->values, &taken));
    }
    return gli_state_file_check_rest(f, model, taken);
}

/* Of what training knows: its numbers, those of a loss scale too, and scores, which alone can be refused. A weight of
 * the user's may have a name that begins like theirs. */
static bool is_scores(const glia_safetensors_entry *entry) { return strcmp(entry->name, "glia/scores") == 0; }

static bool is_number(const glia_model *model, const glia_safetensors_entry *entry) {
    static const char *const of_optimizer[] = {"glia/learning_rate", "glia/loss_scale", "glia/loss_scale_good_steps",
                                               "glia/loss_scale_updates"};
    glia_state_info info;
    if (glia_model_state_info(model, entry->name, &info) != GLIA_OK || info.shape.ndim > 0) return false;
    bool number = info.kind == GLIA_STATE_PROGRESS;
    for (size_t i = 0; i < sizeof of_optimizer / sizeof *of_optimizer; ++i)
        number = number || strcmp(entry->name, of_optimizer[i]) == 0;
    return number;
}

static glia_status set_scores(glia_model *model, const states *s) {
    for (int i = 0; i < s->count; ++i) {
        const glia_safetensors_entry *entry = &entries_of(s)[i];
        if (is_scores(entry)) return glia_model_state_set(model, entry->name, entry->values, entry->bytes);
    }
    return GLIA_OK;
}

/* All numbers and the scores, or none. */
static glia_status set_numbers(glia_model *model, const states *s) {
    int64_t before[16]; /* more than there are numbers: 11 */
    int n = 0, i = 0;
    glia_status status = GLIA_OK;
    for (; i < s->count && status == GLIA_OK; ++i) {
        const glia_safetensors_entry *entry = &entries_of(s)[i];
        if (!is_number(model, entry)) continue;
        status = glia_model_state_get(model, entry->name, &before[n++], entry->bytes);
        if (status == GLIA_OK) status = glia_model_state_set(model, entry->name, entry->values, entry->bytes);
    }
    if (status == GLIA_OK) status = set_scores(model, s);
    if (status == GLIA_OK) return GLIA_OK;
    char message[sizeof model->ctx->message];
    memcpy(message, model->ctx->message, sizeof message);
    while (i-- > 0) {
        const glia_safetensors_entry *entry = &entries_of(s)[i];
        if (is_number(model, entry)) glia_model_state_set(model, entry->name, &before[--n], entry->bytes);
    }
    return gli_fail(model->ctx, status, "%s", message);
}

static glia_status set_states(glia_model *model, const states *s) {
    GLI_TRY(set_numbers(model, s));
    for (int i = 0; i < s->count; ++i) {
        const glia_safetensors_entry *entry = &entries_of(s)[i];
        if (is_number(model, entry) || is_scores(entry)) continue;
        GLI_TRY(glia_model_state_set(model, entry->name, entry->values, entry->bytes));
    }
    return GLIA_OK;
}

static glia_status load_from(glia_model *model, const char *path, const glia_safetensors *file) {
    states s;
    GLI_TRY(check_format(model->ctx, path, file));
    const gli_state_file from = {model->ctx, path, file};
    glia_status status        = describe(&from, model, &s);
    if (status == GLIA_OK) status = read_file(&from, model, &s);
    if (status == GLIA_OK) {
        status = set_states(model, &s);
        if (status != GLIA_OK) gli_explain(model->ctx, status, path);
    }
    states_free(model->ctx, &s);
    return status;
}

static glia_status load(glia_model *model, const char *path) {
    glia_safetensors *file;
    GLI_REQUIRE(model->ctx, path, GLIA_INVALID_ARGUMENT, "glia_model_load_checkpoint: path is NULL");
    GLI_REQUIRE(model->ctx, model->compiled, GLIA_INVALID_ARGUMENT,
                "glia_model_load_checkpoint: the model is not compiled, or was changed since");
    GLI_TRY(gli_require_weights(model, "glia_model_load_checkpoint"));
    GLI_TRY(glia_safetensors_open(model->ctx, path, &file));
    const glia_status status = load_from(model, path, file);
    glia_safetensors_close(file);
    return status;
}

glia_status glia_model_load_checkpoint(glia_model *model, const char *path) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = load(model, path);
    gli_leave(model->ctx);
    return status;
}

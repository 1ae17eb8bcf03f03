/* Reading a model's file. */
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "model_file/format.h"

typedef struct loading {
    gli_state_file from;
    const glia_model_load_args *args;
    glia_model *model;
    gli_block values; /* room for those of one tensor */
    int taken;        /* tensors of the file that the model has */
} loading;

/* ---- Texts ---- */

static glia_status check_version(const loading *l) {
    const char *text = glia_safetensors_find_note(l->from.file, GLI_FILE_VERSION_KEY);
    char *end;
    GLI_REQUIRE(l->from.ctx, text, GLIA_BAD_FORMAT, "%s: is no model: it has no '%s' in its metadata", l->from.path,
                GLI_FILE_VERSION_KEY);
    const long version = strtol(text, &end, 10);
    GLI_REQUIRE(l->from.ctx, end != text && *end == '\0' && version >= 1, GLIA_BAD_FORMAT,
                "%s: '%s' is '%.32s', which is no version", l->from.path, GLI_FILE_VERSION_KEY, text);
    GLI_REQUIRE(l->from.ctx, version <= GLI_FILE_VERSION, GLIA_UNSUPPORTED,
                "%s: is a model of version %.32s of the format, this library reads version %d", l->from.path, text,
                GLI_FILE_VERSION);
    return GLIA_OK;
}

/* A copy of a text, which reading changes. */
static glia_status copy_text(const loading *l, const char *key, int most, gli_block *block, gli_json *json) {
    const char *note = glia_safetensors_find_note(l->from.file, key);
    GLI_REQUIRE(l->from.ctx, note, GLIA_BAD_FORMAT, "%s: is no model: it has no '%s' in its metadata", l->from.path,
                key);
    const size_t bytes = strlen(note);
    GLI_REQUIRE(l->from.ctx, bytes <= (size_t)most, GLIA_UNSUPPORTED, "%s: '%s' has %zu bytes, allowed are %d",
                l->from.path, key, bytes, most);
    GLI_TRY(gli_block_alloc(l->from.ctx, bytes + 1, 1, "the text of a model", block));
    char *text = memcpy(block->data, note, bytes + 1);
    *json      = (gli_json){.ctx = l->from.ctx, .path = l->from.path, .begin = text, .next = text, .end = text + bytes};
    return GLIA_OK;
}

static glia_status read_definition(loading *l) {
    gli_block text;
    gli_json json;
    GLI_TRY(copy_text(l, GLI_FILE_DEFINITION_KEY, GLI_FILE_MOST_DEFINITION, &text, &json));
    const glia_status status = gli_definition_read(&json, l->args, &l->model);
    gli_block_free(l->from.ctx, &text);
    return status;
}

static glia_status read_training(loading *l, glia_compile_args *args, bool *compiled) {
    gli_block text;
    gli_json json;
    GLI_TRY(copy_text(l, GLI_FILE_TRAINING_KEY, GLI_FILE_MOST_TRAINING, &text, &json));
    const glia_status status = gli_training_read(&json, l->model, args, compiled);
    gli_block_free(l->from.ctx, &text);
    return status;
}

/* ---- Values ---- */

static glia_status reserve(loading *l, size_t bytes) {
    if (bytes <= l->values.bytes) return GLIA_OK;
    gli_block_free(l->from.ctx, &l->values);
    return gli_block_alloc(l->from.ctx, bytes, 1, "values of a model", &l->values);
}

/* A weight, or what the optimizer keeps of it, under its name. */
static glia_state_info info_of(const loading *l, const gli_weight *weight, const char *name) {
    const glia_tensor view = gli_weight_view(l->model, weight, NULL, 0);
    return (glia_state_info){.name  = name,
                             .dtype = view.dtype,
                             .shape = glia_tensor_shape(&view),
                             .bytes = (size_t)gli_count(&view) * glia_dtype_size(view.dtype)};
}

/* Its values lie in l->values then. */
static glia_status read_state(loading *l, const glia_state_info *state, int index) {
    GLI_TRY(reserve(l, state->bytes));
    ++l->taken;
    return glia_safetensors_read(l->from.file, index, l->values.data, state->bytes);
}

/* Weights get their values before the compile, which initialises those that have none. */
static glia_status take_weights(loading *l, bool all) {
    for (int i = 0; i < l->model->n_weights; ++i) {
        gli_weight *weight          = &l->model->weights[i];
        const glia_state_info state = info_of(l, weight, weight->name);
        int index;
        GLI_TRY(all ? gli_state_file_need(&l->from, &state, &index) : gli_state_file_find(&l->from, &state, &index));
        if (index < 0) continue;
        GLI_TRY(read_state(l, &state, index));
        GLI_TRY(gli_weight_write(l->model, weight, l->values.data));
    }
    gli_block_free(l->from.ctx, &l->values);
    return GLIA_OK;
}

/* That the file has what training keeps of each weight, before a compile makes memory for it. */
static glia_status check_slots(const loading *l, const glia_compile_args *args) {
    const gli_compiled wanted = {.optimizer = args->optimizer, .average_decay = args->average_decay};
    for (int w = 0; w < l->model->n_weights; ++w) {
        const gli_weight *weight = &l->model->weights[w];
        for (int i = 0; i < GLI_VECTORS && !weight->frozen && !weight->buffer; ++i) {
            char name[GLI_STATE_NAME_SIZE];
            int index;
            if (!gli_vector_kept(&wanted, i)) continue;
            gli_slot_name(&wanted, weight, i, name);
            const glia_state_info state = info_of(l, weight, name);
            if (state.bytes > 0) GLI_TRY(gli_state_file_need(&l->from, &state, &index));
        }
    }
    return GLIA_OK;
}

static glia_status take_states(loading *l) {
    for (int i = l->model->n_weights; i < glia_model_state_count(l->model); ++i) {
        glia_state_info state;
        GLI_TRY(glia_model_state_info(l->model, glia_model_state_name(l->model, i), &state));
        GLI_TRY(gli_state_file_fit(&l->from, &state));
        GLI_TRY(reserve(l, state.bytes));
        GLI_TRY(gli_state_file_read(&l->from, &state, l->values.data, &l->taken));
        const glia_status status = glia_model_state_set(l->model, state.name, l->values.data, state.bytes);
        if (status != GLIA_OK) return gli_explain(l->from.ctx, status, l->from.path);
    }
    return GLIA_OK;
}

static glia_status compile(const loading *l, const glia_compile_args *args) {
    const glia_status status = glia_model_compile(l->model, (glia_value){0}, args);
    return status == GLIA_OK ? GLIA_OK : gli_explain(l->from.ctx, status, l->from.path);
}

/* ---- The file ---- */

static glia_status load_parts(loading *l) {
    glia_compile_args args;
    bool compiled;
    GLI_TRY(check_version(l));
    GLI_TRY(read_definition(l));
    GLI_TRY(read_training(l, &args, &compiled));
    if (l->args->definition_only) return GLIA_OK;
    if (compiled) GLI_TRY(check_slots(l, &args));
    GLI_TRY(take_weights(l, compiled));
    if (compiled) {
        GLI_TRY(compile(l, &args));
        GLI_TRY(take_states(l));
    }
    return gli_state_file_check_rest(&l->from, l->model, l->taken);
}

static glia_status check_args(glia_context *ctx, const char *path, const glia_model_load_args *args, glia_model **out) {
    const char *call = "glia_model_load";
    GLI_REQUIRE(ctx, path && out, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", call, path ? "out" : "path");
    GLI_REQUIRE(ctx, args->n_custom >= 0 && (args->custom || args->n_custom == 0), GLIA_INVALID_ARGUMENT,
                "%s: n_custom is %d and custom %s", call, args->n_custom, args->custom ? "not NULL" : "NULL");
    for (int i = 0; i < args->n_custom; ++i)
        GLI_REQUIRE(ctx, args->custom[i].op && args->custom[i].op->name, GLIA_INVALID_ARGUMENT,
                    "%s: custom[%d] names no op", call, i);
    return GLIA_OK;
}

static glia_status load(glia_context *ctx, const char *path, const glia_model_load_args *args, glia_model **out) {
    static const glia_model_load_args defaults;
    glia_safetensors *file;
    loading l = {.from = {.ctx = ctx, .path = path}, .args = args ? args : &defaults};
    GLI_TRY(check_args(ctx, path, l.args, out));
    GLI_TRY(glia_safetensors_open(ctx, path, &file));
    l.from.file              = file;
    const glia_status status = load_parts(&l);
    gli_block_free(ctx, &l.values);
    glia_safetensors_close(file);
    if (status == GLIA_OK)
        *out = l.model;
    else
        glia_model_destroy(l.model);
    return status;
}

glia_status glia_model_load(glia_context *ctx, const char *path, const glia_model_load_args *args, glia_model **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = load(ctx, path, args, out);
    gli_leave(ctx);
    return status;
}

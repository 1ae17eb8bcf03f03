/* Reading a model's file. */
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "model_file/format.h"

typedef struct loading {
    glia_context *ctx;
    const char *path;
    const glia_safetensors *file;
    const glia_model_load_args *args;
    glia_model *model;
    gli_block values; /* room for those of one tensor */
    int taken;        /* tensors of the file that the model has */
} loading;

/* ---- Texts ---- */

static glia_status check_version(const loading *l) {
    const char *text = glia_safetensors_find_note(l->file, GLI_FILE_VERSION_KEY);
    char *end;
    GLI_REQUIRE(l->ctx, text, GLIA_BAD_FORMAT, "%s: is no model: it has no '%s' in its metadata", l->path,
                GLI_FILE_VERSION_KEY);
    const long version = strtol(text, &end, 10);
    GLI_REQUIRE(l->ctx, end != text && *end == '\0' && version >= 1, GLIA_BAD_FORMAT,
                "%s: '%s' is '%.32s', which is no version", l->path, GLI_FILE_VERSION_KEY, text);
    GLI_REQUIRE(l->ctx, version <= GLI_FILE_VERSION, GLIA_UNSUPPORTED,
                "%s: is a model of version %.32s of the format, this library reads version %d", l->path, text,
                GLI_FILE_VERSION);
    return GLIA_OK;
}

/* A copy of a text, which reading changes. */
static glia_status copy_text(const loading *l, const char *key, int most, gli_block *block, gli_json *json) {
    const char *note = glia_safetensors_find_note(l->file, key);
    GLI_REQUIRE(l->ctx, note, GLIA_BAD_FORMAT, "%s: is no model: it has no '%s' in its metadata", l->path, key);
    const size_t bytes = strlen(note);
    GLI_REQUIRE(l->ctx, bytes <= (size_t)most, GLIA_UNSUPPORTED, "%s: '%s' has %zu bytes, allowed are %d", l->path, key,
                bytes, most);
    GLI_TRY(gli_block_alloc(l->ctx, bytes + 1, 1, "the text of a model", block));
    char *text = memcpy(block->data, note, bytes + 1);
    *json      = (gli_json){.ctx = l->ctx, .path = l->path, .begin = text, .next = text, .end = text + bytes};
    return GLIA_OK;
}

static glia_status read_definition(loading *l) {
    gli_block text;
    gli_json json;
    GLI_TRY(copy_text(l, GLI_FILE_DEFINITION_KEY, GLI_FILE_MOST_DEFINITION, &text, &json));
    const glia_status status = gli_definition_read(&json, l->args, &l->model);
    gli_block_free(l->ctx, &text);
    return status;
}

static glia_status read_training(loading *l, glia_compile_args *args, bool *compiled) {
    gli_block text;
    gli_json json;
    GLI_TRY(copy_text(l, GLI_FILE_TRAINING_KEY, GLI_FILE_MOST_TRAINING, &text, &json));
    const glia_status status = gli_training_read(&json, l->model, args, compiled);
    gli_block_free(l->ctx, &text);
    return status;
}

/* ---- Values ---- */

static glia_status reserve(loading *l, size_t bytes) {
    if (bytes <= l->values.bytes) return GLIA_OK;
    gli_block_free(l->ctx, &l->values);
    return gli_block_alloc(l->ctx, bytes, 1, "values of a model", &l->values);
}

/* The tensor of a name, which must be as the model has it; *index -1: there is none. */
static glia_status find_tensor(const loading *l, const char *name, const glia_tensor *wanted, int *index,
                               glia_safetensors_entry *out) {
    char text[2][GLI_SHAPE_TEXT];
    *index = glia_safetensors_find(l->file, name);
    if (*index < 0) return GLIA_OK;
    GLI_TRY(glia_safetensors_get(l->file, *index, out));
    glia_tensor has = {0};
    gli_set_shape(&has, out->dtype, out->shape.ndim, out->shape.dim);
    GLI_REQUIRE(l->ctx, has.dtype == wanted->dtype && gli_same_shape(&has, wanted), GLIA_SHAPE_MISMATCH,
                "%s: '%s' is %s %s, the model's %s %s", l->path, name, gli_shape_text(has.ndim, has.dim, text[0]),
                glia_dtype_name(has.dtype), gli_shape_text(wanted->ndim, wanted->dim, text[1]),
                glia_dtype_name(wanted->dtype));
    return GLIA_OK;
}

static glia_status lacks(const loading *l, const char *name) {
    return gli_fail(l->ctx, GLIA_SHAPE_MISMATCH, "%s: lacks '%s', which the model has", l->path, name);
}

/* Weights get their values before the compile, which initialises those that have none. */
static glia_status take_weights(loading *l, bool all) {
    for (int i = 0; i < l->model->n_weights; ++i) {
        gli_weight *weight      = &l->model->weights[i];
        const glia_tensor shape = gli_weight_view(l->model, weight, NULL, 0);
        glia_safetensors_entry entry;
        int index;
        GLI_TRY(find_tensor(l, weight->name, &shape, &index, &entry));
        if (index < 0 && all) return lacks(l, weight->name);
        if (index < 0) continue;
        GLI_TRY(reserve(l, entry.bytes));
        GLI_TRY(glia_safetensors_read(l->file, index, l->values.data, entry.bytes));
        GLI_TRY(gli_weight_write(l->model, weight, l->values.data));
        ++l->taken;
    }
    gli_block_free(l->ctx, &l->values);
    return GLIA_OK;
}

/* That the file has what the optimizer keeps, before a compile makes memory for it. */
static glia_status check_slots(const loading *l, const glia_optimizer *optimizer) {
    for (int w = 0; w < l->model->n_weights; ++w) {
        const gli_weight *weight = &l->model->weights[w];
        const glia_tensor shape  = gli_weight_view(l->model, weight, NULL, 0);
        for (int i = 0; i < GLI_MAX_OPTIMIZER_STATE && !weight->frozen && !weight->buffer; ++i) {
            char name[GLI_STATE_NAME_SIZE];
            glia_safetensors_entry entry;
            int index;
            if (!gli_optimizer_needs(optimizer, i)) continue;
            const int at = snprintf(name, sizeof name, "%s/", weight->name);
            gli_optimizer_state_name(optimizer, i, name + at, sizeof name - (size_t)at);
            GLI_TRY(find_tensor(l, name, &shape, &index, &entry));
            if (index < 0 && gli_count(&shape) > 0) return lacks(l, name);
        }
    }
    return GLIA_OK;
}

static glia_status take_states(loading *l) {
    for (int i = l->model->n_weights; i < glia_model_state_count(l->model); ++i) {
        glia_state_info info;
        glia_safetensors_entry entry;
        glia_tensor shape = {0};
        int index;
        GLI_TRY(glia_model_state_info(l->model, glia_model_state_name(l->model, i), &info));
        gli_set_shape(&shape, info.dtype, info.shape.ndim, info.shape.dim);
        GLI_TRY(find_tensor(l, info.name, &shape, &index, &entry));
        if (index < 0) return lacks(l, info.name);
        GLI_TRY(reserve(l, info.bytes));
        GLI_TRY(glia_safetensors_read(l->file, index, l->values.data, info.bytes));
        const glia_status status = glia_model_state_set(l->model, info.name, l->values.data, info.bytes);
        if (status != GLIA_OK) return gli_explain(l->ctx, status, l->path);
        ++l->taken;
    }
    return GLIA_OK;
}

/* Names a tensor that the model has no use for. */
static glia_status check_all_taken(const loading *l) {
    if (l->taken == glia_safetensors_count(l->file)) return GLIA_OK;
    for (int i = 0; i < glia_safetensors_count(l->file); ++i) {
        glia_safetensors_entry entry;
        glia_state_info info;
        GLI_TRY(glia_safetensors_get(l->file, i, &entry));
        if (glia_model_state_info(l->model, entry.name, &info) != GLIA_OK)
            return gli_fail(l->ctx, GLIA_SHAPE_MISMATCH, "%s: has '%s', which the model has not", l->path, entry.name);
    }
    return GLIA_OK;
}

static glia_status compile(const loading *l, const glia_compile_args *args) {
    const glia_status status = glia_model_compile(l->model, (glia_value){0}, args);
    return status == GLIA_OK ? GLIA_OK : gli_explain(l->ctx, status, l->path);
}

/* ---- The file ---- */

static glia_status load_parts(loading *l) {
    glia_compile_args args;
    bool compiled;
    GLI_TRY(check_version(l));
    GLI_TRY(read_definition(l));
    GLI_TRY(read_training(l, &args, &compiled));
    if (l->args->definition_only) return GLIA_OK;
    if (compiled) GLI_TRY(check_slots(l, &args.optimizer));
    GLI_TRY(take_weights(l, compiled));
    if (compiled) {
        GLI_TRY(compile(l, &args));
        GLI_TRY(take_states(l));
    }
    return check_all_taken(l);
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
    loading l = {.ctx = ctx, .path = path, .args = args ? args : &defaults};
    GLI_TRY(check_args(ctx, path, l.args, out));
    GLI_TRY(glia_safetensors_open(ctx, path, &file));
    l.file                   = file;
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

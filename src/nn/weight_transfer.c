/* Weights from files and from other models, and into files. */
#include <stdio.h>
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "glia/state.h"
#include "io/safetensors.h"
#include "nn/model_impl.h"

/* ---- Sources ---- */

/* Where weights come from: numbered tensors that have names. */
typedef struct source {
    const void *object;
    const char *name; /* for messages */
    int count;
    int (*find)(const void *object, const char *name);                           /* -1: there is none */
    bool (*entry)(const void *object, int index, glia_safetensors_entry *entry); /* false: it is not offered */
    glia_status (*read)(const void *object, int index, void *values, size_t bytes);
} source;

static int find_in_file(const void *file, const char *name) { return glia_safetensors_find(file, name); }

/* PyTorch's count of batches, for its average over all of them, which Glia's batchnorm has not. */
static bool counts_batches(const glia_safetensors_entry *entry) {
    static const char last[] = "num_batches_tracked";
    const size_t length = strlen(entry->name), wanted = sizeof last - 1;
    if (length < wanted || strcmp(entry->name + length - wanted, last) != 0) return false;
    return (length == wanted || entry->name[length - wanted - 1] == '.') && entry->shape.ndim == 0;
}

static bool entry_of_file(const void *file, int index, glia_safetensors_entry *entry) {
    return glia_safetensors_get(file, index, entry) == GLIA_OK && !counts_batches(entry);
}

static glia_status read_file(const void *file, int index, void *values, size_t bytes) {
    return glia_safetensors_read(file, index, values, bytes);
}

static int find_in_model(const void *object, const char *name) {
    const glia_model *model  = object;
    const gli_weight *weight = gli_model_find_weight(model, name);
    return weight ? (int)(weight - model->weights) : -1;
}

static glia_safetensors_entry entry_of_weight(const glia_model *model, const gli_weight *weight) {
    const glia_tensor view = gli_weight_view(model, weight, NULL, 0);
    return (glia_safetensors_entry){.name  = weight->name,
                                    .dtype = view.dtype,
                                    .shape = glia_tensor_shape(&view),
                                    .bytes = (size_t)gli_count(&view) * glia_dtype_size(view.dtype)};
}

static bool entry_of_model(const void *object, int index, glia_safetensors_entry *entry) {
    const glia_model *model  = object;
    const gli_weight *weight = &model->weights[index];
    *entry                   = entry_of_weight(model, weight);
    return !weight->state;
}

static glia_status read_model(const void *object, int index, void *values, size_t bytes) {
    const glia_model *model = object;
    return glia_model_get(model, model->weights[index].name, values, bytes);
}

/* ---- What fits ---- */

enum { NAMED = 3 /* problems of each kind in a message */, NAMES = 320, LONGEST = 512 };

typedef struct loading {
    glia_model *model;
    const source *from;
    const glia_load_args *args;
    int *match;    /* of each weight: the number of its tensor, -1: none that fits */
    bool *claimed; /* of each tensor of the source: a weight has its name */
    glia_load_report report;
    char named[NAMES];
} loading;

/* Whether every value of one dtype is one of the other. */
static bool holds(glia_dtype wide, glia_dtype narrow) {
    return wide == narrow || (gli_dtype_is_float(narrow) && glia_dtype_size(narrow) < glia_dtype_size(wide));
}

static bool fits(const glia_safetensors_entry *has, const glia_safetensors_entry *wants) {
    return holds(wants->dtype, has->dtype) && has->shape.ndim == wants->shape.ndim &&
           memcmp(has->shape.dim, wants->shape.dim, (size_t)has->shape.ndim * sizeof *has->shape.dim) == 0;
}

static void note(loading *l, glia_load_problem problem, const char *name, const char *text) {
    static const char *const words[] = {"is missing", "is unexpected", "is"};
    int *const counts[]              = {&l->report.missing, &l->report.unexpected, &l->report.mismatched};
    const size_t used                = strlen(l->named);
    if (++*counts[problem] <= NAMED)
        snprintf(l->named + used, sizeof l->named - used, "; '%s' %s%s%s", name, words[problem], *text ? " " : "",
                 text);
    if (l->args->on_problem) l->args->on_problem(l->args->user, problem, name, text);
}

static void note_mismatch(loading *l, const glia_safetensors_entry *has, const glia_safetensors_entry *wants) {
    char text[2 * GLI_SHAPE_TEXT + 64], a[GLI_SHAPE_TEXT], b[GLI_SHAPE_TEXT];
    snprintf(text, sizeof text, "%s %s, the model has %s %s", gli_shape_text(has->shape.ndim, has->shape.dim, a),
             glia_dtype_name(has->dtype), gli_shape_text(wants->shape.ndim, wants->shape.dim, b),
             glia_dtype_name(wants->dtype));
    note(l, GLIA_LOAD_MISMATCH, wants->name, text);
}

/* The number of the tensor that a weight is to have. */
static int find_for(const loading *l, const gli_weight *weight) {
    char name[LONGEST];
    const char *own = l->args->rename ? l->args->rename(l->args->user, weight->name) : weight->name;
    if (!own) return -1;
    const int length = snprintf(name, sizeof name, "%s%s", l->args->prefix ? l->args->prefix : "", own);
    return length < LONGEST ? l->from->find(l->from->object, name) : -1;
}

static void match_weights(loading *l) {
    for (int i = 0; i < l->model->n_weights; ++i) {
        const gli_weight *weight = &l->model->weights[i];
        l->match[i]              = -1;
        if (weight->state) continue;
        glia_safetensors_entry has;
        const glia_safetensors_entry wants = entry_of_weight(l->model, weight);
        const int index                    = find_for(l, weight);
        if (index < 0 || !l->from->entry(l->from->object, index, &has)) {
            note(l, GLIA_LOAD_MISSING, weight->name, "");
            continue;
        }
        l->claimed[index] = true;
        if (fits(&has, &wants))
            l->match[i] = index, ++l->report.loaded;
        else
            note_mismatch(l, &has, &wants);
    }
}

static void note_unexpected(loading *l) {
    const char *prefix  = l->args->prefix ? l->args->prefix : "";
    const size_t length = strlen(prefix);
    for (int i = 0; i < l->from->count; ++i) {
        glia_safetensors_entry entry;
        if (l->claimed[i] || !l->from->entry(l->from->object, i, &entry)) continue;
        if (strncmp(entry.name, prefix, length) == 0) note(l, GLIA_LOAD_UNEXPECTED, entry.name, "");
    }
}

static glia_status check_problems(const loading *l, const char *call) {
    const glia_load_report *r = &l->report;
    GLI_REQUIRE(l->model->ctx, l->args->partial || r->missing + r->unexpected + r->mismatched == 0,
                r->mismatched > 0 ? GLIA_SHAPE_MISMATCH : GLIA_NOT_FOUND,
                "%s: %s: %d missing, %d unexpected, %d mismatched%s", call, l->from->name, r->missing, r->unexpected,
                r->mismatched, l->named);
    return GLIA_OK;
}

/* ---- Values ---- */

/* Into memory that has room for the wider dtype. The narrow values are put at its end, so that going forward each is
 * read before it is overwritten. */
static glia_status read_as(const source *from, int index, glia_dtype dtype, void *values, size_t bytes) {
    glia_safetensors_entry entry;
    from->entry(from->object, index, &entry);
    char *narrow = (char *)values + (bytes - entry.bytes);
    GLI_TRY(from->read(from->object, index, narrow, entry.bytes));
    if (entry.dtype == dtype) return GLIA_OK;
    const int64_t count = (int64_t)(bytes / glia_dtype_size(dtype));
    for (int64_t i = 0; i < count; ++i) gli_store(dtype, values, i, gli_load(entry.dtype, narrow, i));
    return GLIA_OK;
}

/* All are read before the first is set. values NULL: only counts their bytes. */
static glia_status read_all(const loading *l, char *values, size_t *bytes) {
    *bytes = 0;
    for (int i = 0; i < l->model->n_weights; ++i) {
        const glia_safetensors_entry wants = entry_of_weight(l->model, &l->model->weights[i]);
        if (l->match[i] < 0) continue;
        if (values) GLI_TRY(read_as(l->from, l->match[i], wants.dtype, values + *bytes, wants.bytes));
        *bytes += wants.bytes;
    }
    return GLIA_OK;
}

static glia_status set_all(const loading *l, const char *values) {
    for (int i = 0; i < l->model->n_weights; ++i) {
        gli_weight *weight = &l->model->weights[i];
        if (l->match[i] < 0) continue;
        GLI_TRY(gli_weight_write(l->model, weight, values));
        values += entry_of_weight(l->model, weight).bytes;
    }
    return GLIA_OK;
}

static glia_status take_values(const loading *l) {
    size_t bytes;
    gli_block values;
    GLI_TRY(read_all(l, NULL, &bytes));
    GLI_TRY(gli_block_alloc(l->model->ctx, bytes, 1, "weights that are loaded", &values));
    if (bytes == 0) return GLIA_OK;
    glia_status status = read_all(l, values.data, &bytes);
    if (status == GLIA_OK) status = set_all(l, values.data);
    gli_block_free(l->model->ctx, &values);
    return status;
}

static glia_status load_matched(loading *l, const char *call, glia_load_report *report) {
    match_weights(l);
    note_unexpected(l);
    if (report) *report = l->report;
    GLI_TRY(check_problems(l, call));
    return take_values(l);
}

static glia_status load(glia_model *model, const char *call, const source *from, const glia_load_args *args,
                        glia_load_report *report) {
    static const glia_load_args defaults;
    glia_context *ctx    = model->ctx;
    const size_t weights = (size_t)model->n_weights, tensors = (size_t)from->count;
    loading l    = {.model = model, .from = from, .args = args ? args : &defaults};
    void *memory = NULL;
    GLI_TRY(gli_require_idle(model, call));
    GLI_TRY(gli_require_weights(model, call));
    glia_status status = gli_new(ctx, weights, sizeof *l.match, "a list of weights", &memory);
    l.match            = memory;
    if (status == GLIA_OK) status = gli_new(ctx, tensors, sizeof *l.claimed, "a list of tensors", &memory);
    if (status == GLIA_OK) {
        l.claimed = memory;
        status    = load_matched(&l, call, report);
    }
    gli_free(ctx, l.claimed, tensors, sizeof *l.claimed);
    gli_free(ctx, l.match, weights, sizeof *l.match);
    return status;
}

/* ---- The functions ---- */

static glia_status load_file(glia_model *model, const char *path, const glia_load_args *args,
                             glia_load_report *report) {
    const char *call = "glia_model_load_weights";
    glia_safetensors *file;
    GLI_REQUIRE(model->ctx, path, GLIA_INVALID_ARGUMENT, "%s: path is NULL", call);
    GLI_TRY(glia_safetensors_open(model->ctx, path, &file));
    const source from        = {file, path, glia_safetensors_count(file), find_in_file, entry_of_file, read_file};
    const glia_status status = load(model, call, &from, args, report);
    glia_safetensors_close(file);
    return status;
}

glia_status glia_model_load_weights(glia_model *model, const char *path, const glia_load_args *args,
                                    glia_load_report *report) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = load_file(model, path, args, report);
    gli_leave(model->ctx);
    return status;
}

static glia_status copy(const glia_model *from, glia_model *to, const glia_load_args *args, glia_load_report *report) {
    const source other       = {from, "the other model", from->n_weights, find_in_model, entry_of_model, read_model};
    const unsigned failures  = from->ctx->failures;
    const glia_status status = load(to, "glia_model_copy_weights", &other, args, report);
    const bool of_other      = status != GLIA_OK && from->ctx != to->ctx && from->ctx->failures != failures;
    return of_other ? gli_fail(to->ctx, status, "%s", from->ctx->message) : status;
}

glia_status glia_model_copy_weights(const glia_model *from, glia_model *to, const glia_load_args *args,
                                    glia_load_report *report) {
    GLI_REQUIRE_OBJECT(from);
    GLI_REQUIRE_OBJECT(to);
    GLI_TRY(gli_enter(to->ctx));
    glia_status status = gli_enter(from->ctx);
    if (status == GLIA_OK) {
        status = copy(from, to, args, report);
        gli_leave(from->ctx);
    }
    gli_leave(to->ctx);
    return status;
}

static glia_status read_weight(const void *model, const glia_safetensors_entry *entry, void *values) {
    return glia_model_get(model, entry->name, values, entry->bytes);
}

static glia_status save(const glia_model *model, const char *path) {
    void *memory;
    GLI_TRY(
        gli_new(model->ctx, (size_t)model->n_weights, sizeof(glia_safetensors_entry), "a list of weights", &memory));
    glia_safetensors_entry *entries = memory;
    gli_safetensors_content content = {.entries = entries, .read = read_weight, .user = model};
    for (int i = 0; i < model->n_weights; ++i)
        if (!model->weights[i].state) entries[content.n_entries++] = entry_of_weight(model, &model->weights[i]);
    const glia_status status = gli_safetensors_write(model->ctx, "glia_model_save_weights", path, &content);
    gli_free(model->ctx, memory, (size_t)model->n_weights, sizeof *entries);
    return status;
}

glia_status glia_model_save_weights(const glia_model *model, const char *path) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = save(model, path);
    gli_leave(model->ctx);
    return status;
}

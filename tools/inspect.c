#include "inspect.h"

#include <glia/glia.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

enum { WIDTH = 14 /* of the column of subjects */, SHAPE = 200 };

typedef struct inspection {
    glia_context *ctx;
    const char *path;
    glia_safetensors *file;
    glia_model *model; /* its definition; NULL: it has none, or ops that only a program has */
} inspection;

static void line(const char *subject, const char *text) {
    fputs("  ", stdout);
    put_text(stdout, subject);
    printf("%*s ", strlen(subject) < WIDTH ? WIDTH - (int)strlen(subject) : 0, "");
    put_text(stdout, text);
    putchar('\n');
}

static int fail_in(const inspection *i, const char *what, const char *name) {
    char text[LONGEST];
    snprintf(text, sizeof text, "%s: %s '%s'", i->path, what, name);
    return complain(text);
}

static const char *shape_text(const glia_shape *shape, char text[SHAPE]) {
    int used = snprintf(text, SHAPE, "[");
    for (int i = 0; i < shape->ndim; ++i)
        used += snprintf(text + used, SHAPE - (size_t)used, "%s%lld", i ? "," : "", (long long)shape->dim[i]);
    snprintf(text + used, SHAPE - (size_t)used, "]");
    return text;
}

/* A scalar of 8 bytes; 0: the file has none of this name. */
static int read_number(const inspection *i, const char *name, void *number) {
    const int index = glia_safetensors_find(i->file, name);
    return index >= 0 && glia_safetensors_read(i->file, index, number, 8) == GLIA_OK;
}

static void print_position(const inspection *i) {
    char text[160];
    int64_t epochs, batches, position;
    double rate;
    if (!read_number(i, "glia/epoch", &epochs) || !read_number(i, "glia/step", &batches) ||
        !read_number(i, "glia/position", &position) || !read_number(i, "glia/learning_rate", &rate))
        return;
    snprintf(text, sizeof text, "%lld epochs, and %lld samples of the next; %lld batches", (long long)epochs,
             (long long)position, (long long)batches);
    line("has had", text);
    snprintf(text, sizeof text, "%g", rate);
    line("learning rate", text);
}

static void print_kind(const inspection *i) {
    const char *version = glia_safetensors_find_note(i->file, "glia.format");
    const int compiled  = glia_safetensors_find_note(i->file, "glia.checkpoint") != NULL;
    char text[96];
    snprintf(text, sizeof text, "a model%s, version %.16s of the format",
             compiled ? " and checkpoint" : ", not compiled", version ? version : "");
    line("is", version ? text : compiled ? "a checkpoint without a model" : "safetensors without a model");
    print_position(i);
}

static void print_notes(const inspection *i) {
    for (int n = 0; n < glia_safetensors_note_count(i->file); ++n) {
        glia_safetensors_note note;
        if (glia_safetensors_get_note(i->file, n, &note) != GLIA_OK) continue;
        const int known = strcmp(note.key, "glia.format") == 0 || strcmp(note.key, "glia.model") == 0 ||
                          strcmp(note.key, "glia.checkpoint") == 0;
        if (!known) line(strcmp(note.key, "glia.training") == 0 ? "training" : note.key, note.value);
    }
}

static void print_tensors(const inspection *i) {
    const int count          = glia_safetensors_count(i->file);
    unsigned long long total = 0;
    printf("\n%-40s %-6s %-24s %14s\n", "tensor", "dtype", "shape", "bytes");
    for (int n = 0; n < count; ++n) {
        glia_safetensors_entry entry;
        char shape[SHAPE];
        if (glia_safetensors_get(i->file, n, &entry) != GLIA_OK) continue;
        put_text(stdout, entry.name);
        printf("%*s %-6s %-24s %14zu\n", strlen(entry.name) < 40 ? 40 - (int)strlen(entry.name) : 0, "",
               entry.dtype == GLIA_DTYPE_OTHER ? "other" : glia_dtype_name(entry.dtype),
               shape_text(&entry.shape, shape), entry.bytes);
        total += entry.bytes;
    }
    printf("%d tensors, %llu bytes\n", count, total);
}

static int same_shape(const glia_shape *a, const glia_shape *b) {
    return a->ndim == b->ndim && memcmp(a->dim, b->dim, (size_t)a->ndim * sizeof *a->dim) == 0;
}

/* That the file has the weights of its model, all of them where it was compiled. */
static int check_weights(const inspection *i) {
    const int compiled = glia_safetensors_find_note(i->file, "glia.checkpoint") != NULL;
    for (int w = 0; w < glia_model_weight_count(i->model); ++w) {
        const char *name       = glia_model_weight_name(i->model, w);
        const glia_shape shape = glia_model_weight_shape(i->model, w);
        const int index        = glia_safetensors_find(i->file, name);
        glia_safetensors_entry entry;
        if (index < 0 && compiled) return fail_in(i, "lacks", name);
        if (index < 0 || glia_safetensors_get(i->file, index, &entry) != GLIA_OK) continue;
        if (!same_shape(&shape, &entry.shape)) return fail_in(i, "its model has another shape of", name);
    }
    return 0;
}

static int print_model(inspection *i) {
    const glia_model_load_args args = {.definition_only = true};
    if (!glia_safetensors_find_note(i->file, "glia.format")) return 0;
    const glia_status status = glia_model_load(i->ctx, i->path, &args, &i->model);
    if (status == GLIA_NOT_FOUND) { /* an op of glia_model_custom */
        line("layers", glia_message(i->ctx));
        return 0;
    }
    if (status != GLIA_OK) return complain(glia_message(i->ctx));
    putchar('\n');
    if (glia_model_summary(i->model, stdout) != GLIA_OK) return complain(glia_message(i->ctx));
    return check_weights(i);
}

static int inspect_onnx(const inspection *i) {
    glia_onnx *file = NULL;
    if (glia_onnx_open(i->ctx, i->path, NULL, &file) != GLIA_OK) return complain(glia_message(i->ctx));
    printf("%s\n", i->path);
    line("is", "a network of ONNX");
    const glia_status status = glia_onnx_describe(file, stdout);
    glia_onnx_close(file);
    return status == GLIA_OK ? 0 : complain(glia_message(i->ctx));
}

static int inspect_file(inspection *i) {
    if (ends_with(i->path, ".onnx")) return inspect_onnx(i);
    if (glia_safetensors_open(i->ctx, i->path, &i->file) != GLIA_OK) return complain(glia_message(i->ctx));
    printf("%s\n", i->path);
    print_kind(i);
    print_notes(i);
    const int code = print_model(i);
    if (code == 0) print_tensors(i);
    glia_model_destroy(i->model);
    glia_safetensors_close(i->file);
    return code;
}

int inspect(const char *path) {
    inspection i = {.path = path};
    if (glia_context_create("cpu", &(glia_context_args){.threads = 1}, &i.ctx) != GLIA_OK)
        return complain(glia_message(NULL));
    const int code = inspect_file(&i);
    glia_context_destroy(i.ctx);
    return code;
}

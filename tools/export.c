#include "export.h"

#include <glia/glia.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

typedef struct job {
    const char *model, *path;
    glia_c_file_args args;
} job;

static int misused(const char *what, const char *word) {
    fprintf(stderr, "glia: export: %s '%s'\n", what, word);
    return 2;
}

static int read_time_axis(job *j, const char *text) {
    if (strcmp(text, "first") != 0 && strcmp(text, "last") != 0)
        return misused("--time-axis takes first or last, not", text);
    j->args.time_axis = strcmp(text, "last") == 0 ? -1 : 0;
    return 0;
}

static int read_arguments(job *j, int argc, char **argv) {
    for (int i = 0; i < argc; ++i) {
        const int option = strncmp(argv[i], "--", 2) == 0;
        if (!option && j->model) return misused("it takes one model, not also", argv[i]);
        if (!option) {
            j->model = argv[i];
            continue;
        }
        if (strcmp(argv[i], "--streaming") == 0) {
            j->args.streaming = true;
            continue;
        }
        if (strcmp(argv[i], "--c") != 0 && strcmp(argv[i], "--prefix") != 0 && strcmp(argv[i], "--time-axis") != 0)
            return misused("there is no option", argv[i]);
        if (i + 1 == argc) return misused("nothing stands behind", argv[i]);
        const char *value = argv[i + 1];
        if (strcmp(argv[i], "--c") == 0) j->path = value;
        if (strcmp(argv[i], "--prefix") == 0) j->args.prefix = value;
        if (strcmp(argv[i], "--time-axis") == 0 && read_time_axis(j, value)) return 2;
        ++i;
    }
    if (!j->model) return misused("it takes a model's file, not", "");
    if (ends_with(j->model, ".onnx"))
        return misused("it takes a model's file, which glia convert makes of a network, not", j->model);
    if (!j->path) return misused("it takes --c FILE.c; there is only", j->model);
    return ends_with(j->path, ".c") ? 0 : misused("--c takes a file that ends with .c, not", j->path);
}

/* Whether the model's file has a value for each of its weights. */
static int has_weights(const glia_model *model, const glia_safetensors *file) {
    for (int i = 0; i < glia_model_weight_count(model); ++i)
        if (glia_safetensors_find(file, glia_model_weight_name(model, i)) < 0) return 0;
    return 1;
}

/* A model that glia convert wrote is not compiled, but has all that predicting needs: no weight is drawn anew. */
static glia_status compile(glia_context *ctx, const job *j, glia_model *model) {
    glia_safetensors *file = NULL;
    if (!isnan(glia_model_learning_rate(model))) return GLIA_OK;
    glia_status status = glia_safetensors_open(ctx, j->model, &file);
    if (status == GLIA_OK && has_weights(model, file)) status = glia_model_compile(model, (glia_value){0}, NULL);
    glia_safetensors_close(file);
    return status;
}

static int write_file(glia_context *ctx, const job *j) {
    glia_model *model = NULL;
    glia_c_file_info info;
    glia_status status = glia_model_load(ctx, j->model, NULL, &model);
    if (status == GLIA_OK) status = compile(ctx, j, model);
    if (status == GLIA_OK) status = glia_model_export_c(model, j->path, &j->args, &info);
    glia_model_destroy(model);
    if (status != GLIA_OK) return complain(glia_message(ctx));
    put_text(stdout, j->path);
    printf(": %s_run; %zu bytes of weights, %zu of scratch", info.prefix, info.weights, info.scratch);
    if (j->args.streaming) printf(", %zu of state", info.state);
    putchar('\n');
    return 0;
}

int export_model(int argc, char **argv) {
    job j             = {0};
    glia_context *ctx = NULL;
    int code          = read_arguments(&j, argc, argv);
    if (code) return code;
    if (glia_context_create("cpu", &(glia_context_args){.threads = 1}, &ctx) != GLIA_OK)
        return complain(glia_message(NULL));
    code = write_file(ctx, &j);
    glia_context_destroy(ctx);
    return code;
}

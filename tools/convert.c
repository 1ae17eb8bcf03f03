#define _POSIX_C_SOURCE 200809L
#include "convert.h"

#include <errno.h>
#include <glia/glia.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

typedef struct conversion {
    const char *from, *to;
    const char *weights; /* a file whose weights the model gets; NULL: it keeps its own */
    int opset;           /* 0: the default */
    int weights_only, force;
    glia_context *ctx;
    glia_model *model;
} conversion;

static int misused(const char *what, const char *word) {
    fprintf(stderr, "glia: convert: %s '%s'\n", what, word);
    return 2;
}

/* ---- Arguments ---- */

static int read_opset(conversion *c, const char *text) {
    char *end;
    errno             = 0;
    const long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < 1 || number > INT_MAX)
        return misused("--opset takes the number of an operator set, not", text);
    c->opset = (int)number;
    return 0;
}

/* 1: this and the next word are an option and what it takes; 0: it is a word alone; else what the program ends with. */
static int read_option(conversion *c, const char *option, const char *next) {
    if (strcmp(option, "--force") == 0) return c->force = 1, 0;
    if (strcmp(option, "--weights-only") == 0) return c->weights_only = 1, 0;
    const int weights = strcmp(option, "--weights") == 0;
    if (!weights && strcmp(option, "--opset") != 0) return misused("there is no option", option);
    if (!next) return misused("nothing stands behind", option);
    if (weights) return c->weights = next, 1;
    const int code = read_opset(c, next);
    return code ? code : 1;
}

static int check_arguments(const conversion *c) {
    const int onnx = c->to && ends_with(c->to, ".onnx");
    if (!c->from) return misused("it takes two files, not", "");
    if (!c->to) return misused("it takes a file to write as well as", c->from);
    if (!onnx && !ends_with(c->to, ".safetensors"))
        return misused("it writes files that end with .onnx or .safetensors, not", c->to);
    if (c->weights_only && onnx) return misused("--weights-only is of files of safetensors, not of", c->to);
    if (c->opset && !onnx) return misused("--opset is of networks of ONNX, not of", c->to);
    return 0;
}

static int read_arguments(conversion *c, int argc, char **argv) {
    for (int i = 0; i < argc; ++i) {
        if (strncmp(argv[i], "--", 2) == 0) {
            const int used = read_option(c, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
            if (used > 1) return used;
            i += used;
        } else if (!c->from) {
            c->from = argv[i];
        } else if (!c->to) {
            c->to = argv[i];
        } else {
            return misused("it takes two files, not also", argv[i]);
        }
    }
    return check_arguments(c);
}

/* ---- From ---- */

/* The outputs of a network keep their names, but for those that are longer than a name of a model can be. */
static glia_status name_outputs(const conversion *c, const glia_onnx *file, const glia_value *values, int n) {
    enum { LONGEST_NAME = 40 };
    for (int i = 0; i < n; ++i) {
        const char *name            = glia_onnx_output(file, i).name;
        const glia_output_args args = {.name = strlen(name) <= LONGEST_NAME ? name : NULL};
        GLIA_TRY(glia_model_output(c->model, values[i], &args));
    }
    return GLIA_OK;
}

static int add_network(conversion *c, glia_onnx *file) {
    glia_value values[GLIA_MAX_OUTPUTS];
    const int n = glia_onnx_output_count(file);
    if (n > GLIA_MAX_OUTPUTS) return complain("convert: the network has more outputs than the 8 that a model can have");
    if (glia_model_create(c->ctx, NULL, &c->model) != GLIA_OK) return complain(glia_message(c->ctx));
    glia_status status = glia_onnx_add_to_model(file, c->model, NULL, values, n);
    if (status == GLIA_OK) status = name_outputs(c, file, values, n);
    if (status == GLIA_OK) return 0;
    complain(glia_message(c->ctx));
    print_problems(file);
    return 1;
}

static int read_network(conversion *c) {
    glia_onnx *file = NULL;
    if (glia_onnx_open(c->ctx, c->from, NULL, &file) != GLIA_OK) return complain(glia_message(c->ctx));
    const int code = add_network(c, file);
    glia_onnx_close(file);
    return code;
}

static int read_model(conversion *c) {
    if (ends_with(c->from, ".onnx")) return read_network(c);
    return glia_model_load(c->ctx, c->from, NULL, &c->model) == GLIA_OK ? 0 : complain(glia_message(c->ctx));
}

/* ---- To ---- */

static glia_status write_model(const conversion *c) {
    const glia_onnx_save_args args = {.opset = c->opset};
    if (ends_with(c->to, ".onnx")) return glia_onnx_save(c->model, c->to, &args);
    return c->weights_only ? glia_model_save_weights(c->model, c->to) : glia_model_save(c->model, c->to);
}

static int run(conversion *c) {
    char text[LONGEST];
    if (!c->force && access(c->to, F_OK) == 0) {
        snprintf(text, sizeof text, "convert: %s: is there already; --force replaces it", c->to);
        return complain(text);
    }
    const int code = read_model(c);
    if (code) return code;
    if (c->weights && glia_model_load_weights(c->model, c->weights, NULL, NULL) != GLIA_OK)
        return complain(glia_message(c->ctx));
    return write_model(c) == GLIA_OK ? 0 : complain(glia_message(c->ctx));
}

int convert(int argc, char **argv) {
    conversion c = {.ctx = NULL};
    int code     = read_arguments(&c, argc, argv);
    if (code) return code;
    if (glia_context_create("cpu", &(glia_context_args){.threads = 1}, &c.ctx) != GLIA_OK)
        return complain(glia_message(NULL));
    code = run(&c);
    glia_model_destroy(c.model);
    glia_context_destroy(c.ctx);
    return code;
}

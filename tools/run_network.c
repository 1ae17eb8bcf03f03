#define _POSIX_C_SOURCE 200809L
#include "run_network.h"

#include <errno.h>
#include <glia/glia.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "text.h"

enum {
    MOST      = 64 /* inputs, and outputs */,
    FILE_NAME = 192 /* shorter than may be: a file has a suffix as long as it is being written */
};

typedef struct input_file {
    char *name; /* until the network is open, NAME=FILE */
    const char *path;
    glia_npy *npy; /* one of these two */
    glia_onnx_tensor *tensor;
} input_file;

typedef struct job {
    const char *network, *device, *folder;
    glia_onnx_args limits;
    input_file inputs[MOST];
    int n_inputs, n_outputs;
    glia_context *ctx;
    glia_onnx *file;
    glia_graph *graph;
    glia_plan *plan;
    glia_npy_array given[MOST];
    glia_tensor *in[MOST], *out[MOST];
    glia_value values[MOST];
    char files[MOST][FILE_NAME]; /* of outputs */
} job;

static int misused(const char *what, const char *word) {
    fprintf(stderr, "glia: run: %s '%s'\n", what, word);
    return 2;
}

static int read_input_argument(job *j, char *text) {
    const char *equals = strchr(text, '=');
    if (j->n_inputs == MOST) return misused("too many inputs:", text);
    if (!equals || equals == text || !equals[1]) return misused("an input is NAME=FILE, not", text);
    j->inputs[j->n_inputs++].name = text;
    return 0;
}

static int is_input(const job *j, const char *name, size_t length) {
    for (int i = 0; i < glia_onnx_input_count(j->file); ++i) {
        const char *input = glia_onnx_input(j->file, i).name;
        if (strlen(input) == length && memcmp(input, name, length) == 0) return 1;
    }
    return 0;
}

/* Names and paths may have a '=' as well: the first one behind a name of an input parts them, else the first. */
static void split_input(const job *j, input_file *input) {
    char *equals = strchr(input->name, '=');
    for (char *at = equals; at; at = strchr(at + 1, '='))
        if (at[1] && is_input(j, input->name, (size_t)(at - input->name))) {
            equals = at;
            break;
        }
    *equals     = '\0';
    input->path = equals + 1;
}

static int read_arguments(job *j, int argc, char **argv) {
    for (int i = 0; i < argc; ++i) {
        const int option = strncmp(argv[i], "--", 2) == 0;
        if (!option && j->network) return misused("it takes one network, not also", argv[i]);
        if (!option) {
            j->network = argv[i];
            continue;
        }
        if (i + 1 == argc) return misused("nothing stands behind", argv[i]);
        if (strcmp(argv[i], "--input") == 0) {
            const int code = read_input_argument(j, argv[++i]);
            if (code) return code;
        } else if (strcmp(argv[i], "--output-dir") == 0) {
            j->folder = argv[++i];
            if (!*j->folder) return misused("--output-dir takes a folder, not", "");
        } else if (strcmp(argv[i], "--device") == 0) {
            j->device = argv[++i];
        } else if (strcmp(argv[i], "--max-constants") == 0) {
            char *end;
            errno                   = 0;
            const long long n       = strtoll(argv[++i], &end, 10);
            j->limits.max_constants = (size_t)n;
            if (end == argv[i] || *end || errno || n < 1)
                return misused("--max-constants takes a number of bytes, not", argv[i]);
        } else {
            return misused("there is no option", argv[i]);
        }
    }
    return j->network ? 0 : misused("it takes a file of ONNX, not", "");
}

static glia_status read_input(job *j, input_file *input, glia_npy_array *out) {
    glia_status status;
    if (ends_with(input->path, ".pb")) {
        status = glia_onnx_tensor_open(j->ctx, input->path, &input->tensor);
        *out   = glia_onnx_tensor_array(input->tensor);
    } else {
        status = glia_npy_read(j->ctx, input->path, NULL, &input->npy);
        if (status == GLIA_OK) status = glia_npy_get(input->npy, 0, out);
    }
    out->name = input->name;
    return status;
}

static glia_status make_plan(job *j) {
    const glia_onnx_graph_args args = {.inputs = j->given, .n_inputs = j->n_inputs};
    glia_status status              = glia_graph_create(j->ctx, &j->graph);
    if (status == GLIA_OK) status = glia_onnx_add_to_graph(j->file, j->graph, &args, j->values, j->n_outputs);
    if (status == GLIA_OK) status = glia_plan_create(j->graph, j->values, j->n_outputs, &j->plan);
    return status;
}

static int lacks_input(const job *j, int n) {
    for (int i = 0; i < n; ++i) {
        const char *name = glia_onnx_input(j->file, i).name;
        int given        = 0;
        for (int k = 0; k < j->n_inputs; ++k) given |= strcmp(j->inputs[k].name, name) == 0;
        if (given) continue;
        fputs("glia: run: no --input gives a file for '", stderr);
        put_text(stderr, name);
        fputs("'\n", stderr);
        return 1;
    }
    return 0;
}

/* Before anything is computed. */
static int make_folder(const char *folder) {
    if (mkdir(folder, 0777) == 0 || errno == EEXIST) return 0;
    fprintf(stderr, "glia: run: %s: %s\n", folder, strerror(errno));
    return 1;
}

/* In the order of the network's inputs. */
static glia_status fill_inputs(job *j, int n) {
    glia_status status = GLIA_OK;
    for (int i = 0; i < n && status == GLIA_OK; ++i) {
        const glia_onnx_value value = glia_onnx_input(j->file, i);
        const glia_npy_array *given = NULL;
        for (int k = 0; k < j->n_inputs; ++k)
            if (strcmp(j->given[k].name, value.name) == 0) given = &j->given[k];
        status = glia_tensor_create(j->ctx, value.dtype, given->shape, &j->in[i]);
        if (status == GLIA_OK) status = glia_tensor_write(j->in[i], given->values, given->bytes);
    }
    return status;
}

static glia_status compute(job *j, int n) {
    const glia_tensor *in[MOST];
    glia_status status = fill_inputs(j, n);
    for (int i = 0; i < n; ++i) in[i] = j->in[i];
    for (int i = 0; i < j->n_outputs && status == GLIA_OK; ++i)
        status = glia_tensor_create(j->ctx, glia_graph_dtype(j->graph, j->values[i]),
                                    glia_graph_shape(j->graph, j->values[i]), &j->out[i]);
    return status == GLIA_OK ? glia_plan_run(j->plan, in, n, j->out, j->n_outputs) : status;
}

static int is_taken(const job *j, int n, const char *file) {
    for (int i = 0; i < n; ++i)
        if (strcmp(j->files[i], file) == 0) return 1;
    return 0;
}

/* NAME.npy, with a "_" for what a name of a file cannot have, as much of it as fits, and NAME_1.npy where an output
 * before has that file. */
static void choose_file(job *j, int n) {
    enum { STEM = FILE_NAME - (int)sizeof "_-2147483648.npy" };
    char stem[STEM + 1];
    snprintf(stem, sizeof stem, "%s", glia_onnx_output(j->file, n).name);
    size_t length = strlen(stem);
    if (length == STEM) { /* no half of a character */
        while (length && ((unsigned char)stem[length - 1] & 0xc0) == 0x80) --length;
        if (length && (unsigned char)stem[length - 1] >= 0xc0) --length;
    }
    stem[length] = '\0';
    for (char *c = stem; *c; ++c) {
        const int bytes = *c == '/' || (c == stem && *c == '.') ? 1 : control_bytes(c);
        for (int i = 0; i < bytes; ++i) c[i] = '_';
    }
    snprintf(j->files[n], FILE_NAME, "%s.npy", *stem ? stem : "_");
    for (int i = 1; is_taken(j, n, j->files[n]); ++i) snprintf(j->files[n], FILE_NAME, "%s_%d.npy", stem, i);
}

static glia_status write_output(const job *j, int i, const void *values, size_t bytes) {
    const glia_npy_array array = {
        .dtype = glia_tensor_dtype(j->out[i]), .shape = glia_tensor_shape(j->out[i]), .values = values, .bytes = bytes};
    const size_t size = strlen(j->folder) + 1 + FILE_NAME;
    char *path        = malloc(size);
    if (!path) return GLIA_OUT_OF_MEMORY;
    snprintf(path, size, "%s/%s", j->folder, j->files[i]);
    const glia_status status = glia_npy_write(j->ctx, path, &array);
    const char *name         = glia_onnx_output(j->file, i).name;
    const size_t length      = strlen(name);
    const bool renamed       = strncmp(j->files[i], name, length) != 0 || strcmp(j->files[i] + length, ".npy") != 0;
    if (status == GLIA_OK && renamed) printf("  in %s\n", path);
    free(path);
    return status;
}

static void print_output(const job *j, int i, const void *values) {
    enum { FIRST = 8 };
    const glia_shape shape = glia_tensor_shape(j->out[i]);
    const int64_t count    = glia_tensor_count(j->out[i]);
    put_text(stdout, glia_onnx_output(j->file, i).name);
    printf(": %s [", glia_dtype_name(glia_tensor_dtype(j->out[i])));
    for (int d = 0; d < shape.ndim; ++d) printf("%s%lld", d ? "," : "", (long long)shape.dim[d]);
    printf("]");
    for (int64_t k = 0; k < count && k < FIRST && glia_tensor_dtype(j->out[i]) == GLIA_F32; ++k)
        printf(" %g", (double)((const float *)values)[k]);
    for (int64_t k = 0; k < count && k < FIRST && glia_tensor_dtype(j->out[i]) == GLIA_I64; ++k)
        printf(" %lld", (long long)((const int64_t *)values)[k]);
    puts(count > FIRST ? " ..." : "");
}

static int give_outputs(job *j) {
    for (int i = 0; i < j->n_outputs; ++i) {
        choose_file(j, i);
        const size_t bytes = (size_t)glia_tensor_count(j->out[i]) * glia_dtype_size(glia_tensor_dtype(j->out[i]));
        void *values       = malloc(bytes ? bytes : 1);
        if (!values) return complain("out of memory");
        glia_status status = glia_tensor_read(j->out[i], values, bytes);
        if (status == GLIA_OK) print_output(j, i, values);
        if (status == GLIA_OK && j->folder) status = write_output(j, i, values, bytes);
        free(values);
        if (status == GLIA_OUT_OF_MEMORY) return complain("out of memory");
        if (status != GLIA_OK) return complain(glia_message(j->ctx));
    }
    return 0;
}

static int run(job *j) {
    if (glia_onnx_open(j->ctx, j->network, &j->limits, &j->file) != GLIA_OK) return complain(glia_message(j->ctx));
    const int n  = glia_onnx_input_count(j->file);
    j->n_outputs = glia_onnx_output_count(j->file);
    if (n > MOST || j->n_outputs > MOST) return complain("the network has more than 64 inputs or outputs");
    for (int i = 0; i < j->n_inputs; ++i) split_input(j, &j->inputs[i]);
    for (int i = 0; i < j->n_inputs; ++i)
        if (read_input(j, &j->inputs[i], &j->given[i]) != GLIA_OK) return complain(glia_message(j->ctx));
    if (make_plan(j) != GLIA_OK) return complain(glia_message(j->ctx)), print_problems(j->file), 1;
    if (lacks_input(j, n) || (j->folder && make_folder(j->folder))) return 1;
    if (compute(j, n) != GLIA_OK) return complain(glia_message(j->ctx));
    return give_outputs(j);
}

static void release(job *j) {
    for (int i = 0; i < MOST; ++i) {
        glia_tensor_destroy(j->in[i]);
        glia_tensor_destroy(j->out[i]);
        glia_npy_destroy(j->inputs[i].npy);
        glia_onnx_tensor_close(j->inputs[i].tensor);
    }
    glia_plan_destroy(j->plan);
    glia_graph_destroy(j->graph);
    glia_onnx_close(j->file);
    glia_context_destroy(j->ctx);
}

int run_network(int argc, char **argv) {
    job j    = {0};
    int code = read_arguments(&j, argc, argv);
    if (code) return code;
    if (glia_context_create(j.device ? j.device : "cpu", NULL, &j.ctx) != GLIA_OK) return complain(glia_message(NULL));
    code = run(&j);
    release(&j);
    return code;
}

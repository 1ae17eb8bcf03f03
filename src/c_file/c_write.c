/* The file: its interface, weights, a function for each layer, and the one that calls them. */
#include <string.h>

#include "c_file/c_file.h"
#include "core/dtype.h"
#include "core/print.h"
#include "glia/glia.h"
#include "glia/ops.h"
#include "ops/rnn/rnn_geom.h"
#include "train/training.h"

static const char *type_of(const gli_c_file *f, int id) {
    const glia_dtype dtype = f->graph->values[id].tensor.dtype;
    return dtype == GLIA_I32 ? "int32_t" : dtype == GLIA_I64 ? "int64_t" : "float";
}

static int64_t count_of(const gli_c_file *f, int id) {
    const glia_tensor shape = gli_c_shape(f, id);
    return gli_count(&shape);
}

/* "[3,32,32]", without the batch. */
static const char *shape_text(const gli_c_file *f, int id, char text[GLI_SHAPE_TEXT]) {
    const glia_tensor shape = gli_c_shape(f, id);
    return gli_shape_text(shape.ndim > 0 ? shape.ndim - 1 : 0, shape.dim + 1, text);
}
#define SHAPE_OF(file, id) shape_text(file, id, (char[GLI_SHAPE_TEXT]){0})

/* #define PREFIX_NAME_SIZE COUNT */
static void put_size(gli_c_file *f, const char *name, int id) {
    char upper[GLI_NAME_SIZE];
    gli_c_upper(name, upper, sizeof upper);
    gli_c_put(f, "#define %s_%s_SIZE %lld\n", f->upper, upper, (long long)count_of(f, id));
}

/* ---- The interface ---- */

/* In the order of the calls of glia_model_input. */
static int input_id(const gli_c_file *f, int input) {
    for (int id = 1; id < f->graph->n_values; ++id)
        if (f->graph->values[id].kind == GLI_VALUE_INPUT && f->graph->values[id].input == input) return id;
    return 0;
}

/* "const float image[784], float logits[10]"; several: of as many steps as there are. */
static void put_ports(gli_c_file *f, bool several) {
    for (int i = 0; i < f->graph->n_inputs; ++i) {
        const int id = input_id(f, i);
        gli_c_put(f, "%sconst %s %s%s", i ? ", " : "", type_of(f, id), several ? "*" : "", f->values[id].name);
        if (!several) gli_c_put(f, "[%lld]", (long long)count_of(f, id));
    }
    for (int i = 0; i < f->n_outputs; ++i) {
        gli_c_put(f, ", float %s%s", several ? "*" : "", f->output_names[i]);
        if (!several) gli_c_put(f, "[%lld]", (long long)count_of(f, f->outputs[i].id));
    }
    gli_c_put(f, ")");
}

static const char *result_type(const gli_c_file *f) { return f->checks ? "int" : "void"; }

/* The head of a function. in: it gets the scratch buffer. */
static void put_run(gli_c_file *f, bool in) {
    gli_c_put(f, "%s %s_run%s(", result_type(f), f->prefix, in ? "_in" : "");
    if (in) gli_c_put(f, "float *scratch, ");
    if (f->build.streaming) gli_c_put(f, "%s_state *state, int steps, ", f->prefix);
    put_ports(f, f->build.streaming);
}

static void put_step(gli_c_file *f, bool in) {
    gli_c_put(f, "%s %s_step%s(", result_type(f), f->prefix, in ? "_in" : "");
    if (in) gli_c_put(f, "float *scratch, ");
    gli_c_put(f, "%s_state *state, ", f->prefix);
    put_ports(f, false);
}

/* One sample, or one step of a stream. */
static void put_single(gli_c_file *f, bool in) {
    if (f->build.streaming)
        put_step(f, in);
    else
        put_run(f, in);
}

static const char *kind_of(const gli_c_layer *l) {
    static const char *const cells[] = {"rnn", "rnn", "lstm", "gru"}; /* by glia_rnn_cell */
    return l->node->op == &gli_op_rnn ? cells[((const gli_rnn_geom *)l->geom)->cell] : l->node->op->name;
}

static void put_layer_list(gli_c_file *f) {
    for (int i = 0; i < f->graph->n_inputs; ++i)
        gli_c_put(f, " *     %-20s %s\n", f->values[input_id(f, i)].name, SHAPE_OF(f, input_id(f, i)));
    for (int n = 0; n < f->n_layers; ++n) {
        const gli_c_layer *l = &f->layers[n];
        const int y          = gli_c_needs(f, l, 0) ? 0 : 1;
        gli_c_put(f, " *     %-20s %-24s %s\n", l->name, SHAPE_OF(f, l->node->out[y]), kind_of(l));
    }
}

static void put_title(gli_c_file *f) {
    gli_c_put(f,
              "/* %s: a network in C99, written by Glia %s.\n *\n"
              " * Compile this file as it is. What calls it includes it for its declarations alone:\n *\n"
              " *     #define %s_HEADER_ONLY\n"
              " *     #include \"",
              f->prefix, glia_version(), f->upper);
    gli_c_put_comment(f, gli_c_file_name(f));
    gli_c_put(f, "\"\n *\n * It has these layers, and the shapes of %s:\n *\n",
              f->build.streaming ? "one step" : "one sample, row by row");
    put_layer_list(f);
    gli_c_put(f, " */\n");
}

static void put_sizes(gli_c_file *f) {
    for (int i = 0; i < f->graph->n_inputs; ++i) put_size(f, f->values[input_id(f, i)].name, input_id(f, i));
    for (int i = 0; i < f->n_outputs; ++i) put_size(f, f->output_names[i], f->outputs[i].id);
    gli_c_put(f, "\n/* Of the buffer that the results between layers share. */\n#define %s_SCRATCH_BYTES %zu\n\n",
              f->upper, f->info.scratch);
}

static void put_state_struct(gli_c_file *f) {
    gli_c_put(f, "/* What carries over from one step to the next. */\ntypedef struct %s_state {\n", f->prefix);
    for (int n = 0; n < f->n_layers; ++n)
        for (int i = 0; i < f->layers[n].n_fields; ++i) {
            const gli_c_field *field = &f->layers[n].fields[i];
            gli_c_put(f, "    %s %s_%s", field->integer ? "int32_t" : "float", f->layers[n].name, field->suffix);
            if (field->integer)
                gli_c_put(f, ";\n");
            else
                gli_c_put(f, "[%lld];\n", (long long)field->count);
        }
    if (f->info.state == 1) gli_c_put(f, "    char nothing; /* no layer keeps anything */\n");
    gli_c_put(f, "} %s_state;\n\n", f->prefix);
}

static void put_declarations(gli_c_file *f) {
    const char *unit = f->build.streaming ? "The next step" : "One sample";
    const char *result =
        f->checks ? " Returns 0, or 1 where an\n * index is out of range: then the results are not complete." : "";
    if (f->build.streaming) {
        put_state_struct(f);
        gli_c_put(f, "/* Before the first step of a sequence. */\nvoid %s_init(%s_state *state);\n\n", f->prefix,
                  f->prefix);
    }
    gli_c_put(f, "/* %s. No array may overlap another.%s */\n", unit, result);
    put_single(f, false);
    gli_c_put(f, ";\n\n");
    if (f->build.streaming) {
        gli_c_put(f, "/* The next steps, one after the other. */\n");
        put_run(f, false);
        gli_c_put(f, ";\n\n");
    }
    if (f->info.scratch == 0) return;
    gli_c_put(f,
              "/* The functions above have a static buffer, so that no two threads may be in them at once. Here the "
              "buffer is\n"
              " * the caller's. Where %s_NO_BUFFER is defined no other one computes. */\n",
              f->upper);
    put_single(f, true);
    gli_c_put(f, ";\n\n");
}

static void put_interface(gli_c_file *f) {
    put_title(f);
    gli_c_put(f, "#ifndef %s_INTERFACE\n#define %s_INTERFACE\n\n#include <stdint.h>\n\n", f->upper, f->upper);
    gli_c_put(f, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
    put_sizes(f);
    put_declarations(f);
    gli_c_put(f, "#ifdef __cplusplus\n}\n#endif\n#endif\n\n");
}

/* ---- Layers ---- */

static glia_status put_weights(gli_c_file *f) {
    for (int id = 1; id < f->graph->n_values; ++id) {
        const gli_c_value *value = &f->values[id];
        const gli_node reads     = {.n_in = 1, .in = &(int){id}};
        const int64_t count      = gli_count(&f->graph->values[id].tensor);
        const float *values;
        if (!value->listed) continue;
        GLI_TRY(gli_c_read(f, &reads, 0, &values));
        gli_c_put_array(f, value->name, "", 1, &count, values);
        gli_arena_free(f->ctx, &f->weights);
    }
    for (int n = 0; n < f->n_layers; ++n) {
        if (f->layers[n].op->weights) GLI_TRY(f->layers[n].op->weights(f, &f->layers[n]));
        gli_arena_free(f->ctx, &f->weights);
        GLI_TRY(f->status);
    }
    return GLIA_OK;
}

/* "conv1: conv2d [3,32,32] to [16,32,32], with batchnorm 'bn1', relu". */
static void put_layer_comment(gli_c_file *f, const gli_c_layer *l) {
    const int y = gli_c_needs(f, l, 0) ? 0 : 1;
    gli_c_put(f, "/* ");
    gli_c_put_comment(f, gli_predict_label(l->node));
    gli_c_put(f, ": %s", kind_of(l));
    for (int i = 0, n = 0; i < l->node->n_in && n < 4; ++i)
        if (l->node->in[i] && (l->op->data >> i & 1) && !gli_c_is_constant(f, l->node, i))
            gli_c_put(f, "%s %s", n++ ? "," : " of", SHAPE_OF(f, l->node->in[i]));
    gli_c_put(f, " to %s", SHAPE_OF(f, l->node->out[y]));
    if (l->batchnorm) {
        gli_c_put(f, ", with ");
        gli_c_put_comment(f, gli_predict_label(l->batchnorm));
        gli_c_put(f, " in its weights");
    }
    if (l->activation != GLIA_UNARY_LINEAR) gli_c_put(f, ", then %s", glia_unary_name(l->activation));
    gli_c_put(f, " */\n");
}

/* What separates the arguments before it. */
static const char *comma(int *n) { return (*n)++ ? ", " : ""; }

static bool is_argument(const gli_c_layer *l, int i) { return gli_c_has(l, i) && (l->op->data >> i & 1); }

static bool returns(const gli_c_layer *l) { return l->node->op == &gli_op_gather; }

static void put_layer_head(gli_c_file *f, const gli_c_layer *l) {
    const char *restricted = l->op->in_place ? "" : "restrict ";
    int n                  = 0;
    gli_c_put(f, "static %s run_%s(", returns(l) ? "int" : "void", l->name);
    if (l->n_fields) gli_c_put(f, "%s%s_state *state", comma(&n), f->prefix);
    for (int i = 0; i < l->node->n_in; ++i)
        if (is_argument(l, i))
            gli_c_put(f, "%sconst %s *%s%s", comma(&n), type_of(f, l->node->in[i]), restricted,
                      l->node->op->inputs[i].name);
    for (int o = 0; o < l->node->op->n_outputs; ++o)
        if (gli_c_needs(f, l, o)) gli_c_put(f, "%sfloat *%s%s", comma(&n), restricted, l->node->op->outputs[o].name);
    if (l->workspace > 0) gli_c_put(f, "%sfloat *%swork", comma(&n), restricted);
    gli_c_put(f, ") {\n");
}

static void put_layers(gli_c_file *f) {
    for (int n = 0; n < f->n_layers; ++n) {
        const gli_c_layer *l = &f->layers[n];
        if (l->op->before) l->op->before(f, l);
        put_layer_comment(f, l);
        put_layer_head(f, l);
        l->op->body(f, l);
        gli_c_put(f, "}\n\n");
    }
}

/* ---- What calls them ---- */

static void put_block(gli_c_file *f, int block) {
    const size_t offset = f->blocks[block].offset / sizeof(float);
    gli_c_put(f, offset ? "scratch + %zu" : "scratch", offset);
}

static void put_place(gli_c_file *f, int id) {
    const gli_c_value *root = &f->values[gli_c_root(f, id)];
    switch (root->place) {
        case GLI_C_SCRATCH: put_block(f, root->index); break;
        case GLI_C_OUTPUT: gli_c_put(f, "%s", f->output_names[root->index]); break;
        case GLI_C_INPUT:
        case GLI_C_CONSTANT: gli_c_put(f, "%s", root->name); break;
        case GLI_C_UNUSED: break;
    }
}

static void put_call(gli_c_file *f, const gli_c_layer *l) {
    int n = 0;
    gli_c_put(f, returns(l) ? "    if (run_%s(" : "    run_%s(", l->name);
    if (l->n_fields) gli_c_put(f, "%sstate", comma(&n));
    for (int i = 0; i < l->node->n_in; ++i)
        if (is_argument(l, i)) gli_c_put(f, "%s", comma(&n)), put_place(f, l->node->in[i]);
    for (int o = 0; o < l->node->op->n_outputs; ++o)
        if (gli_c_needs(f, l, o)) gli_c_put(f, "%s", comma(&n)), put_place(f, l->node->out[o]);
    if (l->workspace > 0) gli_c_put(f, "%s", comma(&n)), put_block(f, l->block);
    gli_c_put(f, returns(l) ? ")) return 1;\n" : ");\n");
}

/* Outputs that show what is elsewhere. */
static void put_copies(gli_c_file *f) {
    for (int i = 0; i < f->n_outputs; ++i) {
        const gli_c_value *root = &f->values[gli_c_root(f, f->outputs[i].id)];
        if (root->place == GLI_C_OUTPUT && root->index == i) continue;
        gli_c_put(f, "    memcpy(%s, ", f->output_names[i]);
        put_place(f, f->outputs[i].id);
        gli_c_put(f, ", %lld * sizeof(float));\n", (long long)count_of(f, f->outputs[i].id));
    }
}

/* ", signal + (size_t)t * 2": of step t, of a sequence that may have more than 2^31 elements. */
static void put_port_at(gli_c_file *f, const char *name, int64_t count) {
    gli_c_put(f, ", %s + ", name);
    if (count > 1)
        gli_c_put(f, "(size_t)t * %lld", (long long)count);
    else
        gli_c_put(f, "t");
}

static void put_steps(gli_c_file *f) {
    put_run(f, false);
    gli_c_put(f, " {\n    for (int t = 0; t < steps; ++t)\n        %s%s_step(state", f->checks ? "if (" : "",
              f->prefix);
    for (int i = 0; i < f->graph->n_inputs; ++i)
        put_port_at(f, f->values[input_id(f, i)].name, count_of(f, input_id(f, i)));
    for (int i = 0; i < f->n_outputs; ++i) put_port_at(f, f->output_names[i], count_of(f, f->outputs[i].id));
    gli_c_put(f, f->checks ? ")) return 1;\n    return 0;\n}\n" : ");\n}\n");
}

/* With a buffer of its own. */
static void put_buffered(gli_c_file *f) {
    put_single(f, false);
    gli_c_put(f, " {\n    static float scratch[%zu];\n    %s%s_%s_in(scratch", f->info.scratch / sizeof(float),
              f->checks ? "return " : "", f->prefix, f->build.streaming ? "step" : "run");
    if (f->build.streaming) gli_c_put(f, ", state");
    for (int i = 0; i < f->graph->n_inputs; ++i) gli_c_put(f, ", %s", f->values[input_id(f, i)].name);
    for (int i = 0; i < f->n_outputs; ++i) gli_c_put(f, ", %s", f->output_names[i]);
    gli_c_put(f, f->build.streaming ? ");\n}\n\n" : ");\n}\n");
}

static void put_network(gli_c_file *f) {
    const bool has_scratch = f->info.scratch > 0;
    bool uses_state        = false;
    for (int n = 0; n < f->n_layers; ++n) uses_state = uses_state || f->layers[n].n_fields;
    if (f->build.streaming)
        gli_c_put(f, "void %s_init(%s_state *state) { memset(state, 0, sizeof *state); }\n\n", f->prefix, f->prefix);
    put_single(f, has_scratch);
    gli_c_put(f, f->build.streaming && !uses_state ? " {\n    (void)state;\n" : " {\n");
    for (int i = 0; i < f->graph->n_inputs; ++i)
        if (f->build.readers[input_id(f, i)] == 0) gli_c_put(f, "    (void)%s;\n", f->values[input_id(f, i)].name);
    for (int n = 0; n < f->n_layers; ++n) put_call(f, &f->layers[n]);
    put_copies(f);
    gli_c_put(f, f->checks ? "    return 0;\n}\n\n" : "}\n\n");
    if (has_scratch) gli_c_put(f, "#ifndef %s_NO_BUFFER\n", f->upper);
    if (has_scratch) put_buffered(f);
    if (f->build.streaming) put_steps(f);
    if (has_scratch) gli_c_put(f, "#endif\n");
}

static glia_status put_file(gli_c_file *f) {
    put_interface(f);
    gli_c_put(f, "#ifndef %s_HEADER_ONLY\n\n#include <math.h>\n#include <string.h>\n\n", f->upper);
    GLI_TRY(put_weights(f));
    gli_c_put(f, "\n");
    gli_c_put_functions(f);
    put_layers(f);
    put_network(f);
    gli_c_put(f, "\n#endif\n");
    return f->status;
}

static glia_status name_outputs(gli_c_file *f) {
    for (int i = 0; i < f->n_outputs; ++i)
        GLI_TRY(gli_c_name_port(f, f->model->training->outputs[i].name, f->output_names[i]));
    return GLIA_OK;
}

glia_status gli_c_write(gli_c_file *f) {
    for (int n = 0; n < f->n_layers; ++n) f->checks = f->checks || returns(&f->layers[n]);
    GLI_TRY(name_outputs(f));
    GLI_TRY(gli_c_open(f));
    return gli_c_close(f, put_file(f));
}

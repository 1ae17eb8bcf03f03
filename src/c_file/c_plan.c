/* From the nodes of a graph to the functions of a file, and the places of their results. */
#include <stdalign.h>
#include <string.h>

#include "c_file/c_file.h"
#include "core/dtype.h"
#include "core/print.h"
#include "core/size.h"
#include "glia/ops.h"
#include "ops/elementwise/unary_geom.h"
#include "ops/linear/dense_geom.h"
#include "ops/norm/batchnorm_geom.h"

/* What cannot be written, one after the other. */
typedef struct problems {
    int n;
    char text[400];
} problems;

glia_tensor gli_c_shape(const gli_c_file *f, int id) {
    return gli_predict_shape(&f->build, id, gli_predict_time_of(&f->build, id));
}

bool gli_c_is_constant(const gli_c_file *f, const gli_node *node, int i) {
    return i < node->n_in && node->in[i] && f->values[gli_c_root(f, node->in[i])].place == GLI_C_CONSTANT;
}

bool gli_c_needs(const gli_c_file *f, const gli_c_layer *l, int o) {
    return l->node->out[o] && f->build.readers[l->node->out[o]] > 0;
}

void gli_c_add_field(gli_c_layer *l, const char *suffix, int64_t count, bool integer) {
    l->fields[l->n_fields++] = (gli_c_field){suffix, count, integer};
}

static void add_problem(problems *p, const char *label, const char *op, const char *why) {
    const size_t used = strlen(p->text);
    ++p->n;
    gli_format(p->text + used, sizeof p->text - used, "%s%s (%s%s%s)", used ? ", " : "", label, op, *why ? " " : "",
               why);
}

/* ---- Views, and what a layer takes in ---- */

static void show(gli_c_file *f, int id, int of, int time) {
    f->values[id].root       = gli_c_root(f, of);
    f->build.values[id].time = time;
}

static bool is_identity(const gli_node *node) {
    if (node->op != &gli_op_unary) return false;
    const glia_unary_kind kind = ((const gli_unary_geom *)node->geom)->kind;
    return kind == GLIA_UNARY_LINEAR || kind == GLIA_UNARY_STOP_GRADIENT;
}

static bool is_view(const gli_c_file *f, const gli_node *node) {
    if (is_identity(node)) return true;
    const glia_tensor x = gli_c_shape(f, node->in[0]);
    return gli_predict_is_view(node, &x);
}

/* The only node that reads a value, if only one does and no output shows it; NULL otherwise. */
static const gli_node *only_reader(const gli_c_file *f, int id, int after) {
    if (f->build.readers[id] != 1) return NULL;
    for (int n = after; n < f->graph->n_nodes; ++n) {
        const gli_node *node = &f->graph->nodes[n];
        for (int i = 0; node->op && i < node->n_in; ++i)
            if (node->in[i] == id && f->build.readers[node->out[0]] > 0) return node;
    }
    return NULL;
}

static bool folds(const gli_c_file *f, const gli_c_layer *l, const gli_node *node, int64_t channels) {
    if (node->op != &gli_op_batchnorm_inference || !l->op->folds || l->batchnorm ||
        l->activation != GLIA_UNARY_LINEAR || ((const gli_batchnorm_geom *)node->geom)->c != channels)
        return false;
    for (int i = 1; i < node->n_in; ++i)
        if (node->in[i] && !gli_c_is_constant(f, node, i)) return false;
    return true;
}

/* A reshape that leaves the axis of channels, the second, where it is. */
static bool keeps_channels(const gli_c_file *f, const gli_node *node, int64_t channels) {
    const glia_tensor *y = &f->graph->values[node->out[0]].tensor;
    return is_view(f, node) && y->ndim >= 2 && y->dim[0] == 1 && y->dim[1] == channels;
}

/* Follows the result of a layer through views, takes in a batchnorm and an activation, and makes what it took in show
 * its result. Nodes that were taken in are marked in `done`. */
static void take_in(gli_c_file *f, gli_c_layer *l, int n, bool *done) {
    const int y              = l->node->out[0];
    const glia_tensor *whole = &f->graph->values[y].tensor;
    const bool features      = l->node->op == &gli_op_dense; /* the last axis, not the second */
    const int64_t channels   = whole->ndim == 2 || (whole->ndim > 2 && !features) ? whole->dim[1] : 0;
    const gli_node *node     = only_reader(f, y, n + 1);
    for (; node; node = only_reader(f, node->out[0], n + 1)) {
        const gli_unary_geom *unary = node->geom;
        if (folds(f, l, node, channels)) {
            l->batchnorm = node;
        } else if (node->op == &gli_op_unary && !is_identity(node) && l->op->activates &&
                   l->activation == GLIA_UNARY_LINEAR) {
            l->activation = unary->kind, l->alpha = unary->alpha, l->beta = unary->beta;
        } else if (!keeps_channels(f, node, channels)) {
            return;
        }
        if (!is_view(f, node)) done[node - f->graph->nodes] = true;
        if (l->activation != GLIA_UNARY_LINEAR) return;
    }
}

/* ---- Layers ---- */

/* "conv1" of "layer 'conv1'". */
static void stem_of(const gli_node *node, char out[GLI_NAME_SIZE]) {
    const char *quote = node->label ? strchr(node->label, '\'') : NULL;
    gli_format(out, GLI_NAME_SIZE, "%s", quote ? quote + 1 : node->op->name);
    const size_t length = strlen(out);
    if (quote && length > 0 && out[length - 1] == '\'') out[length - 1] = '\0';
}

/* Whether a function of the layer has a name that the file already has. */
static bool is_taken(const gli_c_file *f, const char *name) {
    static const char *const verbs[] = {"run", "step", "reverse"};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; ++i) {
        char function[GLI_NAME_SIZE + 8];
        gli_format(function, sizeof function, "%s_%s", verbs[i], name);
        if (gli_names_find(&f->names, function)) return true;
    }
    return false;
}

/* The first function of a layer has its name, others that of their op too. */
static glia_status name_layer(gli_c_file *f, gli_c_layer *l) {
    char stem[GLI_NAME_SIZE], before[GLI_NAME_SIZE];
    const char *suffix = "";
    stem_of(l->node, stem);
    for (int i = 0; i < f->n_layers; ++i) {
        stem_of(f->layers[i].node, before);
        if (strcmp(stem, before) == 0) suffix = l->node->op->name;
    }
    GLI_TRY(gli_c_name_layer(f, stem, suffix, l->name));
    return is_taken(f, l->name) ? gli_c_name_layer(f, stem, "layer", l->name) : GLIA_OK;
}

/* The geometry of one step, where a stream's node works on one. */
static glia_status refine(gli_c_file *f, gli_c_layer *l) {
    const gli_node *node = l->node;
    l->geom              = node->geom;
    if (l->time < 0 || node->op == &gli_op_conv2d || node->op == &gli_op_rnn) return GLIA_OK;
    const glia_tensor *in[GLI_MAX_IN] = {NULL};
    glia_tensor shape[GLI_MAX_IN];
    gli_resolution r;
    void *geom = NULL;
    GLI_TRY(gli_arena_alloc(f->ctx, &f->arena, GLI_MAX_GEOMETRY, 1, &geom));
    for (int i = 0; i < node->n_in; ++i)
        if (node->in[i]) shape[i] = gli_c_shape(f, node->in[i]), in[i] = &shape[i];
    GLI_TRY(gli_resolve(f->ctx, node->op, node->params, node->n_in, in, geom, &r));
    l->geom = geom;
    return GLIA_OK;
}

/* f32, but for indices, which no array of the file holds. */
static const char *decline_dtypes(const gli_c_file *f, const gli_c_layer *l) {
    for (int i = 0; i < l->node->n_in; ++i) {
        if (!l->node->in[i]) continue;
        const glia_dtype dtype = f->graph->values[l->node->in[i]].tensor.dtype;
        const bool index       = gli_input_is(l->node->op, i, GLI_IN_INDEX) && !gli_c_is_constant(f, l->node, i);
        if (dtype == GLIA_F32 || index) continue;
        return "of integers";
    }
    for (int o = 0; o < l->node->op->n_outputs; ++o)
        if (gli_c_needs(f, l, o) && f->graph->values[l->node->out[o]].tensor.dtype != GLIA_F32) return "to integers";
    return NULL;
}

static const char *decline_weights(const gli_c_file *f, const gli_c_layer *l) {
    for (int i = 0; i < l->node->n_in; ++i)
        if (gli_c_has(l, i) && !(l->op->data >> i & 1) && !gli_c_is_constant(f, l->node, i))
            return "with computed weights";
    return NULL;
}

static const char *decline(const gli_c_file *f, const gli_c_layer *l) {
    const char *why = l->op->decline ? l->op->decline(f, l) : NULL;
    if (!why) why = decline_dtypes(f, l);
    return why ? why : decline_weights(f, l);
}

static glia_status add_layer(gli_c_file *f, int n, int time, bool *done, problems *p) {
    const gli_node *node = &f->graph->nodes[n];
    gli_c_layer *l       = &f->layers[f->n_layers];
    *l                   = (gli_c_layer){.op = gli_c_op_of(node->op), .node = node, .time = time, .block = -1};
    for (int o = 0; o < node->op->n_outputs; ++o) {
        if (!node->out[o]) continue;
        f->values[node->out[o]]       = (gli_c_value){.root = node->out[o], .place = GLI_C_SCRATCH, .index = -1};
        f->build.values[node->out[o]] = (gli_predict_value){.time = o == 0 ? time : -1};
    }
    if (!l->op) return add_problem(p, gli_predict_label(node), node->op->name, ""), GLIA_OK;
    GLI_TRY(refine(f, l));
    const char *why = decline(f, l);
    if (why) return add_problem(p, gli_predict_label(node), node->op->name, why), GLIA_OK;
    if (l->op->plan) l->op->plan(f, l);
    take_in(f, l, n, done);
    if (l->activation != GLIA_UNARY_LINEAR) gli_c_use(f, l->activation);
    GLI_TRY(name_layer(f, l));
    ++f->n_layers;
    return GLIA_OK;
}

static void place_leaf(gli_c_file *f, int id) {
    const gli_value_info *value = &f->graph->values[id];
    gli_c_value *to             = &f->values[id];
    *to                         = (gli_c_value){.root = id, .index = -1};
    f->build.values[id].time    = -1;
    if (value->kind == GLI_VALUE_INPUT) {
        const int axis = f->build.time_axis, ndim = value->tensor.ndim;
        to->place = GLI_C_INPUT;
        if (f->build.streaming) f->build.values[id].time = axis < 0 ? ndim + axis : axis;
    } else if (value->kind == GLI_VALUE_TENSOR || value->kind == GLI_VALUE_VIEW || value->kind == GLI_VALUE_CONSTANT) {
        to->place = GLI_C_CONSTANT;
    }
}

static bool is_needed(const gli_c_file *f, const gli_node *node) {
    for (int o = 0; node->op && o < node->op->n_outputs; ++o)
        if (node->out[o] && f->build.readers[node->out[o]] > 0) return true;
    return false;
}

static glia_status add_layers(gli_c_file *f, bool *done, problems *p) {
    for (int id = 1; id < f->graph->n_values; ++id) place_leaf(f, id);
    for (int n = 0; n < f->graph->n_nodes; ++n) {
        const gli_node *node = &f->graph->nodes[n];
        int time             = -1;
        if (!is_needed(f, node)) continue;
        if (gli_predict_find_time(&f->build, node, &time) != GLIA_OK) {
            const char *why = strstr(f->ctx->message, ": ");
            add_problem(p, gli_predict_label(node), why ? why + 2 : f->ctx->message, "");
        }
        if (done[n] || is_view(f, node))
            show(f, node->out[0], node->in[0], time);
        else
            GLI_TRY(add_layer(f, n, time, done, p));
    }
    return GLIA_OK;
}

/* ---- Places ---- */

static size_t bytes_of(const gli_c_file *f, int id) {
    const glia_tensor shape = gli_c_shape(f, id);
    return (size_t)gli_count(&shape) * sizeof(float);
}

/* A model's output is computed in the caller's memory, unless it shows an input, a weight or another output. */
static void place_outputs(gli_c_file *f) {
    for (int i = 0; i < f->n_outputs; ++i) {
        gli_c_value *root = &f->values[gli_c_root(f, f->outputs[i].id)];
        if (root->place == GLI_C_SCRATCH && bytes_of(f, f->outputs[i].id) == bytes_of(f, root->root))
            root->place = GLI_C_OUTPUT, root->index = i;
        root->last = f->n_layers;
    }
}

static void find_last_readers(gli_c_file *f) {
    for (int n = 0; n < f->n_layers; ++n) {
        const gli_node *node = f->layers[n].node;
        for (int i = 0; i < node->n_in; ++i) {
            gli_c_value *root = node->in[i] ? &f->values[gli_c_root(f, node->in[i])] : NULL;
            if (root && root->last < n) root->last = n;
        }
    }
}

static int add_block(gli_c_file *f, size_t bytes, int first, int last) {
    f->blocks[f->n_blocks] = (gli_memory_block){.bytes = bytes, .first = first, .last = last};
    return f->n_blocks++;
}

/* The block of an input that nothing reads later; -1: there is none. */
static int block_to_reuse(const gli_c_file *f, int n, int y) {
    const gli_c_layer *l = &f->layers[n];
    for (int i = 0; i < l->node->n_in; ++i) {
        if (!(l->op->in_place >> i & 1) || !l->node->in[i]) continue;
        const gli_c_value *x = &f->values[gli_c_root(f, l->node->in[i])];
        if (x->place == GLI_C_SCRATCH && x->index >= 0 && x->last == n && bytes_of(f, x->root) == bytes_of(f, y))
            return x->index;
    }
    return -1;
}

static void place_result(gli_c_file *f, int n, int o) {
    const gli_c_layer *l = &f->layers[n];
    gli_c_value *y       = &f->values[l->node->out[o]];
    if (!gli_c_needs(f, l, o) || y->place != GLI_C_SCRATCH) return;
    const int last = y->last > n ? y->last : n;
    y->index       = o == 0 ? block_to_reuse(f, n, y->root) : -1;
    if (y->index >= 0)
        f->blocks[y->index].last = last;
    else
        y->index = add_block(f, bytes_of(f, y->root), n, last);
}

static glia_status assign_places(gli_c_file *f) {
    void *memory = NULL;
    find_last_readers(f);
    place_outputs(f);
    GLI_TRY(gli_arena_alloc(f->ctx, &f->arena, (size_t)f->n_layers * (GLI_MAX_OUT + 1), sizeof *f->blocks, &memory));
    f->blocks = memory;
    for (int n = 0; n < f->n_layers; ++n) {
        gli_c_layer *l = &f->layers[n];
        for (int o = 0; o < l->node->op->n_outputs; ++o)
            if (l->node->out[o]) place_result(f, n, o);
        if (l->workspace > 0) l->block = add_block(f, (size_t)l->workspace * sizeof(float), n, n);
    }
    if (f->n_blocks == 0) return GLIA_OK;
    return gli_assign_offsets(f->ctx, f->blocks, f->n_blocks, f->n_layers + 1, &f->info.scratch, NULL);
}

static void count_state(gli_c_file *f) {
    for (int n = 0; n < f->n_layers; ++n)
        for (int i = 0; i < f->layers[n].n_fields; ++i) f->info.state += (size_t)f->layers[n].fields[i].count * 4;
    if (f->build.streaming && f->info.state == 0) f->info.state = 1;
}

/* Inputs, and the arrays that are arguments. None may hide a function of a layer. */
static glia_status name_values(gli_c_file *f) {
    char name[GLI_NAME_SIZE];
    for (int n = 0; n < f->n_layers; ++n) GLI_TRY(gli_c_keep(f, "run", f->layers[n].name));
    for (int id = 1; id < f->graph->n_values; ++id)
        if (f->values[id].place == GLI_C_INPUT) {
            GLI_TRY(gli_c_name_port(f, f->graph->values[id].name, name));
            GLI_TRY(gli_arena_strdup(f->ctx, &f->arena, name, &f->values[id].name));
        }
    for (int n = 0; n < f->n_layers; ++n) {
        const gli_node *node = f->layers[n].node;
        for (int i = 0; i < node->n_in; ++i) {
            if (!(f->layers[n].op->data >> i & 1) || !gli_c_is_constant(f, node, i)) continue;
            const int root     = gli_c_root(f, node->in[i]);
            gli_c_value *value = &f->values[root];
            const char *text   = f->graph->values[root].name;
            if (value->listed) continue;
            GLI_TRY(gli_c_name(f, text ? text : "constant", "values", name));
            GLI_TRY(gli_arena_strdup(f->ctx, &f->arena, name, &value->name));
            value->listed = true;
        }
    }
    return GLIA_OK;
}

static void check_outputs(const gli_c_file *f, problems *p) {
    for (int i = 0; i < f->n_outputs; ++i) {
        const glia_dtype dtype = f->graph->values[f->outputs[i].id].tensor.dtype;
        if (dtype != GLIA_F32) add_problem(p, "an output", glia_dtype_name(dtype), "");
    }
}

glia_status gli_c_plan(gli_c_file *f) {
    void *layers = NULL, *done = NULL;
    problems p = {0};
    GLI_TRY(gli_arena_alloc(f->ctx, &f->arena, (size_t)f->graph->n_nodes + 1, sizeof *f->layers, &layers));
    GLI_TRY(gli_arena_alloc(f->ctx, &f->arena, (size_t)f->graph->n_nodes + 1, sizeof(bool), &done));
    f->layers = layers;
    GLI_TRY(add_layers(f, done, &p));
    check_outputs(f, &p);
    GLI_REQUIRE(f->ctx, p.n == 0, GLIA_UNSUPPORTED, "glia_model_export_c: C files do not have %s", p.text);
    count_state(f);
    GLI_TRY(name_values(f));
    return assign_places(f);
}

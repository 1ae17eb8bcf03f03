/* Opening a file, and what is in it. */
#include "onnx/onnx_file.h"

#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "core/tensor_impl.h"
#include "io/input.h"
#include "onnx/onnx_message.h"

/* ---- Names ---- */

static uint32_t hash(const char *text) {
    uint32_t h = 2166136261u; /* FNV-1a */
    for (; *text; ++text) h = (h ^ (unsigned char)*text) * 16777619u;
    return h ^ h >> 15;
}

int gli_onnx_find(const glia_onnx *onnx, const char *text) {
    int i = onnx->slots ? onnx->slots[hash(text) & (uint32_t)onnx->slot_mask] : -1;
    while (i >= 0 && strcmp(onnx->names[i].text, text) != 0) i = onnx->names[i].next;
    return i;
}

static int add_name(glia_onnx *onnx, const char *text) {
    const int found = gli_onnx_find(onnx, text);
    if (found >= 0) return found;
    int *slot      = &onnx->slots[hash(text) & (uint32_t)onnx->slot_mask];
    const int i    = onnx->n_names++;
    onnx->names[i] = (gli_onnx_name){.text = text, .node = -1, .next = *slot};
    return *slot   = i;
}

/* Memory for as many names as there can be. */
static glia_status reserve_names(glia_onnx *onnx) {
    const Onnx__GraphProto *g = onnx->graph;
    size_t most = g->n_input + g->n_output + g->n_initializer + g->n_value_info, slots = 16;
    void *memory;
    for (size_t i = 0; i < g->n_node; ++i) most += g->node[i]->n_input + g->node[i]->n_output;
    while (slots < most) slots *= 2;
    GLI_REQUIRE(onnx->ctx, slots <= 1 << 30, GLIA_UNSUPPORTED, "%s: %zu names are too many", onnx->path, most);
    GLI_TRY(gli_arena_alloc(onnx->ctx, &onnx->arena, most, sizeof *onnx->names, &memory));
    onnx->names = memory;
    GLI_TRY(gli_arena_alloc(onnx->ctx, &onnx->arena, slots, sizeof *onnx->slots, &memory));
    onnx->slots     = memory;
    onnx->slot_mask = (int)slots - 1;
    for (size_t i = 0; i < slots; ++i) onnx->slots[i] = -1;
    return GLIA_OK;
}

static glia_status twice(const glia_onnx *onnx, const char *name, const char *what) {
    return gli_fail(onnx->ctx, GLIA_BAD_FORMAT, "%s: the name '%.64s' is given twice%s", onnx->path, name, what);
}

static glia_status number_initializers(glia_onnx *onnx) {
    const Onnx__GraphProto *g = onnx->graph;
    for (size_t i = 0; i < g->n_initializer; ++i) {
        const char *name = gli_onnx_text(g->initializer[i]->name);
        GLI_REQUIRE(onnx->ctx, *name, GLIA_BAD_FORMAT, "%s: initializer %zu has no name", onnx->path, i);
        gli_onnx_name *at = &onnx->names[add_name(onnx, name)];
        if (at->initializer) return twice(onnx, name, " to initializers");
        at->initializer = g->initializer[i];
    }
    return GLIA_OK;
}

static glia_status number_inputs(glia_onnx *onnx) {
    const Onnx__GraphProto *g = onnx->graph;
    void *memory;
    GLI_TRY(gli_arena_alloc(onnx->ctx, &onnx->arena, g->n_input, sizeof *onnx->inputs, &memory));
    onnx->inputs = memory;
    for (size_t i = 0; i < g->n_input; ++i) {
        const char *name = gli_onnx_text(g->input[i]->name);
        GLI_REQUIRE(onnx->ctx, *name, GLIA_BAD_FORMAT, "%s: input %zu has no name", onnx->path, i);
        const int number  = add_name(onnx, name);
        gli_onnx_name *at = &onnx->names[number];
        if (at->input) return twice(onnx, name, " to inputs");
        at->input = true;
        at->type  = g->input[i]->type;
        if (!at->initializer) onnx->inputs[onnx->n_inputs++] = number;
    }
    return GLIA_OK;
}

static glia_status number_edges(glia_onnx *onnx, int n) {
    const Onnx__NodeProto *node = onnx->graph->node[n];
    gli_onnx_edges *edges       = &onnx->edges[n];
    void *memory;
    GLI_TRY(gli_arena_alloc(onnx->ctx, &onnx->arena, node->n_input + node->n_output, sizeof *edges->in, &memory));
    edges->in  = memory;
    edges->out = edges->in + node->n_input;
    for (size_t i = 0; i < node->n_input; ++i) {
        edges->in[i] = *node->input[i] ? gli_onnx_find(onnx, node->input[i]) : -1;
        GLI_REQUIRE(onnx->ctx, !*node->input[i] || edges->in[i] >= 0, GLIA_BAD_FORMAT,
                    "%s: node %d, %.64s '%.64s', reads '%.64s', which nothing before it gives", onnx->path, n,
                    gli_onnx_text(node->op_type), gli_onnx_text(node->name), node->input[i]);
    }
    for (size_t i = 0; i < node->n_output; ++i) {
        edges->out[i] = -1;
        if (!*node->output[i]) continue;
        if (gli_onnx_find(onnx, node->output[i]) >= 0) return twice(onnx, node->output[i], " as a result");
        edges->out[i]                   = add_name(onnx, node->output[i]);
        onnx->names[edges->out[i]].node = n;
    }
    return GLIA_OK;
}

/* The order of a file is that in which its nodes can run: a cycle reads a name before it is given. */
static glia_status number_names(glia_onnx *onnx) {
    const Onnx__GraphProto *g = onnx->graph;
    void *memory;
    GLI_TRY(reserve_names(onnx));
    GLI_TRY(number_initializers(onnx));
    GLI_TRY(number_inputs(onnx));
    GLI_TRY(gli_arena_alloc(onnx->ctx, &onnx->arena, g->n_node, sizeof *onnx->edges, &memory));
    onnx->edges = memory;
    for (size_t n = 0; n < g->n_node; ++n) GLI_TRY(number_edges(onnx, (int)n));
    for (size_t i = 0; i < g->n_output + g->n_value_info; ++i) {
        const Onnx__ValueInfoProto *info = i < g->n_output ? g->output[i] : g->value_info[i - g->n_output];
        const int found                  = gli_onnx_find(onnx, gli_onnx_text(info->name));
        GLI_REQUIRE(onnx->ctx, found >= 0 || i >= g->n_output, GLIA_BAD_FORMAT,
                    "%s: output '%.64s' is given by nothing", onnx->path, gli_onnx_text(info->name));
        if (found >= 0 && info->type) onnx->names[found].type = info->type;
    }
    return GLIA_OK;
}

/* ---- Operator sets ---- */

static const char *plain_domain(const char *domain) {
    domain = gli_onnx_text(domain);
    return strcmp(domain, "ai.onnx") == 0 ? "" : domain;
}

int gli_onnx_version(const glia_onnx *onnx, const char *domain) {
    domain = plain_domain(domain);
    for (size_t i = 0; i < onnx->model->n_opset_import; ++i)
        if (strcmp(onnx->sets[i].domain, domain) == 0) return onnx->sets[i].version;
    return 0;
}

static glia_status read_sets(glia_onnx *onnx) {
    const Onnx__ModelProto *m = onnx->model;
    void *memory;
    GLI_TRY(gli_arena_alloc(onnx->ctx, &onnx->arena, m->n_opset_import, sizeof *onnx->sets, &memory));
    onnx->sets = memory;
    for (size_t i = 0; i < m->n_opset_import; ++i) {
        const int64_t version = m->opset_import[i]->version;
        GLI_REQUIRE(onnx->ctx, version > 0 && version < 1 << 20, GLIA_BAD_FORMAT,
                    "%s: version %lld of the operator set '%.32s'", onnx->path, (long long)version,
                    gli_onnx_text(m->opset_import[i]->domain));
        onnx->sets[i] = (gli_onnx_set){plain_domain(m->opset_import[i]->domain), (int)version};
    }
    const int version = gli_onnx_version(onnx, "");
    GLI_REQUIRE(onnx->ctx, !version || (version >= GLI_ONNX_OLDEST && version <= GLI_ONNX_NEWEST), GLIA_UNSUPPORTED,
                "%s: has version %d of ONNX's operators, %d to %d are read", onnx->path, version, GLI_ONNX_OLDEST,
                GLI_ONNX_NEWEST);
    return GLIA_OK;
}

/* ---- The file ---- */

glia_status gli_onnx_host_create(const glia_context *ctx, glia_context **out) {
    GLI_TRY(glia_context_create("cpu", &(glia_context_args){.threads = 1, .allocator = ctx->memory.allocator}, out));
    memcpy((*out)->provider, "cpu.ref", sizeof "cpu.ref");
    return GLIA_OK;
}

static glia_status read_message(glia_context *ctx, const char *path, size_t max_bytes,
                                const ProtobufCMessageDescriptor *type, gli_arena *arena, ProtobufCMessage **out,
                                size_t *bytes) {
    gli_block block;
    GLI_TRY(gli_input_whole(ctx, path, max_bytes, &block));
    const gli_named_bytes from = {ctx, path, block.data, block.bytes};
    const glia_status status   = gli_onnx_unpack(&from, type, arena, out);
    *bytes                     = block.bytes;
    gli_block_free(ctx, &block);
    return status;
}

static glia_status read_model(glia_onnx *onnx) {
    ProtobufCMessage *message;
    GLI_TRY(read_message(onnx->ctx, onnx->path, onnx->max_bytes, &onnx__model_proto__descriptor, &onnx->arena, &message,
                         &onnx->bytes));
    onnx->model = (const Onnx__ModelProto *)message;
    onnx->graph = onnx->model->graph;
    GLI_REQUIRE(onnx->ctx, onnx->graph, GLIA_BAD_FORMAT, "%s: has no graph: it is no model of ONNX", onnx->path);
    GLI_REQUIRE(onnx->ctx, onnx->graph->n_node <= GLI_ONNX_MOST_NODES, GLIA_UNSUPPORTED,
                "%s: has %zu nodes, more than %d", onnx->path, onnx->graph->n_node, GLI_ONNX_MOST_NODES);
    GLI_REQUIRE(onnx->ctx, onnx->graph->n_sparse_initializer == 0, GLIA_UNSUPPORTED, "%s: has sparse weights",
                onnx->path);
    GLI_TRY(read_sets(onnx));
    return number_names(onnx);
}

static glia_status open_file(glia_context *ctx, const char *path, const glia_onnx_args *args, glia_onnx **out) {
    void *memory;
    GLI_REQUIRE(ctx, path && out, GLIA_INVALID_ARGUMENT, "glia_onnx_open: %s is NULL", path ? "out" : "path");
    GLI_TRY(gli_new(ctx, 1, sizeof(glia_onnx), "a file of ONNX", &memory));
    glia_onnx *onnx = memory;
    onnx->ctx       = ctx;
    gli_context_retain(ctx);
    onnx->max_bytes    = args && args->max_bytes ? args->max_bytes : (size_t)1 << 32;
    glia_status status = gli_arena_strdup(ctx, &onnx->arena, path, &onnx->path);
    if (status == GLIA_OK) status = read_model(onnx);
    onnx->max_constants = args && args->max_constants ? args->max_constants : ((size_t)1 << 22) + 2 * onnx->bytes;
    if (status != GLIA_OK) return glia_onnx_close(onnx), status;
    *out = onnx;
    return GLIA_OK;
}

glia_status glia_onnx_open(glia_context *ctx, const char *path, const glia_onnx_args *args, glia_onnx **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = open_file(ctx, path, args, out);
    gli_leave(ctx);
    return status;
}

void glia_onnx_close(glia_onnx *onnx) {
    if (!onnx) return;
    glia_context *ctx = onnx->ctx;
    for (int i = 0; i < onnx->n_weights; ++i) glia_tensor_destroy(onnx->weights[i]);
    gli_free(ctx, onnx->weights, (size_t)onnx->cap_weights, sizeof *onnx->weights);
    gli_arena_free(ctx, &onnx->problem_arena);
    gli_arena_free(ctx, &onnx->arena);
    gli_free(ctx, onnx, 1, sizeof *onnx);
    gli_context_release(ctx);
}

/* ---- Tensors in files of their own ---- */

struct glia_onnx_tensor {
    glia_context *ctx, *host;
    gli_arena arena;
    glia_tensor *values;
    const Onnx__TensorProto *message;
};

static glia_status read_tensor(glia_onnx_tensor *t, const char *path) {
    ProtobufCMessage *message;
    size_t bytes;
    GLI_TRY(read_message(t->ctx, path, (size_t)1 << 32, &onnx__tensor_proto__descriptor, &t->arena, &message, &bytes));
    t->message = (const Onnx__TensorProto *)message;
    GLI_TRY(gli_onnx_host_create(t->ctx, &t->host));
    const glia_status status = gli_onnx_tensor_load(t->host, path, NULL, t->message, &t->values);
    return status == GLIA_OK ? GLIA_OK : gli_fail(t->ctx, status, "%s", glia_message(t->host));
}

static glia_status open_tensor(glia_context *ctx, const char *path, glia_onnx_tensor **out) {
    void *memory;
    GLI_REQUIRE(ctx, path && out, GLIA_INVALID_ARGUMENT, "glia_onnx_tensor_open: %s is NULL", path ? "out" : "path");
    GLI_TRY(gli_new(ctx, 1, sizeof(glia_onnx_tensor), "a tensor of ONNX", &memory));
    glia_onnx_tensor *t = memory;
    t->ctx              = ctx;
    gli_context_retain(ctx);
    const glia_status status = read_tensor(t, path);
    if (status != GLIA_OK) return glia_onnx_tensor_close(t), status;
    *out = t;
    return GLIA_OK;
}

glia_status glia_onnx_tensor_open(glia_context *ctx, const char *path, glia_onnx_tensor **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = open_tensor(ctx, path, out);
    gli_leave(ctx);
    return status;
}

void glia_onnx_tensor_close(glia_onnx_tensor *t) {
    if (!t) return;
    glia_context *ctx = t->ctx;
    glia_tensor_destroy(t->values);
    glia_context_destroy(t->host);
    gli_arena_free(ctx, &t->arena);
    gli_free(ctx, t, 1, sizeof *t);
    gli_context_release(ctx);
}

glia_npy_array glia_onnx_tensor_array(const glia_onnx_tensor *t) {
    if (!t) return (glia_npy_array){0};
    return (glia_npy_array){.name   = gli_onnx_text(t->message->name),
                            .dtype  = t->values->dtype,
                            .shape  = glia_tensor_shape(t->values),
                            .values = t->values->data,
                            .bytes  = (size_t)gli_count(t->values) * glia_dtype_size(t->values->dtype)};
}

const char *glia_onnx_tensor_type(const glia_onnx_tensor *t) {
    return t ? gli_onnx_type_name(t->message->data_type) : "";
}

/* Through the nodes of a file, as far as the outputs need them. */
#include "onnx/onnx_import.h"

#include <string.h>

#include "core/dtype.h"
#include "core/print.h"
#include "core/size.h"
#include "glia/ops/movement.h"
#include "graph/graph_impl.h"
#include "nn/model_impl.h"

/* ---- Problems ---- */

/* Of memory, devices and threads: no other node would fare better. */
static bool ends_all(glia_status status) {
    return status == GLIA_OUT_OF_MEMORY || status == GLIA_BUSY || status == GLIA_DEVICE_ERROR ||
           status == GLIA_DEVICE_LOST || status == GLIA_IO_ERROR;
}

static const char *node_name(const Onnx__NodeProto *node) {
    if (node->name && *node->name) return node->name;
    return node->n_output ? node->output[0] : "";
}

static glia_status add_problem(gli_onnx_import *im, const Onnx__NodeProto *node) {
    glia_onnx *onnx = im->onnx;
    void *memory;
    GLI_TRY(gli_arena_alloc(im->ctx, &onnx->problem_arena, 1, sizeof(gli_onnx_problem), &memory));
    gli_onnx_problem *problem = memory;
    problem->is               = (glia_onnx_problem){.op = gli_onnx_text(node->op_type), .node = node_name(node)};
    GLI_TRY(gli_arena_strdup(im->ctx, &onnx->problem_arena, im->ctx->message, &problem->is.reason));
    if (onnx->last_problem)
        onnx->last_problem->next = problem;
    else
        onnx->problems = problem;
    onnx->last_problem = problem;
    ++onnx->n_problems;
    return GLIA_OK;
}

static glia_status tell_problems(const gli_onnx_import *im) {
    const glia_onnx *onnx = im->onnx;
    if (!onnx->n_problems) return GLIA_OK;
    const glia_onnx_problem *first = &onnx->problems->is;
    for (const gli_onnx_problem *p = onnx->problems; p; p = p->next)
        gli_log(im->ctx, GLI_LOG_INFO, "%s: %s '%s': %s", onnx->path, p->is.op, p->is.node, p->is.reason);
    return gli_fail(im->ctx, GLIA_UNSUPPORTED, "%s: %d node%s cannot be imported%s %.32s '%.64s': %.200s", onnx->path,
                    onnx->n_problems, onnx->n_problems == 1 ? "" : "s", onnx->n_problems == 1 ? ":" : ", the first is",
                    first->op, first->node, first->reason);
}

static void forget_problems(glia_onnx *onnx) {
    gli_arena_free(onnx->ctx, &onnx->problem_arena);
    onnx->problems = onnx->last_problem = NULL;
    onnx->n_problems                    = 0;
}

/* ---- Values of the file ---- */

static glia_status new_value(gli_onnx_import *im, int name, gli_onnx_value **out) {
    void *memory;
    GLI_TRY(gli_arena_alloc(im->ctx, &im->arena, 1, sizeof **out, &memory));
    *out             = memory;
    (*out)->name     = im->onnx->names[name].text;
    im->values[name] = *out;
    return GLIA_OK;
}

static glia_status load_initializer(gli_onnx_import *im, int name) {
    gli_onnx_value *value;
    GLI_TRY(new_value(im, name, &value));
    value->failed = true; /* for the nodes after the one that finds out */
    GLI_TRY(gli_onnx_load_constant(im, im->onnx->names[name].initializer, value));
    value->weight = true;
    value->failed = false;
    return GLIA_OK;
}

/* The value of a name that a node reads; failed where nothing gives it. */
static glia_status value_of(gli_onnx_import *im, int name, gli_onnx_value **out) {
    if (!im->values[name]) GLI_TRY(load_initializer(im, name));
    *out = im->values[name];
    return GLIA_OK;
}

/* ---- Nodes ---- */

static void mark(gli_onnx_import *im, int name) {
    if (name < 0) return;
    im->wanted[name] = true;
    if (im->onnx->names[name].node >= 0) im->needed[im->onnx->names[name].node] = true;
}

/* Nodes from which an output follows, and what they read. */
static glia_status mark_needed(gli_onnx_import *im, const int *outputs, int n) {
    const glia_onnx *onnx = im->onnx;
    void *memory;
    GLI_TRY(gli_arena_alloc(im->ctx, &im->arena, onnx->graph->n_node, sizeof *im->needed, &memory));
    im->needed = memory;
    GLI_TRY(gli_arena_alloc(im->ctx, &im->arena, (size_t)onnx->n_names, sizeof *im->wanted, &memory));
    im->wanted = memory;
    for (int i = 0; i < n; ++i) mark(im, outputs[i]);
    for (size_t k = onnx->graph->n_node; k-- > 0;) {
        if (!im->needed[k]) continue;
        for (size_t i = 0; i < onnx->graph->node[k]->n_input; ++i) mark(im, onnx->edges[k].in[i]);
    }
    return GLIA_OK;
}

bool gli_onnx_wants(const gli_onnx_node *node, int i) {
    return i < node->n_out && node->gives[i] >= 0 && node->im->wanted[node->gives[i]];
}

/* An attribute that the function did not read would be one that it does not know. */
static void check_attributes(gli_onnx_node *node) {
    for (size_t i = 0; i < node->proto->n_attribute && gli_onnx_ok(node); ++i)
        if (i >= 64 || !(node->read >> i & 1))
            gli_onnx_fail(node, GLIA_UNSUPPORTED, "attribute '%.64s' is not known",
                          gli_onnx_text(node->proto->attribute[i]->name));
}

static void map_node(gli_onnx_node *node) {
    const char *domain = gli_onnx_text(node->proto->domain), *type = gli_onnx_text(node->proto->op_type);
    node->version = gli_onnx_version(node->im->onnx, domain);
    node->row     = gli_onnx_operator_find(strcmp(domain, "ai.onnx") == 0 ? "" : domain, type, node->version);
    if (!node->version)
        gli_onnx_fail(node, GLIA_BAD_FORMAT, "the file imports no operator set '%.64s'", domain);
    else if (!node->row)
        gli_onnx_fail(node, GLIA_UNSUPPORTED, "no operator of this name, in version %d of '%.64s', is imported",
                      node->version, domain);
    else if (!node->row->map)
        gli_onnx_fail(node, GLIA_UNSUPPORTED, "%s", node->row->missing);
    else
        node->row->map(node);
    if (!gli_onnx_ok(node)) return;
    check_attributes(node);
    for (int i = 0; i < node->n_out; ++i)
        if (gli_onnx_wants(node, i) && !node->out[i])
            gli_onnx_fail(node, GLIA_UNSUPPORTED, "its output %d is not computed", i);
}

static glia_status prepare_node(gli_onnx_import *im, int n, gli_onnx_node *node, bool *failed) {
    const Onnx__NodeProto *proto = im->onnx->graph->node[n];
    void *memory;
    *node = (gli_onnx_node){.im    = im,
                            .proto = proto,
                            .gives = im->onnx->edges[n].out,
                            .n_in  = (int)proto->n_input,
                            .n_out = (int)proto->n_output};
    GLI_TRY(gli_arena_alloc(im->ctx, &im->arena, proto->n_input + proto->n_output, sizeof *node->in, &memory));
    node->in  = memory;
    node->out = node->in + node->n_in;
    for (int i = 0; i < node->n_in; ++i) {
        const int name = im->onnx->edges[n].in[i];
        if (name >= 0) GLI_TRY(value_of(im, name, &node->in[i]));
        *failed = *failed || (node->in[i] && node->in[i]->failed);
    }
    return GLIA_OK;
}

static glia_status import_node(gli_onnx_import *im, int n) {
    gli_onnx_node node;
    bool failed        = false;
    glia_status status = prepare_node(im, n, &node, &failed);
    if (status != GLIA_OK && status != GLIA_UNSUPPORTED) return status; /* its weights are broken, or not there */
    if (status == GLIA_OK && !failed) {
        map_node(&node);
        status = node.status;
    }
    if (ends_all(status)) return status;
    if (status != GLIA_OK) {
        GLI_TRY(add_problem(im, im->onnx->graph->node[n]));
        im->target->recover(im);
    }
    for (size_t o = 0; o < im->onnx->graph->node[n]->n_output; ++o) {
        const int name = im->onnx->edges[n].out[o];
        if (name < 0) continue;
        if (status == GLIA_OK && !failed) {
            im->values[name] = node.out[o];
        } else {
            gli_onnx_value *value;
            GLI_TRY(new_value(im, name, &value));
            value->failed = true;
        }
    }
    return GLIA_OK;
}

/* ---- Inputs and outputs ---- */

static glia_status add_inputs(gli_onnx_import *im) {
    for (int i = 0; i < im->onnx->n_inputs; ++i) {
        gli_onnx_value *value;
        GLI_TRY(new_value(im, im->onnx->inputs[i], &value));
        GLI_TRY(im->target->input(im, i, value));
    }
    return GLIA_OK;
}

static glia_status find_outputs(gli_onnx_import *im, const char *const *outputs, int n, int **out) {
    glia_onnx *onnx = im->onnx;
    void *memory;
    GLI_TRY(gli_arena_alloc(im->ctx, &im->arena, (size_t)n, sizeof **out, &memory));
    *out = memory;
    for (int i = 0; i < n; ++i) {
        const char *name = outputs ? outputs[i] : onnx->graph->output[i]->name;
        GLI_REQUIRE(im->ctx, name, GLIA_INVALID_ARGUMENT, "%s: output %d is NULL", onnx->path, i);
        (*out)[i] = gli_onnx_find(onnx, name);
        GLI_REQUIRE(im->ctx, (*out)[i] >= 0, GLIA_NOT_FOUND, "%s: has no value '%.64s'", onnx->path, name);
    }
    return GLIA_OK;
}

/* A result of its own, also of what is an input or a constant. */
static glia_status put_output(gli_onnx_import *im, int name, glia_value *out) {
    gli_onnx_value *value;
    GLI_TRY(value_of(im, name, &value));
    const glia_cast_params same = {.dtype = value->is.dtype};
    if (im->onnx->names[name].node >= 0 && !value->constant && !value->leaf && !value->filled)
        return *out = value->in_target, GLIA_OK;
    GLI_REQUIRE(im->ctx, !value->filled, GLIA_UNSUPPORTED, "%s: output '%.64s' is a constant as large as the batch",
                im->onnx->path, value->name);
    if (!value->in_target.id) GLI_TRY(im->target->constant(im, &gli_op_cast, &same, 0, value));
    return im->target->call(im, &gli_op_cast, &same, 1, &value->in_target, 1, out);
}

int gli_onnx_writable(const glia_onnx *onnx, int n_outputs, int n_out) {
    return n_out == (n_outputs ? n_outputs : (int)onnx->graph->n_output) ? n_out : 0;
}

static glia_status run(gli_onnx_import *im, const char *const *outputs, int n_outputs, glia_value *out, int n_out) {
    glia_onnx *onnx = im->onnx;
    const int n     = n_outputs ? n_outputs : (int)onnx->graph->n_output;
    int *names;
    void *memory;
    GLI_REQUIRE(im->ctx, n_outputs >= 0 && (outputs || !n_outputs), GLIA_INVALID_ARGUMENT,
                "%s: n_outputs is %d, outputs %s", onnx->path, n_outputs, outputs ? "an array" : "NULL");
    GLI_REQUIRE(im->ctx, n == n_out && (out || !n), GLIA_INVALID_ARGUMENT, "%s: there are %d outputs, n_out is %d",
                onnx->path, n, n_out);
    GLI_TRY(gli_arena_alloc(im->ctx, &im->arena, (size_t)onnx->n_names, sizeof *im->values, &memory));
    im->values = memory;
    GLI_TRY(find_outputs(im, n_outputs ? outputs : NULL, n, &names));
    GLI_TRY(mark_needed(im, names, n));
    GLI_TRY(add_inputs(im));
    for (size_t k = 0; k < onnx->graph->n_node; ++k)
        if (im->needed[k]) GLI_TRY(import_node(im, (int)k));
    GLI_TRY(tell_problems(im));
    for (int i = 0; i < n; ++i) GLI_TRY(put_output(im, names[i], &out[i]));
    return GLIA_OK;
}

glia_status gli_onnx_run_import(gli_onnx_import *im, const char *const *outputs, int n_outputs, glia_value *out,
                                int n_out) {
    forget_problems(im->onnx);
    im->external_left  = im->onnx->max_bytes;
    glia_status status = gli_onnx_host_create(im->ctx, &im->host);
    if (status != GLIA_OK) return gli_fail(im->ctx, status, "%s", glia_message(NULL));
    status = run(im, outputs, n_outputs, out, n_out);
    for (int i = 0; i < im->n_constants; ++i) glia_tensor_destroy(im->constants[i]);
    gli_free(im->ctx, im->constants, (size_t)im->cap_constants, sizeof *im->constants);
    gli_arena_free(im->ctx, &im->arena);
    glia_context_destroy(im->host);
    return status;
}

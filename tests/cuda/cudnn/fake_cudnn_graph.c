/* The part of the stand-in for cuDNN that plans: descriptors of graphs, heuristics and engines. As with the real one,
 * an attribute has one type and one number of values, is set before its descriptor is final, and refers to what is
 * final itself. */
#include "fake_cudnn.h"

#include <stddef.h>
#include <string.h>

typedef struct fake_cudnn_descriptor descriptor;

/* ---- engines ----------------------------------------------------------------------------------------------------- */

enum { NONE = -1 };

/* Among them, of each kind that Glia passes over, or takes in some contexts only, at least one. */
static const struct {
    int number;
    int numerical, behavior; /* a note, or NONE */
    int64_t workspace;
    bool has_no_plan; /* that says so when a plan of it is made */
} engines[] = {
    {70, CUDNN_NUMERICAL_NOTE_TENSOR_CORE, NONE, 1000, false},
    {71, CUDNN_NUMERICAL_NOTE_WINOGRAD, NONE, 0, false},
    {72, NONE, NONE, 0, true},
    {73, NONE, NONE, (int64_t)1 << 40, false},
    {74, NONE, NONE, 3000, false},
    {75, NONE, CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION, 500, false},
    {76, NONE, CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION, 0, false},
    {FAKE_CUDNN_REFUSES, NONE, NONE, 0, false},
    {FAKE_CUDNN_OTHER_BITS, NONE, NONE, 0, false},
    {79, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC, NONE, 0, false},
    {80, NONE, NONE, 0, false},
};
enum { ENGINES = sizeof engines / sizeof *engines, FALLBACK = ENGINES - 1 };

/* ---- attributes -------------------------------------------------------------------------------------------------- */

/* Where descriptors of a type keep an attribute. counted: where they keep how many values it has, at most `most`. */
typedef struct field {
    cudnnBackendDescriptorType_t owner;
    cudnnBackendAttributeName_t name;
    cudnnBackendAttributeType_t type;
    int64_t most;
    size_t offset, counted;
} field;

#define COUNTED(owner, name, type, most, member, counted) \
    {CUDNN_BACKEND_##owner##_DESCRIPTOR,                  \
     CUDNN_ATTR_##name,                                   \
     CUDNN_TYPE_##type,                                   \
     most,                                                \
     offsetof(descriptor, member),                        \
     counted}
#define LIST(owner, name, type, most, member, n) COUNTED(owner, name, type, most, member, offsetof(descriptor, n))
#define FIELD(owner, name, type, count, member) COUNTED(owner, name, type, count, member, 0)
#define CONVOLUTION(owner, prefix, x_name, w_name, y_name)                                                    \
    FIELD(owner, prefix##CONV_DESC, BACKEND_DESCRIPTOR, 1, geometry),                                         \
        FIELD(owner, prefix##x_name, BACKEND_DESCRIPTOR, 1, x),                                               \
        FIELD(owner, prefix##w_name, BACKEND_DESCRIPTOR, 1, w),                                               \
        FIELD(owner, prefix##y_name, BACKEND_DESCRIPTOR, 1, y), FIELD(owner, prefix##ALPHA, FLOAT, 1, alpha), \
        FIELD(owner, prefix##BETA, FLOAT, 1, beta)

static const field fields[] = {
    FIELD(TENSOR, TENSOR_UNIQUE_ID, INT64, 1, uid),
    FIELD(TENSOR, TENSOR_DATA_TYPE, DATA_TYPE, 1, dtype),
    FIELD(TENSOR, TENSOR_DIMENSIONS, INT64, 4, dim),
    FIELD(TENSOR, TENSOR_STRIDES, INT64, 4, stride),
    FIELD(TENSOR, TENSOR_BYTE_ALIGNMENT, INT64, 1, alignment),
    FIELD(TENSOR, TENSOR_IS_VIRTUAL, BOOLEAN, 1, is_virtual),
    FIELD(CONVOLUTION, CONVOLUTION_COMP_TYPE, DATA_TYPE, 1, compute),
    FIELD(CONVOLUTION, CONVOLUTION_CONV_MODE, CONVOLUTION_MODE, 1, mode),
    FIELD(CONVOLUTION, CONVOLUTION_SPATIAL_DIMS, INT64, 1, spatial),
    FIELD(CONVOLUTION, CONVOLUTION_FILTER_STRIDES, INT64, 2, strides),
    FIELD(CONVOLUTION, CONVOLUTION_DILATIONS, INT64, 2, dilations),
    FIELD(CONVOLUTION, CONVOLUTION_PRE_PADDINGS, INT64, 2, pre),
    FIELD(CONVOLUTION, CONVOLUTION_POST_PADDINGS, INT64, 2, post),
    CONVOLUTION(OPERATION_CONVOLUTION_FORWARD, OPERATION_CONVOLUTION_FORWARD_, X, W, Y),
    CONVOLUTION(OPERATION_CONVOLUTION_BACKWARD_DATA, OPERATION_CONVOLUTION_BWD_DATA_, DX, W, DY),
    CONVOLUTION(OPERATION_CONVOLUTION_BACKWARD_FILTER, OPERATION_CONVOLUTION_BWD_FILTER_, X, DW, DY),
    FIELD(POINTWISE, POINTWISE_MODE, POINTWISE_MODE, 1, pointwise),
    FIELD(POINTWISE, POINTWISE_MATH_PREC, DATA_TYPE, 1, compute),
    FIELD(OPERATION_POINTWISE, OPERATION_POINTWISE_PW_DESCRIPTOR, BACKEND_DESCRIPTOR, 1, geometry),
    FIELD(OPERATION_POINTWISE, OPERATION_POINTWISE_XDESC, BACKEND_DESCRIPTOR, 1, x),
    FIELD(OPERATION_POINTWISE, OPERATION_POINTWISE_BDESC, BACKEND_DESCRIPTOR, 1, b),
    FIELD(OPERATION_POINTWISE, OPERATION_POINTWISE_YDESC, BACKEND_DESCRIPTOR, 1, y),
    FIELD(OPERATIONGRAPH, OPERATIONGRAPH_HANDLE, HANDLE, 1, handle),
    LIST(OPERATIONGRAPH, OPERATIONGRAPH_OPS, BACKEND_DESCRIPTOR, 2, ops, n_ops),
    FIELD(ENGINEHEUR, ENGINEHEUR_OPERATION_GRAPH, BACKEND_DESCRIPTOR, 1, graph),
    FIELD(ENGINEHEUR, ENGINEHEUR_MODE, HEUR_MODE, 1, heuristic),
    FIELD(EXECUTION_PLAN, EXECUTION_PLAN_ENGINE_CONFIG, BACKEND_DESCRIPTOR, 1, config),
    FIELD(EXECUTION_PLAN, EXECUTION_PLAN_HANDLE, HANDLE, 1, handle),
    LIST(VARIANT_PACK, VARIANT_PACK_UNIQUE_IDS, INT64, 4, uids, n_uids),
    LIST(VARIANT_PACK, VARIANT_PACK_DATA_POINTERS, VOID_PTR, 4, pointers, n_pointers),
    FIELD(VARIANT_PACK, VARIANT_PACK_WORKSPACE, VOID_PTR, 1, workspace),
};
enum { FIELDS = sizeof fields / sizeof *fields };

static size_t size_of(cudnnBackendAttributeType_t type) {
    switch ((int)type) {
        case CUDNN_TYPE_INT64: return sizeof(int64_t);
        case CUDNN_TYPE_FLOAT: return sizeof(float);
        case CUDNN_TYPE_BOOLEAN: return sizeof(bool);
        case CUDNN_TYPE_HANDLE:
        case CUDNN_TYPE_VOID_PTR:
        case CUDNN_TYPE_BACKEND_DESCRIPTOR: return sizeof(void *);
        default: return sizeof(int); /* of an enum */
    }
}

EXPORT cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t *out) {
    if (type == CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR) return CUDNN_STATUS_NOT_SUPPORTED;
    descriptor *d = fake_cudnn_make(sizeof *d);
    *d            = (descriptor){.type = type};
    *out          = d;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t d) {
    if (!d) return CUDNN_STATUS_BAD_PARAM;
    fake_cudnn_destroy(d);
    return CUDNN_STATUS_SUCCESS;
}

static bool all_final(int64_t count, const void *values) {
    descriptor *const *list = values;
    for (int64_t i = 0; i < count; ++i)
        if (!list[i]->final) return false;
    return true;
}

EXPORT cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t to, cudnnBackendAttributeName_t name,
                                              cudnnBackendAttributeType_t type, int64_t count, const void *values) {
    descriptor *d = to;
    for (int i = 0, own = 0; !d->final && i < FIELDS; ++i) {
        const field *f = &fields[i];
        if (f->owner != d->type) continue;
        if (f->name != name) {
            ++own;
            continue;
        }
        const bool right_count = f->counted ? count >= 1 && count <= f->most : count == f->most;
        if (f->type != type || !right_count) return CUDNN_STATUS_BAD_PARAM;
        if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR && !all_final(count, values)) return CUDNN_STATUS_BAD_PARAM;
        memcpy((char *)d + f->offset, values, (size_t)count * size_of(type));
        if (f->counted) memcpy((char *)d + f->counted, &count, sizeof count);
        d->set |= 1u << own;
        return CUDNN_STATUS_SUCCESS;
    }
    return CUDNN_STATUS_BAD_PARAM;
}

/* ---- final descriptors ------------------------------------------------------------------------------------------- */

static bool is_convolution(const descriptor *d) {
    return d->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR ||
           d->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR ||
           d->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR;
}

/* A bias for each channel, added in float to what a convolution hands on. */
static bool adds_bias(const descriptor *op) {
    return op->type == CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR && op->geometry->pointwise == CUDNN_POINTWISE_ADD &&
           op->geometry->compute == CUDNN_DATA_FLOAT && op->x->is_virtual && !op->y->is_virtual && op->b->dim[0] == 1 &&
           op->b->dim[1] == op->y->dim[1] && op->b->dim[2] == 1 && op->b->dim[3] == 1;
}

static bool is_right(const descriptor *d) {
    switch ((int)d->type) {
        case CUDNN_BACKEND_TENSOR_DESCRIPTOR: return d->alignment > 0 && (d->alignment & (d->alignment - 1)) == 0;
        case CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR:
            return d->compute == CUDNN_DATA_FLOAT && d->mode == CUDNN_CROSS_CORRELATION && d->spatial == 2;
        case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR:
            return is_convolution(d->ops[0]) &&
                   (d->n_ops == 1 || (adds_bias(d->ops[1]) && d->ops[1]->x == d->ops[0]->y));
        case CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR: return d->n_uids == d->n_pointers;
        default: return !is_convolution(d) || fake_cudnn_convolution_fits(d);
    }
}

EXPORT cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t which) {
    descriptor *d = which;
    int own       = 0;
    for (int i = 0; i < FIELDS; ++i) own += fields[i].owner == d->type;
    if (d->final || own == 0 || d->set != (1u << own) - 1 || !is_right(d)) return CUDNN_STATUS_BAD_PARAM;
    if (d->type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR && engines[d->config->engine].has_no_plan)
        return CUDNN_STATUS_NOT_SUPPORTED;
    d->final = true;
    return CUDNN_STATUS_SUCCESS;
}

/* ---- heuristics -------------------------------------------------------------------------------------------------- */

/* As the real one, a graph with a bias ignores what it is told of alignment. */
static bool all_aligned(const descriptor *graph) {
    const descriptor *op = graph->ops[0];
    return graph->n_ops == 2 || (op->x->alignment >= 16 && op->w->alignment >= 16 && op->y->alignment >= 16);
}

static cudnnStatus_t list_engines(const descriptor *heuristic, int64_t wanted, int64_t *n, void *values) {
    const bool usual     = heuristic->heuristic == CUDNN_HEUR_MODE_A;
    const int first      = usual ? 0 : FALLBACK;
    descriptor **configs = values;
    *n                   = !usual ? 1 : all_aligned(heuristic->graph) ? FALLBACK : 0;
    for (int64_t i = 0; i < wanted && i < *n; ++i) {
        if (configs[i]->type != CUDNN_BACKEND_ENGINECFG_DESCRIPTOR || configs[i]->final) return CUDNN_STATUS_BAD_PARAM;
        configs[i]->final  = true;
        configs[i]->engine = first + (int)i;
        configs[i]->graph  = heuristic->graph;
    }
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t tell_engine(const descriptor *config, int64_t wanted, int64_t *n, void *values) {
    descriptor *engine = *(descriptor **)values;
    if (wanted != 1 || engine->type != CUDNN_BACKEND_ENGINE_DESCRIPTOR) return CUDNN_STATUS_BAD_PARAM;
    engine->final  = true;
    engine->engine = config->engine;
    *n             = 1;
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t tell_note(int note, int64_t wanted, int64_t *n, void *values) {
    *n = note == NONE ? 0 : 1;
    if (*n > wanted) return CUDNN_STATUS_BAD_PARAM;
    if (*n) memcpy(values, &note, sizeof note);
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t tell_number(int64_t number, int64_t wanted, int64_t *n, void *values) {
    if (wanted != 1) return CUDNN_STATUS_BAD_PARAM;
    memcpy(values, &number, sizeof number);
    *n = 1;
    return CUDNN_STATUS_SUCCESS;
}

EXPORT cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t const of, cudnnBackendAttributeName_t name,
                                              cudnnBackendAttributeType_t type, int64_t wanted, int64_t *n,
                                              void *values) {
    const descriptor *d = of;
    if (!d->final) return CUDNN_STATUS_BAD_PARAM;
    if (name == CUDNN_ATTR_ENGINEHEUR_RESULTS && type == CUDNN_TYPE_BACKEND_DESCRIPTOR)
        return list_engines(d, wanted, n, values);
    if (name == CUDNN_ATTR_ENGINECFG_ENGINE && type == CUDNN_TYPE_BACKEND_DESCRIPTOR)
        return tell_engine(d, wanted, n, values);
    if (name == CUDNN_ATTR_ENGINE_GLOBAL_INDEX && type == CUDNN_TYPE_INT64)
        return tell_number(engines[d->engine].number, wanted, n, values);
    if (name == CUDNN_ATTR_ENGINE_NUMERICAL_NOTE && type == CUDNN_TYPE_NUMERICAL_NOTE)
        return tell_note(engines[d->engine].numerical, wanted, n, values);
    if (name == CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE && type == CUDNN_TYPE_BEHAVIOR_NOTE)
        return tell_note(engines[d->engine].behavior, wanted, n, values);
    if (name == CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE && type == CUDNN_TYPE_INT64)
        return tell_number(engines[d->config->engine].workspace, wanted, n, values);
    return CUDNN_STATUS_BAD_PARAM;
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

void *fake_cudnn_find(const descriptor *pack, const descriptor *tensor) {
    for (int64_t i = 0; i < pack->n_uids; ++i)
        if (pack->uids[i] == tensor->uid)
            return (uintptr_t)pack->pointers[i] % (uintptr_t)tensor->alignment == 0 ? pack->pointers[i] : NULL;
    return NULL;
}

EXPORT cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t of,
                                         cudnnBackendDescriptor_t with) {
    const descriptor *plan = of, *pack = with;
    if (!handle || plan->handle != handle || !plan->final || !pack->final) return CUDNN_STATUS_BAD_PARAM;
    const int engine        = plan->config->engine;
    const int64_t workspace = engines[engine].workspace;
    if (workspace > 0 && (!pack->workspace || (uintptr_t)pack->workspace % 256)) return CUDNN_STATUS_BAD_PARAM;
    if (engines[engine].number == FAKE_CUDNN_REFUSES) return CUDNN_STATUS_NOT_SUPPORTED;
    if (workspace > 0) memset(pack->workspace, 0xAB, (size_t)workspace);
    const bool other_bits = engines[engine].number == FAKE_CUDNN_OTHER_BITS;
    return fake_cudnn_convolve(plan->config->graph, pack, other_bits) ? CUDNN_STATUS_SUCCESS
                                                                      : CUDNN_STATUS_EXECUTION_FAILED;
}

#include "train/diagnosis.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/dtype.h"
#include "core/size.h"
#include "data/augmented.h"
#include "graph/graph_impl.h"
#include "train/graph_calls.h"

/* A value of the batch's graph that may not be finite. */
typedef struct probe {
    glia_value value;
    glia_tensor *tensor;
    int layer;          /* -1: none */
    const char *weight; /* of a gradient: the weight's name; NULL: of the layer's output */
} probe;

/* Of a batch. */
typedef struct diagnosis {
    const gli_suspect *suspect;
    int64_t first, count; /* samples */
    int64_t step;
    glia_model *model;
    glia_context *ctx;
    glia_tensor *in[GLI_MAX_STEP_INPUTS]; /* inputs, then targets */
    bool backward;                        /* the probes are gradients */
    probe *probes;                        /* in the order in which a step computes them */
    int n_probes, capacity;
} diagnosis;

/* ---- Numbers ---- */

/* The first element that is not finite; -1: none. */
static glia_status find(const glia_tensor *tensor, int64_t *at, double *value) {
    const int64_t count = gli_count(tensor);
    gli_block host;
    *at = -1;
    if (!gli_dtype_is_float(tensor->dtype) || count == 0) return GLIA_OK;
    GLI_TRY(gli_tensor_to_block(tensor, "a diagnosis", &host));
    for (int64_t i = 0; *at < 0 && i < count; ++i) {
        *value = gli_load(tensor->dtype, host.data, i);
        if (!isfinite(*value)) *at = i;
    }
    gli_block_free(tensor->ctx, &host);
    return GLIA_OK;
}

enum { PLACE_TEXT = 160 };

/* "is NaN at [2,3]", of an element in a tensor without its first `skipped` dimensions. */
static const char *place_text(const glia_tensor *tensor, int skipped, int64_t at, double value, char *text) {
    int64_t index[GLIA_MAX_DIMS];
    char shape[GLI_SHAPE_TEXT];
    const char *word = isnan(value) ? "NaN" : value > 0 ? "infinite" : "minus infinite";
    for (int i = tensor->ndim - 1; i >= 0; --i) index[i] = at % tensor->dim[i], at /= tensor->dim[i];
    if (tensor->ndim == skipped)
        snprintf(text, PLACE_TEXT, "is %s", word);
    else
        snprintf(text, PLACE_TEXT, "is %s at %s", word, gli_shape_text(tensor->ndim - skipped, index + skipped, shape));
    return text;
}

const char *gli_sample_text(const gli_loader *loader, int64_t position, char text[GLI_SAMPLE_TEXT]) {
    const int64_t sample     = ((const int64_t *)loader->order.data)[position];
    const glia_dataset *kept = gli_dataset_kept(loader->dataset);
    const gli_part *part     = &kept->parts[0];
    const bool view          = kept->n_parts == 1 && part->order.data;
    snprintf(text, GLI_SAMPLE_TEXT, "sample %lld%s", (long long)(view ? gli_part_sample(part, sample) : sample),
             view ? " of the viewed data set" : "");
    return text;
}

static const char *sample_text(const diagnosis *d, int64_t row, char *text) {
    return gli_sample_text(&d->suspect->pass->loader, d->first + row, text);
}

/* ---- Samples and weights ---- */

glia_status gli_batch_create(const gli_pass *p, int64_t count, glia_tensor **out) {
    for (int i = 0; i < p->n_spec; ++i) {
        const glia_shape *sample = &p->spec[i].shape;
        glia_shape shape         = {.ndim = sample->ndim + 1, .dim = {count}};
        memcpy(shape.dim + 1, sample->dim, (size_t)sample->ndim * sizeof *sample->dim);
        GLI_TRY(glia_tensor_create(p->model->ctx, p->spec[i].dtype, shape, &out[i]));
    }
    return GLIA_OK;
}

void gli_batch_destroy(glia_tensor **batch) {
    for (int i = 0; i < GLI_MAX_STEP_INPUTS; ++i) glia_tensor_destroy(batch[i]);
}

static glia_status load_batch(diagnosis *d) {
    GLI_TRY(gli_batch_create(d->suspect->pass, d->count, d->in));
    return gli_loader_gather(&d->suspect->pass->loader, d->first, d->count, d->in, d->in + d->model->n_inputs);
}

static glia_status check_samples(const diagnosis *d) {
    for (int i = 0; i < d->suspect->pass->n_spec; ++i) {
        const glia_tensor *tensor = d->in[i];
        const int target          = i - d->model->n_inputs;
        int64_t at;
        double value;
        char place[PLACE_TEXT], sample[GLI_SAMPLE_TEXT], name[GLI_NAME_SIZE + 16];
        GLI_TRY(find(tensor, &at, &value));
        if (at < 0) continue;
        if (target < 0)
            snprintf(name, sizeof name, "input '%s'", d->model->inputs[i].name);
        else
            snprintf(name, sizeof name, "target %d", target);
        return gli_fail(d->ctx, GLIA_NOT_FINITE, "%s: %s of %s %s", d->suspect->where, name,
                        sample_text(d, at / (gli_count(tensor) / tensor->dim[0]), sample),
                        place_text(tensor, 1, at, value, place));
    }
    return GLIA_OK;
}

static glia_status check_weights(const diagnosis *d) {
    for (int i = 0; i < d->model->n_weights; ++i) {
        const gli_weight *weight = &d->model->weights[i];
        const glia_tensor tensor = gli_weight_view(d->model, weight, d->model->vector, weight->offset);
        int64_t at;
        double value;
        char place[PLACE_TEXT];
        GLI_TRY(find(&tensor, &at, &value));
        GLI_REQUIRE(d->ctx, at < 0, GLIA_NOT_FINITE, "%s: the weight '%s' %s before it", d->suspect->where,
                    weight->name, place_text(&tensor, 0, at, value, place));
    }
    return GLIA_OK;
}

/* ---- Layers ---- */

static glia_status add_probe(diagnosis *d, const glia_graph *graph, const probe *p) {
    const gli_value_info *info = gli_graph_value(graph, p->value);
    if (!info || !gli_dtype_is_float(info->tensor.dtype)) return GLIA_OK;
    GLI_TRY(gli_grow(d->ctx, &d->probes, &d->capacity, d->n_probes + 1, sizeof *d->probes, "a diagnosis"));
    d->probes[d->n_probes++] = *p;
    return GLIA_OK;
}

/* Whether an op of this layer computes its output. */
static bool computes(const glia_model *model, const gli_layer *layer) {
    const gli_model_value *output = layer->output > 0 ? &model->values[layer->output] : NULL;
    return output && output->source == GLI_SOURCE_NODE && output->index >= layer->first_node;
}

static glia_status probe_forward(diagnosis *d, const gli_emission *e, glia_value total) {
    for (int l = 0; l < d->model->n_layers; ++l) {
        const gli_layer *layer = &d->model->layers[l];
        if (computes(d->model, layer))
            GLI_TRY(add_probe(d, e->graph, &(probe){.value = e->map[layer->output], .layer = l}));
    }
    return add_probe(d, e->graph, &(probe){.value = total, .layer = -1});
}

static bool trained(const glia_model *model, int value) {
    return model->values[value].source == GLI_SOURCE_WEIGHT &&
           model->weights[model->values[value].index].offset < model->trained;
}

/* From the last layer to the first: the output of each, then its weights. */
static glia_status probe_backward(diagnosis *d, const gli_emission *e) {
    const glia_model *model = d->model;
    for (int l = model->n_layers - 1; l >= 0; --l) {
        const gli_layer *layer = &model->layers[l];
        if (computes(model, layer))
            GLI_TRY(add_probe(d, e->graph, &(probe){.value = e->map[layer->output], .layer = l}));
        for (int v = 1; v < model->n_values; ++v) {
            const int w = model->values[v].index;
            if (trained(model, v) && w >= layer->first_weight && w < layer->end_weight)
                GLI_TRY(
                    add_probe(d, e->graph, &(probe){.value = e->map[v], .layer = l, .weight = model->weights[w].name}));
        }
    }
    return GLIA_OK;
}

static glia_status run_plan(const diagnosis *d, glia_graph *graph, const glia_value *results, glia_tensor **tensors) {
    glia_plan *plan = NULL;
    GLI_TRY(glia_graph_status(graph));
    for (int i = 0; i < d->n_probes; ++i) {
        GLI_TRY(glia_tensor_create(d->ctx, glia_graph_dtype(graph, results[i]), glia_graph_shape(graph, results[i]),
                                   &d->probes[i].tensor));
        tensors[i] = d->probes[i].tensor;
    }
    GLI_TRY(glia_plan_create(graph, results, d->n_probes, &plan));
    const glia_status status = glia_plan_run(plan, NULL, 0, tensors, d->n_probes);
    glia_plan_destroy(plan);
    return status;
}

/* Computes the probes' values or, of a diagnosis of the backward pass, their gradients. */
static glia_status run_probes(diagnosis *d, glia_graph *graph, glia_value total) {
    const size_t n = (size_t)d->n_probes;
    void *memory;
    GLI_TRY(gli_new(d->ctx, n, 2 * sizeof(glia_value) + sizeof(glia_tensor *), "a diagnosis", &memory));
    glia_tensor **tensors = memory;
    glia_value *values = (glia_value *)(tensors + n), *gradients = values + n;
    glia_status status = GLIA_OK;
    for (size_t i = 0; i < n; ++i) values[i] = d->probes[i].value;
    if (d->backward) status = glia_graph_gradient(graph, total, values, (int)n, gradients);
    if (status == GLIA_OK) status = run_plan(d, graph, d->backward ? gradients : values, tensors);
    gli_free(d->ctx, memory, n, 2 * sizeof(glia_value) + sizeof(glia_tensor *));
    return status;
}

static glia_status emit_and_run(diagnosis *d, gli_emission *e) {
    glia_value given[GLI_MAX_STEP_INPUTS], total;
    for (int i = 0; i < d->suspect->pass->n_spec; ++i) given[i] = glia_graph_tensor(e->graph, "sample", d->in[i]);
    for (int i = 0; i < d->model->n_inputs; ++i) e->input_dtype[i] = d->suspect->pass->spec[i].dtype;
    e->given = given;
    gli_emission_weights(e, d->model->vector, d->model->half);
    e->step = gli_emit_number(e, GLIA_I64, (double)d->step);
    gli_model_emit(e);
    gli_emit_losses(e, d->model->training, given + d->model->n_inputs, &total);
    GLI_TRY(d->backward ? probe_backward(d, e) : probe_forward(d, e, total));
    return run_probes(d, e->graph, total);
}

static glia_status run_batch(diagnosis *d) {
    const size_t n_values = (size_t)d->model->n_values;
    glia_graph *graph;
    void *map;
    GLI_TRY(gli_new(d->ctx, n_values, sizeof(glia_value), "a diagnosis", &map));
    glia_status status = glia_graph_create(d->ctx, &graph);
    if (status == GLIA_OK) {
        gli_emission e = {.model    = d->model,
                          .graph    = graph,
                          .training = d->suspect->pass->kind == GLI_PASS_TRAIN,
                          .batch    = d->count,
                          .map      = map};
        status         = emit_and_run(d, &e);
        glia_graph_destroy(graph);
    }
    gli_free(d->ctx, map, n_values, sizeof(glia_value));
    return status;
}

/* The message of a probe whose element `at` is not finite. */
static glia_status accuse(const diagnosis *d, const probe *p, int64_t at, double value) {
    const glia_tensor *tensor = p->tensor;
    const char *pass = d->backward ? "backward" : "forward", *where = d->suspect->where;
    char place[PLACE_TEXT], sample[GLI_SAMPLE_TEXT];
    if (p->layer < 0)
        return gli_fail(d->ctx, GLIA_NOT_FINITE, "%s: forward: the loss %s, with outputs that are finite", where,
                        place_text(tensor, tensor->ndim, at, value, place));
    const char *label = d->model->layers[p->layer].label;
    if (p->weight)
        return gli_fail(d->ctx, GLIA_NOT_FINITE, "%s: %s: %s: the gradient of '%s' %s", where, pass, label, p->weight,
                        place_text(tensor, 0, at, value, place));
    const bool batched = tensor->ndim > 0 && tensor->dim[0] == d->count;
    return gli_fail(d->ctx, GLIA_NOT_FINITE, "%s: %s: %s: %s output%s%s %s", where, pass, label,
                    d->backward ? "the gradient of its" : "its", batched ? " for " : "",
                    batched ? sample_text(d, at / (gli_count(tensor) / d->count), sample) : "",
                    place_text(tensor, batched, at, value, place));
}

static void free_probes(diagnosis *d) {
    for (int i = 0; i < d->n_probes; ++i) glia_tensor_destroy(d->probes[i].tensor);
    gli_free(d->ctx, d->probes, (size_t)d->capacity, sizeof *d->probes);
    d->probes   = NULL;
    d->n_probes = d->capacity = 0;
}

static glia_status check_layers(diagnosis *d, bool backward) {
    d->backward        = backward;
    glia_status status = run_batch(d);
    for (int i = 0; i < d->n_probes && status == GLIA_OK; ++i) {
        int64_t at;
        double value;
        status = find(d->probes[i].tensor, &at, &value);
        if (status == GLIA_OK && at >= 0) status = accuse(d, &d->probes[i], at, value);
    }
    free_probes(d);
    return status;
}

static glia_status check_forward(diagnosis *d) {
    GLI_TRY(check_samples(d));
    GLI_TRY(check_weights(d));
    return check_layers(d, false);
}

static glia_status check_backward(diagnosis *d) { return check_layers(d, true); }

/* ---- Batches ---- */

static glia_status check_batches(const gli_suspect *s, glia_status (*check)(diagnosis *d)) {
    const int64_t size = s->pass->loader.args.batch_size;
    glia_status status = GLIA_OK;
    for (int64_t k = 0; k * size < s->count && status == GLIA_OK; ++k) {
        diagnosis d = {.suspect = s,
                       .first   = s->first + k * size,
                       .count   = gli_min_i64(size, s->count - k * size),
                       .step    = s->step + k,
                       .model   = s->pass->model,
                       .ctx     = s->pass->model->ctx};
        status      = load_batch(&d);
        if (status == GLIA_OK) status = check(&d);
        gli_batch_destroy(d.in);
    }
    return status;
}

/* Both passes begin with the states that the step began with, which they move on from batch to batch. */
static glia_status check_passes(const gli_suspect *s) {
    GLI_TRY(check_batches(s, check_forward));
    if (s->pass->kind != GLI_PASS_TRAIN) return GLIA_OK;
    GLI_TRY(gli_restore_buffers(s->pass->model));
    return check_batches(s, check_backward);
}

glia_status gli_diagnose(const gli_suspect *s) {
    const glia_status status = check_passes(s);
    if (status == GLIA_NOT_FINITE || status == GLIA_DEVICE_LOST) return status;
    return gli_fail(s->pass->model->ctx, GLIA_NOT_FINITE, "%s: the loss or a gradient is infinite or NaN", s->where);
}

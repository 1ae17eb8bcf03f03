/* Labels and indices out of range, by their place in the data set: an op only knows their place in a batch, and a
 * device notices them late. */
#include <stdio.h>
#include <string.h>

#include "core/size.h"
#include "glia/ops/movement.h"
#include "ops/movement/gather_geom.h"
#include "train/diagnosis.h"

/* The numbers that an index may be: low .. high - 1, and one that is ignored. */
typedef struct range {
    int64_t low, high;
    bool ignore;
    int64_t ignored;
} range;

typedef struct search {
    const gli_pass *pass;
    int64_t first, count; /* of the batch, in the loader's order */
    glia_tensor *in[GLI_MAX_STEP_INPUTS];
} search;

static int64_t load(glia_dtype dtype, const void *data, int64_t i) {
    return dtype == GLIA_I32 ? ((const int32_t *)data)[i] : ((const int64_t *)data)[i];
}

/* Fails at the first index of the tensor that is out of range. who, what: for the message. */
static glia_status check_values(const search *s, const glia_tensor *tensor, const void *data, range allowed,
                                const char *who, const char *what) {
    const int64_t each = gli_count(tensor) / tensor->dim[0];
    for (int64_t i = 0; i < s->count * each; ++i) {
        const int64_t value = load(tensor->dtype, data, i);
        if ((value >= allowed.low && value < allowed.high) || (allowed.ignore && value == allowed.ignored)) continue;
        char sample[GLI_SAMPLE_TEXT];
        return gli_fail(tensor->ctx, GLIA_INVALID_ARGUMENT, "%s: %s: %s of %s is %lld, must be %lld to %lld",
                        s->pass->call, who, what, gli_sample_text(&s->pass->loader, s->first + i / each, sample),
                        (long long)value, (long long)allowed.low, (long long)allowed.high - 1);
    }
    return GLIA_OK;
}

static glia_status check_field(const search *s, int field, range allowed, const char *who, const char *what) {
    const glia_tensor *tensor = s->in[field];
    gli_block host;
    if ((tensor->dtype != GLIA_I32 && tensor->dtype != GLIA_I64) || gli_count(tensor) == 0) return GLIA_OK;
    GLI_TRY(gli_tensor_to_block(tensor, "indices", &host));
    const glia_status status = check_values(s, tensor, host.data, allowed, who, what);
    gli_block_free(tensor->ctx, &host);
    return status;
}

static glia_status check_labels(const search *s) {
    const glia_model *model = s->pass->model;
    for (int o = 0, t = 0; o < model->training->n_outputs && model->n_inputs + t < s->pass->n_spec; ++o) {
        const gli_output *output = &model->training->outputs[o];
        char who[32], what[32];
        if (output->args.loss.kind == GLIA_LOSS_NONE) continue;
        snprintf(who, sizeof who, "output %d", o);
        snprintf(what, sizeof what, "target %d", t);
        const int field     = model->n_inputs + t;
        const bool by_class = gli_loss_by_class(output->args.loss.kind);
        const range allowed = {0, output->classes, output->args.loss.classes.ignore,
                               output->args.loss.classes.ignore_index};
        if (by_class) GLI_TRY(check_field(s, field, allowed, who, what));
        t += gli_output_targets(output);
    }
    return GLIA_OK;
}

/* Inputs of the model that an embedding, or another layer that gathers, reads as they are. */
static glia_status check_gathers(const search *s) {
    const glia_model *model = s->pass->model;
    for (int n = 0; n < model->n_nodes; ++n) {
        const gli_model_node *node = &model->nodes[n];
        if (node->op != &gli_op_gather) continue;
        const gli_model_value *index = &model->values[node->in[GLI_GATHER_INDICES]];
        const glia_tensor *table     = &model->values[node->in[GLI_GATHER_X]].shape;
        const int axis               = ((const glia_gather_params *)node->params)->axis;
        const int64_t rows           = table->dim[axis < 0 ? axis + table->ndim : axis];
        char what[GLI_NAME_SIZE + 16];
        if (index->source != GLI_SOURCE_INPUT) continue;
        snprintf(what, sizeof what, "input '%s'", model->inputs[index->index].name);
        GLI_TRY(
            check_field(s, index->index, (range){.low = -rows, .high = rows}, model->layers[node->layer].label, what));
    }
    return GLIA_OK;
}

/* All samples that the pass has had. */
static glia_status check_samples(search *s) {
    const gli_loader *loader = &s->pass->loader;
    const int64_t size       = gli_min_i64(loader->args.batch_size, loader->next);
    glia_tensor **targets    = s->pass->n_spec > s->pass->model->n_inputs ? s->in + s->pass->model->n_inputs : NULL;
    GLI_TRY(gli_batch_create(s->pass, size, s->in));
    for (s->first = 0; s->first < loader->next; s->first += s->count) {
        s->count = gli_min_i64(size, loader->next - s->first);
        GLI_TRY(gli_loader_gather(loader, s->first, s->count, s->in, targets));
        GLI_TRY(check_labels(s));
        GLI_TRY(check_gathers(s));
    }
    return GLIA_OK;
}

glia_status gli_name_bad_index(const gli_pass *p, glia_status status) {
    glia_context *ctx = p->model->ctx;
    char message[sizeof ctx->message];
    if (status != GLIA_INVALID_ARGUMENT || p->user_failed || !p->loader.dataset || p->loader.next == 0) return status;
    search s = {.pass = p};
    memcpy(message, ctx->message, sizeof message);
    if (check_samples(&s) != GLIA_INVALID_ARGUMENT) memcpy(ctx->message, message, sizeof message);
    gli_batch_destroy(s.in);
    return status;
}

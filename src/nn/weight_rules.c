/* What training may do with weights, by the name of a layer or of a weight: whether it changes them, and how. */
#include <math.h>
#include <string.h>

#include "nn/model_impl.h"

#define MAX_RATE_SCALE 1e6

static bool same_number(glia_optional a, glia_optional b) { return a.set == b.set && (!a.set || a.value == b.value); }

bool gli_weight_rules_equal(const gli_weight_rules *a, const gli_weight_rules *b) {
    return same_number(a->rate_scale, b->rate_scale) && same_number(a->weight_decay, b->weight_decay) &&
           same_number(a->l1, b->l1);
}

/* The weights of a name: one, of no layer here, or those of a layer, from `first` to `end`. */
typedef struct named {
    gli_layer *layer;
    int first, end;
} named;

static glia_status find(const glia_model *model, const char *call, const char *name, named *out) {
    const gli_weight *weight = name ? gli_model_find_weight(model, name) : NULL;
    if (weight) {
        const int i = (int)(weight - model->weights);
        *out        = (named){NULL, i, i + 1};
        return GLIA_OK;
    }
    for (int i = 0; name && i < model->n_layers; ++i) {
        gli_layer *layer = &model->layers[i];
        *out             = (named){layer, layer->first_weight, layer->end_weight};
        if (strcmp(layer->name, name) == 0) return GLIA_OK;
    }
    return gli_fail(model->ctx, GLIA_NOT_FOUND, "%s: no layer or weight is named '%s'", call, name ? name : "NULL");
}

static glia_status set_frozen(glia_model *model, const char *name, bool frozen) {
    named found;
    GLI_TRY(find(model, "glia_model_freeze", name, &found));
    if (found.layer) found.layer->frozen = frozen;
    for (int w = found.first; w < found.end; ++w) model->weights[w].frozen = frozen;
    return GLIA_OK;
}

glia_status glia_model_freeze(glia_model *model, const char *name, bool frozen) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = set_frozen(model, name, frozen);
    gli_leave(model->ctx);
    return status;
}

/* ---- Rules ---- */

/* For weights that training changes: a name of buffers alone is a mistake. */
static glia_status find_trainable(const glia_model *model, const char *call, const char *name, named *out) {
    bool any = false;
    GLI_TRY(find(model, call, name, out));
    for (int w = out->first; w < out->end; ++w) any = any || !model->weights[w].buffer;
    GLI_REQUIRE(model->ctx, any, GLIA_INVALID_ARGUMENT, "%s: %s '%s' %s", call, out->layer ? "layer" : "weight", name,
                out->layer ? "has no weights of its own" : "is a buffer, which is not trained");
    return GLIA_OK;
}

static bool scale_valid(double scale) { return scale >= 0 && scale <= MAX_RATE_SCALE; }

static bool penalty_valid(double penalty) { return penalty >= 0 && isfinite((float)penalty); }

const char *gli_weight_rules_wrong(const gli_weight *weight) {
    const gli_weight_rules *r = &weight->rules;
    if (weight->buffer && (r->rate_scale.set || r->weight_decay.set || r->l1.set))
        return "is a buffer, which has no learning rate and no penalties";
    if (r->rate_scale.set && !scale_valid(r->rate_scale.value)) return "has a rate_scale that is not 0 to 1e6";
    if (r->weight_decay.set && !penalty_valid(r->weight_decay.value)) return "has a weight_decay that is none";
    if (r->l1.set && !penalty_valid(r->l1.value)) return "has an l1 that is no penalty";
    return NULL;
}

static glia_status set_rate_scale(glia_model *model, const char *name, double scale) {
    const char *call = "glia_model_set_rate_scale";
    named found;
    GLI_REQUIRE(model->ctx, scale_valid(scale), GLIA_INVALID_ARGUMENT, "%s: scale is %g, must be 0 to %g", call, scale,
                MAX_RATE_SCALE);
    GLI_TRY(find_trainable(model, call, name, &found));
    for (int w = found.first; w < found.end; ++w) model->weights[w].rules.rate_scale = GLIA_SET(scale);
    return GLIA_OK;
}

glia_status glia_model_set_rate_scale(glia_model *model, const char *name, double scale) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = set_rate_scale(model, name, scale);
    gli_leave(model->ctx);
    return status;
}

static glia_status set_penalties(glia_model *model, const char *name, double weight_decay, double l1) {
    const char *call = "glia_model_set_penalties";
    named found;
    GLI_REQUIRE(model->ctx, penalty_valid(weight_decay) && penalty_valid(l1), GLIA_INVALID_ARGUMENT,
                "%s: weight_decay is %g and l1 %g, must be finite in f32 and not negative", call, weight_decay, l1);
    GLI_TRY(find_trainable(model, call, name, &found));
    for (int w = found.first; w < found.end; ++w) {
        model->weights[w].rules.weight_decay = GLIA_SET(weight_decay);
        model->weights[w].rules.l1           = GLIA_SET(l1);
    }
    return GLIA_OK;
}

glia_status glia_model_set_penalties(glia_model *model, const char *name, double weight_decay, double l1) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = set_penalties(model, name, weight_decay, l1);
    gli_leave(model->ctx);
    return status;
}

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
    gli_layer *layer = name ? gli_model_find_layer(model, name) : NULL;
    GLI_REQUIRE(model->ctx, name, GLIA_INVALID_ARGUMENT, "%s: name is NULL", call);
    GLI_REQUIRE(model->ctx, layer, GLIA_NOT_FOUND, "%s: no layer or weight is named '%s'", call, name);
    *out = (named){layer, layer->first_weight, layer->end_weight};
    return GLIA_OK;
}

static glia_status set_frozen(glia_model *model, const char *name, bool frozen) {
    const char *call = "glia_model_freeze";
    named found      = {0};
    GLI_TRY(gli_require_idle(model, call));
    GLI_TRY(find(model, call, name, &found));
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

/* Changes the rules of the name's weights, but not of buffers, which training does not change: of these alone it is a
 * mistake. What is not set in `rules` stays. */
static glia_status set_rules(glia_model *model, const char *call, const char *name, const gli_weight_rules *rules) {
    named found = {0};
    int changed = 0;
    GLI_TRY(gli_require_idle(model, call));
    GLI_TRY(find(model, call, name, &found));
    for (int w = found.first; w < found.end; ++w) {
        gli_weight_rules *of = &model->weights[w].rules;
        if (model->weights[w].buffer) continue;
        if (rules->rate_scale.set) of->rate_scale = rules->rate_scale;
        if (rules->weight_decay.set) of->weight_decay = rules->weight_decay;
        if (rules->l1.set) of->l1 = rules->l1;
        ++changed;
    }
    GLI_REQUIRE(model->ctx, changed > 0, GLIA_INVALID_ARGUMENT, "%s: %s '%s' %s", call,
                found.layer ? "layer" : "weight", name,
                found.layer ? "has no weights of its own" : "is a buffer, which is not trained");
    return GLIA_OK;
}

static bool scale_valid(double scale) { return scale >= 0 && scale <= MAX_RATE_SCALE; }

static bool penalty_valid(double penalty) { return penalty >= 0 && isfinite((float)penalty); }

glia_status gli_weight_rules_check(glia_context *ctx, const gli_weight *weight) {
    const gli_weight_rules *r = &weight->rules;
    const bool any            = r->rate_scale.set || r->weight_decay.set || r->l1.set;
    GLI_REQUIRE(ctx, !any || !weight->buffer, GLIA_INVALID_ARGUMENT,
                "'%s' is a buffer, which has no learning rate and no penalties", weight->name);
    GLI_REQUIRE(ctx, !r->rate_scale.set || scale_valid(r->rate_scale.value), GLIA_INVALID_ARGUMENT,
                "the rate_scale of '%s' is %g, must be 0 to %g", weight->name, r->rate_scale.value, MAX_RATE_SCALE);
    GLI_REQUIRE(ctx, penalty_valid(r->weight_decay.value) && penalty_valid(r->l1.value), GLIA_INVALID_ARGUMENT,
                "the weight_decay of '%s' is %g and its l1 %g, must be finite in f32 and not negative", weight->name,
                r->weight_decay.value, r->l1.value);
    return GLIA_OK;
}

static glia_status set_rate_scale(glia_model *model, const char *name, double scale) {
    const char *call = "glia_model_set_rate_scale";
    GLI_REQUIRE(model->ctx, scale_valid(scale), GLIA_INVALID_ARGUMENT, "%s: scale is %g, must be 0 to %g", call, scale,
                MAX_RATE_SCALE);
    return set_rules(model, call, name, &(gli_weight_rules){.rate_scale = GLIA_SET(scale)});
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
    GLI_REQUIRE(model->ctx, penalty_valid(weight_decay) && penalty_valid(l1), GLIA_INVALID_ARGUMENT,
                "%s: weight_decay is %g and l1 %g, must be finite in f32 and not negative", call, weight_decay, l1);
    return set_rules(model, call, name,
                     &(gli_weight_rules){.weight_decay = GLIA_SET(weight_decay), .l1 = GLIA_SET(l1)});
}

glia_status glia_model_set_penalties(glia_model *model, const char *name, double weight_decay, double l1) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = set_penalties(model, name, weight_decay, l1);
    gli_leave(model->ctx);
    return status;
}

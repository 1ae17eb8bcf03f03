/* Optimizers as values, and as ops of a step. */
#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>

#include "glia/ops/optimizer.h"
#include "graph/graph_impl.h"
#include "train/training.h"

static glia_optimizer make(glia_optimizer_kind kind, double learning_rate) {
    return (glia_optimizer){.kind = kind, .learning_rate = GLIA_SET(learning_rate)};
}

glia_optimizer glia_optimizer_sgd(double learning_rate) { return make(GLIA_OPTIMIZER_SGD, learning_rate); }

glia_optimizer glia_optimizer_momentum(double learning_rate, double momentum) {
    glia_optimizer o = glia_optimizer_sgd(learning_rate);
    o.sgd.momentum   = momentum;
    return o;
}

glia_optimizer glia_optimizer_nesterov(double learning_rate, double momentum) {
    glia_optimizer o = glia_optimizer_momentum(learning_rate, momentum);
    o.sgd.nesterov   = true;
    return o;
}

glia_optimizer glia_optimizer_adagrad(double learning_rate) {
    glia_optimizer o = make(GLIA_OPTIMIZER_ADAGRAD, learning_rate);
    o.adagrad        = glia_adagrad_defaults();
    return o;
}

glia_optimizer glia_optimizer_rmsprop(double learning_rate) {
    glia_optimizer o = make(GLIA_OPTIMIZER_RMSPROP, learning_rate);
    o.rmsprop        = glia_rmsprop_defaults();
    return o;
}

glia_optimizer glia_optimizer_adam(double learning_rate) {
    glia_optimizer o = make(GLIA_OPTIMIZER_ADAM, learning_rate);
    o.adam           = glia_adam_defaults();
    return o;
}

glia_optimizer glia_optimizer_adamw(double learning_rate, double weight_decay) {
    glia_optimizer o    = glia_optimizer_adam(learning_rate);
    o.adam.weight_decay = weight_decay;
    o.adam.decoupled    = true;
    return o;
}

/* An optimizer's op: its inputs are param, grad, rate, the step where `counts`, the vectors of its state, skip, and
 * half; its outputs new_param, the new state, and new_half. */
typedef struct rule {
    const gli_op *op;
    const void *params;
    bool counts;
    bool state[GLI_MAX_OPTIMIZER_STATE]; /* the vectors that it needs, in the order of the op */
} rule;

static rule rule_of(const glia_optimizer *o) {
    switch (o->kind) {
        case GLIA_OPTIMIZER_SGD: return (rule){&gli_op_sgd, &o->sgd, .state = {o->sgd.momentum != 0}};
        case GLIA_OPTIMIZER_ADAGRAD: return (rule){&gli_op_adagrad, &o->adagrad, .state = {true}};
        case GLIA_OPTIMIZER_RMSPROP:
            return (rule){&gli_op_rmsprop, &o->rmsprop, .state = {true, o->rmsprop.momentum != 0, o->rmsprop.centered}};
        case GLIA_OPTIMIZER_ADAM: return (rule){&gli_op_adam, &o->adam, .counts = true, .state = {true, true}};
        case GLIA_OPTIMIZER_DEFAULT: break;
    }
    return (rule){NULL};
}

/* Where an optimizer's op has its state among its inputs. */
static int first_state(const rule *r) { return r->counts ? 4 : 3; }

const gli_op *gli_optimizer_op(const glia_optimizer *optimizer) { return rule_of(optimizer).op; }

bool gli_optimizer_needs(const glia_optimizer *optimizer, int i) { return rule_of(optimizer).state[i]; }

void gli_optimizer_state_name(const glia_optimizer *optimizer, int i, char *name, size_t size) {
    const rule r = rule_of(optimizer);
    snprintf(name, size, "%s_%s", r.op->name, r.op->inputs[first_state(&r) + i].name);
}

/* Checks the numbers with the resolve of the op, on vectors of one element. */
static glia_status check(glia_context *ctx, const glia_optimizer *o, glia_dtype dtype) {
    glia_tensor vector = {.ctx = ctx}, rate = {.ctx = ctx}, step = {.ctx = ctx};
    const rule r            = rule_of(o);
    const glia_tensor *in[] = {&vector, &vector, &rate, &vector, &vector, &vector};
    alignas(max_align_t) char geom[GLI_MAX_GEOMETRY];
    gli_resolution resolution;
    gli_set_shape(&vector, dtype, 1, (const int64_t[]){1});
    gli_set_shape(&rate, GLIA_F32, 0, NULL);
    gli_set_shape(&step, GLIA_I64, 0, NULL);
    if (r.counts) in[3] = &step;
    return gli_resolve(ctx, r.op, r.params, r.op->n_inputs - 2, in, geom, &resolution);
}

glia_status gli_optimizer_resolve(glia_context *ctx, const glia_optimizer *given, glia_dtype dtype,
                                  glia_optimizer *out) {
    *out = given->kind == GLIA_OPTIMIZER_DEFAULT ? glia_optimizer_adam(1e-3) : *given;
    GLI_REQUIRE(ctx, (unsigned)given->kind <= GLIA_OPTIMIZER_RMSPROP, GLIA_INVALID_ARGUMENT, "invalid optimizer %d",
                (int)given->kind);
    GLI_REQUIRE(ctx, given->kind != GLIA_OPTIMIZER_DEFAULT || !given->learning_rate.set, GLIA_INVALID_ARGUMENT,
                "the optimizer has the learning rate %g and no kind: glia_optimizer_adam(rate) makes one",
                given->learning_rate.value);
    GLI_REQUIRE(ctx, out->learning_rate.set, GLIA_INVALID_ARGUMENT,
                "the optimizer has no learning rate: glia_optimizer_%s(rate) makes it with one", rule_of(out).op->name);
    const double rate = out->learning_rate.value;
    GLI_REQUIRE(ctx, rate >= 0 && rate <= GLI_MAX_LEARNING_RATE, GLIA_INVALID_ARGUMENT,
                "learning_rate is %g, must be 0 to %g", rate, GLI_MAX_LEARNING_RATE);
    return check(ctx, out, dtype);
}

static void set_penalties(const gli_weight_rules *rules, double *weight_decay, double *l1) {
    *weight_decay = gli_value_or(rules->weight_decay, *weight_decay);
    *l1           = gli_value_or(rules->l1, *l1);
}

glia_optimizer gli_optimizer_by_rules(glia_optimizer o, const gli_weight_rules *rules) {
    switch (o.kind) {
        case GLIA_OPTIMIZER_SGD: set_penalties(rules, &o.sgd.weight_decay, &o.sgd.l1); break;
        case GLIA_OPTIMIZER_ADAM: set_penalties(rules, &o.adam.weight_decay, &o.adam.l1); break;
        case GLIA_OPTIMIZER_ADAGRAD: set_penalties(rules, &o.adagrad.weight_decay, &o.adagrad.l1); break;
        case GLIA_OPTIMIZER_RMSPROP: set_penalties(rules, &o.rmsprop.weight_decay, &o.rmsprop.l1); break;
        case GLIA_OPTIMIZER_DEFAULT: break;
    }
    return o;
}

void gli_optimizer_emit(const glia_optimizer *optimizer, glia_graph *graph, const gli_optimizer_values *v,
                        glia_value *out, glia_value *half) {
    const rule r                = rule_of(optimizer);
    glia_value in[GLI_MAX_IN]   = {v->param, v->gradient, v->rate};
    glia_value all[GLI_MAX_OUT] = {{0}};
    const int n_in = r.op->n_inputs, n_out = r.op->n_outputs, first = first_state(&r);
    if (r.counts) in[first - 1] = v->update;
    for (int i = 0; i < GLI_MAX_OPTIMIZER_STATE; ++i)
        if (r.state[i]) in[first + i] = v->state[i];
    in[n_in - 2] = v->skip;
    in[n_in - 1] = v->half;
    gli_graph_call(graph, r.op, r.params, in, n_in, all, n_out);
    for (int o = 0; o < n_out - 1; ++o) out[o] = all[o];
    *half = all[n_out - 1];
}

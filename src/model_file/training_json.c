/* How a model is trained, as a text: its outputs with their losses and metrics, and the args of its compile. */
#include <stddef.h>
#include <string.h>

#include "core/memory.h"
#include "model_file/format.h"

enum { LOSSES = GLIA_LOSS_COUNT, METRICS = GLIA_METRIC_AUC + 1, OPTIMIZERS = GLIA_OPTIMIZER_RMSPROP + 1 };

/* The params of an optimizer, whichever it is: the members of the union begin alike. */
static void *params_of(glia_optimizer *optimizer) { return &optimizer->sgd; }

/* ---- Writing ---- */

static void put_number(gli_json_text *w, const char *key, double number) {
    gli_json_key(w, key);
    gli_json_put_double(w, number);
}

static void put_classes(gli_json_text *w, const gli_output *output) {
    const glia_class_options *classes = &output->args.loss.classes;
    if (classes->label_smoothing != 0) put_number(w, "label_smoothing", classes->label_smoothing);
    if (classes->ignore) {
        gli_json_key(w, "ignore_index");
        gli_json_put_integer(w, classes->ignore_index);
    }
    if (!output->class_weight) return;
    gli_json_key(w, "class_weight");
    gli_json_open(w, '[');
    for (int64_t c = 0; c < output->classes; ++c) gli_json_put_double(w, output->class_weight[c]);
    gli_json_close(w, ']');
}

static void put_loss(gli_json_text *w, const gli_output *output) {
    const glia_model_loss *loss = &output->args.loss;
    gli_json_key(w, "loss");
    gli_json_put_string(w, glia_loss_name(loss->kind));
    if (loss->reduction == GLIA_REDUCTION_SUM) {
        gli_json_key(w, "sum");
        gli_json_put_bool(w, true);
    }
    if (loss->weight.set) put_number(w, "weight", loss->weight.value);
    if (gli_loss_by_class(loss->kind)) put_classes(w, output);
    if (loss->kind == GLIA_LOSS_HUBER) put_number(w, "delta", loss->delta);
    if (loss->kind == GLIA_LOSS_KL) {
        gli_json_key(w, "log_target");
        gli_json_put_bool(w, loss->log_target);
    }
    if (loss->kind == GLIA_LOSS_DICE || loss->kind == GLIA_LOSS_IOU) put_number(w, "smooth", loss->smooth);
    if (loss->kind == GLIA_LOSS_FOCAL) {
        put_number(w, "gamma", loss->focal.gamma);
        put_number(w, "alpha", loss->focal.alpha);
    }
}

static void put_output(gli_json_text *w, const gli_output *output) {
    gli_json_open(w, '{');
    gli_json_key(w, "value");
    gli_json_put_integer(w, output->value);
    if (output->args.loss.kind != GLIA_LOSS_NONE) put_loss(w, output);
    gli_json_key(w, "name");
    gli_json_put_string(w, output->name);
    if (output->args.sample_weights) {
        gli_json_key(w, "sample_weights");
        gli_json_put_bool(w, true);
    }
    gli_json_key(w, "metrics");
    gli_json_open(w, '[');
    for (int k = 0; k < GLIA_MAX_METRICS; ++k)
        if (output->args.metrics[k] != GLIA_METRIC_NONE)
            gli_json_put_string(w, gli_metric_rule_of(output->args.metrics[k])->name);
    gli_json_close(w, ']');
    gli_json_key(w, "top_k");
    gli_json_put_integer(w, output->args.top_k);
    gli_json_close(w, '}');
}

static void put_compile(gli_json_text *w, const gli_compiled *c) {
    glia_optimizer optimizer = c->optimizer;
    const gli_op *op         = gli_optimizer_op(&optimizer);
    gli_json_key(w, "optimizer");
    gli_json_open(w, '{');
    gli_json_key(w, "kind");
    gli_json_put_string(w, op->name);
    put_number(w, "learning_rate", optimizer.learning_rate.value);
    gli_json_key(w, "params");
    gli_params_put(w, op, params_of(&optimizer));
    gli_json_close(w, '}');
    if (c->clip_value != 0) put_number(w, "clip_value", c->clip_value);
    if (c->clip_norm != 0) put_number(w, "clip_norm", c->clip_norm);
    if (c->clip_global_norm != 0) put_number(w, "clip_global_norm", c->clip_global_norm);
    if (c->average_decay == 0) return;
    put_number(w, "average_decay", c->average_decay);
    gli_json_key(w, "average_warmup");
    gli_json_put_bool(w, c->average_warmup);
}

void gli_training_put(gli_json_text *w, const glia_model *model) {
    const gli_training *t = model->training;
    gli_json_open(w, '{');
    gli_json_key(w, "outputs");
    gli_json_open(w, '[');
    for (int i = 0; t && i < t->n_outputs; ++i) put_output(w, &t->outputs[i]);
    gli_json_close(w, ']');
    if (model->compiled) put_compile(w, &t->compiled);
    gli_json_close(w, '}');
}

/* ---- Reading an output ---- */

typedef struct reading {
    glia_model *model;
    glia_compile_args *args;
    bool *compiled;
} reading;

/* Options of losses share memory there, and not here. */
typedef struct output_item {
    glia_model *model;
    char *name;
    int value, loss, top_k, n_metrics, n_weights;
    double smooth, gamma, alpha;
    bool sum, log_target, sample_weights;
    glia_optional weight;
    glia_class_options classes;
    double delta;
    glia_metric metrics[GLIA_MAX_METRICS];
    gli_block class_weight;
} output_item;

static glia_status read_loss(gli_json *json, void *to) {
    const char *names[LOSSES] = {NULL};
    for (int i = GLIA_LOSS_NONE + 1; i < LOSSES; ++i) names[i] = glia_loss_name((glia_loss_kind)i);
    return gli_json_word(json, "the loss", names, LOSSES, &((output_item *)to)->loss);
}

static glia_status read_weight(gli_json *json, void *to) {
    output_item *item = to;
    item->weight.set  = true;
    return gli_json_double(json, &item->weight.value);
}

static glia_status read_ignore_index(gli_json *json, void *to) {
    output_item *item    = to;
    item->classes.ignore = true;
    return gli_json_integer(json, &item->classes.ignore_index);
}

static glia_status read_class_weight(gli_json *json, void *to, int index) {
    output_item *item = to;
    if ((size_t)index == item->class_weight.bytes / sizeof(double)) return gli_json_refuse(json, "end of class_weight");
    item->n_weights = index + 1;
    return gli_json_double(json, (double *)item->class_weight.data + index);
}

/* Memory only for as many as the text can have. */
static glia_status read_class_weights(gli_json *json, void *to) {
    output_item *item        = to;
    const glia_tensor *shape = gli_model_shape(item->model, (glia_value){item->value, NULL});
    const int64_t classes    = shape && shape->ndim > 1 ? shape->dim[1] : 0;
    GLI_REQUIRE(json->ctx, classes > 0 && classes <= (json->end - json->next) / 2, GLIA_BAD_FORMAT,
                "%s: class_weight for value %d, which has %lld classes", json->path, item->value, (long long)classes);
    GLI_TRY(gli_block_alloc(json->ctx, (size_t)classes, sizeof(double), "class weights", &item->class_weight));
    GLI_TRY(gli_json_array(json, read_class_weight, item));
    GLI_REQUIRE(json->ctx, item->n_weights == classes, GLIA_BAD_FORMAT, "%s: %d class weights for %lld classes",
                json->path, item->n_weights, (long long)classes);
    item->classes.class_weight = item->class_weight.data;
    return GLIA_OK;
}

static glia_status read_metric(gli_json *json, void *to, int index) {
    output_item *item          = to;
    const char *names[METRICS] = {NULL};
    int metric;
    if (index == GLIA_MAX_METRICS) return gli_json_refuse(json, "end of the metrics");
    for (int i = GLIA_METRIC_NONE + 1; i < METRICS; ++i) names[i] = gli_metric_rule_of((glia_metric)i)->name;
    GLI_TRY(gli_json_word(json, "a metric", names, METRICS, &metric));
    item->metrics[item->n_metrics++] = (glia_metric)metric;
    return GLIA_OK;
}

static glia_status read_metrics(gli_json *json, void *to) { return gli_json_array(json, read_metric, to); }

static glia_status add_output(const gli_json *json, const output_item *item) {
    glia_output_args args = {.loss           = {.kind      = (glia_loss_kind)item->loss,
                                                .reduction = item->sum ? GLIA_REDUCTION_SUM : GLIA_REDUCTION_MEAN,
                                                .weight    = item->weight},
                             .top_k          = item->top_k,
                             .sample_weights = item->sample_weights,
                             .name           = item->name};
    for (int k = 0; k < GLIA_MAX_METRICS; ++k)
        args.metrics[k] = k < item->n_metrics ? item->metrics[k] : GLIA_METRIC_NONE;
    if (gli_loss_by_class(args.loss.kind)) args.loss.classes = item->classes;
    if (args.loss.kind == GLIA_LOSS_HUBER) args.loss.delta = item->delta;
    if (args.loss.kind == GLIA_LOSS_KL) args.loss.log_target = item->log_target;
    if (args.loss.kind == GLIA_LOSS_DICE || args.loss.kind == GLIA_LOSS_IOU) args.loss.smooth = item->smooth;
    if (args.loss.kind == GLIA_LOSS_FOCAL) args.loss.focal.gamma = item->gamma, args.loss.focal.alpha = item->alpha;
    const glia_status status = glia_model_output(item->model, (glia_value){item->value, item->model}, &args);
    return status == GLIA_OK ? GLIA_OK : gli_explain(json->ctx, status, json->path);
}

static glia_status read_output(gli_json *json, void *to, int index) {
    static const gli_json_field fields[] = {
        {"value", GLI_JSON_INT, true, offsetof(output_item, value), NULL},
        {"loss", GLI_JSON_CALL, false, 0, read_loss},
        {"sum", GLI_JSON_BOOL, false, offsetof(output_item, sum), NULL},
        {"weight", GLI_JSON_CALL, false, 0, read_weight},
        {"label_smoothing", GLI_JSON_DOUBLE, false, offsetof(output_item, classes.label_smoothing), NULL},
        {"ignore_index", GLI_JSON_CALL, false, 0, read_ignore_index},
        {"class_weight", GLI_JSON_CALL, false, 0, read_class_weights},
        {"delta", GLI_JSON_DOUBLE, false, offsetof(output_item, delta), NULL},
        {"log_target", GLI_JSON_BOOL, false, offsetof(output_item, log_target), NULL},
        {"smooth", GLI_JSON_DOUBLE, false, offsetof(output_item, smooth), NULL},
        {"gamma", GLI_JSON_DOUBLE, false, offsetof(output_item, gamma), NULL},
        {"alpha", GLI_JSON_DOUBLE, false, offsetof(output_item, alpha), NULL},
        {"name", GLI_JSON_STRING, true, offsetof(output_item, name), NULL},
        {"sample_weights", GLI_JSON_BOOL, false, offsetof(output_item, sample_weights), NULL},
        {"metrics", GLI_JSON_CALL, true, 0, read_metrics},
        {"top_k", GLI_JSON_INT, true, offsetof(output_item, top_k), NULL},
    };
    output_item item = {.model = ((reading *)to)->model};
    (void)index;
    glia_status status = gli_json_object(json, "an output", fields, GLI_COUNT_OF(fields), &item);
    if (status == GLIA_OK) status = add_output(json, &item);
    gli_block_free(json->ctx, &item.class_weight);
    return status;
}

static glia_status read_outputs(gli_json *json, void *to) { return gli_json_array(json, read_output, to); }

/* ---- Reading the args of the compile ---- */

static glia_status read_kind(gli_json *json, void *to) {
    glia_optimizer *optimizer     = to;
    const char *names[OPTIMIZERS] = {NULL};
    int kind;
    for (int i = GLIA_OPTIMIZER_DEFAULT + 1; i < OPTIMIZERS; ++i)
        names[i] = gli_optimizer_op(&(glia_optimizer){.kind = (glia_optimizer_kind)i})->name;
    GLI_TRY(gli_json_word(json, "the optimizer", names, OPTIMIZERS, &kind));
    optimizer->kind  = (glia_optimizer_kind)kind;
    const gli_op *op = gli_optimizer_op(optimizer);
    memcpy(params_of(optimizer), op->defaults, op->params_size);
    return GLIA_OK;
}

static glia_status read_learning_rate(gli_json *json, void *to) {
    glia_optimizer *optimizer    = to;
    optimizer->learning_rate.set = true;
    return gli_json_double(json, &optimizer->learning_rate.value);
}

static glia_status read_params(gli_json *json, void *to) {
    return gli_params_read(json, "the optimizer", gli_optimizer_op(to), params_of(to));
}

static glia_status read_optimizer(gli_json *json, void *to) {
    static const gli_json_field fields[] = {
        {"kind", GLI_JSON_CALL, true, 0, read_kind},
        {"learning_rate", GLI_JSON_CALL, true, 0, read_learning_rate},
        {"params", GLI_JSON_CALL, true, 0, read_params},
    };
    const reading *r = to;
    *r->compiled     = true;
    return gli_json_object(json, "the optimizer", fields, GLI_COUNT_OF(fields), &r->args->optimizer);
}

static glia_status read_clip_value(gli_json *json, void *to) {
    return gli_json_double(json, &((reading *)to)->args->clip_value);
}

static glia_status read_clip_norm(gli_json *json, void *to) {
    return gli_json_double(json, &((reading *)to)->args->clip_norm);
}

static glia_status read_clip_global_norm(gli_json *json, void *to) {
    return gli_json_double(json, &((reading *)to)->args->clip_global_norm);
}

static glia_status read_average_decay(gli_json *json, void *to) {
    return gli_json_double(json, &((reading *)to)->args->average_decay);
}

static glia_status read_average_warmup(gli_json *json, void *to) {
    return gli_json_bool(json, &((reading *)to)->args->average_warmup);
}

glia_status gli_training_read(gli_json *json, glia_model *model, glia_compile_args *args, bool *compiled) {
    static const gli_json_field fields[] = {
        {"outputs", GLI_JSON_CALL, true, 0, read_outputs},
        {"optimizer", GLI_JSON_CALL, false, 0, read_optimizer},
        {"clip_value", GLI_JSON_CALL, false, 0, read_clip_value},
        {"clip_norm", GLI_JSON_CALL, false, 0, read_clip_norm},
        {"clip_global_norm", GLI_JSON_CALL, false, 0, read_clip_global_norm},
        {"average_decay", GLI_JSON_CALL, false, 0, read_average_decay},
        {"average_warmup", GLI_JSON_CALL, false, 0, read_average_warmup},
    };
    reading r = {model, args, compiled};
    *args     = (glia_compile_args){0};
    *compiled = false;
    GLI_TRY(gli_json_object(json, "the training", fields, GLI_COUNT_OF(fields), &r));
    return gli_json_end(json);
}

/* The definition of a model from a text, by the calls that build any other: they check what a text may claim. */
#include <stdalign.h>
#include <stddef.h>
#include <string.h>

#include "glia/custom.h"
#include "model_file/format.h"
#include "nn/emission.h"
#include "nn/layer.h"

typedef struct reading {
    const glia_model_load_args *args;
    glia_dtype dtype;
    glia_model *model;
    const char *where; /* for messages: the label of the layer that is read, or "the model" */
} reading;

/* What the model says is wrong. Its failure names the layer, where there is one. */
static glia_status check_model(const gli_json *json, const glia_model *model) {
    const glia_status status = model->failure;
    return status == GLIA_OK ? GLIA_OK : gli_fail(json->ctx, status, "%s: %s", json->path, model->message);
}

static glia_status check_size(const gli_json *json, const glia_model *model) {
    GLI_REQUIRE(json->ctx,
                model->n_values < GLI_FILE_MOST_VALUES && model->n_layers < GLI_FILE_MOST_PARTS &&
                    model->n_nodes < GLI_FILE_MOST_PARTS,
                GLIA_UNSUPPORTED, "%s: the model has more than %d values, or %d layers or calls of ops", json->path,
                GLI_FILE_MOST_VALUES, GLI_FILE_MOST_PARTS);
    return GLIA_OK;
}

/* ---- Weights ---- */

typedef struct weight_item {
    char *name;
    glia_shape shape;
    int init;
    gli_weight weight;
} weight_item;

static glia_status read_weight_shape(gli_json *json, void *to) {
    return gli_json_shape(json, &((weight_item *)to)->shape);
}

static glia_status read_init(gli_json *json, void *to) {
    return gli_json_word(json, "init", gli_init_words, GLIA_INIT_ORTHOGONAL + 1, &((weight_item *)to)->init);
}

static glia_status read_optional(gli_json *json, glia_optional *out) {
    out->set = true;
    return gli_json_double(json, &out->value);
}

static glia_status read_rate_scale(gli_json *json, void *to) {
    return read_optional(json, &((weight_item *)to)->weight.rules.rate_scale);
}

static glia_status read_weight_decay(gli_json *json, void *to) {
    return read_optional(json, &((weight_item *)to)->weight.rules.weight_decay);
}

static glia_status read_l1(gli_json *json, void *to) {
    return read_optional(json, &((weight_item *)to)->weight.rules.l1);
}

static glia_status read_weight(gli_json *json, const reading *r, gli_weight *out) {
    static const gli_json_field fields[] = {
        {"name", GLI_JSON_STRING, true, offsetof(weight_item, name), NULL},
        {"shape", GLI_JSON_CALL, true, 0, read_weight_shape},
        {"init", GLI_JSON_CALL, true, 0, read_init},
        {"a", GLI_JSON_DOUBLE, false, offsetof(weight_item, weight.init.a), NULL},
        {"b", GLI_JSON_DOUBLE, false, offsetof(weight_item, weight.init.b), NULL},
        {"fan_in", GLI_JSON_INT64, false, offsetof(weight_item, weight.fan_in), NULL},
        {"fan_out", GLI_JSON_INT64, false, offsetof(weight_item, weight.fan_out), NULL},
        {"zero_row", GLI_JSON_INT64, false, offsetof(weight_item, weight.zero_row), NULL},
        {"frozen", GLI_JSON_BOOL, false, offsetof(weight_item, weight.frozen), NULL},
        {"buffer", GLI_JSON_BOOL, false, offsetof(weight_item, weight.buffer), NULL},
        {"state", GLI_JSON_BOOL, false, offsetof(weight_item, weight.state), NULL},
        {"rate_scale", GLI_JSON_CALL, false, 0, read_rate_scale},
        {"weight_decay", GLI_JSON_CALL, false, 0, read_weight_decay},
        {"l1", GLI_JSON_CALL, false, 0, read_l1},
    };
    weight_item item = {0};
    GLI_TRY(check_size(json, r->model));
    GLI_TRY(gli_json_object(json, "a weight", fields, GLI_COUNT_OF(fields), &item));
    gli_weight *weight = &item.weight;
    GLI_REQUIRE(json->ctx, gli_name_valid(item.name, GLI_NAME_SIZE - 1), GLIA_BAD_FORMAT,
                "%s: %s: the name of a weight must be 1 to %d bytes of UTF-8, none a control character", json->path,
                r->where, GLI_NAME_SIZE - 1);
    memcpy(weight->name, item.name, strlen(item.name) + 1);
    weight->init.kind = (glia_init_kind)item.init;
    weight->ndim      = item.shape.ndim;
    memcpy(weight->dim, item.shape.dim, sizeof weight->dim);
    const int64_t rows = weight->ndim > 0 ? weight->dim[0] : 0;
    GLI_REQUIRE(json->ctx, weight->zero_row <= rows, GLIA_BAD_FORMAT,
                "%s: the zero_row of '%s' is %lld, it has %lld rows", json->path, weight->name,
                (long long)weight->zero_row, (long long)rows);
    GLI_REQUIRE(json->ctx, weight->buffer || !weight->state, GLIA_BAD_FORMAT, "%s: '%s' is a state and no buffer",
                json->path, weight->name);
    *out                     = *weight;
    const glia_status status = gli_weight_rules_check(json->ctx, weight);
    return status == GLIA_OK ? GLIA_OK : gli_explain(json->ctx, status, json->path);
}

static glia_status read_layer_weight(gli_json *json, void *to) {
    reading *r = to;
    gli_weight weight;
    GLI_TRY(read_weight(json, r, &weight));
    gli_model_add_weight(r->model, &weight);
    return check_model(json, r->model);
}

static glia_status read_parameter(gli_json *json, void *to) {
    reading *r = to;
    gli_weight weight;
    GLI_TRY(read_weight(json, r, &weight));
    gli_model_add_parameter(r->model, &weight);
    return check_model(json, r->model);
}

/* ---- Calls of ops ---- */

typedef struct call_item {
    reading *r;
    const gli_op *op;
    alignas(max_align_t) char params[GLI_MAX_PARAMS];
    int in[GLI_MAX_IN], with[GLI_MAX_WITH];
    int n_in, n_with, n_out;
    bool as_layer;
} call_item;

static glia_status read_op(gli_json *json, void *to) {
    call_item *item = to;
    char *name, why[GLI_OP_MISSING_TEXT];
    GLI_TRY(gli_json_string(json, &name));
    item->op = strcmp(name, gli_op_custom.name) == 0 ? &gli_op_custom : gli_op_find(name);
    GLI_REQUIRE(json->ctx, item->op, GLIA_UNSUPPORTED, "%s: %s: %s", json->path, item->r->where,
                gli_op_missing(name, why));
    if (item->op->params_size) memcpy(item->params, item->op->defaults, item->op->params_size);
    return GLIA_OK;
}

static glia_status read_custom(gli_json *json, void *to) {
    call_item *item                  = to;
    const glia_model_load_args *args = item->r->args;
    glia_custom_params *params       = (glia_custom_params *)item->params;
    char *name;
    GLI_TRY(gli_json_string(json, &name));
    GLI_REQUIRE(json->ctx, item->op == &gli_op_custom, GLIA_BAD_FORMAT, "%s: %s: op %s has the name '%s' of its own",
                json->path, item->r->where, item->op->name, name);
    for (int i = 0; i < args->n_custom; ++i)
        if (strcmp(args->custom[i].op->name, name) == 0) return *params = args->custom[i], GLIA_OK;
    return gli_fail(json->ctx, GLIA_NOT_FOUND,
                    "%s: %s: the op '%s' of glia_model_custom is not among the %d of the args", json->path,
                    item->r->where, name, args->n_custom);
}

static glia_status read_custom_number(gli_json *json, void *to, int index) {
    call_item *item            = to;
    glia_custom_params *params = (glia_custom_params *)item->params;
    if (index == GLIA_CUSTOM_NUMBERS || item->op != &gli_op_custom) return gli_json_refuse(json, "end of the numbers");
    return gli_json_double(json, &params->number[index]);
}

static glia_status read_numbers(gli_json *json, void *to) { return gli_json_array(json, read_custom_number, to); }

static glia_status read_params(gli_json *json, void *to) {
    call_item *item = to;
    return gli_params_read(json, item->r->where, item->op, item->params);
}

static glia_status read_value(gli_json *json, int index, int most, int *values, int *n) {
    int64_t value;
    if (index == most) return gli_json_refuse(json, "end of the inputs");
    GLI_TRY(gli_json_count(json, &value));
    if (value >= GLI_FILE_MOST_VALUES) return gli_json_refuse(json, "number of a value");
    values[index] = (int)value;
    *n            = index + 1;
    return GLIA_OK;
}

static glia_status read_input_value(gli_json *json, void *to, int index) {
    call_item *item = to;
    return read_value(json, index, GLI_MAX_IN, item->in, &item->n_in);
}

static glia_status read_with_value(gli_json *json, void *to, int index) {
    call_item *item = to;
    return read_value(json, index, GLI_MAX_WITH, item->with, &item->n_with);
}

static glia_status read_inputs(gli_json *json, void *to) { return gli_json_array(json, read_input_value, to); }
static glia_status read_with(gli_json *json, void *to) { return gli_json_array(json, read_with_value, to); }

/* How many outputs the op has, which may be one of the user's. */
static int outputs_of(const call_item *item) {
    const glia_custom_params *params = (const glia_custom_params *)item->params;
    if (item->op != &gli_op_custom || !params->op) return item->op->n_outputs;
    return params->op->n_out < GLIA_CUSTOM_TENSORS ? params->op->n_out : GLIA_CUSTOM_TENSORS;
}

/* The node gets the states that carry over when it is there: the definition has another batch, and their values may
 * come after the call. */
static glia_status add_call(const gli_json *json, const call_item *item) {
    glia_model *model = item->r->model;
    glia_value in[GLI_MAX_IN], out[GLI_MAX_OUT];
    const int outputs          = outputs_of(item);
    const gli_emitter *emitter = item->as_layer ? gli_emitter_of(item->op, item->n_with) : NULL;
    GLI_REQUIRE(json->ctx, item->n_out >= 1 && item->n_out <= outputs, GLIA_BAD_FORMAT,
                "%s: %s: op %s has %d outputs, can have 1 to %d", json->path, item->r->where, item->op->name,
                item->n_out, outputs);
    GLI_REQUIRE(json->ctx, emitter || (!item->as_layer && item->n_with == 0), GLIA_BAD_FORMAT,
                "%s: %s: layers call op %s as it is", json->path, item->r->where, item->op->name);
    for (int i = 0; i < item->n_in; ++i) {
        const bool state = emitter && (emitter->states >> i & 1);
        in[i]            = (glia_value){state ? 0 : item->in[i], model};
    }
    gli_set_scope(json->ctx, "%s: ", item->r->where);
    const glia_value y = gli_layer_call(model, item->op, item->params, item->n_in, in, item->n_out, out);
    gli_set_scope(json->ctx, NULL);
    if (y.id < 0) return check_model(json, model);
    gli_model_node *node = gli_model_last_node(model);
    for (int i = 0; i < item->n_in; ++i)
        if (emitter && (emitter->states >> i & 1)) node->in[i] = item->in[i];
    node->emitter = emitter;
    node->n_with  = item->n_with;
    memcpy(node->with, item->with, sizeof node->with);
    return GLIA_OK;
}

static glia_status read_call(gli_json *json, void *to) {
    static const gli_json_field fields[] = {
        {"op", GLI_JSON_CALL, true, 0, read_op},
        {"custom", GLI_JSON_CALL, false, 0, read_custom},
        {"numbers", GLI_JSON_CALL, false, 0, read_numbers},
        {"params", GLI_JSON_CALL, false, 0, read_params},
        {"in", GLI_JSON_CALL, true, 0, read_inputs},
        {"with", GLI_JSON_CALL, false, 0, read_with},
        {"out", GLI_JSON_INT, true, offsetof(call_item, n_out), NULL},
        {"as_layer", GLI_JSON_BOOL, false, offsetof(call_item, as_layer), NULL},
    };
    reading *r     = to;
    call_item item = {.r = r};
    GLI_TRY(check_size(json, r->model));
    GLI_TRY(gli_json_object(json, "a call", fields, GLI_COUNT_OF(fields), &item));
    return add_call(json, &item);
}

/* ---- Layers ---- */

typedef struct layer_item {
    reading *r;
    char *name, *kind;
    bool frozen, begun;
    int output;
} layer_item;

/* An object of one key, which says what the value is. */
static glia_status read_one(gli_json *json, const char *what, const gli_json_field *fields, int count, void *to) {
    char *key;
    GLI_TRY(gli_json_take(json, '{'));
    GLI_TRY(gli_json_string(json, &key));
    GLI_TRY(gli_json_take(json, ':'));
    for (int i = 0; i < count; ++i) {
        if (strcmp(fields[i].name, key) != 0) continue;
        GLI_TRY(fields[i].read(json, to));
        return gli_json_take(json, '}');
    }
    return gli_fail(json->ctx, GLIA_UNSUPPORTED, "%s: %s is a '%s', which this library does not know", json->path, what,
                    key);
}

static glia_status read_part(gli_json *json, void *to, int index) {
    static const gli_json_field parts[] = {{.name = "weight", .read = read_layer_weight},
                                           {.name = "call", .read = read_call}};
    (void)index;
    return read_one(json, "a part of a layer", parts, GLI_COUNT_OF(parts), ((layer_item *)to)->r);
}

static glia_status read_parts(gli_json *json, void *to) {
    layer_item *item  = to;
    glia_model *model = item->r->model;
    GLI_REQUIRE(json->ctx, gli_name_valid(item->kind, GLI_NAME_SIZE - 1), GLIA_BAD_FORMAT,
                "%s: the kind of layer '%.64s' must be 1 to %d bytes of UTF-8, none a control character", json->path,
                item->name, GLI_NAME_SIZE - 1);
    item->begun = gli_layer_begin(model, item->kind, item->name, NULL, 0, item->frozen);
    if (!item->begun) return check_model(json, model);
    gli_set_scope(json->ctx, NULL);
    item->r->where = model->layers[model->n_layers - 1].label;
    return gli_json_array(json, read_part, item);
}

/* What had to wait for the layer's end: its states, and its value. */
static glia_status check_layer(const gli_json *json, const layer_item *item) {
    glia_model *model      = item->r->model;
    const gli_layer *layer = &model->layers[model->n_layers - 1];
    for (int i = layer->first_node; i < model->n_nodes; ++i) {
        const gli_model_node *node = &model->nodes[i];
        GLI_REQUIRE(json->ctx, !node->emitter || node->emitter->accept(model, node), GLIA_BAD_FORMAT,
                    "%s: %s: no layer calls op %s like this", json->path, layer->label, node->op->name);
    }
    GLI_REQUIRE(json->ctx, item->output > 0 && item->output < model->n_values, GLIA_BAD_FORMAT,
                "%s: %s: its output is %d, there are values 1 to %d", json->path, layer->label, item->output,
                model->n_values - 1);
    return GLIA_OK;
}

static glia_status read_layer(gli_json *json, void *to) {
    static const gli_json_field fields[] = {
        {"name", GLI_JSON_STRING, true, offsetof(layer_item, name), NULL},
        {"kind", GLI_JSON_STRING, true, offsetof(layer_item, kind), NULL},
        {"frozen", GLI_JSON_BOOL, false, offsetof(layer_item, frozen), NULL},
        {"parts", GLI_JSON_CALL, true, 0, read_parts},
        {"output", GLI_JSON_INT, true, offsetof(layer_item, output), NULL},
    };
    reading *r      = to;
    layer_item item = {.r = r};
    GLI_TRY(check_size(json, r->model));
    glia_status status = gli_json_object(json, "a layer", fields, GLI_COUNT_OF(fields), &item);
    if (status == GLIA_OK) status = check_layer(json, &item);
    if (item.begun) gli_layer_end(r->model, (glia_value){status == GLIA_OK ? item.output : -1, r->model});
    r->where = "the model";
    return status;
}

/* ---- Inputs, and the whole ---- */

typedef struct input_item {
    char *name;
    glia_dtype dtype;
    glia_shape shape;
} input_item;

static glia_status read_input_dtype(gli_json *json, void *to) {
    return gli_json_dtype(json, &((input_item *)to)->dtype);
}

static glia_status read_input_shape(gli_json *json, void *to) {
    return gli_json_shape(json, &((input_item *)to)->shape);
}

static glia_status read_input(gli_json *json, void *to) {
    static const gli_json_field fields[] = {
        {"name", GLI_JSON_STRING, true, offsetof(input_item, name), NULL},
        {"dtype", GLI_JSON_CALL, true, 0, read_input_dtype},
        {"shape", GLI_JSON_CALL, true, 0, read_input_shape},
    };
    glia_model *model = ((reading *)to)->model;
    input_item item   = {0};
    GLI_TRY(gli_json_object(json, "an input", fields, GLI_COUNT_OF(fields), &item));
    if (item.dtype == model->compute)
        glia_model_input(model, item.name, item.shape);
    else
        glia_model_index_input(model, item.name, item.dtype, item.shape);
    return check_model(json, model);
}

static glia_status read_item(gli_json *json, void *to, int index) {
    static const gli_json_field items[] = {{.name = "input", .read = read_input},
                                           {.name = "parameter", .read = read_parameter},
                                           {.name = "layer", .read = read_layer}};
    (void)index;
    return read_one(json, "an item of the model", items, GLI_COUNT_OF(items), to);
}

static glia_status read_dtype(gli_json *json, void *to) { return gli_json_dtype(json, &((reading *)to)->dtype); }

static glia_status read_items(gli_json *json, void *to) {
    reading *r               = to;
    const glia_status status = glia_model_create(json->ctx, &(glia_model_args){.dtype = r->dtype}, &r->model);
    if (status != GLIA_OK) return gli_explain(json->ctx, status, json->path);
    return gli_json_array(json, read_item, r);
}

glia_status gli_definition_read(gli_json *json, const glia_model_load_args *args, glia_model **out) {
    static const gli_json_field fields[] = {
        {"dtype", GLI_JSON_CALL, true, 0, read_dtype},
        {"items", GLI_JSON_CALL, true, 0, read_items},
    };
    reading r          = {.args = args, .where = "the model"};
    glia_status status = gli_json_object(json, "the model", fields, GLI_COUNT_OF(fields), &r);
    if (status == GLIA_OK) status = gli_json_end(json);
    if (status == GLIA_OK)
        *out = r.model;
    else
        glia_model_destroy(r.model);
    return status;
}

/* The state of a model by name. States are numbered: the weights, then the optimizer's, then the numbers of training.
 */
#include "glia/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/dtype.h"
#include "train/loss_scale.h"
#include "train/scores.h"
#include "train/trainer.h"

/* Numbers of training, 8 bytes each. */
enum { STEP, UPDATE, EPOCH, COMPILED_EPOCH, POSITION, EPOCH_SAMPLES, SEED, LEARNING_RATE, NUMBERS };

static const struct number {
    const char *name;
    glia_state_kind kind;
    glia_dtype dtype;
    int64_t most; /* of a counter, which begins at 0 */
} numbers[NUMBERS] = {
    [STEP]           = {"glia/step", GLIA_STATE_PROGRESS, GLIA_I64, INT64_MAX / 2},
    [UPDATE]         = {"glia/update", GLIA_STATE_PROGRESS, GLIA_I64, INT64_MAX / 2},
    [EPOCH]          = {"glia/epoch", GLIA_STATE_PROGRESS, GLIA_I64, UINT32_MAX},
    [COMPILED_EPOCH] = {"glia/compiled_epoch", GLIA_STATE_PROGRESS, GLIA_I64, UINT32_MAX},
    [POSITION]       = {"glia/position", GLIA_STATE_PROGRESS, GLIA_I64, INT64_MAX / 2},
    [EPOCH_SAMPLES]  = {"glia/epoch_samples", GLIA_STATE_PROGRESS, GLIA_I64, INT64_MAX / 2},
    [SEED]           = {"glia/seed", GLIA_STATE_PROGRESS, GLIA_I64, 0},
    [LEARNING_RATE]  = {"glia/learning_rate", GLIA_STATE_OPTIMIZER, GLIA_F64, 0},
};

static const char sums_name[] = "glia/sums", scores_name[] = "glia/scores";

static const char *const loss_scale_names[GLI_LOSS_SCALES] = {
    [GLI_LOSS_SCALE]            = "glia/loss_scale",
    [GLI_LOSS_SCALE_GOOD_STEPS] = "glia/loss_scale_good_steps",
    [GLI_LOSS_SCALE_UPDATES]    = "glia/loss_scale_updates",
};

/* What follows the numbers, each where there is one. */
enum { SUMS = NUMBERS, SCORES, LOSS_SCALE };

/* Where a number is kept. */
static void *number_of(glia_model *model, int i) {
    gli_training *t             = model->training;
    void *const fields[NUMBERS] = {
        [STEP]           = &t->batches,
        [UPDATE]         = &t->compiled.updates,
        [EPOCH]          = &t->epochs,
        [COMPILED_EPOCH] = &t->compiled.epochs,
        [POSITION]       = t->in_epoch ? &t->in_epoch->pass.loader.next : &t->position,
        [EPOCH_SAMPLES]  = &t->epoch_samples,
        [SEED]           = &model->seed,
        [LEARNING_RATE]  = &t->compiled.learning_rate,
    };
    return fields[i];
}

/* ---- Slots: parts of the vectors that are kept ---- */

bool gli_vector_kept(const gli_compiled *c, int i) {
    return i == GLI_AVERAGE ? c->average_decay > 0 : gli_optimizer_needs(&c->optimizer, i);
}

static int slots_of_a_weight(const gli_compiled *c) {
    int count = 0;
    for (int i = 0; i < GLI_VECTORS; ++i) count += gli_vector_kept(c, i);
    return count;
}

void gli_slot_name(const gli_compiled *c, const gli_weight *weight, int i, char name[GLI_STATE_NAME_SIZE]) {
    const int at = snprintf(name, GLI_STATE_NAME_SIZE, "%s/", weight->name);
    if (i == GLI_AVERAGE)
        snprintf(name + at, GLI_STATE_NAME_SIZE - (size_t)at, "ema");
    else
        gli_optimizer_state_name(&c->optimizer, i, name + at, GLI_STATE_NAME_SIZE - (size_t)at);
}

static int by_weight(const void *a, const void *b) {
    const gli_slot *x = a, *y = b;
    return (x->weight > y->weight) - (x->weight < y->weight);
}

/* The number of a slot; -1: no slot has this name. */
static int find_slot(const glia_model *model, const gli_compiled *c, const char *name) {
    char weight_name[GLI_NAME_SIZE];
    const char *slash = strrchr(name, '/');
    const int count   = slots_of_a_weight(c);
    if (!slash || slash - name >= GLI_NAME_SIZE || c->n_slots == 0) return -1;
    snprintf(weight_name, sizeof weight_name, "%.*s", (int)(slash - name), name);
    const gli_weight *weight = gli_model_find_weight(model, weight_name);
    if (!weight) return -1;
    const gli_slot key = {.weight = (int)(weight - model->weights)};
    const gli_slot *first =
        bsearch(&key, c->slots, (size_t)(c->n_slots / count), (size_t)count * sizeof key, by_weight);
    for (int i = 0; first && i < count; ++i)
        if (strcmp(first[i].name, name) == 0) return (int)(first - c->slots) + i;
    return -1;
}

/* Of a number, or of what follows the numbers; -1: none of these. */
static int find_number(const char *name) {
    for (int i = 0; i < NUMBERS; ++i)
        if (strcmp(numbers[i].name, name) == 0) return i;
    for (int i = 0; i < GLI_LOSS_SCALES; ++i)
        if (strcmp(loss_scale_names[i], name) == 0) return LOSS_SCALE + i;
    return strcmp(sums_name, name) == 0 ? SUMS : strcmp(scores_name, name) == 0 ? SCORES : -1;
}

static void name_slots(const glia_model *model, const int64_t *offset, int64_t trained, gli_compiled *c) {
    gli_slot *slot = c->slots;
    for (int w = 0; w < model->n_weights; ++w) {
        for (int i = 0; i < GLI_VECTORS && offset[w] < trained; ++i) {
            if (!gli_vector_kept(c, i)) continue;
            slot->weight = w;
            slot->vector = i;
            gli_slot_name(c, &model->weights[w], i, slot->name);
            ++slot;
        }
    }
}

glia_status gli_slots_make(const glia_model *model, const gli_weight_layout *layout, gli_compiled *c) {
    const int64_t *offset = layout->offsets.data;
    int trained           = 0;
    void *memory;
    for (int w = 0; w < model->n_weights; ++w) trained += offset[w] < layout->trained;
    const int count = trained * slots_of_a_weight(c);
    GLI_TRY(gli_new(model->ctx, (size_t)count, sizeof *c->slots, "the names of states", &memory));
    c->slots   = memory;
    c->n_slots = count;
    name_slots(model, offset, layout->trained, c);
    for (int w = 0; w < model->n_weights; ++w) {
        const char *name = model->weights[w].name;
        GLI_REQUIRE(model->ctx, find_number(name) < 0 && find_slot(model, c, name) < 0, GLIA_INVALID_ARGUMENT,
                    "glia_model_compile: the weight name '%s' is that of a state of training", name);
    }
    return GLIA_OK;
}

/* ---- States by number and by name ---- */

typedef struct state {
    const char *name;
    glia_state_kind kind;
    gli_weight *weight;  /* NULL: it is of none */
    glia_tensor *vector; /* of the optimizer, which has a part for the weight; NULL: the state is the weight itself */
    glia_tensor *tensor; /* the state is all of it: the sums, or a number of the loss scale; NULL: it is not */
    bool scores;         /* the state is these */
    bool loss_scale;     /* `number` is one of GLI_LOSS_SCALES */
    int number;
} state;

/* NULL before the first compile. */
static const gli_compiled *compiled_of(const glia_model *model) {
    return model->training && model->training->compiled.counters ? &model->training->compiled : NULL;
}

/* What is number `place` of those that follow the numbers: some may not be there. */
static int following(const glia_model *model, const gli_compiled *c, int place) {
    if (place >= SUMS && !c->sums[GLI_SUMS_TRAINING]) ++place;
    if (place >= SCORES && !gli_scores_kept(model->training)) ++place;
    return place;
}

static int states_that_follow(const glia_model *model, const gli_compiled *c) {
    return (c->sums[GLI_SUMS_TRAINING] != NULL) + gli_scores_kept(model->training) +
           (c->loss_scale[GLI_LOSS_SCALE] ? GLI_LOSS_SCALES : 0);
}

/* The other way round; -1: the model has none. */
static int place_of(const glia_model *model, const gli_compiled *c, int number) {
    for (int i = 0; number >= NUMBERS && i < states_that_follow(model, c); ++i)
        if (following(model, c, NUMBERS + i) == number) return NUMBERS + i;
    return number >= NUMBERS ? -1 : number;
}

static bool state_that_follows(const glia_model *model, const gli_compiled *c, int place, state *out) {
    if (place - NUMBERS >= states_that_follow(model, c)) return false;
    const int number = following(model, c, place);
    if (number == SUMS)
        *out = (state){sums_name, GLIA_STATE_PROGRESS, .tensor = c->sums[GLI_SUMS_TRAINING]};
    else if (number == SCORES)
        *out = (state){scores_name, GLIA_STATE_PROGRESS, .scores = true};
    else
        *out = (state){loss_scale_names[number - LOSS_SCALE], GLIA_STATE_OPTIMIZER,
                       .tensor = c->loss_scale[number - LOSS_SCALE], .loss_scale = true, .number = number - LOSS_SCALE};
    return true;
}

static bool state_at(const glia_model *model, int index, state *out) {
    const gli_compiled *c = compiled_of(model);
    if (index < 0) return false;
    const int slot = index - model->n_weights, number = slot - (c ? c->n_slots : 0);
    if (slot < 0) {
        gli_weight *weight         = &model->weights[index];
        const glia_state_kind kind = weight->state    ? GLIA_STATE_RECURRENT
                                     : weight->buffer ? GLIA_STATE_BUFFER
                                                      : GLIA_STATE_WEIGHT;
        *out                       = (state){weight->name, kind, .weight = weight};
    } else if (c && number < 0) {
        const gli_slot *s = &c->slots[slot];
        *out = (state){s->name, GLIA_STATE_OPTIMIZER, &model->weights[s->weight], .vector = c->state[s->vector]};
    } else if (c && number < NUMBERS) {
        *out = (state){numbers[number].name, numbers[number].kind, .number = number};
    } else {
        return c && state_that_follows(model, c, number, out);
    }
    return true;
}

static int find(const glia_model *model, const char *name) {
    const gli_compiled *c    = compiled_of(model);
    const gli_weight *weight = gli_model_find_weight(model, name);
    if (weight) return (int)(weight - model->weights);
    if (!c) return -1;
    const int slot = find_slot(model, c, name), number = place_of(model, c, find_number(name));
    return slot >= 0 ? model->n_weights + slot : number >= 0 ? model->n_weights + c->n_slots + number : -1;
}

static glia_status get_state(const glia_model *model, const char *call, const char *name, state *out) {
    GLI_REQUIRE(model->ctx, name && state_at(model, find(model, name), out), GLIA_NOT_FOUND,
                "%s: no state is named '%s'", call, name ? name : "NULL");
    return GLIA_OK;
}

static glia_tensor scores_view(const glia_model *model, int64_t n) {
    glia_tensor scores = {.ctx = model->ctx};
    gli_set_shape(&scores, GLIA_F64, 2, (const int64_t[]){n, GLI_SCORE_COLUMNS});
    return scores;
}

/* Its dtype and shape, and of the optimizer's the data. */
static glia_tensor view_of(const glia_model *model, const state *s) {
    glia_tensor number = {.ctx = model->ctx};
    if (s->tensor) return *s->tensor;
    if (s->weight) return gli_weight_view(model, s->weight, s->vector, s->weight->offset);
    if (s->scores) return scores_view(model, gli_scores_count(model->training));
    gli_set_shape(&number, numbers[s->number].dtype, 0, NULL);
    return number;
}

int glia_model_state_count(const glia_model *model) {
    const gli_compiled *c = model ? compiled_of(model) : NULL;
    if (!c) return glia_model_weight_count(model);
    return glia_model_weight_count(model) + c->n_slots + NUMBERS + states_that_follow(model, c);
}

const char *glia_model_state_name(const glia_model *model, int index) {
    state s;
    return model && state_at(model, index, &s) ? s.name : NULL;
}

static glia_status describe(const glia_model *model, const char *name, glia_state_info *out) {
    state s;
    GLI_TRY(get_state(model, "glia_model_state_info", name, &s));
    GLI_REQUIRE(model->ctx, out, GLIA_INVALID_ARGUMENT, "glia_model_state_info: out is NULL");
    const glia_tensor view = view_of(model, &s);
    *out                   = (glia_state_info){.name  = s.name,
                                               .kind  = s.kind,
                                               .dtype = view.dtype,
                                               .shape = glia_tensor_shape(&view),
                                               .bytes = (size_t)gli_count(&view) * glia_dtype_size(view.dtype)};
    return GLIA_OK;
}

glia_status glia_model_state_info(const glia_model *model, const char *name, glia_state_info *out) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = describe(model, name, out);
    gli_leave(model->ctx);
    return status;
}

static glia_status get(const glia_model *model, const char *name, void *values, size_t bytes) {
    const char *call = "glia_model_state_get";
    state s;
    GLI_TRY(get_state(model, call, name, &s));
    if (s.vector) GLI_TRY(gli_require_weights(model, call));
    const glia_tensor view = view_of(model, &s);
    GLI_TRY(gli_check_values(&view, call, name, values, bytes));
    if (s.vector || s.tensor) return glia_tensor_read(&view, values, bytes);
    if (s.weight) return gli_weight_read(model, call, s.weight, values);
    if (s.scores) return gli_scores_get(model->training, values), GLIA_OK;
    memcpy(values, number_of((glia_model *)model, s.number), bytes);
    return GLIA_OK;
}

glia_status glia_model_state_get(const glia_model *model, const char *name, void *values, size_t bytes) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = get(model, name, values, bytes);
    gli_leave(model->ctx);
    return status;
}

/* Plans have the seed in their calls, and a pass its order. */
static glia_status set_seed(glia_model *model, const void *value) {
    gli_compiled *c = &model->training->compiled;
    GLI_REQUIRE(model->ctx, model->users == 0, GLIA_BUSY,
                "glia_model_state_set: '%s' while a pass over a data set is under way", numbers[SEED].name);
    gli_steps_free(model->ctx, c->steps);
    c->steps = NULL;
    memcpy(&model->seed, value, sizeof model->seed);
    return GLIA_OK;
}

static glia_status set_learning_rate(glia_model *model, const void *value) {
    double rate;
    memcpy(&rate, value, sizeof rate);
    return glia_model_set_learning_rate(model, rate);
}

static glia_status set_number(glia_model *model, int i, const void *value) {
    int64_t count;
    GLI_REQUIRE(model->ctx, i == LEARNING_RATE || i == SEED || !model->training->in_epoch, GLIA_BUSY,
                "glia_model_state_set: '%s' while an epoch is under way", numbers[i].name);
    if (i == SEED) return set_seed(model, value);
    if (i == LEARNING_RATE) return set_learning_rate(model, value);
    memcpy(&count, value, sizeof count);
    GLI_REQUIRE(model->ctx, count >= 0 && count <= numbers[i].most, GLIA_INVALID_ARGUMENT,
                "glia_model_state_set: '%s' is %lld, must be 0 to %lld", numbers[i].name, (long long)count,
                (long long)numbers[i].most);
    memcpy(number_of(model, i), &count, sizeof count);
    return GLIA_OK;
}

static glia_status set_scores(glia_model *model, const char *call, const void *values, size_t bytes) {
    const int64_t n        = (int64_t)(bytes / (GLI_SCORE_COLUMNS * sizeof(double)));
    const glia_tensor view = scores_view(model, n);
    GLI_TRY(gli_check_values(&view, call, scores_name, values, bytes));
    return gli_scores_set(model->ctx, model->training, call, values, n);
}

static glia_status set(glia_model *model, const char *name, const void *values, size_t bytes) {
    const char *call = "glia_model_state_set";
    state s;
    GLI_TRY(gli_require_idle(model, call));
    GLI_TRY(get_state(model, call, name, &s));
    if (s.weight || s.vector) GLI_TRY(gli_require_weights(model, call));
    if (s.scores) return set_scores(model, call, values, bytes);
    glia_tensor view = view_of(model, &s);
    GLI_TRY(gli_check_values(&view, call, name, values, bytes));
    if (s.loss_scale) GLI_TRY(gli_loss_scale_accept(model->ctx, call, name, s.number, values));
    if (s.vector || s.tensor) return glia_tensor_write(&view, values, bytes);
    return s.weight ? gli_weight_write(model, s.weight, values) : set_number(model, s.number, values);
}

glia_status glia_model_state_set(glia_model *model, const char *name, const void *values, size_t bytes) {
    GLI_REQUIRE_OBJECT(model);
    GLI_TRY(gli_enter(model->ctx));
    const glia_status status = set(model, name, values, bytes);
    gli_leave(model->ctx);
    return status;
}

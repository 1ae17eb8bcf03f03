/* Reading augmented samples, on the host. */
#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/dtype.h"
#include "core/float_mode.h"
#include "core/size.h"
#include "core/tensor_impl.h"
#include "data/augment_planes.h"
#include "data/augment_roles.h"

/* ---- One sample ---- */

/* What was drawn for a sample, and the numbers of it and of its partner, by column. */
typedef struct made_of {
    gli_two_pictures two;
    void *own[GLI_MAX_COLUMNS], *partner[GLI_MAX_COLUMNS];
} made_of;

static gli_picture picture_of(const gli_augmentation *a, const void *values) {
    return (gli_picture){.floats = values, .stride = {(int64_t)a->from_height * a->from_width, a->from_width, 1}};
}

static void make_mask(const gli_augmented *s, const made_of *m, int column, void *to) {
    const gli_data_field *field = gli_column_field(s->of, column);
    const gli_augmentation *a   = &s->of_picture;
    uint64_t fill;
    gli_store(field->delivered, &fill, 0, s->params[column].fill);
    const gli_mask_pair mask = {.values = {m->own[column], m->partner[column]},
                                .fill   = &fill,
                                .size   = glia_dtype_size(field->delivered),
                                .planes = (int)(field->elements / ((int64_t)a->from_height * a->from_width))};
    gli_augment_mask(a, &m->two, &mask, to);
}

static glia_status make_classes(const gli_augmented *s, const made_of *m, int column, int64_t sample, float *to,
                                gli_reading *reading) {
    const int classes     = s->params[column].classes;
    const bool wide       = gli_column_field(s->of, column)->delivered == GLIA_I64;
    const void *values[2] = {m->own[column], m->partner[column]};
    int64_t label[2];
    for (int i = 0; i < 2; ++i) {
        label[i] = wide ? *(const int64_t *)values[i] : *(const int32_t *)values[i];
        if (label[i] >= 0 && label[i] < classes) continue;
        if (reading->ctx) reading->failures = reading->ctx->failures;
        snprintf(reading->message, sizeof reading->message, "'%s' is %lld, must be 0 to %d",
                 s->of->columns[column].name, (long long)label[i], classes - 1);
        return gli_reading_fail(reading, GLIA_INVALID_ARGUMENT, "the augmentation",
                                i == 0 ? sample : (int64_t)m->two.mixture.partner);
    }
    for (int k = 0; k < classes; ++k) to[k] = gli_class_share(&m->two.mixture, k, label[0], label[1]);
    return GLIA_OK;
}

static void make_mixed(const gli_augmented *s, const made_of *m, int column, float *to) {
    const float *own = m->own[column], *partner = m->partner[column];
    const int64_t n = gli_column_field(s->of, column)->elements;
    for (int64_t i = 0; i < n; ++i) to[i] = gli_mixed_number(&m->two.mixture, own[i], partner[i]);
}

static void make_boxes(const gli_augmented *s, const made_of *m, int column, float *to) {
    const float *from = m->own[column];
    const int64_t n   = gli_column_field(s->of, column)->elements;
    for (int64_t i = 0; i < n; i += GLI_BOX_NUMBERS)
        gli_augmented_box(&s->of_picture, &m->two.drawn[0], from + i, to + i);
}

/* The class of a box stays where the box does. */
static void make_box_classes(const gli_augmented *s, const made_of *m, int column, char *to) {
    const gli_data_field *field = gli_column_field(s->of, column);
    const float *boxes          = m->own[s->boxes];
    const size_t size           = glia_dtype_size(field->delivered);
    memcpy(to, m->own[column], gli_field_bytes(field));
    for (int64_t i = 0; i < field->elements; ++i) {
        float made[GLI_BOX_NUMBERS];
        gli_augmented_box(&s->of_picture, &m->two.drawn[0], boxes + i * GLI_BOX_NUMBERS, made);
        if (!gli_is_box(made)) gli_store(field->delivered, to + (size_t)i * size, 0, -1);
    }
}

static glia_status make(const gli_augmented *s, const made_of *m, int64_t sample, void *const *to,
                        gli_reading *reading) {
    for (int i = 0; i < gli_dataset_columns(s->of); ++i) {
        if (!to[i]) continue;
        switch (s->params[i].role) {
            case GLIA_TAKE_PLAIN: break; /* was read to its place */
            case GLIA_TAKE_PICTURE: gli_augment_picture(&s->of_picture, &m->two, to[i]); break;
            case GLIA_TAKE_MASK: make_mask(s, m, i, to[i]); break;
            case GLIA_TAKE_CLASSES: GLI_TRY(make_classes(s, m, i, sample, to[i], reading)); break;
            case GLIA_TAKE_MIXED: make_mixed(s, m, i, to[i]); break;
            case GLIA_TAKE_BOXES: make_boxes(s, m, i, to[i]); break;
            case GLIA_TAKE_BOX_CLASSES: make_box_classes(s, m, i, to[i]); break;
        }
    }
    return GLIA_OK;
}

/* Whether the sample's own numbers of a column are read somewhere else than to their place. */
static bool is_read_aside(const gli_augmented *s, int column, void *const *to) {
    bool classes = false;
    for (int i = 0; i < gli_dataset_columns(s->of); ++i)
        classes = classes || (to[i] && s->params[i].role == GLIA_TAKE_BOX_CLASSES);
    return s->params[column].role != GLIA_TAKE_PLAIN && (to[column] || (classes && column == s->boxes));
}

/* Draws for a sample, and reads it and its partner; scratch: of the store. */
static glia_status read_parts(const gli_augmented *s, int64_t sample, void *const *to, char *scratch,
                              gli_reading *reading, made_of *m) {
    const gli_augmentation *a = &s->of_picture;
    const gli_draw_key key    = {(uint32_t)sample, (uint32_t)reading->epoch};
    m->two.mixture            = gli_draw_mixture(a, key, (uint32_t)s->of->count);
    gli_draw(a, key, &m->two.drawn[0]);
    const bool mixes = m->two.mixture.kind != GLIA_TRANSFORM_NONE;
    for (int i = 0; i < gli_dataset_columns(s->of); ++i) {
        const size_t bytes = gli_field_bytes(gli_column_field(s->of, i));
        m->own[i]          = s->params[i].role == GLIA_TAKE_PLAIN ? to[i] : NULL;
        m->partner[i]      = NULL;
        if (!is_read_aside(s, i, to)) continue;
        scratch = gli_place(&m->own[i], bytes, scratch);
        if (mixes) scratch = gli_place(&m->partner[i], bytes, scratch);
    }
    GLI_TRY(gli_sample_read(s->of, sample, m->own, scratch, reading));
    if (mixes) {
        gli_draw(a, (gli_draw_key){m->two.mixture.partner, key.epoch}, &m->two.drawn[1]);
        GLI_TRY(gli_sample_read(s->of, m->two.mixture.partner, m->partner, scratch, reading));
    } else {
        memcpy(m->partner, m->own, sizeof m->own);
    }
    m->two.picture[0] = picture_of(a, m->own[s->picture]);
    m->two.picture[1] = picture_of(a, m->partner[s->picture]);
    return GLIA_OK;
}

static glia_status read_augmented(const gli_data_store *store, int64_t sample, void *const *to, char *scratch,
                                  gli_reading *reading) {
    const gli_augmented *s = store->state;
    made_of m              = {0};
    GLI_TRY(read_parts(s, sample, to, scratch, reading, &m));
    const uint64_t before    = gli_float_mode_enter(false); /* as a device, which keeps what is below normal */
    const glia_status status = make(s, &m, sample, to, reading);
    gli_float_mode_leave(before);
    return status;
}

/* ---- The dataset ---- */

static void destroy_augmented(gli_data_store *store) {
    gli_augmented *s = store->state;
    glia_dataset_destroy(s->of);
    gli_free(store->ctx, s, 1, sizeof *s);
}

static const char *name_of_augmented(const gli_data_store *store, int64_t sample) {
    return glia_dataset_sample_name(((const gli_augmented *)store->state)->of, sample);
}

static const gli_reader augmented_reader = {read_augmented, destroy_augmented, name_of_augmented};

const gli_augmented *gli_dataset_augmented(const glia_dataset *dataset) {
    const gli_data_store *store = dataset->n_parts > 0 ? dataset->parts[0].store : NULL;
    return store && store->reader == &augmented_reader ? store->state : NULL;
}

/* A column as it is made. */
static glia_field made_field(const gli_augmented *s, int column) {
    const gli_data_field *field = gli_column_field(s->of, column);
    const glia_take_role role   = s->params[column].role;
    glia_field made             = {.dtype = field->delivered, .shape = field->shape};
    if (role == GLIA_TAKE_CLASSES)
        made = (glia_field){.dtype = GLIA_F32, .shape = GLIA_SHAPE(s->params[column].classes)};
    if (role == GLIA_TAKE_PICTURE || role == GLIA_TAKE_MASK) {
        made.shape.dim[made.shape.ndim - 2] = s->of_picture.height;
        made.shape.dim[made.shape.ndim - 1] = s->of_picture.width;
    }
    return made;
}

static glia_status describe(glia_dataset *dataset, const char *call, const gli_augmented *s) {
    for (int i = 0; i < gli_dataset_columns(dataset); ++i) {
        const gli_data_field *field = gli_column_field(s->of, i);
        const glia_field made       = made_field(s, i);
        GLI_TRY(gli_dataset_shape(dataset, call, i, &made));
        GLI_TRY(gli_dataset_name(dataset, call, i, s->of->columns[i].name));
        gli_byte_scales_copy(field, &gli_own_store(dataset)->fields[i]);
        GLI_TRY(gli_class_names_copy(dataset->ctx, field, &gli_own_store(dataset)->fields[i]));
    }
    return GLIA_OK;
}

static glia_status fill(glia_dataset *dataset, glia_dataset *of, const glia_augment_args *args, uint64_t seed,
                        const char *call) {
    gli_data_store *store = gli_own_store(dataset);
    GLI_TRY(gli_new(dataset->ctx, 1, sizeof(gli_augmented), "an augmentation", &store->state));
    store->reader    = &augmented_reader;
    gli_augmented *s = store->state;
    s->of            = of;
    gli_dataset_retain(of);
    GLI_TRY(gli_augment_roles(of, args, seed, call, s));
    GLI_TRY(describe(dataset, call, s));
    store->scratch    = 2 * gli_dataset_bytes(of) + gli_dataset_scratch(of);
    store->concurrent = gli_dataset_is_concurrent(of);
    store->depth      = 1 + gli_dataset_depth(of);
    dataset->workers  = of->workers;
    dataset->ahead    = of->ahead;
    return GLIA_OK;
}

glia_status gli_dataset_augment(glia_dataset *of, const glia_augment_args *args, uint64_t seed, const char *call,
                                glia_dataset **out) {
    glia_dataset *dataset;
    *out       = NULL;
    bool empty = args->height == 0 && args->width == 0;
    for (int i = 0; i < GLIA_MAX_TRANSFORMS; ++i) empty = empty && args->transforms[i].kind == GLIA_TRANSFORM_NONE;
    if (empty) return GLIA_OK;
    GLI_TRY(gli_dataset_new(of->ctx, call, of->count, of->n_inputs, of->n_targets, &dataset));
    const glia_status status = fill(dataset, of, args, seed, call);
    if (status != GLIA_OK) return glia_dataset_destroy(dataset), status;
    *out = dataset;
    return GLIA_OK;
}

/* ---- The middle ---- */

static void destroy_center(void *user) {
    gli_augmented *s  = user;
    glia_context *ctx = s->of->ctx;
    glia_dataset_destroy(s->of);
    gli_free(ctx, s, 1, sizeof *s);
}

static glia_status make_center(void *user, const glia_sample *from, const glia_sample *to) {
    const gli_augmented *s = user;
    gli_reading reading    = {0};
    made_of m              = {.two = {.mixture = {.kind = GLIA_TRANSFORM_NONE, .share = 1}}};
    void *made[GLI_MAX_COLUMNS];
    for (int i = 0; i < gli_dataset_columns(s->of); ++i) {
        const int target = i - s->of->n_inputs;
        m.own[i]         = target < 0 ? from->inputs[i] : from->targets[target];
        made[i]          = target < 0 ? to->inputs[i] : to->targets[target];
        if (s->params[i].role == GLIA_TAKE_PLAIN)
            memcpy(made[i], m.own[i], gli_field_bytes(gli_column_field(s->of, i)));
    }
    gli_draw(&s->of_picture, (gli_draw_key){0, 0}, &m.two.drawn[0]); /* of no transform: nothing is drawn */
    m.two.picture[0] = m.two.picture[1] = picture_of(&s->of_picture, m.own[s->picture]);
    return make(s, &m, from->index, made, &reading);
}

static glia_status map_to_center(gli_augmented *s, glia_dataset **out) {
    glia_field inputs[GLIA_MAX_FIELDS], targets[GLIA_MAX_FIELDS];
    for (int i = 0; i < gli_dataset_columns(s->of); ++i) {
        const int target = i - s->of->n_inputs;
        glia_field *to   = target < 0 ? &inputs[i] : &targets[target];
        *to              = made_field(s, i);
        to->name         = s->of->columns[i].name;
    }
    const glia_map_args map = {.inputs     = inputs,
                               .n_inputs   = s->of->n_inputs,
                               .targets    = s->of->n_targets > 0 ? targets : NULL,
                               .n_targets  = s->of->n_targets,
                               .map        = make_center,
                               .user       = s,
                               .destroy    = destroy_center,
                               .concurrent = true};
    return glia_dataset_map(s->of, &map, out);
}

static glia_status center(glia_dataset *of, const glia_augment_args *args, const char *call, glia_dataset **out) {
    glia_augment_args middle = *args;
    void *memory;
    memset(middle.transforms, 0, sizeof middle.transforms);
    GLI_REQUIRE(of->ctx, args->height > 0 && args->width > 0, GLIA_INVALID_ARGUMENT,
                "%s: height is %lld and width %lld, must be above 0", call, (long long)args->height,
                (long long)args->width);
    GLI_TRY(gli_new(of->ctx, 1, sizeof(gli_augmented), "an augmentation", &memory));
    gli_augmented *s = memory;
    s->of            = of;
    gli_dataset_retain(of);
    glia_status status = gli_augment_roles(of, &middle, 0, call, s);
    if (status == GLIA_OK) status = map_to_center(s, out);
    if (status != GLIA_OK) return destroy_center(s), status;
    (*out)->workers = of->workers;
    (*out)->ahead   = of->ahead;
    return GLIA_OK;
}

glia_status gli_dataset_center(glia_dataset *of, const glia_augment_args *args, const char *call, glia_dataset **out) {
    int picture;
    *out = NULL;
    if (args->height == 0 && args->width == 0) return GLIA_OK;
    picture = args->picture ? gli_dataset_find(of, args->picture) : 0;
    if (picture >= 0 && picture < gli_dataset_columns(of)) {
        const glia_shape *shape = &gli_column_field(of, picture)->shape;
        const int64_t *dim      = shape->dim + shape->ndim - 2;
        if (shape->ndim >= 2 && dim[0] == args->height && dim[1] == args->width) return GLIA_OK;
    }
    return center(of, args, call, out);
}

glia_status glia_augment_center(glia_dataset *dataset, const glia_augment_args *args, glia_dataset **out) {
    const char *function = "glia_augment_center";
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_enter(dataset->ctx));
    glia_status status = GLIA_OK;
    if (!args || !out)
        status = gli_fail(dataset->ctx, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, args ? "out" : "args");
    else
        status = center(dataset, args, function, out);
    gli_leave(dataset->ctx);
    return status;
}

/* ---- To look at ---- */

static glia_status get(glia_dataset *dataset, const glia_augment_args *args, int64_t epoch, const int64_t *index,
                       int64_t n, glia_tensor *const *inputs, glia_tensor *const *targets) {
    const char *function = "glia_augment_get";
    glia_context *ctx    = dataset->ctx;
    glia_dataset *made;
    GLI_REQUIRE(ctx, args, GLIA_INVALID_ARGUMENT, "%s: args is NULL", function);
    GLI_REQUIRE(ctx, epoch >= 0 && epoch <= UINT32_MAX, GLIA_INVALID_ARGUMENT, "%s: epoch is %lld, must be 0 to %lld",
                function, (long long)epoch, (long long)UINT32_MAX);
    GLI_TRY(gli_dataset_augment(dataset, args, ctx->seed, function, &made));
    glia_dataset *seen = made ? made : dataset;
    glia_status status = gli_dataset_check_index(seen, function, index, n);
    if (status == GLIA_OK) status = gli_dataset_check_batch(seen, function, n, inputs, targets);
    if (status == GLIA_OK) status = gli_dataset_gather(seen, epoch, index, n, inputs, targets);
    glia_dataset_destroy(made);
    return status;
}

glia_status glia_augment_get(glia_dataset *dataset, const glia_augment_args *args, int64_t epoch, const int64_t *index,
                             int64_t n, glia_tensor *const *inputs, glia_tensor *const *targets) {
    GLI_REQUIRE_OBJECT(dataset);
    GLI_TRY(gli_dataset_call_begin(dataset));
    return gli_dataset_call_end(dataset, get(dataset, args, epoch, index, n, inputs, targets));
}

#include "ops/data/take_batch_geom.h"

#include <string.h>

#include "core/dtype.h"
#include "core/provider.h"
#include "cpu/index_range.h"
#include "cpu/reference/ref_move.h"
#include "ops/data/augmentation_pixels.h"

static glia_status check(const gli_call *call) {
    const gli_take_batch_geom *g = call->geom;
    const int64_t position       = gli_index_load(call->in[GLI_TAKE_BATCH_POSITION], 0);
    GLI_REQUIRE(call->ctx, position >= 0 && position <= g->length - g->batch, GLIA_INVALID_ARGUMENT,
                "%s: %d samples from position %lld of an order of %d", call->op->name, g->batch, (long long)position,
                g->length);
    if (call->in[GLI_TAKE_BATCH_VIEW])
        GLI_TRY(gli_index_check(call, GLI_TAKE_BATCH_VIEW, (gli_index_range){.low = 0, .high = g->samples}));
    return gli_index_check(call, GLI_TAKE_BATCH_ORDER, (gli_index_range){.low = 0, .high = g->count});
}

/* The number of the sample for row b, and the index of a sample of this number. */
static int64_t number_of(const gli_call *call, int64_t b) {
    return gli_index_load(call->in[GLI_TAKE_BATCH_ORDER], gli_index_load(call->in[GLI_TAKE_BATCH_POSITION], 0) + b);
}
static int64_t index_of(const gli_call *call, int64_t number) {
    const glia_tensor *view = call->in[GLI_TAKE_BATCH_VIEW];
    return view ? gli_index_load(view, number) : number;
}

static gli_origin from(const gli_call *call, const int64_t *index) {
    const gli_take_batch_geom *g = call->geom;
    const glia_tensor *samples   = call->in[GLI_TAKE_BATCH_SAMPLES];
    int64_t found[GLIA_MAX_DIMS] = {index_of(call, number_of(call, index[0]))};
    for (int i = 1; i < samples->ndim; ++i) found[i] = index[i];
    const int64_t element = gli_ravel_index(samples, found);
    if (g->parts == 0) return (gli_origin){GLI_TAKE_BATCH_SAMPLES, element};
    const int64_t part  = element % g->elements / (g->elements / g->parts);
    const uint8_t value = ((const uint8_t *)samples->data)[gli_element_offset(samples, element)];
    return (gli_origin){GLI_TAKE_BATCH_TABLE, part * (UINT8_MAX + 1) + value};
}

/* ---- Roles ---- */

/* What was drawn for row b. */
typedef struct row {
    int64_t sample[2]; /* indices: its own, and that of its partner */
    gli_mixture mixture;
    gli_drawn drawn[2];
} row;

static row draw(const gli_call *call, int64_t b) {
    const gli_take_batch_geom *g = call->geom;
    const int64_t number         = number_of(call, b);
    const gli_draw_key key       = {(uint32_t)number, (uint32_t)gli_index_load(call->in[GLI_TAKE_BATCH_EPOCH], 0)};
    row r                        = {.mixture = gli_draw_mixture(&g->augmentation, key, (uint32_t)g->count)};
    const gli_draw_key partner   = {r.mixture.partner, key.epoch};
    r.sample[0]                  = index_of(call, number);
    r.sample[1]                  = index_of(call, partner.sample);
    gli_draw(&g->augmentation, key, &r.drawn[0]);
    gli_draw(&g->augmentation, partner, &r.drawn[1]);
    return r;
}

/* The element of a tensor [N,C,H,W] or [N,H,W], in memory. */
static int64_t offset_of(const glia_tensor *t, int64_t n, int64_t c, int64_t y, int64_t x) {
    const int64_t *stride = t->stride + t->ndim - 2;
    return n * t->stride[0] + (t->ndim == 4 ? c * t->stride[1] : 0) + y * stride[0] + x * stride[1];
}

static gli_picture picture_of(const gli_call *call, int64_t sample) {
    const gli_take_batch_geom *g = call->geom;
    const glia_tensor *samples = call->in[GLI_TAKE_BATCH_SAMPLES], *table = call->in[GLI_TAKE_BATCH_TABLE];
    const int64_t *stride = samples->stride + samples->ndim - 2;
    gli_picture picture   = {.stride = {samples->ndim == 4 ? samples->stride[1] : 0, stride[0], stride[1]}};
    if (table) {
        picture.bytes         = (const uint8_t *)samples->data + sample * samples->stride[0];
        picture.table         = table->data;
        picture.table_step[0] = g->parts > 1 ? table->stride[0] : 0;
        picture.table_step[1] = table->stride[1];
    } else {
        picture.floats = (const float *)samples->data + sample * samples->stride[0];
    }
    return picture;
}

static void make_picture(const gli_call *call, int64_t b) {
    const gli_augmentation *a  = &((const gli_take_batch_geom *)call->geom)->augmentation;
    const row r                = draw(call, b);
    const gli_two_pictures two = {
        r.mixture, {r.drawn[0], r.drawn[1]}, {picture_of(call, r.sample[0]), picture_of(call, r.sample[1])}};
    const int n = gli_channels_at_once(a);
    float *y    = call->out[0]->data, pixel[3];
    for (int c = 0; c < a->channels; c += n)
        for (int i = 0; i < a->height * a->width; ++i) {
            gli_augmented_pixel(a, &two, c, n, i / a->width, i % a->width, pixel);
            for (int k = 0; k < n; ++k) y[offset_of(call->out[0], b, c + k, i / a->width, i % a->width)] = pixel[k];
        }
}

static void make_mask(const gli_call *call, int64_t b) {
    const gli_augmentation *a  = &((const gli_take_batch_geom *)call->geom)->augmentation;
    const glia_tensor *samples = call->in[GLI_TAKE_BATCH_SAMPLES], *y = call->out[0];
    const row r       = draw(call, b);
    const size_t size = glia_dtype_size(y->dtype);
    for (int c = 0; c < a->channels; ++c)
        for (int i = 0; i < a->height * a->width; ++i) {
            int from_y, from_x;
            const int which  = gli_mask_source(a, &r.mixture, r.drawn, i / a->width, i % a->width, &from_y, &from_x);
            const int64_t to = offset_of(y, b, c, i / a->width, i % a->width);
            if (which < 0)
                gli_store(y->dtype, y->data, to, a->fill);
            else
                memcpy(
                    (char *)y->data + (size_t)to * size,
                    (const char *)samples->data + (size_t)offset_of(samples, r.sample[which], c, from_y, from_x) * size,
                    size);
        }
}

static glia_status make_classes(const gli_call *call, int64_t b) {
    const gli_take_batch_geom *g = call->geom;
    const glia_tensor *samples = call->in[GLI_TAKE_BATCH_SAMPLES], *y = call->out[0];
    const row r            = draw(call, b);
    const int64_t label[2] = {gli_index_load(samples, r.sample[0]), gli_index_load(samples, r.sample[1])};
    for (int i = 0; i < 2; ++i)
        GLI_REQUIRE(call->ctx, label[i] >= 0 && label[i] < g->classes, GLIA_INVALID_ARGUMENT,
                    "%s: samples[%lld] is %lld, must be 0 to %d", call->op->name, (long long)r.sample[i],
                    (long long)label[i], g->classes - 1);
    for (int k = 0; k < g->classes; ++k)
        ((float *)y->data)[b * y->stride[0] + k * y->stride[1]] = gli_class_share(&r.mixture, k, label[0], label[1]);
    return GLIA_OK;
}

static void make_mixed(const gli_call *call, int64_t b) {
    const gli_take_batch_geom *g = call->geom;
    const glia_tensor *samples = call->in[GLI_TAKE_BATCH_SAMPLES], *y = call->out[0];
    const row r    = draw(call, b);
    const float *x = samples->data;
    for (int64_t i = 0; i < g->elements; ++i) {
        const float own     = x[gli_element_offset(samples, r.sample[0] * g->elements + i)];
        const float partner = x[gli_element_offset(samples, r.sample[1] * g->elements + i)];
        ((float *)y->data)[gli_element_offset(y, b * g->elements + i)] = gli_mixed_number(&r.mixture, own, partner);
    }
}

static void make_boxes(const gli_call *call, int64_t b) {
    const gli_take_batch_geom *g = call->geom;
    const glia_tensor *samples = call->in[GLI_TAKE_BATCH_SAMPLES], *y = call->out[0];
    const row r    = draw(call, b);
    const float *x = samples->data;
    for (int64_t i = 0; i < g->elements; i += GLI_BOX_NUMBERS) {
        float box[GLI_BOX_NUMBERS], made[GLI_BOX_NUMBERS];
        for (int k = 0; k < GLI_BOX_NUMBERS; ++k)
            box[k] = x[gli_element_offset(samples, r.sample[0] * g->elements + i + k)];
        gli_augmented_box(&g->augmentation, &r.drawn[0], box, made);
        for (int k = 0; k < GLI_BOX_NUMBERS; ++k)
            ((float *)y->data)[gli_element_offset(y, b * g->elements + i + k)] = made[k];
    }
}

static void make_box_classes(const gli_call *call, int64_t b) {
    const gli_take_batch_geom *g = call->geom;
    const glia_tensor *samples = call->in[GLI_TAKE_BATCH_SAMPLES], *boxes = call->in[GLI_TAKE_BATCH_BOXES];
    const glia_tensor *y = call->out[0];
    const size_t size    = glia_dtype_size(y->dtype);
    const int64_t sample = index_of(call, number_of(call, b));
    for (int64_t i = 0; i < g->elements; ++i) {
        float box[GLI_BOX_NUMBERS];
        for (int k = 0; k < GLI_BOX_NUMBERS; ++k) {
            const int64_t at = (b * g->elements + i) * GLI_BOX_NUMBERS + k;
            box[k]           = ((const float *)boxes->data)[gli_element_offset(boxes, at)];
        }
        const int64_t to = gli_element_offset(y, b * g->elements + i);
        const int64_t at = gli_element_offset(samples, sample * g->elements + i);
        if (gli_is_box(box))
            memcpy((char *)y->data + (size_t)to * size, (const char *)samples->data + (size_t)at * size, size);
        else
            gli_store(y->dtype, y->data, to, -1);
    }
}

static glia_status run(const gli_call *call, const gli_prepared *prepared, void *workspace) {
    const gli_take_batch_geom *g = call->geom;
    (void)prepared, (void)workspace;
    GLI_TRY(check(call));
    if (g->role == GLIA_TAKE_PLAIN) return gli_ref_move(call, 0, from);
    for (int64_t b = 0; b < g->batch; ++b) {
        if (g->role == GLIA_TAKE_PICTURE) make_picture(call, b);
        if (g->role == GLIA_TAKE_MASK) make_mask(call, b);
        if (g->role == GLIA_TAKE_CLASSES) GLI_TRY(make_classes(call, b));
        if (g->role == GLIA_TAKE_MIXED) make_mixed(call, b);
        if (g->role == GLIA_TAKE_BOXES) make_boxes(call, b);
        if (g->role == GLIA_TAKE_BOX_CLASSES) make_box_classes(call, b);
    }
    return GLIA_OK;
}

const gli_provider gli_take_batch_ref = {.name = "cpu.ref", .accepts = GLI_ACCEPTS_ALL, .run = run};

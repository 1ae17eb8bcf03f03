#include "core/trace.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/device.h"
#include "core/dtype.h"

enum { SLOTS = 2 * GLI_TRACE_MAX_SITES, MARKED_EVENTS = (GLI_TRACE_MARKS - 1) / 2 };

/* ---- What a call takes ---- */

static double elements(const glia_tensor *tensor) { return tensor ? (double)gli_count(tensor) : 0; }

static double size(const glia_tensor *tensor) { return tensor ? (double)glia_dtype_size(tensor->dtype) : 0; }

static double flops_of(const gli_call *call) {
    gli_cost cost = {0};
    if (call->op->cost) call->op->cost(call->geom, &cost);
    return cost.flops - (call->op->spared ? call->op->spared(call) : 0);
}

gli_work gli_call_work(const gli_call *call) {
    const gli_op *op = call->op;
    double written = 0, bytes = 0;
    for (int o = 0; o < op->n_outputs; ++o) {
        written += elements(call->out[o]);
        bytes += elements(call->out[o]) * size(call->out[o]);
    }
    for (int i = 0; i < call->n_in; ++i) {
        const bool part = op->inputs && gli_input_is(op, i, GLI_IN_PART);
        bytes += (part ? fmin(elements(call->in[i]), written) : elements(call->in[i])) * size(call->in[i]);
    }
    return (gli_work){flops_of(call), bytes};
}

/* ---- Sites ---- */

/* Source: Fowler, Noll, Vo: FNV-1a, 64 bits. */
static uint64_t mix(uint64_t hash, const void *data, size_t bytes) {
    const unsigned char *at = data;
    for (size_t i = 0; i < bytes; ++i) hash = (hash ^ at[i]) * UINT64_C(1099511628211);
    return hash;
}

static uint64_t text_key(const char *text) { return mix(UINT64_C(14695981039346656037), text, strlen(text)); }

static uint64_t mix_tensor(uint64_t key, const glia_tensor *tensor) {
    if (!tensor) return mix(key, "", 1);
    key = mix(key, &tensor->dtype, sizeof tensor->dtype);
    return mix(key, tensor->dim, (size_t)tensor->ndim * sizeof *tensor->dim);
}

/* By shapes and FLOP, not by the geometry: that has seeds, too, which may be others in each call. */
static uint64_t call_key(const gli_call *call, const char *provider) {
    const double flops = flops_of(call);
    uint64_t key       = text_key(call->label ? call->label : "");
    key                = mix(key, &flops, sizeof flops);
    key                = mix(key, &call->direction, sizeof call->direction);
    key                = mix(key, &call->op, sizeof call->op);
    key                = mix(key, &provider, sizeof provider);
    for (int i = 0; i < call->n_in; ++i) key = mix_tensor(key, call->in[i]);
    for (int o = 0; o < call->op->n_outputs; ++o) key = mix_tensor(key, call->out[o]);
    return key;
}

/* Labels of layers are "layer 'NAME'". */
static void put_name(const char *label, char name[GLI_TRACE_NAME]) {
    static const char prefix[] = "layer '";
    const size_t before = sizeof prefix - 1, length = strlen(label);
    const bool layer = strncmp(label, prefix, before) == 0 && length > before;
    if (layer)
        snprintf(name, GLI_TRACE_NAME, "%.*s", (int)(length - before - 1), label + before);
    else
        snprintf(name, GLI_TRACE_NAME, "%s", label);
}

static size_t put_shape(const glia_tensor *tensor, char text[GLI_TRACE_SHAPES], size_t used) {
    if (!tensor || used >= GLI_TRACE_SHAPES) return used;
    return used + (size_t)snprintf(text + used, GLI_TRACE_SHAPES - used, "%s%s%s", used > 0 ? " " : "",
                                   glia_dtype_name(tensor->dtype), GLI_SHAPE_OF(tensor));
}

static void put_shapes(const gli_call *call, char text[GLI_TRACE_SHAPES]) {
    size_t used = 0;
    for (int i = 0; i < call->n_in; ++i) used = put_shape(call->in[i], text, used);
    if (used < GLI_TRACE_SHAPES) used += (size_t)snprintf(text + used, GLI_TRACE_SHAPES - used, " ->");
    for (int o = 0; o < call->op->n_outputs; ++o) used = put_shape(call->out[o], text, used);
}

/* A failure is no one's: the last message stays. */
static bool add_site(glia_context *ctx, gli_trace *t) {
    char message[sizeof ctx->message];
    if (t->n_sites == GLI_TRACE_MAX_SITES) return false;
    memcpy(message, ctx->message, sizeof message);
    const unsigned failures = ctx->failures;
    if (gli_grow(ctx, &t->sites, &t->site_capacity, t->n_sites + 1, sizeof *t->sites, "a profile") == GLIA_OK)
        return ++t->n_sites, true;
    memcpy(ctx->message, message, sizeof message);
    ctx->failures = failures;
    return false;
}

/* The number of the site with this key, which is new and has nothing else yet where *added; -1: no memory. */
static int site_of(glia_context *ctx, gli_trace *t, uint64_t key, bool *added) {
    size_t slot = key % SLOTS;
    *added      = false;
    while (t->slots[slot] && t->sites[t->slots[slot] - 1].key != key) slot = (slot + 1) % SLOTS;
    if (t->slots[slot]) return t->slots[slot] - 1;
    if (!add_site(ctx, t)) return -1;
    *added                   = true;
    t->slots[slot]           = t->n_sites;
    t->sites[t->n_sites - 1] = (gli_trace_site){.key = key, .op = "", .provider = ""};
    return t->n_sites - 1;
}

static int site_of_call(gli_trace *t, const gli_call *call, const char *provider) {
    bool added;
    if (call->memo && call->memo->trace == t->number) return call->memo->site;
    const int found = site_of(call->ctx, t, call_key(call, provider), &added);
    if (added) {
        gli_trace_site *site = &t->sites[found];
        const gli_work work  = gli_call_work(call);
        site->op = call->op->name, site->provider = provider, site->direction = call->direction;
        site->flops = work.flops, site->bytes = work.bytes;
        put_name(call->label ? call->label : call->op->name, site->name);
        put_shapes(call, site->shapes);
    }
    if (call->memo && found >= 0) *call->memo = (gli_trace_memo){t->number, found};
    return found;
}

/* ---- Events ---- */

/* own: seconds that no event inside it accounts for. */
static void add_event(gli_trace *t, int site, double start, double seconds, double own) {
    if (site < 0) {
        ++t->lost;
        return;
    }
    t->events[t->n_events++ % t->max_events] = (gli_trace_event){start, seconds, site};
    t->sites[site].seconds += own;
    t->sites[site].runs += 1;
    t->covered += own;
}

/* The trace that a span belongs to, if it has not ended within. */
static gli_trace *trace_of(const glia_context *ctx, gli_span span) {
    return ctx->trace && ctx->trace->number == span.trace ? ctx->trace : NULL;
}

gli_span gli_span_begin(const glia_context *ctx) {
    const gli_trace *t = ctx->trace;
    if (!t) return (gli_span){0};
    return (gli_span){.trace = t->number, .start = gli_seconds(), .covered = t->covered};
}

/* Beside a stream the host's time is in the trace only. */
void gli_span_end(glia_context *ctx, const char *name, gli_span span) {
    gli_trace *t = trace_of(ctx, span);
    bool added;
    if (!t) return;
    const double seconds = gli_seconds() - span.start;
    const int site       = site_of(ctx, t, text_key(name), &added);
    if (added) {
        snprintf(t->sites[site].name, GLI_TRACE_NAME, "%s", name);
        t->sites[site].direction = GLIA_DIRECTION_HOST;
    }
    add_event(t, site, span.start - t->begun, seconds, t->marks ? 0 : seconds - (t->covered - span.covered));
}

/* ---- Marks in a stream ---- */

/* The device has nothing to do now, so that mark 0 has the host's time. */
static glia_status restart_marks(glia_context *ctx, gli_trace *t) {
    GLI_TRY(ctx->device->mark(ctx, t->marks, 0));
    t->marked_at = gli_seconds() - t->begun;
    return GLIA_OK;
}

static glia_status read_mark(glia_context *ctx, gli_trace *t, int i) {
    double start, seconds;
    GLI_TRY(ctx->device->between_marks(ctx, t->marks, 0, 2 * i + 1, &start));
    GLI_TRY(ctx->device->between_marks(ctx, t->marks, 2 * i + 1, 2 * i + 2, &seconds));
    add_event(t, t->marked[i], t->marked_at + start, seconds, seconds);
    return GLIA_OK;
}

static glia_status read_marks(glia_context *ctx, gli_trace *t) {
    glia_status first = GLIA_OK;
    for (int i = 0; i < t->n_marked; ++i) {
        const glia_status status = read_mark(ctx, t, i);
        t->lost += status != GLIA_OK;
        if (first == GLIA_OK) first = status;
    }
    t->n_marked = 0;
    return first;
}

static glia_status make_mark(glia_context *ctx, gli_trace *t) {
    if (t->n_marked == MARKED_EVENTS) {
        GLI_TRY(read_marks(ctx, t));
        GLI_TRY(restart_marks(ctx, t));
    }
    return ctx->device->mark(ctx, t->marks, 2 * t->n_marked + 1);
}

/* A failure costs the event, and not the op. An op that another one runs is a part of that. */
static int begin_mark(glia_context *ctx, gli_trace *t) {
    if (t->marking) return -1;
    t->marking = make_mark(ctx, t) == GLIA_OK;
    t->lost += !t->marking;
    return t->marking ? t->n_marked : -1;
}

static void end_mark(glia_context *ctx, gli_trace *t, int mark, int site) {
    if (mark < 0) return;
    t->marking = false;
    if (ctx->device->mark(ctx, t->marks, 2 * mark + 2) == GLIA_OK)
        t->marked[t->n_marked++] = site;
    else
        ++t->lost;
}

/* ---- Ops ---- */

const char *gli_direction_name(glia_direction direction) {
    static const char *const names[] = {"forward", "backward", "update", "host"};
    return names[direction];
}

gli_span gli_trace_op_begin(const gli_call *call) {
    glia_context *ctx = call->ctx;
    gli_trace *t      = ctx->trace;
    gli_span span     = {.trace = t->number, .covered = t->covered};
    if (ctx->device->range_begin) {
        char name[2 * GLI_TRACE_NAME];
        put_name(call->label ? call->label : call->op->name, name);
        const size_t used = strlen(name);
        snprintf(name + used, sizeof name - used, " %s", gli_direction_name(call->direction));
        ctx->device->range_begin(name);
    }
    if (t->marks)
        span.mark = begin_mark(ctx, t);
    else
        span.start = gli_seconds();
    return span;
}

void gli_trace_op_end(const gli_call *call, const char *provider, gli_span span) {
    glia_context *ctx = call->ctx;
    gli_trace *t      = trace_of(ctx, span);
    const double now  = t && !t->marks ? gli_seconds() : 0;
    if (ctx->device->range_end) ctx->device->range_end();
    if (!t) return;
    const int site = site_of_call(t, call, provider);
    if (t->marks)
        end_mark(ctx, t, span.mark, site);
    else
        add_event(t, site, span.start - t->begun, now - span.start, now - span.start - (t->covered - span.covered));
}

/* ---- Life ---- */

glia_status gli_trace_begin(glia_context *ctx, int max_events, gli_trace *t) {
    static const char what[] = "a profile";
    void *memory;
    *t = (gli_trace){.number = ++ctx->traces, .max_events = max_events};
    GLI_TRY(gli_new(ctx, (size_t)max_events, sizeof *t->events, what, &memory));
    t->events = memory;
    GLI_TRY(gli_new(ctx, SLOTS, sizeof *t->slots, what, &memory));
    t->slots = memory;
    if (ctx->device->marks_create) {
        GLI_TRY(gli_new(ctx, MARKED_EVENTS, sizeof *t->marked, what, &memory));
        t->marked = memory;
        GLI_TRY(ctx->device->marks_create(ctx, GLI_TRACE_MARKS, &t->marks));
        GLI_TRY(ctx->device->synchronize(ctx));
    }
    t->begun = gli_seconds();
    if (t->marks) GLI_TRY(restart_marks(ctx, t));
    ctx->trace = t;
    return GLIA_OK;
}

glia_status gli_trace_end(glia_context *ctx) {
    gli_trace *t             = ctx->trace;
    ctx->trace               = NULL;
    const glia_status status = t->marks ? read_marks(ctx, t) : GLIA_OK;
    t->seconds               = gli_seconds() - t->begun;
    return status;
}

void gli_trace_free(glia_context *ctx, gli_trace *t) {
    if (t->marks) ctx->device->marks_destroy(ctx, GLI_TRACE_MARKS, t->marks);
    gli_free(ctx, t->marked, MARKED_EVENTS, sizeof *t->marked);
    gli_free(ctx, t->sites, (size_t)t->site_capacity, sizeof *t->sites);
    gli_free(ctx, t->slots, SLOTS, sizeof *t->slots);
    gli_free(ctx, t->events, (size_t)t->max_events, sizeof *t->events);
}

/* What a profile records. An event is one run of an op, or a span of the host's own work; its site is what all runs of
 * the same call have in common. Sites sum up their events, so that only the trace depends on how many are kept.
 *
 * On the host's clock an event covers its own time without that of events inside it. A device with marks in its stream
 * times ops by those, and they are read when their pool is used up, or at the end. */
#ifndef GLI_CORE_TRACE_H
#define GLI_CORE_TRACE_H

#include "core/provider.h"
#include "glia/profile.h"

enum { GLI_TRACE_NAME = 96, GLI_TRACE_SHAPES = 160, GLI_TRACE_MAX_SITES = 1 << 16, GLI_TRACE_MARKS = 1024 };

typedef struct gli_trace_site {
    uint64_t key;
    char name[GLI_TRACE_NAME];     /* of the layer, else of the op, or of what the host does */
    char shapes[GLI_TRACE_SHAPES]; /* "f32[32,784] f32[64,784] -> f32[32,64]" */
    const char *op, *provider;     /* "": of the host's */
    glia_direction direction;
    double flops, bytes; /* of one run */
    int64_t runs;
    double seconds;
} gli_trace_site;

typedef struct gli_trace_event {
    double start, seconds; /* since the trace began */
    int site;
} gli_trace_event;

typedef struct gli_trace {
    unsigned number;       /* of the context's traces */
    double begun, seconds; /* when it began; how long it took, once it has ended */
    double covered;        /* seconds that events account for */
    gli_trace_site *sites;
    int n_sites, site_capacity;
    int *slots; /* a hash table of sites + 1, open addressing, at most half full */
    gli_trace_event *events;
    int max_events;
    int64_t n_events; /* all; the last max_events are kept, event i at i % max_events */
    int64_t lost;
    void *marks;      /* the device's; NULL: the host's clock tells */
    int *marked;      /* sites: of the event between marks 2 i + 1 and 2 i + 2 */
    int n_marked;     /* events */
    bool marking;     /* an op is running between two marks */
    double marked_at; /* when mark 0 was made, since the trace began */
} gli_trace;

/* Begins and ends what ctx->trace points to. The arrays are freed by gli_trace_free. */
glia_status gli_trace_begin(glia_context *ctx, int max_events, gli_trace *trace);
glia_status gli_trace_end(glia_context *ctx);
void gli_trace_free(glia_context *ctx, gli_trace *trace);

/* Between the two something happens that is an event, if a trace is there when it begins and ends. */
typedef struct gli_span {
    unsigned trace; /* its number; 0: there is none */
    double start, covered;
    int mark; /* the number of the marked event; -1: it is none */
} gli_span;

gli_span gli_trace_op_begin(const gli_call *call); /* there is a trace */
void gli_trace_op_end(const gli_call *call, const char *provider, gli_span span);

/* name: a literal. */
gli_span gli_span_begin(const glia_context *ctx);
void gli_span_end(glia_context *ctx, const char *name, gli_span span);

const char *gli_direction_name(glia_direction direction);

/* FLOP and bytes of a call: see glia_profile_row. */
typedef struct gli_work {
    double flops, bytes;
} gli_work;
gli_work gli_call_work(const gli_call *call);

#endif

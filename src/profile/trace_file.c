/* A trace in the JSON of Chrome's trace viewer, which Perfetto reads. Source: "Trace Event Format", the Chromium
 * project: complete events ("ph": "X"), times in microseconds, and names of processes and threads as metadata. */
#include "io/json.h"
#include "io/output.h"
#include "profile/profile.h"

enum { PROCESS = 1, HOST_THREAD = 1, STREAM_THREAD = 2 };

static glia_status write_text(gli_output *out, gli_json_text *w) {
    GLI_TRY(w->status);
    const glia_status status = gli_output_write(out, w->text, (size_t)w->used);
    w->used                  = 0;
    return status;
}

static void put_count(gli_json_text *w, const char *key, double value) {
    gli_json_key(w, key);
    gli_json_put_number(w, value, 17);
}

static void put_string(gli_json_text *w, const char *key, const char *value) {
    gli_json_key(w, key);
    gli_json_put_string(w, value);
}

static void put_integer(gli_json_text *w, const char *key, int64_t value) {
    gli_json_key(w, key);
    gli_json_put_integer(w, value);
}

/* kind: "process_name", "thread_name". */
static void put_metadata(gli_json_text *w, const char *kind, int thread, const char *name) {
    gli_json_open(w, '{');
    put_string(w, "name", kind);
    put_string(w, "ph", "M");
    put_integer(w, "pid", PROCESS);
    put_integer(w, "tid", thread);
    gli_json_key(w, "args");
    gli_json_open(w, '{');
    put_string(w, "name", name);
    gli_json_close(w, '}');
    gli_json_close(w, '}');
}

static void put_args(gli_json_text *w, const gli_trace_site *site) {
    gli_json_key(w, "args");
    gli_json_open(w, '{');
    put_string(w, "layer", site->name);
    put_string(w, "direction", gli_direction_name(site->direction));
    put_string(w, "op", site->op);
    put_string(w, "provider", site->provider);
    put_string(w, "shapes", site->shapes);
    put_count(w, "flop", site->flops);
    put_count(w, "bytes", site->bytes);
    gli_json_close(w, '}');
}

static void put_event(gli_json_text *w, const gli_trace *t, const gli_trace_event *event) {
    const gli_trace_site *site = &t->sites[event->site];
    const bool host            = site->direction == GLIA_DIRECTION_HOST;
    gli_json_open(w, '{');
    put_string(w, "name", site->name);
    put_string(w, "cat", gli_direction_name(site->direction));
    put_string(w, "ph", "X");
    gli_json_key(w, "ts");
    gli_json_put_number(w, 1e6 * event->start, 12);
    gli_json_key(w, "dur");
    gli_json_put_number(w, 1e6 * event->seconds, 12);
    put_integer(w, "pid", PROCESS);
    put_integer(w, "tid", host || !t->marks ? HOST_THREAD : STREAM_THREAD);
    if (!host) put_args(w, site);
    gli_json_close(w, '}');
}

static glia_status write_events(const glia_profile *profile, gli_output *out, gli_json_text *w) {
    const gli_trace *t  = &profile->trace;
    const int64_t first = t->n_events > t->max_events ? t->n_events - t->max_events : 0;
    gli_json_open(w, '{');
    put_string(w, "displayTimeUnit", "ns");
    gli_json_key(w, "traceEvents");
    gli_json_open(w, '[');
    put_metadata(w, "process_name", HOST_THREAD, "Glia");
    put_metadata(w, "thread_name", HOST_THREAD, "host");
    if (t->marks) put_metadata(w, "thread_name", STREAM_THREAD, glia_context_device(profile->ctx));
    GLI_TRY(write_text(out, w));
    for (int64_t i = first; i < t->n_events; ++i) {
        GLI_TRY(gli_output_write(out, ",\n", 2)); /* w is empty, and adds none */
        put_event(w, t, &t->events[i % t->max_events]);
        GLI_TRY(write_text(out, w));
    }
    return gli_output_write(out, "]}\n", 3);
}

static glia_status write_trace(const glia_profile *profile, const char *path) {
    gli_json_text w = {.ctx = profile->ctx};
    gli_output out;
    GLI_REQUIRE(profile->ctx, path, GLIA_INVALID_ARGUMENT, "glia_profile_write_trace: path is NULL");
    GLI_TRY(gli_output_open(profile->ctx, path, &out));
    const glia_status status = write_events(profile, &out, &w);
    gli_json_text_free(&w);
    if (status == GLIA_OK) return gli_output_commit(&out);
    gli_output_abandon(&out);
    return status;
}

glia_status glia_profile_write_trace(const glia_profile *profile, const char *path) {
    GLI_REQUIRE_OBJECT(profile);
    GLI_TRY(gli_profile_enter(profile, "glia_profile_write_trace"));
    const glia_status status = write_trace(profile, path);
    gli_leave(profile->ctx);
    return status;
}

/* Profiles: what the time of a context's calls goes to, by layer and direction, and how near each comes to what the
 * machine can do.
 *
 *     glia_profile *profile = NULL;
 *     GLIA_TRY(glia_profile_begin(ctx, NULL, &profile));
 *     GLIA_TRY(glia_model_fit(net, data, &(glia_fit_args){.epochs = 3}));
 *     GLIA_TRY(glia_profile_end(profile));
 *     GLIA_TRY(glia_profile_print(profile, stdout));
 *     GLIA_TRY(glia_profile_write_trace(profile, "fit.json"));
 *     glia_profile_destroy(profile);
 *
 * Each run of an op is an event of two readings of a clock: on the CPU the host's, on a GPU that of its stream, without
 * a wait for it. Results have the same bits as without a profile. While a GPU is profiled, plans are launched op by op,
 * not replayed as a recording, so that each op can be timed. A profile belongs to its context: these functions are
 * called by the thread that uses the context. */
#ifndef GLIA_PROFILE_H
#define GLIA_PROFILE_H

#include <stdio.h>

#include "glia/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_profile glia_profile;

typedef struct glia_profile_args {
    /* The roof, of one second: f32 operations, and bytes from and to memory. Default: what the context's threads reach
     * in a loop of multiply-adds and in a copy of 32 MiB, measured by glia_profile_begin in about 0.2 s, for
     * which it takes 64 MiB; of a GPU, what its clocks and its width come to. */
    double peak_flops, peak_bytes;
    int max_events; /* for the trace, which has the last ones; default 262144, of 24 bytes each */
} glia_profile_args;

/* Records all that the context does from now on, until glia_profile_end. args may be NULL. GLIA_BUSY: another profile
 * of the context has not ended. */
GLIA_API glia_status glia_profile_begin(glia_context *ctx, const glia_profile_args *args, glia_profile **out);

/* Ends the recording; on a GPU waits for its work. The functions below are for a profile that has ended. */
GLIA_API glia_status glia_profile_end(glia_profile *profile);

/* Ends the recording, too, if need be. NULL is allowed. The model may be destroyed before or after. */
GLIA_API void glia_profile_destroy(glia_profile *profile);

typedef struct glia_profile_info {
    double seconds;                /* from begin to end */
    double peak_flops, peak_bytes; /* the roof, of one second */
    int64_t events;                /* of ops, and of what the host did */
    int64_t dropped;               /* of these, how many the trace no longer has; the rows count them */
    int64_t lost;                  /* that neither has: there was no memory for them, or the GPU failed */
} glia_profile_info;

/* profile NULL, or not ended: zeros. */
GLIA_API glia_profile_info glia_profile_get_info(const glia_profile *profile);

typedef enum glia_direction {
    GLIA_DIRECTION_FORWARD, /* also of a call of an op outside of a model */
    GLIA_DIRECTION_BACKWARD,
    GLIA_DIRECTION_UPDATE, /* of the weights: from their gradients on */
    GLIA_DIRECTION_HOST    /* no op: what the host did */
} glia_direction;

/* All that was done for a layer in one direction. FLOP and bytes follow from shapes and params: FLOP count
 * multiplications and additions, 2 m n k of a product of [m,k] and [k,n]; bytes count each input and output once, and
 * of what an op takes only a part of, that part.
 *
 * roof: the share of what the machine can do, by the roofline model: the time that the ops would take at the roof, each
 * the longer one of its FLOP / peak_flops and its bytes / peak_bytes, divided by the time that they took. Data that
 * stays in the caches is faster than memory: above 1 is possible. Source: Williams, Waterman, Patterson, "Roofline",
 * Communications of the ACM 52(4), 2009. */
typedef struct glia_profile_row {
    const char *layer; /* its name; without a layer that of the op; of GLIA_DIRECTION_HOST "data", "planning",
                        * "metrics", "checks", "callbacks", or "other": all time that nothing else accounts for */
    glia_direction direction;
    const char *op, *provider; /* that took most of the time; "" of the host's */
    int64_t runs;              /* of ops */
    double seconds, flops, bytes, roof;
} glia_profile_row;

/* Rows in the order in which they first ran; "other" is the last. Their seconds add up to those of the profile. On a
 * GPU, rows have the time of its stream: the host's own work is in the trace, and "other" is when the stream had
 * nothing to do. */
GLIA_API int glia_profile_row_count(const glia_profile *profile); /* 0: NULL, or not ended */

/* The texts live until the profile is destroyed. index out of range: all zero. */
GLIA_API glia_profile_row glia_profile_get_row(const glia_profile *profile, int index);

/* The rows as a table, those that took longest first. */
GLIA_API glia_status glia_profile_print(const glia_profile *profile, FILE *file);

/* The events as a file of JSON that Perfetto (ui.perfetto.dev) and chrome://tracing open, each with op, provider,
 * layer, direction, shapes, FLOP and bytes. Replaces the file when it is whole. */
GLIA_API glia_status glia_profile_write_trace(const glia_profile *profile, const char *path);

#ifdef __cplusplus
}
#endif
#endif

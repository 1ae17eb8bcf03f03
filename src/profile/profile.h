/* The inside of a profile. */
#ifndef GLI_PROFILE_PROFILE_H
#define GLI_PROFILE_PROFILE_H

#include "core/trace.h"

struct glia_profile {
    glia_context *ctx; /* retained */
    gli_trace trace;
    double peak_flops, peak_bytes;
    bool ended;
    glia_profile_row *rows; /* made at the end */
    int n_rows, row_capacity;
};

/* rows.c: the rows of the trace, which has ended. */
glia_status gli_profile_make_rows(glia_profile *profile);

/* Around a public function that reads a profile, which has to have ended. */
glia_status gli_profile_enter(const glia_profile *profile, const char *call);

#endif

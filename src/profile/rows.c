/* From sites to rows: one for each layer and direction. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profile/profile.h"

static bool same_row(const gli_trace_site *a, const gli_trace_site *b) {
    return a->direction == b->direction && strcmp(a->name, b->name) == 0;
}

static int by_row(const void *a, const void *b) {
    const gli_trace_site *const *x = a, *const *y = b;
    if ((*x)->direction != (*y)->direction) return (int)(*x)->direction - (int)(*y)->direction;
    const int order = strcmp((*x)->name, (*y)->name);
    return order ? order : (*x > *y) - (*x < *y);
}

/* Sites of a row, the first of which ran first; roof is the time that they would take there. */
static glia_profile_row sum_up(const glia_profile *profile, const gli_trace_site *const *sites, int n) {
    glia_profile_row row       = {.layer = sites[0]->name, .direction = sites[0]->direction};
    const gli_trace_site *most = sites[0];
    double at_roof             = 0;
    for (int i = 0; i < n; ++i) {
        const double runs = (double)sites[i]->runs;
        row.runs += sites[i]->runs;
        row.seconds += sites[i]->seconds;
        row.flops += runs * sites[i]->flops;
        row.bytes += runs * sites[i]->bytes;
        at_roof += runs * fmax(sites[i]->flops / profile->peak_flops, sites[i]->bytes / profile->peak_bytes);
        if (sites[i]->seconds > most->seconds) most = sites[i];
    }
    row.op = most->op, row.provider = most->provider;
    if (row.seconds > 0) row.roof = at_roof / row.seconds;
    return row;
}

/* The texts of rows are those of sites, which lie in the order in which they first ran. */
static int by_first_run(const void *a, const void *b) {
    const glia_profile_row *x = a, *y = b;
    return (x->layer > y->layer) - (x->layer < y->layer);
}

static void add_rows(glia_profile *profile, const gli_trace_site **sites) {
    const gli_trace *t = &profile->trace;
    for (int i = 0; i < t->n_sites; ++i) sites[i] = &t->sites[i];
    qsort(sites, (size_t)t->n_sites, sizeof *sites, by_row);
    for (int first = 0, end; first < t->n_sites; first = end) {
        for (end = first + 1; end < t->n_sites && same_row(sites[first], sites[end]);) ++end;
        const glia_profile_row row = sum_up(profile, sites + first, end - first);
        const bool timed           = row.direction != GLIA_DIRECTION_HOST || !t->marks;
        if (timed && row.runs > 0) profile->rows[profile->n_rows++] = row;
    }
    qsort(profile->rows, (size_t)profile->n_rows, sizeof *profile->rows, by_first_run);
    profile->rows[profile->n_rows++] = (glia_profile_row){.layer     = "other",
                                                          .direction = GLIA_DIRECTION_HOST,
                                                          .op        = "",
                                                          .provider  = "",
                                                          .seconds   = fmax(t->seconds - t->covered, 0)};
}

glia_status gli_profile_make_rows(glia_profile *profile) {
    const size_t n = (size_t)profile->trace.n_sites + 1; /* of rows: "other", too */
    void *sites;
    GLI_TRY(gli_grow(profile->ctx, &profile->rows, &profile->row_capacity, (int)n, sizeof *profile->rows,
                     "the rows of a profile"));
    GLI_TRY(gli_new(profile->ctx, n, sizeof(gli_trace_site *), "the rows of a profile", &sites));
    add_rows(profile, sites);
    gli_free(profile->ctx, sites, n, sizeof(gli_trace_site *));
    return GLIA_OK;
}

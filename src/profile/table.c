/* The table of a profile. */
#include <stdlib.h>

#include "core/print.h"
#include "profile/profile.h"

enum { LINE = 512 };

/* glia_profile_row by time, the longest first; "other" stays the last. */
static int by_seconds(const void *a, const void *b) {
    const glia_profile_row *x = a, *y = b;
    return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

static bool put_row(FILE *file, const glia_profile_row *row, double all) {
    char line[LINE], work[64] = "";
    const double ns = 1e9 * row->seconds;
    if (row->op[0] && row->seconds > 0)
        gli_format(work, sizeof work, "%9.2f %9.2f %6.1f%%", row->flops / ns, row->bytes / ns, 100 * row->roof);
    gli_format(line, sizeof line, "%-24s %-9s %11.3f %6.1f%% %9lld %27s  %s%s%s\n", row->layer,
               gli_direction_name(row->direction), 1e3 * row->seconds, all > 0 ? 100 * row->seconds / all : 0,
               (long long)row->runs, work, row->op, row->provider[0] ? " " : "", row->provider);
    return gli_print(file, line);
}

static bool put_table(FILE *file, const glia_profile *profile, glia_profile_row *rows) {
    const glia_profile_info info = glia_profile_get_info(profile);
    char line[LINE];
    gli_format(line, sizeof line, "%-24s %-9s %11s %7s %9s %9s %9s %7s  %s\n", "layer", "direction", "ms", "time",
               "runs", "GFLOP/s", "GB/s", "of roof", "most of it");
    bool written = gli_print(file, line);
    for (int i = 0; i < profile->n_rows; ++i) rows[i] = profile->rows[i];
    qsort(rows, (size_t)profile->n_rows - 1, sizeof *rows, by_seconds);
    for (int i = 0; i < profile->n_rows; ++i) written = put_row(file, &rows[i], info.seconds) && written;
    gli_format(line, sizeof line, "%.3f ms; roof: %.1f GFLOP/s, %.1f GB/s; %lld events", 1e3 * info.seconds,
               1e-9 * info.peak_flops, 1e-9 * info.peak_bytes, (long long)info.events);
    written = gli_print(file, line) && written;
    gli_format(line, sizeof line, ", %lld of them dropped from the trace", (long long)info.dropped);
    if (info.dropped) written = gli_print(file, line) && written;
    gli_format(line, sizeof line, ", %lld more lost", (long long)info.lost);
    if (info.lost) written = gli_print(file, line) && written;
    return gli_print(file, "\n") && written;
}

static glia_status print(const glia_profile *profile, FILE *file) {
    glia_context *ctx = profile->ctx;
    void *rows;
    GLI_REQUIRE(ctx, file, GLIA_INVALID_ARGUMENT, "glia_profile_print: file is NULL");
    GLI_TRY(gli_new(ctx, (size_t)profile->n_rows, sizeof *profile->rows, "a table", &rows));
    const bool written = put_table(file, profile, rows);
    gli_free(ctx, rows, (size_t)profile->n_rows, sizeof *profile->rows);
    GLI_REQUIRE(ctx, written, GLIA_IO_ERROR, "glia_profile_print: writing failed");
    return GLIA_OK;
}

glia_status glia_profile_print(const glia_profile *profile, FILE *file) {
    GLI_REQUIRE_OBJECT(profile);
    GLI_TRY(gli_profile_enter(profile, "glia_profile_print"));
    const glia_status status = print(profile, file);
    gli_leave(profile->ctx);
    return status;
}

#define _POSIX_C_SOURCE 200809L
#include "train/progress.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/print.h"

enum {
    WIDTH = 30,
    LINE  = 2 * GLIA_MAX_RESULTS * (64 + 32) /* enough for all metrics of all outputs: a name and a number */
};

void gli_progress_begin(gli_progress_view *view, glia_progress requested) {
    const char *terminal = getenv("TERM");
    const bool capable   = isatty(STDOUT_FILENO) && !(terminal && strcmp(terminal, "dumb") == 0);
    *view                = (gli_progress_view){.bar   = requested == GLIA_PROGRESS_AUTO && capable,
                                               .lines = requested != GLIA_PROGRESS_NONE,
                                               .start = gli_seconds()};
}

/* epoch 1/3 [=========>                    ] 120/469  12.3 s left */
void gli_progress_step(gli_progress_view *view, int epoch, int epochs, int64_t done, int64_t total) {
    const double now = gli_seconds();
    if (!view->bar || now - view->shown < 0.1) return;
    view->shown = now;
    char bar[WIDTH + 1], line[LINE];
    const int filled = (int)(done * WIDTH / total);
    for (int i = 0; i < WIDTH; ++i) bar[i] = i < filled ? '=' : i == filled ? '>' : ' ';
    bar[WIDTH]        = '\0';
    const double left = (now - view->start) / (double)done * (double)(total - done);
    gli_format(line, sizeof line, "\repoch %d/%d [%s] %lld/%lld  %.0f s left ", epoch, epochs, bar, (long long)done,
               (long long)total, left);
    gli_print(stdout, line);
}

static size_t put_result(char *line, size_t used, const char *prefix, const glia_result *result) {
    used += (size_t)gli_format(line + used, LINE - used, "  %sloss %.4f", prefix, result->loss);
    for (int i = 0; i < result->n_metrics && used < LINE; ++i)
        used += (size_t)gli_format(line + used, LINE - used, "  %s%s %.4f", prefix, result->metric_name[i],
                                   result->metric[i]);
    return used < LINE ? used : LINE - 1;
}

void gli_progress_epoch(gli_progress_view *view, const glia_epoch *epoch) {
    if (view->lines) {
        char line[LINE];
        size_t used = (size_t)snprintf(line, sizeof line, "epoch %d/%d", epoch->epoch, epoch->epochs);
        used        = put_result(line, used, "", &epoch->train);
        if (epoch->has_validation) used = put_result(line, used, "val_", &epoch->validation);
        gli_format(line + used, LINE - used, "  %.1f s", epoch->seconds);
        if (view->bar) gli_print(stdout, "\r\x1b[K"); /* clears the bar's line */
        gli_print(stdout, line);
        gli_print(stdout, "\n");
    }
    view->start = gli_seconds();
    view->shown = 0;
}

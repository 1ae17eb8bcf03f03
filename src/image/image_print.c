/* A picture as text. */
#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/context_impl.h"
#include "core/print.h"
#include "core/size.h"
#include "image/image.h"

/* https://no-color.org: whatever NO_COLOR says, as long as it says something. */
static bool takes_colour(FILE *file) {
    const char *terminal = getenv("TERM"), *none = getenv("NO_COLOR");
    const int descriptor = fileno(file);
    return descriptor >= 0 && isatty(descriptor) && !(terminal && strcmp(terminal, "dumb") == 0) && !(none && *none);
}

/* Two rows of RGB; below NULL: there is none. */
static void write_colours(const uint8_t *above, const uint8_t *below, int64_t width, char *line) {
    const uint8_t *before_above = NULL, *before_below = NULL;
    for (int64_t x = 0; x < width; ++x, above += 3, below += below ? 3 : 0) {
        if (!before_above || memcmp(before_above, above, 3) != 0)
            line += sprintf(line, "\x1b[38;2;%d;%d;%dm", above[0], above[1], above[2]);
        if (below && (!before_below || memcmp(before_below, below, 3) != 0))
            line += sprintf(line, "\x1b[48;2;%d;%d;%dm", below[0], below[1], below[2]);
        line += sprintf(line, "\u2580");
        before_above = above;
        before_below = below;
    }
    strcpy(line, "\x1b[0m\n");
}

static void write_characters(const uint8_t *grey, int64_t width, char *line) {
    static const char ramp[] = " .:-=+*#%@";
    for (int64_t x = 0; x < width; ++x) {
        const char c = ramp[grey[x] * (sizeof ramp - 2) / UINT8_MAX];
        *line++      = c;
        *line++      = c;
    }
    strcpy(line, "\n");
}

static glia_status print_rows(gli_job *job, const gli_pixels *p, bool colour, FILE *file) {
    enum { CELL = 48 }; /* bytes of a character with both colours, at most */
    gli_block line;
    GLI_TRY(gli_job_alloc(job, (size_t)p->width + 1, CELL, "a line of text", &line));
    bool written = true;
    for (int64_t y = 0; y < p->height && written; y += colour ? 2 : 1) {
        if (colour)
            write_colours(gli_pixels_row(p, y), y + 1 < p->height ? gli_pixels_row(p, y + 1) : NULL, p->width,
                          line.data);
        else
            write_characters(gli_pixels_row(p, y), p->width, line.data);
        written = gli_print(file, line.data);
    }
    gli_block_free(job->ctx, &line);
    GLI_JOB_REQUIRE(job, written, GLIA_IO_ERROR, "writing to the file failed");
    return GLIA_OK;
}

static glia_status print(gli_job *job, const gli_pixels *pixels, FILE *file, const glia_image_print_args *args) {
    enum { COLOUR_COLUMNS = 80, CHARACTER_COLUMNS = 40 };
    GLI_JOB_REQUIRE(job, file, GLIA_INVALID_ARGUMENT, "file is NULL");
    GLI_JOB_REQUIRE(job, args->style >= GLIA_IMAGE_AUTO && args->style <= GLIA_IMAGE_CHARACTERS, GLIA_INVALID_ARGUMENT,
                    "invalid style %d", (int)args->style);
    GLI_JOB_REQUIRE(job, args->columns >= 0, GLIA_INVALID_ARGUMENT, "columns is %lld, must not be negative",
                    (long long)args->columns);
    const bool colour   = args->style == GLIA_IMAGE_COLOUR || (args->style == GLIA_IMAGE_AUTO && takes_colour(file));
    const int64_t most  = args->columns ? args->columns : colour ? COLOUR_COLUMNS : CHARACTER_COLUMNS;
    const int64_t width = gli_min_i64(pixels->width, most);
    const int64_t height =
        width == pixels->width ? pixels->height : gli_max_i64(pixels->height * width / pixels->width, 1);
    gli_pixels small;
    GLI_TRY(gli_pixels_resize(job, gli_whole(pixels), height, width, GLIA_IMAGE_AREA, &small));
    glia_status status = gli_pixels_convert(job, &small, colour ? 3 : 1, 8);
    if (status == GLIA_OK) status = print_rows(job, &small, colour, file);
    gli_pixels_free(job, &small);
    return status;
}

glia_status glia_image_print(const glia_image *image, FILE *file, const glia_image_print_args *args) {
    const glia_image_print_args none = {0};
    GLI_REQUIRE_OBJECT(image);
    GLI_TRY(gli_enter(image->ctx));
    gli_job job              = {.ctx = image->ctx};
    const glia_status status = gli_job_explain(&job, __func__, print(&job, &image->pixels, file, args ? args : &none));
    gli_leave(image->ctx);
    return status;
}

#include "cpu/native/conv/winograd_planes.h"

#include <math.h>

#include "core/size.h"
#include "cpu/native/conv/winograd.h"

enum { TAPS = 9 };

_Static_assert(GLI_WINOGRAD_PAD >= GLI_WINOGRAD_ROW,
               "what is written past the end of the last row ends before the next point");

static int64_t channels_of(const gli_winograd_planes *w) { return w->point.taps.count; }

/* Elements from one point to the next. */
static int64_t next_input(const gli_winograd_planes *w) {
    return channels_of(w) * w->rows * w->columns + GLI_WINOGRAD_PAD;
}
static int64_t next_sum(const gli_winograd_planes *w) { return gli_conv_planes_sums(&w->point) + GLI_WINOGRAD_PAD; }

/* Elements of the results from row to row, and from filter to filter. */
static int64_t row_of(const gli_winograd_planes *w) {
    return GLI_WINOGRAD_STEP * gli_divide_up(w->columns, GLI_WINOGRAD_ROW) * GLI_WINOGRAD_ROW;
}
static int64_t plane_of(const gli_winograd_planes *w) { return GLI_WINOGRAD_STEP * w->rows * row_of(w); }

int64_t gli_winograd_planes_filters(const gli_winograd_planes *w) {
    return GLI_WINOGRAD_POINTS * gli_conv_planes_packed(&w->point);
}
int64_t gli_winograd_planes_inputs(const gli_winograd_planes *w) { return GLI_WINOGRAD_POINTS * next_input(w); }
int64_t gli_winograd_planes_sums(const gli_winograd_planes *w) { return GLI_WINOGRAD_POINTS * next_sum(w); }
int64_t gli_winograd_planes_out(const gli_winograd_planes *w) { return w->point.kernel->filters * plane_of(w); }

void gli_winograd_planes_pack(const gli_winograd_planes *w, const float *taps, float *scratch) {
    const int64_t count = w->point.filters * channels_of(w);
    gli_conv_planes at  = w->point;
    for (int64_t i = 0; i < count; ++i) {
        const float *each[TAPS];
        for (int t = 0; t < TAPS; ++t) each[t] = taps + i * TAPS + t;
        gli_winograd_filter(each, 1, scratch + i, count);
    }
    for (int p = 0; p < GLI_WINOGRAD_POINTS; ++p) {
        at.packed = w->filters + p * gli_conv_planes_packed(&at);
        gli_conv_planes_pack(&at, scratch + p * count, NULL);
    }
}

/* Tiles written past the end of a row are overwritten by the next row. */
void gli_winograd_planes_transform(const gli_winograd_planes *w, const float *x, int64_t x_columns) {
    const int64_t plane = (GLI_WINOGRAD_STEP * w->rows + 2) * x_columns;
    for (int64_t c = 0; c < channels_of(w); ++c)
        for (int64_t row = 0; row < w->rows; ++row)
            gli_winograd_input_row(x + c * plane + GLI_WINOGRAD_STEP * row * x_columns, x_columns, w->columns,
                                   w->inputs + (c * w->rows + row) * w->columns, next_input(w));
}

bool gli_winograd_planes_run(const gli_winograd_planes *w, int64_t first, gli_fetch *fetch, gli_plane_sums *out) {
    gli_conv_planes at  = w->point;
    const int64_t pitch = gli_conv_planes_pitch(&at), count = gli_min_i64(at.kernel->filters, at.filters - first);
    float check[GLI_WINOGRAD_ROW] = {0}, sum = 0;
    for (int p = 0; p < GLI_WINOGRAD_POINTS; ++p) {
        at.packed = w->filters + p * gli_conv_planes_packed(&at);
        at.sums   = w->sums + p * next_sum(w);
        gli_conv_planes_run(&at, first, w->inputs + p * next_input(w), fetch);
    }
    for (int64_t f = 0; f < count; ++f)
        for (int64_t row = 0; row < w->rows; ++row)
            gli_winograd_output_row(w->sums + f * pitch + row * w->columns, next_sum(w), w->columns,
                                    w->bias ? w->bias[first + f] : 0,
                                    w->out + f * plane_of(w) + GLI_WINOGRAD_STEP * row * row_of(w), row_of(w), check);
    for (int i = 0; i < GLI_WINOGRAD_ROW; ++i) sum += check[i];
    *out = (gli_plane_sums){w->out, gli_winograd_planes_out(w), plane_of(w), row_of(w)};
    return !isnan(sum);
}

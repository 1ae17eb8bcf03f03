/* Upsampling of images: the nearest element, or between two along each axis. Places are computed in integers, as the
 * reference does, so that no rounding moves one. */
#include "c_file/c_file.h"
#include "core/print.h"
#include "glia/ops.h"
#include "ops/pool/interpolate_geom.h"

enum { ROWS = 1, COLUMNS = 2 }; /* of the geometry's three dimensions */

static bool is_usual_nearest(const gli_interpolate_geom *g) {
    return g->coordinates == GLIA_COORDINATES_HALF_PIXEL && g->rounding == GLIA_ROUNDING_PREFER_CEIL;
}

static const char *decline(const gli_c_file *f, const gli_c_layer *l) {
    const gli_interpolate_geom *g = l->geom;
    (void)f;
    if (g->missing != 1) return "of other things than images";
    if (g->mode == GLIA_INTERPOLATE_NEAREST && !is_usual_nearest(g)) return "with other coordinates than upsample2d";
    return NULL;
}

/* The element that is nearest to output `out_name`, which is floor(place + 1/2), of the place (2 o in + in - out) /
 * (2 out). */
static void put_nearest(gli_c_file *f, int level, const gli_interpolate_geom *g, int axis, const char *in_name,
                        const char *out_name) {
    const int in = g->in[axis], out = g->out[axis];
    gli_c_put(f, "%sconst int %s = ", gli_c_indent(level), in_name);
    if (out % in == 0)
        gli_c_put(f, "%s / %d;\n", out_name, out / in);
    else
        gli_c_put(f, "(%s * %d + %d) / %d;\n", out_name, 2 * in, in, 2 * out);
}

/* The elements before and after the place a / b of output `out_name`, and the share of the second. */
static void put_between(gli_c_file *f, int level, const gli_interpolate_geom *g, int axis, const char *in_name,
                        const char *out_name) {
    const int in = g->in[axis], out = g->out[axis];
    const char *indent = gli_c_indent(level);
    int b              = 2 * out;
    gli_c_put(f, "%sconst int %s_place = ", indent, in_name);
    if (g->coordinates == GLIA_COORDINATES_HALF_PIXEL)
        gli_c_put(f, "%s * %d %c %d", out_name, 2 * in, in < out ? '-' : '+', in < out ? out - in : in - out);
    else if (g->coordinates == GLIA_COORDINATES_ALIGN_CORNERS)
        gli_c_put(f, "%s * %d", out_name, out > 1 ? in - 1 : 0), b = out > 1 ? out - 1 : 1;
    else
        gli_c_put(f, "%s * %d", out_name, in), b = out;
    gli_c_put(f, "; /* in parts of 1 / %d */\n", b);
    gli_c_put(f, "%sconst int %s = %s_place < 0 ? 0 : %s_place / %d;\n", indent, in_name, in_name, in_name, b);
    gli_c_put(f, "%sconst int next_%s = %s + 1 < %d ? %s + 1 : %s;\n", indent, in_name, in_name, in, in_name, in_name);
    gli_c_put(f, "%sconst float %s_share = %s_place < 0 ? 0 : (float)(%s_place - %s * %d) / %d;\n", indent, in_name,
              in_name, in_name, in_name, b, b);
}

static void body(gli_c_file *f, const gli_c_layer *l) {
    const gli_interpolate_geom *g = l->geom;
    const bool nearest            = g->mode == GLIA_INTERPOLATE_NEAREST;
    const int height = g->in[ROWS], width = g->in[COLUMNS];
    gli_c_put_loop(f, 1, "c", g->c, "\n");
    gli_c_put_loop(f, 2, "p", g->out[ROWS], " {\n");
    (nearest ? put_nearest : put_between)(f, 3, g, ROWS, "row", "p");
    gli_c_put(f, "            const float *in = x + (c * %d + row) * %d;\n", height, width);
    if (!nearest) gli_c_put(f, "            const float *next = x + (c * %d + next_row) * %d;\n", height, width);
    gli_c_put_loop(f, 3, "q", g->out[COLUMNS], " {\n");
    (nearest ? put_nearest : put_between)(f, 4, g, COLUMNS, "column", "q");
    if (!nearest) {
        for (int i = 0; i < 2; ++i)
            gli_c_put(f,
                      "                const float %s = (1 - column_share) * %s[column] + column_share * "
                      "%s[next_column];\n",
                      i ? "below" : "above", i ? "next" : "in", i ? "next" : "in");
    }
    const char *value = nearest ? "in[column]" : "(1 - row_share) * above + row_share * below";
    gli_c_put(f, "                *y++ = %s;\n            }\n        }\n", GLI_C_ACTIVATED(l, value));
}

const gli_c_op gli_c_interpolate = {
    .op = &gli_op_interpolate, .data = 1, .activates = true, .decline = decline, .body = body};

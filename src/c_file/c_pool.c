/* Pooling. */
#include "c_file/c_file.h"
#include "core/print.h"
#include "glia/ops.h"
#include "ops/pool/pool_geom.h"

static gli_c_window window_of(const gli_pool_geom *g) {
    gli_c_window w;
    gli_c_window_begin(&w);
    gli_c_window_add(&w,
                     &(gli_c_axis){g->h, g->p, g->r, g->stride_h, g->pad_h, g->pad_h_end, g->dilation_h, "", "", ""});
    gli_c_window_add(&w,
                     &(gli_c_axis){g->w, g->q, g->s, g->stride_w, g->pad_w, g->pad_w_end, g->dilation_w, "", "", ""});
    gli_c_window_end(&w);
    return w;
}

/* Loops over channels and windows; *level: inside of them. */
static void begin(gli_c_file *f, const gli_pool_geom *g, const gli_c_window *w, int *level) {
    gli_c_put_loop(f, (*level)++, "c", g->c, "\n");
    for (int i = 0; i < w->n; ++i)
        gli_c_put_loop(f, (*level)++, w->axis[i].out_name, w->axis[i].out, i == w->n - 1 ? " {\n" : "\n");
}

static void end(gli_c_file *f, const gli_c_layer *l, const gli_c_window *w, const char *result) {
    gli_c_put(f, "%s*y++ = %s;\n", gli_c_indent(w->n + 2), GLI_C_ACTIVATED(l, result));
    gli_c_put(f, "%s}\n", gli_c_indent(w->n + 1));
}

/* The element of x at the loops' place: "x[(c * 28 + row) * 28 + column]". */
static const char *element(const gli_c_window *w, char text[GLI_C_EXPRESSION]) {
    int used = gli_format(text, GLI_C_EXPRESSION, "x[");
    for (int i = 0; i < w->n - 1; ++i) used += gli_format(text + used, GLI_C_EXPRESSION - (size_t)used, "(");
    used += gli_format(text + used, GLI_C_EXPRESSION - (size_t)used, "c");
    for (int i = 0; i < w->n; ++i)
        used += gli_format(text + used, GLI_C_EXPRESSION - (size_t)used, " * %d + %s%s", w->axis[i].in,
                           w->axis[i].in_name, i < w->n - 1 ? ")" : "");
    gli_format(text + used, GLI_C_EXPRESSION - (size_t)used, "]");
    return text;
}

/* Of each element of the window, and NaN if there is one. */
static void put_larger(gli_c_file *f, int level, const gli_c_window *w) {
    char text[GLI_C_EXPRESSION];
    gli_c_put(f, "%sconst float value = %s;\n", gli_c_indent(level), element(w, text));
    gli_c_put(f, "%sif (value > largest || isnan(value)) largest = value;\n", gli_c_indent(level));
}

/* Loops over the taps of a window, each with the place of its element; *level: inside of them. */
static void begin_taps(gli_c_file *f, const gli_c_window *w, int *level) {
    for (int i = 0; i < w->n; ++i) {
        gli_c_put_loop(f, (*level)++, w->axis[i].tap_name, w->axis[i].kernel, " {\n");
        gli_c_put_tap(f, *level, &w->axis[i], "continue");
    }
}

static void close(gli_c_file *f, int from, int to) {
    for (int level = from; level >= to; --level) gli_c_put(f, "%s}\n", gli_c_indent(level));
}

/* ---- max_pool2d ---- */

static const char *decline_indices(const gli_c_file *f, const gli_c_layer *l) {
    return gli_c_needs(f, l, GLI_POOL_INDICES) ? "with indices" : NULL;
}

static void plan_max(gli_c_file *f, gli_c_layer *l) {
    (void)f;
    if (((const gli_pool_geom *)l->geom)->relu) l->activation = GLIA_UNARY_RELU;
}

static void put_max(gli_c_file *f, const gli_c_layer *l) {
    const gli_pool_geom *g = l->geom;
    const gli_c_window w   = window_of(g);
    int level              = 1;
    begin(f, g, &w, &level);
    const int outer = level;
    gli_c_put(f, "%sfloat largest = -INFINITY;\n", gli_c_indent(level));
    begin_taps(f, &w, &level);
    put_larger(f, level, &w);
    close(f, level - 1, outer);
    end(f, l, &w, "largest");
}

const gli_c_op gli_c_max_pool2d = {.op        = &gli_op_max_pool2d,
                                   .data      = 1,
                                   .activates = true,
                                   .decline   = decline_indices,
                                   .plan      = plan_max,
                                   .body      = put_max};

/* ---- avg_pool2d ---- */

static bool is_inside(const gli_c_window *w) {
    for (int i = 0; i < w->n; ++i)
        if (!gli_c_window_inside(&w->axis[i])) return false;
    return true;
}

/* "row < 0 || row >= 28 || ...", of x, or of x with its padding. */
static void put_outside(gli_c_file *f, const gli_c_window *w) {
    for (int i = 0; i < w->n; ++i)
        gli_c_put(f, "%s%s < 0 || %s >= %d", i ? " || " : "", w->axis[i].in_name, w->axis[i].in_name, w->axis[i].in);
}

/* The taps that are counted: those in x, or those in x and its padding, but none beyond that. */
static void put_counted(gli_c_file *f, int level, const gli_pool_geom *g, const gli_c_window *w) {
    char text[GLI_C_EXPRESSION];
    const int outer = level;
    for (int i = 0; i < w->n; ++i)
        gli_c_put_loop(f, level++, w->axis[i].tap_name, w->axis[i].kernel, i == w->n - 1 ? " {\n" : "\n");
    for (int i = 0; i < w->n; ++i) {
        const gli_c_axis *a = &w->axis[i];
        gli_c_put(f, "%sconst int %s = %s;\n", gli_c_indent(level), a->in_name, gli_c_tap(a, a->tap_name, text));
    }
    if (g->count_include_pad) {
        gli_c_put(f, "%sif (", gli_c_indent(level));
        for (int i = 0; i < w->n; ++i)
            gli_c_put(f, "%s%s >= %d", i ? " || " : "", w->axis[i].in_name, w->axis[i].in + w->axis[i].pad_end);
        gli_c_put(f, ") continue; /* beyond the padding */\n%s++counted;\n", gli_c_indent(level));
    }
    gli_c_put(f, "%sif (", gli_c_indent(level));
    put_outside(f, w);
    gli_c_put(f, ") continue;\n%ssum += %s;\n", gli_c_indent(level), element(w, text));
    if (!g->count_include_pad) gli_c_put(f, "%s++counted;\n", gli_c_indent(level));
    gli_c_put(f, "%s}\n", gli_c_indent(outer + w->n - 1));
}

static void put_average(gli_c_file *f, const gli_c_layer *l) {
    const gli_pool_geom *g = l->geom;
    const gli_c_window w   = window_of(g);
    char text[GLI_C_EXPRESSION], result[64];
    int level = 1;
    begin(f, g, &w, &level);
    const int outer = level;
    gli_c_put(f, "%sfloat sum = 0;\n", gli_c_indent(level));
    if (is_inside(&w)) {
        begin_taps(f, &w, &level);
        gli_c_put(f, "%ssum += %s;\n", gli_c_indent(level), element(&w, text));
        close(f, level - 1, outer);
        gli_format(result, sizeof result, "sum / %lld", (long long)gli_c_window_taps(&w));
    } else {
        gli_c_put(f, "%sint counted = 0;\n", gli_c_indent(level));
        put_counted(f, level, g, &w);
        gli_format(result, sizeof result, "sum / (float)counted");
    }
    end(f, l, &w, result);
}

const gli_c_op gli_c_avg_pool2d = {.op = &gli_op_avg_pool2d, .data = 1, .activates = true, .body = put_average};

/* ---- Adaptive pooling: window p of P is from row p H / P to (p + 1) H / P, rounded outwards ---- */

static gli_c_window adaptive_of(const gli_pool_geom *g) {
    gli_c_window w = {.n = 2, .axis = {{.in = g->h, .out = g->p}, {.in = g->w, .out = g->q}}};
    gli_c_window_end(&w);
    return w;
}

static void begin_range(gli_c_file *f, int level, const gli_c_axis *a) {
    if (a->out == 1)
        gli_c_put_loop(f, level, a->in_name, a->in, " {\n");
    else
        gli_c_put(f, "%sfor (int %s = %s * %d / %d; %s < ((%s + 1) * %d + %d) / %d; ++%s) {\n", gli_c_indent(level),
                  a->in_name, a->out_name, a->in, a->out, a->in_name, a->out_name, a->in, a->out - 1, a->out,
                  a->in_name);
}

static void put_adaptive(gli_c_file *f, const gli_c_layer *l, bool max) {
    const gli_pool_geom *g = l->geom;
    const gli_c_window w   = adaptive_of(g);
    char text[GLI_C_EXPRESSION];
    int level = 1;
    begin(f, g, &w, &level);
    gli_c_put(f, "%sfloat %s;\n", gli_c_indent(level), max ? "largest = -INFINITY" : "sum = 0");
    if (!max) gli_c_put(f, "%sint counted = 0;\n", gli_c_indent(level));
    const int outer = level;
    begin_range(f, level++, &w.axis[0]);
    if (!max) gli_c_put(f, "%sfloat part = 0; /* of this row */\n", gli_c_indent(level));
    begin_range(f, level++, &w.axis[1]);
    if (max)
        put_larger(f, level, &w);
    else
        gli_c_put(f, "%spart += %s;\n%s++counted;\n", gli_c_indent(level), element(&w, text), gli_c_indent(level));
    close(f, level - 1, level - 1);
    if (!max) gli_c_put(f, "%ssum += part;\n", gli_c_indent(level - 1));
    close(f, outer, outer);
    end(f, l, &w, max ? "largest" : "sum / (float)counted");
}

static void put_adaptive_max(gli_c_file *f, const gli_c_layer *l) { put_adaptive(f, l, true); }
static void put_adaptive_average(gli_c_file *f, const gli_c_layer *l) { put_adaptive(f, l, false); }

const gli_c_op gli_c_adaptive_max_pool2d = {.op        = &gli_op_adaptive_max_pool2d,
                                            .data      = 1,
                                            .activates = true,
                                            .decline   = decline_indices,
                                            .body      = put_adaptive_max};
const gli_c_op gli_c_adaptive_avg_pool2d = {
    .op = &gli_op_adaptive_avg_pool2d, .data = 1, .activates = true, .body = put_adaptive_average};

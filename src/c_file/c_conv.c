/* Convolutions, and those over the steps of a stream. */
#include "c_file/c_conv.h"
#include "core/print.h"
#include "glia/ops.h"

gli_c_conv gli_c_conv_of(const gli_c_layer *l) {
    const gli_conv_geom *g = l->geom;
    gli_c_conv out         = {.c = g->c, .k = g->k, .groups = g->groups};
    gli_c_window_begin(&out.w);
    gli_c_window_add(&out.w,
                     &(gli_c_axis){g->h, g->p, g->r, g->stride_h, g->pad_h, g->pad_h_end, g->dilation_h, "", "", ""});
    gli_c_window_add(&out.w,
                     &(gli_c_axis){g->w, g->q, g->s, g->stride_w, g->pad_w, g->pad_w_end, g->dilation_w, "", "", ""});
    gli_c_window_end(&out.w);
    return out;
}

void gli_c_plan_conv(gli_c_file *f, gli_c_layer *l) {
    const gli_conv_geom *g = l->geom;
    (void)f;
    l->activation = g->activation;
}

/* ---- Weights: those of the model, with a batchnorm folded in ---- */

glia_status gli_c_read_filters(gli_c_file *f, const gli_c_layer *l, int64_t count, int k, gli_c_filters *out) {
    const float *w, *bias;
    GLI_TRY(gli_c_read(f, l->node, GLI_CONV_W, &w));
    GLI_TRY(gli_c_read(f, l->node, GLI_CONV_BIAS, &bias));
    GLI_TRY(gli_c_floats(f, count, &out->w));
    GLI_TRY(gli_c_floats(f, k, &out->bias));
    for (int64_t i = 0; i < count; ++i) out->w[i] = w[i];
    for (int i = 0; i < k; ++i) out->bias[i] = bias ? bias[i] : 0;
    return GLIA_OK;
}

void gli_c_put_filters(gli_c_file *f, const gli_c_layer *l, int first, int second, const gli_c_window *w,
                       const float *values) {
    int64_t dim[5] = {first, second};
    int ndim       = 2;
    for (int i = 0; i < w->n; ++i) dim[ndim++] = w->axis[i].kernel;
    gli_c_put_array(f, l->name, "weight", ndim, dim, values);
}

void gli_c_put_conv_bias(gli_c_file *f, const gli_c_layer *l, int k, const float *values) {
    if (gli_c_conv_has_bias(l)) gli_c_put_array(f, l->name, "bias", 1, (int64_t[]){k}, values);
}

/* For one step of a stream the window is a matrix [taps,channels,filters of a group], as that of a dense layer. */
static void pack_for_stream(const gli_c_conv *v, const float *w, float *out) {
    const int64_t taps = gli_c_window_taps(&v->w), group_c = v->c / v->groups, group_k = v->k / v->groups;
    for (int64_t k = 0; k < v->k; ++k)
        for (int64_t c = 0; c < group_c; ++c)
            for (int64_t s = 0; s < taps; ++s)
                out[((k / group_k * taps + s) * group_c + c) * group_k + k % group_k] = w[(k * group_c + c) * taps + s];
}

static glia_status weights(gli_c_file *f, const gli_c_layer *l) {
    const gli_c_conv v   = gli_c_conv_of(l);
    const int64_t each   = v.c / v.groups * gli_c_window_taps(&v.w);
    gli_c_filters values = {0};
    gli_c_affine norm    = {0};
    GLI_TRY(gli_c_read_filters(f, l, each * v.k, v.k, &values));
    if (l->batchnorm) GLI_TRY(gli_c_batchnorm(f, l->batchnorm, &norm));
    for (int k = 0; l->batchnorm && k < v.k; ++k) {
        gli_c_fold(&values.bias[k], norm.scale[k], norm.shift[k]);
        for (int64_t i = 0; i < each; ++i) gli_c_fold(&values.w[k * each + i], norm.scale[k], 0);
    }
    if (l->time >= 0) {
        float *packed;
        GLI_TRY(gli_c_floats(f, each * v.k, &packed));
        pack_for_stream(&v, values.w, packed);
        gli_c_put_array(f, l->name, "weight", 2, (int64_t[]){v.groups * each, v.k / v.groups}, packed);
    } else {
        gli_c_put_filters(f, l, v.k, v.c / v.groups, &v.w, values.w);
    }
    gli_c_put_conv_bias(f, l, v.k, values.bias);
    return GLIA_OK;
}

/* ---- A whole image ---- */

const char *gli_c_conv_start(const gli_c_layer *l, char text[GLI_C_EXPRESSION]) {
    gli_format(text, GLI_C_EXPRESSION, gli_c_conv_has_bias(l) ? "%s_bias[k]" : "0", l->name);
    return text;
}

/* x's channel of filter k's c-th one. */
const char *gli_c_conv_channel(const gli_c_conv *v, char text[GLI_C_EXPRESSION]) {
    const int group_c = v->c / v->groups, group_k = v->k / v->groups;
    if (v->groups == 1)
        gli_format(text, GLI_C_EXPRESSION, "c");
    else if (group_c == 1 && group_k == 1)
        gli_format(text, GLI_C_EXPRESSION, "k");
    else if (group_c == 1)
        gli_format(text, GLI_C_EXPRESSION, "k / %d", group_k);
    else
        gli_format(text, GLI_C_EXPRESSION, "(k / %d * %d + c)", group_k, group_c);
    return text;
}

/* A row of the weights: "NAME_weight[k][c][r]". */
static void put_weights_row(gli_c_file *f, int level, const gli_c_layer *l, const gli_c_window *w) {
    gli_c_put(f, "%sconst float *w = %s_weight[k][c]", gli_c_indent(level), l->name);
    for (int i = 0; i < w->n - 1; ++i) gli_c_put(f, "[%s]", w->axis[i].kernel > 1 ? w->axis[i].tap_name : "0");
    gli_c_put(f, ";\n");
}

enum { MOST_TAPS = 7 /* of a row that are written one after the other */, MOST_EDGES = 8 };

/* The outputs at which all taps of a row are inside: from first to end. */
typedef struct interior {
    int first, end;
} interior;

static interior interior_of(const gli_c_axis *a) {
    const int last = a->in - 1 + a->pad - (a->kernel - 1) * a->dilation; /* the place of the last window */
    interior i     = {.first = (a->pad + a->stride - 1) / a->stride, .end = last < 0 ? 0 : last / a->stride + 1};
    if (i.end > a->out) i.end = a->out;
    return i;
}

/* Of few taps and few outputs beside the interior. */
static bool is_short(const gli_c_axis *a) {
    const interior i = interior_of(a);
    return a->kernel <= MOST_TAPS && i.first < i.end && i.first + a->out - i.end <= MOST_EDGES;
}

/* The n-th term of a sum, two in a line. */
static void put_plus(gli_c_file *f, int level, int n) {
    if (n && n % 2 == 0) gli_c_put(f, " +\n%s          ", gli_c_indent(level));
    if (n % 2) gli_c_put(f, " + ");
}

/* out[q] += w[0] * in[q - 1] + w[1] * in[q] + ...; for the interior. */
static void put_interior(gli_c_file *f, int level, const gli_c_axis *a) {
    const interior i = interior_of(a);
    char at[GLI_C_EXPRESSION];
    gli_format(at, sizeof at, a->stride == 1 ? "q" : "q * %d", a->stride);
    gli_c_put(f, "%sfor (int q = %d; q < %d; ++q)\n%s    out[q] += ", gli_c_indent(level), i.first, i.end,
              gli_c_indent(level));
    for (int s = 0; s < a->kernel; ++s) {
        const int shift = s * a->dilation - a->pad;
        put_plus(f, level + 1, s);
        gli_c_put(f, "w[%d] * in[%s", s, at);
        if (shift) gli_c_put(f, " %s %d", shift > 0 ? "+" : "-", shift > 0 ? shift : -shift);
        gli_c_put(f, "]");
    }
    gli_c_put(f, ";\n");
}

/* out[0] += w[1] * in[0] + w[2] * in[1]; for an output at the edge. */
static void put_edge(gli_c_file *f, int level, const gli_c_axis *a, int q) {
    int n = 0;
    for (int s = 0; s < a->kernel; ++s) {
        const int at = q * a->stride + s * a->dilation - a->pad;
        if (at < 0 || at >= a->in) continue;
        if (!n) gli_c_put(f, "%sout[%d] += ", gli_c_indent(level), q);
        put_plus(f, level, n++);
        gli_c_put(f, "w[%d] * in[%d]", s, at);
    }
    if (n) gli_c_put(f, ";\n");
}

/* The outputs at which tap s is inside, `shift` elements from each. */
static void put_range(gli_c_file *f, int level, const gli_c_axis *a) {
    const char *indent = gli_c_indent(level);
    if (a->dilation == 1)
        gli_c_put(f, "%sconst int shift = s - %d;\n", indent, a->pad);
    else
        gli_c_put(f, "%sconst int shift = s * %d - %d;\n", indent, a->dilation, a->pad);
    if (a->stride == 1) {
        gli_c_put(f, "%sconst int first = shift < 0 ? -shift : 0;\n", indent);
        gli_c_put(f, "%sconst int end = shift > %d ? %d - shift : %d;\n", indent, a->in - a->out, a->in, a->out);
    } else {
        gli_c_put(f, "%sconst int first = shift < 0 ? (%d - shift) / %d : 0;\n", indent, a->stride - 1, a->stride);
        gli_c_put(f, "%sconst int past = (%d - shift) / %d, end = past < %d ? past : %d;\n", indent,
                  a->in + a->stride - 1, a->stride, a->out, a->out);
    }
}

/* One tap after the other, for the outputs at which it is inside. */
static void put_outer_taps(gli_c_file *f, int level, const gli_c_axis *a) {
    gli_c_put_loop(f, level, "s", a->kernel, " {\n");
    put_range(f, level + 1, a);
    gli_c_put(f, "%sfor (int q = first; q < end; ++q) out[q] += w[s] * in[q", gli_c_indent(level + 1));
    gli_c_put(f, a->stride == 1 ? " + shift];\n" : " * %d + shift];\n", a->stride);
    gli_c_put(f, "%s}\n", gli_c_indent(level));
}

/* The weights of four channels, as w0 to w3. */
static void put_four_weights(gli_c_file *f, int level, const gli_c_layer *l, const gli_c_window *w) {
    static const char *const plus[] = {"", " + 1", " + 2", " + 3"};
    for (int i = 0; i < 4; ++i) {
        if (i % 2)
            gli_c_put(f, ", ");
        else
            gli_c_put(f, "%s%s%s", i ? ",\n" : "", gli_c_indent(level), i ? "            " : "const float ");
        gli_c_put(f, "w%d = %s_weight[k][c%s]", i, l->name, plus[i]);
        for (int n = 0; n < w->n; ++n) gli_c_put(f, "[%s]", w->axis[n].kernel > 1 ? w->axis[n].tap_name : "0");
    }
    gli_c_put(f, ";\n");
}

/* The same with four channels at a time, so that an output is read and written a quarter as often. */
static void put_four_channels(gli_c_file *f, int level, const gli_c_layer *l, const gli_c_window *w) {
    const gli_c_axis *a = &w->axis[w->n - 1];
    const bool inside = gli_c_window_inside(a), taps = !inside || a->kernel > 1;
    const long long area = gli_c_window_inputs(w);
    const int inner      = taps ? level + 1 : level;
    char at[GLI_C_EXPRESSION], end[24];
    gli_format(end, sizeof end, "%d", a->out);
    if (taps) gli_c_put_loop(f, level, "s", a->kernel, " {\n");
    if (inside)
        gli_c_tap(a, "s", at);
    else
        put_range(f, inner, a), gli_format(at, sizeof at, a->stride == 1 ? "q + shift" : "q * %d + shift", a->stride);
    put_four_weights(f, inner, l, w);
    gli_c_put(f, "%sfor (int q = %s; q < %s; ++q)\n", gli_c_indent(inner), inside ? "0" : "first",
              inside ? end : "end");
    gli_c_put(f, "%s    out[q] += (w0 * in[%s] + w1 * in[%lld + %s]) +\n", gli_c_indent(inner), at, area, at);
    gli_c_put(f, "%s              (w2 * in[%lld + %s] + w3 * in[%lld + %s]);\n", gli_c_indent(inner), 2 * area, at,
              3 * area, at);
    if (taps) gli_c_put(f, "%s}\n", gli_c_indent(level));
}

static void put_taps(gli_c_file *f, int level, const gli_c_axis *a) {
    const interior i = interior_of(a);
    if (!is_short(a)) {
        put_outer_taps(f, level, a);
        return;
    }
    for (int q = 0; q < i.first; ++q) put_edge(f, level, a, q);
    put_interior(f, level, a);
    for (int q = i.end; q < a->out; ++q) put_edge(f, level, a, q);
}

/* The position of a plane or row of x or y: "((k * 26 + p) * 26)". */
static void put_position(gli_c_file *f, const gli_c_window *w, const char *channel, bool in) {
    for (int i = 0; i < w->n - 1; ++i) gli_c_put(f, "(");
    gli_c_put(f, "%s", channel);
    for (int i = 0; i < w->n; ++i) {
        const gli_c_axis *a = &w->axis[i];
        gli_c_put(f, " * %d", in ? a->in : a->out);
        if (i < w->n - 1) gli_c_put(f, " + %s)", in ? a->in_name : a->out_name);
    }
}

/* What channels `first` to `end` of a group add to a row of y: four at a time from 0 on, the others one by one. */
static void put_channels(gli_c_file *f, int level, const gli_c_layer *l, const gli_c_conv *v, int first, int end) {
    const gli_c_window *w = &v->w;
    const bool fours      = end - first >= 4;
    char text[GLI_C_EXPRESSION];
    int inner = level;
    gli_c_put(f, "%sfor (int c = %d; c < %d; %s)%s\n", gli_c_indent(inner++), first, end, fours ? "c += 4" : "++c",
              w->n > 1 ? "" : " {");
    for (int i = 0; i < w->n - 1; ++i) gli_c_put_loop(f, inner++, w->axis[i].tap_name, w->axis[i].kernel, " {\n");
    for (int i = 0; i < w->n - 1; ++i) gli_c_put_tap(f, inner, &w->axis[i], "continue");
    gli_c_put(f, "%sconst float *in = x + ", gli_c_indent(inner));
    put_position(f, w, gli_c_conv_channel(v, text), true);
    gli_c_put(f, ";\n");
    if (fours) {
        put_four_channels(f, inner, l, w);
    } else {
        put_weights_row(f, inner, l, w);
        put_taps(f, inner, &w->axis[w->n - 1]);
    }
    for (int i = w->n > 1 ? w->n - 1 : 1; i > 0; --i) gli_c_put(f, "%s}\n", gli_c_indent(--inner));
}

static void put_image(gli_c_file *f, const gli_c_layer *l) {
    const gli_c_conv v    = gli_c_conv_of(l);
    const gli_c_window *w = &v.w;
    const gli_c_axis *a   = &w->axis[w->n - 1];
    const int each = v.c / v.groups, fours = each / 4 * 4;
    char text[GLI_C_EXPRESSION];
    int level = 1;
    gli_c_put_loop(f, level++, "k", v.k, w->n > 1 ? "\n" : " {\n");
    for (int i = 0; i < w->n - 1; ++i)
        gli_c_put_loop(f, level++, w->axis[i].out_name, w->axis[i].out, i == w->n - 2 ? " {\n" : "\n");
    gli_c_put(f, "%sfloat *out = y + ", gli_c_indent(level));
    put_position(f, w, "k", false);
    gli_c_put(f, ";\n");
    gli_c_put_loop(f, level, "q", a->out, "");
    gli_c_put(f, " out[q] = %s;\n", gli_c_conv_start(l, text));
    if (fours > 0) put_channels(f, level, l, &v, 0, fours);
    if (fours < each) put_channels(f, level, l, &v, fours, each);
    if (l->activation != GLIA_UNARY_LINEAR) {
        gli_c_put_loop(f, level, "q", a->out, "");
        gli_c_put(f, " out[q] = %s;\n", GLI_C_ACTIVATED(l, "out[q]"));
    }
    gli_c_put(f, "%s}\n", gli_c_indent(w->n > 1 ? level - 1 : 1));
}

/* ---- One step of a stream ---- */

static void plan_conv2d(gli_c_file *f, gli_c_layer *l) {
    const gli_conv_geom *g = l->geom;
    gli_c_plan_conv(f, l);
    if (l->time < 0) return;
    gli_c_add_field(l, "past", (int64_t)((g->s - 1) * g->dilation_w + 1) * g->c, false);
    gli_c_add_field(l, "at", 1, true);
}

static void put_stream(gli_c_file *f, const gli_c_layer *l) {
    const gli_c_conv v  = gli_c_conv_of(l);
    const gli_c_axis *a = &v.w.axis[v.w.n - 1];
    const int depth = (a->kernel - 1) * a->dilation + 1, group_c = v.c / v.groups, group_k = v.k / v.groups;
    gli_c_put(f, "    float *past = state->%s_past; /* a ring of the last %d steps */\n", l->name, depth);
    gli_c_put(f, "    const int at = state->%s_at;\n", l->name);
    gli_c_put(f, "    memcpy(past + at * %d, x, %d * sizeof *x);\n", v.c, v.c);
    gli_c_put(f, "    state->%s_at = (at + 1) %% %d;\n", l->name, depth);
    if (gli_c_conv_has_bias(l))
        gli_c_put(f, "    memcpy(y, %s_bias, sizeof %s_bias);\n", l->name, l->name);
    else
        gli_c_put(f, "    memset(y, 0, %d * sizeof *y);\n", v.k);
    gli_c_put_loop(f, 1, "s", a->kernel, " {\n");
    gli_c_put(f, "        const float *in = past + (at + 1 + s * %d) %% %d * %d;\n", a->dilation, depth, v.c);
    if (v.groups == 1) {
        gli_c_put(f, "        const float (*weight)[%d] = %s_weight + s * %d;\n", group_k, l->name, group_c);
        gli_c_put_product(f, 2, "y", "in", "weight", group_c, group_k);
    } else {
        gli_c_put_loop(f, 2, "group", v.groups, " {\n");
        gli_c_put(f, "            const float (*weight)[%d] = %s_weight + (group * %d + s) * %d;\n", group_k, l->name,
                  a->kernel, group_c);
        gli_c_put(f, "            const float *part = in + group * %d;\n            float *out = y + group * %d;\n",
                  group_c, group_k);
        gli_c_put_product(f, 3, "out", "part", "weight", group_c, group_k);
        gli_c_put(f, "        }\n");
    }
    gli_c_put(f, "    }\n");
    if (l->activation == GLIA_UNARY_LINEAR) return;
    gli_c_put_loop(f, 1, "k", v.k, "");
    gli_c_put(f, " y[k] = %s;\n", GLI_C_ACTIVATED(l, "y[k]"));
}

static void put_conv2d(gli_c_file *f, const gli_c_layer *l) {
    if (l->time >= 0)
        put_stream(f, l);
    else
        put_image(f, l);
}

const gli_c_op gli_c_conv2d = {.op        = &gli_op_conv2d,
                               .data      = 1u << GLI_CONV_X,
                               .folds     = true,
                               .activates = true,
                               .plan      = plan_conv2d,
                               .weights   = weights,
                               .body      = put_conv2d};

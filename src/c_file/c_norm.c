/* Normalisations and softmax. */
#include "c_file/c_file.h"
#include "core/print.h"
#include "glia/ops.h"
#include "ops/norm/batchnorm_geom.h"
#include "ops/norm/groupnorm_geom.h"
#include "ops/norm/layernorm_geom.h"
#include "ops/softmax/softmax_geom.h"

/* ---- batchnorm that no layer before it took in: a scale and a shift ---- */

static glia_status batchnorm_weights(gli_c_file *f, const gli_c_layer *l) {
    const gli_batchnorm_geom *g = l->geom;
    gli_c_affine norm;
    float *scale, *shift;
    GLI_TRY(gli_c_batchnorm(f, l->node, &norm));
    GLI_TRY(gli_c_floats(f, g->c, &scale));
    GLI_TRY(gli_c_floats(f, g->c, &shift));
    for (int c = 0; c < g->c; ++c) scale[c] = (float)norm.scale[c], shift[c] = (float)norm.shift[c];
    gli_c_put_array(f, l->name, "scale", 1, (int64_t[]){g->c}, scale);
    gli_c_put_array(f, l->name, "shift", 1, (int64_t[]){g->c}, shift);
    return GLIA_OK;
}

static void put_batchnorm(gli_c_file *f, const gli_c_layer *l) {
    const gli_batchnorm_geom *g = l->geom;
    char element[GLI_C_EXPRESSION];
    const bool area = g->area > 1;
    gli_format(element, sizeof element, "x[%s] * %s_scale[c] + %s_shift[c]", area ? "i" : "c", l->name, l->name);
    gli_c_put_loop(f, 1, "c", g->c, area ? "\n" : "");
    if (area) gli_c_put(f, "        for (int i = c * %d; i < (c + 1) * %d; ++i)", g->area, g->area);
    gli_c_put(f, " y[%s] = %s;\n", area ? "i" : "c", GLI_C_ACTIVATED(l, element));
}

const gli_c_op gli_c_batchnorm_op = {.op        = &gli_op_batchnorm_inference,
                                     .data      = 1u << GLI_NORM_X,
                                     .in_place  = 1u << GLI_NORM_X,
                                     .activates = true,
                                     .weights   = batchnorm_weights,
                                     .body      = put_batchnorm};

/* ---- layernorm and groupnorm: mean and variance of a row ---- */

static glia_status norm_weights(gli_c_file *f, const gli_c_layer *l) {
    GLI_TRY(gli_c_put_vector(f, l, GLI_NORM_WEIGHT, "weight"));
    return gli_c_put_vector(f, l, GLI_NORM_BIAS, "bias");
}

/* Adds up the terms of a row; many of them in parts, which are added up: fewer roundings one after the other. */
static void put_sum(gli_c_file *f, const char *total, const char *term, int size) {
    enum { LONGEST = 256 };
    if (size <= LONGEST) {
        gli_c_put_loop(f, 2, "i", size, "");
        gli_c_put(f, " %s += %s;\n", total, term);
        return;
    }
    gli_c_put(f, "        for (int first = 0; first < %d; first += %d) {\n            float part = 0;\n", size,
              LONGEST);
    gli_c_put(f, "            for (int i = first; i < first + %d && i < %d; ++i) part += %s;\n", LONGEST, size, term);
    gli_c_put(f, "            %s += part;\n        }\n", total);
}

/* rows: of x, each with `size` elements. channel: of element i of a row, as an expression. */
static void put_rows(gli_c_file *f, const gli_c_layer *l, int rows, int size, double epsilon, const char *channel) {
    char value[GLI_C_EXPRESSION];
    int used = gli_format(value, sizeof value, "(in[i] - mean) * scale");
    if (gli_c_has(l, GLI_NORM_WEIGHT))
        used += gli_format(value + used, sizeof value - (size_t)used, " * %s_weight[%s]", l->name, channel);
    if (gli_c_has(l, GLI_NORM_BIAS))
        gli_format(value + used, sizeof value - (size_t)used, " + %s_bias[%s]", l->name, channel);
    gli_c_put_loop(f, 1, "row", rows, " {\n");
    gli_c_put(f, "        const float *in = x + row * %d;\n        float *out = y + row * %d;\n", size, size);
    gli_c_put(f, "        float mean = 0, variance = 0;\n");
    put_sum(f, "mean", "in[i]", size);
    gli_c_put(f, "        mean /= %d;\n", size);
    put_sum(f, "variance", "(in[i] - mean) * (in[i] - mean)", size);
    gli_c_put(f, "        const float scale = 1 / sqrtf(variance / %d + %s);\n", size, GLI_C_FLOAT(epsilon));
    gli_c_put_loop(f, 2, "i", size, "");
    gli_c_put(f, " out[i] = %s;\n    }\n", GLI_C_ACTIVATED(l, value));
}

static void put_layernorm(gli_c_file *f, const gli_c_layer *l) {
    const gli_layernorm_geom *g = l->geom;
    put_rows(f, l, g->rows, g->size, g->epsilon, "i");
}

static void put_groupnorm(gli_c_file *f, const gli_c_layer *l) {
    const gli_groupnorm_geom *g = l->geom;
    const int channels          = g->c / g->groups;
    char channel[96];
    gli_format(channel, sizeof channel, "row %% %d * %d + i / %d", g->groups, channels, g->area);
    put_rows(f, l, g->n * g->groups, channels * g->area, g->epsilon, channel);
}

static const char *decline_statistics(const gli_c_file *f, const gli_c_layer *l) {
    return gli_c_needs(f, l, GLI_NORM_MEAN) || gli_c_needs(f, l, GLI_NORM_RSTD) ? "with its statistics" : NULL;
}

const gli_c_op gli_c_layernorm = {.op        = &gli_op_layernorm,
                                  .data      = 1u << GLI_NORM_X,
                                  .in_place  = 1u << GLI_NORM_X,
                                  .activates = true,
                                  .decline   = decline_statistics,
                                  .weights   = norm_weights,
                                  .body      = put_layernorm};
const gli_c_op gli_c_groupnorm = {.op        = &gli_op_groupnorm,
                                  .data      = 1u << GLI_NORM_X,
                                  .in_place  = 1u << GLI_NORM_X,
                                  .activates = true,
                                  .decline   = decline_statistics,
                                  .weights   = norm_weights,
                                  .body      = put_groupnorm};

/* ---- softmax ---- */

static void put_softmax(gli_c_file *f, const gli_c_layer *l) {
    const gli_softmax_geom *g = l->geom;
    char at[64]               = "k";
    int level                 = 1;
    if (g->inner > 1) gli_format(at, sizeof at, "k * %d", g->inner);
    if (g->outer * (int64_t)g->inner > 1) {
        gli_c_put_loop(f, level++, "i", g->outer * (int64_t)g->inner, " {\n");
        if (g->inner > 1)
            gli_c_put(f, "        const int first = i / %d * %d + i %% %d;\n", g->inner, g->length * g->inner,
                      g->inner);
        else
            gli_c_put(f, "        const int first = i * %d;\n", g->length);
        gli_c_put(f, "        const float *in = x + first;\n        float *out = y + first;\n");
    }
    const char *indent = gli_c_indent(level), *in = level > 1 ? "in" : "x", *out = level > 1 ? "out" : "y";
    gli_c_put(f, "%sfloat largest = -INFINITY, sum = 0;\n", indent);
    gli_c_put_loop(f, level, "k", g->length, "\n");
    gli_c_put(f, "%s    if (%s[%s] > largest) largest = %s[%s];\n", indent, in, at, in, at);
    gli_c_put_loop(f, level, "k", g->length, "");
    if (g->log) {
        gli_c_put(f, " sum += expf(%s[%s] - largest);\n", in, at);
        gli_c_put_loop(f, level, "k", g->length, "");
        gli_c_put(f, " %s[%s] = %s[%s] - largest - logf(sum);\n", out, at, in, at);
    } else {
        gli_c_put(f, " sum += %s[%s] = expf(%s[%s] - largest);\n", out, at, in, at);
        gli_c_put_loop(f, level, "k", g->length, "");
        gli_c_put(f, " %s[%s] /= sum;\n", out, at);
    }
    if (level > 1) gli_c_put(f, "    }\n");
}

const gli_c_op gli_c_softmax = {
    .op = &gli_op_softmax, .data = 1u << GLI_SOFTMAX_X, .in_place = 1u << GLI_SOFTMAX_X, .body = put_softmax};

/* Dense layers: products of a matrix and vectors. */
#include "c_file/c_file.h"
#include "core/print.h"
#include "glia/ops.h"
#include "ops/linear/dense_geom.h"

void gli_c_transpose(const float *w, int64_t rows, int64_t columns, float *out) {
    for (int64_t i = 0; i < rows; ++i)
        for (int64_t k = 0; k < columns; ++k) out[k * rows + i] = w[i * columns + k];
}

/* The outputs are the inner loop, so that a compiler can compute several at once without another order of sums; four
 * inputs at a time, so that it reads and writes each output a quarter as often, and a sum has a quarter of the terms
 * one after the other. */
/* y[u] += x[k] w[k][u] of four k, from `first` to `end`. */
static void put_fours(gli_c_file *f, int level, const char *y, const char *x, const char *w, const char *first,
                      const char *end, int64_t outputs) {
    const char *u      = outputs > 1 ? "u" : "0"; /* no loop over one output */
    const char *indent = gli_c_indent(level + (outputs > 1 ? 2 : 1));
    gli_c_put(f, "%sfor (int k = %s; k < %s; k += 4)\n", gli_c_indent(level), first, end);
    if (outputs > 1) gli_c_put_loop(f, level + 1, "u", outputs, "\n");
    gli_c_put(f, "%s%s[%s] += (%s[k] * %s[k][%s] + %s[k + 1] * %s[k + 1][%s]) +\n", indent, y, u, x, w, u, x, w, u);
    gli_c_put(f, "%s        (%s[k + 2] * %s[k + 2][%s] + %s[k + 3] * %s[k + 3][%s]);\n", indent, x, w, u, x, w, u);
}

void gli_c_put_product(gli_c_file *f, int level, const char *y, const char *x, const char *w, int64_t inputs,
                       int64_t outputs) {
    const int64_t whole = inputs / 4 * 4;
    char end[24];
    gli_format(end, sizeof end, "%lld", (long long)whole);
    if (whole) put_fours(f, level, y, x, w, "0", end, outputs);
    for (int64_t k = whole; k < inputs; ++k) {
        if (outputs > 1)
            gli_c_put_loop(f, level, "u", outputs, " ");
        else
            gli_c_put(f, "%s", gli_c_indent(level));
        gli_c_put(f, "%s[%s] += %s[%lld] * %s[%lld][%s];\n", y, outputs > 1 ? "u" : "0", x, (long long)k, w,
                  (long long)k, outputs > 1 ? "u" : "0");
    }
}

/* Sums of more terms are made of sums of this many, in the workspace: a chain of additions rounds each time. */
enum { LONGEST = 1024 };

static void put_long_product(gli_c_file *f, int level, const char *y, const char *x, const char *w, int64_t inputs,
                             int64_t outputs) {
    const int64_t whole = inputs / LONGEST * LONGEST;
    const char *indent  = gli_c_indent(level);
    char rest[48], more[GLI_NAME_SIZE + 32];
    gli_c_put(f, "%s/* Short sums, which are added up: fewer roundings one after the other. */\n", indent);
    gli_c_put(f, "%sfor (int first = 0; first < %lld; first += %d) {\n", indent, (long long)whole, LONGEST);
    gli_c_put(f, "%s    memset(work, 0, %lld * sizeof *work);\n", indent, (long long)outputs);
    gli_format(rest, sizeof rest, "first + %d", LONGEST);
    put_fours(f, level + 1, "work", x, w, "first", rest, outputs);
    gli_c_put_loop(f, level + 1, "u", outputs, "");
    gli_c_put(f, " %s[u] += work[u];\n", y);
    gli_c_put(f, "%s}\n", indent);
    if (whole == inputs) return;
    gli_format(rest, sizeof rest, "(%s + %lld)", x, (long long)whole);
    gli_format(more, sizeof more, "(%s + %lld)", w, (long long)whole);
    gli_c_put_product(f, level, y, rest, more, inputs - whole, outputs);
}

static glia_status weights(gli_c_file *f, const gli_c_layer *l) {
    const gli_dense_geom *g = l->geom;
    const float *w, *bias;
    float *packed, *start;
    gli_c_affine norm = {0};
    GLI_TRY(gli_c_read(f, l->node, GLI_DENSE_W, &w));
    GLI_TRY(gli_c_read(f, l->node, GLI_DENSE_BIAS, &bias));
    GLI_TRY(gli_c_floats(f, (int64_t)g->k * g->u, &packed));
    GLI_TRY(gli_c_floats(f, g->u, &start));
    if (l->batchnorm) GLI_TRY(gli_c_batchnorm(f, l->batchnorm, &norm));
    gli_c_transpose(w, g->u, g->k, packed);
    for (int u = 0; u < g->u; ++u) {
        start[u] = bias ? bias[u] : 0;
        if (!l->batchnorm) continue;
        start[u] = (float)((double)start[u] * norm.scale[u] + norm.shift[u]);
        for (int k = 0; k < g->k; ++k)
            packed[(int64_t)k * g->u + u] = (float)((double)packed[(int64_t)k * g->u + u] * norm.scale[u]);
    }
    gli_c_put_array(f, l->name, "weight", 2, (int64_t[]){g->k, g->u}, packed);
    if (bias || l->batchnorm) gli_c_put_array(f, l->name, "bias", 1, (int64_t[]){g->u}, start);
    return GLIA_OK;
}

static void body(gli_c_file *f, const gli_c_layer *l) {
    const gli_dense_geom *g = l->geom;
    const bool rows         = g->rows > 1;
    const int level         = rows ? 2 : 1;
    const char *indent = gli_c_indent(level), *x = rows ? "in" : "x", *y = rows ? "out" : "y";
    char w[GLI_NAME_SIZE + 8], element[16];
    gli_format(w, sizeof w, "%s_weight", l->name);
    gli_format(element, sizeof element, "%s[u]", y);
    if (rows) {
        gli_c_put_loop(f, 1, "row", g->rows, " {\n");
        gli_c_put(f, "        const float *in = x + row * %d;\n        float *out = y + row * %d;\n", g->k, g->u);
    }
    if (gli_c_has(l, GLI_DENSE_BIAS) || l->batchnorm)
        gli_c_put(f, "%smemcpy(%s, %s_bias, sizeof %s_bias);\n", indent, y, l->name, l->name);
    else
        gli_c_put(f, "%smemset(%s, 0, %d * sizeof *%s);\n", indent, y, g->u, y);
    if (g->k > LONGEST)
        put_long_product(f, level, y, x, w, g->k, g->u);
    else
        gli_c_put_product(f, level, y, x, w, g->k, g->u);
    if (l->activation != GLIA_UNARY_LINEAR) {
        gli_c_put_loop(f, level, "u", g->u, "");
        gli_c_put(f, " %s = %s;\n", element, GLI_C_ACTIVATED(l, element));
    }
    if (rows) gli_c_put(f, "    }\n");
}

/* What the op itself computes behind its sum. */
static void plan(gli_c_file *f, gli_c_layer *l) {
    const gli_dense_geom *g = l->geom;
    (void)f;
    l->activation = g->activation;
    if (g->k > LONGEST) l->workspace = g->u;
}

const gli_c_op gli_c_dense = {.op        = &gli_op_dense,
                              .data      = 1u << GLI_DENSE_X,
                              .folds     = true,
                              .activates = true,
                              .plan      = plan,
                              .weights   = weights,
                              .body      = body};

/* Elements from one place to another: embedding, transpose, concat, slice, pad, repeat; and reduce. */
#include <limits.h>

#include "c_file/c_file.h"
#include "core/print.h"
#include "glia/ops.h"
#include "ops/movement/concat_geom.h"
#include "ops/movement/expand_geom.h"
#include "ops/movement/gather_geom.h"
#include "ops/movement/pad_geom.h"
#include "ops/movement/slice_geom.h"
#include "ops/movement/transpose_geom.h"
#include "ops/reduce/reduce_geom.h"

static glia_tensor shape_of(const gli_c_file *f, const gli_c_layer *l) { return gli_c_shape(f, l->node->out[0]); }

/* One input, whose strides the caller sets. */
static gli_c_strided moving_to(const glia_tensor *y) {
    gli_c_strided s = {.ndim = y->ndim, .n_in = 1, .in = {{.name = "x"}}};
    for (int i = 0; i < y->ndim; ++i) s.dim[i] = y->dim[i];
    return s;
}

/* ---- gather ---- */

static void put_gather(gli_c_file *f, const gli_c_layer *l) {
    const gli_gather_geom *g = l->geom;
    gli_c_put_loop(f, 1, "i", g->count, " {\n");
    gli_c_put(f, "        if (indices[i] < -%d || indices[i] >= %d) return 1;\n", g->size, g->size);
    gli_c_put(f, "        int index = (int)indices[i];\n");
    gli_c_put(f, "        if (index < 0) index += %d; /* from the end */\n", g->size);
    if (g->outer == 1) {
        gli_c_put(f, "        memcpy(y + i * %d, x + index * %d, %d * sizeof *y);\n", g->inner, g->inner, g->inner);
    } else {
        gli_c_put_loop(f, 2, "o", g->outer, "\n");
        gli_c_put(f, "            memcpy(y + (o * %d + i) * %d, x + (o * %d + index) * %d, %d * sizeof *y);\n",
                  g->count, g->inner, g->size, g->inner, g->inner);
    }
    gli_c_put(f, "    }\n    return 0;\n");
}

const gli_c_op gli_c_gather = {
    .op = &gli_op_gather, .data = 1u << GLI_GATHER_X | 1u << GLI_GATHER_INDICES, .body = put_gather};

/* ---- transpose ---- */

static void put_transposed(gli_c_file *f, const gli_c_layer *l) {
    const gli_transpose_geom *g = l->geom;
    const glia_tensor x = gli_c_shape(f, l->node->in[0]), y = shape_of(f, l);
    gli_c_strided s = moving_to(&y);
    for (int i = 0; i < g->ndim; ++i) s.in[0].stride[i] = x.stride[g->permutation[i]];
    gli_c_put_strided(f, 1, &s, "", "", "", NULL);
}

const gli_c_op gli_c_transpose_op = {.op = &gli_op_transpose, .data = 1u << GLI_TRANSPOSE_X, .body = put_transposed};

/* ---- concat ---- */

static void put_concat(gli_c_file *f, const gli_c_layer *l) {
    const gli_concat_geom *g = l->geom;
    const glia_tensor y      = shape_of(f, l);
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < g->axis; ++i) outer *= y.dim[i];
    for (int i = g->axis + 1; i < y.ndim; ++i) inner *= y.dim[i];
    const long long row = (long long)(inner * y.dim[g->axis]);
    for (int k = 0; k < g->n; ++k) {
        const long long first = (long long)(g->start[k] * inner), part = (long long)(g->start[k + 1] * inner) - first;
        if (outer == 1) {
            gli_c_put(f, "    memcpy(y + %lld, x%d, %lld * sizeof *y);\n", first, k, part);
        } else {
            gli_c_put_loop(f, 1, "i", outer, "");
            gli_c_put(f, " memcpy(y + i * %lld + %lld, x%d + i * %lld, %lld * sizeof *y);\n", row, first, k, part,
                      part);
        }
    }
}

const gli_c_op gli_c_concat = {.op = &gli_op_concat, .data = UINT32_MAX, .body = put_concat};

/* ---- slice ---- */

static void put_slice(gli_c_file *f, const gli_c_layer *l) {
    const gli_slice_geom *g = l->geom;
    const glia_tensor x = gli_c_shape(f, l->node->in[0]), y = shape_of(f, l);
    gli_c_strided s = moving_to(&y);
    for (int i = 0; i < g->ndim; ++i) {
        s.in[0].stride[i] = x.stride[i] * g->step[i];
        s.in[0].offset += x.stride[i] * g->start[i];
    }
    gli_c_put_strided(f, 1, &s, "", "", "", NULL);
}

const gli_c_op gli_c_slice = {.op = &gli_op_slice, .data = 1u << GLI_SLICE_X, .body = put_slice};

/* ---- pad: all elements, then those of x among them ---- */

static void put_pad(gli_c_file *f, const gli_c_layer *l) {
    const gli_pad_geom *g = l->geom;
    const glia_tensor y   = shape_of(f, l);
    gli_c_strided s       = {.ndim = g->ndim, .n_in = 1, .in = {{.name = "y"}}};
    char text[GLI_C_EXPRESSION];
    for (int i = 0; i < g->ndim; ++i) {
        s.dim[i]          = g->size[i];
        s.in[0].stride[i] = y.stride[i];
        s.in[0].offset += y.stride[i] * g->before[i];
    }
    gli_c_put_loop(f, 1, "i", gli_count(&y), "");
    gli_c_put(f, " y[i] = %s;\n", GLI_C_FLOAT(g->value));
    const int level = gli_c_put_nest(f, 1, s.ndim, s.dim, UINT_MAX, false);
    gli_c_put(f, "%s%s = *x++;\n", gli_c_indent(level), gli_c_element(&s, 0, text));
}

const gli_c_op gli_c_pad = {.op = &gli_op_pad, .data = 1u << GLI_PAD_X, .body = put_pad};

/* ---- expand ---- */

static void put_expanded(gli_c_file *f, const gli_c_layer *l) {
    const gli_expand_geom *g = l->geom;
    const glia_tensor x = gli_c_shape(f, l->node->in[0]), y = shape_of(f, l);
    gli_c_strided s = moving_to(&y);
    for (int i = g->added; i < g->ndim; ++i)
        if (!g->repeated[i]) s.in[0].stride[i] = x.stride[i - g->added];
    gli_c_put_strided(f, 1, &s, "", "", "", NULL);
}

const gli_c_op gli_c_expand = {.op = &gli_op_expand, .data = 1u << GLI_EXPAND_X, .body = put_expanded};

/* ---- reduce ---- */

typedef struct reduction {
    const char *start, *step, *result; /* step: with one %s, the element */
} reduction;

static const reduction reductions[] = {
    [GLIA_REDUCE_SUM]  = {"0", "total += %s", "total"},
    [GLIA_REDUCE_MEAN] = {"0", "total += %s", "total / %d"},
    [GLIA_REDUCE_MAX]  = {"-INFINITY", "total = maximum(total, %s)", "total"},
    [GLIA_REDUCE_MIN]  = {"INFINITY", "total = minimum(total, %s)", "total"},
    [GLIA_REDUCE_L1]   = {"0", "total += fabsf(%s)", "total"},
    [GLIA_REDUCE_L2]   = {"0", "total = hypotf(total, %s)", "total"}, /* the squares alone might overflow */
};

static void plan_reduce(gli_c_file *f, gli_c_layer *l) {
    const gli_reduce_geom *g = l->geom;
    f->maximum               = f->maximum || g->kind == GLIA_REDUCE_MAX;
    f->minimum               = f->minimum || g->kind == GLIA_REDUCE_MIN;
}

static const char *decline_empty(const gli_c_file *f, const gli_c_layer *l) {
    (void)f;
    return ((const gli_reduce_geom *)l->geom)->set == 0 ? "of nothing" : NULL;
}

static void put_reduce(gli_c_file *f, const gli_c_layer *l) {
    const gli_reduce_geom *g = l->geom;
    const reduction *kind    = &reductions[g->kind];
    const glia_tensor x      = gli_c_shape(f, l->node->in[0]);
    char element[GLI_C_EXPRESSION], step[GLI_C_EXPRESSION], result[64];
    gli_c_strided s = {.ndim = g->ndim, .n_in = 1, .in = {{.name = "x"}}};
    for (int i = 0; i < g->ndim; ++i) s.dim[i] = g->dim[i], s.in[0].stride[i] = x.stride[i];
    gli_format(step, sizeof step, kind->step, gli_c_element(&s, 0, element));
    gli_format(result, sizeof result, kind->result, g->set);
    const int level = gli_c_put_nest(f, 1, s.ndim, s.dim, ~g->reduced, true);
    gli_c_put(f, "%sfloat total = %s;\n", gli_c_indent(level), kind->start);
    const int inner = gli_c_put_nest(f, level, s.ndim, s.dim, g->reduced, false);
    gli_c_put(f, "%s%s;\n", gli_c_indent(inner), step);
    gli_c_put(f, "%s*y++ = %s;\n", gli_c_indent(level), GLI_C_ACTIVATED(l, result));
    if (level > 1) gli_c_put(f, "%s}\n", gli_c_indent(level - 1));
}

const gli_c_op gli_c_reduce = {.op        = &gli_op_reduce,
                               .data      = 1u << GLI_REDUCE_X,
                               .activates = true,
                               .decline   = decline_empty,
                               .plan      = plan_reduce,
                               .body      = put_reduce};

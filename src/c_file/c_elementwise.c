/* Functions of one element and of pairs of elements. */
#include "c_file/c_file.h"
#include "core/print.h"
#include "glia/ops.h"
#include "ops/elementwise/binary_geom.h"
#include "ops/elementwise/prelu_geom.h"
#include "ops/elementwise/unary_geom.h"

/* ---- unary ---- */

static void plan_unary(gli_c_file *f, gli_c_layer *l) {
    const gli_unary_geom *g = l->geom;
    gli_c_use(f, g->kind);
}

static void put_unary(gli_c_file *f, const gli_c_layer *l) {
    const gli_unary_geom *g = l->geom;
    char text[GLI_C_EXPRESSION];
    gli_c_put_loop(f, 1, "i", g->count, "");
    gli_c_put(f, " y[i] = %s;\n", gli_c_unary(g->kind, g->alpha, g->beta, "x[i]", text));
}

const gli_c_op gli_c_unary_op = {.op       = &gli_op_unary,
                                 .data     = 1u << GLI_UNARY_X,
                                 .in_place = 1u << GLI_UNARY_X,
                                 .plan     = plan_unary,
                                 .body     = put_unary};

/* ---- binary ---- */

typedef struct spelling {
    const char *before, *between, *after;
} spelling;

static const spelling spellings[] = {
    [GLIA_BINARY_ADD]           = {"", " + ", ""},
    [GLIA_BINARY_SUB]           = {"", " - ", ""},
    [GLIA_BINARY_MUL]           = {"", " * ", ""},
    [GLIA_BINARY_DIV]           = {"", " / ", ""},
    [GLIA_BINARY_POW]           = {"powf(", ", ", ")"},
    [GLIA_BINARY_MINIMUM]       = {"minimum(", ", ", ")"},
    [GLIA_BINARY_MAXIMUM]       = {"maximum(", ", ", ")"},
    [GLIA_BINARY_EQUAL]         = {"(float)(", " == ", ")"},
    [GLIA_BINARY_NOT_EQUAL]     = {"(float)(", " != ", ")"},
    [GLIA_BINARY_LESS]          = {"(float)(", " < ", ")"},
    [GLIA_BINARY_LESS_EQUAL]    = {"(float)(", " <= ", ")"},
    [GLIA_BINARY_GREATER]       = {"(float)(", " > ", ")"},
    [GLIA_BINARY_GREATER_EQUAL] = {"(float)(", " >= ", ")"},
};

static void plan_binary(gli_c_file *f, gli_c_layer *l) {
    const gli_binary_geom *g = l->geom;
    f->minimum               = f->minimum || g->kind == GLIA_BINARY_MINIMUM;
    f->maximum               = f->maximum || g->kind == GLIA_BINARY_MAXIMUM;
}

/* Of an input aligned at y's last axes; 0 where it repeats. */
static void strides_of(const gli_binary_geom *g, int ndim, unsigned repeated, int64_t *stride) {
    int64_t step = 1;
    for (int i = g->ndim - 1; i >= 0; --i) {
        const bool repeats = i < g->ndim - ndim || (repeated >> i & 1);
        stride[i]          = repeats ? 0 : step;
        if (!repeats) step *= g->dim[i];
    }
}

static void put_binary(gli_c_file *f, const gli_c_layer *l) {
    const gli_binary_geom *g = l->geom;
    const spelling *with     = &spellings[g->kind];
    gli_c_strided s          = {.ndim = g->ndim, .n_in = 2, .in = {{.name = "a"}, {.name = "b"}}};
    for (int i = 0; i < g->ndim; ++i) s.dim[i] = g->dim[i];
    strides_of(g, g->a_ndim, g->a_repeated, s.in[0].stride);
    strides_of(g, g->b_ndim, g->b_repeated, s.in[1].stride);
    if (g->a_count == g->count && (g->b_count == g->count || g->b_count == 1)) { /* one loop is enough */
        s = (gli_c_strided){
            .ndim = 1, .dim = {g->count}, .n_in = 2, .in = {{.name = "a", .stride = {1}}, {.name = "b"}}};
        s.in[1].stride[0] = g->b_count == g->count;
    }
    gli_c_put_strided(f, 1, &s, with->before, with->between, with->after, l);
}

const gli_c_op gli_c_binary = {.op        = &gli_op_binary,
                               .data      = 1u << GLI_BINARY_A | 1u << GLI_BINARY_B,
                               .in_place  = 1u << GLI_BINARY_A | 1u << GLI_BINARY_B,
                               .activates = true,
                               .plan      = plan_binary,
                               .body      = put_binary};

/* ---- prelu ---- */

static glia_status prelu_weights(gli_c_file *f, const gli_c_layer *l) {
    return gli_c_put_vector(f, l, GLI_PRELU_SLOPE, "slope");
}

static void put_prelu(gli_c_file *f, const gli_c_layer *l) {
    const gli_prelu_geom *g = l->geom;
    char channel[64]        = "0";
    if (g->channels > 1)
        gli_format(channel, sizeof channel, g->inner > 1 ? "i / %d %% %d" : "i %% %d",
                   g->inner > 1 ? g->inner : g->channels, g->channels);
    gli_c_put_loop(f, 1, "i", g->count, "");
    gli_c_put(f, " y[i] = x[i] > 0 ? x[i] : %s_slope[%s] * x[i];\n", l->name, channel);
}

const gli_c_op gli_c_prelu = {.op       = &gli_op_prelu,
                              .data     = 1u << GLI_PRELU_X,
                              .in_place = 1u << GLI_PRELU_X,
                              .weights  = prelu_weights,
                              .body     = put_prelu};

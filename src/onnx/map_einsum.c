/* Einsum: sums of products over labelled dimensions, as products of matrices where a label is summed and as products of
 * elements elsewhere. Operands are taken two by two from the left. Source: ONNX, Einsum; NumPy's einsum. */
#include <string.h>

#include "glia/ops/elementwise.h"
#include "glia/ops/linear.h"
#include "glia/ops/reduce.h"
#include "onnx/onnx_map.h"

/* Labels: letters in the order of ASCII, then the dimensions of "..." from the last one on. */
enum { DOTS = 52, NO_LABEL = -1 };

typedef struct term {
    gli_onnx_value *value;
    int n;
    int label[GLIA_MAX_DIMS];
} term;

/* ---- The equation ---- */

static int label_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    return c >= 'a' && c <= 'z' ? c - 'a' + 26 : NO_LABEL;
}

static char letter_of(int label) {
    if (label >= DOTS) return '.';
    return (char)(label < 26 ? 'A' + label : 'a' + label - 26);
}

static uint64_t labels_of(const term *t) {
    uint64_t set = 0;
    for (int i = 0; i < t->n; ++i) set |= UINT64_C(1) << t->label[i];
    return set;
}

static void add_label(gli_onnx_node *node, term *t, int label, char c) {
    GLI_ONNX_REQUIRE(node, label != NO_LABEL, GLIA_BAD_FORMAT, "'%c' in its equation is no label", c);
    GLI_ONNX_REQUIRE(node, !(labels_of(t) >> label & 1), GLIA_UNSUPPORTED,
                     "'%c' stands twice in a term of its equation: Glia takes no diagonals", c);
    GLI_ONNX_REQUIRE(node, t->n < GLIA_MAX_DIMS, GLIA_UNSUPPORTED, "a term of its equation has more than %d labels",
                     GLIA_MAX_DIMS);
    t->label[t->n++] = label;
}

/* The labels up to a comma, an arrow or the end, which is returned. dots: how many dimensions "..." stands for. */
static const char *read_term(gli_onnx_node *node, const char *at, int dots, term *out, bool *has_dots) {
    out->n = 0;
    for (; *at && *at != ',' && *at != '-' && gli_onnx_ok(node); ++at) {
        if (*at == ' ') continue;
        if (strncmp(at, "...", 3) != 0) {
            add_label(node, out, label_of(*at), *at);
            continue;
        }
        *has_dots = true;
        for (int d = dots - 1; d >= 0; --d) add_label(node, out, DOTS + d, '.');
        at += 2;
    }
    return at;
}

static const char *read_operand(gli_onnx_node *node, const char *at, int i, term *out) {
    bool has_dots   = false;
    out->value      = gli_onnx_in(node, i);
    const char *end = read_term(node, at, 0, out, &has_dots);
    if (!gli_onnx_ok(node)) return end;
    const int ndim = out->value ? out->value->is.ndim : -1, dots = ndim - out->n;
    if (!out->value || dots < 0 || (dots && !has_dots))
        gli_onnx_fail(node, GLIA_BAD_FORMAT, "term %d of its equation has %d labels, the operand %d dimensions", i,
                      out->n, ndim);
    return has_dots ? read_term(node, at, dots, out, &has_dots) : end;
}

/* Without an arrow: "...", then the labels that stand in one term, in the order of the alphabet. */
static void imply_result(gli_onnx_node *node, const term *terms, int n, int dots, term *out) {
    out->n = 0;
    for (int d = dots - 1; d >= 0; --d) add_label(node, out, DOTS + d, '.');
    for (int label = 0; label < DOTS; ++label) {
        int count = 0;
        for (int i = 0; i < n; ++i) count += labels_of(&terms[i]) >> label & 1;
        if (count == 1) add_label(node, out, label, letter_of(label));
    }
}

static void read_result(gli_onnx_node *node, const char *at, const term *terms, int n, term *out) {
    bool has_dots = false;
    uint64_t all  = 0;
    int dots      = 0;
    for (int i = 0; i < n; ++i) all |= labels_of(&terms[i]);
    while (all >> (DOTS + dots)) ++dots;
    if (!*at) {
        imply_result(node, terms, n, dots, out);
        return;
    }
    GLI_ONNX_REQUIRE(node, strncmp(at, "->", 2) == 0, GLIA_BAD_FORMAT, "its equation has no \"->\" behind the terms");
    at = read_term(node, at + 2, dots, out, &has_dots);
    if (!gli_onnx_ok(node)) return;
    GLI_ONNX_REQUIRE(node, !*at, GLIA_BAD_FORMAT, "'%c' in its equation stands behind the result", *at);
    GLI_ONNX_REQUIRE(node, has_dots || !dots, GLIA_UNSUPPORTED, "the result of its equation lacks \"...\"");
    GLI_ONNX_REQUIRE(node, !(labels_of(out) & ~all), GLIA_BAD_FORMAT,
                     "a label of the result stands in no term of its equation");
}

/* ---- Products ---- */

/* Appends the labels of t that are in the set. */
static int append(const term *t, uint64_t set, int *order, int n) {
    for (int i = 0; i < t->n; ++i)
        if (set >> t->label[i] & 1) order[n++] = t->label[i];
    return n;
}

/* All labels of t, in this order. */
static void permute(gli_onnx_node *node, term *t, const int *order) {
    int permutation[GLIA_MAX_DIMS];
    if (memcmp(order, t->label, (size_t)t->n * sizeof *order) == 0) return;
    for (int i = 0; i < t->n; ++i)
        for (int k = 0; k < t->n; ++k)
            if (t->label[k] == order[i]) permutation[i] = k;
    t->value = gli_onnx_transpose(node, t->value, permutation);
    memcpy(t->label, order, (size_t)t->n * sizeof *order);
}

static void sum_out(gli_onnx_node *node, term *t, uint64_t keep) {
    unsigned axes = 0;
    int n         = 0;
    for (int i = 0; i < t->n; ++i)
        if (!(keep >> t->label[i] & 1)) axes |= GLIA_AXIS(i);
    if (!axes) return;
    t->value = gli_onnx_reduce(node, GLIA_REDUCE_SUM, axes, false, t->value);
    for (int i = 0; i < t->n; ++i)
        if (!(axes & GLIA_AXIS(i))) t->label[n++] = t->label[i];
    t->n = n;
}

static bool is_one(const term *t, int i) { return t->value->is.dim[i] == 1 && t->value->other[i] == 1; }

/* A label has one size in both. Where it is 1 in one of them, this one is repeated, as if it had not the label. */
static void check_sizes(gli_onnx_node *node, term *a, term *b) {
    uint64_t a_ones = 0, b_ones = 0;
    for (int i = 0; i < a->n; ++i)
        for (int k = 0; k < b->n; ++k) {
            const gli_onnx_value *x = a->value, *y = b->value;
            const bool same = x->is.dim[i] == y->is.dim[k], either = is_one(a, i) || is_one(b, k);
            if (a->label[i] != b->label[k] || (same && x->other[i] == y->other[k])) continue;
            GLI_ONNX_REQUIRE(node, either, GLIA_BAD_FORMAT,
                             "'%c' in its equation is %lld in one term and %lld in another", letter_of(a->label[i]),
                             (long long)(same ? x->other[i] : x->is.dim[i]),
                             (long long)(same ? y->other[k] : y->is.dim[k]));
            *(is_one(a, i) ? &a_ones : &b_ones) |= UINT64_C(1) << a->label[i];
        }
    sum_out(node, a, ~a_ones);
    sum_out(node, b, ~b_ones);
}

/* x [first...,rest...] with `ones` dimensions of 1 in between. */
static gli_onnx_value *spread(gli_onnx_node *node, gli_onnx_value *x, int first, int ones) {
    gli_onnx_shape shape = {0};
    if (!x || !ones) return x;
    gli_onnx_copy_dims(&shape, x, 0, first);
    for (int i = 0; i < ones; ++i) gli_onnx_add_dim(&shape, 1, 1);
    gli_onnx_copy_dims(&shape, x, first, x->is.ndim);
    return gli_onnx_reshape(node, x, &shape);
}

/* Element by element: a [shared...,own...,1...] times b [shared...,1...,own...]. */
static void multiply(gli_onnx_node *node, term *a, term *b, uint64_t shared) {
    int order[2 * GLIA_MAX_DIMS];
    const int n_shared = append(a, shared, order, 0), n = append(a, ~shared, order, n_shared), own = b->n - n_shared;
    GLI_ONNX_REQUIRE(node, n + own <= GLIA_MAX_DIMS, GLIA_UNSUPPORTED, "a product of %d dimensions", n + own);
    permute(node, a, order);
    append(b, ~shared, order, n_shared);
    permute(node, b, order);
    append(b, ~shared, a->label, n);
    gli_onnx_value *left = spread(node, a->value, n, own);
    a->value             = gli_onnx_binary(node, GLIA_BINARY_MUL, left, spread(node, b->value, n_shared, n - n_shared));
    a->n                 = n + own;
}

/* x [shared...,first...,second...] with one dimension for first and one for second. */
static gli_onnx_value *as_matrices(gli_onnx_node *node, gli_onnx_value *x, int shared, int first) {
    gli_onnx_shape shape = {0};
    if (!x || (first == 1 && x->is.ndim == shared + 2)) return x;
    gli_onnx_copy_dims(&shape, x, 0, shared);
    gli_onnx_merge_dims(&shape, x, shared, shared + first);
    gli_onnx_merge_dims(&shape, x, shared + first, x->is.ndim);
    return gli_onnx_reshape(node, x, &shape);
}

/* Brings t to [shared...,front...,back...], or leaves it as [shared...,back...,front...]: whether it does. */
static bool arrange(gli_onnx_node *node, term *t, const int *shared, int n_shared, const int *front, int n_front,
                    const int *back, int n_back) {
    int order[GLIA_MAX_DIMS];
    const size_t size = sizeof *order;
    memcpy(order, shared, (size_t)n_shared * size);
    memcpy(order + n_shared, back, (size_t)n_back * size);
    memcpy(order + n_shared + n_back, front, (size_t)n_front * size);
    if (n_front && n_back && memcmp(order, t->label, (size_t)t->n * size) == 0) return true;
    memcpy(order + n_shared, front, (size_t)n_front * size);
    memcpy(order + n_shared + n_front, back, (size_t)n_back * size);
    permute(node, t, order);
    return false;
}

/* a [shared...,rows...,summed...] times b [shared...,summed...,columns...], as matrices. */
static void contract(gli_onnx_node *node, term *a, term *b, uint64_t shared, uint64_t summed) {
    int both[GLIA_MAX_DIMS], inner[GLIA_MAX_DIMS], rows[GLIA_MAX_DIMS], columns[GLIA_MAX_DIMS];
    const int n_both = append(a, shared, both, 0), n_inner = append(a, summed, inner, 0),
              n_rows = append(a, ~(shared | summed), rows, 0), n_columns = append(b, ~(shared | summed), columns, 0);
    GLI_ONNX_REQUIRE(node, n_both + 2 <= GLIA_MAX_DIMS && n_both + n_rows + n_columns <= GLIA_MAX_DIMS,
                     GLIA_UNSUPPORTED, "a product of %d dimensions", n_both + n_rows + n_columns);
    glia_matmul_params params = glia_matmul_defaults();
    params.transpose_a        = arrange(node, a, both, n_both, rows, n_rows, inner, n_inner);
    params.transpose_b        = arrange(node, b, both, n_both, inner, n_inner, columns, n_columns);
    if (!a->value || !b->value) return;
    gli_onnx_value *left  = as_matrices(node, a->value, n_both, params.transpose_a ? n_inner : n_rows);
    gli_onnx_value *right = as_matrices(node, b->value, n_both, params.transpose_b ? n_columns : n_inner);
    gli_onnx_value *y =
        left && right ? gli_onnx_call(node, &gli_op_matmul, &params, GLI_ONNX_VALUES(left, right)) : NULL;
    if (y && (n_rows != 1 || n_columns != 1)) {
        const int row        = n_both + (params.transpose_a ? n_inner : 0),
                  column     = n_both + (params.transpose_b ? 0 : n_inner);
        gli_onnx_shape shape = {0};
        gli_onnx_copy_dims(&shape, y, 0, n_both);
        gli_onnx_copy_dims(&shape, a->value, row, row + n_rows);
        gli_onnx_copy_dims(&shape, b->value, column, column + n_columns);
        y = gli_onnx_reshape(node, y, &shape);
    }
    a->value = y;
    a->n     = n_both + n_rows + n_columns;
    memcpy(a->label, both, (size_t)n_both * sizeof *both);
    memcpy(a->label + n_both, rows, (size_t)n_rows * sizeof *rows);
    memcpy(a->label + n_both + n_rows, columns, (size_t)n_columns * sizeof *columns);
}

static void take(gli_onnx_node *node, term *a, term *b, uint64_t keep) {
    check_sizes(node, a, b);
    if (!gli_onnx_ok(node)) return;
    sum_out(node, a, keep | labels_of(b));
    sum_out(node, b, keep | labels_of(a));
    if (!gli_onnx_ok(node)) return;
    const uint64_t common = labels_of(a) & labels_of(b);
    if (common & ~keep)
        contract(node, a, b, common & keep, common & ~keep);
    else
        multiply(node, a, b, common);
}

void gli_onnx_map_einsum(gli_onnx_node *node) {
    enum { MOST = 16 };
    term terms[MOST], result;
    const char *at = gli_onnx_string(node, "equation", "");
    GLI_ONNX_REQUIRE(node, node->n_in >= 1 && node->n_in <= MOST, GLIA_UNSUPPORTED, "%d operands, must be 1 to %d",
                     node->n_in, MOST);
    for (int i = 0; i < node->n_in; ++i) {
        at = read_operand(node, at, i, &terms[i]);
        if (!gli_onnx_ok(node)) return;
        const bool more = i + 1 < node->n_in;
        GLI_ONNX_REQUIRE(node, (*at == ',') == more, GLIA_BAD_FORMAT, "its equation has not %d terms", node->n_in);
        at += more;
    }
    read_result(node, at, terms, node->n_in, &result);
    for (int i = 1; i < node->n_in && gli_onnx_ok(node); ++i) {
        uint64_t keep = labels_of(&result);
        for (int k = i + 1; k < node->n_in; ++k) keep |= labels_of(&terms[k]);
        take(node, &terms[0], &terms[i], keep);
    }
    if (!gli_onnx_ok(node)) return;
    sum_out(node, &terms[0], labels_of(&result));
    permute(node, &terms[0], result.label);
    gli_onnx_give(node, 0, terms[0].value);
}

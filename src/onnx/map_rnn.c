/* Recurrent layers. ONNX orders the gates i, o, f, c and z, r, h; Glia i, f, c, o and r, z, n. */
#include "glia/ops/rnn.h"

#include <math.h>
#include <string.h>

#include "core/size.h"
#include "onnx/onnx_map.h"

typedef struct cell {
    glia_rnn_cell kind;
    int gates;
    int order[4];              /* the gate of ONNX at each place of Glia's */
    const char *activation[3]; /* of a direction */
    int activations;
} cell;

static const cell cells[] = {{GLIA_RNN_TANH, 1, {0}, {"Tanh"}, 1},
                             {GLIA_RNN_LSTM, 4, {0, 2, 3, 1}, {"Sigmoid", "Tanh", "Tanh"}, 3},
                             {GLIA_RNN_GRU, 3, {1, 0, 2}, {"Sigmoid", "Tanh"}, 2}};

typedef struct layer {
    gli_onnx_node *node;
    const cell *cell;
    glia_rnn_params params;
    int directions;
    int64_t hidden;
} layer;

static const Onnx__AttributeProto *find_strings(gli_onnx_node *node, const char *name) {
    if (!gli_onnx_has(node, name)) return NULL;
    for (size_t i = 0; i < node->proto->n_attribute; ++i)
        if (strcmp(gli_onnx_text(node->proto->attribute[i]->name), name) == 0) return node->proto->attribute[i];
    return NULL;
}

static bool equal(const ProtobufCBinaryData *text, const char *word) {
    return text->len == strlen(word) && memcmp(text->data, word, text->len) == 0;
}

/* Those that Glia's cells have: the usual ones, or relu throughout of a simple one. */
static bool read_activations(layer *l) {
    const Onnx__AttributeProto *a = find_strings(l->node, "activations");
    if (!a) return true;
    const bool relu = l->cell->kind == GLIA_RNN_TANH && a->n_strings && equal(&a->strings[0], "Relu");
    if (relu) l->params.cell = GLIA_RNN_RELU;
    for (size_t i = 0; i < a->n_strings; ++i)
        if (!equal(&a->strings[i], relu ? "Relu" : l->cell->activation[i % (size_t)l->cell->activations]))
            return gli_onnx_fail(l->node, GLIA_UNSUPPORTED, "activation '%.*s' as its number %zu",
                                 (int)gli_min_size(a->strings[i].len, 64), (const char *)a->strings[i].data, i),
                   false;
    return true;
}

static bool read_attributes(layer *l) {
    static const char *const words[] = {"forward", "reverse", "bidirectional"};
    gli_onnx_node *node              = l->node;
    const char *direction            = gli_onnx_string(node, "direction", words[0]);
    l->params                        = glia_rnn_defaults();
    l->params.cell                   = l->cell->kind;
    l->hidden                        = gli_onnx_int(node, "hidden_size", 0);
    l->params.batch_first            = gli_onnx_int(node, "layout", 0) != 0;
    l->params.reset_before = l->cell->kind == GLIA_RNN_GRU && gli_onnx_int(node, "linear_before_reset", 0) == 0;
    int d                  = 0;
    while (d < 3 && strcmp(direction, words[d]) != 0) ++d;
    if (d == 3) return gli_onnx_fail(node, GLIA_BAD_FORMAT, "direction is '%.32s'", direction), false;
    l->params.direction = (glia_rnn_direction)d;
    l->directions       = d == 2 ? 2 : 1;
    gli_onnx_ignore(node, "output_sequence");
    if (gli_onnx_has(node, "clip")) return gli_onnx_fail(node, GLIA_UNSUPPORTED, "a clip of its gates"), false;
    if (l->hidden < 0 || l->hidden > GLI_ONNX_MOST_SIZE)
        return gli_onnx_fail(node, GLIA_BAD_FORMAT, "hidden_size is %lld", (long long)l->hidden), false;
    if (gli_onnx_int(node, "input_forget", 0)) return gli_onnx_fail(node, GLIA_UNSUPPORTED, "input_forget"), false;
    return read_activations(l) && gli_onnx_ok(node);
}

/* Row d of x [D, blocks H, ...] without its first dimension, its blocks in another order. */
static gli_onnx_value *direction_of(const layer *l, gli_onnx_value *x, int d, int first, int blocks, const int *order) {
    gli_onnx_node *node = l->node;
    gli_onnx_value *block[4];
    gli_onnx_shape shape = {0};
    x                    = gli_onnx_slice(node, x, 0, d, d + 1, 1);
    if (!x) return NULL;
    gli_onnx_copy_dims(&shape, x, 1, x->is.ndim);
    x = gli_onnx_reshape(node, x, &shape);
    for (int b = 0; b < blocks; ++b) {
        const int64_t from = (first + order[b]) * l->hidden;
        block[b]           = gli_onnx_slice(node, x, 0, from, from + l->hidden, 1);
        if (!block[b]) return NULL;
    }
    return gli_onnx_concat(node, blocks, block, 0);
}

static gli_onnx_value *peephole_of(const layer *l, gli_onnx_value *p, int d) {
    static const int order[] = {0, 2, 1}; /* i, o, f */
    gli_onnx_shape shape     = {0};
    if (!p) return NULL;
    gli_onnx_add_dim(&shape, 3, 3);
    gli_onnx_add_dim(&shape, l->hidden, l->hidden);
    p = direction_of(l, p, d, 0, 3, order);
    return p ? gli_onnx_reshape(l->node, p, &shape) : NULL;
}

/* A state as Glia has it: with the batch first ONNX's is [N,D,H]. */
static gli_onnx_value *swap_state(const layer *l, gli_onnx_value *x) {
    static const int swap[] = {1, 0, 2};
    if (!x || (x->filled && x->fill == 0)) return NULL; /* as Glia's states begin */
    if (!l->params.batch_first) return x;
    if (x->is.ndim != 3) return gli_onnx_fail(l->node, GLIA_BAD_FORMAT, "a state is %s", GLI_SHAPE_OF(&x->is));
    return gli_onnx_transpose(l->node, x, swap);
}

/* Glia's y [.., .., D H] as ONNX has it: [T,D,N,H] or [N,T,D,H]. */
static gli_onnx_value *outputs_of(const layer *l, gli_onnx_value *y) {
    static const int swap[] = {0, 2, 1, 3};
    gli_onnx_shape shape    = {0};
    if (!y) return NULL;
    gli_onnx_copy_dims(&shape, y, 0, 2);
    gli_onnx_add_dim(&shape, l->directions, l->directions);
    gli_onnx_add_dim(&shape, l->hidden, l->hidden);
    y = gli_onnx_reshape(l->node, y, &shape);
    return y && !l->params.batch_first ? gli_onnx_transpose(l->node, y, swap) : y;
}

static bool check_weights(layer *l, const gli_onnx_value *x, const gli_onnx_value *w, const gli_onnx_value *r) {
    if (!x || !w || !r || x->is.ndim != 3 || w->is.ndim != 3 || r->is.ndim != 3)
        return gli_onnx_fail(l->node, GLIA_BAD_FORMAT, "X, W and R have three dimensions each"), false;
    if (!l->hidden) l->hidden = r->is.dim[2];
    if (w->is.dim[1] != l->hidden * l->cell->gates || r->is.dim[1] != w->is.dim[1] || w->is.dim[0] != l->directions ||
        r->is.dim[0] != l->directions || r->is.dim[2] != l->hidden)
        return gli_onnx_fail(l->node, GLIA_BAD_FORMAT, "W is %s and R %s, of %d directions, %d gates and %lld units",
                             GLI_SHAPE_OF(&w->is), GLI_SHAPE_OF(&r->is), l->directions, l->cell->gates,
                             (long long)l->hidden),
               false;
    return true;
}

void gli_onnx_map_rnn(gli_onnx_node *node) {
    layer l           = {.node = node, .cell = &cells[node->row->kind]};
    gli_onnx_value *x = gli_onnx_in(node, 0), *w = gli_onnx_in(node, 1), *r = gli_onnx_in(node, 2);
    gli_onnx_value *bias   = gli_onnx_in(node, 3), *out[3];
    gli_onnx_value *in[16] = {x};
    if (!read_attributes(&l) || !check_weights(&l, x, w, r)) return;
    const bool lstm = l.cell->kind == GLIA_RNN_LSTM;
    in[1]           = swap_state(&l, gli_onnx_in(node, 5));
    in[2]           = lstm ? swap_state(&l, gli_onnx_in(node, 6)) : NULL;
    in[3]           = gli_onnx_in(node, 4);
    for (int d = 0; d < l.directions; ++d) {
        gli_onnx_value **of = in + 4 + 6 * d;
        of[0]               = direction_of(&l, w, d, 0, l.cell->gates, l.cell->order);
        of[1]               = direction_of(&l, r, d, 0, l.cell->gates, l.cell->order);
        if (bias) of[2] = direction_of(&l, bias, d, 0, l.cell->gates, l.cell->order);
        if (bias) of[3] = direction_of(&l, bias, d, l.cell->gates, l.cell->gates, l.cell->order);
        if (lstm) of[5] = peephole_of(&l, gli_onnx_in(node, 7), d);
    }
    if (gli_onnx_call_all(node, &gli_op_rnn, &l.params, 16, in, lstm ? 3 : 2, out) != GLIA_OK) return;
    gli_onnx_give(node, 0, gli_onnx_wants(node, 0) ? outputs_of(&l, out[0]) : NULL);
    for (int i = 1; i < node->n_out && i <= 1 + lstm; ++i)
        if (gli_onnx_wants(node, i)) gli_onnx_give(node, i, swap_state(&l, out[i]));
}

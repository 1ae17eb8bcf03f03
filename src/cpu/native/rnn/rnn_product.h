/* The matrix products of a recurrent layer: some of one step, with weights that are packed once a call, and some of
 * several steps. */
#ifndef GLI_CPU_NATIVE_RNN_RNN_PRODUCT_H
#define GLI_CPU_NATIVE_RNN_RNN_PRODUCT_H

#include <stddef.h>

#include "glia/context.h"

enum { GLI_RNN_PRODUCTS = 8 };

/* y [rows,columns] = a b, added to y if `adds`. In memory a is [rows,sum], or [sum,rows] if transposed, with a_pitch
 * elements from row to row, and b [sum,columns] or [columns,sum], without gaps. rows is that of one step, or sum if
 * `sums_steps`: n steps have n times as many. */
typedef struct gli_rnn_product {
    int64_t rows, columns, sum; /* no rows: there is no such product */
    int64_t a_pitch, y_pitch;
    bool a_transposed, b_transposed;
    bool packs_b; /* it is multiplied many times: gli_rnn_pack goes before */
    bool adds, sums_steps;
    void *workspace;
} gli_rnn_product;

/* Gives the products of a pass, of up to `steps` steps or of `rest`, their workspaces, one after the other. Returns the
 * bytes of all; from NULL it only counts. */
size_t gli_rnn_lay_out_products(gli_rnn_product *products, int steps, int rest, char *memory);

void gli_rnn_pack(const glia_context *ctx, const gli_rnn_product *product, const float *b);

/* Reads the b that was packed last, where the product packs it. */
void gli_rnn_multiply(const glia_context *ctx, const gli_rnn_product *product, int steps, const float *a,
                      const float *b, float *y);

#endif

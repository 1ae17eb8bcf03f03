#include "cpu/native/linear/gemv.h"

#include <string.h>

#include "core/size.h"
#include "cpu/native/isa.h"
#include "cpu/native/vectorize.h"

enum { VECTORS_OF_PANEL = 4, DOT_ROWS = 4 /* up to which a matrix is multiplied row by row */ };

#define KERNELS "cpu/native/linear/gemv_kernel.inc"
#include "cpu/native/isa_kernels.inc"

static const gli_gemv_kernel *const kernels[] = ISA_TABLE(gemv_kernel);

const gli_gemv_kernel *gli_gemv_kernel_at(int i) {
    const int isa = (int)gli_isa_here() - i;
    return isa >= GLI_ISA_PORTABLE ? kernels[isa] : NULL;
}

/* A dot product has as many sums at work as a vector has lanes: worth it for few rows that are long. */
static bool by_rows(const gli_gemv *gemv) { return gemv->rows <= DOT_ROWS && gemv->columns >= gemv->kernel->lanes; }

/* Three vectors and a row of zeros take less time than three panels of one vector. */
static int64_t panel_width(const gli_gemv *gemv, int64_t row) {
    const int lanes = gemv->kernel->lanes;
    return gemv->rows - row > 2 * lanes ? VECTORS_OF_PANEL * lanes : lanes;
}

int64_t gli_gemv_outputs(const gli_gemv *gemv) {
    int64_t row = 0;
    while (row < gemv->rows) row += panel_width(gemv, row);
    return row;
}

int64_t gli_gemv_packed(const gli_gemv *gemv) {
    return (by_rows(gemv) ? gemv->rows : gli_gemv_outputs(gemv)) * (gemv->columns + 1);
}

/* Row by row: the weights, then the biases. */
static void pack_rows(const gli_gemv *gemv, const float *w, const float *bias) {
    const int64_t weights = gemv->rows * gemv->columns;
    memcpy(gemv->packed, w, (size_t)weights * sizeof *w);
    for (int64_t r = 0; r < gemv->rows; ++r) gemv->packed[weights + r] = bias ? bias[r] : 0;
}

static void pack_panel(const gli_gemv *gemv, const float *w, const float *bias, int64_t first, int64_t width,
                       float *panel) {
    for (int64_t j = 0; j < width; ++j) {
        const int64_t row  = first + j;
        const bool outside = row >= gemv->rows;
        panel[j]           = outside || !bias ? 0 : bias[row];
        for (int64_t i = 0; i < gemv->columns; ++i)
            panel[(i + 1) * width + j] = outside ? 0 : w[row * gemv->columns + i];
    }
}

void gli_gemv_pack(const gli_gemv *gemv, const float *w, const float *bias) {
    if (by_rows(gemv)) {
        pack_rows(gemv, w, bias);
        return;
    }
    float *panel = gemv->packed;
    for (int64_t row = 0, width; row < gemv->rows; row += width, panel += (gemv->columns + 1) * width) {
        width = panel_width(gemv, row);
        pack_panel(gemv, w, bias, row, width, panel);
    }
}

void gli_gemv_run(const gli_gemv *gemv, const float *x, float *y) {
    const gli_gemv_kernel *kernel = gemv->kernel;
    const int64_t columns         = gemv->columns;
    if (by_rows(gemv)) {
        const float *bias = gemv->packed + gemv->rows * columns;
        for (int64_t r = 0; r < gemv->rows; ++r) y[r] = kernel->dot(gemv->packed + r * columns, x, columns) + bias[r];
        return;
    }
    const float *panel = gemv->packed;
    for (int64_t row = 0, width; row < gemv->rows; row += width, panel += (columns + 1) * width) {
        width = panel_width(gemv, row);
        kernel->panel[width > kernel->lanes](panel, x, columns, y + row);
    }
}

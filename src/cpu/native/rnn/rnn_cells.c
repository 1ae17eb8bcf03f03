#include "cpu/native/rnn/rnn_cells.h"

#include <math.h>

#include "cpu/native/vector_math.h"

/* The arrays of a row do not overlap, or are the same memory element by element: the promise of each GLI_IVDEP. */

void gli_rnn_fold_bias(const gli_rnn_geom *g, const float *b_ih, const float *b_hh, float *bias) {
    const int rows   = g->gates * g->hidden;
    const int folded = g->cell == GLIA_RNN_GRU && !g->reset_before ? 2 * g->hidden : rows; /* of b_hh */
    for (int k = 0; k < rows; ++k) bias[k] = b_ih ? b_ih[k] + (k < folded ? b_hh[k] : 0) : 0;
    for (int k = 0; k < g->hidden; ++k) bias[rows + k] = b_hh && folded < rows ? b_hh[folded + k] : 0;
}

/* ---- forward ----------------------------------------------------------------------------------------------------- */

GLI_CLONES static void rnn_tanh_row(const gli_rnn_cells *cells, const gli_rnn_row *row) {
    const float *bias = cells->bias, *recurrent = row->recurrent;
    float *gate = row->gate, *next = row->next_h;
    GLI_IVDEP
    for (int k = 0; k < cells->g->hidden; ++k) next[k] = gate[k] = gli_tanh(gate[k] + recurrent[k] + bias[k]);
}

GLI_CLONES static void rnn_relu_row(const gli_rnn_cells *cells, const gli_rnn_row *row) {
    const float *bias = cells->bias, *recurrent = row->recurrent;
    float *gate = row->gate, *next = row->next_h;
    GLI_IVDEP
    for (int k = 0; k < cells->g->hidden; ++k) {
        const float sum = gate[k] + recurrent[k] + bias[k];
        next[k] = gate[k] = sum <= 0 ? 0 : sum;
    }
}

GLI_CLONES static void rnn_lstm_row(const gli_rnn_cells *cells, const gli_rnn_row *row) {
    const int H      = cells->g->hidden;
    const float clip = (float)cells->g->cell_clip;
    const float *bi = cells->bias, *bf = bi + H, *bg = bf + H, *bo = bg + H;
    const float *ri = row->recurrent, *rf = ri + H, *rg = rf + H, *ro = rg + H, *c = row->c;
    float *i = row->gate, *f = i + H, *g = f + H, *o = g + H, *next_c = row->next_c, *next = row->next_h;
    GLI_IVDEP
    for (int k = 0; k < H; ++k) {
        i[k]            = gli_sigmoid(i[k] + ri[k] + bi[k]);
        f[k]            = gli_sigmoid(f[k] + rf[k] + bf[k]);
        g[k]            = gli_tanh(g[k] + rg[k] + bg[k]);
        o[k]            = gli_sigmoid(o[k] + ro[k] + bo[k]);
        const float sum = f[k] * c[k] + i[k] * g[k];
        next_c[k]       = sum > clip ? clip : sum < -clip ? -clip : sum;
        next[k]         = o[k] * gli_tanh(next_c[k]);
    }
}

GLI_CLONES static void rnn_peephole_row(const gli_rnn_cells *cells, const gli_rnn_row *row) {
    const int H      = cells->g->hidden;
    const float clip = (float)cells->g->cell_clip;
    const float *bi = cells->bias, *bf = bi + H, *bg = bf + H, *bo = bg + H;
    const float *ri = row->recurrent, *rf = ri + H, *rg = rf + H, *ro = rg + H, *c = row->c;
    const float *pi = cells->peephole, *pf = pi + H, *po = pf + H;
    float *i = row->gate, *f = i + H, *g = f + H, *o = g + H, *next_c = row->next_c, *next = row->next_h;
    GLI_IVDEP
    for (int k = 0; k < H; ++k) {
        i[k]            = gli_sigmoid(i[k] + ri[k] + bi[k] + pi[k] * c[k]);
        f[k]            = gli_sigmoid(f[k] + rf[k] + bf[k] + pf[k] * c[k]);
        g[k]            = gli_tanh(g[k] + rg[k] + bg[k]);
        const float sum = f[k] * c[k] + i[k] * g[k];
        next_c[k]       = sum > clip ? clip : sum < -clip ? -clip : sum;
        o[k]            = gli_sigmoid(o[k] + ro[k] + bo[k] + po[k] * next_c[k]);
        next[k]         = o[k] * gli_tanh(next_c[k]);
    }
}

GLI_CLONES static void rnn_gru_row(const gli_rnn_cells *cells, const gli_rnn_row *row) {
    const int H     = cells->g->hidden;
    const float *br = cells->bias, *bz = br + H, *bn = bz + H, *bi = bn + H;
    const float *rr = row->recurrent, *rz = rr + H, *rn = rz + H, *h = row->h;
    float *r = row->gate, *z = r + H, *n = z + H, *inner = row->inner, *next = row->next_h;
    GLI_IVDEP
    for (int k = 0; k < H; ++k) {
        r[k]     = gli_sigmoid(r[k] + rr[k] + br[k]);
        z[k]     = gli_sigmoid(z[k] + rz[k] + bz[k]);
        inner[k] = rn[k] + bi[k];
        n[k]     = gli_tanh(n[k] + bn[k] + r[k] * inner[k]);
        next[k]  = (1 - z[k]) * n[k] + z[k] * h[k];
    }
}

GLI_CLONES static void rnn_reset_row(const gli_rnn_cells *cells, const gli_rnn_row *row) {
    const int H     = cells->g->hidden;
    const float *br = cells->bias, *bz = br + H;
    const float *rr = row->recurrent, *rz = rr + H, *h = row->h;
    float *r = row->gate, *z = r + H, *inner = row->inner;
    GLI_IVDEP
    for (int k = 0; k < H; ++k) {
        r[k]     = gli_sigmoid(r[k] + rr[k] + br[k]);
        z[k]     = gli_sigmoid(z[k] + rz[k] + bz[k]);
        inner[k] = r[k] * h[k];
    }
}

GLI_CLONES static void rnn_new_gate_row(const gli_rnn_cells *cells, const gli_rnn_row *row) {
    const int H     = cells->g->hidden;
    const float *bn = cells->bias + 2 * H, *reset = row->reset, *h = row->h, *z = row->gate + H;
    float *n = row->gate + 2 * H, *next = row->next_h;
    GLI_IVDEP
    for (int k = 0; k < H; ++k) {
        n[k]    = gli_tanh(n[k] + reset[k] + bn[k]);
        next[k] = (1 - z[k]) * n[k] + z[k] * h[k];
    }
}

void gli_rnn_new_gate_forward(const gli_rnn_cells *cells, const gli_rnn_row *row) { rnn_new_gate_row(cells, row); }

void gli_rnn_cell_forward(const gli_rnn_cells *cells, const gli_rnn_row *row) {
    switch (cells->g->cell) {
        case GLIA_RNN_TANH: rnn_tanh_row(cells, row); break;
        case GLIA_RNN_RELU: rnn_relu_row(cells, row); break;
        case GLIA_RNN_LSTM: (cells->peephole ? rnn_peephole_row : rnn_lstm_row)(cells, row); break;
        case GLIA_RNN_GRU: (cells->g->reset_before ? rnn_reset_row : rnn_gru_row)(cells, row); break;
    }
}

/* ---- backward ---------------------------------------------------------------------------------------------------- */

GLI_CLONES static void rnn_tanh_backward_row(const gli_rnn_cells *cells, const gli_rnn_backward_row *row) {
    const float *h = row->gate;
    float *da = row->da, *dh = row->dh;
    GLI_IVDEP
    for (int k = 0; k < cells->g->hidden; ++k) {
        da[k] = dh[k] * (1 - h[k] * h[k]);
        dh[k] = 0;
    }
}

GLI_CLONES static void rnn_relu_backward_row(const gli_rnn_cells *cells, const gli_rnn_backward_row *row) {
    const float *h = row->gate;
    float *da = row->da, *dh = row->dh;
    GLI_IVDEP
    for (int k = 0; k < cells->g->hidden; ++k) {
        da[k] = h[k] <= 0 ? 0 : dh[k];
        dh[k] = 0;
    }
}

/* Where a cell has no gradient. Of one that is never clipped that is nowhere, also not at infinity. */
static float edge_of(const gli_rnn_geom *g) { return isinf(g->cell_clip) ? NAN : (float)g->cell_clip; }

GLI_CLONES static void rnn_lstm_backward_row(const gli_rnn_cells *cells, const gli_rnn_backward_row *row) {
    const int H      = cells->g->hidden;
    const float edge = edge_of(cells->g);
    const float *i = row->gate, *f = i + H, *g = f + H, *o = g + H, *c = row->c, *next_c = row->next_c;
    const float *dout = row->dout;
    float *di = row->da, *df = di + H, *dg = df + H, *dz = dg + H, *dc = row->dc;
    GLI_IVDEP
    for (int k = 0; k < H; ++k) {
        const float e       = gli_tanh(next_c[k]);
        const float dnext_c = dc[k] + dout[k] * o[k] * (1 - e * e);
        const float dsum    = gli_abs(next_c[k]) >= edge ? 0 : dnext_c;
        dz[k]               = dout[k] * e * o[k] * (1 - o[k]);
        di[k]               = dsum * g[k] * i[k] * (1 - i[k]);
        df[k]               = dsum * c[k] * f[k] * (1 - f[k]);
        dg[k]               = dsum * i[k] * (1 - g[k] * g[k]);
        dc[k]               = dsum * f[k];
    }
}

GLI_CLONES static void rnn_peephole_backward_row(const gli_rnn_cells *cells, const gli_rnn_backward_row *row) {
    const int H      = cells->g->hidden;
    const float edge = edge_of(cells->g);
    const float *pi = cells->peephole, *pf = pi + H, *po = pf + H;
    const float *i = row->gate, *f = i + H, *g = f + H, *o = g + H, *c = row->c, *next_c = row->next_c;
    const float *dout = row->dout;
    float *di = row->da, *df = di + H, *dg = df + H, *dz = dg + H, *dc = row->dc;
    GLI_IVDEP
    for (int k = 0; k < H; ++k) {
        const float e       = gli_tanh(next_c[k]);
        dz[k]               = dout[k] * e * o[k] * (1 - o[k]);
        const float dnext_c = dc[k] + dout[k] * o[k] * (1 - e * e) + dz[k] * po[k];
        const float dsum    = gli_abs(next_c[k]) >= edge ? 0 : dnext_c;
        di[k]               = dsum * g[k] * i[k] * (1 - i[k]);
        df[k]               = dsum * c[k] * f[k] * (1 - f[k]);
        dg[k]               = dsum * i[k] * (1 - g[k] * g[k]);
        dc[k]               = dsum * f[k] + di[k] * pi[k] + df[k] * pf[k];
    }
}

GLI_CLONES static void rnn_gru_backward_row(const gli_rnn_cells *cells, const gli_rnn_backward_row *row) {
    const int H    = cells->g->hidden;
    const float *r = row->gate, *z = r + H, *n = z + H, *inner = row->inner, *h = row->h;
    float *ar = row->da, *az = ar + H, *an = az + H, *rr = row->dr, *rz = rr + H, *rn = rz + H, *dh = row->dh;
    GLI_IVDEP
    for (int k = 0; k < H; ++k) {
        an[k] = dh[k] * (1 - z[k]) * (1 - n[k] * n[k]);
        rn[k] = an[k] * r[k];
        az[k] = rz[k] = dh[k] * (h[k] - n[k]) * z[k] * (1 - z[k]);
        ar[k] = rr[k] = an[k] * inner[k] * r[k] * (1 - r[k]);
        dh[k]         = dh[k] * z[k];
    }
}

/* As rnn_gru_backward_row, up to what needs the product with w_hh_n^T. */
GLI_CLONES static void rnn_new_gate_backward_row(const gli_rnn_cells *cells, const gli_rnn_backward_row *row) {
    const int H    = cells->g->hidden;
    const float *z = row->gate + H, *n = z + H, *h = row->h;
    float *az = row->da + H, *an = az + H, *dh = row->dh;
    GLI_IVDEP
    for (int k = 0; k < H; ++k) {
        an[k] = dh[k] * (1 - z[k]) * (1 - n[k] * n[k]);
        az[k] = dh[k] * (h[k] - n[k]) * z[k] * (1 - z[k]);
        dh[k] = dh[k] * z[k];
    }
}

GLI_CLONES static void rnn_reset_backward_row(const gli_rnn_cells *cells, const gli_rnn_backward_row *row) {
    const float *r = row->gate, *h = row->h, *dreset = row->dreset;
    float *ar = row->da, *dh = row->dh;
    GLI_IVDEP
    for (int k = 0; k < cells->g->hidden; ++k) {
        ar[k] = dreset[k] * h[k] * r[k] * (1 - r[k]);
        dh[k] += dreset[k] * r[k];
    }
}

void gli_rnn_reset_backward(const gli_rnn_cells *cells, const gli_rnn_backward_row *row) {
    rnn_reset_backward_row(cells, row);
}

static void clear(float *data, int n) {
    for (int k = 0; k < n; ++k) data[k] = 0;
}

void gli_rnn_cell_backward(const gli_rnn_cells *cells, const gli_rnn_backward_row *row) {
    switch (cells->g->cell) {
        case GLIA_RNN_TANH: rnn_tanh_backward_row(cells, row); break;
        case GLIA_RNN_RELU: rnn_relu_backward_row(cells, row); break;
        case GLIA_RNN_GRU:
            (cells->g->reset_before ? rnn_new_gate_backward_row : rnn_gru_backward_row)(cells, row);
            break;
        case GLIA_RNN_LSTM:
            (cells->peephole ? rnn_peephole_backward_row : rnn_lstm_backward_row)(cells, row);
            clear(row->dh, cells->g->outputs);
            break;
    }
}

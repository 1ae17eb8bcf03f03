/* One step of one unit of a recurrent layer, forward and backward, in float or double. The formulas are those of
 * glia/ops/rnn.h: a_k is what gate k gets from the input and r_k what it gets from the state, biases included. Which
 * kernel forms the products, and where it keeps what comes of them, is nothing to these functions. */
#ifndef GLI_KERNELS_RNN_RNN_CELL_CUH
#define GLI_KERNELS_RNN_RNN_CELL_CUH

#include "kernels/device/functions.cuh"

namespace glia {

/* ---- tanh and relu ---- */

template <class C>
__device__ inline C plain_step(bool relu, C sum) {
    return apply(relu ? GLIA_RELU : GLIA_TANH, C(0), C(0), sum);
}

/* The gradient by the sum, of the step that gave h. */
template <class C>
__device__ inline C plain_undo(bool relu, C dh, C h) {
    return dh * slope_from_y(relu ? GLIA_RELU : GLIA_TANH, C(0), C(0), h);
}

/* ---- LSTM ---- */

/* Gates after their functions, or the gradients by their sums. */
template <class C>
struct lstm_gates {
    C i, f, g, o;
};

/* What is the same for all steps of a unit. */
template <class C>
struct lstm_unit {
    C p_i, p_f, p_o;
    C clip;         /* 0: none */
    bool peepholes; /* otherwise an infinite cell must not meet a weight of 0 */
};

/* What the cell tells a gate. */
template <class C>
__device__ inline C peek(const lstm_unit<C> &u, C weight, C c) {
    return u.peepholes ? weight * c : C(0);
}

template <class C>
struct lstm_result {
    lstm_gates<C> gate;
    C c, m; /* m = o tanh(c): h, or with a projection what it is made of */
};

/* sum: a + r of each gate. */
template <class C>
__device__ inline lstm_result<C> lstm_step(const lstm_unit<C> &u, const lstm_gates<C> &sum, C c_before) {
    lstm_result<C> s;
    s.gate.i     = sigmoid(sum.i + peek(u, u.p_i, c_before));
    s.gate.f     = sigmoid(sum.f + peek(u, u.p_f, c_before));
    s.gate.g     = tanh(sum.g);
    const C free = s.gate.f * c_before + s.gate.i * s.gate.g;
    s.c          = u.clip > 0 ? clip(free, -u.clip, u.clip) : free;
    s.gate.o     = sigmoid(sum.o + peek(u, u.p_o, s.c));
    s.m          = s.gate.o * tanh(s.c);
    return s;
}

/* The gradients by the sums. dm: that by m. *dc: that by c from the step after, then that by c_before. */
template <class C>
__device__ inline lstm_gates<C> lstm_undo(const lstm_unit<C> &u, const lstm_gates<C> &gate, C c_before, C c, C dm,
                                          C *dc) {
    lstm_gates<C> d;
    const C e = tanh(c);
    d.o       = dm * e * gate.o * (1 - gate.o);
    C by_c    = *dc + dm * gate.o * (1 - e * e) + peek(u, u.p_o, d.o);
    if (u.clip > 0 && fabs(c) >= u.clip) by_c = 0;
    d.i = by_c * gate.g * gate.i * (1 - gate.i);
    d.f = by_c * c_before * gate.f * (1 - gate.f);
    d.g = by_c * gate.i * (1 - gate.g * gate.g);
    *dc = by_c * gate.f + (peek(u, u.p_i, d.i) + peek(u, u.p_f, d.f));
    return d;
}

/* ---- GRU ---- */

template <class C>
struct gru_gates {
    C r, z, n;
};

/* The state after a step. */
template <class C>
__device__ inline C gru_mix(C z, C n, C h_before) {
    return (1 - z) * n + z * h_before;
}

/* Reset after the product: inner is w_hh_n h + b_hh_n. Reset before it: r and z first, which take part in
 * r_n = w_hh_n (r h) + b_hh_n, then n = tanh(a_n + r_n). */
template <class C>
__device__ inline gru_gates<C> gru_step(C sum_r, C sum_z, C a_n, C inner) {
    gru_gates<C> gate;
    gate.r = sigmoid(sum_r);
    gate.z = sigmoid(sum_z);
    gate.n = tanh(a_n + gate.r * inner);
    return gate;
}

/* The gradients by the sum of z and by a_n, and what of dh goes straight to the state before. */
template <class C>
struct gru_undone {
    C z, n, past;
};

template <class C>
__device__ inline gru_undone<C> gru_undo(const gru_gates<C> &gate, C h_before, C dh) {
    return {dh * (h_before - gate.n) * gate.z * (1 - gate.z), dh * (1 - gate.z) * (1 - gate.n * gate.n), dh * gate.z};
}

/* The gradient by the sum of r, from that by r: d_n inner where the reset comes after the product, and before it the
 * gradient by r h times h_before. */
template <class C>
__device__ inline C gru_undo_reset(C r, C dr) {
    return dr * r * (1 - r);
}

}  // namespace glia

#endif

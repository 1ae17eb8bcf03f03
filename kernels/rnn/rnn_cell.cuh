/* One step of one unit of a recurrent layer, forward and backward, in float or double. The formulas are those of
 * glia/ops/rnn.h: a_k is what gate k gets from the input and r_k what it gets from the state, biases included. The
 * functions are pure, so that the kernels with a launch for each step and the persistent ones share them. */
#ifndef GLI_KERNELS_RNN_RNN_CELL_CUH
#define GLI_KERNELS_RNN_RNN_CELL_CUH

#include "kernels/device/functions.cuh"

namespace glia {

/* ---- tanh and relu ---- */

template <class C>
__device__ inline C plain_step(bool relu, C sum) {
    return relu ? glia::relu(sum) : tanh(sum);
}

/* The gradient with respect to the sum, of the step that gave h. None goes through a relu of 0, NaN included. */
template <class C>
__device__ inline C plain_backward(bool relu, C dh, C h) {
    if (relu) return h <= 0 ? C(0) : dh;
    return dh * (1 - h * h);
}

/* ---- LSTM ---- */

/* Gates after their activations, or the gradients with respect to their pre-activations. */
template <class C>
struct lstm_gates {
    C i, f, g, o;
};

/* The constants of a unit. */
template <class C>
struct lstm_unit {
    C p_i, p_f, p_o;
    C clip;         /* infinity: none */
    bool peepholes; /* otherwise the weights are not used: inf * 0 would be NaN */
};

/* What a gate gets from the cell. */
template <class C>
__device__ inline C peek(const lstm_unit<C> &u, C weight, C c) {
    return u.peepholes ? weight * c : C(0);
}

template <class C>
struct lstm_result {
    lstm_gates<C> gate;
    C c, m; /* m = o tanh(c): h, or with a projection its input */
};

/* sum: a + r of each gate. */
template <class C>
__device__ inline lstm_result<C> lstm_step(const lstm_unit<C> &u, const lstm_gates<C> &sum, C c_before) {
    lstm_result<C> s;
    s.gate.i          = sigmoid(sum.i + peek(u, u.p_i, c_before));
    s.gate.f          = sigmoid(sum.f + peek(u, u.p_f, c_before));
    s.gate.g          = tanh(sum.g);
    const C unclipped = s.gate.f * c_before + s.gate.i * s.gate.g;
    s.c               = clip(unclipped, -u.clip, u.clip);
    s.gate.o          = sigmoid(sum.o + peek(u, u.p_o, s.c));
    s.m               = s.gate.o * tanh(s.c);
    return s;
}

/* The gradients with respect to the pre-activations. dm: with respect to m. *dc: with respect to c, from the step
 * after; on return with respect to c_before. */
template <class C>
__device__ inline lstm_gates<C> lstm_backward(const lstm_unit<C> &u, const lstm_gates<C> &gate, C c_before, C c, C dm,
                                              C *dc) {
    lstm_gates<C> d;
    const C e = tanh(c);
    d.o       = dm * e * gate.o * (1 - gate.o);
    C dc_all  = *dc + dm * gate.o * (1 - e * e) + peek(u, u.p_o, d.o);
    if (isfinite(u.clip) && fabs(c) >= u.clip) dc_all = 0;
    d.i = dc_all * gate.g * gate.i * (1 - gate.i);
    d.f = dc_all * c_before * gate.f * (1 - gate.f);
    d.g = dc_all * gate.i * (1 - gate.g * gate.g);
    *dc = dc_all * gate.f + (peek(u, u.p_i, d.i) + peek(u, u.p_f, d.f));
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

/* Reset after the GEMM: inner is w_hh_n h + b_hh_n. (Reset before it: r and z first, which take part in
 * r_n = w_hh_n (r h) + b_hh_n, then n = tanh(a_n + r_n).) */
template <class C>
__device__ inline gru_gates<C> gru_step(C sum_r, C sum_z, C a_n, C inner) {
    gru_gates<C> gate;
    gate.r = sigmoid(sum_r);
    gate.z = sigmoid(sum_z);
    gate.n = tanh(a_n + gate.r * inner);
    return gate;
}

/* The gradients with respect to the pre-activation of z and to a_n, and the part of dh that passes by the gates to the
 * state before. */
template <class C>
struct gru_gradients {
    C z, n, dh_past;
};

template <class C>
__device__ inline gru_gradients<C> gru_backward(const gru_gates<C> &gate, C h_before, C dh) {
    return {dh * (h_before - gate.n) * gate.z * (1 - gate.z), dh * (1 - gate.z) * (1 - gate.n * gate.n), dh * gate.z};
}

/* The gradient with respect to the pre-activation of r, from that with respect to r: d_n inner where the reset comes
 * after the GEMM; where it comes before it, the gradient with respect to r h times h_before. */
template <class C>
__device__ inline C gru_backward_reset(C r, C dr) {
    return dr * r * (1 - r);
}

}  // namespace glia

#endif

/* A few thousand terms are summed by one block in one launch; more by many blocks, whose sums a second launch adds.
 * Terms are double and sums wide (wide_sums.cuh): the mean of large terms is a number even where their sum, or one of
 * them, is none. */
#include "kernels/loss/loss_launch.h"

#include "kernels/device/divide.cuh"
#include "kernels/device/merge_parts.cuh"
#include "kernels/device/pack.cuh"
#include "kernels/device/scaled.cuh"
#include "kernels/device/wide_sums.cuh"

namespace glia {
namespace {

enum {
    LOSS_THREADS = 256,
    LOSS_WARPS   = LOSS_THREADS / LANES,
    LOSS_BLOCKS  = GLI_LOSS_WORKSPACE / sizeof(wide_sum<double>),
    LOSS_ALONE   = 8 /* packs of a thread that one block does in one launch */
};

/* Also of f16, whose terms may be beyond the floats. */
template <class T>
using double_sum = wide_sum<compute<T>>;

template <class C>
__device__ inline C log_at_least_minus_100(C x) {
    const C l = log(x);
    return l < -100 ? C(-100) : l;
}

/* f(kind), compiled for each kind: one branch for all elements that f does. */
template <class F>
__device__ inline void with_kind(glia_loss_kind kind, F f) {
    switch (kind) {
        case GLIA_LOSS_MSE: return f(GLIA_LOSS_MSE);
        case GLIA_LOSS_MAE: return f(GLIA_LOSS_MAE);
        case GLIA_LOSS_HUBER: return f(GLIA_LOSS_HUBER);
        case GLIA_LOSS_BCE: return f(GLIA_LOSS_BCE);
        case GLIA_LOSS_BCE_LOGITS: return f(GLIA_LOSS_BCE_LOGITS);
        case GLIA_LOSS_KL: return f(GLIA_LOSS_KL);
        default: return;
    }
}

template <class T>
struct pairs {
    typedef compute<T> C;
    glia_loss_kind kind;
    bool log_target, wide;
    double delta;
    C quarter_delta;
    int count;
    divisor shared;
    const T *prediction, *target, *weight;

    __device__ double term(glia_loss_kind known, C p, C t) const {
        const double d = double(p) - t, size = fabs(d), wide = t;
        switch (known) {
            case GLIA_LOSS_MSE: return d * d;
            case GLIA_LOSS_MAE: return size;
            case GLIA_LOSS_HUBER: return size <= delta ? d * d / 2 : delta * (size - delta / 2);
            case GLIA_LOSS_BCE: return -wide * log_at_least_minus_100(p) - (1 - wide) * log_at_least_minus_100(1 - p);
            case GLIA_LOSS_BCE_LOGITS: return (p > 0 ? p : C(0)) - p * wide + log1p(exp(-fabs(p)));
            case GLIA_LOSS_KL: return log_target ? exp(t) * (wide - p) : t == 0 ? 0 : wide * (log(t) - p);
            default: break;
        }
        return d;
    }
    /* A quarter of the derivative of the term with respect to p: the whole of it may be no number. */
    __device__ C quarter_slope(glia_loss_kind known, C p, C t) const {
        const C d = p / 4 - t / 4, sign = C(d > 0) - C(d < 0);
        switch (known) {
            case GLIA_LOSS_MSE: return 2 * d;
            case GLIA_LOSS_MAE: return isnan(d) ? d : sign / 4;
            case GLIA_LOSS_HUBER: return fabs(d) > quarter_delta ? quarter_delta * sign : d;
            case GLIA_LOSS_BCE: return d / fmax(p * (1 - p), C(1e-12));
            case GLIA_LOSS_BCE_LOGITS: return (1 / (1 + exp(-p)) - t) / 4;
            case GLIA_LOSS_KL: return (log_target ? -exp(t) : -t) / 4;
            default: break;
        }
        return d;
    }
    /* Adds the terms of n of W elements, with their weights. */
    template <int W>
    __device__ void add_terms(glia_loss_kind known, int n, const C (&p)[W], const C (&t)[W], const C (&w)[W],
                              C (&terms)[W], double_sum<T> &sum) const {
        for (int k = 0; k < W; ++k) {
            const double value = k < n ? double(w[k]) * term(known, p[k], t[k]) : 0.0;
            terms[k]           = C(value);
            sum.add(value);
        }
    }
    __device__ void load(int64_t i, int n, C (&p)[vector<T>::width], C (&t)[vector<T>::width],
                         C (&w)[vector<T>::width]) const {
        const bool dense            = shared.value == 1;
        const packed<T> predictions = load_packed(prediction + i, n, wide);
        const packed<T> targets     = load_packed(target + i, n, wide);
        const packed<T> weights     = load_optional(dense ? weight : nullptr, i, n, wide, C(1));
        unpack(predictions, p);
        unpack(targets, t);
        unpack(weights, w);
        for (int k = 0; weight && !dense && k < vector<T>::width; ++k)
            w[k] = k < n ? to_compute(weight[shared.quotient(static_cast<unsigned>(i + k))]) : C(0);
    }
};

template <class T>
pairs<T> pairs_of(const gli_loss_geom &g, const gli_loss_arrays &a) {
    pairs<T> p      = {};
    p.kind          = g.kind;
    p.log_target    = g.log_target;
    p.delta         = g.delta;
    p.quarter_delta = compute<T>(g.delta / 4);
    p.count         = g.count;
    p.shared        = divide_by(static_cast<unsigned>(g.shared));
    p.prediction    = static_cast<const T *>(a.prediction);
    p.target        = static_cast<const T *>(a.target);
    p.weight        = static_cast<const T *>(a.weight);
    p.wide          = aligned16(a.prediction) && aligned16(a.target) && aligned16(a.weight) && aligned16(a.y) &&
             aligned16(a.dprediction);
    return p;
}

/* Where the terms go. */
template <class T>
struct term_target {
    T *y; /* NULL: nothing asks for them */
    bool reduced;
    double over;             /* what their sum is divided by */
    double_sum<T> *of_block; /* the sum of each, where there are several */

    __device__ void store(const double_sum<T> &sum) const { *y = round_to<T>(compute<T>(sum.over(over))); }
    /* sum: of a thread. All threads of the block call it. */
    __device__ void finish(double_sum<T> sum) const {
        __shared__ double_sum<T> shared[LOSS_WARPS];
        if (reduced) finish_block(sum, shared, of_block, [&](const double_sum<T> &all) { store(all); });
    }
};

template <class T>
__global__ void __launch_bounds__(LOSS_THREADS, 1) loss_kernel(pairs<T> in, term_target<T> out) {
    typedef compute<T> C;
    const int width   = vector<T>::width;
    double_sum<T> sum = {};
    for (int64_t i = (int64_t(blockIdx.x) * LOSS_THREADS + threadIdx.x) * width; i < in.count;
         i += int64_t(gridDim.x) * LOSS_THREADS * width) {
        const int n = in.count - i < width ? static_cast<int>(in.count - i) : width;
        C p[width], t[width], w[width], terms[width];
        in.load(i, n, p, t, w);
        with_kind(in.kind, [&](glia_loss_kind kind) { in.add_terms(kind, n, p, t, w, terms, sum); });
        if (!out.reduced) store_pack(out.y + i, n, in.wide, terms);
    }
    out.finish(sum);
}

template <class T>
__global__ void __launch_bounds__(LOSS_THREADS) finish_kernel(term_target<T> out, int blocks) {
    __shared__ double_sum<T> shared[LOSS_WARPS];
    double_sum<T> sum = {};
    for (int b = threadIdx.x; b < blocks; b += LOSS_THREADS) sum.merge(out.of_block[b]);
    sum = block_merge(sum, shared);
    if (threadIdx.x == 0) out.store(sum);
}

template <class T>
struct gradient {
    const T *dy;
    T *dprediction;
    bool one_dy;
    compute<T> over; /* what the one dy is divided by */
};

/* TERMS: y is asked for, too. */
template <class T, bool TERMS>
__global__ void __launch_bounds__(LOSS_THREADS, 1)
    loss_backward_kernel(pairs<T> in, gradient<T> g, term_target<T> out) {
    typedef compute<T> C;
    const int width   = vector<T>::width;
    const C one       = g.one_dy ? to_compute(*g.dy) / g.over : C(0);
    double_sum<T> sum = {};
    for (int64_t i = (int64_t(blockIdx.x) * LOSS_THREADS + threadIdx.x) * width; i < in.count;
         i += int64_t(gridDim.x) * LOSS_THREADS * width) {
        const int n = in.count - i < width ? static_cast<int>(in.count - i) : width;
        C p[width], t[width], w[width], terms[width], values[width];
        in.load(i, n, p, t, w);
        if (TERMS) {
            with_kind(in.kind, [&](glia_loss_kind kind) { in.add_terms(kind, n, p, t, w, terms, sum); });
            if (!out.reduced) store_pack(out.y + i, n, in.wide, terms);
        }
        with_kind(in.kind, [&](glia_loss_kind kind) {
            for (int k = 0; k < width; ++k) {
                const C dy_here = g.one_dy ? one : k < n ? to_compute(g.dy[i + k]) : C(0);
                values[k]       = 4 * product(w[k], dy_here, in.quarter_slope(kind, p[k], t[k]));
            }
        });
        store_pack(g.dprediction + i, n, in.wide, values);
    }
    if (TERMS) out.finish(sum);
}

template <class T>
term_target<T> target_of(const gli_loss_geom &g, const gli_loss_arrays &a) {
    return {static_cast<T *>(a.y), g.reduction != GLIA_REDUCTION_NONE,
            g.reduction == GLIA_REDUCTION_MEAN && g.count > 0 ? double(g.count) : 1.0,
            static_cast<double_sum<T> *>(a.workspace)};
}

template <class T>
int blocks_of(const gli_loss_geom &g, const term_target<T> &out) {
    const int blocks = blocks_for(g.count, LOSS_THREADS * vector<T>::width);
    if (!out.y || !out.reduced) return blocks;
    return blocks <= LOSS_ALONE ? 1 : blocks < int(LOSS_BLOCKS) ? blocks : int(LOSS_BLOCKS);
}

template <class T>
cudaError_t finish(const term_target<T> &out, int blocks, cudaStream_t stream) {
    if (!out.y || !out.reduced || blocks == 1) return cudaSuccess;
    return GLI_LAUNCH(finish_kernel<T>, 1, LOSS_THREADS, 0, stream, out, blocks);
}

template <class T>
cudaError_t loss(const gli_loss_geom &g, const gli_loss_arrays &a, cudaStream_t stream) {
    const term_target<T> out = target_of<T>(g, a);
    const int blocks         = blocks_of(g, out);
    if (blocks == 0) return cudaSuccess;
    const cudaError_t error = GLI_LAUNCH(loss_kernel<T>, blocks, LOSS_THREADS, 0, stream, pairs_of<T>(g, a), out);
    return error == cudaSuccess ? finish(out, blocks, stream) : error;
}

template <class T>
cudaError_t loss_backward(const gli_loss_geom &g, const gli_loss_arrays &a, cudaStream_t stream) {
    const term_target<T> out = target_of<T>(g, a);
    const gradient<T> to     = {static_cast<const T *>(a.dy), static_cast<T *>(a.dprediction), out.reduced,
                            g.reduction == GLIA_REDUCTION_MEAN ? compute<T>(g.count) : compute<T>(1)};
    const pairs<T> in        = pairs_of<T>(g, a);
    const int blocks         = blocks_of(g, out);
    if (blocks == 0) return cudaSuccess;
    const cudaError_t error =
        out.y ? GLI_LAUNCH((loss_backward_kernel<T, true>), blocks, LOSS_THREADS, 0, stream, in, to, out)
              : GLI_LAUNCH((loss_backward_kernel<T, false>), blocks, LOSS_THREADS, 0, stream, in, to, out);
    return error == cudaSuccess ? finish(out, blocks, stream) : error;
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_loss(const gli_loss_geom *geom, const gli_loss_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::loss<T>(*geom, *arrays, stream));
}

cudaError_t gli_kernel_loss_backward(const gli_loss_geom *geom, const gli_loss_arrays *arrays, cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T, glia::loss_backward<T>(*geom, *arrays, stream));
}

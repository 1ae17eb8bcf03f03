/* The parts are rows of blocks of one grid, which is as wide as the largest part needs. */
#include "kernels/movement/concat_launch.h"

#include "kernels/device/move.cuh"

namespace glia {
namespace {

enum { MOST_PARTS = 8, MOST_DIMS = 3 };

template <class T>
struct part {
    T *y;
    const T *x;
    unsigned count;
    int n;
    divisor size[MOST_DIMS];
    int64_t to[MOST_DIMS], from[MOST_DIMS];
};

template <class T>
struct batch {
    part<T> at[MOST_PARTS];
};

template <class T>
__global__ void __launch_bounds__(MOVE_THREADS) concat_kernel(batch<T> b) {
    const unsigned which = blockIdx.y, first = blockIdx.x * (blockDim.x * MOVE_ITEMS) + threadIdx.x;
#pragma unroll
    for (unsigned k = 0; k < MOVE_ITEMS; ++k) {
        unsigned rest = first + k * blockDim.x;
        if (rest >= b.at[which].count) continue;
        int64_t to = 0, from = 0;
        for (int d = b.at[which].n - 1; d >= 0; --d) {
            const divisor size      = b.at[which].size[d];
            const unsigned quotient = size.quotient(rest), at = rest - quotient * size.value;
            to += at * b.at[which].to[d];
            from += at * b.at[which].from[d];
            rest = quotient;
        }
        b.at[which].y[to] = b.at[which].x[from];
    }
}

/* The simplified parts of one launch. */
struct rows {
    int n;
    axes shape[MOST_PARTS];
    const gli_copy_geom *part[MOST_PARTS];
};

axes axes_of(const gli_copy_geom &g) {
    axes a = {};
    for (int d = 0; d < g.ndim; ++d) a.add(whole_axis(g.dim[d], g.to.stride[d], g.from.stride[d]));
    return a.count() > 0 ? simplify(a) : a;
}

uintptr_t addresses_of(const gli_copy_geom &g) { return address(g.to.data) | address(g.from.data); }

bool has_rows(const axes &a) {
    return a.n > 0 && a.n <= MOST_DIMS && a.at[a.n - 1].stride[TO] == 1 && a.at[a.n - 1].stride[FROM] == 1;
}

template <class T>
cudaError_t launch(const rows &r, cudaStream_t stream) {
    batch<T> b   = {};
    int64_t most = 0;
    for (int i = 0; i < r.n; ++i) {
        const strided_dims to = dims_of(r.shape[i], TO), from = dims_of(r.shape[i], FROM);
        part<T> &p = b.at[i];
        p.y        = static_cast<T *>(r.part[i]->to.data);
        p.x        = static_cast<const T *>(r.part[i]->from.data);
        p.count    = static_cast<unsigned>(r.shape[i].count());
        p.n        = to.n;
        for (int d = 0; d < to.n; ++d) p.size[d] = to.size[d], p.to[d] = to.stride[d], p.from[d] = from.stride[d];
        if (p.count > most) most = p.count;
    }
    const int threads = move_threads(most);
    const dim3 grid(static_cast<unsigned>(blocks_for(most, threads * MOVE_ITEMS)), static_cast<unsigned>(r.n));
    return GLI_LAUNCH(concat_kernel<T>, grid, threads, 0, stream, b);
}

/* Elements become as wide as every part allows: a bit in the addresses that is `wide` keeps the others from more. */
cudaError_t copy_rows(rows *r, cudaStream_t stream) {
    if (r->n == 0) return cudaSuccess;
    const int bytes = static_cast<int>(glia_dtype_size(r->part[0]->to.dtype));
    int wide        = 16;
    for (int i = 0; i < r->n; ++i) {
        axes own       = r->shape[i];
        const int most = vectorize(&own, bytes, addresses_of(*r->part[i]));
        if (most < wide) wide = most;
    }
    for (int i = 0; i < r->n; ++i)
        vectorize(&r->shape[i], bytes, addresses_of(*r->part[i]) | static_cast<unsigned>(wide));
    return GLI_FOR_BYTES(wide, T, launch<T>(*r, stream));
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_concat(const gli_copy_geom *parts, int n, cudaStream_t stream) {
    glia::rows together = {};
    cudaError_t error   = cudaSuccess;
    for (int i = 0; i < n && error == cudaSuccess; ++i) {
        const glia::axes a = glia::axes_of(parts[i]);
        if (a.count() == 0) continue;
        if (!glia::has_rows(a)) {
            error = gli_kernel_copy(&parts[i], stream);
            continue;
        }
        together.shape[together.n]  = a;
        together.part[together.n++] = &parts[i];
        if (together.n < glia::MOST_PARTS) continue;
        error      = glia::copy_rows(&together, stream);
        together.n = 0;
    }
    return error == cudaSuccess ? glia::copy_rows(&together, stream) : error;
}

/* The parts are rows of blocks of one grid, which is as wide as the largest part needs. */
#include "kernels/movement/concat_launch.h"

#include "kernels/device/move.cuh"

namespace glia {
namespace {

enum { MAX_PARTS = 8, MAX_DIMS = 3 };

template <class T>
struct part {
    T *y;
    const T *x;
    unsigned count;
    int n;
    divisor size[MAX_DIMS];
    int64_t to[MAX_DIMS], from[MAX_DIMS];
};

template <class T>
struct batch {
    part<T> parts[MAX_PARTS];
};

template <class T>
__global__ void __launch_bounds__(MOVE_THREADS) concat_kernel(batch<T> b) {
    const unsigned which = blockIdx.y, first = blockIdx.x * (blockDim.x * MOVE_ITEMS) + threadIdx.x;
#pragma unroll
    for (unsigned k = 0; k < MOVE_ITEMS; ++k) {
        unsigned rest = first + k * blockDim.x;
        if (rest >= b.parts[which].count) continue;
        int64_t to = 0, from = 0;
        for (int d = b.parts[which].n - 1; d >= 0; --d) {
            const divisor size      = b.parts[which].size[d];
            const unsigned quotient = size.quotient(rest), i = rest - quotient * size.value;
            to += i * b.parts[which].to[d];
            from += i * b.parts[which].from[d];
            rest = quotient;
        }
        b.parts[which].y[to] = b.parts[which].x[from];
    }
}

/* The simplified parts of one launch. */
struct rows {
    int n;
    axes shape[MAX_PARTS];
    const gli_copy_geom *part[MAX_PARTS];
};

axes axes_of(const gli_copy_geom &g) {
    axes a = {};
    for (int d = 0; d < g.ndim; ++d) a.add(whole_axis(g.dim[d], g.to.stride[d], g.from.stride[d]));
    return a.count() > 0 ? simplify(a) : a;
}

uintptr_t addresses_of(const gli_copy_geom &g) { return address(g.to.data) | address(g.from.data); }

bool has_rows(const axes &a) {
    return a.n > 0 && a.n <= MAX_DIMS && a.at[a.n - 1].stride[TO] == 1 && a.at[a.n - 1].stride[FROM] == 1;
}

template <class T>
cudaError_t launch(const rows &r, cudaStream_t stream) {
    batch<T> b        = {};
    int64_t max_count = 0;
    for (int i = 0; i < r.n; ++i) {
        const strided_dims to = dims_of(r.shape[i], TO), from = dims_of(r.shape[i], FROM);
        part<T> &p = b.parts[i];
        p.y        = static_cast<T *>(r.part[i]->to.data);
        p.x        = static_cast<const T *>(r.part[i]->from.data);
        p.count    = static_cast<unsigned>(r.shape[i].count());
        p.n        = to.n;
        for (int d = 0; d < to.n; ++d) p.size[d] = to.size[d], p.to[d] = to.stride[d], p.from[d] = from.stride[d];
        if (p.count > max_count) max_count = p.count;
    }
    const int threads = move_threads(max_count);
    const dim3 grid(static_cast<unsigned>(blocks_for(max_count, threads * MOVE_ITEMS)), static_cast<unsigned>(r.n));
    return GLI_LAUNCH(concat_kernel<T>, grid, threads, 0, stream, b);
}

/* Elements become as wide as every part allows: `wide` as a bit of the addresses limits the other parts to it. */
cudaError_t copy_rows(rows *r, cudaStream_t stream) {
    if (r->n == 0) return cudaSuccess;
    const int bytes = static_cast<int>(glia_dtype_size(r->part[0]->to.dtype));
    int wide        = 16;
    for (int i = 0; i < r->n; ++i) {
        axes own      = r->shape[i];
        const int max = vectorize(&own, bytes, addresses_of(*r->part[i]));
        if (max < wide) wide = max;
    }
    for (int i = 0; i < r->n; ++i)
        vectorize(&r->shape[i], bytes, addresses_of(*r->part[i]) | static_cast<unsigned>(wide));
    return GLI_FOR_BYTES(wide, T, launch<T>(*r, stream));
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_concat(const gli_copy_geom *parts, int n, cudaStream_t stream) {
    glia::rows pending = {};
    cudaError_t error  = cudaSuccess;
    for (int i = 0; i < n && error == cudaSuccess; ++i) {
        const glia::axes a = glia::axes_of(parts[i]);
        if (a.count() == 0) continue;
        if (!glia::has_rows(a)) {
            error = gli_kernel_copy(&parts[i], stream);
            continue;
        }
        pending.shape[pending.n]  = a;
        pending.part[pending.n++] = &parts[i];
        if (pending.n < glia::MAX_PARTS) continue;
        error     = glia::copy_rows(&pending, stream);
        pending.n = 0;
    }
    return error == cudaSuccess ? glia::copy_rows(&pending, stream) : error;
}

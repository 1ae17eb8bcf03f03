/* Products too narrow for tiles, of many items: depthwise convolution and its gradients. Neighbouring threads work on
 * neighbours in memory, which are items (channels) where channels are innermost, and otherwise pixels. */
#ifndef GLI_KERNELS_CONV_DEPTHWISE_CUH
#define GLI_KERNELS_CONV_DEPTHWISE_CUH

#include "kernels/gemm/gemm.cuh"

namespace glia {

enum { NARROW_THREADS = 256 };

template <class P, class C>
__device__ inline void add_product(const P &p, const place &i, const place &j, int k, C &sum) {
    const place a = p.a.summed.at(k, p.k), b = p.b.summed.at(k, p.k);
    if (p.a.has(i, a) && p.b.has(j, b)) sum += C(widen(*p.a.at(i, a))) * C(widen(*p.b.at(j, b)));
}

/* A thread forms one element. blockIdx.y is the phase of an item. */
template <class T, class Batch>
__global__ void __launch_bounds__(NARROW_THREADS, 1)
    elements_kernel(Batch batch, product_sizes sizes, bool items_near) {
    const int64_t index = int64_t(blockIdx.x) * NARROW_THREADS + threadIdx.x;
    const int items     = sizes.items / int(gridDim.y);
    if (index >= int64_t(items) * sizes.m * sizes.n) return;
    const int first = items_near ? sizes.n : sizes.m, second = items_near ? items : sizes.n;
    const int x = int(index % first), rest = int(index / first), y = rest % second, z = rest / second;
    const int m = items_near ? z : x, n = items_near ? x : y, item = items_near ? y : z;
    const auto p = batch.at(item * int(gridDim.y) + int(blockIdx.y));
    if (m >= p.m) return;
    const place i = p.a.kept.at(m, p.m), j = p.b.kept.at(n, p.n);
    compute<T> sum = 0;
    for (int k = 0; k < p.k; ++k) add_product(p, i, j, k, sum);
    p.y.write(m, n, sum);
}

template <class T, class Batch>
cudaError_t multiply_elements(const Batch &batch, const product_sizes &s, int phases, bool items_near,
                              cudaStream_t stream) {
    const int64_t elements = int64_t(s.items) / phases * s.m * s.n;
    if (elements == 0) return cudaSuccess;
    return GLI_LAUNCH((elements_kernel<T, Batch>), dim3(blocks_for(elements, NARROW_THREADS), phases), NARROW_THREADS,
                      0, stream, batch, s, items_near);
}

/* Threads of a block sum one element of `items` products, blockIdx.y, over the slice blockIdx.z; a tree adds the lanes
 * of each item up. */
template <class T, class Batch>
__global__ void __launch_bounds__(NARROW_THREADS)
    lanes_kernel(Batch batch, int items, bool items_near, slicing cut, partial_sums<compute<T>> partial) {
    typedef compute<T> C;
    __shared__ C shared[NARROW_THREADS];
    const int lanes = NARROW_THREADS / items, t = int(threadIdx.x);
    const int near = items_near ? t % items : t / lanes, lane = items_near ? t / items : t % lanes;
    const int item = int(blockIdx.x) * items + near;
    const int m = int(blockIdx.y) / partial.columns, n = int(blockIdx.y) % partial.columns;
    const auto p  = batch.at(min(item, partial.items - 1));
    const place i = p.a.kept.at(m, p.m), j = p.b.kept.at(n, p.n);
    const bool row  = n == p.n; /* the sum of a's row */
    const int begin = int(blockIdx.z) * cut.depth, end = item < partial.items ? min(p.k, begin + cut.depth) : 0;

    C sum = 0;
    for (int k = begin + lane; k < end; k += lanes) {
        if (row)
            sum += C(widen(*p.a.at(i, p.a.summed.at(k, p.k))));
        else
            add_product(p, i, j, k, sum);
    }
    shared[lane * items + near] = sum;
    for (int half = lanes / 2; half > 0; half /= 2) {
        __syncthreads();
        if (lane < half) shared[lane * items + near] += shared[(lane + half) * items + near];
    }
    if (lane > 0 || item >= partial.items) return;
    sum = shared[near];
    if (partial.data)
        partial.of(int(blockIdx.z), item)[size_t(m) * partial.columns + n] = sum;
    else if (row)
        p.y.write_row_sum(m, sum);
    else
        p.y.write(m, n, sum);
}

enum { NEAR_ITEMS = 32, FAR_ITEMS = 8 };

inline slicing lanes_slicing(const product_sizes &s, bool items_near) {
    const int items = items_near ? NEAR_ITEMS : FAR_ITEMS;
    return slicing_of(s.k, int64_t(blocks_for(s.items, items)) * s.m * (s.n + s.row_sums));
}

template <class T, class Batch>
cudaError_t sum_over_lanes(const Batch &batch, const product_sizes &s, bool items_near, void *workspace,
                           cudaStream_t stream) {
    const int items = items_near ? NEAR_ITEMS : FAR_ITEMS, elements = s.m * (s.n + s.row_sums);
    if (s.items == 0 || elements == 0) return cudaSuccess;
    const slicing cut                      = lanes_slicing(s, items_near);
    const partial_sums<compute<T>> partial = partial_sums_of<compute<T>>(s, cut, workspace);
    const cudaError_t error =
        GLI_LAUNCH((lanes_kernel<T, Batch>), dim3(blocks_for(s.items, items), elements, cut.slices), NARROW_THREADS, 0,
                   stream, batch, items, items_near, cut, partial);
    return error != cudaSuccess || !partial.data ? error : add_slices<T>(batch, s, cut, partial, stream);
}

}  // namespace glia

#endif

/* Batches of GEMMs that are too small for tiles: depthwise convolution and its gradients, with a GEMM for each group.
 * Neighbouring threads work on neighbours in memory: groups where channels are innermost, and otherwise pixels. */
#ifndef GLI_KERNELS_CONV_DEPTHWISE_CUH
#define GLI_KERNELS_CONV_DEPTHWISE_CUH

#include "kernels/gemm/gemm.cuh"

namespace glia {

enum { DEPTHWISE_THREADS = 256 };

template <class P, class I, class J, class C>
__device__ inline void multiply_add(const P &p, const I &i, const J &j, int k, C &sum) {
    const auto a = p.a.k_axis.at(k, p.k);
    const auto b = p.b.k_axis.at(k, p.k);
    if (p.a.contains(i, a) && p.b.contains(j, b))
        sum += C(to_compute(*p.a.address(i, a))) * C(to_compute(*p.b.address(j, b)));
}

/* A thread for each element of y. blockIdx.y is the phase. */
template <class T, class Batch>
__global__ void __launch_bounds__(DEPTHWISE_THREADS, 1)
    depthwise_kernel(Batch batch, gemm_size size, bool groups_contiguous) {
    const int64_t index = int64_t(blockIdx.x) * DEPTHWISE_THREADS + threadIdx.x;
    const int groups    = size.batch / int(gridDim.y);
    if (index >= int64_t(groups) * size.m * size.n) return;
    const int first = groups_contiguous ? size.n : size.m, second = groups_contiguous ? groups : size.n;
    const int x = int(index % first), rest = int(index / first), y = rest % second, z = rest / second;
    const int m = groups_contiguous ? z : x, n = groups_contiguous ? x : y, group = groups_contiguous ? y : z;
    const auto p = batch.problem(group * int(gridDim.y) + int(blockIdx.y));
    if (m >= p.m) return;
    const auto i   = p.a.row_axis.at(m, p.m);
    const auto j   = p.b.row_axis.at(n, p.n);
    compute<T> sum = 0;
    for (int k = 0; k < p.k; ++k) multiply_add(p, i, j, k, sum);
    p.y.store(m, n, sum);
}

template <class T, class Batch>
cudaError_t depthwise(const Batch &batch, const gemm_size &s, int phases, bool groups_contiguous, cudaStream_t stream) {
    const int64_t elements = int64_t(s.batch) / phases * s.m * s.n;
    if (elements == 0) return cudaSuccess;
    return GLI_LAUNCH((depthwise_kernel<T, Batch>), dim3(blocks_for(elements, DEPTHWISE_THREADS), phases),
                      DEPTHWISE_THREADS, 0, stream, batch, s, groups_contiguous);
}

/* A block sums element blockIdx.y of the results of some groups over split blockIdx.z of k: the lanes of a group take
 * elements of k in turn, and a tree sums the lanes. */
template <class T, class Batch>
__global__ void __launch_bounds__(DEPTHWISE_THREADS)
    depthwise_filter_kernel(Batch batch, int groups, bool groups_contiguous, split_k split,
                            split_k_partials<compute<T>> partials) {
    typedef compute<T> C;
    __shared__ C shared[DEPTHWISE_THREADS];
    const int lanes = DEPTHWISE_THREADS / groups, t = int(threadIdx.x);
    const int near = groups_contiguous ? t % groups : t / lanes, lane = groups_contiguous ? t / groups : t % lanes;
    const int group = int(blockIdx.x) * groups + near;
    const int m = int(blockIdx.y) / partials.columns, n = int(blockIdx.y) % partials.columns;
    const auto p       = batch.problem(min(group, partials.batch - 1));
    const auto i       = p.a.row_axis.at(m, p.m);
    const auto j       = p.b.row_axis.at(n, p.n);
    const bool row_sum = n == p.n;
    const int begin    = int(blockIdx.z) * split.depth;
    const int end      = group < partials.batch ? min(p.k, begin + split.depth) : 0;

    C sum = 0;
    for (int k = begin + lane; k < end; k += lanes) {
        if (row_sum)
            sum += C(to_compute(*p.a.address(i, p.a.k_axis.at(k, p.k))));
        else
            multiply_add(p, i, j, k, sum);
    }
    shared[lane * groups + near] = sum;
    for (int half = lanes / 2; half > 0; half /= 2) {
        __syncthreads();
        if (lane < half) shared[lane * groups + near] += shared[(lane + half) * groups + near];
    }
    if (lane > 0 || group >= partials.batch) return;
    sum = shared[near];
    if (partials.data)
        partials.of(int(blockIdx.z), group)[size_t(m) * partials.columns + n] = sum;
    else if (row_sum)
        p.y.store_row_sum(m, sum);
    else
        p.y.store(m, n, sum);
}

enum { CONTIGUOUS_GROUPS = 32, STRIDED_GROUPS = 8 }; /* of a block */

inline int groups_of_block(bool groups_contiguous) { return groups_contiguous ? CONTIGUOUS_GROUPS : STRIDED_GROUPS; }

inline split_k depthwise_split(const gemm_size &s, bool groups_contiguous) {
    const int64_t blocks = int64_t(blocks_for(s.batch, groups_of_block(groups_contiguous))) * s.m * (s.n + s.row_sums);
    return split_k_for(s.k, blocks);
}

template <class T, class Batch>
cudaError_t depthwise_filter(const Batch &batch, const gemm_size &s, bool groups_contiguous, void *workspace,
                             cudaStream_t stream) {
    const int groups = groups_of_block(groups_contiguous), elements = s.m * (s.n + s.row_sums);
    if (s.batch == 0 || elements == 0) return cudaSuccess;
    const split_k split                         = depthwise_split(s, groups_contiguous);
    const split_k_partials<compute<T>> partials = partials_of<compute<T>>(s, split, workspace);
    const dim3 grid(blocks_for(s.batch, groups), elements, split.splits);
    const cudaError_t error = GLI_LAUNCH((depthwise_filter_kernel<T, Batch>), grid, DEPTHWISE_THREADS, 0, stream, batch,
                                         groups, groups_contiguous, split, partials);
    return error != cudaSuccess || !partials.data ? error : reduce_splits<T>(batch, s, split, partials, stream);
}

}  // namespace glia

#endif

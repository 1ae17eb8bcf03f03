/* Tall sums: slices of k are summed by different blocks, and a second pass adds the slices up, always in one order. */
#ifndef GLI_KERNELS_GEMM_SPLIT_K_CUH
#define GLI_KERNELS_GEMM_SPLIT_K_CUH

#include "kernels/device/types.cuh"

namespace glia {

struct product_sizes {
    int items, m, n, k;
    bool row_sums; /* one column more */
};

/* One at least where the sums of rows, which the first tile of a row forms, are all there is to do. */
inline int column_tiles_of(const product_sizes &s, int columns) {
    return s.n == 0 && s.row_sums ? 1 : blocks_for(s.n, columns);
}

struct slicing {
    int slices, depth; /* the length of each */
};

/* Slices so that `blocks` of a long sum become some hundred, none shorter than LEAST. It reads sizes only: the order of
 * summation is part of the result. */
inline slicing slicing_of(int k, int64_t blocks) {
    enum { LEAST = 256, WANTED = 512, MOST = 256, MULTIPLE = 32 };
    if (k < 2 * LEAST || blocks == 0 || blocks > WANTED / 2) return {1, k};
    const int64_t wanted = blocks > WANTED / MOST ? WANTED / blocks : int64_t(MOST);
    const int slices     = static_cast<int>(k / LEAST < wanted ? k / LEAST : wanted);
    const int depth      = blocks_for(blocks_for(k, slices), MULTIPLE) * MULTIPLE;
    return {blocks_for(k, depth), depth};
}

/* For a product in tiles, whose smallest are 32 x 32. */
inline slicing slicing_of(const product_sizes &s) {
    return slicing_of(s.k, int64_t(blocks_for(s.m, 32)) * column_tiles_of(s, 32) * s.items);
}

/* [slice][item][m][columns], where column n holds the sums of a's rows if they are wanted. */
template <class C>
struct partial_sums {
    C *data; /* NULL: there is one slice */
    int items, rows, columns;

    __device__ C *of(int slice, int item) const {
        return data + (size_t(slice) * items + item) * (size_t(rows) * columns);
    }
};

inline size_t partial_count(const product_sizes &s, const slicing &cut) {
    return cut.slices > 1 ? size_t(cut.slices) * s.items * s.m * (s.n + s.row_sums) : 0;
}

template <class C>
partial_sums<C> partial_sums_of(const product_sizes &s, const slicing &cut, void *workspace) {
    return {cut.slices > 1 ? static_cast<C *>(workspace) : nullptr, s.items, s.m, s.n + s.row_sums};
}

enum { SLICE_OUTPUTS = 32, SLICE_LANES = 8 };

/* One thread's share of the slices, then a tree over the lanes; lane 0 gets the sum. */
template <class C>
__device__ inline C sum_of_slices(const C *first, size_t pitch, int slices, bool inside) {
    __shared__ C lanes[SLICE_LANES][SLICE_OUTPUTS];
    const int output = int(threadIdx.x) % SLICE_OUTPUTS, lane = int(threadIdx.x) / SLICE_OUTPUTS;
    C sum = 0;
    for (int s = lane; inside && s < slices; s += SLICE_LANES) sum += first[s * pitch];
    lanes[lane][output] = sum;
    for (int half = SLICE_LANES / 2; half > 0; half /= 2) {
        __syncthreads();
        if (lane < half) lanes[lane][output] += lanes[lane + half][output];
    }
    return lanes[lane][output];
}

template <class T, class Batch>
__global__ void __launch_bounds__(SLICE_OUTPUTS *SLICE_LANES)
    slices_kernel(Batch batch, int slices, partial_sums<compute<T>> partial) {
    typedef compute<T> C;
    const int64_t plane = int64_t(partial.rows) * partial.columns, all = plane * partial.items;
    const int64_t i = int64_t(blockIdx.x) * SLICE_OUTPUTS + threadIdx.x % SLICE_OUTPUTS;
    const int item = int(i / plane), m = int(i % plane / partial.columns), n = int(i % partial.columns);
    const auto p      = batch.at(i < all ? item : 0);
    const bool inside = i < all && m < p.m; /* a product may be smaller than the largest */
    const C sum       = sum_of_slices(partial.data + i, size_t(all), slices, inside);
    if (!inside || threadIdx.x >= SLICE_OUTPUTS) return;
    if (n < p.n)
        p.y.write(m, n, sum);
    else
        p.y.write_row_sum(m, sum);
}

template <class T, class Batch>
cudaError_t add_slices(const Batch &batch, const product_sizes &s, const slicing &cut,
                       const partial_sums<compute<T>> &partial, cudaStream_t stream) {
    const int64_t outputs = int64_t(s.items) * s.m * (s.n + s.row_sums);
    return GLI_LAUNCH((slices_kernel<T, Batch>), blocks_for(outputs, SLICE_OUTPUTS), SLICE_OUTPUTS * SLICE_LANES, 0,
                      stream, batch, cut.slices, partial);
}

}  // namespace glia

#endif

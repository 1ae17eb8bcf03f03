/* Each thread makes whole Philox blocks of four numbers: one for four elements, or for two of 16 bytes in 16 bits. */
#include "kernels/random/random_fill_launch.h"

#include "kernels/device/pack.cuh"

namespace glia {
namespace {

enum { RANDOM_THREADS = 256, NUMBERS = 4 };

/* Elements of a thread: whole Philox blocks and whole 16-byte accesses. */
template <class T>
constexpr int share = int(vector<T>::width) > int(NUMBERS) ? int(vector<T>::width) : int(NUMBERS);

template <class C>
struct mask {
    gli_random use;
    const int64_t *step;
    uint64_t threshold;
    C scale;
};

template <class T>
__global__ void __launch_bounds__(RANDOM_THREADS)
    dropout_kernel(mask<compute<T>> m, const T *x, T *y, int count, bool wide) {
    const int width = vector<T>::width, elements = share<T>;
    const int64_t begin = (int64_t(blockIdx.x) * RANDOM_THREADS + threadIdx.x) * elements;
    if (begin >= count) return;
    m.use.step = m.step ? static_cast<uint32_t>(*m.step) : 0;
    uint32_t numbers[elements];
    for (int k = 0; k < elements; k += NUMBERS) {
        const gli_u32x4 block = gli_random_block(m.use, static_cast<uint32_t>((begin + k) / NUMBERS));
        for (int i = 0; i < NUMBERS; ++i) numbers[k + i] = block.v[i];
    }
    for (int first = 0; first < elements; first += width) {
        const int64_t left = count - begin - first;
        const int n        = left < 0 ? 0 : left < width ? static_cast<int>(left) : width;
        compute<T> values[width];
        load_pack(x + begin + first, n, wide, values);
        for (int k = 0; k < width; ++k) values[k] = numbers[first + k] >= m.threshold ? values[k] * m.scale : 0;
        store_pack(y + begin + first, n, wide, values);
    }
}

template <class T>
cudaError_t dropout(const gli_dropout_args &a, cudaStream_t stream) {
    const mask<compute<T>> m = {a.use, a.step, a.threshold, compute<T>(a.scale)};
    const bool wide          = aligned16(a.x) && aligned16(a.y);
    const int blocks         = blocks_for(a.count, RANDOM_THREADS * share<T>);
    if (a.count == 0) return cudaSuccess;
    return GLI_LAUNCH(dropout_kernel<T>, blocks, RANDOM_THREADS, 0, stream, m, static_cast<const T *>(a.x),
                      static_cast<T *>(a.y), a.count, wide);
}

__device__ inline double truncated_normal(gli_random use, uint64_t element) {
    double z[2];
    do {
        ++use.step;
        const gli_u32x4 block = gli_random_block(use, static_cast<uint32_t>(element / 2));
        const int half        = element % 2 * 2;
        gli_normal_pair(block.v[half], block.v[half + 1], z);
    } while (fabs(z[0]) > 2);
    return z[0];
}

__device__ inline void draw(glia_random_kind kind, gli_random use, int64_t first, double (&values)[NUMBERS]) {
    if (kind == GLIA_TRUNCATED_NORMAL) {
        for (int k = 0; k < NUMBERS; ++k) values[k] = truncated_normal(use, static_cast<uint64_t>(first + k));
        return;
    }
    const gli_u32x4 block = gli_random_block(use, static_cast<uint32_t>(first / NUMBERS));
    for (int k = 0; k < NUMBERS; k += 2) {
        double pair[2] = {gli_unit_float(block.v[k]), gli_unit_float(block.v[k + 1])};
        if (kind == GLIA_NORMAL) gli_normal_pair(block.v[k], block.v[k + 1], pair);
        values[k] = pair[0], values[k + 1] = pair[1];
    }
}

__device__ inline void store_double(float *y, double value) { *y = static_cast<float>(value); }
__device__ inline void store_double(double *y, double value) { *y = value; }
__device__ inline void store_double(bf16 *y, double value) { *y = __double2bfloat16(value); }
__device__ inline void store_double(f16 *y, double value) { *y = __double2half(value); }

struct distribution {
    glia_random_kind kind;
    gli_random use;
    double offset, scale;
};

/* The product is rounded before the sum, as on a CPU without fused multiplication. */
template <class T>
__global__ void __launch_bounds__(RANDOM_THREADS) random_fill_kernel(distribution d, T *y, int count) {
    const int64_t begin = (int64_t(blockIdx.x) * RANDOM_THREADS + threadIdx.x) * NUMBERS;
    if (begin >= count) return;
    double values[NUMBERS];
    draw(d.kind, d.use, begin, values);
    for (int k = 0; k < NUMBERS; ++k)
        if (begin + k < count) store_double(y + begin + k, __dadd_rn(d.offset, __dmul_rn(d.scale, values[k])));
}

template <class T>
cudaError_t random_fill(const gli_random_fill_args &a, cudaStream_t stream) {
    const distribution d = {a.kind, a.use, a.offset, a.scale};
    const int blocks     = blocks_for(a.count, RANDOM_THREADS * NUMBERS);
    if (a.count == 0) return cudaSuccess;
    return GLI_LAUNCH(random_fill_kernel<T>, blocks, RANDOM_THREADS, 0, stream, d, static_cast<T *>(a.y), a.count);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_dropout(const gli_dropout_args *args, cudaStream_t stream) {
    return GLI_FOR_FLOAT(args->dtype, T, glia::dropout<T>(*args, stream));
}

cudaError_t gli_kernel_random_fill(const gli_random_fill_args *args, cudaStream_t stream) {
    return GLI_FOR_FLOAT(args->dtype, T, glia::random_fill<T>(*args, stream));
}

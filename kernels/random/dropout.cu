/* Each thread makes whole Philox blocks of four numbers: one for four elements, or for two of 16 bytes in 16 bits. */
#include "kernels/random/dropout_launch.h"

#include "kernels/device/pack.cuh"
#include "kernels/random/dropout_mask.cuh"

namespace glia {
namespace {

enum { DROPOUT_THREADS = 256 };

/* Elements of a thread: whole Philox blocks and whole 16-byte accesses. */
template <class T>
constexpr int items = int(vector<T>::width) > int(NUMBERS) ? int(vector<T>::width) : int(NUMBERS);

template <class T>
__global__ void __launch_bounds__(DROPOUT_THREADS)
    dropout_kernel(gli_dropout_geom g, philox_keys keys, compute<T> scale, const int64_t *step, const T *x, T *y,
                   bool wide) {
    const int width = vector<T>::width, elements = items<T>;
    const int64_t begin = (int64_t(blockIdx.x) * DROPOUT_THREADS + threadIdx.x) * elements;
    if (begin >= g.count) return;
    const uint32_t at_step = step ? static_cast<uint32_t>(*step) : 0;
    const uint32_t last    = static_cast<uint32_t>(g.threshold - 1); /* that is dropped, of a threshold of 1 to 2^32 */
    const bool all         = g.threshold == 0;
    uint32_t numbers[elements];
    for (int k = 0; k < elements; k += NUMBERS) {
        const gli_u32x4 block = random_block(keys, g.stream, at_step, static_cast<uint32_t>((begin + k) / NUMBERS));
        for (int i = 0; i < NUMBERS; ++i) numbers[k + i] = block.v[i];
    }
    for (int first = 0; first < elements; first += width) {
        const int64_t left = g.count - begin - first;
        const int n        = left < 0 ? 0 : left < width ? static_cast<int>(left) : width;
        compute<T> values[width];
        load_pack(x + begin + first, n, wide, values);
        for (int k = 0; k < width; ++k) values[k] = all || numbers[first + k] > last ? values[k] * scale : 0;
        store_pack(y + begin + first, n, wide, values);
    }
}

template <class T>
cudaError_t dropout(const gli_dropout_geom &g, const void *x, const int64_t *step, void *y, cudaStream_t stream) {
    const bool wide  = aligned16(x) && aligned16(y);
    const int blocks = blocks_for(g.count, DROPOUT_THREADS * items<T>);
    if (g.count == 0) return cudaSuccess;
    return GLI_LAUNCH(dropout_kernel<T>, blocks, DROPOUT_THREADS, 0, stream, g, keys_of(g.seed), compute<T>(g.scale),
                      step, static_cast<const T *>(x), static_cast<T *>(y), wide);
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_dropout(const gli_dropout_geom *geom, glia_dtype dtype, const void *x, const int64_t *step,
                               void *y, cudaStream_t stream) {
    return GLI_FOR_FLOAT(dtype, T, glia::dropout<T>(*geom, x, step, y, stream));
}

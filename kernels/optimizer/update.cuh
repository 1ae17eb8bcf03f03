/* One step of an optimizer over all parameters of a network in one launch: one read of each input and one write of each
 * output, 16 bytes at a time. */
#ifndef GLI_KERNELS_OPTIMIZER_UPDATE_CUH
#define GLI_KERNELS_OPTIMIZER_UPDATE_CUH

#include "kernels/optimizer/update_chain.cuh"

namespace glia {

template <class T, int IN, int OUT, class Rule>
__global__ void __launch_bounds__(MAP_THREADS)
    update_kernel(Rule rule, update_arrays<T, IN, OUT> arrays, int count, bool wide) {
    const int width     = vector<T>::width;
    const int64_t begin = (int64_t(blockIdx.x) * MAP_THREADS + threadIdx.x) * width;
    if (begin >= count) return;
    const int n       = count - begin < width ? int(count - begin) : width;
    packed<T> raw[IN] = {};
    load_update(arrays, begin, n, wide, raw);
    rule.load(); /* waits for the rate, and so comes after the loads */
    update_pack(rule, arrays, raw, begin, n, wide);
}

/* An output may be one of the inputs. all: has new_half. */
template <class T, int IN, int OUT, class Rule>
cudaError_t update(const Rule &rule, const void *const (&in)[IN], void *const (&out)[OUT], const gli_update_arrays &all,
                   int count, cudaStream_t stream) {
    update_arrays<T, IN, OUT> arrays;
    if (count == 0) return cudaSuccess;
    bool wide         = aligned16(all.new_half);
    arrays.half       = all.new_half;
    arrays.half_dtype = all.half;
    for (int i = 0; i < IN; ++i) arrays.in[i] = static_cast<const T *>(in[i]), wide = wide && aligned16(in[i]);
    for (int o = 0; o < OUT; ++o) arrays.out[o] = static_cast<T *>(out[o]), wide = wide && aligned16(out[o]);
    if (all.chain) return update_as_chain(rule, arrays, *all.chain, count, wide, stream);
    const int blocks = blocks_for(count, MAP_THREADS * vector<T>::width);
    return GLI_LAUNCH((update_kernel<T, IN, OUT, Rule>), blocks, MAP_THREADS, 0, stream, rule, arrays, count, wide);
}

}  // namespace glia

/* As GLI_FOR_FLOAT, of f32 and f64 alone. */
#define GLI_FOR_WIDE_FLOAT(dtype, T, ...)          \
    [&]() -> cudaError_t {                         \
        switch (dtype) {                           \
            case GLIA_F32: {                       \
                using T = float;                   \
                return __VA_ARGS__;                \
            }                                      \
            case GLIA_F64: {                       \
                using T = double;                  \
                return __VA_ARGS__;                \
            }                                      \
            default: return cudaErrorInvalidValue; \
        }                                          \
    }()

#endif

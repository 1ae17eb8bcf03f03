/* Four neighbours of an array that one access moves, whatever their type. */
#ifndef GLI_KERNELS_DEVICE_VEC4_CUH
#define GLI_KERNELS_DEVICE_VEC4_CUH

#include <cstring>

#include "kernels/device/types.cuh"

namespace glia {

/* Four elements that one access moves, of four doubles half. */
template <class T>
struct alignas(4 * sizeof(T) < 16 ? 4 * sizeof(T) : 16) vec4 : gli_wide<vec4<T>> {
    T at[4];
};

/* The words of a vec4, which nvcc does not convert before they are needed (see packed in kernels/device/pack.cuh). */
template <class T>
struct alignas(alignof(vec4<T>)) packed4 : gli_wide<packed4<T>> {
    unsigned word[sizeof(vec4<T>) / sizeof(unsigned)];
};

template <class T>
__device__ inline packed4<T> pack4(const T (&at)[4]) {
    packed4<T> out;
    memcpy(out.word, at, sizeof at);
    return out;
}

template <class T>
__device__ inline void unpack4(const packed4<T> &in, T (&at)[4]) {
    memcpy(at, in.word, sizeof at);
}

/* Whether `count` contiguous elements are groups of `width`, each of which one access can read. */
template <class T>
bool aligned_groups(const void *data, int64_t count, int width) {
    const size_t bytes = size_t(width) * sizeof(T);
    return reinterpret_cast<uintptr_t>(data) % (bytes < 16 ? bytes : 16) == 0 && count % width == 0;
}

template <class T>
bool vec4_aligned(const void *data, int64_t count) {
    return aligned_groups<T>(data, count, 4);
}

}  // namespace glia

#endif

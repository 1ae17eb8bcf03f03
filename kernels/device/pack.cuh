/* W neighbours of an array, widened: one 16-byte access where the array is `wide`, else one by one. */
#ifndef GLI_KERNELS_DEVICE_PACK_CUH
#define GLI_KERNELS_DEVICE_PACK_CUH

#include <cstring>

#include "kernels/device/types.cuh"

namespace glia {

/* values[k] = x[k] for k < n, `otherwise` for the others. */
template <class T>
__device__ inline void load_pack(const T *x, int n, bool wide, compute<T> (&values)[vector<T>::width],
                                 compute<T> otherwise = 0) {
    const int width = vector<T>::width;
    if (wide && n >= width) {
        const vector<T> v = *reinterpret_cast<const vector<T> *>(x);
        for (int k = 0; k < width; ++k) values[k] = to_compute(v.at[k]);
        return;
    }
    for (int k = 0; k < width; ++k) values[k] = k < n ? to_compute(x[k]) : otherwise;
}

/* The words of a vector<T>. nvcc converts the elements of a vector<T> where it is loaded, so that a thread waits for
 * each load before it issues the next; words it leaves alone. A thread with several packs loads all of them, then
 * converts.
 */
template <class T>
struct alignas(16) packed : gli_wide<packed<T>> {
    unsigned word[4];
};

/* The pack of x[k] for k < n, `otherwise` for the others. */
template <class T>
__device__ inline packed<T> load_packed(const T *x, int n, bool wide, compute<T> otherwise = 0) {
    const int width = vector<T>::width;
    packed<T> out;
    if (wide && n >= width) return *reinterpret_cast<const packed<T> *>(x);
    T at[width];
    for (int k = 0; k < width; ++k) at[k] = k < n ? x[k] : round_to<T>(otherwise);
    memcpy(out.word, at, sizeof at);
    return out;
}

/* From element i on of an array that may be absent, NULL: then all are `otherwise`. */
template <class T>
__device__ inline packed<T> load_optional(const T *x, int64_t i, int n, bool wide, compute<T> otherwise) {
    return x ? load_packed(x + i, n, wide, otherwise) : load_packed(x, 0, false, otherwise);
}

template <class T>
__device__ inline void unpack(const packed<T> &in, compute<T> (&values)[vector<T>::width]) {
    const int width = vector<T>::width;
    T at[width];
    memcpy(at, in.word, sizeof at);
    for (int k = 0; k < width; ++k) values[k] = to_compute(at[k]);
}

/* A bf16 is the upper half of a float. */
template <>
__device__ inline void unpack(const packed<bf16> &in, float (&values)[8]) {
    for (int k = 0; k < 4; ++k) {
        values[2 * k]     = __uint_as_float(in.word[k] << 16);
        values[2 * k + 1] = __uint_as_float(in.word[k] & 0xffff0000u);
    }
}

/* values[k] = x[i + k] for k < n of an array that is not rounded, of which N neighbours belong to a pack of T: as many
 * 16-byte accesses as they take where it is `wide`. `otherwise` for the others, and where the array is absent, NULL. */
template <int N, class C>
__device__ inline void load_unrounded(const C *x, int64_t i, int n, bool wide, C otherwise, C (&values)[N]) {
    const int width = vector<C>::width;
    static_assert(N % width == 0, "whole accesses");
    if (!x) n = 0;
    if (wide && n >= N) {
        const vector<C> *from = reinterpret_cast<const vector<C> *>(x + i);
        vector<C> v[N / width];
        for (int a = 0; a < N / width; ++a) v[a] = from[a];
        for (int k = 0; k < N; ++k) values[k] = v[k / width].at[k % width];
        return;
    }
    for (int k = 0; k < N; ++k) values[k] = k < n ? x[i + k] : otherwise;
}

/* y[k] = values[k] for k < n. */
template <class T>
__device__ inline void store_pack(T *y, int n, bool wide, const compute<T> (&values)[vector<T>::width]) {
    const int width = vector<T>::width;
    if (wide && n >= width) {
        vector<T> v;
        for (int k = 0; k < width; ++k) v.at[k] = round_to<T>(values[k]);
        *reinterpret_cast<vector<T> *>(y) = v;
        return;
    }
    for (int k = 0; k < width; ++k)
        if (k < n) y[k] = round_to<T>(values[k]);
}

/* Whether rows of an array that are `step` elements from each other can all be read wide. */
template <class T>
inline bool wide_rows(const void *x, int64_t step) {
    return aligned16(x) && step % vector<T>::width == 0;
}

}  // namespace glia

#endif

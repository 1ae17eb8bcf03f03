/* W neighbours of an array, widened: one 16-byte access where the array is `wide`, else one by one. */
#ifndef GLI_KERNELS_DEVICE_PACK_CUH
#define GLI_KERNELS_DEVICE_PACK_CUH

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

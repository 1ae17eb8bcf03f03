/* The matrices of a product, wherever their elements lie: an axis turns an index into a place, an operand adds the
 * places of its two indices up. Plain matrices have lines for axes; the patches of an image, of which an implicit GEMM
 * is made, have grids.
 *
 * Offsets count elements modulo 2^32: tensors whose extent is 2^31 elements or more are copied before they come here.
 * So do rows and columns of images, where those of the padding, on either side, are at 2^31 and more. */
#ifndef GLI_KERNELS_GEMM_TENSOR_ACCESS_CUH
#define GLI_KERNELS_GEMM_TENSOR_ACCESS_CUH

#include "kernels/device/divide.cuh"
#include "kernels/device/types.cuh"

namespace glia {

struct place {
    unsigned offset;
    unsigned row, column; /* in an image */
    bool inside;
};

/* Index i is at i step. */
struct line {
    unsigned step;

    __device__ place at(int i, int count) const { return {unsigned(i) * step, 0, 0, i < count}; }
};

/* One digit of a grid's index: what it adds to the offset, and to the row or column. */
struct digit {
    unsigned step, shift;
};

/* The index has three digits: a row, a column, and a third (an image, or a channel), which is either the first or the
 * last of them. `rows` and `columns` count positions; shift moves them over the image. */
struct grid {
    divisor high, low; /* sizes of the second and the third digit */
    bool plane_last;
    digit plane, row, column;
    unsigned first_row, first_column; /* in the image, of index 0 */
    unsigned first_offset;

    __device__ place at(int i, int count) const {
        const unsigned rest = low.quotient(unsigned(i)), third = unsigned(i) - rest * low.value;
        const unsigned first = high.quotient(rest), second = rest - first * high.value;
        const unsigned p = plane_last ? third : first, r = plane_last ? first : second, c = plane_last ? second : third;
        return {first_offset + p * plane.step + r * row.step + c * column.step, first_row + r * row.shift,
                first_column + c * column.shift, i < count};
    }
};

/* One operand: element (i, k), where the product sums over k. */
template <class T, class Kept, class Summed>
struct operand {
    const T *data;
    Kept kept;
    Summed summed;
    bool along_summed; /* neighbours in memory are neighbours in k, otherwise in i */
    bool wide;         /* four of them can be read as one, from each multiple of four */

    __device__ bool has(const place &i, const place &k) const { return i.inside && k.inside; }
    __device__ const T *at(const place &i, const place &k) const { return data + (i.offset + k.offset); }
};

template <class T>
using matrix = operand<T, line, line>;

/* The operand whose elements are those of images; in the padding they are 0. */
template <class T>
struct patches : operand<T, grid, grid> {
    unsigned height, width;

    __device__ bool has(const place &i, const place &k) const {
        return i.inside && k.inside && i.row + k.row < height && i.column + k.column < width;
    }
};

template <class T>
struct alignas(4 * sizeof(T) < 16 ? 4 * sizeof(T) : 16) four : gli_wide<four<T>> {
    T at[4];
};

/* Whether four neighbours from each multiple of four of `count` can be read as one. */
template <class T>
bool aligned_fours(const void *data, int64_t count) {
    return reinterpret_cast<uintptr_t>(data) % alignof(four<T>) == 0 && count % 4 == 0;
}

}  // namespace glia

#endif

/* Matrices of a GEMM in memory: the address of an element is data + offset(row) + offset(column). An axis turns an
 * index into such an offset. A plain matrix has two linear axes. In an implicit GEMM the matrix is the im2col matrix of
 * an image, which is never stored: its axes count (n, p, q) and (c, r, s), and an element in the padding is zero.
 *
 * Offsets count elements modulo 2^32; launchers get no tensor that extends over 2^31 elements or more. Rows and columns
 * of an image are modulo 2^32 too, so that the padding, on either side, compares as at least 2^31. */
#ifndef GLI_KERNELS_GEMM_TENSOR_ACCESS_CUH
#define GLI_KERNELS_GEMM_TENSOR_ACCESS_CUH

#include <utility>

#include "kernels/device/divide.cuh"
#include "kernels/device/vec4.cuh"

namespace glia {

/* What an axis makes of an index. */
struct coord {
    unsigned offset;
    unsigned row, column; /* in an image */
    bool in_bounds;
};

/* The same in a volume. */
struct volume_coord : coord {
    unsigned slice;
};

struct linear_axis {
    unsigned stride;

    __device__ coord at(int i, int count) const { return {unsigned(i) * stride, 0, 0, i < count}; }
};

/* What a step along one coordinate of a grid_axis adds to the offset, and to the row or column of the image. */
struct axis_step {
    unsigned stride, shift;
};

/* An index that counts three coordinates, (plane, row, column) or with plane_last (row, column, plane); the plane is an
 * image or a channel. */
struct grid_axis {
    divisor high, low; /* sizes of the second and of the third coordinate */
    bool plane_last;
    axis_step plane, row, column;
    unsigned first_row, first_column; /* in the image, of index 0 */
    unsigned first_offset;

    __device__ coord at(int i, int count) const {
        const unsigned rest = low.quotient(unsigned(i)), third = unsigned(i) - rest * low.value;
        const unsigned first = high.quotient(rest), second = rest - first * high.value;
        const unsigned p = plane_last ? third : first, r = plane_last ? first : second, c = plane_last ? second : third;
        return {first_offset + p * plane.stride + r * row.stride + c * column.stride, first_row + r * row.shift,
                first_column + c * column.shift, i < count};
    }
};

/* The same with one more coordinate: (plane, slice, row, column) or (slice, row, column, plane). */
struct volume_axis {
    divisor second, third, fourth; /* sizes of the coordinates */
    bool plane_last;
    axis_step plane, slice, row, column;
    unsigned first_slice, first_row, first_column;
    unsigned first_offset;

    __device__ volume_coord at(int i, int count) const {
        const unsigned abc = fourth.quotient(unsigned(i)), d = unsigned(i) - abc * fourth.value;
        const unsigned ab = third.quotient(abc), c = abc - ab * third.value;
        const unsigned a = second.quotient(ab), b = ab - a * second.value;
        const unsigned p = plane_last ? d : a, s = plane_last ? a : b, r = plane_last ? b : c, q = plane_last ? c : d;
        return {{first_offset + p * plane.stride + s * slice.stride + r * row.stride + q * column.stride,
                 first_row + r * row.shift, first_column + q * column.shift, i < count},
                first_slice + s * slice.shift};
    }
};

/* A matrix [rows, k] where the GEMM sums over k. */
template <class T, class RowAxis, class KAxis>
struct matrix_view {
    typedef T element;

    const T *data;
    RowAxis row_axis;
    KAxis k_axis;
    bool k_contiguous; /* neighbours along k are neighbours in memory; otherwise neighbours along the rows are */
    bool vectorized;   /* four neighbours, from each multiple of four, can be read as one vec4 */
    bool in_chunks;    /* and so can 16 bytes of them, from each multiple of as many */

    __device__ bool contains(const coord &i, const coord &k) const { return i.in_bounds && k.in_bounds; }
    __device__ const T *address(const coord &i, const coord &k) const { return data + (i.offset + k.offset); }
    __device__ compute<T> value(const coord &i, const coord &k) const { return to_compute(*address(i, k)); }
};

/* What the axes of any matrix make of an index. */
template <class Matrix>
using row_coord = decltype(std::declval<const Matrix &>().row_axis.at(0, 0));
template <class Matrix>
using k_coord = decltype(std::declval<const Matrix &>().k_axis.at(0, 0));

template <class T>
using strided_matrix = matrix_view<T, linear_axis, linear_axis>;

/* The im2col matrix of images: rows and columns of both coordinates add up to a pixel; those of the padding are zeros.
 */
template <class T>
struct im2col_view : matrix_view<T, grid_axis, grid_axis> {
    unsigned height, width;

    __device__ bool contains(const coord &i, const coord &k) const {
        return i.in_bounds && k.in_bounds && i.row + k.row < height && i.column + k.column < width;
    }
};

/* That of volumes. */
template <class T>
struct volume_view : matrix_view<T, volume_axis, volume_axis> {
    unsigned depth, height, width;

    __device__ bool contains(const volume_coord &i, const volume_coord &k) const {
        return i.in_bounds && k.in_bounds && i.slice + k.slice < depth && i.row + k.row < height &&
               i.column + k.column < width;
    }
};

}  // namespace glia

#endif

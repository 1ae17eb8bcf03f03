// nvcuda::wmma: tensor cores through fragments that are distributed over the lanes of a warp. Which lane has which
// element is the implementation's secret, here as on a GPU.
#ifndef GLI_EMULATOR_WMMA_H
#define GLI_EMULATOR_WMMA_H

#include <type_traits>

#include "emulator/half.h"
#include "emulator/warp.h"

namespace nvcuda {
namespace wmma {

struct row_major;
struct col_major;
struct matrix_a;
struct matrix_b;
struct accumulator;
namespace precision {
struct tf32;
}
enum layout_t { mem_row_major, mem_col_major };

// Rounds to the 10 bits of mantissa that tf32 has, ties away from zero.
inline float __float_to_tf32(float value) {
    uint32_t bits = emulator::float_bits(value);
    bool finite   = (bits & 0x7F800000) != 0x7F800000;
    return emulator::bits_float((finite ? bits + 0x1000 : bits) & ~uint32_t{0x1FFF});
}

}  // namespace wmma
}  // namespace nvcuda

namespace emulator {

// One operation of a whole warp, run when all lanes have arrived: run gets the task of every lane.
struct WarpTask {
    bool (*run)(WarpTask *const *lanes);  // false: an element is no tf32 number
};
void warp_task(WarpOp op, WarpTask *task, Site site);

// Loads and stores: all lanes name the same matrix, aligned as tensor cores need it.
void check_matrix(WarpOp op, const void *pointer, unsigned stride, unsigned stride_multiple, Site site);

template <typename T>
struct FragmentElement {
    using type = T;
};
template <>
struct FragmentElement<nvcuda::wmma::precision::tf32> {
    using type = float;
};

template <typename Use, int M, int N, int K>
struct FragmentShape {
    static constexpr int ROWS    = std::is_same_v<Use, nvcuda::wmma::matrix_b> ? K : M;
    static constexpr int COLUMNS = std::is_same_v<Use, nvcuda::wmma::matrix_a> ? K : N;
};

// Which fragments tensor cores have.
template <typename T, int M, int N, int K>
constexpr bool fragment_exists() {
    bool tall = (M == 16 && N == 16) || (M == 32 && N == 8) || (M == 8 && N == 32);
    if (std::is_same_v<T, nvcuda::wmma::precision::tf32>) return M == 16 && N == 16 && K == 8;
    if (std::is_same_v<T, float>) return (tall && K == 16) || (M == 16 && N == 16 && K == 8);
    return (std::is_same_v<T, __half> || std::is_same_v<T, __nv_bfloat16>) && tall && K == 16;
}

}  // namespace emulator

namespace nvcuda {
namespace wmma {

template <typename Use, int M, int N, int K, typename T, typename Layout = void>
class fragment {
    static_assert(emulator::fragment_exists<T, M, N, K>(), "tensor cores have no such fragment");
    static_assert(std::is_same_v<Use, accumulator> == std::is_void_v<Layout>, "only accumulators have no layout");

   public:
    static constexpr int ROWS    = emulator::FragmentShape<Use, M, N, K>::ROWS;
    static constexpr int COLUMNS = emulator::FragmentShape<Use, M, N, K>::COLUMNS;
    enum { num_elements = ROWS * COLUMNS / 32, num_storage_elements = num_elements };
    using element_type         = T;
    using storage_element_type = typename emulator::FragmentElement<T>::type;

    storage_element_type x[num_elements];
};

}  // namespace wmma
}  // namespace nvcuda

namespace emulator {

// Lane l holds the elements l, l + 32, ... in row-major order. In memory the matrix may lie by rows or by columns.
template <typename Fragment, typename Visit>
void visit_elements(unsigned lane, bool by_rows, unsigned stride, Visit visit) {
    for (unsigned i = 0; i < Fragment::num_elements; i++) {
        unsigned element = i * 32 + lane;
        unsigned row = element / Fragment::COLUMNS, column = element % Fragment::COLUMNS;
        visit(i, by_rows ? size_t{row} * stride + column : size_t{column} * stride + row);
    }
}

unsigned current_lane();

template <typename D, typename A, typename B, typename C>
struct MultiplyTask : WarpTask {
    D *d;
    const A *a;
    const B *b;
    const C *c;

    static bool multiply(WarpTask *const *tasks) {
        constexpr unsigned M = D::ROWS, N = D::COLUMNS, K = A::COLUMNS;
        auto lane = [&](unsigned element) { return static_cast<MultiplyTask *>(tasks[element % 32]); };
        double left[M * K], right[K * N], sum[M * N];
        bool rounded = true;
        for (unsigned e = 0; e < M * K; e++) left[e] = value<A>(lane(e)->a->x[e / 32], &rounded);
        for (unsigned e = 0; e < K * N; e++) right[e] = value<B>(lane(e)->b->x[e / 32], &rounded);
        for (unsigned e = 0; e < M * N; e++) sum[e] = static_cast<float>(lane(e)->c->x[e / 32]);
        for (unsigned m = 0; m < M; m++)
            for (unsigned k = 0; k < K; k++)
                for (unsigned n = 0; n < N; n++) sum[m * N + n] += left[m * K + k] * right[k * N + n];
        for (unsigned e = 0; e < M * N; e++) lane(e)->d->x[e / 32] = static_cast<float>(sum[e]);
        return rounded;
    }

    template <typename Fragment, typename T>
    static double value(T element, bool *rounded) {
        float number = element;
        if (std::is_same_v<typename Fragment::element_type, nvcuda::wmma::precision::tf32> && number == number &&
            (float_bits(number) & 0x1FFF) != 0)
            *rounded = false;
        return number;
    }
};

}  // namespace emulator

namespace nvcuda {
namespace wmma {

#define GLI_EMULATOR_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

template <typename Use, int M, int N, int K, typename T, typename Layout>
void fill_fragment(fragment<Use, M, N, K, T, Layout> &out, typename emulator::FragmentElement<T>::type value) {
    for (auto &element : out.x) element = value;
}

template <typename Use, int M, int N, int K, typename T, typename Layout>
void load_matrix_sync(fragment<Use, M, N, K, T, Layout> &out, const typename emulator::FragmentElement<T>::type *matrix,
                      unsigned stride, GLI_EMULATOR_SITE) {
    using Fragment = fragment<Use, M, N, K, T, Layout>;
    emulator::check_matrix(emulator::WarpOp::LOAD_MATRIX, matrix, stride, 16 / sizeof *matrix, {file, line});
    emulator::visit_elements<Fragment>(emulator::current_lane(), std::is_same_v<Layout, row_major>, stride,
                                       [&](unsigned i, size_t offset) { out.x[i] = matrix[offset]; });
}

template <int M, int N, int K, typename T>
void load_matrix_sync(fragment<accumulator, M, N, K, T> &out, const T *matrix, unsigned stride, layout_t layout,
                      GLI_EMULATOR_SITE) {
    using Fragment = fragment<accumulator, M, N, K, T>;
    emulator::check_matrix(emulator::WarpOp::LOAD_MATRIX, matrix, stride, 16 / sizeof *matrix, {file, line});
    emulator::visit_elements<Fragment>(emulator::current_lane(), layout == mem_row_major, stride,
                                       [&](unsigned i, size_t offset) { out.x[i] = matrix[offset]; });
}

template <int M, int N, int K, typename T>
void store_matrix_sync(T *matrix, const fragment<accumulator, M, N, K, T> &in, unsigned stride, layout_t layout,
                       GLI_EMULATOR_SITE) {
    using Fragment = fragment<accumulator, M, N, K, T>;
    emulator::check_matrix(emulator::WarpOp::STORE_MATRIX, matrix, stride, 16 / sizeof *matrix, {file, line});
    emulator::visit_elements<Fragment>(emulator::current_lane(), layout == mem_row_major, stride,
                                       [&](unsigned i, size_t offset) { matrix[offset] = in.x[i]; });
}

// Products and sums as if exact, rounded once: a GPU rounds a little otherwise, and not the same on each generation.
template <int M, int N, int K, typename T, typename LayoutA, typename LayoutB, typename Out, typename In>
void mma_sync(fragment<accumulator, M, N, K, Out> &d, const fragment<matrix_a, M, N, K, T, LayoutA> &a,
              const fragment<matrix_b, M, N, K, T, LayoutB> &b, const fragment<accumulator, M, N, K, In> &c,
              GLI_EMULATOR_SITE) {
    static_assert(std::is_same_v<T, __half> || (std::is_same_v<Out, float> && std::is_same_v<In, float>),
                  "only products of halves are summed in anything but float");
    using Task = emulator::MultiplyTask<fragment<accumulator, M, N, K, Out>, fragment<matrix_a, M, N, K, T, LayoutA>,
                                        fragment<matrix_b, M, N, K, T, LayoutB>, fragment<accumulator, M, N, K, In>>;
    Task task;
    task.run = Task::multiply;
    task.d   = &d;
    task.a   = &a;
    task.b   = &b;
    task.c   = &c;
    emulator::warp_task(emulator::WarpOp::MULTIPLY_MATRICES, &task, {file, line});
}

#undef GLI_EMULATOR_SITE

}  // namespace wmma
}  // namespace nvcuda
#endif

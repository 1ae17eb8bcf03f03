/* Ops that move elements, as loops over the elements of their target: each op is a rule that follows the coordinates
 * of an element through its sources and says what the element is.
 *
 * On the host, dimensions that every array passes with one stride are joined, and an element becomes as wide as all
 * of them allow, up to 16 bytes: where rows are contiguous, so are the accesses, 16 bytes for each thread. */
#ifndef GLI_KERNELS_DEVICE_MOVE_CUH
#define GLI_KERNELS_DEVICE_MOVE_CUH

#include <cstring>

#include "kernels/device/divide.cuh"
#include "kernels/device/types.cuh"

namespace glia {

/* N elements that one access moves. */
template <class T, int N>
struct alignas(sizeof(T) * N) pack : gli_wide<pack<T, N>> {
    T at[N];
};

enum { MOVE_THREADS = 256, MOVE_ITEMS = 4 };

/* The arrays that a rule may read or write; INDEX numbers the elements of a tensor of indices. */
enum { TO, FROM, INDEX, MOVE_ARRAYS };

/* A dimension of the target. Of its elements start, start + step, ..., `count` of them, the source has one each; the
 * others have none. A stride is 0 where the array has no such dimension. */
struct axis {
    int64_t size, stride[MOVE_ARRAYS];
    int64_t start, step, count;

    bool whole() const { return start == 0 && count == size; }
};

inline axis whole_axis(int64_t size, int64_t to, int64_t from, int64_t index = 0) {
    return {size, {to, from, index}, 0, 1, size};
}

struct axes {
    int n;
    axis at[GLIA_MAX_DIMS];

    void add(const axis &a) { at[n++] = a; }
    int64_t count() const {
        int64_t product = 1;
        for (int d = 0; d < n; ++d) product *= at[d].size;
        return product;
    }
};

inline bool joins(const axis &outer, const axis &inner) {
    bool fits = inner.whole() && outer.step == 1;
    for (int k = 0; k < MOVE_ARRAYS; ++k) fits = fits && outer.stride[k] == inner.stride[k] * inner.size;
    return fits;
}

/* Drops dimensions of 1, orders the others by the target's stride, largest first, and joins neighbours. */
inline axes simplify(const axes &given) {
    axes ordered = {};
    for (int d = 0; d < given.n; ++d) {
        if (given.at[d].size == 1 && given.at[d].whole()) continue;
        int i = ordered.n++;
        for (; i > 0 && ordered.at[i - 1].stride[TO] < given.at[d].stride[TO]; --i) ordered.at[i] = ordered.at[i - 1];
        ordered.at[i] = given.at[d];
    }
    axes joined = {};
    for (int d = 0; d < ordered.n; ++d) {
        axis inner = ordered.at[d];
        if (joined.n > 0 && joins(joined.at[joined.n - 1], inner)) {
            const axis outer = joined.at[--joined.n];
            inner.start = outer.start * inner.size, inner.count = outer.count * inner.size, inner.step = 1;
            inner.size *= outer.size;
        }
        joined.add(inner);
    }
    return joined;
}

/* Makes the elements wider, and returns their new size in bytes. addresses: the bits of all of them; more: of all
 * other distances between elements that the rule knows. Both must be multiples of the new size, as must all of the
 * axes. */
inline int vectorize(axes *a, int bytes, uintptr_t addresses, int64_t more = 0) {
    if (a->n == 0) return bytes;
    axis *inner = &a->at[a->n - 1];
    if (inner->stride[TO] != 1 || inner->stride[FROM] != 1 || inner->stride[INDEX] != 0 || inner->step != 1)
        return bytes;
    uint64_t distances = static_cast<uint64_t>(inner->size | inner->start | inner->count | more);
    for (int d = 0; d < a->n - 1; ++d) distances |= static_cast<uint64_t>(a->at[d].stride[TO] | a->at[d].stride[FROM]);
    const uint64_t multiple = distances * static_cast<uint64_t>(bytes) | addresses;
    int wide                = bytes;
    while (wide < 16 && multiple % (2 * wide) == 0) wide *= 2;
    const int factor = wide / bytes;
    inner->size /= factor, inner->start /= factor, inner->count /= factor;
    for (int d = 0; d < a->n - 1; ++d) a->at[d].stride[TO] /= factor, a->at[d].stride[FROM] /= factor;
    return wide;
}

/* A T, to which elements of `bytes` bytes were widened, filled with copies of the element. */
template <class T>
T replicated(const void *element, size_t bytes) {
    T all;
    for (size_t offset = 0; offset < sizeof all; offset += bytes)
        memcpy(reinterpret_cast<unsigned char *>(&all) + offset, element, bytes);
    return all;
}

template <class P>
uintptr_t address(const P *p) {
    return reinterpret_cast<uintptr_t>(p);
}

/* How a number counts through dimensions, the last one fastest, and the strides of one array along them. */
struct strided_dims {
    int n;
    divisor size[GLIA_MAX_DIMS];
    int64_t stride[GLIA_MAX_DIMS];
};

inline strided_dims dims_of(const axes &a, int array) {
    strided_dims w = {};
    for (int d = 0; d < a.n; ++d) {
        w.size[d]   = divide_by(static_cast<unsigned>(a.at[d].size));
        w.stride[d] = a.at[d].stride[array];
    }
    w.n = a.n;
    return w;
}

/* A rule has a `cursor`, which starts as {}; step(&cursor, d, i): the coordinate along dimension d is i;
 * value(cursor, element): the element, whose number in the target's order is given. */
template <class T, class Rule>
__global__ void __launch_bounds__(MOVE_THREADS) move_kernel(strided_dims to, unsigned count, T *y, Rule rule) {
    const unsigned first = blockIdx.x * (blockDim.x * MOVE_ITEMS) + threadIdx.x;
    int64_t offset[MOVE_ITEMS];
    T value[MOVE_ITEMS]; /* all are on their way before the first is stored, which nvcc would not change */
#pragma unroll
    for (unsigned k = 0; k < MOVE_ITEMS; ++k) {
        const unsigned element = first + k * blockDim.x;
        if (element >= count) continue;
        typename Rule::cursor cursor = {};
        unsigned rest                = element;
        offset[k]                    = 0;
        for (int d = to.n - 1; d >= 0; --d) {
            const unsigned quotient = to.size[d].quotient(rest), i = rest - quotient * to.size[d].value;
            offset[k] += i * to.stride[d];
            rule.step(&cursor, d, i);
            rest = quotient;
        }
        value[k] = rule.value(cursor);
    }
#pragma unroll
    for (unsigned k = 0; k < MOVE_ITEMS; ++k)
        if (first + k * blockDim.x < count) y[offset[k]] = value[k];
}

/* Small targets get small blocks. */
inline int move_threads(int64_t count) {
    const int64_t warps = (count + 32 * MOVE_ITEMS - 1) / (32 * MOVE_ITEMS);
    return warps * 32 < MOVE_THREADS ? static_cast<int>(warps * 32) : MOVE_THREADS;
}

template <class T, class Rule>
cudaError_t move(const axes &a, T *y, const Rule &rule, cudaStream_t stream) {
    const int64_t count = a.count();
    if (count == 0) return cudaSuccess;
    const int threads = move_threads(count);
    return GLI_LAUNCH((move_kernel<T, Rule>), blocks_for(count, threads * MOVE_ITEMS), threads, 0, stream,
                      dims_of(a, TO), static_cast<unsigned>(count), y, rule);
}

}  // namespace glia

/* `GLI_FOR_BYTES(bytes, T, launch<T>(...))`: the expression with T an integer of that many bytes, 1 to 16. */
#define GLI_FOR_BYTES(bytes, T, ...)               \
    [&]() -> cudaError_t {                         \
        switch (bytes) {                           \
            case 1: {                              \
                using T = uint8_t;                 \
                return __VA_ARGS__;                \
            }                                      \
            case 2: {                              \
                using T = uint16_t;                \
                return __VA_ARGS__;                \
            }                                      \
            case 4: {                              \
                using T = uint32_t;                \
                return __VA_ARGS__;                \
            }                                      \
            case 8: {                              \
                using T = uint64_t;                \
                return __VA_ARGS__;                \
            }                                      \
            case 16: {                             \
                using T = uint4;                   \
                return __VA_ARGS__;                \
            }                                      \
            default: return cudaErrorInvalidValue; \
        }                                          \
    }()

#endif

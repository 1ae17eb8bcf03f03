// Bugs around the product of a recurrent step on tensor cores. A warp has more weights than registers hold.
#include "kernels/rnn/rnn_tensor_cores.cuh"
#include "wrong/planted.h"

namespace {

enum class Product { RIGHT, NO_BARRIER_BEFORE, NO_BARRIER_AFTER, OTHER_ROW };

constexpr int PAIRS = glia::HELD_PAIRS + 2, ROWS = glia::TENSOR_COLUMNS, UNITS = glia::TENSOR_UNITS, THREADS = 64;

template <typename T>
constexpr int DEPTH = PAIRS * glia::pair_depth(sizeof(T));

// y [ROWS, UNITS] = x [ROWS, DEPTH] w [UNITS, DEPTH]^T: both warps load x, the first multiplies.
template <typename T, Product BUG>
__global__ void product(const T *w, const T *x, float *y) {
    const glia::tensor_split<1> split{1, PAIRS, PAIRS};
    const glia::tensor_memory<T> memory(split, ROWS);
    const glia::tensor_range own(split);
    const glia::row_loader loader(own, ROWS);
    const T *const rows[1] = {x + loader.row * DEPTH<T>};
    const int to           = loader.row + (BUG == Product::OTHER_ROW);
    glia::held_weights held;
    glia::load_weights(split, own, memory, held, [=](int unit, int k) { return w[unit * DEPTH<T> + k]; });
    loader.load(rows, DEPTH<T>, DEPTH<T>, true, memory.tile + to * split.tile_pitch(sizeof(T)));
    if (BUG != Product::NO_BARRIER_BEFORE) __syncthreads();
    if (own.pairs > 0) glia::multiply_rows(split, own, memory, held, 0);
    if (BUG != Product::NO_BARRIER_AFTER) __syncthreads();
    for (int i = int(threadIdx.x); i < ROWS * UNITS; i += THREADS)
        y[i] = memory.sums[i / UNITS * split.sum_pitch() + i % UNITS];
}

template <typename T, Product BUG>
Outcome run(bool wrong) {
    const std::vector<float> w = numbers(UNITS * DEPTH<T>), x = numbers(ROWS * DEPTH<T>);
    std::vector<float> expected(ROWS * UNITS);
    for (int n = 0; n < ROWS; n++)
        for (int u = 0; u < UNITS; u++)
            for (int k = 0; k < DEPTH<T>; k++) expected[n * UNITS + u] += x[n * DEPTH<T> + k] * w[u * DEPTH<T> + k];
    const size_t bytes = glia::tensor_memory_bytes(glia::tensor_split<1>{1, PAIRS, PAIRS}, ROWS, sizeof(T));
    DeviceArray<T> left(std::vector<T>(w.begin(), w.end())), right(std::vector<T>(x.begin(), x.end()));
    DeviceArray<float> y(ROWS * UNITS);
    cudaError_t error =
        wrong
            ? GLI_LAUNCH((product<T, BUG>), 1, THREADS, bytes, nullptr, left.data(), right.data(), y.data())
            : GLI_LAUNCH((product<T, Product::RIGHT>), 1, THREADS, bytes, nullptr, left.data(), right.data(), y.data());
    return outcome(error, y, expected);
}

}  // namespace

std::vector<Planted> planted_in_rnn_products() {
    const cudaError_t failure = cudaErrorLaunchFailure;
    return {
        {"product_before_its_tile_is_there", run<glia::bf16, Product::NO_BARRIER_BEFORE>, "shared memory", failure, "",
         ""},
        {"sums_of_a_product_too_early", run<float, Product::NO_BARRIER_AFTER>, "shared memory", failure, "", ""},
        {"states_in_the_row_of_others", run<glia::f16, Product::OTHER_ROW>, "uninitialised", failure, "", ""},
    };
}

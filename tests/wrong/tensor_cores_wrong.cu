// Bugs with tensor cores.
#include "kernels/device/mma.cuh"
#include "wrong/planted.h"

namespace {

using namespace nvcuda;

enum class Cores { RIGHT, UNROUNDED, PARTIAL_WARP, TWO_MATRICES };

// c = a b with a 16x8, b 8x16.
template <Cores BUG>
__global__ void product(const float *a, const float *b, float *c) {
    wmma::fragment<wmma::matrix_a, 16, 16, 8, wmma::precision::tf32, wmma::row_major> left;
    wmma::fragment<wmma::matrix_b, 16, 16, 8, wmma::precision::tf32, wmma::row_major> right;
    wmma::fragment<wmma::accumulator, 16, 16, 8, float> sum;
    const int other = BUG == Cores::TWO_MATRICES && threadIdx.x == 7 ? 8 : 0;
    wmma::load_matrix_sync(left, a, 8);
    wmma::load_matrix_sync(right, b + other, 16);
    wmma::fill_fragment(sum, 0.0f);
    for (int i = 0; i < left.num_elements; i++)
        left.x[i] = BUG == Cores::UNROUNDED ? left.x[i] * 1.1f : wmma::__float_to_tf32(left.x[i]);
    wmma::mma_sync(sum, left, right, sum);
    wmma::store_matrix_sync(c, sum, 16, wmma::mem_row_major);
}

template <Cores BUG>
Outcome run(bool wrong) {
    const std::vector<float> a = numbers(16 * 8), b = numbers(8 * 16);
    std::vector<float> expected(16 * 16);
    for (int m = 0; m < 16; m++)
        for (int k = 0; k < 8; k++)
            for (int n = 0; n < 16; n++) expected[m * 16 + n] += a[m * 8 + k] * b[k * 16 + n];
    DeviceArray<float> x(a), y(b), z(16 * 16);
    const int lanes   = wrong && BUG == Cores::PARTIAL_WARP ? 16 : 32;
    cudaError_t error = wrong ? GLI_LAUNCH(product<BUG>, 1, lanes, 0, nullptr, x.data(), y.data(), z.data())
                              : GLI_LAUNCH(product<Cores::RIGHT>, 1, lanes, 0, nullptr, x.data(), y.data(), z.data());
    return outcome(error, z, expected);
}

// 16-bit elements, sums in float, a tile in shared memory at `offset`.
template <typename T, typename LayoutB>
__global__ void square(const T *a, float *c, int offset) {
    GLI_DYNAMIC_SHARED(T, tile);
    wmma::fragment<wmma::matrix_a, 16, 16, 16, T, wmma::row_major> left;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, T, LayoutB> right;
    wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
    for (int i = threadIdx.x; i < 256; i += 32) tile[offset + i] = a[i];
    __syncwarp();
    wmma::load_matrix_sync(left, tile + offset, 16);
    wmma::load_matrix_sync(right, tile + offset, 16);
    wmma::fill_fragment(sum, 0.0f);
    wmma::mma_sync(sum, left, right, sum);
    wmma::store_matrix_sync(c, sum, 16, wmma::mem_col_major);
}

template <typename T, typename LayoutB>
Outcome run_square(bool wrong) {
    const bool turned          = std::is_same_v<LayoutB, wmma::col_major>;
    const std::vector<float> a = numbers(256);
    std::vector<float> expected(256);
    for (int m = 0; m < 16; m++)
        for (int k = 0; k < 16; k++)
            for (int n = 0; n < 16; n++)
                expected[n * 16 + m] += a[m * 16 + k] * (turned ? a[n * 16 + k] : a[k * 16 + n]);
    DeviceArray<T> x(std::vector<T>(a.begin(), a.end()));
    DeviceArray<float> z(256);
    cudaError_t error =
        GLI_LAUNCH((square<T, LayoutB>), 1, 32, 272 * sizeof(T), nullptr, x.data(), z.data(), wrong ? 8 : 16);
    return outcome(error, z, expected);
}

enum class Mma { RIGHT, UNROUNDED, PARTIAL_WARP, MISALIGNED, UNORDERED };

// c [16,8] = a [16,8] b [8,8]^T of tf32, by ldmatrix and mma.sync.
template <Mma BUG>
__global__ void instruction(const float *a, const float *b, float *c) {
    GLI_DYNAMIC_SHARED(float, tile);
    for (int i = threadIdx.x; i < 24 * 8; i += 32) {
        const float x = i < 128 ? a[i] : b[i - 128];
        tile[i]       = BUG == Mma::UNROUNDED ? x * 1.1f : glia::round_to_tf32(x);
    }
    if (BUG != Mma::UNORDERED) __syncwarp();
    const int lane = int(threadIdx.x), shift = BUG == Mma::MISALIGNED && lane == 9 ? 2 : 0;
    float sum[4] = {};
    unsigned left[4], right[4];
    glia::load_blocks(left, tile + lane % 16 * 8 + lane / 16 * 4 + shift);
    glia::load_blocks(right, tile + 128 + lane % 8 * 8 + lane / 8 % 2 * 4);
    glia::multiply_add<glia::tf32>(sum, left, {right[0], right[1]});
    for (int i = 0; i < 4; i++) c[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = sum[i];
}

template <Mma BUG>
Outcome run_instruction(bool wrong) {
    const std::vector<float> a = numbers(16 * 8), b = numbers(8 * 8);
    std::vector<float> expected(16 * 8);
    for (int m = 0; m < 16; m++)
        for (int n = 0; n < 8; n++)
            for (int k = 0; k < 8; k++) expected[m * 8 + n] += a[m * 8 + k] * b[n * 8 + k];
    DeviceArray<float> x(a), y(b), z(16 * 8);
    const int lanes = wrong && BUG == Mma::PARTIAL_WARP ? 16 : 32, bytes = 24 * 8 * sizeof(float);
    cudaError_t error =
        wrong ? GLI_LAUNCH(instruction<BUG>, 1, lanes, bytes, nullptr, x.data(), y.data(), z.data())
              : GLI_LAUNCH(instruction<Mma::RIGHT>, 1, lanes, bytes, nullptr, x.data(), y.data(), z.data());
    return outcome(error, z, expected);
}

// c [16,8] = a^T b of f16, where a [16,16] and b [16,8] both have k as their rows, by ldmatrix with .trans.
template <Mma BUG>
__global__ void transposed_instruction(const __half *a, const __half *b, float *c) {
    GLI_DYNAMIC_SHARED(__half, tile);
    for (int i = threadIdx.x; i < 16 * 16; i += 32) tile[i] = a[i];
    for (int i = threadIdx.x; i < 16 * 8; i += 32) tile[256 + i] = b[i];
    if (BUG != Mma::UNORDERED) __syncwarp();
    const int lane = int(threadIdx.x), shift = BUG == Mma::MISALIGNED && lane == 9 ? 4 : 0;
    float sum[4] = {};
    unsigned left[4], right[4];
    glia::load_blocks_transposed(left, tile + (lane / 16 * 8 + lane % 8) * 16 + lane / 8 % 2 * 8 + shift);
    glia::load_blocks_transposed(right, tile + 256 + lane % 16 * 8);
    glia::multiply_add<__half>(sum, left, {right[0], right[1]});
    for (int i = 0; i < 4; i++) c[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = sum[i];
}

template <Mma BUG>
Outcome run_transposed_instruction(bool wrong) {
    const std::vector<float> a = numbers(16 * 16), b = numbers(16 * 8);
    std::vector<float> expected(16 * 8);
    for (int m = 0; m < 16; m++)
        for (int n = 0; n < 8; n++)
            for (int k = 0; k < 16; k++) expected[m * 8 + n] += a[k * 16 + m] * b[k * 8 + n];
    DeviceArray<__half> x(std::vector<__half>(a.begin(), a.end())), y(std::vector<__half>(b.begin(), b.end()));
    DeviceArray<float> z(16 * 8);
    const int lanes = wrong && BUG == Mma::PARTIAL_WARP ? 16 : 32, bytes = 24 * 16 * sizeof(__half);
    cudaError_t error =
        wrong ? GLI_LAUNCH(transposed_instruction<BUG>, 1, lanes, bytes, nullptr, x.data(), y.data(), z.data())
              : GLI_LAUNCH(transposed_instruction<Mma::RIGHT>, 1, lanes, bytes, nullptr, x.data(), y.data(), z.data());
    return outcome(error, z, expected);
}

}  // namespace

std::vector<Planted> planted_in_tensor_cores() {
    const cudaError_t failure = cudaErrorLaunchFailure, misaligned = cudaErrorMisalignedAddress;
    return {
        {"tf32_without_rounding", run<Cores::UNROUNDED>, "not rounded", failure, "not rounded", ""},
        {"tensor_cores_in_half_a_warp", run<Cores::PARTIAL_WARP>, "it needs all 32", failure, "it needs all 32", ""},
        {"two_matrices_in_one_load", run<Cores::TWO_MATRICES>, "another matrix", failure, "another matrix", ""},
        {"mma_of_unrounded_tf32", run_instruction<Mma::UNROUNDED>, "not rounded", failure, "not rounded", ""},
        {"ldmatrix_in_half_a_warp", run_instruction<Mma::PARTIAL_WARP>, "it needs all 32", failure, "it needs all 32",
         ""},
        {"misaligned_row_of_ldmatrix", run_instruction<Mma::MISALIGNED>, "ldmatrix of a row at", misaligned,
         "ldmatrix of a row at", ""},
        {"ldmatrix_without_order", run_instruction<Mma::UNORDERED>, "uninitialised", failure, "", ""},
        {"transposed_ldmatrix_in_half_a_warp", run_transposed_instruction<Mma::PARTIAL_WARP>, "it needs all 32",
         failure, "it needs all 32", ""},
        {"misaligned_row_of_transposed_ldmatrix", run_transposed_instruction<Mma::MISALIGNED>, "ldmatrix of a row at",
         misaligned, "ldmatrix of a row at", ""},
        {"transposed_ldmatrix_without_order", run_transposed_instruction<Mma::UNORDERED>, "uninitialised", failure, "",
         ""},
        {"misaligned_tile_of_halves", run_square<__half, wmma::row_major>, "load_matrix_sync at", misaligned,
         "load_matrix_sync at", ""},
        {"misaligned_tile_of_bfloat16s", run_square<__nv_bfloat16, wmma::col_major>, "load_matrix_sync at", misaligned,
         "load_matrix_sync at", ""},
    };
}

// Bugs around the patch of an image that a direct convolution keeps in shared memory.
#include "kernels/conv/direct_tiles.cuh"
#include "wrong/planted.h"

namespace {

enum class Patch { RIGHT, NO_BARRIER_BEFORE, NO_BARRIER_AFTER, ONE_LINE_LESS };

constexpr int IMAGES = 2, SIDE = 6, PIXELS = SIDE * SIDE, KERNEL = 3;

// The sum of the window of each pixel, one tile after the other by one block.
template <Patch BUG>
__global__ void window_sums(glia::direct_tiles<float> tiles, float *y) {
    GLI_DYNAMIC_SHARED(float, patch);
    const int row = int(threadIdx.x) / SIDE, column = int(threadIdx.x) % SIDE;
    if (BUG == Patch::ONE_LINE_LESS) --tiles.lines;
    for (int tile = 0; tile < tiles.count; ++tile) {
        const glia::tile_pixels of = tiles.pixels_of(tile);
        tiles.stage(of, patch);
        if (BUG != Patch::NO_BARRIER_BEFORE) __syncthreads();
        float sum = 0;
        for (int k = 0; row < of.rows && k < KERNEL * KERNEL; ++k)
            sum += patch[row * tiles.row_step + column + tiles.displacement[k] / int(sizeof(float))];
        if (row < of.rows) y[of.image * PIXELS + (of.row + row) * SIDE + column] = sum;
        if (BUG != Patch::NO_BARRIER_AFTER) __syncthreads();
    }
}

gli_convolution convolution_of(float *x) {
    gli_convolution v = {};
    v.dtype           = GLIA_F32;
    v.n               = IMAGES;
    v.groups = v.in = v.out = 1;
    v.r = v.s = KERNEL;
    v.t = v.stride_d = v.dilation_d = 1;
    v.stride_h = v.stride_w = v.pad_h = v.pad_w = v.dilation_h = v.dilation_w = 1;
    v.x = v.y = gli_image{x, 1, SIDE, SIDE, PIXELS, PIXELS, 0, SIDE, 1};
    return v;
}

std::vector<float> sums_of_windows(const std::vector<float> &x) {
    std::vector<float> sums(x.size());
    for (int i = 0; i < IMAGES * SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            for (int r = -1; r <= 1; r++)
                for (int s = -1; s <= 1; s++) {
                    const int row = i % SIDE + r, column = j + s;
                    if (row < 0 || row >= SIDE || column < 0 || column >= SIDE) continue;
                    sums[i * SIDE + j] += x[(i + r) * SIDE + column];
                }
    return sums;
}

template <Patch BUG>
Outcome run(bool wrong) {
    const std::vector<float> x = numbers(IMAGES * PIXELS);
    DeviceArray<float> in(x), out(x.size());
    const gli_convolution v               = convolution_of(in.data());
    const glia::direct_tiles<float> tiles = glia::tiles_of<float>(v, PIXELS / 2, 1, false);
    const size_t bytes                    = glia::patch_bytes(tiles);
    cudaError_t error =
        wrong ? GLI_LAUNCH(window_sums<BUG>, 1, glia::DIRECT_THREADS, bytes, nullptr, tiles, out.data())
              : GLI_LAUNCH(window_sums<Patch::RIGHT>, 1, glia::DIRECT_THREADS, bytes, nullptr, tiles, out.data());
    return outcome(error, out, sums_of_windows(x));
}

}  // namespace

std::vector<Planted> planted_in_patches() {
    const cudaError_t failure = cudaErrorLaunchFailure;
    return {
        {"patch_read_before_it_is_there", run<Patch::NO_BARRIER_BEFORE>, "shared memory", failure, "", ""},
        {"patch_of_the_next_tile_too_early", run<Patch::NO_BARRIER_AFTER>, "shared memory", failure, "", ""},
        {"patch_without_its_last_line", run<Patch::ONE_LINE_LESS>, "uninitialised", failure, "", ""},
    };
}

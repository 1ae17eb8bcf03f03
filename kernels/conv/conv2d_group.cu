/* Convolutions and gradients that do not depend on each other, in one launch: the two gradients of a convolution, which
 * read the same dy, or what the branches of a residual block compute. A block has a tile of one of them; those of the
 * next fill the GPU where the last ones of the one before leave room. The sums are those of conv2d.cu and
 * conv2d_filter.cu. */
#include "kernels/conv/conv2d_plan.cuh"

namespace glia {
namespace {

enum { EACH = GLI_CONVOLUTION_GROUP / 2 };

template <class C>
struct group_part {
    unsigned first; /* block of the launch */
    bool filter;
    int index; /* of images or filters */
    gemm_size size;
    tiled_gemm<C> tiled;
};

/* Kernels take it as a parameter, which may have 4 KiB. */
template <class T>
struct conv2d_group {
    int images, filters, parts;
    conv2d_batch<T> image[EACH];
    conv2d_filter_batch<T> filter[EACH];
    group_part<compute<T>> part[GLI_CONVOLUTION_GROUP];
};

template <class T, class Tile>
__global__ void __launch_bounds__(Tile::threads, 1) conv2d_group_kernel(conv2d_group<T> g) {
    __shared__ gemm_tiles<T, Tile> shared;
    int i = 0;
    while (i + 1 < g.parts && blockIdx.x >= g.part[i + 1].first) ++i;
    const group_part<compute<T>> part = g.part[i];
    const unsigned block              = blockIdx.x - part.first;
    if (part.filter)
        gemm_block(g.filter[part.index], part.tiled.scheduler, part.tiled.partials, block, shared);
    else
        gemm_block(g.image[part.index], part.tiled.scheduler, part.tiled.partials, block, shared);
}

/* The launch of a group while its calls are added. */
template <class T, class Tile>
struct group_launch {
    static_assert(sizeof(conv2d_group<T>) <= 4096, "a parameter of a kernel");

    const gli_gemm_run &run;
    conv2d_group<T> group = {};
    int64_t blocks = 0, counters = 0;

    void add_part(bool filter, int index, const gemm_size &size, void *workspace) {
        gli_gemm_run own = run;
        own.workspace    = workspace;
        own.arrivals     = run.arrivals + counters;
        const auto tiled =
            in_tiles<compute<T>>(size, Tile::rows, Tile::columns, own, int64_t(GLI_GEMM_ARRIVALS) - counters);
        if (tiled.partials.arrivals) counters += tiled.tiles;
        group.part[group.parts++] = {unsigned(blocks), filter, index, size, tiled};
        blocks += tiled.blocks();
    }

    cudaError_t add(const gli_convolution_call &call) {
        gli_gemm_run own = run;
        own.workspace    = call.workspace;
        if (call.filter) {
            group.filter[group.filters] = filter_batch_of<T>(call.conv);
            add_part(true, group.filters++, filter_size_of(call.conv), call.workspace);
            return cudaSuccess;
        }
        return each_launch<T, image_phases>(
            call.conv, own,
            [&](const conv2d_batch<T> &batch, const gemm_size &size, const image_phases &, const gli_gemm_run &rest) {
                group.image[group.images] = batch;
                add_part(false, group.images++, size, rest.workspace);
                return cudaSuccess;
            });
    }

    cudaError_t launch() const {
        if (blocks > INT32_MAX) return cudaErrorInvalidConfiguration;
        cudaError_t error =
            GLI_LAUNCH((conv2d_group_kernel<T, Tile>), unsigned(blocks), Tile::threads, 0, run.stream, group);
        for (int i = 0; error == cudaSuccess && i < group.parts; ++i) {
            const group_part<compute<T>> &p = group.part[i];
            error = p.filter ? finish_gemm<T>(group.filter[p.index], p.size, p.tiled, run.stream)
                             : finish_gemm<T>(group.image[p.index], p.size, p.tiled, run.stream);
        }
        return error;
    }
};

/* How large a call's GEMMs are, and whether one launch computes all of them in tiles. */
gemm_size gemm_size_of(const gli_convolution_call &call, bool *in_one_launch) {
    gemm_size s  = {};
    int launches = 0;
    if (call.filter) {
        s              = filter_size_of(call.conv);
        *in_one_launch = !empty(s) && !filters_too_narrow_for_tiles(s);
        return s;
    }
    (void)each_chunk<image_phases>(call.conv, [&](const image_phases &c) {
        s = size_of(call.conv, c), ++launches;
        return cudaSuccess;
    });
    *in_one_launch = launches == 1 && !empty(s) && !too_narrow_for_tiles(s);
    return s;
}

double products(const gemm_size &s) { return double(s.m) * s.n * s.k * s.batch; }

/* As fills_gpu of one GEMM; tiles of few products may waste more. */
bool fill_gpu(const gemm_size *sizes, int n, int rows, int columns, int multiprocessors) {
    double wanted = 0, computed = 0;
    int64_t blocks = 0;
    for (int i = 0; i < n; ++i) {
        const gemm_size &s  = sizes[i];
        const int64_t tiles = int64_t(blocks_for(s.m, rows)) * column_tiles_of(s, columns) * s.batch;
        wanted += products(s);
        computed += double(tiles) * rows * columns * s.k;
        blocks += tiles * split_k_for(s).splits;
    }
    return computed <= wanted * 1.5 && blocks >= multiprocessors;
}

/* The size of all tiles of the group. */
template <class T>
tile_size group_tile(const gemm_size *sizes, int n, int multiprocessors) {
    if (sizeof(T) == 4 && fill_gpu(sizes, n, large_tile::rows, large_tile::columns, multiprocessors)) return LARGE_TILE;
    return fill_gpu(sizes, n, medium_tile::rows, medium_tile::columns, multiprocessors) ? MEDIUM_TILE : SMALL_TILE;
}

/* Whether at least half of the products are in tiles no smaller than alone. */
template <class T>
bool keeps_tiles(const gemm_size *sizes, int n, int multiprocessors) {
    const tile_size together = group_tile<T>(sizes, n, multiprocessors);
    double all = 0, smaller = 0;
    for (int i = 0; i < n; ++i) {
        all += products(sizes[i]);
        if (tile_for<T>(sizes[i], multiprocessors) > together) smaller += products(sizes[i]);
    }
    return 2 * smaller <= all;
}

template <class T>
int group_size(const gli_convolution_call *calls, int n, int multiprocessors) {
    gemm_size sizes[GLI_CONVOLUTION_GROUP];
    int count = 0, of[2] = {0, 0};
    for (; count < n && count < GLI_CONVOLUTION_GROUP; ++count) {
        const gli_convolution_call &c = calls[count];
        bool in_one_launch;
        sizes[count] = gemm_size_of(c, &in_one_launch);
        if (!in_one_launch || c.conv.dtype != calls[0].conv.dtype || ++of[c.filter] > EACH) break;
        if (!keeps_tiles<T>(sizes, count + 1, multiprocessors)) break;
    }
    return count;
}

template <class T>
cudaError_t convolve(const gli_convolution_call *calls, int n, const gli_gemm_run &run) {
    gemm_size sizes[GLI_CONVOLUTION_GROUP];
    bool in_one_launch;
    for (int i = 0; i < n; ++i) sizes[i] = gemm_size_of(calls[i], &in_one_launch);
    return with_tile<T>(group_tile<T>(sizes, n, run.gpu.multiprocessors), [&](auto tile) {
        group_launch<T, decltype(tile)> g = {run};
        for (int i = 0; i < n; ++i) {
            const cudaError_t error = g.add(calls[i]);
            if (error != cudaSuccess) return error;
        }
        return g.launch();
    });
}

}  // namespace
}  // namespace glia

int gli_kernel_conv2d_group_size(const gli_convolution_call *calls, int n, const gli_gpu *gpu) {
    int count = 0;
    if (n == 0) return 0;
    (void)GLI_FOR_FLOAT(calls[0].conv.dtype, T,
                        (count = glia::group_size<T>(calls, n, gpu->multiprocessors), cudaSuccess));
    return count;
}

cudaError_t gli_kernel_conv2d_group(const gli_convolution_call *calls, int n, const gli_gemm_run *run) {
    return GLI_FOR_FLOAT(calls[0].conv.dtype, T, glia::convolve<T>(calls, n, *run));
}

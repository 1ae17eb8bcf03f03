/* What stands between the last convolution of a network and its first dense layer: max pooling, of images with their
 * channels last, the row-major copy of its result, and dropout of that; and their gradients. A block has a tile of
 * neighbouring pixels and channels of one image in shared memory: on one side of it threads take packs of channels as
 * in max_pool2d.cu, on the other four neighbouring pixels, whose random numbers are one Philox block where their first
 * number is a multiple of four. Each array passes memory once. Row-major images are taken pixel by pixel. */
#include "kernels/pool/max_pool2d_dropout_launch.h"

#include "kernels/device/vec4.cuh"
#include "kernels/pool/max_pool.cuh"
#include "kernels/random/dropout_mask.cuh"

namespace glia {
namespace {

enum { TILE_PIXELS = 32, TILE_PACKS = 8, TILE_THREADS = TILE_PIXELS * TILE_PACKS };

/* Of y; packs of W channels. An odd number of words from a channel to the next. */
template <class T, int W>
struct pooled_tile {
    enum {
        CHANNELS = TILE_PACKS * W,
        QUADS    = TILE_PIXELS / 4,
        PITCH    = TILE_PIXELS + (sizeof(T) < 4 ? 4 / sizeof(T) : 1)
    };
    T at[CHANNELS][PITCH];
};

template <class T>
struct tile_job {
    pool_job<T> pool; /* without an order of threads */
    bool pixels_inside;
    unsigned channels, pixels;
    divisor columns, pixel_tiles, channel_tiles;
    T *flat;      /* row-major [n, channels, pixels]: what is dropped, or its gradient */
    bool aligned; /* flat, to four elements */
    dropout_mask<compute<T>> mask;
};

/* The tile of a block, and the threads on both sides of it. */
template <class T, int W>
struct tile_side {
    typedef pooled_tile<T, W> tile;
    const tile_job<T> &j;
    unsigned image, channel, pixel; /* the first */

    __device__ explicit tile_side(const tile_job<T> &job) : j(job) {
        const unsigned rest = j.pixel_tiles.quotient(blockIdx.x);
        image               = j.channel_tiles.quotient(rest);
        pixel               = (blockIdx.x - rest * j.pixel_tiles.value) * TILE_PIXELS;
        channel             = (rest - image * j.channel_tiles.value) * tile::CHANNELS;
    }

    /* f(element of y, first row and column of the tile) for the pack of the thread, if there is one. */
    template <class F>
    __device__ void pack_of_thread(F f) const {
        const unsigned across = j.pixels_inside ? threadIdx.x % TILE_PIXELS : threadIdx.x / TILE_PACKS;
        const unsigned down   = (j.pixels_inside ? threadIdx.x / TILE_PIXELS : threadIdx.x % TILE_PACKS) * W;
        if (pixel + across >= j.pixels || channel + down >= j.channels) return;
        const unsigned row = j.columns.quotient(pixel + across);
        f(pool_element{int(image), int(channel + down), int(row), int(pixel + across - row * j.columns.value)}, down,
          across);
    }

    /* f(number of the first element in `flat`, how many, first row and column of the tile) for each four neighbouring
     * pixels of the thread. */
    template <class F>
    __device__ void quads_of_thread(F f) const {
        for (unsigned i = threadIdx.x; i < unsigned(tile::CHANNELS * tile::QUADS); i += TILE_THREADS) {
            const unsigned down = i / tile::QUADS, across = i % tile::QUADS * 4;
            if (pixel + across >= j.pixels || channel + down >= j.channels) continue;
            f((image * j.channels + channel + down) * j.pixels + pixel + across, min(4u, j.pixels - pixel - across),
              down, across);
        }
    }
};

template <class T, int W>
__global__ void __launch_bounds__(TILE_THREADS, 2) max_pool2d_dropout_kernel(tile_job<T> j) {
    __shared__ pooled_tile<T, W> tile;
    const tile_side<T, W> side(j);
    const pool_job<T> &pool = j.pool;
    side.pack_of_thread([&](const pool_element &to, unsigned down, unsigned across) {
        const maxima<compute<T>, W> largest = largest_in_window<T, W>(pool, to);
        for (int k = 0; k < W; ++k) tile.at[down + k][across] = round_to<T>(largest.value[k]);
        if (pool.indices)
            store_indices(pool.indices + offset(pool.indices_stride, to), pool.indices_stride[1], pool.wide_indices,
                          largest.index);
    });
    __syncthreads();
    const uint32_t now = j.mask.at_step();
    side.quads_of_thread([&](unsigned first, unsigned count, unsigned down, unsigned across) {
        compute<T> values[4];
        vec4<T> out;
        for (unsigned i = 0; i < 4; ++i) values[i] = i < count ? to_compute(tile.at[down][across + i]) : compute<T>(0);
        j.mask.apply(now, first, values);
        for (int i = 0; i < 4; ++i) out.at[i] = round_to<T>(values[i]);
        if (count == 4 && j.aligned && first % 4 == 0) {
            *reinterpret_cast<vec4<T> *>(j.flat + first) = out;
            return;
        }
        for (unsigned i = 0; i < 4; ++i)
            if (i < count) j.flat[first + i] = out.at[i];
    });
}

template <class T, int W>
__global__ void __launch_bounds__(TILE_THREADS, 2) max_pool2d_dropout_backward_kernel(tile_job<T> j) {
    typedef compute<T> C;
    __shared__ pooled_tile<T, W> tile;
    const tile_side<T, W> side(j);
    const pool_job<T> &pool = j.pool;
    const uint32_t now      = j.mask.at_step();
    side.quads_of_thread([&](unsigned first, unsigned count, unsigned down, unsigned across) {
        C values[4];
        vec4<T> in = {};
        if (count == 4 && j.aligned && first % 4 == 0)
            in = *reinterpret_cast<const vec4<T> *>(j.flat + first);
        else
            for (unsigned i = 0; i < 4; ++i)
                if (i < count) in.at[i] = j.flat[first + i];
        for (int i = 0; i < 4; ++i) values[i] = to_compute(in.at[i]);
        j.mask.apply(now, first, values);
        for (int i = 0; i < 4; ++i) tile.at[down][across + i] = round_to<T>(values[i]);
    });
    __syncthreads();
    side.pack_of_thread([&](const pool_element &from, unsigned down, unsigned across) {
        int index[W];
        load_indices(pool.indices + offset(pool.indices_stride, from), pool.indices_stride[1], pool.wide_indices,
                     index);
        for (int r = 0; r < pool.rows.kernel; ++r)
            for (int s = 0; s < pool.columns.kernel; ++s) {
                const pool_element to = {from.n, from.c, from.a * pool.rows.kernel + r,
                                         from.b * pool.columns.kernel + s};
                const int own         = to.a * pool.columns.in + to.b;
                C values[W];
                for (int k = 0; k < W; ++k) /* a sum of one, as in max_pool2d.cu */
                    values[k] = C(0) + (index[k] == own ? C(to_compute(tile.at[down + k][across])) : C(0));
                store<T, W>(pool.out + offset(pool.out_stride, to), values);
            }
    });
}

template <class T>
tile_job<T> tiles_of(const gli_pool_geom &g, const gli_pool2d_arrays &a, const gli_dropout_geom &dropout,
                     const int64_t *step, void *flat, bool backward, int width) {
    tile_job<T> j   = {};
    j.pool          = job_of<T>(g, a, backward, width);
    j.pixels_inside = g.c == 1 || a.x_stride[1] != 1;
    j.channels      = unsigned(g.c);
    j.pixels        = unsigned(g.p) * unsigned(g.q);
    j.columns       = divide_by(unsigned(g.q));
    j.pixel_tiles   = divide_by(blocks_for(j.pixels, TILE_PIXELS));
    j.channel_tiles = divide_by(blocks_for(g.c, TILE_PACKS * width));
    j.flat          = static_cast<T *>(flat);
    j.aligned       = reinterpret_cast<uintptr_t>(flat) % sizeof(vec4<T>) == 0;
    j.mask          = mask_of<compute<T>>(dropout, step);
    return j;
}

template <class T>
unsigned blocks_of(const tile_job<T> &j, int images) {
    return unsigned(images) * j.pixel_tiles.value * j.channel_tiles.value;
}

/* Whether images can be read, or written, in packs of channels. */
template <class T>
bool image_in_packs(const gli_pool_geom &g, const void *image, const int64_t *stride) {
    return g.c % vector<T>::width == 0 && strides_fit_packs<T>(image, stride);
}

template <class T, int W>
cudaError_t launch(const gli_pool_geom &g, const tile_job<T> &j, bool backward, cudaStream_t stream) {
    if (backward)
        return GLI_LAUNCH((max_pool2d_dropout_backward_kernel<T, W>), blocks_of(j, g.n), TILE_THREADS, 0, stream, j);
    return GLI_LAUNCH((max_pool2d_dropout_kernel<T, W>), blocks_of(j, g.n), TILE_THREADS, 0, stream, j);
}

template <class T>
cudaError_t pool_and_drop(const gli_pool_geom &g, const gli_pool2d_arrays &a, const gli_dropout_geom &dropout,
                          const int64_t *step, void *flat, bool backward, cudaStream_t stream) {
    enum { WIDE = vector<T>::width };
    if (has_no_images(g)) return cudaSuccess;
    if (image_in_packs<T>(g, backward ? a.out : a.in, a.x_stride))
        return launch<T, WIDE>(g, tiles_of<T>(g, a, dropout, step, flat, backward, WIDE), backward, stream);
    return launch<T, 1>(g, tiles_of<T>(g, a, dropout, step, flat, backward, 1), backward, stream);
}

}  // namespace
}  // namespace glia

bool gli_kernel_max_pool2d_dropout_backward_fits(const gli_pool_geom *g) {
    const bool without_pad = g->pad_h == 0 && g->pad_w == 0 && g->dilation_h == 1 && g->dilation_w == 1;
    return g->r > 0 && g->s > 0 && without_pad && g->stride_h == g->r && g->stride_w == g->s &&
           int64_t(g->p) * g->r == g->h && int64_t(g->q) * g->s == g->w;
}

cudaError_t gli_kernel_max_pool2d_dropout(const gli_pool_geom *pool, const gli_pool2d_arrays *arrays,
                                          const gli_dropout_geom *dropout, const int64_t *step, void *dropped,
                                          cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T,
                         glia::pool_and_drop<T>(*pool, *arrays, *dropout, step, dropped, false, stream));
}

cudaError_t gli_kernel_max_pool2d_dropout_backward(const gli_pool_geom *pool, const gli_pool2d_arrays *arrays,
                                                   const gli_dropout_geom *dropout, const int64_t *step, const void *dy,
                                                   cudaStream_t stream) {
    return GLI_FOR_FLOAT(arrays->dtype, T,
                         glia::pool_and_drop<T>(*pool, *arrays, *dropout, step, const_cast<void *>(dy), true, stream));
}

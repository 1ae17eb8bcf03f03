/* Tiles of output pixels for direct convolutions, and the patch of the image that lies under one, which a block keeps
 * in shared memory as floats: [channel][row][phase][column]. The columns of a row are split by their remainder by the
 * stride, their phase, so that neighbours among the output pixels of a row read neighbours here, whatever the stride:
 * under kernel element k, pixel (i, j) of a tile reads place i row_step + j + displacement[k]. What lies outside of the
 * image is zero. */
#ifndef GLI_KERNELS_CONV_DIRECT_TILES_CUH
#define GLI_KERNELS_CONV_DIRECT_TILES_CUH

#include <cstdint>

#include "kernels/conv/conv2d_plan.cuh"
#include "kernels/device/pack.cuh"

namespace glia {

enum {
    DIRECT_THREADS = 128,
    MAX_PATCH      = 5120, /* floats; with 64 filters of GLI_DIRECT_MAX_K elements that is 60 KB */
    PACKS_ON_WAY   = 2     /* of a thread that stages a patch */
};

/* The output pixels of a tile: where the first is, and how many rows and columns of them the image has. */
struct tile_pixels {
    int image, row, column, rows, columns;
};

template <class T>
struct direct_tiles {
    int rows, columns, count; /* of a tile, in output pixels; of all tiles */
    divisor by_across, by_down, by_columns, by_runs;
    int y_height, y_width;

    const T *x;
    int in; /* channels */
    image_strides x_stride;
    int x_height, x_width;
    int stride_h, stride_w, pad_h, pad_w;
    bool wide; /* x is read 16 bytes at a time */

    int lines, patch_rows, patch_columns; /* lines: rows of the patch that lie side by side in memory */
    int channels_of_line;                 /* one, or all where they are innermost in memory */
    divisor by_patch_rows, by_packs, by_channels, by_stride;
    int phase_pitch, row_pitch, channel_pitch, row_step; /* in places of the patch */
    int in_line;                                         /* kernel elements that follow each other in the patch */
    int displacement[GLI_DIRECT_MAX_K];                  /* in bytes */

    __device__ tile_pixels pixels_of(int tile) const {
        const unsigned down = by_across.quotient(unsigned(tile)), image = by_down.quotient(down);
        const int row    = int(down - image * by_down.value) * rows,
                  column = int(unsigned(tile) - down * by_across.value) * columns;
        return {int(image), row, column, min(rows, y_height - row), min(columns, y_width - column)};
    }

    /* The patch of a tile, by all threads of a block. */
    __device__ void stage(const tile_pixels &of, float *patch) const {
        if (wide)
            stage_packs<vector<T>::width>(of, patch);
        else
            stage_packs<1>(of, patch);
    }

   private:
    /* WIDTH elements of a line, from `begin` of the line on. */
    template <int WIDTH>
    struct alignas(WIDTH * sizeof(T)) pack : gli_wide<pack<WIDTH>> {
        T at[WIDTH];
    };

    template <int WIDTH>
    __device__ void stage_packs(const tile_pixels &of, float *patch) const {
        const int top = of.row * stride_h - pad_h, left = of.column * stride_w - pad_w;
        const int first = left * channels_of_line, begin = first & -WIDTH, all = lines * int(by_packs.value);
        for (int i = int(threadIdx.x); i < all; i += PACKS_ON_WAY * DIRECT_THREADS) {
            pack<WIDTH> held[PACKS_ON_WAY] = {};
#pragma unroll
            for (int a = 0; a < PACKS_ON_WAY; ++a) {
                const int line = int(by_packs.quotient(unsigned(i + a * DIRECT_THREADS)));
                const int from = begin + (i + a * DIRECT_THREADS - line * int(by_packs.value)) * WIDTH;
                if (line < lines) load(of.image, top, left, line, from, first, held[a]);
            }
#pragma unroll
            for (int a = 0; a < PACKS_ON_WAY; ++a) {
                const int line = int(by_packs.quotient(unsigned(i + a * DIRECT_THREADS)));
                const int from = begin + (i + a * DIRECT_THREADS - line * int(by_packs.value)) * WIDTH;
                if (line < lines) store(line, from - first, held[a], patch);
            }
        }
    }

    template <int WIDTH>
    __device__ void load(int image, int top, int left, int line, int from, int first, pack<WIDTH> &to) const {
        const int channel = int(by_patch_rows.quotient(unsigned(line))), row = top + line - channel * patch_rows;
        if (unsigned(row) >= unsigned(x_height) || unsigned(from) >= unsigned(x_width * channels_of_line)) return;
        const T *const at =
            x + (unsigned(image) * x_stride.n + unsigned(channel) * x_stride.c + unsigned(row) * x_stride.h);
        if (WIDTH > 1) {
            to = *reinterpret_cast<const pack<WIDTH> *>(at + from);
            return;
        }
        const unsigned column = by_channels.quotient(unsigned(from - first)),
                       inner  = unsigned(from - first) - column * by_channels.value;
        to.at[0]              = at[unsigned(left + int(column)) * x_stride.w + inner * x_stride.c];
    }

    /* Elements from `begin` of a line's part of the patch on. */
    template <int WIDTH>
    __device__ void store(int line, int begin, const pack<WIDTH> &from, float *patch) const {
        const int channel = int(by_patch_rows.quotient(unsigned(line))), row = line - channel * patch_rows;
#pragma unroll
        for (int e = 0; e < WIDTH; ++e) {
            const unsigned i = unsigned(begin + e);
            if (i >= unsigned(patch_columns * channels_of_line)) continue;
            const unsigned column = by_channels.quotient(i), inner = i - column * by_channels.value;
            const unsigned near = by_stride.quotient(column), phase = column - near * by_stride.value;
            patch[(unsigned(channel) + inner) * unsigned(channel_pitch) + unsigned(row * row_pitch) +
                  phase * unsigned(phase_pitch) + near] = to_compute(from.at[e]);
        }
    }
};

inline int64_t round_up(int64_t a, int multiple) { return (a + multiple - 1) / multiple * multiple; }

/* Tiles of `rows` x `columns` output pixels, and the size of their patches. A thread reads runs of `run` neighbours of
 * a row, also of those that a tile does not have. */
template <class T>
int64_t shape_tiles(direct_tiles<T> &t, const gli_convolution &v, int rows, int columns, int run) {
    const int across = blocks_for(v.y.width, columns), down = blocks_for(v.y.height, rows);
    const int64_t last_column = (round_up(columns, run) - 1) * v.stride_w + (v.s - int64_t(1)) * v.dilation_w;
    const int64_t height      = (rows - int64_t(1)) * v.stride_h + (v.r - int64_t(1)) * v.dilation_h + 1;
    const int64_t width       = round_up(last_column + 1, v.stride_w);
    if (height > MAX_PATCH || width > MAX_PATCH) return INT64_MAX;
    t.rows = rows, t.columns = columns, t.count = v.n * down * across;
    t.by_across = divide_by(unsigned(across)), t.by_down = divide_by(unsigned(down));
    t.by_columns = divide_by(unsigned(columns)), t.by_runs = divide_by(unsigned(blocks_for(columns, run)));
    t.patch_rows    = int(height);
    t.patch_columns = int(width);
    t.phase_pitch   = t.patch_columns / v.stride_w;
    t.row_pitch     = t.patch_columns;
    t.row_step      = rows > 1 ? v.stride_h * t.row_pitch : 0; /* the patch bounds the stride between rows alone */
    t.channel_pitch = t.patch_rows * t.row_pitch;
    return height * width * v.in;
}

template <class T>
size_t patch_bytes(const direct_tiles<T> &t) {
    return size_t(t.channel_pitch) * size_t(t.in) * sizeof(float);
}

/* The shape that covers y with the fewest tiles of up to `pixels` output pixels whose patches fit, or of these the one
 * with the smallest patch. False: not even the patch of one run fits. */
template <class T>
bool choose_tiles(direct_tiles<T> &best, const gli_convolution &v, int pixels, int run) {
    int64_t size = 0;
    for (int64_t across = 1; across < 2 * int64_t(v.y.width); across *= 2) {
        const int columns  = blocks_for(v.y.width, int(across));
        const int64_t most = pixels / round_up(columns, run), all = v.y.height;
        if (most == 0) continue;
        for (int64_t down = blocks_for(all, int(most < all ? most : all)); down < 2 * all; down *= 2) {
            direct_tiles<T> t    = best;
            const int64_t needed = shape_tiles(t, v, blocks_for(all, int(down)), columns, run);
            if (needed > MAX_PATCH) continue;
            if (size == 0 || t.count < best.count || (t.count == best.count && needed < size)) best = t, size = needed;
            break;
        }
    }
    return size > 0;
}

template <class T>
void set_displacements(direct_tiles<T> &t, const gli_convolution &v, bool channels_innermost) {
    t.in_line = v.stride_w == 1 && v.dilation_w == 1 && !channels_innermost ? v.s : 1;
    for (int c = 0; c < v.in; ++c)
        for (int r = 0; r < v.r; ++r)
            for (int s = 0; s < v.s; ++s) {
                const int k      = channels_innermost ? (r * v.s + s) * v.in + c : (c * v.r + r) * v.s + s,
                          column = s * v.dilation_w;
                const int places = c * t.channel_pitch + r * v.dilation_h * t.row_pitch +
                                   column % v.stride_w * t.phase_pitch + column / v.stride_w;
                t.displacement[k] = places * int(sizeof(float));
            }
}

/* Tiles of at most so many output pixels. elements_innermost: kernel elements count (r, s, c), and not (c, r, s). */
template <class T>
direct_tiles<T> tiles_of(const gli_convolution &v, int pixels, int run, bool elements_innermost) {
    const bool innermost = channels_last(v.x, v.in);
    direct_tiles<T> t    = {};
    t.y_height = v.y.height, t.y_width = v.y.width;
    t.x        = static_cast<const T *>(v.x.data);
    t.x_stride = strides_of(v.x);
    t.x_height = v.x.height, t.x_width = v.x.width;
    t.stride_h = v.stride_h, t.stride_w = v.stride_w, t.pad_h = v.pad_h, t.pad_w = v.pad_w;
    t.in               = v.in;
    t.channels_of_line = innermost ? v.in : 1;
    if (!choose_tiles(t, v, pixels, run)) return t;
    const int width = vector<T>::width, length = t.patch_columns * t.channels_of_line;
    t.wide = v.x.w == t.channels_of_line && v.x.h % width == 0 && v.x.n % width == 0 &&
             (innermost || v.in == 1 || v.x.c % width == 0) &&
             aligned_groups<T>(v.x.data, int64_t(v.x.width) * t.channels_of_line, width);
    t.lines         = t.patch_rows * (innermost ? 1 : v.in);
    t.by_patch_rows = divide_by(unsigned(t.patch_rows));
    t.by_packs      = divide_by(unsigned(t.wide ? blocks_for(length + width - 1, width) : length));
    t.by_channels   = divide_by(unsigned(t.channels_of_line));
    t.by_stride     = divide_by(unsigned(v.stride_w));
    set_displacements(t, v, elements_innermost);
    return t;
}

}  // namespace glia

#endif

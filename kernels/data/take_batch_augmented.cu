/* Batches of samples that transforms change. A block makes pixels, or numbers, of one row: its first thread draws what
 * happens to the row, into shared memory, and then each thread makes a pixel with all its channels. */
#include "kernels/data/take_batch.cuh"
#include "ops/data/augmentation_pixels.h"

namespace glia {
namespace {

/* One column of a data set. */
struct augmenting {
    taking plain; /* of the role of samples that stay as they are */
    gli_augmentation augmentation;
    int role, elements, parts, classes, planes, size, wide; /* elements: of a sample */
    unsigned first_block, blocks_per_row;
    const int64_t *epoch;
    unsigned long long *class_slot;
    const float *boxes;
    uint64_t fill;
};

struct augmentings {
    augmenting of[GLI_TAKE_BATCH_GROUP];
    int count;
};

/* What was drawn for a row, and its samples: indices, and pictures of the role that has them. */
struct drawn_row {
    int64_t sample[2];
    gli_two_pictures two;
};

__device__ inline gli_picture picture_at(const augmenting &t, int64_t sample) {
    const gli_augmentation &a = t.augmentation;
    gli_picture p             = {};
    const int64_t first       = sample * t.plain.job.stride;
    p.stride[0]               = int64_t(a.from_height) * a.from_width;
    p.stride[1]               = a.from_width;
    p.stride[2]               = 1;
    p.table                   = t.plain.table;
    p.table_step[0]           = t.parts > 1 ? 256 : 0;
    p.table_step[1]           = 1;
    if (p.table)
        p.bytes = static_cast<const uint8_t *>(t.plain.samples) + first;
    else
        p.floats = static_cast<const float *>(t.plain.samples) + first;
    return p;
}

__device__ inline void draw_row(const augmenting &t, int b, drawn_row *row) {
    const batch_order &order = t.plain.job.order;
    const int64_t number     = order.number(b);
    if (t.role == GLIA_TAKE_BOX_CLASSES) { /* which has no epoch */
        row->sample[0] = order.index(number);
        return;
    }
    const gli_draw_key key = {static_cast<uint32_t>(number), static_cast<uint32_t>(*t.epoch)};
    row->two.mixture       = gli_draw_mixture(&t.augmentation, key, static_cast<uint32_t>(order.numbers));
    const bool mixes       = row->two.mixture.kind != GLIA_TRANSFORM_NONE;
    for (int i = 0; i < (mixes ? 2 : 1); ++i) {
        const gli_draw_key of = {i == 0 ? key.sample : row->two.mixture.partner, key.epoch};
        row->sample[i]        = order.index(of.sample);
        if (t.role == GLIA_TAKE_CLASSES || t.role == GLIA_TAKE_MIXED) continue;
        gli_draw(&t.augmentation, of, &row->two.drawn[i]);
        row->two.picture[i] = picture_at(t, row->sample[i]);
    }
    if (!mixes) row->sample[1] = row->sample[0];
}

__device__ inline void make_pixel(const augmenting &t, int b, unsigned i, const gli_two_pictures &two) {
    const gli_augmentation &a = t.augmentation;
    const unsigned pixels = unsigned(a.height) * a.width, y = i / a.width, x = i - y * a.width;
    float *to = static_cast<float *>(t.plain.y) + int64_t(b) * a.channels * pixels;
    float pixel[3];
    if (i >= pixels) return;
    const int n = gli_channels_at_once(&a);
    for (int c = 0; c < a.channels; c += n) {
        gli_augmented_pixel(&a, &two, c, n, int(y), int(x), pixel);
        for (int k = 0; k < 3 && k < n; ++k)
            to[t.planes > 1 ? int64_t(i) * a.channels + c + k : int64_t(c + k) * pixels + i] = pixel[k];
    }
}

template <class Unit>
__device__ inline void make_mask_pixel(const augmenting &t, int b, unsigned i, const drawn_row &row) {
    const gli_augmentation &a = t.augmentation;
    const unsigned pixels     = unsigned(a.height) * a.width;
    const Unit *samples       = static_cast<const Unit *>(t.plain.samples);
    Unit *to                  = static_cast<Unit *>(t.plain.y) + int64_t(b) * a.channels * pixels;
    const int64_t plane       = int64_t(a.from_height) * a.from_width;
    int y = 0, x = 0;
    if (i >= pixels) return;
    const int which = gli_mask_source(&a, &row.two.mixture, row.two.drawn, int(i / a.width), int(i % a.width), &y, &x);
    for (int c = 0; c < a.channels; ++c) {
        const int64_t from = which < 0 ? 0 : row.sample[which] * t.plain.job.stride + c * plane;
        to[t.planes > 1 ? int64_t(i) * a.channels + c : int64_t(c) * pixels + i] =
            which < 0 ? static_cast<Unit>(t.fill) : samples[from + int64_t(y) * a.from_width + x];
    }
}

__device__ inline int64_t class_at(const augmenting &t, int64_t sample) {
    const int64_t at = sample * t.plain.job.stride;
    const int64_t label =
        t.wide ? static_cast<const int64_t *>(t.plain.samples)[at] : static_cast<const int32_t *>(t.plain.samples)[at];
    if (label < 0 || label >= t.classes) note_index(t.class_slot, sample, label);
    return label;
}

__device__ inline void make_share(const augmenting &t, int b, unsigned k, const drawn_row &row) {
    if (k >= unsigned(t.classes)) return;
    static_cast<float *>(t.plain.y)[int64_t(b) * t.classes + k] =
        gli_class_share(&row.two.mixture, k, class_at(t, row.sample[0]), class_at(t, row.sample[1]));
}

__device__ inline void mix_one(const augmenting &t, int b, unsigned i, const drawn_row &row) {
    const float *samples = static_cast<const float *>(t.plain.samples);
    if (i >= unsigned(t.elements)) return;
    const unsigned from                                          = t.plain.job.element(i);
    const float own                                              = samples[row.sample[0] * t.plain.job.stride + from];
    const float partner                                          = samples[row.sample[1] * t.plain.job.stride + from];
    static_cast<float *>(t.plain.y)[int64_t(b) * t.elements + i] = gli_mixed_number(&row.two.mixture, own, partner);
}

__device__ inline void make_box(const augmenting &t, int b, unsigned i, const drawn_row &row) {
    const float *samples = static_cast<const float *>(t.plain.samples);
    const int64_t at     = int64_t(i) * GLI_BOX_NUMBERS;
    if (at >= t.elements) return;
    gli_augmented_box(&t.augmentation, &row.two.drawn[0], samples + row.sample[0] * t.plain.job.stride + at,
                      static_cast<float *>(t.plain.y) + int64_t(b) * t.elements + at);
}

template <class Class>
__device__ inline void make_box_class(const augmenting &t, int b, unsigned i, const drawn_row &row) {
    const int64_t to = int64_t(b) * t.elements + i;
    if (i >= unsigned(t.elements)) return;
    static_cast<Class *>(t.plain.y)[to] =
        gli_is_box(t.boxes + to * GLI_BOX_NUMBERS)
            ? static_cast<const Class *>(t.plain.samples)[row.sample[0] * t.plain.job.stride + i]
            : Class(-1);
}

__device__ inline void make_one(const augmenting &t, int b, unsigned i, const drawn_row &row) {
    switch (t.role) {
        case GLIA_TAKE_PICTURE: make_pixel(t, b, i, row.two); break;
        case GLIA_TAKE_CLASSES: make_share(t, b, i, row); break;
        case GLIA_TAKE_MIXED: mix_one(t, b, i, row); break;
        case GLIA_TAKE_BOXES: make_box(t, b, i, row); break;
        case GLIA_TAKE_BOX_CLASSES:
            if (t.wide)
                make_box_class<int64_t>(t, b, i, row);
            else
                make_box_class<int32_t>(t, b, i, row);
            break;
        default:
            switch (t.size) {
                case 1: make_mask_pixel<uint8_t>(t, b, i, row); break;
                case 2: make_mask_pixel<uint16_t>(t, b, i, row); break;
                case 4: make_mask_pixel<uint32_t>(t, b, i, row); break;
                default: make_mask_pixel<uint64_t>(t, b, i, row); break;
            }
    }
}

__global__ void __launch_bounds__(BATCH_THREADS) augment_group_kernel(augmentings all) {
    __shared__ drawn_row row;
    int n = 0;
    while (n + 1 < all.count && blockIdx.x >= all.of[n + 1].first_block) ++n;
    const augmenting &t  = all.of[n];
    const unsigned block = blockIdx.x - t.first_block;
    if (t.role == GLIA_TAKE_PLAIN) {
        take_one(t.plain, block * BATCH_THREADS + threadIdx.x);
        return;
    }
    const unsigned b = block / t.blocks_per_row;
    if (threadIdx.x == 0) draw_row(t, int(b), &row);
    __syncthreads();
    make_one(t, int(b), (block - b * t.blocks_per_row) * BATCH_THREADS + threadIdx.x, row);
}

/* Of a row, for threads: pixels, classes, or elements. */
int work_of_row(const gli_take_batch_geom &g) {
    if (g.role == GLIA_TAKE_PICTURE || g.role == GLIA_TAKE_MASK) return g.augmentation.height * g.augmentation.width;
    return g.role == GLIA_TAKE_CLASSES ? g.classes : g.elements;
}

augmenting augmenting_of(const gli_take_batch_geom &g, const gli_take_batch_arrays &a) {
    taking plain = taking_of(g, a);
    if (g.role != GLIA_TAKE_PLAIN) plain.job = job_of(g, a, 1);
    return {plain,
            g.augmentation,
            g.role,
            g.elements,
            g.parts,
            g.classes,
            a.planes,
            a.size,
            a.wide,
            0,
            static_cast<unsigned>(blocks_for(work_of_row(g), BATCH_THREADS)),
            a.epoch,
            a.class_slot,
            a.boxes,
            a.fill};
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_augment_group(const gli_take_batch_geom *const *geoms, const gli_take_batch_arrays *arrays,
                                     int n, cudaStream_t stream) {
    glia::augmentings all = {};
    unsigned blocks       = 0;
    for (int i = 0; i < n; ++i) {
        glia::augmenting t    = glia::augmenting_of(*geoms[i], arrays[i]);
        t.first_block         = blocks;
        const unsigned of_row = t.role == GLIA_TAKE_PLAIN ? 0 : t.blocks_per_row * unsigned(geoms[i]->batch);
        blocks += t.role == GLIA_TAKE_PLAIN ? unsigned(glia::blocks_of(t.plain)) : of_row;
        all.of[all.count++] = t;
    }
    if (blocks == 0) return cudaSuccess;
    return GLI_LAUNCH(glia::augment_group_kernel, blocks, glia::BATCH_THREADS, 0, stream, all);
}

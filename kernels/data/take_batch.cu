/* Rows are moved in 16-byte units where that divides them. Through a table, four u8 become one 16-byte store; the
 * table, 1 KiB for each part, stays in the L1 cache. */
#include "kernels/data/take_batch_launch.h"

#include "kernels/device/divide.cuh"
#include "kernels/device/index_check.cuh"
#include "kernels/device/types.cuh"

namespace glia {
namespace {

enum { BATCH_THREADS = 256 };

struct batch_job {
    unsigned count; /* elements of y */
    int samples, stride, length, pixels;
    divisor elements, part, planes; /* elements: of a sample; part: of those for one row of the table */
    const int64_t *order, *position;
    unsigned long long *slot;

    /* The first element of the sample for row b. */
    __device__ int64_t sample(int b) const {
        const int64_t i = *position + b;
        if (i < 0 || i >= length) {
            note_index(slot, b, i);
            return 0;
        }
        const int64_t sample = order[i];
        if (sample >= 0 && sample < samples) return sample * stride;
        note_index(slot, i, sample);
        return 0;
    }
    /* Which element of the sample is element e of y. */
    __device__ unsigned element(unsigned e) const {
        if (planes.value == 1) return e;
        const unsigned pixel = planes.quotient(e);
        return (e - pixel * planes.value) * pixels + pixel;
    }
};

/* Element i of y. */
template <class Unit>
__device__ inline void copy_one(const batch_job &j, unsigned i, const Unit *samples, Unit *y) {
    if (i >= j.count) return;
    const unsigned b = j.elements.quotient(i), e = i - b * j.elements.value;
    y[i] = samples[j.sample(b) + j.element(e)];
}

__device__ inline void look_up_one(const batch_job &j, unsigned i, const uint8_t *samples, const float *table,
                                   float *y) {
    if (i >= j.count) return;
    const unsigned b = j.elements.quotient(i), e = j.element(i - b * j.elements.value);
    y[i] = table[j.part.quotient(e) * 256 + samples[j.sample(b) + e]];
}

struct alignas(4) four_bytes : gli_wide<four_bytes> {
    uint8_t at[4];
};

/* Four neighbours of a sample, from element i of y on. */
__device__ inline void look_up_four(const batch_job &j, unsigned i, const uint8_t *samples, const float *table,
                                    float *y) {
    if (i >= j.count) return;
    const unsigned b = j.elements.quotient(i), e = i - b * j.elements.value;
    const float *row    = table + j.part.quotient(e) * 256;
    const four_bytes in = *reinterpret_cast<const four_bytes *>(samples + j.sample(b) + e);
    vector<float> out;
    for (int k = 0; k < 4; ++k) out.at[k] = row[in.at[k]];
    *reinterpret_cast<vector<float> *>(y + i) = out;
}

template <class Unit>
__global__ void __launch_bounds__(BATCH_THREADS) copy_kernel(batch_job j, const Unit *samples, Unit *y) {
    copy_one(j, blockIdx.x * BATCH_THREADS + threadIdx.x, samples, y);
}

__global__ void __launch_bounds__(BATCH_THREADS)
    table_of_four_kernel(batch_job j, const uint8_t *samples, const float *table, float *y) {
    look_up_four(j, (blockIdx.x * BATCH_THREADS + threadIdx.x) * 4, samples, table, y);
}

__global__ void __launch_bounds__(BATCH_THREADS)
    table_kernel(batch_job j, const uint8_t *samples, const float *table, float *y) {
    look_up_one(j, blockIdx.x * BATCH_THREADS + threadIdx.x, samples, table, y);
}

/* What a thread does for its elements of y. */
enum way { COPY_1, COPY_2, COPY_4, COPY_8, COPY_16, LOOK_UP, LOOK_UP_4 };

struct taking {
    batch_job job;
    const void *samples;
    const float *table;
    void *y;
    way how;
    unsigned first_block;
};

/* The columns of a data set: images, labels. */
struct takings {
    taking of[GLI_TAKE_BATCH_GROUP];
    int count;
};

__global__ void __launch_bounds__(BATCH_THREADS) group_kernel(takings all) {
    int n = 0;
    while (n + 1 < all.count && blockIdx.x >= all.of[n + 1].first_block) ++n;
    const taking &t  = all.of[n];
    const unsigned i = (blockIdx.x - t.first_block) * BATCH_THREADS + threadIdx.x;
    const auto bytes = static_cast<const uint8_t *>(t.samples);
    switch (t.how) {
        case COPY_1: copy_one(t.job, i, bytes, static_cast<uint8_t *>(t.y)); break;
        case COPY_2: copy_one(t.job, i, static_cast<const uint16_t *>(t.samples), static_cast<uint16_t *>(t.y)); break;
        case COPY_4: copy_one(t.job, i, static_cast<const uint32_t *>(t.samples), static_cast<uint32_t *>(t.y)); break;
        case COPY_8: copy_one(t.job, i, static_cast<const uint64_t *>(t.samples), static_cast<uint64_t *>(t.y)); break;
        case COPY_16: copy_one(t.job, i, static_cast<const uint4 *>(t.samples), static_cast<uint4 *>(t.y)); break;
        case LOOK_UP: look_up_one(t.job, i, bytes, t.table, static_cast<float *>(t.y)); break;
        case LOOK_UP_4: look_up_four(t.job, i * 4, bytes, t.table, static_cast<float *>(t.y)); break;
    }
}

/* In units of so many elements. */
batch_job job_of(const gli_take_batch_geom &g, const gli_take_batch_arrays &a, int unit) {
    const int elements = g.elements / unit, parts = g.parts > 0 ? g.parts : 1, planes = a.planes > 1 ? a.planes : 1;
    return {static_cast<unsigned>(g.batch) * elements,
            g.samples,
            a.stride / unit,
            g.length,
            elements / planes,
            divide_by(elements),
            divide_by(elements / parts),
            divide_by(planes),
            a.order,
            a.position,
            a.slot};
}

way way_of_copy(const gli_take_batch_geom &g, const gli_take_batch_arrays &a) {
    const bool whole = int64_t(g.elements) * a.size % 16 == 0 && int64_t(a.stride) * a.size % 16 == 0;
    if (a.planes <= 1 && whole && aligned16(a.samples) && aligned16(a.y)) return COPY_16;
    return a.size == 1 ? COPY_1 : a.size == 2 ? COPY_2 : a.size == 4 ? COPY_4 : COPY_8;
}

way way_of_look_up(const gli_take_batch_geom &g, const gli_take_batch_arrays &a) {
    const bool whole = g.elements / g.parts % 4 == 0 && a.stride % 4 == 0;
    const bool fours = a.planes <= 1 && whole && aligned16(a.y) && reinterpret_cast<uintptr_t>(a.samples) % 4 == 0;
    return fours ? LOOK_UP_4 : LOOK_UP;
}

taking taking_of(const gli_take_batch_geom &g, const gli_take_batch_arrays &a) {
    const way how  = a.table ? way_of_look_up(g, a) : way_of_copy(g, a);
    const int unit = how == COPY_16 ? 16 / a.size : 1;
    return {job_of(g, a, unit), a.samples, a.table, a.y, how, 0};
}

int blocks_of(const taking &t) { return blocks_for(t.how == LOOK_UP_4 ? t.job.count / 4 : t.job.count, BATCH_THREADS); }

template <class Unit>
cudaError_t copy(const taking &t, cudaStream_t stream) {
    return GLI_LAUNCH(copy_kernel<Unit>, blocks_of(t), BATCH_THREADS, 0, stream, t.job,
                      static_cast<const Unit *>(t.samples), static_cast<Unit *>(t.y));
}

cudaError_t look_up(const taking &t, cudaStream_t stream) {
    const auto *bytes = static_cast<const uint8_t *>(t.samples);
    float *y          = static_cast<float *>(t.y);
    if (t.how == LOOK_UP_4)
        return GLI_LAUNCH(table_of_four_kernel, blocks_of(t), BATCH_THREADS, 0, stream, t.job, bytes, t.table, y);
    return GLI_LAUNCH(table_kernel, blocks_of(t), BATCH_THREADS, 0, stream, t.job, bytes, t.table, y);
}

cudaError_t take(const taking &t, cudaStream_t stream) {
    switch (t.how) {
        case COPY_1: return copy<uint8_t>(t, stream);
        case COPY_2: return copy<uint16_t>(t, stream);
        case COPY_4: return copy<uint32_t>(t, stream);
        case COPY_8: return copy<uint64_t>(t, stream);
        case COPY_16: return copy<uint4>(t, stream);
        default: return look_up(t, stream);
    }
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_take_batch(const gli_take_batch_geom *geom, const gli_take_batch_arrays *arrays,
                                  cudaStream_t stream) {
    return geom->elements == 0 ? cudaSuccess : glia::take(glia::taking_of(*geom, *arrays), stream);
}

cudaError_t gli_kernel_take_batch_group(const gli_take_batch_geom *const *geoms, const gli_take_batch_arrays *arrays,
                                        int n, cudaStream_t stream) {
    glia::takings all = {};
    unsigned blocks   = 0;
    for (all.count = 0; all.count < n; ++all.count) {
        glia::taking &t = all.of[all.count];
        t               = glia::taking_of(*geoms[all.count], arrays[all.count]);
        t.first_block   = blocks;
        blocks += static_cast<unsigned>(glia::blocks_of(t));
    }
    return GLI_LAUNCH(glia::group_kernel, blocks, glia::BATCH_THREADS, 0, stream, all);
}

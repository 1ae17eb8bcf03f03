/* Rows are moved in 16-byte units where that divides them. Through a table, four u8 become one 16-byte store; the
 * table, 1 KiB for each part, stays in the L1 cache. */
#include "kernels/data/take_batch_launch.h"

#include "kernels/device/index_check.cuh"
#include "kernels/device/types.cuh"

namespace glia {
namespace {

enum { BATCH_THREADS = 256 };

struct batch_job {
    int samples, elements, stride, length, batch, parts, planes;
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
    __device__ int element(int e) const { return planes > 1 ? e % planes * (elements / planes) + e / planes : e; }
};

template <class Unit>
__global__ void __launch_bounds__(BATCH_THREADS) copy_kernel(batch_job j, const Unit *samples, Unit *y) {
    const int64_t i = int64_t(blockIdx.x) * BATCH_THREADS + threadIdx.x;
    if (i >= int64_t(j.batch) * j.elements) return;
    const int b = static_cast<int>(i / j.elements), e = static_cast<int>(i % j.elements);
    y[i] = samples[j.sample(b) + j.element(e)];
}

struct alignas(4) four_bytes : gli_wide<four_bytes> {
    uint8_t at[4];
};

/* Four neighbours of a sample. */
__global__ void __launch_bounds__(BATCH_THREADS)
    table_of_four_kernel(batch_job j, const uint8_t *samples, const float *table, float *y) {
    const int64_t i = (int64_t(blockIdx.x) * BATCH_THREADS + threadIdx.x) * 4;
    if (i >= int64_t(j.batch) * j.elements) return;
    const int b = static_cast<int>(i / j.elements), e = static_cast<int>(i % j.elements);
    const float *row    = table + e / (j.elements / j.parts) * 256;
    const four_bytes in = *reinterpret_cast<const four_bytes *>(samples + j.sample(b) + e);
    vector<float> out;
    for (int k = 0; k < 4; ++k) out.at[k] = row[in.at[k]];
    *reinterpret_cast<vector<float> *>(y + i) = out;
}

__global__ void __launch_bounds__(BATCH_THREADS)
    table_kernel(batch_job j, const uint8_t *samples, const float *table, float *y) {
    const int64_t i = int64_t(blockIdx.x) * BATCH_THREADS + threadIdx.x;
    if (i >= int64_t(j.batch) * j.elements) return;
    const int b = static_cast<int>(i / j.elements), e = j.element(static_cast<int>(i % j.elements));
    y[i] = table[e / (j.elements / j.parts) * 256 + samples[j.sample(b) + e]];
}

batch_job job_of(const gli_take_batch_geom &g, const gli_take_batch_arrays &a) {
    return {g.samples, g.elements, a.stride, g.length, g.batch, g.parts, a.planes, a.order, a.position, a.slot};
}

template <class Unit>
cudaError_t copy(const gli_take_batch_geom &g, const gli_take_batch_arrays &a, cudaStream_t stream) {
    const int elements = static_cast<int>(sizeof(Unit)) / a.size; /* in a unit */
    batch_job j        = job_of(g, a);
    j.elements /= elements, j.stride /= elements;
    const int blocks = blocks_for(int64_t(j.batch) * j.elements, BATCH_THREADS);
    return GLI_LAUNCH(copy_kernel<Unit>, blocks, BATCH_THREADS, 0, stream, j, static_cast<const Unit *>(a.samples),
                      static_cast<Unit *>(a.y));
}

cudaError_t copy_any(const gli_take_batch_geom &g, const gli_take_batch_arrays &a, cudaStream_t stream) {
    const bool whole = int64_t(g.elements) * a.size % 16 == 0 && int64_t(a.stride) * a.size % 16 == 0;
    const bool wide  = a.planes <= 1 && whole && aligned16(a.samples) && aligned16(a.y);
    if (wide) return copy<uint4>(g, a, stream);
    switch (a.size) {
        case 1: return copy<uint8_t>(g, a, stream);
        case 2: return copy<uint16_t>(g, a, stream);
        case 4: return copy<uint32_t>(g, a, stream);
        case 8: return copy<uint64_t>(g, a, stream);
        default: return cudaErrorInvalidValue;
    }
}

cudaError_t look_up(const gli_take_batch_geom &g, const gli_take_batch_arrays &a, cudaStream_t stream) {
    const auto *bytes   = static_cast<const uint8_t *>(a.samples);
    const int64_t count = int64_t(g.batch) * g.elements;
    const bool whole    = g.elements / g.parts % 4 == 0 && a.stride % 4 == 0;
    const bool fours    = a.planes <= 1 && whole && aligned16(a.y) && reinterpret_cast<uintptr_t>(bytes) % 4 == 0;
    const int threads   = BATCH_THREADS;
    if (fours)
        return GLI_LAUNCH(table_of_four_kernel, blocks_for(count / 4, threads), threads, 0, stream, job_of(g, a), bytes,
                          a.table, static_cast<float *>(a.y));
    return GLI_LAUNCH(table_kernel, blocks_for(count, threads), threads, 0, stream, job_of(g, a), bytes, a.table,
                      static_cast<float *>(a.y));
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_take_batch(const gli_take_batch_geom *geom, const gli_take_batch_arrays *arrays,
                                  cudaStream_t stream) {
    return arrays->table ? glia::look_up(*geom, *arrays, stream) : glia::copy_any(*geom, *arrays, stream);
}

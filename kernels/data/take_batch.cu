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

template <class Unit>
__global__ void __launch_bounds__(BATCH_THREADS) copy_kernel(batch_job j, const Unit *samples, Unit *y) {
    const unsigned i = blockIdx.x * BATCH_THREADS + threadIdx.x;
    if (i >= j.count) return;
    const unsigned b = j.elements.quotient(i), e = i - b * j.elements.value;
    y[i] = samples[j.sample(b) + j.element(e)];
}

struct alignas(4) four_bytes : gli_wide<four_bytes> {
    uint8_t at[4];
};

/* Four neighbours of a sample. */
__global__ void __launch_bounds__(BATCH_THREADS)
    table_of_four_kernel(batch_job j, const uint8_t *samples, const float *table, float *y) {
    const unsigned i = (blockIdx.x * BATCH_THREADS + threadIdx.x) * 4;
    if (i >= j.count) return;
    const unsigned b = j.elements.quotient(i), e = i - b * j.elements.value;
    const float *row    = table + j.part.quotient(e) * 256;
    const four_bytes in = *reinterpret_cast<const four_bytes *>(samples + j.sample(b) + e);
    vector<float> out;
    for (int k = 0; k < 4; ++k) out.at[k] = row[in.at[k]];
    *reinterpret_cast<vector<float> *>(y + i) = out;
}

__global__ void __launch_bounds__(BATCH_THREADS)
    table_kernel(batch_job j, const uint8_t *samples, const float *table, float *y) {
    const unsigned i = blockIdx.x * BATCH_THREADS + threadIdx.x;
    if (i >= j.count) return;
    const unsigned b = j.elements.quotient(i), e = j.element(i - b * j.elements.value);
    y[i] = table[j.part.quotient(e) * 256 + samples[j.sample(b) + e]];
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

template <class Unit>
cudaError_t copy(const gli_take_batch_geom &g, const gli_take_batch_arrays &a, cudaStream_t stream) {
    const batch_job j = job_of(g, a, static_cast<int>(sizeof(Unit)) / a.size);
    return GLI_LAUNCH(copy_kernel<Unit>, blocks_for(j.count, BATCH_THREADS), BATCH_THREADS, 0, stream, j,
                      static_cast<const Unit *>(a.samples), static_cast<Unit *>(a.y));
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
    const auto *bytes = static_cast<const uint8_t *>(a.samples);
    const batch_job j = job_of(g, a, 1);
    const bool whole  = g.elements / g.parts % 4 == 0 && a.stride % 4 == 0;
    const bool fours  = a.planes <= 1 && whole && aligned16(a.y) && reinterpret_cast<uintptr_t>(bytes) % 4 == 0;
    const int threads = BATCH_THREADS;
    if (fours)
        return GLI_LAUNCH(table_of_four_kernel, blocks_for(j.count / 4, threads), threads, 0, stream, j, bytes, a.table,
                          static_cast<float *>(a.y));
    return GLI_LAUNCH(table_kernel, blocks_for(j.count, threads), threads, 0, stream, j, bytes, a.table,
                      static_cast<float *>(a.y));
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_take_batch(const gli_take_batch_geom *geom, const gli_take_batch_arrays *arrays,
                                  cudaStream_t stream) {
    if (geom->elements == 0) return cudaSuccess;
    return arrays->table ? glia::look_up(*geom, *arrays, stream) : glia::copy_any(*geom, *arrays, stream);
}

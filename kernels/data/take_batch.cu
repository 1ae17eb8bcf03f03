/* take_batch moves whole 16-byte units where rows allow it. Through a table, four u8 become one 16-byte store; the
 * table, 1 KiB a part, stays in the first-level cache. */
#include "kernels/data/take_batch_launch.h"

#include "kernels/device/index_check.cuh"
#include "kernels/device/types.cuh"

namespace glia {
namespace {

enum { BATCH_THREADS = 256 };

struct order {
    const int64_t *place, *position;
    unsigned long long *slot;

    /* The sample for row b. */
    __device__ int64_t at(const gli_batch_geom &g, int b) const {
        const int64_t i = *position + b;
        if (i < 0 || i >= g.length) {
            note_index(slot, b, i);
            return 0;
        }
        const int64_t sample = place[i];
        if (sample >= 0 && sample < g.samples) return sample;
        note_index(slot, i, sample);
        return 0;
    }
};

/* Which element of the sample stands at place j of y. */
__device__ inline int element_at(const gli_batch_geom &g, int j) {
    return g.planes > 1 ? j % g.planes * (g.elements / g.planes) + j / g.planes : j;
}

template <class Unit>
__global__ void __launch_bounds__(BATCH_THREADS)
    copy_kernel(gli_batch_geom g, const Unit *samples, order from, Unit *y) {
    const int64_t i = int64_t(blockIdx.x) * BATCH_THREADS + threadIdx.x;
    if (i >= int64_t(g.batch) * g.elements) return;
    const int b = static_cast<int>(i / g.elements), j = static_cast<int>(i % g.elements);
    y[i] = samples[from.at(g, b) * g.stride + element_at(g, j)];
}

struct alignas(4) four_bytes : gli_wide<four_bytes> {
    uint8_t at[4];
};

__global__ void __launch_bounds__(BATCH_THREADS)
    four_kernel(gli_batch_geom g, const uint8_t *samples, order from, const float *table, float *y) {
    const int64_t i = (int64_t(blockIdx.x) * BATCH_THREADS + threadIdx.x) * 4;
    if (i >= int64_t(g.batch) * g.elements) return;
    const int b = static_cast<int>(i / g.elements), e = static_cast<int>(i % g.elements);
    const float *row    = table + e / (g.elements / g.parts) * 256;
    const four_bytes in = *reinterpret_cast<const four_bytes *>(samples + from.at(g, b) * g.stride + e);
    vector<float> out;
    for (int k = 0; k < 4; ++k) out.at[k] = row[in.at[k]];
    *reinterpret_cast<vector<float> *>(y + i) = out;
}

__global__ void __launch_bounds__(BATCH_THREADS)
    table_kernel(gli_batch_geom g, const uint8_t *samples, order from, const float *table, float *y) {
    const int64_t i = int64_t(blockIdx.x) * BATCH_THREADS + threadIdx.x;
    if (i >= int64_t(g.batch) * g.elements) return;
    const int b = static_cast<int>(i / g.elements), e = element_at(g, static_cast<int>(i % g.elements));
    y[i] = table[e / (g.elements / g.parts) * 256 + samples[from.at(g, b) * g.stride + e]];
}

template <class Unit>
cudaError_t copy(gli_batch_geom g, const void *samples, const order &from, void *y, cudaStream_t stream) {
    const int unit   = static_cast<int>(sizeof(Unit)) / g.size;
    g.elements       = g.elements / unit;
    g.stride         = g.stride / unit;
    const int blocks = blocks_for(int64_t(g.batch) * g.elements, BATCH_THREADS);
    return GLI_LAUNCH(copy_kernel<Unit>, blocks, BATCH_THREADS, 0, stream, g, static_cast<const Unit *>(samples), from,
                      static_cast<Unit *>(y));
}

cudaError_t copy_any(const gli_batch_geom &g, const void *samples, const order &from, void *y, cudaStream_t stream) {
    const bool whole = int64_t(g.elements) * g.size % 16 == 0 && int64_t(g.stride) * g.size % 16 == 0;
    const bool wide  = g.planes <= 1 && whole && aligned16(samples) && aligned16(y);
    if (wide) return copy<uint4>(g, samples, from, y, stream);
    switch (g.size) {
        case 1: return copy<uint8_t>(g, samples, from, y, stream);
        case 2: return copy<uint16_t>(g, samples, from, y, stream);
        case 4: return copy<uint32_t>(g, samples, from, y, stream);
        case 8: return copy<uint64_t>(g, samples, from, y, stream);
        default: return cudaErrorInvalidValue;
    }
}

}  // namespace
}  // namespace glia

cudaError_t gli_kernel_take_batch(const gli_batch_geom *geom, const void *samples, const int64_t *order,
                                  const int64_t *position, const float *table, void *y, unsigned long long *slot,
                                  cudaStream_t stream) {
    const glia::order from = {order, position, slot};
    if (!table) return glia::copy_any(*geom, samples, from, y, stream);
    const int64_t count = int64_t(geom->batch) * geom->elements;
    const auto *bytes   = static_cast<const uint8_t *>(samples);
    const bool whole    = geom->elements / geom->parts % 4 == 0 && geom->stride % 4 == 0;
    const bool fours =
        geom->planes <= 1 && whole && glia::aligned16(y) && reinterpret_cast<uintptr_t>(samples) % 4 == 0;
    const int threads = glia::BATCH_THREADS;
    if (fours)
        return GLI_LAUNCH(glia::four_kernel, glia::blocks_for(count / 4, threads), threads, 0, stream, *geom, bytes,
                          from, table, static_cast<float *>(y));
    return GLI_LAUNCH(glia::table_kernel, glia::blocks_for(count, threads), threads, 0, stream, *geom, bytes, from,
                      table, static_cast<float *>(y));
}

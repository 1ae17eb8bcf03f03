/* Batches of samples as they are: take_batch.cuh has what a thread does. */
#include "kernels/data/take_batch.cuh"

namespace glia {
namespace {

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

/* The columns of a data set: images, labels. */
struct takings {
    taking of[GLI_TAKE_BATCH_GROUP];
    unsigned first_block[GLI_TAKE_BATCH_GROUP];
    int count;
};

__global__ void __launch_bounds__(BATCH_THREADS) group_kernel(takings all) {
    int n = 0;
    while (n + 1 < all.count && blockIdx.x >= all.first_block[n + 1]) ++n;
    take_one(all.of[n], (blockIdx.x - all.first_block[n]) * BATCH_THREADS + threadIdx.x);
}

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
    if (geom->elements == 0) return cudaSuccess;
    if (geom->role != GLIA_TAKE_PLAIN) return gli_kernel_augment_group(&geom, arrays, 1, stream);
    return glia::take(glia::taking_of(*geom, *arrays), stream);
}

cudaError_t gli_kernel_take_batch_group(const gli_take_batch_geom *const *geoms, const gli_take_batch_arrays *arrays,
                                        int n, cudaStream_t stream) {
    glia::takings all = {};
    unsigned blocks   = 0;
    for (int i = 0; i < n; ++i)
        if (geoms[i]->role != GLIA_TAKE_PLAIN) return gli_kernel_augment_group(geoms, arrays, n, stream);
    for (all.count = 0; all.count < n; ++all.count) {
        glia::taking &t            = all.of[all.count];
        t                          = glia::taking_of(*geoms[all.count], arrays[all.count]);
        all.first_block[all.count] = blocks;
        blocks += static_cast<unsigned>(glia::blocks_of(t));
    }
    return GLI_LAUNCH(glia::group_kernel, blocks, glia::BATCH_THREADS, 0, stream, all);
}

#include "emulator/launch_limits.h"

#include <algorithm>
#include <map>

#include "emulator/emulated_gpu.h"
#include "emulator/gpu_error.h"
#include "emulator/settings.h"

namespace emulator {

namespace {

// The dynamic shared memory that kernels have asked for beyond the default.
std::map<const void *, size_t> opted_in;

cudaError_t check_block(const Launch &kernel) {
    dim3 block             = kernel.block;
    unsigned long long all = 1ull * block.x * block.y * block.z;
    bool fits = block.x <= MAX_THREADS && block.y <= MAX_THREADS && block.z <= MAX_BLOCK_Z && all <= MAX_THREADS;
    if (all > 0 && fits) return cudaSuccess;
    return refuse(cudaErrorInvalidConfiguration,
                  "kernel %s: a block of %ux%ux%u threads; it has 1 to %u threads, at most %u of them in z",
                  kernel.name, block.x, block.y, block.z, MAX_THREADS, MAX_BLOCK_Z);
}

cudaError_t check_grid(const Launch &kernel) {
    dim3 grid = kernel.grid;
    bool some = grid.x > 0 && grid.y > 0 && grid.z > 0;
    if (some && grid.x <= MAX_GRID_X && grid.y <= MAX_GRID_YZ && grid.z <= MAX_GRID_YZ) return cudaSuccess;
    return refuse(cudaErrorInvalidConfiguration,
                  "kernel %s: a grid of %ux%ux%u blocks; it has 1 to %u in x, to %u in y, z", kernel.name, grid.x,
                  grid.y, grid.z, MAX_GRID_X, MAX_GRID_YZ);
}

unsigned blocks_of_a_multiprocessor(const void *function, unsigned threads, size_t shared_bytes) {
    const size_t shared    = static_shared_bytes(function) + shared_bytes + RESERVED_SHARED_BYTES;
    const size_t by_shared = MULTIPROCESSOR_SHARED_BYTES / shared;
    return std::min({MULTIPROCESSOR_THREADS / threads, static_cast<unsigned>(by_shared), MULTIPROCESSOR_BLOCKS});
}

// Of dynamic shared memory alone.
size_t shared_limit(const void *function) {
    auto found = opted_in.find(function);
    return found != opted_in.end() ? found->second : SHARED_BYTES;
}

cudaError_t check_shared(const Launch &kernel) {
    const size_t fixed = static_shared_bytes(kernel.function), whole = whole_shared_limit(kernel.function);
    if (kernel.shared_bytes > shared_limit(kernel.function))
        return refuse(cudaErrorInvalidValue, "kernel %s: %zu bytes of dynamic shared memory; %zu are allowed",
                      kernel.name, kernel.shared_bytes, shared_limit(kernel.function));
    if (fixed + kernel.shared_bytes > whole)
        return refuse(cudaErrorInvalidValue,
                      "kernel %s: %zu bytes of static and %zu of dynamic shared memory; %zu are allowed", kernel.name,
                      fixed, kernel.shared_bytes, whole);
    return cudaSuccess;
}

cudaError_t check_cooperative(const Launch &kernel) {
    unsigned long long all = 1ull * kernel.grid.x * kernel.grid.y * kernel.grid.z;
    unsigned threads       = kernel.block.x * kernel.block.y * kernel.block.z;
    unsigned long long fit =
        1ull * MULTIPROCESSORS * blocks_of_a_multiprocessor(kernel.function, threads, kernel.shared_bytes);
    if (!kernel.cooperative || all <= fit) return cudaSuccess;
    return refuse(cudaErrorCooperativeLaunchTooLarge,
                  "kernel %s: a cooperative launch of %llu blocks; %llu of them can be there at once", kernel.name, all,
                  fit);
}

unsigned long long clusters_at_once(const void *function, unsigned cluster, unsigned threads, size_t shared_bytes) {
    return 1ull * MULTIPROCESSORS * blocks_of_a_multiprocessor(function, threads, shared_bytes) / cluster;
}

cudaError_t check_cluster(const Launch &kernel) {
    if (kernel.cluster < 1 || kernel.cluster > settings().cluster)
        return refuse(cudaErrorInvalidClusterSize, "kernel %s: clusters of %u blocks; the GPU has clusters of up to %u",
                      kernel.name, kernel.cluster, static_cast<unsigned>(settings().cluster));
    if (kernel.cluster == 1) return cudaSuccess;
    if (kernel.grid.x % kernel.cluster != 0)
        return refuse(cudaErrorInvalidClusterSize, "kernel %s: %u blocks along x are no multiple of a cluster of %u",
                      kernel.name, kernel.grid.x, kernel.cluster);
    if (kernel.cooperative)
        return refuse(cudaErrorNotSupported, "kernel %s: the emulator has no clusters in cooperative launches",
                      kernel.name);
    const unsigned threads = kernel.block.x * kernel.block.y * kernel.block.z;
    if (clusters_at_once(kernel.function, kernel.cluster, threads, kernel.shared_bytes) > 0) return cudaSuccess;
    return refuse(cudaErrorLaunchOutOfResources,
                  "kernel %s: a cluster of %u blocks with %zu bytes of dynamic shared memory each does not fit",
                  kernel.name, kernel.cluster, kernel.shared_bytes);
}

}  // namespace

size_t whole_shared_limit(const void *function) {
    return opted_in.count(function) > 0 ? settings().shared : SHARED_BYTES;
}

cudaError_t check_launch(const Launch &kernel) {
    cudaError_t error = check_block(kernel);
    if (error == cudaSuccess) error = check_grid(kernel);
    if (error == cudaSuccess) error = check_shared(kernel);
    if (error != cudaSuccess) return error;
    if (kernel.parameter_bytes > PARAMETER_BYTES)
        return refuse(cudaErrorInvalidValue, "kernel %s: %zu bytes of parameters; %zu are allowed", kernel.name,
                      kernel.parameter_bytes, PARAMETER_BYTES);
    error = check_cooperative(kernel);
    return error == cudaSuccess ? check_cluster(kernel) : error;
}

cudaError_t cluster_of(const cudaLaunchConfig_t &config, unsigned *blocks) {
    *blocks = 1;
    for (unsigned i = 0; i < config.numAttrs; i++) {
        const cudaLaunchAttribute &attribute = config.attrs[i];
        const auto &size                     = attribute.val.clusterDim;
        if (attribute.id != cudaLaunchAttributeClusterDimension)
            return refuse(cudaErrorInvalidValue, "the emulator has no launch attribute %d", attribute.id);
        if (size.x < 1 || size.y != 1 || size.z != 1)
            return refuse(cudaErrorInvalidClusterSize, "clusters of %ux%ux%u blocks; those of the emulator are along x",
                          size.x, size.y, size.z);
        *blocks = size.x;
    }
    return cudaSuccess;
}

void reset_launch_limits() { opted_in.clear(); }

}  // namespace emulator

using namespace emulator;

cudaError_t cudaFuncSetAttribute(const void *function, cudaFuncAttribute attribute, int value) {
    return api_call([=] {
        if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize)
            return refuse(cudaErrorInvalidValue, "the emulator has no function attribute %d", attribute);
        const size_t most = settings().shared - std::min(settings().shared, static_shared_bytes(function));
        if (value < 0 || static_cast<size_t>(value) > most)
            return refuse(cudaErrorInvalidValue, "%d bytes of dynamic shared memory; a block has at most %zu", value,
                          most);
        opted_in[function] = static_cast<size_t>(value);
        return cudaSuccess;
    });
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, const void *function) {
    return api_call([=] {
        *attributes                           = {};
        attributes->sharedSizeBytes           = static_shared_bytes(function);
        attributes->maxThreadsPerBlock        = MAX_THREADS;
        attributes->numRegs                   = 32;
        attributes->ptxVersion                = 90;
        attributes->binaryVersion             = 90;
        attributes->maxDynamicSharedSizeBytes = static_cast<int>(shared_limit(function));
        return cudaSuccess;
    });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *function, int threads,
                                                          size_t shared_bytes) {
    return api_call([=] {
        if (threads < 1) return refuse(cudaErrorInvalidValue, "blocks of %d threads", threads);
        const auto count = static_cast<unsigned>(threads);
        const bool fits  = count <= MAX_THREADS && shared_bytes <= shared_limit(function);
        *blocks          = fits ? static_cast<int>(blocks_of_a_multiprocessor(function, count, shared_bytes)) : 0;
        return cudaSuccess;
    });
}

cudaError_t cudaOccupancyMaxActiveClusters(int *clusters, const void *function, const cudaLaunchConfig_t *config) {
    return api_call([=] {
        unsigned cluster;
        cudaError_t error = cluster_of(*config, &cluster);
        if (error != cudaSuccess) return error;
        if (cluster > settings().cluster)
            return refuse(cudaErrorInvalidClusterSize, "clusters of %u blocks; the GPU has clusters of up to %u",
                          cluster, static_cast<unsigned>(settings().cluster));
        const unsigned threads = config->blockDim.x * config->blockDim.y * config->blockDim.z;
        const size_t shared    = config->dynamicSmemBytes;
        const bool fits        = threads > 0 && threads <= MAX_THREADS && shared <= shared_limit(function);
        *clusters              = fits ? static_cast<int>(clusters_at_once(function, cluster, threads, shared)) : 0;
        return cudaSuccess;
    });
}

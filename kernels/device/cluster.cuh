// Thread-block clusters, from compute capability 9.0 on: a launch by GLI_LAUNCH_CLUSTERS in which each `cluster`
// neighbouring blocks along x run at once and can store into each other's shared memory. A cluster of 1 is an ordinary
// launch.
//
// The cluster's barrier has two halves: what a thread did before gli_cluster_arrive is visible to a thread behind
// gli_cluster_wait, which waits until all threads of the cluster have arrived; each thread calls one after the other.
// Before its first store into another block a thread has passed the barrier, so that the block has begun, and a block
// passes it again before it ends. Shared memory of such kernels is dynamic only, because the emulator gives only that
// to each block.
#ifndef GLI_KERNELS_DEVICE_CLUSTER_CUH
#define GLI_KERNELS_DEVICE_CLUSTER_CUH

#include "kernels/device/cuda.cuh"

enum { CLUSTER_BLOCKS = 8 };  // that every GPU with clusters allows

#ifdef __CUDACC__

// What older GPUs, which have no clusters, are never asked for.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 900
#define GLI_CLUSTER_ASM(...) __trap()
#else
#define GLI_CLUSTER_ASM(...) asm volatile(__VA_ARGS__)
#endif

// Of the block in its cluster.
__device__ inline unsigned gli_cluster_rank() {
    unsigned rank = 0;
    GLI_CLUSTER_ASM("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}

// All threads of a warp call these together.
__device__ inline void gli_cluster_arrive() {
    GLI_CLUSTER_ASM("barrier.cluster.arrive.release.aligned;" :: : "memory");
}
__device__ inline void gli_cluster_wait() { GLI_CLUSTER_ASM("barrier.cluster.wait.acquire.aligned;" :: : "memory"); }

// The address for st.shared::cluster of what block `rank` has where this one has `shared`.
__device__ inline unsigned gli_cluster_address(const void *shared, unsigned rank) {
    unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(shared));
    GLI_CLUSTER_ASM("mapa.shared::cluster.u32 %0, %0, %1;" : "+r"(address) : "r"(rank));
    return address;
}

__device__ inline void gli_cluster_store(float *shared, unsigned rank, float value) {
    const unsigned address = gli_cluster_address(shared, rank);
    GLI_CLUSTER_ASM("st.shared::cluster.f32 [%0], %1;" ::"r"(address), "f"(value) : "memory");
}

__device__ inline void gli_cluster_store(double *shared, unsigned rank, double value) {
    const unsigned address = gli_cluster_address(shared, rank);
    GLI_CLUSTER_ASM("st.shared::cluster.f64 [%0], %1;" ::"r"(address), "d"(value) : "memory");
}

#endif

// A launch in clusters, as CUDA's functions with attributes take it.
struct gli_cluster_config : cudaLaunchConfig_t {
    gli_cluster_config(unsigned cluster, dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream)
        : cudaLaunchConfig_t(), attribute_() {
        attribute_.id             = cudaLaunchAttributeClusterDimension;
        attribute_.val.clusterDim = {cluster, 1, 1};
        gridDim                   = grid;
        blockDim                  = block;
        dynamicSmemBytes          = shared_bytes;
        this->stream              = stream;
        attrs                     = &attribute_;
        numAttrs                  = cluster > 1;
    }
    gli_cluster_config(const gli_cluster_config &)            = delete;
    gli_cluster_config &operator=(const gli_cluster_config &) = delete;

   private:
    cudaLaunchAttribute attribute_;
};

// *fits: whether the current device can launch the kernel in clusters of so many blocks: it has clusters, the code that
// it runs was compiled for them, and there is room for one.
inline cudaError_t gli_cluster_fits(const void *kernel, unsigned cluster, unsigned threads, size_t shared_bytes,
                                    bool *fits) {
    int device = 0, has = 0, clusters = 0;
    cudaFuncAttributes code = {};
    *fits                   = false;
    cudaError_t error       = cudaGetDevice(&device);
    if (error == cudaSuccess) error = cudaDeviceGetAttribute(&has, cudaDevAttrClusterLaunch, device);
    if (error == cudaSuccess && has) error = cudaFuncGetAttributes(&code, kernel);
    if (error != cudaSuccess || !has || code.ptxVersion < 90) return error;
    error = gli_allow_shared_memory(kernel, shared_bytes);
    if (error != cudaSuccess) return error;
    const gli_cluster_config config(cluster, cluster, threads, shared_bytes, nullptr);
    error = cudaOccupancyMaxActiveClusters(&clusters, kernel, &config);
    *fits = error == cudaSuccess && clusters > 0;
    return error;
}

#ifdef __CUDACC__

template <typename... Parameters>
const void *gli_address(void (*kernel)(Parameters...)) {
    return reinterpret_cast<const void *>(kernel);
}

template <typename... Parameters>
cudaError_t gli_launch_clusters(void (*kernel)(Parameters...), unsigned cluster, dim3 grid, dim3 block,
                                size_t shared_bytes, cudaStream_t stream,
                                typename gli_same<Parameters>::type... arguments) {
    const void *function = gli_address(kernel);
    cudaError_t allowed  = gli_allow_shared_memory(function, shared_bytes);
    if (allowed != cudaSuccess) return allowed;
    void *addresses[] = {const_cast<void *>(static_cast<const void *>(&arguments))..., nullptr};
    const gli_cluster_config config(cluster, grid, block, shared_bytes, stream);
    return cudaLaunchKernelExC(&config, function, addresses);
}

#define GLI_LAUNCH_CLUSTERS(kernel, cluster, grid, block, shared_bytes, ...) \
    gli_launch_clusters(kernel, cluster, grid, block, shared_bytes, __VA_ARGS__)

#else

#include "emulator/cluster.h"

template <typename... Parameters>
const void *gli_address(void (*kernel)(Parameters...)) {
    return emulator::address(kernel);
}

#define GLI_LAUNCH_CLUSTERS(kernel, cluster, grid, block, shared_bytes, ...)         \
    (gli_allow_shared_memory(emulator::address(kernel), shared_bytes) != cudaSuccess \
         ? cudaPeekAtLastError()                                                     \
         : emulator::launch_as({false, unsigned(cluster)}, #kernel, kernel, grid, block, shared_bytes, __VA_ARGS__))

#endif
#endif

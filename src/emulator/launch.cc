#include "emulator/launch.h"

#include <cstdlib>
#include <cstring>

#include "emulator/block.h"
#include "emulator/gpu_error.h"
#include "emulator/kernel.h"
#include "emulator/launch_limits.h"
#include "emulator/settings.h"
#include "emulator/shadow_memory.h"
#include "emulator/stream.h"

namespace emulator {

namespace {

bool have_threads(unsigned count) {
    while (running.threads.size() < count) running.threads.push_back(std::make_unique<Thread>());
    running.thread_count = count;
    return true;
}

// Unwritten shared memory reads as NaN.
void run_blocks(const Kernel &kernel) {
    size_t count = size_t{kernel.grid.x} * kernel.grid.y * kernel.grid.z;
    std::vector<uint32_t> order;
    schedule_order(order, count);
    for (uint32_t i : order) {
        if (running.dynamic_shared != nullptr) memset(running.dynamic_shared, 0xFF, kernel.shared_bytes);
        if (!run_block({i % kernel.grid.x, i / kernel.grid.x % kernel.grid.y, i / kernel.grid.x / kernel.grid.y}))
            return;
    }
}

void run_kernel(const Kernel &kernel) {
    if (lost_error() != cudaSuccess) return;
    have_threads(kernel.block.x * kernel.block.y * kernel.block.z);
    // A block of exactly the size asked for, so that AddressSanitizer sees what goes beyond.
    void *shared = nullptr;
    if (kernel.shared_bytes > 0 && posix_memalign(&shared, 256, kernel.shared_bytes) != 0)
        return lose_gpu(cudaErrorLaunchFailure, "the emulator has no memory for dynamic shared memory");
    running.kernel         = &kernel;
    running.dynamic_shared = shared;
    blockDim               = kernel.block;
    gridDim                = kernel.grid;
    shadow_launch(kernel, shared);
    run_blocks(kernel);
    shadow_launch_over();
    running.kernel         = nullptr;
    running.dynamic_shared = nullptr;
    free(shared);
}

}  // namespace

cudaError_t enqueue(std::shared_ptr<Kernel> kernel, cudaStream_t stream) {
    return api_call([&] {
        cudaError_t error = check_launch(*kernel);
        if (error != cudaSuccess) return error;
        return enqueue_work(stream, [kernel] { run_kernel(*kernel); });
    });
}

void *dynamic_shared_memory() { return running.dynamic_shared; }

}  // namespace emulator

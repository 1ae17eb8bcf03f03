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

// The blocks that run concurrently. Memory of exactly the size asked for, so that AddressSanitizer sees what goes
// beyond.
class Blocks {
   public:
    // False: there is no memory.
    bool make(const Kernel &kernel, size_t count) {
        while (blocks_.size() < count) blocks_.push_back(std::make_unique<Block>());
        for (count_ = 0; count_ < count; count_++) {
            Block &block = *blocks_[count_];
            block.number = static_cast<unsigned>(count_);
            while (block.threads.size() < running.thread_count) block.threads.push_back(std::make_unique<Thread>());
            if (kernel.shared_bytes > 0 && posix_memalign(&block.dynamic_shared, 256, kernel.shared_bytes) != 0)
                return false;
        }
        return true;
    }

    void free_shared() {
        for (size_t i = 0; i < count_; i++) {
            free(blocks_[i]->dynamic_shared);
            blocks_[i]->dynamic_shared = nullptr;
        }
    }

    Block &operator[](size_t i) { return *blocks_[i]; }

   private:
    size_t count_ = 0;
    std::vector<std::unique_ptr<Block>> blocks_;  // kept from launch to launch
};
Blocks blocks;

uint3 block_index(const Kernel &kernel, uint32_t i) {
    return {i % kernel.grid.x, i / kernel.grid.x % kernel.grid.y, i / kernel.grid.x / kernel.grid.y};
}

void run_in_turn(const Kernel &kernel, size_t count) {
    std::vector<uint32_t> order;
    schedule_order(order, count);
    for (uint32_t i : order)
        if (!start_block(blocks[0], block_index(kernel, i)) || run_block(blocks[0]) == Progress::FAILED) return;
}

// The blocks from `first` on. Round by round, each block runs until it waits for others. False: the GPU is lost.
bool run_together(const Kernel &kernel, uint32_t first, size_t count) {
    static Cluster cluster;
    std::vector<uint32_t> order;
    cluster.blocks.clear();
    for (uint32_t i = 0; i < count; i++) {
        if (!start_block(blocks[i], block_index(kernel, first + i))) return false;
        cluster.blocks.push_back(&blocks[i]);
    }
    if (kernel.cluster > 1) cluster.begin();
    for (bool gone_on = true; gone_on;) {
        gone_on = false;
        schedule_order(order, count);
        for (uint32_t i : order) {
            if (blocks[i].over) continue;
            const Progress progress = run_block(blocks[i]);
            if (progress == Progress::FAILED) return false;
            gone_on |= progress == Progress::GONE_ON;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (!blocks[i].over) return report_stalled_block(blocks[i]), false;
    return true;
}

void run_clusters(const Kernel &kernel, size_t count) {
    std::vector<uint32_t> order;
    schedule_order(order, count / kernel.cluster);
    for (uint32_t i : order)
        if (!run_together(kernel, i * kernel.cluster, kernel.cluster)) return;
}

void run_kernel(const Kernel &kernel) {
    if (lost_error() != cudaSuccess) return;
    const size_t count   = size_t{kernel.grid.x} * kernel.grid.y * kernel.grid.z;
    running.kernel       = &kernel;
    running.thread_count = kernel.block.x * kernel.block.y * kernel.block.z;
    blockDim             = kernel.block;
    gridDim              = kernel.grid;
    shadow_launch();
    if (!blocks.make(kernel, kernel.cooperative ? count : kernel.cluster))
        lose_gpu(cudaErrorLaunchFailure, "the emulator has no memory for dynamic shared memory");
    else if (kernel.cooperative)
        run_together(kernel, 0, count);
    else if (kernel.cluster > 1)
        run_clusters(kernel, count);
    else
        run_in_turn(kernel, count);
    shadow_launch_over();
    blocks.free_shared();
    running.block  = nullptr;
    running.kernel = nullptr;
}

}  // namespace

cudaError_t enqueue(std::shared_ptr<Kernel> kernel, cudaStream_t stream) {
    return api_call([&] {
        cudaError_t error = check_launch(*kernel);
        if (error != cudaSuccess) return error;
        return enqueue_work(stream, [kernel] { run_kernel(*kernel); });
    });
}

size_t static_shared_bytes(const void *) { return 0; }

void *dynamic_shared_memory() { return running.block->dynamic_shared; }

}  // namespace emulator

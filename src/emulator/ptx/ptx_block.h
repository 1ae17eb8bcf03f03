// Blocks and launches of interpreted kernels.
#ifndef GLI_EMULATOR_PTX_BLOCK_H
#define GLI_EMULATOR_PTX_BLOCK_H

#include <memory>
#include <vector>

#include "emulator/launch.h"
#include "emulator/ptx/ptx_warp.h"

namespace emulator::ptx {

struct PtxLaunch : Launch {
    const Program *program;
    std::vector<uint8_t> parameters;
    uint64_t number       = 0;  // of all launches
    mutable uint64_t news = 0;  // counts what may let a waiting thread go on
};

class Block;

// Blocks that run at once, and their barrier. A phase ends when all threads that are left have arrived.
struct Cluster {
    std::vector<Block *> blocks;  // by rank
    unsigned phase = 0, arrived = 0, alive = 0;

    void arrive(unsigned threads);
    void leave(bool has_arrived);  // a thread

   private:
    void complete();
};

class Block {
   public:
    void prepare(const PtxLaunch &launch);
    void start(uint3 index, Cluster &cluster);
    // Each warp that can goes on until it waits or ends.
    void run();
    bool over() const;
    bool failed() const { return failed_; }
    void fail() { failed_ = true; }
    void report_stalled();

    const PtxLaunch &launch() const { return *launch_; }
    uint3 index() const { return index_; }
    unsigned threads() const { return launch_->block.x * launch_->block.y * launch_->block.z; }
    // The bytes of shared memory at an offset, or null where they are not all of one variable.
    uint8_t *shared(uint64_t offset, unsigned bytes);
    Cluster &cluster() const { return *cluster_; }
    // One more than a rank, or 0 for the block itself. Null: it has ended.
    Block *of_cluster(uint64_t number);

   private:
    bool release_barrier();

    const PtxLaunch *launch_ = nullptr;
    uint3 index_{};
    Cluster *cluster_ = nullptr;
    bool failed_      = false;
    std::vector<uint8_t> shared_;
    std::vector<std::unique_ptr<Warp>> warps_;
    size_t warp_count_ = 0;
};

void run_launch(PtxLaunch &launch);

}  // namespace emulator::ptx
#endif

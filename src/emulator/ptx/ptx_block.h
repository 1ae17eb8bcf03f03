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

class Block {
   public:
    void prepare(const PtxLaunch &launch);
    void start(uint3 index);
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

   private:
    bool release_barrier();

    const PtxLaunch *launch_ = nullptr;
    uint3 index_{};
    bool failed_ = false;
    std::vector<uint8_t> shared_;
    std::vector<std::unique_ptr<Warp>> warps_;
    size_t warp_count_ = 0;
};

void run_launch(PtxLaunch &launch);

}  // namespace emulator::ptx
#endif

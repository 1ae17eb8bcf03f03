// The threads of the running block and their scheduler.
#ifndef GLI_EMULATOR_BLOCK_H
#define GLI_EMULATOR_BLOCK_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emulator/fiber.h"
#include "emulator/launch.h"
#include "emulator/warp.h"

namespace emulator {

constexpr unsigned WARP_LANES = 32;

enum class ThreadState : uint8_t { READY, AT_BARRIER, IN_WARP_OPERATION, AWAITING, EXITED };

struct WarpRequest {
    WarpOp op;
    unsigned mask;
    int operand, width;
    uint64_t value, result;
};

// What a thread waits for that another block does.
struct Awaited {
    const unsigned *counter;
    unsigned count;

    bool reached() const { return *counter >= count; }
};

struct Thread {
    Fiber fiber;
    unsigned number;  // in the block
    uint3 index;
    ThreadState state;
    Site site;  // of the barrier, warp operation or counter it waits at
    WarpRequest request;
    Awaited awaited;
    unsigned phases_arrived, phases_awaited;  // of its cluster's barrier

    unsigned lane() const { return number % WARP_LANES; }
    unsigned warp() const { return number / WARP_LANES; }
};

struct Block;

// Blocks that run concurrently, and their barrier. Each phase of it ends when all threads have arrived.
struct Cluster {
    std::vector<Block *> blocks;  // by rank
    unsigned phase = 0, arrived = 0, alive = 0;

    void begin();  // none of its threads has run
    void complete();
    void leave(const Thread &thread);  // it exits
};

struct Block {
    unsigned number = 0;  // among the blocks that run concurrently
    uint3 index{};
    void *dynamic_shared   = nullptr;
    unsigned waiting_warps = 0;  // threads in warp operations
    bool over              = false;
    Cluster *cluster       = nullptr;
    std::vector<std::unique_ptr<Thread>> threads;  // kept from launch to launch for their stacks
};

// What runs now: one thread of one block, of all blocks that have begun.
struct Running {
    const Kernel *kernel  = nullptr;
    Block *block          = nullptr;
    Thread *thread        = nullptr;
    unsigned thread_count = 0;  // of each block
    bool failed           = false;
    // The kernel's own code runs, not the emulator's on its behalf. Calls of memcpy read it, which the compiler cannot
    // know.
    volatile bool in_kernel = false;
};
extern Running running;

// Makes `block` the block `index` of running.kernel, of which no thread has run yet. False: the GPU is lost.
bool start_block(Block &block, uint3 index);

// Runs a block to its end, or until its threads wait for other blocks. GONE_ON: some thread has run. FAILED: a
// violation has ended it and lost the GPU.
enum class Progress { NONE, GONE_ON, FAILED };
Progress run_block(Block &block);

// Every block of those that run concurrently waits for another one.
void report_stalled_block(Block &block);

// Releases the warp operations whose lanes have all arrived. False: there is none.
bool release_warps();
void report_stalled_warp();

// A thread has done what is an error or undefined on a GPU: the GPU is lost, and violation does not return to the
// thread.
[[gnu::format(printf, 3, 4)]] void violation(cudaError_t error, Site site, const char *format, ...);
[[gnu::format(printf, 4, 5)]] void report(cudaError_t error, const Thread &thread, Site site, const char *format, ...);
const char *operation_name(WarpOp op);
std::string location(Site site);
bool same_site(Site a, Site b);
std::string thread_name(const Thread &thread);

}  // namespace emulator
#endif

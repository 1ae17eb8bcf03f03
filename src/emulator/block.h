// The threads of the running block and their scheduler.
#ifndef GLIA_EMULATOR_BLOCK_H
#define GLIA_EMULATOR_BLOCK_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emulator/fiber.h"
#include "emulator/launch.h"
#include "emulator/warp.h"

namespace emulator {

constexpr unsigned WARP_LANES = 32;

enum class ThreadState : uint8_t { READY, AT_BARRIER, IN_WARP_OPERATION, EXITED };

struct WarpRequest {
    WarpOp op;
    unsigned mask;
    int operand, width;
    uint64_t value, result;
};

struct Thread {
    Fiber fiber;
    unsigned number;  // in the block
    uint3 index;
    ThreadState state;
    Site site;  // of the barrier or warp operation it waits at
    WarpRequest request;

    unsigned lane() const { return number % WARP_LANES; }
    unsigned warp() const { return number / WARP_LANES; }
};

// What runs now; one block at a time.
struct Running {
    const Kernel *kernel   = nullptr;
    Thread *thread         = nullptr;
    void *dynamic_shared   = nullptr;
    unsigned thread_count  = 0;
    unsigned waiting_warps = 0;  // threads in warp operations
    bool failed            = false;
    bool in_kernel         = false;                // the kernel's own code runs, not the emulator's on its behalf
    std::vector<std::unique_ptr<Thread>> threads;  // kept from launch to launch for their stacks
};
extern Running running;

// Runs one block of running.kernel. False: a violation has ended it and lost the GPU.
bool run_block(uint3 index);

// Releases the warp operations whose lanes have all arrived. False: there is none.
bool release_warps();
void report_stalled_warp();

// A thread has done what a GPU would answer with an error, or with anything at all: the GPU is lost, and the thread
// that calls violation goes no further.
[[gnu::format(printf, 3, 4)]] void violation(cudaError_t error, Site site, const char *format, ...);
[[gnu::format(printf, 4, 5)]] void report(cudaError_t error, const Thread &thread, Site site, const char *format, ...);
const char *operation_name(WarpOp op);
std::string place(Site site);
bool same_site(Site a, Site b);
std::string thread_name(const Thread &thread);

}  // namespace emulator
#endif

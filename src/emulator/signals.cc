#include "emulator/signals.h"

#include "emulator/block.h"
#include "emulator/gpu_error.h"
#include "emulator/kernel.h"
#include "emulator/shadow_memory.h"

using namespace emulator;

static void check_counter(const unsigned *counter, const char *operation, bool waits, Site site, const void *caller) {
    if (reinterpret_cast<uintptr_t>(counter) % sizeof *counter != 0)
        violation(cudaErrorMisalignedAddress, site, "%s at %p, which is not aligned to %zu bytes", operation,
                  static_cast<const void *>(counter), sizeof *counter);
    if (waits && !running.kernel->cooperative)
        violation(cudaErrorLaunchFailure, site,
                  "%s in a launch that is not cooperative: nothing says that the other block is there", operation);
    shadow_atomic(counter, sizeof *counter, caller);
}

void gli_signal(unsigned *counter, const char *file, int line) {
    check_counter(counter, "gli_signal", true, {file, line}, __builtin_return_address(0));
    shadow_signal(counter);
    ++*counter;
}

void gli_await(const unsigned *counter, unsigned count, const char *file, int line) {
    check_counter(counter, "gli_await", true, {file, line}, __builtin_return_address(0));
    Thread &thread = *running.thread;
    thread.awaited = {counter, count};
    if (!thread.awaited.reached()) {
        thread.site  = {file, line};
        thread.state = ThreadState::AWAITING;
        Fiber::suspend();
    }
    shadow_awaited(counter, count);
}

bool gli_arrive(unsigned *counter, unsigned blocks, const char *file, int line) {
    check_counter(counter, "gli_arrive", false, {file, line}, __builtin_return_address(0));
    shadow_signal(counter);
    if (++*counter < blocks) return false;
    shadow_awaited(counter, blocks);
    *counter = 0;
    return true;
}

// Fibers: each CUDA thread runs on a stack of its own until it waits for others.
#ifndef GLI_EMULATOR_FIBER_H
#define GLI_EMULATOR_FIBER_H

#include <cstddef>
#include <cstdint>

#if !defined(__x86_64__) && !defined(__aarch64__)
#define GLIA_EMULATOR_UCONTEXT
#include <ucontext.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define GLI_EMULATOR_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GLI_EMULATOR_ASAN
#endif
#endif

namespace emulator {

class Fiber {
   public:
    Fiber() = default;
    ~Fiber();
    Fiber(const Fiber &)            = delete;
    Fiber &operator=(const Fiber &) = delete;

    // Makes the next resume call entry on a fresh stack. False: no memory for a stack. A fiber that had been suspended
    // is abandoned.
    bool start(void (*entry)());
    // Runs the fiber until it suspends or its entry returns.
    void resume();
    // Called on the fiber: returns to the caller of resume.
    static void suspend();

    bool on_stack(uintptr_t address) const { return address - stack_ < STACK_BYTES; }

   private:
#ifdef GLI_EMULATOR_ASAN
    static constexpr size_t STACK_BYTES = 256 * 1024;  // red zones and unoptimised frames
#else
    static constexpr size_t STACK_BYTES = 64 * 1024;
#endif
    static void enter();
    void leave(bool for_good);
    bool allocate();

    uintptr_t stack_ = 0;  // above a guard page
    void (*entry_)() = nullptr;
    void *sanitizer_ = nullptr;  // AddressSanitizer's fake stack
#ifdef GLIA_EMULATOR_UCONTEXT
    ucontext_t context_;
#else
    void *pointer_ = nullptr;
#endif
};

}  // namespace emulator
#endif

#include "emulator/fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#ifdef GLI_EMULATOR_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

// Saves the registers that a function must keep on the stack in use, stores the stack's pointer in *from, and goes on
// where the stack `to` stopped. swapcontext would do the same at ten times the cost: it makes a system call.
#if defined(__x86_64__)
asm(R"(
    .text
    .hidden gli_emulator_switch
    .globl gli_emulator_switch
    .type gli_emulator_switch, @function
gli_emulator_switch:
    endbr64
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size gli_emulator_switch, . - gli_emulator_switch
)");
#elif defined(__aarch64__)
asm(R"(
    .text
    .hidden gli_emulator_switch
    .globl gli_emulator_switch
    .type gli_emulator_switch, %function
gli_emulator_switch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
    .size gli_emulator_switch, . - gli_emulator_switch
)");
#endif

extern "C" void gli_emulator_switch(void **from, void *to);

namespace emulator {

namespace {

// The scheduler's side of the switch. One fiber runs at a time in the whole process.
Fiber *current;
#ifdef GLIA_EMULATOR_UCONTEXT
ucontext_t scheduler;
#else
void *scheduler;
#endif
#ifdef GLI_EMULATOR_ASAN
const void *scheduler_stack;
size_t scheduler_bytes;
void *scheduler_sanitizer;
#endif

}  // namespace

Fiber::~Fiber() {
    size_t guard = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    if (stack_ != 0) munmap(reinterpret_cast<void *>(stack_ - guard), guard + STACK_BYTES);
}

bool Fiber::allocate() {
    size_t guard = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    void *pages  = mmap(nullptr, guard + STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return false;
    mprotect(pages, guard, PROT_NONE);
    stack_ = reinterpret_cast<uintptr_t>(pages) + guard;
    return true;
}

bool Fiber::start(void (*entry)()) {
    if (stack_ == 0 && !allocate()) return false;
    entry_     = entry;
    sanitizer_ = nullptr;
#ifdef GLI_EMULATOR_ASAN
    __asan_unpoison_memory_region(reinterpret_cast<void *>(stack_), STACK_BYTES);  // an abandoned fiber's frames
#endif
#ifdef GLIA_EMULATOR_UCONTEXT
    getcontext(&context_);
    context_.uc_stack.ss_sp   = reinterpret_cast<void *>(stack_);
    context_.uc_stack.ss_size = STACK_BYTES;
    context_.uc_link          = nullptr;
    makecontext(&context_, enter, 0);
#elif defined(__x86_64__)
    // Six registers, the address to return to, and above it a slot that keeps the stack aligned as after a call.
    auto top = reinterpret_cast<void **>(stack_ + STACK_BYTES);
    *--top   = nullptr;
    *--top   = reinterpret_cast<void *>(enter);
    for (int i = 0; i < 6; i++) *--top = nullptr;
    pointer_ = top;
#else
    // Twenty registers, of which the twelfth, x30, is the address to return to.
    auto top = reinterpret_cast<void **>(stack_ + STACK_BYTES);
    for (int i = 0; i < 20; i++) *--top = nullptr;
    top[11]  = reinterpret_cast<void *>(enter);
    pointer_ = top;
#endif
    return true;
}

void Fiber::resume() {
    current = this;
#ifdef GLI_EMULATOR_ASAN
    __sanitizer_start_switch_fiber(&scheduler_sanitizer, reinterpret_cast<void *>(stack_), STACK_BYTES);
#endif
#ifdef GLIA_EMULATOR_UCONTEXT
    swapcontext(&scheduler, &context_);
#else
    gli_emulator_switch(&scheduler, pointer_);
#endif
#ifdef GLI_EMULATOR_ASAN
    __sanitizer_finish_switch_fiber(scheduler_sanitizer, nullptr, nullptr);
#endif
    current = nullptr;
}

void Fiber::suspend() { current->leave(false); }

void Fiber::leave([[maybe_unused]] bool for_good) {
#ifdef GLI_EMULATOR_ASAN
    __sanitizer_start_switch_fiber(for_good ? nullptr : &sanitizer_, scheduler_stack, scheduler_bytes);
#endif
#ifdef GLIA_EMULATOR_UCONTEXT
    swapcontext(&context_, &scheduler);
#else
    gli_emulator_switch(&pointer_, scheduler);
#endif
#ifdef GLI_EMULATOR_ASAN
    __sanitizer_finish_switch_fiber(sanitizer_, &scheduler_stack, &scheduler_bytes);
#endif
}

void Fiber::enter() {
#ifdef GLI_EMULATOR_ASAN
    __sanitizer_finish_switch_fiber(nullptr, &scheduler_stack, &scheduler_bytes);
#endif
    current->entry_();
    for (;;) current->leave(true);  // never resumed once it has ended
}

}  // namespace emulator

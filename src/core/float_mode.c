#include "core/float_mode.h"

#if defined __x86_64__ || defined __i386__

#include <xmmintrin.h>

/* Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, 10.2.3 "MXCSR Control and Status Register".
 */
enum { DENORMALS_ARE_ZEROS = 0x40, ALL_TRAPS_MASKED = 0x1f80, FLUSH_TO_ZERO = 0x8000 };

uint64_t gli_float_mode_enter(bool flush) {
    const unsigned before = _mm_getcsr();
    _mm_setcsr(flush ? DENORMALS_ARE_ZEROS | ALL_TRAPS_MASKED | FLUSH_TO_ZERO : ALL_TRAPS_MASKED);
    return before;
}

void gli_float_mode_leave(uint64_t before) { _mm_setcsr((unsigned)before); }

#elif defined __aarch64__

/* Arm Architecture Reference Manual, "FPCR, Floating-point Control Register": FZ. All else is 0. */
static const uint64_t flush_to_zero = 1u << 24;

uint64_t gli_float_mode_enter(bool flush) {
    uint64_t before;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(before));
    __asm__ __volatile__("msr fpcr, %0" : : "r"(flush ? flush_to_zero : 0));
    return before;
}

void gli_float_mode_leave(uint64_t before) { __asm__ __volatile__("msr fpcr, %0" : : "r"(before)); }

#else

uint64_t gli_float_mode_enter(bool flush) { return (void)flush, 0; }
void gli_float_mode_leave(uint64_t before) { (void)before; }

#endif

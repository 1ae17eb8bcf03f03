#include "cpu/native/isa.h"

#include <stdatomic.h>
#include <string.h>

#include "core/environment.h"

static gli_isa of_processor(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) return GLI_ISA_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return GLI_ISA_AVX2;
#endif
    return GLI_ISA_PORTABLE;
}

static gli_isa most(void) {
    const char *name = gli_trusted_variable("GLIA_MAX_CPU_ISA");
    if (name && strcmp(name, "portable") == 0) return GLI_ISA_PORTABLE;
    if (name && strcmp(name, "avx2") == 0) return GLI_ISA_AVX2;
    return GLI_ISA_AVX512;
}

gli_isa gli_isa_here(void) {
    static atomic_int known; /* threads that find 0 all find the same out */
    int isa = atomic_load_explicit(&known, memory_order_relaxed);
    if (isa == 0) {
        const gli_isa best = of_processor(), limit = most();
        isa = best < limit ? best : limit;
        atomic_store_explicit(&known, isa, memory_order_relaxed);
    }
    return (gli_isa)isa;
}

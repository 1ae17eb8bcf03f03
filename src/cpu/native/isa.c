#include "cpu/native/isa.h"

#include <stdatomic.h>
#include <string.h>

#include "core/environment.h"
#include "cpu/cpu_settings.h"

#if defined(__x86_64__)
static gli_isa of_processor(void) {
    if (__builtin_cpu_supports("avx512f")) return GLI_ISA_AVX512;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? GLI_ISA_AVX2 : GLI_ISA_PORTABLE;
}
#else
static gli_isa of_processor(void) { return GLI_ISA_PORTABLE; }
#endif

/* NULL: not set. */
static const char *limit_name(void) {
    const char *name = gli_trusted_variable("GLIA_MAX_CPU_ISA");
    return name && *name ? name : NULL;
}

/* 0: there is no such one. */
static int isa_named(const char *name) {
    if (strcmp(name, "portable") == 0) return GLI_ISA_PORTABLE;
    if (strcmp(name, "avx2") == 0) return GLI_ISA_AVX2;
    return strcmp(name, "avx512") == 0 ? GLI_ISA_AVX512 : 0;
}

glia_status gli_cpu_open(glia_context *ctx, int index) {
    (void)index;
    const char *name = limit_name();
    GLI_REQUIRE(ctx, !name || isa_named(name), GLIA_INVALID_ARGUMENT,
                "GLIA_MAX_CPU_ISA is '%.64s', knows portable, avx2 and avx512", name);
    return GLIA_OK;
}

gli_isa gli_isa_here(void) {
    static atomic_int known; /* threads that find 0 all find the same out */
    int isa = atomic_load_explicit(&known, memory_order_relaxed);
    if (isa == 0) {
        const char *name = limit_name();
        const int best = of_processor(), limit = name ? isa_named(name) : best;
        isa = limit && limit < best ? limit : best;
        atomic_store_explicit(&known, isa, memory_order_relaxed);
    }
    return (gli_isa)isa;
}

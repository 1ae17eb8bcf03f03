/* The instruction set of the loops that isa_kernels.inc compiles for several, each with bits of its own. */
#ifndef GLI_CPU_NATIVE_ISA_H
#define GLI_CPU_NATIVE_ISA_H

/* Each has what those before it have. */
typedef enum gli_isa { GLI_ISA_PORTABLE = 1, GLI_ISA_AVX2 /* with fma */, GLI_ISA_AVX512 } gli_isa;

/* The best of this processor, and no better than the environment's GLIA_MAX_CPU_ISA says: portable, avx2 or avx512.
 * Read once in a process; glia_context_create has checked it. */
gli_isa gli_isa_here(void);

#endif

#include "cpu/native/linear/gemm_kernel.h"

#include "cpu/native/isa.h"
#include "cpu/native/vectorize.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f")))
#define LANES 16
#define ROWS 8
#define ADD_PRODUCT(sum, vector, scalar) _mm512_fmadd_ps(vector, _mm512_set1_ps(scalar), sum)
#define TILE gemm_tile_avx512_x1
#define VECTORS 1
#include "cpu/native/linear/gemm_tile.inc"
#define TILE gemm_tile_avx512_x2
#define VECTORS 2
#include "cpu/native/linear/gemm_tile.inc"
#undef ROWS
#define ROWS 1
#define TILE gemm_row_avx512_x1
#define VECTORS 1
#include "cpu/native/linear/gemm_tile.inc"
#define TILE gemm_row_avx512_x2
#define VECTORS 2
#include "cpu/native/linear/gemm_tile.inc"
#undef TARGET
#undef LANES
#undef ROWS
#undef ADD_PRODUCT

#define TARGET __attribute__((target("avx2,fma")))
#define LANES 8
#define ROWS 6
#define ADD_PRODUCT(sum, vector, scalar) _mm256_fmadd_ps(vector, _mm256_set1_ps(scalar), sum)
#define TILE gemm_tile_avx2_x1
#define VECTORS 1
#include "cpu/native/linear/gemm_tile.inc"
#define TILE gemm_tile_avx2_x2
#define VECTORS 2
#include "cpu/native/linear/gemm_tile.inc"
#undef ROWS
#define ROWS 1
#define TILE gemm_row_avx2_x1
#define VECTORS 1
#include "cpu/native/linear/gemm_tile.inc"
#define TILE gemm_row_avx2_x2
#define VECTORS 2
#include "cpu/native/linear/gemm_tile.inc"
#undef TARGET
#undef LANES
#undef ROWS
#undef ADD_PRODUCT

#endif

/* Without any of these: vectors of 16 bytes, which every processor of today has. NEON has 32 of them, SSE2 16. */
#define TARGET
#define LANES 4
#if defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#define ROWS 8
#define ADD_PRODUCT(sum, vector, scalar) vfmaq_n_f32(sum, vector, scalar)
#else
#define ROWS 6
#define ADD_PRODUCT(sum, vector, scalar) ((sum) + (vector) * (scalar))
#endif
enum { PORTABLE_ROWS = ROWS };
#define TILE gemm_tile_portable_x1
#define VECTORS 1
#include "cpu/native/linear/gemm_tile.inc"
#define TILE gemm_tile_portable_x2
#define VECTORS 2
#include "cpu/native/linear/gemm_tile.inc"
#undef ROWS
#define ROWS 1
#define TILE gemm_row_portable_x1
#define VECTORS 1
#include "cpu/native/linear/gemm_tile.inc"
#define TILE gemm_row_portable_x2
#define VECTORS 2
#include "cpu/native/linear/gemm_tile.inc"

static const gli_gemm_kernel kernels[] = {
    [GLI_ISA_PORTABLE] = {PORTABLE_ROWS,
                          LANES,
                          {gemm_tile_portable_x1, gemm_tile_portable_x2},
                          {gemm_row_portable_x1, gemm_row_portable_x2}},
#if defined(__x86_64__)
    [GLI_ISA_AVX2]   = {6, 8, {gemm_tile_avx2_x1, gemm_tile_avx2_x2}, {gemm_row_avx2_x1, gemm_row_avx2_x2}},
    [GLI_ISA_AVX512] = {8, 16, {gemm_tile_avx512_x1, gemm_tile_avx512_x2}, {gemm_row_avx512_x1, gemm_row_avx512_x2}},
#endif
};

const gli_gemm_kernel *gli_gemm_kernel_here(void) { return &kernels[gli_isa_here()]; }

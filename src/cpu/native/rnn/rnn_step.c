#include "cpu/native/rnn/rnn_step.h"

#include <stddef.h>

#include "cpu/native/isa.h"
#include "cpu/native/vectorize.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f")))
#define KIND avx512
#define LANES 16
#define ADD_PRODUCTS(sum, a, b) (VECTOR) _mm512_fmadd_ps(a, b, sum)
#include "cpu/native/rnn/rnn_step.inc"

#define TARGET __attribute__((target("avx2,fma")))
#define KIND avx2
#define LANES 8
#define ADD_PRODUCTS(sum, a, b) (VECTOR) _mm256_fmadd_ps(a, b, sum)
#include "cpu/native/rnn/rnn_step.inc"
#endif

/* Vectors of 16 bytes, which every processor of today has. */
#define TARGET
#define KIND portable
#define LANES 4
#if defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#define ADD_PRODUCTS(sum, a, b) (VECTOR) vfmaq_f32(sum, a, b)
#else
#define ADD_PRODUCTS(sum, a, b) ((sum) + (a) * (b))
#endif
#include "cpu/native/rnn/rnn_step.inc"

static const gli_rnn_step_kernel kernels[] = {
    [GLI_ISA_PORTABLE] = {"portable", 4, lstm_step_portable, gru_step_portable, tanh_step_portable,
                          sigmoid_step_portable},
#if defined(__x86_64__)
    [GLI_ISA_AVX2]   = {"avx2", 8, lstm_step_avx2, gru_step_avx2, tanh_step_avx2, sigmoid_step_avx2},
    [GLI_ISA_AVX512] = {"avx512", 16, lstm_step_avx512, gru_step_avx512, tanh_step_avx512, sigmoid_step_avx512},
#endif
};

const gli_rnn_step_kernel *gli_rnn_step_kernel_at(int i) {
    const int isa = (int)gli_isa_here() - i;
    return isa >= GLI_ISA_PORTABLE ? &kernels[isa] : NULL;
}

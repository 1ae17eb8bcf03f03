/* Matrix products on tensor cores, one instruction each (PTX ISA, "Warp Level Matrix Multiply-Accumulate
 * Instructions"). All lanes of a warp call a function converged. A matrix is in shared memory row by row, and a row has
 * 32 bytes: 16 elements of f16 or bf16, or 8 of tf32. K is the number of elements of a row. */
#ifndef GLI_KERNELS_DEVICE_MMA_CUH
#define GLI_KERNELS_DEVICE_MMA_CUH

#include "kernels/device/types.cuh"
#ifndef __CUDACC__
#include "emulator/mma.h"
#endif

namespace glia {

#ifdef __CUDACC__

/* Floats of which tensor cores read the first 10 bits of the mantissa. */
struct tf32 {};

/* Four blocks of 8 rows of 16 bytes, which begin at multiples of 16 bytes: lane l gives the address of row l % 8 of
 * block l / 8, and gets of each block, as words[block], the four bytes at l % 4 of row l / 4. */
__device__ inline void load_blocks(unsigned (&words)[4], const void *row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                 : "r"(unsigned(__cvta_generic_to_shared(row)))
                 : "memory");
}

/* As load_blocks, of blocks of 8 rows of eight 16-bit elements each, with rows and columns exchanged. */
__device__ inline void load_blocks_transposed(unsigned (&words)[4], const void *row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                 : "r"(unsigned(__cvta_generic_to_shared(row)))
                 : "memory");
}

/* acc += A B, the operands of asm that hold them. */
#define GLI_MMA(shape, types, A, B)                                                                              \
    asm("mma.sync.aligned." shape ".row.col.f32." types ".f32 {%0, %1, %2, %3}, " A ", " B ", {%0, %1, %2, %3};" \
        : "+f"(acc[0]), "+f"(acc[1]), "+f"(acc[2]), "+f"(acc[3])                                                 \
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))

/* acc [16,8] += a [16,K] b [8,K]^T. Of a, a lane has the words that load_blocks gives for the blocks (rows 0 to 7,
 * bytes 0 to 15), (rows 8 to 15, bytes 0 to 15) and the same rows' bytes 16 to 31; of b those of bytes 0 to 15 and 16
 * to 31. acc[i] of lane l is the element of row l / 4 + i / 2 * 8 and column l % 4 * 2 + i % 2. */
template <class S>
__device__ inline void multiply_add(float (&acc)[4], const unsigned (&a)[4], const unsigned (&b)[2]);

template <>
__device__ inline void multiply_add<f16>(float (&acc)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
#if __CUDA_ARCH__ >= 800
    GLI_MMA("m16n8k16", "f16.f16", "{%4, %5, %6, %7}", "{%8, %9}");
#else /* an instruction has half of K */
    GLI_MMA("m16n8k8", "f16.f16", "{%4, %5}", "{%8}");
    GLI_MMA("m16n8k8", "f16.f16", "{%6, %7}", "{%9}");
#endif
}

#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800 /* host code is checked with them */
template <>
__device__ inline void multiply_add<bf16>(float (&acc)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    GLI_MMA("m16n8k16", "bf16.bf16", "{%4, %5, %6, %7}", "{%8, %9}");
}

template <>
__device__ inline void multiply_add<tf32>(float (&acc)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
    GLI_MMA("m16n8k8", "tf32.tf32", "{%4, %5, %6, %7}", "{%8, %9}");
}

__device__ inline float round_to_tf32(float x) {
    unsigned bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
    return __uint_as_float(bits);
}
#endif

#undef GLI_MMA

#else

using emulator::load_blocks;
using emulator::load_blocks_transposed;
using emulator::multiply_add;
using emulator::round_to_tf32;
using emulator::tf32;

#endif

}  // namespace glia

#endif

// The device side of the emulator: what kernels/device/cuda.cuh gives a kernel when a host compiler reads it. Every
// name that begins as CUDA's does is CUDA's; namespace emulator holds the rest.
#ifndef GLI_EMULATOR_KERNEL_H
#define GLI_EMULATOR_KERNEL_H

#include "emulator/cuda_runtime_api.h"
#include "emulator/launch.h"
#include "emulator/vectors.h"
#include "emulator/half.h"
#include "emulator/device_math.h"
#include "emulator/warp.h"
#include "emulator/atomics.h"
#include "emulator/wmma.h"

// Kernels ask what they are compiled for; the emulator has what compute capability 9.0 has.
#define __CUDA_ARCH__ 900

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __launch_bounds__(...)
#define __constant__ static const

// One block runs at a time, so that the shared memory of a kernel can be static; blocks that wait for each other, and
// those of a cluster, have dynamic shared memory alone. The race build gathers it in one section, to be filled with NaN
// before every block; GCC drops the section of statics in templates.
#if defined(__clang__) && defined(GLIA_EMULATOR_RACE)
#define __shared__ static __attribute__((section("gli_shared")))
#else
#define __shared__ static
#endif

constexpr int warpSize = 32;

// Written by the scheduler before a thread goes on.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

#endif

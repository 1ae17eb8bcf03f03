/* Included before cublasLt.h in a build with the emulator: what that takes from headers of CUDA, which are kept out. */
#define __DRIVER_TYPES_H__
#define CU_COMPLEX_H_
#define __CUDA_FP16_H__
#define __CUDA_BF16_H__
#include <cuda_runtime_api.h>

typedef struct {
    float x, y;
} cuComplex;
typedef struct {
    double x, y;
} cuDoubleComplex;

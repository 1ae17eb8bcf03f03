/* Which of the kernels' code a GPU runs: machine code, or PTX that the driver compiles for it at the first use. */
#ifndef GLI_CUDA_DEVICE_KERNEL_CODE_H
#define GLI_CUDA_DEVICE_KERNEL_CODE_H

#include <cuda_runtime_api.h>
#include <stdbool.h>

struct gli_kernel_targets; /* kernels/device/built_for.h */

typedef struct gli_kernel_code {
    int architecture; /* that the code is written for: 90, compute capability 9.0; 0: none of it runs */
    bool from_ptx;
} gli_kernel_code;

gli_kernel_code gli_kernel_code_for(const struct cudaDeviceProp *gpu, const struct gli_kernel_targets *built);

/* Of a GPU that none of it runs on: what it is, and what there is. */
enum { GLI_KERNEL_CODE_TEXT = 384 };
void gli_kernel_code_missing(const struct cudaDeviceProp *gpu, const struct gli_kernel_targets *built, char *text,
                             size_t size);

/* The oldest driver, "580", that the runtime of a CUDA version, 13000, works with; NULL: not known. */
const char *gli_least_driver(int runtime);

#endif

/* What the kernels of this library were compiled for. */
#ifndef GLI_KERNELS_DEVICE_BUILT_FOR_H
#define GLI_KERNELS_DEVICE_BUILT_FOR_H

#ifdef __cplusplus
extern "C" {
#endif

/* The architectures that there is machine code for, ascending and ended by 0: 900 is compute capability 9.0. */
const int *gli_kernel_architectures(void);

#ifdef __cplusplus
}
#endif
#endif

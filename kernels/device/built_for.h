/* What the kernels of this library were compiled for. */
#ifndef GLI_KERNELS_DEVICE_BUILT_FOR_H
#define GLI_KERNELS_DEVICE_BUILT_FOR_H

#ifdef __cplusplus
extern "C" {
#endif

/* Architectures: 900 is compute capability 9.0. */
typedef struct gli_kernel_targets {
    const int *machine_code; /* ascending, ended by 0 */
    int ptx;                 /* of which GPUs that are no older compile it for themselves; 0: there is none */
} gli_kernel_targets;

const gli_kernel_targets *gli_kernel_built_for(void);

#ifdef __cplusplus
}
#endif
#endif

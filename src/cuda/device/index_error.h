/* Indices out of range. Whether there are any is known when the kernels have run: they note the first one of each op,
 * and the next synchronisation or download reports it. */
#ifndef GLI_CUDA_DEVICE_INDEX_ERROR_H
#define GLI_CUDA_DEVICE_INDEX_ERROR_H

#include "cuda/device/cuda_device.h"

enum { GLI_CUDA_INDEX_SLOTS = 32 };

/* The first bad index of an input: its number above one half of its value, the lower one first; ~0: there is none. */
typedef struct gli_cuda_index_note {
    unsigned long long half[2];
} gli_cuda_index_note;

/* On the device, for kernels that read input i of this call as indices: see kernels/device/index_check.cuh. */
glia_status gli_cuda_index_slot(const gli_call *call, int i, unsigned long long **slot);

/* After a synchronisation. Fails with the first bad index, and forgets it. */
glia_status gli_cuda_check_indices(glia_context *ctx);

/* The slots, in device memory that is there from the context's open to its close. */
glia_status gli_cuda_indices_open(glia_context *ctx);

#endif

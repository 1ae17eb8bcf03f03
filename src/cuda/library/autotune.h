/* The fastest of several ways to do the work of a call, found by running them. */
#ifndef GLI_CUDA_LIBRARY_AUTOTUNE_H
#define GLI_CUDA_LIBRARY_AUTOTUNE_H

#include "cuda/device/cuda_device.h"

/* Way i, on tensors like those of the call. */
typedef struct gli_cuda_ways {
    int count;
    size_t workspace; /* the most that one of them needs */
    void *state;
    glia_status (*run)(const gli_call *call, void *state, int way, void *workspace);
} gli_cuda_ways;

/* Runs each way on memory of its own, with the shapes, strides and alignments of the call and noise in its inputs; the
 * call's tensors are not touched and may be stand-ins. Only ways that give the bits of the first that works are taken,
 * unless the context allows results to differ from run to run: otherwise what a training computes would depend on how
 * busy the device was when it was tuned. A single way is run too: what fails must fail before a plan counts on it, and
 * kernels must be loaded before they are recorded. GLIA_UNSUPPORTED: none works. Where nothing can be tried (no memory
 * for it, a stream that is being recorded) the answer is way 0. */
glia_status gli_cuda_tune(const gli_call *call, const gli_cuda_ways *ways, int *best);

#endif

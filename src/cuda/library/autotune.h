/* Autotuning: times the candidates for a call on scratch tensors and picks the fastest. */
#ifndef GLI_CUDA_LIBRARY_AUTOTUNE_H
#define GLI_CUDA_LIBRARY_AUTOTUNE_H

#include "cuda/device/cuda_device.h"

/* Several ways to compute one call; run computes it with candidate number `candidate`. */
typedef struct gli_cuda_candidates {
    int count;
    size_t workspace; /* the maximum over the candidates */
    void *state;
    glia_status (*run)(const gli_call *call, void *state, int candidate, void *workspace);
    const char *provider; /* the library's: kernels of our own compete with it, see below; NULL: they do not */
} gli_cuda_candidates;

/* Runs each candidate on scratch tensors with the shapes, strides and alignments of the call and noise in its inputs;
 * the call's own tensors are not touched, and their addresses may be placeholders. Unless the context allows results to
 * differ from run to run, only candidates with the same bits as the first that works are taken: otherwise what a
 * training computes would depend on how busy the device was during the tuning. A single candidate is run too: what
 * fails must fail before a plan counts on it, and kernels must be loaded before they are recorded. GLIA_UNSUPPORTED:
 * none works. Where nothing can be tried (no memory for it, a stream that is being recorded) the answer is candidate 0.
 *
 * A kernel of our own gives bits of its own. So it is timed beside the candidates only where the context allows results
 * to differ and GLIA_PROVIDER forces no provider: the first behind `provider` that takes the call. If it is faster, the
 * answer is candidate `count` and GLIA_UNSUPPORTED, so that dispatch goes on to it. */
glia_status gli_cuda_tune(const gli_call *call, const gli_cuda_candidates *candidates, int *best);

#endif

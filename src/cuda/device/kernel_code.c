#include "cuda/device/kernel_code.h"

#include <stdio.h>

#include "kernels/device/built_for.h"

/* Machine code runs on later minor versions, too, but for GPUs that are a part of a processor. */
static bool runs(int architecture, const struct cudaDeviceProp *gpu) {
    const int major = architecture / 100, minor = architecture % 100 / 10;
    return major == gpu->major && (minor == gpu->minor || (minor < gpu->minor && !gpu->integrated));
}

gli_kernel_code gli_kernel_code_for(const struct cudaDeviceProp *gpu, const gli_kernel_targets *built) {
    int best = 0;
    for (const int *it = built->machine_code; *it; ++it)
        if (runs(*it, gpu)) best = *it;
    if (best) return (gli_kernel_code){best / 10, false};
    if (built->ptx && built->ptx <= 100 * gpu->major + 10 * gpu->minor) return (gli_kernel_code){built->ptx / 10, true};
    return (gli_kernel_code){0};
}

void gli_kernel_code_missing(const struct cudaDeviceProp *gpu, const gli_kernel_targets *built, char *text,
                             size_t size) {
    const size_t most = size - 1; /* snprintf returns what it would have written */
    size_t used =
        (size_t)snprintf(text, size, "%s has compute capability %d.%d, and this libglia_cuda has machine code for",
                         gpu->name, gpu->major, gpu->minor);
    for (const int *it = built->machine_code; *it && used < most; ++it)
        used += (size_t)snprintf(text + used, size - used, "%s%d.%d", it == built->machine_code ? " " : ", ", *it / 100,
                                 *it % 100 / 10);
    if (used < most && built->ptx)
        snprintf(text + used, size - used, " and PTX of %d.%d, for that and later ones", built->ptx / 100,
                 built->ptx % 100 / 10);
    else if (used < most)
        snprintf(text + used, size - used, " and no PTX; with GLIA_CUDA_ARCHITECTURES=%d%d it is built for this GPU",
                 gpu->major, gpu->minor);
}

const char *gli_least_driver(int runtime) {
    switch (runtime / 1000) {
        case 11: return "450";
        case 12: return "525";
        case 13: return "580";
        default: return NULL;
    }
}

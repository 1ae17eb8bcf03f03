#include "cuda/device/kernel_code.h"

#include <stddef.h>

enum { PTX_FROM = 800 }; /* see cmake/cuda_architectures.cmake */

/* Machine code runs on later minor versions, too, but for GPUs that are a part of a processor. */
static bool runs(int architecture, const struct cudaDeviceProp *gpu) {
    const int major = architecture / 100, minor = architecture % 100 / 10;
    return major == gpu->major && (minor == gpu->minor || (minor < gpu->minor && !gpu->integrated));
}

/* The one whose PTX the library has. */
static int ptx_of(const int *architectures) {
    int last = 0;
    for (const int *it = architectures; *it && last < PTX_FROM; ++it) last = *it;
    return last;
}

gli_kernel_code gli_kernel_code_for(const struct cudaDeviceProp *gpu, const int *architectures) {
    int best = 0;
    for (const int *it = architectures; *it; ++it)
        if (runs(*it, gpu)) best = *it;
    if (best) return (gli_kernel_code){best / 10, false};
    const int ptx = ptx_of(architectures);
    if (ptx <= 100 * gpu->major + 10 * gpu->minor) return (gli_kernel_code){ptx / 10, true};
    return (gli_kernel_code){0};
}

const char *gli_least_driver(int runtime) {
    switch (runtime / 1000) {
        case 11: return "450";
        case 12: return "525";
        case 13: return "580";
        default: return NULL;
    }
}

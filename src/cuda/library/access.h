/* How wide algorithms of libraries may access a tensor, as far as they are told. */
#ifndef GLI_CUDA_LIBRARY_ACCESS_H
#define GLI_CUDA_LIBRARY_ACCESS_H

#include <stdint.h>

enum { GLI_CUDA_ACCESS = 16 }; /* bytes at most; plans promise as much of inputs and outputs */

/* The bytes up to GLI_CUDA_ACCESS that the address is a multiple of. */
static inline int gli_cuda_access(const void *data) {
    const uintptr_t address = (uintptr_t)data, lowest = address & -address;
    return address == 0 || lowest > GLI_CUDA_ACCESS ? GLI_CUDA_ACCESS : (int)lowest;
}

#endif

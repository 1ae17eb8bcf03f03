/* Loops that gain from wide vectors are compiled for several processors; the loader picks. Products and sums are never
 * contracted (-ffp-contract=off), so each gives the same bits. */
#ifndef GLI_CPU_NATIVE_CLONES_H
#define GLI_CPU_NATIVE_CLONES_H

#include <stdint.h> /* defines __GLIBC__ where the C library is glibc */

#if defined(__x86_64__) && defined(__GLIBC__)
#define GLI_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define GLI_CLONES
#endif

#endif

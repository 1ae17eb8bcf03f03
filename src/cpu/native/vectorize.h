/* What compilers are told about loops that gain from vectors. */
#ifndef GLI_CPU_NATIVE_VECTORIZE_H
#define GLI_CPU_NATIVE_VECTORIZE_H

#include <stdint.h> /* defines __GLIBC__ where the C library is glibc */

/* When the loader picks one of a function's clones, the thread sanitizer, which watches that too, has not begun. */
#ifdef __SANITIZE_THREAD__
#define GLI_NO_CLONES
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GLI_NO_CLONES
#endif
#endif

/* A function compiled for several processors; the loader picks. Products and sums are never contracted
 * (-ffp-contract=off), so each gives the same bits. Always static, since it would be exported whatever the visibility
 * of the others is; and its name is unique in the library, since clang makes a global symbol of it. */
#if defined(__x86_64__) && defined(__GLIBC__) && !defined(GLI_NO_CLONES)
#define GLI_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define GLI_CLONES
#endif

/* Part of the function that calls it, whichever processor that is compiled for. */
#define GLI_INLINE static inline __attribute__((always_inline))

/* Before a loop: its arrays overlap only where they are the same memory element by element. Then no iteration reads
 * what another one writes. */
#define GLI_PRAGMA(text) _Pragma(#text)
#ifdef __clang__
#pragma clang diagnostic ignored "-Wpass-failed" /* a loop that it does not vectorize is as right */
#define GLI_IVDEP GLI_PRAGMA(clang loop vectorize(assume_safety))
#define GLI_UNROLL(n) GLI_PRAGMA(unroll n)
#else
#define GLI_IVDEP GLI_PRAGMA(GCC ivdep)
#define GLI_UNROLL(n) GLI_PRAGMA(GCC unroll n)
#endif

#endif

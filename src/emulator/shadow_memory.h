// The shadow of memory that the race build keeps: who last read and wrote each word. Elsewhere it costs nothing.
#ifndef GLIA_EMULATOR_SHADOW_MEMORY_H
#define GLIA_EMULATOR_SHADOW_MEMORY_H

#include <cstddef>
#include <cstdint>

namespace emulator {

class Kernel;

#ifdef GLIA_EMULATOR_RACE
void shadow_allocated(const void *address, size_t bytes);
void shadow_freed(const void *address);
void shadow_written_by_host(const void *address, size_t bytes);
void shadow_copied(const void *destination, const void *source, size_t bytes);
void shadow_launch(const Kernel &kernel, const void *dynamic_shared);
void shadow_launch_over();
void shadow_block();
void shadow_barrier();
void shadow_warp_sync(unsigned warp, unsigned lanes);
void shadow_atomic(const void *address, size_t bytes, const void *caller);
#else
inline void shadow_allocated(const void *, size_t) {}
inline void shadow_freed(const void *) {}
inline void shadow_written_by_host(const void *, size_t) {}
inline void shadow_copied(const void *, const void *, size_t) {}
inline void shadow_launch(const Kernel &, const void *) {}
inline void shadow_launch_over() {}
inline void shadow_block() {}
inline void shadow_barrier() {}
inline void shadow_warp_sync(unsigned, unsigned) {}
inline void shadow_atomic(const void *, size_t, const void *) {}
#endif

}  // namespace emulator
#endif

// The race build's shadow memory: who last read and wrote each word. Other builds have empty functions instead.
#ifndef GLI_EMULATOR_SHADOW_MEMORY_H
#define GLI_EMULATOR_SHADOW_MEMORY_H

#include <cstddef>
#include <cstdint>

namespace emulator {

#ifdef GLIA_EMULATOR_RACE
void shadow_allocated(const void *address, size_t bytes);
void shadow_freed(const void *address);
void shadow_written_by_host(const void *address, size_t bytes);
void shadow_copied(const void *destination, const void *source, size_t bytes);
void shadow_launch();
void shadow_launch_over();
void shadow_block(unsigned number, const void *dynamic_shared);
void shadow_switch(unsigned number);
void shadow_barrier();
void shadow_warp_sync(unsigned warp, unsigned lanes);
void shadow_atomic(const void *address, size_t bytes, const void *caller);
void shadow_signal(const unsigned *counter);
void shadow_awaited(const unsigned *counter, unsigned count);
void shadow_cluster();
void shadow_cluster_arrive(unsigned phase);
void shadow_cluster_wait(unsigned phase);
void shadow_store(const void *address, size_t bytes, const void *caller);
void shadow_block_over(unsigned number);
#else
inline void shadow_allocated(const void *, size_t) {}
inline void shadow_freed(const void *) {}
inline void shadow_written_by_host(const void *, size_t) {}
inline void shadow_copied(const void *, const void *, size_t) {}
inline void shadow_launch() {}
inline void shadow_launch_over() {}
inline void shadow_block(unsigned, const void *) {}
inline void shadow_switch(unsigned) {}
inline void shadow_barrier() {}
inline void shadow_warp_sync(unsigned, unsigned) {}
inline void shadow_atomic(const void *, size_t, const void *) {}
inline void shadow_signal(const unsigned *) {}
inline void shadow_awaited(const unsigned *, unsigned) {}
inline void shadow_cluster() {}
inline void shadow_cluster_arrive(unsigned) {}
inline void shadow_cluster_wait(unsigned) {}
inline void shadow_store(const void *, size_t, const void *) {}
inline void shadow_block_over(unsigned) {}
#endif

}  // namespace emulator
#endif

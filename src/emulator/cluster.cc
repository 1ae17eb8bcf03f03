#include "emulator/cluster.h"

#include <cstring>

#include "emulator/block.h"
#include "emulator/gpu_error.h"
#include "emulator/kernel.h"
#include "emulator/shadow_memory.h"

namespace emulator {

namespace {

void check_launch_has_clusters(const char *operation, Site site) {
    if (running.block->cluster == nullptr)
        violation(cudaErrorLaunchFailure, site, "%s in a launch that has no clusters", operation);
}

// Where the block of that rank has what is at `shared` in this block.
void *place_in_block(void *shared, size_t bytes, unsigned rank, Site site) {
    const Block &own  = *running.block;
    const auto &all   = own.cluster->blocks;
    const auto offset = reinterpret_cast<uintptr_t>(shared) - reinterpret_cast<uintptr_t>(own.dynamic_shared);
    if (rank >= all.size()) violation(cudaErrorIllegalAddress, site, "block %u of a cluster of %zu", rank, all.size());
    if (own.dynamic_shared == nullptr || offset >= running.kernel->shared_bytes ||
        bytes > running.kernel->shared_bytes - offset)
        violation(cudaErrorIllegalAddress, site,
                  "stores %zu bytes at %p, which is no dynamic shared memory of its block", bytes, shared);
    if (offset % bytes != 0)
        violation(cudaErrorMisalignedAddress, site, "stores %zu bytes at byte %zu of shared memory", bytes,
                  static_cast<size_t>(offset));
    const Block &other = *all[rank];
    if (&other != &own && running.thread->phases_awaited == 0)
        violation(cudaErrorLaunchFailure, site,
                  "stores into block %u of its cluster before any gli_cluster_wait: nothing says that the block has "
                  "begun",
                  rank);
    if (other.over)
        violation(cudaErrorIllegalAddress, site,
                  "stores into the shared memory of block %u of its cluster, which has "
                  "ended",
                  rank);
    return static_cast<char *>(other.dynamic_shared) + offset;
}

template <typename C>
void store(C *shared, unsigned rank, C value, Site site, const void *caller) {
    check_launch_has_clusters("gli_cluster_store", site);
    void *place = place_in_block(shared, sizeof value, rank, site);
    shadow_store(place, sizeof value, caller);
    memcpy(place, &value, sizeof value);
}

}  // namespace

void Cluster::begin() {
    phase = arrived = 0;
    alive           = static_cast<unsigned>(blocks.size()) * running.thread_count;
    for (Block *block : blocks) block->cluster = this;
    shadow_cluster();
}

// The barrier is passed when all threads that have not exited have arrived.
void Cluster::complete() {
    if (alive == 0 || arrived < alive) return;
    arrived = 0;
    phase++;
}

void Cluster::leave(const Thread &thread) {
    alive--;
    if (thread.phases_arrived > phase) arrived--;
    complete();
}

}  // namespace emulator

using namespace emulator;

unsigned gli_cluster_rank(const char *file, int line) {
    check_launch_has_clusters("gli_cluster_rank", {file, line});
    return blockIdx.x % running.kernel->cluster;
}

void gli_cluster_arrive(const char *file, int line) {
    check_launch_has_clusters("gli_cluster_arrive", {file, line});
    Thread &thread   = *running.thread;
    Cluster &cluster = *running.block->cluster;
    if (thread.phases_arrived > thread.phases_awaited)
        violation(cudaErrorLaunchFailure, {file, line}, "gli_cluster_arrive twice without gli_cluster_wait");
    shadow_cluster_arrive(thread.phases_arrived);
    thread.phases_arrived++;
    cluster.arrived++;
    cluster.complete();
}

void gli_cluster_wait(const char *file, int line) {
    check_launch_has_clusters("gli_cluster_wait", {file, line});
    Thread &thread = *running.thread;
    if (thread.phases_arrived == thread.phases_awaited)
        violation(cudaErrorLaunchFailure, {file, line}, "gli_cluster_wait without gli_cluster_arrive");
    thread.awaited = {&running.block->cluster->phase, thread.phases_arrived};
    if (!thread.awaited.reached()) {
        thread.site  = {file, line};
        thread.state = ThreadState::AWAITING;
        Fiber::suspend();
    }
    shadow_cluster_wait(thread.phases_awaited);
    thread.phases_awaited++;
}

void gli_cluster_store(float *shared, unsigned rank, float value, const char *file, int line) {
    store(shared, rank, value, {file, line}, __builtin_return_address(0));
}

void gli_cluster_store(double *shared, unsigned rank, double value, const char *file, int line) {
    store(shared, rank, value, {file, line}, __builtin_return_address(0));
}

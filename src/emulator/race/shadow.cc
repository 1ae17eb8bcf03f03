// The race build's checks of every access of a kernel: is the address one that a kernel may use, was what it reads ever
// written, and is the access ordered with those of other threads? Threads are ordered by __syncthreads, the lanes of a
// warp also by __syncwarp, blocks of one launch by nothing but gli_signal, gli_await and gli_arrive, or in a cluster by
// its barrier. Shuffles and votes do not order memory, as CUDA's guide says.
#include <algorithm>
#include <array>
#include <map>

#include "emulator/block.h"
#include "emulator/emulated_gpu.h"
#include "emulator/gpu_error.h"
#include "emulator/gpu_memory.h"
#include "emulator/launch_limits.h"
#include "emulator/race/horizon.h"
#include "emulator/race/shadow_checks.h"
#include "emulator/shadow_memory.h"
#include "emulator/race/shadow_regions.h"

// The linker's: the section of __shared__ variables, and this library from first to last byte.
extern "C" {
extern char __start_gli_shared[] __attribute__((weak, visibility("hidden")));
extern char __stop_gli_shared[] __attribute__((weak, visibility("hidden")));
extern char __ehdr_start[] __attribute__((visibility("hidden")));
extern char _end[] __attribute__((visibility("hidden")));
}

namespace emulator {

namespace {

std::map<uintptr_t, std::unique_ptr<Region>> allocations;  // device memory, by address
// Where accesses were lately, by their addresses: a kernel goes from one tensor to the other and back.
constexpr uintptr_t RECENT_BYTES = 1024;
std::array<Region *, 256> recent;
std::unique_ptr<Region> static_shared;

uint32_t last_epoch, first_of_launch, first_of_cluster;  // of the last: where the running block has none, of itself
size_t static_shared_used;                               // by the running launch, as far as seen

constexpr char UNWRITTEN = static_cast<char>(0xFF);  // every byte of static shared memory when a block begins
constexpr unsigned WARPS = MAX_THREADS / WARP_LANES;

struct BlockShadow {
    std::unique_ptr<Region> dynamic_shared;
    uint32_t first, epoch;                     // when it began; since its last barrier
    Horizon horizon;                           // of all its threads
    std::map<unsigned, Horizon> own_horizons;  // of those that have awaited signals since the last barrier
    // The barrier of its cluster: the epoch of what its threads do behind it, as far as they have arrived, and of each
    // thread the epochs that it has arrived at and awaited.
    uint32_t behind;
    unsigned phase;
    uint32_t arrived[MAX_THREADS], awaited[MAX_THREADS];
    std::map<unsigned, AccessRecord> stores;  // the last of each other block in its shared memory
    // known[w][a][b]: how many syncs of lane b lane a of warp w knows to be over. A lane's clock is one more than its
    // own.
    uint32_t known[WARPS][WARP_LANES][WARP_LANES];
};
std::vector<std::unique_ptr<BlockShadow>> block_shadows;  // by number
BlockShadow *current;
// Of each counter and each number it has reached in this launch: what those knew who raised it so far.
std::map<const unsigned *, std::map<unsigned, Horizon>> signalled;
std::map<unsigned, Horizon> phases;  // of the running cluster's barrier: what those knew who have arrived

uintptr_t number(const void *pointer) { return reinterpret_cast<uintptr_t>(pointer); }

// The block of the running cluster in whose dynamic shared memory it is.
BlockShadow *find_in_cluster(uintptr_t address) {
    const unsigned count = running.kernel != nullptr && running.kernel->cluster > 1 ? running.kernel->cluster : 0;
    for (unsigned i = 0; i < count; i++)
        if (block_shadows[i]->dynamic_shared != nullptr && block_shadows[i]->dynamic_shared->holds(address))
            return block_shadows[i].get();
    return nullptr;
}

Region *find_region(uintptr_t address) {
    if (static_shared != nullptr && static_shared->holds(address)) return static_shared.get();
    Region *dynamic = current != nullptr ? current->dynamic_shared.get() : nullptr;
    if (dynamic != nullptr && dynamic->holds(address)) return dynamic;
    if (BlockShadow *other = find_in_cluster(address)) return other->dynamic_shared.get();
    Region *&last = recent[address / RECENT_BYTES % recent.size()];
    if (last != nullptr && last->holds(address)) return last;
    auto above = allocations.upper_bound(address);
    if (above == allocations.begin()) return nullptr;
    Region *below = std::prev(above)->second.get();
    if (!below->holds(address)) return nullptr;
    return last = below;
}

// Memory without a shadow that a kernel may use, besides its own stack: its parameters, pinned host memory, and to read
// what is constant in this library.
bool is_exempt(uintptr_t address, Access kind) {
    bool read = kind == Access::READ;
    if (read && address - number(running.kernel) < running.kernel->object_bytes) return true;
    if (read && address >= number(__ehdr_start) && address < number(_end)) return true;
    const Allocation *allocation = find_allocation(address);
    return allocation != nullptr && allocation->kind == MemoryKind::PINNED;
}

const char *verb(Access kind) {
    return kind == Access::READ ? "reads" : kind == Access::WRITE ? "writes" : "updates atomically";
}

const char *space(const Region &region) { return region.shared() ? "shared" : "global"; }

std::string neighbour(uintptr_t address) {
    const Region *nearest = nullptr;
    auto above            = allocations.upper_bound(address);
    if (above != allocations.begin()) nearest = std::prev(above)->second.get();
    for (Region *shared : {current->dynamic_shared.get(), static_shared.get()})
        if (shared != nullptr && shared->start() <= address &&
            (nearest == nullptr || shared->start() > nearest->start()))
            nearest = shared;
    constexpr size_t NEAR = 1 << 16;
    if (nearest == nullptr || address - nearest->start() - nearest->bytes() > NEAR)
        return "which is no device memory: a host pointer, or memory that was freed?";
    return formatted("which is no device memory: %zu bytes behind the end of %zu bytes of %s memory",
                     address - nearest->start() - nearest->bytes(), nearest->bytes(), space(*nearest));
}

void report_illegal(uintptr_t address, size_t bytes, Access kind, uint32_t source) {
    violation(cudaErrorIllegalAddress, source_site(source), "%s %zu bytes at %p, %s", verb(kind), bytes,
              reinterpret_cast<void *>(address), neighbour(address).c_str());
}

AccessRecord record_now(Access kind, uint32_t source) {
    const Thread &thread = *running.thread;
    uint32_t clock       = current->known[thread.warp()][thread.lane()][thread.lane()] + 1;
    return {std::max(current->epoch, current->arrived[thread.number]),
            clock,
            source,
            static_cast<uint16_t>(thread.number),
            static_cast<uint8_t>(running.block->number),
            kind};
}

bool is_foreign(const AccessRecord &record) {
    return record.block != running.block->number || record.epoch < current->first;
}

// Whether blocks have numbers of their own.
bool run_together() { return running.kernel->cooperative || running.kernel->cluster > 1; }

// Whether a signal or the cluster's barrier says that an access of another block is over.
bool is_signalled(const AccessRecord &record) {
    if (current->horizon.covers(record, run_together())) return true;
    auto own = current->own_horizons.find(running.thread->number);
    return own != current->own_horizons.end() && own->second.covers(record, run_together());
}

bool conflicts(const AccessRecord &old, Access kind, const Region &region) {
    if (old.epoch < first_of_launch) return false;
    if (old.kind == kind && kind != Access::WRITE) return false;
    if (is_foreign(old)) return !(region.shared() && old.epoch < first_of_cluster) && !is_signalled(old);
    const Thread &thread = *running.thread;
    const uint32_t first = std::max(current->epoch, current->awaited[thread.number]);
    if (old.epoch < first || old.thread == thread.number) return false;
    unsigned warp = old.thread / WARP_LANES, lane = old.thread % WARP_LANES;
    return warp != thread.warp() || current->known[warp][thread.lane()][lane] < old.clock;
}

void report_race(const AccessRecord &old, Access kind, uint32_t source, uintptr_t address, const Region &region) {
    std::string who =
        is_foreign(old) ? "a thread of another block" : "thread " + thread_name(*running.block->threads[old.thread]);
    violation(cudaErrorLaunchFailure, source_site(source),
              "race on %s memory at byte %zu of %zu: it %s what %s %s at %s, with nothing that orders the two",
              space(region), address - region.start(), region.bytes(), verb(kind), who.c_str(), verb(old.kind),
              source_text(old.source).c_str());
}

// How much a reader says about later writes: none of this launch, ordered by a barrier, of the same warp, of another
// warp, of another block.
int weight(const AccessRecord &reader) {
    if (reader.epoch < first_of_launch) return 0;
    if (is_foreign(reader)) return 4;
    if (reader.epoch < current->epoch) return 1;
    return reader.thread / WARP_LANES == running.thread->warp() ? 2 : 3;
}

void remember(Cell &cell, const AccessRecord &now) {
    if (now.kind != Access::READ) cell.write = now;
    if (now.kind == Access::WRITE) {
        cell.read = cell.other = {};
        return;
    }
    bool same = cell.read.thread == now.thread && !is_foreign(cell.read);
    if (!same && weight(cell.read) >= weight(cell.other)) cell.other = cell.read;
    cell.read = now;
}

void check_written(Region &region, uintptr_t address, size_t bytes, Access kind, uint32_t source) {
    if (kind == Access::WRITE) return region.mark_written(address, bytes);
    const uint8_t *written = region.written(address);
    const uint8_t *missing = std::find(written, written + bytes, uint8_t{0});
    if (missing == written + bytes) return;
    violation(cudaErrorLaunchFailure, source_site(source),
              "%s %zu bytes at byte %zu of %zu of %s memory: uninitialised, it was never written", verb(kind), bytes,
              address - region.start(), region.bytes(), space(region));
}

// The compiler checks a kernel's static shared memory; the launch checks the sum of static and dynamic.
void check_shared_limit(const Region &region, const Cell &cell, size_t bytes, uint32_t source) {
    if (&region != static_shared.get() || cell.write.epoch >= first_of_launch) return;
    static_shared_used += bytes;
    const size_t limit = whole_shared_limit(running.kernel->function);
    if (static_shared_used + running.kernel->shared_bytes <= limit) return;
    violation(cudaErrorLaunchOutOfResources, source_site(source),
              "%zu bytes of static and %zu of dynamic shared memory; %zu are allowed", static_shared_used,
              running.kernel->shared_bytes, limit);
}

void check_ordered(Region &region, uintptr_t address, size_t bytes, Access kind, uint32_t source) {
    AccessRecord now       = record_now(kind, source);
    uintptr_t cell_address = address;
    region.visit(address, bytes, [&](Cell &cell, size_t cell_bytes) {
        for (const AccessRecord *old : {&cell.write, &cell.read, &cell.other})
            if (conflicts(*old, kind, region)) return report_race(*old, kind, source, cell_address, region);
        if (kind != Access::READ) check_shared_limit(region, cell, cell_bytes, source);
        remember(cell, now);
        cell_address += cell_bytes;
    });
}

void check(uintptr_t address, size_t bytes, Access kind, uint32_t source) {
    Region *region = find_region(address);
    if (region == nullptr) {
        if (!is_exempt(address, kind)) report_illegal(address, bytes, kind, source);
        return;
    }
    if (address + bytes > region->start() + region->bytes())
        report_illegal(region->start() + region->bytes(), bytes, kind, source);
    if (region == static_shared.get() && (running.kernel->cooperative || running.kernel->cluster > 1))
        violation(cudaErrorLaunchFailure, source_site(source),
                  "%s static shared memory, of which the emulator has one for all blocks: a kernel whose blocks wait "
                  "for each other, or are a cluster, must have dynamic shared memory alone",
                  verb(kind));
    check_written(*region, address, bytes, kind, source);
    check_ordered(*region, address, bytes, kind, source);
}
}  // namespace

void check_access(const void *pointer, size_t bytes, Access kind, uint32_t source) {
    if (!running.in_kernel || bytes == 0) return;
    if (running.thread->fiber.on_stack(number(pointer))) return;  // most: arrays that nvcc keeps in registers
    running.in_kernel = false;
    check(number(pointer), bytes, kind, source);
    running.in_kernel = true;
}

void shadow_allocated(const void *address, size_t bytes) {
    allocations[number(address)] = std::make_unique<Region>(address, bytes, false);
}

void shadow_freed(const void *address) {
    recent = {};
    allocations.erase(number(address));
}

void shadow_written_by_host(const void *address, size_t bytes) {
    Region *region = find_region(number(address));
    if (region != nullptr) region->mark_written(number(address), bytes);
}

void shadow_copied(const void *destination, const void *source, size_t bytes) {
    Region *to = find_region(number(destination)), *from = find_region(number(source));
    if (to != nullptr && from != nullptr)
        std::copy_n(from->written(number(source)), bytes, to->written(number(destination)));
}

void shadow_launch() {
    first_of_launch    = ++last_epoch;
    static_shared_used = 0;
    signalled.clear();
    size_t bytes = static_cast<size_t>(__stop_gli_shared - __start_gli_shared);
    if (static_shared != nullptr || bytes == 0) return;
    static_shared = std::make_unique<Region>(__start_gli_shared, bytes, true);
    std::fill(__start_gli_shared, __stop_gli_shared, UNWRITTEN);
}

// The memory of the dynamic shared regions goes back to the heap.
void shadow_launch_over() {
    for (auto &block : block_shadows) block->dynamic_shared = nullptr;
}

void shadow_block(unsigned number, const void *dynamic) {
    while (block_shadows.size() <= number) block_shadows.push_back(std::make_unique<BlockShadow>());
    current        = block_shadows[number].get();
    current->first = current->epoch = first_of_cluster = ++last_epoch;
    current->behind                                    = 0;
    current->horizon                                   = {};
    current->own_horizons.clear();
    current->stores.clear();
    if (static_shared != nullptr) {
        auto [first, end] = static_shared->written_range();
        std::fill(__start_gli_shared + first, __start_gli_shared + end, UNWRITTEN);
        static_shared->forget_written();
    }
    if (dynamic != nullptr && current->dynamic_shared == nullptr)
        current->dynamic_shared = std::make_unique<Region>(dynamic, running.kernel->shared_bytes, true);
    if (dynamic != nullptr) current->dynamic_shared->forget_written();
}

void shadow_switch(unsigned number) { current = block_shadows[number].get(); }

void shadow_barrier() {
    current->epoch = ++last_epoch;
    for (const auto &own : current->own_horizons) current->horizon.join(own.second);
    current->own_horizons.clear();
}

// A release: what the block did before its last barrier, and what this thread knows to be over, is so for the threads
// that await the signal.
void shadow_signal(const unsigned *counter) {
    running.in_kernel = false;
    auto &of_counter  = signalled[counter];
    Horizon &horizon  = of_counter[*counter + 1];
    auto before       = of_counter.find(*counter);
    if (before != of_counter.end()) horizon.join(before->second);
    horizon.join(current->horizon);
    auto own = current->own_horizons.find(running.thread->number);
    if (own != current->own_horizons.end()) horizon.join(own->second);
    if (run_together())
        horizon.raise(running.block->number, current->epoch);
    else
        horizon.raise_in_turn(current->first, current->epoch);
    running.in_kernel = true;
}

// Signals beyond the count do not order anything: in another run they come later.
void shadow_awaited(const unsigned *counter, unsigned count) {
    running.in_kernel = false;
    current->own_horizons[running.thread->number].join(signalled[counter][count]);
    running.in_kernel = true;
}

void shadow_cluster() {
    first_of_cluster = block_shadows[0]->first;
    phases.clear();
}

// What a thread does from now on belongs to an epoch of its own, so that the barrier says nothing of it. Those of its
// block that have already arrived share that epoch, unless __syncthreads was between.
void shadow_cluster_arrive(unsigned phase) {
    running.in_kernel = false;
    if (current->behind <= current->epoch || current->phase != phase) current->behind = ++last_epoch;
    current->phase                           = phase;
    current->arrived[running.thread->number] = current->behind;
    phases[phase].raise(running.block->number, current->behind);
    running.in_kernel = true;
}

void shadow_cluster_wait(unsigned phase) {
    running.in_kernel        = false;
    const unsigned thread    = running.thread->number;
    current->awaited[thread] = phases[phase].of(running.block->number);
    current->own_horizons[thread].join(phases[phase]);
    running.in_kernel = true;
}

void shadow_store(const void *address, size_t bytes, const void *caller) {
    const uint32_t source = source_of(caller);
    check_access(address, bytes, Access::WRITE, source);
    running.in_kernel  = false;
    BlockShadow *block = find_in_cluster(number(address));
    if (block != current) block->stores[running.block->number] = record_now(Access::WRITE, source);
    running.in_kernel = true;
}

// Its shared memory ends with a block, so that others must have stored what they store there.
void shadow_block_over(unsigned number) {
    const BlockShadow &block = *block_shadows[number];
    for (const auto &[other, record] : block.stores) {
        bool over = block.horizon.of(other) > record.epoch;
        for (const auto &own : block.own_horizons) over |= own.second.of(other) > record.epoch;
        if (over) continue;
        return report(
            cudaErrorLaunchFailure, *running.block->threads[0], source_site(record.source),
            "block %u of the cluster stores into the shared memory of this block, with nothing that says that "
            "the block has not ended by then",
            other);
    }
}

// All lanes now know what each of them has done and knew.
void shadow_warp_sync(unsigned warp, unsigned lanes) {
    auto &known                = current->known;
    uint32_t joint[WARP_LANES] = {};
    for (unsigned lane = 0; lane < WARP_LANES; lane++) {
        if ((lanes >> lane & 1) == 0) continue;
        known[warp][lane][lane]++;
        for (unsigned i = 0; i < WARP_LANES; i++) joint[i] = std::max(joint[i], known[warp][lane][i]);
    }
    for (unsigned lane = 0; lane < WARP_LANES; lane++)
        if ((lanes >> lane & 1) != 0) std::copy_n(joint, WARP_LANES, known[warp][lane]);
}

void shadow_atomic(const void *address, size_t bytes, const void *caller) {
    check_access(address, bytes, Access::ATOMIC, source_of(caller));
}

}  // namespace emulator

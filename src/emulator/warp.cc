#include "emulator/warp.h"

#include "emulator/block.h"
#include "emulator/gpu_error.h"
#include "emulator/shadow_memory.h"
#include "emulator/mma.h"

namespace emulator {

namespace {

// What a shuffle gives for a lane that has no value: a NaN.
constexpr uint64_t NO_VALUE = 0x7FFFDEAD7FFFDEADu;

unsigned bit(unsigned lane) { return 1u << lane; }

// The lanes that the block has: its last warp may be partial.
unsigned existing_lanes(unsigned warp) {
    unsigned left = running.thread_count - warp * WARP_LANES;
    return left >= WARP_LANES ? ~0u : bit(left) - 1;
}

Thread &lane_of(unsigned warp, unsigned lane) { return *running.block->threads[warp * WARP_LANES + lane]; }

bool same_operation(const Thread &a, const Thread &b) {
    return a.request.op == b.request.op && a.request.mask == b.request.mask && same_site(a.site, b.site);
}

// A lane that this one waits for, or WARP_LANES.
unsigned missing_lane(const Thread &waiting) {
    unsigned lanes = waiting.request.mask & existing_lanes(waiting.warp());
    for (unsigned lane = 0; lane < WARP_LANES; lane++) {
        if ((lanes & bit(lane)) == 0) continue;
        const Thread &other = lane_of(waiting.warp(), lane);
        if (other.state != ThreadState::IN_WARP_OPERATION || !same_operation(waiting, other)) return lane;
    }
    return WARP_LANES;
}

// The lane whose value a shuffle gives to this one, as CUDA defines it: a lane outside its segment means its own.
unsigned source_lane(const Thread &thread) {
    int lane = static_cast<int>(thread.lane()), width = thread.request.width, operand = thread.request.operand;
    int first = lane & -width, end = first + width;
    int source = lane;
    if (thread.request.op == WarpOp::SHUFFLE) source = first + (operand & (width - 1));
    if (thread.request.op == WarpOp::SHUFFLE_UP && lane - operand >= first) source = lane - operand;
    if (thread.request.op == WarpOp::SHUFFLE_DOWN && lane + operand < end) source = lane + operand;
    if (thread.request.op == WarpOp::SHUFFLE_XOR && (lane ^ operand) < end) source = lane ^ operand;
    return static_cast<unsigned>(source) % WARP_LANES;
}

uint64_t shuffled_value(const Thread &thread) {
    unsigned source = source_lane(thread);
    if ((thread.request.mask & existing_lanes(thread.warp()) & bit(source)) != 0)
        return lane_of(thread.warp(), source).request.value;
    report(cudaErrorLaunchFailure, thread, thread.site,
           "%s reads lane %u, which takes no part: the mask is 0x%08x, the warp has the lanes 0x%08x",
           operation_name(thread.request.op), source, thread.request.mask, existing_lanes(thread.warp()));
    return NO_VALUE;
}

uint64_t result_of(const Thread &thread, unsigned lanes, unsigned votes) {
    switch (thread.request.op) {
        case WarpOp::BALLOT: return votes;
        case WarpOp::ANY: return votes != 0;
        case WarpOp::ALL: return votes == lanes;
        case WarpOp::SHUFFLE:
        case WarpOp::SHUFFLE_UP:
        case WarpOp::SHUFFLE_DOWN:
        case WarpOp::SHUFFLE_XOR: return shuffled_value(thread);
        default: return 0;
    }
}

// All lanes load or store one matrix.
void check_uniform(unsigned warp) {
    const WarpRequest &first = lane_of(warp, 0).request;
    for (unsigned lane = 1; lane < WARP_LANES; lane++) {
        const Thread &other = lane_of(warp, lane);
        if (other.request.value == first.value && other.request.operand == first.operand) continue;
        report(cudaErrorLaunchFailure, other, other.site,
               "%s of another matrix than lane 0's: %p with %d, not %p with %d", operation_name(first.op),
               reinterpret_cast<void *>(other.request.value), other.request.operand,
               reinterpret_cast<void *>(first.value), first.operand);
        return;
    }
}

void run_task(unsigned warp) {
    WarpTask *tasks[WARP_LANES];
    for (unsigned lane = 0; lane < WARP_LANES; lane++)
        tasks[lane] = reinterpret_cast<WarpTask *>(lane_of(warp, lane).request.value);
    const Thread &first = lane_of(warp, 0);
    if (!tasks[0]->run(tasks))
        report(cudaErrorLaunchFailure, first, first.site, "%s of tf32 elements that are not rounded to tf32",
               operation_name(first.request.op));
}

void release(unsigned warp, unsigned lanes) {
    WarpOp op = lane_of(warp, static_cast<unsigned>(__builtin_ctz(lanes))).request.op;
    if (op == WarpOp::LOAD_MATRIX || op == WarpOp::STORE_MATRIX) check_uniform(warp);
    if (op == WarpOp::MULTIPLY_MATRICES || op == WarpOp::LOAD_BLOCKS || op == WarpOp::MULTIPLY_ADD) run_task(warp);
    unsigned votes = 0;
    for (unsigned lane = 0; lane < WARP_LANES; lane++)
        if ((lanes & bit(lane)) != 0 && lane_of(warp, lane).request.value != 0) votes |= bit(lane);
    for (unsigned lane = 0; lane < WARP_LANES; lane++) {
        if ((lanes & bit(lane)) == 0) continue;
        Thread &thread        = lane_of(warp, lane);
        thread.request.result = result_of(thread, lanes, votes);
        thread.state          = ThreadState::READY;
        running.block->waiting_warps--;
    }
    if (op == WarpOp::SYNC) shadow_warp_sync(warp, lanes);
}

}  // namespace

const char *operation_name(WarpOp op) {
    static constexpr const char *NAMES[] = {
        "__syncwarp",    "__shfl_sync", "__shfl_up_sync", "__shfl_down_sync", "__shfl_xor_sync",
        "__ballot_sync", "__any_sync",  "__all_sync",     "load_matrix_sync", "store_matrix_sync",
        "mma_sync",      "ldmatrix",    "mma.sync"};
    return NAMES[static_cast<int>(op)];
}

bool release_warps() {
    bool released = false;
    for (unsigned first = 0; first < running.thread_count; first += WARP_LANES) {
        unsigned warp = first / WARP_LANES, lanes = existing_lanes(warp);
        for (unsigned lane = 0; lane < WARP_LANES && (lanes & bit(lane)) != 0; lane++) {
            const Thread &thread = lane_of(warp, lane);
            if (thread.state != ThreadState::IN_WARP_OPERATION || missing_lane(thread) != WARP_LANES) continue;
            release(warp, thread.request.mask & lanes);
            released = true;
        }
    }
    return released;
}

// No thread can go on, and some lanes wait for others of their mask.
void report_stalled_warp() {
    const Thread *waiting = nullptr;
    for (unsigned i = 0; i < running.thread_count && waiting == nullptr; i++)
        if (running.block->threads[i]->state == ThreadState::IN_WARP_OPERATION)
            waiting = running.block->threads[i].get();
    const Thread &missing = lane_of(waiting->warp(), missing_lane(*waiting));
    std::string where     = "has exited";
    if (missing.state == ThreadState::AT_BARRIER) where = "waits at __syncthreads, " + location(missing.site);
    if (missing.state == ThreadState::IN_WARP_OPERATION) {
        where = formatted("waits at %s with mask 0x%08x, %s", operation_name(missing.request.op), missing.request.mask,
                          location(missing.site).c_str());
    }
    report(cudaErrorLaunchFailure, *waiting, waiting->site,
           "waits at %s with mask 0x%08x, but its lane %u, thread %s, %s", operation_name(waiting->request.op),
           waiting->request.mask, missing.lane(), thread_name(missing).c_str(), where.c_str());
}

uint64_t warp_operation(WarpOp op, unsigned mask, uint64_t value, int operand, int width, Site site) {
    Thread &thread = *running.thread;
    if ((mask & bit(thread.lane())) == 0)
        violation(cudaErrorLaunchFailure, site, "%s with mask 0x%08x is called by lane %u, which is not in it",
                  operation_name(op), mask, thread.lane());
    if (width < 1 || width > 32 || (width & (width - 1)) != 0)
        violation(cudaErrorLaunchFailure, site, "%s with a width of %d: it must be a power of two up to 32",
                  operation_name(op), width);
    thread.request = {op, mask, operand, width, value, 0};
    thread.site    = site;
    thread.state   = ThreadState::IN_WARP_OPERATION;
    running.block->waiting_warps++;
    Fiber::suspend();
    return thread.request.result;
}

unsigned current_lane() { return running.thread->lane(); }

// Tensor cores work for whole warps.
static void check_whole_warp(WarpOp op, Site site) {
    unsigned lanes = existing_lanes(running.thread->warp());
    if (lanes != ~0u)
        violation(cudaErrorLaunchFailure, site, "%s in a warp with the lanes 0x%08x: it needs all 32",
                  operation_name(op), lanes);
}

void check_matrix(WarpOp op, const void *pointer, unsigned stride, unsigned stride_multiple, Site site) {
    constexpr size_t ALIGNMENT = 32;
    if (reinterpret_cast<uintptr_t>(pointer) % ALIGNMENT != 0 || stride % stride_multiple != 0)
        violation(
            cudaErrorMisalignedAddress, site,
            "%s at %p with %u elements from line to line: it needs an address aligned to %zu bytes and a multiple "
            "of %u elements",
            operation_name(op), pointer, stride, ALIGNMENT, stride_multiple);
    check_whole_warp(op, site);
    warp_operation(op, ~0u, reinterpret_cast<uintptr_t>(pointer), static_cast<int>(stride), WARP_LANES, site);
}

void warp_task(WarpOp op, WarpTask *task, Site site) {
    check_whole_warp(op, site);
    warp_operation(op, ~0u, reinterpret_cast<uintptr_t>(task), 0, WARP_LANES, site);
}

void check_row_of_ldmatrix(const void *row, Site site) {
    if (reinterpret_cast<uintptr_t>(row) % 16 != 0)
        violation(cudaErrorMisalignedAddress, site, "ldmatrix of a row at %p: it needs an address aligned to 16 bytes",
                  row);
}

// Of each block, lane l gets column l / 4 of rows l % 4 * 2 and one more, elements of 16 bits.
bool exchange_rows_transposed(WarpTask *const *tasks) {
    auto task = [&](unsigned lane) { return static_cast<LoadBlocksTask *>(tasks[lane]); };
    for (unsigned block = 0; block < 4; block++)
        for (unsigned lane = 0; lane < WARP_LANES; lane++) {
            const unsigned column = lane / 4;
            unsigned word         = 0;
            for (unsigned i = 0; i < 2; i++) {
                const unsigned pair = task(block * 8 + lane % 4 * 2 + i)->row[column / 2];
                word |= (pair >> column % 2 * 16 & 0xFFFF) << i * 16;
            }
            task(lane)->words[block] = word;
        }
    return true;
}

// Of each block, lane l gets word l % 4 of row l / 4, which lane l / 4 of the block's eight has read.
bool exchange_rows(WarpTask *const *tasks) {
    auto task = [&](unsigned lane) { return static_cast<LoadBlocksTask *>(tasks[lane]); };
    for (unsigned block = 0; block < 4; block++)
        for (unsigned lane = 0; lane < WARP_LANES; lane++)
            task(lane)->words[block] = task(block * 8 + lane / 4)->row[lane % 4];
    return true;
}

}  // namespace emulator

#include "emulator/block.h"

#include <cstdarg>
#include <cstring>

#include "emulator/gpu_error.h"
#include "emulator/kernel.h"
#include "emulator/settings.h"
#include "emulator/shadow_memory.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace emulator {

Running running;

namespace {

std::string kernel_name() {
    std::string name = running.kernel->name;
    if (name.front() == '(') name = name.substr(1, name.size() - 2);  // a template in parentheses
    return name;
}

void record(cudaError_t error, const Thread &thread, Site site, const std::string &text) {
    running.failed = true;
    lose_gpu(error, formatted("kernel %s, block (%u,%u,%u), thread %s%s: %s", kernel_name().c_str(), blockIdx.x,
                              blockIdx.y, blockIdx.z, thread_name(thread).c_str(),
                              site.file != nullptr ? (", " + location(site)).c_str() : "", text.c_str()));
}

void thread_main() {
    running.kernel->run();
    running.thread->state = ThreadState::EXITED;
    if (running.block->cluster != nullptr) running.block->cluster->leave(*running.thread);
}

bool start_threads() {
    dim3 size = running.kernel->block;
    for (unsigned i = 0; i < running.thread_count; i++) {
        Thread &thread        = *running.block->threads[i];
        thread.number         = i;
        thread.index          = {i % size.x, i / size.x % size.y, i / size.x / size.y};
        thread.state          = ThreadState::READY;
        thread.phases_arrived = thread.phases_awaited = 0;
        if (!thread.fiber.start(thread_main)) {
            report(cudaErrorLaunchFailure, thread, {}, "the emulator has no memory for the thread's stack");
            return false;
        }
    }
    return true;
}

// Each ready thread runs until it waits or exits. False: none was ready.
bool run_ready_threads() {
    static std::vector<uint32_t> order;
    bool ran = false;
    schedule_order(order, running.thread_count);
    for (uint32_t i : order) {
        Thread &thread = *running.block->threads[i];
        if (thread.state != ThreadState::READY) continue;
        ran            = true;
        running.thread = &thread;
        threadIdx      = thread.index;

        running.in_kernel = true;
        thread.fiber.resume();
        running.in_kernel = false;
        running.thread    = nullptr;
        if (running.failed) break;
    }
    return ran;
}

void wake_awaiting() {
    for (unsigned i = 0; i < running.thread_count; i++) {
        Thread &thread = *running.block->threads[i];
        if (thread.state == ThreadState::AWAITING && thread.awaited.reached()) thread.state = ThreadState::READY;
    }
}

const Thread *find(ThreadState state) {
    for (unsigned i = 0; i < running.thread_count; i++)
        if (running.block->threads[i]->state == state) return running.block->threads[i].get();
    return nullptr;
}

// All threads wait at barriers or have exited. A GPU demands that all of them wait at the same one.
bool release_barrier() {
    const Thread *first = find(ThreadState::AT_BARRIER);
    if (const Thread *exited = find(ThreadState::EXITED)) {
        report(cudaErrorLaunchFailure, *first, first->site, "waits at __syncthreads, but thread %s has exited",
               thread_name(*exited).c_str());
        return false;
    }
    for (unsigned i = 0; i < running.thread_count; i++) {
        const Thread &other = *running.block->threads[i];
        if (same_site(other.site, first->site)) continue;
        report(cudaErrorLaunchFailure, *first, first->site,
               "waits at this __syncthreads, but thread %s at that of %s: the barrier is divergent",
               thread_name(other).c_str(), location(other.site).c_str());
        return false;
    }
    for (unsigned i = 0; i < running.thread_count; i++) running.block->threads[i]->state = ThreadState::READY;
    shadow_barrier();
    return true;
}

// False: what other blocks of its cluster do in its shared memory may not be over.
bool block_over() {
    shadow_block_over(running.block->number);
    return !running.failed;
}

}  // namespace

// A header's name may be in the library more than once.
bool same_site(Site a, Site b) { return a.line == b.line && (a.file == b.file || strcmp(a.file, b.file) == 0); }

std::string location(Site site) {
    const char *slash = strrchr(site.file, '/');
    const char *name  = slash != nullptr ? slash + 1 : site.file;
    return site.line > 0 ? formatted("%s:%d", name, site.line) : name;
}

std::string thread_name(const Thread &thread) {
    return formatted("(%u,%u,%u)", thread.index.x, thread.index.y, thread.index.z);
}

void report(cudaError_t error, const Thread &thread, Site site, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    record(error, thread, site, formatted_list(format, arguments));
    va_end(arguments);
}

void violation(cudaError_t error, Site site, const char *format, ...) {
    if (running.thread == nullptr) return;  // device code called by the host
    running.in_kernel = false;
    va_list arguments;
    va_start(arguments, format);
    record(error, *running.thread, site, formatted_list(format, arguments));
    va_end(arguments);
    Fiber::suspend();
}

bool start_block(Block &block, uint3 index) {
    running.block       = &block;
    running.failed      = false;
    blockIdx            = index;
    block.index         = index;
    block.waiting_warps = 0;
    block.over          = false;
    block.cluster       = nullptr;
    // Unwritten shared memory reads as NaN.
    if (block.dynamic_shared != nullptr) memset(block.dynamic_shared, 0xFF, running.kernel->shared_bytes);
    shadow_block(block.number, block.dynamic_shared);
    return start_threads();
}

Progress run_block(Block &block) {
    running.block = &block;
    blockIdx      = block.index;
    shadow_switch(block.number);
    for (Progress progress = Progress::NONE;; progress = Progress::GONE_ON) {
        wake_awaiting();
        const bool ran = run_ready_threads();
        if (running.failed) return Progress::FAILED;
        if (block.waiting_warps > 0 && release_warps()) {
            if (running.failed) return Progress::FAILED;
            continue;
        }
        if (find(ThreadState::AWAITING) != nullptr) {
            if (ran) continue;  // they may have raised what others of this block wait for
            return progress;
        }
        if (block.waiting_warps > 0) return report_stalled_warp(), Progress::FAILED;
        block.over = find(ThreadState::AT_BARRIER) == nullptr;
        if (block.over) return block_over() ? Progress::GONE_ON : Progress::FAILED;
        if (!release_barrier()) return Progress::FAILED;
    }
}

void report_stalled_block(Block &block) {
    running.block         = &block;
    blockIdx              = block.index;
    const Thread &waiting = *find(ThreadState::AWAITING);
    if (block.cluster != nullptr)
        return report(cudaErrorLaunchFailure, waiting, waiting.site,
                      "waits at the barrier of its cluster, at which %u of %u threads are, and every thread that is "
                      "left waits, too",
                      block.cluster->arrived, block.cluster->alive);
    report(cudaErrorLaunchFailure, waiting, waiting.site,
           "waits for a counter to reach %u; it is at %u, and every thread that is left waits, too",
           waiting.awaited.count, *waiting.awaited.counter);
}

void block_barrier(Site site) {
    Thread &thread = *running.thread;
    thread.state   = ThreadState::AT_BARRIER;
    thread.site    = site;
    Fiber::suspend();
}

}  // namespace emulator

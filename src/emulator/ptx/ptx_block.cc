#include "emulator/ptx/ptx_block.h"

#include <algorithm>
#include <cstring>

#include "emulator/gpu_error.h"
#include "emulator/settings.h"

namespace emulator::ptx {

void Block::prepare(const PtxLaunch &launch) {
    launch_     = &launch;
    warp_count_ = (threads() + LANES - 1) / LANES;
    while (warps_.size() < warp_count_) warps_.push_back(std::make_unique<Warp>());
    for (size_t i = 0; i < warp_count_; i++) warps_[i]->prepare(*launch.program);
}

void Cluster::arrive(unsigned threads) {
    arrived += threads;
    complete();
}

void Cluster::leave(bool has_arrived) {
    alive--;
    if (has_arrived) arrived--;
    complete();
}

void Cluster::complete() {
    if (alive == 0 || arrived < alive) return;
    arrived = 0;
    phase++;
}

void Block::start(uint3 index, Cluster &cluster) {
    index_   = index;
    cluster_ = &cluster;
    failed_  = false;
    cluster.blocks.push_back(this);
    cluster.alive += threads();
    shared_.assign(launch_->program->shared_end + launch_->shared_bytes, 0xFF);  // unwritten memory reads as NaN
    for (size_t i = 0; i < warp_count_; i++) warps_[i]->start(*this, static_cast<unsigned>(i));
}

uint8_t *Block::shared(uint64_t offset, unsigned bytes) {
    for (const SharedVariable &variable : launch_->program->shared)
        if (offset - variable.start < variable.bytes)
            return offset - variable.start + bytes <= variable.bytes ? &shared_[offset] : nullptr;
    const uint64_t into_dynamic = offset - launch_->program->shared_end;
    return into_dynamic < launch_->shared_bytes && into_dynamic + bytes <= launch_->shared_bytes ? &shared_[offset]
                                                                                                 : nullptr;
}

Block *Block::of_cluster(uint64_t number) {
    if (number == 0) return this;
    Block *block = number <= cluster_->blocks.size() ? cluster_->blocks[number - 1] : nullptr;
    return block == nullptr || block->over() ? nullptr : block;
}

void Block::run() {
    std::vector<uint32_t> order;
    for (bool gone_on = true, awaiting = false; gone_on && !awaiting;) {
        bool at_cluster = false;
        gone_on = awaiting = false;
        schedule_order(order, warp_count_);
        for (uint32_t i : order) {
            Warp &warp = *warps_[i];
            if (warp.state == State::AT_CLUSTER ? !warp.leave_cluster_barrier()
                                                : warp.state != State::READY && warp.state != State::AWAITING) {
                at_cluster |= warp.state == State::AT_CLUSTER;
                continue;
            }
            gone_on = true;
            awaiting |= warp.run() == State::AWAITING;
            at_cluster |= warp.state == State::AT_CLUSTER;
            if (warp.state != State::AWAITING) launch_->news++;
            if (failed_) return;
        }
        if (!awaiting && !at_cluster && !over() && release_barrier()) gone_on = true;
    }
}

bool Block::over() const {
    for (size_t i = 0; i < warp_count_; i++)
        if (warps_[i]->state != State::EXITED) return false;
    return true;
}

// All warps wait at a barrier, or have ended, which a GPU does not allow.
bool Block::release_barrier() {
    Warp *waiting = nullptr;
    for (size_t i = 0; i < warp_count_; i++)
        if (warps_[i]->state == State::AT_BARRIER) waiting = warps_[i].get();
    for (size_t i = 0; i < warp_count_; i++) {
        if (warps_[i]->exited() == 0) continue;
        waiting->fail(0, cudaErrorLaunchFailure, "waits at the barrier, but threads 0x%08x of warp %zu have exited",
                      warps_[i]->exited(), i);
        return false;
    }
    for (size_t i = 0; i < warp_count_; i++) warps_[i]->leave_barrier();
    return true;
}

void Block::report_stalled() {
    for (size_t i = 0; i < warp_count_; i++) {
        if (warps_[i]->state == State::AT_CLUSTER)
            return warps_[i]->fail(0, cudaErrorLaunchFailure,
                                   "waits at the barrier of its cluster, at which %u of %u threads are, and nothing is "
                                   "left to run",
                                   cluster_->arrived, cluster_->alive);
        if (warps_[i]->state == State::AWAITING)
            return warps_[i]->fail(0, cudaErrorLaunchFailure, "waits for another block, and nothing is left to run");
    }
}

namespace {

// Kept from launch to launch, with the registers of their warps.
std::vector<std::unique_ptr<Block>> blocks;

uint3 block_index(const Launch &launch, uint32_t i) {
    return {i % launch.grid.x, i / launch.grid.x % launch.grid.y, i / launch.grid.x / launch.grid.y};
}

// Round by round, until all blocks are over.
void run_blocks(PtxLaunch &launch, const std::vector<Block *> &running) {
    std::vector<uint32_t> order;
    for (bool left = true; left;) {
        left               = false;
        const uint64_t old = launch.news;
        schedule_order(order, running.size());
        for (uint32_t i : order) {
            if (running[i]->over()) continue;
            running[i]->run();
            if (running[i]->failed()) return;
            left |= !running[i]->over();
        }
        if (!left || launch.news != old) continue;
        for (Block *block : running)
            if (!block->over()) return block->report_stalled();
    }
}

}  // namespace

void run_launch(PtxLaunch &launch) {
    static uint64_t launches;
    if (lost_error() != cudaSuccess) return;
    launch.number        = ++launches;
    const size_t count   = size_t{launch.grid.x} * launch.grid.y * launch.grid.z;
    const size_t at_once = launch.cooperative ? count : launch.cluster;
    while (blocks.size() < at_once) blocks.push_back(std::make_unique<Block>());
    std::vector<Block *> running;
    for (size_t i = 0; i < at_once; i++) {
        blocks[i]->prepare(launch);
        running.push_back(blocks[i].get());
    }
    std::vector<uint32_t> order;
    schedule_order(order, count / at_once);
    for (uint32_t group : order) {
        std::vector<Cluster> clusters(at_once / launch.cluster);
        for (uint32_t i = 0; i < at_once; i++)
            blocks[i]->start(block_index(launch, static_cast<uint32_t>(group * at_once) + i),
                             clusters[i / launch.cluster]);
        run_blocks(launch, running);
        if (std::any_of(running.begin(), running.end(), [](const Block *block) { return block->failed(); })) return;
    }
}

}  // namespace emulator::ptx

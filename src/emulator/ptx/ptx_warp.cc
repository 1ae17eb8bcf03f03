#include "emulator/ptx/ptx_warp.h"

#include <algorithm>
#include <cstdarg>
#include <cstring>

#include "emulator/gpu_error.h"
#include "emulator/ptx/ptx_block.h"
#include "emulator/ptx/ptx_lanes.h"

namespace emulator::ptx {

namespace {

template <typename T>
void fill(Warp &warp, Slot slot, T value) {
    Lanes<T> all;
    all.fill(value);
    memcpy(warp.registers() + slot, &all, sizeof all);
}

void write_constant(Warp &warp, const Constant &constant) {
    switch (constant.bytes) {
        case 0: {
            const uint32_t bits = constant.value != 0 ? ALL_LANES : 0;
            memcpy(warp.registers() + constant.slot, &bits, sizeof bits);
            break;
        }
        case 1: return fill(warp, constant.slot, static_cast<uint8_t>(constant.value));
        case 2: return fill(warp, constant.slot, static_cast<uint16_t>(constant.value));
        case 4: return fill(warp, constant.slot, static_cast<uint32_t>(constant.value));
        default: return fill(warp, constant.slot, constant.value);
    }
}

uint3 thread_index(const dim3 &block, unsigned thread) {
    return {thread % block.x, thread / block.x % block.y, thread / block.x / block.y};
}

}  // namespace

void Warp::prepare(const Program &program) {
    if (program_ == &program) return;
    program_ = &program;
    registers_.reset(static_cast<uint8_t *>(aligned_alloc(64, std::max(64u, program.register_bytes))));
    if (!registers_) throw std::bad_alloc();
    memset(registers_.get(), 0xFF, program.register_bytes);
    for (const Constant &constant : program.constants) write_constant(*this, constant);
}

void Warp::start(Block &block, unsigned number) {
    block_               = &block;
    number_              = number;
    const unsigned count = std::min(LANES, block.threads() - number * LANES);
    existing_            = count == LANES ? ALL_LANES : (uint32_t{1} << count) - 1;
    exited_              = 0;
    failed_              = false;
    state                = State::READY;
    awaited_             = 0;
    arrived_             = 0;
    groups_.clear();
    copies.clear();
    memset(copy_group, 0, sizeof copy_group);
    local_.assign(size_t{LANES} * program_->local_bytes, 0xFF);
    pc_    = 0;
    lanes_ = existing_;
    limit_ = UINT32_MAX;
    for (unsigned lane = 0; lane < LANES; lane++) {
        const dim3 &size        = block.launch().block;
        const ThreadPlace place = {thread_index(size, number * LANES + lane),
                                   block.index(),
                                   size,
                                   block.launch().grid,
                                   lane,
                                   number,
                                   block.launch().cluster};
        for (const auto &[special, slot] : program_->specials) {
            const uint32_t value = special(place);
            memcpy(registers() + slot + lane * sizeof value, &value, sizeof value);
        }
    }
}

void Warp::fail(unsigned lane, cudaError_t error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const std::string text = formatted_list(format, arguments);
    va_end(arguments);
    const uint3 block = block_->index(), thread = thread_index(block_->launch().block, number_ * LANES + lane);
    const std::string instruction(program_->code[pc_].text);
    lose_gpu(error,
             formatted("kernel %s, block (%u,%u,%u), thread (%u,%u,%u), \"%s\": %s", block_->launch().name, block.x,
                       block.y, block.z, thread.x, thread.y, thread.z, instruction.c_str(), text.c_str()));
    failed_ = true;
    block_->fail();
}

// The lowest group that does not wait. False: there is none.
bool Warp::choose_group() {
    if (lanes_ != 0) groups_.push_back({pc_, lanes_, Waits::NO});
    lanes_ = 0;
    for (size_t i = 0; i < groups_.size(); i++)
        for (size_t j = groups_.size() - 1; j > i; j--)
            if (groups_[j].pc == groups_[i].pc) {
                groups_[i] = {groups_[i].pc, groups_[i].lanes | groups_[j].lanes, Waits::NO};
                groups_.erase(groups_.begin() + static_cast<ptrdiff_t>(j));
            }
    auto lowest = groups_.end();
    for (auto group = groups_.begin(); group != groups_.end(); ++group)
        if (group->waits == Waits::NO && (lowest == groups_.end() || group->pc < lowest->pc)) lowest = group;
    if (lowest == groups_.end()) return false;
    pc_    = lowest->pc;
    lanes_ = lowest->lanes;
    groups_.erase(lowest);
    limit_ = UINT32_MAX;
    for (const Group &group : groups_)
        if (group.pc > pc_) limit_ = std::min(limit_, group.pc);
    return true;
}

// All groups wait, or there is none.
State Warp::waiting_state() {
    if (groups_.empty()) return State::EXITED;
    for (const Group &group : groups_)
        if (group.waits == Waits::AT_CLUSTER) return pc_ = group.pc, State::AT_CLUSTER;
    for (const Group &group : groups_) {
        pc_ = group.pc;
        if (group.waits == Waits::AT_BARRIER && groups_.size() == 1) return State::AT_BARRIER;
        if (group.waits == Waits::AT_BARRIER) continue;
        fail(static_cast<unsigned>(__builtin_ctz(group.lanes)), cudaErrorLaunchFailure,
             "waits for lanes of its warp that never come; lanes 0x%08x are here", group.lanes);
        return State::FAILED;
    }
    pc_ = groups_[0].pc;
    fail(static_cast<unsigned>(__builtin_ctz(groups_[0].lanes)), cudaErrorLaunchFailure,
         "lanes of the warp wait at different barriers: the barrier is divergent");
    return State::FAILED;
}

State Warp::run() {
    for (;;) {
        if (pc_ >= limit_ && !choose_group()) return state = waiting_state();
        const Instruction &instruction = program_->code[pc_];
        active                         = lanes_;
        if (instruction.guarded) {
            const uint32_t guard = read_predicate(*this, instruction.guard);
            active &= instruction.guard_negated ? ~guard : guard;
        }
        if (instruction.flow == Flow::NEXT) {
            if (active != 0) instruction.run(*this, instruction);
            pc_++;
        } else if (instruction.flow == Flow::BRANCH) {
            branch(instruction);
        } else if (instruction.flow == Flow::AWAIT) {
            if (active != 0 && await(instruction)) return state = State::AWAITING;
        } else if (active == 0) {
            pc_++;
        } else {
            part(instruction);
        }
        if (failed_) return state = State::FAILED;
    }
}

void Warp::branch(const Instruction &instruction) {
    if (active == 0) {
        pc_++;
        return;
    }
    if (active != lanes_) {
        groups_.push_back({pc_ + 1, lanes_ & ~active, Waits::NO});
        lanes_ = active;
    }
    pc_ = instruction.target;
    if (!groups_.empty()) limit_ = 0;  // groups may stand between here and there
}

// Instructions that keep or end the lanes that run them; those that the guard leaves out go on.
void Warp::part(const Instruction &instruction) {
    if (active != lanes_) {
        groups_.push_back({pc_ + 1, lanes_ & ~active, Waits::NO});
        lanes_ = active;
        limit_ = 0;
    }
    switch (instruction.flow) {
        case Flow::EXIT: exit(); break;
        case Flow::CLUSTER: await_cluster(); break;
        case Flow::BARRIER: wait(Waits::AT_BARRIER); break;
        case Flow::WARP: run_together(instruction); break;
        default: fail(static_cast<unsigned>(__builtin_ctz(active)), cudaErrorLaunchFailure, "trap"); break;
    }
}

void Warp::wait(Waits waits) {
    groups_.push_back({pc_, lanes_, waits});
    lanes_ = 0;
    limit_ = 0;
}

// Lanes go on when all of their mask are here, which must name the same mask.
void Warp::run_together(const Instruction &instruction) {
    const Lanes<uint32_t> masks = read<uint32_t>(*this, instruction.source[3]);
    uint32_t complete = 0, checked = 0;
    for (unsigned lane : lanes_of(lanes_)) {
        const uint32_t mask = masks[lane], gone = mask & (exited_ | ~existing_);
        if (!(mask >> lane & 1))
            return fail(lane, cudaErrorLaunchFailure, "the lane is not in its own mask, 0x%08x", mask);
        if (gone != 0)
            return fail(lane, cudaErrorLaunchFailure,
                        "its mask, 0x%08x, has lanes that have exited or never were: 0x%08x", mask, gone);
        for (unsigned other : lanes_of(mask == checked ? 0 : mask & lanes_))
            if (masks[other] != mask)
                return fail(lane, cudaErrorLaunchFailure,
                            "its mask is 0x%08x, but that of lane %u, which it has, 0x%08x", mask, other, masks[other]);
        checked = mask;
        if ((mask & ~lanes_) == 0) complete |= uint32_t{1} << lane;
    }
    if (complete == 0) return wait(Waits::FOR_LANES);
    if (complete != lanes_) {
        groups_.push_back({pc_, lanes_ & ~complete, Waits::FOR_LANES});
        lanes_ = complete;
        limit_ = 0;
    }
    active = complete;
    instruction.run(*this, instruction);
    pc_++;
}

// A load of what another block may still change: whoever sees the same as before lets others run.
bool Warp::await(const Instruction &instruction) {
    instruction.run(*this, instruction);
    const auto seen    = read<uint32_t>(*this, instruction.vector[0])[static_cast<unsigned>(__builtin_ctz(active))];
    const uint64_t now = uint64_t{pc_ + 1} << 32 | seen;
    pc_++;
    if (now != awaited_) block_->launch().news++;
    const bool again = now == awaited_;
    awaited_         = now;
    return again && !failed_;
}

void Warp::exit() {
    Cluster &cluster = block_->cluster();
    for (unsigned lane : lanes_of(lanes_)) cluster.leave((arrived_ >> lane & 1) != 0 && phases_[lane] == cluster.phase);
    exited_ |= lanes_;
    lanes_ = 0;
    limit_ = 0;
}

void Warp::arrive_at_cluster() {
    for (unsigned lane : lanes_of(active)) {
        if (arrived_ >> lane & 1)
            return fail(lane, cudaErrorLaunchFailure, "arrives twice at the barrier of its cluster without waiting");
        phases_[lane] = block_->cluster().phase;
    }
    arrived_ |= active;
    block_->cluster().arrive(static_cast<unsigned>(__builtin_popcount(active)));
}

bool Warp::cluster_has_come(uint32_t lanes) const {
    for (unsigned lane : lanes_of(lanes))
        if (phases_[lane] == block_->cluster().phase) return false;
    return true;
}

void Warp::await_cluster() {
    if (const uint32_t missing = lanes_ & ~arrived_)
        return fail(static_cast<unsigned>(__builtin_ctz(missing)), cudaErrorLaunchFailure,
                    "waits at the barrier of its cluster and has not arrived");
    if (!cluster_has_come(lanes_)) return wait(Waits::AT_CLUSTER);
    arrived_ &= ~lanes_;
    pc_++;
}

bool Warp::leave_cluster_barrier() {
    bool leaves = false;
    for (Group &group : groups_) {
        if (group.waits != Waits::AT_CLUSTER || !cluster_has_come(group.lanes)) continue;
        group.waits = Waits::NO;  // and comes to the barrier again
        leaves      = true;
    }
    limit_ = 0;
    return leaves;
}

void Warp::leave_barrier() {
    groups_[0].waits = Waits::NO;
    groups_[0].pc++;
    state = State::READY;
}

}  // namespace emulator::ptx

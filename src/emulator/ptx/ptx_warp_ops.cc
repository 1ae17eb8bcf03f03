#include "emulator/ptx/ptx_warp_ops.h"

#include "emulator/ptx/ptx_memory.h"

namespace emulator::ptx {

namespace {

enum class Shuffle { UP, DOWN, BUTTERFLY, INDEX };

// Bits 0 to 4 of the bounds are the last lane of a segment (for up: the first), bits 8 to 12 tell segments apart.
template <Shuffle MODE>
void shuffle(Warp &warp, const Instruction &instruction) {
    const Lanes<uint32_t> values = read<uint32_t>(warp, instruction.source[0]);
    const Lanes<uint32_t> by     = read<uint32_t>(warp, instruction.source[1]);
    const Lanes<uint32_t> bounds = read<uint32_t>(warp, instruction.source[2]);
    const Lanes<uint32_t> masks  = read<uint32_t>(warp, instruction.source[3]);
    Lanes<uint32_t> result{};
    uint32_t in_segment = 0;
    for (unsigned lane : lanes_of(warp.active)) {
        const uint32_t segment = bounds[lane] >> 8 & 31, clamp = bounds[lane] & 31, b = by[lane] & 31;
        const uint32_t last = (lane & segment) | (clamp & ~segment);
        uint32_t from       = MODE == Shuffle::UP          ? lane - b
                              : MODE == Shuffle::DOWN      ? lane + b
                              : MODE == Shuffle::BUTTERFLY ? lane ^ b
                                                           : (lane & segment) | (b & ~segment);
        const bool inside =
            MODE == Shuffle::UP ? static_cast<int32_t>(from) >= static_cast<int32_t>(last) : from <= last;
        if (!inside) from = lane;
        if (!(masks[lane] >> from & 1))
            return warp.fail(lane, cudaErrorLaunchFailure, "reads lane %u, which is not in the mask 0x%08x", from,
                             masks[lane]);
        result[lane] = values[from];
        in_segment |= uint32_t{inside} << lane;
    }
    write(warp, instruction.destination, result);
    if (instruction.destination2 != NO_SLOT) write_predicate(warp, instruction.destination2, in_segment);
}

// The votes of the lanes of a mask, for each lane.
template <typename D, D (*OUTCOME)(uint32_t votes, uint32_t mask)>
void vote(Warp &warp, const Instruction &instruction) {
    const uint32_t votes        = read_predicate(warp, instruction.source[0]);
    const Lanes<uint32_t> masks = read<uint32_t>(warp, instruction.source[3]);
    Lanes<D> result;
    for (unsigned lane = 0; lane < LANES; lane++) result[lane] = OUTCOME(votes & masks[lane], masks[lane]);
    write(warp, instruction.destination, result);
}

uint32_t ballot(uint32_t votes, uint32_t) { return votes; }
bool any(uint32_t votes, uint32_t) { return votes != 0; }
bool all(uint32_t votes, uint32_t mask) { return votes == mask; }
bool uniform(uint32_t votes, uint32_t mask) { return votes == 0 || votes == mask; }

}  // namespace

Handler find_shuffle(std::string_view mode) {
    return mode == "up"     ? shuffle<Shuffle::UP>
           : mode == "down" ? shuffle<Shuffle::DOWN>
           : mode == "bfly" ? shuffle<Shuffle::BUTTERFLY>
           : mode == "idx"  ? shuffle<Shuffle::INDEX>
                            : nullptr;
}

Handler find_vote(std::string_view mode) {
    return mode == "ballot.b32" ? vote<uint32_t, ballot>
           : mode == "any.pred" ? vote<bool, any>
           : mode == "all.pred" ? vote<bool, all>
           : mode == "uni.pred" ? vote<bool, uniform>
                                : nullptr;
}

void active_mask(Warp &warp, const Instruction &instruction) {
    Lanes<uint32_t> mask;
    mask.fill(warp.active);
    write(warp, instruction.destination, mask);
}

void arrive_at_cluster(Warp &warp, const Instruction &) { warp.arrive_at_cluster(); }

void nothing(Warp &, const Instruction &) {}

}  // namespace emulator::ptx

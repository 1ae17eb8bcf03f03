// Warp-wide instructions: shuffles, votes, matrix products.
#ifndef GLI_EMULATOR_PTX_WARP_OPS_H
#define GLI_EMULATOR_PTX_WARP_OPS_H

#include <string_view>

#include "emulator/ptx/ptx_lanes.h"

namespace emulator::ptx {

// shfl.sync: source is value, lane or distance, bounds, mask. By the mode's name, null: there is no such mode.
Handler find_shuffle(std::string_view mode);

// vote.sync: source is predicate and mask. "ballot.b32", "any.pred", ...
Handler find_vote(std::string_view mode);

// activemask, bar.warp.sync
void active_mask(Warp &warp, const Instruction &instruction);
void nothing(Warp &warp, const Instruction &instruction);
void arrive_at_cluster(Warp &warp, const Instruction &instruction);  // barrier.cluster.arrive

// Elements of the matrices of tensor cores.
enum class Element : uint8_t { F16, BF16, TF32, F32 };
constexpr unsigned element_bytes(Element element) {
    return element == Element::TF32 || element == Element::F32 ? 4 : 2;
}

void load_matrix(Warp &warp, const Instruction &instruction);        // wmma.load
void store_matrix(Warp &warp, const Instruction &instruction);       // wmma.store
void multiply_matrices(Warp &warp, const Instruction &instruction);  // wmma.mma, mma
void load_rows(Warp &warp, const Instruction &instruction);          // ldmatrix

}  // namespace emulator::ptx
#endif

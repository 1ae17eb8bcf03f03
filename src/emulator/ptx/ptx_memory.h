// Loads, stores and atomics. Every access of every lane is looked up: in an allocation, a variable in shared memory,
// the lane's local memory or the parameters; and aligned to all of its bytes.
#ifndef GLI_EMULATOR_PTX_MEMORY_H
#define GLI_EMULATOR_PTX_MEMORY_H

#include <string_view>

#include "emulator/ptx/ptx_lanes.h"

namespace emulator::ptx {

constexpr Slot NO_SLOT = UINT32_MAX;

// The space that an instruction names or, where it names none, that the address lies in.
Space space_of(Space named, uint64_t address);

// Where the bytes are that a lane accesses. Null: the lane has failed.
uint8_t *find_memory(Warp &warp, const Instruction &instruction, Space named, unsigned lane, uint64_t address,
                     unsigned bytes, unsigned align);

// The lanes' addresses: a register or a constant, and an offset. bytes: of the register.
Lanes<uint64_t> addresses(const Warp &warp, Slot slot, unsigned bytes, int64_t offset);

void load(Warp &warp, const Instruction &instruction);
void store(Warp &warp, const Instruction &instruction);
void map_to_block(Warp &warp, const Instruction &instruction);
void copy_async(Warp &warp, const Instruction &instruction);
void commit_copies(Warp &warp, const Instruction &instruction);
void wait_for_copies(Warp &warp, const Instruction &instruction);

// atom and red: "add.u32". Null: not known.
struct AtomicRow {
    std::string_view operation;
    Handler run;
    uint8_t bytes;
};
const AtomicRow *find_atomic(std::string_view operation);

}  // namespace emulator::ptx
#endif

// A kernel as it is run: PTX of one .entry, decoded once. Registers, constants and special registers are all slots of a
// warp's register file, where each lane has its value.
#ifndef GLI_EMULATOR_PTX_PROGRAM_H
#define GLI_EMULATOR_PTX_PROGRAM_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/cuda_runtime_api.h"

namespace emulator::ptx {

constexpr unsigned LANES     = 32;
constexpr uint32_t ALL_LANES = 0xFFFFFFFF;

class Warp;
struct Instruction;

using Slot    = uint32_t;  // an offset into the register file, in bytes
using Handler = void (*)(Warp &, const Instruction &);

enum class Space : uint8_t { GENERIC, GLOBAL, SHARED, CLUSTER, LOCAL, PARAM };

// Generic addresses of shared and local memory, outside of what a process has.
constexpr uint64_t SHARED_WINDOW = uint64_t{1} << 60;
constexpr uint64_t LOCAL_WINDOW  = uint64_t{2} << 60;
constexpr uint64_t WINDOW_MASK   = uint64_t{15} << 60;

// Addresses of shared::cluster: above these bits is one more than the rank of a block; 0: the block's own.
constexpr unsigned RANK_SHIFT = 24;

// What the scheduler does with an instruction, besides running it.
enum class Flow : uint8_t {
    NEXT,
    BRANCH,
    EXIT,
    BARRIER,  // of the block
    CLUSTER,  // waits at the barrier of the cluster
    WARP,     // waits for the lanes of a mask
    AWAIT,    // may wait for another block
    TRAP
};

// Where an access looks first: the allocation that the last one of the same instruction found.
struct AccessCache {
    uint64_t launch;
    uintptr_t start, end;
};

struct Instruction {
    Handler run = nullptr;
    Flow flow   = Flow::NEXT;
    Slot destination{}, destination2{};  // the second: shfl's predicate
    Slot source[4]{};
    std::vector<Slot> vector;      // of accesses and matrices: destination or value
    std::vector<Slot> factors[3];  // of a product of matrices: a, b, c
    int64_t offset  = 0;           // of an address; a constant of others
    int64_t offset2 = 0;           // of the address that cp.async reads
    uint32_t target{};             // of a branch
    Slot guard{};
    bool guarded = false, guard_negated = false;
    Space space           = Space::GENERIC;
    uint8_t bytes         = 0;  // of a memory element
    uint8_t registers     = 0;  // bytes of a register that takes or gives it
    uint8_t address_bytes = 0;  // of the register with an address
    bool is_signed        = false;
    bool flag             = false;  // .trans, .row of a matrix
    uint16_t rows = 0, columns = 0, depth = 0;
    mutable AccessCache cache{};
    std::string_view text;  // for messages; in the module
};

// A special register: a number that the thread's place gives.
struct ThreadPlace {
    uint3 tid, ctaid;
    dim3 ntid, nctaid;
    unsigned lane, warp;
    unsigned cluster;  // blocks
};
using Special = uint32_t (*)(const ThreadPlace &);

struct Constant {
    Slot slot;
    unsigned bytes;  // of a lane; 0: a predicate
    uint64_t value;
    bool is_dynamic;  // counted from where dynamic shared memory begins, until the program is complete
};

// A variable in shared memory. Between two is a gap, in which nothing may be read or written.
struct SharedVariable {
    uint32_t start, bytes;
};

struct Parameter {
    uint32_t start, bytes;
};

// A table of the module, which is global memory.
struct Table {
    uint64_t start, bytes;
};

struct Program {
    std::vector<Instruction> code;
    std::vector<Constant> constants;
    std::vector<std::pair<Special, Slot>> specials;
    std::vector<SharedVariable> shared;  // static
    std::vector<Parameter> parameters;
    std::vector<Table> tables;
    uint32_t register_bytes  = 0;  // of a warp
    uint32_t shared_end      = 0;  // of static memory; the dynamic one begins there
    uint32_t static_shared   = 0;  // bytes, without gaps
    uint32_t local_bytes     = 0;  // of a lane
    uint32_t parameter_bytes = 0;
    unsigned max_threads     = 0;  // of a block; 0: no bound of its own
    std::string error;             // why it cannot be run; "": it can
};

}  // namespace emulator::ptx
#endif

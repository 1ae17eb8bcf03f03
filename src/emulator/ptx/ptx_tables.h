// The tables of instructions that compute: each lane's result from its operands, and nothing else.
#ifndef GLI_EMULATOR_PTX_TABLES_H
#define GLI_EMULATOR_PTX_TABLES_H

#include <vector>

#include "emulator/ptx/ptx_lanes.h"

namespace emulator::ptx {

std::vector<Row> float_rows();
std::vector<Row> integer_rows();
std::vector<Row> bit_rows();
std::vector<Row> convert_rows();

// From a register of `bytes` bytes to one of `registers`: the low ones, or what they extend to.
void extend(Warp &warp, const Instruction &instruction);

}  // namespace emulator::ptx
#endif

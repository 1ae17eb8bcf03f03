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

// Between the bytes of an instruction's type and those of a wider register: the low ones, or what they extend to. Null:
// there is none for these.
Handler find_extension(unsigned to, unsigned from, bool is_signed);

}  // namespace emulator::ptx
#endif

#include "emulator/ptx/ptx_tables.h"

#include <unordered_map>

namespace emulator::ptx {

const Row *find_row(std::string_view opcode) {
    static const auto rows = [] {
        std::unordered_map<std::string_view, Row> all;
        for (const auto &table : {float_rows(), integer_rows(), bit_rows(), convert_rows()})
            for (const Row &row : table) all.emplace(row.opcode, row);
        return all;
    }();
    const auto found = rows.find(opcode);
    return found == rows.end() ? nullptr : &found->second;
}

}  // namespace emulator::ptx

// Tensor cores. How wmma's fragments lie in registers is the implementation's secret, here as on a GPU; those of mma
// and ldmatrix are as the manual draws them.
#include <cmath>

#include "emulator/half.h"
#include "emulator/ptx/ptx_memory.h"
#include "emulator/ptx/ptx_warp_ops.h"

namespace emulator::ptx {

namespace {

// One element of a fragment: a lane's register, and which half of it.
struct Place {
    unsigned lane, index;  // index: counts elements of the lane
};

// wmma: elements in row-major order, lane by lane; where registers hold more than the matrix, again from its start.
Place wmma_place(unsigned element, unsigned per_lane) { return {element / per_lane, element % per_lane}; }

// mma, matrix a of 16 rows: groups of four lanes have rows g and g + 8, in units of one register.
Place a_place(unsigned row, unsigned column, unsigned per_register) {
    const unsigned unit = column / per_register;
    return {row % 8 * 4 + unit % 4, ((unit / 4 * 2) + row / 8) * per_register + column % per_register};
}
// Matrix b of 8 columns: groups of four lanes have a column.
Place b_place(unsigned row, unsigned column, unsigned per_register) {
    const unsigned unit = row / per_register;
    return {column * 4 + unit % 4, unit / 4 * per_register + row % per_register};
}
// Accumulators: two neighbours of rows g and g + 8.
Place c_place(unsigned row, unsigned column) { return {row % 8 * 4 + column / 2, row / 8 * 2 + column % 2}; }

uint32_t read_bits(const Warp &warp, const std::vector<Slot> &registers, Place place, unsigned bytes) {
    uint32_t bits     = 0;
    const unsigned at = place.index * bytes;
    memcpy(&bits, warp.registers() + registers[at / 4] + place.lane * 4 + at % 4, bytes);
    return bits;
}

void write_bits(Warp &warp, const std::vector<Slot> &registers, Place place, unsigned bytes, uint32_t bits) {
    const unsigned at = place.index * bytes;
    memcpy(warp.registers() + registers[at / 4] + place.lane * 4 + at % 4, &bits, bytes);
}

// Tensor cores do not see the bits that tf32 lacks.
double value_of(uint32_t bits, Element element) {
    switch (element) {
        case Element::F16: return half_bits_to_float(static_cast<uint16_t>(bits));
        case Element::BF16: return bits_float(bits << 16);
        case Element::TF32: return bits_float(bits & ~uint32_t{0x1FFF});
        case Element::F32: break;
    }
    return bits_float(bits);
}

// The matrix in memory that all lanes name: its first address and its stride, in elements. False: the warp has failed.
bool find_matrix(Warp &warp, const Instruction &instruction, uint64_t &first, uint32_t &stride) {
    const Lanes<uint64_t> all = addresses(warp, instruction.source[0], instruction.address_bytes, instruction.offset);
    const Lanes<uint32_t> strides = read<uint32_t>(warp, instruction.source[1]);
    first                         = all[0];
    stride                        = strides[0];
    for (unsigned lane = 0; lane < LANES; lane++)
        if (all[lane] != first || strides[lane] != stride)
            return warp.fail(lane, cudaErrorLaunchFailure, "lanes 0 and %u name different matrices", lane), false;
    const unsigned bytes = instruction.bytes;
    if (first % 32 != 0 || stride * bytes % 16 != 0)
        return warp.fail(0, cudaErrorMisalignedAddress,
                         "a matrix at 0x%llx with lines of %u bytes: it needs 32 and a multiple of 16",
                         static_cast<unsigned long long>(first), stride * bytes),
               false;
    return true;
}

// Calls visit(element, memory) for each element of the fragment in memory, in row-major order.
template <typename Visit>
void visit_matrix(Warp &warp, const Instruction &instruction, Visit visit) {
    uint64_t first;
    uint32_t stride;
    if (!find_matrix(warp, instruction, first, stride)) return;
    const unsigned columns = instruction.columns, bytes = instruction.bytes;
    for (unsigned element = 0; element < unsigned{instruction.rows} * columns; element++) {
        const unsigned row = element / columns, column = element % columns;
        const uint64_t offset = instruction.flag ? uint64_t{row} * stride + column : uint64_t{column} * stride + row;
        uint8_t *memory = find_memory(warp, instruction, instruction.space, 0, first + offset * bytes, bytes, bytes);
        if (memory == nullptr) return;
        visit(element, memory);
    }
}

unsigned per_lane(const std::vector<Slot> &registers, unsigned bytes) {
    return static_cast<unsigned>(registers.size()) * 4 / bytes;
}

}  // namespace

void load_matrix(Warp &warp, const Instruction &instruction) {
    const unsigned bytes = instruction.bytes, count = per_lane(instruction.vector, bytes);
    const unsigned elements = unsigned{instruction.rows} * instruction.columns;
    visit_matrix(warp, instruction, [&](unsigned element, const uint8_t *memory) {
        uint32_t bits = 0;
        memcpy(&bits, memory, bytes);
        for (; element < count * LANES; element += elements)
            write_bits(warp, instruction.vector, wmma_place(element, count), bytes, bits);
    });
}

void store_matrix(Warp &warp, const Instruction &instruction) {
    const unsigned bytes = instruction.bytes, count = per_lane(instruction.vector, bytes);
    visit_matrix(warp, instruction, [&](unsigned element, uint8_t *memory) {
        const uint32_t bits = read_bits(warp, instruction.vector, wmma_place(element, count), bytes);
        memcpy(memory, &bits, bytes);
    });
}

// d = a * b + c, rows x columns x depth. Products and sums as if exact, rounded once: a GPU rounds a little otherwise,
// and not the same on each generation.
void multiply_matrices(Warp &warp, const Instruction &instruction) {
    const unsigned rows = instruction.rows, columns = instruction.columns, depth = instruction.depth;
    const auto element   = static_cast<Element>(instruction.registers);
    const unsigned bytes = element_bytes(element), per_register = 4 / bytes;
    const bool is_mma          = instruction.flag;
    const std::vector<Slot> &a = instruction.factors[0], &b = instruction.factors[1], &c = instruction.factors[2];
    double left[16 * 16], right[16 * 16], sum[16 * 16];
    for (unsigned i = 0; i < rows * depth; i++) {
        const Place place = is_mma ? a_place(i / depth, i % depth, per_register) : wmma_place(i, per_lane(a, bytes));
        left[i]           = value_of(read_bits(warp, a, place, bytes), element);
    }
    for (unsigned i = 0; i < depth * columns; i++) {
        const Place place =
            is_mma ? b_place(i / columns, i % columns, per_register) : wmma_place(i, per_lane(b, bytes));
        right[i] = value_of(read_bits(warp, b, place, bytes), element);
    }
    const auto place_of = [&](unsigned i) {
        return is_mma ? c_place(i / columns, i % columns) : wmma_place(i, per_lane(c, 4));
    };
    for (unsigned i = 0; i < rows * columns; i++) sum[i] = bits_float(read_bits(warp, c, place_of(i), 4));
    for (unsigned m = 0; m < rows; m++)
        for (unsigned k = 0; k < depth; k++)
            for (unsigned n = 0; n < columns; n++) sum[m * columns + n] += left[m * depth + k] * right[k * columns + n];
    for (unsigned i = 0; i < rows * columns; i++)
        write_bits(warp, instruction.vector, place_of(i), 4, float_bits(static_cast<float>(sum[i])));
}

// Lane i names row i % 8 of matrix i / 8; each lane gets two neighbours, of a row or, with .trans, of a column.
void load_rows(Warp &warp, const Instruction &instruction) {
    const Lanes<uint64_t> all = addresses(warp, instruction.source[0], instruction.address_bytes, instruction.offset);
    for (unsigned matrix = 0; matrix < instruction.vector.size(); matrix++) {
        uint16_t elements[8][8];
        for (unsigned row = 0; row < 8; row++) {
            const unsigned lane   = matrix * 8 + row;
            const uint8_t *memory = find_memory(warp, instruction, instruction.space, lane, all[lane],
                                                sizeof elements[row], sizeof elements[row]);
            if (memory == nullptr) return;
            memcpy(elements[row], memory, sizeof elements[row]);
        }
        Lanes<uint32_t> result;
        for (unsigned lane = 0; lane < LANES; lane++) {
            const unsigned major = lane / 4, minor = lane % 4 * 2;
            const uint32_t low  = instruction.flag ? elements[minor][major] : elements[major][minor];
            const uint32_t high = instruction.flag ? elements[minor + 1][major] : elements[major][minor + 1];
            result[lane]        = high << 16 | low;
        }
        write(warp, instruction.vector[matrix], result);
    }
}

}  // namespace emulator::ptx

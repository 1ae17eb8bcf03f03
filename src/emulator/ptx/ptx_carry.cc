// Integer arithmetic of 32 bits that leaves a carry, or takes the one that was left: sums and products of more bits.
#include <algorithm>

#include "emulator/ptx/ptx_decoder.h"
#include "emulator/ptx/ptx_memory.h"

namespace emulator::ptx {

namespace {

// What is added or subtracted: b, or a part of the product of a and b.
enum class Term { B, MINUS_B, LOW, HIGH };

// The carry of a difference is what it borrows.
template <Term TERM>
uint64_t computed(uint32_t a, uint32_t b, uint32_t c, uint32_t carry) {
    if (TERM == Term::B) return uint64_t{a} + b + carry;
    if (TERM == Term::MINUS_B) return uint64_t{a} - b - carry;
    const uint64_t product = uint64_t{a} * b;
    return (TERM == Term::LOW ? product & UINT32_MAX : product >> 32) + c + carry;
}

// source: a, b, c of products, the carry; destination2: the carry that is left. NO_SLOT: none.
template <Term TERM>
void run(Warp &warp, const Instruction &instruction) {
    const bool is_product = TERM == Term::LOW || TERM == Term::HIGH;
    const bool takes = instruction.source[3] != NO_SLOT, leaves = instruction.destination2 != NO_SLOT;
    const auto a = read<uint32_t>(warp, instruction.source[0]), b = read<uint32_t>(warp, instruction.source[1]);
    const auto c     = is_product ? read<uint32_t>(warp, instruction.source[2]) : Lanes<uint32_t>{};
    const auto carry = takes ? read<uint32_t>(warp, instruction.source[3]) : Lanes<uint32_t>{};
    Lanes<uint32_t> low, over;
    for (unsigned lane = 0; lane < LANES; lane++) {
        const uint64_t value = computed<TERM>(a[lane], b[lane], c[lane], carry[lane]);
        low[lane]            = static_cast<uint32_t>(value);
        over[lane]           = value >> 32 != 0;
    }
    write(warp, instruction.destination, low);
    if (leaves) write(warp, instruction.destination2, over);
}

}  // namespace

Slot Decoder::carry() {
    if (carry_.bytes == 0) carry_ = {temporary(4), 4};
    return carry_.slot;
}

bool decode_carry(Decoder &decoder, const Decoder::Words &words, const Decoder::Words &operands) {
    const auto has = [&](std::string_view word) { return std::find(words.begin(), words.end(), word) != words.end(); };
    const bool takes      = words[0] == "addc" || words[0] == "subc" || words[0] == "madc";
    const auto name       = words[0].substr(0, 3);
    const bool is_product = name == "mad";
    if ((!takes && !has("cc")) || (!is_product && name != "add" && name != "sub")) return false;
    if ((words.back() != "u32" && words.back() != "s32") || (words.back() == "s32" && has("hi"))) return false;
    if (operands.size() != (is_product ? 4 : 3)) return false;
    Instruction instruction;
    instruction.run         = name == "add"   ? run<Term::B>
                              : name == "sub" ? run<Term::MINUS_B>
                              : has("hi")     ? run<Term::HIGH>
                                              : run<Term::LOW>;
    instruction.destination = decoder.destination(operands[0], 4);
    for (size_t i = 1; i < operands.size(); i++) instruction.source[i - 1] = decoder.source(operands[i], 4);
    instruction.source[3]    = takes ? decoder.carry() : NO_SLOT;
    instruction.destination2 = has("cc") ? decoder.carry() : NO_SLOT;
    decoder.emit(std::move(instruction));
    return true;
}

}  // namespace emulator::ptx

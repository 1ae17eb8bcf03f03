// Decoders of the instructions that touch memory or other lanes.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "emulator/ptx/ptx_decoder.h"
#include "emulator/ptx/ptx_memory.h"
#include "emulator/ptx/ptx_tables.h"
#include "emulator/ptx/ptx_warp_ops.h"

namespace emulator::ptx {

namespace {

using Words = Decoder::Words;

bool has(const Words &words, std::string_view word) {
    return std::find(words.begin() + 1, words.end(), word) != words.end();
}

// Every word behind the opcode is one of these, or has a colon, as hints to caches have.
bool only(const Words &words, std::initializer_list<std::string_view> known) {
    return std::all_of(words.begin() + 1, words.end(), [&](std::string_view word) {
        return std::find(known.begin(), known.end(), word) != known.end() || word.find("::") != std::string_view::npos;
    });
}

Space space_of(const Words &words) {
    for (const auto &word : words) {
        if (word == "global") return Space::GLOBAL;
        if (word == "shared" || word == "shared::cta") return Space::SHARED;
        if (word == "shared::cluster") return Space::CLUSTER;
        if (word == "local") return Space::LOCAL;
        if (word == "param") return Space::PARAM;
    }
    return Space::GENERIC;
}

void set_address(Decoder &decoder, std::string_view operand, Instruction &instruction) {
    const Address address     = decoder.address(operand);
    instruction.source[0]     = address.slot;
    instruction.address_bytes = static_cast<uint8_t>(address.bytes);
    instruction.offset        = address.offset;
}

// Registers of one width, at least as wide as the type.
void set_registers(Decoder &decoder, std::string_view operand, bool writes, Instruction &instruction) {
    const bool several = operand[0] == '{';
    for (const auto &name : several ? split_operands(operand.substr(1, operand.size() - 2)) : Words{operand}) {
        const Register found = writes ? decoder.any_destination(name) : decoder.any_source(name, instruction.bytes);
        if (!instruction.vector.empty() && instruction.registers != found.bytes)
            decoder.unknown("registers have different widths");
        instruction.registers = static_cast<uint8_t>(found.bytes);
        instruction.vector.push_back(found.slot);
    }
    if (instruction.registers < instruction.bytes) decoder.unknown("registers are narrower than the type");
}

// Between a call's variable and a register.
bool move_call_variable(Decoder &decoder, const Words &operands, unsigned bytes, bool is_load) {
    const Register *variable = decoder.call_variable(operands[is_load ? 1 : 0], bytes);
    if (variable == nullptr) return false;
    const Register other =
        is_load ? decoder.any_destination(operands[0]) : decoder.any_source(operands[1], variable->bytes);
    if (other.bytes != variable->bytes || other.bytes < 4)
        return decoder.unknown("a width that calls do not have"), true;
    Instruction move;
    move.run         = find_row(other.bytes == 4 ? "mov.b32" : "mov.b64")->run;
    move.destination = is_load ? other.slot : variable->slot;
    move.source[0]   = is_load ? variable->slot : other.slot;
    decoder.emit(std::move(move));
    return true;
}

bool access(Decoder &decoder, const Words &words, const Words &operands) {
    const bool is_load = words[0] == "ld";
    const auto type    = words.back();
    if (operands.size() != 2 || bytes_of_type(type) == 0 || bytes_of_type(type) > 8 ||
        !only(words, {"global",  "shared",  "local", "param", "v2",  "v4",  "volatile", "relaxed",
                      "acquire", "release", "weak",  "cta",   "gpu", "sys", "nc",       "ca",
                      "cg",      "cs",      "lu",    "cv",    "wb",  "wt",  type}))
        return false;
    if (space_of(words) == Space::PARAM && move_call_variable(decoder, operands, bytes_of_type(type), is_load))
        return true;
    Instruction instruction;
    instruction.run       = is_load ? load : store;
    instruction.space     = space_of(words);
    instruction.bytes     = static_cast<uint8_t>(bytes_of_type(type));
    instruction.is_signed = type[0] == 's';
    if (is_load && (has(words, "acquire") || has(words, "relaxed"))) {
        if (instruction.bytes != 4 || operands[0][0] == '{') return false;  // of which the scheduler compares values
        instruction.flow = Flow::AWAIT;
    }
    set_address(decoder, operands[is_load ? 1 : 0], instruction);
    set_registers(decoder, operands[is_load ? 0 : 1], is_load, instruction);
    const size_t count = has(words, "v2") ? 2 : has(words, "v4") ? 4 : 1;
    if (instruction.vector.size() != count) decoder.unknown("another number of registers was expected");
    decoder.emit(std::move(instruction));
    return true;
}

bool atomic(Decoder &decoder, const Words &words, const Words &operands) {
    if (words.size() < 3) return false;
    const bool is_red        = words[0] == "red";
    const std::string update = std::string(words[words.size() - 2]) + "." + std::string(words.back());
    const AtomicRow *row     = find_atomic(update);
    const size_t first       = is_red ? 0 : 1;  // the address
    const size_t values      = update.substr(0, 4) == "cas." ? 2 : 1;
    if (row == nullptr || operands.size() != first + 1 + values ||
        !only(words, {"relaxed", "acquire", "release", "acq_rel", "cta", "gpu", "sys", "global", "shared",
                      words[words.size() - 2], words.back()}))
        return false;
    Instruction instruction;
    instruction.run   = row->run;
    instruction.space = space_of(words);
    set_address(decoder, operands[first], instruction);
    instruction.destination = is_red ? NO_SLOT : decoder.destination(operands[0], row->bytes);
    instruction.source[1]   = decoder.source(operands[first + 1], row->bytes);
    instruction.source[2]   = decoder.source(operands.back(), row->bytes);
    decoder.emit(std::move(instruction));
    return true;
}

// Generic addresses of global memory are its own; those of shared and local memory lie in a window.
bool convert_address(Decoder &decoder, const Words &words, const Words &operands) {
    if (operands.size() != 2 || words.back() != "u64") return false;
    const bool to     = words[1] == "to";
    const Space space = space_of(words);
    Instruction instruction;
    instruction.run         = find_row(space == Space::GLOBAL ? "mov.b64" : to ? "and.b64" : "or.b64")->run;
    instruction.destination = decoder.destination(operands[0], 8);
    instruction.source[0]   = decoder.source(operands[1], 8);
    const uint64_t window   = space == Space::SHARED ? SHARED_WINDOW : LOCAL_WINDOW;
    instruction.source[1]   = decoder.constant(to ? ~WINDOW_MASK : window, 8);
    if (space != Space::GLOBAL && space != Space::SHARED && space != Space::LOCAL) return false;
    decoder.emit(std::move(instruction));
    return true;
}

// mov.b64 %rd, {%r1, %r2} and the other way round: one register of several, the low one first.
template <bool PACKS>
void move_pieces(Warp &warp, const Instruction &instruction) {
    const unsigned pieces = static_cast<unsigned>(instruction.vector.size()), bytes = instruction.bytes;
    uint8_t *whole = warp.registers() + instruction.destination;
    for (unsigned piece = 0; piece < pieces; piece++) {
        uint8_t *part = warp.registers() + instruction.vector[piece];
        for (unsigned lane : lanes_of(warp.active)) {
            uint8_t *at = whole + (lane * pieces + piece) * bytes;
            memcpy(PACKS ? at : part + lane * bytes, PACKS ? part + lane * bytes : at, bytes);
        }
    }
}

bool move_between_widths(Decoder &decoder, const Words &words, const Words &operands) {
    if (operands.size() != 2 || words.size() != 2) return false;
    const bool packs = operands[1][0] == '{';
    if (!packs && operands[0][0] != '{') return false;
    const auto braces    = operands[packs ? 1 : 0];
    const Words parts    = split_operands(braces.substr(1, braces.size() - 2));
    const unsigned whole = bytes_of_type(words[1]);
    if (parts.empty()) return false;
    Instruction instruction;
    instruction.run         = packs ? move_pieces<true> : move_pieces<false>;
    instruction.bytes       = static_cast<uint8_t>(whole / parts.size());
    instruction.destination = packs ? decoder.destination(operands[0], whole) : decoder.source(operands[1], whole);
    for (const auto &part : parts)
        instruction.vector.push_back(packs ? decoder.source(part, instruction.bytes)
                                           : decoder.destination(part, instruction.bytes));
    decoder.emit(std::move(instruction));
    return true;
}

// barrier.cluster.arrive.release.aligned and barrier.cluster.wait.acquire.aligned
bool cluster_barrier(Decoder &decoder, const Words &words, const Words &operands) {
    if (!operands.empty() || words.size() < 3 || !only(words, {"cluster", words[2], "aligned", "acquire", "release"}))
        return false;
    Instruction instruction;
    if (words[2] == "arrive" && !has(words, "acquire")) {
        instruction.run = arrive_at_cluster;
    } else if (words[2] == "wait" && !has(words, "release")) {
        instruction.flow = Flow::CLUSTER;
    } else {
        return false;
    }
    decoder.emit(std::move(instruction));
    return true;
}

bool map_address(Decoder &decoder, const Words &words, const Words &operands) {
    if (operands.size() != 3 || words.back() != "u32" || words[1] != "shared::cluster") return false;
    Instruction instruction;
    instruction.run         = map_to_block;
    instruction.destination = decoder.destination(operands[0], 4);
    instruction.source[0]   = decoder.source(operands[1], 4);
    instruction.source[1]   = decoder.source(operands[2], 4);
    decoder.emit(std::move(instruction));
    return true;
}

bool barrier(Decoder &decoder, const Words &words, const Words &operands) {
    Instruction instruction;
    if (has(words, "warp")) {
        if (operands.size() != 1) return false;
        instruction.flow      = Flow::WARP;
        instruction.run       = nothing;
        instruction.source[3] = decoder.source(operands[0], 4);
    } else {
        if (!only(words, {"sync", "aligned", "cta"}) || operands.size() != 1 || operands[0] != "0") return false;
        instruction.flow = Flow::BARRIER;
    }
    decoder.emit(std::move(instruction));
    return true;
}

bool shuffle(Decoder &decoder, const Words &words, const Words &operands) {
    if (words.size() != 4 || words[1] != "sync" || operands.size() != 5) return false;
    Instruction instruction;
    const size_t bar        = operands[0].find('|');
    instruction.flow        = Flow::WARP;
    instruction.run         = find_shuffle(words[2]);
    instruction.destination = decoder.destination(trimmed(operands[0].substr(0, bar)), 4);
    instruction.destination2 =
        bar == std::string_view::npos ? NO_SLOT : decoder.destination(trimmed(operands[0].substr(bar + 1)), 0);
    for (size_t i = 0; i < 4; i++) instruction.source[i] = decoder.source(operands[i + 1], 4);
    if (instruction.run == nullptr) return false;
    decoder.emit(std::move(instruction));
    return true;
}

bool vote(Decoder &decoder, const Words &words, const Words &operands) {
    if (words.size() != 4 || words[1] != "sync" || operands.size() != 3 || operands[1][0] == '!') return false;
    Instruction instruction;
    instruction.flow        = Flow::WARP;
    instruction.run         = find_vote(std::string(words[2]) + "." + std::string(words[3]));
    instruction.destination = decoder.destination(operands[0], words[3] == "b32" ? 4 : 0);
    instruction.source[0]   = decoder.source(operands[1], 0);
    instruction.source[3]   = decoder.source(operands[2], 4);
    if (instruction.run == nullptr) return false;
    decoder.emit(std::move(instruction));
    return true;
}

bool active_lanes(Decoder &decoder, const Words &operands) {
    if (operands.size() != 1) return false;
    Instruction instruction;
    instruction.run         = active_mask;
    instruction.destination = decoder.destination(operands[0], 4);
    decoder.emit(std::move(instruction));
    return true;
}

// "m16n8k16"
bool parse_shape(const Words &words, unsigned (&shape)[3]) {
    for (const auto &word : words)
        if (sscanf(std::string(word).c_str(), "m%un%uk%u", &shape[0], &shape[1], &shape[2]) == 3)
            return shape[0] == 16 && shape[1] <= 16 && shape[2] <= 16;
    return false;
}

bool parse_element(std::string_view type, Element &element) {
    constexpr std::pair<std::string_view, Element> TYPES[] = {
        {"f16", Element::F16}, {"bf16", Element::BF16}, {"tf32", Element::TF32}, {"f32", Element::F32}};
    for (const auto &[name, value] : TYPES)
        if (name == type) return element = value, true;
    return false;
}

Instruction whole_warp(Decoder &decoder, Handler run) {
    Instruction instruction;
    instruction.flow      = Flow::WARP;
    instruction.run       = run;
    instruction.source[3] = decoder.constant(ALL_LANES, 4);
    return instruction;
}

// wmma.load.a.sync.aligned.row.m16n16k16.shared.f16 {registers}, [address], stride, and wmma.store.d
bool matrix_access(Decoder &decoder, const Words &words, const Words &operands) {
    unsigned shape[3];
    Element element;
    const bool is_load = words[1] == "load";
    if (operands.size() != 3 || !parse_shape(words, shape) || !parse_element(words.back(), element)) return false;
    Instruction instruction = whole_warp(decoder, is_load ? load_matrix : store_matrix);
    instruction.space       = space_of(words);
    instruction.bytes       = static_cast<uint8_t>(element_bytes(element));
    instruction.rows        = static_cast<uint16_t>(words[2] == "b" ? shape[2] : shape[0]);
    instruction.columns     = static_cast<uint16_t>(words[2] == "a" ? shape[2] : shape[1]);
    instruction.flag        = has(words, "row");
    set_address(decoder, operands[is_load ? 1 : 0], instruction);
    instruction.vector    = decoder.registers(operands[is_load ? 0 : 1], 4);
    instruction.source[1] = decoder.source(operands[2], 4);
    if (instruction.vector.size() * 4 * LANES < size_t{instruction.rows} * instruction.columns * instruction.bytes)
        return false;
    decoder.emit(std::move(instruction));
    return true;
}

// wmma.mma.sync.aligned.row.col.m16n16k16.f32.f32, ....f32.bf16.bf16.f32, and mma.sync.aligned.m16n8k16.row.col....
bool matrix_product(Decoder &decoder, const Words &words, const Words &operands, bool is_mma) {
    if (words.size() < 6) return false;
    unsigned shape[3];
    Element element      = Element::F16;  // that of wmma is not named
    const size_t of_type = words.size() - 3;
    const bool named     = parse_element(words[of_type], element) && parse_element(words[of_type + 1], element);
    if (!named) element = Element::F16;
    if (operands.size() != 4 || !parse_shape(words, shape) || words.back() != "f32" || has(words, "satfinite") ||
        (is_mma && (!named || shape[1] != 8)))
        return false;
    Instruction instruction = whole_warp(decoder, multiply_matrices);
    instruction.rows        = static_cast<uint16_t>(shape[0]);
    instruction.columns     = static_cast<uint16_t>(shape[1]);
    instruction.depth       = static_cast<uint16_t>(shape[2]);
    instruction.flag        = is_mma;
    instruction.registers   = static_cast<uint8_t>(element);
    instruction.vector      = decoder.registers(operands[0], 4);
    for (size_t i = 0; i < 3; i++) instruction.factors[i] = decoder.registers(operands[i + 1], 4);
    const unsigned per_register = 4 / element_bytes(element);
    const auto holds            = [&](size_t i, unsigned elements, unsigned per) {
        return instruction.factors[i].size() * per * LANES >= elements;
    };
    if (!holds(0, shape[0] * shape[2], per_register) || !holds(1, shape[2] * shape[1], per_register) ||
        !holds(2, shape[0] * shape[1], 1) || instruction.vector.size() != instruction.factors[2].size())
        return false;
    decoder.emit(std::move(instruction));
    return true;
}

// ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {registers}, [address]
bool matrix_rows(Decoder &decoder, const Words &words, const Words &operands) {
    if (operands.size() != 2 || !has(words, "m8n8") || words.back() != "b16" ||
        !only(words, {"sync", "aligned", "m8n8", "x1", "x2", "x4", "trans", "shared", "b16"}))
        return false;
    Instruction instruction = whole_warp(decoder, load_rows);
    instruction.space       = space_of(words);
    instruction.flag        = has(words, "trans");
    set_address(decoder, operands[1], instruction);
    instruction.vector = decoder.registers(operands[0], 4);
    if (instruction.vector.size() != (has(words, "x4") ? 4u : has(words, "x2") ? 2u : 1u)) return false;
    decoder.emit(std::move(instruction));
    return true;
}

bool async_copy(Decoder &decoder, const Words &words, const Words &operands) {
    Instruction instruction;
    if (!only(words, {"async", "ca", "cg", "shared", "global", "commit_group", "wait_group", "wait_all"})) return false;
    if (has(words, "commit_group")) {
        instruction.run = commit_copies;
    } else if (has(words, "wait_group") && operands.size() == 1) {
        instruction.run    = wait_for_copies;
        instruction.offset = atoi(std::string(operands[0]).c_str());
    } else if (has(words, "wait_all")) {
        instruction.run    = wait_for_copies;
        instruction.offset = -1;
    } else {
        if (operands.size() != 3 && operands.size() != 4) return false;
        instruction.run   = copy_async;
        instruction.bytes = static_cast<uint8_t>(atoi(std::string(operands[2]).c_str()));
        set_address(decoder, operands[0], instruction);
        const Address from    = decoder.address(operands[1]);
        instruction.source[1] = from.slot;
        instruction.registers = static_cast<uint8_t>(from.bytes);
        instruction.offset2   = from.offset;
        instruction.source[2] = operands.size() > 3 ? decoder.source(operands[3], 4) : NO_SLOT;
        if (instruction.bytes != 4 && instruction.bytes != 8 && instruction.bytes != 16) return false;
    }
    decoder.emit(std::move(instruction));
    return true;
}

}  // namespace

bool decode_special(Decoder &decoder, const Words &words, const Words &operands) {
    const auto name = words[0];
    if (words.size() < 2) return false;
    if (name == "ld" || name == "st") return access(decoder, words, operands);
    if (name == "mov") return move_between_widths(decoder, words, operands);
    if (name == "atom" || name == "red") return atomic(decoder, words, operands);
    if (name == "cvta") return convert_address(decoder, words, operands);
    if (name == "barrier" && words[1] == "cluster") return cluster_barrier(decoder, words, operands);
    if (name == "mapa") return map_address(decoder, words, operands);
    if (name == "bar" || name == "barrier") return barrier(decoder, words, operands);
    if (name == "shfl") return shuffle(decoder, words, operands);
    if (name == "vote") return vote(decoder, words, operands);
    if (name == "wmma" && words[1] == "mma") return matrix_product(decoder, words, operands, false);
    if (name == "wmma") return matrix_access(decoder, words, operands);
    if (name == "mma") return matrix_product(decoder, words, operands, true);
    if (name == "ldmatrix") return matrix_rows(decoder, words, operands);
    if (name == "cp" && has(words, "async")) return async_copy(decoder, words, operands);
    if (name == "activemask") return active_lanes(decoder, operands);
    // Blocks and warps take turns, so that memory is always in order.
    return name == "membar" || name == "fence" || name == "nanosleep";
}

}  // namespace emulator::ptx

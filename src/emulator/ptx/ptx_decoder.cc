#include "emulator/ptx/ptx_decoder.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>

#include "emulator/ptx/ptx_tables.h"

namespace emulator::ptx {

namespace {

constexpr uint32_t SHARED_GAP = 256;  // between variables in shared memory

uint32_t aligned(uint32_t offset, unsigned align) { return (offset + align - 1) / align * align; }

#define SPECIAL(name, value) {name, [](const ThreadPlace &at) -> uint32_t { return value; }}
#define SPECIALS_OF(name) \
    SPECIAL("%" #name ".x", at.name.x), SPECIAL("%" #name ".y", at.name.y), SPECIAL("%" #name ".z", at.name.z)
constexpr std::pair<std::string_view, Special> SPECIALS[] = {
    SPECIALS_OF(tid),
    SPECIALS_OF(ntid),
    SPECIALS_OF(ctaid),
    SPECIALS_OF(nctaid),
    SPECIAL("%laneid", at.lane),
    SPECIAL("%warpid", at.warp),
    SPECIAL("%lanemask_lt", (uint32_t{1} << at.lane) - 1),
    SPECIAL("%cluster_ctarank", at.ctaid.x % at.cluster),
    SPECIAL("%cluster_nctarank", at.cluster),
};

// "12", "-1", "0x1F", "0f3F800000" (the bits of a float), "0d3FF0000000000000" (of a double).
bool parse_number(std::string_view text, uint64_t &value) {
    const std::string number(text);
    const bool is_real  = number.size() > 2 && number[0] == '0' && strchr("fFdD", number[1]) != nullptr;
    const bool negative = number[0] == '-';
    const char *start   = number.c_str() + (is_real ? 2 : negative);
    if (!isxdigit(static_cast<unsigned char>(*start))) return false;
    char *end;
    value = strtoull(start, &end, is_real ? 16 : 0);
    if (negative) value = uint64_t{0} - value;
    return *end == '\0' || (*end == 'U' && end[1] == '\0');
}

}  // namespace

std::unique_ptr<Program> decode(const Module &module, const Function &entry) {
    auto program         = std::make_unique<Program>();
    program->max_threads = entry.max_threads;
    Decoder(module, *program).decode_entry(entry);
    return program;
}

void Decoder::decode_entry(const Function &entry) {
    for (const Variable &parameter : entry.parameters) {
        program_.parameter_bytes    = aligned(program_.parameter_bytes, parameter.align);
        parameters_[parameter.name] = program_.parameter_bytes;
        program_.parameters.push_back({program_.parameter_bytes, parameter.bytes});
        program_.parameter_bytes += parameter.bytes;
    }
    bodies_.emplace_back();
    decode_body(entry.body);
    if (failed()) return;
    emit({}).flow = Flow::EXIT;
    finish_branches();
    for (Constant &constant : program_.constants)
        if (constant.is_dynamic) constant.value += program_.shared_end;
}

void Decoder::unknown(const std::string &why) {
    if (!failed()) program_.error = "\"" + std::string(text_) + "\": " + why;
}

void Decoder::decode_body(std::string_view text) {
    bodies_.back().outermost_scope = scopes_.size();
    scopes_.emplace_back();
    for (Statement statement; !failed() && next_statement(text, statement);) {
        text_ = statement.text;
        if (statement.end == '{')
            scopes_.emplace_back();
        else if (statement.end == '}')
            scopes_.pop_back();
        else if (statement.end == ':')
            bodies_.back().labels[statement.text] = static_cast<uint32_t>(program_.code.size());
        else if (!statement.text.empty() && statement.text[0] == '.')
            directive(statement.text);
        else if (!statement.text.empty())
            instruction(statement.text);
    }
    scopes_.resize(bodies_.back().outermost_scope);
}

void Decoder::finish_branches() {
    const auto end = static_cast<uint32_t>(program_.code.size());
    for (const auto &[at, label] : bodies_.back().branches) {
        const auto found = bodies_.back().labels.find(label);
        text_            = label;
        if (found == bodies_.back().labels.end()) return unknown("there is no such label");
        program_.code[at].target = found->second;
    }
    for (uint32_t at : bodies_.back().returns) program_.code[at].target = end;
}

void Decoder::directive(std::string_view text) {
    const auto word = text.substr(0, text.find_first_of(" \t"));
    if (word == ".reg") return declare_registers(trimmed(text.substr(word.size())));
    if (word == ".param") return declare_parameter(text);
    if (word == ".shared") return add_shared(parse_variable(text));
    if (word == ".local") {
        const Variable variable = parse_variable(text);
        program_.local_bytes    = aligned(program_.local_bytes, std::max(variable.align, 16u));
        local_[variable.name]   = program_.local_bytes;
        program_.local_bytes += variable.bytes;
        return;
    }
    if (word != ".pragma" && word != ".loc") unknown("this directive is not known");
}

void Decoder::declare_registers(std::string_view text) {
    const auto type      = text.substr(0, text.find_first_of(" \t"));
    const unsigned bytes = bytes_of_type(type.substr(1));
    if (bytes > 8) return unknown("registers of this type are not known");
    for (const auto &name : split_operands(text.substr(type.size()))) {
        const size_t range = name.find('<');
        if (range == std::string_view::npos)
            scopes_.back().registers[name] = {temporary(bytes), bytes};
        else
            scopes_.back().ranges[name.substr(0, range)] = bytes;
    }
}

// A parameter or result of a call lives in a register, a struct in one for each 8 bytes, as wide as its first access.
void Decoder::declare_parameter(std::string_view text) {
    const Variable variable = parse_variable(text);
    if (variable.bytes > 64) return unknown("parameters of this size are not known");
    auto &parts = bodies_.back().variables[variable.name];
    for (unsigned at = 0; at < variable.bytes; at += 8) {
        call_registers_.push_back({temporary(std::min(variable.bytes, 8u)), variable.bytes > 8 ? 0 : variable.bytes});
        parts.push_back(&call_registers_.back());
    }
}

void Decoder::add_shared(const Variable &variable) {
    const uint32_t start   = aligned(program_.shared_end, std::max(variable.align, 16u));
    shared_[variable.name] = start;
    program_.shared.push_back({start, variable.bytes});
    program_.static_shared += variable.bytes;
    program_.shared_end = aligned(start + variable.bytes, SHARED_GAP) + SHARED_GAP;
}

Slot Decoder::temporary(unsigned bytes) {
    const Slot slot = program_.register_bytes;
    program_.register_bytes += std::max(64u, bytes * LANES);
    return slot;
}

Slot Decoder::constant(uint64_t value, unsigned bytes, bool is_dynamic) {
    const auto [found, added] = constants_.try_emplace({value, bytes, is_dynamic});
    if (added) {
        found->second = temporary(bytes);
        program_.constants.push_back({found->second, bytes, value, is_dynamic});
    }
    return found->second;
}

const Register *Decoder::find_register(std::string_view name) {
    const auto prefix = name.substr(0, name.find_last_not_of("0123456789") + 1);
    for (size_t i = scopes_.size(); i-- > bodies_.back().outermost_scope;) {
        const auto found = scopes_[i].registers.find(name);
        if (found != scopes_[i].registers.end()) return &found->second;
        const auto range = scopes_[i].ranges.find(prefix);
        if (range != scopes_[i].ranges.end())
            return &(scopes_[i].registers[name] = {temporary(range->second), range->second});
    }
    for (const auto &[special_name, special] : SPECIALS) {
        if (special_name != name) continue;
        const auto [found, added] = specials_.try_emplace(special_name);
        if (added) program_.specials.emplace_back(special, found->second = temporary(4));
        return &(scopes_[bodies_.back().outermost_scope].registers[special_name] = {found->second, 4});
    }
    return nullptr;
}

// The value of a name: where it begins in its space.
bool Decoder::find_symbol(std::string_view name, Value &value) {
    for (const auto *names : {&parameters_, &shared_, &local_})
        if (const auto found = names->find(name); found != names->end()) return value = {found->second}, true;
    for (const Variable &variable : module_.variables()) {
        if (variable.name != name) continue;
        if (variable.content != nullptr) {
            value = {reinterpret_cast<uintptr_t>(variable.content)};
            program_.tables.push_back({value.bits, variable.bytes});
            return true;
        }
        if (!variable.is_shared) continue;
        if (variable.is_extern) return value = {0, true}, true;
        add_shared(variable);
        return value = {shared_[name]}, true;
    }
    return false;
}

// A number, or a name and an offset from it.
bool Decoder::parse_constant(std::string_view text, unsigned bytes, Value &value) {
    if (!parse_number(text, value.bits)) {
        const size_t plus = text.find('+');
        uint64_t offset   = 0;
        if (plus != std::string_view::npos && !parse_number(trimmed(text.substr(plus + 1)), offset)) return false;
        if (!find_symbol(trimmed(text.substr(0, plus)), value)) return false;
        value.bits += offset;
    }
    if (bytes == 0) value.bits = value.bits != 0;
    if (bytes > 0 && bytes < 8) value.bits &= (uint64_t{1} << 8 * bytes) - 1;
    return true;
}

Register Decoder::any_source(std::string_view operand, unsigned bytes_of_constant) {
    if (const Register *found = find_register(operand)) return *found;
    Value value;
    if (!parse_constant(operand, bytes_of_constant, value))
        return unknown("operand " + std::string(operand) + " is not known"), Register{};
    return {constant(value.bits, bytes_of_constant, value.is_dynamic), bytes_of_constant};
}

Slot Decoder::source(std::string_view operand, unsigned bytes) {
    const Register found = any_source(operand, bytes);
    if (found.bytes != bytes) unknown("operand " + std::string(operand) + " is not as wide as the instruction");
    return found.slot;
}

Register Decoder::any_destination(std::string_view operand) {
    if (const Register *found = find_register(operand)) return *found;
    if (operand == "_") return {temporary(8), 8};
    return unknown("operand " + std::string(operand) + " is not known"), Register{};
}

Slot Decoder::destination(std::string_view operand, unsigned bytes) {
    if (operand == "_") return temporary(bytes);
    const Register found = any_destination(operand);
    if (found.bytes != bytes) unknown("operand " + std::string(operand) + " is not as wide as the instruction");
    return found.slot;
}

// "{%r1, %r2}", or one alone.
std::vector<Slot> Decoder::registers(std::string_view braces, unsigned bytes) {
    if (!braces.empty() && braces[0] == '{') braces = braces.substr(1, braces.size() - 2);
    std::vector<Slot> all;
    for (const auto &operand : split_operands(braces)) all.push_back(source(operand, bytes));
    return all;
}

Address Decoder::address(std::string_view brackets) {
    if (brackets.size() < 2 || brackets[0] != '[') return unknown("an address is missing"), Address{};
    const auto inside     = trimmed(brackets.substr(1, brackets.size() - 2));
    const size_t plus     = inside.find('+');
    const Register *found = find_register(trimmed(inside.substr(0, plus)));
    Value value;
    if (found == nullptr) {
        if (!parse_constant(inside, 8, value)) unknown("the address is not known");
        return {constant(value.bits, 8, value.is_dynamic), 8, 0};
    }
    if (plus != std::string_view::npos && !parse_number(trimmed(inside.substr(plus + 1)), value.bits))
        unknown("the address is not known");
    return {found->slot, found->bytes, static_cast<int64_t>(value.bits)};
}

const Register *Decoder::call_variable(std::string_view brackets, unsigned bytes) {
    if (brackets.size() < 2) return nullptr;
    const auto inside = trimmed(brackets.substr(1, brackets.size() - 2));
    const size_t plus = std::min(inside.size(), inside.find('+'));
    uint64_t offset   = 0;
    if (plus < inside.size() && !parse_number(trimmed(inside.substr(plus + 1)), offset)) return nullptr;
    const auto found = bodies_.back().variables.find(trimmed(inside.substr(0, plus)));
    if (found == bodies_.back().variables.end() || offset % 8 != 0 || offset / 8 >= found->second.size())
        return nullptr;
    Register *part = found->second[offset / 8];
    if (part->bytes == 0) part->bytes = bytes;
    return part;
}

Instruction &Decoder::emit(Instruction instruction) {
    instruction.text          = text_;
    instruction.guarded       = guard_.guarded;
    instruction.guard         = guard_.guard;
    instruction.guard_negated = guard_.guard_negated;
    program_.code.push_back(std::move(instruction));
    return program_.code.back();
}

void Decoder::instruction(std::string_view text) {
    guard_ = {};
    if (text[0] == '@') {
        const auto guard     = text.substr(1, text.find_first_of(SPACES) - 1);
        guard_.guard_negated = !guard.empty() && guard[0] == '!';
        guard_.guard         = source(guard.substr(guard_.guard_negated ? 1 : 0), 0);
        guard_.guarded       = true;
        text                 = trimmed(text.substr(1 + guard.size()));
    }
    const auto opcode   = text.substr(0, text.find_first_of(SPACES));
    const auto operands = split_operands(text.substr(opcode.size()));
    if (opcode.empty()) return unknown("a guard has no instruction");
    if (std::find(operands.begin(), operands.end(), "") != operands.end()) return unknown("an operand is missing");
    const auto words = split(opcode, '.');
    if (!failed() && !control(words, operands) && !decode_special(*this, words, operands) &&
        !decode_carry(*this, words, operands))
        computation(opcode, operands);
    guard_ = {};
}

bool Decoder::control(const Words &words, const Words &operands) {
    const auto name = words[0];
    if (name == "bra" && operands.size() == 1) return branch(operands[0]), true;
    if (name == "call") return call(operands), true;
    if (name == "ret" && bodies_.back().is_call) {
        bodies_.back().returns.push_back(static_cast<uint32_t>(program_.code.size()));
        return emit({}).flow = Flow::BRANCH, true;
    }
    if (name == "ret" || name == "exit") return emit({}).flow = Flow::EXIT, true;
    if (name == "trap") return emit({}).flow = Flow::TRAP, true;
    return false;
}

void Decoder::branch(std::string_view label) {
    bodies_.back().branches.emplace_back(static_cast<uint32_t>(program_.code.size()), label);
    emit({}).flow = Flow::BRANCH;
}

// call (result), function, (arguments): the function's body, with the caller's variables for its parameters.
void Decoder::call(const Words &operands) {
    if (guard_.guarded) return unknown("calls with a guard are not known");
    const auto list = [](std::string_view text) {
        return split_operands(text.size() < 2 ? text : text.substr(1, text.size() - 2));
    };
    const bool has_result  = !operands.empty() && operands[0][0] == '(';
    const size_t name      = has_result ? 1 : 0;
    const Function *called = operands.size() > name ? module_.find_function(operands[name]) : nullptr;
    if (called == nullptr || bodies_.size() > 8) return unknown("this call is not known");
    const Words results   = has_result ? list(operands[0]) : Words();
    const Words arguments = operands.size() > name + 1 ? list(operands[name + 1]) : Words();
    if (results.size() != called->results.size() || arguments.size() != called->parameters.size())
        return unknown("the call does not fit the function");
    Body body;
    body.is_call = true;
    for (size_t i = 0; i < results.size(); i++)
        body.variables[called->results[i].name] = bodies_.back().variables[results[i]];
    for (size_t i = 0; i < arguments.size(); i++)
        body.variables[called->parameters[i].name] = bodies_.back().variables[arguments[i]];
    bodies_.push_back(std::move(body));
    decode_body(called->body);
    finish_branches();
    bodies_.pop_back();
}

void Decoder::widened(Register to, unsigned bytes, bool is_signed, Slot from) {
    Instruction instruction;
    instruction.run         = extend;
    instruction.bytes       = static_cast<uint8_t>(bytes);
    instruction.registers   = static_cast<uint8_t>(to.bytes);
    instruction.is_signed   = is_signed;
    instruction.destination = to.slot;
    instruction.source[0]   = from;
    if (bytes == 0 || to.bytes == 0) return unknown("operands of this width are not known");
    emit(std::move(instruction));
}

void Decoder::computation(std::string_view opcode, const Words &operands) {
    const Row *row = find_row(opcode);
    if (row == nullptr) return unknown("this instruction is not known");
    if (operands.size() != row->signature.count) return unknown("another number of operands was expected");
    const bool converts = opcode.substr(0, 4) == "cvt.";
    Instruction instruction;
    instruction.run = row->run;
    for (size_t i = 1; i < operands.size(); i++) {
        const unsigned bytes = row->signature.bytes[i];
        Register from        = any_source(operands[i], bytes);
        if (failed()) return;
        if (from.bytes != bytes && converts) {
            const Register low = {temporary(bytes), bytes};
            widened(low, from.bytes, false, from.slot);
            from = low;
        }
        if (from.bytes != bytes) return unknown("operand " + std::string(operands[i]) + " has another width");
        instruction.source[i - 1] = from.slot;
    }
    const unsigned bytes = row->signature.bytes[0];
    const Register to    = any_destination(operands[0]);
    if (failed()) return;
    const bool widens = converts && to.bytes != bytes;
    if (to.bytes != bytes && !widens) return unknown("operand " + std::string(operands[0]) + " has another width");
    instruction.destination = widens ? temporary(bytes) : to.slot;
    const Slot result       = instruction.destination;
    emit(std::move(instruction));
    const auto words = split(opcode, '.');
    if (widens) widened(to, bytes, words[words.size() - 2][0] == 's', result);
}

}  // namespace emulator::ptx

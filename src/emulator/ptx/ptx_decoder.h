// From the text of an entry to a program: registers get slots, constants too, labels become positions, functions that
// are called are put in place of their call.
#ifndef GLI_EMULATOR_PTX_DECODER_H
#define GLI_EMULATOR_PTX_DECODER_H

#include <deque>
#include <map>
#include <memory>
#include <unordered_map>

#include "emulator/ptx/ptx_lanes.h"
#include "emulator/ptx/ptx_module.h"

namespace emulator::ptx {

// Where the program cannot be run, its error says why.
std::unique_ptr<Program> decode(const Module &module, const Function &entry);

// Bytes of a lane; 0: a predicate.
struct Register {
    Slot slot;
    unsigned bytes;
};

struct Address {
    Slot slot;
    unsigned bytes;  // of the register
    int64_t offset;
};

class Decoder {
   public:
    Decoder(const Module &module, Program &program) : module_(module), program_(program) {}

    void decode_entry(const Function &entry);

    // What the decoders of single instructions use. Each fails by `unknown`, which ends the decoding.
    using Words = std::vector<std::string_view>;
    Slot source(std::string_view operand, unsigned bytes);
    Slot destination(std::string_view operand, unsigned bytes);
    Register any_source(std::string_view operand, unsigned bytes_of_constant);
    Register any_destination(std::string_view operand);
    std::vector<Slot> registers(std::string_view braces, unsigned bytes);
    Address address(std::string_view brackets);
    Slot constant(uint64_t value, unsigned bytes, bool is_dynamic = false);
    Slot temporary(unsigned bytes);
    void unknown(const std::string &why);
    bool failed() const { return !program_.error.empty(); }
    // A parameter or result of a function that is being called, or a part of one that is a struct, for an access of so
    // many bytes; null: it is none.
    const Register *call_variable(std::string_view brackets, unsigned bytes);
    Slot carry();  // of sums and products of several registers
    Instruction &emit(Instruction instruction);

   private:
    struct Scope {
        std::unordered_map<std::string_view, unsigned> ranges;  // "%r": bytes, of .reg .b32 %r<5>
        std::unordered_map<std::string_view, Register> registers;
    };
    struct Label {
        std::string_view name;
        uint32_t at;
    };
    // What a call makes anew.
    struct Body {
        std::map<std::string_view, uint32_t> labels;
        std::vector<std::pair<uint32_t, std::string_view>> branches;    // whose target is not known yet
        std::map<std::string_view, std::vector<Register *>> variables;  // of .param; a register for each 8 bytes
        std::vector<uint32_t> returns;                                  // branches to the end
        size_t outermost_scope = 0;
        bool is_call           = false;
    };

    void decode_body(std::string_view text);
    void finish_branches();
    void directive(std::string_view text);
    void declare_registers(std::string_view text);
    void declare_parameter(std::string_view text);
    void add_shared(const Variable &variable);
    void instruction(std::string_view text);
    void computation(std::string_view opcode, const Words &operands);
    void call(const Words &operands);
    void branch(std::string_view label);
    bool control(const Words &words, const Words &operands);
    const Register *find_register(std::string_view name);
    // is_dynamic: a name in dynamic shared memory, which begins after all that is static.
    struct Value {
        uint64_t bits   = 0;
        bool is_dynamic = false;
    };
    bool parse_constant(std::string_view text, unsigned bytes, Value &value);
    bool find_symbol(std::string_view name, Value &value);
    void widened(Register to, unsigned bytes, bool is_signed, Slot from);

    const Module &module_;
    Register carry_ = {0, 0};
    std::deque<Register> call_registers_;  // whose addresses stay
    Program &program_;
    std::vector<Scope> scopes_;
    std::vector<Body> bodies_;
    std::map<std::string_view, uint32_t> parameters_, shared_, local_;  // where they begin
    std::map<std::tuple<uint64_t, unsigned, bool>, Slot> constants_;
    std::map<std::string_view, Slot> specials_;
    std::string_view text_;  // of the instruction being decoded
    Instruction guard_;      // its guard alone
};

// ld, st, atom, shfl, wmma and others that do more than compute. False: the opcode is none of them.
bool decode_special(Decoder &decoder, const Decoder::Words &words, const Decoder::Words &operands);

// ptx_carry.cc: those with a carry.
bool decode_carry(Decoder &decoder, const Decoder::Words &words, const Decoder::Words &operands);

}  // namespace emulator::ptx
#endif

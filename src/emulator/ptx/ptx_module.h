// The PTX of one kernel file, as far as its outside goes: where its functions are, and its variables.
#ifndef GLI_EMULATOR_PTX_MODULE_H
#define GLI_EMULATOR_PTX_MODULE_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace emulator::ptx {

// A declared variable or parameter: ".shared .align 4 .b8 NAME[1024]".
struct Variable {
    std::string_view name;
    unsigned align = 1, bytes = 0;
    bool is_shared = false, is_extern = false;
    const uint8_t *content = nullptr;  // of a table in global memory, such as those of sin and cos
};

struct Function {
    std::string_view name;
    bool is_entry        = false;
    unsigned max_threads = 0;  // of .maxntid; 0: no bound
    std::vector<Variable> parameters, results;
    std::string_view body;  // between the braces
};

// Operands of one instruction, label or directive.
struct Statement {
    std::string_view text;  // without what ends it
    char end;               // ';', ':', '{' or '}'
};

class Module {
   public:
    explicit Module(std::string_view text);

    // Null: there is none.
    const Function *find_function(std::string_view name) const;
    const std::vector<Variable> &variables() const { return variables_; }
    std::vector<std::string_view> entries() const;

   private:
    void add_function(std::string_view header, std::string_view body);
    void add_variable(std::string_view text);

    std::string text_;  // without comments
    std::map<std::string_view, Function> functions_;
    std::vector<Variable> variables_;
    std::vector<std::unique_ptr<std::max_align_t[]>> contents_;
};

// The next statement of a body; false: there is none left.
bool next_statement(std::string_view &rest, Statement &statement);

constexpr std::string_view SPACES = " \t\r\n";
std::string_view trimmed(std::string_view text);
// At commas outside of brackets and braces.
std::vector<std::string_view> split_operands(std::string_view text);
std::vector<std::string_view> split(std::string_view text, char separator);
Variable parse_variable(std::string_view text);
unsigned bytes_of_type(std::string_view type);  // "f32": 4, "pred": 0; 0xFF: no type

}  // namespace emulator::ptx
#endif

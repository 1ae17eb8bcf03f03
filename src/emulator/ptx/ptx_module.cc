#include "emulator/ptx/ptx_module.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace emulator::ptx {

namespace {

std::string without_comments(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (size_t i = 0; i < text.size();) {
        if (text.substr(i, 2) == "//") {
            i = std::min(text.size(), text.find('\n', i));
        } else if (text.substr(i, 2) == "/*") {
            i = std::min(text.size(), text.find("*/", i) + 2);
        } else {
            result.push_back(text[i++]);
        }
    }
    return result;
}

std::string_view first_word(std::string_view &text) {
    text             = trimmed(text);
    const size_t end = std::min(text.size(), text.find_first_of(SPACES));
    const auto word  = text.substr(0, end);
    text             = trimmed(text.substr(end));
    return word;
}

// The end of what the brace at text[open] opens.
size_t closing_brace(std::string_view text, size_t open) {
    unsigned depth = 0;
    for (size_t i = open; i < text.size(); i++) {
        if (text[i] == '{') depth++;
        if (text[i] == '}' && --depth == 0) return i;
    }
    return text.size();
}

std::vector<Variable> parse_list(std::string_view text) {
    std::vector<Variable> all;
    for (const auto &one : split_operands(text))
        if (!one.empty()) all.push_back(parse_variable(one));
    return all;
}

// Takes "(...)" from the front.
std::string_view take_parentheses(std::string_view &text) {
    text = trimmed(text);
    if (text.empty() || text[0] != '(') return {};
    const size_t end  = std::min(text.size(), text.find(')'));
    const auto inside = text.substr(1, end - 1);
    text              = trimmed(text.substr(std::min(text.size(), end + 1)));
    return inside;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
    const size_t start = text.find_first_not_of(SPACES);
    if (start == std::string_view::npos) return {};
    return text.substr(start, text.find_last_not_of(SPACES) - start + 1);
}

std::vector<std::string_view> split_operands(std::string_view text) {
    std::vector<std::string_view> parts;
    int depth    = 0;
    size_t start = 0;
    for (size_t i = 0; i <= text.size(); i++) {
        const char c = i < text.size() ? text[i] : ',';
        if (c == '{' || c == '[' || c == '(') depth++;
        if (c == '}' || c == ']' || c == ')') depth--;
        if (c != ',' || (depth > 0 && i < text.size())) continue;
        parts.push_back(trimmed(text.substr(start, i - start)));
        start = i + 1;
    }
    if (parts.size() == 1 && parts[0].empty()) parts.clear();
    return parts;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (size_t start = 0; start <= text.size();) {
        const size_t end = std::min(text.size(), text.find(separator, start));
        parts.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    return parts;
}

unsigned bytes_of_type(std::string_view type) {
    if (type == "pred") return 0;
    if (type == "bf16" || type == "f16") return 2;
    if (type == "f16x2" || type == "bf16x2" || type == "tf32") return 4;
    if (type.size() < 2 || type.find_first_of("busf") != 0) return 0xFF;
    const auto bits = type.substr(1);
    return bits == "8" ? 1 : bits == "16" ? 2 : bits == "32" ? 4 : bits == "64" ? 8 : 0xFF;
}

Variable parse_variable(std::string_view text) {
    Variable variable;
    unsigned element = 1;
    for (text = trimmed(text.substr(0, text.find('='))); !text.empty() && text[0] == '.';) {
        const auto word = first_word(text);
        if (word == ".align")
            variable.align = static_cast<unsigned>(atoi(std::string(first_word(text)).c_str()));
        else if (word == ".shared")
            variable.is_shared = true;
        else if (word == ".extern")
            variable.is_extern = true;
        else if (bytes_of_type(word.substr(1)) <= 8)
            element = bytes_of_type(word.substr(1));
    }
    variable.name     = trimmed(text.substr(0, text.find('[')));
    variable.bytes    = element;
    variable.align    = std::max(variable.align, element);
    const size_t open = text.find('[');
    if (open != std::string_view::npos)
        variable.bytes *= static_cast<unsigned>(atoi(std::string(text.substr(open + 1)).c_str()));
    return variable;
}

bool next_statement(std::string_view &rest, Statement &statement) {
    rest = trimmed(rest);
    if (rest.empty()) return false;
    if (rest[0] == '{' || rest[0] == '}') {
        statement = {{}, rest[0]};
        rest.remove_prefix(1);
        return true;
    }
    // Labels are names alone; a colon elsewhere belongs to a word, as in ".L2::128B".
    const size_t word = rest.find_first_of(" \t\r\n:;");
    const bool label  = word != std::string_view::npos && rest[word] == ':' && rest.substr(word, 2) != "::";
    const size_t end  = std::min(rest.size(), label ? word : rest.find(';'));
    statement         = {trimmed(rest.substr(0, end)), label ? ':' : ';'};
    rest.remove_prefix(std::min(rest.size(), end + 1));
    return true;
}

Module::Module(std::string_view text) : text_(without_comments(text)) {
    std::string_view rest = text_;
    for (;;) {
        rest = trimmed(rest);
        if (rest.empty()) return;
        if (rest.rfind(".version", 0) == 0 || rest.rfind(".target", 0) == 0 || rest.rfind(".address_size", 0) == 0) {
            rest.remove_prefix(std::min(rest.size(), rest.find('\n')));
            continue;
        }
        const size_t end  = std::min(rest.size(), rest.find_first_of(";{"));
        const auto header = rest.substr(0, end);
        const bool is_code =
            header.find(".entry") != std::string_view::npos || header.find(".func") != std::string_view::npos;
        if (is_code && end < rest.size() && rest[end] == '{') {
            const size_t close = closing_brace(rest, end);
            add_function(header, rest.substr(end + 1, close - end - 1));
            rest.remove_prefix(std::min(rest.size(), close + 1));
            continue;
        }
        const size_t semicolon = std::min(rest.size(), rest.find(';'));
        if (!is_code && header[0] == '.') add_variable(rest.substr(0, semicolon));
        rest.remove_prefix(std::min(rest.size(), semicolon + 1));
    }
}

// nvcc writes the content of every table in bytes: ".global .align 4 .b8 NAME[24] = {65, 144, ...}".
void Module::add_variable(std::string_view text) {
    Variable variable = parse_variable(text);
    const size_t open = text.find('{');
    if (open != std::string_view::npos && text.substr(0, open).find(".b8") != std::string_view::npos) {
        constexpr size_t UNIT = sizeof(std::max_align_t);
        contents_.push_back(std::make_unique<std::max_align_t[]>((variable.bytes + UNIT - 1) / UNIT));
        auto *content = reinterpret_cast<uint8_t *>(contents_.back().get());
        size_t filled = 0;
        for (const auto number : split(text.substr(open + 1, text.find('}') - open - 1), ','))
            if (filled < variable.bytes) content[filled++] = static_cast<uint8_t>(atoi(std::string(number).c_str()));
        variable.content = content;
    }
    variables_.push_back(variable);
}

void Module::add_function(std::string_view header, std::string_view body) {
    Function function;
    function.body     = body;
    function.is_entry = header.find(".entry") != std::string_view::npos;
    const auto word   = function.is_entry ? std::string_view(".entry") : std::string_view(".func");
    header            = trimmed(header.substr(header.find(word) + word.size()));
    function.results  = parse_list(take_parentheses(header));
    function.name     = trimmed(header.substr(0, header.find_first_of("( \t\r\n")));
    header.remove_prefix(function.name.size());
    function.parameters = parse_list(take_parentheses(header));
    if (const size_t at = header.find(".maxntid"); at != std::string_view::npos) {
        unsigned x = 1, y = 1, z = 1;
        sscanf(std::string(header.substr(at)).c_str(), ".maxntid %u, %u, %u", &x, &y, &z);
        function.max_threads = x * y * z;
    }
    functions_[function.name] = std::move(function);
}

const Function *Module::find_function(std::string_view name) const {
    const auto found = functions_.find(name);
    return found == functions_.end() ? nullptr : &found->second;
}

std::vector<std::string_view> Module::entries() const {
    std::vector<std::string_view> names;
    for (const auto &[name, function] : functions_)
        if (function.is_entry) names.push_back(name);
    return names;
}

}  // namespace emulator::ptx

#include "support/case.h"

// These lists run once: what counts is how long they take to compile.
#pragma GCC optimize("O0")

namespace glia {

// CASE(op, name, PARAMS(.stride = {2, 2}), inputs...): PARAMS() fills the op's glia_<op>_params. Each case is a function
// of its own: one function that makes them all takes a compiler minutes.
#define PARAMS(...) {__VA_ARGS__}
#define CASE(op_, name_, params_, ...) \
    [] { return Case{&glia_op_##op_, #name_, bytes_of(glia_##op_##_params params_), {__VA_ARGS__}, false}; },
#define BENCH_CASE(op_, name_, params_, ...) \
    [] { return Case{&glia_op_##op_, #name_, bytes_of(glia_##op_##_params params_), {__VA_ARGS__}, true}; },

const std::vector<Case>& all_cases() {
    static Case (*const makers[])() = {
#include "cases/all.inc"
    };
    static const std::vector<Case> cases = [] {
        std::vector<Case> all;
        for (Case (*make)() : makers) all.push_back(make());
        return all;
    }();
    return cases;
}

}  // namespace glia

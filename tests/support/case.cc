#include "support/case.h"

namespace glia {

// CASE(op, name, PARAMS(.stride = {2, 2}), inputs...): PARAMS() fills the op's glia_<op>_params.
#define PARAMS(...) {__VA_ARGS__}
#define CASE(op_, name_, params_, ...) \
    {&glia_op_##op_, #name_, bytes_of(glia_##op_##_params params_), {__VA_ARGS__}, false},
#define BENCH_CASE(op_, name_, params_, ...) \
    {&glia_op_##op_, #name_, bytes_of(glia_##op_##_params params_), {__VA_ARGS__}, true},

const std::vector<Case>& all_cases() {
    static const std::vector<Case> cases = {
#include "cases/all.inc"
    };
    return cases;
}

}  // namespace glia

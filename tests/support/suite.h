// What the provider suite does with one provider, one case and one variant. The judge is always cpu.ref in double on
// dense tensors; a provider passes when
//   exact:      small integers give exactly the judge's values, where the op says that nothing rounds,
//   close:      reals agree within gli_error_bound, which follows from the op's depth, the dtype and the largest
//   number,
//               of huge and tiny inputs the largest of the output,
//   complete:   every output element was written (outputs start as NaN, and NaN never agrees),
//   tidy:       inputs, gaps between elements, guard bands and the bytes behind the promised workspace are unchanged,
//   repeatable: a second run on other initial output bytes gives the same bits.
#pragma once

#include "support/case.h"

namespace glia {

enum class Regime { integers, reals };
enum class Layout {
    dense,
    permuted,
    sliced,
    gapped,
    channels_last,
    shifted,  // dense, one element behind an aligned address
    turned    // inputs dense, outputs permuted
};

struct Variant {
    std::string name;
    glia_dtype dtype   = GLIA_F32;
    Layout layout      = Layout::dense;
    bool in_place      = false;          // outputs in the memory of the inputs that the op names
    bool required_only = false;          // without the optional outputs; where all are optional, without the first
    glia_math math     = GLIA_MATH_F32;  // that the context allows
};

// False of optimizers, whose weights are wide; a copy of them may be half.
bool takes_halves(const gli_op &op);

// Those that make sense for the case: bf16 for one without floats does not.
std::vector<Variant> variants_of(const Case &c);

struct Verdict {
    std::string declined;  // why the provider does not take the call; "": it ran
    std::vector<std::string> failures;

    bool exact = false;                               // each bit of the outputs follows from the op's contract
    std::vector<std::vector<unsigned char>> outputs;  // the elements of each output that the variant has
};

// device: the one whose table the provider stands in.
Verdict judge(const gli_provider &provider, const Case &c, const Variant &variant, Regime regime,
              const char *device = "cpu", int threads = 2);

// The values of an input in a regime: rounded to dtype, dense row-major.
std::vector<double> values_of(const Case &c, size_t input, Regime regime, glia_dtype dtype);

double rounded(glia_dtype dtype, double value);

uint64_t test_seed();  // GLIA_TEST_SEED, or a fixed number

}  // namespace glia

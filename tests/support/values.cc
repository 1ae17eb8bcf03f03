// The numbers in the inputs of a case.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>

#include "support/suite.h"

namespace glia {
namespace {

// Scales so that dimension 1, or 0 of a vector, sums to 1.
void make_distribution(const std::vector<int64_t> &dims, std::vector<double> &values) {
    const size_t axis = dims.size() > 1 ? 1 : 0, length = size_t(dims[axis]);
    size_t inner = 1;
    for (size_t d = axis + 1; d < dims.size(); ++d) inner *= size_t(dims[d]);
    for (size_t row = 0; row < values.size() / length; ++row) {
        double *first = &values[row / inner * inner * length + row % inner];
        double sum    = 0;
        for (size_t k = 0; k < length; ++k) sum += first[k * inner];
        for (size_t k = 0; k < length; ++k) first[k * inner] /= sum;
    }
}

double scale_of(const Input &scaled, glia_dtype dtype) {
    if (dtype == GLIA_F64) return std::pow(scaled.value, 8);
    return dtype == GLIA_F16 ? std::clamp(scaled.value, 0x1p-8, 0x1p8) : scaled.value;
}

double largest_of(glia_dtype dtype) { return dtype == GLIA_F64 ? 0x1p1023 : dtype == GLIA_F16 ? 0x1p15 : 0x1p127; }

}  // namespace

double rounded(glia_dtype dtype, double value) {
    alignas(8) char element[8];
    gli_store(dtype, element, 0, value);
    return gli_load(dtype, element, 0);
}

uint64_t test_seed() {
    static const uint64_t seed = [] {
        const char *text = std::getenv("GLIA_TEST_SEED");
        return text ? std::strtoull(text, nullptr, 10) : 20260101ull;
    }();
    return seed;
}

std::vector<double> values_of(const Case &c, size_t i, Regime regime, glia_dtype float_dtype) {
    const Input &input = c.inputs[i];
    std::seed_seq seeds{uint32_t(test_seed()), uint32_t(test_seed() >> 32),
                        uint32_t(std::hash<std::string>{}(c.op->name + c.name)), uint32_t(i)};
    std::mt19937_64 rng(seeds);
    int64_t count = 1;
    for (int64_t d : input.dims) count *= d;
    const auto integer = [&](int low, int high) { return double(low + int64_t(rng() % uint64_t(high - low + 1))); };
    const auto real    = [&](double low, double high) { return low + (high - low) * double(rng() >> 11) * 0x1p-53; };
    const bool whole   = regime == Regime::integers;

    std::vector<double> values(static_cast<size_t>(count));
    for (double &v : values) switch (input.content) {
            case Content::absent: break;
            case Content::signed_: v = whole ? integer(-4, 4) : real(-1, 1); break;
            case Content::positive: v = whole ? integer(1, 4) : real(0.5, 1.5); break;
            case Content::unit: v = whole ? integer(0, 1) : real(0.05, 0.95); break;
            case Content::distribution: v = real(0.05, 0.95); break;
            case Content::index: v = integer(0, int(input.value) - 1); break;
            case Content::constant: v = input.value; break;
            case Content::near: v = input.value + (whole ? integer(-4, 4) : real(-1, 1)); break;
            case Content::small: v = whole ? integer(-1, 1) : real(-input.value, input.value); break;
            case Content::scaled: v = scale_of(input, float_dtype) * (whole ? integer(-4, 4) : real(-1, 1)); break;
            case Content::largest: v = largest_of(float_dtype) * (whole ? integer(-4, 4) / 4 : real(-1, 1)); break;
            case Content::made:
            case Content::wide:
            case Content::whole:
            case Content::special:
            case Content::step: break;  // of the recorded cases
        }
    if (input.content == Content::distribution) make_distribution(input.dims, values);
    const glia_dtype dtype = dtype_of(c, i, float_dtype);
    for (double &v : values) v = rounded(dtype, v);
    return values;
}

}  // namespace glia

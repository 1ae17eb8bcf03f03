// Floating-point instructions, a row for each spelling. Integers are in ptx_integers.cc, conversions in ptx_convert.cc.
#include "emulator/ptx/ptx_float.h"
#include "emulator/ptx/ptx_tables.h"
#include "emulator/scalar.h"

namespace emulator::ptx {

namespace {

template <typename T>
T mul(T a, T b) {
    return a * b;
}
template <typename T>
T quotient(T a, T b) {
    return a / b;
}
template <typename T>
T fused(T a, T b, T c) {
    return std::fma(a, b, c);
}
template <typename T>
T reciprocal(T a) {
    return 1 / a;
}
template <typename T>
T root(T a) {
    return std::sqrt(a);
}
template <typename T>
T reciprocal_root(T a) {
    return 1 / std::sqrt(a);
}
template <typename T>
T negative(T a) {
    return -a;
}
template <typename T>
T magnitude(T a) {
    return std::fabs(a);
}
// The sign of the first, the magnitude of the second.
template <typename T>
T with_sign(T a, T b) {
    return std::copysign(b, a);
}
float power_of_two(float a) { return static_cast<float>(std::exp2(double{a})); }
float logarithm(float a) { return static_cast<float>(std::log2(double{a})); }
float sine(float a) { return static_cast<float>(std::sin(double{a})); }
float cosine(float a) { return static_cast<float>(std::cos(double{a})); }
float hyperbolic_tangent(float a) { return static_cast<float>(std::tanh(double{a})); }

template <typename T>
bool unordered(T a, T b) {
    return std::isnan(a) || std::isnan(b);
}
template <typename T>
bool ordered(T a, T b) {
    return !unordered(a, b);
}
// Those with u hold when an operand is no number, too.
template <typename T>
bool equ(T a, T b) {
    return !ne(a, b);
}
template <typename T>
bool neu(T a, T b) {
    return !(a == b);
}
template <typename T>
bool ltu(T a, T b) {
    return !(a >= b);
}
template <typename T>
bool leu(T a, T b) {
    return !(a > b);
}
template <typename T>
bool gtu(T a, T b) {
    return !(a <= b);
}
template <typename T>
bool geu(T a, T b) {
    return !(a < b);
}

// With and without .ftz.
#define ROWS_F32(before, after, ...) \
    row<__VA_ARGS__>(before after ".f32"), row<Flushing<__VA_ARGS__>::of>(before after ".ftz.f32")
#define ROWS_PLAIN(name, function) ROWS_F32(name, "", function<float>), row<function<double>>(name ".f64")
#define ROWS_TOWARDS(mode, name, function)                                 \
    row_towards<mode, function<float>>(name ".f32"),                       \
        row_towards<mode, Flushing<function<float>>::of>(name ".ftz.f32"), \
        row_towards<mode, function<double>>(name ".f64")
#define ROWS_ROUNDED(name, function)                                                     \
    ROWS_PLAIN(name ".rn", function), ROWS_TOWARDS(FE_TOWARDZERO, name ".rz", function), \
        ROWS_TOWARDS(FE_DOWNWARD, name ".rm", function), ROWS_TOWARDS(FE_UPWARD, name ".rp", function)
// Where a rounding need not be named. Without it nvcc may contract; what it emitted is rounded to the nearest, too.
#define ROWS_MAY_ROUND(name, function) ROWS_PLAIN(name, function), ROWS_ROUNDED(name, function)
#define ROWS_COMPARE(name) ROWS_PLAIN("setp." #name, name)

constexpr Row ROWS[] = {
    ROWS_MAY_ROUND("add", sum),
    ROWS_MAY_ROUND("sub", difference),
    ROWS_MAY_ROUND("mul", mul),
    ROWS_ROUNDED("fma", fused),
    ROWS_ROUNDED("div", quotient),
    ROWS_ROUNDED("rcp", reciprocal),
    ROWS_ROUNDED("sqrt", root),
    ROWS_PLAIN("min", least),
    ROWS_PLAIN("max", greatest),
    ROWS_PLAIN("neg", negative),
    ROWS_PLAIN("abs", magnitude),
    row<with_sign<float>>("copysign.f32"),
    row<with_sign<double>>("copysign.f64"),
    ROWS_F32("div", ".approx", quotient_approx),
    ROWS_F32("div", ".full", quotient<float>),
    ROWS_F32("rcp", ".approx", reciprocal<float>),
    row<reciprocal_approx>("rcp.approx.ftz.f64"),
    ROWS_F32("sqrt", ".approx", root<float>),
    ROWS_F32("rsqrt", ".approx", reciprocal_root<float>),
    row<reciprocal_root<double>>("rsqrt.approx.f64"),
    ROWS_F32("ex2", ".approx", power_of_two),
    ROWS_F32("lg2", ".approx", logarithm),
    ROWS_F32("sin", ".approx", sine),
    ROWS_F32("cos", ".approx", cosine),
    row<hyperbolic_tangent>("tanh.approx.f32"),
    ROWS_COMPARE(eq),
    ROWS_COMPARE(ne),
    ROWS_COMPARE(lt),
    ROWS_COMPARE(le),
    ROWS_COMPARE(gt),
    ROWS_COMPARE(ge),
    ROWS_COMPARE(equ),
    ROWS_COMPARE(neu),
    ROWS_COMPARE(ltu),
    ROWS_COMPARE(leu),
    ROWS_COMPARE(gtu),
    ROWS_COMPARE(geu),
    ROWS_PLAIN("setp.num", ordered),
    ROWS_PLAIN("setp.nan", unordered),
};

}  // namespace

std::vector<Row> float_rows() { return {std::begin(ROWS), std::end(ROWS)}; }

}  // namespace emulator::ptx

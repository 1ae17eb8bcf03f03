// What arithmetic, comparisons and atomic operations do with one number of each operand. Integers wrap around.
#ifndef GLI_EMULATOR_SCALAR_H
#define GLI_EMULATOR_SCALAR_H

#include <algorithm>
#include <type_traits>

namespace emulator {

// Unsigned where T is an integer, whose overflow C++ defines.
template <typename T>
auto wrapping(T a) {
    if constexpr (std::is_integral_v<T>)
        return static_cast<std::make_unsigned_t<T>>(a);
    else
        return a;
}

template <typename T>
T sum(T a, T b) {
    return static_cast<T>(wrapping(a) + wrapping(b));
}
template <typename T>
T difference(T a, T b) {
    return static_cast<T>(wrapping(a) - wrapping(b));
}
template <typename T>
T lesser(T a, T b) {
    return std::min(a, b);
}
template <typename T>
T greater(T a, T b) {
    return std::max(a, b);
}
template <typename T>
T both(T a, T b) {
    return a & b;
}
template <typename T>
T either(T a, T b) {
    return a | b;
}
template <typename T>
T different(T a, T b) {
    return a ^ b;
}
template <typename T>
T second(T, T b) {
    return b;
}
template <typename T>
T counted_up(T a, T limit) {
    return a >= limit ? T{0} : a + 1;
}
template <typename T>
T counted_down(T a, T limit) {
    return a == 0 || a > limit ? limit : a - 1;
}

// None of these holds for what is no number.
template <typename T>
bool eq(T a, T b) {
    return a == b;
}
template <typename T>
bool ne(T a, T b) {
    return a < b || a > b;
}
template <typename T>
bool lt(T a, T b) {
    return a < b;
}
template <typename T>
bool le(T a, T b) {
    return a <= b;
}
template <typename T>
bool gt(T a, T b) {
    return a > b;
}
template <typename T>
bool ge(T a, T b) {
    return a >= b;
}

}  // namespace emulator
#endif

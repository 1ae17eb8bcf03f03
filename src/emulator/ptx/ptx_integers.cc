// Integer arithmetic and comparisons. Overflow wraps around, so that sums and products are those of unsigned numbers.
#include <limits>
#include <type_traits>

#include "emulator/ptx/ptx_tables.h"
#include "emulator/scalar.h"

namespace emulator::ptx {

namespace {

template <typename T>
T low_product(T a, T b) {
    return static_cast<T>(uint64_t{a} * b);
}
template <typename T>
T low_product_plus(T a, T b, T c) {
    return static_cast<T>(uint64_t{a} * b + c);
}
// Twice as wide.
template <typename T, typename U, typename S>
using WithSign = std::conditional_t<std::is_signed_v<T>, S, U>;
template <typename T>
using Wide = std::conditional_t<
    sizeof(T) == 2, WithSign<T, uint32_t, int32_t>,
    std::conditional_t<sizeof(T) == 4, WithSign<T, uint64_t, int64_t>, WithSign<T, unsigned __int128, __int128>>>;

template <typename T>
Wide<T> wide_product(T a, T b) {
    return static_cast<Wide<T>>(a) * b;
}
template <typename T>
Wide<T> wide_product_plus(T a, T b, Wide<T> c) {
    using U = std::make_unsigned_t<Wide<T>>;
    return static_cast<Wide<T>>(static_cast<U>(wide_product(a, b)) + static_cast<U>(c));
}
template <typename T>
T high_product(T a, T b) {
    return static_cast<T>(wide_product(a, b) >> (8 * sizeof(T)));
}
template <typename T>
T high_product_plus(T a, T b, T c) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(static_cast<U>(high_product(a, b)) + static_cast<U>(c));
}

// What PTX leaves open, division by zero, gives all ones; the smallest number by -1 gives itself.
template <typename T>
bool divides(T a, T b) {
    return b != 0 && !(std::is_signed_v<T> && a == std::numeric_limits<T>::min() && b == static_cast<T>(-1));
}
template <typename T>
T quotient(T a, T b) {
    return divides(a, b) ? static_cast<T>(a / b) : b == 0 ? static_cast<T>(-1) : a;
}
template <typename T>
T remainder(T a, T b) {
    return divides(a, b) ? static_cast<T>(a % b) : b == 0 ? a : T{0};
}
template <typename T>
T negative(T a) {
    return static_cast<T>(-static_cast<std::make_unsigned_t<T>>(a));
}
template <typename T>
T magnitude(T a) {
    return a < 0 ? negative(a) : a;
}

#define ROWS_INTEGER(type, u, s)                                                                                       \
    row<sum<u>>("add.u" #type), row<sum<u>>("add.s" #type), row<difference<u>>("sub.u" #type),                         \
        row<difference<u>>("sub.s" #type), row<low_product<u>>("mul.lo.u" #type),                                      \
        row<low_product<u>>("mul.lo.s" #type), row<low_product_plus<u>>("mad.lo.u" #type),                             \
        row<low_product_plus<u>>("mad.lo.s" #type), row<high_product<u>>("mul.hi.u" #type),                            \
        row<high_product<s>>("mul.hi.s" #type), row<high_product_plus<u>>("mad.hi.u" #type),                           \
        row<high_product_plus<s>>("mad.hi.s" #type), row<quotient<u>>("div.u" #type), row<quotient<s>>("div.s" #type), \
        row<remainder<u>>("rem.u" #type), row<remainder<s>>("rem.s" #type), row<lesser<u>>("min.u" #type),             \
        row<lesser<s>>("min.s" #type), row<greater<u>>("max.u" #type), row<greater<s>>("max.s" #type),                 \
        row<negative<s>>("neg.s" #type), row<magnitude<s>>("abs.s" #type), row<eq<u>>("setp.eq.u" #type),              \
        row<eq<s>>("setp.eq.s" #type), row<eq<u>>("setp.eq.b" #type), row<ne<u>>("setp.ne.u" #type),                   \
        row<ne<s>>("setp.ne.s" #type), row<ne<u>>("setp.ne.b" #type), row<lt<u>>("setp.lt.u" #type),                   \
        row<lt<u>>("setp.lo.u" #type), row<lt<s>>("setp.lt.s" #type), row<le<u>>("setp.le.u" #type),                   \
        row<le<u>>("setp.ls.u" #type), row<le<s>>("setp.le.s" #type), row<gt<u>>("setp.gt.u" #type),                   \
        row<gt<u>>("setp.hi.u" #type), row<gt<s>>("setp.gt.s" #type), row<ge<u>>("setp.ge.u" #type),                   \
        row<ge<u>>("setp.hs.u" #type), row<ge<s>>("setp.ge.s" #type)
#define ROWS_WIDE(type, u, s)                                                           \
    row<wide_product<u>>("mul.wide.u" #type), row<wide_product<s>>("mul.wide.s" #type), \
        row<wide_product_plus<u>>("mad.wide.u" #type), row<wide_product_plus<s>>("mad.wide.s" #type)

constexpr Row ROWS[] = {
    ROWS_INTEGER(16, uint16_t, int16_t), ROWS_INTEGER(32, uint32_t, int32_t), ROWS_INTEGER(64, uint64_t, int64_t),
    ROWS_WIDE(16, uint16_t, int16_t),    ROWS_WIDE(32, uint32_t, int32_t),
};

}  // namespace

std::vector<Row> integer_rows() { return {std::begin(ROWS), std::end(ROWS)}; }

}  // namespace emulator::ptx

// CUDA's vector types, with their alignments: a float4 is loaded by one instruction, which faults when it is
// misaligned.
#ifndef GLI_EMULATOR_VECTORS_H
// A struct that one wide access moves. A copy with code of its own is a call on references, and there the race build
// checks alignment, which it cannot for copies of a plain struct. The parameter makes the bases of a struct and of its
// first member distinct types: two of one type could not have the same address.
template <typename Derived>
struct gli_wide {
    constexpr gli_wide() = default;
    constexpr gli_wide(const gli_wide &) {}
    constexpr gli_wide &operator=(const gli_wide &) { return *this; }
};

#define GLI_EMULATOR_VECTORS(T, name)                                                     \
    struct name##1 { T x; };                                                              \
    struct alignas(2 * sizeof(T)) name##2 : gli_wide<name##2> {                           \
        name##2() = default;                                                              \
        constexpr name##2(T x_, T y_) : x(x_), y(y_) {}                                   \
        T x, y;                                                                           \
    };                                                                                    \
    struct alignas(4 * sizeof(T) < 16 ? 4 * sizeof(T) : 16) name##4 : gli_wide<name##4> { \
        name##4() = default;                                                              \
        constexpr name##4(T x_, T y_, T z_, T w_) : x(x_), y(y_), z(z_), w(w_) {}         \
        T x, y, z, w;                                                                     \
    };                                                                                    \
    constexpr name##1 make_##name##1(T x) { return {x}; }                                 \
    constexpr name##2 make_##name##2(T x, T y) { return {x, y}; }                         \
    constexpr name##4 make_##name##4(T x, T y, T z, T w) { return {x, y, z, w}; }

#define GLI_EMULATOR_VECTOR3(T, name) \
    struct name##3 { T x, y, z; };    \
    constexpr name##3 make_##name##3(T x, T y, T z) { return {x, y, z}; }

GLI_EMULATOR_VECTORS(signed char, char)
GLI_EMULATOR_VECTORS(unsigned char, uchar)
GLI_EMULATOR_VECTORS(short, short)
GLI_EMULATOR_VECTORS(unsigned short, ushort)
GLI_EMULATOR_VECTORS(int, int)
GLI_EMULATOR_VECTORS(unsigned int, uint)
GLI_EMULATOR_VECTORS(long long, longlong)
GLI_EMULATOR_VECTORS(unsigned long long, ulonglong)
GLI_EMULATOR_VECTORS(float, float)
GLI_EMULATOR_VECTORS(double, double)
GLI_EMULATOR_VECTOR3(unsigned char, uchar)
GLI_EMULATOR_VECTOR3(int, int)
GLI_EMULATOR_VECTOR3(float, float)
GLI_EMULATOR_VECTOR3(double, double)

constexpr uint3 make_uint3(unsigned int x, unsigned int y, unsigned int z) { return {x, y, z}; }

#undef GLI_EMULATOR_VECTORS
#undef GLI_EMULATOR_VECTOR3
#endif

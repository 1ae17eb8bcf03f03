// Conversions between all pairs of types on devices: the bits that cpu.ref gives, for every value of short types, and
// for long ones where rounding, clamping and double rounding are decided; flat, misaligned and transposed.
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "support/devices.h"

namespace {

using namespace glia;

using Bytes = std::vector<unsigned char>;

template <class T>
void append(Bytes &bytes, T value) {
    const auto *from = reinterpret_cast<const unsigned char *>(&value);
    bytes.insert(bytes.end(), from, from + sizeof value);
}

// Numbers at which some conversion changes its mind, and their neighbours.
std::vector<double> edges() {
    std::vector<double> all{0.0, -0.0, NAN, INFINITY, -INFINITY};
    for (double size : {0x1p-149,
                        0x1p-133,
                        0x1p-126,
                        0x1p-25,
                        0x1p-24,
                        0x1p-14,
                        0.5,
                        1.0,
                        1.5,
                        2.5,
                        127.5,
                        254.5,
                        255.0,
                        256.0,
                        65504.0,
                        65519.0,
                        65520.0,
                        0x1p24,
                        0x1p31,
                        0x1p32,
                        0x1p53,
                        0x1p63,
                        0x1p64,
                        0x1.fffffep127,
                        0x1.ffp127,
                        1 + 0x1p-8,
                        1 + 0x1p-9,
                        1 + 0x1p-11,
                        1 + 0x1p-12,
                        1 + 0x1p-24,
                        1 + 0x1p-24 + 0x1p-50})
        for (double v : {size, std::nextafter(size, 0.0), std::nextafter(size, INFINITY),
                         double(std::nextafter(float(size), 0.0f)), double(std::nextafter(float(size), INFINITY))})
            all.push_back(v), all.push_back(-v);
    return all;
}

Bytes values_of(glia_dtype dtype) {
    Bytes bytes;
    std::mt19937_64 random(5);
    const size_t size = glia_dtype_size(dtype);
    if (size <= 2)
        for (unsigned v = 0; v < 1u << 8 * size; ++v)
            size == 1 ? append(bytes, uint8_t(v)) : append(bytes, uint16_t(v));
    if (dtype == GLIA_F32)
        for (double v : edges()) append(bytes, float(v));
    if (dtype == GLIA_F64)
        for (double v : edges()) append(bytes, v);
    if (dtype == GLIA_I32)
        for (int64_t v : {INT32_MIN, INT32_MIN + 1, -1, 0, 1, 255, 256, (1 << 24) + 1, INT32_MAX})
            append(bytes, int32_t(v));
    if (dtype == GLIA_I64) {
        for (int64_t v : {INT64_MIN, int64_t(-1), int64_t(0), int64_t(300), INT64_MAX}) append(bytes, v);
        for (int shift = 20; shift < 62; ++shift)  // near the middle between two neighbours of a shorter type
            for (int64_t low : {-1, 0, 1})
                for (int fraction : {8, 11, 24, 53})
                    if (shift > fraction)
                        append(bytes, (int64_t(1) << shift) + (int64_t(1) << (shift - fraction)) + low),
                            append(bytes, -(int64_t(1) << shift) - (int64_t(1) << (shift - fraction)) - low);
    }
    while (bytes.size() / size < 1003) append(bytes, random());
    bytes.resize(bytes.size() / size / 17 * 17 * size);
    return bytes;
}

// x [17, n/17] cast to y, dense or transposed, `shift` elements behind the start of its memory.
Bytes cast(glia_context *ctx, glia_dtype from, glia_dtype to, const Bytes &values, bool transposed, int shift) {
    Keep keep;
    const int64_t count = int64_t(values.size() / glia_dtype_size(from)), rows = 17, columns = count / rows;
    Bytes given(size_t(shift) * glia_dtype_size(from)), result(size_t(count + shift) * glia_dtype_size(to));
    glia_tensor *x = nullptr, *y = nullptr;
    const int64_t dense[] = {columns, 1}, turned[] = {1, rows};
    const glia_cast_params params{to};
    given.insert(given.end(), values.begin(), values.end());
    auto *memory  = tensor_of(ctx, keep, from, {count + shift}, given);
    auto *out     = tensor_of(ctx, keep, to, {count + shift}, result);
    const auto at = [&](glia_tensor *tensor) {
        return static_cast<char *>(glia_tensor_data(tensor)) +
               size_t(shift) * glia_dtype_size(glia_tensor_dtype(tensor));
    };
    EXPECT_EQ(glia_tensor_wrap(ctx, from, GLIA_SHAPE(rows, columns), transposed ? turned : dense, at(memory), &x),
              GLIA_OK)
        << glia_message(ctx);
    keep(x, glia_tensor_destroy);
    EXPECT_EQ(glia_tensor_wrap(ctx, to, GLIA_SHAPE(rows, columns), dense, at(out), &y), GLIA_OK) << glia_message(ctx);
    keep(y, glia_tensor_destroy);
    EXPECT_EQ(glia_cast(ctx, &params, x, y), GLIA_OK) << glia_message(ctx);
    EXPECT_EQ(glia_tensor_read(out, result.data(), result.size()), GLIA_OK) << glia_message(ctx);
    return {result.begin() + ptrdiff_t(size_t(shift) * glia_dtype_size(to)), result.end()};
}

class CudaCast : public OnDevice {};

TEST_P(CudaCast, gives_the_bits_of_the_reference) {
    Computer computer(device()), reference("cpu");
    ASSERT_EQ(computer.created, GLIA_OK) << computer.message();
    snprintf(reference.ctx->provider, sizeof reference.ctx->provider, "cpu.ref");
    for (int from = GLIA_F32; from <= GLIA_I64; ++from)
        for (int to = GLIA_F32; to <= GLIA_I64; ++to)
            for (const auto &[transposed, shift] : {std::pair{false, 0}, {false, 1}, {true, 0}}) {
                const glia_dtype source = glia_dtype(from), target = glia_dtype(to);
                const Bytes values = values_of(source),
                            got    = cast(computer.ctx, source, target, values, transposed, shift),
                            want   = cast(reference.ctx, source, target, values, transposed, shift);
                const size_t size  = glia_dtype_size(target);
                size_t wrong       = 0;
                for (size_t i = 0; i < want.size() / size && wrong < 3; ++i) {
                    if (memcmp(&got[i * size], &want[i * size], size) == 0) continue;
                    const double a = gli_load(target, got.data(), int64_t(i)),
                                 b = gli_load(target, want.data(), int64_t(i));
                    if (from != to && std::isnan(a) && std::isnan(b)) continue;  // some NaN
                    ++wrong;
                    ADD_FAILURE() << glia_dtype_name(source) << " to " << glia_dtype_name(target)
                                  << (transposed ? ", transposed" : "") << ", element " << i << " is " << a
                                  << ", must be " << b;
                }
            }
}

GLI_ON_DEVICES(CudaCast);

}  // namespace

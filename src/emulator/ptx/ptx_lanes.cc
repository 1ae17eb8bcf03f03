#include "emulator/ptx/ptx_lanes.h"

namespace emulator::ptx {

namespace {

template <typename D, typename S>
Lanes<D> each_as(const Lanes<S> &values) {
    Lanes<D> all;
    for (unsigned lane = 0; lane < LANES; lane++) all[lane] = static_cast<D>(values[lane]);
    return all;
}

template <typename U, typename S>
Lanes<uint64_t> extended(const Warp &warp, Slot slot, bool is_signed) {
    return is_signed ? each_as<uint64_t>(read<S>(warp, slot)) : each_as<uint64_t>(read<U>(warp, slot));
}

}  // namespace

Lanes<uint64_t> read_register(const Warp &warp, Slot slot, unsigned bytes, bool is_signed) {
    switch (bytes) {
        case 1: return extended<uint8_t, int8_t>(warp, slot, is_signed);
        case 2: return extended<uint16_t, int16_t>(warp, slot, is_signed);
        case 4: return extended<uint32_t, int32_t>(warp, slot, is_signed);
        default: return read<uint64_t>(warp, slot);
    }
}

void write_register(Warp &warp, Slot slot, unsigned bytes, const Lanes<uint64_t> &values) {
    switch (bytes) {
        case 1: return write(warp, slot, each_as<uint8_t>(values));
        case 2: return write(warp, slot, each_as<uint16_t>(values));
        case 4: return write(warp, slot, each_as<uint32_t>(values));
        default: return write(warp, slot, values);
    }
}

}  // namespace emulator::ptx

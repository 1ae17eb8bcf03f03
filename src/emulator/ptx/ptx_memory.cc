#include "emulator/ptx/ptx_memory.h"

#include "emulator/gpu_memory.h"
#include "emulator/ptx/ptx_block.h"

namespace emulator::ptx {

namespace {

// The allocation or the module's table that the address is in; empty: none.
Table find_range(const Warp &warp, uint64_t address) {
    if (const Allocation *found = find_allocation(address)) return {found->start, found->bytes};
    for (const Table &table : warp.program().tables)
        if (address - table.start < table.bytes) return table;
    return {};
}

uint8_t *find_global(Warp &warp, const Instruction &instruction, unsigned lane, uint64_t address, unsigned bytes) {
    AccessCache &cache    = instruction.cache;
    const uint64_t launch = warp.block().launch().number;
    if (cache.launch != launch || address - cache.start >= cache.end - cache.start) {
        const Table found = find_range(warp, address);
        if (found.bytes == 0) {
            warp.fail(lane, cudaErrorIllegalAddress, "address 0x%llx is no memory of the GPU",
                      static_cast<unsigned long long>(address));
            return nullptr;
        }
        cache = {launch, found.start, found.start + found.bytes};
    }
    if (bytes <= cache.end - address) return reinterpret_cast<uint8_t *>(address);
    warp.fail(lane, cudaErrorIllegalAddress, "%u bytes at byte %llu of an allocation of %llu", bytes,
              static_cast<unsigned long long>(address - cache.start),
              static_cast<unsigned long long>(cache.end - cache.start));
    return nullptr;
}

// Whether the bytes at an offset, which may be a negative number, are among the first `size`.
bool is_within(uint64_t offset, unsigned bytes, size_t size) { return offset < size && bytes <= size - offset; }

// The memory of a space that begins at 0.
uint8_t *find_small(Warp &warp, Space space, unsigned lane, uint64_t offset, unsigned bytes) {
    if (space == Space::SHARED) return warp.block().shared(offset, bytes);
    if (space == Space::CLUSTER) {
        Block *block = warp.block().of_cluster(offset >> RANK_SHIFT);
        return block == nullptr ? nullptr : block->shared(offset & ((uint64_t{1} << RANK_SHIFT) - 1), bytes);
    }
    if (space == Space::LOCAL)
        return is_within(offset, bytes, warp.program().local_bytes) ? warp.local(lane) + offset : nullptr;
    const auto &parameters = warp.block().launch().parameters;
    return is_within(offset, bytes, parameters.size()) ? const_cast<uint8_t *>(parameters.data()) + offset : nullptr;
}

template <typename T>
uint64_t read_as(const uint8_t *memory) {
    T value;
    memcpy(&value, memory, sizeof value);
    return static_cast<uint64_t>(value);
}

uint64_t read_element(const uint8_t *memory, unsigned bytes, bool is_signed) {
    switch (bytes) {
        case 1: return is_signed ? read_as<int8_t>(memory) : read_as<uint8_t>(memory);
        case 2: return is_signed ? read_as<int16_t>(memory) : read_as<uint16_t>(memory);
        case 4: return is_signed ? read_as<int32_t>(memory) : read_as<uint32_t>(memory);
        default: return read_as<uint64_t>(memory);
    }
}

// Where each lane's access begins; false: one has failed.
bool find_lanes(Warp &warp, const Instruction &instruction, unsigned bytes, Lanes<uint8_t *> &memory) {
    const Lanes<uint64_t> all = addresses(warp, instruction.source[0], instruction.address_bytes, instruction.offset);
    for (unsigned lane : lanes_of(warp.active)) {
        memory[lane] = find_memory(warp, instruction, instruction.space, lane, all[lane], bytes, bytes);
        if (memory[lane] == nullptr) return false;
    }
    return true;
}

}  // namespace

Space space_of(Space named, uint64_t address) {
    if (named != Space::GENERIC) return named;
    const uint64_t window = address & WINDOW_MASK;
    return window == SHARED_WINDOW ? Space::SHARED : window == LOCAL_WINDOW ? Space::LOCAL : Space::GLOBAL;
}

uint8_t *find_memory(Warp &warp, const Instruction &instruction, Space named, unsigned lane, uint64_t address,
                     unsigned bytes, unsigned align) {
    const Space space = space_of(named, address);
    if (address % align != 0) {
        warp.fail(lane, cudaErrorMisalignedAddress, "address 0x%llx is not aligned to %u bytes",
                  static_cast<unsigned long long>(address), align);
        return nullptr;
    }
    if (space == Space::GLOBAL) return find_global(warp, instruction, lane, address, bytes);
    const uint64_t offset = named == Space::GENERIC ? address & ~WINDOW_MASK : address;
    uint8_t *memory       = find_small(warp, space, lane, offset, bytes);
    if (memory == nullptr)
        warp.fail(lane, cudaErrorIllegalAddress, "%u bytes at 0x%llx, which are not in one variable of %s memory",
                  bytes, static_cast<unsigned long long>(offset),
                  space == Space::SHARED    ? "shared"
                  : space == Space::CLUSTER ? "a running block's shared"
                  : space == Space::LOCAL   ? "local"
                                            : "parameter");
    return memory;
}

Lanes<uint64_t> addresses(const Warp &warp, Slot slot, unsigned bytes, int64_t offset) {
    Lanes<uint64_t> all = read_register(warp, slot, bytes, false);
    for (uint64_t &address : all) address += static_cast<uint64_t>(offset);
    return all;
}

void load(Warp &warp, const Instruction &instruction) {
    const auto count = static_cast<unsigned>(instruction.vector.size());
    Lanes<uint8_t *> memory;
    if (!find_lanes(warp, instruction, instruction.bytes * count, memory)) return;
    for (unsigned element = 0; element < count; element++) {
        Lanes<uint64_t> values{};
        for (unsigned lane : lanes_of(warp.active)) {
            values[lane] =
                read_element(memory[lane] + element * instruction.bytes, instruction.bytes, instruction.is_signed);
        }
        write_register(warp, instruction.vector[element], instruction.registers, values);
    }
}

// Registers may be wider than what is stored: their low bytes come first, as in memory.
void store(Warp &warp, const Instruction &instruction) {
    const auto count = static_cast<unsigned>(instruction.vector.size());
    Lanes<uint8_t *> memory;
    if (!find_lanes(warp, instruction, instruction.bytes * count, memory)) return;
    for (unsigned element = 0; element < count; element++) {
        const uint8_t *values = warp.registers() + instruction.vector[element];
        for (unsigned lane : lanes_of(warp.active)) {
            memcpy(memory[lane] + element * instruction.bytes, values + lane * instruction.registers,
                   instruction.bytes);
        }
    }
    warp.block().launch().news++;
}

// mapa.shared::cluster.u32: the address of shared memory in another block of the cluster.
void map_to_block(Warp &warp, const Instruction &instruction) {
    const Lanes<uint32_t> address = read<uint32_t>(warp, instruction.source[0]);
    const Lanes<uint32_t> rank    = read<uint32_t>(warp, instruction.source[1]);
    Lanes<uint32_t> mapped        = read<uint32_t>(warp, instruction.destination);
    for (unsigned lane : lanes_of(warp.active)) {
        if (rank[lane] >= warp.block().launch().cluster)
            return warp.fail(lane, cudaErrorIllegalAddress, "block %u of a cluster of %u", rank[lane],
                             warp.block().launch().cluster);
        mapped[lane] = (rank[lane] + 1) << RANK_SHIFT | (address[lane] & ((1u << RANK_SHIFT) - 1));
    }
    write(warp, instruction.destination, mapped);
}

// cp.async: destination, source, bytes and, where there are fewer, the bytes to read; both addresses are aligned as for
// all of the bytes.
void copy_async(Warp &warp, const Instruction &instruction) {
    const Lanes<uint64_t> to    = addresses(warp, instruction.source[0], instruction.address_bytes, instruction.offset);
    const Lanes<uint64_t> from  = addresses(warp, instruction.source[1], instruction.registers, instruction.offset2);
    const bool partly           = instruction.source[2] != NO_SLOT;
    const Lanes<uint32_t> bytes = partly ? read<uint32_t>(warp, instruction.source[2]) : Lanes<uint32_t>();
    const unsigned all          = instruction.bytes;
    for (unsigned lane : lanes_of(warp.active)) {
        const uint32_t some = partly ? bytes[lane] : all;
        if (some > all) return warp.fail(lane, cudaErrorLaunchFailure, "copies %u bytes into %u", some, all);
        uint8_t *target = find_memory(warp, instruction, Space::SHARED, lane, to[lane], all, all);
        if (target == nullptr) return;
        const uint8_t *source = nullptr;
        if (some > 0) {
            source = find_memory(warp, instruction, Space::GLOBAL, lane, from[lane], some, all);
            if (source == nullptr) return;
        }
        warp.copies.push_back({lane, warp.copy_group[lane], target, source, all, some});
    }
}

void commit_copies(Warp &warp, const Instruction &) {
    for (unsigned lane : lanes_of(warp.active)) warp.copy_group[lane]++;
}

// All groups but the newest `offset` ones arrive; -1: those not committed, too.
void wait_for_copies(Warp &warp, const Instruction &instruction) {
    std::vector<AsyncCopy> pending;
    for (const AsyncCopy &copy : warp.copies) {
        const bool waits = warp.active >> copy.lane & 1;
        if (!waits || int64_t{copy.group} >= int64_t{warp.copy_group[copy.lane]} - instruction.offset) {
            pending.push_back(copy);
            continue;
        }
        if (copy.read_bytes > 0) memcpy(copy.destination, copy.source, copy.read_bytes);
        memset(copy.destination + copy.read_bytes, 0, copy.bytes - copy.read_bytes);
    }
    warp.copies = std::move(pending);
}

}  // namespace emulator::ptx

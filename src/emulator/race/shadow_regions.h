// Where an address of a kernel lies, and the shadow of each kind of memory: for every byte whether it was ever written,
// and for every word who read and wrote it last.
#ifndef GLI_EMULATOR_SHADOW_REGIONS_H
#define GLI_EMULATOR_SHADOW_REGIONS_H

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

namespace emulator {

enum class Access : uint8_t { READ, WRITE, ATOMIC };

// One access to a cell. Epochs count barriers and blocks over the whole process, so that an epoch tells which launch it
// belongs to, and with the block's number which block.
struct AccessRecord {
    uint32_t epoch;   // 0: none
    uint32_t clock;   // of the thread within its warp
    uint32_t source;  // offset of the instruction in this library
    uint16_t thread;
    uint8_t block;  // its number among those that run concurrently
    Access kind;
};

// A read goes to `read`, and the one that was there to `other` when that says more: the last two readers, from
// different blocks or warps if there are any, so that a write by a third is checked against one of them.
struct Cell {
    AccessRecord write, read, other;
};

class Region {
   public:
    Region(const void *start, size_t bytes, bool shared);

    bool holds(uintptr_t address) const { return address - start_ < bytes_; }
    uintptr_t start() const { return start_; }
    size_t bytes() const { return bytes_; }
    bool shared() const { return shared_; }

    // One byte each, 1 when it was written.
    uint8_t *written(uintptr_t address) { return written_.get() + (address - start_); }
    void mark_written(uintptr_t address, size_t bytes);
    void forget_written();
    // First and end of the offsets that were marked since they were last forgotten: the shared memory of all kernels
    // has megabytes, of which a block writes a few thousand bytes.
    std::pair<size_t, size_t> written_range() const { return {first_written_, end_written_}; }

    // Calls visit(cell, bytes of the cell) on the cells of [address, address + bytes). Words, until one of their bytes
    // is accessed alone.
    template <typename Visit>
    void visit(uintptr_t address, size_t bytes, Visit visit);

   private:
    static constexpr size_t PAGE_BYTES = 1024;
    static constexpr size_t WORD_BYTES = 4;

    struct Page {
        std::unique_ptr<Cell[]> cells;
        bool by_byte = false;
    };
    struct Freed {
        void operator()(uint8_t *memory) const { free(memory); }
    };

    void split(Page &page);
    Page &page_at(size_t offset, bool whole_words);

    uintptr_t start_;
    size_t bytes_;
    bool shared_;
    std::unique_ptr<uint8_t[], Freed> written_;
    size_t first_written_ = 0, end_written_ = 0;
    std::vector<Page> pages_;
};

template <typename Visit>
void Region::visit(uintptr_t address, size_t bytes, Visit visit) {
    size_t offset = address - start_, end = offset + bytes;
    while (offset < end) {
        size_t page_end  = (offset / PAGE_BYTES + 1) * PAGE_BYTES;
        size_t stop      = end < page_end ? end : page_end;
        bool whole_words = offset % WORD_BYTES == 0 && stop % WORD_BYTES == 0;
        Page &page       = page_at(offset, whole_words);
        size_t step      = page.by_byte ? 1 : WORD_BYTES;
        for (; offset < stop; offset += step) visit(page.cells[offset % PAGE_BYTES / step], step);
    }
}

}  // namespace emulator
#endif

#include "emulator/race/shadow_regions.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace emulator {

Region::Region(const void *start, size_t bytes, bool shared)
    : start_(reinterpret_cast<uintptr_t>(start)),
      bytes_(bytes),
      shared_(shared),
      written_(static_cast<uint8_t *>(calloc(bytes > 0 ? bytes : 1, 1))),
      pages_(bytes / PAGE_BYTES + 1) {
    if (written_ == nullptr) throw std::bad_alloc();
}

void Region::mark_written(uintptr_t address, size_t bytes) {
    const size_t first = address - start_, end = first + bytes;
    memset(written_.get() + first, 1, bytes);
    first_written_ = first_written_ == end_written_ ? first : std::min(first_written_, first);
    end_written_   = std::max(end_written_, end);
}

void Region::forget_written() {
    memset(written_.get() + first_written_, 0, end_written_ - first_written_);
    first_written_ = end_written_ = 0;
}

// From words to bytes: each inherits the history of its word.
void Region::split(Page &page) {
    auto bytes = std::make_unique<Cell[]>(PAGE_BYTES);
    for (size_t i = 0; i < PAGE_BYTES; i++) bytes[i] = page.cells[i / WORD_BYTES];
    page.cells   = std::move(bytes);
    page.by_byte = true;
}

Region::Page &Region::page_at(size_t offset, bool whole_words) {
    Page &page = pages_[offset / PAGE_BYTES];
    if (page.cells == nullptr) page.cells = std::make_unique<Cell[]>(PAGE_BYTES / WORD_BYTES);
    if (!page.by_byte && !whole_words) split(page);
    return page;
}

}  // namespace emulator

// What a thread of the race build knows of the other blocks.
#ifndef GLI_EMULATOR_HORIZON_H
#define GLI_EMULATOR_HORIZON_H

#include <algorithm>
#include <cstdint>
#include <vector>

namespace emulator {

// Of each block by its number, up to which epoch its accesses are known to be over.
class Horizon {
   public:
    uint32_t of(unsigned block) const { return block < epochs_.size() ? epochs_[block] : 0; }
    void raise(unsigned block, uint32_t epoch) {
        if (block >= epochs_.size()) epochs_.resize(block + 1);
        epochs_[block] = std::max(epochs_[block], epoch);
    }
    void join(const Horizon &other) {
        for (unsigned block = 0; block < other.epochs_.size(); block++) raise(block, other.epochs_[block]);
    }

   private:
    std::vector<uint32_t> epochs_;
};

}  // namespace emulator
#endif

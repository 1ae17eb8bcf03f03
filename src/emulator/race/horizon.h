// What a thread of the race build knows of the other blocks.
#ifndef GLI_EMULATOR_HORIZON_H
#define GLI_EMULATOR_HORIZON_H

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <vector>

#include "emulator/race/shadow_regions.h"

namespace emulator {

// Of each block, up to which epoch its accesses are known to be over. Blocks that run together, in a cooperative launch
// or a cluster, are known by their numbers. Others have one number, and run one after the other: they are known by the
// epoch in which they began.
class Horizon {
   public:
    uint32_t of(unsigned block) const { return block < epochs_.size() ? epochs_[block] : 0; }
    bool covers(const AccessRecord &record, bool run_together) const {
        if (run_together) return of(record.block) > record.epoch;
        auto later = in_turn_.upper_bound(record.epoch);
        return later != in_turn_.begin() && std::prev(later)->second > record.epoch;
    }
    void raise(unsigned block, uint32_t epoch) {
        if (block >= epochs_.size()) epochs_.resize(block + 1);
        epochs_[block] = std::max(epochs_[block], epoch);
    }
    void raise_in_turn(uint32_t first, uint32_t epoch) { in_turn_[first] = std::max(in_turn_[first], epoch); }
    void join(const Horizon &other) {
        for (unsigned block = 0; block < other.epochs_.size(); block++) raise(block, other.epochs_[block]);
        for (auto [first, epoch] : other.in_turn_) raise_in_turn(first, epoch);
    }

   private:
    std::vector<uint32_t> epochs_;
    std::map<uint32_t, uint32_t> in_turn_;
};

}  // namespace emulator
#endif

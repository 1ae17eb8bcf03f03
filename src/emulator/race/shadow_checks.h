// What the race build's parts have of each other: the check of one access, and the source line of an instruction.
#ifndef GLI_EMULATOR_SHADOW_CHECKS_H
#define GLI_EMULATOR_SHADOW_CHECKS_H

#include <cstddef>
#include <cstdint>
#include <string>

#include "emulator/race/shadow_regions.h"
#include "emulator/warp.h"

namespace emulator {

void check_access(const void *pointer, size_t bytes, Access kind, uint32_t source);

// An instruction as its offset in this library, which four bytes hold.
uint32_t source_of(const void *instruction);
Site source_site(uint32_t source);
std::string source_text(uint32_t source);

}  // namespace emulator
#endif

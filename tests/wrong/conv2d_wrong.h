// conv2d as the field got it wrong: one plain provider, and the same with one known bug each.
#pragma once

#include <vector>

#include "support/internals.h"

namespace glia {

struct WrongProvider {
    const char *bug;        // what is wrong with it; nullptr: nothing
    const char *caught_by;  // the beginning of the failure that must name it
    gli_provider provider;
};

const std::vector<WrongProvider> &conv2d_providers();

}  // namespace glia

// The library's own headers, which are C.
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <string>

extern "C" {
#include "core/context_impl.h"
#include "core/derive.h"
#include "core/device.h"
#include "core/dtype.h"
#include "core/float_mode.h"
#include "core/op.h"
#include "core/parallel.h"
#include "core/philox.h"
#include "core/prepared.h"
#include "core/saved.h"
#include "core/team.h"
#include "core/trace.h"
}

namespace glia {

// Why the provider does not take the call, before it prepares anything; "": it does.
inline std::string declines(const gli_provider *provider, const gli_call &call) {
    char why[GLI_REASON];
    const char *reason = gli_declines(provider, &call, why);
    return reason ? reason : "";
}

}  // namespace glia

// The library's own headers, which are C.
#pragma once

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern "C" {
#include "core/context_impl.h"
#include "core/derive.h"
#include "core/device.h"
#include "core/dtype.h"
#include "core/op.h"
#include "core/parallel.h"
#include "core/philox.h"
#include "core/prepared.h"
#include "core/saved.h"
}

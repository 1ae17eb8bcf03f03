// An op with a kernel of its own: y = number[0] x^2. On CUDA devices number[1] is added to y, which is wrong where it
// is not 0.
#pragma once

#include "glia/custom.h"

extern const glia_custom_op custom_square;

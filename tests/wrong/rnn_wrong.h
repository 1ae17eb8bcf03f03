// Providers of rnn and rnn_backward: the reference on a call that a bug has changed.
#pragma once

#include "wrong/conv2d_wrong.h"

namespace glia {

std::vector<WrongProvider> rnn_providers();
std::vector<WrongProvider> rnn_backward_providers();

}  // namespace glia

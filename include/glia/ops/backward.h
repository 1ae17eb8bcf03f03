/* The gradients of the ops in glia/ops.h, as functions on tensors. Graphs and models derive them by themselves. */
#ifndef GLIA_OPS_BACKWARD_H
#define GLIA_OPS_BACKWARD_H

#include "glia/ops/backward/conv.h"
#include "glia/ops/backward/elementwise.h"
#include "glia/ops/backward/linear.h"
#include "glia/ops/backward/loss.h"
#include "glia/ops/backward/movement.h"
#include "glia/ops/backward/norm.h"
#include "glia/ops/backward/pool.h"
#include "glia/ops/backward/reduce.h"
#include "glia/ops/backward/rnn.h"
#include "glia/ops/backward/softmax.h"

#endif

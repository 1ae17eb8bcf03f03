/* The tensor API: one function an op. The same ops, by name, make a graph (glia/graph.h).
 *
 * Each function checks shapes, data types, devices and aliasing before it computes. Where a comment says "floats",
 * the tensors are all f32, f64, bf16 or f16, and all the same but where it says more. A params pointer that is NULL
 * stands for the defaults, see glia/ops/common.h. The gradients are in glia/ops/backward.h. */
#ifndef GLIA_OPS_H
#define GLIA_OPS_H

#include "glia/ops/conv.h"
#include "glia/ops/data.h"
#include "glia/ops/elementwise.h"
#include "glia/ops/linear.h"
#include "glia/ops/loss.h"
#include "glia/ops/metric.h"
#include "glia/ops/movement.h"
#include "glia/ops/norm.h"
#include "glia/ops/optimizer.h"
#include "glia/ops/pool.h"
#include "glia/ops/random.h"
#include "glia/ops/reduce.h"
#include "glia/ops/rnn.h"
#include "glia/ops/sequence.h"
#include "glia/ops/softmax.h"

#endif

/* Glia: define, train and run neural networks from C, on the CPU or a GPU.
 *
 * Conventions, stated once:
 *  - Every function that can fail returns glia_status; results come last, through out-parameters, which are
 *    untouched on failure, but for arrays of samples and of text, which may then hold a part. glia_message(ctx) tells
 * what was wrong, with the values. Nothing here prints or exits.
 *  - Handles come in create and destroy pairs; destroy accepts NULL.
 *  - A thread that calls needs 128 KB of stack.
 *  - Args of layers and models are structs in which a field left out means the default:
 *    &(glia_conv2d_args){.filters = 32, .kernel = {3, 3}}. Where zero is a number like others the field is a
 *    glia_optional, or the struct is made by a function. Params of ops have no hidden defaults: zero is zero, and NULL
 *    stands for glia_X_defaults(). Pairs are {rows, columns}.
 *  - Inputs are const and stay bit-identical. Outputs are overwritten, never accumulated into, and may not overlap
 *    an input unless the op's comment says so, nor themselves: each stride of a tensor that is written reaches past
 *    the dimensions of smaller strides.
 *  - Shape letters: N batch, C channels, H W input rows and columns, K filters, R S kernel rows and columns,
 *    P Q output rows and columns, T time. Image tensors are [N,C,H,W].
 *  - The caller's floating-point mode does not matter and is left as it is: Glia, and the callbacks it calls, run with
 *    rounding to nearest and without traps. On the CPU numbers below the smallest normal one of f32 (1.2e-38) count as
 * 0.
 *  - Callbacks return to Glia: a C++ exception or a longjmp out of one skips what has to be given back, and leaves the
 *    context in use.
 *  - The same inputs give the same bits from run to run, on any number of threads. */
#ifndef GLIA_GLIA_H
#define GLIA_GLIA_H

#define GLIA_VERSION_MAJOR 0
#define GLIA_VERSION_MINOR 1
#define GLIA_VERSION_PATCH 0

#include "glia/augment.h"
#include "glia/c_file.h"
#include "glia/callbacks.h"
#include "glia/checkpoint.h"
#include "glia/codes.h"
#include "glia/context.h"
#include "glia/custom.h"
#include "glia/data.h"
#include "glia/detect.h"
#include "glia/dlpack.h"
#include "glia/graph.h"
#include "glia/image.h"
#include "glia/inside.h"
#include "glia/layers.h"
#include "glia/model.h"
#include "glia/model_file.h"
#include "glia/npy.h"
#include "glia/onnx.h"
#include "glia/ops.h"
#include "glia/ops/backward.h"
#include "glia/predict.h"
#include "glia/profile.h"
#include "glia/safetensors.h"
#include "glia/search.h"
#include "glia/sequence_layers.h"
#include "glia/series.h"
#include "glia/sound.h"
#include "glia/spectrum.h"
#include "glia/state.h"
#include "glia/status.h"
#include "glia/table.h"
#include "glia/tensor.h"
#include "glia/text.h"
#include "glia/train.h"

#ifdef __cplusplus
extern "C" {
#endif

GLIA_API const char *glia_version(void); /* "0.1.0" */

#ifdef __cplusplus
}
#endif
#endif

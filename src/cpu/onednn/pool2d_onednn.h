/* What average pooling shares through oneDNN. */
#ifndef GLI_CPU_ONEDNN_POOL2D_ONEDNN_H
#define GLI_CPU_ONEDNN_POOL2D_ONEDNN_H

#include "cpu/onednn/onednn.h"
#include "ops/pool/pool_geom.h"

/* prepare of the mean over windows of this geometry, which has a window and strides; and of its gradient. */
glia_status gli_dnn_prepare_mean_pool(const gli_call *call, const gli_pool_geom *g, gli_prepared *out);
glia_status gli_dnn_prepare_mean_pool_backward(const gli_call *call, const gli_pool_geom *g, gli_prepared *out);

/* run of the mean. */
glia_status gli_dnn_run_mean_pool(const gli_call *call, const gli_prepared *prepared, void *workspace);

/* oneDNN adds the elements of a window as floats, one after the other. */
static inline bool gli_dnn_is_long_window(int64_t elements) { return elements > 256; }

#endif

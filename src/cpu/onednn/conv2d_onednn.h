/* What convolutions and transposed ones share through oneDNN. */
#ifndef GLI_CPU_ONEDNN_CONV2D_ONEDNN_H
#define GLI_CPU_ONEDNN_CONV2D_ONEDNN_H

#include "cpu/onednn/onednn.h"
#include "ops/conv/conv_geom.h"

/* The numbers of a convolution; its views are still absent. */
gli_dnn_convolution gli_dnn_convolution_of(const gli_conv_geom *g, gli_dnn_convolution_kind kind);

glia_status gli_dnn_prepare_convolution(const gli_call *call, const gli_dnn_convolution *conv, gli_prepared *out);

#endif

/* The networks whose training and inference are timed. against/networks.py has them in PyTorch. */
#ifndef GLI_BENCH_NETWORKS_H
#define GLI_BENCH_NETWORKS_H

#include "glia/glia.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { BENCH_CLASSES = 10 };

typedef struct bench_network_args {
    int width;       /* channels of ResNet-18's first stage, units of recurrent layers */
    bool no_dropout; /* dropout layers have p = 0 */
} bench_network_args;

typedef enum bench_use {
    BENCH_CLASSIFIES,   /* cross entropy over BENCH_CLASSES */
    BENCH_RECONSTRUCTS, /* the target is the input */
    BENCH_PREDICTS,     /* is not trained; one sample after another */
    BENCH_STREAMS       /* likewise; the samples are the steps of one sequence */
} bench_use;

typedef struct bench_network {
    const char *name;
    glia_value (*build)(glia_model *net, glia_value x, const bench_network_args *args);
    glia_shape input; /* of one sample; a dimension of 0 is the width */
    int batch, width; /* where none are asked for */
    bench_use use;
    glia_optimizer_kind optimizer;
} bench_network;

/* A convolution with "same" padding, and its batchnorm. */
glia_value bench_conv_norm(glia_model *net, glia_value x, int filters, int kernel, int stride);
glia_value bench_relu(glia_model *net, glia_value x);

/* NULL behind the last. */
const bench_network *bench_network_at(int index);
const bench_network *bench_network_find(const char *name);

bool bench_network_trains(const bench_network *network);

/* Builds and compiles it. Metrics are left out: the peers have none. */
glia_status bench_network_create(glia_context *ctx, const bench_network *network, const bench_network_args *args,
                                 glia_model **out);

/* The shape of one sample. */
glia_shape bench_network_input(const bench_network *network, int width);

/* Adds the target to a dataset without one, where the input is the target; takes over `data`. */
glia_status bench_network_targets(const bench_network *network, glia_dataset **data);

#ifdef __cplusplus
}
#endif
#endif

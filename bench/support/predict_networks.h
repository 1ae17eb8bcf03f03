/* What predicts a sample or a step at a time: layers alone, as RTNeural's benches have them, small models of audio
 * effects, and the network of README.md. */
#ifndef BENCH_SUPPORT_PREDICT_NETWORKS_H
#define BENCH_SUPPORT_PREDICT_NETWORKS_H

#include <glia/glia.h>

enum { BENCH_LONGEST_SAMPLE = 784 }; /* floats of an input or output */

typedef struct bench_predict_network {
    const char *name;
    bool streaming;
    int samples; /* of a round */
    glia_shape input;
    glia_value (*layers)(glia_model *net, glia_value x);
} bench_predict_network;

extern const bench_predict_network bench_predict_networks[];
extern const size_t bench_predict_network_count;

/* What the benches of these networks are told. */
typedef struct bench_predict_options {
    const char *only; /* NULL: all networks */
    long rounds;
} bench_predict_options;

/* Whether it is one of --network and --rounds, with a value that fits. */
bool bench_read_predict_option(const char *option, const char *value, bench_predict_options *out);

#endif

/* Codes: vectors that describe samples, such as the output of an encoder or the rows of an embedding; what is near to
 * what, and groups of them.
 *
 * Distances are summed in double, in the order of the elements: the same bits on any number of threads. A value that is
 * infinite or NaN is GLIA_NOT_FINITE, with its place. */
#ifndef GLIA_CODES_H
#define GLIA_CODES_H

#include "glia/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Dense vectors [count, size], which somebody else owns. */
typedef struct glia_vectors {
    const float *values;
    int64_t count, size; /* size at least 1 */
} glia_vectors;

typedef struct glia_kmeans_args {
    int64_t clusters; /* 1 to the number of vectors */
    int iterations;   /* at most; default 100 */
    int runs;         /* from other first centres each, of which the one with the least inertia counts; default 1 */
    uint64_t seed;    /* 0: the context's */
} glia_kmeans_args;

typedef struct glia_kmeans_result {
    double inertia; /* the sum of the squared distances of all vectors to the centres of their clusters */
    int iterations;
    bool converged; /* no vector changed its cluster in the last iteration */
} glia_kmeans_result;

/* Groups vectors around centres [clusters, size], each the mean of its vectors: first centres by k-means++, then
 * Lloyd's iteration. A vector between two centres goes to the first of them; a cluster that has lost its last vector
 * gets the one that is farthest from its centre. labels [count]: the cluster of each. labels and out may be NULL.
 * Source: Lloyd, "Least squares quantization in PCM", 1982; Arthur, Vassilvitskii, "k-means++", SODA 2007. */
GLIA_API glia_status glia_kmeans(glia_context *ctx, const glia_vectors *x, const glia_kmeans_args *args, float *centers,
                                 int64_t *labels, glia_kmeans_result *out);

typedef enum glia_distance {
    GLIA_EUCLIDEAN,      /* the square root of the sum of squared differences */
    GLIA_COSINE_DISTANCE /* 1 - x y / (|x| |y|), from 0 to 2; 1 where a vector is zero */
} glia_distance;

typedef struct glia_nearest_args {
    int64_t neighbors; /* 1 to the number of vectors that there are */
    glia_distance distance;
} glia_nearest_args;

/* For each query the nearest vectors of `among`, the nearest first and of equally near ones the first: their numbers,
 * index [queries, neighbors], and how far they are, distance [queries, neighbors], which may be NULL. All are compared
 * with all. A query that is one of them is its own nearest. */
GLIA_API glia_status glia_nearest(glia_context *ctx, const glia_vectors *among, const glia_vectors *queries,
                                  const glia_nearest_args *args, int64_t *index, float *distance);

#ifdef __cplusplus
}
#endif
#endif

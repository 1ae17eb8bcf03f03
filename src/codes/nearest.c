/* Nearest neighbours, by comparing all with all. */
#include <math.h>
#include <string.h>

#include "codes/codes.h"
#include "core/context_impl.h"
#include "core/parallel.h"
#include "core/size.h"

glia_status gli_vectors_check(glia_context *ctx, const char *function, const char *what, const glia_vectors *x) {
    int64_t n, bytes;
    GLI_REQUIRE(ctx, x, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, what);
    GLI_REQUIRE(ctx, x->size >= 1 && x->count >= 0, GLIA_INVALID_ARGUMENT, "%s: %s has %lld vectors of size %lld",
                function, what, (long long)x->count, (long long)x->size);
    GLI_REQUIRE(ctx, gli_mul_i64(x->count, x->size, &n) && gli_mul_i64(n, sizeof(double), &bytes),
                GLIA_INVALID_ARGUMENT, "%s: %s has %lld vectors of size %lld, more than memory holds", function, what,
                (long long)x->count, (long long)x->size);
    GLI_REQUIRE(ctx, x->values || n == 0, GLIA_INVALID_ARGUMENT, "%s: the values of %s are NULL", function, what);
    for (int64_t i = 0; i < n; ++i)
        GLI_REQUIRE(ctx, isfinite(x->values[i]), GLIA_NOT_FINITE, "%s: element %lld of vector %lld of %s is %g",
                    function, (long long)(i % x->size), (long long)(i / x->size), what, x->values[i]);
    return GLIA_OK;
}

int64_t gli_rows_at_a_time(int64_t work) {
    enum { PIECE = 1 << 16 };
    return gli_max_i64(PIECE / gli_max_i64(work, 1), 1);
}

typedef struct looking {
    const glia_vectors *among, *queries;
    const glia_nearest_args *args;
    const double *norms; /* of among; NULL: distances need none */
    int64_t *index;
    double *far; /* [queries, neighbors] */
} looking;

static double norm_of(const float *x, int64_t size) {
    double sum = 0;
    for (int64_t i = 0; i < size; ++i) sum += (double)x[i] * x[i];
    return sqrt(sum);
}

static double distance_of(const looking *l, const float *query, double query_norm, int64_t i) {
    const int64_t size = l->among->size;
    const float *x     = l->among->values + i * size;
    double sum         = 0;
    if (!l->norms) {
        for (int64_t k = 0; k < size; ++k) sum += ((double)x[k] - query[k]) * ((double)x[k] - query[k]);
        return sqrt(sum);
    }
    for (int64_t k = 0; k < size; ++k) sum += (double)x[k] * query[k];
    const double product = query_norm * l->norms[i];
    return product > 0 ? fmin(fmax(1 - sum / product, 0), 2) : 1; /* rounding may lead out of it */
}

/* Keeps the nearest ones in order; of equal ones that which came first stays in front. */
static void insert(int64_t *index, double *far, int64_t *n, int64_t most, int64_t i, double distance) {
    if (*n == most && !(distance < far[most - 1])) return;
    int64_t at = *n < most ? (*n)++ : most - 1;
    for (; at > 0 && distance < far[at - 1]; --at) index[at] = index[at - 1], far[at] = far[at - 1];
    index[at] = i;
    far[at]   = distance;
}

static void look(void *arg, int64_t begin, int64_t end) {
    const looking *l   = arg;
    const int64_t most = l->args->neighbors, size = l->queries->size;
    for (int64_t q = begin; q < end; ++q) {
        const float *query = l->queries->values + q * size;
        const double norm  = l->norms ? norm_of(query, size) : 0;
        int64_t n          = 0;
        for (int64_t i = 0; i < l->among->count; ++i)
            insert(l->index + q * most, l->far + q * most, &n, most, i, distance_of(l, query, norm, i));
    }
}

static glia_status check(glia_context *ctx, const glia_vectors *among, const glia_vectors *queries,
                         const glia_nearest_args *args, const int64_t *index) {
    const char *function = "glia_nearest";
    GLI_TRY(gli_vectors_check(ctx, function, "among", among));
    GLI_TRY(gli_vectors_check(ctx, function, "queries", queries));
    GLI_REQUIRE(ctx, args && index, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, args ? "index" : "args");
    GLI_REQUIRE(ctx, among->size == queries->size, GLIA_SHAPE_MISMATCH, "%s: vectors have the size %lld, queries %lld",
                function, (long long)among->size, (long long)queries->size);
    GLI_REQUIRE(ctx, args->neighbors >= 1 && args->neighbors <= among->count, GLIA_INVALID_ARGUMENT,
                "%s: neighbors is %lld, must be 1 to %lld, the vectors that there are", function,
                (long long)args->neighbors, (long long)among->count);
    GLI_REQUIRE(ctx, args->distance == GLIA_EUCLIDEAN || args->distance == GLIA_COSINE_DISTANCE, GLIA_INVALID_ARGUMENT,
                "%s: invalid distance %d", function, (int)args->distance);
    return GLIA_OK;
}

static glia_status nearest(glia_context *ctx, const glia_vectors *among, const glia_vectors *queries,
                           const glia_nearest_args *args, int64_t *index, float *distance) {
    gli_block norms = {0}, far = {0};
    GLI_TRY(check(ctx, among, queries, args, index));
    if (args->distance == GLIA_COSINE_DISTANCE) {
        GLI_TRY(gli_block_alloc(ctx, (size_t)among->count, sizeof(double), "the norms of vectors", &norms));
        for (int64_t i = 0; i < among->count; ++i)
            ((double *)norms.data)[i] = norm_of(among->values + i * among->size, among->size);
    }
    const size_t results     = (size_t)queries->count * (size_t)args->neighbors;
    const glia_status status = gli_block_alloc(ctx, (size_t)queries->count, (size_t)args->neighbors * sizeof(double),
                                               "the distances of neighbours", &far);
    if (status == GLIA_OK) {
        looking l = {among, queries, args, norms.data, index, far.data};
        gli_parallel(ctx, queries->count, gli_rows_at_a_time(gli_saturating_mul(among->count, among->size)), look, &l);
        for (size_t i = 0; i < results && distance; ++i) distance[i] = (float)l.far[i];
    }
    gli_block_free(ctx, &norms);
    gli_block_free(ctx, &far);
    return status;
}

glia_status glia_nearest(glia_context *ctx, const glia_vectors *among, const glia_vectors *queries,
                         const glia_nearest_args *args, int64_t *index, float *distance) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = nearest(ctx, among, queries, args, index, distance);
    gli_leave(ctx);
    return status;
}

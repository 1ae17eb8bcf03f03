/* k-means: Lloyd's iteration from first centres by k-means++. */
#include <math.h>
#include <string.h>

#include "codes/codes.h"
#include "core/context_impl.h"
#include "core/parallel.h"
#include "core/philox.h"
#include "core/size.h"

enum { STREAM = 0x67000001, DEFAULT_ITERATIONS = 100 };

typedef struct clustering {
    glia_context *ctx;
    const glia_vectors *x;
    int64_t k;
    int iterations;
    uint64_t seed;
    double *centers, *best; /* [k, size] */
    double *far;            /* of each vector, squared: from its centre */
    int64_t *labels, *best_labels, *counts;
    gli_block blocks[6];
    glia_kmeans_result result;
} clustering;

double gli_squared_distance(const float *x, const double *y, int64_t size) {
    double sum = 0;
    for (int64_t i = 0; i < size; ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
    return sum;
}

static const float *vector_of(const clustering *c, int64_t i) { return c->x->values + i * c->x->size; }

static void set_center(clustering *c, int64_t center, int64_t vector) {
    for (int64_t i = 0; i < c->x->size; ++i) c->centers[center * c->x->size + i] = vector_of(c, vector)[i];
}

/* ---- First centres ---- */

static double unit(uint64_t seed, uint32_t run, int64_t i) {
    const gli_u32x4 bits = gli_random_block((gli_random){seed, STREAM, run}, (uint32_t)i);
    return gli_unit_double(bits.v[0], bits.v[1]);
}

typedef struct nearer {
    const clustering *c;
    int64_t center;
    bool first;
} nearer;

static void look_nearer(void *arg, int64_t begin, int64_t end) {
    const nearer *n = arg;
    for (int64_t i = begin; i < end; ++i) {
        const double *center  = n->c->centers + n->center * n->c->x->size;
        const double distance = gli_squared_distance(vector_of(n->c, i), center, n->c->x->size);
        if (n->first || distance < n->c->far[i]) n->c->far[i] = distance;
    }
}

/* A vector, each as probable as its squared distance from the centres so far. */
static int64_t choose(const clustering *c, double point) {
    double total = 0, sum = 0;
    int64_t last = 0;
    for (int64_t i = 0; i < c->x->count; ++i) total += c->far[i];
    for (int64_t i = 0; i < c->x->count; ++i) {
        sum += c->far[i];
        if (c->far[i] > 0) last = i;
        if (sum > point * total) return i;
    }
    return last; /* where rounding has left nothing behind the point */
}

static void begin(clustering *c, uint32_t run) {
    const int64_t n = c->x->count;
    set_center(c, 0, gli_min_i64((int64_t)(unit(c->seed, run, 0) * (double)n), n - 1));
    for (int64_t k = 1; k < c->k; ++k) {
        nearer look = {c, k - 1, k == 1};
        gli_parallel(c->ctx, n, gli_rows_at_a_time(c->x->size), look_nearer, &look);
        set_center(c, k, choose(c, unit(c->seed, run, k)));
    }
}

/* ---- Iterations ---- */

static void assign(void *arg, int64_t begin_, int64_t end) {
    clustering *c = arg;
    for (int64_t i = begin_; i < end; ++i) {
        c->far[i] = INFINITY;
        for (int64_t k = 0; k < c->k; ++k) {
            const double distance = gli_squared_distance(vector_of(c, i), c->centers + k * c->x->size, c->x->size);
            if (distance < c->far[i] || k == 0) c->far[i] = distance, c->labels[i] = k;
        }
    }
}

/* Gives each cluster without a vector the one that is farthest from its centre, of those that are not alone there. */
static void fill_empty(clustering *c) {
    for (int64_t k = 0; k < c->k; ++k) {
        int64_t farthest = -1;
        if (c->counts[k] > 0) continue;
        for (int64_t i = 0; i < c->x->count; ++i)
            if (c->counts[c->labels[i]] > 1 && (farthest < 0 || c->far[i] > c->far[farthest])) farthest = i;
        if (farthest < 0) return;
        --c->counts[c->labels[farthest]];
        ++c->counts[k];
        c->labels[farthest] = k;
        c->far[farthest]    = 0;
    }
}

static void move_centers(clustering *c) {
    const int64_t size = c->x->size;
    memset(c->centers, 0, (size_t)(c->k * size) * sizeof *c->centers);
    for (int64_t i = 0; i < c->x->count; ++i)
        for (int64_t e = 0; e < size; ++e) c->centers[c->labels[i] * size + e] += vector_of(c, i)[e];
    for (int64_t k = 0; k < c->k; ++k)
        for (int64_t e = 0; e < size; ++e) c->centers[k * size + e] /= (double)c->counts[k];
}

/* The labels of the nearest centres. Returns whether one has changed; before: those of the last iteration. */
static bool relabel(clustering *c, int64_t *before, int iteration) {
    const size_t bytes = (size_t)c->x->count * sizeof *before;
    const int64_t work = gli_saturating_mul(c->k, c->x->size);
    memcpy(before, c->labels, bytes);
    gli_parallel(c->ctx, c->x->count, gli_rows_at_a_time(work), assign, c);
    memset(c->counts, 0, (size_t)c->k * sizeof *c->counts);
    for (int64_t i = 0; i < c->x->count; ++i) ++c->counts[c->labels[i]];
    fill_empty(c);
    return iteration == 0 || memcmp(before, c->labels, bytes) != 0;
}

static glia_kmeans_result iterate(clustering *c, int64_t *before) {
    glia_kmeans_result result = {0};
    for (; result.iterations < c->iterations && !result.converged; ++result.iterations) {
        result.converged = !relabel(c, before, result.iterations);
        move_centers(c);
    }
    for (int64_t i = 0; i < c->x->count; ++i)
        result.inertia += gli_squared_distance(vector_of(c, i), c->centers + c->labels[i] * c->x->size, c->x->size);
    return result;
}

/* ---- The whole ---- */

static glia_status alloc(clustering *c) {
    const size_t n = (size_t)c->x->count, k = (size_t)c->k, row = (size_t)c->x->size * sizeof(double);
    const struct {
        void *to;
        size_t count, size;
    } wanted[] = {{&c->centers, k, row},
                  {&c->best, k, row},
                  {&c->far, n, sizeof *c->far},
                  {&c->labels, n, sizeof *c->labels},
                  {&c->best_labels, n, sizeof *c->best_labels},
                  {&c->counts, k, sizeof *c->counts}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; ++i) {
        GLI_TRY(gli_block_alloc(c->ctx, wanted[i].count, wanted[i].size, "the groups of vectors", &c->blocks[i]));
        memcpy(wanted[i].to, &c->blocks[i].data, sizeof(void *));
        memset(c->blocks[i].data, 0, c->blocks[i].bytes);
    }
    return GLIA_OK;
}

static glia_status run_all(clustering *c, int runs) {
    gli_block before;
    const size_t n = (size_t)c->x->count;
    GLI_TRY(alloc(c));
    GLI_TRY(gli_block_alloc(c->ctx, n, sizeof(int64_t), "the groups of vectors", &before));
    for (int run = 0; run < runs; ++run) {
        begin(c, (uint32_t)run);
        const glia_kmeans_result result = iterate(c, before.data);
        if (run > 0 && result.inertia >= c->result.inertia) continue;
        c->result = result;
        memcpy(c->best, c->centers, c->blocks[0].bytes);
        memcpy(c->best_labels, c->labels, n * sizeof *c->labels);
    }
    gli_block_free(c->ctx, &before);
    return GLIA_OK;
}

static glia_status check(glia_context *ctx, const glia_vectors *x, const glia_kmeans_args *args, const float *centers) {
    const char *function = "glia_kmeans";
    GLI_TRY(gli_vectors_check(ctx, function, "x", x));
    GLI_REQUIRE(ctx, args && centers, GLIA_INVALID_ARGUMENT, "%s: %s is NULL", function, args ? "centers" : "args");
    GLI_REQUIRE(ctx, args->clusters >= 1 && args->clusters <= x->count, GLIA_INVALID_ARGUMENT,
                "%s: clusters is %lld, must be 1 to the number of vectors, %lld", function, (long long)args->clusters,
                (long long)x->count);
    GLI_REQUIRE(ctx, args->iterations >= 0 && args->runs >= 0, GLIA_INVALID_ARGUMENT,
                "%s: iterations is %d, runs is %d, must not be negative", function, args->iterations, args->runs);
    return GLIA_OK;
}

static glia_status kmeans(glia_context *ctx, const glia_vectors *x, const glia_kmeans_args *args, float *centers,
                          int64_t *labels, glia_kmeans_result *out) {
    GLI_TRY(check(ctx, x, args, centers));
    clustering c       = {.ctx        = ctx,
                          .x          = x,
                          .k          = args->clusters,
                          .iterations = args->iterations ? args->iterations : DEFAULT_ITERATIONS,
                          .seed       = args->seed ? args->seed : ctx->seed};
    glia_status status = run_all(&c, args->runs ? args->runs : 1);
    for (int64_t i = 0; i < c.k * x->size && status == GLIA_OK; ++i) centers[i] = (float)c.best[i];
    if (status == GLIA_OK && labels) memcpy(labels, c.best_labels, c.blocks[4].bytes);
    if (status == GLIA_OK && out) *out = c.result;
    for (size_t i = 0; i < sizeof c.blocks / sizeof *c.blocks; ++i) gli_block_free(ctx, &c.blocks[i]);
    return status;
}

glia_status glia_kmeans(glia_context *ctx, const glia_vectors *x, const glia_kmeans_args *args, float *centers,
                        int64_t *labels, glia_kmeans_result *out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = kmeans(ctx, x, args, centers, labels, out);
    gli_leave(ctx);
    return status;
}

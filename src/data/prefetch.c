/* The samples of a few batches lie in a ring, in the order in which they are wanted. A worker claims the next ones that
 * nobody reads yet, as long as there is room; a batch is ready when all of its samples were read. After a failure
 * nobody claims more, but what was claimed before is read: so the first sample that fails is the same for any number of
 * workers. */
#define _GNU_SOURCE
#include "data/prefetch.h"

#include <pthread.h>
#include <unistd.h>

#include "core/context_impl.h"
#include "core/device.h"
#include "core/float_mode.h"
#include "core/size.h"
#include "core/tensor_impl.h"
#include "core/thread.h"

typedef struct worker {
    gli_prefetch *prefetch;
    pthread_t thread;
    char *scratch;
    gli_reading reading;
} worker;

struct gli_prefetch {
    const glia_dataset *dataset;
    int64_t batch, batches; /* samples of one, and how many the ring has */
    int64_t chunk;          /* samples that a worker claims at once */
    gli_block ring, scratch, finished, workers;
    char *column[GLI_MAX_COLUMNS]; /* in the ring: batch * batches samples */
    int n_workers;
    pid_t process; /* that they are in */

    pthread_mutex_t mutex; /* of all that follows */
    pthread_cond_t work;   /* there may be something to claim, or the end */
    pthread_cond_t ready;  /* a batch is ready, or no worker is reading */
    gli_prefetch_range range;
    int64_t claimed, taken; /* positions: what is below was claimed, and was given away */
    int64_t failed;         /* the position of the first failure; INT64_MAX: none */
    gli_reading failure;
    int reading; /* workers that read */
    bool stop;
};

/* ---- Workers ---- */

/* Samples read of a batch in the ring. */
static int64_t *finished(const gli_prefetch *p, int64_t position) {
    return (int64_t *)p->finished.data + (position - p->range.first) / p->batch % p->batches;
}

/* How many samples can be claimed: of one batch. */
static int64_t claimable(const gli_prefetch *p) {
    const int64_t room = p->taken + p->batch * p->batches - p->claimed;
    const int64_t left = p->batch - (p->claimed - p->range.first) % p->batch;
    if (p->failed < INT64_MAX) return 0;
    return gli_min_i64(gli_min_i64(p->chunk, left), gli_min_i64(room, p->range.end - p->claimed));
}

/* Reads samples from a position on. Returns how many, fewer than n if one failed. */
static int64_t read_samples(worker *w, int64_t position, int64_t n) {
    const gli_prefetch *p     = w->prefetch;
    void *to[GLI_MAX_COLUMNS] = {0};
    w->reading.epoch          = p->range.epoch;
    for (int64_t k = 0; k < n; ++k) {
        const int64_t row = (position + k - p->range.first) % (p->batch * p->batches);
        for (int i = 0; i < p->range.columns; ++i)
            to[i] = p->column[i] + (size_t)row * gli_field_bytes(gli_column_field(p->dataset, i));
        if (gli_sample_read(p->dataset, p->range.order[position + k], to, w->scratch, &w->reading) != GLIA_OK) return k;
    }
    return n;
}

/* Called and returns with the mutex. */
static void read_some(worker *w, int64_t n) {
    gli_prefetch *p        = w->prefetch;
    const int64_t position = p->claimed;
    p->claimed += n;
    ++p->reading;
    pthread_mutex_unlock(&p->mutex);
    const int64_t done = read_samples(w, position, n);
    pthread_mutex_lock(&p->mutex);
    --p->reading;
    *finished(p, position) += done;
    if (done < n && position + done < p->failed) {
        p->failed  = position + done;
        p->failure = w->reading;
    }
    const int64_t batch_begins = position - (position - p->range.first) % p->batch;
    const bool full            = *finished(p, position) == gli_min_i64(p->batch, p->range.end - batch_begins);
    if (full || p->reading == 0) pthread_cond_signal(&p->ready);
}

static void *work(void *arg) {
    worker *w       = arg;
    gli_prefetch *p = w->prefetch;
    gli_float_mode_enter(false); /* as the thread that uses the context */
    pthread_mutex_lock(&p->mutex);
    while (!p->stop) {
        const int64_t n = claimable(p);
        if (n > 0)
            read_some(w, n);
        else
            pthread_cond_wait(&p->work, &p->mutex);
    }
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

/* ---- Life ---- */

static glia_status allocate(gli_prefetch *p, int workers) {
    glia_context *ctx     = p->dataset->ctx;
    const char *what      = "batches that are read ahead";
    const int64_t rows    = p->batch * p->batches;
    const size_t scratch  = gli_align_up(gli_dataset_scratch(p->dataset), GLI_ALIGNMENT);
    size_t bytes          = 0, each, offset[GLI_MAX_COLUMNS];
    const glia_dataset *d = p->dataset;
    for (int i = 0; i < gli_dataset_columns(d); ++i) {
        offset[i] = bytes;
        GLI_REQUIRE(ctx,
                    gli_mul_size(gli_field_bytes(gli_column_field(d, i)), (size_t)rows, &each) &&
                        gli_add_size(bytes, gli_align_up(each, GLI_ALIGNMENT), &bytes),
                    GLIA_OUT_OF_MEMORY, "out of memory: %lld samples that are read ahead", (long long)rows);
    }
    GLI_TRY(gli_block_alloc(ctx, bytes, 1, what, &p->ring));
    GLI_TRY(gli_block_alloc(ctx, (size_t)workers, scratch, what, &p->scratch));
    GLI_TRY(gli_block_alloc(ctx, (size_t)p->batches, sizeof(int64_t), what, &p->finished));
    GLI_TRY(gli_block_alloc(ctx, (size_t)workers, sizeof(worker), what, &p->workers));
    for (int i = 0; i < gli_dataset_columns(d); ++i) p->column[i] = gli_data_at(p->ring.data, offset[i]);
    return GLIA_OK;
}

static void start(gli_prefetch *p, int workers) {
    const size_t scratch = p->scratch.bytes / (size_t)workers;
    worker *all          = p->workers.data;
    p->process           = getpid();
    for (int i = 0; i < workers; ++i) {
        all[i] = (worker){.prefetch = p, .scratch = gli_data_at(p->scratch.data, (size_t)i * scratch)};
        if (!gli_thread_start(&all[i].thread, 0, work, &all[i])) break;
        ++p->n_workers;
    }
}

static void free_all(gli_prefetch *p) {
    glia_context *ctx = p->dataset->ctx;
    gli_block_free(ctx, &p->ring);
    gli_block_free(ctx, &p->scratch);
    gli_block_free(ctx, &p->finished);
    gli_block_free(ctx, &p->workers);
    gli_free(ctx, p, 1, sizeof *p);
}

/* Small samples are claimed by the page, but so that all workers have some. */
static int64_t chunk_of(const glia_dataset *dataset, int workers, int64_t batch) {
    enum { PAGE = 4096 };
    const int64_t bytes = gli_max_i64((int64_t)gli_dataset_bytes(dataset), 1);
    return gli_max_i64(gli_min_i64(PAGE / bytes, batch / (4 * workers)), 1);
}

glia_status gli_prefetch_create(const glia_dataset *dataset, int workers, int ahead, int64_t batch_size,
                                gli_prefetch **out) {
    void *memory;
    *out = NULL;
    GLI_TRY(gli_new(dataset->ctx, 1, sizeof **out, "batches that are read ahead", &memory));
    gli_prefetch *p          = memory;
    p->dataset               = dataset;
    p->batch                 = gli_min_i64(batch_size, gli_max_i64(dataset->count, 1));
    p->batches               = gli_max_i64(ahead, 1 + gli_divide_up(2 * workers, p->batch));
    p->chunk                 = chunk_of(dataset, workers, p->batch);
    p->failed                = INT64_MAX;
    const glia_status status = allocate(p, workers);
    if (status != GLIA_OK) return free_all(p), status;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->ready, NULL);
    start(p, workers);
    if (p->n_workers < workers)
        gli_log(dataset->ctx, GLI_LOG_INFO, "dataset: %d of %d workers could be started", p->n_workers, workers);
    if (p->n_workers > 0)
        *out = p;
    else
        gli_prefetch_destroy(p);
    return GLIA_OK;
}

bool gli_prefetch_is_forked(const gli_prefetch *prefetch) { return prefetch->process != getpid(); }

static void end(gli_prefetch *p) {
    pthread_mutex_lock(&p->mutex);
    p->stop = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->mutex);
    const worker *all = p->workers.data;
    for (int i = 0; i < p->n_workers; ++i) pthread_join(all[i].thread, NULL);
    pthread_cond_destroy(&p->ready);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->mutex);
}

void gli_prefetch_destroy(gli_prefetch *p) {
    if (!p) return;
    if (!gli_prefetch_is_forked(p)) end(p); /* else its mutex may be locked for ever */
    free_all(p);
}

/* ---- The thread that uses the context ---- */

/* With the mutex. */
static void halt(gli_prefetch *p) {
    p->range.end = p->claimed;
    while (p->reading > 0) pthread_cond_wait(&p->ready, &p->mutex);
    p->range.order = NULL;
}

void gli_prefetch_halt(gli_prefetch *p) {
    pthread_mutex_lock(&p->mutex);
    halt(p);
    pthread_mutex_unlock(&p->mutex);
}

void gli_prefetch_begin(gli_prefetch *p, const gli_prefetch_range *range) {
    pthread_mutex_lock(&p->mutex);
    halt(p);
    p->range   = *range;
    p->claimed = p->taken = range->first;
    p->failed             = INT64_MAX;
    for (int64_t i = 0; i < p->batches; ++i) ((int64_t *)p->finished.data)[i] = 0;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->mutex);
}

int64_t gli_prefetch_position(const gli_prefetch *p, int64_t epoch, int columns) {
    return p->range.order && p->range.epoch == epoch && p->range.columns == columns ? p->taken : -1;
}

static glia_status copy_rows(const gli_prefetch *p, int64_t n, glia_tensor *const *inputs,
                             glia_tensor *const *targets) {
    const glia_dataset *d = p->dataset;
    const int64_t row     = (p->taken - p->range.first) % (p->batch * p->batches);
    for (int i = 0; i < p->range.columns; ++i) {
        const size_t bytes    = gli_field_bytes(gli_column_field(d, i));
        const glia_tensor *to = i < d->n_inputs ? inputs[i] : targets[i - d->n_inputs];
        if (bytes > 0)
            GLI_TRY(d->ctx->device->upload(d->ctx, to->data, p->column[i] + (size_t)row * bytes, (size_t)n * bytes));
    }
    return GLIA_OK;
}

static void give_back(gli_prefetch *p, int64_t n) {
    pthread_mutex_lock(&p->mutex);
    *finished(p, p->taken) = 0;
    p->taken += n;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->mutex);
}

glia_status gli_prefetch_next(gli_prefetch *p, int64_t n, glia_tensor *const *inputs, glia_tensor *const *targets) {
    bool failed = false;
    pthread_mutex_lock(&p->mutex);
    while (*finished(p, p->taken) < n && !failed) {
        failed = p->failed < INT64_MAX && p->reading == 0;
        if (!failed) pthread_cond_wait(&p->ready, &p->mutex);
    }
    if (failed) p->range.order = NULL;
    pthread_mutex_unlock(&p->mutex);
    if (failed) return gli_reading_explain(p->dataset->ctx, &p->failure);
    GLI_TRY(copy_rows(p, n, inputs, targets));
    give_back(p, n);
    return GLIA_OK;
}

#include "text/vectorizer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/context_impl.h"
#include "core/size.h"

/* ---- Objects ---- */

glia_status gli_vectorizer_new(glia_context *ctx, glia_vectorizer **out) {
    void *memory;
    GLI_TRY(gli_new(ctx, 1, sizeof **out, "a vectorizer", &memory));
    *out                   = memory;
    (*out)->ctx            = ctx;
    (*out)->stop_words.ctx = ctx;
    (*out)->terms.ctx      = ctx;
    gli_context_retain(ctx);
    return GLIA_OK;
}

void glia_vectorizer_destroy(glia_vectorizer *v) {
    if (!v) return;
    glia_context *ctx = v->ctx;
    gli_token_table_clear(&v->stop_words);
    gli_token_table_clear(&v->terms);
    gli_block_free(ctx, &v->documents.block);
    gli_free(ctx, v, 1, sizeof *v);
    gli_context_release(ctx);
}

glia_status gli_vectorizer_check(glia_context *ctx, glia_status refusal, const char *where,
                                 const gli_vectorizer_settings *s) {
    enum { MOST_N = 64 };
    GLI_REQUIRE(ctx, s->minimum_n >= 1 && s->minimum_n <= s->maximum_n && s->maximum_n <= MOST_N, refusal,
                "%s: n-grams of %lld to %lld tokens, must be 1 to %d, the smaller number first", where,
                (long long)s->minimum_n, (long long)s->maximum_n, MOST_N);
    GLI_REQUIRE(ctx, s->buckets >= 0 && s->buckets < INT32_MAX, refusal, "%s: buckets is %lld, must be 0 to %d", where,
                (long long)s->buckets, INT32_MAX - 1);
    GLI_REQUIRE(ctx, s->weight >= GLIA_TERM_COUNT && s->weight <= GLIA_TERM_LOG_COUNT, refusal,
                "%s: invalid weight %lld", where, (long long)s->weight);
    return gli_tokenizer_check(ctx, where, &s->tokenizer);
}

/* ---- What it has ---- */

int64_t gli_vectorizer_column(const glia_vectorizer *v, glia_text term) {
    if (v->settings.buckets == 0) return gli_token_table_find(&v->terms, term);
    return (int64_t)(gli_token_hash(term) % (uint64_t)v->settings.buckets);
}

int64_t glia_vectorizer_size(const glia_vectorizer *v) {
    return v ? (int64_t)(v->documents.used / sizeof(int64_t)) : 0;
}

glia_text glia_vectorizer_term(const glia_vectorizer *v, int64_t column) {
    if (!v || column < 0 || column >= gli_token_table_count(&v->terms)) return (glia_text){0};
    return gli_token_table_get(&v->terms, column);
}

int64_t glia_vectorizer_find(const glia_vectorizer *v, glia_text term) {
    return v && term.data && term.bytes > 0 ? gli_vectorizer_column(v, term) : -1;
}

int64_t glia_vectorizer_documents(const glia_vectorizer *v, int64_t column) {
    if (column < 0 || column >= glia_vectorizer_size(v)) return -1;
    return ((const int64_t *)v->documents.block.data)[column];
}

/* ---- Rows ---- */

static double weight_of(const glia_vectorizer *v, int64_t column, double count) {
    const gli_vectorizer_settings *s = &v->settings;
    if (count == 0) return 0;
    const double weight = s->weight == GLIA_TERM_PRESENCE    ? 1
                          : s->weight == GLIA_TERM_LOG_COUNT ? 1 + log(count)
                                                             : count;
    if (!s->idf) return weight;
    return weight * (log((1.0 + (double)s->texts) / (1.0 + (double)glia_vectorizer_documents(v, column))) + 1);
}

/* counts, of one text, become what its row has. */
static void weigh(const glia_vectorizer *v, double *counts, int64_t n, float *row) {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
        counts[i] = weight_of(v, i, counts[i]);
        sum += counts[i] * counts[i];
    }
    const double scale = v->settings.unit_length && sum > 0 ? sqrt(sum) : 1;
    for (int64_t i = 0; i < n; ++i) row[i] = (float)(counts[i] / scale);
}

static glia_status fill(const glia_vectorizer *v, gli_ngrams *ngrams, const glia_text *texts, int64_t n_texts,
                        double *counts, float *matrix) {
    const int64_t n = glia_vectorizer_size(v);
    char what[64];
    glia_text term;
    for (int64_t i = 0; i < n_texts; ++i) {
        snprintf(what, sizeof what, "glia_vectorizer_transform: texts[%lld]", (long long)i);
        GLI_TRY(gli_ngrams_split(ngrams, what, texts[i]));
        memset(counts, 0, (size_t)n * sizeof *counts);
        while (gli_ngrams_next(ngrams, &term)) {
            const int64_t column = gli_vectorizer_column(v, term);
            if (column >= 0) ++counts[column];
        }
        weigh(v, counts, n, matrix + i * n);
    }
    return GLIA_OK;
}

static glia_status transform(const glia_vectorizer *v, const glia_text *texts, int64_t n_texts, float *matrix,
                             size_t bytes) {
    const char *function = "glia_vectorizer_transform";
    const int64_t n      = glia_vectorizer_size(v);
    size_t needed;
    GLI_TRY(gli_texts_check(v->ctx, function, texts, n_texts));
    const bool fits = gli_mul_size((size_t)n_texts, (size_t)n, &needed) && gli_mul_size(needed, sizeof(float), &needed);
    GLI_REQUIRE(v->ctx, fits && bytes == needed, GLIA_INVALID_ARGUMENT,
                "%s: matrix has %zu bytes, %lld rows of %lld numbers have others", function, bytes, (long long)n_texts,
                (long long)n);
    GLI_REQUIRE(v->ctx, matrix || bytes == 0, GLIA_INVALID_ARGUMENT, "%s: matrix is NULL", function);
    gli_block counts;
    gli_ngrams ngrams;
    GLI_TRY(gli_block_alloc(v->ctx, (size_t)n, sizeof(double), "the counts of a text", &counts));
    gli_ngrams_begin(v, &ngrams);
    const glia_status status = fill(v, &ngrams, texts, n_texts, counts.data, matrix);
    gli_ngrams_free(&ngrams);
    gli_block_free(v->ctx, &counts);
    return status;
}

glia_status glia_vectorizer_transform(const glia_vectorizer *vectorizer, const glia_text *texts, int64_t n_texts,
                                      float *matrix, size_t bytes) {
    GLI_REQUIRE_OBJECT(vectorizer);
    GLI_TRY(gli_enter(vectorizer->ctx));
    const glia_status status = transform(vectorizer, texts, n_texts, matrix, bytes);
    gli_leave(vectorizer->ctx);
    return status;
}

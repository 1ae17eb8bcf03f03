/* Choosing the n-grams of a vectorizer: counts them, leaves out the rare and the common, takes the most frequent. */
#include <stdio.h>
#include <stdlib.h>

#include "core/context_impl.h"
#include "core/size.h"
#include "text/vectorizer.h"

typedef struct tally {
    int64_t occurrences, documents;
    int64_t last; /* the last text that has it, from 1 */
} tally;

typedef struct counting {
    glia_vectorizer *v;
    gli_token_table terms;   /* all of them; empty with buckets */
    gli_byte_buffer tallies; /* of each, or of each bucket */
} counting;

static glia_status number_of(counting *c, glia_text term, int64_t *number) {
    static const tally none = {0};
    if (c->v->settings.buckets > 0) return *number = gli_vectorizer_column(c->v, term), GLIA_OK;
    const int64_t known = gli_token_table_count(&c->terms);
    GLI_TRY(gli_token_table_add(&c->terms, term, number));
    return *number == known ? gli_byte_buffer_append(c->v->ctx, &c->tallies, &none, sizeof none, "counts of n-grams")
                            : GLIA_OK;
}

static glia_status count_all(counting *c, gli_ngrams *ngrams, const glia_text *texts, int64_t n_texts) {
    char what[64];
    glia_text term;
    for (int64_t i = 0; i < n_texts; ++i) {
        snprintf(what, sizeof what, "glia_vectorizer_fit: texts[%lld]", (long long)i);
        GLI_TRY(gli_ngrams_split(ngrams, what, texts[i]));
        while (gli_ngrams_next(ngrams, &term)) {
            int64_t number;
            GLI_TRY(number_of(c, term, &number));
            tally *t = (tally *)c->tallies.block.data + number;
            ++t->occurrences;
            t->documents += t->last != i + 1;
            t->last = i + 1;
        }
    }
    return GLIA_OK;
}

typedef struct chosen {
    glia_text term;
    int64_t occurrences, documents;
} chosen;

static int by_bytes(const void *a, const void *b) {
    return gli_token_compare(((const chosen *)a)->term, ((const chosen *)b)->term);
}

static int by_occurrences(const void *a, const void *b) {
    const chosen *x = a, *y = b;
    if (x->occurrences != y->occurrences) return x->occurrences > y->occurrences ? -1 : 1;
    return by_bytes(a, b);
}

static glia_status add_columns(glia_vectorizer *v, const chosen *terms, int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
        int64_t number;
        GLI_TRY(gli_token_table_add(&v->terms, terms[i].term, &number));
        GLI_TRY(gli_byte_buffer_append(v->ctx, &v->documents, &terms[i].documents, sizeof(int64_t), "a vectorizer"));
    }
    return GLIA_OK;
}

static glia_status choose(const counting *c, const glia_vectorizer_args *args) {
    const int64_t all = gli_token_table_count(&c->terms), texts = c->v->settings.texts;
    const int64_t least = args->minimum_documents ? args->minimum_documents : 1;
    const double share  = args->maximum_share > 0 ? args->maximum_share : 1;
    const tally *t      = c->tallies.block.data;
    int64_t n           = 0;
    gli_block block;
    GLI_TRY(gli_block_alloc(c->v->ctx, (size_t)all, sizeof(chosen), "the n-grams in order", &block));
    chosen *terms = block.data;
    for (int64_t i = 0; i < all; ++i)
        if (t[i].documents >= least && (double)t[i].documents <= share * (double)texts)
            terms[n++] = (chosen){gli_token_table_get(&c->terms, i), t[i].occurrences, t[i].documents};
    const bool cut = args->maximum_size > 0 && n > args->maximum_size;
    if (cut) qsort(terms, (size_t)n, sizeof *terms, by_occurrences);
    if (cut) n = args->maximum_size;
    if (n > 1) qsort(terms, (size_t)n, sizeof *terms, by_bytes);
    const glia_status status = add_columns(c->v, terms, n);
    gli_block_free(c->v->ctx, &block);
    GLI_TRY(status);
    GLI_REQUIRE(
        c->v->ctx, n > 0, GLIA_NOT_FOUND,
        "glia_vectorizer_fit: none of the %lld n-grams of %lld texts is in at least %lld of them and in at most %g",
        (long long)all, (long long)texts, (long long)least, share * (double)texts);
    return GLIA_OK;
}

/* Each bucket is a column. */
static glia_status keep_buckets(const counting *c) {
    const int64_t n = c->v->settings.buckets;
    const tally *t  = c->tallies.block.data;
    GLI_TRY(gli_block_alloc(c->v->ctx, (size_t)n, sizeof(int64_t), "a vectorizer", &c->v->documents.block));
    c->v->documents.used = c->v->documents.block.bytes;
    int64_t *documents   = c->v->documents.block.data;
    for (int64_t i = 0; i < n; ++i) documents[i] = t[i].documents;
    return GLIA_OK;
}

static glia_status count_and_choose(counting *c, const glia_vectorizer_args *args, const glia_text *texts,
                                    int64_t n_texts) {
    const int64_t buckets = c->v->settings.buckets;
    gli_ngrams ngrams;
    if (buckets > 0) {
        GLI_TRY(gli_block_alloc(c->v->ctx, (size_t)buckets, sizeof(tally), "counts of n-grams", &c->tallies.block));
        c->tallies.used = c->tallies.block.bytes;
        for (int64_t i = 0; i < buckets; ++i) ((tally *)c->tallies.block.data)[i] = (tally){0};
    }
    gli_ngrams_begin(c->v, &ngrams);
    const glia_status status = count_all(c, &ngrams, texts, n_texts);
    gli_ngrams_free(&ngrams);
    GLI_TRY(status);
    return buckets > 0 ? keep_buckets(c) : choose(c, args);
}

static glia_status check(glia_context *ctx, const char *function, const glia_vectorizer_args *a, int64_t n_texts) {
    GLI_REQUIRE(ctx, a->minimum_documents >= 0 && a->maximum_size >= 0, GLIA_INVALID_ARGUMENT,
                "%s: minimum_documents is %lld, maximum_size %lld: must not be negative", function,
                (long long)a->minimum_documents, (long long)a->maximum_size);
    GLI_REQUIRE(ctx, a->maximum_share >= 0 && a->maximum_share <= 1, GLIA_INVALID_ARGUMENT,
                "%s: maximum_share is %g, must be 0 to 1", function, a->maximum_share);
    GLI_REQUIRE(
        ctx, a->buckets == 0 || (!a->minimum_documents && !a->maximum_share && !a->maximum_size), GLIA_INVALID_ARGUMENT,
        "%s: minimum_documents is %lld, maximum_share %g, maximum_size %lld: must be 0 with buckets, which leave "
        "out nothing",
        function, (long long)a->minimum_documents, a->maximum_share, (long long)a->maximum_size);
    GLI_REQUIRE(ctx, n_texts > 0 || (a->buckets > 0 && !a->idf), GLIA_INVALID_ARGUMENT,
                "%s: n_texts is 0: only buckets without idf need no text", function);
    return GLIA_OK;
}

static glia_status fit(glia_vectorizer *v, const glia_vectorizer_args *args, const glia_text *texts, int64_t n_texts) {
    const char *function       = "glia_vectorizer_fit";
    gli_vectorizer_settings *s = &v->settings;
    counting c                 = {.v = v, .terms = {.ctx = v->ctx}};
    GLI_TRY(check(v->ctx, function, args, n_texts));
    *s           = (gli_vectorizer_settings){.clean       = args->clean,
                                             .tokenizer   = args->tokenizer,
                                             .minimum_n   = args->minimum_n ? args->minimum_n : 1,
                                             .buckets     = args->buckets,
                                             .weight      = (int64_t)args->weight,
                                             .texts       = n_texts,
                                             .idf         = args->idf,
                                             .unit_length = args->unit_length};
    s->maximum_n = args->maximum_n ? args->maximum_n : s->minimum_n;
    GLI_TRY(gli_vectorizer_check(v->ctx, GLIA_INVALID_ARGUMENT, function, s));
    GLI_TRY(gli_clean_prepare(v->ctx, function, &args->clean, &v->stop_words));
    s->clean.stop_words      = NULL;
    s->clean.n_stop_words    = 0;
    const glia_status status = count_and_choose(&c, args, texts, n_texts);
    gli_token_table_clear(&c.terms);
    gli_block_free(v->ctx, &c.tallies.block);
    return status;
}

static glia_status make(glia_context *ctx, const glia_vectorizer_args *given, const glia_text *texts, int64_t n_texts,
                        glia_vectorizer **out) {
    const glia_vectorizer_args args = given ? *given : (glia_vectorizer_args){0};
    glia_vectorizer *v;
    GLI_REQUIRE(ctx, out, GLIA_INVALID_ARGUMENT, "glia_vectorizer_fit: out is NULL");
    GLI_TRY(gli_texts_check(ctx, "glia_vectorizer_fit", texts, n_texts));
    GLI_TRY(gli_vectorizer_new(ctx, &v));
    const glia_status status = fit(v, &args, texts, n_texts);
    if (status == GLIA_OK)
        *out = v;
    else
        glia_vectorizer_destroy(v);
    return status;
}

glia_status glia_vectorizer_fit(glia_context *ctx, const glia_vectorizer_args *args, const glia_text *texts,
                                int64_t n_texts, glia_vectorizer **out) {
    GLI_TRY(gli_enter(ctx));
    const glia_status status = make(ctx, args, texts, n_texts, out);
    gli_leave(ctx);
    return status;
}

/* N-grams: tokens of a text that follow each other, as one part of the text that joins them all. */
#include "core/context_impl.h"
#include "text/vectorizer.h"

void gli_ngrams_begin(const glia_vectorizer *v, gli_ngrams *out) {
    *out = (gli_ngrams){.tokenizer = {.ctx = v->ctx, .args = v->settings.tokenizer},
                        .minimum_n = v->settings.minimum_n,
                        .maximum_n = v->settings.maximum_n};
    gli_cleaner_begin(v->ctx, &v->settings.clean, &v->stop_words, &out->cleaner);
    if (v->settings.tokenizer.replace_invalid) out->cleaner.args.replace_invalid = true;
}

void gli_ngrams_free(gli_ngrams *g) {
    glia_context *ctx = g->tokenizer.ctx;
    gli_cleaner_free(&g->cleaner);
    gli_tokenizer_free(&g->tokenizer);
    gli_block_free(ctx, &g->joined.block);
    gli_block_free(ctx, &g->bounds.block);
}

static glia_status append(gli_ngrams *g, glia_text token) {
    glia_context *ctx = g->tokenizer.ctx;
    if (g->joined.used > 0 && g->tokenizer.args.unit == GLIA_WORDS)
        GLI_TRY(gli_byte_buffer_append(ctx, &g->joined, " ", 1, "the tokens of a text"));
    const size_t bounds[] = {g->joined.used, g->joined.used + token.bytes};
    GLI_TRY(gli_byte_buffer_append(ctx, &g->joined, token.data, token.bytes, "the tokens of a text"));
    return gli_byte_buffer_append(ctx, &g->bounds, bounds, sizeof bounds, "the tokens of a text");
}

glia_status gli_ngrams_split(gli_ngrams *g, const char *what, glia_text text) {
    glia_text cleaned, token;
    g->joined.used = g->bounds.used = 0;
    g->first                        = 0;
    g->n                            = g->minimum_n;
    GLI_TRY(gli_cleaner_run(&g->cleaner, what, text, &cleaned));
    gli_tokenizer_begin(&g->tokenizer, what, cleaned);
    for (bool end = false;;) {
        GLI_TRY(gli_tokenizer_next(&g->tokenizer, &token, &end));
        if (end) return GLIA_OK;
        GLI_TRY(append(g, token));
    }
}

bool gli_ngrams_next(gli_ngrams *g, glia_text *out) {
    const int64_t tokens = (int64_t)(g->bounds.used / (2 * sizeof(size_t)));
    if (g->first + g->n > tokens) {
        g->first = 0;
        ++g->n;
    }
    if (g->n > g->maximum_n || g->n > tokens) return false;
    const size_t *bounds = g->bounds.block.data;
    const size_t begin = bounds[2 * g->first], end = bounds[2 * (g->first + g->n) - 1];
    *out = (glia_text){(const char *)g->joined.block.data + begin, end - begin};
    ++g->first;
    return true;
}

/* A language model of characters: an LSTM or GRU learns what comes next in the jokes and sayings of `fortune`, is
 * judged by the bits that a character of unseen ones costs, and writes some of its own.
 * char_language_model --help says what it can do. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/example.h"
#include "support/fortunes.h"
#include "support/ngram.h"
#include "support/options.h"

typedef struct settings {
    const char *data, *cell, *device;
    long hidden, length, epochs, batch, files, sample, seed;
    double rate, temperature;
} settings;

/* ---- The network ---- */

static glia_value recurrent(glia_model *net, glia_value x, const settings *o, int stateful_batch) {
    const int units = (int)o->hidden;
    if (strcmp(o->cell, "gru") == 0)
        return glia_model_gru(net, x,
                              &(glia_gru_args){.units = units, .sequence = true, .stateful_batch = stateful_batch});
    return glia_model_lstm(net, x,
                           &(glia_lstm_args){.units = units, .sequence = true, .stateful_batch = stateful_batch});
}

/* Scores [V,length] of the tokens that may follow each of `length` tokens. */
static glia_value build(glia_model *net, const settings *o, int64_t kinds, int64_t length, int stateful_batch) {
    glia_value x = glia_model_index_input(net, "tokens", GLIA_I32, GLIA_SHAPE(length));
    x            = glia_model_embedding(net, x, &(glia_embedding_args){.count = kinds, .size = 32});
    x            = recurrent(net, x, o, stateful_batch);
    return glia_model_transpose(net, glia_model_dense(net, x, &(glia_dense_args){.units = (int)kinds}), NULL);
}

/* ---- Writing ---- */

/* A number from 0 to 1 without 1. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
 */
static double uniform(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z          = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z          = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

/* Draws a token by its score; never the first, which stands for all unknown ones. */
static int32_t draw(const float *score, size_t kinds, double temperature, double random) {
    double total = 0, most = score[1];
    for (size_t i = 2; i < kinds; ++i) most = fmax(most, score[i]);
    for (size_t i = 1; i < kinds; ++i) total += exp((score[i] - most) / temperature);
    for (size_t i = 1; i < kinds - 1; ++i)
        if ((random -= exp((score[i] - most) / temperature) / total) < 0) return (int32_t)i;
    return (int32_t)kinds - 1;
}

/* The only sample of a dataset whose content the program changes: the token at which the text has arrived. */
static glia_status give_token(void *token, const glia_sample *sample) {
    memcpy(sample->inputs[0], token, sizeof(int32_t));
    return GLIA_OK;
}

/* Prints what the network, which reads a token at a time, writes behind the line that ends a fortune. */
static glia_status write_text(glia_context *ctx, glia_model *net, const glia_vocabulary *vocabulary,
                              const settings *o) {
    int32_t end[2], token;
    int64_t n_end;
    float score[NGRAM_KINDS];
    uint64_t random         = (uint64_t)o->seed;
    const size_t kinds      = (size_t)glia_vocabulary_size(vocabulary);
    const glia_field tokens = {.name = "tokens", .dtype = GLIA_I32, .shape = GLIA_SHAPE(1)};
    glia_dataset *data      = NULL;
    GLIA_TRY(glia_vocabulary_encode(vocabulary, (glia_text){"%\n", 2}, GLIA_I32, end, 2, &n_end));
    GLIA_TRY(glia_dataset_from_source(
        ctx, &(glia_source){.inputs = &tokens, .n_inputs = 1, .count = 1, .read = give_token, .user = &token}, &data));
    glia_status status = GLIA_OK;
    for (int64_t i = 0; status == GLIA_OK && i < n_end + o->sample; ++i) {
        token = i < n_end ? end[i] : draw(score, kinds, o->temperature, uniform(&random));
        if (i >= n_end) fputs(glia_vocabulary_token(vocabulary, token).data, stdout);
        status = glia_model_predict(net, data, 1, score, kinds * sizeof *score);
    }
    printf("\n");
    glia_dataset_destroy(data);
    return status;
}

static glia_status generate(glia_context *ctx, const glia_model *trained, const glia_vocabulary *vocabulary,
                            const settings *o) {
    glia_model *net    = NULL;
    glia_status status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK)
        status = glia_model_compile(net, build(net, o, glia_vocabulary_size(vocabulary), 1, 1), NULL);
    if (status == GLIA_OK) status = glia_model_copy_weights(trained, net, NULL, NULL);
    if (status == GLIA_OK) status = write_text(ctx, net, vocabulary, o);
    glia_model_destroy(net);
    return status;
}

/* ---- Training ---- */

/* What the program has opened; main closes it. */
typedef struct language {
    glia_text text[2];
    glia_vocabulary *vocabulary;
    int32_t *tokens[2];
    int64_t count[2];
    glia_dataset *data[2];
    ngram *ngrams;
    glia_model *net;
} language;

/* Numbers the characters, the commonest first; 0 stands for those that are rare. */
static glia_status number_characters(glia_context *ctx, language *l, const settings *o) {
    const glia_vocabulary_args args = {.tokenizer    = {.unit = GLIA_CHARACTERS, .replace_invalid = true},
                                       .maximum_size = NGRAM_KINDS,
                                       .no_padding   = true};
    GLIA_TRY(glia_vocabulary_build(ctx, &args, &l->text[GLIA_PART_TRAIN], 1, &l->vocabulary));
    for (int p = 0; p < 2; ++p) {
        const int64_t room = (int64_t)l->text[p].bytes;
        l->tokens[p]       = malloc((size_t)room * sizeof(int32_t));
        if (!l->tokens[p]) return GLIA_OUT_OF_MEMORY;
        GLIA_TRY(glia_vocabulary_encode(l->vocabulary, l->text[p], GLIA_I32, l->tokens[p], room, &l->count[p]));
        GLIA_TRY(glia_dataset_from_tokens(ctx, GLIA_I32, l->tokens[p], l->count[p],
                                          &(glia_token_windows_args){.length = o->length}, &l->data[p]));
    }
    return GLIA_OK;
}

static glia_status print_baselines(language *l) {
    static const char *const names[NGRAM_ORDERS] = {"unigrams", "bigrams", "trigrams"};
    l->ngrams                                    = ngram_create(l->tokens[GLIA_PART_TRAIN], l->count[GLIA_PART_TRAIN]);
    if (!l->ngrams) return GLIA_OUT_OF_MEMORY;
    for (int order = 0; order < NGRAM_ORDERS; ++order)
        printf("%s: %.3f bits a character\n", names[order],
               ngram_bits(l->ngrams, l->tokens[GLIA_PART_TEST], l->count[GLIA_PART_TEST], order));
    return GLIA_OK;
}

static glia_status run(glia_context *ctx, language *l, const settings *o) {
    glia_result result;
    GLIA_TRY(number_characters(ctx, l, o));
    const int64_t kinds = glia_vocabulary_size(l->vocabulary);
    printf("%lld characters to learn from, %lld to be judged by, %lld kinds\n", (long long)l->count[GLIA_PART_TRAIN],
           (long long)l->count[GLIA_PART_TEST], (long long)kinds);
    GLIA_TRY(glia_model_create(ctx, NULL, &l->net));
    GLIA_TRY(glia_model_compile(
        l->net, build(l->net, o, kinds, o->length, 0),
        &(glia_compile_args){
            .loss = glia_loss_cross_entropy(), .optimizer = glia_optimizer_adam(o->rate), .clip_global_norm = 1}));
    GLIA_TRY(glia_model_summary(l->net, stdout));
    GLIA_TRY(glia_model_fit(l->net, l->data[GLIA_PART_TRAIN],
                            &(glia_fit_args){.epochs     = (int)o->epochs,
                                             .batch_size = (int)o->batch,
                                             .validation = l->data[GLIA_PART_TEST],
                                             .progress   = GLIA_PROGRESS_AUTO}));
    GLIA_TRY(glia_model_evaluate(l->net, l->data[GLIA_PART_TEST], 0, &result));
    GLIA_TRY(print_baselines(l));
    printf("%s: %.3f bits a character\n\n", o->cell, result.loss / log(2));
    return generate(ctx, l->net, l->vocabulary, o);
}

static void close_language(language *l) {
    for (int p = 0; p < 2; ++p) {
        glia_dataset_destroy(l->data[p]);
        free(l->tokens[p]);
        free((char *)l->text[p].data);
    }
    glia_vocabulary_destroy(l->vocabulary);
    glia_model_destroy(l->net);
    free(l->ngrams);
}

int main(int argc, char **argv) {
    settings o             = {.data        = "/usr/share/games/fortunes",
                              .cell        = "lstm",
                              .hidden      = 128,
                              .length      = 64,
                              .epochs      = 2,
                              .batch       = 64,
                              .files       = 1000,
                              .sample      = 600,
                              .rate        = 5e-3,
                              .temperature = 0.7};
    const option options[] = {
        {"data", "the folder with the fortunes", .text = &o.data},
        {"files", "of its files, in the order of their names, are read", .whole = &o.files, .least = 1},
        {"cell", "of the recurrent layers", .text = &o.cell, .choices = "lstm|gru"},
        {"hidden", "units of a layer", .whole = &o.hidden, .least = 1},
        {"length", "characters of a sample", .whole = &o.length, .least = 1},
        {"epochs", "passes over the text", .whole = &o.epochs, .least = 1},
        {"batch", "samples of a step", .whole = &o.batch, .least = 1},
        {"rate", "the learning rate", .real = &o.rate},
        {"sample", "characters that it writes", .whole = &o.sample},
        {"temperature", "above 0: the higher, the more daring", .real = &o.temperature, .least = 0.01},
        {"seed", "of weights, order and what it writes", .whole = &o.seed},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &o.device},
    };
    int exit_code;
    if (!read_options("Learns to write like the fortunes of fortune(6).", options, sizeof options / sizeof *options,
                      argc, argv, &exit_code))
        return exit_code;

    glia_context *ctx = NULL;
    language l        = {0};
    if (!read_fortunes(o.data, o.files, l.text)) {
        fprintf(stderr, "char_language_model: %s: no fortunes there; the package fortunes has some\n", o.data);
        close_language(&l);
        return 1;
    }
    glia_status status = glia_context_create(o.device, &(glia_context_args){.seed = (uint64_t)o.seed}, &ctx);
    if (status == GLIA_OK) status = run(ctx, &l, &o);
    exit_code = example_end("char_language_model", status, ctx);
    close_language(&l);
    glia_context_destroy(ctx);
    return exit_code;
}

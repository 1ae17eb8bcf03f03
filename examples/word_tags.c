/* Which parts of speech can a word be: noun, verb, adjective, adverb? Often several, as in "run" and "well". A network
 * guesses them from the letters alone, for words of WordNet that it has not seen: an LSTM, a GRU or a convolutional
 * network, with one sigmoid for each part of speech. word_tags --help says what it can do. */
#include <glia/glia.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/options.h"
#include "support/wordnet.h"

enum { HELD_OUT = 10, SHOWN = 12 }; /* every tenth word is kept for the test */

static const char *const tag_names[TAGS] = {"noun", "verb", "adjective", "adverb"};

typedef struct settings {
    const char *data, *network, *device;
    long hidden, epochs, batch, words, seed;
    double rate;
} settings;

#define TRY(expression)                          \
    do {                                         \
        const glia_status status = (expression); \
        if (status != GLIA_OK) return status;    \
    } while (0)

/* ---- The data ---------------------------------------------------------------------------------------------------- */

static glia_part part_of(int64_t i) { return i % HELD_OUT == 0 ? GLIA_PART_TEST : GLIA_PART_TRAIN; }

/* A word is its letters, a to z as 1 to 26, with 0 behind its end. */
static glia_status make_data(glia_context *ctx, const words *all, glia_part part, glia_dataset **out) {
    int32_t *letters   = calloc((size_t)all->count * LETTERS, sizeof *letters);
    float *tags        = malloc((size_t)all->count * TAGS * sizeof *tags);
    int64_t count      = 0;
    glia_status status = GLIA_OUT_OF_MEMORY;
    for (int64_t i = 0; letters && tags && i < all->count; ++i) {
        const word *w = &all->word[i];
        if (part_of(i) != part) continue;
        for (int k = 0; w->letters[k]; ++k) letters[count * LETTERS + k] = w->letters[k] - 'a' + 1;
        memcpy(tags + count++ * TAGS, w->tag, sizeof w->tag);
    }
    if (letters && tags) {
        const glia_array input      = {"letters", GLIA_I32, GLIA_SHAPE(LETTERS), letters},
                         target     = {"tags", GLIA_F32, GLIA_SHAPE(TAGS), tags};
        const glia_arrays_args args = {
            .inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = count, .copy = true};
        status = glia_dataset_from_arrays(ctx, &args, out);
    }
    free(letters);
    free(tags);
    return status;
}

/* ---- Judgement --------------------------------------------------------------------------------------------------- */

/* Of all tags that were given or should have been. */
typedef struct score {
    int64_t right, wrong, missed;
} score;

static void judge(score *s, const word *w, const bool given[TAGS]) {
    for (int t = 0; t < TAGS; ++t) {
        const bool has = w->tag[t] > 0;
        s->right += has && given[t];
        s->wrong += !has && given[t];
        s->missed += has && !given[t];
    }
}

static double f1(const score *s) { return 2.0 * s->right / (double)(2 * s->right + s->wrong + s->missed); }

/* What the words with one ending are. */
typedef struct ending {
    int64_t words, tag[TAGS];
} ending;

enum { ENDINGS = 27 * 27 * 27 };

/* The number of the last three letters. */
static int ending_of(const word *w) {
    const size_t length = strlen(w->letters);
    int number          = 0;
    for (size_t k = length < 3 ? 0 : length - 3; k < length; ++k) number = 27 * number + w->letters[k] - 'a' + 1;
    return number;
}

/* Gives the tags that most words of the same ending have, and to an ending that was not seen, as to every word for the
 * other baseline, the commonest of all: noun. */
static bool judge_baselines(const words *all, score *nouns, score *endings) {
    ending *table = calloc(ENDINGS, sizeof *table);
    for (int64_t i = 0; table && i < all->count; ++i) {
        ending *e = &table[ending_of(&all->word[i])];
        if (part_of(i) == GLIA_PART_TEST) continue;
        ++e->words;
        for (int t = 0; t < TAGS; ++t) e->tag[t] += all->word[i].tag[t] > 0;
    }
    for (int64_t i = 0; table && i < all->count; i += HELD_OUT) {
        const ending *e = &table[ending_of(&all->word[i])];
        bool given[TAGS], noun[TAGS] = {true};
        for (int t = 0; t < TAGS; ++t) given[t] = 2 * e->tag[t] > e->words;
        judge(endings, &all->word[i], e->words > 0 ? given : noun);
        judge(nouns, &all->word[i], noun);
    }
    free(table);
    return table != NULL;
}

static void show(const word *w, const bool given[TAGS]) {
    printf("%-16s ", w->letters);
    for (int t = 0; t < TAGS; ++t)
        if (given[t] || w->tag[t] > 0)
            printf(" %s%s", tag_names[t], !given[t] ? " (missed)" : w->tag[t] > 0 ? "" : " (wrong)");
    printf("\n");
}

/* Judges the network on all words of the test, and shows a few of them. */
static glia_status judge_network(glia_model *net, glia_dataset *test, const words *all, score *s) {
    const int64_t count = glia_dataset_count(test), step = (count + SHOWN - 1) / SHOWN;
    const size_t bytes = (size_t)count * TAGS * sizeof(float);
    float *logit       = malloc(bytes);
    glia_status status = logit ? glia_model_predict(net, test, 0, logit, bytes) : GLIA_OUT_OF_MEMORY;
    for (int64_t i = 0; status == GLIA_OK && i < count; ++i) {
        bool given[TAGS];
        for (int t = 0; t < TAGS; ++t) given[t] = logit[i * TAGS + t] > 0;
        judge(s, &all->word[i * HELD_OUT], given);
        if (i % step == 0) show(&all->word[i * HELD_OUT], given);
    }
    free(logit);
    return status;
}

/* ---- The network ------------------------------------------------------------------------------------------------- */

static glia_value convolution(glia_model *net, glia_value x, int filters) {
    return glia_model_conv1d(
        net, x,
        &(glia_conv1d_args){
            .filters = filters, .kernel = 3, .padding = GLIA_PAD_SAME, .activation = GLIA_RELU, .steps_first = true});
}

static glia_value build(glia_model *net, const settings *o) {
    const int hidden   = (int)o->hidden;
    glia_value letters = glia_model_index_input(net, "letters", GLIA_I32, GLIA_SHAPE(LETTERS));
    glia_value lengths = glia_model_lengths(net, letters, 0);
    glia_value x       = glia_model_embedding(net, letters, &(glia_embedding_args){.count = 27, .size = 16});
    if (strcmp(o->network, "lstm") == 0)
        x = glia_model_lstm(net, x, &(glia_rnn_args){.units = hidden, .lengths = lengths});
    else if (strcmp(o->network, "gru") == 0)
        x = glia_model_gru(net, x, &(glia_rnn_args){.units = hidden, .lengths = lengths});
    else
        x = glia_model_global_max_pool1d(net, convolution(net, convolution(net, x, hidden), hidden),
                                         &(glia_global_pool1d_args){.lengths = lengths, .steps_first = true});
    return glia_model_dense(net, x, &(glia_dense_args){.units = TAGS});
}

static glia_status run(glia_context *ctx, glia_model *net, const words *all, glia_dataset **data, const settings *o) {
    score network = {0}, nouns = {0}, endings = {0};
    TRY(make_data(ctx, all, GLIA_PART_TRAIN, &data[GLIA_PART_TRAIN]));
    TRY(make_data(ctx, all, GLIA_PART_TEST, &data[GLIA_PART_TEST]));
    printf("%lld words to learn from, %lld to be judged by\n", (long long)glia_dataset_count(data[GLIA_PART_TRAIN]),
           (long long)glia_dataset_count(data[GLIA_PART_TEST]));
    TRY(glia_model_compile(
        net, build(net, o),
        &(glia_compile_args){
            .loss = GLIA_BINARY_CROSS_ENTROPY_FROM_LOGITS, .optimizer = GLIA_ADAM, .learning_rate = o->rate}));
    TRY(glia_model_summary(net, stdout));
    TRY(glia_model_fit(net, data[GLIA_PART_TRAIN],
                       &(glia_fit_args){.epochs     = (int)o->epochs,
                                        .batch_size = (int)o->batch,
                                        .validation = data[GLIA_PART_TEST],
                                        .progress   = GLIA_PROGRESS_AUTO}));
    TRY(judge_network(net, data[GLIA_PART_TEST], all, &network));
    if (!judge_baselines(all, &nouns, &endings)) return GLIA_OUT_OF_MEMORY;
    printf("F1 over all tags:\n");
    printf("always noun:        %.4f\n", f1(&nouns));
    printf("last three letters: %.4f\n", f1(&endings));
    printf("%-19s %.4f\n", o->network, f1(&network));
    return GLIA_OK;
}

int main(int argc, char **argv) {
    settings o             = {.data    = "/usr/share/wordnet",
                              .network = "lstm",
                              .hidden  = 64,
                              .epochs  = 4,
                              .batch   = 128,
                              .words   = 1000000,
                              .rate    = 3e-3};
    const option options[] = {
        {"data", "the folder with WordNet's index files", .text = &o.data},
        {"network", "what reads the letters", .text = &o.network, .choices = "lstm|gru|conv1d"},
        {"hidden", "units of the layer, or filters", .whole = &o.hidden, .least = 1},
        {"epochs", "passes over the words", .whole = &o.epochs, .least = 1},
        {"batch", "words of a step", .whole = &o.batch, .least = 1},
        {"words", "the most that are used", .whole = &o.words, .least = 100},
        {"rate", "the learning rate", .real = &o.rate},
        {"seed", "of weights and order", .whole = &o.seed},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &o.device},
    };
    int exit_code;
    if (!read_options("Learns which parts of speech a word can be.", options, sizeof options / sizeof *options, argc,
                      argv, &exit_code))
        return exit_code;

    words all             = {0};
    glia_context *ctx     = NULL;
    glia_model *net       = NULL;
    glia_dataset *data[2] = {NULL, NULL};
    if (!read_words(o.data, o.words, &all) || all.count <= HELD_OUT) {
        fprintf(stderr, "word_tags: %s: no words there; the package wordnet-base has them\n", o.data);
        free(all.word);
        return 1;
    }
    glia_status status = glia_context_create(o.device, &(glia_context_args){.seed = (uint64_t)o.seed}, &ctx);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK) status = run(ctx, net, &all, data, &o);
    if (status != GLIA_OK) fprintf(stderr, "word_tags: %s: %s\n", glia_status_name(status), glia_message(ctx));
    for (int part = 0; part < 2; ++part) glia_dataset_destroy(data[part]);
    glia_model_destroy(net);
    glia_context_destroy(ctx);
    free(all.word);
    return status == GLIA_OK ? 0 : 1;
}

/* Which parts of speech can a word be: noun, verb, adjective, adverb? Often several, as in "run" and "well". A network
 * guesses them from the letters alone, for words of WordNet that it has not seen: an LSTM, a GRU or a convolutional
 * network, with one sigmoid for each part of speech. word_tags --help says what it can do. */
#include <stdlib.h>
#include <string.h>

#include "support/example.h"
#include "support/options.h"
#include "support/tag_score.h"

enum { SHOWN = 12 };

static const char *const tag_names[TAGS] = {"noun", "verb", "adjective", "adverb"};

typedef struct settings {
    const char *data, *network, *device;
    long hidden, epochs, batch, words, seed;
    double rate;
} settings;

/* ---- The data ---- */

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

/* ---- Judgement ---- */

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
        score_add(s, &all->word[i * HELD_OUT], given);
        if (i % step == 0) show(&all->word[i * HELD_OUT], given);
    }
    free(logit);
    return status;
}

/* ---- The network ---- */

static glia_value convolution(glia_model *net, glia_value x, int filters) {
    return glia_model_conv1d(
        net, x,
        &(glia_conv1d_args){
            .filters = filters, .kernel = 3, .padding = GLIA_PAD_SAME, .activation = GLIA_RELU, .steps_first = true});
}

static glia_value build(glia_model *net, const settings *o) {
    const int hidden   = (int)o->hidden;
    glia_value letters = glia_model_index_input(net, "letters", GLIA_I32, GLIA_SHAPE(LETTERS));
    glia_value lengths = glia_model_lengths(net, letters, NULL);
    glia_value x       = glia_model_embedding(net, letters, &(glia_embedding_args){.count = 27, .size = 16});
    if (strcmp(o->network, "lstm") == 0)
        x = glia_model_lstm(net, x, &(glia_lstm_args){.units = hidden, .lengths = lengths});
    else if (strcmp(o->network, "gru") == 0)
        x = glia_model_gru(net, x, &(glia_gru_args){.units = hidden, .lengths = lengths});
    else
        x = glia_model_global_max_pool1d(net, convolution(net, convolution(net, x, hidden), hidden),
                                         &(glia_global_pool1d_args){.lengths = lengths, .steps_first = true});
    return glia_model_dense(net, x, &(glia_dense_args){.units = TAGS});
}

static glia_status run(glia_context *ctx, glia_model *net, const words *all, glia_dataset **data, const settings *o) {
    score network = {0}, nouns = {0}, endings = {0};
    GLIA_TRY(make_data(ctx, all, GLIA_PART_TRAIN, &data[GLIA_PART_TRAIN]));
    GLIA_TRY(make_data(ctx, all, GLIA_PART_TEST, &data[GLIA_PART_TEST]));
    printf("%lld words to learn from, %lld to be judged by\n", (long long)glia_dataset_count(data[GLIA_PART_TRAIN]),
           (long long)glia_dataset_count(data[GLIA_PART_TEST]));
    GLIA_TRY(glia_model_compile(net, build(net, o),
                                &(glia_compile_args){.loss      = glia_loss_bce_logits(),
                                                     .metrics   = {GLIA_METRIC_BINARY_ACCURACY, GLIA_METRIC_F1_MICRO},
                                                     .optimizer = glia_optimizer_adam(o->rate)}));
    GLIA_TRY(glia_model_summary(net, stdout));
    GLIA_TRY(glia_model_fit(net, data[GLIA_PART_TRAIN],
                            &(glia_fit_args){.epochs     = (int)o->epochs,
                                             .batch_size = (int)o->batch,
                                             .validation = data[GLIA_PART_TEST],
                                             .progress   = GLIA_PROGRESS_AUTO}));
    GLIA_TRY(judge_network(net, data[GLIA_PART_TEST], all, &network));
    if (!score_baselines(all, &nouns, &endings)) return GLIA_OUT_OF_MEMORY;
    printf("F1 over all tags:\n");
    printf("always noun:        %.4f\n", score_f1(&nouns));
    printf("last three letters: %.4f\n", score_f1(&endings));
    printf("%-19s %.4f\n", o->network, score_f1(&network));
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
    exit_code = example_end("word_tags", status, ctx);
    for (int part = 0; part < 2; ++part) glia_dataset_destroy(data[part]);
    glia_model_destroy(net);
    glia_context_destroy(ctx);
    free(all.word);
    return exit_code;
}

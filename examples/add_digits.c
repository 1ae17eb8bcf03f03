/* Adds two numbers of three digits, which it sees as six digits and nothing more: one recurrent layer reads the digits
 * to the end, a second one writes the four of the sum. It learns from 20,000 of the million sums there are.
 * add_digits --help says what it can do. */
#include <stdlib.h>
#include <string.h>

#include "support/example.h"
#include "support/options.h"

enum { DIGITS = 3, NUMBERS = 1000, SUM_DIGITS = DIGITS + 1, SHOWN = 5 };

typedef struct settings {
    const char *cell, *device;
    long hidden, epochs, batch, train, test, seed;
    double rate;
} settings;

/* ---- The data ---- */

/* Sum number index is that of index / 1000 and index % 1000. The digits of both take turns, the ones first: so a carry
 * comes from what was read before. */
static glia_status make_sum(void *user, const glia_sample *sample) {
    int32_t *digits = sample->inputs[0], *sum = sample->targets[0];
    int a = (int)(sample->index / NUMBERS), b = (int)(sample->index % NUMBERS), s = a + b;
    (void)user;
    for (int i = 0; i < DIGITS; ++i, a /= 10, b /= 10) {
        digits[2 * i]     = a % 10;
        digits[2 * i + 1] = b % 10;
    }
    for (int i = 0; i < SUM_DIGITS; ++i, s /= 10) sum[i] = s % 10;
    return GLIA_OK;
}

/* Training and test sums, all different. */
static glia_status make_data(glia_context *ctx, const settings *o, glia_dataset **train, glia_dataset **test) {
    const glia_field digits = {.name = "digits", .dtype = GLIA_I32, .shape = GLIA_SHAPE(2 * DIGITS)};
    const glia_field sum    = {.name = "sum", .dtype = GLIA_I32, .shape = GLIA_SHAPE(SUM_DIGITS)};
    const glia_source sums  = {.inputs    = &digits,
                               .n_inputs  = 1,
                               .targets   = &sum,
                               .n_targets = 1,
                               .count     = NUMBERS * NUMBERS,
                               .read      = make_sum};
    glia_dataset *all = NULL, *rest = NULL;
    glia_status status = glia_dataset_from_source(ctx, &sums, &all);
    if (status == GLIA_OK) status = glia_dataset_split(all, &(glia_split_args){.count = o->train}, train, &rest);
    if (status == GLIA_OK) status = glia_dataset_split(rest, &(glia_split_args){.count = o->test}, test, NULL);
    glia_dataset_destroy(rest);
    glia_dataset_destroy(all);
    return status;
}

/* ---- The network ---- */

static glia_value recurrent(glia_model *net, glia_value x, const settings *o, const char *name, bool sequence) {
    const int units = (int)o->hidden;
    if (strcmp(o->cell, "gru") == 0)
        return glia_model_gru(net, x, &(glia_gru_args){.name = name, .units = units, .sequence = sequence});
    return glia_model_lstm(net, x, &(glia_lstm_args){.name = name, .units = units, .sequence = sequence});
}

/* The dense layer is applied to each step of its own. Its classes come first in the result, as the loss has them. */
static glia_value build(glia_model *net, const settings *o) {
    glia_value x = glia_model_index_input(net, "digits", GLIA_I32, GLIA_SHAPE(2 * DIGITS));
    x            = glia_model_embedding(net, x, &(glia_embedding_args){.count = 10, .size = 16});
    x            = recurrent(net, x, o, "reader", false);
    x            = glia_model_repeat(net, x, &(glia_repeat_args){.times = SUM_DIGITS});
    x            = recurrent(net, x, o, "writer", true);
    return glia_model_transpose(net, glia_model_dense(net, x, &(glia_dense_args){.units = 10}), NULL);
}

/* ---- Training and judgement ---- */

/* The sum that scores [10, SUM_DIGITS] stand for. */
static int best_sum(const float *scores) {
    int sum = 0;
    for (int i = SUM_DIGITS - 1; i >= 0; --i) {
        int best = 0;
        for (int c = 1; c < 10; ++c)
            if (scores[c * SUM_DIGITS + i] > scores[best * SUM_DIGITS + i]) best = c;
        sum = 10 * sum + best;
    }
    return sum;
}

/* Reads the two numbers of sample i back. */
static glia_status numbers_of(glia_context *ctx, glia_dataset *data, int64_t i, int number[2]) {
    int32_t digits[2 * DIGITS];
    glia_tensor *tensor = NULL;
    glia_status status  = glia_tensor_create(ctx, GLIA_I32, GLIA_SHAPE(1, 2 * DIGITS), &tensor);
    if (status == GLIA_OK) status = glia_dataset_get(data, &i, 1, &tensor, NULL);
    if (status == GLIA_OK) status = glia_tensor_read(tensor, digits, sizeof digits);
    glia_tensor_destroy(tensor);
    number[0] = number[1] = 0;
    for (int k = 2 * DIGITS - 1; status == GLIA_OK && k >= 0; --k) number[k % 2] = 10 * number[k % 2] + digits[k];
    return status;
}

/* How many digits and how many whole sums are right. */
typedef struct score {
    int64_t digits, sums;
} score;

static void judge(score *s, int answer, int truth) {
    s->sums += answer == truth;
    for (int i = 0; i < SUM_DIGITS; ++i, answer /= 10, truth /= 10) s->digits += answer % 10 == truth % 10;
}

/* Judges the network, and a program that always says 999: no other sum is as common. Shows the first few answers. */
static glia_status judge_all(glia_context *ctx, glia_model *net, glia_dataset *test, score *network, score *constant) {
    const int64_t count = glia_dataset_count(test);
    const size_t size = 10 * SUM_DIGITS, bytes = (size_t)count * size * sizeof(float);
    float *scores      = malloc(bytes);
    glia_status status = scores ? glia_model_predict(net, test, 0, scores, bytes) : GLIA_OUT_OF_MEMORY;
    for (int64_t i = 0; status == GLIA_OK && i < count; ++i) {
        int number[2];
        status           = numbers_of(ctx, test, i, number);
        const int answer = best_sum(scores + (size_t)i * size), truth = number[0] + number[1];
        judge(network, answer, truth);
        judge(constant, 999, truth);
        if (i < SHOWN) printf("%3d + %3d = %4d%s\n", number[0], number[1], answer, answer == truth ? "" : "  wrong");
    }
    free(scores);
    return status;
}

static glia_status run(glia_context *ctx, glia_model *net, glia_dataset **data, const settings *o) {
    score network = {0}, constant = {0};
    GLIA_TRY(make_data(ctx, o, &data[0], &data[1]));
    GLIA_TRY(glia_model_compile(
        net, build(net, o),
        &(glia_compile_args){
            .loss = glia_loss_cross_entropy(), .optimizer = glia_optimizer_adam(o->rate), .clip_global_norm = 1}));
    GLIA_TRY(glia_model_summary(net, stdout));
    GLIA_TRY(glia_model_fit(net, data[0],
                            &(glia_fit_args){.epochs     = (int)o->epochs,
                                             .batch_size = (int)o->batch,
                                             .validation = data[1],
                                             .progress   = GLIA_PROGRESS_AUTO}));
    GLIA_TRY(judge_all(ctx, net, data[1], &network, &constant));
    const double count = (double)glia_dataset_count(data[1]);
    printf("on %.0f sums that it has not seen:\n", count);
    printf("accuracy of digits: %.4f, of the answer 999: %.4f\n", (double)network.digits / count / SUM_DIGITS,
           (double)constant.digits / count / SUM_DIGITS);
    printf("accuracy of sums: %.4f, of the answer 999: %.4f\n", (double)network.sums / count,
           (double)constant.sums / count);
    return GLIA_OK;
}

int main(int argc, char **argv) {
    settings o = {.cell = "lstm", .hidden = 64, .epochs = 8, .batch = 64, .train = 20000, .test = 2000, .rate = 5e-3};
    const option options[] = {
        {"cell", "of both recurrent layers", .text = &o.cell, .choices = "lstm|gru"},
        {"hidden", "units of each", .whole = &o.hidden, .least = 1},
        {"epochs", "passes over the training sums", .whole = &o.epochs, .least = 1},
        {"batch", "sums of a step", .whole = &o.batch, .least = 1},
        {"rate", "the learning rate", .real = &o.rate},
        {"train", "sums to learn from", .whole = &o.train, .least = 1},
        {"test", "sums to be judged by", .whole = &o.test, .least = 1},
        {"seed", "of weights and order", .whole = &o.seed},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &o.device},
    };
    int exit_code;
    if (!read_options("Learns to add two numbers of three digits.", options, sizeof options / sizeof *options, argc,
                      argv, &exit_code))
        return exit_code;

    glia_context *ctx     = NULL;
    glia_model *net       = NULL;
    glia_dataset *data[2] = {NULL, NULL};
    glia_status status    = glia_context_create(o.device, &(glia_context_args){.seed = (uint64_t)o.seed}, &ctx);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK) status = run(ctx, net, data, &o);
    exit_code = example_end("add_digits", status, ctx);
    glia_dataset_destroy(data[0]);
    glia_dataset_destroy(data[1]);
    glia_model_destroy(net);
    glia_context_destroy(ctx);
    return exit_code;
}

/* Which customers will leave? Reads a table, searches for a network's settings with cross-validation, and judges the
 * best one by customers that the search has not seen. Without a table it writes one. churn --help says what it can do.
 */
#include <stdlib.h>

#include "support/customers.h"
#include "support/example.h"
#include "support/options.h"

enum { CUSTOMERS = 1500 };

typedef struct settings {
    const char *data, *target, *results, *device;
    long trials, epochs, seed;
    glia_context *ctx;
    glia_result result; /* of the last network */
} settings;

static glia_status build(const glia_trial *trial, int64_t features, int classes, glia_model *net) {
    glia_value x                 = glia_model_input(net, "features", GLIA_SHAPE(features));
    const glia_dense_args hidden = {.units = (int)glia_trial_number(trial, "units"), .activation = GLIA_RELU};
    x                            = glia_model_dense(net, x, &hidden);
    x = glia_model_dropout(net, x, &(glia_dropout_args){.p = glia_trial_number(trial, "dropout")});
    x = glia_model_dense(net, x, &(glia_dense_args){.units = classes});
    return glia_model_compile(net, x,
                              &(glia_compile_args){.loss      = glia_loss_cross_entropy(),
                                                   .optimizer = glia_optimizer_adam(glia_trial_number(trial, "rate"))});
}

/* A network with the settings of the trial. Columns are brought to one scale by what it learns from alone. */
static glia_status learn(void *user, const glia_trial *trial, glia_dataset *train, glia_dataset *test, double *score) {
    settings *o             = user;
    glia_dataset *scaled[2] = {NULL, NULL}, *parts[] = {train, test};
    glia_model *net        = NULL;
    const int64_t features = glia_dataset_input(train, 0).shape.dim[0];
    glia_scaler *scalers   = malloc((size_t)features * sizeof *scalers);
    glia_status status     = scalers ? GLIA_OK : GLIA_OUT_OF_MEMORY;
    if (status == GLIA_OK) status = glia_scaler_fit_field(train, "features", NULL, scalers, features);
    for (int i = 0; i < 2 && status == GLIA_OK; ++i)
        status = glia_dataset_scale_field(parts[i], "features", scalers, features, &scaled[i]);
    if (status == GLIA_OK) status = glia_model_create(o->ctx, NULL, &net);
    if (status == GLIA_OK) status = build(trial, features, (int)glia_dataset_classes(train, 0), net);
    if (status == GLIA_OK) status = glia_model_fit(net, scaled[0], &(glia_fit_args){.epochs = (int)o->epochs});
    if (status == GLIA_OK) status = glia_model_evaluate(net, scaled[1], 0, &o->result);
    if (status == GLIA_OK) *score = o->result.loss;
    free(scalers);
    glia_model_destroy(net);
    for (int i = 0; i < 2; ++i) glia_dataset_destroy(scaled[i]);
    return status;
}

static glia_status search(settings *o, glia_dataset *train, glia_dataset *test) {
    const double units[]        = {4, 8, 16, 32};
    const glia_setting tried[]  = {{.name = "units", .values = units, .n = 4},
                                   {.name = "rate", .low = 1e-3, .high = 1e-1, .log = true},
                                   {.name = "dropout", .low = 0, .high = 0.5}};
    const glia_search_args args = {.settings   = tried,
                                   .n_settings = 3,
                                   .run        = learn,
                                   .user       = o,
                                   .random     = true,
                                   .trials     = o->trials,
                                   .folds      = {.folds = 4, .stratified = true},
                                   .path       = o->results};
    glia_search *found          = NULL;
    double loss                 = 0;
    int64_t counts[2]           = {0};
    GLIA_TRY(glia_dataset_class_counts(test, 0, counts, 2));
    GLIA_TRY(glia_search_run(train, &args, &found));
    const glia_trial best = glia_search_trial(found, glia_search_best(found));
    glia_status status    = glia_search_print(found, stdout, 5);
    if (status == GLIA_OK) status = learn(o, &best, train, test, &loss);
    const double most = counts[1] > counts[0] ? (double)counts[1] : (double)counts[0];
    if (status == GLIA_OK)
        printf("test: loss %.4f, accuracy %.4f; always the same answer: %.4f\n", loss, o->result.metric[0],
               most / (double)(counts[0] + counts[1]));
    glia_search_destroy(found);
    return status;
}

static glia_status run(settings *o, const char *path) {
    const glia_csv_args args = {.targets = &o->target, .n_targets = 1, .missing = GLIA_MISSING_MEAN};
    glia_table *table        = NULL;
    glia_dataset *all = NULL, *train = NULL, *test = NULL;
    GLIA_TRY(glia_table_read_csv(o->ctx, path, &args, &table));
    glia_status status = glia_table_dataset(table, &all);
    if (status == GLIA_OK)
        status = glia_dataset_split(all, &(glia_split_args){.fraction = 0.8, .stratified = true}, &train, &test);
    if (status == GLIA_OK) status = search(o, train, test);
    glia_table_destroy(table);
    glia_dataset_destroy(all);
    glia_dataset_destroy(train);
    glia_dataset_destroy(test);
    return status;
}

int main(int argc, char **argv) {
    settings o             = {.target = "left", .trials = 8, .epochs = 8};
    const option options[] = {
        {"data", "a CSV file; else it writes one", .text = &o.data},
        {"target", "the column that says who left, with two values", .text = &o.target},
        {"results", "a file of trials, which a search that finds it goes on with", .text = &o.results},
        {"trials", "settings to try", .whole = &o.trials, .least = 1},
        {"epochs", "passes over the customers", .whole = &o.epochs, .least = 1},
        {"seed", "of weights, folds and settings", .whole = &o.seed},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &o.device},
    };
    int exit_code;
    if (!read_options("Learns which customers will leave.", options, sizeof options / sizeof *options, argc, argv,
                      &exit_code))
        return exit_code;
    char made[CUSTOMERS_PATH] = "";
    glia_status status        = glia_context_create(o.device, &(glia_context_args){.seed = (uint64_t)o.seed}, &o.ctx);
    if (status == GLIA_OK && !o.data && !make_customers(CUSTOMERS, made)) status = GLIA_IO_ERROR;
    if (status == GLIA_OK) status = run(&o, o.data ? o.data : made);
    exit_code = example_end("churn", status, o.ctx);
    remove(made);
    glia_context_destroy(o.ctx);
    return exit_code;
}

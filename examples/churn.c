/* Which customers will leave? Reads a table, searches for a network's settings with cross-validation, and judges the
 * best one by customers that the search has not seen. Without a table it writes one. churn --help says what it can do.
 */
#include "support/customers.h"
#include "support/example.h"
#include "support/options.h"
#include "support/table_parts.h"

enum { CUSTOMERS = 1500 };

typedef struct settings {
    const char *data, *target, *results, *device;
    long trials, epochs, seed;
    glia_context *ctx;
    glia_result result; /* of the last network */
} settings;

static glia_status build(const glia_trial *trial, glia_dataset *data, glia_model *net) {
    glia_value x                 = glia_model_input(net, "features", glia_dataset_input(data, 0).shape);
    const glia_dense_args hidden = {.units = (int)glia_trial_number(trial, "units"), .activation = GLIA_RELU};
    x                            = glia_model_dense(net, x, &hidden);
    x = glia_model_dropout(net, x, &(glia_dropout_args){.p = glia_trial_number(trial, "dropout")});
    x = glia_model_dense(net, x, &(glia_dense_args){.units = (int)glia_dataset_classes(data, 0)});
    return glia_model_compile(net, x,
                              &(glia_compile_args){.loss      = glia_loss_cross_entropy(),
                                                   .optimizer = glia_optimizer_adam(glia_trial_number(trial, "rate"))});
}

/* A network with the settings of the trial. */
static glia_status learn(void *user, const glia_trial *trial, glia_dataset *train, glia_dataset *test, double *score) {
    settings *o             = user;
    glia_dataset *scaled[2] = {NULL, NULL};
    glia_model *net         = NULL;
    glia_status status      = scale_parts((glia_dataset *[]){train, test}, scaled);
    if (status == GLIA_OK) status = glia_model_create(o->ctx, NULL, &net);
    if (status == GLIA_OK) status = build(trial, train, net);
    if (status == GLIA_OK) status = glia_model_fit(net, scaled[0], &(glia_fit_args){.epochs = (int)o->epochs});
    if (status == GLIA_OK) status = glia_model_evaluate(net, scaled[1], 0, &o->result);
    if (status == GLIA_OK) *score = o->result.loss;
    glia_model_destroy(net);
    for (int i = 0; i < 2; ++i) glia_dataset_destroy(scaled[i]);
    return status;
}

static glia_status search(settings *o, glia_dataset *train, glia_dataset *test) {
    const double units[]       = {4, 8, 16, 32};
    const glia_setting tried[] = {{.name = "units", .values = units, .n = 4},
                                  {.name = "rate", .low = 1e-3, .high = 1e-1, .log = true},
                                  {.name = "dropout", .low = 0, .high = 0.5}};
    glia_search_args args      = {.settings = tried, .n_settings = 3, .run = learn, .user = o, .path = o->results};
    args.random = true, args.trials = o->trials;
    args.folds         = (glia_folds_args){.folds = 4, .stratified = true};
    glia_search *found = NULL;
    double loss = 0, always = 0;
    GLIA_TRY(commonest_share(test, &always));
    GLIA_TRY(glia_search_run(train, &args, &found));
    const glia_trial best = glia_search_trial(found, glia_search_best(found));
    glia_status status    = glia_search_print(found, stdout, 5);
    if (status == GLIA_OK) status = learn(o, &best, train, test, &loss);
    if (status == GLIA_OK)
        printf("test: loss %.4f, accuracy %.4f; always the same answer: %.4f\n", loss, o->result.metric[0], always);
    glia_search_destroy(found);
    return status;
}

static glia_status run(settings *o, const char *path) {
    glia_dataset *parts[2] = {NULL, NULL};
    glia_status status     = read_parts(o->ctx, path, o->target, parts);
    if (status == GLIA_OK) status = search(o, parts[0], parts[1]);
    for (int i = 0; i < 2; ++i) glia_dataset_destroy(parts[i]);
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
    char made[MADE_PATH] = "", path[MADE_PATH + 16];
    glia_status status   = glia_context_create(o.device, &(glia_context_args){.seed = (uint64_t)o.seed}, &o.ctx);
    if (status == GLIA_OK && !o.data) status = make_customers(CUSTOMERS, made, path);
    if (status == GLIA_OK) status = run(&o, o.data ? o.data : path);
    exit_code = example_end("churn", status, o.ctx);
    remove_folder(made);
    glia_context_destroy(o.ctx);
    return exit_code;
}

/* Forecasts how long the day will be. The Earth turns unevenly: the length of a day differs from 86,400 s by a
 * millisecond or two, with the tides, the seasons and the weather. From the last 168 days an LSTM or a convolutional
 * network says what it will be a week ahead, beside the forecasts that need no learning.
 * forecast --help says what it can do.
 *
 * The series is EOP 14 C04 of the IERS, one value a day, as the package python3-astropy ships it. */
#include <stdlib.h>
#include <string.h>

#include "support/day_length.h"
#include "support/example.h"
#include "support/options.h"

enum { WINDOW = 168 };

typedef struct settings {
    const char *data, *network, *device;
    long hidden, epochs, batch, seed;
    double rate;
} settings;

/* ---- The data ---- */

/* Windows of one part, in the scale of the training part, which is all that a forecaster would know. */
static glia_status make_windows(glia_context *ctx, const days *d, int part, const float *scaled, glia_dataset **out) {
    const glia_series series = {.dtype    = GLIA_F32,
                                .values   = part == GLIA_PART_TRAIN ? scaled : scaled + d->count[GLIA_PART_TRAIN],
                                .steps    = d->count[part],
                                .features = 1};
    return glia_dataset_from_series(ctx, &series,
                                    &(glia_windows_args){.window = WINDOW, .gap = DAYS_AHEAD - 1, .copy = true}, out);
}

static glia_status make_data(glia_context *ctx, const days *d, glia_scaler *scaler, glia_dataset **data) {
    const int64_t count     = d->count[GLIA_PART_TRAIN] + d->count[GLIA_PART_TEST];
    const glia_series train = {.dtype    = GLIA_F32,
                               .values   = d->length,
                               .steps    = d->count[GLIA_PART_TRAIN],
                               .features = 1},
                      all   = {.dtype = GLIA_F32, .values = d->length, .steps = count, .features = 1};
    float *scaled           = malloc((size_t)count * sizeof *scaled);
    glia_status status      = scaled ? glia_scaler_fit(ctx, &train, NULL, scaler) : GLIA_OUT_OF_MEMORY;
    if (status == GLIA_OK) status = glia_scaler_transform(ctx, &all, scaler, scaled);
    for (int part = 0; status == GLIA_OK && part < 2; ++part) status = make_windows(ctx, d, part, scaled, &data[part]);
    free(scaled);
    return status;
}

/* ---- The networks ---- */

static glia_value convolution(glia_model *net, glia_value x, int filters, int kernel) {
    return glia_model_conv1d(
        net, x,
        &(glia_conv1d_args){
            .filters = filters, .kernel = kernel, .stride = 2, .activation = GLIA_RELU, .steps_first = true});
}

static glia_value build(glia_model *net, const settings *o) {
    const int hidden = (int)o->hidden;
    glia_value x     = glia_model_input(net, "window", GLIA_SHAPE(WINDOW, 1));
    if (strcmp(o->network, "lstm") == 0) {
        x = glia_model_lstm(net, x, &(glia_lstm_args){.units = hidden});
    } else {
        x = convolution(net, convolution(net, convolution(net, x, 16, 7), 32, 7), 32, 5);
        x = glia_model_flatten(net, x, NULL);
        x = glia_model_dense(net, x, &(glia_dense_args){.units = hidden, .activation = GLIA_RELU});
    }
    return glia_model_dense(net, x, &(glia_dense_args){.units = 1});
}

static glia_status run(glia_context *ctx, glia_model *net, const days *d, glia_dataset **data, const settings *o) {
    glia_scaler scaler;
    glia_result result;
    printf("%lld days to learn from, %lld to be judged by\n", (long long)d->count[GLIA_PART_TRAIN],
           (long long)d->count[GLIA_PART_TEST]);
    GLIA_TRY(make_data(ctx, d, &scaler, data));
    GLIA_TRY(glia_model_compile(net, build(net, o),
                                &(glia_compile_args){.loss             = glia_loss_mse(),
                                                     .metrics          = {GLIA_METRIC_MAE},
                                                     .optimizer        = glia_optimizer_adam(o->rate),
                                                     .clip_global_norm = 1}));
    GLIA_TRY(glia_model_summary(net, stdout));
    GLIA_TRY(glia_model_fit(net, data[GLIA_PART_TRAIN],
                            &(glia_fit_args){.epochs     = (int)o->epochs,
                                             .batch_size = (int)o->batch,
                                             .validation = data[GLIA_PART_TEST],
                                             .progress   = GLIA_PROGRESS_AUTO}));
    GLIA_TRY(glia_model_evaluate(net, data[GLIA_PART_TEST], 0, &result));
    printf("mean absolute error, a week ahead:\n");
    printf("last value:     %.3f ms\n", forecast_error(d, WINDOW, forecast_last_value));
    printf("moving average: %.3f ms\n", forecast_error(d, WINDOW, forecast_month_average));
    printf("month before:   %.3f ms\n", forecast_error(d, WINDOW, forecast_month_ago));
    printf("%s: %*s %.3f ms\n", o->network, 13 - (int)strlen(o->network), "", result.metric[0] * scaler.scale);
    return GLIA_OK;
}

int main(int argc, char **argv) {
    settings o             = {.data    = "/usr/lib/python3/dist-packages/astropy/utils/iers/data/eopc04_IAU2000.62-now",
                              .network = "lstm",
                              .hidden  = 32,
                              .epochs  = 8,
                              .batch   = 64,
                              .rate    = 3e-3};
    const option options[] = {
        {"data", "the file with the series", .text = &o.data},
        {"network", "what learns", .text = &o.network, .choices = "lstm|conv1d"},
        {"hidden", "units of the LSTM, or of the dense layer", .whole = &o.hidden, .least = 1},
        {"epochs", "passes over the windows", .whole = &o.epochs, .least = 1},
        {"batch", "windows of a step", .whole = &o.batch, .least = 1},
        {"rate", "the learning rate", .real = &o.rate},
        {"seed", "of weights and order", .whole = &o.seed},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &o.device},
    };
    int exit_code;
    if (!read_options("Forecasts the length of the day.", options, sizeof options / sizeof *options, argc, argv,
                      &exit_code))
        return exit_code;

    glia_context *ctx     = NULL;
    glia_model *net       = NULL;
    glia_dataset *data[2] = {NULL, NULL};
    days d                = {0};
    if (!read_days(o.data, &d)) {
        fprintf(stderr, "forecast: %s: no such series; the package python3-astropy has it\n", o.data);
        free(d.length);
        return 1;
    }
    glia_status status = glia_context_create(o.device, &(glia_context_args){.seed = (uint64_t)o.seed}, &ctx);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK) status = run(ctx, net, &d, data, &o);
    exit_code = example_end("forecast", status, ctx);
    for (int part = 0; part < 2; ++part) glia_dataset_destroy(data[part]);
    glia_model_destroy(net);
    glia_context_destroy(ctx);
    free(d.length);
    return exit_code;
}

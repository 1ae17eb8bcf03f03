/* Exclusive or of the first two inputs with a hidden layer of four; the third input is always 1.
 * 2,000 full-batch steps on the squared error, from uniform [0,1) weights. */
#include "support/example.h"
#include "support/options.h"

enum { SAMPLES = 4, STEPS = 2000 };

static const float inputs[SAMPLES][3] = {{0, 0, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 1}};
static const float targets[SAMPLES]   = {0, 1, 1, 0};

static glia_value layer(glia_model *net, glia_value x, const char *name, int units) {
    return glia_model_dense(net, x,
                            &(glia_dense_args){.name        = name,
                                               .units       = units,
                                               .no_bias     = true,
                                               .activation  = GLIA_SIGMOID,
                                               .weight_init = {.kind = GLIA_INIT_UNIFORM, .a = 0, .b = 1}});
}

static glia_status run(glia_model *net, glia_dataset *data) {
    glia_result result;
    float answer[SAMPLES];
    glia_value y      = layer(net, layer(net, glia_model_input(net, "x", GLIA_SHAPE(3)), "hidden", 4), "output", 1);
    glia_model_loss e = glia_loss_mse();
    e.reduction       = GLIA_REDUCTION_SUM;
    GLIA_TRY(glia_model_compile(net, y, &(glia_compile_args){.loss = e, .optimizer = glia_optimizer_sgd(1)}));
    GLIA_TRY(glia_model_fit(net, data, &(glia_fit_args){.epochs = STEPS, .batch_size = SAMPLES, .in_order = true}));
    GLIA_TRY(glia_model_predict(net, data, 0, answer, sizeof answer));
    GLIA_TRY(glia_model_evaluate(net, data, 0, &result));
    for (int i = 0; i < SAMPLES; ++i) printf("%.0f xor %.0f -> %.4f\n", inputs[i][0], inputs[i][1], answer[i]);
    printf("mean squared error: %.6f\n", result.loss);
    return GLIA_OK;
}

int main(int argc, char **argv) {
    const glia_array input       = {.shape = GLIA_SHAPE(3), .data = inputs},
                     target      = {.shape = GLIA_SHAPE(1), .data = targets};
    const glia_arrays_args table = {
        .inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = SAMPLES};
    const char *device     = NULL;
    const option options[] = {{"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &device}};
    int exit_code;
    if (!read_options("Learns exclusive or.", options, 1, argc, argv, &exit_code)) return exit_code;

    glia_context *ctx  = NULL;
    glia_model *net    = NULL;
    glia_dataset *data = NULL;
    glia_status status = glia_context_create(device, NULL, &ctx);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK) status = glia_dataset_from_arrays(ctx, &table, &data);
    if (status == GLIA_OK) status = run(net, data);
    exit_code = example_end("xor", status, ctx);
    glia_dataset_destroy(data);
    glia_model_destroy(net);
    glia_context_destroy(ctx);
    return exit_code;
}

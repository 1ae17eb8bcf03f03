/* Exclusive or of the first two inputs with a hidden layer of four; the third input is always 1.
 * 2,000 full-batch steps on the squared error, from uniform [0,1) weights. */
#include <glia/glia.h>
#include <stdio.h>

#define TRY(expression)                          \
    do {                                         \
        const glia_status status = (expression); \
        if (status != GLIA_OK) return status;    \
    } while (0)

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
    glia_value y = layer(net, layer(net, glia_model_input(net, "x", GLIA_SHAPE(3)), "hidden", 4), "output", 1);
    TRY(glia_model_compile(
        net, y,
        &(glia_compile_args){
            .loss = GLIA_MEAN_SQUARED_ERROR, .reduction = GLIA_REDUCE_SUM, .optimizer = GLIA_SGD, .learning_rate = 1}));
    TRY(glia_model_fit(net, data, &(glia_fit_args){.epochs = STEPS, .batch_size = SAMPLES, .in_order = true}));
    TRY(glia_model_predict(net, data, 0, answer, sizeof answer));
    TRY(glia_model_evaluate(net, data, 0, &result));
    for (int i = 0; i < SAMPLES; ++i) printf("%.0f xor %.0f -> %.4f\n", inputs[i][0], inputs[i][1], answer[i]);
    printf("mean squared error: %.6f\n", result.loss);
    return GLIA_OK;
}

int main(void) {
    const glia_array input  = {.shape = GLIA_SHAPE(3), .data = inputs},
                     target = {.shape = GLIA_SHAPE(1), .data = targets};
    glia_context *ctx       = NULL;
    glia_model *net         = NULL;
    glia_dataset *data      = NULL;
    glia_status status      = glia_context_create("cpu", NULL, &ctx);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK)
        status = glia_dataset_from_arrays(
            ctx,
            &(glia_arrays_args){.inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = SAMPLES},
            &data);
    if (status == GLIA_OK) status = run(net, data);
    if (status != GLIA_OK) fprintf(stderr, "xor: %s: %s\n", glia_status_name(status), glia_message(ctx));
    glia_dataset_destroy(data);
    glia_model_destroy(net);
    glia_context_destroy(ctx);
    return status == GLIA_OK ? 0 : 1;
}

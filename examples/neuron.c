/* One sigmoid neuron, as in many first lessons: the output is the first input.
 * 10,000 full-batch steps of w += x^T ((t - y) y (1 - y)), in double precision. */

#include "support/example.h"
#include "support/options.h"

enum { SAMPLES = 6, STEPS = 10000 };

static const float inputs[SAMPLES][3] = {{0, 0, 0}, {0, 0, 1}, {0, 1, 0}, {1, 0, 0}, {1, 1, 0}, {1, 1, 1}};
static const float targets[SAMPLES]   = {0, 0, 1, 0, 1, 1};
static const double first_weights[3]  = {-0.25091976, 0.90142861, 0.46398788};

static glia_status dataset(glia_context *ctx, const void *x, const void *t, int64_t count, glia_dataset **out) {
    const glia_array input = {.shape = GLIA_SHAPE(3), .data = x}, target = {.shape = GLIA_SHAPE(1), .data = t};
    return glia_dataset_from_arrays(
        ctx,
        &(glia_arrays_args){
            .inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = t != NULL, .count = count},
        out);
}

static glia_status run(glia_model *net, glia_dataset *train, glia_dataset *questions) {
    glia_value x = glia_model_input(net, "x", GLIA_SHAPE(3));
    glia_value y = glia_model_dense(
        net, x, &(glia_dense_args){.name = "neuron", .units = 1, .no_bias = true, .activation = GLIA_SIGMOID});
    double w[3], answer[2];
    GLIA_TRY(glia_model_set(net, "neuron.weight", first_weights, sizeof first_weights));
    glia_model_loss e = glia_loss_mse();
    e.reduction       = GLIA_REDUCTION_SUM;
    /* The gradient of the sum of (t - y)^2 is twice that of the lesson, so the rate is one half. */
    GLIA_TRY(glia_model_compile(net, y, &(glia_compile_args){.loss = e, .optimizer = glia_optimizer_sgd(0.5)}));
    GLIA_TRY(glia_model_fit(net, train, &(glia_fit_args){.epochs = STEPS, .batch_size = SAMPLES, .in_order = true}));
    GLIA_TRY(glia_model_get(net, "neuron.weight", w, sizeof w));
    GLIA_TRY(glia_model_predict(net, questions, 0, answer, sizeof answer));
    printf("weights: %.8f %.8f %.8f\n", w[0], w[1], w[2]);
    printf("1 0 0 -> %.8f\n0 1 1 -> %.8f\n", answer[0], answer[1]);
    return GLIA_OK;
}

int main(int argc, char **argv) {
    static const float question[2][3] = {{1, 0, 0}, {0, 1, 1}};
    const char *device                = NULL;
    const option options[]            = {{"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &device}};
    int exit_code;
    if (!read_options("Learns that the output is the first input.", options, 1, argc, argv, &exit_code))
        return exit_code;

    glia_context *ctx   = NULL;
    glia_model *net     = NULL;
    glia_dataset *train = NULL, *questions = NULL;
    glia_status status = glia_context_create(device, NULL, &ctx);
    if (status == GLIA_OK) status = glia_model_create(ctx, &(glia_model_args){.dtype = GLIA_F64}, &net);
    if (status == GLIA_OK) status = dataset(ctx, inputs, targets, SAMPLES, &train);
    if (status == GLIA_OK) status = dataset(ctx, question, NULL, 2, &questions);
    if (status == GLIA_OK) status = run(net, train, questions);
    exit_code = example_end("neuron", status, ctx);
    glia_dataset_destroy(questions);
    glia_dataset_destroy(train);
    glia_model_destroy(net);
    glia_context_destroy(ctx);
    return exit_code;
}

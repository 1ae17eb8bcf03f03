/* Training that can be ended anywhere and goes on to the same bits: two spirals, one class each. Press Ctrl-C, or kill
 * it, and start it again. resume --help says what it can do. */
#include <math.h>

#include "support/example.h"
#include "support/options.h"

enum { COUNT = 2000 };

static glia_status make_spirals(glia_context *ctx, glia_dataset **out) {
    static float points[COUNT][2];
    static int64_t labels[COUNT];
    for (int i = 0; i < COUNT; ++i) {
        const float t = (float)(i / 2) / (COUNT / 2), angle = 3 * 3.14159265f * t, side = i % 2 ? 1 : -1;
        points[i][0] = side * t * cosf(angle);
        points[i][1] = side * t * sinf(angle);
        labels[i]    = i % 2;
    }
    const glia_array input  = {.name = "point", .dtype = GLIA_F32, .shape = GLIA_SHAPE(2), .data = points};
    const glia_array target = {.name = "spiral", .dtype = GLIA_I64, .shape = GLIA_SCALAR, .data = labels};
    return glia_dataset_from_arrays(
        ctx, &(glia_arrays_args){.inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = COUNT},
        out);
}

static glia_status build(glia_model *net) {
    glia_value x = glia_model_input(net, "point", GLIA_SHAPE(2));
    x            = glia_model_dense(net, x, &(glia_dense_args){.units = 64, .activation = GLIA_RELU});
    x            = glia_model_dense(net, x, &(glia_dense_args){.units = 64, .activation = GLIA_RELU});
    x            = glia_model_dense(net, x, &(glia_dense_args){.units = 2});
    return glia_model_compile(net, x, &(glia_compile_args){.loss = glia_loss_cross_entropy()});
}

/* Where an earlier run was ended, if there was one. */
static glia_status load_newest(glia_context *ctx, glia_model *net, const char *folder) {
    char path[4096];
    if (glia_latest_checkpoint(ctx, folder, NULL, path, sizeof path) != GLIA_OK) return GLIA_OK;
    printf("going on from %s\n", path);
    return glia_model_load_checkpoint(net, path);
}

static glia_status run(glia_context *ctx, glia_model *net, glia_dataset *data, const char *folder, int epochs) {
    glia_callback save = {0}, interrupt = {0};
    glia_result result;
    GLIA_TRY(build(net));
    glia_status status = glia_checkpoints(ctx, &(glia_checkpoint_args){.folder = folder, .every_steps = 100}, &save);
    if (status == GLIA_OK) status = glia_stop_on_interrupt(ctx, &interrupt);
    if (status == GLIA_OK) status = load_newest(ctx, net, folder);
    if (status == GLIA_OK)
        status = glia_model_fit(
            net, data,
            &(glia_fit_args){
                .epochs = epochs, .resume = true, .progress = GLIA_PROGRESS_AUTO, .callbacks = {interrupt, save}});
    if (status == GLIA_OK) status = glia_model_evaluate(net, data, 0, &result);
    if (status == GLIA_OK) printf("loss %.17g  accuracy %.4f\n", result.loss, result.metric[0]);
    glia_callback_destroy(&interrupt);
    glia_callback_destroy(&save);
    return status;
}

int main(int argc, char **argv) {
    const char *folder = "resume-run", *device = NULL;
    long epochs            = 100;
    const option options[] = {
        {"folder", "where the checkpoints are", .text = &folder},
        {"epochs", "passes over the points, in all runs together", .whole = &epochs, .least = 1},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &device},
    };
    int exit_code;
    if (!read_options("Trains a network that can be ended anywhere and goes on.", options,
                      sizeof options / sizeof *options, argc, argv, &exit_code))
        return exit_code;

    glia_context *ctx  = NULL;
    glia_model *net    = NULL;
    glia_dataset *data = NULL;
    glia_status status = glia_context_create(device, NULL, &ctx);
    if (status == GLIA_OK) status = make_spirals(ctx, &data);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK) status = run(ctx, net, data, folder, (int)epochs);
    exit_code = example_end("resume", status, ctx);
    glia_model_destroy(net);
    glia_dataset_destroy(data);
    glia_context_destroy(ctx);
    return exit_code;
}

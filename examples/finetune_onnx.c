/* A network that another program wrote, as a file of ONNX, learns classes of its own: it is cut at one of its values,
 * gets a new head, and is trained on few images, once the head alone and once all of it, which can be written as ONNX
 * again. finetune_onnx --help says what it can do; `glia inspect FILE` shows where a network can be cut. */
#include "support/example.h"
#include "support/options.h"

enum { CLASSES = 10 };

typedef struct settings {
    const char *network, *features, *data, *device, *save;
    long images, epochs, size, seed;
} settings;

/* Grey images as the three channels that networks of photographs take, with an edge of `size` pixels. */
static glia_value photographs(glia_model *net, const settings *o) {
    const int around    = ((int)o->size - 28) / 2;
    glia_value x        = glia_model_input(net, "image", GLIA_SHAPE(1, 28, 28));
    glia_pad_params pad = {.before = {0, 0, around, around},
                           .after  = {0, 0, (int)o->size - 28 - around, (int)o->size - 28 - around}};
    x                   = glia_model_op(net, "pad", &pad, &x, 1, NULL, 0);
    return glia_model_concat(net, (glia_value[]){x, x, x}, 3, NULL);
}

static glia_status build(glia_context *ctx, const settings *o, bool head_alone, glia_model **out) {
    glia_onnx *file = NULL;
    GLIA_TRY(glia_model_create(ctx, NULL, out));
    GLIA_TRY(glia_onnx_open(ctx, o->network, NULL, &file));
    const glia_value image          = photographs(*out, o);
    const glia_onnx_model_args args = {
        .inputs = &image, .n_inputs = 1, .outputs = &o->features, .n_outputs = 1, .frozen = head_alone};
    glia_value x;
    const glia_status status = glia_onnx_add_to_model(file, *out, &args, &x, 1);
    glia_onnx_close(file);
    GLIA_TRY(status);
    x = glia_model_dense(*out, glia_model_flatten(*out, x, NULL), &(glia_dense_args){.name = "head", .units = CLASSES});
    return glia_model_compile(
        *out, x, &(glia_compile_args){.loss = glia_loss_cross_entropy(), .optimizer = glia_optimizer_adam(1e-3)});
}

static glia_status learn(glia_context *ctx, const settings *o, bool head_alone, glia_dataset *train, glia_dataset *test,
                         glia_model **net) {
    glia_result before, after;
    GLIA_TRY(build(ctx, o, head_alone, net));
    GLIA_TRY(glia_model_evaluate(*net, test, 0, &before));
    GLIA_TRY(glia_model_fit(*net, train, &(glia_fit_args){.epochs = (int)o->epochs, .batch_size = 32}));
    GLIA_TRY(glia_model_evaluate(*net, test, 0, &after));
    printf("%s: accuracy %.4f, before %.4f\n", head_alone ? "the head alone" : "all of it", after.metric[0],
           before.metric[0]);
    return GLIA_OK;
}

static glia_status run(glia_context *ctx, const settings *o, glia_dataset *train, glia_dataset *test) {
    for (int head_alone = 1; head_alone >= 0; --head_alone) {
        glia_model *net    = NULL;
        glia_status status = learn(ctx, o, head_alone, train, test, &net);
        if (status == GLIA_OK && !head_alone && o->save) status = glia_onnx_save(net, o->save, NULL);
        glia_model_destroy(net);
        GLIA_TRY(status);
    }
    return GLIA_OK;
}

static glia_status load(glia_context *ctx, const settings *o, glia_part part, glia_dataset **out) {
    glia_dataset *all  = NULL;
    glia_status status = glia_dataset_from_idx_folder(ctx, o->data, part, NULL, &all);
    if (status == GLIA_OK) {
        const int64_t count = glia_dataset_count(all);
        status              = glia_dataset_take(all, 0, o->images < count ? o->images : count, out);
    }
    glia_dataset_destroy(all);
    return status;
}

int main(int argc, char **argv) {
    settings o             = {.network  = "net.onnx",
                              .features = "pool",
                              .data     = "/usr/share/datasets/fashion-mnist",
                              .images   = 1000,
                              .epochs   = 3,
                              .size     = 48};
    const option options[] = {
        {"network", "the file of ONNX, with one input of [N,3,H,W]", .text = &o.network},
        {"features", "the value of the network at which it is cut", .text = &o.features},
        {"data", "the folder with the four files of MNIST or Fashion-MNIST", .text = &o.data},
        {"images", "to learn from, and to be judged by", .whole = &o.images, .least = 1},
        {"epochs", "passes over them", .whole = &o.epochs, .least = 1},
        {"size", "rows and columns that the network gets", .whole = &o.size, .least = 28},
        {"save", "a file of ONNX for the network that was trained as a whole", .text = &o.save},
        {"seed", "of weights and order", .whole = &o.seed},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &o.device},
    };
    int exit_code;
    if (!read_options("Gives a network of ONNX a new head, and trains it.", options, sizeof options / sizeof *options,
                      argc, argv, &exit_code))
        return exit_code;

    glia_context *ctx   = NULL;
    glia_dataset *train = NULL, *test = NULL;
    glia_status status = glia_context_create(o.device, &(glia_context_args){.seed = (uint64_t)o.seed}, &ctx);
    if (status == GLIA_OK) status = load(ctx, &o, GLIA_PART_TRAIN, &train);
    if (status == GLIA_OK) status = load(ctx, &o, GLIA_PART_TEST, &test);
    if (status == GLIA_OK) status = run(ctx, &o, train, test);
    exit_code = example_end("finetune_onnx", status, ctx);

    glia_dataset_destroy(train);
    glia_dataset_destroy(test);
    glia_context_destroy(ctx);
    return exit_code;
}

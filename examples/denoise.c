/* Takes noise out of pictures: a denoising autoencoder learns what has to be subtracted, from pictures to which it adds
 * noise itself. denoise --help says what it can do. Source: Vincent et al., "Extracting and Composing Robust Features
 * with Denoising Autoencoders", 2008; the difference as output: Zhang et al., "Beyond a Gaussian Denoiser", 2017. */
#include <math.h>

#include "support/draw.h"
#include "support/example.h"
#include "support/options.h"
#include "support/samples.h"
#include "support/scenes.h"

enum { SCENES = 300, SIDE = SCENE_SIDE, ELEMENTS = 3 * SIDE * SIDE, SHOWN = 6 };

typedef struct settings {
    const char *data, *picture, *device;
    double noise;
    long epochs, seed;
} settings;

/* Adds numbers of a normal distribution (Box and Muller, 1958) to "noisy", a copy of the picture: others in each epoch.
 */
static glia_status add_noise(void *user, const glia_sample *from, const glia_sample *to) {
    float *x       = to->inputs[0];
    uint64_t state = from->random;
    for (int i = 0; i < ELEMENTS; ++i)
        x[i] += (float)(*(double *)user * sqrt(-2 * log(1 - draw(&state))) * cos(6.283185307179586 * draw(&state)));
    return GLIA_OK;
}

static glia_value convolve(glia_model *net, glia_value x, int filters, int stride) {
    glia_conv2d_args args = {.filters = filters, .kernel = {3, 3}, .pad = {1, 1}, .activation = GLIA_RELU};
    args.stride[0] = args.stride[1] = stride;
    return glia_model_conv2d(net, x, &args);
}

static glia_status build(glia_model *net) {
    const glia_value noisy = glia_model_input(net, "noisy", GLIA_SHAPE(3, SIDE, SIDE));
    const glia_value fine  = convolve(net, noisy, 16, 1);
    glia_value x           = convolve(net, convolve(net, fine, 32, 2), 32, 1);
    x                      = glia_model_concat(net, (glia_value[]){glia_model_upsample2d(net, x, NULL), fine}, 2, NULL);
    x                      = glia_model_conv2d(net, convolve(net, x, 16, 1),
                                               &(glia_conv2d_args){.filters = 3, .kernel = {3, 3}, .pad = {1, 1}});
    return glia_model_compile(net, glia_model_add(net, noisy, x, NULL),
                              &(glia_compile_args){.loss = glia_loss_mse(), .optimizer = glia_optimizer_adam(2e-3)});
}

static glia_status learn(glia_context *ctx, const settings *o, glia_dataset *train, glia_dataset *test,
                         glia_model *net) {
    glia_result result;
    GLIA_TRY(build(net));
    GLIA_TRY(glia_model_fit(net, train, &(glia_fit_args){.epochs = (int)o->epochs, .batch_size = 8}));
    GLIA_TRY(glia_model_evaluate(net, test, 0, &result));
    printf("noise of %.2f dB, after the network %.2f dB\n", -20 * log10(o->noise), -10 * log10(result.loss));
    return o->picture ? show_pictures(ctx, net, test, SHOWN, o->picture) : GLIA_OK;
}

static glia_status run(glia_context *ctx, const settings *o, glia_dataset *pictures, glia_model *net) {
    const glia_map_args noise = {.map = add_noise, .user = (void *)&o->noise, .concurrent = true};
    glia_dataset *both = NULL, *noisy = NULL, *train = NULL, *test = NULL;
    glia_status status = glia_dataset_pick(
        pictures, &(glia_pick_args){&(glia_pick){"image", "noisy"}, 1, &(glia_pick){"image", "clean"}, 1}, &both);
    if (status == GLIA_OK) status = glia_dataset_map(both, &noise, &noisy);
    if (status == GLIA_OK) status = glia_dataset_split(noisy, &(glia_split_args){.fraction = 0.8}, &train, &test);
    if (status == GLIA_OK) status = learn(ctx, o, train, test, net);
    glia_dataset_destroy(both);
    glia_dataset_destroy(noisy);
    glia_dataset_destroy(train);
    glia_dataset_destroy(test);
    return status;
}

int main(int argc, char **argv) {
    settings o             = {.noise = 0.2, .epochs = 8};
    const option options[] = {
        {"data", "a folder with folders of pictures; else it paints some", .text = &o.data},
        {"picture", "a file, .png or .ppm, for pictures of the test before, after, and without noise",
         .text = &o.picture},
        {"noise", "its standard deviation, where white is 1", .real = &o.noise, .most = 10},
        {"epochs", "passes over the pictures", .whole = &o.epochs, .least = 1},
        {"seed", "of weights, noise, order and what is kept for the test", .whole = &o.seed},
        {"device", "cpu, cuda:0, ..., else GLIA_DEVICE", .text = &o.device},
    };
    int exit_code;
    if (!read_options("Takes noise out of pictures.", options, sizeof options / sizeof *options, argc, argv,
                      &exit_code))
        return exit_code;
    glia_context *ctx      = NULL;
    glia_dataset *pictures = NULL;
    glia_model *net        = NULL;
    glia_status status     = glia_context_create(o.device, &(glia_context_args){.seed = (uint64_t)o.seed}, &ctx);
    if (status == GLIA_OK) status = open_scenes(ctx, o.data, SCENES, &pictures);
    if (status == GLIA_OK) status = glia_model_create(ctx, NULL, &net);
    if (status == GLIA_OK) status = run(ctx, &o, pictures, net);
    exit_code = example_end("denoise", status, ctx);
    glia_model_destroy(net);
    glia_dataset_destroy(pictures);
    glia_context_destroy(ctx);
    return exit_code;
}

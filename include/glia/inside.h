/* Looking inside a compiled model: what its layers give, gradients, saliency and occlusion, and pictures of all these.
 *
 * The calls compute as glia_model_predict does: without dropout, with running statistics. They change nothing of the
 * model. States of layers with a stateful_batch begin as they are, go on from batch to batch, and are put back. A call
 * may come between two steps of training, from a callback too, and leaves the bits of what follows as they would be.
 * The model keeps its last 16 plans, those of fit and the others among them, so that the same question about other
 * samples is answered faster; a compile gives them back. */
#ifndef GLIA_INSIDE_H
#define GLIA_INSIDE_H

#include "glia/train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Layers ---- */

GLIA_API int glia_model_layer_count(const glia_model *model);

/* Name, dtype and shape of the output of a layer, in the order of the calls that made them: what glia_model_summary
 * shows. The shape is that of one sample. index out of range: all zero. The name lives until a layer is added. */
GLIA_API glia_field glia_model_layer(const glia_model *model, int index);

/* The number of the layer of this name; -1: there is none. */
GLIA_API int glia_model_layer_index(const glia_model *model, const char *name);

/* The output of a layer, or an input, by its name, for every sample of data: [count, ...] in its dtype, f32 for bf16
 * and f16, with its activation. batch_size 0: 256. */
GLIA_API glia_status glia_model_layer_output(glia_model *model, const char *layer, glia_dataset *data, int batch_size,
                                             void *out, size_t bytes);

/* ---- Gradients ---- */

typedef enum glia_gradient_of {
    GLIA_OF_LOSS,   /* the losses that fit makes smaller; data has targets */
    GLIA_OF_OUTPUT, /* an output of the model */
    GLIA_OF_LAYER   /* the output of a layer */
} glia_gradient_of;

typedef struct glia_gradient_args {
    const char *with_respect_to; /* the name of an input, a layer or a weight */
    glia_gradient_of of;
    int output;            /* of GLIA_OF_OUTPUT: its number */
    const char *layer;     /* of GLIA_OF_LAYER: its name */
    glia_optional element; /* of these two, which number of the output of a sample, row-major: a class, for instance;
                              left out: the largest of each sample, the first of equal ones */
    const double *factors; /* instead of one element: all of them, the sum of each times its factor */
    int64_t n_factors;
    int batch_size; /* default 256 */
} glia_gradient_args;

/* The gradient, in the dtype of what it is with respect to, the model's, unless an op gave it another; f32 for bf16 and
 * f16.
 *
 * With respect to an input or a layer it is that of each sample of data on its own, [count, ...]. With respect to a
 * weight, a frozen one too, it is that of all samples: of the loss as fit has it, before clipping and
 * penalties, the mean over the samples unless its reduction is the sum; of an output, the sum over the samples. It has
 * the weight's shape. Zeros where nothing depends on it. States that go on from batch to batch carry no gradient, as in
 * training.
 *
 * Where a mean loss has class weights or ignores classes, its mean is over each batch: the gradient of a sample is then
 * its part in that mean, times the samples of the batch.
 *
 * Errors, besides those of glia_model_predict_all: GLIA_NOT_FOUND for a name that the model does not have;
 * GLIA_DTYPE_MISMATCH for indices, and GLIA_UNSUPPORTED for running statistics, which have no gradient. */
GLIA_API glia_status glia_model_gradient(glia_model *model, glia_dataset *data, const glia_gradient_args *args,
                                         void *out, size_t bytes);

/* ---- What an image is recognised by ---- */

typedef struct glia_saliency_args {
    const char *input;     /* of images [C,H,W]; default: the first input */
    int output;            /* its number */
    glia_optional element; /* as in glia_gradient_args */
    int batch_size;        /* default 256 */
} glia_saliency_args;

/* How much the output changes with each pixel: the largest absolute gradient of its channels, [count,H,W] in the
 * model's dtype. Where the output is of a softmax, its input says more: glia_model_gradient takes any layer. args may
 * be NULL. Source: Simonyan, Vedaldi and Zisserman, arXiv:1312.6034, section 3.1. */
GLIA_API glia_status glia_model_saliency(glia_model *model, glia_dataset *data, const glia_saliency_args *args,
                                         void *out, size_t bytes);

typedef struct glia_occlusion_args {
    const char *input; /* these three as in glia_saliency_args */
    int output;
    glia_optional element;
    int patch[2];   /* rows and columns that are hidden; no default */
    int stride[2];  /* from one place of the patch to the next; default 1 */
    double fill;    /* what hides them, in the input's numbers */
    bool softmax;   /* of the output, over all its elements: probabilities, where the model gives logits */
    int batch_size; /* default 256 */
} glia_occlusion_args;

/* The element of the output with the patch at each place: [count, rows, columns] in the model's dtype, of
 * ceil((H - patch[0]) / stride[0]) + 1 rows, and columns likewise. The upper left corner of the patch is at multiples
 * of the stride; at the last places it ends with the image. The largest element is that of the whole image. Small
 * numbers are where something was hidden that the output is about. A model with a stateful_batch is
 * GLIA_UNSUPPORTED. Source: Zeiler and Fergus, arXiv:1311.2901, section 4.2. */
GLIA_API glia_status glia_model_occlusion(glia_model *model, glia_dataset *data, const glia_occlusion_args *args,
                                          void *out, size_t bytes);

/* ---- Grids ---- */

/* count images of height x width, one after the other: the filters of a weight [K,C,R,S] are K C of R x S, the
 * activations of a sample [C,H,W] are C of H x W. */
typedef struct glia_grid_args {
    glia_dtype dtype; /* f32 or f64 */
    int64_t count, height, width;
    int64_t columns;  /* images beside each other; default: as many as make a square, rounded up */
    int64_t gap;      /* pixels between two images */
    double gap_value; /* their number, 0 to 1 */
    bool each;        /* each image gets its own scale; otherwise all the same */
    double low, high; /* the numbers that become 0 and 1; both 0: the smallest and the largest that are finite */
} glia_grid_args;

/* The size of the grid, {rows height + (rows - 1) gap, columns width + (columns - 1) gap}, of no more columns than
 * images; zeros where args are no grid's. */
GLIA_API glia_shape glia_grid_shape(const glia_grid_args *args);

/* The images in rows, in one picture of numbers from 0 to 1, which starts in the upper left corner; places without an
 * image have gap_value. Numbers beyond low and high become 0 and 1, NaN becomes 0, and where all are equal 0. */
GLIA_API glia_status glia_grid(glia_context *ctx, const glia_grid_args *args, const void *images, size_t images_bytes,
                               float *out, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif

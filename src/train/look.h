/* Looks inside a model, at all samples of a data set (glia/inside.h). */
#ifndef GLI_TRAIN_LOOK_H
#define GLI_TRAIN_LOOK_H

#include "glia/inside.h"
#include "train/pass.h"

typedef struct gli_look {
    glia_model *model;
    glia_dataset *data;
    const char *call; /* for messages */
    gli_pass_kind kind;
    gli_inspection inspection;
    int batch_size;        /* 0: the default */
    int64_t element;       /* of GLI_PASS_GRADIENT, and not of the largest: whose gradient it is */
    const double *factors; /* instead, one for each element of a sample; NULL: none are given */
    bool summed;           /* of LOSS_GRADIENT: over all samples of data, rather than for each */
    glia_status (*take)(void *to, const gli_step *step);
    void *to;
} gli_look;

/* Computes all batches; take gets each. States of layers are as before. */
glia_status gli_look_run(const gli_look *look);

/* The same checks for all looks: the model and the data; a name, with the value that it stands for; an output's number;
 * that a value has floats; the element that is looked at, among those of a sample; the memory for `count` samples of a
 * value. */
glia_status gli_look_check(const glia_model *model, const glia_dataset *data, int batch_size, const char *call);
glia_status gli_look_find(const glia_model *model, const char *call, const char *name, bool weights, int *value);
glia_status gli_look_output(const glia_model *model, const char *call, int output, int *value);
glia_status gli_look_float(const glia_model *model, const char *call, const char *what, int value);
glia_status gli_look_element(const glia_model *model, const char *call, glia_optional element, int value, int64_t *out);
glia_status gli_look_bytes(const glia_model *model, const char *call, const void *out, size_t bytes, int64_t count,
                           int64_t each);

/* Elements of a value for one sample; of a weight, all. */
int64_t gli_look_elements(const glia_model *model, int value);

/* The value of an input of images [C,H,W]; name NULL: the first input. */
glia_status gli_look_image(const glia_model *model, const char *call, const char *name, int *value);

#endif

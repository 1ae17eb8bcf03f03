/* What convolutions and their transposes share. */
#ifndef GLI_C_FILE_C_CONV_H
#define GLI_C_FILE_C_CONV_H

#include "c_file/c_file.h"
#include "ops/conv/conv_geom.h"

/* A convolution of any number of axes. */
typedef struct gli_c_conv {
    int c, k, groups; /* channels of x and of y */
    gli_c_window w;
} gli_c_conv;

gli_c_conv gli_c_conv_of(const gli_c_layer *l);

static inline bool gli_c_conv_has_bias(const gli_c_layer *l) { return gli_c_has(l, GLI_CONV_BIAS) || l->batchnorm; }

/* Copies of the model's weights, to be changed. */
typedef struct gli_c_filters {
    float *w, *bias;
} gli_c_filters;
glia_status gli_c_read_filters(gli_c_file *f, const gli_c_layer *l, int64_t count, int k, gli_c_filters *out);

static inline void gli_c_fold(float *value, double scale, double shift) {
    *value = (float)((double)*value * scale + shift);
}

/* w as [first,second,...] with the axes of the window behind, and the bias. */
void gli_c_put_filters(gli_c_file *f, const gli_c_layer *l, int first, int second, const gli_c_window *w,
                       const float *values);
void gli_c_put_conv_bias(gli_c_file *f, const gli_c_layer *l, int k, const float *values);

/* Text: what an element of channel k of y begins with; x's channel of filter k's c-th one. */
const char *gli_c_conv_start(const gli_c_layer *l, char text[GLI_C_EXPRESSION]);
const char *gli_c_conv_channel(const gli_c_conv *v, char text[GLI_C_EXPRESSION]);

/* The plan of these layers: the op's own activation. */
void gli_c_plan_conv(gli_c_file *f, gli_c_layer *l);

#endif

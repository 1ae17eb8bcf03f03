/* The references of convolution and of its gradients, for any number of spatial dimensions. */
#ifndef GLI_CPU_REFERENCE_CONV_CONV_REF_H
#define GLI_CPU_REFERENCE_CONV_CONV_REF_H

void gli_ref_conv(const void *geom, const double *const *in, double *const *out);
void gli_ref_conv_backward_data(const void *geom, const double *const *in, double *const *out);
void gli_ref_conv_backward_filter(const void *geom, const double *const *in, double *const *out);

#endif

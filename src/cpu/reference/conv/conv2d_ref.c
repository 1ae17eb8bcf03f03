#include "core/provider.h"
#include "cpu/reference/conv/conv_ref.h"
#include "cpu/reference/ref.h"

GLI_REF_PROVIDER(conv2d, gli_ref_conv);
GLI_REF_PROVIDER(conv2d_backward_data, gli_ref_conv_backward_data);
GLI_REF_PROVIDER(conv2d_backward_filter, gli_ref_conv_backward_filter);

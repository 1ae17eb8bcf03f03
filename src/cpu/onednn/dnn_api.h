/* oneDNN's API as the files dnn_*.c see it: that of version 3, which dnn_api_2.h makes of version 2, and of each call
 * that may allocate a twin in gli_dnnl from which no C++ exception comes. oneDNN throws std::bad_alloc through its C
 * API, and an exception that nobody catches ends the process. */
#ifndef GLI_CPU_ONEDNN_DNN_API_H
#define GLI_CPU_ONEDNN_DNN_API_H

#include <oneapi/dnnl/dnnl.h>

#if DNNL_VERSION_MAJOR < 3
#include "cpu/onednn/dnn_api_2.h"
#else
#include "cpu/onednn/dnn_api_3.h"
#endif

/* dnnl_NAME for each NAME. */
#define GLI_DNN_CALLS(CALL)                                  \
    CALL(engine_create)                                      \
    CALL(stream_create)                                      \
    CALL(stream_wait)                                        \
    CALL(set_verbose)                                        \
    CALL(get_primitive_cache_capacity)                       \
    CALL(set_primitive_cache_capacity)                       \
    CALL(memory_desc_create_with_strides)                    \
    CALL(memory_desc_create_with_tag)                        \
    CALL(memory_create)                                      \
    CALL(memory_set_data_handle)                             \
    CALL(post_ops_create)                                    \
    CALL(post_ops_append_sum)                                \
    CALL(set_scale)                                          \
    CALL(primitive_attr_create)                              \
    CALL(primitive_attr_set_scratchpad_mode)                 \
    CALL(primitive_attr_set_fpmath_mode)                     \
    CALL(primitive_attr_set_post_ops)                        \
    CALL(primitive_desc_query)                               \
    CALL(convolution_forward_primitive_desc_create)          \
    CALL(convolution_backward_data_primitive_desc_create)    \
    CALL(convolution_backward_weights_primitive_desc_create) \
    CALL(deconvolution_forward_primitive_desc_create)        \
    CALL(matmul_primitive_desc_create)                       \
    CALL(eltwise_forward_primitive_desc_create)              \
    CALL(eltwise_backward_primitive_desc_create)             \
    CALL(pooling_forward_primitive_desc_create)              \
    CALL(pooling_backward_primitive_desc_create)             \
    CALL(reorder_primitive_desc_create)                      \
    CALL(primitive_create)                                   \
    CALL(primitive_execute)

#define GLI_DNN_POINTER(name) __typeof__(dnnl_##name) *name;
typedef struct gli_dnn_calls {
    GLI_DNN_CALLS(GLI_DNN_POINTER)
} gli_dnn_calls;

/* guard/ catches exceptions, and needs a C++ compiler; no_guard/ calls oneDNN directly. */
#ifdef __cplusplus
extern "C" const gli_dnn_calls gli_dnnl;
extern "C" void gli_dnn_load_unwinder(void);
#else
extern const gli_dnn_calls gli_dnnl;

/* Before the first of these calls: what an exception needs to come back from one. */
void gli_dnn_load_unwinder(void);
#endif

#endif

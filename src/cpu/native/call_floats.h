/* The memory of a call's f32 tensors. */
#ifndef GLI_CPU_NATIVE_CALL_FLOATS_H
#define GLI_CPU_NATIVE_CALL_FLOATS_H

#include "core/provider.h"

/* NULL where the call has no such tensor. */
static inline float *gli_in_floats(const gli_call *call, int i) {
    return i < call->n_in && call->in[i] ? call->in[i]->data : NULL;
}

static inline float *gli_out_floats(const gli_call *call, int i) { return call->out[i] ? call->out[i]->data : NULL; }

#endif

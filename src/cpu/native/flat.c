#include "cpu/native/flat.h"

float *gli_flat_in(const gli_call *call, int i) { return i < call->n_in && call->in[i] ? call->in[i]->data : NULL; }

float *gli_flat_out(const gli_call *call, int i) { return call->out[i] ? call->out[i]->data : NULL; }

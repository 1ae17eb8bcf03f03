#include "cpu/native/rnn/rnn_step.h"

#include <stddef.h>

#include "cpu/native/isa.h"
#include "cpu/native/vectorize.h"

#define KERNELS "cpu/native/rnn/rnn_step.inc"
#include "cpu/native/isa_kernels.inc"

static const gli_rnn_step_kernel *const kernels[] = ISA_TABLE(rnn_step_kernel);

const gli_rnn_step_kernel *gli_rnn_step_kernel_at(int i) {
    const int isa = (int)gli_isa_here() - i;
    return isa >= GLI_ISA_PORTABLE ? kernels[isa] : NULL;
}

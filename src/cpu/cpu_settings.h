/* What the environment asks of the CPU. */
#ifndef GLI_CPU_CPU_SETTINGS_H
#define GLI_CPU_CPU_SETTINGS_H

#include "core/context_impl.h"

/* Of gli_device. Fails for a GLIA_MAX_CPU_ISA that is unknown. */
glia_status gli_cpu_open(glia_context *ctx, int index);

#endif

#include "core/ops.h"

#include <string.h>

#include "core/device.h"

const glia_op *const glia_ops[] = {
#define GLIA_OP(name) &glia_op_##name,
#include "core/ops.inc"
#undef GLIA_OP
    NULL,
};

const glia_op *glia_op_find(const char *name) {
    for (const glia_op *const *op = glia_ops; *op; ++op)
        if (strcmp((*op)->name, name) == 0) return *op;
    return NULL;
}

bool glia_provider_known(const glia_device *device, const char *name) {
    for (const glia_op *const *op = glia_ops; *op; ++op)
        for (const glia_provider *const *it = device->providers(*op); *it; ++it)
            if (strcmp((*it)->name, name) == 0) return true;
    return false;
}

bool glia_exact_always(const void *geom) {
    (void)geom;
    return true;
}

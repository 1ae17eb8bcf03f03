#include "core/ops.h"

#include <string.h>

#include "core/device.h"

const gli_op *const gli_ops[] = {
#define GLI_OP(name) &gli_op_##name,
#include "core/ops.inc"
#undef GLI_OP
    NULL,
};

const gli_op *gli_op_find(const char *name) {
    for (const gli_op *const *op = gli_ops; *op; ++op)
        if (strcmp((*op)->name, name) == 0) return *op;
    return NULL;
}

bool gli_provider_known(const gli_device *device, const char *name) {
    for (const gli_op *const *op = gli_ops; *op; ++op)
        for (const gli_provider *const *it = device->providers(*op); *it; ++it)
            if (strcmp((*it)->name, name) == 0) return true;
    return false;
}

bool gli_exact_always(const void *geom) {
    (void)geom;
    return true;
}

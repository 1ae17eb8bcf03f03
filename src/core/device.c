#include "core/device.h"

#include <string.h>

#include "core/context.h"

glia_status glia_device_find(const char *name, const glia_device **out) {
    if (strcmp(name, "cpu") == 0 || strcmp(name, "auto") == 0) {
        *out = &glia_cpu_device;
        return GLIA_OK;
    }
    return glia_fail_early(GLIA_NOT_FOUND, "no device '%.64s': this build has \"cpu\", and \"auto\" picks it", name);
}

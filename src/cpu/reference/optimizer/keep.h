/* What a step that is skipped leaves. */
#ifndef GLI_CPU_REFERENCE_OPTIMIZER_KEEP_H
#define GLI_CPU_REFERENCE_OPTIMIZER_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool gli_ref_skips(const double *skip) { return skip && *skip != 0; }

/* new is old, or zeros where that is absent; or is not requested. */
static inline void gli_ref_keep(int count, const double *old, double *new) {
    for (int64_t i = 0; new && i < count; ++i) new[i] = old ? old[i] : 0;
}

#endif

/* What the emulator has beyond CUDA. */
#ifndef GLIA_EMULATOR_EMULATOR_H
#define GLIA_EMULATOR_EMULATOR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GLIA_EMULATOR_API __attribute__((visibility("default")))

/* The text of the last error of this thread, "" when there is none. Where a kernel was at fault it names kernel, block,
 * thread and line. */
GLIA_EMULATOR_API const char *glia_emulator_message(void);

/* Makes a lost GPU as new, as a new process would find it. A GPU that works stays as it is. */
GLIA_EMULATOR_API void glia_emulator_reset(void);

/* The bytes of device memory that nobody has freed. */
GLIA_EMULATOR_API size_t glia_emulator_live_bytes(void);

#ifdef __cplusplus
}
#endif
#endif

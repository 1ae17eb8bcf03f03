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

/* Makes a lost GPU work again, as a new process would find it, but for what its users still have to destroy: handles
 * and memory stay theirs, and no one else gets their addresses. A GPU that works stays as it is. */
GLIA_EMULATOR_API void glia_emulator_reset(void);

/* How often that has happened: what was made before the last time is of no more use. */
GLIA_EMULATOR_API unsigned glia_emulator_resets(void);

/* The bytes of device memory that nobody has freed. */
GLIA_EMULATOR_API size_t glia_emulator_live_bytes(void);

#ifdef __cplusplus
}
#endif
#endif

/* What the emulator has beyond CUDA. */
#ifndef GLI_EMULATOR_EMULATOR_H
#define GLI_EMULATOR_EMULATOR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GLI_EMULATOR_API __attribute__((visibility("default")))

/* The text of the last error of this thread, "" when there is none. Where a kernel was at fault it names kernel, block,
 * thread and line. */
GLI_EMULATOR_API const char *gli_emulator_message(void);

/* What is wrong with GLIA_EMULATOR; NULL: nothing. */
GLI_EMULATOR_API const char *gli_emulator_bad_settings(void);

/* Makes a lost GPU work again, as a new process would find it, but for what its users still have to destroy: handles
 * and memory stay theirs, and no one else gets their addresses. A GPU that works stays as it is. */
GLI_EMULATOR_API void gli_emulator_reset(void);

/* How often that has happened. Handles from before the last time are invalid. */
GLI_EMULATOR_API unsigned gli_emulator_resets(void);

/* The bytes of device memory that are allocated. */
GLI_EMULATOR_API size_t gli_emulator_live_bytes(void);

#ifdef __cplusplus
}
#endif
#endif

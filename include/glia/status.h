/* Status codes: what every function that can fail returns. */
#ifndef GLIA_STATUS_H
#define GLIA_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(GLIA_BUILD) && defined(__GNUC__)
#define GLIA_API __attribute__((visibility("default")))
#else
#define GLIA_API
#endif

/* One list makes the enum, the names and the texts. */
#define GLIA_STATUS_LIST(X)                                                       \
    X(OK, "success")                                                              \
    X(INVALID_ARGUMENT, "an argument is NULL or out of range")                    \
    X(SHAPE_MISMATCH, "shapes do not agree")                                      \
    X(DTYPE_MISMATCH, "data types do not agree")                                  \
    X(DEVICE_MISMATCH, "tensors live on different devices or contexts")           \
    X(UNSUPPORTED, "nothing in this build or on this device can do it")           \
    X(OUT_OF_MEMORY, "an allocation failed")                                      \
    X(BUSY, "another thread is using this context")                               \
    X(NOT_FOUND, "a file, device, op or name does not exist")                     \
    X(IO_ERROR, "reading or writing failed")                                      \
    X(BAD_FORMAT, "a file's content is not what its format says")                 \
    X(CHECK_FAILED, "GLIA_CHECK=shadow found a result that differs from cpu.ref") \
    X(NOT_FINITE, "a value that must be finite is infinite or not a number")      \
    X(CANCELLED, "a callback asked to stop")                                      \
    X(DEVICE_ERROR, "the device or one of its libraries reported an error")       \
    X(DEVICE_LOST, "an earlier device error cannot be undone; create a new context")

typedef enum glia_status {
#define X(name, text) GLIA_##name,
    GLIA_STATUS_LIST(X)
#undef X
} glia_status;

/* In a function that returns glia_status: returns with the first failure. What the function has made is still to be
 * destroyed, so that it belongs where there is nothing yet, or where another function destroys it.
 *     GLIA_TRY(glia_model_fit(net, data, NULL)); */
#define GLIA_TRY(expression)                                    \
    do {                                                        \
        const glia_status glia_try_status = (expression);       \
        if (glia_try_status != GLIA_OK) return glia_try_status; \
    } while (0)

/* "GLIA_SHAPE_MISMATCH" and "shapes do not agree". Never NULL, also for an invalid value. */
GLIA_API const char *glia_status_name(glia_status status);
GLIA_API const char *glia_status_text(glia_status status);

#ifdef __cplusplus
}
#endif
#endif

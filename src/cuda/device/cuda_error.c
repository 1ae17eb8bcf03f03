/* From CUDA's errors to Glia's. */
#include <stdio.h>

#include "cuda/device/cuda_device.h"
#include "cuda/device/build.h"

bool gli_cuda_fails(gli_cuda *cuda, int *error) {
    *error = cuda->fail_with;
    return cuda->calls++ == cuda->fail_at;
}

/* Errors after which every later call of the process fails the same way. Source: CUDA Runtime API, cudaError_t: "the
 * process must be terminated and relaunched". */
static bool sticky(cudaError_t error) {
    switch ((int)error) {
        case cudaErrorIllegalAddress:
        case cudaErrorLaunchTimeout:
        case cudaErrorAssert:
        case cudaErrorHardwareStackError:
        case cudaErrorIllegalInstruction:
        case cudaErrorMisalignedAddress:
        case cudaErrorInvalidAddressSpace:
        case cudaErrorInvalidPc:
        case cudaErrorLaunchFailure:
        case cudaErrorECCUncorrectable:
        case 226: /* cudaErrorContained; this and the next three have no name in older headers */
        case 721: /* cudaErrorTensorMemoryLeak */
        case 810: /* cudaErrorMpsClientTerminated */
        case 911: /* cudaErrorExternalDevice */
        case cudaErrorUnknown: return true;
        default: return false;
    }
}

/* "cudaMalloc" of "cudaMalloc(out, bytes)". */
static int name_length(const char *call) {
    int length = 0;
    while (call[length] && call[length] != '(') ++length;
    return length;
}

glia_status gli_cuda_status(glia_context *ctx, const char *call, cudaError_t error) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    cudaGetLastError(); /* errors that are not sticky would be reported again by the next launch */
    const int length      = name_length(call);
    const char *name      = cudaGetErrorName(error);
    const char *text      = cudaGetErrorString(error);
    const char *more      = gli_cuda_detail();
    const char *separator = *more ? "; " : "";
    if (sticky(error)) {
        cuda->lost = true;
        snprintf(cuda->lost_by, sizeof cuda->lost_by, "%.*s: %s%s%s", length, call, text, separator, more);
        return gli_fail(ctx, GLIA_DEVICE_LOST, "%s is lost: %.*s: %s (%s)%s%s", ctx->device_name, length, call, text,
                        name, separator, more);
    }
    const glia_status status = error == cudaErrorMemoryAllocation         ? GLIA_OUT_OF_MEMORY
                               : error == cudaErrorNotSupported           ? GLIA_UNSUPPORTED
                               : error == cudaErrorNoKernelImageForDevice ? GLIA_UNSUPPORTED
                                                                          : GLIA_DEVICE_ERROR;
    return gli_fail(ctx, status, "%s: %.*s: %s (%s)%s%s", ctx->device_name, length, call, text, name, separator, more);
}

glia_status gli_cuda_ask(glia_context *ctx, const char *call) {
    gli_cuda *cuda                         = gli_cuda_of(ctx);
    enum cudaStreamCaptureStatus capturing = cudaStreamCaptureStatusNone;
    int error;
    if (!cuda->stream) return GLIA_OK;
    cudaStreamIsCapturing(cuda->stream, &capturing);
    if (capturing != cudaStreamCaptureStatusNone) return GLIA_OK; /* asking would end the recording */
    if (!gli_cuda_fails(cuda, &error)) error = (int)cudaStreamQuery(cuda->stream);
    cudaGetLastError();
    if (error == (int)cudaSuccess || error == (int)cudaErrorNotReady) return GLIA_OK;
    return gli_cuda_status(ctx, call, (cudaError_t)error);
}

glia_status gli_cuda_usable(glia_context *ctx) {
    gli_cuda *cuda = gli_cuda_of(ctx);
    if (!cuda->lost && cuda->life != gli_cuda_life()) {
        cuda->lost = true;
        snprintf(cuda->lost_by, sizeof cuda->lost_by, "another context lost the device");
    }
    GLI_REQUIRE(ctx, !cuda->lost, GLIA_DEVICE_LOST,
                "%s was lost earlier (%s); if a new context fails too, the process has to be started anew",
                ctx->device_name, cuda->lost_by);
    return GLIA_OK;
}

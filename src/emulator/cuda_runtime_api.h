/* The part of CUDA's runtime API that src/cuda uses, as the emulator provides it: NVIDIA's names, numbers and
 * signatures (CUDA 13). It shadows the toolkit's header by include path, so that the same sources compile against
 * either. Where the two may differ in what they do, docs/emulator.md says so. */
#ifndef GLI_EMULATOR_CUDA_RUNTIME_API_H
#define GLI_EMULATOR_CUDA_RUNTIME_API_H

#include <stddef.h>

#define CUDART_VERSION 13000
#define CUDART_CB

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cudaError {
    cudaSuccess                        = 0,
    cudaErrorInvalidValue              = 1,
    cudaErrorMemoryAllocation          = 2,
    cudaErrorInitializationError       = 3,
    cudaErrorCudartUnloading           = 4,
    cudaErrorInvalidConfiguration      = 9,
    cudaErrorInvalidPitchValue         = 12,
    cudaErrorInvalidSymbol             = 13,
    cudaErrorInvalidHostPointer        = 16,
    cudaErrorInvalidDevicePointer      = 17,
    cudaErrorInvalidMemcpyDirection    = 21,
    cudaErrorInsufficientDriver        = 35,
    cudaErrorInvalidDeviceFunction     = 98,
    cudaErrorNoDevice                  = 100,
    cudaErrorInvalidDevice             = 101,
    cudaErrorInvalidKernelImage        = 200,
    cudaErrorNoKernelImageForDevice    = 209,
    cudaErrorECCUncorrectable          = 214,
    cudaErrorInvalidPtx                = 218,
    cudaErrorInvalidResourceHandle     = 400,
    cudaErrorIllegalState              = 401,
    cudaErrorNotReady                  = 600,
    cudaErrorIllegalAddress            = 700,
    cudaErrorLaunchOutOfResources      = 701,
    cudaErrorLaunchTimeout             = 702,
    cudaErrorContextIsDestroyed        = 709,
    cudaErrorAssert                    = 710,
    cudaErrorHardwareStackError        = 714,
    cudaErrorIllegalInstruction        = 715,
    cudaErrorMisalignedAddress         = 716,
    cudaErrorInvalidAddressSpace       = 717,
    cudaErrorInvalidPc                 = 718,
    cudaErrorLaunchFailure             = 719,
    cudaErrorCooperativeLaunchTooLarge = 720,
    cudaErrorNotPermitted              = 800,
    cudaErrorNotSupported              = 801,
    cudaErrorSystemNotReady            = 802,
    cudaErrorSystemDriverMismatch      = 803,
    cudaErrorStreamCaptureUnsupported  = 900,
    cudaErrorStreamCaptureInvalidated  = 901,
    cudaErrorStreamCaptureMerge        = 902,
    cudaErrorStreamCaptureUnmatched    = 903,
    cudaErrorStreamCaptureUnjoined     = 904,
    cudaErrorStreamCaptureIsolation    = 905,
    cudaErrorStreamCaptureImplicit     = 906,
    cudaErrorCapturedEvent             = 907,
    cudaErrorStreamCaptureWrongThread  = 908,
    cudaErrorGraphExecUpdateFailure    = 910,
    cudaErrorInvalidClusterSize        = 912,
    cudaErrorUnknown                   = 999
} cudaError_t;

typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;
typedef struct CUgraph_st *cudaGraph_t;
typedef struct CUgraphExec_st *cudaGraphExec_t;
typedef struct CUgraphNode_st *cudaGraphNode_t;
typedef void(CUDART_CB *cudaHostFn_t)(void *user_data);

typedef struct uint3 {
    unsigned int x, y, z;
} uint3;

typedef struct dim3 {
    unsigned int x, y, z;
#ifdef __cplusplus
    constexpr dim3(unsigned int x_ = 1, unsigned int y_ = 1, unsigned int z_ = 1) : x(x_), y(y_), z(z_) {}
#endif
} dim3;

typedef enum cudaMemcpyKind {
    cudaMemcpyHostToHost     = 0,
    cudaMemcpyHostToDevice   = 1,
    cudaMemcpyDeviceToHost   = 2,
    cudaMemcpyDeviceToDevice = 3,
    cudaMemcpyDefault        = 4
} cudaMemcpyKind;

typedef enum cudaMemoryType {
    cudaMemoryTypeUnregistered = 0,
    cudaMemoryTypeHost         = 1,
    cudaMemoryTypeDevice       = 2,
    cudaMemoryTypeManaged      = 3
} cudaMemoryType;

struct cudaPointerAttributes {
    enum cudaMemoryType type;
    int device;
    void *devicePointer;
    void *hostPointer;
};

enum {
    cudaStreamDefault      = 0,
    cudaStreamNonBlocking  = 1,
    cudaEventDefault       = 0,
    cudaEventBlockingSync  = 1,
    cudaEventDisableTiming = 2,
    cudaEventRecordDefault = 0,
    cudaEventWaitDefault   = 0,
    cudaHostAllocDefault   = 0,
    cudaHostAllocPortable  = 1
};

typedef enum cudaStreamCaptureMode {
    cudaStreamCaptureModeGlobal      = 0,
    cudaStreamCaptureModeThreadLocal = 1,
    cudaStreamCaptureModeRelaxed     = 2
} cudaStreamCaptureMode;

typedef enum cudaStreamCaptureStatus {
    cudaStreamCaptureStatusNone        = 0,
    cudaStreamCaptureStatusActive      = 1,
    cudaStreamCaptureStatusInvalidated = 2
} cudaStreamCaptureStatus;

typedef enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 } cudaFuncAttribute;

struct cudaFuncAttributes {
    size_t sharedSizeBytes;
    size_t constSizeBytes;
    size_t localSizeBytes;
    int maxThreadsPerBlock;
    int numRegs;
    int ptxVersion;
    int binaryVersion;
    int maxDynamicSharedSizeBytes;
};

typedef enum cudaDeviceAttr {
    cudaDevAttrMaxThreadsPerBlock               = 1,
    cudaDevAttrMaxBlockDimX                     = 2,
    cudaDevAttrMaxBlockDimY                     = 3,
    cudaDevAttrMaxBlockDimZ                     = 4,
    cudaDevAttrMaxGridDimX                      = 5,
    cudaDevAttrMaxGridDimY                      = 6,
    cudaDevAttrMaxGridDimZ                      = 7,
    cudaDevAttrMaxSharedMemoryPerBlock          = 8,
    cudaDevAttrWarpSize                         = 10,
    cudaDevAttrMaxRegistersPerBlock             = 12,
    cudaDevAttrClockRate                        = 13,
    cudaDevAttrMultiProcessorCount              = 16,
    cudaDevAttrPciBusId                         = 33,
    cudaDevAttrMemoryClockRate                  = 36,
    cudaDevAttrGlobalMemoryBusWidth             = 37,
    cudaDevAttrL2CacheSize                      = 38,
    cudaDevAttrMaxThreadsPerMultiProcessor      = 39,
    cudaDevAttrAsyncEngineCount                 = 40,
    cudaDevAttrUnifiedAddressing                = 41,
    cudaDevAttrComputeCapabilityMajor           = 75,
    cudaDevAttrComputeCapabilityMinor           = 76,
    cudaDevAttrMaxSharedMemoryPerMultiprocessor = 81,
    cudaDevAttrMaxSharedMemoryPerBlockOptin     = 97,
    cudaDevAttrClusterLaunch                    = 120
} cudaDeviceAttr;

struct cudaDeviceProp {
    char name[256];
    size_t totalGlobalMem;
    size_t sharedMemPerBlock;
    int regsPerBlock;
    int warpSize;
    int maxThreadsPerBlock;
    int maxThreadsDim[3];
    int maxGridSize[3];
    int major;
    int minor;
    int multiProcessorCount;
    int integrated;
    int ECCEnabled;
    int pciBusID;
    int pciDeviceID;
    int pciDomainID;
    int asyncEngineCount;
    int unifiedAddressing;
    int memoryBusWidth;
    int l2CacheSize;
    int maxThreadsPerMultiProcessor;
    size_t sharedMemPerMultiprocessor;
    size_t sharedMemPerBlockOptin;
    int cooperativeLaunch;
};

typedef enum cudaLaunchAttributeID { cudaLaunchAttributeClusterDimension = 4 } cudaLaunchAttributeID;

typedef union cudaLaunchAttributeValue {
    char pad[64];
    struct {
        unsigned int x, y, z;
    } clusterDim;
} cudaLaunchAttributeValue;

typedef struct cudaLaunchAttribute_st {
    cudaLaunchAttributeID id;
    char pad[8 - sizeof(cudaLaunchAttributeID)];
    cudaLaunchAttributeValue val;
} cudaLaunchAttribute;

typedef struct cudaLaunchConfig_st {
    dim3 gridDim;
    dim3 blockDim;
    size_t dynamicSmemBytes;
    cudaStream_t stream;
    cudaLaunchAttribute *attrs;
    unsigned int numAttrs;
} cudaLaunchConfig_t;

const char *cudaGetErrorName(cudaError_t error);
const char *cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError(void);
cudaError_t cudaPeekAtLastError(void);

cudaError_t cudaDriverGetVersion(int *version);
cudaError_t cudaRuntimeGetVersion(int *version);
cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int device);
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *properties, int device);
cudaError_t cudaDeviceSynchronize(void);

cudaError_t cudaMemGetInfo(size_t *free, size_t *total);
cudaError_t cudaMalloc(void **pointer, size_t bytes);
cudaError_t cudaFree(void *pointer);
cudaError_t cudaMallocHost(void **pointer, size_t bytes);
cudaError_t cudaHostAlloc(void **pointer, size_t bytes, unsigned int flags);
cudaError_t cudaFreeHost(void *pointer);
cudaError_t cudaPointerGetAttributes(struct cudaPointerAttributes *attributes, const void *pointer);
cudaError_t cudaMemcpy(void *destination, const void *source, size_t bytes, enum cudaMemcpyKind kind);
cudaError_t cudaMemcpyAsync(void *destination, const void *source, size_t bytes, enum cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemset(void *pointer, int value, size_t bytes);
cudaError_t cudaMemsetAsync(void *pointer, int value, size_t bytes, cudaStream_t stream);

cudaError_t cudaStreamCreate(cudaStream_t *stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned int flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamQuery(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags);
cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *user_data);

cudaError_t cudaEventCreate(cudaEvent_t *event);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventQuery(cudaEvent_t event);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end);

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph);
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, enum cudaStreamCaptureStatus *status);
cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *executable, cudaGraph_t graph, unsigned long long flags);
cudaError_t cudaGraphUpload(cudaGraphExec_t executable, cudaStream_t stream);
cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);

cudaError_t cudaFuncSetAttribute(const void *function, enum cudaFuncAttribute attribute, int value);
cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *attributes, const void *function);
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, const void *function, int threads,
                                                          size_t shared_bytes);
cudaError_t cudaOccupancyMaxActiveClusters(int *clusters, const void *function, const cudaLaunchConfig_t *config);

#ifdef __cplusplus
}
#endif
#endif

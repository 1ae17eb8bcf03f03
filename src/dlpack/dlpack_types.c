#include "dlpack/dlpack_types.h"

#include "core/dtype.h"

static const DLDataType types[GLIA_DTYPE_COUNT] = {
    [GLIA_F32] = {kDLFloat, 32, 1}, [GLIA_F64] = {kDLFloat, 64, 1}, [GLIA_BF16] = {kDLBfloat, 16, 1},
    [GLIA_F16] = {kDLFloat, 16, 1}, [GLIA_U8] = {kDLUInt, 8, 1},    [GLIA_I32] = {kDLInt, 32, 1},
    [GLIA_I64] = {kDLInt, 64, 1},
};

DLDataType gli_dlpack_type(glia_dtype dtype) { return types[dtype]; }

bool gli_dlpack_dtype(DLDataType type, glia_dtype *out) {
    if (type.code == kDLBool) type.code = kDLUInt; /* 8 bits, 0 or 1 */
    for (int i = 0; i < GLIA_DTYPE_COUNT; ++i) {
        if (types[i].code != type.code || types[i].bits != type.bits || types[i].lanes != type.lanes) continue;
        *out = (glia_dtype)i;
        return true;
    }
    return false;
}

const char *gli_dlpack_code_name(unsigned code) {
    static const char *const names[] = {"int",
                                        "uint",
                                        "float",
                                        "opaque handle",
                                        "bfloat",
                                        "complex",
                                        "bool",
                                        "float8_e3m4",
                                        "float8_e4m3",
                                        "float8_e4m3b11fnuz",
                                        "float8_e4m3fn",
                                        "float8_e4m3fnuz",
                                        "float8_e5m2",
                                        "float8_e5m2fnuz",
                                        "float8_e8m0fnu",
                                        "float6_e2m3fn",
                                        "float6_e3m2fn",
                                        "float4_e2m1fn"};
    return code < sizeof names / sizeof *names ? names[code] : "?";
}

const char *gli_dlpack_device_name(int type) {
    switch (type) {
        case kDLCPU: return "kDLCPU";
        case kDLCUDA: return "kDLCUDA";
        case kDLCUDAHost: return "kDLCUDAHost";
        case kDLCUDAManaged: return "kDLCUDAManaged";
        case kDLROCM: return "kDLROCM";
        case kDLROCMHost: return "kDLROCMHost";
        case kDLMetal: return "kDLMetal";
        case kDLOneAPI: return "kDLOneAPI";
        default: return "of another kind";
    }
}

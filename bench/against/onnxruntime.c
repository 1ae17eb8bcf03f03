/* ONNX Runtime's side of bench/peers: onnxruntime FOLDER SIZE STATE, with FOLDER/input.f32, samples of SIZE numbers,
 * and FOLDER/model.onnx, whose inputs are x and, where STATE is not 0, h and c [1,1,STATE]; its outputs y, h_n and c_n.
 * Memory of inputs and outputs is bound once. One thread. */
#define _POSIX_C_SOURCE 200809L
#include <onnxruntime_c_api.h>

#include "calls.h"

enum { MOST_OUTPUTS = 1024, MOST_DIMS = 8 };

typedef struct runtime {
    const OrtApi *api;
    OrtSession *session;
    OrtMemoryInfo *memory;
    size_t size, n;                          /* numbers of x, tensors on each side */
    float *x, y[MOST_OUTPUTS], *state[2][2]; /* h and c, before and after a step */
    OrtValue *x_value, *y_value, *state_value[2][2];
    int now;
} runtime;

static void check(const runtime *r, OrtStatus *status) {
    if (!status) return;
    fprintf(stderr, "onnxruntime: %s\n", r->api->GetErrorMessage(status));
    exit(1);
}

static OrtValue *wrap(const runtime *r, float *values, const int64_t *shape, size_t dims) {
    size_t n = 1;
    OrtValue *value;
    for (size_t d = 0; d < dims; ++d) n *= (size_t)shape[d];
    check(r, r->api->CreateTensorWithDataAsOrtValue(r->memory, values, n * sizeof *values, shape, dims,
                                                    ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &value));
    return value;
}

static void open_model(runtime *r, const char *folder) {
    char path[4096];
    OrtEnv *env;
    OrtSessionOptions *options;
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    check(r, r->api->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "peers", &env));
    check(r, r->api->CreateSessionOptions(&options));
    check(r, r->api->SetIntraOpNumThreads(options, 1));
    check(r, r->api->SetInterOpNumThreads(options, 1));
    check(r, r->api->AddSessionConfigEntry(options, "session.set_denormal_as_zero", "1"));
    check(r, r->api->CreateSession(env, path, options, &r->session));
    check(r, r->api->CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, &r->memory));
}

/* The shape of input or output 0. */
static size_t shape_of(const runtime *r, int output, int64_t *shape) {
    size_t dims;
    OrtTypeInfo *info;
    const OrtTensorTypeAndShapeInfo *tensor;
    check(r, output ? r->api->SessionGetOutputTypeInfo(r->session, 0, &info)
                    : r->api->SessionGetInputTypeInfo(r->session, 0, &info));
    check(r, r->api->CastTypeInfoToTensorInfo(info, &tensor));
    check(r, r->api->GetDimensionsCount(tensor, &dims));
    check(r, r->api->GetDimensions(tensor, shape, dims));
    return dims;
}

static void bind(runtime *r, int64_t state) {
    int64_t shape[MOST_DIMS];
    r->x       = calloc(r->size, sizeof *r->x);
    r->x_value = wrap(r, r->x, shape, shape_of(r, 0, shape));
    r->y_value = wrap(r, r->y, shape, shape_of(r, 1, shape));
    for (int i = 0; state && i < 4; ++i) {
        r->state[i / 2][i % 2]       = calloc((size_t)state, sizeof(float));
        r->state_value[i / 2][i % 2] = wrap(r, r->state[i / 2][i % 2], (int64_t[]){1, 1, state}, 3);
    }
}

static float predict(void *user, const float *sample) {
    static const char *const inputs[] = {"x", "h", "c"}, *const outputs[] = {"y", "h_n", "c_n"};
    runtime *r            = user;
    OrtValue *const *from = r->state_value[r->now], *const *to = r->state_value[!r->now];
    OrtValue *out[] = {r->y_value, to[0], to[1]};
    memcpy(r->x, sample, r->size * sizeof *sample);
    check(r, r->api->Run(r->session, NULL, inputs, (const OrtValue *[]){r->x_value, from[0], from[1]}, r->n, outputs,
                         r->n, out));
    r->now = !r->now;
    return r->y[0];
}

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "usage: onnxruntime FOLDER SIZE STATE\n"), 2;
    static runtime r;
    size_t n            = 0;
    const int64_t state = atoll(argv[3]);
    const samples x     = {.values = read_numbers(argv[1], "input.f32", &n), .size = (size_t)atoll(argv[2])};
    const samples all   = {x.values, x.size, n / x.size};
    r.api               = OrtGetApiBase()->GetApi(ORT_API_VERSION);
    r.size = x.size, r.n = state ? 3 : 1;
    if (!x.values || !r.api) return 1;
    open_model(&r, argv[1]);
    bind(&r, state);
    serve_calls(predict, &r, &all);
    return 0;
}

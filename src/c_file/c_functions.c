/* Functions of one element: each kind as the file has it. NaN goes through, as in Glia. */
#include <string.h>

#include "c_file/c_file.h"
#include "core/print.h"

typedef struct function {
    const char *call;  /* the call up to its parenthesis; NULL: no function is needed */
    int numbers;       /* behind the argument: 1: alpha; 2: and beta */
    const char *needs; /* the function that it calls; NULL: none */
    const char *text;  /* its definition; NULL: it is one of math.h */
} function;

/* The polynomial is that of exp in the Cephes library. */
static const char fast_tanh[] =
    "/* tanh(x) = -e / (2 + e), to 2e-7 of it, with e = exp(-2 |x|) - 1 = 2^-n (exp(r) - 1) + 2^-n - 1 and r in\n"
    " * +- ln(2) / 2. There is no branch and no call in it, so that compilers compute several at once. */\n"
    "static inline float fast_tanh(float x) {\n"
    "    float a = fabsf(x), power;\n"
    "    int32_t bits;\n"
    "    memcpy(&bits, &a, sizeof bits); /* in the order of the numbers, NaN last */\n"
    "    const int32_t nan = bits > 0x7f800000 ? 0x7fc00000 : 0;\n"
    "    bits = bits < 0x41200000 ? bits : 0x41200000; /* 10: tanh of it is 1 */\n"
    "    memcpy(&a, &bits, sizeof a);\n"
    "    const int32_t n = (int32_t)(2.88539008f * a + 0.5f);\n"
    "    const float r = ((float)n * 0.693359375f - 2 * a) - (float)n * 2.12194440e-4f;\n"
    "    const float p = 0.5f + r * (0.166666665f + r * (4.16657959e-2f + r * (8.33345191e-3f +\n"
    "                    r * (1.39819995e-3f + r * 1.98756915e-4f))));\n"
    "    bits = (127 - n) * 8388608;\n"
    "    memcpy(&power, &bits, sizeof power); /* 2^-n */\n"
    "    const float e = power * (p * r * r + r) + (power - 1), y = copysignf(e / (2 + e), x);\n"
    "    memcpy(&bits, &y, sizeof bits);\n"
    "    bits |= nan;\n"
    "    memcpy(&a, &bits, sizeof a);\n"
    "    return a;\n"
    "}";

static const function functions[GLIA_UNARY_COUNT] = {
    [GLIA_UNARY_STEP] = {"step", 0, NULL, "float step(float x) { return x > 0 ? 1 : x <= 0 ? 0 : x; }"},
    [GLIA_UNARY_SIGMOID] =
        {"sigmoid", 0, NULL,
         "float sigmoid(float x) {\n"
         "    const float e = expf(-fabsf(x)); /* never of a positive number, which might overflow */\n"
         "    return (x >= 0 ? 1 : e) / (1 + e);\n"
         "}"},
    [GLIA_UNARY_TANH]       = {"fast_tanh", 0, NULL, fast_tanh},
    [GLIA_UNARY_RELU]       = {"relu", 0, NULL, "float relu(float x) { return x <= 0 ? 0 : x; }"},
    [GLIA_UNARY_LEAKY_RELU] = {"leaky_relu", 1, NULL,
                               "float leaky_relu(float x, float alpha) { return x > 0 ? x : alpha * x; }"},
    [GLIA_UNARY_ELU]  = {"elu", 1, NULL, "float elu(float x, float alpha) { return x > 0 ? x : alpha * expm1f(x); }"},
    [GLIA_UNARY_SELU] = {"selu", 0, NULL,
                         "float selu(float x) { return 1.05070099f * (x > 0 ? x : 1.67326324f * expm1f(x)); }"},
    [GLIA_UNARY_GELU] = {"gelu", 0, NULL, "float gelu(float x) { return 0.5f * x * erfcf(-0.707106781f * x); }"},
    [GLIA_UNARY_GELU_TANH]    = {"gelu_tanh", 0, "sigmoid",
                                 "float gelu_tanh(float x) {\n"
                                    "    return x * sigmoid(1.59576912f * (x + 0.044715f * x * x * x));\n"
                                    "}"},
    [GLIA_UNARY_SILU]         = {"silu", 0, "sigmoid", "float silu(float x) { return x * sigmoid(x); }"},
    [GLIA_UNARY_SOFTPLUS]     = {"softplus", 1, NULL,
                                 "float softplus(float x, float alpha) {\n"
                                     "    const float t = alpha * x;\n"
                                     "    return ((t > 0 ? t : 0) + log1pf(expf(-fabsf(t)))) / alpha;\n"
                                     "}"},
    [GLIA_UNARY_SOFTSIGN]     = {"softsign", 0, NULL, "float softsign(float x) { return x / (1 + fabsf(x)); }"},
    [GLIA_UNARY_HARD_SIGMOID] = {"hard_sigmoid", 2, "clip",
                                 "float hard_sigmoid(float x, float alpha, float beta) {\n"
                                 "    return clip(alpha * x + beta, 0, 1);\n"
                                 "}"},
    [GLIA_UNARY_HARD_SWISH]   = {"hard_swish", 0, "clip",
                                 "float hard_swish(float x) { return x * clip(x / 6 + 0.5f, 0, 1); }"},
    [GLIA_UNARY_CLIP]         = {"clip", 2, NULL,
                                 "float clip(float x, float low, float high) {\n"
                                         "    return x < low ? low : x > high ? high : x;\n"
                                         "}"},
    [GLIA_UNARY_EXP]          = {"expf", 0, NULL, NULL},
    [GLIA_UNARY_LOG]          = {"logf", 0, NULL, NULL},
    [GLIA_UNARY_SQRT]         = {"sqrtf", 0, NULL, NULL},
    [GLIA_UNARY_ABS]          = {"fabsf", 0, NULL, NULL},
    [GLIA_UNARY_NEG]          = {"-", 0, NULL, NULL},
    [GLIA_UNARY_SQUARE]       = {"square", 0, NULL, "float square(float x) { return x * x; }"},
    [GLIA_UNARY_SIN]          = {"sinf", 0, NULL, NULL},
    [GLIA_UNARY_COS]          = {"cosf", 0, NULL, NULL},
};

const char *gli_c_unary(glia_unary_kind kind, double alpha, double beta, const char *of, char text[GLI_C_EXPRESSION]) {
    const function *fn = &functions[kind];
    if (!fn->call) return of;
    int used = gli_format(text, GLI_C_EXPRESSION, "%s(%s", fn->call, of);
    if (fn->numbers >= 1) used += gli_format(text + used, GLI_C_EXPRESSION - (size_t)used, ", %s", GLI_C_FLOAT(alpha));
    if (fn->numbers == 2) used += gli_format(text + used, GLI_C_EXPRESSION - (size_t)used, ", %s", GLI_C_FLOAT(beta));
    gli_format(text + used, GLI_C_EXPRESSION - (size_t)used, ")");
    return text;
}

void gli_c_use(gli_c_file *f, glia_unary_kind kind) {
    const char *needs = functions[kind].needs;
    f->functions |= 1u << kind;
    for (int k = 0; needs && k < GLIA_UNARY_COUNT; ++k)
        if (functions[k].text && strcmp(functions[k].call, needs) == 0) f->functions |= 1u << k;
}

/* Those that call others come last. */
void gli_c_put_functions(gli_c_file *f) {
    for (int calls = 0; calls <= 1; ++calls)
        for (int k = 0; k < GLIA_UNARY_COUNT; ++k)
            if ((f->functions >> k & 1) && functions[k].text && !functions[k].needs == !calls)
                gli_c_put(f, "%s%s\n\n", *functions[k].text == '/' ? "" : "static inline ", functions[k].text);
    if (f->gates)
        gli_c_put(f,
                  "/* The sigmoid of a gate, to 2e-7 of 1. */\n"
                  "static inline float gate_of(float x) { return 0.5f + 0.5f * fast_tanh(0.5f * x); }\n\n");
    if (f->minimum)
        gli_c_put(f, "static inline float minimum(float a, float b) { return a < b || isnan(a) ? a : b; }\n\n");
    if (f->maximum)
        gli_c_put(f, "static inline float maximum(float a, float b) { return a > b || isnan(a) ? a : b; }\n\n");
}

/* The table of operators: one row for each version of one that means something else. */
#include <string.h>

#include "glia/ops/elementwise.h"
#include "glia/ops/loss.h"
#include "glia/ops/reduce.h"
#include "onnx/onnx_export.h"
#include "onnx/onnx_map.h"

#define TRAINING "ai.onnx.preview.training"
#define QUANTIZED "it is quantized: Glia computes with floats"

#define UNARY(name, kind_) {"", name, 1, 0, gli_onnx_map_unary, .kind = GLIA_UNARY_##kind_}
#define BINARY(name, kind_) {"", name, 6, 0, gli_onnx_map_binary, .kind = GLIA_BINARY_##kind_}
#define VARIADIC(name, kind_) {"", name, 1, 0, gli_onnx_map_variadic, .kind = GLIA_BINARY_##kind_}
#define REDUCE(name, kind_) {"", name, 1, 0, gli_onnx_map_reduce, .kind = GLIA_REDUCE_##kind_}
#define COMPARE(name, kind_) {"", name, 7, 0, gli_onnx_map_compare, .kind = GLI_ONNX_##kind_}
#define LOGIC(name, kind_) {"", name, 7, 0, gli_onnx_map_logic, .kind = GLI_ONNX_##kind_}
#define ROUND(name, kind_) {"", name, 1, 0, gli_onnx_map_round, .kind = GLI_ONNX_##kind_}
#define PLAIN(name, function) {"", name, 1, 0, gli_onnx_map_##function}
#define MISSING(name, why) {"", name, 1, 0, NULL, why}

static const gli_onnx_operator operators[] = {
    {"", "Abs", 1, 0, gli_onnx_map_integer_unary, .kind = GLIA_UNARY_ABS},
    BINARY("Add", ADD),
    LOGIC("And", AND),
    {"", "ArgMax", 1, 0, gli_onnx_map_argmax, .kind = 0},
    {"", "ArgMin", 1, 0, gli_onnx_map_argmax, .kind = 1},
    PLAIN("AveragePool", average_pool),
    PLAIN("BatchNormalization", batchnorm),
    PLAIN("Cast", cast),
    PLAIN("CastLike", cast_like),
    ROUND("Ceil", CEIL),
    PLAIN("Celu", celu),
    PLAIN("Clip", clip),
    PLAIN("Concat", concat),
    PLAIN("Constant", constant),
    PLAIN("ConstantOfShape", constant_of_shape),
    PLAIN("Conv", conv),
    MISSING("ConvInteger", QUANTIZED),
    PLAIN("ConvTranspose", conv_transpose),
    UNARY("Cos", COS),
    {"", "CumSum", 11, 0, gli_onnx_map_cumsum},
    PLAIN("DepthToSpace", depth_to_space),
    MISSING("DequantizeLinear", QUANTIZED),
    BINARY("Div", DIV),
    PLAIN("Dropout", dropout),
    MISSING("DynamicQuantizeLinear", QUANTIZED),
    {"", "Einsum", 12, 0, gli_onnx_map_einsum},
    {"", "Elu", 1, 0, gli_onnx_map_unary, .kind = GLIA_UNARY_ELU, .alpha = 1, .names = "a"},
    COMPARE("Equal", EQUAL),
    PLAIN("Erf", erf),
    UNARY("Exp", EXP),
    PLAIN("Expand", expand),
    PLAIN("EyeLike", eye_like),
    PLAIN("Flatten", flatten),
    ROUND("Floor", FLOOR),
    {"", "GRU", 7, 0, gli_onnx_map_rnn, .kind = 2},
    PLAIN("Gather", gather),
    PLAIN("Gelu", gelu),
    PLAIN("Gemm", gemm),
    {"", "GlobalAveragePool", 1, 0, gli_onnx_map_global_pool, .kind = GLIA_REDUCE_MEAN},
    {"", "GlobalMaxPool", 1, 0, gli_onnx_map_global_pool, .kind = GLIA_REDUCE_MAX},
    COMPARE("Greater", GREATER),
    {"", "GreaterOrEqual", 12, 0, gli_onnx_map_compare, .kind = GLI_ONNX_GREATER_EQUAL},
    {"", "GroupNormalization", 21, 0, gli_onnx_map_groupnorm},
    {"", "HardSigmoid", 1, 0, gli_onnx_map_unary, .kind = GLIA_UNARY_HARD_SIGMOID, .alpha = 0.2, .beta = 0.5,
     .names = "ab"},
    UNARY("HardSwish", HARD_SWISH),
    PLAIN("Hardmax", hardmax),
    PLAIN("Identity", identity),
    MISSING("If", "Glia's graphs have no branches"),
    PLAIN("InstanceNormalization", instancenorm),
    PLAIN("IsInf", is_inf),
    PLAIN("IsNaN", is_nan),
    PLAIN("LRN", lrn),
    {"", "LSTM", 7, 0, gli_onnx_map_rnn, .kind = 1},
    PLAIN("LayerNormalization", layernorm),
    {"", "LeakyRelu", 1, 0, gli_onnx_map_unary, .kind = GLIA_UNARY_LEAKY_RELU, .alpha = 0.01, .names = "a"},
    COMPARE("Less", LESS),
    {"", "LessOrEqual", 12, 0, gli_onnx_map_compare, .kind = GLI_ONNX_LESS_EQUAL},
    UNARY("Log", LOG),
    {"", "LogSoftmax", 1, 0, gli_onnx_map_softmax, .kind = 1},
    MISSING("Loop", "Glia's graphs have no loops"),
    PLAIN("MatMul", matmul),
    MISSING("MatMulInteger", QUANTIZED),
    VARIADIC("Max", MAXIMUM),
    PLAIN("MaxPool", max_pool),
    PLAIN("Mean", mean),
    PLAIN("MeanVarianceNormalization", mvn),
    VARIADIC("Min", MINIMUM),
    PLAIN("Mish", mish),
    PLAIN("Mod", mod),
    BINARY("Mul", MUL),
    {"", "Neg", 1, 0, gli_onnx_map_integer_unary, .kind = GLIA_UNARY_NEG},
    {"", "NegativeLogLikelihoodLoss", 12, 0, gli_onnx_map_cross_entropy, .kind = GLIA_FROM_LOG_PROBABILITIES},
    PLAIN("Not", not),
    PLAIN("OneHot", one_hot),
    LOGIC("Or", OR),
    PLAIN("PRelu", prelu),
    PLAIN("Pad", pad),
    PLAIN("Pow", pow),
    MISSING("QLinearConv", QUANTIZED),
    MISSING("QLinearMatMul", QUANTIZED),
    MISSING("QuantizeLinear", QUANTIZED),
    PLAIN("RMSNormalization", rmsnorm),
    {"", "RNN", 7, 0, gli_onnx_map_rnn, .kind = 0},
    PLAIN("Range", range),
    PLAIN("Reciprocal", reciprocal),
    REDUCE("ReduceL1", L1),
    REDUCE("ReduceL2", L2),
    PLAIN("ReduceLogSum", reduce_log_sum),
    PLAIN("ReduceLogSumExp", reduce_log_sum_exp),
    REDUCE("ReduceMax", MAX),
    REDUCE("ReduceMean", MEAN),
    REDUCE("ReduceMin", MIN),
    PLAIN("ReduceProd", reduce_prod),
    REDUCE("ReduceSum", SUM),
    PLAIN("ReduceSumSquare", reduce_sum_square),
    UNARY("Relu", RELU),
    PLAIN("Reshape", reshape),
    {"", "Resize", 10, 0, gli_onnx_map_resize},
    ROUND("Round", ROUND),
    PLAIN("Selu", selu),
    PLAIN("Shape", shape),
    PLAIN("Shrink", shrink),
    UNARY("Sigmoid", SIGMOID),
    PLAIN("Sign", sign),
    UNARY("Sin", SIN),
    PLAIN("Size", size),
    PLAIN("Slice", slice),
    {"", "Softmax", 1, 0, gli_onnx_map_softmax, .kind = 0},
    {"", "SoftmaxCrossEntropyLoss", 12, 0, gli_onnx_map_cross_entropy, .kind = GLIA_FROM_LOGITS},
    {"", "Softplus", 1, 0, gli_onnx_map_unary, .kind = GLIA_UNARY_SOFTPLUS, .alpha = 1},
    UNARY("Softsign", SOFTSIGN),
    PLAIN("SpaceToDepth", space_to_depth),
    PLAIN("Split", split),
    UNARY("Sqrt", SQRT),
    PLAIN("Squeeze", squeeze),
    BINARY("Sub", SUB),
    VARIADIC("Sum", ADD),
    PLAIN("Tan", tan),
    UNARY("Tanh", TANH),
    PLAIN("ThresholdedRelu", thresholded_relu),
    PLAIN("Tile", tile),
    {"", "TopK", 10, 0, gli_onnx_map_topk},
    PLAIN("Transpose", transpose),
    PLAIN("Trilu", trilu),
    PLAIN("Unsqueeze", unsqueeze),
    {"", "Upsample", 9, 9, gli_onnx_map_resize},
    PLAIN("Where", where),
    LOGIC("Xor", XOR),
    {TRAINING, "Adagrad", 1, 0, gli_onnx_map_adagrad},
    {TRAINING, "Adam", 1, 0, gli_onnx_map_adam},
    {TRAINING, "Momentum", 1, 0, gli_onnx_map_momentum},
    {TRAINING, "Gradient", 1, 0, NULL, "Glia's own gradients are glia_graph_gradient and training"},
};

const gli_onnx_operator *gli_onnx_operator_find(const char *domain, const char *name, int version) {
    for (size_t i = 0; i < sizeof operators / sizeof *operators; ++i) {
        const gli_onnx_operator *o = &operators[i];
        if (strcmp(o->name, name) == 0 && strcmp(o->domain, domain) == 0 && version >= o->since &&
            (!o->until || version <= o->until))
            return o;
    }
    return NULL;
}

const gli_onnx_operator *gli_onnx_operator_by(void (*map)(gli_onnx_node *node), int kind) {
    for (size_t i = 0; i < sizeof operators / sizeof *operators; ++i)
        if (operators[i].map == map && operators[i].kind == kind) return &operators[i];
    return NULL;
}

/* Logits, probabilities and their logarithms: what an output gives, by its last op, and what a loss takes. */
#include "glia/ops/conv.h"
#include "glia/ops/elementwise.h"
#include "glia/ops/linear.h"
#include "glia/ops/softmax.h"
#include "train/training.h"

typedef enum meaning { ANY, LOGITS, PROBABILITIES, LOG_PROBABILITIES } meaning;

static const char *const words[] = {
    [LOGITS] = "logits", [PROBABILITIES] = "probabilities", [LOG_PROBABILITIES] = "log-probabilities"};

/* What each loss takes, and the ones to use for an output that gives something else. */
static const struct {
    const char *name;
    meaning takes;
    const char *instead[LOG_PROBABILITIES + 1];
} losses[GLIA_LOSS_COUNT] = {
    [GLIA_LOSS_CROSS_ENTROPY] = {"glia_loss_cross_entropy",
                                 LOGITS,
                                 {[PROBABILITIES] = "glia_loss_categorical_cross_entropy"}},
    [GLIA_LOSS_CATEGORICAL_CROSS_ENTROPY] =
        {"glia_loss_categorical_cross_entropy",
         PROBABILITIES,
         {[LOGITS] = "glia_loss_cross_entropy", [LOG_PROBABILITIES] = "glia_loss_nll"}},
    [GLIA_LOSS_NLL]        = {"glia_loss_nll",
                              LOG_PROBABILITIES,
                              {[LOGITS] = "glia_loss_cross_entropy", [PROBABILITIES] = "glia_loss_categorical_cross_entropy"}},
    [GLIA_LOSS_BCE]        = {"glia_loss_bce", PROBABILITIES, {[LOGITS] = "glia_loss_bce_logits"}},
    [GLIA_LOSS_BCE_LOGITS] = {"glia_loss_bce_logits", LOGITS, {[PROBABILITIES] = "glia_loss_bce"}},
    [GLIA_LOSS_FOCAL]      = {"glia_loss_focal", LOGITS, {[PROBABILITIES] = "glia_loss_bce"}},
    [GLIA_LOSS_DICE]       = {"glia_loss_dice", PROBABILITIES, {[LOGITS] = "a sigmoid or softmax layer after it"}},
    [GLIA_LOSS_IOU]        = {"glia_loss_iou", PROBABILITIES, {[LOGITS] = "a sigmoid or softmax layer after it"}},
};

static meaning of_activation(glia_activation activation) {
    return activation == GLIA_LINEAR ? LOGITS : activation == GLIA_SIGMOID ? PROBABILITIES : ANY;
}

static meaning of_node(const gli_model_node *node) {
    if (node->op == &gli_op_softmax)
        return ((const glia_softmax_params *)node->params)->log ? LOG_PROBABILITIES : PROBABILITIES;
    if (node->op == &gli_op_unary)
        return ((const glia_unary_params *)node->params)->kind == GLIA_UNARY_SIGMOID ? PROBABILITIES : ANY;
    if (node->op == &gli_op_dense) return of_activation(((const glia_dense_params *)node->params)->activation);
    if (node->op == &gli_op_conv2d) return of_activation(((const glia_conv2d_params *)node->params)->activation);
    if (node->op == &gli_op_conv3d) return of_activation(((const glia_conv3d_params *)node->params)->activation);
    return ANY;
}

/* A view is what it is a view of. */
static const gli_model_node *last_node(const glia_model *model, int value) {
    while (model->values[value].source == GLI_SOURCE_NODE) {
        const gli_model_node *node = &model->nodes[model->values[value].index];
        if (!node->op->view) return node;
        value = node->in[0];
    }
    return NULL;
}

glia_status gli_loss_check_output(const glia_model *model, const char *call, int value, glia_loss_kind kind) {
    const gli_model_node *node = last_node(model, value);
    const meaning gives = node ? of_node(node) : ANY, takes = losses[kind].takes;
    const char *instead = losses[kind].instead[gives];
    GLI_REQUIRE(model->ctx, !instead, GLIA_INVALID_ARGUMENT, "%s: %s gives %s, but %s takes %s; %s takes %s", call,
                model->layers[node->layer].label, words[gives], losses[kind].name, words[takes], instead, words[gives]);
    return GLIA_OK;
}

/* The names of outputs, and of their losses and metrics. */
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"
#include "train/training.h"

/* The name of the input or the layer that the value comes from. */
static const char *source_of(const glia_model *model, int value) {
    for (int i = 0; i < model->n_inputs; ++i)
        if (model->inputs[i].value == value) return model->inputs[i].name;
    return model->layers[model->nodes[model->values[value].index].layer].name;
}

static bool taken(const gli_training *training, int n_others, const char *name) {
    for (int i = 0; i < n_others; ++i)
        if (strcmp(training->outputs[i].name, name) == 0) return true;
    return false;
}

static glia_status check_given(const glia_model *model, const char *call, int n_others, const char *name) {
    GLI_REQUIRE(model->ctx, gli_name_valid(name, GLI_NAME_LIMIT), GLIA_INVALID_ARGUMENT,
                "%s: the name must be 1 to %d bytes of UTF-8, none a control character", call, GLI_NAME_LIMIT);
    GLI_REQUIRE(model->ctx, !taken(model->training, n_others, name), GLIA_INVALID_ARGUMENT,
                "%s: the name '%s' is that of another output", call, name);
    return GLIA_OK;
}

/* The bytes of as many characters as fit. */
static int bytes_of_characters(const char *text, size_t most) {
    const size_t length = strlen(text);
    size_t used         = 0;
    while (used < length) {
        uint32_t character;
        const size_t bytes = gli_utf8_read(text + used, length - used, &character);
        if (used + bytes > most) break;
        used += bytes;
    }
    return (int)used;
}

static void make_name(const glia_model *model, int n_others, gli_output *output) {
    const char *source = source_of(model, output->value);
    snprintf(output->name, sizeof output->name, "%.*s", bytes_of_characters(source, GLI_NAME_LIMIT), source);
    for (int i = 1; taken(model->training, n_others, output->name); ++i)
        snprintf(output->name, sizeof output->name, "%.*s_%d", bytes_of_characters(source, GLI_NAME_LIMIT - 2), source,
                 i);
}

glia_status gli_output_name(const glia_model *model, const char *call, int n_others, gli_output *output) {
    const char *given = output->args.name;
    if (given) {
        GLI_TRY(check_given(model, call, n_others, given));
        snprintf(output->name, sizeof output->name, "%s", given);
        output->args.name = NULL;
    } else {
        make_name(model, n_others, output);
    }
    for (int i = 0; i <= GLIA_MAX_METRICS; ++i)
        snprintf(output->result_name[i], sizeof output->result_name[i], "%.*s/%s", GLI_NAME_LIMIT, output->name,
                 i == 0 ? "loss" : gli_metric_rule_of(output->args.metrics[i - 1])->name);
    return GLIA_OK;
}

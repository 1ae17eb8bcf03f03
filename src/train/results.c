/* The sums of losses and metrics, which steps on the device add to, as means. */
#include "train/step.h"

enum { MAX_SUMS = GLIA_MAX_OUTPUTS * (1 + GLIA_MAX_METRICS) };

int gli_results_of(const gli_output *output) {
    if (output->args.loss.kind == GLIA_LOSS_NONE) return 0;
    int count = 1;
    for (int k = 0; k < GLIA_MAX_METRICS; ++k) count += output->args.metrics[k] != GLIA_METRIC_NONE;
    return count;
}

int gli_results_count(const gli_training *training) {
    int count = 0;
    for (int i = 0; i < training->n_outputs; ++i) count += gli_results_of(&training->outputs[i]);
    return count;
}

glia_status gli_results_reset(const gli_training *training, gli_sums whose) {
    glia_tensor *sums = training->compiled.sums[whose];
    return sums ? glia_tensor_fill(sums, 0) : GLIA_OK;
}

const char *gli_metric_name(glia_metric metric) {
    switch (metric) {
        case GLIA_METRIC_ACCURACY: return "accuracy";
        case GLIA_METRIC_BINARY_ACCURACY: return "binary_accuracy";
        case GLIA_METRIC_TOP_K: return "top_k";
        case GLIA_METRIC_MSE: return "mse";
        case GLIA_METRIC_MAE: return "mae";
        case GLIA_METRIC_DEFAULT:
        case GLIA_METRIC_NONE: break;
    }
    return "none";
}

static double mean_of(const double sum[2]) { return sum[1] > 0 ? sum[0] / sum[1] : 0; }

glia_status gli_results_read(const gli_training *training, gli_sums whose, glia_result *out) {
    const glia_tensor *tensor = training->compiled.sums[whose];
    double sums[MAX_SUMS][2];
    int n = 0;
    *out  = (glia_result){0};
    if (!tensor) return GLIA_OK;
    GLI_TRY(glia_tensor_read(tensor, sums, (size_t)gli_results_count(training) * sizeof *sums));
    for (int i = 0; i < training->n_outputs; ++i) {
        const glia_output_args *args = &training->outputs[i].args;
        if (args->loss.kind == GLIA_LOSS_NONE) continue;
        const double loss = mean_of(sums[n++]);
        if (gli_loss_trains(&args->loss)) out->loss += gli_loss_weight(&args->loss) * loss;
        for (int k = 0; k < GLIA_MAX_METRICS; ++k) {
            if (args->metrics[k] == GLIA_METRIC_NONE) continue;
            out->metric_name[out->n_metrics] = gli_metric_name(args->metrics[k]);
            out->metric[out->n_metrics++]    = mean_of(sums[n++]);
        }
    }
    return GLIA_OK;
}

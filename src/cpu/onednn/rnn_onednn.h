/* What both passes of cpu.onednn's recurrent layers share. */
#ifndef GLIA_CPU_ONEDNN_RNN_ONEDNN_H
#define GLIA_CPU_ONEDNN_RNN_ONEDNN_H

#include "cpu/onednn/onednn.h"
#include "cpu/native/rnn/rnn_trace.h"

/* Packing weights costs as much as some products by them. */
enum { GLIA_RNN_STEPS_WORTH_PACKING = 16 };

static inline glia_dnn_layout glia_rnn_onednn_weights(const glia_rnn_geom *g) {
    return g->steps < GLIA_RNN_STEPS_WORTH_PACKING ? GLIA_DNN_AS_IT_LIES : GLIA_DNN_ANY;
}

static inline const char *glia_rnn_onednn_decline(const glia_call *call) {
    const char *reason = glia_dnn_decline_threads(call->ctx);
    return reason ? reason : glia_rnn_decline_rows(call);
}

#endif

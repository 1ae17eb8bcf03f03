/* What both passes of cpu.onednn's recurrent layers share. */
#ifndef GLI_CPU_ONEDNN_RNN_ONEDNN_H
#define GLI_CPU_ONEDNN_RNN_ONEDNN_H

#include "cpu/onednn/onednn.h"
#include "cpu/native/rnn/rnn_trace.h"

/* Packing weights costs as much as some products by them. */
enum { GLI_RNN_STEPS_WORTH_PACKING = 16 };

static inline gli_dnn_layout gli_rnn_onednn_weights(const gli_rnn_geom *g) {
    return g->steps < GLI_RNN_STEPS_WORTH_PACKING ? GLI_DNN_AS_IS : GLI_DNN_ANY;
}

/* The tensors of a layer are rows. */
#define GLI_ACCEPTS_ROWS {GLI_TAKES_F32, GLI_ROW_MAJOR}

static inline const char *gli_rnn_onednn_decline(const gli_call *call) {
    const char *reason = gli_dnn_decline_threads(call->ctx);
    return reason ? reason : gli_rnn_decline_rows(call);
}

#endif

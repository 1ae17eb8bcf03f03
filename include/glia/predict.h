/* Predictions in real time: a sample, or one step of an endless sequence, at a time.
 *
 *     GLIA_TRY(glia_predictor_create(net, &(glia_predictor_args){.streaming = true}, &predictor));
 *     for (;;) glia_predictor_run(predictor, frames, (const void *[]){in}, (void *[]){out});
 *
 * A predictor is a copy of a model's weights, laid out for this processor, and all memory that a run needs. It computes
 * on the CPU, in the calling thread, whatever device the model is on, and lives on when the model is trained further or
 * destroyed.
 *
 * Real time: once create has returned, glia_predictor_run and glia_predictor_reset allocate nothing, take no lock, make
 * no system call, and touch no memory and, while all numbers are finite, no code of the library that create has not
 * touched: there is no page fault while the system leaves that memory in place, for which mlockall is. Numbers below
 * the smallest normal one count as 0, and the caller's floating-point mode is left as it is. A failure writes a message
 * besides. Ops of the user's own (glia/custom.h) do what they do, and keep such numbers; create runs them once, on
 * zeros.
 *
 * Threads: one predictor is used by one thread at a time, any thread, while others use the model, its context and other
 * predictors of the same model. This is not checked. */
#ifndef GLIA_PREDICT_H
#define GLIA_PREDICT_H

#include "glia/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct glia_predictor glia_predictor;

typedef struct glia_predictor_args {
    /* The inputs are sequences without an end, and a run takes the next steps of them. Convolutions over time keep as
     * many steps as they look back on, recurrent layers their states. */
    bool streaming;
    int time_axis; /* of the inputs when streaming: 0, [T,...], or -1, the last, [C,L] */
} glia_predictor_args;

/* args may be NULL. The model is compiled, and not one of f64. Of bf16 and f16 the inputs and outputs are f32, as those
 * of glia_model_predict, and what an op computes is rounded as there. Streaming, every op works on the steps one by
 * one, or is
 *  - a recurrent layer in one direction, without lengths. Of one that gives the states after the last step, each step
 *    gives those after it. A stateful_batch begins with zeros too;
 *  - a convolution over time with stride 1 that sees no later step: .pad = dilation (kernel - 1), .pad_end =
 *    GLIA_NO_PAD.
 * A layer that reads several steps otherwise, such as a flatten, a pooling over time or a recurrent layer in both
 * directions, is GLIA_UNSUPPORTED, and the message has its name. The shape [T,...] of the model's inputs says nothing
 * of how many steps there will be. */
GLIA_API glia_status glia_predictor_create(glia_model *model, const glia_predictor_args *args, glia_predictor **out);
GLIA_API void glia_predictor_destroy(glia_predictor *predictor); /* NULL is allowed */

/* Bytes of one sample of an input or output or, streaming, of one step of it; 0: there is no such one. */
GLIA_API size_t glia_predictor_input_bytes(const glia_predictor *predictor, int input);
GLIA_API size_t glia_predictor_output_bytes(const glia_predictor *predictor, int output);

/* Runs `count` samples or steps. inputs[i] holds those of the model's i-th input one after the other, dense; outputs[i]
 * receives those of its i-th output, and may be the memory of an input with as many bytes. Without streaming the
 * samples know nothing of each other.
 * The results are the same bits however the steps are divided into runs, and those of glia_model_predict but for
 * rounding. An index out of range is an error, after which the outputs have the steps before it; message:
 * glia_message(NULL). */
GLIA_API glia_status glia_predictor_run(glia_predictor *predictor, int64_t count, const void *const *inputs,
                                        void *const *outputs);

/* Begins a new sequence: all states become those at its beginning, 0. As glia_predictor_run fit for real time. */
GLIA_API glia_status glia_predictor_reset(glia_predictor *predictor);

#ifdef __cplusplus
}
#endif
#endif

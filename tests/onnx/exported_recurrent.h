// Recurrent layers that are written as ONNX: one operator, or nodes for each step.
#pragma once

#include "onnx/exported_network.h"

namespace glia {

// All steps, and the last: of all cells and directions, plain and with all that a layer can have.
inline ExportedModel recurrent_model(int kind, glia_rnn_direction direction, bool more) {
    static const char *const kinds[]      = {"tanh", "relu", "gru", "lstm"};
    static const char *const directions[] = {"_forward", "_reverse", "_both"};
    const auto build                      = [=](Network &n, bool sequence) {
        const auto fill = [&](auto *args) {
            args->units = 4, args->direction = direction, args->sequence = sequence, args->no_bias = more;
            args->layers = more ? 2 : 1, args->dropout = more ? 0.5 : 0;
            if (more) args->lengths = n.x[1];
        };
        glia_rnn_args rnn{};
        glia_gru_args gru{};
        glia_lstm_args lstm{};
        fill(&rnn), fill(&gru), fill(&lstm);
        rnn.relu = kind == 1, gru.reset_before = more, lstm.peephole = sequence;
        return kind < 2    ? glia_model_rnn(n.net, n.x[0], &rnn)
                                    : kind == 2 ? glia_model_gru(n.net, n.x[0], &gru)
                                                : glia_model_lstm(n.net, n.x[0], &lstm);
    };
    return {std::string(kinds[kind]) + directions[direction] + (more ? "_more" : ""),
            {kSteps, kLength},
            [=](Network &n) { n.give({build(n, false), build(n, true)}); }};
}

// What ONNX's LSTM has not.
inline ExportedModel stepwise_model(glia_rnn_direction direction, bool lengths) {
    return {std::string("lstm_with_projection_") + std::to_string(direction) + (lengths ? "_and_lengths" : ""),
            {kSteps, kLength},
            [=](Network &n) {
                glia_lstm_args args{.units = 4, .layers = 2, .direction = direction, .projection = 3};
                if (lengths) args.lengths = n.x[1];
                const glia_value last = glia_model_lstm(n.net, n.x[0], &args);
                args.sequence = true, args.projection = 0, args.cell_clip = 0.1, args.peephole = true;
                n.give({last, glia_model_lstm(n.net, n.x[0], &args)});
            }};
}

// States of the model's own, as op rnn takes and gives them, as an operator and step by step.
inline ExportedModel model_with_states(bool projection) {
    return {projection ? "states_of_a_projection" : "states", {kSteps, {{projection ? 2 : 4}}, {{4}}}, [=](Network &n) {
                const int64_t outputs = projection ? 2 : 4;
                const auto state      = [&](glia_value x, int64_t size) {
                    return n.op("reshape", with<glia_reshape_params>({{3, {1, -1, size}}}), {x});
                };
                glia_rnn_params params = glia_rnn_defaults();
                params.cell = GLIA_RNN_LSTM, params.batch_first = true;
                std::vector<glia_value> in = {n.x[0],
                                              state(n.x[1], outputs),
                                              state(n.x[2], 4),
                                              glia_value{},
                                              n.parameter("w_ih", GLIA_SHAPE(16, 3)),
                                              n.parameter("w_hh", GLIA_SHAPE(16, outputs)),
                                              n.parameter("b_ih", GLIA_SHAPE(16)),
                                              n.parameter("b_hh", GLIA_SHAPE(16))};
                if (projection) in.push_back(n.parameter("w_hr", GLIA_SHAPE(2, 4)));
                glia_value out[3];
                glia_model_op(n.net, "rnn", &params, in.data(), static_cast<int>(in.size()), out, 3);
                n.give({out[0], n.op("reshape", with<glia_reshape_params>({{2, {-1, outputs}}}), {out[1]}),
                        n.op("reshape", with<glia_reshape_params>({{2, {-1, 4}}}), {out[2]})});
            }};
}

}  // namespace glia

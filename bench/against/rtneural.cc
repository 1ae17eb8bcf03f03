// RTNeural's side of bench/peers: rtneural FOLDER, with FOLDER/input.f32 and FOLDER/weights.f32. Built for one NETWORK
// of lstm_stream and dense_one, and one WIDTH, as models of RTNeural are that are known when it is compiled.
#include <RTNeural/RTNeural.h>
#include <xmmintrin.h>

#include <vector>

#include "calls.h"

namespace {

struct Weights {
    const float *next;

    std::vector<float> row(size_t n) {
        std::vector<float> values(next, next + n);
        next += n;
        return values;
    }
    std::vector<std::vector<float>> matrix(size_t rows, size_t columns) {
        std::vector<std::vector<float>> values(rows);
        for (auto &row : values) row = this->row(columns);
        return values;
    }
};

std::vector<std::vector<float>> transposed(const std::vector<std::vector<float>> &x) {
    std::vector<std::vector<float>> y(x[0].size(), std::vector<float>(x.size()));
    for (size_t i = 0; i < x.size(); ++i)
        for (size_t j = 0; j < x[0].size(); ++j) y[j][i] = x[i][j];
    return y;
}

template <typename Layer>
void load_dense(Layer &layer, Weights &weights) {
    layer.setWeights(weights.matrix(Layer::out_size, Layer::in_size));
    layer.setBias(weights.row(Layer::out_size).data());
}

// PyTorch has two biases, RTNeural their sum; the gates have the same order.
template <typename Layer>
void load_lstm(Layer &layer, Weights &weights) {
    const size_t rows = 4 * Layer::out_size;
    layer.setWVals(transposed(weights.matrix(rows, Layer::in_size)));
    layer.setUVals(transposed(weights.matrix(rows, Layer::out_size)));
    std::vector<float> bias = weights.row(rows), other = weights.row(rows);
    for (size_t i = 0; i < rows; ++i) bias[i] += other[i];
    layer.setBVals(bias);
}

#define lstm_stream 1
#define dense_one 2
#if NETWORK == lstm_stream
using Model = RTNeural::ModelT<float, 1, 1, RTNeural::LSTMLayerT<float, 1, WIDTH>, RTNeural::DenseT<float, WIDTH, 1>>;
constexpr int inputs = 1;
void load(Model &model, Weights &weights) {
    load_lstm(model.get<0>(), weights);
    load_dense(model.get<1>(), weights);
}
#else
using Model          = RTNeural::ModelT<float, WIDTH, WIDTH, RTNeural::DenseT<float, WIDTH, WIDTH>>;
constexpr int inputs = WIDTH;
void load(Model &model, Weights &weights) { load_dense(model.get<0>(), weights); }
#endif

float predict(void *user, const float *sample) {
    auto *model = static_cast<Model *>(user);
    alignas(RTNEURAL_DEFAULT_ALIGNMENT) float aligned[inputs];
    memcpy(aligned, sample, sizeof aligned);
    model->forward(aligned);
    return model->getOutputs()[0];
}

}  // namespace

int main(int argc, char **argv) {
    if (argc != 2) return fprintf(stderr, "usage: rtneural FOLDER\n"), 2;
    size_t n = 0;
    samples x{};
    x.values               = read_numbers(argv[1], "input.f32", &n);
    x.size                 = inputs;
    x.count                = n / x.size;
    const float *const all = read_numbers(argv[1], "weights.f32", &n);
    if (!x.values || !all) return 1;
    _mm_setcsr(_mm_getcsr() | 0x8040);  // denormals are 0
    static Model model;
    Weights weights{all};
    load(model, weights);
    model.reset();
    serve_calls(predict, &model, &x);
    return 0;
}

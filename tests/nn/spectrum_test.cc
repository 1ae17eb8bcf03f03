// Spectra of sound, on every device: librosa's numbers, gradients against finite differences, and what a model does
// with the constants.
#include <cmath>
#include <filesystem>

#include "support/devices.h"
#include "support/failing.h"
#include "support/files.h"
#include "support/with.h"

namespace {

using namespace glia;

using Layer   = std::function<glia_value(glia_model *, glia_value)>;
using Numbers = std::vector<double>;

// The wave of spectra.py.
Numbers wave(int64_t length) {
    Numbers x;
    for (int64_t i = 0; i < length; ++i) {
        const double noise = double(uint32_t(uint64_t(i) * 2654435761u) >> 16) / 65536 - 0.5;
        x.push_back(float(0.5 * std::sin(0.31 * double(i)) + 0.25 * std::sin(1.7 * double(i)) + 0.125 * noise));
    }
    return x;
}

// A model of one layer over waves.
class Listener {
   public:
    Listener(const char *device, glia_dtype dtype, const Layer &layer, glia_shape shape, glia_model_loss loss = {})
        : computer(device), shape_(shape), dtype_(dtype) {
        const glia_model_args args{dtype};
        EXPECT_EQ(glia_model_create(computer.ctx, &args, &net), GLIA_OK) << computer.message();
        keep_(net, glia_model_destroy);
        const glia_value y = layer(net, glia_model_input(net, "wave", shape));
        compiled           = glia_model_compile(net, y, with(glia_compile_args{.loss = loss}));
    }
    glia_dataset *data(const Numbers &x) {
        const glia_dtype stored = dtype_ == GLIA_F64 ? GLIA_F64 : GLIA_F32;
        std::vector<char> memory(x.size() * glia_dtype_size(stored));
        for (size_t i = 0; i < x.size(); ++i) gli_store(stored, memory.data(), int64_t(i), x[i]);
        const glia_array array{.dtype = stored, .shape = shape_, .data = memory.data()};
        int64_t elements = 1;
        for (int i = 0; i < shape_.ndim; ++i) elements *= shape_.dim[i];
        const glia_arrays_args args{
            .inputs = &array, .n_inputs = 1, .count = int64_t(x.size()) / elements, .copy = true};
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_from_arrays(computer.ctx, &args, &out), GLIA_OK) << computer.message();
        return keep_(out, glia_dataset_destroy);
    }
    Numbers loaded(const std::vector<char> &memory, size_t size) const {
        Numbers out;
        for (size_t i = 0; i < size; ++i)
            out.push_back(gli_load(dtype_ == GLIA_F64 ? GLIA_F64 : GLIA_F32, memory.data(), int64_t(i)));
        return out;
    }
    Numbers predict(const Numbers &x, size_t size) {
        std::vector<char> memory(size * (dtype_ == GLIA_F64 ? 8 : 4));
        EXPECT_EQ(glia_model_predict(net, data(x), 0, memory.data(), memory.size()), GLIA_OK) << computer.message();
        return loaded(memory, size);
    }
    // Of the sum of all numbers of the output times their factors, with respect to the wave.
    Numbers gradient(const Numbers &x, const Numbers &factors) {
        std::vector<char> memory(x.size() * (dtype_ == GLIA_F64 ? 8 : 4));
        const glia_gradient_args args{.with_respect_to = "wave",
                                      .of              = GLIA_OF_OUTPUT,
                                      .factors         = factors.data(),
                                      .n_factors       = int64_t(factors.size())};
        EXPECT_EQ(glia_model_gradient(net, data(x), &args, memory.data(), memory.size()), GLIA_OK)
            << computer.message();
        return loaded(memory, x.size());
    }

    Computer computer;
    glia_model *net = nullptr;
    glia_status compiled;

   private:
    Keep keep_;
    glia_shape shape_;
    glia_dtype dtype_;
};

// The largest difference, as a share of the largest number.
double difference(const Numbers &got, const Numbers &want) {
    double most = 0, scale = 0;
    EXPECT_EQ(got.size(), want.size());
    for (size_t i = 0; i < std::min(got.size(), want.size()); ++i) {
        if (!std::isfinite(got[i])) return INFINITY;
        most  = std::max(most, std::abs(got[i] - want[i]));
        scale = std::max(scale, std::abs(want[i]));
    }
    return most / scale;
}

struct Recorded {
    int64_t length;
    glia_stft stft;
    glia_mel mel;
    Numbers stft_values, mel_values, decibels, mfcc;
};

const std::vector<Recorded> &recorded() {
    static const std::vector<Recorded> all = {
#define FRAMES(n_fft, hop, size, window, padding) {n_fft, hop, size, GLIA_WINDOW_##window, GLIA_FRAMES_##padding}
#define STFT(length, n_fft, hop, size, window, padding, ...) \
    {length, FRAMES(n_fft, hop, size, window, padding), {}, __VA_ARGS__, {}, {}, {}},
#define MEL(length, n_fft, hop, size, window, padding, rate, count, low, high, htk, no_norm, ...) \
    {length, FRAMES(n_fft, hop, size, window, padding), {rate, count, low, high, htk, no_norm}, {}, __VA_ARGS__},
#include "nn/spectra.inc"
#undef FRAMES
#undef STFT
#undef MEL
    };
    return all;
}

// Numbers of the file have twelve digits; those of f32 are sums of up to 64 products.
double bound(glia_dtype dtype) { return dtype == GLIA_F64 ? 1e-11 : dtype == GLIA_F32 ? 4e-6 : 1e-2; }

class Spectrum : public testing::TestWithParam<const char *> {
   protected:
    void SetUp() override {
        gli_device_choice choice;
        if (gli_device_find(device(), &choice) != GLIA_OK) GTEST_SKIP() << glia_message(nullptr);
    }
    const char *device() const { return GetParam(); }
    std::vector<glia_dtype> dtypes() const {
        return strcmp(device(), "cpu") == 0 ? std::vector<glia_dtype>{GLIA_F32, GLIA_F64, GLIA_BF16}
                                            : std::vector<glia_dtype>{GLIA_F32};
    }
    void expect(glia_dtype dtype, const Layer &layer, int64_t length, const Numbers &want, double allowed) {
        Listener one(device(), dtype, layer, GLIA_SHAPE(length));
        ASSERT_EQ(one.compiled, GLIA_OK) << one.computer.message();
        EXPECT_LE(difference(one.predict(wave(length), want.size()), want), allowed) << glia_dtype_name(dtype);
    }
};

TEST_P(Spectrum, is_that_of_librosa) {
    for (const Recorded &r : recorded())
        for (const glia_dtype dtype : dtypes()) {
            if (!r.stft_values.empty()) {
                expect(
                    dtype, [&](auto *m, auto x) { return glia_model_stft(m, x, with(glia_stft_args{.stft = r.stft})); },
                    r.length, r.stft_values, bound(dtype));
                continue;
            }
            const auto mel = [&](glia_mel_scale scale) {
                glia_mel out = r.mel;
                out.scale = scale, out.top_db = GLIA_SET(30);
                return out;
            };
            const auto spectrogram = [&](glia_mel_scale scale) {
                return [&, scale](auto *m, auto x) {
                    const glia_mel_spectrogram_args args{.stft = r.stft, .mel = mel(scale)};
                    return glia_model_mel_spectrogram(m, x, &args);
                };
            };
            Numbers logs = r.mel_values;
            for (double &x : logs) x = std::log(x);
            // Decibels of f32 have the error of a small power in a large one's frame.
            expect(dtype, spectrogram(GLIA_MEL_POWER), r.length, r.mel_values, 2 * bound(dtype));
            expect(dtype, spectrogram(GLIA_MEL_LOG), r.length, logs, 10 * bound(dtype));
            expect(dtype, spectrogram(GLIA_MEL_DECIBEL), r.length, r.decibels, 10 * bound(dtype));
            expect(
                dtype,
                [&](auto *m, auto x) {
                    const glia_mfcc_args args{.stft = r.stft, .mel = mel(GLIA_MEL_DECIBEL), .coefficients = 6};
                    return glia_model_mfcc(m, x, &args);
                },
                r.length, r.mfcc, 10 * bound(dtype));
        }
}

TEST_P(Spectrum, of_channels_is_that_of_each) {
    const glia_spectrogram_args args{.stft = {.n_fft = 16, .hop = 6}};
    const Layer layer  = [&](auto *m, auto x) { return glia_model_spectrogram(m, x, &args); };
    const size_t frame = 9 * (1 + 40 / 6);
    Numbers left = wave(40), right = wave(80), both = left;
    right.erase(right.begin(), right.begin() + 40);
    both.insert(both.end(), right.begin(), right.end());
    Listener mono(device(), GLIA_F32, layer, GLIA_SHAPE(40)), stereo(device(), GLIA_F32, layer, GLIA_SHAPE(2, 40));
    Numbers want = mono.predict(both, 2 * frame);  // two samples
    EXPECT_LE(difference(stereo.predict(both, 2 * frame), want), 1e-6);
    // The real and the imaginary part of each.
    Listener parts(
        device(), GLIA_F32,
        [&](auto *m, auto x) { return glia_model_stft(m, x, with(glia_stft_args{.stft = args.stft})); },
        GLIA_SHAPE(2, 40));
    const Numbers z = parts.predict(both, 4 * frame);
    Numbers power;
    for (size_t c = 0; c < 2; ++c)
        for (size_t i = 0; i < frame; ++i)
            power.push_back(std::pow(z[2 * c * frame + i], 2) + std::pow(z[(2 * c + 1) * frame + i], 2));
    EXPECT_LE(difference(power, want), 1e-6);
}

// A loss of random factors, so that no part of the gradient cancels.
void compare_with_finite_differences(const Layer &layer, int64_t length, size_t size, Numbers x) {
    Listener one("cpu", GLIA_F64, layer, GLIA_SHAPE(length));
    ASSERT_EQ(one.compiled, GLIA_OK) << one.computer.message();
    const Numbers factors = wave(int64_t(size));
    const auto loss       = [&](const Numbers &at) {
        const Numbers y = one.predict(at, size);
        double sum      = 0;
        for (size_t i = 0; i < size; ++i) sum += factors[i] * y[i];
        return sum;
    };
    const Numbers got = one.gradient(x, factors);
    Numbers want;
    const double step = 1e-5;
    for (double &number : x) {
        const double before = number;
        number              = before + step;
        const double above  = loss(x);
        number              = before - step;
        want.push_back((above - loss(x)) / (2 * step));
        number = before;
    }
    EXPECT_LE(difference(got, want), 1e-6);
}

TEST(SpectrumGradient, is_that_of_finite_differences) {
    const glia_stft stft{.n_fft = 12, .hop = 5, .window_size = 10};
    const glia_mel mel{.rate = 1000, .count = 4, .top_db = GLIA_SET(6)};
    const size_t frames = 1 + 26 / 5;
    for (const glia_frame_padding padding : {GLIA_FRAMES_REFLECTED, GLIA_FRAMES_ZEROS}) {
        const glia_stft padded{.n_fft = 12, .hop = 5, .window_size = 10, .padding = padding};
        compare_with_finite_differences(
            [&](auto *m, auto x) { return glia_model_stft(m, x, with(glia_stft_args{.stft = padded})); }, 26,
            2 * 7 * frames, wave(26));
    }
    compare_with_finite_differences(
        [&](auto *m, auto x) {
            return glia_model_spectrogram(m, x, with(glia_spectrogram_args{.stft = stft, .magnitude = true}));
        },
        26, 7 * frames, wave(26));
    compare_with_finite_differences(
        [&](auto *m, auto x) {
            return glia_model_mel_spectrogram(m, x, with(glia_mel_spectrogram_args{.stft = stft, .mel = mel}));
        },
        26, 4 * frames, wave(26));
    compare_with_finite_differences(
        [&](auto *m, auto x) {
            return glia_model_mfcc(m, x, with(glia_mfcc_args{.stft = stft, .mel = mel, .coefficients = 3}));
        },
        26, 3 * frames, wave(26));
}

TEST_P(Spectrum, of_silence_has_numbers_and_gradients) {
    const glia_stft stft{.n_fft = 16, .hop = 4};
    Listener magnitude(
        device(), GLIA_F32,
        [&](auto *m, auto x) {
            return glia_model_spectrogram(m, x, with(glia_spectrogram_args{.stft = stft, .magnitude = true}));
        },
        GLIA_SHAPE(16));
    Listener log(
        device(), GLIA_F32,
        [&](auto *m, auto x) {
            return glia_model_mel_spectrogram(
                m, x, with(glia_mel_spectrogram_args{.stft = stft, .mel = {.rate = 8000, .count = 4}}));
        },
        GLIA_SHAPE(16));
    const Numbers silence(16);
    EXPECT_EQ(magnitude.predict(silence, 45), Numbers(45, 0));
    EXPECT_EQ(magnitude.gradient(silence, Numbers(45, 1)), silence);
    for (const double y : log.predict(silence, 20)) EXPECT_NEAR(y, -100, 1e-4);
    EXPECT_EQ(log.gradient(silence, Numbers(20, 1)), silence);
}

// The gradient reaches the wave on each device as on the CPU in double.
TEST_P(Spectrum, has_the_gradient_of_the_reference) {
    const glia_mel_spectrogram_args args{.stft = {.n_fft = 16, .hop = 6}, .mel = {.rate = 8000, .count = 5}};
    const Layer layer = [&](auto *m, auto x) { return glia_model_mel_spectrogram(m, x, &args); };
    const Numbers x = wave(60), factors = wave(5 * 11);
    Listener here(device(), GLIA_F32, layer, GLIA_SHAPE(60)), reference("cpu", GLIA_F64, layer, GLIA_SHAPE(60));
    EXPECT_LE(difference(here.gradient(x, factors), reference.gradient(x, factors)), 1e-4);
}

const char *const all_devices[] = {"cpu", "emulated", "cuda:0"};
INSTANTIATE_TEST_SUITE_P(device, Spectrum, testing::ValuesIn(all_devices), [](const auto &info) {
    return std::string(info.param) == "cuda:0" ? "cuda" : std::string(info.param);
});

// The constants are in the file: a model that is read gives the same bits.
TEST(SpectrumModel, is_the_same_from_a_file) {
    const Folder folder;
    const std::string path = folder / "net.glia";
    Listener one(
        "cpu", GLIA_F32,
        [](auto *m, auto x) {
            const glia_mfcc_args args{
                .name = "mfcc", .stft = {.n_fft = 32}, .mel = {.rate = 8000, .count = 8}, .coefficients = 4};
            return glia_model_dense(m, glia_model_flatten(m, glia_model_mfcc(m, x, &args), nullptr),
                                    with(glia_dense_args{.units = 2}));
        },
        GLIA_SHAPE(100));
    ASSERT_EQ(glia_model_save(one.net, path.c_str()), GLIA_OK) << one.computer.message();
    glia_model *again = nullptr;
    ASSERT_EQ(glia_model_load(one.computer.ctx, path.c_str(), nullptr, &again), GLIA_OK) << one.computer.message();
    float a[2], b[2];
    glia_dataset *data = one.data(wave(100));
    EXPECT_EQ(glia_model_predict(one.net, data, 0, a, sizeof a), GLIA_OK) << one.computer.message();
    EXPECT_EQ(glia_model_predict(again, data, 0, b, sizeof b), GLIA_OK) << one.computer.message();
    EXPECT_EQ(a[0], b[0]);
    EXPECT_EQ(a[1], b[1]);
    glia_model_destroy(again);
}

TEST(SpectrumModel, is_the_same_in_a_predictor) {
    Listener one(
        "cpu", GLIA_F32,
        [](auto *m, auto x) {
            return glia_model_mfcc(
                m, x,
                with(glia_mfcc_args{.stft = {.n_fft = 16}, .mel = {.rate = 8000, .count = 4}, .coefficients = 3}));
        },
        GLIA_SHAPE(40));
    glia_predictor *predictor = nullptr;
    ASSERT_EQ(glia_predictor_create(one.net, nullptr, &predictor), GLIA_OK) << one.computer.message();
    const Numbers x = wave(40), want = one.predict(x, 33);
    const std::vector<float> in(x.begin(), x.end());
    std::vector<float> out(33);
    ASSERT_EQ(glia_predictor_output_bytes(predictor, 0), out.size() * sizeof(float));
    const void *inputs[] = {in.data()};
    void *outputs[]      = {out.data()};
    EXPECT_EQ(glia_predictor_run(predictor, 1, inputs, outputs), GLIA_OK);
    EXPECT_LE(difference(Numbers(out.begin(), out.end()), want), 1e-5);
    glia_predictor_destroy(predictor);
}

// Training leaves the constants alone, and what is before them learns.
TEST(SpectrumModel, does_not_train_the_constants) {
    Listener one(
        "cpu", GLIA_F32,
        [](auto *m, auto x) {
            const glia_spectrogram_args args{.name = "s", .stft = {.n_fft = 8}};
            x = glia_model_dense(m, x, with(glia_dense_args{.name = "before", .units = 16}));
            return glia_model_dense(m, glia_model_flatten(m, glia_model_spectrogram(m, x, &args), nullptr),
                                    with(glia_dense_args{.units = 1}));
        },
        GLIA_SHAPE(16), glia_loss_mse());
    ASSERT_EQ(one.compiled, GLIA_OK) << one.computer.message();
    const auto weight = [&](const char *name, size_t count) {
        std::vector<float> out(count);
        EXPECT_EQ(glia_model_get(one.net, name, out.data(), count * sizeof(float)), GLIA_OK) << one.computer.message();
        return out;
    };
    const auto basis = weight("s.basis", 80), before = weight("before.weight", 256);
    EXPECT_NE(basis, std::vector<float>(80));
    const Numbers x = wave(64);
    const std::vector<float> waves(x.begin(), x.end()), wanted = {0, 1, 0, 1};
    const glia_array input{.dtype = GLIA_F32, .shape = GLIA_SHAPE(16), .data = waves.data()};
    const glia_array target{.dtype = GLIA_F32, .shape = GLIA_SHAPE(1), .data = wanted.data()};
    const glia_arrays_args args{.inputs = &input, .n_inputs = 1, .targets = &target, .n_targets = 1, .count = 4};
    glia_dataset *data = nullptr;
    ASSERT_EQ(glia_dataset_from_arrays(one.computer.ctx, &args, &data), GLIA_OK) << one.computer.message();
    EXPECT_EQ(glia_model_fit(one.net, data, with(glia_fit_args{.epochs = 2, .batch_size = 2})), GLIA_OK)
        << one.computer.message();
    EXPECT_EQ(weight("s.basis", 80), basis);
    EXPECT_NE(weight("before.weight", 256), before);
    glia_dataset_destroy(data);
}

TEST(SpectrumModel, refuses_what_makes_no_sense) {
    const auto refused = [](const Layer &layer, const std::string &part, glia_shape shape = GLIA_SHAPE(64)) {
        Listener one("cpu", GLIA_F32, layer, shape);
        EXPECT_NE(one.compiled, GLIA_OK) << part;
        EXPECT_NE(one.computer.message().find(part), std::string::npos) << one.computer.message();
    };
    const auto stft = [](const glia_stft &s) {
        return [=](auto *m, auto x) { return glia_model_stft(m, x, with(glia_stft_args{.stft = s})); };
    };
    const auto mel = [](const glia_mel &mel_, int coefficients) {
        return [=](auto *m, auto x) {
            return glia_model_mfcc(
                m, x, with(glia_mfcc_args{.stft = {.n_fft = 16}, .mel = mel_, .coefficients = coefficients}));
        };
    };
    refused(stft({}), "n_fft is 0, must be 2 to 65536");
    refused(stft({.n_fft = 16, .hop = -1}), "hop -1");
    refused(stft({.n_fft = 16, .window_size = 17}), "window_size 17, must be 1 to n_fft");
    refused(stft({.n_fft = 16, .window = glia_window(3)}), "invalid window 3");
    refused(stft({.n_fft = 128}), "x has 64 numbers, frames of 128 reflected need 65");
    refused(stft({.n_fft = 66, .padding = GLIA_FRAMES_INSIDE}), "frames of 66 inside need 66");
    refused(stft({.n_fft = 16}), "x is [2,4,8], must be [L] or [C,L]", GLIA_SHAPE(2, 4, 8));
    refused(mel({}, 0), "rate is 0, must be positive");
    refused(mel({.rate = 8000, .high = 4001}, 0), "high 4001 Hz, must be 0 to half the rate, 4000");
    refused(mel({.rate = 8000, .low = 4000}, 0), "low is 4000 and high 4000");
    refused(mel({.rate = 8000, .scale = glia_mel_scale(3)}, 0), "invalid scale 3");
    refused(mel({.rate = 8000, .floor = GLIA_SET(0)}, 0), "floor is 0 and top_db 80, must be positive");
    refused(mel({.rate = 8000, .count = 8}, 9), "coefficients is 9, must be 1 to the count of mel filters, 8");
}

TEST(SpectrumModel, runs_out_of_memory_without_loss) {
    EXPECT_GT(fail_every_allocation([](glia_context *ctx) {
                  glia_model *net    = nullptr;
                  glia_status status = glia_model_create(ctx, nullptr, &net);
                  if (status == GLIA_OK) {
                      const glia_mfcc_args args{
                          .stft = {.n_fft = 16}, .mel = {.rate = 8000, .count = 4}, .coefficients = 2};
                      const glia_value x = glia_model_input(net, "wave", GLIA_SHAPE(40));
                      status             = glia_model_compile(net, glia_model_mfcc(net, x, &args), nullptr);
                  }
                  glia_model_destroy(net);
                  return status;
              }),
              10);
}

}  // namespace

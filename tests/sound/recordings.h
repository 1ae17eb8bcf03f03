// Recordings for tests: those that SoX and soundfile wrote, and some that are made here.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "support/context_test.h"
#include "support/files.h"

namespace glia {

constexpr bool kSndfile = GLIA_TEST_SNDFILE, kSamplerate = GLIA_TEST_SAMPLERATE;

using Samples = std::vector<float>;  // [channels, frames]

inline Samples samples_of(const std::string &text) {
    Samples out;
    for (size_t i = 0; i < text.size(); i += 8) {
        const auto bits = static_cast<uint32_t>(std::stoul(text.substr(i, 8), nullptr, 16));
        float x;
        memcpy(&x, &bits, sizeof x);
        out.push_back(x);
    }
    return out;
}

// A file, and what soundfile reads of it.
struct Recording {
    std::string name;
    int rate, channels, bits;
    int64_t frames;
    Bytes bytes;
    Samples samples;

    bool lossy() const { return bits == 0; }
    bool is(const std::string &part) const { return name.find(part) != std::string::npos; }
};

inline const std::vector<Recording> &recordings() {
    static const std::vector<Recording> all = {
#define RECORDING(name, rate, channels, bits, frames, bytes, samples) \
    {#name, rate, channels, bits, frames, from_hex(bytes), samples_of(samples)},
#include "sound/recordings.inc"
#undef RECORDING
    };
    return all;
}

inline const Recording &recording(const std::string &name) {
    for (const auto &one : recordings())
        if (one.name == name) return one;
    ADD_FAILURE() << "no recording " << name;
    return recordings()[0];
}

inline Samples tone(double hertz, int rate, int64_t frames, double size = 0.5) {
    Samples out;
    for (int64_t i = 0; i < frames; ++i) out.push_back(float(size * std::sin(2 * M_PI * hertz * double(i) / rate)));
    return out;
}

class SoundTest : public ContextTest {
   protected:
    using Sound = std::unique_ptr<glia_sound, void (*)(glia_sound *)>;

    // Takes what a call gave, which has to have succeeded.
    Sound taken(glia_status status, glia_sound *sound) {
        EXPECT_EQ(status, GLIA_OK) << message();
        return Sound(sound, glia_sound_destroy);
    }
    Sound created(const Samples &samples, int channels, int rate) {
        const glia_sound_args args{int64_t(samples.size()) / channels, channels, rate};
        glia_sound *out   = nullptr;
        const auto status = glia_sound_create(ctx, &args, samples.data(), &out);
        return taken(status, out);
    }
    Sound decoded(const Bytes &bytes, const glia_sound_read_args &args = {}) {
        glia_sound *out   = nullptr;
        const auto status = glia_sound_decode(ctx, bytes.data(), bytes.size(), &args, &out);
        return taken(status, out);
    }
    Sound read(const std::string &path, const glia_sound_read_args &args = {}) {
        glia_sound *out   = nullptr;
        const auto status = glia_sound_read(ctx, path.c_str(), &args, &out);
        return taken(status, out);
    }
    Sound converted(const Sound &sound, const glia_sound_convert_args &args) {
        glia_sound *out   = nullptr;
        const auto status = glia_sound_convert(sound.get(), &args, &out);
        return taken(status, out);
    }
    void write(const Sound &sound, const std::string &path, int bits = 0) {
        EXPECT_EQ(glia_sound_write(sound.get(), path.c_str(), bits), GLIA_OK) << message();
    }
    static Samples samples(const Sound &sound) {
        const glia_sound_info info = glia_sound_get_info(sound.get());
        const float *x             = glia_sound_samples(sound.get());
        return Samples(x, x + info.frames * info.channels);
    }
    // Bytes that must be refused as a recording, with part in the message.
    void refuses(const Bytes &bytes, glia_status want, const std::string &part, const glia_sound_read_args &args = {}) {
        glia_sound *out = nullptr;
        EXPECT_EQ(glia_sound_decode(ctx, bytes.data(), bytes.size(), &args, &out), want) << part << ": " << message();
        EXPECT_TRUE(says(part)) << message() << "\nmust have: " << part;
        EXPECT_EQ(out, nullptr);
    }

    Folder folder;
};

inline double largest_difference(const Samples &a, const Samples &b) {
    if (a.size() != b.size()) return INFINITY;
    double largest = 0;
    for (size_t i = 0; i < a.size(); ++i)
        if (!(std::abs(double(a[i]) - b[i]) <= largest)) largest = std::abs(double(a[i]) - b[i]);
    return largest;
}

}  // namespace glia

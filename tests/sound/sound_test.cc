// Sounds in memory: channels, cuts, and other rates.
#include "sound/recordings.h"

namespace {

using namespace glia;

class Sounds : public SoundTest {};

TEST_F(Sounds, keep_what_they_are_made_of) {
    const Samples x  = {1, 2, 3, 4, 5, 6};
    const auto sound = created(x, 2, 8000);
    const auto info  = glia_sound_get_info(sound.get());
    EXPECT_EQ(info.frames, 3);
    EXPECT_EQ(info.channels, 2);
    EXPECT_EQ(info.rate, 8000);
    EXPECT_EQ(info.format, GLIA_SOUND_NONE);
    EXPECT_EQ(samples(sound), x);
    EXPECT_EQ(samples(converted(sound, {})), (Samples{2.5, 3.5, 4.5}));
    EXPECT_EQ(samples(converted(sound, {.mix = GLIA_SOUND_ONE, .channel = 1})), (Samples{4, 5, 6}));
    EXPECT_EQ(samples(converted(sound, {.mix = GLIA_SOUND_ALL})), x);
    glia_sound *out = nullptr;
    EXPECT_EQ(glia_sound_create(ctx, nullptr, nullptr, &out), GLIA_INVALID_ARGUMENT);
    const glia_sound_args silent{.frames = 2, .rate = 1};
    ASSERT_EQ(glia_sound_create(ctx, &silent, nullptr, &out), GLIA_OK);
    EXPECT_EQ(samples(taken(GLIA_OK, out)), Samples(2));
    for (const glia_sound_args &bad : {glia_sound_args{0, 1, 1}, {1, -1, 1}, {1, 1025, 1}, {1, 1, 0}}) {
        EXPECT_EQ(glia_sound_create(ctx, &bad, nullptr, &out), GLIA_INVALID_ARGUMENT);
        EXPECT_TRUE(says("frames is " + std::to_string(bad.frames))) << message();
    }
}

TEST_F(Sounds, are_cut_and_padded) {
    const auto sound = created({1, 2, 3, 4, 5, 6}, 2, 8000);
    const auto cut   = [&](int64_t first, int64_t frames) {
        glia_sound *out   = nullptr;
        const auto status = glia_sound_cut(sound.get(), first, frames, &out);
        return samples(taken(status, out));
    };
    EXPECT_EQ(cut(1, 2), (Samples{2, 3, 5, 6}));
    EXPECT_EQ(cut(-1, 5), (Samples{0, 1, 2, 3, 0, 0, 4, 5, 6, 0}));
    EXPECT_EQ(cut(2, 2), (Samples{3, 0, 6, 0}));
    EXPECT_EQ(cut(3, 1), (Samples{0, 0}));
    EXPECT_EQ(cut(INT64_MAX, 1), (Samples{0, 0}));
    EXPECT_EQ(cut(INT64_MIN, 1), (Samples{0, 0}));
    glia_sound *out = nullptr;
    EXPECT_EQ(glia_sound_cut(sound.get(), 0, 0, &out), GLIA_INVALID_ARGUMENT);
    EXPECT_TRUE(says("frames is 0, must be positive")) << message();
    EXPECT_EQ(glia_sound_cut(sound.get(), 0, INT64_MAX, &out), GLIA_OUT_OF_MEMORY);
}

// A tone within the band stays that tone, in its place, at any rate; the ends, where a filter sees silence, aside.
TEST_F(Sounds, keep_their_tones_at_other_rates) {
    if (!kSamplerate) GTEST_SKIP() << "no libsamplerate";
    struct Way {
        int from, to;
        glia_sound_quality quality;
        double noise;  // a share of the tone
    };
    for (const Way &way : {Way{8000, 16000, GLIA_SOUND_MEDIUM, 1e-5},
                           {44100, 16000, GLIA_SOUND_MEDIUM, 1e-5},
                           {44100, 48000, GLIA_SOUND_BEST, 2e-6},
                           {16000, 11025, GLIA_SOUND_FAST, 1e-4},
                           {16000, 16001, GLIA_SOUND_MEDIUM, 1e-5}}) {
        const double hertz   = 0.3 * std::min(way.from, way.to);
        const int64_t frames = 1500;
        const auto sound     = created(tone(hertz, way.from, frames), 1, way.from);
        const auto other     = converted(sound, {.rate = way.to, .quality = way.quality});
        const Samples got    = samples(other);
        const auto wanted    = int64_t(std::ceil(double(frames) * way.to / way.from));
        ASSERT_EQ(int64_t(got.size()), wanted) << way.from << " to " << way.to;
        EXPECT_EQ(glia_sound_get_info(other.get()).rate, way.to);
        const Samples want  = tone(hertz, way.to, wanted);
        const int64_t reach = 150 * std::max(way.to, way.from) / way.from;
        double most         = 0;
        for (int64_t i = reach; i < wanted - reach; ++i)
            most = std::max(most, std::abs(double(got[size_t(i)]) - want[size_t(i)]));
        EXPECT_LT(most, way.noise) << way.from << " to " << way.to;
    }
}

// What a lower rate cannot hold is gone, and does not come back as another tone.
TEST_F(Sounds, lose_the_tones_that_a_rate_cannot_hold) {
    if (!kSamplerate) GTEST_SKIP() << "no libsamplerate";
    const auto sound  = created(tone(7000, 16000, 4000), 1, 16000);
    const Samples got = samples(converted(sound, {.rate = 8000}));
    for (size_t i = 200; i + 200 < got.size(); ++i) ASSERT_LT(std::abs(got[i]), 1e-4) << i;
}

TEST_F(Sounds, say_what_a_build_lacks) {
    if (kSndfile && kSamplerate) GTEST_SKIP() << "it lacks nothing";
    glia_sound *out  = nullptr;
    const auto sound = created(Samples(10), 1, 8000);
    if (!kSamplerate) {
        const glia_sound_convert_args args{.rate = 9000};
        EXPECT_EQ(glia_sound_convert(sound.get(), &args, &out), GLIA_UNSUPPORTED);
        EXPECT_TRUE(says("from 8000 to 9000 Hz: this build of Glia has no libsamplerate")) << message();
    }
    if (!kSndfile) {
        refuses(recording("wav_16").bytes, GLIA_UNSUPPORTED, "this build of Glia has no libsndfile");
        EXPECT_EQ(glia_sound_write(sound.get(), (folder / "a.wav").c_str(), 0), GLIA_UNSUPPORTED);
        EXPECT_TRUE(says("this build of Glia has no libsndfile")) << message();
    }
}

}  // namespace

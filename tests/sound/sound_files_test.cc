// Reading recordings: what soundfile reads of the same files, parts of them, what is written, and nothing that a file
// may hold does harm.
#include "sound/known_leaks.h"
#include "sound/recordings.h"
#include "support/failing.h"
#include "support/sanitized.h"

namespace {

using namespace glia;

class SoundFiles : public SoundTest {
   protected:
    void SetUp() override {
        SoundTest::SetUp();
        if (!kSndfile) GTEST_SKIP() << "no libsndfile";
    }
};

const glia_sound_read_args kAll{.convert = {.mix = GLIA_SOUND_ALL}};

TEST_F(SoundFiles, are_read_as_soundfile_reads_them) {
    for (const Recording &r : recordings()) {
        const auto sound = decoded(r.bytes, kAll);
        const auto info  = glia_sound_get_info(sound.get());
        EXPECT_EQ(info.frames, r.frames) << r.name;
        EXPECT_EQ(info.channels, r.channels) << r.name;
        EXPECT_EQ(info.rate, r.rate) << r.name;
        EXPECT_EQ(info.bits, r.bits) << r.name;
        EXPECT_EQ(info.format, r.is("wav")    ? GLIA_SOUND_WAV
                               : r.is("flac") ? GLIA_SOUND_FLAC
                                              : GLIA_SOUND_OGG)
            << r.name;
        // Versions of the decoders of Vorbis and Opus may round elsewhere.
        EXPECT_LE(largest_difference(samples(sound), r.samples), r.is("ogg") ? 1e-4 : 0) << r.name;
    }
}

TEST_F(SoundFiles, are_probed_as_they_are_read) {
    for (const Recording &r : recordings()) {
        const auto path = folder.write(r.name, r.bytes);
        glia_sound_info probed{};
        ASSERT_EQ(glia_sound_probe(ctx, path.c_str(), &probed), GLIA_OK) << message();
        const auto info = glia_sound_get_info(read(path, kAll).get());
        EXPECT_EQ(probed.frames, info.frames) << r.name;
        EXPECT_EQ(probed.channels, info.channels) << r.name;
        EXPECT_EQ(probed.rate, info.rate) << r.name;
        EXPECT_EQ(probed.bits, info.bits) << r.name;
        EXPECT_EQ(probed.format, info.format) << r.name;
    }
}

TEST_F(SoundFiles, give_a_part_as_the_whole_has_it) {
    for (const Recording &r : recordings()) {
        const Samples whole = samples(decoded(r.bytes, kAll));
        for (const int64_t first : {int64_t(0), int64_t(1), r.frames / 3, r.frames - 1})
            for (const int64_t frames : {int64_t(1), r.frames / 4, r.frames, int64_t(0)}) {
                auto args  = kAll;
                args.first = first, args.frames = frames;
                const auto part    = decoded(r.bytes, args);
                const int64_t left = r.frames - first, n = frames == 0 ? left : std::min(frames, left);
                ASSERT_EQ(glia_sound_get_info(part.get()).frames, n) << r.name;
                Samples want;
                for (int c = 0; c < r.channels; ++c)
                    want.insert(want.end(), whole.begin() + c * r.frames + first,
                                whole.begin() + c * r.frames + first + n);
                // What Opus decodes depends a little on where it begins.
                EXPECT_LE(largest_difference(samples(part), want), r.is("opus") ? 0.05 : 0)
                    << r.name << " " << n << " from " << first;
            }
    }
    const Recording &r = recording("flac_16");
    refuses(r.bytes, GLIA_BAD_FORMAT, "has 96 frames, none from 96 on", {.first = 96});
}

TEST_F(SoundFiles, give_the_channels_that_are_asked_for) {
    const Recording &r = recording("wav_surround");
    Samples mean, third(r.samples.begin() + 2 * r.frames, r.samples.begin() + 3 * r.frames);
    for (int64_t f = 0; f < r.frames; ++f) {
        double sum = 0;
        for (int c = 0; c < r.channels; ++c) sum += r.samples[size_t(c * r.frames + f)];
        mean.push_back(float(sum / r.channels));
    }
    EXPECT_EQ(samples(decoded(r.bytes)), mean);
    EXPECT_EQ(samples(decoded(r.bytes, {.convert = {.mix = GLIA_SOUND_ONE, .channel = 2}})), third);
    refuses(r.bytes, GLIA_SHAPE_MISMATCH, "channel 6 is wanted of 6",
            {.convert = {.mix = GLIA_SOUND_ONE, .channel = 6}});
    const auto mono = decoded(recording("flac_16").bytes);
    EXPECT_EQ(samples(mono), recording("flac_16").samples);
}

// ---- What is written is read again ----

TEST_F(SoundFiles, that_are_written_hold_every_number) {
    for (const char *name : {"a.wav", "a.flac", "A.WAV"})
        for (const int bits : {0, 16, 24, 32}) {
            if (bits == 32 && std::string(name) == "a.flac") continue;
            const int whole = bits == 0 ? 16 : bits;
            Samples x;  // multiples of the smallest step, the extremes among them
            for (int i = 0; i < 70; ++i)
                x.push_back(whole == 32 ? float(1.7 * std::sin(i))
                                        : std::ldexp(float(int(6e6 * std::sin(i)) >> (24 - whole)), 1 - whole));
            x[0] = -1, x[1] = float(1 - std::ldexp(1.0, 1 - whole));
            const auto sound = created(x, 2, 22050);
            write(sound, folder / name, bits);
            const auto again = read(folder / name, kAll);
            EXPECT_EQ(samples(again), x) << name << " " << bits;
            EXPECT_EQ(glia_sound_get_info(again.get()).rate, 22050);
            EXPECT_EQ(glia_sound_get_info(again.get()).bits, whole);
        }
    // The same file each time.
    const auto sound = created(tone(440, 8000, 50), 1, 8000);
    for (const char *ending : {".wav", ".flac"}) {
        write(sound, folder / ("one" + std::string(ending)), 16);
        write(sound, folder / ("two" + std::string(ending)), 16);
        std::ifstream one(folder / ("one" + std::string(ending))), two(folder / ("two" + std::string(ending)));
        const std::string a(std::istreambuf_iterator<char>(one), {}), b(std::istreambuf_iterator<char>(two), {});
        EXPECT_EQ(a, b);
        EXPECT_GT(a.size(), 50u);
    }
}

TEST_F(SoundFiles, that_are_written_end_at_full_scale) {
    const auto loud = created({2, -2, INFINITY, -INFINITY, 0.99999f}, 1, 8000);
    write(loud, folder / "a.wav");
    const float most = 32767.0f / 32768;
    EXPECT_EQ(samples(read(folder / "a.wav")), (Samples{most, -1, most, -1, most}));
    write(loud, folder / "a.wav", 32);
    EXPECT_EQ(samples(read(folder / "a.wav")), samples(loud));
    const auto refused = [&](const Sound &sound, const std::string &name, int bits, glia_status want,
                             const std::string &part) {
        EXPECT_EQ(glia_sound_write(sound.get(), (folder / name).c_str(), bits), want) << message();
        EXPECT_TRUE(says(part) && says(name)) << message() << "\nmust have: " << part;
    };
    refused(created({0, NAN}, 1, 8000), "a.wav", 16, GLIA_NOT_FINITE, "frame 1 of channel 0 is NaN");
    refused(loud, "a.mp3", 0, GLIA_INVALID_ARGUMENT, "ends with '.mp3', must end with .wav or .flac");
    refused(loud, "a", 0, GLIA_INVALID_ARGUMENT, "has no ending, must end with .wav or .flac");
    refused(loud, "a.flac", 32, GLIA_INVALID_ARGUMENT, "bits is 32, must be 16 or 24 in FLAC");
    refused(loud, "a.wav", 8, GLIA_INVALID_ARGUMENT, "bits is 8, must be 16, 24 or 32");
    refused(created(Samples(18), 9, 8000), "a.flac", 0, GLIA_INVALID_ARGUMENT, "has 9 channels, FLAC takes 8");
    refused(loud, "none/a.wav", 0, GLIA_NOT_FOUND, "No such file");
    EXPECT_EQ(samples(read(folder / "a.wav")), samples(loud)) << "the file was touched";
}

// ---- Limits and messages ----

Bytes text(const std::string &content) { return Bytes(content.begin(), content.end()); }

TEST_F(SoundFiles, are_refused_with_their_name_and_values) {
    glia_sound *out  = nullptr;
    const auto fails = [&](const std::string &path, glia_status want, const std::string &part,
                           const glia_sound_read_args &args = {}) {
        EXPECT_EQ(glia_sound_read(ctx, path.c_str(), &args, &out), want) << message();
        EXPECT_TRUE(says(part) && says(path)) << message() << "\nmust have: " << part;
        EXPECT_EQ(out, nullptr);
    };
    for_each_bad_path(
        folder, [&](const std::string &path, glia_status want, const std::string &part) { fails(path, want, part); });
    fails(folder.write("text", text("Hello")), GLIA_BAD_FORMAT, "5 bytes that begin with 48 65 6c 6c");
    fails(folder.write("aiff", text("FORM....AIFF")), GLIA_UNSUPPORTED, "is AIFF");
    fails(folder.write("mp3", text("ID3.........")), GLIA_UNSUPPORTED, "is MP3");
    fails(folder.write("rf64", text("RF64....WAVE")), GLIA_UNSUPPORTED, "is WAV of another kind than RIFF");
    const auto wav = folder.write("a.wav", recording("wav_16").bytes);
    fails(wav, GLIA_BAD_FORMAT, "has 96 frames, allowed are 95 (max_frames)", {.max_frames = 95});
    if (kSamplerate)
        fails(wav, GLIA_BAD_FORMAT, "has 192 frames at 16000 Hz, allowed are 100 (max_frames)",
              {.convert = {.rate = 16000}, .max_frames = 100});
    const Bytes bytes = recording("wav_16").bytes;
    refuses(bytes, GLIA_INVALID_ARGUMENT, "first is -1", {.first = -1});
    refuses(bytes, GLIA_INVALID_ARGUMENT, "invalid mix 3", {.convert = {.mix = glia_sound_mix(3)}});
    refuses(bytes, GLIA_INVALID_ARGUMENT, "channel is 1, must be 0", {.convert = {.channel = 1}});
    refuses(bytes, GLIA_INVALID_ARGUMENT, "rate is -1", {.convert = {.rate = -1}});
    refuses(bytes, GLIA_INVALID_ARGUMENT, "invalid quality 3", {.convert = {.quality = glia_sound_quality(3)}});
    refuses(bytes, GLIA_UNSUPPORTED, "the rate is 8000 Hz, of which 31 Hz cannot be made", {.convert = {.rate = 31}});
    refuses(bytes, GLIA_UNSUPPORTED, "of which 2048001 Hz cannot be made: one may be at most 256 times the other",
            {.convert = {.rate = 2048001}});
    if (kSamplerate) {
        EXPECT_EQ(samples(read(wav, {.convert = {.rate = 2048000}})).size(), 256 * 96u);
        write(created(Samples(512, 0.5f), 1, 25600), folder / "fast.wav");
        EXPECT_EQ(samples(read(folder / "fast.wav", {.convert = {.rate = 100}})).size(), 2u);
    }
}

// A size that no file has is that of a pipe; any other has to be there.
TEST_F(SoundFiles, of_wav_may_not_say_how_long_they_are) {
    Bytes bytes      = recording("wav_16").bytes;
    const auto sizes = bytes.begin() + 40;
    const auto set   = [&](uint32_t size) {
        for (int i = 0; i < 4; ++i) sizes[i] = static_cast<unsigned char>(size >> 8 * i);
    };
    ASSERT_EQ(std::string(bytes.begin() + 36, bytes.begin() + 40), "data");
    set(UINT32_MAX);
    EXPECT_EQ(samples(decoded(bytes)), recording("wav_16").samples);
    set(1 << 20);
    refuses(bytes, GLIA_BAD_FORMAT, "truncated: its samples at byte 36 have 1048576 bytes, and the file 192 more");
    set(0);
    refuses(bytes, GLIA_BAD_FORMAT, "has no frames");
}

// Pages are whole and follow one another, up to the last one of a stream; what is behind that does not matter.
TEST_F(SoundFiles, of_ogg_have_all_pages) {
    Bytes bytes = recording("ogg_vorbis").bytes;
    bytes.insert(bytes.end(), {'T', 'A', 'G'});
    EXPECT_EQ(samples(decoded(bytes)).size(), 400u);
    const Bytes page = {'O', 'g', 'g', 'S'};
    const auto last  = std::find_end(bytes.begin(), bytes.end(), page.begin(), page.end());
    const auto at    = std::to_string(last - bytes.begin());
    *last            = 'o';
    refuses(bytes, GLIA_BAD_FORMAT, "no page begins at byte " + at);
    bytes.erase(last, bytes.end());
    refuses(bytes, GLIA_BAD_FORMAT, "truncated: it ends at byte " + at + ", before the last page of a stream");
}

// A file that says it is long, and is not, costs no memory.
TEST_F(SoundFiles, allocate_no_more_than_they_hold) {
    Bytes flac = recording("flac_16").bytes;
    for (size_t i = 22; i < 26; ++i) flac[i] = 0x07;  // the low 32 bits of how many frames it has
    refuses(flac, GLIA_BAD_FORMAT, "truncated or broken: it ends at frame 96 of ");
    EXPECT_LT(glia_context_peak_bytes(ctx), size_t(1) << 20);
    for (size_t i = 22; i < 26; ++i) flac[i] = 0;  // unknown
    EXPECT_EQ(samples(decoded(flac)), recording("flac_16").samples);
    refuses(flac, GLIA_BAD_FORMAT, "has more than 95 frames, which are allowed (max_frames)", {.max_frames = 95});
}

TEST_F(SoundFiles, are_in_memory_three_times_at_most) {
    const int64_t frames   = 1 << 18;
    const std::string path = folder / "silence.flac";
    write(created(Samples(frames), 1, 8000), path);
    EXPECT_LT(std::filesystem::file_size(path), 20000u);
    for (const int rate : {8000, kSamplerate ? 16000 : 8000}) {
        glia_context *other = nullptr;
        glia_sound *sound   = nullptr;
        const glia_sound_read_args args{.convert = {.rate = rate, .quality = GLIA_SOUND_FAST}};
        ASSERT_EQ(glia_context_create("cpu", nullptr, &other), GLIA_OK);
        EXPECT_EQ(glia_sound_read(other, path.c_str(), &args, &sound), GLIA_OK) << glia_message(other);
        const auto bytes = size_t(glia_sound_get_info(sound).frames) * sizeof(float);
        EXPECT_LT(glia_context_peak_bytes(other), 3 * bytes + (1 << 20)) << rate;
        glia_sound_destroy(sound);
        glia_context_destroy(other);
    }
}

// ---- Hostile files ----

TEST_F(SoundFiles, are_refused_wherever_they_end) {
    for (const Recording &r : recordings()) {
        if (r.is("pipe")) continue;
        const size_t step = kSanitized ? 7 : 1;
        for (size_t n = 0; n < r.bytes.size(); n += step) {
            const Bytes part(r.bytes.begin(), r.bytes.begin() + std::ptrdiff_t(n));
            glia_sound *out   = nullptr;
            const auto status = glia_sound_decode(ctx, n ? part.data() : &r.bytes[0], n, nullptr, &out);
            EXPECT_EQ(status, GLIA_BAD_FORMAT) << r.name << " of " << n << " bytes: " << message();
            glia_sound_destroy(out);
        }
    }
}

TEST_F(SoundFiles, do_no_harm_with_a_wrong_byte) {
    for (const Recording &r : recordings()) {
        const size_t step = kSanitized ? 11 : r.bytes.size() > 2000 ? 3 : 1;
        for (size_t at = 0; at < r.bytes.size(); at += step)
            for (const unsigned flip : {0x01u, 0x80u, 0xffu}) {
                Bytes other     = r.bytes;
                other[at]       = static_cast<unsigned char>(other[at] ^ flip);
                glia_sound *out = nullptr;
                const glia_sound_read_args args{.max_frames = 1 << 20};
                const auto status = glia_sound_decode(ctx, other.data(), other.size(), &args, &out);
                EXPECT_TRUE(status == GLIA_OK || status == GLIA_BAD_FORMAT || status == GLIA_UNSUPPORTED)
                    << r.name << " byte " << at << ": " << glia_status_name(status) << " " << message();
                EXPECT_EQ(status == GLIA_OK, out != nullptr);
                glia_sound_destroy(out);
            }
    }
    EXPECT_LT(glia_context_peak_bytes(ctx), size_t(64) << 20);
}

TEST_F(SoundFiles, run_out_of_memory_without_loss) {
    for (const char *name : {"wav_24_stereo", "flac_16", "ogg_vorbis"}) {
        const Bytes &file = recording(name).bytes;
        EXPECT_GT(fail_every_allocation([&](glia_context *c) {
                      glia_sound *out = nullptr;
                      const glia_sound_read_args args{.convert = {.rate = kSamplerate ? 11025 : 0}};
                      const auto status = glia_sound_decode(c, file.data(), file.size(), &args, &out);
                      EXPECT_EQ(status == GLIA_OK, out != nullptr);
                      glia_sound_destroy(out);
                      return status;
                  }),
                  3)
            << name;
    }
    const std::string path = folder / "a.flac";
    EXPECT_GT(fail_every_allocation([&](glia_context *c) {
                  glia_sound *out = nullptr;
                  const glia_sound_args args{30, 2, 8000};
                  auto status = glia_sound_create(c, &args, nullptr, &out);
                  if (status == GLIA_OK) status = glia_sound_write(out, path.c_str(), 0);
                  glia_sound_destroy(out);
                  return status;
              }),
              3);
}

}  // namespace

// Folders of recordings as datasets.
#include <filesystem>
#include <map>
#include <utility>

#include "sound/recordings.h"
#include "support/epochs.h"
#include "support/failing.h"

namespace {

using namespace glia;

// What the build lacks is no fault of files that may be left out.
TEST_F(SoundTest, folders_without_a_decoder_are_not_taken_for_empty) {
    if (kSndfile) GTEST_SKIP() << "there is libsndfile";
    std::filesystem::create_directories(folder / "sounds/horn");
    folder.write("sounds/horn/a.wav", recording("wav_16").bytes);
    glia_dataset *out                  = nullptr;
    const glia_sound_dataset_args args = {.rate = 8000, .length = 10, .hop = 5, .skip = true};
    EXPECT_EQ(glia_dataset_from_sound_folder(ctx, (folder / "sounds").c_str(), &args, &out), GLIA_UNSUPPORTED);
    EXPECT_TRUE(says("horn/a.wav: is a recording, and this build of Glia has no libsndfile")) << message();
}

class SoundFolder : public SoundTest {
   protected:
    void SetUp() override {
        SoundTest::SetUp();
        if (!kSndfile) GTEST_SKIP() << "no libsndfile";
        // Written in an order that is not that of their names.
        put("siren/2.wav", tone(440, 8000, 25), 8000);
        put("horn/deep/b.flac", tone(500, 8000, 7), 8000);
        put("horn/a.wav", tone(600, 8000, 10), 8000);
        write_bytes("siren/10.wav", recording("flac_16").bytes);  // the content counts, not the name
        write_bytes("siren/.hidden", {'x'});
    }
    std::string root() { return folder / "sounds"; }
    std::string make(const std::string &name) {
        const std::filesystem::path path = folder / ("sounds/" + name);
        std::filesystem::create_directories(path.parent_path());
        return path.string();
    }
    std::string put(const std::string &name, const Samples &samples, int rate, int channels = 1) {
        const std::string path = make(name);
        write(created(samples, channels, rate), path, 16);
        return path;
    }
    std::string write_bytes(const std::string &name, const Bytes &bytes) {
        const std::string path = make(name);
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char *>(bytes.data()), std::streamsize(bytes.size()));
        return path;
    }
    glia_dataset *open(const glia_sound_dataset_args &args) {
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_from_sound_folder(ctx, root().c_str(), &args, &out), GLIA_OK) << message();
        return out;
    }
    void refuses(glia_status want, const std::string &part, const glia_sound_dataset_args &args) {
        glia_dataset *out = nullptr;
        EXPECT_EQ(glia_dataset_from_sound_folder(ctx, root().c_str(), &args, &out), want) << message();
        EXPECT_TRUE(says(part)) << message() << "\nmust have: " << part;
        EXPECT_EQ(out, nullptr);
    }
    // The status of reading sample `index`, and what it is.
    glia_status get(glia_dataset *dataset, int64_t index, Samples *out, int64_t *label) {
        glia_tensor *x           = batch_of(ctx, glia_dataset_input(dataset, 0), 1),
                    *y           = batch_of(ctx, glia_dataset_target(dataset, 0), 1);
        const glia_status status = glia_dataset_get(dataset, &index, 1, &x, &y);
        const float *values      = static_cast<float *>(glia_tensor_data(x));
        out->assign(values, values + glia_tensor_count(x));
        *label = static_cast<int64_t *>(glia_tensor_data(y))[0];
        glia_tensor_destroy(x), glia_tensor_destroy(y);
        return status;
    }
    Samples sample(glia_dataset *dataset, int64_t index) {
        Samples out;
        int64_t label;
        EXPECT_EQ(get(dataset, index, &out, &label), GLIA_OK) << message();
        return out;
    }
    int64_t label(glia_dataset *dataset, int64_t index) {
        Samples out;
        int64_t label = -1;
        EXPECT_EQ(get(dataset, index, &out, &label), GLIA_OK) << message();
        return label;
    }
    // Frames of a recording's first channel, with zeros behind its end.
    Samples part(const std::string &path, int64_t first, int64_t frames, int rate = 0) {
        const auto whole  = read(path, {.convert = {.rate = rate}});
        glia_sound *out   = nullptr;
        const auto status = glia_sound_cut(whole.get(), first, frames, &out);
        return samples(taken(status, out));
    }
};

TEST_F(SoundFolder, has_one_sample_for_each_recording_cut_or_padded) {
    glia_dataset *data                  = open({.rate = 8000, .length = 9});
    const std::vector<std::string> want = {"/horn/a.wav", "/horn/deep/b.flac", "/siren/10.wav", "/siren/2.wav"};
    ASSERT_EQ(glia_dataset_count(data), 4);
    EXPECT_STREQ(glia_dataset_input(data, 0).name, "sound");
    EXPECT_EQ(glia_dataset_input(data, 0).shape.ndim, 2);
    EXPECT_STREQ(glia_dataset_target(data, 0).name, "label");
    for (int64_t i = 0; i < 4; ++i) {
        EXPECT_EQ(glia_dataset_sample_name(data, i), root() + want[size_t(i)]);
        EXPECT_EQ(label(data, i), i / 2);
        EXPECT_EQ(sample(data, i), part(glia_dataset_sample_name(data, i), 0, 9)) << i;
    }
    EXPECT_EQ(sample(data, 1)[8], 0);
    EXPECT_EQ(glia_dataset_classes(data, 0), 2);
    EXPECT_STREQ(glia_dataset_class_name(data, 0, 0), "horn");
    EXPECT_STREQ(glia_dataset_class_name(data, 0, 1), "siren");
    int64_t counts[2];
    EXPECT_EQ(glia_dataset_class_counts(data, 0, counts, 2), GLIA_OK) << message();
    EXPECT_EQ(counts[1], 2);
    glia_dataset_destroy(data);
}

// Recordings of 10, 7, 96 and 25 frames in windows of 10, 6 after one another.
TEST_F(SoundFolder, has_the_windows_of_each_recording) {
    for (const bool partial : {false, true}) {
        glia_dataset *data = open({.rate = 8000, .length = 10, .hop = 6, .partial = partial});
        const std::vector<int64_t> windows =
            partial ? std::vector<int64_t>{1, 1, 16, 4} : std::vector<int64_t>{1, 1, 15, 3};
        int64_t at = 0;
        for (size_t r = 0; r < windows.size(); ++r)
            for (int64_t w = 0; w < windows[r]; ++w, ++at) {
                const std::string path = glia_dataset_sample_name(data, at);
                EXPECT_EQ(label(data, at), int64_t(r) / 2);
                EXPECT_EQ(sample(data, at), part(path, 6 * w, 10)) << path << " " << w;
                EXPECT_EQ(w == 0, at == 0 || path != glia_dataset_sample_name(data, at - 1));
            }
        EXPECT_EQ(glia_dataset_count(data), at);
        glia_dataset_destroy(data);
    }
}

// A window is what the whole recording has there at the other rate, wherever its reading begins.
TEST_F(SoundFolder, has_windows_at_another_rate) {
    if (!kSamplerate) GTEST_SKIP() << "no libsamplerate";
    std::filesystem::remove_all(root());
    put("a/44100.wav", tone(1000, 44100, 3000), 44100);
    put("a/8000.flac", tone(700, 8000, 900), 8000);
    put("b/15999.wav", tone(3000, 15999, 1000), 15999);
    for (const glia_sound_quality quality : {GLIA_SOUND_MEDIUM, GLIA_SOUND_BEST, GLIA_SOUND_FAST}) {
        glia_dataset *data = open({.rate = 16000, .length = 100, .hop = 77, .partial = true, .quality = quality});
        std::map<std::string, std::pair<Sound, int64_t>> whole;  // and how many of its windows have been
        EXPECT_EQ(glia_dataset_count(data), 14 + 24 + 13);
        for (int64_t i = 0; i < glia_dataset_count(data); ++i) {
            const std::string path = glia_dataset_sample_name(data, i);
            if (!whole.count(path))
                whole.emplace(path, std::pair{read(path, {.convert = {.rate = 16000, .quality = quality}}), 0});
            auto &[sound, window] = whole.at(path);
            glia_sound *out       = nullptr;
            const auto status     = glia_sound_cut(sound.get(), 77 * window++, 100, &out);
            EXPECT_LE(largest_difference(sample(data, i), samples(taken(status, out))), 2e-6) << path << " " << window;
        }
        glia_dataset_destroy(data);
    }
}

TEST_F(SoundFolder, has_the_channels_that_are_asked_for) {
    std::filesystem::remove_all(root());
    put("a/stereo.wav", {0.5, 0.25, 0.125, -0.5, -0.25, 0.25}, 8000, 2);
    glia_dataset *data = open({.rate = 8000, .length = 4, .mix = GLIA_SOUND_ALL, .channels = 2});
    EXPECT_EQ(sample(data, 0), (Samples{0.5, 0.25, 0.125, 0, -0.5, -0.25, 0.25, 0}));
    glia_dataset_destroy(data);
    data = open({.rate = 8000, .length = 2, .mix = GLIA_SOUND_ONE, .channel = 1});
    EXPECT_EQ(sample(data, 0), (Samples{-0.5, -0.25}));
    glia_dataset_destroy(data);
    put("a/mono.wav", {0.5}, 8000);
    data = open({.rate = 8000, .length = 2, .mix = GLIA_SOUND_ALL, .channels = 2});
    Samples out;
    int64_t label;
    EXPECT_EQ(get(data, 0, &out, &label), GLIA_SHAPE_MISMATCH);
    EXPECT_TRUE(says("a/mono.wav: has 1 channels, samples have 2")) << message();
    glia_dataset_destroy(data);
}

TEST_F(SoundFolder, gives_the_same_bits_for_any_number_of_workers) {
    if (kSamplerate) put("siren/3.wav", tone(440, 11025, 60), 11025);
    glia_dataset *data = open({.rate = 8000, .length = 12, .hop = 5});
    const auto want    = two_epochs(data, 0);
    EXPECT_GT(want.size(), 300u);
    for (const int workers : {1, 2, 4}) EXPECT_EQ(two_epochs(data, workers), want) << workers;
    glia_dataset_destroy(data);
}

TEST_F(SoundFolder, names_the_broken_recording_or_leaves_it_out) {
    Bytes half = recording("flac_16").bytes;
    half.resize(half.size() - 20);
    const std::string broken = write_bytes("horn/broken.flac", half);
    glia_dataset *data       = open({.rate = 8000, .length = 96});
    Samples out;
    int64_t label;
    EXPECT_EQ(get(data, 1, &out, &label), GLIA_BAD_FORMAT);
    EXPECT_TRUE(says("horn/broken.flac: ")) << message();
    glia_dataset_destroy(data);
    refuses(GLIA_BAD_FORMAT, broken + ": ", {.rate = 8000, .length = 9, .verify = true});
    data = open({.rate = 8000, .length = 9, .skip = true, .verify = true});
    EXPECT_EQ(glia_dataset_count(data), 4);
    glia_dataset_destroy(data);
    std::filesystem::remove(broken);

    Bytes unknown = recording("flac_16").bytes;
    for (size_t i = 22; i < 26; ++i) unknown[i] = 0;
    const std::string endless = write_bytes("horn/unknown.flac", unknown);
    refuses(GLIA_BAD_FORMAT, endless + ": does not say how long it is", {.rate = 8000, .length = 9, .hop = 3});
    data = open({.rate = 8000, .length = 9});
    EXPECT_EQ(glia_dataset_count(data), 5);
    glia_dataset_destroy(data);

    const std::string notes = write_bytes("horn/notes.txt", {'H', 'i'});
    refuses(GLIA_BAD_FORMAT, notes + ": is no recording of a format that is read (.skip leaves such files out)",
            {.rate = 8000, .length = 9});
    std::filesystem::create_directories(root() + "/none");
    refuses(GLIA_NOT_FOUND, root() + "/none: the class has no recordings", {.rate = 8000, .length = 9, .skip = true});
}

TEST_F(SoundFolder, refuses_args_that_make_no_sense) {
    refuses(GLIA_INVALID_ARGUMENT, "rate is 0, must be positive", {.length = 9});
    refuses(GLIA_INVALID_ARGUMENT, "length is 0, must be 1 to", {.rate = 8000});
    refuses(GLIA_INVALID_ARGUMENT, "hop is -1", {.rate = 8000, .length = 9, .hop = -1});
    refuses(GLIA_INVALID_ARGUMENT, "channels is 2, must be", {.rate = 8000, .length = 9, .channels = 2});
    refuses(GLIA_INVALID_ARGUMENT, "invalid mix 9", {.rate = 8000, .length = 9, .mix = glia_sound_mix(9)});
    refuses(GLIA_INVALID_ARGUMENT, "label_dtype is u8", {.rate = 8000, .length = 9, .label_dtype = GLIA_U8});
}

TEST_F(SoundFolder, runs_out_of_memory_without_loss) {
    const std::string path = root();
    EXPECT_GT(fail_every_allocation([&](glia_context *c) {
                  glia_dataset *data = nullptr;
                  const glia_sound_dataset_args args{.rate = kSamplerate ? 11025 : 8000, .length = 9, .hop = 4};
                  glia_tensor *x     = nullptr;
                  glia_status status = glia_dataset_from_sound_folder(c, path.c_str(), &args, &data);
                  if (status == GLIA_OK) status = glia_tensor_create(c, GLIA_F32, GLIA_SHAPE(1, 1, 9), &x);
                  const int64_t index = 3;
                  if (status == GLIA_OK) status = glia_dataset_get(data, &index, 1, &x, nullptr);
                  glia_tensor_destroy(x);
                  glia_dataset_destroy(data);
                  return status;
              }),
              20);
}

}  // namespace

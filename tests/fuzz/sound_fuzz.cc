// Recordings of every format, as bytes or behind the beginning of a format, with args that the input says. What is read
// is probed as the same, a part of it is what the whole has there, and it is written as WAV or FLAC and read again.
#include <cmath>

#include "fuzz/fuzz.h"
#include "glia/sound.h"
#include "sound/known_leaks.h"

namespace {

using namespace glia;

constexpr int64_t kMostFrames = 1 << 16;

// Numbers are not finite where the file's are not.
bool same(float a, float b, float step) {
    return std::abs(a - b) <= step || (std::isnan(a) && std::isnan(b)) || a == b;
}

void require_written(Context *context, const glia_sound *sound, unsigned how) {
    const glia_sound_info info = glia_sound_get_info(sound);
    const bool flac            = (how & 1) != 0 && info.channels <= 8 && info.rate <= 655350;
    const int bits             = flac ? 24 : 32;
    const std::string path     = scratch() + (flac ? ".flac" : ".wav");
    const glia_sound_read_args args{.convert = {.mix = GLIA_SOUND_ALL}};
    glia_sound *again        = nullptr;
    const glia_status status = glia_sound_write(sound, path.c_str(), bits);
    if (status == GLIA_NOT_FINITE) return;
    require(status == GLIA_OK, "it is not written");
    require(glia_sound_read(context->get(), path.c_str(), &args, &again) == GLIA_OK, "it is not read again");
    const glia_sound_info other = glia_sound_get_info(again);
    require(other.frames == info.frames && other.channels == info.channels && other.rate == info.rate, "another size");
    const float *a = glia_sound_samples(sound), *b = glia_sound_samples(again);
    for (int64_t i = 0; i < info.frames * info.channels; ++i)
        require(same(flac ? std::fmax(-1.0f, std::fmin(1.0f, a[i])) : a[i], b[i], flac ? 0x1p-22f : 0),
                "other numbers");
    glia_sound_destroy(again);
    remove(path.c_str());
}

void check(Context *context, const char *path, const glia_sound_read_args &args, const glia_sound *sound,
           unsigned how) {
    const glia_sound_info info = glia_sound_get_info(sound);
    glia_sound_info probed;
    require(glia_sound_probe(context->get(), path, &probed) == GLIA_OK, "it is read, and not probed");
    require(probed.format == info.format && probed.bits == info.bits, "it is probed as another format");
    require(args.convert.rate == 0 ? probed.rate == info.rate : args.convert.rate == info.rate, "another rate");
    require(info.channels == (args.convert.mix == GLIA_SOUND_ALL ? probed.channels : 1), "other channels");
    require(info.frames >= 1 && info.frames <= kMostFrames, "it is longer than allowed");
    require_written(context, sound, how);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Context context;
    Input input(data, size);
    const unsigned how = input.byte(), what = input.byte();
    const glia_sound_read_args args{
        .convert = {.mix = glia_sound_mix(how % 3), .rate = (how & 0x10) != 0 ? 11025 : 0, .quality = GLIA_SOUND_FAST},
        .first   = (how & 0x20) != 0 ? int64_t(how / 64) * 7 : 0,
        .frames  = (how & 0x40) != 0 ? 50 : 0,
        .max_frames = kMostFrames};
    Bytes content                     = input.rest();
    static const char *const begins[] = {"", "RIFF....WAVE", "fLaC", "OggS"};
    const std::string begin           = begins[what % 4];
    content.insert(content.begin(), begin.begin(), begin.end());
    const MemoryFile file(content);
    glia_sound *sound        = nullptr;
    const glia_status status = glia_sound_read(context.get(), file.path(), &args, &sound);
    if (status == GLIA_OK) {
        check(&context, file.path(), args, sound, what / 4);
        glia_sound_destroy(sound);
    } else {
        require(status == GLIA_BAD_FORMAT || status == GLIA_UNSUPPORTED || status == GLIA_SHAPE_MISMATCH,
                "another error");
        require(context.message().find(file.path()) == 0, "a message without the path");
    }
    return 0;
}

#!/usr/bin/env python3
"""Writes recordings.inc: short files that SoX and soundfile write, and what soundfile reads of them. Needs SoX and the
package soundfile.

  python3 tests/sound/recordings.py > tests/sound/recordings.inc
"""
import os
import subprocess
import tempfile

import numpy as np
import soundfile


def tones(frames, channels):
    """A tone for each channel, with the extremes of 16 bits in the first one."""
    x = np.stack([0.6 * np.sin(0.1 * (c + 2) * np.arange(frames)) for c in range(channels)], axis=1)
    x[0, 0], x[1, 0] = -1, 32767 / 32768
    return x


def sox(folder, name, *options, source="-b 32 -e floating-point", to_pipe=False):
    path = os.path.join(folder, name)
    raw = tones(96, 2).astype("<f4").tobytes()
    command = ["sox", "-V1", "-D", "-t", "raw", "-r", "8000", "-c", "2", *source.split(), "-", *options]
    if to_pipe:
        piped = subprocess.run([*command, "-t", "wav", "-"], input=raw, stdout=subprocess.PIPE, check=True)
        with open(path, "wb") as out:
            out.write(piped.stdout)
    else:
        subprocess.run([*command, path], input=raw, check=True)
    return path


def main():
    print("// Recordings that SoX and soundfile wrote, and what soundfile reads, by recordings.py.")
    with tempfile.TemporaryDirectory() as folder:

        def written(name, rate, channels, frames=96, **how):
            path = os.path.join(folder, name)
            soundfile.write(path, tones(frames, channels), rate, **how)
            return path

        files = {
            "wav_16": written("a.wav", 8000, 1, subtype="PCM_16"),
            "wav_24_stereo": written("b.wav", 44100, 2, subtype="PCM_24"),
            "wav_float": written("c.wav", 16000, 1, subtype="FLOAT"),
            "wav_double": written("d.wav", 16000, 1, subtype="DOUBLE"),
            "wav_8": written("e.wav", 8000, 1, subtype="PCM_U8"),
            "wav_surround": written("f.wav", 48000, 6, frames=12, subtype="PCM_16"),
            "wav_sox_24": sox(folder, "g.wav", "-b", "24"),
            "wav_sox_32": sox(folder, "h.wav", "-b", "32", "-e", "signed-integer"),
            "wav_sox_mu_law": sox(folder, "i.wav", "-e", "mu-law"),
            "wav_sox_adpcm": sox(folder, "j.wav", "-e", "ima-adpcm"),
            "wav_sox_pipe": sox(folder, "k.wav", "-b", "16", "-e", "signed-integer", to_pipe=True),
            "flac_16": written("l.flac", 8000, 1, subtype="PCM_16"),
            "flac_24_stereo": written("m.flac", 44100, 2, subtype="PCM_24"),
            "flac_sox": sox(folder, "n.flac"),
            "ogg_vorbis": written("o.ogg", 8000, 1, frames=400, subtype="VORBIS"),
            "ogg_sox": sox(folder, "p.ogg"),
            "ogg_opus": written("q.opus", 48000, 1, frames=960, format="OGG", subtype="OPUS"),
        }
        bits = {"PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32, "FLOAT": 32, "DOUBLE": 64}
        for name, path in files.items():
            info = soundfile.info(path)
            x, rate = soundfile.read(path, dtype="float32", always_2d=True)
            content = open(path, "rb").read()
            print(f'RECORDING({name}, {rate}, {x.shape[1]}, {bits.get(info.subtype, 0)}, {x.shape[0]}, '
                  f'"{content.hex()}", "{np.ascontiguousarray(x.T).astype(">f4").tobytes().hex()}")')


main()

#!/usr/bin/env python3
"""Writes spectra.inc: what librosa and SciPy compute of a wave that the test makes, too. Needs librosa 0.11.

  python3 tests/nn/spectra.py > tests/nn/spectra.inc
"""
import librosa
import numpy as np
import scipy.signal

WINDOWS = {"HANN": "hann", "HAMMING": "hamming", "BOX": "boxcar"}
PADDINGS = {"REFLECTED": "reflect", "ZEROS": "constant", "INSIDE": None}


def wave(length):
    """Two tones and noise from a multiplicative hash."""
    i = np.arange(length, dtype=np.uint64)
    noise = ((i * np.uint64(2654435761)) % np.uint64(1 << 32) >> np.uint64(16)).astype(np.float64) / 65536 - 0.5
    return (0.5 * np.sin(0.31 * i) + 0.25 * np.sin(1.7 * i) + 0.125 * noise).astype(np.float32).astype(np.float64)


def stft(length, n_fft, hop, size, window, padding):
    x = wave(length)
    mode = PADDINGS[padding]
    z = librosa.stft(x, n_fft=n_fft, hop_length=hop, win_length=size, window=WINDOWS[window], center=mode is not None,
                     pad_mode=mode or "constant", dtype=np.complex128)
    if size == n_fft:  # SciPy agrees
        w = scipy.signal.get_window(WINDOWS[window], size)
        boundary = {"reflect": "even", "constant": "zeros", None: None}[mode]
        _, _, s = scipy.signal.stft(x, window=w, nperseg=size, noverlap=size - hop, boundary=boundary, padded=False)
        assert np.allclose(z, s * w.sum(), atol=1e-12)
    return z


def text(values):
    return ", ".join(f"{v:.12g}" for v in np.asarray(values).ravel())


def frames(f):
    length, n_fft, hop, size, window, padding = f
    return f"{length}, {n_fft}, {hop}, {size}, {window}, {padding}"


def main():
    print("// What librosa computes, written by spectra.py.")
    for f in [(100, 32, 8, 32, "HANN", "REFLECTED"), (77, 20, 6, 20, "HAMMING", "REFLECTED"),
              (60, 16, 5, 12, "HANN", "ZEROS"), (64, 16, 16, 16, "BOX", "INSIDE"), (50, 15, 20, 9, "HANN", "INSIDE")]:
        z = stft(*f)
        print(f"STFT({frames(f)}, {{{text([z.real, z.imag])}}})")
    f = (160, 64, 16, 64, "HANN", "REFLECTED")
    p = abs(stft(*f)) ** 2
    rate = 8000
    for low, high, htk, norm in [(0, 4000, False, "slaney"), (300, 3400, True, None)]:
        filters = librosa.filters.mel(sr=rate, n_fft=f[1], n_mels=10, fmin=low, fmax=high, htk=htk, norm=norm, dtype=np.float64)
        mel = filters @ p
        db = librosa.power_to_db(mel, top_db=30)
        mfcc = librosa.feature.mfcc(S=db, n_mfcc=6)
        mine = f"{rate}, 10, {low}, {high}, {str(htk).lower()}, {str(norm is None).lower()}"
        print(f"MEL({frames(f)}, {mine}, {{{text(mel)}}}, {{{text(db)}}}, {{{text(mfcc)}}})")


main()

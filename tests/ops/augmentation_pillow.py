#!/usr/bin/env python3
"""Records how Pillow maps pictures: augmentation_pillow.inc, which augmentation_test.cc reads. Needs Pillow 12; the test
needs no Python.

    python3 tests/ops/augmentation_pillow.py

A picture is MAPPED(what, nearest, angle, {the six numbers of the map}, {its numbers}), of the picture of 7 x 9 floats
whose number i is (i * i * 37 + i * 11) % 101. The map is that of Image.transform, but between centres of pixels; where
there is an angle, Pillow turned the picture by so many degrees. Pixels without a source are -5.
"""

import math
import pathlib

import PIL
from PIL import Image

assert PIL.__version__.startswith("12."), PIL.__version__
HEIGHT, WIDTH = 7, 9
FILL = -5.0


def made():
    image = Image.new("F", (WIDTH, HEIGHT))
    image.putdata([float((i * i * 37 + i * 11) % 101) for i in range(HEIGHT * WIDTH)])
    return image


def between_centres(m):
    """Pillow maps corners: a point at (x + 1/2, y + 1/2) to one that is 1/2 from the centre as well."""
    a, b, c, d, e, f = m
    return [a, b, 0.5 * (a + b) + c - 0.5, d, e, 0.5 * (d + e) + f - 0.5]


def row(what, nearest, angle, m, image):
    numbers = ", ".join(f"{x:.9g}" for x in image.get_flattened_data())
    places = ", ".join(f"{x:.17g}" for x in m)
    return f"MAPPED({what}, {nearest}, {angle}, ({places}), ({numbers}))\n"


MAPS = {
    "flip": [-1, 0, WIDTH, 0, 1, 0],
    "shift": [1, 0, 2, 0, 1, -3],
    "half_a_pixel": [1, 0, 0.5, 0, 1, 0.25],
    "shear": [1, 0.375, -1, 0.125, 1, 0.5],
    "larger": [0.6, 0, 1.7, 0, 0.7, 1.1],
    "smaller": [1.9, 0, -4, 0, 1.6, -2],
}

text = "// Made by augmentation_pillow.py, with Pillow " + PIL.__version__ + ".\n"
for filter_, nearest in ((Image.Resampling.BILINEAR, 0), (Image.Resampling.NEAREST, 1)):
    for what, m in MAPS.items():
        image = made().transform((WIDTH, HEIGHT), Image.Transform.AFFINE, m, filter_, fillcolor=FILL)
        text += row(what, nearest, 0, between_centres(m), image)
    for angle in (12, -77, 180, 90):
        text += row("turned", nearest, angle, [0] * 6, made().rotate(angle, filter_, fillcolor=FILL))
pathlib.Path(__file__).with_suffix(".inc").write_text(text)

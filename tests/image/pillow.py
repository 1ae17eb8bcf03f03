#!/usr/bin/env python3
"""Records what Pillow reads of some files, and how it resizes: pillow.inc, which image_files_test.cc and
image_resize_test.cc read. Needs Pillow 12; the tests need no Python.

    python3 tests/image/pillow.py

A file is FILE(name, height, width, channels, bits, its bytes, the numbers that Pillow reads). A resized picture is
RESIZED(filter, from height, from width, channels, height, width, its numbers), of the picture that `made` makes, as the
test does, too. Numbers are hexadecimal, of 8 or 16 bits.
"""

import io
import pathlib
import struct
import zlib

import PIL
from PIL import Image

assert PIL.__version__.startswith("12."), PIL.__version__
HEIGHT, WIDTH = 7, 9


def made(height, width, channels):
    """A slope from left to right, and a quarter of noise: the upper byte of i 2654435761 mod 2^32 for number i."""
    noise = [(i * 2654435761 & 0xFFFFFFFF) >> 24 for i in range(height * width * channels)]
    return bytes((3 * ((i // channels % width) * 255 // max(width - 1, 1)) + noise[i]) // 4 for i in range(len(noise)))


MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def picture(channels, height=HEIGHT, width=WIDTH):
    return Image.frombytes(MODES[channels], (width, height), made(height, width, channels))


def saved(image, **options):
    out = io.BytesIO()
    image.save(out, **options)
    return out.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, raw, interlaced=0, extra=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw, 9)) +
            chunk(b"IEND", b""))


def interlaced_png():
    pixels, raw = made(HEIGHT, WIDTH, 3), b""
    for left, top, right, down in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        for y in range(top, HEIGHT, down):
            row = b"".join(pixels[3 * (y * WIDTH + x):][:3] for x in range(left, WIDTH, right))
            if row:
                raw += b"\0" + row
    return png(WIDTH, HEIGHT, 8, 2, raw, interlaced=1)


def oriented(number):
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


def files():
    palette = picture(3).quantize(11)
    see_through = palette.copy()
    see_through.info["transparency"] = 3
    yield "jpeg_grey", saved(picture(1), format="JPEG", quality=90), 1
    yield "jpeg_420", saved(picture(3), format="JPEG", quality=85, subsampling=2), 3
    yield "jpeg_422_restarts", saved(picture(3), format="JPEG", quality=85, subsampling=1, restart_marker_blocks=1), 3
    yield "jpeg_444_progressive", saved(picture(3), format="JPEG", quality=92, subsampling=0, progressive=True), 3
    yield "jpeg_cmyk", saved(picture(4).convert("RGB").convert("CMYK"), format="JPEG", quality=90), 3
    for number in (1, 3, 6, 7, 8):
        yield f"jpeg_turned_{number}", saved(picture(3), format="JPEG", quality=80, exif=oriented(number)), 3
    yield "png_grey", saved(picture(1), format="PNG"), 1
    yield "png_grey_alpha", saved(picture(2), format="PNG"), 2
    yield "png_rgb", saved(picture(3), format="PNG"), 3
    yield "png_rgba", saved(picture(4), format="PNG"), 4
    yield "png_bits", saved(picture(1).point(lambda x: 255 * (x > 127)).convert("1"), format="PNG"), 1
    yield "png_palette", saved(palette, format="PNG"), 3
    yield "png_palette_alpha", saved(see_through, format="PNG", transparency=3), 4
    yield "png_interlaced", interlaced_png(), 3
    yield "png_turned", saved(picture(3), format="PNG", exif=oriented(6)), 3
    yield "png_16", saved(Image.frombytes("I;16", (WIDTH, HEIGHT), made(HEIGHT, WIDTH, 2)), format="PNG"), 1
    yield "bmp_bits", saved(picture(1).point(lambda x: 255 * (x > 127)).convert("1"), format="BMP"), 1
    yield "bmp_grey", saved(picture(1), format="BMP"), 1
    yield "bmp_palette", saved(palette, format="BMP"), 3
    yield "bmp_rgb", saved(picture(3), format="BMP"), 3
    yield "bmp_32", saved(picture(4), format="BMP"), 3
    yield "pgm", saved(picture(1), format="PPM"), 1
    yield "ppm", saved(picture(3), format="PPM"), 3


def read(data, channels):
    from PIL import ImageOps
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if image.mode == "I;16":
        return image, 16, list(struct.unpack(f"<{image.width * image.height}H", image.tobytes()))
    return image, 8, list(image.convert(MODES[channels]).tobytes())


def hexadecimal(numbers, bits):
    return '"' + "".join(f"{x:0{bits // 4}x}" for x in numbers) + '"'


def main():
    lines = [f"// Made by tests/image/pillow.py with Pillow {PIL.__version__}; the numbers are its."]
    for name, data, channels in files():
        image, bits, pixels = read(data, channels)
        lines.append(f"FILE({name}, {image.height}, {image.width}, {channels}, {bits}, {hexadecimal(data, 8)}, {hexadecimal(pixels, bits)})")
    # Nearest has no ties in them, which Pillow breaks by the rounding errors of a sum.
    sizes = [((9, 13), (4, 5)), ((7, 9), (11, 15)), ((9, 13), (9, 6)), ((9, 13), (5, 13)), ((2, 3), (8, 1)), ((31, 7), (3, 8))]
    for name, method in (("BILINEAR", Image.BILINEAR), ("AREA", Image.BOX), ("NEAREST", Image.NEAREST)):
        for channels in (1, 2, 3, 4):
            for (h, w), (to_h, to_w) in sizes[:2] if channels in (1, 2) else sizes:
                resized = picture(channels, h, w).resize((to_w, to_h), method)
                lines.append(f"RESIZED({name}, {h}, {w}, {channels}, {to_h}, {to_w}, {hexadecimal(resized.tobytes(), 8)})")
    (pathlib.Path(__file__).parent / "pillow.inc").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Packs an image of up to 65,536 sectors as an input of image_fuzz: pack_image.py IMAGE >fuzz/corpus/image_fuzz/NAME

Each sector that has anything but zeros becomes its number (two bytes, little endian) and its 2,048 bytes.
"""
import pathlib
import sys

SECTOR = 2048

image = pathlib.Path(sys.argv[1]).read_bytes()
image += bytes(-len(image) % SECTOR)
last = len(image) // SECTOR - 1
for number in range(last + 1):
    sector = image[number * SECTOR:(number + 1) * SECTOR]
    if any(sector) or number == last:
        sys.stdout.buffer.write(number.to_bytes(2, "little") + sector)

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames in a stream of bytes: where one ends and the next begins, what is picture and what padding, and how two sequences differ."""
import difflib
import hashlib

MAX_NAMED = 6


def half(side):
    return (side + 1) // 2


def compact_size(width, height):
    """Bytes of a yuv420p frame without padding, as ffmpeg's rawvideo writes it."""
    return width * height + 2 * half(width) * half(height)


def gst_i420_planes(width, height):
    """GStreamer's I420 in memory: strides rounded up to 4 bytes, heights to 2 lines: a (stride, rows, width, height) for each plane."""
    luma_rows = height + height % 2
    luma_stride = (width + 3) // 4 * 4
    chroma_stride = (half(width) + 3) // 4 * 4
    return [(luma_stride, luma_rows, width, height)] + 2 * [(chroma_stride, luma_rows // 2, half(width), half(height))]


def gst_i420_size(width, height):
    return sum(stride * rows for stride, rows, _, _ in gst_i420_planes(width, height))


def compact_from_gst(data, width, height):
    if gst_i420_size(width, height) == compact_size(width, height):
        return data
    out = bytearray()
    at = 0
    for stride, rows, plane_width, plane_height in gst_i420_planes(width, height):
        for row in range(plane_height):
            out += data[at + row * stride:at + row * stride + plane_width]
        at += stride * rows
    return bytes(out)


def compact_as_is(data, _width, _height):
    return data


def nv12_from_yuv420p(data, width, height):
    luma = width * height
    chroma = half(width) * half(height)
    out = bytearray(data)
    out[luma::2] = data[luma:luma + chroma]
    out[luma + 1::2] = data[luma + chroma:]
    return bytes(out)


def planes_of(data, width, height):
    luma = width * height
    chroma = half(width) * half(height)
    return data[:luma], data[luma:luma + chroma], data[luma + chroma:]


def read_exactly(stream, size):
    data = stream.read(size)
    while data and len(data) < size:
        more = stream.read(size - len(data))
        if not more:
            break
        data += more
    return data or b""


def hash_frames(stream, sizes, layout_size=compact_size, to_compact=compact_as_is):
    """Cuts `stream` at the given (width, height)s, the last one for ever; returns each frame's md5, and the bytes of a torn last one."""
    hashes = []
    sizes = sizes or [(16, 16)]
    while True:
        width, height = sizes[min(len(hashes), len(sizes) - 1)]
        wanted = layout_size(width, height)
        data = read_exactly(stream, wanted)
        if len(data) < wanted:
            return hashes, len(data)
        hashes.append(hashlib.md5(to_compact(data, width, height)).hexdigest())


def ranges(numbers):
    """"3-5, 9": frame numbers for a person."""
    groups = []
    for number in numbers:
        if groups and number == groups[-1][1] + 1:
            groups[-1][1] = number
        else:
            groups.append([number, number])
    text = [f"{first}" if first == last else f"{first}-{last}" for first, last in groups[:MAX_NAMED]]
    return ", ".join(text) + (", …" if len(groups) > MAX_NAMED else "")


def describe_difference(expected, got, torn_bytes):
    """"" when the frames are the same; else which were lost, added or changed (frame numbers count from 0)."""
    parts = []
    if expected != got:
        lost, added, changed = [], [], []
        for action, a0, a1, b0, b1 in difflib.SequenceMatcher(None, expected, got, autojunk=False).get_opcodes():
            if action == "equal":
                continue
            common = min(a1 - a0, b1 - b0)
            changed += range(a0, a0 + common)
            lost += range(a0 + common, a1)
            added += range(b0 + common, b1)
        parts.append(f"{len(got)} frames, expected {len(expected)}")
        for title, numbers in (("differ", changed), ("lost", lost), ("added", added)):
            if numbers:
                parts.append(f"{title}: {ranges(numbers)}")
    if torn_bytes:
        parts.append(f"{torn_bytes} bytes of a torn frame at the end")
    return "; ".join(parts)

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the seeds of bitstream_fuzz anew: fuzz/corpus/bitstream/, small streams of ffmpeg's test picture in each codec.

Usage: fuzz/make_bitstream_seeds.py [DIRECTORY]. Needs ffmpeg with its usual encoders. A seed is three bytes (codec, client, number), then
pieces of a stream; between two of them the separator and what the client does (fuzz/bitstream_fuzz.cc, act()). Files that the fuzzer found
aren't touched.
"""
import argparse
import pathlib
import struct
import subprocess
import tempfile

SEPARATOR = b"\xfeSVP"
NEXT, DRAIN, SEEK, STREAMOFF, RETURN, HOLD, KEEP, RESUME = range(8)
CODECS = {  # number in the target, container, ffmpeg's arguments
    "h264": (0, "h264", ["-c:v", "libx264", "-preset", "veryfast", "-crf", "40", "-g", "3", "-bf", "1"]),
    "hevc": (1, "hevc", ["-c:v", "libx265", "-preset", "ultrafast", "-crf", "40",
                         "-x265-params", "log-level=none:keyint=3:repeat-headers=1:info=0"]),
    "vp8": (2, "ivf", ["-c:v", "libvpx", "-deadline", "realtime", "-crf", "50", "-b:v", "60k", "-g", "3"]),
    "vp9": (3, "ivf", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-crf", "50", "-b:v", "60k", "-g", "3"]),
    "mpeg2": (4, "mpeg2video", ["-c:v", "mpeg2video", "-q:v", "20", "-g", "3", "-bf", "1"]),
}
START_CODES = {"h264": (9, 0x1F, 0), "hevc": (35, 0x3F, 1)}  # access unit delimiter: type, mask, shift


def encode(codec, size, frames):
    _, container, arguments = CODECS[codec]
    if codec in START_CODES:  # a delimiter ahead of each access unit, so that they can be told apart here
        arguments = arguments + ["-bsf:v", f"{codec}_metadata=aud=insert"]
    with tempfile.NamedTemporaryFile(suffix=f".{container}") as file:
        command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc=size={size}:rate=25", "-frames:v", str(frames),
                   "-pix_fmt", "yuv420p", "-threads", "1", "-fflags", "+bitexact", "-flags:v", "+bitexact", *arguments, "-f", container, file.name]
        subprocess.run(command, check=True)
        return units(codec, pathlib.Path(file.name).read_bytes())


def units(codec, data):
    """The access units of what ffmpeg wrote."""
    if codec.startswith("vp"):
        out, at = [], 32  # behind the file's header
        while at < len(data):
            (length,) = struct.unpack_from("<I", data, at)
            out.append(data[at + 12 : at + 12 + length])
            at += 12 + length
        return out
    cuts = []
    at = data.find(b"\0\0\1")
    while at >= 0 and at + 3 < len(data):
        if codec == "mpeg2":
            # A picture, together with the sequence and group headers ahead of it.
            begins = data[at + 3] == 0xB3 or (data[at + 3] == 0x00 and not ahead_is_header(data, at))
        else:
            kind, mask, shift = START_CODES[codec]
            begins = (data[at + 3] >> shift) & mask == kind
        if begins:
            cuts.append(at - 1 if at > 0 and data[at - 1] == 0 else at)
        at = data.find(b"\0\0\1", at + 3)
    cuts.append(len(data))
    return [data[begin:end] for begin, end in zip(cuts, cuts[1:])]


def ahead_is_header(data, at):
    before = data.rfind(b"\0\0\1", 0, at)
    return before >= 0 and data[before + 3] in (0xB3, 0xB5, 0xB8)


def seed(codec, client, number, pieces):
    """pieces: (bytes, what the client does then)."""
    body = SEPARATOR.join(piece + b"" if i == 0 else bytes([pieces[i - 1][1]]) + piece for i, (piece, _) in enumerate(pieces))
    return bytes([CODECS[codec][0], client, number]) + body


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).parent / "corpus" / "bitstream")
    directory = parser.parse_args().directory
    directory.mkdir(parents=True, exist_ok=True)
    for codec in CODECS:
        small = encode(codec, "32x32", 4)
        other = encode(codec, "64x48", 2)
        odd = encode(codec, "50x34", 3)
        whole = b"".join(small)
        flipped = bytearray(small[1])
        flipped[len(flipped) // 2] ^= 0x55
        seeds = {
            "frames": seed(codec, 0x07, 0, [(unit, NEXT) for unit in small]),
            "blocks": seed(codec, 0x83, 5, [(whole, NEXT)]),
            "one-buffer": seed(codec, 0x00, 0, [(unit, NEXT) for unit in odd]),
            "nv12-threads": seed(codec, 0x35, 0, [(unit, NEXT) for unit in odd]),
            "new-size": seed(codec, 0x07, 0, [(unit, NEXT) for unit in small[:2] + other + small[:1]]),
            "drain-and-on": seed(codec, 0x04, 0, [(small[0], DRAIN), (small[1], SEEK), (small[3], STREAMOFF), (small[0], RETURN)]),
            "held": seed(codec, 0x03, 0, [(small[0], HOLD), (small[1], KEEP), (other[0], HOLD), (other[1], RESUME)]),
            "damaged": seed(codec, 0x27, 0, [(small[0], NEXT), (bytes(flipped), NEXT), (small[2][: len(small[2]) // 2], NEXT), (small[3], NEXT)]),
            "no-header": seed(codec, 0x07, 0, [(unit, NEXT) for unit in small[1:3] + small]),
        }
        for name, content in seeds.items():
            (directory / f"{codec}-{name}").write_bytes(content)
            print(f"{codec}-{name}: {len(content)} bytes")


if __name__ == "__main__":
    main()

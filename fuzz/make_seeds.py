#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the seeds of the targets named below anew: fuzz/corpus/NAME/seed-*.

Usage: fuzz/make_seeds.py [DIRECTORY]. The worker's streams are those of fuzz/corpus/bitstream (make_bitstream_seeds.py). Files of
other names are what the fuzzer found worth keeping, or what once broke something: they stay as they are.
"""
import argparse
import pathlib
import random
import struct

HERE = pathlib.Path(__file__).parent
SEPARATOR = b"\xfeSVP"

CAPABILITIES = {
    "five-codecs": """softvpu-capabilities 2
firmware 256 libavcodec 59.37.100
codec 0 875967048 3 3 16x16 8192x8192 1x1 0/0 0/0 842094158,842093913
control 10029675 3 1 0 4 4 1 31
control 10029671 3 1 0 16 11 1 131071
codec 0 1129727304 3 3 16x16 8192x8192 1x1 0/0 0/0 842094158,842093913
codec 0 808996950 2 2 16x16 16383x16383 1x1 0/0 0/0 842094158,842093913
codec 0 809062486 2 2 16x16 65536x65536 1x1 0/0 0/0 842094158,842093913,808530000
codec 0 843534413 3 2 16x16 1920x1088 16x16 0/0 0/0 842094158
end
""",
    "none": "softvpu-capabilities 2\nfirmware 0 x\nend\n",
    "other-roles": """softvpu-capabilities 2
firmware 0xffffffff a b  c
codec 1 0x34363248 0 32 1x1 65536x65536 65536x65536 1/240 1001/30 0x3231564e
control 1 1 0 -9223372036854775808 9223372036854775807 -1 18446744073709551615 0 Video Bitrate
control 2 2 0 0 1 1 1 0
control 3 4 0 0 0 0 0 0 Force Key Frame
codec 2 1 0 0 2x2 2x2 2x2 0/0 0/0 1,2,3,4,5,6,7,8,9
control 1 3 1 63 63 63 1 0x8000000000000000
codec 3 1 3 0 2x2 2x2 2x2 0/0 0/0 1
end
""",
}

INDEXES = {
    "one-node": """softvpu-tree 1
d /dev
l /dev/video-dec0 video10
c /dev/video10 81 10 decoder multi 0
d /run
d /run/udev
d /run/udev/data
f /run/udev/data/c81:10
d /sys
d /sys/class
d /sys/class/video4linux
l /sys/class/video4linux/video10 ../../devices/platform/softvpu/video4linux/video10
d /sys/dev
d /sys/dev/char
l /sys/dev/char/81:10 ../../devices/platform/softvpu/video4linux/video10
d /sys/devices
d /sys/devices/platform
d /sys/devices/platform/softvpu
d /sys/devices/platform/softvpu/video4linux
d /sys/devices/platform/softvpu/video4linux/video10
f /sys/devices/platform/softvpu/video4linux/video10/dev
f /sys/devices/platform/softvpu/video4linux/video10/name
""",
    "two-nodes": "softvpu-tree 1\nd /dev\nc /dev/video10 81 10 decoder multi 0\nc /dev/video11 81 11 encoder single 4294967295\n",
    "empty": "softvpu-tree 1\n",
}


def elf(segments, kind=3, sections=b""):
    """A 64-bit file of this architecture: segments of (type, virtual address, bytes)."""
    at = 64 + 56 * len(segments)
    headers, body = b"", b""
    for number, (segment, address, data) in enumerate(segments):
        headers += struct.pack("<IIQQQQQQ", segment, 4, at + len(body), address, address, len(data), len(data), 8)
        body += data
    ident = b"\x7fELF\2\1\1" + bytes(9)
    shoff = at + len(body)
    shnum = len(sections) // 64
    head = ident + struct.pack("<HHIQQQIHHHHHH", kind, 62, 1, 0, 64, shoff, 0, 64, 56, len(segments), 64, shnum, max(shnum - 1, 0))
    return head + headers + body + sections


def elves():
    strings = b"\0libc.so.6\0__asan_init\0open\0"
    loaded = (1, 0x1000, strings)
    dynamic = (2, 0x2000, struct.pack("<QQQQQQ", 5, 0x1000, 10, len(strings), 0, 0))
    linker = (3, 0x3000, b"/lib64/ld-linux-x86-64.so.2\0")
    go = (4, 0x4000, struct.pack("<III", 4, 4, 4) + b"Go\0\0" + b"abcd")
    other_note = (4, 0x5000, struct.pack("<III", 4, 20, 3) + b"GNU\0" + bytes(20))
    return {
        "sanitized": elf([loaded, dynamic, linker]),
        "go": elf([linker, other_note, go]),
        "static": elf([(1, 0x1000, b"code")], 2),
        "no-segments": elf([]),
        "not-executable": elf([], 1),
        "32-bit": b"\x7fELF\1\1\1" + bytes(60),
        "huge-counts": elf([(1, 0, b"\xff" * 8), (2, 2**64 - 1, b"\xff" * 32), (4, 0, b"\xff" * 16)]) + bytes([1]),
    }


def act(number, *arguments):
    """One of worker_fuzz's: after it the worker makes a step."""
    return bytes([number, *arguments]) + b"\0"


def feed(index, data):
    data = data[: 255 * 64]
    return bytes([8, index, len(data) // 64, len(data) % 64]) + data + b"\0"


BEGIN, SET_UP, DRAIN, RESUME, FLUSH, UNMAP, PING, RETURN = 21, 22, 15, 16, 14, 6, 18, 17


def workers():
    out = {"capabilities": b"\0" + act(1) + act(PING, 1), "hello-of-no-host": bytes([31, 0, 0, 1] + [7] * 40)}
    for number, (name, codec) in enumerate({"h264-frames": 0, "hevc-drain-and-on": 1, "vp8-frames": 2, "vp9-nv12-threads": 3}.items()):
        body = (HERE / "corpus" / "bitstream" / name).read_bytes()[3:]
        pieces = [body.split(SEPARATOR)[0]] + [piece[1:] for piece in body.split(SEPARATOR)[1:]]
        data = b"\0" + act(BEGIN, codec)
        for i, piece in enumerate(piece for piece in pieces if piece):
            data += feed(i % 4, piece)
            if i == 0:
                data += act(SET_UP, number % 2)
            data += act(11, i % 4)
        data += act(DRAIN) + act(RESUME) + act(FLUSH, 0, 1) + act(UNMAP, 0, 0, 1, 0) + act(RETURN) + act(FLUSH, 1, 2)
        out[name] = data
    return out


def kernels():
    """kernel_fuzz: manners, two bytes of the probe; then acts, each a side and a number. Zeros are what a good firmware needs."""
    begin = bytes([0, 19]) + bytes([0, 3, 2, 0, 2, 1]) + bytes(12)
    queue = b"".join(bytes([side, 4, index, 0, 90, 0, index, 0, 0, 0, 0]) + bytes(6) for index in range(3) for side in (0, 1))
    dequeue = bytes([0, 8, 1, 8] * 3)
    stop, start = bytes([0, 10, 0]), bytes([0, 10, 1])
    off = bytes([1, 3, 0, 3])
    free = bytes([1, 0, 0, 0, 0, 0])
    session = begin + dequeue + queue + dequeue + stop + dequeue + start + queue + off + free
    out = {f"session-{manners}": bytes([manners, 0, 0]) + session for manners in (0, 1, 2, 7)}
    out["two-sessions"] = bytes([8, 0, 0]) + session + session
    out["seek"] = bytes([0, 0, 0]) + begin + dequeue + queue + bytes([0, 3, 0, 1]) + queue + dequeue
    return out


def noise(name, count, size):
    """Decisions of any kind, for targets whose acts are all alike."""
    numbers = random.Random(name)
    return {f"noise-{i}": numbers.randbytes(size + size * i) for i in range(count)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", nargs="?", type=pathlib.Path, default=HERE / "corpus")
    corpus = parser.parse_args().directory
    targets = {"capability": {k: v.encode() for k, v in CAPABILITIES.items()}, "index": {k: v.encode() for k, v in INDEXES.items()},
               "elf": elves(), "worker": workers(), "kernel": kernels() | noise("kernel", 3, 100), "ivshmem": noise("ivshmem", 4, 100),
               "path": noise("path", 5, 40)}
    for target, seeds in targets.items():
        (corpus / target).mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (corpus / target / f"seed-{name}").write_bytes(data)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libavcodec itself makes of a vector: ffmpeg's software decoder, run here and now, and held against the sums that were published.

The flags are those of the vectors' README: no scaling when the size changes, no frame duplicated or dropped, exact cropping for H.264 and HEVC,
the plain integer transform for MPEG-2. Results are kept in a cache keyed by the vector's content and ffmpeg's version.
"""
import dataclasses
import functools
import hashlib
import json
import re
import subprocess
import tempfile
import zlib

import frames

DECODER_FLAGS = {"h264": ["-flags", "+unaligned"], "hevc": ["-flags", "+unaligned"], "mpeg2": ["-flags", "+bitexact", "-idct", "simple"]}
SHOWINFO = re.compile(rb"Parsed_showinfo.* n: *\d+ .* s:(\d+)x(\d+) ")
CACHE_VERSION = 3


@dataclasses.dataclass
class Reference:
    sizes: list  # [width, height] of each frame
    hashes: list  # md5 of each frame, yuv420p without padding
    md5: str  # of all bytes
    problems: list  # what contradicts the manifest or the published sums
    checked: int  # how many published sums were compared


@functools.cache
def ffmpeg_version():
    return subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]


def command(vector, autorotate):
    # One thread: with two, what is shown of a damaged picture is a matter of luck.
    return (["ffmpeg", "-nostdin", "-hide_banner", "-nostats", "-threads", "1", *([] if autorotate else ["-noautorotate"]),
             *DECODER_FLAGS.get(vector.codec, []), *vector.ffmpeg_input,
             "-map", "0:v:0", "-vf", "showinfo", "-vsync", "passthrough", "-autoscale", "0", "-f", "rawvideo", "pipe:1"])


def published_frames(vector, published):
    """The sums in a published file: the last word of each line, or, of planes, all words of it."""
    lines = [line.split() for line in (vector.path.parents[1] / published.value).read_text().splitlines() if line.strip()]
    words = [word for line in lines for word in (line if published.scope == "plane" else line[-1:])]
    return [word.removeprefix("0x").lower() for word in words]


def agrees(theirs, own, extent):
    if extent == "-prefix":
        return bool(theirs) and own[:len(theirs)] == theirs
    if extent == "-subset":
        rest = iter(own)
        return bool(theirs) and all(value in rest for value in theirs)
    return own == theirs


class Summer:
    """Collects, frame by frame, everything that some published sum of this vector is about."""

    def __init__(self, vector):
        self.vector = vector
        self.whole = {"md5": hashlib.md5(), "sha1": hashlib.sha1()}
        self.per_frame = {(p.kind, p.scope, p.pix_fmt): [] for p in vector.published if p.scope != "whole"}

    def add(self, data, width, height):
        for digest in self.whole.values():
            digest.update(data)
        for (kind, scope, pix_fmt), sums in self.per_frame.items():
            if scope == "plane":
                sums += [hashlib.md5(plane).hexdigest() for plane in frames.planes_of(data, width, height)]
                continue
            picture = frames.nv12_from_yuv420p(data, width, height) if pix_fmt == "nv12" else data
            # libavformat's framecrc starts its Adler-32 at 0.
            sums.append(f"{zlib.adler32(picture, 0):08x}" if kind == "adler32" else hashlib.md5(picture).hexdigest())

    def verdicts(self):
        problems = []
        if self.vector.ffmpeg_md5 and self.whole["md5"].hexdigest() != self.vector.ffmpeg_md5:
            problems.append(f"this ffmpeg's output differs from the manifest's ({self.vector.ffmpeg_md5})")
        for published in self.vector.published:
            if published.scope == "whole":
                own = self.whole["sha1" if published.kind == "sha1" else "md5"].hexdigest()
                same = own == published.value
            else:
                own = self.per_frame[published.kind, published.scope, published.pix_fmt]
                same = agrees(published_frames(self.vector, published), own, published.extent)
            if not same:
                problems.append(f"the published {published.kind} ({published.scope}, {published.pix_fmt}) differs")
        return problems


def decode(vector, timeout, autorotate):
    """Runs ffmpeg. A stream with errors is decoded as far as ffmpeg does; what it complains of is its business."""
    summer = Summer(vector)
    with tempfile.TemporaryFile() as log, tempfile.TemporaryFile() as output:
        subprocess.run(command(vector, autorotate), stdin=subprocess.DEVNULL, stdout=output, stderr=log, timeout=timeout, check=False)
        log.seek(0)
        sizes = [[int(match[1]), int(match[2])] for match in map(SHOWINFO.search, log) if match]
        output.seek(0)
        hashes = []
        for width, height in sizes:
            data = frames.read_exactly(output, frames.compact_size(width, height))
            hashes.append(hashlib.md5(data).hexdigest())
            summer.add(data, width, height)
        problems = summer.verdicts() if autorotate else []  # published sums are of turned pictures
        if output.read(1):
            problems.append("ffmpeg wrote more bytes than the frames it announced")
    return Reference(sizes, hashes, summer.whole["md5"].hexdigest(), problems, len(vector.published) + bool(vector.ffmpeg_md5))


def reference_of(vector, cache, timeout, autorotate=True):
    """Raises subprocess.TimeoutExpired. Only some containers (mov) can ask for pictures to be turned."""
    autorotate = autorotate or vector.container != "mov"
    key = hashlib.sha256(json.dumps([CACHE_VERSION, vector.sha256, ffmpeg_version(), command(vector, autorotate)[1:-1], [repr(p) for p in vector.published],
                                     vector.ffmpeg_md5]).encode()).hexdigest()
    path = cache / f"{key}.json"
    if path.is_file():
        return Reference(**json.loads(path.read_text()))
    result = decode(vector, timeout, autorotate)
    cache.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{id(result)}.part")
    part.write_text(json.dumps(dataclasses.asdict(result)))
    part.rename(path)
    return result

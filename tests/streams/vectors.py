# SPDX-License-Identifier: LGPL-2.1-or-later
"""The vectors that a decoder for 8-bit 4:2:0 progressive video must get right, as MANIFEST.tsv in the folder of vectors lists them."""
import csv
import dataclasses
import os
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[2]
CODECS = ("h264", "hevc", "vp8", "vp9", "mpeg2")
# One published sum: "source [kind,format,n=frames] hash-or-file => whether ffmpeg agrees".
PUBLISHED = re.compile(r"\[([a-z0-9]+)-(whole|frame|plane),([a-z0-9]+)[^\]]*\] (\S+) => yes(-prefix|-subset|)\b")


@dataclasses.dataclass(frozen=True)
class PublishedSum:
    kind: str  # md5, sha1, adler32; "yuv" means the md5 of a published yuv file
    scope: str  # whole, frame, plane
    pix_fmt: str  # yuv420p, i420, nv12
    value: str  # a hash, or a file below the folder of vectors with a line a frame
    extent: str  # "": all frames; "-prefix": the first ones; "-subset": some, in order


@dataclasses.dataclass(frozen=True)
class Vector:
    name: str  # "h264/jvt-AUD_MW_E.264"
    path: pathlib.Path
    codec: str
    container: str  # the first of ffmpeg's names for it: h264 (a bare stream), mov, matroska, …
    category: str
    sha256: str
    ffmpeg_md5: str  # of FFmpeg 5.1.9's output, as the manifest has it; may be empty
    published: tuple
    # What a row of client-limits.tsv does otherwise.
    input_options: tuple = ()  # ffmpeg's, ahead of -i
    output_options: tuple = ()  # ffmpeg's, ahead of the output
    elements: tuple = ()  # GStreamer's, between parser and decoder

    @property
    def is_bare(self):
        """Without a container: Annex B, or an MPEG-2 video sequence."""
        return self.container in ("h264", "hevc", "mpegvideo")

    @property
    def ffmpeg_input(self):
        # Two bytes of garbage are enough for ffmpeg not to recognise a bare stream.
        return (["-f", self.container] if self.is_bare else []) + [*self.input_options, "-i", str(self.path)]


def folder():
    return pathlib.Path(os.environ.get("SOFTVPU_VECTORS") or TOP.parent / "shared/vectors")


def read_manifest(root):
    """All vectors of the selection. Raises OSError where there is no manifest."""
    with open(root / "MANIFEST.tsv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    vectors = []
    for row in rows:
        # yuvj420p is 8-bit 4:2:0 with full range: the same samples.
        if row["codec"] not in CODECS or row["pix_fmt"] not in ("yuv420p", "yuvj420p") or row["interlaced_frames"] not in ("", "0"):
            continue
        # ffmpeg's own output is the reference; sums that were published and differ from it are of no use here.
        published = [PublishedSum(*match.groups()) for match in PUBLISHED.finditer(row["published_sums"])] if row["agree_with_ffmpeg"] == "yes" else []
        vectors.append(Vector(name=row["file"], path=root / row["file"], codec=row["codec"], container=row["container"].split(",")[0],
                              category=row["category"], sha256=row["sha256"], ffmpeg_md5=row["ffmpeg_rawvideo_md5"], published=tuple(published)))
    return vectors

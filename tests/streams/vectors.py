# SPDX-License-Identifier: LGPL-2.1-or-later
"""The vectors that a decoder for 8-bit 4:2:0 progressive video must get right, as MANIFEST.tsv in the folder of vectors lists them."""
import csv
import dataclasses
import hashlib
import os
import pathlib
import re
import subprocess

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


# For a machine without the vectors: how ffmpeg makes a clip for each codec, and ffmpeg's name for its container.
MADE = {
    "h264": ("libx264", "h264", ["-bf", "2", "-g", "12"]),
    "hevc": ("libx265", "hevc", ["-g", "12", "-x265-params", "log-level=error"]),
    "vp8": ("libvpx", "ivf", ["-b:v", "1M", "-g", "12"]),
    "vp9": ("libvpx-vp9", "ivf", ["-b:v", "1M", "-g", "12", "-deadline", "realtime"]),
    "mpeg2": ("mpeg2video", "mpegvideo", ["-b:v", "2M", "-g", "12", "-bf", "2"]),
}


def make_clips(folder):
    """A clip of 48 pictures for each codec, encoded by ffmpeg into `folder`. Raises OSError or subprocess.CalledProcessError, with what ffmpeg
    printed, where it can't."""
    made = []
    for codec, (encoder, container, arguments) in MADE.items():
        path = folder / f"made.{codec}"
        muxer = "mpeg2video" if container == "mpegvideo" else container
        subprocess.run(["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=352x288:rate=25",
                        "-frames:v", "48", "-pix_fmt", "yuv420p", "-c:v", encoder, *arguments, "-f", muxer, "-y", str(path)],
                       check=True, capture_output=True, text=True)
        made.append(Vector(name=f"made/{path.name}", path=path, codec=codec, container=container, category="made",
                           sha256=hashlib.sha256(path.read_bytes()).hexdigest(), ffmpeg_md5="", published=()))
    return made

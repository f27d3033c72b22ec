#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs as Debian ships them encode through /dev/video11, and an independent decoder (libavcodec, not through the device) finds every picture.

Usage: encode_test.py SOFTVPU [unittest arguments]. What controls do to the stream is encode_controls_test.py's business.
"""
import itertools
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

SOFTVPU = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else "build/dev/apps/softvpu"
SIZE = (320, 240)
FRAMES = 40
RATE = 30
FLOOR_DB = 30  # of pictures at 2 Mbit/s; a wrong plane or a skewed line is below 20

# codec: ffmpeg's encoder through the device, containers, GStreamer's element, parser or nothing, muxer and its file, profile caps
CODECS = {
    "h264": {"ffmpeg": "h264_v4l2m2m", "files": ("mp4", "flv", "ts"), "gst": ("v4l2h264enc", "h264parse", "mp4mux", "mp4"),
             "caps": ("video/x-h264,profile=high,level=(string)4", "video/x-h264,profile=main", "video/x-h264,profile=constrained-baseline"),
             "fourcc": "H264"},
    "hevc": {"ffmpeg": "hevc_v4l2m2m", "files": ("mp4", "ts"), "gst": ("v4l2h265enc", "h265parse", "mp4mux", "mp4"), "caps": ("video/x-h265,profile=main",), "fourcc": "HEVC"},
    "vp8": {"ffmpeg": "vp8_v4l2m2m", "files": ("mkv", "webm"), "gst": ("v4l2vp8enc", None, "webmmux", "webm"), "caps": ("video/x-vp8,profile=(string)1",), "fourcc": "VP80"},
    "vp9": {"ffmpeg": None, "files": (), "gst": ("v4l2vp9enc", None, "webmmux", "webm"), "caps": (), "fourcc": "VP90"},
}
NODES = {"multi": [], "single": ["--single-planar"]}


def run(*command, seconds=120):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode != 0:
        raise AssertionError(f"exit status {done.returncode}: {' '.join(done.args)}\n{done.stderr[-3000:]}")
    return done


def in_run(*command, node=(), seconds=120):
    return run(SOFTVPU, "run", *node, "--", *command, seconds=seconds)


def ffmpeg(*arguments):
    return run("ffmpeg", "-v", "error", "-nostdin", "-y", *arguments)


def probe(path, entries, *arguments):
    return json.loads(run("ffprobe", "-v", "error", "-select_streams", "v", *arguments, "-show_entries", entries, "-of", "json", path).stdout)


def keys_of(path):
    """The numbers of the key frames."""
    return [n for n, frame in enumerate(probe(path, "frame=key_frame")["frames"]) if frame["key_frame"]]


def raw_pictures(path, size=SIZE, frames=FRAMES, pixels="yuv420p", source="testsrc2", rate=RATE):
    ffmpeg("-f", "lavfi", "-i", f"{source}=s={size[0]}x{size[1]}:r={rate}", "-frames:v", frames, "-pix_fmt", pixels, "-f", "rawvideo", path)
    return path


def psnr(stream, pictures, size=SIZE, rate=RATE):
    """(pictures that the decoder found, their PSNR in dB) of a coded file that ffmpeg can open, compared with raw yuv420p."""
    count = int(probe(stream, "stream=nb_read_frames", "-count_frames")["streams"][0]["nb_read_frames"])
    said = run("ffmpeg", "-nostdin", "-r", rate, "-i", stream, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{size[0]}x{size[1]}", "-r", rate, "-i", pictures,
               "-lavfi", "[0:v]setpts=N[a];[1:v]setpts=N[b];[a][b]psnr", "-f", "null", "-").stderr
    found = re.search(r"PSNR .*average:(\S+)", said)
    return count, float(found.group(1))


def frames_with_headers(path):
    """The coded frames in what v4l2-ctl --stream-to-hdr wrote."""
    data, at, frames = path.read_bytes(), 0, []
    while at < len(data):
        assert data[at:at + 4] == b"rdhV", at
        (size,) = struct.unpack(">I", data[at + 4:at + 8])
        frames.append(data[at + 8:at + 8 + size])
        at += 8 + size
    return frames


def playable(path, codec, frames, size=SIZE):
    """Writes coded frames so that ffmpeg can open them: a byte stream, or IVF for codecs that have none."""
    header, before = b"", lambda n, frame: b""
    if codec.startswith("vp"):
        header = struct.pack("<4sHH4sHHIIII", b"DKIF", 0, 32, CODECS[codec]["fourcc"].encode(), *size, RATE, 1, len(frames), 0)
        before = lambda n, frame: struct.pack("<IQ", len(frame), n)  # noqa: E731
    path.write_bytes(header + b"".join(before(n, frame) + frame for n, frame in enumerate(frames)))
    return path


class AnEncoder(unittest.TestCase):
    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="softvpu-encode-"))
        self.addCleanup(shutil.rmtree, self.work, ignore_errors=True)

    def check(self, stream, pictures, frames=FRAMES, size=SIZE, floor=FLOOR_DB, rate=RATE):
        count, db = psnr(stream, pictures, size, rate)
        self.assertEqual(count, frames)
        self.assertGreater(db, floor)

    def v4l2_ctl(self, codec, pictures, *arguments, size=SIZE, pixels="YU12", node=()):
        """The coded frames."""
        out = self.work / "out.hdr"
        out.unlink(missing_ok=True)
        in_run("v4l2-ctl", "-d", "/dev/video11", "-x", f"width={size[0]},height={size[1]},pixelformat={pixels}", "-v", f"pixelformat={CODECS[codec]['fourcc']}",
               *arguments, "--stream-mmap", "--stream-out-mmap", "--stream-from", pictures, "--stream-to-hdr", out, node=node)
        return frames_with_headers(out)


class AStockClient(AnEncoder):
    def test_ffmpeg_writes_files_that_every_player_reads(self):
        """raspberrypi/linux#5150: parameter sets in a buffer of their own made MP4 files that nothing plays."""
        for codec, row in CODECS.items():
            if row["ffmpeg"] is None:
                continue
            pictures = raw_pictures(self.work / "in.yuv")
            for end in row["files"]:
                with self.subTest(codec=codec, file=end):
                    out = self.work / f"out.{end}"
                    in_run("ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "320x240", "-r", RATE, "-i", pictures,
                           "-c:v", row["ffmpeg"], "-b:v", "2M", "-g", "15", out, node=NODES["multi" if end == "mp4" else "single"])
                    self.check(out, pictures)
                    self.assertEqual(keys_of(out), [0, 15, 30], "raspberrypi/linux#4917: -g counts")
                    # ffmpeg's Matroska muxer wants H.264's parameter sets before the first packet, which no V4L2 device can give it.
                    copy = self.work / "copied.mkv"
                    ffmpeg("-i", out, "-c", "copy", copy)
                    self.check(copy, pictures)

    def test_ffmpeg_gets_as_many_pictures_as_it_gave(self):
        """nyanmisaka/ffmpeg-rockchip#35: the last frames were lost at the end of the file."""
        for codec, row in CODECS.items():
            if row["ffmpeg"] is None:
                continue
            for frames in (1, 2, 3):
                with self.subTest(codec=codec, frames=frames):
                    pictures, out = raw_pictures(self.work / "in.yuv", frames=frames), self.work / f"out.{row['files'][0]}"
                    in_run("ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "320x240", "-r", RATE, "-i", pictures,
                           "-c:v", row["ffmpeg"], "-b:v", "2M", out)
                    self.check(out, pictures, frames)

    def test_ffmpeg_forces_key_frames(self):
        """raspberrypi/linux#3171: the very next picture is the key frame."""
        for codec, row in CODECS.items():
            if row["ffmpeg"] is None:
                continue
            with self.subTest(codec=codec):
                pictures, out = raw_pictures(self.work / "in.yuv"), self.work / f"out.{row['files'][0]}"
                in_run("ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "320x240", "-r", RATE, "-i", pictures,
                       "-c:v", row["ffmpeg"], "-b:v", "2M", "-g", "1000", "-force_key_frames", f"{7 / RATE},{23 / RATE}", out)
                self.assertEqual(keys_of(out), [0, 7, 23])

    def test_ffmpeg_codes_widths_that_no_driver_pads_alike(self):
        """raspberrypi/firmware#1608, tvheadend#1916: 1296x972 came out skewed. What ffmpeg converts has lines of its own length."""
        for codec, row in CODECS.items():
            if row["ffmpeg"] is None:
                continue
            for size, pixels in itertools.product(((426, 240), (1296, 972), (854, 480), (780, 360)), ("yuv420p", "nv12")):
                with self.subTest(codec=codec, size=size, pixels=pixels):
                    pictures, out = raw_pictures(self.work / "in.yuv", size, 3), self.work / f"out.{row['files'][0]}"
                    in_run("ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{size[0]}x{size[1]}", "-r", RATE,
                           "-i", pictures, "-pix_fmt", pixels, "-c:v", row["ffmpeg"], "-b:v", "8M", out)
                    self.check(out, pictures, 3, size)

    def test_gstreamer_with_and_without_caps(self):
        """raspberrypi/linux#3974: without a level in the caps GStreamer asks for 1.0, which must not stop a stream that needs more."""
        for codec, row in CODECS.items():
            element, parser, muxer, end = row["gst"]
            pictures = raw_pictures(self.work / "in.yuv")
            for caps in ("",) + row["caps"]:
                with self.subTest(codec=codec, caps=caps):
                    out = self.work / f"out.{end}"
                    out.unlink(missing_ok=True)
                    behind = (caps, "!") if caps else ()
                    parse = (parser, "!") if parser else ()
                    in_run("gst-launch-1.0", "-q", "filesrc", f"location={pictures}", "!",
                           "rawvideoparse", "format=i420", "width=320", "height=240", f"framerate={RATE}/1", "!",
                           element, "extra-controls=controls,video_bitrate=2000000", "!", *behind, *parse, muxer, "!", "filesink", f"location={out}")
                    self.check(out, pictures)

    def test_v4l2_ctl_with_every_format_and_node(self):
        pixels_of = {"YU12": "yuv420p", "NV12": "nv12"}
        for codec in CODECS:
            pictures = raw_pictures(self.work / "in.yuv")
            for fourcc, pixels in pixels_of.items():
                for name, node in NODES.items():
                    with self.subTest(codec=codec, pixels=pixels, node=name):
                        raw = raw_pictures(self.work / "in.raw", pixels=pixels)
                        frames = self.v4l2_ctl(codec, raw, "-c", "video_bitrate=2000000", pixels=fourcc, node=node)
                        self.check(playable(self.work / f"out.{codec}", codec, frames), pictures)

    def test_a_late_joiner_finds_headers(self):
        """userland#443, v4l2rtspserver#48: SPS and PPS stood in front of the first picture only."""
        frames = self.v4l2_ctl("h264", raw_pictures(self.work / "in.yuv"), "-c", "video_gop_size=10")
        self.assertEqual(len(frames), FRAMES)
        late = self.work / "late.h264"
        late.write_bytes(b"".join(frames[10:]))
        self.assertEqual(len(probe(late, "frame=key_frame")["frames"]), FRAMES - 10)

    def test_colour_stands_in_the_stream(self):
        """raspberrypi/firmware#1885, jetkvm#1460: what S_FMT(OUTPUT) says is what the stream says."""
        pictures, out = raw_pictures(self.work / "in.yuv", frames=2), self.work / "out.h264"
        for colour, expected in (("colorspace=rec709", ("bt709", "bt709", "bt709", "tv")), ("colorspace=smpte170m", ("smpte170m", "smpte170m", "smpte170m", "tv")),
                                 ("colorspace=rec709,quantization=full-range", ("bt709", "bt709", "bt709", "pc")),
                                 ("colorspace=bt2020", ("bt2020", "bt2020-10", "bt2020nc", "tv"))):
            with self.subTest(colour=colour):
                out.unlink(missing_ok=True)
                in_run("v4l2-ctl", "-d", "/dev/video11", "-x", f"width=320,height=240,pixelformat=YU12,{colour}", "-v", "pixelformat=H264",
                       "--stream-mmap", "--stream-out-mmap", "--stream-from", pictures, "--stream-to", out)
                found = probe(out, "stream=color_primaries,color_transfer,color_space,color_range")["streams"][0]
                self.assertEqual((found.get("color_primaries"), found.get("color_transfer"), found.get("color_space"), found.get("color_range")), expected)

    def test_noise_at_the_best_quality_neither_stalls_nor_truncates(self):
        """raspberrypi/linux#5232: a detailed picture overflowed its buffer."""
        noise = self.work / "noise.yuv"
        ffmpeg("-f", "lavfi", "-i", "color=gray:s=320x240,noise=alls=100:allf=t", "-frames:v", 5, "-pix_fmt", "yuv420p", "-f", "rawvideo", noise)
        for codec in CODECS:
            with self.subTest(codec=codec):
                frames = self.v4l2_ctl(codec, noise, "-c", "video_bitrate=500000000")
                self.check(playable(self.work / f"out.{codec}", codec, frames), noise, 5, floor=20)


if __name__ == "__main__":
    unittest.main(verbosity=2)

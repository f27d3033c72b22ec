#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""v4l2-ctl and GStreamer encode FWHT through the device, /dev/video11. Usage: fwht_encode_test.py SOFTVPU [unittest arguments].

v4l2-ctl must get the very bytes of the real vicodec, whose streams SOFTVPU_VECTORS has: the pictures behind them come from ffmpeg's test
sources, and their MD5s are in the list. Where a picture isn't whole blocks, vicodec codes what the buffer has beside it: v4l2-ctl's test pattern.
GStreamer must get the same pictures coded: its own colour stands in the headers.
"""
import csv
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOFTVPU = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/apps/softvpu"
VECTORS = pathlib.Path(os.environ.get("SOFTVPU_VECTORS", pathlib.Path(__file__).resolve().parents[3] / "shared/vectors")) / "fwht-vicodec"
SOURCES = {"testsrc2": "testsrc2", "mandel": "mandelbrot"}
PIXELS = {"YU12": "yuv420p", "NV12": "nv12", "NV21": "nv21", "NV16": "yuv422p", "NV24": "nv24", "RGB3": "rgb24", "YUYV": "yuyv422", "YVYU": "yvyu422", "UYVY": "uyvy422", "AR24": "bgra", "BA24": "argb", "GREY": "gray"}
FRAME_MAGIC = b"OOOO\xff\xff\xff\xff"
TRIES = 4
NODES = ([], ["--single-planar"])


def streams():
    """(name, width, height, format, gop, qps, frames, source, md5 of the pictures, md5 of the stream) of those that can be made again."""
    with open(VECTORS / "LIST.tsv", newline="", encoding="utf-8") as file:
        for row in list(csv.reader(file, delimiter="\t"))[1:]:
            name, size, raw, gop, qps, frames, source = row[:7]
            if raw in PIXELS and source in SOURCES:
                sides = size.split("x")
                md5 = {field.split()[0]: field.split()[2] for field in row[7:9]}
                yield name, *sides, raw, gop.split()[-1], qps.split()[-1].split("/"), frames, source, md5["in"], md5["fwht"]


class AnEncoder(unittest.TestCase):
    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="softvpu-fwht-"))
        self.addCleanup(shutil.rmtree, self.work, ignore_errors=True)

    def run_tool(self, *command):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def pictures(self, source, width, height, frames, pixels):
        path = self.work / "in.raw"
        sides = [int(width), int(height)]
        graph = f"{SOURCES[source]}=s={width}x{height}:r=25"
        if any(side % 2 for side in sides):  # cut out of a larger one: the list's README
            larger = "x".join(str((side + 3) // 2 * 2) for side in sides)
            graph = f"{SOURCES[source]}=s={larger}:r=25,format=rgb24,crop={width}:{height}:0:0"
        self.run_tool("ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1", "-f", "lavfi", "-i", graph,
                      "-frames:v", frames, "-sws_flags", "+accurate_rnd+bitexact", "-pix_fmt", pixels, "-f", "rawvideo", str(path))
        return path

    def interleave_chroma(self, path, luma, chroma):
        """Makes pairs of Cb and Cr of what are planes, `chroma` samples each behind `luma` ones; ffmpeg itself writes no NV16."""
        planes = path.read_bytes()
        pairs = bytearray(planes)
        for at in range(luma, len(planes), luma + 2 * chroma):
            pairs[at : at + 2 * chroma : 2] = planes[at : at + chroma]
            pairs[at + 1 : at + 2 * chroma : 2] = planes[at + chroma : at + 2 * chroma]
        path.write_bytes(pairs)

    def swap_chroma(self, path, luma, chroma):
        planes = path.read_bytes()
        swapped = bytearray(planes)
        for at in range(luma, len(planes), luma + 2 * chroma):
            swapped[at : at + chroma] = planes[at + chroma : at + 2 * chroma]
            swapped[at + chroma : at + 2 * chroma] = planes[at : at + chroma]
        path.write_bytes(swapped)

    def v4l2_ctl(self, node, device, *arguments):
        self.run_tool(SOFTVPU, "run", *node, "--codecs", "fwht", "--", "v4l2-ctl", "-d", device, "--stream-mmap", "--stream-out-mmap", *arguments)

    def encoded(self, node, picture, arguments, frames):
        """The bytes that v4l2-ctl gets. It leaves half a second after STOP, on a busy machine before its last frames: then once more."""
        out = self.work / "out.fwht"
        for _ in range(TRIES):
            out.unlink(missing_ok=True)
            self.v4l2_ctl(node, "/dev/video11", *arguments, "--stream-from", str(picture), "--stream-to", str(out))
            if out.read_bytes().count(FRAME_MAGIC) >= frames:
                break
        return out.read_bytes()

    def decoded(self, stream, raw="YU12"):
        out = self.work / "decoded.raw"
        out.unlink(missing_ok=True)
        self.v4l2_ctl([], "/dev/video10", "--set-fmt-video-out", "pixelformat=FWHT", "--set-fmt-video", f"pixelformat={raw}",
                      "--stream-from", str(stream), "--stream-to", str(out))
        return out.read_bytes()

    def test_makes_vicodecs_bytes(self):
        if not (VECTORS / "LIST.tsv").exists():
            self.skipTest("no folder of real streams (SOFTVPU_VECTORS)")
        count = 0
        for name, width, height, raw, gop, (intra, inter), frames, source, in_md5, md5 in streams():
            picture = self.pictures(source, width, height, frames, PIXELS[raw])
            if raw == "NV16":
                self.interleave_chroma(picture, int(width) * int(height), int(width) // 2 * int(height))
            self.assertEqual(hashlib.md5(picture.read_bytes()).hexdigest(), in_md5, f"the pictures of {name}")
            for node in NODES:
                with self.subTest(stream=name, node=node):
                    arguments = ["-x", f"width={width},height={height},pixelformat={raw}",
                                 "--set-selection-output", f"target=crop,top=0,left=0,width={width},height={height}", "-v", "pixelformat=FWHT",
                                 "-c", f"video_gop_size={gop},fwht_i_frame_qp_value={intra},fwht_p_frame_qp_value={inter}"]
                    self.assertEqual(hashlib.md5(self.encoded(node, picture, arguments, int(frames))).hexdigest(), md5)
                    count += 1
        self.assertGreater(count, 40)

    def test_takes_and_gives_planes_in_memory_of_their_own(self):
        if not (VECTORS / "LIST.tsv").exists():
            self.skipTest("no folder of real streams (SOFTVPU_VECTORS)")
        md5s = {name: md5 for name, *_, md5 in streams()}
        luma = 640 * 480
        for raw, single, pixels, name in (("YM12", "YU12", "yuv420p", "nv21_640x480_5.fwht"), ("YM21", "YV12", "yuv420p", "nv21_640x480_5.fwht"),
                                          ("NM12", "NV12", "nv12", "nv21_640x480_5.fwht"), ("NM21", "NV21", "nv21", "nv21_640x480_5.fwht"),
                                          ("NM16", "NV16", "yuv422p", "nv16_640x480_5.fwht")):
            with self.subTest(format=raw):
                picture = self.pictures("testsrc2", "640", "480", "5", pixels)
                if raw == "NM16":
                    self.interleave_chroma(picture, luma, luma // 2)
                if raw == "YM21":
                    self.swap_chroma(picture, luma, luma // 4)
                coded = self.encoded([], picture, ["-x", f"width=640,height=480,pixelformat={raw}", "-v", "pixelformat=FWHT"], 5)
                self.assertEqual(hashlib.md5(coded).hexdigest(), md5s[name])
                stream = VECTORS / name
                self.assertEqual(self.decoded(stream, raw), self.decoded(stream, single))
        listed = subprocess.run([SOFTVPU, "run", "--single-planar", "--codecs", "fwht", "--", "v4l2-ctl", "-d", "/dev/video11", "--list-formats-out"],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=True).stdout
        self.assertIn("'NV12'", listed)
        self.assertNotIn("'NM12'", listed, "it has one plane for all")

    def test_codes_the_same_for_gstreamer(self):
        picture = self.pictures("testsrc2", "640", "480", "20", "yuv420p")
        of_v4l2_ctl = self.work / "v4l2-ctl.fwht"
        self.v4l2_ctl([], "/dev/video11", "-x", "width=640,height=480,pixelformat=YU12", "-v", "pixelformat=FWHT",
                      "--stream-from", str(picture), "--stream-to", str(of_v4l2_ctl))
        for node in NODES:
            with self.subTest(node=node):
                of_gstreamer = self.work / "gstreamer.fwht"
                of_gstreamer.unlink(missing_ok=True)
                self.run_tool(SOFTVPU, "run", *node, "--codecs", "fwht", "--", "gst-launch-1.0", "-q", "filesrc", f"location={picture}", "blocksize=460800", "!",
                              "video/x-raw,format=I420,width=640,height=480,framerate=25/1,interlace-mode=progressive,colorimetry=bt709", "!", "v4l2fwhtenc", "!",
                              "filesink", f"location={of_gstreamer}")
                self.assertEqual(of_gstreamer.stat().st_size, of_v4l2_ctl.stat().st_size)
                self.assertEqual(hashlib.md5(self.decoded(of_gstreamer)).hexdigest(), hashlib.md5(self.decoded(of_v4l2_ctl)).hexdigest())


if __name__ == "__main__":
    unittest.main(verbosity=2)

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs as Debian ships them find the device and decode with it. Usage: stock_clients_test.py SOFTVPU [unittest arguments].

One short clip per codec, made by ffmpeg on the spot; real streams are tests/streams' business.
"""
import atexit
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

SOFTVPU = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/apps/softvpu"
WORK = pathlib.Path(tempfile.mkdtemp(prefix="softvpu-clients-"))
atexit.register(shutil.rmtree, WORK, ignore_errors=True)
SIZE = "384x240"  # lines of whole 128 bytes and 16 rows: GStreamer writes buffers with their padding

# codec: ffmpeg's encoder, its options, the file, ffmpeg's decoder through the device, GStreamer's elements
CODECS = {
    "h264": ("libx264", ["-bf", "2", "-g", "12"], "clip.mp4", "h264_v4l2m2m", ["qtdemux", "h264parse", "v4l2h264dec"]),
    "hevc": ("libx265", ["-x265-params", "log-level=none", "-tag:v", "hvc1"], "clip-hevc.mp4", "hevc_v4l2m2m", ["qtdemux", "h265parse", "v4l2h265dec"]),
    "vp8": ("libvpx", ["-b:v", "500k"], "clip-vp8.mkv", "vp8_v4l2m2m", ["matroskademux", "v4l2vp8dec"]),
    "vp9": ("libvpx-vp9", ["-b:v", "500k"], "clip-vp9.mkv", "vp9_v4l2m2m", ["matroskademux", "v4l2vp9dec"]),
    "mpeg2": ("mpeg2video", ["-bf", "2", "-q:v", "4"], "clip.m2v", "mpeg2_v4l2m2m", ["mpegvideoparse", "v4l2mpeg2dec"]),
}
NODES = {"multi": [], "single": ["--single-planar"]}


class NoEnd(AssertionError):
    """A program that had to be killed; `said` is what it wrote to stderr."""

    def __init__(self, process, seconds, said):
        super().__init__(f"no end after {seconds} s: {' '.join(process.args)}\n{said[-2000:]}")
        self.said = said


def tool(*command, seconds=60):
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True)
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as late:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise NoEnd(process, seconds, err) from late
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def in_run(*command, node=(), seconds=60):
    return tool(SOFTVPU, "run", *node, "--", *command, seconds=seconds)


def clip(codec):
    encoder, options, name, _, _ = CODECS[codec]
    path = WORK / name
    if not path.exists():
        made = tool("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", f"testsrc2=size={SIZE}:rate=25:duration=2", "-pix_fmt", "yuv420p", "-c:v",
                    encoder, *options, path)
        if made.returncode != 0:
            raise unittest.SkipTest(f"this ffmpeg has no {encoder}: {made.stderr[-200:]}")
    return path


def md5_of(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def decoded(codec, *decoder, node=None):
    """The md5 of all frames, by ffmpeg: its own decoder, or the device's with `node`."""
    out = WORK / f"{codec}-{'own' if node is None else 'device'}.yuv"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *decoder, "-i", clip(codec), "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p", out]
    done = tool(*command) if node is None else in_run(*command, node=node)
    if done.returncode != 0:
        raise AssertionError(f"ffmpeg failed: {done.stderr}")
    return md5_of(out)


class V4l2Ctl(unittest.TestCase):
    def test_lists_the_device(self):
        self.assertIn("softvpu decoder (platform:softvpu-dec):\n\t/dev/video10\n", in_run("v4l2-ctl", "--list-devices").stdout)

    def test_shows_all_of_it(self):
        for node in NODES.values():
            shown = in_run("v4l2-ctl", "-d", "/dev/video10", "--all", node=node)
            self.assertEqual(shown.returncode, 0, shown.stderr)
            self.assertIn("Driver name      : softvpu", shown.stdout)
            self.assertIn("Pixel Format      : 'H264'", shown.stdout)

    def test_lists_both_sides_formats(self):
        coded = in_run("v4l2-ctl", "-d", "/dev/video10", "--list-formats-out-ext").stdout
        for fourcc in ("'H264'", "'HEVC'", "'VP80'", "'VP90'", "'MPG2'"):
            self.assertIn(fourcc, coded)
        self.assertRegex(coded, r"Size: (Stepwise|Continuous) \d+x\d+ - \d{4,}x\d{4,}")
        raw = in_run("v4l2-ctl", "-d", "/dev/video10", "--list-formats-ext").stdout
        self.assertIn("'YU12'", raw)
        self.assertIn("'NV12'", raw)

    def test_sees_the_same_through_libv4l2(self):
        # -w: by libv4l2, which goes around libc's functions with syscall(2).
        with_wrapper = in_run("v4l2-ctl", "-w", "-d", "/dev/video10", "--info")
        self.assertEqual(with_wrapper.returncode, 0, with_wrapper.stderr)
        self.assertEqual(with_wrapper.stdout.replace(" (using libv4l2)", ""), in_run("v4l2-ctl", "-d", "/dev/video10", "--info").stdout)


class MemoryTypes(unittest.TestCase):
    """The same frames with each of them. v4l2-ctl can't import here: it exports from a second device, of which it never asks for buffers."""

    def frames(self, name, *command):
        out = WORK / f"memory-{name}.yuv"
        done = in_run(*(word if word != "OUT" else out for word in command))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(out.stat().st_size, 0)
        return md5_of(out)

    def by_v4l2_ctl(self, output, capture):
        bare = WORK / "memory.264"
        made = tool("ffmpeg", "-v", "error", "-nostdin", "-y", "-i", clip("h264"), "-c", "copy", "-bsf:v", "h264_mp4toannexb", bare)
        self.assertEqual(made.returncode, 0, made.stderr)
        return self.frames(f"v4l2-ctl-{output}-{capture}", "v4l2-ctl", "-d", "/dev/video10", "-x", "pixelformat=H264", "-v", "pixelformat=YU12",
                           f"--stream-out-{output}", f"--stream-{capture}", f"--stream-from={bare}", "--stream-to", "OUT")

    def by_gstreamer(self, output, capture):
        return self.frames(f"gst-{output}-{capture}", "sh", "-c", f"exec gst-launch-1.0 -q filesrc location={clip('h264')} ! qtdemux ! h264parse ! "
                           f"v4l2h264dec output-io-mode={output} capture-io-mode={capture} ! video/x-raw,format=I420 ! filesink location=$1", "-", "OUT")

    def test_are_alike_to_v4l2_ctl(self):
        frames = {(output, capture): self.by_v4l2_ctl(output, capture) for output in ("mmap", "user") for capture in ("mmap", "user")}
        self.assertEqual(set(frames.values()), {decoded("h264")}, frames)

    def test_are_alike_to_gstreamer(self):
        # Of its own accord it exports; here it also maps what it exported, and calls DMA_BUF_IOCTL_SYNC.
        self.assertEqual({self.by_gstreamer(mode, mode) for mode in ("mmap", "dmabuf")}, {decoded("h264")})


class Libudev(unittest.TestCase):
    SCRIPT = """
import ctypes, ctypes.util, os
u = ctypes.CDLL("libudev.so.1")
for name in ("udev_new udev_enumerate_new udev_enumerate_get_list_entry udev_device_new_from_syspath udev_device_new_from_devnum "
             "udev_list_entry_get_next udev_device_get_parent_with_subsystem_devtype").split():
    getattr(u, name).restype = ctypes.c_void_p
for name in "udev_list_entry_get_name udev_device_get_devnode udev_device_get_property_value udev_device_get_sysattr_value udev_device_get_sysname udev_device_get_syspath".split():
    getattr(u, name).restype = ctypes.c_char_p
p = ctypes.c_void_p
c = p(u.udev_new())
e = p(u.udev_enumerate_new(c))
u.udev_enumerate_add_match_subsystem(e, b"video4linux")
u.udev_enumerate_scan_devices(e)
entry = u.udev_enumerate_get_list_entry(e)
while entry:
    path = u.udev_list_entry_get_name(p(entry))
    entry = u.udev_list_entry_get_next(p(entry))
    if b"/softvpu-" not in path:
        continue  # a camera of this machine's
    d = p(u.udev_device_new_from_syspath(c, path))
    print(u.udev_device_get_devnode(d).decode(), u.udev_device_get_property_value(d, b"ID_V4L_PRODUCT").decode(),
          u.udev_device_get_sysattr_value(d, b"name").decode(), u.udev_device_get_is_initialized(d))
    parent = u.udev_device_get_parent_with_subsystem_devtype(d, b"platform", None)
    print(u.udev_device_get_sysname(p(parent)).decode())
u.udev_device_new_from_devnum.argtypes = [p, ctypes.c_char, ctypes.c_uint64]
d = p(u.udev_device_new_from_devnum(c, b"c", os.makedev(81, 10)))
print(u.udev_device_get_syspath(d).decode())
"""

    def test_finds_the_device_its_parent_and_its_properties(self):
        seen = in_run(sys.executable, "-c", self.SCRIPT)
        self.assertEqual(seen.stdout.splitlines(), ["/dev/video10 softvpu decoder softvpu decoder 1", "softvpu-dec",
                                                    "/dev/video11 softvpu encoder softvpu encoder 1", "softvpu-enc",
                                                    "/sys/devices/platform/softvpu-dec/video4linux/video10"], seen.stderr)


class Ffmpeg(unittest.TestCase):
    def check(self, codec, node):
        self.assertEqual(decoded(codec, "-c:v", CODECS[codec][3], node=NODES[node]), decoded(codec))

    def test_several_decode_at_once(self):
        want = decoded("h264")
        runs = [subprocess.Popen([SOFTVPU, "run", "--", "ffmpeg", "-v", "error", "-nostdin", "-c:v", "h264_v4l2m2m", "-i", clip("h264"), "-fps_mode", "passthrough",
                                  "-f", "md5", "-pix_fmt", "yuv420p", "-"], stdout=subprocess.PIPE, text=True) for _ in range(4)]
        for run in runs:
            self.assertEqual(run.communicate(timeout=120)[0].strip(), "MD5=" + want)


class TheLog(unittest.TestCase):
    def test_ends_a_session_with_its_counters(self):
        done = in_run("ffmpeg", "-v", "error", "-nostdin", "-c:v", "h264_v4l2m2m", "-i", clip("h264"), "-f", "null", "-", node=["--debug", "2"])
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = re.findall(r"^\[ *\d+\.\d{6}\] softvpu\[\d+\]: session: worker \d+ ends: (.*)$", done.stderr, re.M)
        self.assertEqual(len(lines), 1, done.stderr)
        numbers = [int(n) for n in re.findall(r"\d+", lines[0])]
        self.assertEqual(len(numbers), 13, lines)
        commands, messages, rung, received, inputs, frames, deepest_output, deepest_capture, in_place, copied, copied_bytes, worker_faults, _ = numbers
        self.assertEqual(frames, 50, lines)
        self.assertEqual(in_place + copied, frames, lines)
        self.assertEqual(copied_bytes, copied * 384 * 240 * 3 // 2, lines)
        self.assertGreater(in_place, 0, lines)
        self.assertGreaterEqual(messages, inputs + frames, lines)
        self.assertGreaterEqual(commands, inputs + frames, lines)
        self.assertLessEqual(rung, commands + messages, lines)
        self.assertTrue(0 < received <= messages + commands, lines)
        self.assertGreater(min(deepest_output, deepest_capture), 0, lines)
        self.assertGreater(worker_faults, 100, lines)


class GStreamer(unittest.TestCase):
    def check(self, codec, node):
        out = WORK / f"gst-{codec}-{node}.yuv"
        out.unlink(missing_ok=True)
        elements = [f"filesrc location={clip(codec)}", *CODECS[codec][4], "video/x-raw,format=I420", f"filesink location={out}"]
        done = in_run("gst-launch-1.0", "-q", *" ! ".join(elements).split(), node=NODES[node])
        if "no element" in done.stderr:
            self.fail(done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(md5_of(out), decoded(codec))

    def test_playbin_chooses_the_device(self):
        for element in ("playbin", "playbin3"):
            done = in_run("env", "GST_DEBUG=v4l2videodec:4,GST_ELEMENT_FACTORY:4", "GST_DEBUG_NO_COLOR=1", "gst-launch-1.0", element, f"uri=file://{clip('h264')}", "video-sink=fakesink")
            self.assertEqual(done.returncode, 0, done.stderr[-2000:])
            self.assertIn('creating element "v4l2h264dec"', done.stderr)

    def test_device_provider_shows_it(self):
        # GUdev; a codec is no capture device, so the monitor must be told to look, not find a camera.
        shown = in_run("gst-inspect-1.0", "v4l2h264dec")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("/dev/video10", shown.stdout)


# What no raw format of the node can hold: name: (encoder, its options, the file, ffmpeg's decoder through the device, GStreamer's elements).
UNDECODABLE = {
    "h264_444": ("libx264", ["-pix_fmt", "yuv444p", "-preset", "ultrafast"], "h264-444.mp4", "h264_v4l2m2m", ["qtdemux", "h264parse", "v4l2h264dec"]),
    "h264_10_bits": ("libx264", ["-pix_fmt", "yuv420p10le", "-preset", "ultrafast"], "h264-10.mp4", "h264_v4l2m2m", ["qtdemux", "h264parse", "v4l2h264dec"]),
    "vp9_profile_2": ("libvpx-vp9", ["-pix_fmt", "yuv420p10le", "-deadline", "realtime", "-cpu-used", "8"], "vp9-10.webm", "vp9_v4l2m2m",
                      ["matroskademux", "vp9parse", "v4l2vp9dec"]),
}


class AStreamThatCannotBeDecoded(unittest.TestCase):
    """dev-decoder.rst, Decoding, last paragraph: EIO and POLLERR. Every client ends, with an error, and without a frame."""

    def stream(self, name):
        encoder, options, file, _, _ = UNDECODABLE[name]
        path = WORK / file
        if not path.exists():
            made = tool("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-frames:v", "30", "-c:v", encoder, *options,
                        path)
            if made.returncode != 0:
                raise unittest.SkipTest(f"this ffmpeg can't make it: {made.stderr[-200:]}")
        return path

    def by_ffmpeg(self, name):
        out = WORK / f"{name}.yuv"
        done = in_run("ffmpeg", "-v", "error", "-nostdin", "-y", "-c:v", UNDECODABLE[name][3], "-i", self.stream(name), "-f", "rawvideo", out)
        self.assertNotEqual(done.returncode, 0, "it looks like success")
        self.assertIn("Input/output error", done.stderr)
        self.assertEqual(out.stat().st_size if out.exists() else 0, 0, "frames of a stream that can't be decoded")

    def by_gstreamer(self, name):
        elements = [f"filesrc location={self.stream(name)}", *UNDECODABLE[name][4], "fakesink"]
        # gst-launch 1.22 waits for ever when an error comes before the pipeline has prerolled: of 480 runs of such a pipeline without any
        # V4L2 element 15 did, on two busy processors. So it may try again when it is that which it says, and no other hang is let pass.
        for attempt in range(5):
            try:
                done = in_run("gst-launch-1.0", "-q", *" ! ".join(elements).split(), seconds=30)
                break
            except NoEnd as hang:
                if "pipeline doesn't want to preroll" not in hang.said or attempt == 4:
                    raise
        if "no element" in done.stderr:
            self.fail(done.stderr)
        self.assertNotEqual(done.returncode, 0, "it looks like success")
        self.assertIn("ERROR", done.stderr + done.stdout)

    def test_ends_v4l2_ctl(self):
        bare = WORK / "h264-10.264"
        made = tool("ffmpeg", "-v", "error", "-nostdin", "-y", "-i", self.stream("h264_10_bits"), "-c", "copy", "-bsf:v", "h264_mp4toannexb", bare)
        self.assertEqual(made.returncode, 0, made.stderr)
        out = WORK / "v4l2-ctl.yuv"
        done = in_run("v4l2-ctl", "-d", "/dev/video10", "-x", "pixelformat=H264", "--stream-mmap", "--stream-out-mmap", f"--stream-from={bare}",
                      f"--stream-to={out}")
        self.assertIn("Input/output error", done.stderr + done.stdout)
        self.assertEqual(out.stat().st_size if out.exists() else 0, 0)

    def test_in_its_middle_ends_ffmpeg(self):
        # It polls again for ever where poll reports POLLERR, unless poll reports in the end that DQBUF wouldn't block.
        both = WORK / "middle.264"
        both.write_bytes(b"")
        for source in (clip("h264"), self.stream("h264_10_bits")):
            part = tool("ffmpeg", "-v", "error", "-nostdin", "-y", "-i", source, "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264", WORK / "part.264")
            self.assertEqual(part.returncode, 0, part.stderr)
            both.write_bytes(both.read_bytes() + (WORK / "part.264").read_bytes())
        done = in_run("ffmpeg", "-v", "warning", "-nostdin", "-c:v", "h264_v4l2m2m", "-i", both, "-fps_mode", "passthrough", "-f", "null", "-")
        self.assertIn("POLLERR", done.stderr)


for _name in UNDECODABLE:
    setattr(AStreamThatCannotBeDecoded, f"test_ends_ffmpeg_{_name}", lambda self, n=_name: self.by_ffmpeg(n))
    setattr(AStreamThatCannotBeDecoded, f"test_ends_gstreamer_{_name}", lambda self, n=_name: self.by_gstreamer(n))

for _codec in CODECS:
    for _node in NODES:
        setattr(Ffmpeg, f"test_decodes_{_codec}_bit_exactly_on_a_{_node}planar_node", lambda self, c=_codec, n=_node: self.check(c, n))
    setattr(GStreamer, f"test_decodes_{_codec}_bit_exactly", lambda self, c=_codec: self.check(c, "multi"))
setattr(GStreamer, "test_decodes_h264_bit_exactly_on_a_singleplanar_node", lambda self: self.check("h264", "single"))


if __name__ == "__main__":
    os.environ["HOME"] = str(WORK)  # GStreamer's registries go away with the rest
    os.environ.pop("XDG_CACHE_HOME", None)
    unittest.main(verbosity=2)

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every control of the encoders, set by v4l2-ctl and found in the bitstream: by libavcodec's trace_headers, by a reader of VP8's header, by sizes and types
of frames. A control that the node lists and that has no test here is an error.

Usage: encode_controls_test.py SOFTVPU [unittest arguments].
"""
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import encode_test  # noqa: E402  (it takes SOFTVPU from the command line)
from encode_test import AnEncoder, in_run, raw_pictures  # noqa: E402

FRAMES = 12
FIELD = re.compile(r"\] \d+ +([\w\[\]]+) +[01]* ?= (-?\d+)$", re.MULTILINE)
NAL = re.compile(rb"\x00\x00\x01(.)", re.DOTALL)

# Controls that aren't a codec's.
OF_THE_QUEUE = {"min_number_of_output_buffers"}


class Stream:
    """What v4l2-ctl got with some controls."""

    def __init__(self, test, codec, controls, frames=FRAMES, pictures=None, size=(320, 240), node=()):
        pictures = pictures or raw_pictures(test.work / "in.yuv", size, frames)
        chosen = ("-c", ",".join(f"{name}={value}" for name, value in controls.items())) if controls else ()
        self.frames = test.v4l2_ctl(codec, pictures, *chosen, size=size, node=node)
        self.sizes = [len(frame) for frame in self.frames]
        self.data = b"".join(self.frames)
        self.codec = codec
        self.path = encode_test.playable(test.work / f"out.{codec}", codec, self.frames, size)

    def fields(self):
        """{name of a syntax element: its values in order}."""
        done = subprocess.run(["ffmpeg", "-nostdin", "-v", "trace", "-i", str(self.path), "-c", "copy", "-bsf:v", "trace_headers", "-f", "null", "-"],
                              capture_output=True, text=True, timeout=60, check=True)
        found = {}
        for name, value in FIELD.findall("\n".join(line for line in done.stderr.splitlines() if line.startswith("[trace_headers"))):
            found.setdefault(name, []).append(int(value))
        return found

    def keys(self):
        idr = {"h264": {5}, "hevc": {19, 20}}[self.codec]
        return [n for n, frame in enumerate(self.frames) if idr & set(self.units(frame))]

    def units(self, frame):
        """Types of NAL units."""
        return [found.group(1)[0] >> 1 & 63 if self.codec == "hevc" else found.group(1)[0] & 31 for found in NAL.finditer(frame)]

    def count(self, unit):
        return sum(self.units(frame).count(unit) for frame in self.frames)

    def quantisers(self):
        found = self.fields()
        base = 26 + found["init_qp_minus26" if self.codec == "hevc" else "pic_init_qp_minus26"][0]
        return [base + delta for delta in found["slice_qp_delta"]]


class AControlOfH264(AnEncoder):
    CODEC = "h264"
    # Types of NAL units.
    SPS, PPS, AUD, PICTURES = 7, 8, 9, {1, 5}
    FFMPEG = "h264_v4l2m2m"

    def coded(self, frames=FRAMES, node=(), **controls):
        return Stream(self, self.CODEC, controls, frames, node=node)

    def field(self, name, **controls):
        values = self.coded(**controls).fields()[name]
        self.assertEqual(len(set(values)), 1, f"{name} differs within the stream")
        return values[0]

    def test_video_b_frames(self):
        self.assertLessEqual(set(self.coded(video_b_frames=0).fields()["slice_type"]), {0, 2, 5, 7}, "P and I slices only")

    def test_video_gop_size(self):
        self.assertEqual(self.coded(video_gop_size=5).keys(), [0, 5, 10])
        self.assertEqual(self.coded(video_gop_size=1).keys(), list(range(FRAMES)))
        self.assertEqual(self.coded(70, video_gop_size=0).keys(), [0])

    def test_h264_i_frame_period(self):
        self.assertEqual(self.coded(h264_i_frame_period=4).keys(), [0, 4, 8])

    def test_video_bitrate(self):
        low, high = (sum(self.coded(60, video_bitrate=rate).sizes) for rate in (200000, 1000000))
        self.assertAlmostEqual(low * 8 / 2, 200000, delta=60000)
        self.assertAlmostEqual(high * 8 / 2, 1000000, delta=200000)

    def test_video_bitrate_mode(self):
        for mode, follows in ((0, True), (1, True), (2, False)):
            with self.subTest(mode=mode):
                low, high = (self.coded(video_bitrate_mode=mode, video_bitrate=rate, video_peak_bitrate=rate).data for rate in (300000, 3000000))
                self.assertEqual(low != high, follows)
        self.assertNotEqual(self.coded(30, video_bitrate_mode=0, video_bitrate=300000).data, self.coded(30, video_bitrate_mode=1, video_bitrate=300000).data)

    def test_video_peak_bitrate(self):
        """What quiet pictures have saved, noise may spend, as fast as the peak allows."""
        quiet, noise, both = self.work / "quiet.yuv", self.work / "noise.yuv", self.work / "both.yuv"
        encode_test.ffmpeg("-f", "lavfi", "-i", "color=gray:s=320x240", "-frames:v", 60, "-pix_fmt", "yuv420p", "-f", "rawvideo", quiet)
        encode_test.ffmpeg("-f", "lavfi", "-i", "color=gray:s=320x240,noise=alls=60:allf=t", "-frames:v", 30, "-pix_fmt", "yuv420p", "-f", "rawvideo", noise)
        both.write_bytes(quiet.read_bytes() + noise.read_bytes())
        narrow, wide = (sum(Stream(self, self.CODEC, {"video_bitrate_mode": 0, "video_bitrate": 400000, "video_peak_bitrate": peak}, pictures=both).sizes[60:])
                        for peak in (400000, 8000000))
        self.assertGreater(wide, 1.3 * narrow)

    def test_constant_quality(self):
        sizes = [sum(self.coded(video_bitrate_mode=2, constant_quality=quality).sizes) for quality in (10, 50, 90)]
        self.assertEqual(sizes, sorted(sizes))
        self.assertGreater(sizes[2], 4 * sizes[0])

    def test_frame_level_rate_control_enable(self):
        self.assertEqual(len(set(self.coded(frame_level_rate_control_enable=0, video_gop_size=0).quantisers())), 2)

    def test_h264_i_frame_qp_value(self):
        self.assertEqual(set(self.coded(frame_level_rate_control_enable=0, video_gop_size=1, h264_i_frame_qp_value=33).quantisers()), {33})

    def test_h264_p_frame_qp_value(self):
        coded = self.coded(frame_level_rate_control_enable=0, video_gop_size=0, h264_i_frame_qp_value=20, h264_p_frame_qp_value=41).quantisers()
        self.assertEqual(sorted(set(coded)), [20, 41])

    def test_h264_minimum_qp_value(self):
        self.assertGreaterEqual(min(self.coded(h264_minimum_qp_value=40).quantisers()), 40)
        self.assertLess(min(self.coded().quantisers()), 40)

    def test_h264_maximum_qp_value(self):
        self.assertLessEqual(max(self.coded(h264_maximum_qp_value=25, video_bitrate=100000).quantisers()), 25)
        self.assertGreater(max(self.coded(video_bitrate=100000).quantisers()), 25)

    def test_h264_mb_level_rate_control(self):
        """Without it every macroblock of a picture has the picture's quantiser, which takes another number of bits."""
        flat, adaptive = (self.coded(video_bitrate_mode=2, h264_mb_level_rate_control=on).data for on in (0, 1))
        self.assertNotEqual(flat, adaptive)

    def test_sequence_header_mode(self):
        """Joined With 1st Frame, the only one: no buffer without a picture in it."""
        coded = self.coded(video_gop_size=4, sequence_header_mode=1)
        for frame in coded.frames:
            self.assertTrue(self.PICTURES & set(coded.units(frame)))

    def test_repeat_sequence_header(self):
        self.assertEqual(self.coded(video_gop_size=4, repeat_sequence_header=1).count(self.SPS), 3)
        self.assertEqual(self.coded(video_gop_size=4, repeat_sequence_header=0).count(self.SPS), 1)

    def test_prepend_sps_and_pps_to_idr(self):
        self.assertEqual(self.coded(video_gop_size=4, prepend_sps_and_pps_to_idr=1).count(self.PPS), 3)
        self.assertEqual(self.coded(video_gop_size=4, prepend_sps_and_pps_to_idr=0).count(self.PPS), 1)

    def test_force_key_frame(self):
        """Just before a picture is queued, by ffmpeg."""
        pictures, out = raw_pictures(self.work / "in.yuv", frames=FRAMES), self.work / f"out.{self.CODEC}"
        in_run("ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "320x240", "-r", 30, "-i", pictures, "-c:v", self.FFMPEG,
               "-g", "0", "-force_key_frames", f"{3 / 30},{8 / 30}", out)
        self.assertEqual(encode_test.keys_of(out), [0, 3, 8])

    def test_generate_access_unit_delimiters(self):
        coded = self.coded(generate_access_unit_delimiters=1, video_gop_size=4)
        self.assertEqual([coded.units(frame)[0] for frame in coded.frames], [self.AUD] * FRAMES)
        self.assertEqual(self.coded(generate_access_unit_delimiters=0).count(self.AUD), 0)

    def test_h264_profile(self):
        for item, idc in ((0, 66), (1, 66), (2, 77), (4, 100)):
            with self.subTest(item=item):
                self.assertEqual(self.field("profile_idc", h264_profile=item), idc)
        self.assertEqual(self.field("constraint_set1_flag", h264_profile=1), 1)

    def test_h264_level(self):
        for item, idc in ((11, 40), (15, 51), (19, 62)):
            with self.subTest(item=item):
                self.assertEqual(self.field("level_idc", h264_level=item), idc)
        large = Stream(self, "h264", {"h264_level": 0}, 2, size=(1920, 1080))
        self.assertEqual(large.fields()["level_idc"][0], 40, "raspberrypi/linux#3974: a level that is too low is raised")

    def test_h264_entropy_mode(self):
        self.assertEqual([self.field("entropy_coding_mode_flag", h264_entropy_mode=mode) for mode in (0, 1)], [0, 1])

    def test_h264_8x8_transform_enable(self):
        self.assertEqual(self.field("transform_8x8_mode_flag", h264_8x8_transform_enable=1), 1)
        self.assertEqual(self.coded(h264_8x8_transform_enable=0).fields().get("transform_8x8_mode_flag", [0])[0], 0)

    def test_h264_loop_filter_mode(self):
        """Threads share a picture by slices, whose edges aren't filtered then (idc 2)."""
        for threads, enabled in (("1", 0), ("2", 2)):
            found = [self.field("disable_deblocking_filter_idc", node=("--threads", threads), h264_loop_filter_mode=mode) for mode in (0, 1)]
            self.assertEqual(found, [enabled, 1])

    def test_h264_loop_filter_alpha_offset(self):
        self.assertEqual(self.field("slice_alpha_c0_offset_div2", h264_loop_filter_alpha_offset=-3), -3)

    def test_h264_loop_filter_beta_offset(self):
        self.assertEqual(self.field("slice_beta_offset_div2", h264_loop_filter_beta_offset=4), 4)

    def test_h264_constrained_intra_pred(self):
        self.assertEqual([self.field("constrained_intra_pred_flag", h264_constrained_intra_pred=on) for on in (0, 1)], [0, 1])

    def test_aspect_ratio_vui_enable(self):
        self.assertEqual([self.field("aspect_ratio_info_present_flag", aspect_ratio_vui_enable=on) for on in (0, 1)], [0, 1])

    def test_vui_aspect_ratio_idc(self):
        self.assertEqual(self.field("aspect_ratio_idc", aspect_ratio_vui_enable=1, vui_aspect_ratio_idc=2), 2)

    def test_horizontal_size_of_sar(self):
        self.assertEqual(self.field("sar_width", aspect_ratio_vui_enable=1, vui_aspect_ratio_idc=17, horizontal_size_of_sar=7, vertical_size_of_sar=5), 7)

    def test_vertical_size_of_sar(self):
        self.assertEqual(self.field("sar_height", aspect_ratio_vui_enable=1, vui_aspect_ratio_idc=17, horizontal_size_of_sar=7, vertical_size_of_sar=5), 5)


class AControlOfHevc(AControlOfH264):
    """What both codecs have is tested alike; what is H.264's alone is taken away below."""
    CODEC = "hevc"
    SPS, PPS, AUD, PICTURES = 33, 34, 35, {1, 19, 20}
    FFMPEG = "hevc_v4l2m2m"

    def test_video_b_frames(self):
        self.assertLessEqual(set(self.coded(video_b_frames=0).fields()["slice_type"]), {1, 2}, "P and I slices only")

    def test_hevc_i_frame_qp_value(self):
        self.assertEqual(set(self.coded(frame_level_rate_control_enable=0, video_gop_size=1, hevc_i_frame_qp_value=33).quantisers()), {33})

    def test_hevc_p_frame_qp_value(self):
        coded = self.coded(frame_level_rate_control_enable=0, video_gop_size=0, hevc_i_frame_qp_value=20, hevc_p_frame_qp_value=41).quantisers()
        self.assertEqual(sorted(set(coded)), [20, 41])

    def test_hevc_minimum_qp_value(self):
        self.assertGreaterEqual(min(self.coded(hevc_minimum_qp_value=40).quantisers()), 40)
        self.assertLess(min(self.coded().quantisers()), 40)

    def test_hevc_maximum_qp_value(self):
        self.assertLessEqual(max(self.coded(hevc_maximum_qp_value=25, video_bitrate=100000).quantisers()), 25)
        self.assertGreater(max(self.coded(video_bitrate=100000).quantisers()), 25)

    def test_hevc_profile(self):
        self.assertEqual(self.coded(hevc_profile=0).fields()["general_profile_idc"][0], 1)

    def test_hevc_level(self):
        for item, level in ((5, 40), (8, 51), (12, 62)):
            with self.subTest(item=item):
                self.assertEqual(self.coded(hevc_level=item).fields()["general_level_idc"][0], 3 * level)
        large = Stream(self, "hevc", {"hevc_level": 0}, 2, size=(1920, 1080))
        self.assertEqual(large.fields()["general_level_idc"][0], 120, "a level that is too low is raised")

    def deblocking(self, name, **controls):
        found = self.coded(**controls).fields()
        return [found[field][0] for field in (f"pps_{name}", f"slice_{name}") if field in found]

    def test_hevc_loop_filter(self):
        self.assertIn(1, self.deblocking("deblocking_filter_disabled_flag", hevc_loop_filter=0))
        self.assertNotIn(1, self.deblocking("deblocking_filter_disabled_flag", hevc_loop_filter=1))

    def test_hevc_loop_filter_beta_offset(self):
        self.assertIn(4, self.deblocking("beta_offset_div2", hevc_loop_filter_beta_offset=4))

    def test_hevc_loop_filter_tc_offset(self):
        self.assertIn(-3, self.deblocking("tc_offset_div2", hevc_loop_filter_tc_offset=-3))


for inherited in [name for name in dir(AControlOfH264) if name.startswith("test_h264_")] + [
        "test_aspect_ratio_vui_enable", "test_vui_aspect_ratio_idc", "test_horizontal_size_of_sar", "test_vertical_size_of_sar"]:
    setattr(AControlOfHevc, inherited, None)


class BoolReader:
    """VP8's boolean entropy decoder (RFC 6386, 7.3)."""

    def __init__(self, data):
        self.data, self.at, self.range, self.bits = data, 2, 255, 0
        self.value = data[0] << 8 | data[1]

    def bit(self, probability=128):
        split = 1 + ((self.range - 1) * probability >> 8)
        found = self.value >= split << 8
        if found:
            self.range -= split
            self.value -= split << 8
        else:
            self.range = split
        while self.range < 128:
            self.value, self.range, self.bits = self.value << 1, self.range << 1, self.bits + 1
            if self.bits == 8:
                self.bits = 0
                if self.at < len(self.data):
                    self.value |= self.data[self.at]
                self.at += 1
        return int(found)

    def number(self, bits):
        value = 0
        for _ in range(bits):
            value = value << 1 | self.bit()
        return value

    def optional(self, bits):
        """A value with a sign, if there is one."""
        return self.number(bits + 1) if self.bit() else None


def header_of_vp8(frame):
    """Some of what a frame's header says (RFC 6386, 9.1 to 9.6)."""
    tag = int.from_bytes(frame[:3], "little")
    header = {"key": not tag & 1, "version": tag >> 1 & 7, "shown": tag >> 4 & 1}
    reader = BoolReader(frame[10 if header["key"] else 3:])
    if header["key"]:
        reader.number(2)
    if reader.bit():  # segmentation
        maps, data = reader.bit(), reader.bit()
        if data:
            reader.bit()
            for bits in (7, 7, 7, 7, 6, 6, 6, 6):
                reader.optional(bits)
        if maps:
            for _ in range(3):
                if reader.bit():
                    reader.number(8)
    reader.bit()
    header["level"], header["sharpness"] = reader.number(6), reader.number(3)
    if reader.bit() and reader.bit():
        for _ in range(8):
            reader.optional(6)
    header["partitions"], header["quantiser"] = reader.number(2), reader.number(7)
    return header


class VpxControls(AnEncoder):
    CODEC = "vp8"
    LAST = 127  # quantiser
    # A quantiser of the client's and the ones that libvpx, which counts in 64 steps, may take for it.
    COARSE, FINE = 106, 20

    def coded(self, frames=FRAMES, **controls):
        return Stream(self, self.CODEC, controls, frames)

    def headers(self, frames=FRAMES, **controls):
        return [header_of_vp8(frame) for frame in self.coded(frames, **controls).frames]

    def quantisers(self, frames=FRAMES, **controls):
        return [header["quantiser"] for header in self.headers(frames, **controls)]

    def keys(self, frames=FRAMES, **controls):
        return [n for n, header in enumerate(self.headers(frames, **controls)) if header["key"]]

    def test_video_b_frames(self):
        self.assertTrue(all(header["shown"] for header in self.headers(video_b_frames=0)), "no frame is kept back")

    def test_video_gop_size(self):
        self.assertEqual(self.keys(video_gop_size=5), [0, 5, 10])
        self.assertEqual(self.keys(70, video_gop_size=0), [0])

    def test_video_bitrate(self):
        low, high = (sum(self.coded(60, video_bitrate=rate).sizes) for rate in (200000, 1000000))
        self.assertAlmostEqual(low * 8 / 2, 200000, delta=100000)
        self.assertAlmostEqual(high * 8 / 2, 1000000, delta=300000)

    def test_video_bitrate_mode(self):
        for mode, follows in ((0, True), (1, True), (2, False)):
            with self.subTest(mode=mode):
                low, high = (self.coded(30, video_bitrate_mode=mode, video_bitrate=rate).data for rate in (150000, 3000000))
                self.assertEqual(low != high, follows)
        self.assertNotEqual(self.coded(30, video_bitrate_mode=0, video_bitrate=300000).data, self.coded(30, video_bitrate_mode=1, video_bitrate=300000).data)

    def test_constant_quality(self):
        sizes = [sum(self.coded(video_bitrate_mode=2, constant_quality=quality).sizes) for quality in (10, 50, 90)]
        self.assertEqual(sizes, sorted(sizes))
        self.assertGreater(sizes[2], 2 * sizes[0])

    def test_frame_level_rate_control_enable(self):
        self.assertEqual(len(set(self.quantisers(frame_level_rate_control_enable=0, video_gop_size=0)[1:])), 1)

    def test_vpx_i_frame_qp_value(self):
        self.assertEqual(set(self.quantisers(frame_level_rate_control_enable=0, video_gop_size=1, vpx_i_frame_qp_value=self.COARSE)), {self.COARSE})

    def test_vpx_p_frame_qp_value(self):
        found = self.quantisers(frame_level_rate_control_enable=0, video_gop_size=0, vpx_i_frame_qp_value=self.FINE, vpx_p_frame_qp_value=self.COARSE)
        self.assertEqual(found, [self.FINE] + [self.COARSE] * (FRAMES - 1))

    def test_vpx_minimum_qp_value(self):
        self.assertGreaterEqual(min(self.quantisers(vpx_minimum_qp_value=self.COARSE)), self.COARSE)
        self.assertLess(min(self.quantisers()), self.COARSE)

    def test_vpx_maximum_qp_value(self):
        self.assertLessEqual(max(self.quantisers(vpx_maximum_qp_value=self.FINE, video_bitrate=100000)), self.FINE)
        self.assertGreater(max(self.quantisers(video_bitrate=100000)), self.FINE)


class AControlOfVp8(VpxControls):
    def test_vpx_deblocking_effect_control(self):
        for sharpness in (0, 5):
            found = [header["sharpness"] for header in self.headers(vpx_deblocking_effect_control=sharpness, video_bitrate=100000)]
            self.assertEqual(found[-1], sharpness)

    def test_vpx_number_of_partitions(self):
        for item in (0, 2, 3):
            self.assertEqual({header["partitions"] for header in self.headers(vpx_number_of_partitions=item)}, {item})

    def test_vp8_profile(self):
        for profile in range(4):
            self.assertEqual({header["version"] for header in self.headers(vp8_profile=profile)}, {profile})

    def test_force_key_frame(self):
        pictures, out = raw_pictures(self.work / "in.yuv", frames=FRAMES), self.work / "out.webm"
        in_run("ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "320x240", "-r", 30, "-i", pictures, "-c:v", "vp8_v4l2m2m",
               "-g", "0", "-force_key_frames", f"{3 / 30},{8 / 30}", out)
        self.assertEqual(encode_test.keys_of(out), [0, 3, 8])


class AControlOfVp9(VpxControls):
    CODEC = "vp9"
    LAST = 255
    COARSE, FINE = 160, 40

    def headers(self, frames=FRAMES, **controls):
        coded = self.coded(frames, **controls)
        found = coded.fields()
        # VP9's first byte: a marker, two bits of profile, show_existing_frame, frame_type (0: key), show_frame.
        return [{"key": not frame[0] & 4, "shown": frame[0] >> 1 & 1, "quantiser": quantiser, "profile": (frame[0] >> 5 & 1) + (frame[0] >> 3 & 2)}
                for frame, quantiser in zip(coded.frames, found["base_q_idx"], strict=True)]

    def test_vp9_profile(self):
        self.assertEqual({header["profile"] for header in self.headers(vp9_profile=0)}, {0})


OF_A_CODEC = {"h264": AControlOfH264, "hevc": AControlOfHevc, "vp8": AControlOfVp8, "vp9": AControlOfVp9}
# No client of Debian 12 forces VP9's key frames: firmware/encode/encoders_test.cc does.
ELSEWHERE = {"vp9": {"force_key_frame"}}


class TheNode(AnEncoder):
    def test_lists_no_control_without_a_test(self):
        for codec, tests in OF_A_CODEC.items():
            with self.subTest(codec=codec):
                said = in_run("v4l2-ctl", "-d", "/dev/video11", "--list-ctrls", node=("--codecs", codec)).stdout
                listed = set(re.findall(r"^ *(\w+) 0x[0-9a-f]{8} \(", said, re.MULTILINE)) - OF_THE_QUEUE
                self.assertGreater(len(listed), 5)
                tested = {name.removeprefix("test_") for name in dir(tests) if name.startswith("test_") and getattr(tests, name)}
                self.assertEqual(listed, tested | ELSEWHERE.get(codec, set()))

    def test_answers_values_out_of_range_as_the_kernel_does(self):
        """Integers are clamped and what counts is written back (rpicam-apps#688); menus refuse."""
        said = in_run("v4l2-ctl", "-d", "/dev/video11", "-c", "video_bitrate=2000000000", "-C", "video_bitrate").stdout
        self.assertIn("video_bitrate: 500000000", said)
        refused = subprocess.run([encode_test.SOFTVPU, "run", "--", "v4l2-ctl", "-d", "/dev/video11", "-c", "sequence_header_mode=0"],
                                 capture_output=True, text=True, timeout=60, check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("Invalid argument", refused.stderr)


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C")
    unittest.main(verbosity=2)

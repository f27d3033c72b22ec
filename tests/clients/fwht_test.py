#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""v4l2-ctl decodes streams of the real vicodec through the device to vicodec's own pictures. Usage: fwht_test.py SOFTVPU [unittest arguments],
or fwht_test.py /dev/videoN [unittest arguments] for a node of the kernel module (tests/kernel/guest/decode); AFwhtNode wants one that offers
FWHT alone.

The streams aren't part of the project: SOFTVPU_VECTORS names their folder. v4l2-ctl cuts a file at the size of the buffer, not at frames.
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
KERNEL = SOFTVPU.startswith("/dev/")
VECTORS = pathlib.Path(os.environ.get("SOFTVPU_VECTORS", pathlib.Path(__file__).resolve().parents[3] / "shared/vectors")) / "fwht-vicodec"
SAMPLE = ("yu12_640x480_g10_q20_30", "rgb3_645x363_5", "yuyv_650x361_5", "grey_33x17_8", "rgb3_640x360_noise_q1_2", "yu12_mix_")


def streams():
    """(file, raw format, md5 of all pictures) of each stream in the list."""
    with open(VECTORS / "LIST.tsv", newline="", encoding="utf-8") as file:
        for row in list(csv.reader(file, delimiter="\t"))[1:]:
            decoded = next(field for field in row if field.startswith("dec "))
            yield VECTORS / row[0], row[2], decoded.split()[2]


class WithStreams(unittest.TestCase):
    def setUp(self):
        if not (VECTORS / "LIST.tsv").exists():
            self.skipTest("no folder of real streams (SOFTVPU_VECTORS)")
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="softvpu-fwht-"))
        self.addCleanup(shutil.rmtree, self.work, ignore_errors=True)

    def decode(self, options, arguments):
        """The md5 of what `v4l2-ctl -d/dev/video10 arguments` writes; `options` are those of softvpu run."""
        out = self.work / "out.raw"
        out.unlink(missing_ok=True)
        client = ["v4l2-ctl", f"-d{SOFTVPU}"] if KERNEL else [SOFTVPU, "run", *options, "--", "v4l2-ctl", "-d/dev/video10"]
        done = subprocess.run([*client, *arguments, "--stream-to", out], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=600 if KERNEL else 120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return hashlib.md5(out.read_bytes()).hexdigest()


class V4l2Ctl(WithStreams):
    def test_has_vicodecs_pictures(self):
        whole = os.environ.get("SOFTVPU_SAMPLE") != "1"
        count = 0
        for node in [[]] if KERNEL else ([], ["--single-planar"]):
            for stream, raw, md5 in streams():
                if whole or stream.name.startswith(SAMPLE):
                    with self.subTest(stream=stream.name, node=node):
                        formats = ["--set-fmt-video-out", "pixelformat=FWHT", "--set-fmt-video", f"pixelformat={raw}"]
                        self.assertEqual(self.decode(node, [*formats, "--stream-mmap", "--stream-out-mmap", "--stream-from", stream]), md5)
                        count += 1
        self.assertGreater(count, 5)


class AFwhtNode(WithStreams):
    def test_takes_vicodecs_own_command_which_names_no_coded_format(self):
        count = 0
        for stream, raw, md5 in streams():
            if raw == "YU12" and stream.name.startswith("yu12_640x480"):
                with self.subTest(stream=stream.name):
                    command = f"-x width=640,height=480 -v width=640,height=480,pixelformat=YU12 --stream-mmap --stream-out-mmap --stream-from {stream}"
                    self.assertEqual(self.decode(["--codecs", "fwht"], command.split()), md5)
                    count += 1
        self.assertGreater(count, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)

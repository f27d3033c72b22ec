# SPDX-License-Identifier: LGPL-2.1-or-later
"""run.py tells right from wrong: it is given a vector of our own making and stand-ins for softvpu that decode well, badly, too little, or never end."""
import csv
import hashlib
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import frames  # noqa: E402  (found by the line above)
import vectors  # noqa: E402

# Runs ffmpeg with its own decoder, and the output through a filter.
STAND_IN = """#!/bin/sh
shift 2
for argument; do
  shift
  [ "$argument" = h264_v4l2m2m ] && argument=h264
  set -- "$@" "$argument"
done
{filter}
"""
FRAME = 64 * 48 * 3 // 2


class TwoSequences(unittest.TestCase):
    def test_that_are_the_same_have_no_difference(self):
        self.assertEqual(frames.describe_difference(["a", "b"], ["a", "b"], 0), "")

    def test_name_what_was_lost_added_and_changed(self):
        self.assertIn("lost: 1-2", frames.describe_difference(list("abcd"), list("ad"), 0))
        self.assertIn("added: 1", frames.describe_difference(list("ab"), list("axb"), 0))
        self.assertIn("differ: 2", frames.describe_difference(list("abcd"), list("abxd"), 0))
        self.assertIn("7 bytes of a torn frame", frames.describe_difference(["a"], ["a"], 7))


class AGstreamerFrame(unittest.TestCase):
    def test_of_an_odd_size_loses_its_padding(self):
        # 5x3: luma stride 8 with 4 rows, chroma stride 4 with 2 rows.
        luma = b"".join(bytes([row] * 5) + b"..." for row in range(3)) + b"." * 8
        chroma = b"".join(bytes([10 + row] * 3) + b"." for row in range(2))
        self.assertEqual(frames.gst_i420_size(5, 3), 48)
        self.assertEqual(frames.compact_from_gst(luma + 2 * chroma, 5, 3),
                         bytes([0] * 5 + [1] * 5 + [2] * 5 + 2 * ([10] * 3 + [11] * 3)))

    def test_that_has_none_stays_as_it_is(self):
        data = bytes(range(96))
        self.assertIs(frames.compact_from_gst(data, 8, 8), data)


class AStream(unittest.TestCase):
    def test_is_cut_at_changing_sizes(self):
        stream = io.BytesIO(b"a" * 6 + b"b" * 24 + b"c" * 5)
        hashes, torn = frames.hash_frames(stream, [(2, 2), (4, 4)])
        self.assertEqual([hashlib.md5(b"a" * 6).hexdigest(), hashlib.md5(b"b" * 24).hexdigest()], hashes)
        self.assertEqual(torn, 5)


class ARun(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "h264").mkdir()
        clip = self.folder / "h264/clip.264"
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25", "-frames:v", "10", "-pix_fmt", "yuv420p",
                        "-c:v", "libx264", "-f", "h264", str(clip)], check=True)
        row = {"codec": "h264", "file": "h264/clip.264", "category": "generated", "container": "h264", "pix_fmt": "yuv420p", "interlaced_frames": "0",
               "published_sums": "", "agree_with_ffmpeg": "none", "ffmpeg_rawvideo_md5": "", "sha256": hashlib.sha256(clip.read_bytes()).hexdigest()}
        self.write_manifest(row)

    def write_manifest(self, row):
        with open(self.folder / "MANIFEST.tsv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row), delimiter="\t")
            writer.writeheader()
            writer.writerow(row)

    def run_with(self, output_filter, *arguments):
        stand_in = self.folder / "softvpu"
        stand_in.write_text(STAND_IN.replace("{filter}", output_filter))
        stand_in.chmod(0o755)
        command = [HERE / "run.py", "--softvpu", stand_in, "--client", "ffmpeg", "--cache", self.folder / "cache", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "SOFTVPU_VECTORS": str(self.folder)})
        return done.returncode, done.stdout + done.stderr

    def test_with_equal_bytes_passes(self):
        status, text = self.run_with('exec "$@"')
        self.assertEqual(status, 0, text)
        self.assertIn("1 pass", text)

    def test_with_one_changed_byte_fails_and_names_the_frame(self):
        flip = f'"$@" | {{ head -c {3 * FRAME}; head -c 1 >/dev/null; printf "\\377"; cat; }}'
        status, text = self.run_with(flip)
        self.assertEqual(status, 1, text)
        self.assertIn("differ: 3;", text)

    def test_with_a_lost_frame_fails(self):
        status, text = self.run_with(f'"$@" | tail -c +{FRAME + 1}')
        self.assertEqual(status, 1, text)
        self.assertIn("9 frames, expected 10; lost: 0", text)

    def test_that_never_ends_is_ended_and_fails(self):
        status, text = self.run_with('"$@"; sleep 1000', "--timeout", "3")
        self.assertEqual(status, 1, text)
        self.assertIn("ended after 3 s", text)

    def test_against_a_false_published_sum_fails(self):
        clip = self.folder / "h264/clip.264"
        self.write_manifest({"codec": "h264", "file": "h264/clip.264", "category": "generated", "container": "h264", "pix_fmt": "yuv420p",
                             "interlaced_frames": "0", "published_sums": "somebody [md5-whole,yuv420p] 0123 => yes", "agree_with_ffmpeg": "yes",
                             "ffmpeg_rawvideo_md5": "", "sha256": hashlib.sha256(clip.read_bytes()).hexdigest()})
        status, text = self.run_with('exec "$@"')
        self.assertEqual(status, 1, text)
        self.assertIn("the published md5 (whole, yuv420p) differs", text)

    def test_without_vectors_is_skipped_with_a_reason(self):
        (self.folder / "MANIFEST.tsv").unlink()
        status, text = self.run_with('exec "$@"')
        self.assertEqual(status, 77, text)
        self.assertIn("skipped: no vectors", text)


class TheSelection(unittest.TestCase):
    def test_understands_every_kind_of_published_sum(self):
        text = ("a [md5-whole,yuv420p] 12 => yes; b [adler32-frame,yuv420p,n=3] published/x.txt => yes-subset (all); "
                "c [sha1-whole,yuv420p] 34 => no; d [md5-plane,i420,n=2] published/y.txt => yes-prefix (2 of 5)")
        found = [(m[1], m[2], m[4], m[5]) for m in vectors.PUBLISHED.finditer(text)]
        self.assertEqual(found, [("md5", "whole", "12", ""), ("adler32", "frame", "published/x.txt", "-subset"), ("md5", "plane", "published/y.txt", "-prefix")])


if __name__ == "__main__":
    unittest.main()

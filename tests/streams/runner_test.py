# SPDX-License-Identifier: LGPL-2.1-or-later
"""run.py tells right from wrong: it is given a vector of our own making and stand-ins for softvpu that decode well, badly, too little, or never end."""
import argparse
import csv
import hashlib
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import clients  # noqa: E402  (found by the line above)
import frames  # noqa: E402
import run  # noqa: E402
import vectors  # noqa: E402

# Runs ffmpeg with its own decoder, and what it writes through a filter.
STAND_IN = """#!/bin/sh
shift 2
for argument; do
  shift
  [ "$argument" = h264_v4l2m2m ] && argument=h264
  set -- "$@" "$argument"
done
output=$argument
"$@"
{filter} <"$output" >"$output.filtered"
mv "$output.filtered" "$output"
{after}
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


class FramesThatAreThere(unittest.TestCase):
    def test_are_a_subsequence_only_in_their_order(self):
        self.assertTrue(run.is_subsequence(list("ad"), list("abcd")))
        self.assertFalse(run.is_subsequence(list("da"), list("abcd")))
        self.assertFalse(run.is_subsequence(list("ax"), list("abcd")))


class AStream(unittest.TestCase):
    def test_is_cut_at_changing_sizes(self):
        stream = io.BytesIO(b"a" * 6 + b"b" * 24 + b"c" * 5)
        hashes, torn = frames.hash_frames(stream, [(2, 2), (4, 4)])
        self.assertEqual([hashlib.md5(b"a" * 6).hexdigest(), hashlib.md5(b"b" * 24).hexdigest()], hashes)
        self.assertEqual(torn, 5)


class Patience(unittest.TestCase):
    def test_ends_after_its_seconds_on_an_idle_machine(self):
        patience = run.Patience(3)
        for _ in range(3):
            self.assertFalse(patience.is_over())
            patience.take(1, running=1, processors=2)
        self.assertTrue(patience.is_over())

    def test_is_longer_where_others_have_the_processors(self):
        patience = run.Patience(3)
        for _ in range(5):
            patience.take(1, running=4, processors=2)
        self.assertFalse(patience.is_over())
        patience.take(1, running=4, processors=2)
        self.assertTrue(patience.is_over())


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

    def run_with(self, output_filter, *arguments, after=""):
        stand_in = self.folder / "softvpu"
        stand_in.write_text(STAND_IN.replace("{filter}", output_filter).replace("{after}", after))
        stand_in.chmod(0o755)
        command = [HERE / "run.py", "--softvpu", stand_in, "--client", "ffmpeg", "--cache", self.folder / "cache", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "SOFTVPU_VECTORS": str(self.folder), "SOFTVPU_SAMPLE": "0"})
        return done.returncode, done.stdout + done.stderr

    def test_with_equal_bytes_passes(self):
        status, text = self.run_with("cat")
        self.assertEqual(status, 0, text)
        self.assertIn("1 pass", text)

    def test_with_one_changed_byte_fails_and_names_the_frame(self):
        flip = f'{{ head -c {3 * FRAME}; head -c 1 >/dev/null; printf "\\377"; cat; }}'
        status, text = self.run_with(flip)
        self.assertEqual(status, 1, text)
        self.assertIn("differ: 3;", text)

    def test_with_a_lost_frame_fails(self):
        status, text = self.run_with(f"tail -c +{FRAME + 1}")
        self.assertEqual(status, 1, text)
        self.assertIn("9 frames, expected 10; lost: 0", text)

    def test_that_never_ends_is_ended_and_fails(self):
        status, text = self.run_with("cat", "--timeout", "3", after="sleep 1000")
        self.assertEqual(status, 1, text)
        self.assertIn("ended after 3 s", text)

    def test_against_a_false_published_sum_fails(self):
        clip = self.folder / "h264/clip.264"
        self.write_manifest({"codec": "h264", "file": "h264/clip.264", "category": "generated", "container": "h264", "pix_fmt": "yuv420p",
                             "interlaced_frames": "0", "published_sums": "somebody [md5-whole,yuv420p] 0123 => yes", "agree_with_ffmpeg": "yes",
                             "ffmpeg_rawvideo_md5": "", "sha256": hashlib.sha256(clip.read_bytes()).hexdigest()})
        status, text = self.run_with("cat")
        self.assertEqual(status, 1, text)
        self.assertIn("the published md5 (whole, yuv420p) differs", text)

    def test_without_vectors_takes_a_clip_that_ffmpeg_makes(self):
        (self.folder / "MANIFEST.tsv").unlink()
        status, text = self.run_with("cat", "--codec", "h264")
        self.assertEqual(status, 0, text)
        self.assertIn("no vectors", text)
        self.assertIn("made/made.h264", text)
        self.assertEqual(self.run_with(f"tail -c +{FRAME + 1}", "--codec", "h264")[0], 1)


class AClientThatGivesUpByTheClock(unittest.TestCase):
    patient = clients.CLIENTS["v4l2-ctl"]
    given_up = run.Verdict("FAIL", "lost: 1-9", incomplete=True)
    wrong = run.Verdict("FAIL", "differ: 2")
    right = run.Verdict("pass")

    def judged(self, client, *outcomes):
        with unittest.mock.patch.object(run, "run_client", side_effect=[run.Verdict(o.word, o.detail, incomplete=o.incomplete) for o in outcomes]) as runs:
            verdict = run.run_patiently(client, None, None, None)
        return verdict.word, verdict.tries, runs.call_count

    def test_gets_another_try(self):
        self.assertEqual(self.judged(self.patient, self.given_up, self.right), ("pass", 2, 2))

    def test_fails_if_it_always_gives_up(self):
        self.assertEqual(self.judged(self.patient, *[self.given_up] * 4), ("FAIL", 4, 4))

    def test_gets_no_other_try_after_a_wrong_frame(self):
        self.assertEqual(self.judged(self.patient, self.wrong), ("FAIL", 1, 1))

    def test_is_the_only_one_with_tries(self):
        self.assertEqual(self.judged(clients.CLIENTS["ffmpeg"], self.given_up), ("FAIL", 1, 1))


class AListedLimit(unittest.TestCase):
    vector = vectors.Vector("h264/clip.264", pathlib.Path("clip.264"), "h264", "h264", "generated", "", "", ())
    client = clients.CLIENTS["gstreamer"]
    refused = run.Verdict("FAIL", "not-negotiated")
    right = run.Verdict("pass")

    def judged(self, *outcomes):
        limits = {(self.vector.name, self.client.name): ("it refuses the colours", "elements capssetter")}
        options = argparse.Namespace(control=False, timeout=5)
        with unittest.mock.patch.object(run, "run_client", side_effect=[run.Verdict(o.word, o.detail) for o in outcomes]):
            return run.judge(self.client, self.vector, None, limits, options).word

    def test_is_one_while_the_client_fails_and_its_proof_passes(self):
        self.assertEqual(self.judged(self.refused, self.right), "limit")

    def test_that_is_mended_fails_the_run(self):
        self.assertEqual(self.judged(self.right, self.right), "WORKS")

    def test_whose_proof_fails_too_is_no_limit_of_the_client(self):
        self.assertEqual(self.judged(self.refused, self.refused), "FAIL")


class TheMachine(unittest.TestCase):
    def test_is_shared_but_for_a_run_that_needs_it_alone(self):
        machine, seen = run.Machine(), []

        def use(alone):
            for _ in range(20):
                with machine.use(alone):
                    seen.append((alone, machine.runs))
                    time.sleep(0.001)

        threads = [threading.Thread(target=use, args=(alone,)) for alone in (False, False, True, True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({runs for alone, runs in seen if alone}, {1})
        self.assertEqual(len(seen), 80)
        self.assertEqual((machine.runs, machine.taken), (0, False))


class TheSelection(unittest.TestCase):
    def test_understands_every_kind_of_published_sum(self):
        text = ("a [md5-whole,yuv420p] 12 => yes; b [adler32-frame,yuv420p,n=3] published/x.txt => yes-subset (all); "
                "c [sha1-whole,yuv420p] 34 => no; d [md5-plane,i420,n=2] published/y.txt => yes-prefix (2 of 5)")
        found = [(m[1], m[2], m[4], m[5]) for m in vectors.PUBLISHED.finditer(text)]
        self.assertEqual(found, [("md5", "whole", "12", ""), ("adler32", "frame", "published/x.txt", "-subset"), ("md5", "plane", "published/y.txt", "-prefix")])


if __name__ == "__main__":
    unittest.main()

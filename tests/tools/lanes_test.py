#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/test with stand-ins for what it calls: a lane that fails, doesn't run or only skips makes the run fail, and so does time."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
CTEST = """#!/bin/sh
mkdir -p "$2" && printf '<testsuite>%s</testsuite>' "$CASES" >"$2/ctest.xml"
"""
PASSED = '<testcase name="A.B" status="run"/>'
SKIPPED = '<testcase name="C.D" status="notrun"><system-out>skipped: no mood for it</system-out></testcase>'


class ARun(unittest.TestCase):
    def setUp(self):
        self.top = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in ("tools/test", "tools/skipped-tests", "tools/failed-tests", "tests/skips.tsv", ".ci/lanes"):
            (self.top / name).parent.mkdir(exist_ok=True, parents=True)
            shutil.copy(TOP / name, self.top / name)
        for name in ("tools/setup", "tools/build", "tools/fuzz", "tools/newer-v4l-utils", "tools/vm-setup", "tools/arm64", "tests/kernel/run"):
            self.program(name, "#!/bin/sh\nexit 0\n")
        self.program("bin/ctest", CTEST)
        self.program("bin/uname", "#!/bin/sh\necho x86_64\n")

    def program(self, name, text):
        (self.top / name).parent.mkdir(exist_ok=True, parents=True)
        (self.top / name).write_text(text)
        (self.top / name).chmod(0o755)

    def run_it(self, *arguments, cases=PASSED, **variables):
        environment = {"PATH": f"{self.top}/bin:{os.environ['PATH']}", "CASES": cases, **variables}
        done = subprocess.run([self.top / "tools/test", *arguments], env=environment, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def test_in_which_all_is_well_passes_and_prints_every_lanes_time(self):
        status, text = self.run_it()
        self.assertEqual(status, 0, text)
        for lane in (TOP / ".ci/lanes").read_text().split():
            self.assertRegex(text, rf"(?m)^lane {lane} +\d+ s$")

    def test_without_a_lane_fails(self):
        script = self.top / "tools/test"
        script.write_text(script.read_text().replace(" fuzz asan", " asan"))
        status, text = self.run_it()
        self.assertEqual(status, 1)
        self.assertIn("the lane fuzz, which .ci/lanes wants, didn't run", text)

    def test_whose_lane_fails_goes_on_and_fails(self):
        self.program("tools/fuzz", "#!/bin/sh\nexit 1\n")
        status, text = self.run_it()
        self.assertEqual(status, 1)
        self.assertRegex(text, r"(?m)^fuzz +FAILED")
        self.assertRegex(text, r"(?m)^kernel +passed")

    def test_on_a_machine_that_cannot_run_a_lane_fails(self):
        self.program("bin/uname", "#!/bin/sh\necho aarch64\n")
        status, text = self.run_it()
        self.assertEqual(status, 1)
        self.assertIn("this machine is aarch64", text)

    def test_with_a_skip_that_is_not_listed_fails(self):
        status, text = self.run_it("dev", cases=PASSED + SKIPPED)
        self.assertEqual(status, 1)
        self.assertIn("NOT LISTED: C.D: skipped: no mood for it", text)

    def test_with_a_lane_of_skips_fails(self):
        status, text = self.run_it("stream", cases=SKIPPED)
        self.assertEqual(status, 1)
        self.assertIn("this lane didn't run", text)

    def test_that_takes_too_long_fails(self):
        self.program("tools/fuzz", "#!/bin/sh\nsleep 1.1\n")  # the budget counts whole seconds
        status, text = self.run_it(SOFTVPU_TEST_MINUTES="0")
        self.assertEqual(status, 1)
        self.assertIn("the budget is 0 and a quarter at most", text)

    def test_samples_unless_all_is_asked_for(self):
        self.program("bin/ctest", CTEST + 'echo "sample: ${SOFTVPU_SAMPLE-no}"\n')
        self.assertIn("sample: 1", self.run_it("stream")[1])
        self.assertIn("sample: no", self.run_it("--all", "stream")[1])


if __name__ == "__main__":
    unittest.main(verbosity=2)

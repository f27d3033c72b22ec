#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/skipped-tests: what it takes for a skipped test, and that only listed reasons pass."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
TOOL = TOP / "tools/skipped-tests"

GOOGLE = """[ RUN      ] {name}
../../src/x_test.cc:150: Skipped
{reason}
[  SKIPPED ] {name} (4 ms)
[  PASSED  ] 0 tests.
[  SKIPPED ] 1 test, listed below:
[  SKIPPED ] {name}
"""


def case(name, output, skipped=True):
    mark = '<skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/>' if skipped else ""
    return f'<testcase name="{name}" status="{"notrun" if skipped else "run"}">{mark}<system-out>{output}</system-out></testcase>'


class TheJudge(unittest.TestCase):
    def judge(self, *cases, rows=("Suite\\.Test\tno such device\tthis machine has none",)):
        with tempfile.TemporaryDirectory() as folder:
            results, skips = pathlib.Path(folder, "ctest.xml"), pathlib.Path(folder, "skips.tsv")
            results.write_text("<testsuite>" + "".join(cases) + "</testsuite>")
            skips.write_text("test\treason\twhy\n" + "".join(row + "\n" for row in rows))
            done = subprocess.run([sys.executable, TOOL, results, skips], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    PASSED = case("Other.Test", "[       OK ] Other.Test (0 ms)", skipped=False)

    def test_passes_what_did_not_skip(self):
        self.assertEqual(self.judge(self.PASSED)[0], 0)

    def test_passes_a_reason_that_is_listed(self):
        status, text = self.judge(self.PASSED, case("Suite.Test", GOOGLE.format(name="Suite.Test", reason="no such device")))
        self.assertEqual(status, 0, text)
        self.assertIn("1 x no such device", text)

    def test_fails_for_another_reason(self):
        status, text = self.judge(self.PASSED, case("Suite.Test", GOOGLE.format(name="Suite.Test", reason="no time")))
        self.assertEqual(status, 1)
        self.assertIn("NOT LISTED: Suite.Test: skipped: no time", text)

    def test_fails_for_another_test_with_that_reason(self):
        self.assertEqual(self.judge(self.PASSED, case("Suite.Most", GOOGLE.format(name="Suite.Most", reason="no such device")))[0], 1)

    def test_fails_without_a_reason(self):
        status, text = self.judge(self.PASSED, case("Suite.Test", ""))
        self.assertEqual(status, 1)
        self.assertIn("it says no reason", text)

    def test_sees_what_was_skipped_inside_a_test_that_passed(self):
        for output in (GOOGLE.format(name="Inner.One", reason="no time"), "skipped: no time\n",
                       "test_one (__main__.Some.test_one) ... skipped 'no time'\n", "test_one (__main__.Some.test_one)\nA title. ... skipped 'no time'\n"):
            status, text = self.judge(case("whole", output, skipped=False))
            self.assertEqual(status, 1, output)
            self.assertIn("skipped: no time", text)

    def test_fails_when_nothing_ran(self):
        status, text = self.judge(case("Suite.Test", GOOGLE.format(name="Suite.Test", reason="no such device")))
        self.assertEqual(status, 1)
        self.assertIn("this lane didn't run", text)


class TheList(unittest.TestCase):
    def test_has_three_columns_and_no_row_that_allows_everything(self):
        for row in (TOP / "tests/skips.tsv").read_text(encoding="utf-8").splitlines():
            columns = row.split("\t")
            self.assertEqual(len(columns), 3, row)
            self.assertGreater(len(columns[1]), 5, row)
            self.assertTrue(columns[2], row)


if __name__ == "__main__":
    unittest.main(verbosity=2)

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/vm-debug-kernel with stand-ins for the compiler and apt: all it prints to standard output is where the kernel is, because
tests/kernel/run takes that for a path."""
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
# As kconfig and Kbuild do, each target prints a line to standard output, and some what they are asked for.
MAKE = """#!/bin/sh
for word; do
  echo "make: $word"
  case $word in O=*) out=${word#O=} ;; esac
done
mkdir -p "$out/arch/x86/boot" "$out/include/config"
cat >"$out/.config" </dev/null
echo image >"$out/arch/x86/boot/bzImage"
echo 6.1.0-debug >"$out/include/config/kernel.release"
for word; do
  case $word in INSTALL_MOD_PATH=*) mkdir -p "${word#*=}/lib/modules/6.1.0-debug" ;; esac
done
"""


class TheDebugKernel(unittest.TestCase):
    def setUp(self):
        self.top = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in ("tools/vm-debug-kernel", "tests/kernel/debug.config"):
            (self.top / name).parent.mkdir(parents=True)
            shutil.copy(TOP / name, self.top / name)
        self.program("tools/packages", '#!/bin/sh\necho "packages for $*"\nexit "${PACKAGES_STATUS:-0}"\n')
        self.program("bin/make", MAKE)
        source = self.top / "source"
        for name, text in (("Makefile", ""), ("kernel/configs/kvm_guest.config", "")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_text(text)
        self.program("source/scripts/kconfig/merge_config.sh", "#!/bin/sh\necho merged\n")
        self.pack_source()

    def pack_source(self):
        with tarfile.open(self.top / "source.tar.xz", "w:xz") as archive:
            archive.add(self.top / "source", "linux-source-6.1")

    def program(self, name, text):
        (self.top / name).parent.mkdir(parents=True, exist_ok=True)
        (self.top / name).write_text(text)
        (self.top / name).chmod(0o755)

    def run_it(self, **variables):
        environment = {"PATH": f"{self.top}/bin:{os.environ['PATH']}", "LINUX_SOURCE": str(self.top / "source.tar.xz"), **variables}
        return subprocess.run([self.top / "tools/vm-debug-kernel"], env=environment, capture_output=True, text=True, timeout=60)

    def test_says_where_it_is_and_nothing_else_on_the_first_run_and_later(self):
        for run in ("first", "second"):
            done = self.run_it()
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout, f"{self.top}/build/kernel/debug/root\n", run)

    def test_takes_the_source_of_a_package_that_was_upgraded(self):
        self.assertEqual(self.run_it().returncode, 0)
        (self.top / "source/Makefile").write_text("VERSION = 6.1.999\n")
        self.pack_source()
        self.assertEqual(self.run_it().returncode, 0)
        self.assertEqual((self.top / "build/kernel/debug/src/Makefile").read_text(), "VERSION = 6.1.999\n")

    def test_takes_no_source_whose_unpacking_was_interrupted(self):
        (self.top / "build/kernel/debug/src").mkdir(parents=True)
        (self.top / "build/kernel/debug/src/Makefile").write_text("")
        self.assertEqual(self.run_it().returncode, 0)
        self.assertTrue((self.top / "build/kernel/debug/src/scripts/kconfig/merge_config.sh").exists())

    def test_asks_for_the_packages_that_a_kernel_is_built_with(self):
        done = self.run_it()
        for package in ("flex", "bison", "libelf-dev", "libssl-dev", "linux-source-6.1"):
            self.assertIn(f" {package}", done.stderr)

    def test_stops_when_they_can_not_be_had(self):
        done = self.run_it(PACKAGES_STATUS="1")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main(verbosity=2)

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line: exit statuses, signals, what is left behind, what its errors say. Usage: cli_test.py SOFTVPU [unittest arguments]."""
import glob
import json
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

SOFTVPU = sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/apps/softvpu"


def softvpu(*arguments, **options):
    return subprocess.run([SOFTVPU, *arguments], capture_output=True, text=True, timeout=60, **options)


class InAScratchDirectory(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="softvpu-cli-test-"))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.scratch)}

    def trees(self):
        return list(self.scratch.glob("softvpu-run-*"))

    def script(self, name, text, mode=0o755):
        path = self.scratch / name
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    def start(self, *command, **options):
        """`softvpu run -- command`, returned when the program printed its first line."""
        process = subprocess.Popen([SOFTVPU, "run", "--", *command], env=self.environment, stdout=subprocess.PIPE, text=True, **options)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        self.first_line = process.stdout.readline().strip()
        return process


class WithoutArguments(unittest.TestCase):
    def test_it_prints_every_verb_with_an_example(self):
        shown = softvpu()
        self.assertEqual(shown.returncode, 0)
        for example in ("softvpu run -- ffmpeg", "softvpu list", "softvpu doctor"):
            self.assertIn(example, shown.stdout)

    def test_help_states_the_defaults(self):
        text = softvpu("run", "--help").stdout
        for words in ("--device", "=10", "--threads", "--single-planar", "default: multi-planar", "SOFTVPU_WATCHDOG_MS", "GST_REGISTRY", "127"):
            self.assertIn(words, text)

    def test_the_version_is_a_line(self):
        self.assertRegex(softvpu("--version").stdout, r"^softvpu \d+\.\d+\.\d+\n$")

    def test_an_unknown_verb_is_a_usage_error_that_names_the_verbs(self):
        wrong = softvpu("walk")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("run, list and doctor", wrong.stderr)
        self.assertEqual(softvpu("run", "--device", "x", "--", "true").returncode, 2)


class TheFirmware(unittest.TestCase):
    def firmware(self, *arguments):
        program = pathlib.Path(SOFTVPU).with_name("softvpu-fw")
        return subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)

    def test_started_by_hand_says_what_to_start_instead(self):
        wrong = self.firmware()
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("Try: softvpu run", wrong.stderr)

    def test_with_wrong_arguments_says_what_was_expected(self):
        for arguments in (["--nonsense"], ["--device"], ["--ivshmem-socket", "/nowhere/vpu", "--sessions", "nine"], ["--sessions", "8"]):
            wrong = self.firmware(*arguments)
            self.assertEqual(wrong.returncode, 2, arguments)
            self.assertIn("expected --device NODE, or --ivshmem-socket PATH", wrong.stderr, arguments)


class Run(InAScratchDirectory):
    def run_it(self, *command, **options):
        return softvpu("run", "--", *command, env=self.environment, **options)

    def test_passes_the_exit_status_on(self):
        for status in (0, 1, 3, 255):
            self.assertEqual(self.run_it("sh", "-c", f"exit {status}").returncode, status)

    def test_dies_by_the_signal_that_its_program_died_by(self):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
            self.assertEqual(self.run_it("sh", "-c", f"kill -{int(number)} $$").returncode, -number)

    def test_passes_input_output_and_arguments_as_they_are(self):
        seen = self.run_it("sh", "-c", 'cat; printf "%s|" "$@"', "sh", "--", "a b", "", "--help", input="text\n")
        self.assertEqual(seen.stdout, "text\n--|a b||--help|")

    def test_needs_no_separator_before_a_program(self):
        self.assertEqual(softvpu("run", "sh", "-c", "exit 4", env=self.environment).returncode, 4)

    def test_shows_the_device_that_was_asked_for(self):
        listed = softvpu("run", "--device", "33", "--", "sh", "-c", "echo /dev/video*", env=self.environment)
        self.assertEqual(listed.stdout, "/dev/video33\n")

    def test_without_a_program_says_what_was_expected(self):
        wrong = softvpu("run", env=self.environment)
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("expected: softvpu run", wrong.stderr)
        self.assertIn("try: ", wrong.stderr)

    def test_says_127_for_a_program_that_is_not_there(self):
        for name in ("no-such-program", "/no/such/program"):
            wrong = self.run_it(name)
            self.assertEqual(wrong.returncode, 127)
            self.assertIn(name, wrong.stderr)

    def test_says_126_for_what_cannot_be_executed(self):
        for path in (self.script("plain.txt", "text", 0o644), str(self.scratch), self.script("orphan", "#!/no/such/interpreter\n")):
            wrong = self.run_it(path)
            self.assertEqual(wrong.returncode, 126, path)
            self.assertIn("expected: ", wrong.stderr)

    def test_runs_a_script_by_its_interpreter_or_the_shell(self):
        self.assertEqual(self.run_it(self.script("a", "#!/bin/sh\nexit 5\n")).returncode, 5)
        self.assertEqual(self.run_it(self.script("b", "#!/usr/bin/env python3\nimport sys\nsys.exit(6)\n")).returncode, 6)
        self.assertEqual(self.run_it(self.script("c", "exit 7\n")).returncode, 7)

    @unittest.skipUnless(shutil.which("cc"), "needs a C compiler")
    def test_refuses_a_static_program_and_says_why(self):
        source = self.script("static.c", "int main(void) { return 0; }\n")
        binary = str(self.scratch / "static")
        if subprocess.run(["cc", "-static", "-o", binary, source], capture_output=True).returncode != 0:
            self.skipTest("no static C library here")
        for path in (binary, self.script("by-static", f"#!{binary}\n")):
            wrong = self.run_it(path)
            self.assertEqual(wrong.returncode, 126)
            self.assertIn("statically linked: LD_PRELOAD can't reach it", wrong.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a file away")
    def test_refuses_a_setuid_program_and_says_why(self):
        path = shutil.copy("/bin/true", self.scratch / "setuid")
        os.chown(path, 65534, 65534)
        os.chmod(path, 0o4755)
        wrong = self.run_it(str(path))
        self.assertEqual(wrong.returncode, 126)
        self.assertIn("set-user-ID", wrong.stderr)

    def test_says_which_part_is_missing(self):
        for variable, part in (("SOFTVPU_PRELOAD", "libsoftvpu-preload.so"), ("SOFTVPU_FW", "softvpu-fw")):
            wrong = softvpu("run", "--", "true", env={**self.environment, variable: "/nonexistent"})
            self.assertEqual(wrong.returncode, 125)
            self.assertIn(part, wrong.stderr)

    def test_finds_another_directory_when_the_first_is_not_writable(self):
        self.environment["XDG_RUNTIME_DIR"] = "/proc"
        self.environment["TMPDIR"] = str(self.scratch)
        self.assertEqual(self.run_it("test", "-c", "/dev/video10").returncode, 0)

    def test_keeps_a_gstreamer_registry_that_the_user_chose(self):
        self.environment["HOME"] = str(self.scratch)
        self.environment.pop("XDG_CACHE_HOME", None)
        self.environment.pop("GST_REGISTRY", None)
        own = self.run_it("sh", "-c", "echo $GST_REGISTRY").stdout
        self.assertRegex(own, rf"^{self.scratch}/\.cache/softvpu/gst-registry-.*-video10-multi\.bin\n$")
        self.environment["GST_REGISTRY"] = "/mine"
        self.assertEqual(self.run_it("sh", "-c", "echo $GST_REGISTRY").stdout, "/mine\n")

    def test_puts_itself_before_other_preloaded_libraries(self):
        self.environment["LD_PRELOAD"] = "libc.so.6"
        self.assertRegex(self.run_it("sh", "-c", "echo $LD_PRELOAD").stdout, r"^/.*libsoftvpu-preload\.so:libc\.so\.6\n$")

    def test_can_be_run_inside_itself(self):
        self.assertEqual(self.run_it(SOFTVPU, "run", "--device", "12", "--", "test", "-c", "/dev/video12").returncode, 0)


class TheRuntimeDirectory(InAScratchDirectory):
    def test_exists_while_the_program_runs_and_no_longer(self):
        process = self.start("sh", "-c", "echo $SOFTVPU_ROOT; read line", stdin=subprocess.PIPE)
        self.assertEqual([str(tree) for tree in self.trees()], [self.first_line])
        self.assertEqual(os.stat(self.first_line).st_mode & 0o777, 0o700)
        process.communicate("\n", timeout=20)
        self.assertEqual(self.trees(), [])

    def test_is_removed_when_the_program_is_killed(self):
        process = self.start("sh", "-c", "echo $$; exec sleep 100")
        os.kill(int(self.first_line), signal.SIGKILL)
        self.assertEqual(process.wait(20), -signal.SIGKILL)
        self.assertEqual(self.trees(), [])

    def test_of_a_killed_run_is_swept_by_the_next(self):
        process = self.start("sh", "-c", "echo $$; exec sleep 100")
        process.kill()
        process.wait(20)
        os.kill(int(self.first_line), signal.SIGKILL)
        self.assertEqual(len(self.trees()), 1)
        other = self.start("sh", "-c", "echo $SOFTVPU_ROOT; read line", stdin=subprocess.PIPE)
        self.assertEqual([str(tree) for tree in self.trees()], [self.first_line], "a living run's directory must stay")
        other.communicate("\n", timeout=20)

    def test_is_its_own_for_each_run(self):
        first = self.start("sh", "-c", "echo $SOFTVPU_ROOT; read line", stdin=subprocess.PIPE)
        first_root = self.first_line
        second = self.start("sh", "-c", "echo $SOFTVPU_ROOT; read line", stdin=subprocess.PIPE)
        self.assertNotEqual(first_root, self.first_line)
        for process in (first, second):
            process.communicate("\n", timeout=20)


class Signals(InAScratchDirectory):
    def test_sent_to_run_alone_reach_the_program(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGINT):
            process = self.start("python3", "-uc", f"import signal\nsignal.signal({int(number)}, lambda *_: exit(40))\nprint('ready')\nsignal.pause()\n")
            process.send_signal(number)
            self.assertEqual(process.wait(20), 40, number)
        self.assertEqual(self.trees(), [])

    def test_that_end_the_program_end_run_the_same_way(self):
        process = self.start("sh", "-c", "echo ready; exec sleep 100")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), -signal.SIGTERM)

    def test_of_a_terminal_reach_the_program_once(self):
        leader, follower = pty.openpty()
        counter = "import signal, time\nseen = []\nsignal.signal(2, lambda *_: seen.append(1))\nprint('ready', flush=True)\n" \
                  "time.sleep(0.1)\nwhile not seen: time.sleep(0.02)\ntime.sleep(0.3)\nexit(50 + len(seen))\n"
        process = subprocess.Popen([SOFTVPU, "run", "--", "python3", "-c", counter], env=self.environment, stdin=follower, stdout=subprocess.PIPE,
                                   preexec_fn=lambda: (os.setsid(), __import__("fcntl").ioctl(0, 0x540E, 0)))  # TIOCSCTTY
        self.assertEqual(process.stdout.readline(), b"ready\n")
        os.write(leader, b"\x03")
        self.assertEqual(process.wait(20), 51)
        process.stdout.close()
        os.close(leader)
        os.close(follower)

    def test_that_stop_the_program_stop_run_with_it(self):
        process = self.start("sh", "-c", "echo $$; exec sleep 1")
        child = int(self.first_line)
        os.kill(child, signal.SIGSTOP)
        pid, status = os.waitpid(process.pid, os.WUNTRACED)
        self.assertEqual(pid, process.pid)
        self.assertTrue(os.WIFSTOPPED(status))
        os.kill(process.pid, signal.SIGCONT)
        self.assertEqual(process.wait(20), 0)


class Orphans(InAScratchDirectory):
    def test_are_reaped_and_not_waited_for(self):
        begin = time.monotonic()
        self.assertEqual(softvpu("run", "--", "sh", "-c", "(sleep 0 &) ; (sleep 3 >/dev/null 2>&1 </dev/null &) ; exit 9", env=self.environment).returncode, 9)
        self.assertLess(time.monotonic() - begin, 2.5)


class List(unittest.TestCase):
    def test_shows_formats_sizes_and_controls(self):
        shown = softvpu("list")
        self.assertEqual(shown.returncode, 0, shown.stderr)
        for words in ("/dev/video10", "H264", "YU12", "in steps of", "Min Number of Capture Buffers"):
            self.assertIn(words, shown.stdout)

    def test_is_json_for_machines(self):
        device = json.loads(softvpu("list", "--json", "--device", "5", "--single-planar").stdout)["devices"][0]
        self.assertEqual(device["node"], "/dev/video5")
        self.assertIn("m2m", device["capabilities"])
        h264 = next(entry for entry in device["coded_formats"] if entry["fourcc"] == "H264")
        self.assertIn("compressed", h264["flags"])
        self.assertGreaterEqual(h264["sizes"][0]["max"][0], 1920)
        self.assertTrue(device["controls"])

    def test_says_what_is_missing(self):
        wrong = softvpu("list", env={**os.environ, "SOFTVPU_FW": "/nonexistent"})
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("softvpu doctor", wrong.stderr)


class Doctor(unittest.TestCase):
    def test_finds_this_machine_usable(self):
        shown = softvpu("doctor", "--json")
        report = json.loads(shown.stdout)
        self.assertTrue(report["usable"], shown.stdout)
        self.assertEqual(shown.returncode, 0)
        names = {check["name"] for check in report["checks"]}
        self.assertLessEqual({"seccomp", "memfd", "pidfd", "open files", "preload library", "firmware", "codec process", "end to end"}, names)
        for check in report["checks"]:
            self.assertIn(check["verdict"], ("ok", "warn", "fail"))
            if check["verdict"] != "ok":
                self.assertTrue(check["means"] and check["mend"], check)

    def test_fails_with_a_mend_when_a_part_is_missing(self):
        shown = softvpu("doctor", "--json", env={**os.environ, "SOFTVPU_FW": "/nonexistent"})
        self.assertEqual(shown.returncode, 1)
        bad = [check for check in json.loads(shown.stdout)["checks"] if check["verdict"] == "fail"]
        self.assertEqual([check["name"] for check in bad], ["firmware"])
        self.assertTrue(bad[0]["mend"])

    def test_looks_at_a_program(self):
        self.assertEqual(softvpu("doctor", "--", "ls").returncode, 0)
        shown = softvpu("doctor", "--", "no-such-program")
        self.assertEqual(shown.returncode, 1)
        self.assertIn("no-such-program", shown.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)

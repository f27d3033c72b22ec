#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command line: exit statuses, signals, what is left behind, what its errors say. Usage: cli_test.py SOFTVPU [unittest arguments]."""
import glob
import json
import os
import pathlib
import pty
import re
import resource
import select
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

    def test_ends_also_where_sigchld_is_ignored(self):
        # Some daemons ignore it, and execve() keeps that.
        def ignoring():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)

        self.assertEqual(softvpu("run", "--", "sh", "-c", "exit 3", env=self.environment, preexec_fn=ignoring).returncode, 3)
        shown = softvpu("run", "--", "grep", "SigIgn", "/proc/self/status", env=self.environment, preexec_fn=ignoring)
        ignored = int(shown.stdout.split()[1], 16)
        self.assertTrue(ignored >> (signal.SIGCHLD - 1) & 1, "the program starts with the signals that we were started with")

    def test_dies_by_the_signal_that_its_program_died_by(self):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
            self.assertEqual(self.run_it("sh", "-c", f"kill -{int(number)} $$").returncode, -number)

    def test_passes_input_output_and_arguments_as_they_are(self):
        seen = self.run_it("sh", "-c", 'cat; printf "%s|" "$@"', "sh", "--", "a b", "", "--help", input="text\n")
        self.assertEqual(seen.stdout, "text\n--|a b||--help|")

    def test_needs_no_separator_before_a_program(self):
        self.assertEqual(softvpu("run", "sh", "-c", "exit 4", env=self.environment).returncode, 4)

    def test_shows_the_device_that_was_asked_for(self):
        listed = softvpu("run", "--device", "33", "--", "sh", "-c", "echo /dev/video-dec* /dev/video33*", env=self.environment)
        self.assertEqual(listed.stdout, "/dev/video-dec0 /dev/video33\n")

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

    # A copy of a program of this machine, with another dynamic linker.
    def with_linker(self, linker, name="program"):
        image = pathlib.Path(shutil.which("true")).read_bytes()
        own = next((word for word in (b"/lib64/ld-linux-x86-64.so.2\0", b"/lib/ld-linux-aarch64.so.1\0") if word in image), None)
        if own is None or len(linker) >= len(own):
            self.skipTest("true has no dynamic linker that could be replaced")
        path = self.scratch / name
        path.write_bytes(image.replace(own, linker.encode().ljust(len(own), b"\0"), 1))
        path.chmod(0o755)
        return str(path)

    def test_refuses_a_musl_program_and_says_why(self):
        binary = self.with_linker("/lib/ld-musl-x86_64.so.1")
        for path in (binary, self.script("by-musl", f"#!{binary}\n")):
            wrong = self.run_it(path)
            self.assertEqual(wrong.returncode, 126)
            self.assertRegex(wrong.stderr.split("\n")[0], "linked with musl")
            self.assertIn("try: a build of it for glibc", wrong.stderr)

    def test_refuses_a_program_whose_c_library_cannot_load_ours_and_says_why(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
        self.addCleanup(shutil.rmtree, folder)
        shutil.copy(shutil.which("false"), folder / "ld-old")
        wrong = self.run_it(self.with_linker(f"{folder}/ld-old"))
        self.assertEqual(wrong.returncode, 126)
        self.assertIn("whose C library can't load softvpu's", wrong.stderr)
        self.assertIn("glibc 2.34 or newer", wrong.stderr)

    def test_survives_a_hostile_program_header(self):
        header = bytearray(pathlib.Path(shutil.which("true")).read_bytes()[:64])
        header[32:40] = (2**64 - 24).to_bytes(8, "little")  # e_phoff
        path = self.scratch / "hostile"
        path.write_bytes(bytes(header) + b"\0" * 200)
        path.chmod(0o755)
        self.assertEqual(self.run_it(str(path)).returncode, 126)

    def compiled(self, name, text, *options):
        if not shutil.which("cc"):
            self.skipTest("needs a C compiler")
        source, binary = self.script(name + ".c", text), str(self.scratch / name)
        done = subprocess.run(["cc", *options, "-o", binary, source], capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"cc {' '.join(options)}: {done.stderr[-200:]}")
        return binary

    def test_starts_a_go_program_with_a_line_that_says_what_it_misses(self):
        binary = self.compiled("go", '__asm__(".section .note.go.buildid,\\"a\\",%note\\n.long 4\\n.long 4\\n.long 4\\n.ascii \\"Go\\\\0\\\\0id!!\\"\\n.previous");\n'
                                     "int main(void) { return 9; }\n")
        for command in ([binary], ["env", "A=b", "timeout", "5", binary], ["sh", "-c", f"exec {binary}"]):
            run = self.run_it(*command)
            self.assertEqual(run.returncode, 9)
            self.assertRegex(run.stderr, r"\Asoftvpu: .* is a Go program: .*; try the kernel module\n\Z")

    def test_starts_a_program_of_address_sanitizer_so_that_it_runs(self):
        self.environment.pop("ASAN_OPTIONS", None)
        binary = self.compiled("asan", '#include <fcntl.h>\nint main(void) { return open("/dev/video10", O_RDWR) < 0 ? 1 : 9; }\n', "-fsanitize=address")
        run = self.run_it(binary)
        self.assertEqual(run.returncode, 9, run.stderr)
        self.assertRegex(run.stderr, r"\Asoftvpu: .* is built with AddressSanitizer.*ASAN_OPTIONS=verify_asan_link_order=0\n\Z")
        self.environment["ASAN_OPTIONS"] = "verify_asan_link_order=0:detect_leaks=0"
        self.assertEqual(self.run_it(binary).stderr, "", "who said so himself needs no line")

    def test_says_that_a_program_of_thread_sanitizer_may_not_run(self):
        binary = self.compiled("tsan", "int main(void) { return 0; }\n", "-fsanitize=thread")
        self.assertRegex(self.run_it(binary).stderr, r"\Asoftvpu: .* is built with ThreadSanitizer.*; try AddressSanitizer, or the kernel module\n")

    def test_says_that_valgrind_ends_a_program_that_decodes(self):
        valgrind = self.script("valgrind", "#!/bin/sh\nexec \"$@\"\n")
        run = self.run_it(valgrind, "true")
        self.assertEqual(run.returncode, 0)
        self.assertRegex(run.stderr, r"\Asoftvpu: valgrind doesn't know the clone\(\).*; try a build with -fsanitize=address, or the kernel module\n\Z")

    def test_says_what_a_wrapper_is_about_to_start(self):
        binary = self.with_linker("/lib/ld-musl-x86_64.so.1")
        for wrapper in (["env", "A=b"], ["timeout", "5"], ["nice", "-n", "5", "env"], ["sh", "-c"]):
            self.assertRegex(self.run_it(*wrapper, binary).stderr, r"\Asoftvpu: .* is linked with musl.*; try a build of it for glibc", wrapper)
        for plain in (["env", "A=b", "true"], ["sh", "-c", "true"], ["timeout", "5", "true"], ["true"]):
            self.assertEqual(self.run_it(*plain).stderr, "")

    # As v4l2-tracer of v4l-utils does it: its library is preloaded unless something is already.
    def test_lets_v4l2_tracer_trace(self):
        library = self.compiled("libv4l2tracer.so", "#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <stdarg.h>\n#include <stdio.h>\n#include <stdlib.h>\n"
                                "int ioctl(int fd, unsigned long request, ...) {\n  va_list list;\n  va_start(list, request);\n  void *arg = va_arg(list, void *);\n  va_end(list);\n"
                                "  int (*next)(int, unsigned long, ...) = dlsym(RTLD_NEXT, \"ioctl\");\n  int result = next(fd, request, arg);\n"
                                "  FILE *trace = fopen(getenv(\"TRACE_ID\"), \"a\");\n  fprintf(trace, \"%lx %d\\n\", request, result);\n  fclose(trace);\n  return result;\n}\n", "-shared", "-fPIC")
        tracer = self.script("v4l2-tracer", f"#!/bin/sh\n[ $1 = -g ] && shift\n[ $1 = trace ] || exit 9\nshift\nLD_PRELOAD=${{LD_PRELOAD:-{library}}} exec \"$@\"\n")
        self.environment["TRACE_ID"] = str(self.scratch / "trace")
        asker = self.compiled("asker", '#include <fcntl.h>\n#include <linux/videodev2.h>\n#include <sys/ioctl.h>\nint main(int n, char **words) {\n  struct v4l2_capability c;\n'
                                       '  int fd = open(words[1], O_RDWR);\n  return fd < 0 || ioctl(fd, VIDIOC_QUERYCAP, &c) < 0 ? 1 : 7;\n}\n')
        for options, command, node in (([], [tracer, "trace", asker], "/dev/video10"), (["--device", "12", "--single-planar"], [tracer, "-g", "trace", asker], "/dev/video12")):
            run = softvpu("run", *options, "--", *command, node, env=self.environment)
            self.assertEqual((run.returncode, run.stderr), (7, ""))
            self.assertIn("80685600 0\n", (self.scratch / "trace").read_text())
            (self.scratch / "trace").unlink()
        wrapped = self.run_it("env", "A=b", tracer, "trace", asker, "/dev/video10")
        self.assertRegex(wrapped.stderr, r"\Asoftvpu: v4l2-tracer keeps the LD_PRELOAD.*; try v4l2-tracer trace softvpu run -- PROGRAM\n\Z")

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
            wrong = softvpu("run", "--", "true", env={**self.environment, variable: "/proc/nonexistent"})
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
        self.assertRegex(own, rf"^{self.scratch}/\.cache/softvpu/gst-registry-[0-9a-f]{{16}}\.bin\n$")
        self.assertNotEqual(own, softvpu("run", "--codecs", "vp8", "--", "sh", "-c", "echo $GST_REGISTRY", env=self.environment).stdout)
        self.environment["GST_REGISTRY"] = "/mine"
        self.assertEqual(self.run_it("sh", "-c", "echo $GST_REGISTRY").stdout, "/mine\n")

    def test_offers_the_codecs_of_a_list_alone(self):
        shown = softvpu("run", "--codecs", "VP8,h264", "--", "v4l2-ctl", "-d", "/dev/video10", "--list-formats-out", env=self.environment)
        self.assertEqual(re.findall(r"'(....)'", shown.stdout), ["H264", "VP80"], shown.stderr)

    def test_refuses_a_list_with_a_word_that_names_no_codec(self):
        wrong = softvpu("run", "--codecs", "h264,xyz", "--", "true", env=self.environment)
        self.assertEqual(wrong.returncode, 2)
        for words in ('"xyz"', "h264, avc, hevc", "softvpu list"):
            self.assertIn(words, wrong.stderr)

    def test_servers_refuse_such_a_list_too(self):
        firmware = pathlib.Path(SOFTVPU).with_name("softvpu-fw")
        for server in (("--device", "/proc/nonexistent"), ("--ivshmem-socket", "/proc/nonexistent")):
            wrong = subprocess.run([firmware, *server, "--codecs", "h264,xyz"], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(wrong.returncode, 2, wrong.stderr)
            self.assertIn("h264, avc, hevc", wrong.stderr)
            accepted = subprocess.run([firmware, "--codecs", "h264", *server], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(accepted.returncode, 7, accepted.stderr)
        alone = subprocess.run([firmware, "--codecs", "h264"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(alone.returncode, 2)
        self.assertIn("--device NODE", alone.stderr)

    def test_puts_itself_before_other_preloaded_libraries(self):
        self.environment["LD_PRELOAD"] = "libc.so.6"
        self.assertRegex(self.run_it("sh", "-c", "echo $LD_PRELOAD").stdout, r"^/.*libsoftvpu-preload\.so:libc\.so\.6\n$")

    def test_can_be_run_inside_itself(self):
        self.assertEqual(self.run_it(SOFTVPU, "run", "--device", "12", "--", "test", "-c", "/dev/video12").returncode, 0)


class TheRuntimeDirectory(InAScratchDirectory):
    def test_exists_while_the_program_runs_and_no_longer(self):
        process = self.start("sh", "-c", "echo $SOFTVPU_ROOT; read line", stdin=subprocess.PIPE)
        self.assertEqual([str(tree) for tree in self.trees()], [self.first_line])
        # A program that stops being root must still reach root's tree; an ordinary user's is his alone.
        self.assertEqual(os.stat(self.first_line).st_mode & 0o777, 0o755 if os.geteuid() == 0 else 0o700)
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
        program = os.pidfd_open(int(self.first_line))
        os.kill(int(self.first_line), signal.SIGKILL)
        self.assertTrue(select.select([program], [], [], 20)[0], "the program has ended, and given up its lock")
        os.close(program)
        self.assertEqual(len(self.trees()), 1)
        other = self.start("sh", "-c", "echo $SOFTVPU_ROOT; read line", stdin=subprocess.PIPE)
        self.assertEqual([str(tree) for tree in self.trees()], [self.first_line], "a living run's directory must stay")
        other.communicate("\n", timeout=20)

    # The supervisor can be killed; its program, and what that started, still need the device.
    ASKER = "import os, sys\n{before}\nprint('ready', flush=True)\nsys.stdin.readline()\nos.close(os.open('/dev/video10', os.O_RDWR))\nprint('found', flush=True)\n"

    def outlive_the_supervisor(self, before, *wrapper):
        process = self.start(*wrapper, "python3", "-c", self.ASKER.format(before=before), stdin=subprocess.PIPE)
        process.send_signal(signal.SIGKILL)
        process.wait(20)
        for _ in range(2):
            self.assertEqual(softvpu("run", "--", "true", env=self.environment).returncode, 0)
        self.assertEqual(len(self.trees()), 1, "a program of the killed run still lives")
        process.stdin.write("\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.read(), "found\n")
        process.stdin.close()
        for _ in range(100):  # the program is about to end
            if not self.trees():
                break
            softvpu("run", "--", "true", env=self.environment)
        self.assertEqual(self.trees(), [], "nobody uses it any more")

    def test_outlives_a_killed_supervisor(self):
        self.outlive_the_supervisor("")

    def test_outlives_a_killed_supervisor_when_its_program_closed_all_descriptors(self):
        self.outlive_the_supervisor("os.closerange(3, 70000)")

    def test_outlives_a_killed_supervisor_when_its_program_closed_all_descriptors_by_bare_calls(self):
        self.outlive_the_supervisor("import ctypes\nlibc = ctypes.CDLL(None)\nfor fd in range(3, 4096): libc.syscall(3, fd)")

    def test_outlives_a_killed_supervisor_when_its_program_wrote_over_its_environment(self):
        # As setproctitle does, which moves it first; the index that the process has mapped tells.
        self.outlive_the_supervisor("os.path.exists('/dev/video10')\nos.closerange(3, 70000)\nimport ctypes\nsaved = dict(os.environ)\n"
                                    "start, end = (int(open('/proc/self/stat').read().rsplit(')', 1)[1].split()[at]) for at in (47, 48))\n"
                                    "ctypes.memset(start, 0, end - start)\nos.environ.update(saved)")

    def test_outlives_a_run_whose_daemon_stays(self):
        process = self.start("sh", "-c", "echo $SOFTVPU_ROOT; setsid sh -c 'while [ ! -e \"$0\" ]; do sleep 0.05; done' \"$0\" </dev/null >/dev/null 2>&1 &",
                             str(self.scratch / "go"))
        self.assertEqual(process.wait(20), 0)
        self.assertEqual([str(tree) for tree in self.trees()], [self.first_line])
        self.assertEqual(softvpu("run", "--", "true", env=self.environment).returncode, 0)
        self.assertEqual([str(tree) for tree in self.trees()], [self.first_line])
        (self.scratch / "go").touch()
        for _ in range(100):
            if not self.trees():
                break
            softvpu("run", "--", "true", env=self.environment)
        self.assertEqual(self.trees(), [])

    def test_that_was_never_completed_is_swept_when_it_is_old(self):
        (self.scratch / "softvpu-run-young").mkdir()
        old = self.scratch / "softvpu-run-oldold"
        old.mkdir()
        os.utime(old, (time.time() - 3600, time.time() - 3600))
        softvpu("run", "--", "true", env=self.environment)
        self.assertEqual([tree.name for tree in self.trees()], ["softvpu-run-young"])

    def test_is_made_whatever_the_umask_is(self):
        for mask in (0, 0o077, 0o002):
            found = subprocess.run([SOFTVPU, "run", "--", "test", "-c", "/dev/video10"], env=self.environment, timeout=60, preexec_fn=lambda: os.umask(mask))
            self.assertEqual(found.returncode, 0, oct(mask))
            kept = subprocess.run([SOFTVPU, "run", "--", "sh", "-c", "umask"], env=self.environment, timeout=60, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.umask(mask))
            self.assertEqual(int(kept.stdout, 8), mask)

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

    def test_shows_the_codecs_of_a_list_alone(self):
        device = json.loads(softvpu("list", "--json", "--codecs", "hevc").stdout)["devices"][0]
        self.assertEqual([entry["fourcc"] for entry in device["coded_formats"]], ["HEVC"])

    def test_says_what_is_missing(self):
        wrong = softvpu("list", env={**os.environ, "SOFTVPU_FW": "/proc/nonexistent"})
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
                self.assertTrue(check["means"] and check["fix"], check)

    def test_fails_with_a_mend_when_a_part_is_missing(self):
        shown = softvpu("doctor", "--json", env={**os.environ, "SOFTVPU_FW": "/proc/nonexistent"})
        self.assertEqual(shown.returncode, 1)
        bad = [check for check in json.loads(shown.stdout)["checks"] if check["verdict"] == "fail"]
        self.assertEqual([check["name"] for check in bad], ["firmware"])
        self.assertTrue(bad[0]["fix"])

    def test_fails_within_a_limit_that_ends_sessions(self):
        def small_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (500 << 10, 500 << 10))
        shown = softvpu("doctor", "--json", preexec_fn=small_files)
        self.assertEqual(shown.returncode, 1, shown.stdout)
        bad = [check for check in json.loads(shown.stdout)["checks"] if check["verdict"] == "fail"]
        self.assertEqual([check["name"] for check in bad], ["size of files"])
        self.assertIn("ulimit -f", bad[0]["fix"])

    def test_begins_a_session(self):
        end = [check for check in json.loads(softvpu("doctor", "--json").stdout)["checks"] if check["name"] == "end to end"]
        self.assertIn("began a session", end[0]["found"])

    def test_looks_at_a_program(self):
        self.assertEqual(softvpu("doctor", "--", "ls").returncode, 0)
        shown = softvpu("doctor", "--", "no-such-program")
        self.assertEqual(shown.returncode, 1)
        self.assertIn("no-such-program", shown.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)

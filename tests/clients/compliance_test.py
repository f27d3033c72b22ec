#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""v4l2-compliance on the device, once per call. Usage: compliance_test.py SOFTVPU multi|single plain|bytes|frames|raw newest|system

plain: without streaming. raw: the encoder, /dev/video11, with streaming; the others are for the decoder, /dev/video10. bytes: -s with a real H.264 elementary stream, cut wherever an OUTPUT buffer is full. frames: -s with the same stream, an
access unit a buffer (--stream-from-hdr), so that each frame's timestamp is looked at. Streaming is tested with each poll mode that v4l2-compliance has
for memory-to-memory devices: select and epoll, in buffers of REQBUFS and, by the newest, of CREATE_BUFS; and with USERPTR buffers; all of them must
have run. DMABUF buffers, which another open of the node exports, on the single-planar node alone: v4l2-compliance takes the exporter's type from
V4L2_CAP_VIDEO_CAPTURE and its like, which no memory-to-memory device has, and ends at OUTPUT, the single-planar one.

newest: Debian 13's, put beside the system's own by tools/newer-v4l-utils ($SOFTVPU_NEWER_V4L_UTILS names its `run` if it lies elsewhere);
it is the judge: no failure, no warning. system: the one in $PATH. If that is 1.22.1, what compliance-1.22.1.tsv lists may fail (for the
encoder, compliance-1.22.1-encoder.tsv), each for the reason given there; a listed test that passes is a failure too, so that the list stays true. The reason "description" is put to the proof:
a copy of the program that differs in nothing but the description of NV12 must pass those tests.
Exit status 77: that v4l2-compliance isn't there.
"""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77
OLD_DESCRIPTION = b"\0Y/CbCr 4:2:0\0"
NEW_DESCRIPTION = b"\0Y/UV 4:2:0\0\0\0"
MUST_STREAM = {"newest": ["MMAP (select, REQBUFS)", "MMAP (epoll, REQBUFS)", "MMAP (select, CREATE_BUFS)", "MMAP (epoll, CREATE_BUFS)", "USERPTR (select)"],
               "system": ["MMAP (select", "MMAP (epoll", "USERPTR (select"]}
MUST_IMPORT = {"multi": [], "single": ["DMABUF (select"]}
# Its child has a quarter of a second to get into an ioctl.
BY_THE_CLOCK = {"blocking wait"}
TRIES = 4
ACCESS_UNIT_DELIMITER = b"\0\0\0\1\x09"


def find_tool(which):
    if which == "system":
        path = shutil.which("v4l2-compliance")
        return [path] if path else None
    runner = pathlib.Path(os.environ.get("SOFTVPU_NEWER_V4L_UTILS") or TOP / "build/trixie/run")
    return [str(runner), "v4l2-compliance"] if os.access(runner, os.X_OK) else None


def version_of(tool):
    return re.search(r"v4l2-compliance (\S+?),? ", subprocess.run([*tool, "--version"], capture_output=True, text=True).stdout + " ").group(1)


def known_failures(version, mode):
    """What the table says of this version: name of a test -> (cause, reason)."""
    table = pathlib.Path(__file__).with_name(f"compliance-{version}{'-encoder' if mode == 'raw' else ''}.tsv")
    if not table.exists():
        return {}
    rows = (line.split("\t") for line in table.read_text().splitlines() if line and not line.startswith("#"))
    return {test: (cause, reason) for test, when, cause, reason in rows if when == "always" or mode != "plain"}


def with_the_new_description(tool, directory):
    """A copy of a v4l2-compliance from before Linux 6.0 that expects what Linux says since."""
    program = pathlib.Path(tool[0]).read_bytes()
    if program.count(OLD_DESCRIPTION) != 1:
        raise SystemExit(f"FAILED: {tool[0]} doesn't hold {OLD_DESCRIPTION!r} once; the reason 'description' can't be true of it")
    copy = directory / "v4l2-compliance"
    copy.write_bytes(program.replace(OLD_DESCRIPTION, NEW_DESCRIPTION))
    copy.chmod(0o755)
    return [str(copy)]


def make_stream(directory, by_frames):
    """H.264 of several megabytes, so that even whole OUTPUT buffers of it are stream and nothing else."""
    path = directory / "stream.h264"
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=size=640x352:rate=25:duration=8", "-vf", "noise=alls=60:allf=t",
                    "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "25", "-b:v", "5M", "-x264-params", "aud=1",
                    "-f", "h264", str(path)], check=True)
    if not by_frames:
        return ["--stream-from", str(path)]
    stream = path.read_bytes()
    units = [ACCESS_UNIT_DELIMITER + unit for unit in stream.split(ACCESS_UNIT_DELIMITER)[1:]]
    assert len(units) == 200 and b"".join(units) == stream, f"{len(units)} access units"
    # As v4l2-ctl --stream-to-hdr writes: "Vhdr" as a number, then the payload's size; both big-endian.
    framed = directory / "stream.hdr"
    framed.write_bytes(b"".join(struct.pack(">II", int.from_bytes(b"Vhdr", "little"), len(unit)) + unit for unit in units))
    return ["--stream-from-hdr", str(framed)]


def run_it(softvpu, node, tool, device, streaming):
    """(output, names that failed, names that ran, warnings), or (output, None, ...) if it didn't reach its end."""
    command = [softvpu, "run", *(["--single-planar"] if node == "single" else []), "--", *tool, "-d", device, "--no-progress"]
    command += ["-s", *streaming] if streaming is not None else []
    command += ["-e", device] if MUST_IMPORT[node] else []
    seen = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=300)
    total = re.search(r"^Total.*: (\d+), Succeeded: (\d+), Failed: (\d+), Warnings: (\d+)$", seen.stdout, re.M)
    ran = dict(re.findall(r"^\s*test (.+): (OK \(Not Supported\)|OK|FAIL)$", seen.stdout, re.M))
    failing = {test for test, verdict in ran.items() if verdict == "FAIL"}
    if total is None or int(total[3]) != len(failing) or int(total[1]) < 40:
        return seen.stdout, None, ran, 0
    return seen.stdout, failing, ran, int(total[4])


def wait_for_quiet():
    """Until nobody else wants a processor, ten seconds at most."""
    for _ in range(20):
        time.sleep(0.5)
        if int(pathlib.Path("/proc/loadavg").read_text().split()[3].split("/")[0]) <= 1:
            return


def run_patiently(softvpu, node, tool, device, streaming, known):
    """What goes by the clock alone gets more tries, on a machine that has time for it, if it is all that failed."""
    for tries in range(TRIES):
        seen = run_it(softvpu, node, tool, device, streaming)
        wrong = (seen[1] or set()) - known.keys()
        if not wrong or not wrong <= BY_THE_CLOCK:
            break
        print(f"by the clock, try {tries + 1}: {sorted(wrong)}")
        wait_for_quiet()
    return seen


def main(softvpu, node, mode, which):
    tool = find_tool(which)
    if tool is None:
        print(f"skipped: no {which} v4l2-compliance" + (" (tools/newer-v4l-utils fetches it)" if which == "newest" else ""))
        return SKIPPED
    version = version_of(tool)
    known = known_failures(version, mode)
    problems = []
    with tempfile.TemporaryDirectory(prefix="softvpu-compliance-") as scratch:
        scratch = pathlib.Path(scratch)
        device = "/dev/video11" if mode == "raw" else "/dev/video10"
        # Of the encoder's pictures nothing matters: it fills its buffers with a test pattern, or leaves them.
        streaming = {"plain": lambda: None, "raw": lambda: []}.get(mode, lambda: make_stream(scratch, mode == "frames"))()
        text, failing, ran, warnings = run_patiently(softvpu, node, tool, device, streaming, known)
        print(text)
        if failing is None:
            print(f"FAILED: v4l2-compliance {version} didn't reach its end, or its sums don't agree with its lines")
            return 1
        problems += [f"fails: {test}" for test in sorted(failing - known.keys())]
        problems += [f"listed as failing, but passes: {test}" for test in sorted(known.keys() - failing)]
        if warnings:
            problems.append(f"{warnings} warnings")
        if streaming is not None:
            problems += [f"didn't run: {test}" for test in MUST_STREAM[which] + MUST_IMPORT[node]
                         if not any(name.startswith(test) and verdict in ("OK", "FAIL") for name, verdict in ran.items())]
        by_description = {test for test, (cause, _) in known.items() if cause == "description"}
        if by_description:
            proof, still_failing, _, warnings = run_it(softvpu, node, with_the_new_description(tool, scratch), device, streaming)
            if still_failing is None or still_failing != known.keys() - by_description or warnings:
                print(proof)
                problems.append(f"with NV12's new description {sorted(still_failing or [])} fail; expected: {sorted(known.keys() - by_description)}")
    for test in sorted(failing & known.keys()):
        print(f"known: {test}: {known[test][1]}")
    for problem in problems:
        print(f"FAILED: v4l2-compliance {version}, {node}-planar, {mode}: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[2] not in ("multi", "single") or sys.argv[3] not in ("plain", "bytes", "frames", "raw") or sys.argv[4] not in MUST_STREAM:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))

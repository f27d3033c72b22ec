#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Decodes real streams through the device with the stock clients and compares every frame with libavcodec's own.

    tests/streams/run.py --softvpu build/dev/apps/softvpu [--client NAME]... [--codec NAME]... [--match TEXT]

Prints a row a vector, then a line a client and codec. Exits 1 when anything differs that client-limits.tsv doesn't list, or when something
listed there works (so that the list stays true). Where the vectors aren't there, ffmpeg makes a clip for each codec.

--sample runs one vector per codec and client; SOFTVPU_SAMPLE=1 says the same.

--control runs each client with its own software decoder instead: what fails then is the client's limit. --reference-only makes and checks
the references only.
"""
import argparse
import collections
import concurrent.futures
import contextlib
import copy
import csv
import dataclasses
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import clients
import frames
import reference
import vectors

FFMPEG_AHEAD = 18  # packets that ffmpeg has given to the device when it begins to drain, at most: its OUTPUT buffers and a few
SAMPLE_BYTES = 50_000  # of a vector of the sample, at least: a picture or two show little
LISTED_TIMEOUT = 10  # seconds for a run that is expected to fail; some hang
TOP = pathlib.Path(__file__).resolve().parents[2]
LIMITS = pathlib.Path(__file__).with_name("client-limits.tsv")


@dataclasses.dataclass
class Verdict:
    word: str  # pass; FAIL; limit: as listed; WORKS: passes although listed; -: this client reads no such file
    detail: str = ""
    seconds: float = 0.0
    incomplete: bool = False  # FAIL by frames that are missing at the end alone
    lossy: bool = False  # FAIL by missing frames alone, wherever; some were there
    tries: int = 1


def read_limits(path):
    """{(vector, client): (reason, proof)}; see show_limit() for the proofs."""
    with open(path, newline="", encoding="utf-8") as file:
        return {(row["vector"], row["client"]): (row["reason"], row["proof"] or "") for row in csv.DictReader(file, delimiter="\t")}


def last_words(log):
    log.seek(0)
    lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-1][-160:] if lines else ""


def end_group(process):
    """Ends the client and whatever it started; it is the leader of a session of its own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Patience:
    """Seconds that a process had, of those that it is given: on a machine where more want a processor than there are, a part of each. What
    hangs wants none, and its seconds count as long as those around it leave one free."""

    MOST = 10  # times as many seconds by the clock

    def __init__(self, seconds):
        self.left = seconds
        self.end = time.monotonic() + self.MOST * seconds

    def take(self, seconds, running, processors):
        self.left -= seconds * min(1, processors / max(1, running))

    def is_over(self):
        return self.left <= 0 or time.monotonic() > self.end


def wait_patiently(process, seconds):
    """The status of a process, or None when its time is over."""
    patience = Patience(seconds)
    while not patience.is_over():
        before = time.monotonic()
        try:
            return process.wait(min(1, max(0.01, patience.left)))
        except subprocess.TimeoutExpired:
            running = int(pathlib.Path("/proc/loadavg").read_text(encoding="ascii").split()[3].split("/")[0])
            patience.take(time.monotonic() - before, running, os.cpu_count() or 1)
    return None


def cut_at_drain(expected, hashes):
    """The frames that are expected of ffmpeg's wrapper, which takes a change of size for the end when it has no more packets to give."""
    count = len(hashes)
    if not 0 < count < len(expected.hashes) or len(expected.hashes) - count > FFMPEG_AHEAD or expected.sizes[count] == expected.sizes[count - 1]:
        return expected.hashes
    return expected.hashes[:count]


def is_subsequence(some, whole):
    rest = iter(whole)
    return all(item in rest for item in some)


def run_client(client, vector, expected, options, ends_at_drain=False):
    output = options.work / f"{vector.name.replace('/', '-')}-{client.name}.yuv"
    command = client.command(vector, options.control, output)
    if isinstance(command, str):
        return Verdict("-", command)
    if not options.control:
        command = [str(options.softvpu), "run", "--", *command]
    if options.verbose:
        print("+", " ".join(command), file=sys.stderr)
    begin = time.monotonic()
    with tempfile.TemporaryFile() as log:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                              env=clients.environment(client, options.work)) as process:
            try:
                status = wait_patiently(process, options.timeout)
            finally:
                end_group(process)
        seconds = time.monotonic() - begin
        hashes, torn = [], 0
        if output.exists():
            with output.open("rb") as file:
                hashes, torn = frames.hash_frames(file, expected.sizes)
            output.unlink()
        difference = frames.describe_difference(cut_at_drain(expected, hashes) if ends_at_drain else expected.hashes, hashes, torn)
        if status is None:
            return Verdict("FAIL", f"ended after {options.timeout} s; {difference or 'all frames were there'}; {last_words(log)}", seconds)
        if difference:
            incomplete = status >= 0 and not torn and len(hashes) < len(expected.hashes) and hashes == expected.hashes[:len(hashes)]
            lossy = status >= 0 and not torn and 0 < len(hashes) < len(expected.hashes) and is_subsequence(hashes, expected.hashes)
            return Verdict("FAIL", f"{difference}; status {status}; {last_words(log)}", seconds, incomplete, lossy)
        # A client may complain about a damaged stream at its end; without frames to show for it, though, its word counts.
        if status < 0:
            return Verdict("FAIL", f"all frames, then ended by signal {-status}; {last_words(log)}", seconds)
        return Verdict("pass", "", seconds)


class Machine:
    """Runs share it; one that needs it alone waits for the others, and they for it."""

    def __init__(self):
        self.changed = threading.Condition()
        self.runs = 0
        self.taken = False

    @contextlib.contextmanager
    def use(self, alone=False):
        with self.changed:
            self.changed.wait_for(lambda: not self.taken)
            self.taken = alone
            self.changed.wait_for(lambda: not (alone and self.runs))
            self.runs += 1
        try:
            yield
        finally:
            with self.changed:
                self.runs -= 1
                self.taken = self.taken and not alone
                self.changed.notify_all()


MACHINE = Machine()


def run_patiently(client, vector, expected, options):
    """A client that gives up by the clock gets more tries, without a neighbour, if all that is wrong is that it gave up: the frames that came are
    right, and it wasn't ended."""
    for tries in range(1, client.tries + 1):
        with MACHINE.use(alone=tries > 1):
            verdict = run_client(client, vector, expected, options)
        verdict.tries = tries
        if not verdict.incomplete:
            break
    return verdict


def show_limit(client, vector, expected, proof, options):
    """Runs what proves that a listed limit is the client's: an empty text if it does, else what came instead. Proofs:

    control         the same client with its own software decoder in the device's place fails, too
    input ARGS      the device's frames are right when ffmpeg, here and in the reference, gets these options ahead of -i
    output ARGS     … when ffmpeg gets these ahead of its output
    drain ARGS      … and those up to a change of size among the last packets are enough
    elements TEXT   … when GStreamer has these between parser and decoder
    reference ARGS  … compared with what libavcodec makes of the stream with these options
    lossy           frames are missing, but each that is there is right, in its place (that the device had them all is seen in another client's row)
    (empty)         nothing that can be run: the reason says where it is seen
    """
    kind, _, text = proof.partition(" ")
    words = tuple(text.split())
    bare = dataclasses.replace(vector, ffmpeg_md5="", published=())
    if kind == "":
        return ""
    if kind == "lossy":
        verdict = run_client(client, vector, expected, options)
        return "" if verdict.lossy else verdict.detail or "all frames are there"
    if kind == "control":
        own = copy.copy(options)
        own.control = True
        return "" if run_client(client, vector, expected, own).word == "FAIL" else "the client's own decoder passes"
    if kind == "input":
        vector = dataclasses.replace(bare, input_options=words)
        expected = reference.reference_of(vector, options.cache, options.timeout)
    elif kind in ("output", "drain"):
        vector = dataclasses.replace(bare, output_options=words)
    elif kind == "elements":
        vector = dataclasses.replace(bare, elements=(text,))
    elif kind == "reference":
        expected = reference.reference_of(dataclasses.replace(bare, input_options=words), options.cache, options.timeout)
    else:
        return f"there is no proof '{kind}'"
    verdict = run_client(client, vector, expected, options, ends_at_drain=kind == "drain")
    return "" if verdict.word == "pass" else verdict.detail


def judge(client, vector, expected, limits, options):
    if options.control or (vector.name, client.name) not in limits:
        return run_patiently(client, vector, expected, options)
    reason, proof = limits[vector.name, client.name]
    plain = copy.copy(options)
    plain.timeout = min(options.timeout, LISTED_TIMEOUT)
    with MACHINE.use():
        verdict = run_client(client, vector, expected, plain)
    if verdict.word == "-":
        return verdict
    if verdict.word == "pass":
        return Verdict("WORKS", f"client-limits.tsv says: {reason}", verdict.seconds)
    with MACHINE.use(alone=client.tries > 1):
        found = show_limit(client, vector, expected, proof, options)
    if found:
        return Verdict("FAIL", f"client-limits.tsv says: {reason}; but with '{proof}': {found}", verdict.seconds)
    return Verdict("limit", reason, verdict.seconds)


def one_vector(vector, chosen, limits, options):
    """All of a vector's runs, one after the other, and its reference."""
    try:
        expected = reference.reference_of(vector, options.cache, options.timeout)
        unturned = reference.reference_of(vector, options.cache, options.timeout, autorotate=False)
    except subprocess.TimeoutExpired:
        return vector, None, {"reference": Verdict("FAIL", f"ffmpeg took more than {options.timeout} s")}
    verdicts = {"reference": Verdict("FAIL", "; ".join(expected.problems)) if expected.problems else Verdict("pass")}
    for client in chosen:
        verdicts[client.name] = judge(client, vector, expected if client.autorotates else unturned, limits, options)
    return vector, expected, verdicts


def print_row(vector, expected, verdicts, columns):
    count = len(expected.hashes) if expected else 0
    print(f"{vector.name:58} {count:5}  " + " ".join(f"{verdicts[name].word if name in verdicts else '?':10}" for name in columns))
    for name, verdict in verdicts.items():
        if verdict.word in ("FAIL", "WORKS"):
            print(f"    {name}: {verdict.word}: {verdict.detail}")
    sys.stdout.flush()


def print_summary(results, columns):
    print()
    for name in columns:
        for codec in vectors.CODECS:
            words = collections.Counter(verdicts[name].word for vector, _, verdicts in results if vector.codec == codec and name in verdicts)
            ran = sum(count for word, count in words.items() if word != "-")
            if ran:
                text = ", ".join(f"{count} {word}" for word, count in sorted(words.items(), key=lambda item: item[0] != "pass") if word != "-")
                seconds = sum(verdicts[name].seconds for vector, _, verdicts in results if vector.codec == codec and name in verdicts)
                print(f"{name:10} {codec:6} {ran:4} vectors: {text} ({seconds:.0f} s)")
    for name in columns:
        for vector, _, verdicts in results:
            if name in verdicts and verdicts[name].tries > 1:
                print(f"{name:10} {vector.name}: {verdicts[name].tries} tries, the last: {verdicts[name].word}")
    unread = collections.Counter((name, verdicts[name].detail) for _, _, verdicts in results for name in columns if verdicts.get(name) and verdicts[name].word == "-")
    used = [(name, vector.name, verdicts[name].detail) for vector, _, verdicts in results for name in columns
            if verdicts.get(name) and verdicts[name].word == "limit"]
    if used or unread:
        print("\nwhat a client itself can't do:")
        for (name, reason), count in unread.items():
            print(f"  {name:10} {count} vectors: {reason}")
        for name, vector_name, reason in used:
            print(f"  {name:10} {vector_name}: {reason}")


def sample_of(selection, chosen, limits, options):
    """One vector per codec and client, the first that the client reads without a listed limit; as few vectors as do."""
    def fits(client, vector):
        return (vector.name, client.name) not in limits and isinstance(client.command(vector, options.control, pathlib.Path("x")), list)

    sample = []
    # A stream as it should be, for many clients at once; small ones first, because there is one of each kind.
    ordered = sorted(selection, key=lambda vector: (vector.category != "conformance", -sum(fits(client, vector) for client in chosen), vector.path.stat().st_size))
    for codec in vectors.CODECS:
        for client in chosen:
            if any(vector.codec == codec and fits(client, vector) for vector in sample):
                continue
            sample += [vector for vector in ordered if vector.codec == codec and vector.path.stat().st_size >= SAMPLE_BYTES and fits(client, vector)][:1]
    return sample


def warm_up_gstreamer(options):
    """Scans GStreamer's plugins once, so that parallel runs find a registry that is complete. Returns the elements that are missing."""
    wanted = (clients.GST_CONTROL if options.control else clients.GST_DECODER).values()
    prefix = [] if options.control else [str(options.softvpu), "run", "--"]
    missing = []
    for element in wanted:
        done = subprocess.run(prefix + ["gst-inspect-1.0", "--exists", element], stdin=subprocess.DEVNULL, timeout=120, check=False,
                              env=clients.environment(clients.CLIENTS["gstreamer"], options.work))
        if done.returncode != 0:
            missing.append(element)
    return missing


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--softvpu", type=pathlib.Path, default=TOP / "build/dev/apps/softvpu", help="default: %(default)s")
    parser.add_argument("--client", action="append", choices=list(clients.CLIENTS), help="default: all")
    parser.add_argument("--codec", action="append", choices=vectors.CODECS, help="default: all")
    parser.add_argument("--match", default="", help="only vectors whose name contains this")
    parser.add_argument("--jobs", "-j", type=int, default=2, help="vectors at once; default: %(default)s")
    parser.add_argument("--timeout", type=int, default=120, help="seconds for one run; default: %(default)s")
    parser.add_argument("--cache", type=pathlib.Path, default=TOP / "build/streams-cache", help="of references; default: %(default)s")
    parser.add_argument("--sample", action="store_true", default=os.environ.get("SOFTVPU_SAMPLE") == "1", help="one vector per codec and client")
    parser.add_argument("--control", action="store_true", help="the clients' own software decoders instead of the device")
    parser.add_argument("--reference-only", action="store_true")
    parser.add_argument("--verbose", "-v", action="store_true", help="print each command")
    return parser.parse_args()


def main():
    with tempfile.TemporaryDirectory(prefix="softvpu-clips-") as clips:
        return run(parse_arguments(), pathlib.Path(clips))


def run(options, clips):
    chosen = [] if options.reference_only else [clients.CLIENTS[name] for name in options.client or clients.CLIENTS]
    if chosen and not options.control and not options.softvpu.is_file():
        print(f"streams: there is no {options.softvpu}; build it, or say where it is with --softvpu")
        return 1
    if not all(shutil.which(program) for program in ("ffmpeg", "gst-launch-1.0", "v4l2-ctl")):
        subprocess.run([pathlib.Path(__file__).resolve().parents[2] / "tools/setup", "test"], check=True)
    made = False
    try:
        every = vectors.read_manifest(vectors.folder())
    except OSError as error:
        print(f"streams: no vectors ({error}), so clips that ffmpeg makes here; SOFTVPU_VECTORS names the folder of the vectors")
        every = vectors.make_clips(clips)
        made = True
    selection = [vector for vector in every if (not options.codec or vector.codec in options.codec) and options.match in vector.name]
    if not selection:
        print("streams: no vector fits --codec and --match")
        return 1
    limits = read_limits(LIMITS)
    if options.sample and chosen and not made:
        selection = sample_of(selection, chosen, limits, options)
        if not selection:
            print("streams: no vector fits --codec and --sample")
            return 1
    columns = ["reference"] + [client.name for client in chosen]
    with tempfile.TemporaryDirectory(prefix="softvpu-streams-") as work:
        options.work = pathlib.Path(work)
        if clients.CLIENTS["gstreamer"] in chosen:
            if missing := warm_up_gstreamer(options):
                print(f"streams: GStreamer makes no {', '.join(missing)} for the device")
        print(f"{'vector':58} frames " + " ".join(f"{name:10}" for name in columns))
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            pending = [pool.submit(one_vector, vector, chosen, limits, options) for vector in selection]
            results = []
            for future in pending:
                results.append(future.result())
                print_row(*results[-1], columns)
    print_summary(results, columns)
    bad = [verdict for _, _, verdicts in results for verdict in verdicts.values() if verdict.word in ("FAIL", "WORKS")]
    print(f"\nstreams: {len(results)} vectors, {len(bad)} runs that are not as they should be")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who decides what the programs under `softvpu run` see: the user who runs it, or root, and nobody else (ADR 14). Other users are played by
setpriv, so this needs root. Usage: tree_security_test.py SOFTVPU [unittest arguments]."""
import grp
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

SOFTVPU = os.path.abspath(sys.argv.pop(1) if len(sys.argv) > 1 else "build/dev/apps/softvpu")
LIBRARY = pathlib.Path(SOFTVPU).parent.parent / "lib/softvpu/libsoftvpu-preload.so"
PYTHON = "/usr/bin/python3"  # one that every user can reach
VICTIM, ATTACKER = 12345, 23456
VIDEO = next((group.gr_gid for group in grp.getgrall() if group.gr_name == "video"), None)
PLAIN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "LANG": "C"}

# Opens the device and asks what it is.
ASK = """
import fcntl, os
try:
    fd = os.open("/dev/video10", os.O_RDWR)
    answer = bytearray(104)
    fcntl.ioctl(fd, 0x80685600, answer)
    print(answer[16:48].split(b"\\0")[0].decode())
except OSError as error:
    print(error.strerror)
"""


def user(number, *command, group=None, groups=None):
    more = ["--clear-groups"] if groups is None else [f"--groups={groups}"]
    return ["setpriv", f"--reuid={number}", f"--regid={number if group is None else group}", *more, "--", *map(str, command)]


def output(command, **options):
    options = {"env": PLAIN, **options}
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, **options)
    return done.stdout.strip()


def write_tree(root, owner, lines, files=(), mode=0o755):
    """A runtime directory as `softvpu run` makes it, but with what an attacker likes."""
    root.mkdir()
    for path, text in files:
        place = pathlib.Path(str(root) + path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    (root / "index").write_text("softvpu-tree 1\n" + "".join(line + "\n" for line in lines))
    for place in (root, *root.rglob("*")):
        os.chown(place, owner, owner, follow_symlinks=False)
    (root / "index").chmod(0o644)
    root.chmod(mode)
    return root


EVIL = (["d /etc", "f /etc/hostname"], [("/etc/hostname", "ATTACKER\n")])
NODE = (["d /dev", "c /dev/video10 81 10 decoder multi 0"], [("/dev/video10", "")])


class AsTwoUsers(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="softvpu-tree-test-"))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.scratch.chmod(0o755)

    def place(self, name, owner, mode):
        path = self.scratch / name
        path.mkdir()
        os.chown(path, owner, owner)
        path.chmod(mode)
        return path

    def wait_for(self, path):
        for _ in range(400):
            if path.exists():
                return
            time.sleep(0.025)
        self.fail(f"{path} never came")


class ARunThatLeavesAProcess(AsTwoUsers):
    """attack_tree.sh and attack_code.sh: the directory's name is known to all; once it is free, anybody could make it again."""

    # Prints its root and starts what stays. `first` is what the survivor does before anything else.
    def leave_a_survivor(self, first=":"):
        shared = self.place("shared", 0, 0o1777)
        survivor = self.scratch / "survivor.sh"
        survivor.write_text(f"#!/bin/bash\n{first}\ntouch {shared}/ready\nwhile [ ! -e {shared}/go ]; do sleep 0.05; done\n"
                            f"cat /etc/hostname >{shared}/out\npython3 -c '{ASK}' >>{shared}/out\ntouch {shared}/done\n")
        survivor.chmod(0o755)
        root = output(user(VICTIM, SOFTVPU, "run", "--", "bash", "-c",
                           f"echo $SOFTVPU_ROOT; setsid {survivor} </dev/null >/dev/null 2>&1 & while [ ! -e {shared}/ready ]; do sleep 0.05; done"))
        self.addCleanup(shutil.rmtree, root, ignore_errors=True)
        self.addCleanup((shared / "go").touch)
        return pathlib.Path(root), shared

    def check(self, first=":"):
        root, shared = self.leave_a_survivor(first)
        self.assertTrue(root.is_dir(), "the tree lives as long as a process of the run")
        output(user(VICTIM, SOFTVPU, "run", "--", "true"))  # sweeps what nobody uses
        self.assertEqual(root.stat().st_uid, VICTIM)
        refused = output(user(ATTACKER, "mkdir", root))
        self.assertIn("File exists", refused)
        (shared / "go").touch()
        self.wait_for(shared / "done")
        seen = (shared / "out").read_text().splitlines()
        self.assertEqual(seen, [*pathlib.Path("/etc/hostname").read_text().splitlines(), "softvpu decoder"])
        for _ in range(40):  # the survivor is about to end
            output(user(VICTIM, SOFTVPU, "run", "--", "true"))
            if not root.exists():
                break
            time.sleep(0.05)
        self.assertFalse(root.exists(), "nobody uses it any more: the next run removes it")

    def test_keeps_its_tree(self):
        self.check()

    def test_keeps_its_tree_when_the_process_closes_all_its_descriptors(self):
        self.check('for fd in /proc/self/fd/*; do fd=${fd##*/}; [ "$fd" -gt 2 ] && [ "$fd" != 255 ] && eval "exec $fd>&-"; done')


class ATreeOfAnotherUser(AsTwoUsers):
    """What the library reads at $SOFTVPU_ROOT, whoever put it there."""

    def seen_by_victim(self, root, *program):
        return output(user(VICTIM, "env", f"LD_PRELOAD={LIBRARY}", f"SOFTVPU_ROOT={root}", "SOFTVPU_DEBUG=1", *program))

    def test_is_not_read(self):
        for owner, mode in ((ATTACKER, 0o755), (VICTIM, 0o757), (VICTIM, 0o775), (0, 0o777)):
            root = write_tree(self.scratch / f"tree-{owner}-{mode:o}", owner, *NODE, mode=mode)
            seen = self.seen_by_victim(root, PYTHON, "-c", ASK)
            self.assertIn("that nobody else can write to", seen, (owner, oct(mode)))
            self.assertTrue(seen.endswith("No such file or directory"), seen)

    def test_is_not_read_through_a_link(self):
        good = write_tree(self.scratch / "good", VICTIM, *NODE)
        link = self.scratch / "link"
        link.symlink_to(good)
        for root in (link, f"{link}/", f"{good}/."):
            self.assertIn("isn't used", self.seen_by_victim(root, PYTHON, "-c", ASK), root)
        (good / "index").rename(self.scratch / "index")
        (good / "index").symlink_to(self.scratch / "index")
        self.assertIn("isn't used", self.seen_by_victim(good, PYTHON, "-c", ASK))

    def test_whose_index_is_another_users_or_open_to_others_is_not_read(self):
        for owner, mode in ((ATTACKER, 0o644), (VICTIM, 0o666), (VICTIM, 0o664)):
            root = write_tree(self.scratch / f"tree-{owner}-{mode:o}", VICTIM, *NODE)
            os.chown(root / "index", owner, owner)
            (root / "index").chmod(mode)
            self.assertIn("that nobody else can write to", self.seen_by_victim(root, PYTHON, "-c", ASK))

    def test_whose_index_is_a_fifo_does_not_hang(self):
        root = write_tree(self.scratch / "tree", VICTIM, *NODE)
        (root / "index").unlink()
        os.mkfifo(root / "index", 0o644)
        os.chown(root / "index", VICTIM, VICTIM)
        self.assertIn("isn't used", self.seen_by_victim(root, PYTHON, "-c", ASK))

    def test_of_the_users_own_shows_its_node(self):  # so that the refusals above are for their reasons
        root = write_tree(self.scratch / "tree", VICTIM, *NODE)
        self.assertEqual(self.seen_by_victim(root, "stat", "-c", "%F", "/dev/video10"), "character special file")
        root = write_tree(self.scratch / "roots", 0, *NODE)
        self.assertEqual(self.seen_by_victim(root, "stat", "-c", "%F", "/dev/video10"), "character special file")

    def test_of_anybody_names_nothing_but_devices(self):
        root = write_tree(self.scratch / "tree", VICTIM, *EVIL)
        seen = self.seen_by_victim(root, "cat", "/etc/hostname")
        self.assertNotIn("ATTACKER", seen)
        self.assertIn("is damaged", seen)


class ABaseDirectory(AsTwoUsers):
    """attacker2.sh: `sudo -E` and `su` keep XDG_RUNTIME_DIR and TMPDIR of the caller, who can rename what lies in there."""

    def root_with(self, runner=0, **variables):
        command = [SOFTVPU, "run", "--", "sh", "-c", "echo $SOFTVPU_ROOT $GST_REGISTRY"]
        words = output(command if runner == 0 else user(runner, *command), env={**PLAIN, **{name: str(value) for name, value in variables.items()}}).split()
        return pathlib.Path(words[0]), pathlib.Path(words[1])

    def test_of_another_user_is_not_used(self):
        base = self.place("rt", ATTACKER, 0o700)
        for variable in ("XDG_RUNTIME_DIR", "TMPDIR"):
            for runner in (0, VICTIM):
                self.assertEqual(self.root_with(runner, **{variable: base})[0].parent, pathlib.Path("/tmp"))
        self.assertEqual(list(base.iterdir()), [])

    def test_that_others_can_write_to_is_used_only_if_it_is_roots_and_sticky(self):
        for owner, mode, used in ((VICTIM, 0o755, True), (VICTIM, 0o777, False), (VICTIM, 0o770, False), (0, 0o1777, True), (0, 0o777, False),
                                  (ATTACKER, 0o1777, False)):
            base = self.place(f"base-{owner}-{mode:o}", owner, mode)
            self.assertEqual(self.root_with(VICTIM, TMPDIR=base)[0].parent == base, used, (owner, oct(mode)))

    def test_below_a_directory_of_another_user_is_not_used(self):
        base = self.place("attackers", ATTACKER, 0o755) / "roots"
        base.mkdir()
        self.assertEqual(self.root_with(TMPDIR=base)[0].parent, pathlib.Path("/tmp"))
        link = self.scratch / "attackers" / "link"
        link.symlink_to(self.place("mine", 0, 0o755))
        self.assertEqual(self.root_with(TMPDIR=link)[0].parent, self.scratch / "mine", "named by what the link led to")

    def test_is_not_swept_when_it_is_another_users(self):
        base = self.place("rt", ATTACKER, 0o755)
        stale = write_tree(base / "softvpu-run-AAAAAA", 0, *NODE)
        self.root_with(XDG_RUNTIME_DIR=base)
        self.assertTrue(stale.is_dir())

    def test_of_gstreamers_registry_is_the_users_own(self):  # a registry names plugins to be loaded
        home = self.place("home", ATTACKER, 0o755)
        root, registry = self.root_with(HOME=home)
        self.assertEqual(registry.parent, root)
        self.assertEqual(self.root_with(ATTACKER, HOME=home)[1].parent, home / ".cache/softvpu")


class AProgramThatDropsPrivileges(AsTwoUsers):
    def as_root(self, *command, **options):
        return output([SOFTVPU, "run", "--", *command], **options)

    def test_finds_the_device_as_its_owner_group_and_mode_allow(self):
        shown = self.as_root("stat", "-c", "%U:%G %a %F", "/dev/video10")
        self.assertEqual(shown, "root:video 660 character special file")
        ask = (PYTHON, "-c", ASK)
        self.assertEqual(self.as_root(*ask), "softvpu decoder")
        self.assertEqual(self.as_root(*user(VICTIM, *ask, group=VIDEO)), "softvpu decoder")
        self.assertEqual(self.as_root(*user(VICTIM, *ask, groups=VIDEO)), "softvpu decoder")
        self.assertEqual(self.as_root(*user(VICTIM, *ask)), "Permission denied")
        self.assertEqual(self.as_root(*user(0, *ask)), "softvpu decoder")

    def test_is_denied_by_every_call_alike(self):
        calls = "import os\nprint(os.access('/dev/video10', os.R_OK), os.access('/dev/video10', os.F_OK))\n" \
                "for name in ('/dev/video10', '/dev/video-dec0', '/proc/self/root/dev/video10'):\n" \
                "  for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):\n    try: print(os.open(name, flags))\n    except OSError as e: print(e.errno)\n" \
                "try: open('/dev/video10', 'rb')\nexcept OSError as e: print(e.errno)\n"
        self.assertEqual(self.as_root(*user(VICTIM, PYTHON, "-c", calls)).split(), ["False", "True"] + ["13"] * 10)

    def test_by_su_and_runuser_too(self):
        ask = f"{PYTHON} -c '{ASK}'"
        self.assertEqual(self.as_root("runuser", "-u", "nobody", "-g", "video", "--", PYTHON, "-c", ASK), "softvpu decoder")
        self.assertEqual(self.as_root("su", "nobody", "-g", "video", "-s", "/bin/sh", "-c", ask), "softvpu decoder")
        self.assertEqual(self.as_root("su", "nobody", "-s", "/bin/sh", "-c", ask), "Permission denied")

    def test_gets_a_codec_process(self):
        self.assertEqual(self.as_root(*user(VICTIM, SOFTVPU, "doctor", "--probe", group=VIDEO)), 'a program opened /dev/video10, found "softvpu decoder" and began a session')

    def test_reads_what_the_tree_has_whatever_roots_umask_is(self):
        def narrow():
            os.umask(0o077)
        listing = "cat /sys/class/video4linux/video10/name /run/udev/data/c81:10 $SOFTVPU_CAPS | head -n 2"
        self.assertEqual(self.as_root(*user(VICTIM, "sh", "-c", listing), preexec_fn=narrow).split("\n")[0], "softvpu decoder")
        caps = self.as_root(*user(VICTIM, "sh", "-c", "cat $SOFTVPU_CAPS"), preexec_fn=narrow)
        self.assertTrue(caps.startswith("softvpu-capabilities 2"), caps)

    def test_is_let_in_when_root_opens_the_node(self):
        ask = self.scratch / "ask.py"
        ask.write_text(ASK)
        opened = self.as_root("sh", "-c", "chmod 666 /dev/video10 && stat -c %a /dev/video10 && exec " + " ".join(user(VICTIM, PYTHON, ask)))
        self.assertEqual(opened.split("\n"), ["666", "softvpu decoder"])

    def test_is_no_reason_to_show_an_ordinary_users_tree(self):
        seen = output(user(VICTIM, SOFTVPU, "run", "--", "sh", "-c", "stat -c %a $SOFTVPU_ROOT"))
        self.assertEqual(seen, "700")


class Root(unittest.TestCase):
    def test_does_not_use_its_own_closed_login_directory(self):
        login = pathlib.Path("/run/user/0")
        if login.exists():
            self.skipTest("/run/user/0 is in use here")
        login.mkdir(parents=True, mode=0o700)
        try:
            seen = output([SOFTVPU, "run", "--", *user(VICTIM, PYTHON, "-c", ASK, group=VIDEO)], env={**PLAIN, "XDG_RUNTIME_DIR": str(login)})
        finally:
            login.rmdir()
        self.assertEqual(seen, "softvpu decoder")


def why_not():
    if os.geteuid() != 0:
        return "only root can play other users"
    if not shutil.which("setpriv"):
        return "no setpriv here (util-linux)"
    for number in (VICTIM, ATTACKER):
        if subprocess.run(user(number, "test", "-x", SOFTVPU), capture_output=True).returncode != 0:
            return f"{SOFTVPU} lies where other users can't reach it, or this container has no other users"
    if not os.access(PYTHON, os.X_OK):
        return f"there is no {PYTHON}"
    if VIDEO is None:
        return "there is no group video here"
    return None


if __name__ == "__main__":
    if (reason := why_not()) is not None:
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main(verbosity=2)

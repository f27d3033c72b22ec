// SPDX-License-Identifier: LGPL-2.1-or-later
// A worker is nobody's child: what the program around it can and can't notice, and what the worker finds.
#include "vpu/spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <iterator>
#include <thread>

#include "base/raw_syscall.h"

namespace softvpu::vpu {
namespace {

// A shell as the worker: it answers on its fd 3.
struct Shell {
  UniqueFd ours;
  Result<SpawnedWorker> worker = fail(EINVAL);
};

Shell shell(const std::string& script, std::vector<std::string> environment = {}) {
  Shell result;
  int pair[2];
  // Not libc's: TSan sees that one, but not how UniqueFd closes, and takes a number that comes again for one number in two
  // threads.
  EXPECT_EQ(raw::call(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, raw::address(pair)), 0);
  result.ours = UniqueFd(pair[0]);
  const UniqueFd theirs(pair[1]);
  SpawnRequest request;
  request.path = "/bin/sh";
  request.arguments = {"sh", "-c", script};
  request.environment = std::move(environment);
  request.socket = theirs.get();
  result.worker = spawn_worker(request);
  return result;
}

std::string read_all(int fd) {
  std::string text;
  char part[512];
  ssize_t got = 0;
  while ((got = read(fd, part, sizeof(part))) > 0) text.append(part, static_cast<size_t>(got));
  return text;
}

bool dead(const SpawnedWorker& worker, int timeout_ms) {
  pollfd wait{worker.pidfd.get(), POLLIN, 0};
  return raw::poll(&wait, 1, timeout_ms) == 1;
}

std::atomic<int> child_signals{0};

TEST(AWorker, RunsAndItsDeathIsSeen) {
  Shell run = shell("echo hello >&3; read line <&3");
  ASSERT_TRUE(run.worker) << run.worker.error().reason;
  EXPECT_GT(run.worker->pid, 0);
  EXPECT_GE(run.worker->pidfd.get(), 1000);
  EXPECT_FALSE(dead(*run.worker, 0));
  run.ours.reset();
  EXPECT_TRUE(dead(*run.worker, 10'000));
  reap_worker(run.worker->pidfd.get());
}

TEST(AWorker, IsNotSeenByTheProgramsOwnWaiting) {
  struct sigaction count {};
  struct sigaction before {};
  count.sa_handler = [](int) { child_signals.fetch_add(1); };
  ASSERT_EQ(sigaction(SIGCHLD, &count, &before), 0);
  child_signals = 0;
  Shell run = shell("exit 3");
  ASSERT_TRUE(run.worker) << run.worker.error().reason;
  ASSERT_TRUE(dead(*run.worker, 10'000));
  int status = 0;
  EXPECT_EQ(waitpid(-1, &status, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  EXPECT_EQ(waitpid(-1, &status, WNOHANG | __WALL), -1);
  EXPECT_EQ(child_signals.load(), 0);
  ASSERT_EQ(sigaction(SIGCHLD, &before, nullptr), 0);
}

TEST(AWorker, HasFourDescriptorsAndNoOthers) {
  const int leak = eventfd(0, 0);  // not even CLOEXEC
  const int high = fcntl(leak, F_DUPFD, 900);
  Shell run = shell("ls /proc/self/fd >&3");
  ASSERT_TRUE(run.worker) << run.worker.error().reason;
  // ls itself opens one for the directory: the next free number.
  EXPECT_EQ(read_all(run.ours.get()), "0\n1\n2\n3\n4\n");
  close(leak);
  close(high);
}

TEST(AWorker, FindsItsSocketWhateverNumberItHad) {
  for (const int number : {3, 4, 0}) {
    const int saved = fcntl(number, F_DUPFD_CLOEXEC, 100);
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    const int ours = fcntl(pair[0], F_DUPFD_CLOEXEC, 50);
    const int theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, 60);
    close(pair[0]);
    close(pair[1]);
    ASSERT_EQ(dup2(theirs, number), number);
    close(theirs);
    SpawnRequest request{"/bin/sh", {"sh", "-c", "echo ok >&3"}, {}, number, false};
    const auto worker = spawn_worker(request);
    if (saved >= 0) {
      dup2(saved, number);
      close(saved);
    } else {
      close(number);
    }
    ASSERT_TRUE(worker) << worker.error().reason;
    EXPECT_EQ(read_all(ours), "ok\n") << number;
    close(ours);
  }
}

TEST(AWorker, HasOnlyTheEnvironmentItWasGiven) {
  Shell run = shell("/usr/bin/env >&3", {"LANG=C"});
  ASSERT_TRUE(run.worker);
  const std::string seen = read_all(run.ours.get());
  EXPECT_NE(seen.find("LANG=C\n"), std::string::npos);
  EXPECT_EQ(seen.find("HOME="), std::string::npos) << seen;
  EXPECT_EQ(seen.find("LD_PRELOAD="), std::string::npos) << seen;
}

TEST(AWorker, HasDefaultSignalsAndASessionOfItsOwn) {
  signal(SIGTERM, SIG_IGN);
  sigset_t block;
  sigset_t before;
  sigfillset(&block);
  pthread_sigmask(SIG_SETMASK, &block, &before);
  Shell run = shell("grep -E 'Sig(Blk|Ign)' /proc/self/status >&3; cut -d ' ' -f 6 /proc/self/stat >&3; echo $$ >&3");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  signal(SIGTERM, SIG_DFL);
  ASSERT_TRUE(run.worker);
  const std::string pid = std::to_string(run.worker->pid);
  EXPECT_EQ(read_all(run.ours.get()), "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n" + pid + "\n" + pid + "\n");
}

TEST(AWorker, IsLaidOutAtRandomEvenIfTheProgramIsNot) {
  const int before = personality(0xffffffff);
  ASSERT_NE(personality(static_cast<unsigned long>(before) | ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC), -1);
  Shell run = shell("cat /proc/self/personality >&3");
  personality(static_cast<unsigned long>(before));
  ASSERT_TRUE(run.worker) << run.worker.error().reason;
  EXPECT_EQ(read_all(run.ours.get()), "00000000\n");
}

TEST(AWorker, InAPidNamespaceOfItsOwnIsStillKnownByItsNumberAndItsPidfd) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  const UniqueFd ours(pair[0]);
  UniqueFd theirs(pair[1]);
  SpawnRequest request{
      "/bin/sh", {"sh", "-c", "grep NSpid /proc/self/status >&3; sleep 1000 & read line <&3"}, {}, theirs.get(), false};
  request.own_pid_namespace = true;
  const auto worker = spawn_worker(request);
  ASSERT_TRUE(worker) << worker.error().reason;
  theirs.reset();
  char text[256] = {};
  ASSERT_GT(read(ours.get(), text, sizeof(text) - 1), 0);
  const std::string seen = text;
  // "NSpid:", then grep's number here, and in its own namespace if there is one.
  if (std::count(seen.begin(), seen.end(), '\t') < 2) GTEST_SKIP() << "this machine gives no pid namespace: " << seen;
  EXPECT_FALSE(dead(*worker, 0));
  EXPECT_EQ(kill(worker->pid, 0), 0);
  // What it has made goes with it: the sleeping process holds the other end of the socket.
  ASSERT_EQ(kill(worker->pid, SIGKILL), 0);
  EXPECT_TRUE(dead(*worker, 10'000));
  EXPECT_EQ(read_all(ours.get()), "");
}

TEST(AWorker, ThatCannotBeExecutedLeavesNoProcessInANamespaceEither) {
  SpawnRequest request{"/nonexistent/softvpu-fw", {"softvpu-fw"}, {}, 0, false};
  request.own_pid_namespace = true;
  const auto worker = spawn_worker(request);
  ASSERT_FALSE(worker);
  EXPECT_EQ(worker.error().code, ENOENT);
}

// As containers do: clone() with namespaces is refused, by whichever errno, and the worker starts without.
TEST(AWorker, StartsWithoutNamespacesWhereTheyAreRefused) {
  constexpr uint32_t kNamespaces = CLONE_NEWPID | CLONE_NEWUSER;
  for (const uint32_t error : {EPERM, ENOSPC, EINVAL, ENOSYS, EUSERS}) {
    const pid_t child = fork();
    if (child == 0) {
      const sock_filter program[] = {
          BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
          BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
          BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kNamespaces, 0, 1),
          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      };
      const sock_fprog filter{std::size(program), const_cast<sock_filter*>(program)};
      if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) _exit(77);
      int pair[2];
      if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) _exit(1);
      SpawnRequest request{"/bin/sh", {"sh", "-c", "echo ok >&3"}, {}, pair[1], false};
      request.own_pid_namespace = true;
      const auto worker = spawn_worker(request);
      close(pair[1]);
      _exit(worker && read_all(pair[0]) == "ok\n" ? 0 : 2);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "this kernel has no seccomp filters";
    EXPECT_EQ(status, 0) << "errno " << error;
  }
}

TEST(AWorker, LeavesTheCallersSignalMaskAsItWas) {
  sigset_t block;
  sigset_t before;
  sigemptyset(&block);
  sigaddset(&block, SIGUSR2);
  pthread_sigmask(SIG_SETMASK, &block, &before);
  { Shell run = shell("exit 0"); }
  sigset_t now;
  pthread_sigmask(SIG_SETMASK, &before, &now);
  EXPECT_TRUE(sigismember(&now, SIGUSR2));
  EXPECT_FALSE(sigismember(&now, SIGUSR1));
}

TEST(AWorkerThatIsMissing, IsAnErrorThatNamesIt) {
  int descriptors = dup(0);
  SpawnRequest request{"/proc/nonexistent/softvpu-fw", {"softvpu-fw"}, {}, 0, false};
  const auto worker = spawn_worker(request);
  ASSERT_FALSE(worker);
  EXPECT_EQ(worker.error().code, ENOENT);
  EXPECT_NE(worker.error().reason.find("/proc/nonexistent/softvpu-fw"), std::string::npos);
  close(descriptors);
  const int again = dup(0);
  EXPECT_EQ(again, descriptors);  // nothing leaked
  close(again);
}

TEST(AWorkerThatMayNotRun, IsAnError) {
  SpawnRequest request{"/etc/passwd", {"softvpu-fw"}, {}, 0, false};
  const auto worker = spawn_worker(request);
  ASSERT_FALSE(worker);
  EXPECT_EQ(worker.error().code, EACCES);
}

TEST(ManyThreads, StartWorkersAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&good] {
      for (int round = 0; round < 20; ++round) {
        Shell run = shell("echo ok >&3");
        if (run.worker && read_all(run.ours.get()) == "ok\n" && dead(*run.worker, 10'000)) good.fetch_add(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good.load(), 80);
}

}  // namespace
}  // namespace softvpu::vpu

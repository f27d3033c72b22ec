// SPDX-License-Identifier: LGPL-2.1-or-later
// Real processes as workers that aren't any: sessions end properly whatever the executable does. The real worker is tested in
// tests/stress; here a shell script plays it.
#include "vpu/process_link.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "base/raw_syscall.h"
#include "tests/contract/listener.h"
#include "tests/hostile/firmware_bench.h"
#include "vpu/driver.h"

namespace softvpu::vpu {
namespace {

using namespace std::chrono_literals;
using codec::contract::Listener;
using codec::contract::Said;

// An executable file with a script, gone with the object.
class Script {
 public:
  explicit Script(const std::string& body) {
    char path[] = "/tmp/softvpu-worker-XXXXXX";
    const int fd = mkstemp(path);
    const std::string text = "#!/bin/sh\n" + body + "\n";
    EXPECT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    fchmod(fd, 0700);
    close(fd);
    path_ = path;
  }
  ~Script() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Dead; whether init has got round to reaping it is init's business.
bool gone(int pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  FILE* file = fopen(path.c_str(), "r");
  if (file == nullptr) return true;
  char state = '?';
  const int read = fscanf(file, "%*d %*s %c", &state);
  fclose(file);
  return read == 1 && state == 'Z';
}

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

int open_descriptors() {
  int count = 0;
  for (int fd = 0; fd < 4096; ++fd) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

TEST(AProcessLink, EndsItsWorkerByKillAndIsToldOfIt) {
  const Script script("exec sleep 1000");
  auto link = ProcessLink::start(script.path());
  ASSERT_TRUE(link) << link.error().reason;
  const int pid = static_cast<ProcessLink&>(**link).pid();
  pollfd death{(*link)->hangup_fd(), POLLIN, 0};
  EXPECT_EQ(raw::poll(&death, 1, 0), 0);
  (*link)->kill();
  (*link)->kill();
  EXPECT_EQ(raw::poll(&death, 1, 10'000), 1);
  (*link)->reap();
  EXPECT_TRUE(eventually([pid] { return gone(pid); }));
}

TEST(AProcessLink, EndsItsWorkerWhenItIsForgotten) {
  const Script script("exec sleep 1000");
  auto link = ProcessLink::start(script.path());
  ASSERT_TRUE(link);
  const int pid = static_cast<ProcessLink&>(**link).pid();
  link->reset();
  EXPECT_TRUE(eventually([pid] { return gone(pid); }));
}

// A program that drops its privileges after STREAMON may not signal its worker any more. One that reads its socket ends even so.
TEST(AProcessLink, HangsUpOnAWorkerThatItMayNotKill) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const Script script("exec cat <&3");
  const pid_t child = fork();
  if (child == 0) {
    auto link = ProcessLink::start(script.path());
    if (!link) _exit(1);
    int copy_ends[2];
    if (pipe(copy_ends) != 0) _exit(2);
    const pid_t copy = fork();  // of the socket too
    if (copy == 0) {
      close(copy_ends[1]);
      char byte = 0;
      (void)!::read(copy_ends[0], &byte, 1);
      _exit(0);
    }
    constexpr uid_t kUser = 12345;
    if (setresuid(kUser, kUser, kUser) != 0) _exit(3);
    if (raw::call(SYS_pidfd_send_signal, (*link)->hangup_fd(), 0) != -EPERM) _exit(4);
    pollfd death{(*link)->hangup_fd(), POLLIN, 0};
    if (raw::poll(&death, 1, 0) != 0) _exit(5);
    (*link)->kill();
    (*link)->kill();
    _exit(raw::poll(&death, 1, 10'000) == 1 ? 0 : 6);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(AProcessLink, IsNotKilledByAForkedChildOfItsOwner) {
  const Script script("exec sleep 1000");
  auto link = ProcessLink::start(script.path());
  ASSERT_TRUE(link);
  const pid_t child = fork();
  if (child == 0) {
    (*link)->kill();
    link->reset();
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  pollfd death{(*link)->hangup_fd(), POLLIN, 0};
  EXPECT_EQ(raw::poll(&death, 1, 50), 0);
}

TEST(AProcessLink, ToAStoppedWorkerIsEndedTheSameWay) {
  const Script script("kill -STOP $$; sleep 1000");
  auto link = ProcessLink::start(script.path());
  ASSERT_TRUE(link);
  const int pid = static_cast<ProcessLink&>(**link).pid();
  link->reset();
  EXPECT_TRUE(eventually([pid] { return gone(pid); }));
}

TEST(AProcessLink, ThatCannotBeStartedLeavesNothing) {
  const int before = open_descriptors();
  const auto link = ProcessLink::start("/proc/nonexistent/softvpu-fw");
  ASSERT_FALSE(link);
  EXPECT_EQ(link.error().code, EIO);
  EXPECT_EQ(open_descriptors(), before);
}

// What chroot(), setuid() and an upgrade of the package do to the path after the device was opened.
TEST(AProcessLink, ExecutesTheFileItHoldsWhereThePathDoesNotLeadThere) {
  auto firmware = open_firmware("/bin/sleep");  // no script: its interpreter would look for a closed descriptor
  ASSERT_TRUE(firmware);
  const int held = firmware->held();
  ASSERT_GE(held, 0);
  EXPECT_TRUE(ProcessLink::start("/nonexistent/softvpu-fw", held));
  EXPECT_FALSE(ProcessLink::start("/nonexistent/softvpu-fw"));
  const UniqueFd other(open("/bin/sh", O_PATH | O_CLOEXEC));
  ASSERT_GE(dup3(other.get(), held, O_CLOEXEC), 0);  // as a program that bypasses the library
  EXPECT_EQ(firmware->held(), -1);
}

TEST(TheSearchForTheFirmware, GoesWhereItIsTold) {
  const Script script("exit 0");
  EXPECT_EQ(*find_firmware(script.path()), script.path());
  setenv("SOFTVPU_FW", script.path().c_str(), 1);
  EXPECT_EQ(*find_firmware(""), script.path());
  setenv("SOFTVPU_FW", "/proc/nonexistent/fw", 1);
  const auto missing = find_firmware("");
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().reason.find("/proc/nonexistent/fw"), std::string::npos);
  unsetenv("SOFTVPU_FW");
}

// Sessions whose worker isn't one. The driver knows its capabilities from a file.
class ASessionOfAWrongWorker : public testing::Test {
 protected:
  void run(const std::string& body, WatchdogLimits limits) {
    const Script script(body);
    const hostile::CapabilityFile file;
    const int before = open_descriptors();
    {
      EventLoop loop;
      VpuDriver driver({.firmware = script.path(), .capability_file = file.path(), .limits = limits, .loop = &loop});
      const auto listener = std::make_shared<Listener>();
      auto session = driver.open_session({.coded = kH264}, listener);
      ASSERT_TRUE(session);
      {
        auto memory = SharedMemory::create("test", 4096);
        const codec::PlaneMemory plane{memory->fd(), 0, 4096, 4096};
        ASSERT_TRUE((*session)->map_buffer(codec::Direction::kInput, {0, 1}, {&plane, 1}));
      }
      ASSERT_TRUE((*session)->start());
      const Status queued = (*session)->queue_input({{0, 1}, codec::Cookie{1}, codec::Tag{1}, 0, 100});
      ASSERT_TRUE(listener->wait(10s, [](const auto& all) { return !all.empty() && all.back().kind == Said::kFailed; }));
      if (queued) {
        ASSERT_EQ(listener->all().size(), 2u);
        EXPECT_EQ(listener->all()[0].status, codec::DoneStatus::kCancelled);
      }
      const Status after = (*session)->start();
      ASSERT_FALSE(after);
      EXPECT_EQ(after.error().code, EIO);
    }
    EXPECT_EQ(open_descriptors(), before);
  }
};

TEST_F(ASessionOfAWrongWorker, ThatEndsAtOnceFails) { run("exit 1", {}); }
TEST_F(ASessionOfAWrongWorker, ThatDiesOfASignalFails) { run("kill -SEGV $$", {}); }
TEST_F(ASessionOfAWrongWorker, ThatClosesItsSocketAndGoesOnFails) { run("exec 3>&-; exec sleep 1000", {20ms, 50ms, 200ms}); }
TEST_F(ASessionOfAWrongWorker, ThatNeverSpeaksFails) { run("exec sleep 1000", {20ms, 50ms, 200ms}); }
TEST_F(ASessionOfAWrongWorker, ThatStopsFails) { run("kill -STOP $$; exec sleep 1000", {20ms, 50ms, 200ms}); }

}  // namespace
}  // namespace softvpu::vpu

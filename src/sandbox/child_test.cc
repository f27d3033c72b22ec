// SPDX-License-Identifier: LGPL-2.1-or-later
// What a worker's process gets rid of before it begins. The rest of child.h is tested where workers are started
// (server_process_test, session_keeper_test).
#include "sandbox/child.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/hostile/refuse_calls.h"

namespace softvpu::sandbox {
namespace {

// 0, or what was wrong, in a child in which `calls` are refused.
int close_from_20(std::initializer_list<long> calls) {
  const pid_t child = fork();
  if (child == 0) {
    const int event = eventfd(0, 0);
    for (const int fd : {19, 20, 21, 500}) {
      if (fcntl(event, F_DUPFD, fd) < fd) _exit(1);
    }
    if (calls.size() != 0 && (!hostile::refuse_calls(calls) || syscall(SYS_close_range, 1000, 1000, 0) == 0)) _exit(2);
    if (!close_from(20)) _exit(3);
    for (int fd = 20; fd < 1024; ++fd) {
      if (fcntl(fd, F_GETFD) != -1) _exit(4);
    }
    _exit(fcntl(19, F_GETFD) != -1 && fcntl(2, F_GETFD) != -1 ? 0 : 5);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(CloseFrom, ClosesEverythingBeyond) { EXPECT_EQ(close_from_20({}), 0); }
TEST(CloseFrom, DoesWithoutCloseRange) { EXPECT_EQ(close_from_20({SYS_close_range}), 0); }

// Whoever started the server sees why no session begins.
TEST(AWorkerThatCantBeStarted, SaysSo) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 2);
    const int closed[] = {900};
    _exit(execute_own_program({"worker"}, closed));
  }
  close(ends[1]);
  char text[256] = {};
  EXPECT_GT(read(ends[0], text, sizeof(text) - 1), 0);
  EXPECT_NE(std::string(text).find("Bad file descriptor"), std::string::npos) << text;
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 125);
  close(ends[0]);
}

}  // namespace
}  // namespace softvpu::sandbox

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace softvpu {
namespace {

// The level is read once in a process, so all tests here share level 2.
[[maybe_unused]] const bool kEnvironmentSet = setenv("SOFTVPU_DEBUG", "2", 1) == 0;

template <typename F>
std::string stderr_of(F&& function) {
  testing::internal::CaptureStderr();
  function();
  return testing::internal::GetCapturedStderr();
}

TEST(ALogLine, NamesTheProcessAndEndsInOneNewline) {
  const std::string line = stderr_of([] { log_line(LogLevel::kInfo, "session %d", 7); });
  EXPECT_EQ(line, "softvpu[" + std::to_string(getpid()) + "]: session 7\n");
}

TEST(ALogLine, IsSilentAboveTheLevelAskedFor) {
  EXPECT_TRUE(log_enabled(LogLevel::kError));
  EXPECT_FALSE(log_enabled(LogLevel::kTrace));
  EXPECT_EQ(stderr_of([] { log_line(LogLevel::kTrace, "no"); }), "");
}

TEST(ALogLine, IsCutAtOneKibibyte) {
  const std::string line = stderr_of([] { log_line(LogLevel::kError, "%s", std::string(5000, 'x').c_str()); });
  EXPECT_EQ(line.size(), 1024u);
  EXPECT_EQ(line.back(), '\n');
}

TEST(ALogLine, KeepsErrno) {
  errno = EAGAIN;
  stderr_of([] {
    errno = EAGAIN;
    log_line(LogLevel::kError, "x");
    EXPECT_EQ(errno, EAGAIN);
  });
}

}  // namespace
}  // namespace softvpu

// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
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
  EXPECT_EQ(line.substr(line.find("] ") + 2), "softvpu[" + std::to_string(getpid()) + "]: session 7\n");
}

TEST(ALogLine, BeginsWithTheMonotonicTime) {
  const auto seconds = [] {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
  };
  const double before = seconds();
  const std::string line = stderr_of([] { log_line(LogLevel::kInfo, "x"); });
  const double after = seconds();
  double printed = 0;
  char end = 0;
  ASSERT_EQ(std::sscanf(line.c_str(), "[%lf%c ", &printed, &end), 2) << line;
  EXPECT_EQ(end, ']');
  EXPECT_GE(line.find(']'), std::string("[12345.123456").size());
  EXPECT_GE(printed, before - 1e-6);  // the line has microseconds
  EXPECT_LE(printed, after);
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

// Its own formatting against the C library's.
TEST(ALogLine, ReadsAsPrintfWouldWriteIt) {
  const auto check = [](const char* expected, const auto&... arguments) {
    const std::string line = stderr_of([&] { log_line(LogLevel::kError, arguments...); });
    EXPECT_EQ(line.substr(line.find(": ") + 2), std::string(expected) + "\n");
  };
  check("a -2147483648 4294967295 0x00ff 7b %", "%s %d %u 0x%04x %x %%", "a", INT32_MIN, UINT32_MAX, 255, 123);
  check("abc ab c z", "%.3s %.*s c %c", "abcdef", 2, "abc", 'z');
  check("-9223372036854775808 18446744073709551615 ffffffffffffffff", "%ld %llu %zx", INT64_MIN, ~0ull, ~size_t{0});
  check("0 0 0", "%d %u %x", 0, 0u, 0u);
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

// SPDX-License-Identifier: LGPL-2.1-or-later
// Lines on stderr for a person who set SOFTVPU_DEBUG. Called by every room.
#include "base/log.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "base/raw_syscall.h"

namespace softvpu {
namespace {

constexpr size_t kLineBytes = 1024;
constexpr int kStderr = 2;

int configured_level() {
  static const int level = [] {
    const char* text = std::getenv("SOFTVPU_DEBUG");
    return text == nullptr ? 0 : static_cast<int>(std::strtol(text, nullptr, 10));
  }();
  return level;
}

}  // namespace

bool log_enabled(LogLevel level) { return static_cast<int>(level) <= configured_level(); }

void log_line(LogLevel level, const char* format, ...) {
  if (!log_enabled(level)) return;
  const int saved_errno = errno;
  char line[kLineBytes];
  size_t used = static_cast<size_t>(std::snprintf(line, sizeof line, "softvpu[%d]: ", raw::getpid()));
  va_list arguments;
  va_start(arguments, format);
  const int wanted = std::vsnprintf(line + used, sizeof line - used, format, arguments);
  va_end(arguments);
  if (wanted > 0) used += static_cast<size_t>(wanted);
  if (used > sizeof line - 1) used = sizeof line - 1;
  line[used++] = '\n';  // takes the place of the terminating 0
  raw::write(kStderr, line, used);
  errno = saved_errno;
}

}  // namespace softvpu

// SPDX-License-Identifier: LGPL-2.1-or-later
// Lines on stderr for a person who set SOFTVPU_DEBUG. Called by every room.
#include "base/log.h"

#include <algorithm>
#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include "base/raw_syscall.h"

namespace softvpu {
namespace {

constexpr size_t kLineBytes = 1024;
constexpr int kStderr = 2;

// Read once. Threads that come first at the same time read the same.
int configured_level() {
  constexpr int kUnread = -1;
  static std::atomic<int> known{kUnread};
  int level = known.load(std::memory_order_relaxed);
  if (level != kUnread) return level;
  const char* text = std::getenv("SOFTVPU_DEBUG");
  level = text == nullptr ? 0 : std::max(0, static_cast<int>(std::strtol(text, nullptr, 10)));
  known.store(level, std::memory_order_relaxed);
  return level;
}

// Text of one line, in a page of its own: the caller's stack may be small, and printf() takes 3 KiB of it. Touches no errno.
class Line {
 public:
  Line() {
    void* page = nullptr;
    if (raw::mmap(nullptr, kLineBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &page) == 0)
      text_ = static_cast<char*>(page);
  }
  ~Line() {
    if (text_ != nullptr) raw::munmap(text_, kLineBytes);
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  bool valid() const { return text_ != nullptr; }

  void put(char c) {
    if (used_ < kLineBytes - 1) text_[used_++] = c;
  }
  void put(const char* text, int limit = -1) {
    for (; *text != '\0' && limit != 0; --limit) put(*text++);
  }
  void put_number(uint64_t value, unsigned base, int width, char filler = '0') {
    char digits[24];
    int count = 0;
    do {
      digits[count++] = "0123456789abcdef"[value % base];
      value /= base;
    } while (value != 0);
    for (int i = count; i < width; ++i) put(filler);
    while (count > 0) put(digits[--count]);
  }
  // "[  123.456789] ", as the kernel's log: CLOCK_MONOTONIC, which the worker, the kernel and other programs share.
  void put_time() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    put('[');
    put_number(static_cast<uint64_t>(now.tv_sec), 10, 5, ' ');
    put('.');
    put_number(static_cast<uint64_t>(now.tv_nsec) / 1000, 10, 6);
    put("] ");
  }
  void put_formatted(const char* format, va_list& arguments);
  void write() {
    text_[used_++] = '\n';
    raw::write(kStderr, text_, used_);
  }

 private:
  char* text_ = nullptr;
  size_t used_ = 0;  // the last byte is the newline's
};

uint64_t next_unsigned(int longs, va_list& arguments) {
  return longs == 0 ? va_arg(arguments, unsigned) : va_arg(arguments, unsigned long);  // long long is as long
}
int64_t next_signed(int longs, va_list& arguments) { return longs == 0 ? va_arg(arguments, int) : va_arg(arguments, long); }

// What log lines use of printf(): %s %.Ns %.*s %d %u %x %c %%, with a width in zeros (%08x) and l, ll, z.
void Line::put_formatted(const char* format, va_list& arguments) {
  for (; *format != '\0'; ++format) {
    if (*format != '%') {
      put(*format);
      continue;
    }
    int width = 0;
    int limit = -1;
    int longs = 0;
    for (++format; *format >= '0' && *format <= '9'; ++format) width = width * 10 + (*format - '0');
    if (*format == '.') {
      limit = 0;
      if (*++format == '*') {
        limit = va_arg(arguments, int);
        ++format;
      }
      for (; *format >= '0' && *format <= '9'; ++format) limit = limit * 10 + (*format - '0');
    }
    for (; *format == 'l' || *format == 'z'; ++format) ++longs;
    switch (*format) {
      case 's': {
        const char* text = va_arg(arguments, const char*);
        put(text == nullptr ? "(null)" : text, limit);
        break;
      }
      case 'c':
        put(static_cast<char>(va_arg(arguments, int)));
        break;
      case 'd': {
        const int64_t value = next_signed(longs, arguments);
        if (value < 0) put('-');
        put_number(value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value), 10, width);
        break;
      }
      case 'u':
        put_number(next_unsigned(longs, arguments), 10, width);
        break;
      case 'x':
        put_number(next_unsigned(longs, arguments), 16, width);
        break;
      case '%':
        put('%');
        break;
      default:
        put("(?)");  // and the remaining arguments can't be interpreted any more
        return;
    }
  }
}

}  // namespace

bool log_enabled(LogLevel level) { return static_cast<int>(level) <= configured_level(); }

void log_line(LogLevel level, const char* format, ...) {
  if (!log_enabled(level)) return;
  Line line;
  if (!line.valid()) return;
  line.put_time();
  line.put("softvpu[");
  line.put_number(static_cast<uint64_t>(raw::getpid()), 10, 0);
  line.put("]: ");
  va_list arguments;
  va_start(arguments, format);
  line.put_formatted(format, arguments);
  va_end(arguments);
  line.write();
}

}  // namespace softvpu

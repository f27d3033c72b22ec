// SPDX-License-Identifier: LGPL-2.1-or-later
// The line at the end of a session: see session_counters.h. Runs on a client's thread, whose stack may be small.
#include "vpu/session_counters.h"

#include <sys/resource.h>

#include <charconv>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>

#include "base/library_fds.h"
#include "base/log.h"
#include "base/raw_syscall.h"

namespace softvpu::vpu {
namespace {

// proc(5), /proc/[pid]/stat: counted from the one after the command's name, which may hold
// anything.
constexpr int kMinorFaults = 7;
constexpr int kMajorFaults = 9;

std::optional<uint64_t> faults_in(std::string_view stat) {
  const size_t name_end = stat.rfind(") ");
  if (name_end == std::string_view::npos) return std::nullopt;
  stat.remove_prefix(name_end + 2);
  uint64_t sum = 0;
  for (int field = 0; field <= kMajorFaults; ++field) {
    const size_t end = stat.find(' ');
    if (end == std::string_view::npos) return std::nullopt;
    uint64_t value = 0;
    if (field == kMinorFaults || field == kMajorFaults) {
      if (std::from_chars(stat.data(), stat.data() + end, value).ec != std::errc()) return std::nullopt;
      sum += value;
    }
    stat.remove_prefix(end + 1);
  }
  return sum;
}

unsigned long long printable(uint64_t number) { return number; }

}  // namespace

void SessionCounters::add_frame(const hfi::msg::OutputDone& done) {
  ++frames;
  if (done.in_place) {
    ++in_place;
    return;
  }
  for (const uint32_t bytes : done.bytes_used) bytes_copied += bytes;
}

uint64_t own_page_faults() {
  rusage usage{};
  if (raw::call(SYS_getrusage, RUSAGE_SELF, raw::address(&usage)) < 0) return 0;
  return static_cast<uint64_t>(usage.ru_minflt) + static_cast<uint64_t>(usage.ru_majflt);
}

__attribute__((noinline)) std::optional<uint64_t> page_faults_of(int pid, int pidfd) {
  char name[32] = "/proc/";
  char* const end = std::to_chars(name + std::strlen(name), std::end(name) - sizeof "/stat", pid).ptr;
  std::memcpy(end, "/stat", sizeof "/stat");
  char text[400];
  long length = 0;
  {
    const library_fds::Birth birth;
    const int fd = raw::open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    length = raw::read(fd, text, sizeof text);
    raw::close(fd);
  }
  if (length <= 0 || raw::call(SYS_pidfd_send_signal, pidfd, 0) == -ESRCH) return std::nullopt;
  return faults_in({text, static_cast<size_t>(length)});
}

__attribute__((noinline)) void log_counters(const SessionCounters& c, const hfi::HostLink& link) {
  if (!log_enabled(LogLevel::kInfo)) return;
  const hfi::HostLink::Sent sent = link.sent();
  const std::optional<uint64_t> faults = link.page_faults();
  const std::string workers = faults ? std::to_string(*faults) : "unknown";
  log_line(
      LogLevel::kInfo,
      "session: %s ends: %llu commands, %llu messages; doorbells: %llu rung, %llu received; buffers: %llu inputs, %llu "
      "frames, at most %zu and %zu at a time; frames in place: %llu, copied: %llu, %llu bytes; page faults: %s in the worker, "
      "%llu here",
      link.description().c_str(), printable(sent.commands), printable(c.messages), printable(sent.doorbells),
      printable(c.doorbells), printable(c.inputs), printable(c.frames), c.deepest[0], c.deepest[1], printable(c.in_place),
      printable(c.frames - c.in_place), printable(c.bytes_copied), workers.c_str(),
      printable(own_page_faults() - c.own_faults_at_start));
}

}  // namespace softvpu::vpu

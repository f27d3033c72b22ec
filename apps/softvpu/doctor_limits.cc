// SPDX-License-Identifier: LGPL-2.1-or-later
// `softvpu doctor`: limits of this session or container. Called by verb_doctor.cc.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "apps/softvpu/doctor_checks.h"
#include "apps/softvpu/runtime_tree.h"

namespace softvpu::cli {
namespace {

constexpr rlim_t kComfortableFiles = 2048;          // the library's own descriptors start at 1000, a session takes about 60
constexpr uint64_t kComfortableMemory = 512 << 20;  // a 1080p H.264 session needs about 150 MiB

Check good(std::string name, std::string found) { return {std::move(name), Verdict::kOk, std::move(found), {}, {}}; }

Check check_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  std::string found = fmt::format("{} now, {} at most", limit.rlim_cur, limit.rlim_max);
  if (limit.rlim_max >= kComfortableFiles) return good("open files", std::move(found));
  return {"open files", limit.rlim_max < 256 ? Verdict::kFail : Verdict::kWarn, std::move(found),
          "library descriptors come to lie among the program's own, and many opens at once fail (EMFILE)",
          fmt::format("ulimit -Hn {}, or the container's nofile limit", kComfortableFiles * 2)};
}

Check check_address_space() {
  rlimit limit{};
  ::getrlimit(RLIMIT_AS, &limit);
  if (limit.rlim_cur == RLIM_INFINITY) return good("address space", "unlimited");
  const std::string found = fmt::format("{} MiB", limit.rlim_cur >> 20);
  if (limit.rlim_cur >= kComfortableMemory) return good("address space", found);
  return {"address space", Verdict::kWarn, found, "buffers of large streams may fail (ENOMEM)", "ulimit -v unlimited"};
}

// Buffers are memfds, and the kernel counts those as files.
Check check_file_size() {
  constexpr rlim_t kBufferOf1080p = 4 << 20;
  constexpr rlim_t kBufferOf4k = 32 << 20;
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  if (limit.rlim_cur == RLIM_INFINITY) return good("size of files", "unlimited");
  const std::string found = fmt::format("{} KiB", limit.rlim_cur >> 10);
  if (limit.rlim_cur >= kBufferOf4k) return good("size of files", found);
  return {"size of files", limit.rlim_cur < kBufferOf1080p ? Verdict::kFail : Verdict::kWarn, found,
          "buffers count as files: REQBUFS fails for those that are larger, as a frame of 1080p or 4K is", "ulimit -f unlimited"};
}

// The tightest memory limit of this process's control group; 0: none, or not to be known.
uint64_t cgroup_memory_limit() {
  std::ifstream groups("/proc/self/cgroup");
  std::string path;
  for (std::string line; std::getline(groups, line);) {
    if (line.starts_with("0::")) path = line.substr(3);
  }
  uint64_t smallest = 0;
  while (true) {
    std::ifstream file("/sys/fs/cgroup" + path + "/memory.max");
    uint64_t bytes = 0;
    if (file >> bytes && (smallest == 0 || bytes < smallest)) smallest = bytes;  // "max" isn't a number
    if (path.empty() || path == "/") return smallest;
    path.resize(path.rfind('/'));
  }
}

Check check_group_memory() {
  const uint64_t limit = cgroup_memory_limit();
  if (limit == 0) return good("memory of the container", "no limit");
  const std::string found = fmt::format("{} MiB", limit >> 20);
  if (limit >= kComfortableMemory) return good("memory of the container", found);
  return {"memory of the container", Verdict::kWarn, found, "a 1080p session may be killed for want of memory",
          "docker run --memory=1g, or MemoryMax= of the unit"};
}

Check check_processes() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NPROC, &limit);
  if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= 64 || ::geteuid() == 0) {
    return good("processes", limit.rlim_cur == RLIM_INFINITY ? "unlimited" : fmt::format("{}", limit.rlim_cur));
  }
  return {"processes", Verdict::kWarn, fmt::format("{}", limit.rlim_cur), "a codec process or its threads may not start (EAGAIN)",
          "ulimit -u 256"};
}

Check check_runtime_directory() {
  const Result<RuntimeTree> tree = RuntimeTree::create({v4l2::NodeSpec{}});
  if (tree) return good("runtime directory", fmt::format("can be made ({})", tree->root()));
  return {"runtime directory", Verdict::kFail, fmt::format("{}: {}", tree.error().reason, std::strerror(tree.error().code)),
          "the synthetic /dev and /sys can't be written: `softvpu run` doesn't start",
          "a /tmp that is root's and sticky, or TMPDIR=directory with one that only you can write to"};
}

Check check_real_node() {
  if (::access("/dev/video10", F_OK) != 0) return good("/dev/video10", "free: no real device has the name");
  return {"/dev/video10", Verdict::kWarn, "a real device has the name", "inside `softvpu run` the softvpu device hides it",
          "softvpu run --device 20 -- …"};
}

}  // namespace

std::vector<Check> check_limits() {
  return {check_files(),     check_file_size(),         check_address_space(), check_group_memory(),
          check_processes(), check_runtime_directory(), check_real_node()};
}

}  // namespace softvpu::cli

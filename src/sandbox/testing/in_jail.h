// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a piece of a test in a process that jailed itself, and returns how that process ended. Included by jail_*_test.cc.
#pragma once

#include <grp.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

#include "base/unique_fd.h"
#include "sandbox/jail.h"

namespace softvpu::sandbox {

inline constexpr int kJailFailed = 200;
inline constexpr uid_t kUser = 12345;  // of these tests, where root runs them

inline int ending_of(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

// As in_jail(), without the jail: what this machine does by itself.
inline int outside_the_jail(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  return ending_of(child);
}

// How a child that jailed itself and then ran `body` ended: what `body` returned, or 1000 + the signal that killed it.
inline int in_jail(const std::function<int()>& body, const JailConfig& config = {}) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);  // a call that isn't refused may wait for ever
    const auto report = enter_jail(config);
    if (!report) {
      dprintf(2, "enter_jail: %s (%d)\n", report.error().reason.c_str(), report.error().code);
      _exit(kJailFailed);
    }
    _exit(body());
  }
  return ending_of(child);
}

inline bool become_user() {
  if (geteuid() != 0) return true;
  return setgroups(0, nullptr) == 0 && setresgid(kUser, kUser, kUser) == 0 && setresuid(kUser, kUser, kUser) == 0;
}

// The same as another user than root. Not run as root: no difference.
inline int in_users_jail(const std::function<int()>& body, const JailConfig& config = {}) {
  return outside_the_jail([&] { return become_user() && enter_jail(config) ? body() : kJailFailed; });
}

// A child that jailed itself and does nothing more, and what its report says.
class Inmate {
 public:
  explicit Inmate(const JailConfig& config = {}) {
    int to_us[2];
    int to_it[2];
    EXPECT_EQ(pipe(to_us), 0);
    EXPECT_EQ(pipe(to_it), 0);
    pid_ = fork();
    if (pid_ == 0) {
      close(to_it[1]);
      const auto entered = enter_jail(config);
      if (!entered) _exit(kJailFailed);
      JailReport copy = *entered;
      copy.missing.resize(std::min<size_t>(copy.missing.size(), sizeof(Flat::missing) - 1));
      Flat flat{};
      flat.landlock = copy.landlock;
      flat.user_namespace = copy.user_namespace;
      flat.network_namespace = copy.network_namespace;
      flat.ipc_namespace = copy.ipc_namespace;
      flat.mount_namespace = copy.mount_namespace;
      flat.empty_root = copy.empty_root;
      flat.no_bounding_set = copy.no_bounding_set;
      flat.own_user = copy.own_user;
      flat.thread_limit = copy.thread_limit;
      flat.memory_limit = copy.memory_limit;
      flat.oom_first = copy.oom_first;
      std::memcpy(flat.missing, copy.missing.data(), copy.missing.size());
      char byte = 0;
      if (write(to_us[1], &flat, sizeof(flat)) == sizeof(flat)) (void)!read(to_it[0], &byte, 1);
      _exit(0);
    }
    close(to_us[1]);
    close(to_it[0]);
    jailed_ = read(to_us[0], &report_, sizeof(report_)) == sizeof(report_);
    close(to_us[0]);
    end_ = UniqueFd(to_it[1]);
  }
  ~Inmate() {
    end_.reset();
    waitpid(pid_, nullptr, 0);
  }
  // JailReport, as it goes through a pipe.
  struct Flat {
    bool landlock, user_namespace, network_namespace, ipc_namespace, mount_namespace, empty_root, no_bounding_set, own_user,
        thread_limit, memory_limit, oom_first;
    char missing[512];
  };
  bool jailed() const { return jailed_; }
  const Flat& report() const { return report_; }
  std::string file(const char* name) const { return "/proc/" + std::to_string(pid_) + "/" + name; }
  std::string read_file(const char* name) const {
    std::stringstream text;
    text << std::ifstream(file(name)).rdbuf();
    return text.str();
  }
  std::string status(const std::string& field) const {
    std::istringstream lines(read_file("status"));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(field + ":\t")) return line.substr(field.size() + 2);
    }
    return {};
  }
  bool shares_namespace(const char* kind) const {
    std::error_code error;
    const std::string name = std::string("ns/") + kind;
    return std::filesystem::read_symlink(file(name.c_str()), error) == std::filesystem::read_symlink("/proc/self/" + name, error);
  }

 private:
  pid_t pid_ = -1;
  bool jailed_ = false;
  Flat report_{};
  UniqueFd end_;
};

// 0 when a call was refused with EPERM; otherwise something to read in the failure.
inline int refused(long result) {
  if (result >= 0) return 1;
  return errno == EPERM ? 0 : errno;
}

inline void* map_private(size_t size, int protection, int flags) {
  return mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

}  // namespace softvpu::sandbox

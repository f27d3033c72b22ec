// SPDX-License-Identifier: LGPL-2.1-or-later
// fork, exec, read, with a time limit. Called by the doctor_*.cc files.
#include "apps/softvpu/capture_output.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace softvpu::cli {
namespace {

constexpr size_t kMostText = 256 * 1024;
using Clock = std::chrono::steady_clock;

// Reads until the end or `until`. True when the end came first.
bool read_all(int fd, Clock::time_point until, std::string& text) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
    if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) == 0) return false;
    char part[4096];
    const ssize_t got = ::read(fd, part, sizeof part);
    if (got <= 0) return got == 0;
    if (text.size() < kMostText) text.append(part, static_cast<size_t>(got));
  }
}

}  // namespace

Output capture_output(const std::vector<std::string>& command, std::chrono::seconds limit) {
  Output output;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return output;
  const pid_t child = ::fork();
  if (child == 0) {
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, 0);
    ::dup2(ends[1], 1);
    ::dup2(ends[1], 2);
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  if (child > 0) {
    const bool ended = read_all(ends[0], Clock::now() + limit, output.text);
    if (!ended) ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (ended) output.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
  ::close(ends[0]);
  return output;
}

}  // namespace softvpu::cli

// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading /proc: see processes.h.
#include "processes.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

namespace softvpu::bench {
namespace {

void each_number_in(const std::string& directory, const std::function<void(int)>& visit) {
  DIR* open = opendir(directory.c_str());
  if (open == nullptr) return;
  while (const dirent* entry = readdir(open)) {
    if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9') visit(std::atoi(entry->d_name));
  }
  closedir(open);
}

// The number behind `name` in a file such as /proc/1/status, summed over all lines that begin so.
uint64_t sum_of(const std::string& path, const char* name) {
  FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return 0;
  uint64_t sum = 0;
  char line[256];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, name, std::strlen(name)) == 0) sum += std::strtoull(line + std::strlen(name), nullptr, 10);
  }
  std::fclose(file);
  return sum;
}

bool has_name(int pid, const char* wanted) {
  FILE* file = std::fopen(("/proc/" + std::to_string(pid) + "/comm").c_str(), "re");
  if (file == nullptr) return false;
  char name[32] = "";
  const bool read = std::fgets(name, sizeof name, file) != nullptr;
  std::fclose(file);
  return read && std::string_view(name) == wanted;
}

// Of the processes that `pid` holds a pidfd of, the workers: pidfd_open(2), "fdinfo".
void add_workers_of(int pid, std::vector<int>& pids) {
  const std::string directory = "/proc/" + std::to_string(pid) + "/fdinfo";
  each_number_in(directory, [&](int fd) {
    const int held = static_cast<int>(sum_of(directory + "/" + std::to_string(fd), "Pid:"));
    if (held > 0 && has_name(held, "softvpu-fw\n") && std::find(pids.begin(), pids.end(), held) == pids.end())
      pids.push_back(held);
  });
}

}  // namespace

std::vector<int> own_processes(bool workers) {
  std::vector<int> pids = {getpid()};
  if (!workers) return pids;
  add_workers_of(getpid(), pids);
  // `softvpu run`'s spare.
  if (has_name(getppid(), "softvpu\n")) add_workers_of(getppid(), pids);
  return pids;
}

uint64_t context_switches(const std::vector<int>& pids) {
  uint64_t sum = 0;
  for (const int pid : pids) {
    const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
    each_number_in(tasks, [&](int task) {
      const std::string status = tasks + "/" + std::to_string(task) + "/status";
      sum += sum_of(status, "voluntary_ctxt_switches:") + sum_of(status, "nonvoluntary_ctxt_switches:");
    });
  }
  return sum;
}

uint64_t private_kib(const std::vector<int>& pids) {
  uint64_t sum = 0;
  for (const int pid : pids) sum += sum_of("/proc/" + std::to_string(pid) + "/status", "RssAnon:");
  return sum;
}

}  // namespace softvpu::bench

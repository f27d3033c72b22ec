// SPDX-License-Identifier: LGPL-2.1-or-later
// Reading /proc: see processes.h.
#include "processes.h"

#include <dirent.h>
#include <unistd.h>

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

bool is_worker(int pid) {
  FILE* file = std::fopen(("/proc/" + std::to_string(pid) + "/comm").c_str(), "re");
  if (file == nullptr) return false;
  char name[32] = "";
  const bool read = std::fgets(name, sizeof name, file) != nullptr;
  std::fclose(file);
  if (!read || std::strcmp(name, "softvpu-fw\n") != 0) return false;
  // Another checkout's, where that can be seen.
  char path[4096];
  const char* ours = std::getenv("SOFTVPU_FW");
  const ssize_t length = readlink(("/proc/" + std::to_string(pid) + "/exe").c_str(), path, sizeof path);
  return length <= 0 || ours == nullptr || std::string_view(path, static_cast<size_t>(length)) == ours;
}

}  // namespace

std::vector<int> own_processes(bool workers) {
  std::vector<int> pids = {getpid()};
  if (workers) {
    each_number_in("/proc", [&](int pid) {
      if (is_worker(pid)) pids.push_back(pid);
    });
  }
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

// SPDX-License-Identifier: LGPL-2.1-or-later
// What this process holds of the things that may leak, counted by the kernel. Included by the stress tests.
#pragma once

#include <dirent.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

namespace softvpu::tests {

inline int entries_of(const char* path) {
  int count = -2;  // . and ..
  DIR* directory = opendir(path);
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}
inline int descriptors() { return entries_of("/proc/self/fd"); }
inline int threads() { return entries_of("/proc/self/task"); }

// Of memfds: regions and buffers. Others come and go with the heap and the sanitizers.
inline int mappings() {
  int count = 0;
  char line[512];
  FILE* file = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof(line), file) != nullptr) count += strstr(line, "/memfd:") != nullptr;
  fclose(file);
  return count;
}

inline long resident_kib() {
  long pages = 0;
  FILE* file = fopen("/proc/self/statm", "r");
  EXPECT_EQ(fscanf(file, "%*d %ld", &pages), 1);
  fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

// State of a process as ps(1) names it; 0 when there is none.
inline char process_state(int pid) {
  FILE* file = fopen(("/proc/" + std::to_string(pid) + "/stat").c_str(), "r");
  if (file == nullptr) return 0;
  char state = 0;
  const int got = fscanf(file, "%*d (%*[^)]) %c", &state);
  fclose(file);
  return got == 1 ? state : '\0';
}
// Dead, reaped or not: that is up to whoever got it as an orphan.
inline bool dead(int pid) {
  const char state = process_state(pid);
  return state == 0 || state == 'Z' || state == 'X';
}

// The processes this one holds a pidfd of.
inline std::set<int> watched_processes() {
  std::set<int> pids;
  DIR* directory = opendir("/proc/self/fdinfo");
  while (const dirent* entry = readdir(directory)) {
    FILE* file = fopen((std::string("/proc/self/fdinfo/") + entry->d_name).c_str(), "r");
    if (file == nullptr) continue;
    char line[256];
    int pid = 0;
    while (fgets(line, sizeof(line), file) != nullptr) {
      if (sscanf(line, "Pid: %d", &pid) == 1 && pid > 0) pids.insert(pid);
    }
    fclose(file);
  }
  closedir(directory);
  return pids;
}

// SOFTVPU_ROUNDS, or as many as the test wants.
inline int rounds(int standard) {
  const char* text = getenv("SOFTVPU_ROUNDS");
  return text != nullptr && atoi(text) > 0 ? atoi(text) : standard;
}

}  // namespace softvpu::tests

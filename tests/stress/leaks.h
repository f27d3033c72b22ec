// SPDX-License-Identifier: LGPL-2.1-or-later
// What this process holds of the things that may leak, counted by the kernel, and rounds after which none of it may have grown.
// Included by the stress tests.
#pragma once

#include <dirent.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

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

// Until `done`, looking every millisecond; false after `limit`.
inline bool wait_until(const std::function<bool()>& done, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  for (const auto end = std::chrono::steady_clock::now() + limit; std::chrono::steady_clock::now() < end;
       std::this_thread::sleep_for(std::chrono::milliseconds(1))) {
    if (done()) return true;
  }
  return false;
}

// `count` rounds by four clients at once, because many are spent waiting for a watchdog. Ends with the first that fails.
inline void run_rounds(int count, unsigned seed, const std::function<void(std::mt19937&, int client, int round)>& one) {
  constexpr int kClients = 4;
  std::vector<std::thread> clients;
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&one, count, seed, client] {
      std::mt19937 random(seed + static_cast<unsigned>(client));
      for (int round = client; round < count && !testing::Test::HasFailure(); round += kClients) {
        one(random, client, round);
        if (testing::Test::HasFailure()) ADD_FAILURE() << "in round " << round << " of client " << client;
      }
    });
  }
  for (std::thread& client : clients) client.join();
}

// Runs `total` rounds; after the first of them, in which caches fill, nothing may grow. `run(count, seed)` leaves nothing
// running.
inline void expect_no_leak(int total, int warm_up, const std::function<void(int count, unsigned seed)>& run) {
  // Where every large allocation gets a huge page, and every thread a heap of its own because there are many processors, the
  // memory in use says little about leaks.
  prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  mallopt(M_ARENA_MAX, 4);
  run(warm_up, 1);
  const int descriptors_before = descriptors();
  const int mappings_before = mappings();
  const int threads_before = threads();
  const long memory_before = resident_kib();
  run(total - warm_up, 1000);
  EXPECT_EQ(descriptors(), descriptors_before);
  EXPECT_EQ(threads(), threads_before);
  EXPECT_EQ(mappings(), mappings_before);
  std::printf("%d rounds: %ld KiB resident after %d of them, %ld at the end\n", total, memory_before, warm_up, resident_kib());
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LE(resident_kib(), memory_before + 4096);
#endif
}

// SOFTVPU_ROUNDS, or as many as the test wants; three of ten in a sample (SOFTVPU_SAMPLE).
inline int rounds(int standard) {
  const char* text = getenv("SOFTVPU_ROUNDS");
  const int all = text != nullptr && atoi(text) > 0 ? atoi(text) : standard;
  return getenv("SOFTVPU_SAMPLE") == nullptr ? all : std::max(all * 3 / 10, std::min(all, 56));
}

}  // namespace softvpu::tests

// SPDX-License-Identifier: LGPL-2.1-or-later
// What tests of paths look at: a file's text, a link's target, the names in a directory. Included by paths_test.cc and
// directories_test.cc.
#pragma once

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <set>
#include <string>

namespace softvpu::scripted {

inline std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::string link_of(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t length = ::readlink(path.c_str(), target, sizeof target);
  return length < 0 ? "" : std::string(target, static_cast<size_t>(length));
}

inline std::multiset<std::string> names_in(DIR* stream) {
  std::multiset<std::string> names;
  if (stream == nullptr) return names;
  while (const dirent* entry = ::readdir(stream)) names.insert(entry->d_name);
  ::closedir(stream);
  return names;
}
inline std::multiset<std::string> names_in(const char* path) { return names_in(::opendir(path)); }

// What the machine itself has there, if anything: a camera, say.
inline std::multiset<std::string> names_on_host(const std::string& path) {
  std::multiset<std::string> names;
  FILE* pipe = ::popen(("LD_PRELOAD= ls -A " + path + " 2>/dev/null").c_str(), "r");
  char line[256];
  while (std::fgets(line, sizeof line, pipe) != nullptr) names.insert(std::string(line, std::strcspn(line, "\n")));
  ::pclose(pipe);
  return names;
}

inline void expect_is_node(const struct stat& status) {
  EXPECT_TRUE(S_ISCHR(status.st_mode));
  EXPECT_EQ(major(status.st_rdev), 81u);
  EXPECT_EQ(minor(status.st_rdev), 10u);
}

}  // namespace softvpu::scripted

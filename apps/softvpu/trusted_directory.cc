// SPDX-License-Identifier: LGPL-2.1-or-later
// Owners and modes of a directory and all that are above it. Called by runtime_tree.cc and run_environment.cc.
#include "apps/softvpu/trusted_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <system_error>

namespace softvpu::cli {
namespace {

namespace fs = std::filesystem;

// In a user namespace that doesn't map the machine's root, files of root show the overflow id, as those of all unmapped users do.
bool root_is_unmapped() {
  static const bool unmapped = [] {
    std::ifstream map("/proc/self/uid_map");
    uint64_t inside = 0, outside = 0, count = 0;
    return (map >> inside >> outside >> count) && !(inside == 0 && outside == 0);
  }();
  return unmapped;
}

bool is_roots(const struct stat& status) {
  constexpr uid_t kOverflow = 65534;  // /proc/sys/kernel/overflowuid, never changed in practice
  return status.st_uid == 0 || (status.st_uid == kOverflow && root_is_unmapped());
}

bool others_write(const struct stat& status) { return (status.st_mode & (S_IWGRP | S_IWOTH)) != 0; }
bool sticky(const struct stat& status) { return (status.st_mode & S_ISVTX) != 0; }

}  // namespace

std::optional<std::string> trusted_directory(const std::string& directory) {
  std::error_code error;
  const fs::path resolved = fs::canonical(directory, error);
  if (error) return std::nullopt;
  for (fs::path at = resolved;; at = at.parent_path()) {
    struct stat status {};
    if (::lstat(at.c_str(), &status) < 0 || !S_ISDIR(status.st_mode)) return std::nullopt;
    const bool own = status.st_uid == ::geteuid();
    const bool good = at == resolved ? (own && !others_write(status)) || (is_roots(status) && sticky(status))
                                     : (own || is_roots(status)) && (!others_write(status) || sticky(status));
    if (!good) return std::nullopt;
    if (at == at.root_path()) return resolved.string();
  }
}

}  // namespace softvpu::cli

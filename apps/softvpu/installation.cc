// SPDX-License-Identifier: LGPL-2.1-or-later
// Files relative to this program's own place. Called by every verb.
#include "apps/softvpu/installation.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <system_error>

namespace softvpu::cli {
namespace {

namespace fs = std::filesystem;

Result<std::string> find(const char* variable, std::initializer_list<const char*> places) {
  if (const char* chosen = std::getenv(variable); chosen != nullptr && chosen[0] != '\0') {
    if (::access(chosen, R_OK) == 0) return fs::absolute(chosen).string();
    return fail(ENOENT, std::string(variable) + " names " + chosen + ", which can't be read");
  }
  std::error_code error;
  const fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
  std::string tried;
  for (const char* place : places) {
    const fs::path candidate = (here / place).lexically_normal();
    if (::access(candidate.c_str(), R_OK) == 0) return candidate.string();
    tried += (tried.empty() ? "" : ", ") + candidate.string();
  }
  return fail(ENOENT, "not found; tried " + tried);
}

}  // namespace

Result<std::string> preload_library() {
  return find("SOFTVPU_PRELOAD", {"../lib/softvpu/libsoftvpu-preload.so", "../" SOFTVPU_LIBDIR "/softvpu/libsoftvpu-preload.so"});
}

Result<std::string> firmware_program() {
  return find("SOFTVPU_FW", {"softvpu-fw", "../" SOFTVPU_LIBEXECDIR "/softvpu/softvpu-fw", "../libexec/softvpu/softvpu-fw"});
}

}  // namespace softvpu::cli

// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the worker's executable is: find_firmware() of process_link.h. Called when the first device is opened.
#include <dlfcn.h>
#include <unistd.h>

#include <climits>
#include <cstdlib>
#include <vector>

#include "base/raw_syscall.h"
#include "vpu/process_link.h"

#ifndef SOFTVPU_LIBEXEC_DIR
#define SOFTVPU_LIBEXEC_DIR "/usr/libexec/softvpu"
#endif

namespace softvpu::vpu {
namespace {

bool executable(const std::string& path) { return raw::call(SYS_faccessat, AT_FDCWD, raw::address(path.c_str()), X_OK) == 0; }

std::string directory_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

std::string program() {
  std::string path(PATH_MAX, '\0');  // not on the program's stack
  const long size = raw::call(SYS_readlinkat, AT_FDCWD, raw::address("/proc/self/exe"), raw::address(path.data()),
                              static_cast<long>(path.size()));
  path.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return path;
}

// Of the library or program that this function is linked into.
std::string own_file() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&find_firmware), &info) == 0 || info.dli_fname == nullptr) return {};
  // A program's own name may be relative to where it was started.
  return info.dli_fname[0] == '/' ? std::string(info.dli_fname) : std::string();
}

}  // namespace

Result<std::string> find_firmware(const std::string& configured) {
  std::vector<std::string> places;
  if (!configured.empty()) {
    places = {configured};
  } else if (const char* chosen = secure_getenv("SOFTVPU_FW"); chosen != nullptr && chosen[0] != '\0') {
    places = {chosen};
  } else {
    for (const std::string& file : {own_file(), program()}) {
      const std::string directory = directory_of(file);
      if (directory.empty()) continue;
      places.push_back(directory + "/softvpu-fw");
      places.push_back(directory + "/../libexec/softvpu/softvpu-fw");
      places.push_back(directory + "/../../libexec/softvpu/softvpu-fw");  // from lib/<triplet>
    }
    places.push_back(SOFTVPU_LIBEXEC_DIR "/softvpu-fw");
  }
  std::string looked;
  for (const std::string& place : places) {
    if (executable(place)) return place;
    looked += (looked.empty() ? "" : ", ") + place;
  }
  return fail(ENOENT, "no codec worker (softvpu-fw) that can be executed; looked at " + looked + "; set SOFTVPU_FW to its path");
}

int Firmware::held() const {
  struct stat status {};
  const bool same = executable && raw::fstat(executable.get(), &status) == 0 && status.st_dev == device && status.st_ino == inode;
  return same ? executable.get() : -1;
}

Result<Firmware> open_firmware(const std::string& configured) {
  auto path = find_firmware(configured);
  if (!path) return Unexpected(path.error());
  Firmware firmware;
  const library_fds::Birth birth;
  const int fd = raw::open(path->c_str(), O_PATH | O_CLOEXEC);
  if (fd >= 0) firmware.executable = raise_fd(UniqueFd(fd));
  struct stat status {};
  if (fd >= 0 && raw::fstat(firmware.executable.get(), &status) == 0) {
    firmware.device = status.st_dev;
    firmware.inode = status.st_ino;
  }
  firmware.path = std::move(*path);
  return firmware;
}

}  // namespace softvpu::vpu

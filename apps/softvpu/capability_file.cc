// SPDX-License-Identifier: LGPL-2.1-or-later
// The capability table of a run. Called by verb_run.cc.
#include "apps/softvpu/capability_file.h"

#include "apps/softvpu/local_driver.h"
#include "base/log.h"
#include "vpu/capability_query.h"

namespace softvpu::cli {

std::string write_capability_file(const std::string& directory) {
  const Result<std::unique_ptr<codec::Driver>> driver = local_driver();
  const Result<codec::Capabilities> capabilities = driver ? (*driver)->capabilities() : Result<codec::Capabilities>(fail(ENOENT));
  if (!capabilities) {
    log_line(LogLevel::kError, "the firmware's capabilities can't be had: %s", capabilities.error().reason.c_str());
    return {};
  }
  std::string path = directory + "/capabilities";
  const Status saved = vpu::save_capabilities(*capabilities, path);
  if (!saved) {
    log_line(LogLevel::kError, "the capability table isn't kept: %s", saved.error().reason.c_str());
    return {};
  }
  return path;
}

}  // namespace softvpu::cli

// SPDX-License-Identifier: LGPL-2.1-or-later
// The capability table of a run. Called by verb_run.cc.
#include "apps/softvpu/capability_file.h"

#include "apps/softvpu/local_driver.h"
#include "base/log.h"
#include "vpu/capability_query.h"

namespace softvpu::cli {

namespace {

constexpr Duration kAnswerLimit = std::chrono::seconds(10);

Result<codec::Capabilities> ask(vpu::SpareWorkers* workers) {
  if (workers != nullptr) {
    auto answer = workers->capabilities(kAnswerLimit);
    if (answer) return answer;
    log_line(LogLevel::kInfo, "a worker that is to be kept doesn't say what it can do: %s; asking another one",
             answer.error().reason.c_str());
  }
  const Result<std::unique_ptr<codec::Driver>> driver = local_driver();
  return driver ? (*driver)->capabilities() : Result<codec::Capabilities>(fail(ENOENT, driver.error().reason));
}

}  // namespace

std::string workers_path(const std::string& directory) { return directory + "/workers"; }

std::unique_ptr<vpu::SpareWorkers> keep_worker(const std::string& firmware, const std::string& directory) {
  auto found = vpu::open_firmware(firmware);
  if (!found) return nullptr;  // the question for the capabilities says it
  auto workers = vpu::SpareWorkers::create(std::move(*found), workers_path(directory));
  if (workers) return std::move(*workers);
  log_line(LogLevel::kInfo, "no worker is kept ready: %s", workers.error().reason.c_str());
  return nullptr;
}

std::string write_capability_file(const std::string& directory, vpu::SpareWorkers* workers) {
  const Result<codec::Capabilities> capabilities = ask(workers);
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

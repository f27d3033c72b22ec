// SPDX-License-Identifier: LGPL-2.1-or-later
// The devices of a run. Called by verb_run.cc and verb_list.cc.
#include "apps/softvpu/run_devices.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <string_view>

#include "apps/softvpu/codec_choice.h"
#include "apps/softvpu/local_driver.h"
#include "base/log.h"
#include "vpu/capability_query.h"

namespace softvpu::cli {
namespace {

constexpr Duration kAnswerLimit = std::chrono::seconds(10);

Result<codec::Capabilities> ask_firmware(vpu::SpareWorkers* workers) {
  if (workers != nullptr) {
    auto answer = workers->capabilities(kAnswerLimit);
    if (answer) return answer;
    log_line(LogLevel::kInfo, "the worker to be kept doesn't report its capabilities: %s; asking another one",
             answer.error().reason.c_str());
  }
  const Result<std::unique_ptr<codec::Driver>> driver = local_driver();
  if (!driver) return Unexpected(driver.error());
  return (*driver)->capabilities();
}

// FNV-1a. Nothing rests on it but the name of a cache file.
uint64_t hash(std::string_view text) {
  uint64_t value = 0xcbf29ce484222325;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return value;
}

}  // namespace

std::string RunDevices::fingerprint() const {
  std::string text = SOFTVPU_VERSION;
  for (const v4l2::NodeSpec& node : nodes)
    text += fmt::format(" video{} {} {}", node.minor, node.card, node.multiplanar ? "multi" : "single");
  if (capabilities) text += '\n' + vpu::print_capabilities(*capabilities);
  return fmt::format("{:016x}", hash(text));
}

std::unique_ptr<vpu::SpareWorkers> keep_worker(const std::string& firmware) {
  auto found = vpu::open_firmware(firmware);
  if (!found) return nullptr;  // run_devices() reports it
  auto workers = vpu::SpareWorkers::create(std::move(*found));
  if (workers) return std::move(*workers);
  log_line(LogLevel::kInfo, "no worker is kept ready: %s", workers.error().reason.c_str());
  return nullptr;
}

Result<RunDevices> run_devices(const v4l2::NodeSpec& node, const std::string& codecs, vpu::SpareWorkers* workers) {
  RunDevices devices;
  devices.nodes = {node};
  Result<codec::Capabilities> asked = ask_firmware(workers);
  if (!asked) {
    if (!codecs.empty()) return fail(EIO, asked.error().reason);
    log_line(LogLevel::kError, "the firmware's capabilities can't be had: %s", asked.error().reason.c_str());
    return devices;
  }
  if (const Status limited = limit_codecs(*asked, codecs); !limited) return Unexpected(limited.error());
  devices.nodes = nodes_of(node, *asked);
  devices.capabilities = std::move(*asked);
  return devices;
}

Complaint no_devices(const std::string& codecs, const Error& error) {
  if (error.code == EINVAL || error.code == ENOENT)
    return {kExitUsage, "--codecs " + codecs + ": " + error.reason, "names with commas between them: --codecs h264,vp8",
            "softvpu list"};
  return {kExitOwnFault, "the firmware can't be asked which codecs it has: " + error.reason, "a codec process that answers",
          "softvpu doctor"};
}

std::string write_capability_file(const codec::Capabilities& capabilities, const std::string& directory) {
  std::string path = directory + "/capabilities";
  const Status saved = vpu::save_capabilities(capabilities, path);
  if (!saved) {
    log_line(LogLevel::kError, "the capability table isn't kept: %s", saved.error().reason.c_str());
    return {};
  }
  return path;
}

std::string offer_workers(vpu::SpareWorkers& workers, const std::string& directory) {
  std::string path = directory + "/workers";
  const Status listens = workers.listen(path);
  if (listens) return path;
  log_line(LogLevel::kInfo, "no worker is kept ready: %s", listens.error().reason.c_str());
  return {};
}

}  // namespace softvpu::cli

// SPDX-License-Identifier: LGPL-2.1-or-later
// Capabilities once per process, a core per session: see driver.h.
#include "vpu/driver.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "base/log.h"
#include "base/raw_syscall.h"
#include "vpu/capability_query.h"
#include "vpu/process_link.h"

namespace softvpu::vpu {

VpuConfig VpuConfig::from_environment() {
  VpuConfig config;
  if (const char* path = secure_getenv("SOFTVPU_FW")) config.firmware = path;
  if (const char* path = secure_getenv("SOFTVPU_CAPS")) config.capability_file = path;
  if (const char* path = secure_getenv("SOFTVPU_WORKERS")) config.workers = path;
  if (const char* text = secure_getenv("SOFTVPU_WATCHDOG_MS")) {
    int milliseconds = 0;
    const char* end = text + std::strlen(text);
    const auto result = std::from_chars(text, end, milliseconds);
    if (result.ec == std::errc() && result.ptr == end && milliseconds >= 1 && milliseconds <= 3'600'000) {
      config.limits = WatchdogLimits::from_ping(std::chrono::milliseconds(milliseconds));
    } else {
      log_line(LogLevel::kError, "SOFTVPU_WATCHDOG_MS=\"%.20s\" is ignored: expected a number from 1 to 3600000", text);
    }
  }
  return config;
}

VpuDriver::VpuDriver(VpuConfig config)
    : config_(std::move(config)),
      workers_(config_.workers),
      loop_(config_.loop != nullptr ? *config_.loop : EventLoop::process()),
      statistics_(std::make_shared<Statistics>()) {}

// Mutex held.
Status VpuDriver::open_firmware_once() {
  if (!firmware_.path.empty()) return {};
  auto found = open_firmware(config_.firmware);
  if (!found) return fail(EIO, found.error().reason);
  firmware_ = std::move(*found);
  return {};
}

// Mutex not held.
Result<std::unique_ptr<hfi::HostLink>> VpuDriver::make_link() {
  if (config_.make_link) return config_.make_link();
  std::string path;
  int executable = -1;
  dev_t device = 0;
  ino_t inode = 0;
  {
    const std::lock_guard lock(mutex_);
    if (Status opened = open_firmware_once(); !opened) return Unexpected(opened.error());
    path = firmware_.path;
    executable = firmware_.held();
    device = firmware_.device;
    inode = firmware_.inode;
  }
  if (auto ready = workers_.take(device, inode)) {
    if (auto link = ProcessLink::adopt(std::move(*ready))) return link;
  } else if (ready.error().code != ENOENT && log_enabled(LogLevel::kInfo)) {
    log_line(LogLevel::kInfo, "session: no worker is ready: %s", ready.error().reason.c_str());
  }
  return ProcessLink::start(path, executable);
}

Result<codec::Capabilities> VpuDriver::capabilities() {
  {
    const std::lock_guard lock(mutex_);
    // When the first device is opened, the program has the root directory and the user that it was started with. If there is no
    // worker, whoever needs one finds that out.
    if (!config_.make_link) {
      (void)open_firmware_once();
      workers_.connect();
    }
    if (capabilities_) return *capabilities_;
  }
  // Two threads may both ask: the answers are the same, and neither holds a lock while a worker starts.
  auto answer = find_out();
  if (!answer) return answer;
  const std::lock_guard lock(mutex_);
  if (!capabilities_) capabilities_ = *answer;
  return answer;
}

Result<codec::Capabilities> VpuDriver::find_out() {
  if (!config_.capability_file.empty()) {
    auto saved = load_capabilities(config_.capability_file);
    if (saved) return saved;
    log_line(LogLevel::kError, "%s; asking a worker instead", saved.error().reason.c_str());
  }
  auto link = make_link();
  if (!link) return Unexpected(link.error());  // a shortage keeps its name
  auto answer = query_capabilities(**link, config_.limits.answer);
  (*link)->kill();
  // Its end takes a moment; nothing is left behind of it when this returns, unless the kernel can't end it.
  pollfd death{(*link)->hangup_fd(), POLLIN, 0};
  raw::poll(&death, 1, 1000);
  (*link)->reap();
  if (!answer) return fail(EIO, answer.error().reason);
  return answer;
}

Result<std::unique_ptr<codec::Session>> VpuDriver::open_session(const codec::SessionConfig& config,
                                                                std::weak_ptr<codec::SessionEvents> events) {
  auto known = capabilities();
  if (!known) return Unexpected(known.error());
  const codec::CodecInfo* codec = known->find(config.role, config.coded);
  if (codec == nullptr) return fail(EINVAL, "the firmware has no such codec: " + to_string(config.coded));
  SessionSetup setup;
  setup.config = config;
  setup.codec = *codec;
  setup.make_link = [this] { return make_link(); };
  setup.limits = config_.limits;
  setup.loop = &loop_;
  setup.statistics = statistics_;
  setup.clock = config_.clock;
  setup.test_commands = config_.test_commands;
  auto core = std::make_shared<SessionCore>(std::move(setup), std::move(events));
  return std::make_unique<VpuSession>(std::move(core));
}

}  // namespace softvpu::vpu

// SPDX-License-Identifier: LGPL-2.1-or-later
// The link to a worker process of its own: transport "process" of docs/hfi.md. Made for each session by VpuDriver.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "hfi/host_port.h"
#include "hfi/link.h"
#include "vpu/spawn.h"
#include "vpu/worker_handover.h"

namespace softvpu::vpu {

class ProcessLink final : public hfi::HostLink {
 public:
  // Starts the worker `firmware` (a path); returns when it executes. Where the path doesn't lead to the file behind `executable`
  // (the program changed its root directory or its user, or the file was replaced), that file is executed. -1: there is none.
  // Errors: EIO with the reason when it can't be executed; EAGAIN, ENOMEM, EMFILE.
  static Result<std::unique_ptr<hfi::HostLink>> start(const std::string& firmware, int executable = -1);
  // The link to a worker that was started by somebody else and has heard nothing yet. Errors: EMFILE, ENFILE, ENOMEM, EIO.
  static Result<std::unique_ptr<hfi::HostLink>> adopt(ReadyWorker worker);
  // Kills the worker if nobody did.
  ~ProcessLink() override;

  SendOutcome send(const hfi::Command& command) override { return port_->send(command); }
  SendOutcome send_memory(hfi::Direction direction, hfi::BufferName buffer, std::span<const int> fds) override {
    return port_->send_memory(direction, buffer, fds);
  }
  Received receive() override { return port_->receive(); }
  bool prepare_sleep(bool for_space) override { return port_->prepare_sleep(for_space); }
  int doorbell_fd() const override { return port_->doorbell_fd(); }
  int hangup_fd() const override { return worker_.pidfd.get(); }
  void kill() override;
  void reap() override { reap_worker(worker_.pidfd.get()); }
  std::string last_words() const override { return port_->region().read_last_words(); }
  bool next_debug_line(std::string& line) override { return port_->next_debug_line(line); }
  std::string description() const override { return "worker " + std::to_string(worker_.pid); }
  Sent sent() const override { return port_->sent(); }
  std::optional<uint64_t> page_faults() const override;

  int pid() const { return worker_.pid; }

 private:
  ProcessLink(std::unique_ptr<hfi::HostPort> port, SpawnedWorker worker);

  std::unique_ptr<hfi::HostPort> port_;
  SpawnedWorker worker_;
  int owner_ = 0;  // the process that started it: its fork()ed children share the descriptors, not the right to kill
};

// Where softvpu-fw is: `configured` if not empty; the environment's SOFTVPU_FW; beside this library or program; the directories
// an installation puts it relative to it; the build's libexec directory. Errors: ENOENT with everywhere it was looked for.
Result<std::string> find_firmware(const std::string& configured);

// The worker's executable: by name, and held, for the time when the name doesn't lead there any more.
struct Firmware {
  std::string path;
  UniqueFd executable;
  dev_t device = 0;  // of the file behind it: a program that bypasses this library may have put another one there
  ino_t inode = 0;

  // The descriptor for ProcessLink::start().
  int held() const;
};
// Errors: those of find_firmware(). `executable` is empty where no descriptor is available.
Result<Firmware> open_firmware(const std::string& configured);

}  // namespace softvpu::vpu

// SPDX-License-Identifier: GPL-2.0-or-later
// Processor time that a worker may use without having seen that its host is there (docs/adr/0015): the end of one whose control
// thread hangs, where no host is left to kill it. Made by softvpu-fw's main() before the jail, renewed by Worker::run().
#pragma once

#include <chrono>

namespace softvpu::firmware {

class ProcessorLease {
 public:
  // Sets RLIMIT_CPU's soft limit to `length` from now on, and ends the process by SIGXCPU's handler. The jail must let the limit
  // be moved (JailConfig::moves_cpu_limit). An earlier hard limit stays.
  explicit ProcessorLease(std::chrono::seconds length);
  // The host is there. Cheap: a system call, and another when half of the lease is used up. Control thread.
  void renew();

  // So long that a worker with threads on every processor of this machine has many seconds to renew it.
  static std::chrono::seconds usual_length();

 private:
  const std::chrono::seconds length_;
  std::chrono::seconds end_{0};
};

}  // namespace softvpu::firmware

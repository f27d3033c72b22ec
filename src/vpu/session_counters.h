// SPDX-License-Identifier: LGPL-2.1-or-later
// What one session did, for the line at its end (SOFTVPU_DEBUG=2); the kernel module's are in kernel/debugfs.c. Kept by
// SessionCore under its lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "hfi/link.h"

namespace softvpu::vpu {

struct SessionCounters {
  uint64_t messages = 0;
  uint64_t doorbells = 0;            // the worker's: as often was this process woken
  uint64_t inputs = 0;               // consumed by the worker
  uint64_t frames = 0;               // outputs that it filled
  uint64_t in_place = 0;             // of them: decoded into the client's buffer
  uint64_t bytes_copied = 0;         // of the others
  std::array<size_t, 2> deepest{};   // inputs and outputs: the most that the worker had at a time
  uint64_t own_faults_at_start = 0;  // own_page_faults()

  void add_frame(const hfi::msg::OutputDone& done);
};

// Page faults, minor and major, of this process so far; 0 where its seccomp filter refuses the question.
uint64_t own_page_faults();
// The same of another one. nullopt: there is none, or /proc doesn't tell. `pidfd` is that process's: its number may be another's
// by now.
std::optional<uint64_t> page_faults_of(int pid, int pidfd);

// One line. Before the worker is killed: of a process that is gone /proc says nothing.
void log_counters(const SessionCounters& counters, const hfi::HostLink& link);

}  // namespace softvpu::vpu

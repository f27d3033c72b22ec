// SPDX-License-Identifier: GPL-2.0-or-later
// A soft RLIMIT_CPU that moves on: see processor_lease.h.
#include "firmware/processor_lease.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace softvpu::firmware {
namespace {

constexpr std::chrono::seconds kOfEachProcessor{20};

std::chrono::seconds used() {
  rusage usage{};
  (void)getrusage(RUSAGE_SELF, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
}

void limit_to(std::chrono::seconds end) {
  rlimit now{};
  if (getrlimit(RLIMIT_CPU, &now) != 0) return;
  now.rlim_cur = std::min<rlim_t>(static_cast<rlim_t>(end.count()), now.rlim_max);
  (void)setrlimit(RLIMIT_CPU, &now);
}

}  // namespace

ProcessorLease::ProcessorLease(std::chrono::seconds length) : length_(length) { renew(); }

void ProcessorLease::renew() {
  const std::chrono::seconds now = used();
  if (end_ - now > length_ / 2) return;
  end_ = now + length_;
  limit_to(end_);
}

std::chrono::seconds ProcessorLease::usual_length() { return kOfEachProcessor * std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)); }

}  // namespace softvpu::firmware

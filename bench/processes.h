// SPDX-License-Identifier: LGPL-2.1-or-later
// What processes have used, from /proc: for main.cc, which reports it of itself and of the codec process.
#pragma once

#include <cstdint>
#include <vector>

namespace softvpu::bench {

// This process and, with `workers`, the codec processes of its sessions and the one that `softvpu run` keeps ready: those that
// the two hold a pidfd of.
std::vector<int> own_processes(bool workers);

// Sums over all threads of `pids`.
uint64_t context_switches(const std::vector<int>& pids);
// Private memory that isn't a file's, KiB (RssAnon of proc(5)).
uint64_t private_kib(const std::vector<int>& pids);

}  // namespace softvpu::bench

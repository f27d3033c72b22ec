// SPDX-License-Identifier: LGPL-2.1-or-later
// What processes have used, from /proc: for main.cc, which reports it of itself and of the codec process.
#pragma once

#include <cstdint>
#include <vector>

namespace softvpu::bench {

// Of this process and, with `workers`, of the codec processes that this user can see. Only one benchmark of a build runs at a
// time.
std::vector<int> own_processes(bool workers);

// Sums over all threads of `pids`.
uint64_t context_switches(const std::vector<int>& pids);
// Private memory that isn't a file's, KiB (RssAnon of proc(5)).
uint64_t private_kib(const std::vector<int>& pids);

}  // namespace softvpu::bench

// SPDX-License-Identifier: LGPL-2.1-or-later
// Running a program for its answer. Called by the doctor_*.cc files.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace softvpu::cli {

struct Output {
  int status = -1;   // exit status; 128 + n for signal n; -1: not started, or ended by us after the time limit
  std::string text;  // stdout and stderr together, the first 256 KiB
};

Output capture_output(const std::vector<std::string>& command, std::chrono::seconds limit);

}  // namespace softvpu::cli

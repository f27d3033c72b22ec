// SPDX-License-Identifier: LGPL-2.1-or-later
// What can stand between a program and the device, one function per question. Called by
// verb_doctor.cc.
#pragma once

#include <string>
#include <vector>

namespace softvpu::cli {

enum class Verdict { kOk, kWarn, kFail };

struct Check {
  std::string name;
  Verdict verdict = Verdict::kOk;
  std::string found;  // what is the case here
  std::string means;  // what that means for the user; empty when all is well
  std::string fix;    // what to do about it; empty when all is well
};

// The parts of softvpu itself, and that the codec process answers.
std::vector<Check> check_parts();
// Kernel features: seccomp, memfd, pidfd, out-of-band bytes on unix sockets, /proc, memory of another process.
std::vector<Check> check_kernel();
// Limits: open files, memory, processes, a place for the runtime directory.
std::vector<Check> check_limits();
// The usual clients, as far as they are installed, and what in the environment would mislead them.
std::vector<Check> check_clients();
// A program with its arguments: is it there, and does LD_PRELOAD reach it?
std::vector<Check> check_program(const std::vector<std::string>& command);
// A program under `softvpu run` opens the device and asks what it is.
std::vector<Check> check_end_to_end();

}  // namespace softvpu::cli

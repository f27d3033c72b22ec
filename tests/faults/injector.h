// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs a program with all that it starts under ptrace(2), and makes one system call of one of them fail. Reaches the library,
// whose calls pass no libc, the launcher, and workers in their jails alike. Used by the fault tests.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace softvpu::faults {

// Whose calls: a process belongs to the file that it executes.
enum class Who { kOther, kLauncher, kClient, kWorker, kServer };
inline constexpr size_t kWhoCount = 5;
const char* to_string(Who who);

struct Fault {
  Who who = Who::kClient;
  long call = -1;      // number of the system call
  unsigned nth = 0;    // of those that `who` makes, from 1
  int error = 0;       // positive errno
  bool after = false;  // it happens, and fails nevertheless: close(2) releases its descriptor whatever it returns
};

struct Command {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // added to this process's
  Who who = Who::kClient;                // the program itself
  bool whole = false;                    // faults from its first call on, not only between the client's marks
  bool traced = true;                    // false: nothing stops at its calls, so none fails and none is counted
  std::chrono::milliseconds limit{15'000};
};

struct Outcome {
  bool hit = false;                                       // the fault was there
  std::string where;                                      // the call's number, arguments and process, when it was hit
  bool too_long = false;                                  // the limit was over; all was killed
  std::string hanging;                                    // which processes were there then, and in which calls
  std::string left_over;                                  // processes that outlived the program by seconds
  int status = -1;                                        // of the program, as wait(2) has it
  std::string output;                                     // its stdout and stderr, and its children's
  std::array<std::map<long, unsigned>, kWhoCount> calls;  // how many there were
  long worker_signals = 0;                                // that ended a worker, but SIGKILL
};

// Why it can't be done on this machine; empty: it can.
std::string why_not();

// Thread: always the same one, which has no children of its own.
Outcome run(const Command& command, const std::optional<Fault>& fault);

}  // namespace softvpu::faults

// SPDX-License-Identifier: LGPL-2.1-or-later
// What the CLI prints: an error says what happened, what was expected and what to try. Called by every verb.
#pragma once

#include <string>

namespace softvpu::cli {

// Exit statuses of the CLI itself; `run` otherwise ends as its program does.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;      // doctor: not usable; list: no answer
inline constexpr int kExitUsage = 2;       // wrong command line
inline constexpr int kExitOwnFault = 125;  // `run` itself failed; the same status as env(1) and timeout(1) use
inline constexpr int kExitNotExecutable = 126;
inline constexpr int kExitNotFound = 127;

struct Complaint {
  int status = kExitFailed;
  std::string happened;
  std::string expected;  // may be empty
  std::string try_this;  // may be empty
};

// Prints it to stderr and returns its status.
int complain(const Complaint& complaint);

}  // namespace softvpu::cli

// SPDX-License-Identifier: LGPL-2.1-or-later
// Finding a program as the shell would, and whether LD_PRELOAD reaches it. Called by verb_run.cc, run_environment.cc and the
// doctor.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/softvpu/messages.h"

namespace softvpu::cli {

struct Program {
  std::string path;         // of what execve() gets
  std::string interpreter;  // of a script: the program that really runs; otherwise empty
};

// Looks `name` up in $PATH unless it has a slash. A complaint with status 127 or 126 when it can't be run.
std::optional<Complaint> find_program(const std::string& name, Program& out);

// A complaint (status 126) when the dynamic linker will not load the library into it: static, of another C library (musl), of a C
// library that is too old for `preload`, set-user-ID, of another architecture. `preload` may be empty.
std::optional<Complaint> check_preloadable(const Program& program, const std::string& preload);

// The program that a wrapper as env, timeout or setpriv starts, at last; nothing when `command` begins with none.
std::optional<Program> find_wrapped(const std::vector<std::string>& command);

// What to tell, a line each, of a command that is started all the same: programs that make system calls around libc (Go), or that
// a preloaded library disturbs (sanitizers, valgrind).
std::vector<std::string> remarks(const std::vector<std::string>& command, const std::string& preload);

// True when AddressSanitizer would refuse to run after the library: its run-time wants to be loaded first.
bool wants_to_be_first(const std::vector<std::string>& command);

}  // namespace softvpu::cli

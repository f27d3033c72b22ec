// SPDX-License-Identifier: LGPL-2.1-or-later
// Finding a program as the shell would, and whether LD_PRELOAD reaches it. Called by verb_run.cc and doctor_checks.cc.
#pragma once

#include <optional>
#include <string>

#include "apps/softvpu/messages.h"

namespace softvpu::cli {

struct Program {
  std::string path;         // of what execve() gets
  std::string interpreter;  // of a script: the program that really runs; otherwise empty
};

// Looks `name` up in $PATH unless it has a slash. A complaint with status 127 or 126 when it can't be run.
std::optional<Complaint> find_program(const std::string& name, Program& out);

// A complaint (status 126) when the dynamic linker will not load the library into it: static, set-user-ID, of another
// architecture.
std::optional<Complaint> check_preloadable(const Program& program);

}  // namespace softvpu::cli

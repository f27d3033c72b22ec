// SPDX-License-Identifier: LGPL-2.1-or-later
// v4l2-tracer keeps an LD_PRELOAD that it finds and so would trace nothing below `softvpu run`. Called by verb_run.cc.
#pragma once

#include <string>
#include <vector>

#include "apps/softvpu/verbs.h"

namespace softvpu::cli {

// "v4l2-tracer … trace PROGRAM …" with this run put between tracer and program: "v4l2-tracer … trace softvpu run … -- PROGRAM …".
// Empty when the command is no such one.
std::vector<std::string> turned_round(const RunOptions& options);

}  // namespace softvpu::cli

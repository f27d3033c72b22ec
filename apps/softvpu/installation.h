// SPDX-License-Identifier: LGPL-2.1-or-later
// Where the other parts of softvpu lie: beside this program in a build tree, or where they are installed. Called by every verb.
#pragma once

#include <string>

#include "base/result.h"

namespace softvpu::cli {

// The library that `run` preloads ($SOFTVPU_PRELOAD decides if set). Errors: ENOENT with the places that were tried.
Result<std::string> preload_library();
// The codec process ($SOFTVPU_FW decides if set). Errors: ENOENT with the places that were tried.
Result<std::string> firmware_program();

}  // namespace softvpu::cli

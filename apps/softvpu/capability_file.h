// SPDX-License-Identifier: LGPL-2.1-or-later
// Asking the firmware once for all programs of a run. Called by verb_run.cc.
#pragma once

#include <string>

namespace softvpu::cli {

// Writes the firmware's capabilities into `directory` and returns the file's path; programs then enumerate formats without
// starting a codec process. Empty when the firmware doesn't answer: then each program asks for itself, and says why it fails.
std::string write_capability_file(const std::string& directory);

}  // namespace softvpu::cli

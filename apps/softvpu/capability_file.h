// SPDX-License-Identifier: LGPL-2.1-or-later
// Asking the firmware once for all programs of a run, and the worker that answers, which is kept for them. Called by verb_run.cc.
#pragma once

#include <memory>
#include <string>

#include "vpu/spare_workers.h"

namespace softvpu::cli {

// A worker of `firmware` that is ready, and the place where programs get it: `directory`/workers. Null, with a
// log line, where that can't be had: then programs start their workers themselves.
std::unique_ptr<vpu::SpareWorkers> keep_worker(const std::string& firmware, const std::string& directory);
std::string workers_path(const std::string& directory);

// Writes the firmware's capabilities into `directory` and returns the file's path; programs then enumerate formats without
// starting a codec process. `workers` may be null: then a worker is started for the question. Empty when the firmware doesn't
// answer: then each program asks for itself, and says why it fails.
std::string write_capability_file(const std::string& directory, vpu::SpareWorkers* workers);

}  // namespace softvpu::cli

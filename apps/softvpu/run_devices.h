// SPDX-License-Identifier: LGPL-2.1-or-later
// Which devices a run shows, and what they can do: asked from the firmware once for all programs of the run, whose worker is kept
// for them. Called by verb_run.cc and verb_list.cc.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/softvpu/messages.h"
#include "base/result.h"
#include "codec/capabilities.h"
#include "v4l2/node_spec.h"
#include "vpu/spare_workers.h"

namespace softvpu::cli {

struct RunDevices {
  // Nothing when the firmware doesn't answer: then each program asks for itself, and says why it fails.
  std::optional<codec::Capabilities> capabilities;
  std::vector<v4l2::NodeSpec> nodes;
  // Of all that programs can see of the devices: a name for what they remember of them.
  std::string fingerprint() const;
};

// A worker of `firmware` that answers run_devices() and is then kept ready. Null, with a log line, where that can't be had: then
// programs start their workers themselves.
std::unique_ptr<vpu::SpareWorkers> keep_worker(const std::string& firmware);

// Asks the firmware; codec_choice.h decides what is shown. `workers` may be null: then a worker is started for the question.
// Errors: limit_codecs()'s; EIO when there is a list and the firmware doesn't answer.
Result<RunDevices> run_devices(const v4l2::NodeSpec& node, const std::string& codecs, vpu::SpareWorkers* workers = nullptr);

// What to say of an error of run_devices() with that list.
Complaint no_devices(const std::string& codecs, const Error& error);

// Writes the table into `directory` and returns the file's path; programs then enumerate formats without starting a codec
// process. Empty when it can't be written, which is said.
std::string write_capability_file(const codec::Capabilities& capabilities, const std::string& directory);

// Makes the socket in `directory` over which programs get a worker, and returns its path; empty, with a log line, when it can't
// be made. Before the program starts; serve() answers them.
std::string offer_workers(vpu::SpareWorkers& workers, const std::string& directory);

}  // namespace softvpu::cli

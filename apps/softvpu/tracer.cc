// SPDX-License-Identifier: LGPL-2.1-or-later
// The other way round: the tracer starts `softvpu run`. Called by verb_run.cc.
#include "apps/softvpu/tracer.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace softvpu::cli {

std::vector<std::string> turned_round(const RunOptions& options) {
  const std::vector<std::string>& command = options.command;
  if (command.empty() || std::filesystem::path(command.front()).filename() != "v4l2-tracer") return {};
  // Options of the tracer come before its verb; one of them has an argument, a number.
  const auto verb = std::find_if(command.begin() + 1, command.end(), [](const std::string& word) {
    return !word.starts_with('-') && word.find_first_not_of("0123456789") != std::string::npos;
  });
  if (verb == command.end() || *verb != "trace" || verb + 1 == command.end()) return {};
  std::error_code error;
  std::vector<std::string> turned(command.begin(), verb + 1);
  turned.push_back(std::filesystem::read_symlink("/proc/self/exe", error));
  turned.insert(turned.end(), {"run", "--device", std::to_string(options.node.minor), "--threads",
                               std::to_string(options.node.codec_threads), "--debug", std::to_string(options.debug)});
  if (!options.node.multiplanar) turned.emplace_back("--single-planar");
  turned.emplace_back("--");
  turned.insert(turned.end(), verb + 1, command.end());
  return turned;
}

}  // namespace softvpu::cli

// SPDX-License-Identifier: LGPL-2.1-or-later
// Variables and limits for the user's program. Called by verb_run.cc.
#include "apps/softvpu/run_environment.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <system_error>

namespace softvpu::cli {
namespace {

constexpr rlim_t kWantedFiles = 4096;

std::map<std::string, std::string> current_environment() {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

}  // namespace

std::string gst_registry_for(const NodeOptions& node) {
  namespace fs = std::filesystem;
  std::string base;
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && cache[0] == '/') {
    base = cache;
  } else if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/') {
    base = std::string(home) + "/.cache";
  } else {
    return {};
  }
  std::error_code error;
  fs::create_directories(base + "/softvpu", error);
  if (::access((base + "/softvpu").c_str(), W_OK) < 0) return {};
  return fmt::format("{}/softvpu/gst-registry-{}-video{}-{}.bin", base, SOFTVPU_VERSION, node.minor,
                     node.multiplanar ? "multi" : "single");
}

std::vector<std::string> run_environment(const RunOptions& options, const RunPlaces& places) {
  std::map<std::string, std::string> all = current_environment();
  std::string& preload = all["LD_PRELOAD"];
  preload = preload.empty() ? places.preload : places.preload + ":" + preload;
  all["SOFTVPU_ROOT"] = places.root;
  all["SOFTVPU_FW"] = places.firmware;
  if (!places.caps.empty()) all["SOFTVPU_CAPS"] = places.caps;
  if (options.debug > 0) all["SOFTVPU_DEBUG"] = std::to_string(options.debug);
  if (!all.contains("GST_REGISTRY") && !all.contains("GST_REGISTRY_1_0")) {
    std::string registry = gst_registry_for(options.node);
    all["GST_REGISTRY"] = registry.empty() ? places.root + "/gst-registry.bin" : registry;
  }
  std::vector<std::string> list;
  for (const auto& [name, value] : all) list.push_back(name + "=" + value);
  return list;
}

void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= kWantedFiles) return;
  limit.rlim_cur = std::min(limit.rlim_max, kWantedFiles);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace softvpu::cli

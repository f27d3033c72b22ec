// SPDX-License-Identifier: LGPL-2.1-or-later
// Variables and limits for the user's program. Called by verb_run.cc.
#include "apps/softvpu/run_environment.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>

#include "apps/softvpu/program_check.h"
#include "apps/softvpu/trusted_directory.h"

namespace softvpu::cli {
namespace {

constexpr rlim_t kWantedFiles = 4096;
constexpr const char* kTracerLibrary = "libv4l2tracer.so";

std::map<std::string, std::string> current_environment() {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

// Ours before what is there: it handles devices that libraries after it don't know. A tracer of
// ioctls has to come before it.
std::string preload_order(const std::string& ours, const std::string& others) {
  std::string before;
  std::string after;
  for (size_t at = 0; at < others.size();) {
    const size_t end = std::min(others.find_first_of(": ", at), others.size());
    const std::string library = others.substr(at, end - at);
    at = end + 1;
    if (library.ends_with(std::string("/") + kTracerLibrary)) {
      before += library + ":";
    } else if (!library.empty()) {
      after += ":" + library;
    }
  }
  return before + ours + after;
}

}  // namespace

std::string gst_registry_for(const std::string& devices) {
  namespace fs = std::filesystem;
  std::string base;
  std::string anchor;  // what must be there, and the user's own, before anything is made below it
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && cache[0] == '/') {
    base = cache;
    anchor = fs::path(base).parent_path();
  } else if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/') {
    base = std::string(home) + "/.cache";
    anchor = home;
  }
  if (base.empty() || !trusted_directory(anchor)) return {};
  std::error_code error;
  const mode_t before = ::umask(S_IWGRP | S_IWOTH);
  fs::create_directories(base + "/softvpu", error);
  ::umask(before);
  // A registry names plugins to be loaded: after `sudo -E` the cache directory may be another user's.
  const std::optional<std::string> cache = trusted_directory(base + "/softvpu");
  if (!cache || ::access(cache->c_str(), W_OK) < 0) return {};
  return fmt::format("{}/gst-registry-{}.bin", *cache, devices);
}

std::vector<std::string> run_environment(const RunOptions& options, const RunPlaces& places) {
  std::map<std::string, std::string> all = current_environment();
  std::string& preload = all["LD_PRELOAD"];
  preload = preload_order(places.preload, preload);
  all["SOFTVPU_ROOT"] = places.root;
  all["SOFTVPU_FW"] = places.firmware;
  if (!places.caps.empty()) all["SOFTVPU_CAPS"] = places.caps;
  all.erase("SOFTVPU_WORKERS");  // of a run around this one
  if (!places.workers.empty()) all["SOFTVPU_WORKERS"] = places.workers;
  if (options.debug > 0) all["SOFTVPU_DEBUG"] = std::to_string(options.debug);
  if (wants_to_be_first(options.command)) {
    std::string& sanitizer = all["ASAN_OPTIONS"];
    sanitizer += (sanitizer.empty() ? "" : ":") + std::string("verify_asan_link_order=0");
  }
  if (!all.contains("GST_REGISTRY") && !all.contains("GST_REGISTRY_1_0")) {
    std::string registry = gst_registry_for(places.devices);
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

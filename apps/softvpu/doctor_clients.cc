// SPDX-License-Identifier: LGPL-2.1-or-later
// `softvpu doctor`: the programs that people want to run. Called by verb_doctor.cc.
#include <fmt/format.h>

#include <cstdlib>

#include "apps/softvpu/capture_output.h"
#include "apps/softvpu/doctor_checks.h"
#include "apps/softvpu/installation.h"
#include "apps/softvpu/program_check.h"

namespace softvpu::cli {
namespace {

using std::chrono::seconds;

Check good(std::string name, std::string found) { return {std::move(name), Verdict::kOk, std::move(found), {}, {}}; }

std::string preload_path() { return preload_library().value_or(std::string()); }

// Nothing when the client isn't installed: nobody misses what he doesn't use.
bool installed(const char* name, Program& program) { return !find_program(name, program); }

void check_ffmpeg(std::vector<Check>& checks) {
  Program program;
  if (!installed("ffmpeg", program)) return;
  if (const auto complaint = check_preloadable(program, preload_path())) {
    checks.push_back({"ffmpeg", Verdict::kWarn, complaint->happened, "ffmpeg doesn't find the device", complaint->try_this});
    return;
  }
  const Output decoders = capture_output({program.path, "-hide_banner", "-decoders"}, seconds(20));
  if (decoders.text.find("h264_v4l2m2m") != std::string::npos) {
    checks.push_back(good("ffmpeg", fmt::format("{} has the v4l2m2m decoders", program.path)));
  } else {
    checks.push_back({"ffmpeg", Verdict::kWarn, fmt::format("{} was built without v4l2m2m", program.path),
                      "-c:v h264_v4l2m2m is unknown to it", "the distribution's ffmpeg, or a build with --enable-v4l2-m2m"});
  }
}

void check_gstreamer(std::vector<Check>& checks) {
  Program program;
  if (!installed("gst-inspect-1.0", program)) return;
  const Output plugin = capture_output({program.path, "video4linux2"}, seconds(60));
  if (plugin.status == 0) {
    checks.push_back(good("GStreamer", "has the video4linux2 plugin"));
  } else {
    checks.push_back({"GStreamer", Verdict::kWarn, "no video4linux2 plugin", "there is no v4l2h264dec",
                      "apt-get install gstreamer1.0-plugins-good"});
  }
  for (const char* variable : {"GST_REGISTRY", "GST_REGISTRY_1_0"}) {
    if (const char* registry = std::getenv(variable)) {
      checks.push_back({"GStreamer registry", Verdict::kWarn, fmt::format("{}={}", variable, registry),
                        "a registry written without the device (or with another kind of node) hides v4l2h264dec",
                        fmt::format("unset {}: `softvpu run` then uses a registry of its own for each configuration", variable)});
    }
  }
}

void check_sanitizers(std::vector<Check>& checks) {
  const char* preload = std::getenv("LD_PRELOAD");
  if (preload == nullptr || preload[0] == '\0') return;
  checks.push_back({"LD_PRELOAD", Verdict::kWarn, preload,
                    "other preloaded libraries see their calls after softvpu; a sanitizer wants to be first",
                    "unset LD_PRELOAD, or for ASan programs ASAN_OPTIONS=verify_asan_link_order=0"});
}

}  // namespace

std::vector<Check> check_clients() {
  std::vector<Check> checks;
  check_ffmpeg(checks);
  check_gstreamer(checks);
  check_sanitizers(checks);
  return checks;
}

std::vector<Check> check_program(const std::vector<std::string>& command) {
  const std::string& name = command.front();
  Program program;
  auto complaint = find_program(name, program);
  if (!complaint) complaint = check_preloadable(program, preload_path());
  if (complaint)
    return {{name, Verdict::kFail, complaint->happened, "it can't use the device through `softvpu run`", complaint->try_this}};
  std::vector<Check> checks;
  for (const std::string& remark : remarks(command, preload_path())) {
    const size_t advice = remark.rfind("; try ");
    checks.push_back({name, Verdict::kWarn, remark.substr(0, advice), "`softvpu run` starts it all the same, and prints this",
                      advice == std::string::npos ? "nothing: it is taken care of" : remark.substr(advice + 6)});
  }
  if (checks.empty())
    checks.push_back(
        good(name, fmt::format("{} is dynamically linked and not privileged: it will find the device", program.path)));
  return checks;
}

}  // namespace softvpu::cli

// SPDX-License-Identifier: LGPL-2.1-or-later
// softvpu: the command line. Parses it and calls a verb (verb_*.cc).
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "apps/softvpu/doctor_probe.h"
#include "apps/softvpu/messages.h"
#include "apps/softvpu/verbs.h"

namespace softvpu::cli {
namespace {

constexpr const char* kOverview = R"(softvpu: a software video codec device for programs that speak V4L2

  softvpu run -- ffmpeg -c:v h264_v4l2m2m -i clip.mp4 -f rawvideo out.yuv
        runs a program that finds the device in its /dev
  softvpu list
        shows the device, its formats, sizes and controls
  softvpu doctor
        says what on this machine would stop it, and how to fix it

Options and defaults: softvpu VERB --help. Version: softvpu --version.
)";

void add_node_options(CLI::App& verb, v4l2::NodeSpec& node, bool& single, std::string& codecs) {
  verb.add_option("--device", node.minor, "the decoder's number: N of /dev/videoN; other nodes have the numbers behind it")
      ->check(CLI::Range(0, 223))
      ->capture_default_str();
  verb.add_flag("--single-planar", single, "make it a single-planar node (default: multi-planar)");
  verb.add_option("--codecs", codecs, "only these codecs, for example h264,vp8 (default: all that the firmware has)");
}

int run_verb(const CLI::App& app, const RunOptions& run, const ListOptions& list, const DoctorOptions& doctor) {
  if (app.got_subcommand("run")) return verb_run(run);
  if (app.got_subcommand("list")) return verb_list(list);
  if (app.got_subcommand("doctor")) return doctor.probe ? doctor_probe() : verb_doctor(doctor);
  fmt::print("{}", kOverview);
  return kExitOk;
}

int main_with(std::vector<std::string> arguments) {
  // What follows "--" is the user's, word by word.
  const auto separator = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> command(separator == arguments.end() ? separator : separator + 1, arguments.end());
  arguments.erase(separator, arguments.end());

  CLI::App app{"a software video codec device for programs that speak V4L2", "softvpu"};
  app.set_version_flag("--version", std::string("softvpu ") + SOFTVPU_VERSION);
  app.require_subcommand(0, 1);

  RunOptions run;
  ListOptions list;
  DoctorOptions doctor;
  bool single = false;

  CLI::App* run_app = app.add_subcommand(
      "run", "run a program that finds the device in its /dev: softvpu run [OPTIONS] -- PROGRAM [ARGUMENT...]");
  add_node_options(*run_app, run.node, single, run.codecs);
  run_app->add_option("--threads", run.node.codec_threads, "codec threads of a session; 0: as many as the firmware finds useful")
      ->check(CLI::Range(0, 64))
      ->capture_default_str();
  run_app
      ->add_option("--debug", run.debug,
                   "print to stderr: 1 errors, 2 sessions and failing ioctls, 3 every ioctl, 4 every message")
      ->check(CLI::Range(0, 4))
      ->capture_default_str();
  run_app->prefix_command();
  run_app->footer(R"(The program's exit status is softvpu's; if a signal ends it, the same signal ends softvpu.
125: softvpu itself failed; 126: the program can't be run here; 127: no such program.

Environment read: SOFTVPU_PRELOAD, SOFTVPU_FW (other builds of the parts), SOFTVPU_DEBUG (as --debug), SOFTVPU_WATCHDOG_MS (how
long a silent codec process is waited for; default 10000), XDG_RUNTIME_DIR, TMPDIR.
Environment set for the program: LD_PRELOAD, SOFTVPU_ROOT, SOFTVPU_FW, SOFTVPU_CAPS,
SOFTVPU_WORKERS (where a codec process is kept ready), and GST_REGISTRY if you have none: GStreamer
remembers in its registry which elements a device made, so every configuration gets a registry of its own in ~/.cache/softvpu.)");

  CLI::App* list_app = app.add_subcommand("list", "show the device, its formats, sizes and controls");
  add_node_options(*list_app, list.node, single, list.codecs);
  list_app->add_flag("--json", list.json, "for programs");

  CLI::App* doctor_app = app.add_subcommand(
      "doctor", "say what on this machine would stop it, and how to fix it: softvpu doctor [OPTIONS] [-- PROGRAM]");
  doctor_app->add_flag("--json", doctor.json, "for programs");
  doctor_app->add_flag("--probe", doctor.probe)->group("");  // hidden: what it runs under `softvpu run`
  doctor_app->footer("Exit status 0: usable (warnings may be printed); 1: not usable.");
  doctor_app->prefix_command();

  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them last first
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return complain({kExitUsage, error.what(), "softvpu VERB [OPTIONS]; the verbs are run, list and doctor",
                     "softvpu --help, softvpu VERB --help"});
  }
  run.node.multiplanar = !single;
  list.node.multiplanar = !single;
  run.command = run_app->remaining();
  doctor.command = doctor_app->remaining();
  run.command.insert(run.command.end(), command.begin(), command.end());
  doctor.command.insert(doctor.command.end(), command.begin(), command.end());
  return run_verb(app, run, list, doctor);
}

}  // namespace
}  // namespace softvpu::cli

int main(int argc, char** argv) {
  try {
    return softvpu::cli::main_with({argv + 1, argv + argc});
  } catch (const std::exception& error) {  // of the libraries: nothing of ours throws
    std::fprintf(stderr, "softvpu: stopped by an error that it didn't expect: %s\n", error.what());
    return 70;  // sysexits.h: EX_SOFTWARE
  }
}

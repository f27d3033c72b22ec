// SPDX-License-Identifier: LGPL-2.1-or-later
// `softvpu run -- CMD…`: runs a program that finds the devices in its /dev. Called by main.cc.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "apps/softvpu/installation.h"
#include "apps/softvpu/messages.h"
#include "apps/softvpu/program_check.h"
#include "apps/softvpu/run_devices.h"
#include "apps/softvpu/run_environment.h"
#include "apps/softvpu/supervise.h"
#include "apps/softvpu/tracer.h"
#include "apps/softvpu/verbs.h"

namespace softvpu::cli {
namespace {

std::optional<Complaint> find_parts(RunPlaces& places) {
  const Result<std::string> preload = preload_library();
  if (!preload) {
    return Complaint{kExitOwnFault, "libsoftvpu-preload.so: " + preload.error().reason,
                     "a complete build or installation of softvpu",
                     "building the target softvpu-preload, or SOFTVPU_PRELOAD=path"};
  }
  const Result<std::string> firmware = firmware_program();
  if (!firmware) {
    return Complaint{kExitOwnFault, "softvpu-fw: " + firmware.error().reason, "a complete build or installation of softvpu",
                     "building the target softvpu-fw, or SOFTVPU_FW=path"};
  }
  places.preload = *preload;
  places.firmware = *firmware;
  // The dynamic linker splits LD_PRELOAD at blanks and colons.
  if (places.preload.find_first_of(" :") != std::string::npos) {
    return Complaint{kExitOwnFault, fmt::format("LD_PRELOAD can't name {}", places.preload), "a path without blanks and colons",
                     "installing softvpu elsewhere, or a symbolic link and SOFTVPU_PRELOAD"};
  }
  return std::nullopt;
}

}  // namespace

int verb_run(const RunOptions& options) {
  if (options.command.empty()) {
    return complain({kExitUsage, "run: no program given", "softvpu run [OPTIONS] -- PROGRAM [ARGUMENT…]",
                     "softvpu run -- v4l2-ctl -d /dev/video10 --all"});
  }
  Program program;
  if (const auto complaint = find_program(options.command.front(), program)) return complain(*complaint);
  RunPlaces places;
  const auto missing_part = find_parts(places);
  if (const auto complaint = check_preloadable(program, places.preload)) return complain(*complaint);
  if (missing_part) return complain(*missing_part);
  if (const std::vector<std::string> turned = turned_round(options); !turned.empty()) {
    std::vector<char*> words;
    for (const std::string& word : turned) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::execv(program.path.c_str(), words.data());
    return complain({kExitNotExecutable, fmt::format("{}: {}", program.path, std::strerror(errno)), {}, {}});
  }
  for (const std::string& remark : remarks(options.command, places.preload)) fmt::print(stderr, "softvpu: {}\n", remark);

  raise_file_limit();  // for the worker, too
  become_reaper();
  std::unique_ptr<vpu::SpareWorkers> workers = keep_worker(places.firmware);
  const Result<RunDevices> devices = run_devices(options.node, options.codecs, workers.get());
  if (!devices) return complain(no_devices(options.codecs, devices.error()));
  RuntimeTree::sweep_stale();
  Result<RuntimeTree> tree = RuntimeTree::create(devices->nodes);
  if (!tree) {
    return complain({kExitOwnFault,
                     fmt::format("no runtime directory: {}: {}", tree.error().reason, std::strerror(tree.error().code)),
                     "$XDG_RUNTIME_DIR, $TMPDIR or /tmp with some free space, which belongs to you or is root's and sticky",
                     "TMPDIR=directory softvpu run …"});
  }
  places.root = tree->root();
  places.devices = devices->fingerprint();
  if (devices->capabilities) places.caps = write_capability_file(*devices->capabilities, tree->root());
  if (workers) places.workers = offer_workers(*workers, tree->root());
  if (places.workers.empty()) workers.reset();

  Moments moments;
  if (workers) moments = {[&] { (void)workers->serve(); }, [&] { workers->end(); }};
  const Ending ending = supervise(program.path, options.command, run_environment(options, places), tree->lock_fd(), moments);
  tree->release(ending.alone);
  if (ending.status < 0) {
    return complain({ending.error == ENOENT ? kExitNotFound : kExitNotExecutable,
                     fmt::format("{}: {}", program.path, std::strerror(ending.error)), "a program that this machine can execute",
                     "file " + program.path});
  }
  end_like(ending);
}

}  // namespace softvpu::cli

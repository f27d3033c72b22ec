// SPDX-License-Identifier: LGPL-2.1-or-later
// The environment of a program under `softvpu run`. Called by verb_run.cc.
#pragma once

#include <string>
#include <vector>

#include "apps/softvpu/verbs.h"

namespace softvpu::cli {

struct RunPlaces {
  std::string preload;   // library
  std::string firmware;  // codec process
  std::string root;      // runtime tree
  std::string caps;      // file with the firmware's capabilities, may be empty
  std::string devices;   // RunDevices::fingerprint()
  std::string workers;   // SpareWorkers' socket; empty: there is none
};

// Ours, changed: LD_PRELOAD (before what is there, but after v4l2-tracer's), SOFTVPU_ROOT,
// SOFTVPU_FW, SOFTVPU_CAPS, SOFTVPU_WORKERS, SOFTVPU_DEBUG, and GST_REGISTRY if the user has none:
// GStreamer remembers in its registry which elements a device made, so every configuration needs
// one of its own.
std::vector<std::string> run_environment(const RunOptions& options, const RunPlaces& places);

// GST_REGISTRY's value: a file in the user's cache directory named after the devices' fingerprint; empty when there is no such
// directory that only this user can change.
std::string gst_registry_for(const std::string& devices);

// Raises the soft limit of open files: the library keeps its own descriptors at 1000 and above, and the usual limit is 1024.
void raise_file_limit();

}  // namespace softvpu::cli

// SPDX-License-Identifier: LGPL-2.1-or-later
// The verbs of the command line, one file each (verb_*.cc). Called by main.cc; each returns the exit status.
#pragma once

#include <string>
#include <vector>

#include "apps/softvpu/runtime_tree.h"

namespace softvpu::cli {

struct RunOptions {
  v4l2::NodeSpec node;
  std::string codecs;  // names with commas between; empty: all
  int debug = 0;       // SOFTVPU_DEBUG of the program; 0 leaves it as it is
  std::vector<std::string> command;
};
int verb_run(const RunOptions& options);

struct ListOptions {
  v4l2::NodeSpec node;
  std::string codecs;  // as RunOptions has them
  bool json = false;
};
int verb_list(const ListOptions& options);

struct DoctorOptions {
  bool json = false;
  bool probe = false;
  std::vector<std::string> command;  // a program to be looked at, may be empty
};
int verb_doctor(const DoctorOptions& options);

}  // namespace softvpu::cli

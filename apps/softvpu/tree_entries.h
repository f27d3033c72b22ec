// SPDX-License-Identifier: LGPL-2.1-or-later
// What the kernel and udev would show for a video node, as a list of files. Called by runtime_tree.cc. Pure.
#pragma once

#include <string>
#include <vector>

#include "apps/softvpu/runtime_tree.h"

namespace softvpu::cli {

struct TreeFile {
  char type = 'f';      // as in the index: d, f, l, c
  std::string path;     // as the application sees it
  std::string content;  // text of a file, target of a link, the rest of the index line of a node
};

// Sorted by path; every directory on the way is in it.
std::vector<TreeFile> tree_entries(const std::vector<v4l2::NodeSpec>& nodes);

}  // namespace softvpu::cli

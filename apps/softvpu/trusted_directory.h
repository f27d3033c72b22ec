// SPDX-License-Identifier: LGPL-2.1-or-later
// Which directories of the environment may hold files that this user's programs then trust: nobody
// else may be able to rename or replace what is there. Called by runtime_tree.cc and
// run_environment.cc.
#pragma once

#include <optional>
#include <string>

namespace softvpu::cli {

// The path of `directory` without symbolic links if only the effective user can write to it, or if it is root's and sticky (as
// /tmp is), and nobody but that user and root can replace a directory on the way to it. Otherwise nothing.
std::optional<std::string> trusted_directory(const std::string& directory);

}  // namespace softvpu::cli

// SPDX-License-Identifier: LGPL-2.1-or-later
// What every symbols_*.cc file needs: how a libc function is exported, and what is passed on in one line.
// The symbols_*.cc files are thin: they find out whether the arguments are ours and call the file that knows.
#pragma once

#include <cerrno>

#include "front/preload/fd_table.h"
#include "front/preload/next_symbol.h"
#include "front/preload/on_path.h"
#include "front/preload/open_file.h"

// For the exported functions, which are in no namespace.
namespace raw = softvpu::raw;

#define SOFTVPU_EXPORT extern "C" __attribute__((visibility("default")))

namespace softvpu::preload {

// For functions that have no bare system call behind them and can't be looked up at this moment (see next_symbol.h).
template <typename T>
T unavailable(T failure) {
  errno = EAGAIN;
  return failure;
}

}  // namespace softvpu::preload

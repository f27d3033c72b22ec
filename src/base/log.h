// SPDX-License-Identifier: LGPL-2.1-or-later
// Diagnostics to stderr, silent unless SOFTVPU_DEBUG is set (1 errors, 2 sessions and ioctl failures, 3 every ioctl, 4 every
// message), because the library lives in other people's processes. Any thread.
#pragma once

namespace softvpu {

enum class LogLevel : int { kError = 1, kInfo = 2, kTrace = 3, kMessage = 4 };

// True when `level` is printed; the environment is read once, on first use.
bool log_enabled(LogLevel level);

// Prints one line "[seconds of CLOCK_MONOTONIC] softvpu[pid]: …" by a single write(2). printf-style, with %s %.Ns %.*s %d %u %x
// %c, zeros up to a width, and l, ll, z; lines past 1 KiB are cut. Keeps errno, needs little stack. Async-signal-safe.
void log_line(LogLevel level, const char* format, ...) __attribute__((format(printf, 2, 3)));

}  // namespace softvpu

// SPDX-License-Identifier: LGPL-2.1-or-later
// Running the user's program under a parent that stays: signals pass through, orphans are reaped, the end is the program's own.
// Called by verb_run.cc. The calling thread only.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace softvpu::cli {

// How the program ended: waitpid()'s status, or -1 when it couldn't be started (then `error` is the errno of execve or fork).
struct Ending {
  int status = -1;
  int error = 0;
  bool alone = true;  // no descendant of the program is left, as far as this process, their subreaper, knows
};

// What else belongs to a run. Called on the caller's thread.
struct Moments {
  std::function<void()> started;  // the program is a process of its own: threads may be started here
  std::function<void()> ended;    // it has ended, or couldn't be started
};

// From now on codec processes, which are nobody's children, are ours when whoever started them is done. Before the first of them
// is started; supervise() reaps them.
void become_reaper();

// Starts `path` with `arguments` in `environment`, which inherits the descriptor `inherited`, and waits for its end.
//  - It stays in our process group: what a terminal sends (Ctrl-C, Ctrl-Z) reaches it directly, and we stop and go on with it.
//  - Signals sent to us alone (kill, a supervisor's SIGTERM) are passed on.
//  - Codec processes whose client died are reaped here: see become_reaper().
Ending supervise(const std::string& path, const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
                 int inherited, const Moments& moments = {});

// Ends this process as `ending` says: the same exit status, or the same signal. Call when everything is cleaned up.
[[noreturn]] void end_like(const Ending& ending);

}  // namespace softvpu::cli

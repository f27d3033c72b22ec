// SPDX-License-Identifier: LGPL-2.1-or-later
// Whose state this is: fork() copies it, vfork() shares it, exec() ends it. Called by fd_table.cc and open_file.cc.
#pragma once

namespace softvpu::preload::process {

// Called before the first device is opened; arranges for fork() to be noticed. Idempotent, any thread.
void prepare();

// False in a child made by a route that runs no fork handlers (_Fork(), a bare clone()): nothing in memory can be trusted there.
// One load.
bool owns_state();
// Makes such a child forget what its parent had open; those descriptors return ENOTTY there, with a
// line under SOFTVPU_DEBUG.
void abandon_state();

// False in a child that shares our memory but has descriptors of its own (vfork(), posix_spawn()). One system call.
bool is_owner();

}  // namespace softvpu::preload::process

// SPDX-License-Identifier: LGPL-2.1-or-later
// Mappings of device buffers that the application holds. Called by symbols_memory.cc.
// munmap() of anything else costs one load. Nothing here allocates by malloc: allocators call munmap(). Any thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace softvpu::preload {

class OpenFile;

namespace mappings {

// mmap(2) of a device: the address, or -errno as a pointer-sized value (see raw::call()).
long map(OpenFile& file, void* hint, size_t length, int prot, int flags, uint64_t offset);

// The range is unmapped (or mapped over) by the application; call after the system call succeeded.
void unmapped(const void* start, size_t length);
// mremap(2) moved or resized a mapping.
void moved(const void* from, size_t old_length, const void* to, size_t new_length);
// True when a tracked mapping may overlap the range.
bool concerns(const void* start, size_t length);

// The list's lock is held across fork(2).
void lock_for_fork();
void unlock_after_fork();
// In a child without fork handlers: the thread that has the lock may not exist here.
void abandon();

}  // namespace mappings
}  // namespace softvpu::preload

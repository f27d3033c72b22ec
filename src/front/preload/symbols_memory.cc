// SPDX-License-Identifier: LGPL-2.1-or-later
// mmap(2), munmap(2), mremap(2). Called by the application and by its allocators, so nothing here may allocate.
#include <sys/mman.h>

#include <cstdarg>

#include "front/preload/mappings.h"
#include "front/preload/symbols.h"

namespace softvpu::preload {
namespace {

using MmapFn = void*(void*, size_t, int, int, int, off_t);
Next<MmapFn> next_mmap("mmap");
Next<MmapFn> next_mmap64("mmap64");
Next<int(void*, size_t)> next_munmap("munmap");
Next<void*(void*, size_t, size_t, int, ...)> next_mremap("mremap");

void* as_address(long raw) {
  return raw < 0 && raw >= -4095 ? (errno = static_cast<int>(-raw), MAP_FAILED) : reinterpret_cast<void*>(raw);
}

void* mmap_any(Next<MmapFn>& next, void* hint, size_t length, int prot, int flags, int fd, off_t offset) {
  if (fd >= 0 && (flags & MAP_ANONYMOUS) == 0 && fd_table::is_ours(fd)) {
    const NoCancel guard;
    if (const FileRef file = fd_table::find(fd)) {
      return as_address(mappings::map(*file.get(), hint, length, prot, flags, static_cast<uint64_t>(offset)));
    }
  }
  MmapFn* call = next.get();
  void* at = call != nullptr
                 ? call(hint, length, prot, flags, fd, offset)
                 : as_address(raw::call(SYS_mmap, raw::address(hint), static_cast<long>(length), prot, flags, fd, offset));
  if (at != MAP_FAILED && (flags & MAP_FIXED) != 0 && mappings::concerns(at, length)) {
    const NoCancel guard;
    mappings::unmapped(at, length);
  }
  return at;
}

}  // namespace
}  // namespace softvpu::preload

using namespace softvpu::preload;

SOFTVPU_EXPORT void* mmap(void* hint, size_t length, int prot, int flags, int fd, off_t offset) {
  return mmap_any(next_mmap, hint, length, prot, flags, fd, offset);
}
SOFTVPU_EXPORT void* mmap64(void* hint, size_t length, int prot, int flags, int fd, off64_t offset) {
  return mmap_any(next_mmap64, hint, length, prot, flags, fd, offset);
}

SOFTVPU_EXPORT int munmap(void* start, size_t length) {
  const bool ours = mappings::concerns(start, length);
  auto* call = next_munmap.get();
  const int answer =
      call != nullptr ? call(start, length) : libc_int(raw::call(SYS_munmap, raw::address(start), static_cast<long>(length)));
  if (ours && answer == 0) {
    const NoCancel guard;
    mappings::unmapped(start, length);
  }
  return answer;
}

SOFTVPU_EXPORT void* mremap(void* start, size_t old_length, size_t new_length, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  void* where = (flags & MREMAP_FIXED) != 0 ? va_arg(arguments, void*) : nullptr;
  va_end(arguments);
  const bool ours = mappings::concerns(start, old_length);
  auto* call = next_mremap.get();
  void* at = call != nullptr ? call(start, old_length, new_length, flags, where)
                             : as_address(raw::call(SYS_mremap, raw::address(start), static_cast<long>(old_length),
                                                    static_cast<long>(new_length), flags, raw::address(where)));
  if (ours && at != MAP_FAILED) {
    const NoCancel guard;
    mappings::moved(start, old_length, at, new_length);
  }
  return at;
}

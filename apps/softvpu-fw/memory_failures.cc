// SPDX-License-Identifier: GPL-2.0-or-later
// The two calls by which libavutil takes memory, in front of libc's: where there is none, the worker ends and says so. libavcodec
// doesn't pass every such error on; a parser drops what it holds of the stream, and pictures come out wrong or not at all.
// Linked into softvpu-fw only.
#include <dlfcn.h>
#include <stdlib.h>

#include <cerrno>

#include "firmware/last_words.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they have their own

namespace {

[[noreturn]] void out_of_memory() {
  softvpu::firmware::set_activity("taking memory that there isn't: out of memory");
  abort();
}

using Realloc = void*(void*, size_t);

Realloc* next_realloc() {
  static Realloc* const next = reinterpret_cast<Realloc*>(dlsym(RTLD_NEXT, "realloc"));
  return next;
}

}  // namespace

#define IN_FRONT extern "C" __attribute__((visibility("default")))

IN_FRONT int posix_memalign(void** out, size_t alignment, size_t size) noexcept {
  if (alignment < sizeof(void*) || (alignment & (alignment - 1)) != 0) return EINVAL;
  void* memory = aligned_alloc(alignment, size);
  if (memory == nullptr && size != 0) out_of_memory();
  *out = memory;
  return 0;
}

IN_FRONT void* realloc(void* old, size_t size) noexcept {
  void* memory = next_realloc()(old, size);
  if (memory == nullptr && size != 0) out_of_memory();
  return memory;
}

#endif

// SPDX-License-Identifier: LGPL-2.1-or-later
// Looking at pages by futex(2), which every program's seccomp filter allows: see readable.h.
#include "front/preload/readable.h"

#include <climits>
#include <cstdint>
#include <cstring>

#include "base/raw_syscall.h"

namespace softvpu::preload {
namespace {

constexpr uintptr_t kPage = 4096;  // or a part of one

// The kernel compares a word of the page with a number, and sleeps for no time at all if they are equal.
bool is_page_readable(uintptr_t at) {
  constexpr uint32_t kNoText = 0xffffffff;
  const timespec none{};
  return raw::futex_wait(reinterpret_cast<const void*>(at & ~uintptr_t{3}), kNoText, &none) != -EFAULT;
}

}  // namespace

bool can_read(const void* at, size_t size) {
  const auto first = reinterpret_cast<uintptr_t>(at);
  if (size == 0) return true;
  if (first < kPage || first + size - 1 < first) return false;
  for (uintptr_t page = first & ~(kPage - 1); page <= first + size - 1; page += kPage) {
    if (!is_page_readable(page < first ? first : page)) return false;
  }
  return true;
}

long path_length(const char* path) {
  const auto first = reinterpret_cast<uintptr_t>(path);
  if (first < kPage) return -1;
  for (size_t length = 0; length < PATH_MAX;) {
    if (!is_page_readable(first + length)) return -1;
    const size_t in_page = kPage - (first + length) % kPage;
    const size_t part = in_page < PATH_MAX - length ? in_page : PATH_MAX - length;
    if (const void* end = std::memchr(path + length, 0, part)) return static_cast<const char*>(end) - path;
    length += part;
  }
  return -1;
}

}  // namespace softvpu::preload

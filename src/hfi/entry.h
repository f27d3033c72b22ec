// SPDX-License-Identifier: LGPL-2.1-or-later
// One ring entry as private memory: what was copied out of a slot, or what will be copied into one.
// Passed between ring.h (which moves it) and messages.h (which gives it a meaning).
#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#include <softvpu/hfi.h>

namespace softvpu::hfi {

struct Entry {
  alignas(8) std::byte bytes[SVPU_SLOT_SIZE] = {};

  // Views the bytes as the wire struct T, by copy: never a pointer into an entry.
  template <typename T>
  T as() const {
    static_assert(sizeof(T) <= SVPU_SLOT_SIZE);
    T value;
    std::memcpy(&value, bytes, sizeof(T));
    return value;
  }
  template <typename T>
  void set(const T& value) {
    static_assert(sizeof(T) <= SVPU_SLOT_SIZE);
    std::memcpy(bytes, &value, sizeof(T));
  }
  svpu_entry header() const { return as<svpu_entry>(); }
  void set_header(const svpu_entry& header) { set(header); }
};

}  // namespace softvpu::hfi

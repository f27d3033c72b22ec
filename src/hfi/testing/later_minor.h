// SPDX-License-Identifier: LGPL-2.1-or-later
// For tests: what a peer of a later minor version of the HFI sends. docs/hfi.md, Versions.
#pragma once

#include <algorithm>
#include <cstring>

#include "hfi/entry.h"

namespace softvpu::hfi::testing {

// `entry` with fields after those that its type has here, none of them 0.
inline Entry with_appended_fields(Entry entry) {
  svpu_entry header = entry.header();
  const uint16_t size = static_cast<uint16_t>(std::min<size_t>(header.size + 24u, SVPU_SLOT_SIZE));
  std::memset(entry.bytes + header.size, 0xa5, size - header.size);
  header.size = size;
  entry.set_header(header);
  return entry;
}

// An entry of a type that there isn't yet.
inline Entry of_a_later_type() {
  Entry entry;
  svpu_entry header{};
  header.type = 1000;
  header.size = sizeof(header);
  header.cookie = 5;
  entry.set_header(header);
  return with_appended_fields(entry);
}

}  // namespace softvpu::hfi::testing

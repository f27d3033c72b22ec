// SPDX-License-Identifier: LGPL-2.1-or-later
// What an executable's headers say about how it will be loaded. Called by program_check.cc. Nothing in the file is believed: each
// offset, count and string is bounded before it is used (elf(5)).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace softvpu::cli {

enum class Sanitizer { kNone, kAddress, kThread, kMemory };

struct ElfFacts {
  bool native = false;      // 64-bit and of this machine's own architecture; nothing below is known otherwise
  std::string interpreter;  // the dynamic linker (PT_INTERP); empty: none is asked for
  bool dynamic = false;     // has a dynamic section
  bool go = false;          // made by the Go toolchain
  Sanitizer sanitizer = Sanitizer::kNone;
};

// Reads `size` bytes at `at` of the file into `to`; false when it doesn't have them.
using ReadAt = std::function<bool(uint64_t at, void* to, size_t size)>;

// Nothing for what isn't an ELF executable.
std::optional<ElfFacts> read_elf(const ReadAt& read);
std::optional<ElfFacts> read_elf(const std::string& path);

}  // namespace softvpu::cli

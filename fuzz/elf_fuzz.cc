// SPDX-License-Identifier: LGPL-2.1-or-later
// The reader of executables' headers, over files that lie: offsets, counts and strings of any value. It ends after a bounded
// amount of reading, and says of a text what a text may be.
// Links: softvpu_base
// Covers: apps/softvpu/elf_facts.cc
// With: apps/softvpu/elf_facts.cc
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "apps/softvpu/elf_facts.h"

namespace {

using namespace softvpu::cli;

// Strings of 8 MiB twice, notes of 64 KiB in 256 segments, and headers: elf_facts.cc.
constexpr uint64_t kMostBytes = 64 << 20;
constexpr uint64_t kMostReads = 16384;

[[noreturn]] void complain(const char* what) {
  std::fprintf(stderr, "elf_fuzz: %s\n", what);
  std::abort();
}

}  // namespace

// The file can be larger than the input: what is read past its end are zeros, up to where a file
// may end. Without that the largest tables could not be reached by a small input.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const uint64_t file_size = size > 0 && (data[size - 1] & 1) != 0 ? uint64_t{1} << 40 : size;
  uint64_t bytes = 0;
  uint64_t reads = 0;
  const auto facts = read_elf([&](uint64_t at, void* to, size_t count) {
    bytes += count;
    if (++reads > kMostReads || bytes > kMostBytes) complain("it reads without an end");
    if (at > file_size || count > file_size - at) return false;
    std::memset(to, 0, count);
    if (at < size) std::memcpy(to, data + at, count < size - at ? count : size - at);
    return true;
  });
  if (!facts) return 0;
  if (!facts->native && (facts->dynamic || facts->go || !facts->interpreter.empty() || facts->sanitizer != Sanitizer::kNone))
    complain("it knows something of a foreign file");
  if (facts->interpreter.size() > 4096 || facts->interpreter.find('\0') != std::string::npos)
    complain("an interpreter that is no path");
  return 0;
}

// SPDX-License-Identifier: LGPL-2.1-or-later
// Program headers, the dynamic section's strings, notes and section names. Called by program_check.cc.
#include "apps/softvpu/elf_facts.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/unique_fd.h"

namespace softvpu::cli {
namespace {

constexpr size_t kMostSegments = 256;
constexpr size_t kMostSections = 4096;
constexpr size_t kMostDynamicEntries = 4096;
constexpr size_t kMostPath = 4096;
constexpr uint64_t kMostStrings = 8 << 20;  // Chromium's dynamic strings are 1 MiB
constexpr uint64_t kMostNotes = 64 << 10;

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
#else
constexpr Elf64_Half kMachine = EM_AARCH64;
#endif

template <typename T>
bool read_one(const ReadAt& read, uint64_t base, uint64_t index, T& out) {
  uint64_t offset = 0;
  return !__builtin_mul_overflow(index, sizeof(T), &offset) && !__builtin_add_overflow(base, offset, &offset) &&
         read(offset, &out, sizeof out);
}

// `size` bytes at `at`, or nothing.
std::string read_text(const ReadAt& read, uint64_t at, uint64_t size, uint64_t most) {
  std::string text;
  if (size == 0 || size > most) return text;
  text.resize(size);
  if (!read(at, text.data(), size)) text.clear();
  return text;
}

struct Segments {
  std::vector<Elf64_Phdr> all;

  const Elf64_Phdr* find(Elf64_Word type) const {
    const auto found = std::find_if(all.begin(), all.end(), [type](const Elf64_Phdr& each) { return each.p_type == type; });
    return found == all.end() ? nullptr : &*found;
  }
  // Where in the file the byte at `address` of the loaded program lies.
  std::optional<uint64_t> offset_of(uint64_t address) const {
    for (const Elf64_Phdr& each : all) {
      if (each.p_type != PT_LOAD || address < each.p_vaddr || address - each.p_vaddr >= each.p_filesz) continue;
      uint64_t offset = 0;
      if (!__builtin_add_overflow(each.p_offset, address - each.p_vaddr, &offset)) return offset;
    }
    return std::nullopt;
  }
};

// The dynamic section's string table: the names of what the program imports and exports.
std::string dynamic_strings(const ReadAt& read, const Segments& segments) {
  const Elf64_Phdr* dynamic = segments.find(PT_DYNAMIC);
  if (dynamic == nullptr) return {};
  uint64_t address = 0;
  uint64_t size = 0;
  for (uint64_t i = 0; i < std::min<uint64_t>(dynamic->p_filesz / sizeof(Elf64_Dyn), kMostDynamicEntries); ++i) {
    Elf64_Dyn entry{};
    if (!read_one(read, dynamic->p_offset, i, entry) || entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_STRTAB) address = entry.d_un.d_ptr;
    if (entry.d_tag == DT_STRSZ) size = entry.d_un.d_val;
  }
  const std::optional<uint64_t> at = segments.offset_of(address);
  return at ? read_text(read, *at, size, kMostStrings) : std::string();
}

// Both gcc's shared run-times and those that clang links into the program bring these names.
Sanitizer sanitizer_of(std::string_view strings) {
  const auto has = [strings](std::string_view name) { return strings.find(name) != std::string_view::npos; };
  using namespace std::string_view_literals;
  if (has("\0__asan_init\0"sv)) return Sanitizer::kAddress;
  if (has("\0__tsan_init\0"sv)) return Sanitizer::kThread;
  if (has("\0__msan_init\0"sv)) return Sanitizer::kMemory;
  return Sanitizer::kNone;
}

// The note that Go's linker writes: its name is "Go", its type 4 (the build's id).
bool has_go_note(const ReadAt& read, const Segments& segments) {
  constexpr Elf64_Word kBuildId = 4;
  for (const Elf64_Phdr& segment : segments.all) {
    if (segment.p_type != PT_NOTE) continue;
    const std::string notes = read_text(read, segment.p_offset, segment.p_filesz, kMostNotes);
    size_t at = 0;
    Elf64_Nhdr note{};
    while (notes.size() >= sizeof note && at <= notes.size() - sizeof note) {
      std::memcpy(&note, notes.data() + at, sizeof note);
      const std::string_view rest = std::string_view(notes).substr(at + sizeof note);
      const auto padded = [](uint64_t bytes) { return (bytes + 3) / 4 * 4; };
      if (note.n_type == kBuildId && note.n_namesz == 4 && rest.starts_with(std::string_view("Go\0\0", 4))) return true;
      const uint64_t step = sizeof note + padded(note.n_namesz) + padded(note.n_descsz);
      if (step > notes.size() - at) break;
      at += step;
    }
  }
  return false;
}

// A build without a build id still has Go's sections.
bool has_go_section(const ReadAt& read, const Elf64_Ehdr& header) {
  Elf64_Shdr names{};
  if (header.e_shentsize != sizeof names || header.e_shnum > kMostSections || header.e_shstrndx >= header.e_shnum) return false;
  if (!read_one(read, header.e_shoff, header.e_shstrndx, names)) return false;
  const std::string text = read_text(read, names.sh_offset, names.sh_size, kMostStrings);
  return text.find(std::string_view("\0.go.buildinfo\0", 15)) != std::string::npos;
}

}  // namespace

std::optional<ElfFacts> read_elf(const ReadAt& read) {
  Elf64_Ehdr header{};
  if (!read(0, header.e_ident, EI_NIDENT) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return std::nullopt;
  ElfFacts facts;
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) return facts;
  if (!read(0, &header, sizeof header) || (header.e_type != ET_EXEC && header.e_type != ET_DYN)) return std::nullopt;
  if (header.e_machine != kMachine) return facts;
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return std::nullopt;
  facts.native = true;
  Segments segments;
  for (uint64_t i = 0; i < std::min<uint64_t>(header.e_phnum, kMostSegments); ++i) {
    Elf64_Phdr segment{};
    if (!read_one(read, header.e_phoff, i, segment)) break;
    segments.all.push_back(segment);
  }
  if (const Elf64_Phdr* interpreter = segments.find(PT_INTERP)) {
    facts.interpreter = read_text(read, interpreter->p_offset, interpreter->p_filesz, kMostPath);
    facts.interpreter.resize(std::min(facts.interpreter.size(), facts.interpreter.find('\0')));
  }
  facts.dynamic = segments.find(PT_DYNAMIC) != nullptr;
  facts.sanitizer = sanitizer_of(dynamic_strings(read, segments));
  facts.go = has_go_note(read, segments) || has_go_section(read, header);
  return facts;
}

std::optional<ElfFacts> read_elf(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return std::nullopt;
  return read_elf([&file](uint64_t at, void* to, size_t size) {
    if (at > INT64_MAX - size) return false;
    auto* next = static_cast<char*>(to);
    while (size > 0) {
      const ssize_t got = ::pread(file.get(), next, size, static_cast<off_t>(at));
      if (got <= 0) return false;
      next += got;
      at += static_cast<size_t>(got);
      size -= static_cast<size_t>(got);
    }
    return true;
  });
}

}  // namespace softvpu::cli

// SPDX-License-Identifier: LGPL-2.1-or-later
// The ELF reader of `softvpu run`: what it finds in programs, and that no header makes it read outside of the file.
#include "apps/softvpu/elf_facts.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace softvpu::cli {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
constexpr Elf64_Half kOtherMachine = EM_AARCH64;
#else
constexpr Elf64_Half kMachine = EM_AARCH64;
constexpr Elf64_Half kOtherMachine = EM_X86_64;
#endif

constexpr uint64_t kLoadedAt = 0x400000;

// A program of headers alone, laid out one after the other.
class Program {
 public:
  Program() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_DYN;
    header.e_machine = kMachine;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
  }
  void add(Elf64_Word type, const std::string& content) {
    segments.push_back({.p_type = type, .p_filesz = content.size()});
    contents.push_back(content);
  }
  void add_strings(const std::string& strings) {
    string_table = strings;
    add(PT_DYNAMIC, std::string(3 * sizeof(Elf64_Dyn), '\0'));
  }
  Elf64_Ehdr header{};
  std::vector<Elf64_Phdr> segments;
  std::vector<std::string> contents;
  std::string string_table;
};

// The bytes of `program`: header, segment headers, a PT_LOAD of everything, contents, the string table last.
std::string bytes_of(Program program) {
  const size_t count = program.segments.size() + 1;
  program.header.e_phnum = static_cast<Elf64_Half>(count);
  std::string contents;
  const uint64_t start = sizeof program.header + count * sizeof(Elf64_Phdr);
  for (size_t i = 0; i < program.segments.size(); ++i) {
    program.segments[i].p_offset = start + contents.size();
    contents += program.contents[i];
  }
  const uint64_t strings_at = start + contents.size();
  for (const Elf64_Phdr& segment : program.segments) {
    if (segment.p_type != PT_DYNAMIC) continue;
    const Elf64_Dyn entries[3] = {
        {DT_STRTAB, {kLoadedAt + strings_at}}, {DT_STRSZ, {program.string_table.size()}}, {DT_NULL, {0}}};
    std::memcpy(contents.data() + (segment.p_offset - start), entries, sizeof entries);
  }
  contents += program.string_table;
  const Elf64_Phdr load{.p_type = PT_LOAD, .p_offset = 0, .p_vaddr = kLoadedAt, .p_filesz = start + contents.size()};
  std::string bytes(reinterpret_cast<const char*>(&program.header), sizeof program.header);
  bytes.append(reinterpret_cast<const char*>(&load), sizeof load);
  for (const Elf64_Phdr& segment : program.segments) bytes.append(reinterpret_cast<const char*>(&segment), sizeof segment);
  return bytes + contents;
}

std::optional<ElfFacts> facts_of(const std::string& bytes) {
  return read_elf([&bytes](uint64_t at, void* to, size_t size) {
    if (at > bytes.size() || size > bytes.size() - at) return false;
    std::memcpy(to, bytes.data() + at, size);
    return true;
  });
}

std::string note(Elf64_Word type, const std::string& name, const std::string& text) {
  const Elf64_Nhdr head{static_cast<Elf64_Word>(name.size()), static_cast<Elf64_Word>(text.size()), type};
  const auto padded = [](std::string part) {
    part.resize((part.size() + 3) / 4 * 4);
    return part;
  };
  return std::string(reinterpret_cast<const char*>(&head), sizeof head) + padded(name) + padded(text);
}

Program ordinary() {
  Program program;
  program.add(PT_INTERP, std::string("/lib64/ld-linux-x86-64.so.2\0", 28));
  program.add_strings(std::string("\0libc.so.6\0open\0", 16));
  return program;
}

TEST(AnOrdinaryProgram, IsDynamicAndHasAnInterpreter) {
  const auto facts = facts_of(bytes_of(ordinary()));
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->native);
  EXPECT_TRUE(facts->dynamic);
  EXPECT_EQ(facts->interpreter, "/lib64/ld-linux-x86-64.so.2");
  EXPECT_FALSE(facts->go);
  EXPECT_EQ(facts->sanitizer, Sanitizer::kNone);
}

TEST(ThisProgram, IsRead) {
  const auto facts = read_elf("/proc/self/exe");
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->native);
  EXPECT_TRUE(facts->dynamic);
  EXPECT_NE(facts->interpreter.find("/ld-"), std::string::npos);
}

TEST(AFile, ThatIsNoProgramHasNoFacts) {
  EXPECT_FALSE(facts_of(""));
  EXPECT_FALSE(facts_of("#!/bin/sh\n"));
  EXPECT_FALSE(
      facts_of("\x7f"
               "ELF"));
  EXPECT_FALSE(read_elf("/nonexistent"));
  EXPECT_FALSE(read_elf("/tmp"));
  EXPECT_FALSE(read_elf("/dev/zero"));
  Program object = ordinary();
  object.header.e_type = ET_REL;
  EXPECT_FALSE(facts_of(bytes_of(object)));
}

TEST(AProgram, OfAnotherMachineIsForeign) {
  Program other = ordinary();
  other.header.e_machine = kOtherMachine;
  EXPECT_FALSE(facts_of(bytes_of(other))->native);
  other = ordinary();
  other.header.e_ident[EI_CLASS] = ELFCLASS32;
  EXPECT_FALSE(facts_of(bytes_of(other))->native);
  other = ordinary();
  other.header.e_ident[EI_DATA] = ELFDATA2MSB;
  EXPECT_FALSE(facts_of(bytes_of(other))->native);
}

TEST(AProgram, WithoutAnInterpreterIsStatic) {
  const auto facts = facts_of(bytes_of(Program()));
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->interpreter.empty());
  EXPECT_FALSE(facts->dynamic);
}

TEST(AProgram, OfASanitizerIsKnownByItsStrings) {
  for (const auto& [name, sanitizer] : {std::pair("__asan_init", Sanitizer::kAddress),
                                        {"__tsan_init", Sanitizer::kThread},
                                        {"__msan_init", Sanitizer::kMemory},
                                        {"my__asan_init", Sanitizer::kNone},
                                        {"__asan_init_v", Sanitizer::kNone}}) {
    Program program;
    program.add(PT_INTERP, std::string("/lib/ld\0", 8));
    program.add_strings(std::string("\0", 1) + name + std::string("\0", 1));
    EXPECT_EQ(facts_of(bytes_of(program))->sanitizer, sanitizer) << name;
  }
}

TEST(AProgram, OfGoIsKnownByItsNoteOrItsSection) {
  Program program = ordinary();
  program.add(PT_NOTE, note(1, std::string("GNU\0", 4), "12345") + note(4, std::string("Go\0\0", 4), "an id"));
  EXPECT_TRUE(facts_of(bytes_of(program))->go);
  program = ordinary();
  program.add(PT_NOTE, note(3, std::string("Go\0\0", 4), "id"));
  EXPECT_FALSE(facts_of(bytes_of(program))->go);

  program = ordinary();
  std::string bytes = bytes_of(program);
  const std::string names("\0.text\0.go.buildinfo\0", 21);
  const Elf64_Shdr section{.sh_offset = bytes.size(), .sh_size = names.size()};
  program.header.e_shoff = bytes.size() + names.size();
  program.header.e_shentsize = sizeof section;
  program.header.e_shnum = 1;
  program.header.e_shstrndx = 0;
  bytes = bytes_of(program) + names;
  bytes.append(reinterpret_cast<const char*>(&section), sizeof section);
  EXPECT_TRUE(facts_of(bytes)->go);
}

// e_phoff + i * 56 wraps around 2^64: the former reader read outside of its buffer there.
TEST(AHostileHeader, WithOffsetsNearTheEndOfNumbersIsReadSafely) {
  for (const uint64_t offset : {UINT64_MAX, UINT64_MAX - 15, UINT64_MAX - 55, UINT64_MAX / 2, uint64_t{1} << 63}) {
    Program program = ordinary();
    program.header.e_phoff = offset;
    program.header.e_shoff = offset;
    program.header.e_shentsize = sizeof(Elf64_Shdr);
    program.header.e_shnum = 60000;
    program.header.e_shstrndx = 59999;
    std::string bytes = bytes_of(program);
    Elf64_Ehdr header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    header.e_phnum = 0xffff;
    std::memcpy(bytes.data(), &header, sizeof header);
    const auto facts = facts_of(bytes);
    ASSERT_TRUE(facts);
    EXPECT_TRUE(facts->interpreter.empty());
  }
}

TEST(AHostileHeader, WithHugeSizesCostsNothing) {
  for (const uint64_t size : {UINT64_MAX, uint64_t{1} << 40, uint64_t{1} << 24}) {
    Program program = ordinary();
    program.add(PT_NOTE, note(4, std::string("Go\0\0", 4), "id"));
    std::string bytes = bytes_of(program);
    for (size_t i = 1; i <= program.segments.size(); ++i) {
      Elf64_Phdr segment{};
      const size_t at = sizeof(Elf64_Ehdr) + i * sizeof segment;
      std::memcpy(&segment, bytes.data() + at, sizeof segment);
      segment.p_filesz = size;
      std::memcpy(bytes.data() + at, &segment, sizeof segment);
    }
    const auto facts = facts_of(bytes);
    ASSERT_TRUE(facts);
    EXPECT_TRUE(facts->interpreter.empty());
    EXPECT_FALSE(facts->go);
  }
}

// Random damage: whatever comes out, nothing is read outside of the file (facts_of() refuses, the sanitizers watch).
TEST(AHostileHeader, OfAnyKindEndsTheReading) {
  std::mt19937_64 random(20260101);
  Program program = ordinary();
  program.add(PT_NOTE, note(4, std::string("Go\0\0", 4), "id"));
  const std::string good = bytes_of(program);
  const size_t headers = sizeof(Elf64_Ehdr) + 4 * sizeof(Elf64_Phdr);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = good;
    for (uint64_t changes = 1 + random() % 6; changes > 0; --changes) {
      const uint64_t value = random() % 3 == 0 ? UINT64_MAX - random() % 64 : random() % 2 == 0 ? random() : random() % 4096;
      const size_t width = size_t{1} << random() % 4;
      const size_t at = random() % (random() % 2 == 0 ? headers : bytes.size());
      std::memcpy(bytes.data() + at, &value, std::min(width, bytes.size() - at));
    }
    bytes.resize(random() % 4 == 0 ? random() % (bytes.size() + 1) : bytes.size());
    (void)facts_of(bytes);
  }
}

}  // namespace
}  // namespace softvpu::cli

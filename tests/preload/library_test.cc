// SPDX-License-Identifier: LGPL-2.1-or-later
// The library as a file and as a guest: what it exports, what it does before anybody asks, what it costs a program that never
// does.
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "tests/preload/client.h"

namespace softvpu::scripted {
namespace {

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The section headers of the library, by name.
class Elf {
 public:
  explicit Elf(const std::string& path) : data_(read_all(path)) {
    std::memcpy(&header_, data_.data(), sizeof header_);
    sections_.resize(header_.e_shnum);
    std::memcpy(sections_.data(), data_.data() + header_.e_shoff, header_.e_shnum * sizeof(Elf64_Shdr));
  }
  const Elf64_Shdr* section(const std::string& name) const {
    for (const Elf64_Shdr& each : sections_) {
      if (data_.c_str() + sections_[header_.e_shstrndx].sh_offset + each.sh_name == name) return &each;
    }
    return nullptr;
  }
  std::set<std::string> exported() const { return defined(".dynsym", ".dynstr"); }
  std::set<std::string> all_symbols() const { return defined(".symtab", ".strtab"); }
  std::set<std::string> defined(const std::string& table, const std::string& names_of_table) const {
    std::set<std::string> names;
    const Elf64_Shdr* symbols = section(table);
    const Elf64_Shdr* strings = section(names_of_table);
    if (symbols == nullptr || strings == nullptr) return names;
    for (size_t i = 0; i < symbols->sh_size / sizeof(Elf64_Sym); ++i) {
      Elf64_Sym symbol{};
      std::memcpy(&symbol, data_.data() + symbols->sh_offset + i * sizeof symbol, sizeof symbol);
      if (symbol.st_shndx != SHN_UNDEF) names.insert(data_.c_str() + strings->sh_offset + symbol.st_name);
    }
    return names;
  }
  std::set<std::string> needed() const {
    std::set<std::string> names;
    const Elf64_Shdr* dynamic = section(".dynamic");
    const Elf64_Shdr* strings = section(".dynstr");
    for (size_t i = 0; i < dynamic->sh_size / sizeof(Elf64_Dyn); ++i) {
      Elf64_Dyn entry{};
      std::memcpy(&entry, data_.data() + dynamic->sh_offset + i * sizeof entry, sizeof entry);
      if (entry.d_tag == DT_NEEDED) names.insert(data_.c_str() + strings->sh_offset + entry.d_un.d_val);
    }
    return names;
  }

 private:
  std::string data_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Shdr> sections_;
};

// A guard of a function's static is a lock, which a child of fork() inherits locked if another thread was inside
// (base/on_first_use.h).
TEST(TheLibrary, HasNoGuardsThatAChildOfForkCouldInheritLocked) {
  const std::set<std::string> symbols = Elf(SOFTVPU_LIBRARY).all_symbols();
  ASSERT_GT(symbols.size(), 100u) << "its symbol table was stripped";
  for (const std::string& name : symbols)
    EXPECT_FALSE(name.starts_with("_ZGV") && name.find("7softvpu") != std::string::npos) << name;
}

TEST(TheLibrary, ExportsTheInterposedSymbolsAndNothingElse) {
  std::set<std::string> allowed;
  const std::string map = std::regex_replace(read_all(SOFTVPU_EXPORTS), std::regex("#[^\n]*|global:|local:[^}]*"), "");
  const std::regex name("[A-Za-z_][A-Za-z0-9_]*");
  for (std::sregex_iterator at(map.begin(), map.end(), name), end; at != end; ++at) allowed.insert(at->str());
  EXPECT_EQ(Elf(SOFTVPU_LIBRARY).exported(), allowed);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(TheLibrary, NeedsOnlyTheCLibrary) {
  const std::set<std::string> allowed = {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"};
  for (const std::string& name : Elf(SOFTVPU_LIBRARY).needed()) EXPECT_TRUE(allowed.contains(name)) << name;
}

// frame_dummy of the C run-time is the only constructor.
TEST(TheLibrary, DoesNothingWhenItIsLoaded) {
  const Elf64_Shdr* constructors = Elf(SOFTVPU_LIBRARY).section(".init_array");
  ASSERT_NE(constructors, nullptr);
  EXPECT_EQ(constructors->sh_size, sizeof(void*));
}
#endif

std::string shell(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  std::string text;
  char part[4096];
  for (size_t got = 0; (got = ::fread(part, 1, sizeof part, pipe)) > 0;) text.append(part, got);
  ::pclose(pipe);
  return text;
}

TEST(AProgramThatNeverTouchesADevice, IsLeftAlone) {
  EXPECT_EQ(shell("cat /proc/self/status | grep -c 'Threads:.1$'"), "1\n");
  EXPECT_EQ(shell("ls /proc/self/fd | wc -l"), shell("LD_PRELOAD= ls /proc/self/fd | wc -l"));
  EXPECT_EQ(shell("ls -l /etc | md5sum"), shell("LD_PRELOAD= ls -l /etc | md5sum"));
  EXPECT_EQ(shell("find /etc -maxdepth 2 2>/dev/null | sort | md5sum"),
            shell("LD_PRELOAD= find /etc -maxdepth 2 2>/dev/null | sort | md5sum"));
}

TEST(AProgramWithoutTheEnvironment, SeesTheHostOnly) {
  // A machine may have nodes of its own.
  EXPECT_EQ(shell("env -u SOFTVPU_ROOT ls /dev"), shell("LD_PRELOAD= ls /dev"));
  EXPECT_EQ(shell("SOFTVPU_ROOT=/proc/nonexistent ls /dev/video10 2>&1"), shell("LD_PRELOAD= ls /dev/video10 2>&1"));
  EXPECT_EQ(shell("SOFTVPU_ROOT=/proc/nonexistent ls /dev/video10 2>&1 >/dev/null | grep -c softvpu"), "0\n")
      << "it prints without being asked";
  EXPECT_EQ(shell("SOFTVPU_DEBUG=1 SOFTVPU_ROOT=/proc/nonexistent ls /dev/video10 2>&1 >/dev/null | grep -c SOFTVPU_ROOT"),
            "1\n");
}

TEST(StockPrograms, SeeTheNode) {
  EXPECT_EQ(shell("ls -l /dev/video10 | cut -c1"), "c\n");
  EXPECT_EQ(shell("ls /dev | grep -c '^video10$'"), "1\n");
  EXPECT_EQ(shell("stat -c '%F %t:%T' /dev/video10"), "character special file 51:a\n");
  EXPECT_EQ(shell("find /dev -maxdepth 1 -name video10 -type c"), "/dev/video10\n");
  EXPECT_EQ(shell("cat /sys/class/video4linux/video10/dev"), "81:10\n");
  EXPECT_EQ(shell("readlink -f /sys/dev/char/81:10"), "/sys/devices/platform/softvpu-dec/video4linux/video10\n");
  EXPECT_EQ(shell("sh -c 'echo /dev/video-dec* /dev/video10*'"), "/dev/video-dec0 /dev/video10\n");
  EXPECT_EQ(shell("sh -c 'cd /sys/class/video4linux/video10 && cat name'"), "softvpu decoder\n");
  EXPECT_EQ(shell("test -c /dev/video10 && test -r /dev/video10 && test -w /dev/video10 && echo yes"), "yes\n");
}

}  // namespace
}  // namespace softvpu::scripted

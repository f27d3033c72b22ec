// SPDX-License-Identifier: LGPL-2.1-or-later
// $PATH, ELF headers and mode bits. Called by verb_run.cc and doctor_checks.cc.
#include "apps/softvpu/program_check.h"

#include <elf.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

namespace softvpu::cli {
namespace {

bool is_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

Complaint not_found(const std::string& name) {
  return {kExitNotFound, fmt::format("{}: no such program", name),
          name.find('/') == std::string::npos ? "a program in one of the directories of $PATH" : "a path of an executable file",
          "its full path, or installing the package that has it"};
}

Complaint not_executable(const std::string& path, const std::string& why) {
  return {kExitNotExecutable, fmt::format("{}: {}", path, why), "an executable program", fmt::format("ls -l {}", path)};
}

std::string read_start(const std::string& path, size_t bytes) {
  std::ifstream file(path, std::ios::binary);
  std::string start(bytes, '\0');
  file.read(start.data(), static_cast<std::streamsize>(bytes));
  start.resize(static_cast<size_t>(file.gcount()));
  return start;
}

// The program of a "#!" line.
std::string interpreter_of(const std::string& path) {
  const std::string start = read_start(path, 256);
  if (!start.starts_with("#!")) return {};
  std::istringstream words(start.substr(2, start.find('\n') - 2));
  std::string interpreter;
  std::string argument;
  words >> interpreter >> argument;
  // "#!/usr/bin/env python3": what runs is python3.
  if (interpreter.ends_with("/env") && !argument.empty() && argument.front() != '-' && argument.find('=') == std::string::npos) {
    Program found;
    if (!find_program(argument, found)) return found.interpreter.empty() ? found.path : found.interpreter;
  }
  return interpreter;
}

enum class Linkage { kDynamic, kStatic, kForeign, kNotElf };

Linkage linkage_of(const std::string& path) {
  const std::string start = read_start(path, 64 * 1024);
  Elf64_Ehdr header{};
  if (start.size() < sizeof header || start.compare(0, SELFMAG, ELFMAG) != 0) return Linkage::kNotElf;
  std::memcpy(&header, start.data(), sizeof header);
#if defined(__x86_64__)
  constexpr Elf64_Half kMachine = EM_X86_64;
#else
  constexpr Elf64_Half kMachine = EM_AARCH64;
#endif
  if (start[EI_CLASS] != ELFCLASS64 || header.e_machine != kMachine) return Linkage::kForeign;
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return Linkage::kNotElf;
  for (size_t i = 0; i < header.e_phnum; ++i) {
    const size_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
    if (at + sizeof(Elf64_Phdr) > start.size()) break;
    Elf64_Phdr segment{};
    std::memcpy(&segment, start.data() + at, sizeof segment);
    if (segment.p_type == PT_INTERP) return Linkage::kDynamic;
    // The dynamic linker itself, run as a program, loads what LD_PRELOAD says though it has no interpreter.
    if (segment.p_type == PT_DYNAMIC && path.find("/ld-") != std::string::npos) return Linkage::kDynamic;
  }
  return Linkage::kStatic;
}

}  // namespace

std::optional<Complaint> find_program(const std::string& name, Program& out) {
  std::vector<std::string> candidates;
  if (name.find('/') != std::string::npos) {
    candidates.push_back(name);
  } else {
    const char* path = std::getenv("PATH");
    std::istringstream directories(path == nullptr ? "/usr/bin:/bin" : path);
    for (std::string directory; std::getline(directories, directory, ':');) {
      candidates.push_back((directory.empty() ? "." : directory) + "/" + name);
    }
  }
  std::optional<Complaint> refused;
  for (const std::string& candidate : candidates) {
    struct stat status {};
    if (::stat(candidate.c_str(), &status) < 0) {
      if (errno == EACCES && !refused) refused = not_executable(candidate, "permission denied");
      continue;
    }
    if (!S_ISREG(status.st_mode)) {
      if (!refused && name.find('/') != std::string::npos) refused = not_executable(candidate, "is not a file");
      continue;
    }
    if (::access(candidate.c_str(), X_OK) < 0) {
      if (!refused) refused = not_executable(candidate, "has no execute permission");
      continue;
    }
    out.path = candidate;
    out.interpreter = interpreter_of(candidate);
    if (!out.interpreter.empty() && !is_file(out.interpreter)) {
      return not_executable(candidate, fmt::format("its first line names {}, which is not there", out.interpreter));
    }
    return std::nullopt;
  }
  return refused ? refused : not_found(name);
}

std::optional<Complaint> check_preloadable(const Program& program) {
  const std::string& path = program.interpreter.empty() ? program.path : program.interpreter;
  const std::string what = program.interpreter.empty() ? path : fmt::format("{} (which runs {})", path, program.path);
  switch (linkage_of(path)) {
    case Linkage::kStatic:
      return Complaint{kExitNotExecutable, fmt::format("{} is statically linked: LD_PRELOAD can't reach it", what),
                       "a dynamically linked program", "a dynamic build of it, or the kernel module in place of `softvpu run`"};
    case Linkage::kForeign:
      return Complaint{kExitNotExecutable,
                       fmt::format("{} is of another architecture than softvpu: LD_PRELOAD can't reach it", what),
                       "a 64-bit program of this machine's own architecture",
                       "`file " + path + "`, and a softvpu built for that architecture"};
    case Linkage::kDynamic:
    case Linkage::kNotElf:  // execve() has its own word for it
      break;
  }
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    const bool changes_user = (status.st_mode & S_ISUID) != 0 && status.st_uid != ::geteuid();
    const bool changes_group = (status.st_mode & S_ISGID) != 0 && status.st_gid != ::getegid();
    const bool has_capabilities = ::geteuid() != 0 && ::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
    if (changes_user || changes_group || has_capabilities) {
      return Complaint{kExitNotExecutable,
                       fmt::format("{} is {}: the dynamic linker ignores LD_PRELOAD there", what,
                                   has_capabilities ? "run with file capabilities" : "set-user-ID or set-group-ID"),
                       "a program without privileges of its own", fmt::format("a plain copy: cp {} /tmp/ and run that", path)};
    }
  }
  return std::nullopt;
}

}  // namespace softvpu::cli

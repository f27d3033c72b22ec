// SPDX-License-Identifier: LGPL-2.1-or-later
// $PATH, ELF headers and mode bits. Called by verb_run.cc, run_environment.cc and the doctor.
#include "apps/softvpu/program_check.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <utility>

#include "apps/softvpu/capture_output.h"
#include "apps/softvpu/elf_facts.h"

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

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string run_by(const Program& program) {
  return program.interpreter.empty() ? program.path : fmt::format("{} (which runs {})", program.interpreter, program.path);
}

const std::string& executed(const Program& program) { return program.interpreter.empty() ? program.path : program.interpreter; }

// The dynamic linker of this program itself.
std::string own_linker() {
  const std::optional<ElfFacts> own = read_elf("/proc/self/exe");
  return own ? own->interpreter : std::string();
}

// What another dynamic linker than ours says of `preload`; empty when it can load it.
std::string refusal_by(const std::string& linker, const std::string& preload) {
  std::error_code error;
  if (preload.empty() || std::filesystem::equivalent(linker, own_linker(), error)) return {};
  const Output list = capture_output({linker, "--list", preload}, std::chrono::seconds(5));
  if (list.status == 0 && list.text.find("not found") == std::string::npos) return {};
  std::istringstream lines(list.text);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("not found") != std::string::npos || line.find("error") != std::string::npos) return line;
  }
  return fmt::format("{} --list {} ends with status {}", linker, preload, list.status);
}

std::optional<Complaint> check_linkage(const std::string& path, const std::string& what, const std::string& preload) {
  const std::optional<ElfFacts> facts = read_elf(path);
  if (!facts) return std::nullopt;  // execve() has its own word for it
  if (!facts->native) {
    return Complaint{
        kExitNotExecutable, fmt::format("{} is of another architecture than softvpu: LD_PRELOAD can't reach it", what),
        "a 64-bit program of this machine's own architecture", "`file " + path + "`, and a softvpu built for that architecture"};
  }
  // The dynamic linker itself, run as a program, loads what LD_PRELOAD says though it has no interpreter.
  if (facts->interpreter.empty() && !(facts->dynamic && file_name(path).starts_with("ld-"))) {
    return Complaint{kExitNotExecutable, fmt::format("{} is statically linked: LD_PRELOAD can't reach it", what),
                     "a dynamically linked program", "a dynamic build of it, or the kernel module in place of `softvpu run`"};
  }
  const std::string linker = facts->interpreter.empty() ? path : facts->interpreter;
  for (const auto& [prefix, library] :
       {std::pair("ld-musl", "musl"), {"ld-uClibc", "uClibc"}, {"ld64-uClibc", "uClibc"}, {"linker64", "Android's C library"}}) {
    if (!file_name(linker).starts_with(prefix)) continue;
    return Complaint{kExitNotExecutable,
                     fmt::format("{} is linked with {}: softvpu's library needs glibc, and it would not start", what, library),
                     "a program linked with glibc", "a build of it for glibc, or the kernel module in place of `softvpu run`"};
  }
  if (const std::string refusal = refusal_by(linker, preload); !refusal.empty()) {
    return Complaint{kExitNotExecutable,
                     fmt::format("{} is loaded by {}, whose C library can't load softvpu's: {}", what, linker, refusal),
                     "glibc 2.34 or newer", "a newer build of it, a softvpu built on its system, or the kernel module"};
  }
  return std::nullopt;
}

// Programs that start another one, given after their options.
constexpr std::string_view kWrappers[] = {"env",     "nice",    "ionice",  "nohup",     "setsid",           "timeout",
                                          "stdbuf",  "taskset", "chrt",    "time",      "strace",           "ltrace",
                                          "setpriv", "runuser", "su",      "sudo",      "unshare",          "nsenter",
                                          "chroot",  "prlimit", "numactl", "flock",     "faketime",         "xvfb-run",
                                          "setarch", "gdb",     "perf",    "catchsegv", "dbus-run-session", "v4l2-tracer"};
constexpr std::string_view kShells[] = {"sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"};

template <size_t N>
bool is_one_of(const std::string_view (&names)[N], const std::string& path) {
  return std::find(std::begin(names), std::end(names), file_name(path)) != std::end(names);
}

// The first word of a shell's command line.
std::string first_word(const std::string& line) {
  std::istringstream words(line);
  std::string word;
  while (words >> word && (word == "exec" || word.find('=') != std::string::npos)) {
  }
  return word;
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

std::optional<Complaint> check_preloadable(const Program& program, const std::string& preload) {
  const std::string& path = executed(program);
  const std::string what = run_by(program);
  if (const auto complaint = check_linkage(path, what, preload)) return complaint;
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    const bool changes_user = (status.st_mode & S_ISUID) != 0 && status.st_uid != ::geteuid();
    const bool changes_group = (status.st_mode & S_ISGID) != 0 && status.st_gid != ::getegid();
    const bool has_capabilities = ::geteuid() != 0 && ::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0;
    if (changes_user || changes_group || has_capabilities) {
      return Complaint{kExitNotExecutable,
                       fmt::format("{} is {}: the dynamic linker ignores LD_PRELOAD there", what,
                                   has_capabilities ? "run with file capabilities" : "set-user-ID or set-group-ID"),
                       "a program without privileges of its own", fmt::format("a plain copy: cp {} ~/ and run that", path)};
    }
  }
  return std::nullopt;
}

std::optional<Program> find_wrapped(const std::vector<std::string>& command) {
  std::vector<std::string> words = command;
  std::optional<Program> found;
  for (int depth = 0; depth < 8 && !words.empty(); ++depth) {
    if (is_one_of(kShells, words.front())) {
      const auto text = std::find(words.begin(), words.end(), "-c");
      words = text == words.end() || text + 1 == words.end() ? std::vector<std::string>() : std::vector{first_word(text[1])};
    } else if (is_one_of(kWrappers, words.front()) || file_name(words.front()).starts_with("valgrind")) {
      words.erase(words.begin());
      if (const auto separator = std::find(words.begin(), words.end(), "--"); separator != words.end()) {
        words.erase(words.begin(), separator + 1);
      }
    } else {
      return found;
    }
    Program next;
    while (!words.empty() && (words.front().starts_with('-') || words.front().find('=') != std::string::npos ||
                              find_program(words.front(), next).has_value())) {
      words.erase(words.begin());
    }
    if (words.empty()) return found;
    found = next;
  }
  return found;
}

std::vector<std::string> remarks(const std::vector<std::string>& command, const std::string& preload) {
  std::vector<std::string> all;
  Program first;
  if (command.empty() || find_program(command.front(), first)) return all;
  const std::optional<Program> wrapped = find_wrapped(command);
  if (wrapped) {
    if (const auto complaint = check_preloadable(*wrapped, preload)) {
      all.push_back(fmt::format("{}; try {}", complaint->happened, complaint->try_this));
    }
  }
  const Program& program = wrapped ? *wrapped : first;
  if (const std::optional<ElfFacts> facts = read_elf(executed(program)); facts && facts->native && !facts->interpreter.empty()) {
    const std::string what = run_by(program);
    if (facts->go) {
      all.push_back(
          fmt::format("{} is a Go program: system calls that it makes itself, and not by libc, don't find the device "
                      "(ENOENT, ENOTTY); try the kernel module",
                      what));
    }
    if (facts->sanitizer == Sanitizer::kAddress && wants_to_be_first(command)) {
      all.push_back(
          fmt::format("{} is built with AddressSanitizer, which refuses to be loaded after another library: started with "
                      "ASAN_OPTIONS=verify_asan_link_order=0",
                      what));
    }
    if (facts->sanitizer == Sanitizer::kThread || facts->sanitizer == Sanitizer::kMemory) {
      all.push_back(
          fmt::format("{} is built with {}, which knows nothing of a library preloaded before it: it may crash at its "
                      "start or report what isn't so; try AddressSanitizer, or the kernel module",
                      what, facts->sanitizer == Sanitizer::kThread ? "ThreadSanitizer" : "MemorySanitizer"));
    }
  }
  const auto is_tracer = [](const std::string& word) { return file_name(word) == "v4l2-tracer"; };
  if (std::any_of(command.begin(), command.end(), is_tracer)) {
    all.emplace_back(
        "v4l2-tracer keeps the LD_PRELOAD that it finds, and traces nothing here; try v4l2-tracer trace softvpu run -- PROGRAM");
  }
  const auto is_valgrind = [](const std::string& word) { return file_name(word).starts_with("valgrind"); };
  if (std::any_of(command.begin(), command.end(), is_valgrind)) {
    all.emplace_back(
        "valgrind doesn't know the clone() that starts a codec process, and ends the program at VIDIOC_STREAMON; try a build "
        "with "
        "-fsanitize=address, or the kernel module");
  }
  return all;
}

bool wants_to_be_first(const std::vector<std::string>& command) {
  Program program;
  if (command.empty() || find_program(command.front(), program)) return false;
  if (const std::optional<Program> wrapped = find_wrapped(command)) program = *wrapped;
  const std::optional<ElfFacts> facts = read_elf(executed(program));
  const char* options = std::getenv("ASAN_OPTIONS");
  return facts && facts->sanitizer == Sanitizer::kAddress &&
         (options == nullptr || std::string_view(options).find("verify_asan_link_order") == std::string_view::npos);
}

}  // namespace softvpu::cli

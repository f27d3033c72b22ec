// SPDX-License-Identifier: LGPL-2.1-or-later
// The capability table as text, so that a launcher can ask the worker once for many processes: see capability_query.h.
//
//   softvpu-capabilities 2
//   firmware <version> <name>
//   codec <role> <fourcc> <flags> <min buffers> <min WxH> <max WxH> <step WxH> <min N/D> <max N/D> <raw>,<raw>…
//   control <id> <type> <read only> <min> <max> <default> <step> <items> <name>            (of the codec above)
//   end
// N/D are frame intervals, in seconds. A control's name may have spaces, and may be missing. Numbers are decimal or 0x…; one
// space between words; every line ends with a newline; nothing else is allowed.
#include <algorithm>
#include <charconv>
#include <vector>

#include "base/raw_syscall.h"
#include "base/unique_fd.h"
#include "vpu/capability_query.h"
#include "vpu/convert.h"

namespace softvpu::vpu {
namespace {

// Above what 64 codecs with all their raw formats and controls need.
constexpr size_t kMaxFile = size_t{4} * 1024 * 1024;
constexpr uint32_t kMaxSide = 65536;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

template <typename T>
bool number(std::string_view text, T& out, T least, T most) {
  int base = 10;
  if (text.size() > 2 && text.substr(0, 2) == "0x") {
    base = 16;
    text.remove_prefix(2);
  }
  if (text.size() > 1 && text[0] == '0') return false;  // each number has one spelling
  const auto result = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return result.ec == std::errc() && result.ptr == text.data() + text.size() && out >= least && out <= most;
}

bool size(std::string_view text, Size& out) {
  const auto parts = split(text, 'x');
  return parts.size() == 2 && number(parts[0], out.width, 1u, kMaxSide) && number(parts[1], out.height, 1u, kMaxSide);
}

bool interval(std::string_view text, codec::FrameInterval& out) {
  const auto parts = split(text, '/');
  return parts.size() == 2 && number(parts[0], out.numerator, 0u, UINT32_MAX) &&
         number(parts[1], out.denominator, 0u, UINT32_MAX) && (out.numerator == 0) == (out.denominator == 0);
}

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

bool codec_line(const std::vector<std::string_view>& words, codec::CodecInfo& out) {
  uint32_t role = 0;
  uint32_t coded = 0;
  if (words.size() != 11 || !number(words[1], role, 0u, uint32_t{SVPU_STATELESS_DECODER}) ||
      !number(words[2], coded, 1u, UINT32_MAX) || !number(words[3], out.flags, 0u, kKnownCodecFlags) ||
      !number(words[4], out.min_output_buffers, 0u, 32u) || !size(words[5], out.sizes.min) || !size(words[6], out.sizes.max) ||
      !size(words[7], out.sizes.step) || !interval(words[8], out.min_interval) || !interval(words[9], out.max_interval))
    return false;
  if (out.sizes.min.width > out.sizes.max.width || out.sizes.min.height > out.sizes.max.height) return false;
  out.role = static_cast<codec::Role>(role);
  out.coded = static_cast<FourCC>(coded);
  for (const std::string_view word : split(words[10], ',')) {
    uint32_t raw = 0;
    if (out.raw.size() == SVPU_MAX_RAW_FORMATS || !number(word, raw, 1u, UINT32_MAX)) return false;
    out.raw.push_back(static_cast<FourCC>(raw));
  }
  return true;
}

bool control_line(std::string_view line, const std::vector<std::string_view>& words, codec::CodecInfo& codec) {
  ControlInfo control;
  uint32_t type = 0;
  uint32_t read_only = 0;
  if (words.size() < 9 || codec.controls.size() == SVPU_MAX_CONTROLS || !number(words[1], control.id, 1u, UINT32_MAX) ||
      !number(words[2], type, uint32_t{SVPU_CONTROL_INTEGER}, uint32_t{SVPU_CONTROL_BUTTON}) ||
      !number(words[3], read_only, 0u, 1u) || !number(words[4], control.minimum, INT64_MIN, INT64_MAX) ||
      !number(words[5], control.maximum, INT64_MIN, INT64_MAX) ||
      !number(words[6], control.default_value, INT64_MIN, INT64_MAX) ||
      !number(words[7], control.step, uint64_t{0}, UINT64_MAX) || !number(words[8], control.items, uint64_t{0}, UINT64_MAX))
    return false;
  control.type = static_cast<ControlType>(type);
  control.read_only = read_only != 0;
  if (words.size() > 9) control.name = std::string(line.substr(static_cast<size_t>(words[9].data() - line.data())));
  if (control.name.size() > SVPU_CONTROL_NAME_BYTES || !printable(control.name)) return false;
  // What the firmware itself would be held to.
  if (!hfi::parse_message(hfi::serialize(hfi::Message{0, hfi::message_of(control)}))) return false;
  codec.controls.push_back(std::move(control));
  return true;
}

// "firmware <version> <name>": the name may have spaces.
bool firmware_line(std::string_view line, codec::Capabilities& out) {
  const auto words = split(line, ' ');
  if (words.size() < 3 || words[0] != "firmware" || !number(words[1], out.version, 0u, UINT32_MAX)) return false;
  out.name = std::string(line.substr(words[0].size() + words[1].size() + 2));
  return out.name.size() <= sizeof(svpu_msg_ready::name) && printable(out.name);
}

std::string text_of(Size size) { return std::to_string(size.width) + "x" + std::to_string(size.height); }

std::string text_of(codec::FrameInterval interval) {
  return std::to_string(interval.numerator) + "/" + std::to_string(interval.denominator);
}

std::string text_of(const ControlInfo& control) {
  std::string text = "control " + std::to_string(control.id) + " " + std::to_string(static_cast<uint32_t>(control.type)) + " " +
                     (control.read_only ? "1" : "0");
  for (const int64_t value : {control.minimum, control.maximum, control.default_value}) text += " " + std::to_string(value);
  for (const uint64_t value : {control.step, control.items}) text += " " + std::to_string(value);
  return text + (control.name.empty() ? "" : " " + control.name) + "\n";
}

Unexpected bad_line(size_t number, std::string_view line) {
  return fail(EINVAL, "capability table, line " + std::to_string(number) + ": \"" + std::string(line.substr(0, 80)) + "\"");
}

}  // namespace

std::string print_capabilities(const codec::Capabilities& capabilities) {
  std::string text = "softvpu-capabilities 2\n";
  text += "firmware " + std::to_string(capabilities.version) + " " + capabilities.name + "\n";
  for (const codec::CodecInfo& codec : capabilities.codecs) {
    text += "codec " + std::to_string(static_cast<uint32_t>(codec.role)) + " " +
            std::to_string(static_cast<uint32_t>(codec.coded)) + " " + std::to_string(codec.flags) + " " +
            std::to_string(codec.min_output_buffers) + " " + text_of(codec.sizes.min) + " " + text_of(codec.sizes.max) + " " +
            text_of(codec.sizes.step) + " " + text_of(codec.min_interval) + " " + text_of(codec.max_interval) + " ";
    for (size_t i = 0; i < codec.raw.size(); ++i)
      text += (i == 0 ? "" : ",") + std::to_string(static_cast<uint32_t>(codec.raw[i]));
    text += "\n";
    for (const ControlInfo& control : codec.controls) text += text_of(control);
  }
  return text + "end\n";
}

Result<codec::Capabilities> parse_capabilities(std::string_view text) {
  if (text.size() > kMaxFile) return fail(EFBIG, "capability table: larger than 4 MiB");
  if (text.empty() || text.back() != '\n') return fail(EINVAL, "capability table: the last line has no end");
  text.remove_suffix(1);
  const auto lines = split(text, '\n');
  if (lines.size() < 3) return fail(EINVAL, "capability table: it has no lines");
  codec::Capabilities out;
  if (lines.front() != "softvpu-capabilities 2") return bad_line(1, lines.front());
  if (!firmware_line(lines[1], out)) return bad_line(2, lines[1]);
  for (size_t i = 2; i + 1 < lines.size(); ++i) {
    const auto words = split(lines[i], ' ');
    bool good = false;
    if (words[0] == "codec") {
      codec::CodecInfo info;
      good = out.codecs.size() < SVPU_MAX_CODECS && codec_line(words, info) && out.find(info.role, info.coded) == nullptr;
      if (good) out.codecs.push_back(std::move(info));
    } else if (words[0] == "control") {
      good = !out.codecs.empty() && control_line(lines[i], words, out.codecs.back());
    }
    if (!good) return bad_line(i + 1, lines[i]);
  }
  if (lines.back() != "end") return bad_line(lines.size(), lines.back());
  return out;
}

Result<codec::Capabilities> load_capabilities(const std::string& path) {
  const int opened = raw::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (opened < 0) return fail(-opened, "opening " + path);
  const UniqueFd fd(opened);
  // Only this user, or root, decides what a device offers to his programs (ADR 14).
  struct stat status {};
  if (const int error = raw::fstat(fd.get(), &status); error < 0) return fail(-error, "looking at " + path);
  const bool others_write = S_ISREG(status.st_mode) && (status.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if ((status.st_uid != static_cast<uid_t>(raw::call(SYS_geteuid)) && status.st_uid != 0) || others_write)
    return fail(EPERM, path + " belongs to another user, or others can write to it");
  std::string text;
  std::string part(4096, '\0');  // not on the program's stack
  while (true) {
    const long got = raw::read(fd.get(), part.data(), part.size());
    if (got == -EINTR) continue;
    if (got < 0) return fail(static_cast<int>(-got), "reading " + path);
    if (got == 0) break;
    text.append(part, 0, static_cast<size_t>(got));
    if (text.size() > kMaxFile) return fail(EFBIG, path + " is larger than 4 MiB");
  }
  return parse_capabilities(text);
}

Status save_capabilities(const codec::Capabilities& capabilities, const std::string& path) {
  const int opened = raw::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (opened < 0) return fail(-opened, "creating " + path);
  const UniqueFd fd(opened);
  raw::call(SYS_fchmod, fd.get(), 0644);  // whatever the umask: a program that stops being root reads it, too
  const std::string text = print_capabilities(capabilities);
  size_t done = 0;
  while (done < text.size()) {
    const long put = raw::write(fd.get(), text.data() + done, text.size() - done);
    if (put == -EINTR) continue;
    if (put <= 0) return fail(put < 0 ? static_cast<int>(-put) : EIO, "writing " + path);
    done += static_cast<size_t>(put);
  }
  return {};
}

}  // namespace softvpu::vpu

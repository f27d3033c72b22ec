// SPDX-License-Identifier: LGPL-2.1-or-later
// All commands and messages of <softvpu/hfi.h> as plain checked values, and the one place that parses and serialises them.
// Both sides use it: vpu (host) serialises commands and parses messages, the firmware the other way round. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <softvpu/hfi.h>

#include "base/result.h"
#include "hfi/entry.h"

namespace softvpu::hfi {

enum class Direction : uint32_t { kInput = SVPU_INPUT, kOutput = SVPU_OUTPUT };
enum class Role : uint32_t { kDecoder = SVPU_DECODER, kEncoder = SVPU_ENCODER, kCapture = SVPU_CAPTURE };

enum class WireStatus : uint32_t {
  kOk = SVPU_OK,
  kDataError = SVPU_DATA_ERROR,
  kCancelled = SVPU_CANCELLED,
  kInvalid = SVPU_E_INVALID,
  kUnsupported = SVPU_E_UNSUPPORTED,
  kNoMemory = SVPU_E_NO_MEMORY,
  kTooSmall = SVPU_E_TOO_SMALL,
  kState = SVPU_E_STATE,
  kInternal = SVPU_E_INTERNAL,
};

// The one map from a wire status to errno; 0 for kOk, kDataError and kCancelled.
int errno_of(WireStatus status);
const char* to_string(WireStatus status);

// Buffer index and generation. Parsed ones have index < SVPU_MAX_BUFFERS and generation != 0.
struct BufferName {
  uint32_t index = 0;
  uint32_t generation = 0;
  friend bool operator==(const BufferName&, const BufferName&) = default;
};

// Wire forms without a body.
#define SOFTVPU_HFI_EMPTY(name)                                 \
  struct name {                                                 \
    friend bool operator==(const name&, const name&) = default; \
  }

// An entry of a type this version doesn't know: skipped (a higher ABI minor may add some).
struct Unknown {
  uint16_t type = 0;
  friend bool operator==(const Unknown&, const Unknown&) = default;
};

// Host -> firmware. What a parsed one guarantees is said per field; the rest is any value.
namespace cmd {

SOFTVPU_HFI_EMPTY(QueryCapabilities);
SOFTVPU_HFI_EMPTY(Start);
SOFTVPU_HFI_EMPTY(Drain);
SOFTVPU_HFI_EMPTY(Resume);
SOFTVPU_HFI_EMPTY(ReturnOutput);
SOFTVPU_HFI_EMPTY(Ping);
SOFTVPU_HFI_EMPTY(Abort);
SOFTVPU_HFI_EMPTY(Crash);

struct Configure {
  Role role = Role::kDecoder;  // a known one
  uint32_t coded = 0;          // fourcc, not 0
  uint32_t width_hint = 0;     // pixels, 0 unknown
  uint32_t height_hint = 0;
  uint32_t threads = 0;  // 0: the firmware chooses; <= 256
  bool test = false;     // SVPU_CONFIG_TEST: Crash is obeyed
  friend bool operator==(const Configure&, const Configure&) = default;
};

struct SetControl {
  uint32_t id = 0;
  int64_t value = 0;
  friend bool operator==(const SetControl&, const SetControl&) = default;
};

struct Plane {
  uint64_t offset = 0;         // a multiple of SVPU_PAGE; offset + mapped_length doesn't overflow 63 bits
  uint32_t length = 0;         // > 0
  uint32_t mapped_length = 0;  // >= length
  friend bool operator==(const Plane&, const Plane&) = default;
};

struct MapBuffer {
  Direction direction = Direction::kInput;
  BufferName buffer;
  uint32_t num_planes = 0;  // 1..SVPU_MAX_PLANES
  std::array<Plane, SVPU_MAX_PLANES> plane{};
  friend bool operator==(const MapBuffer&, const MapBuffer&) = default;
};

struct UnmapBuffer {
  Direction direction = Direction::kInput;
  BufferName buffer;
  friend bool operator==(const UnmapBuffer&, const UnmapBuffer&) = default;
};

// Parsed: 1 <= memory_planes, components <= SVPU_MAX_PLANES; component_plane[i] < memory_planes; 1 <= width, height <= 65536;
// stride[i] > 0; offset[i] < plane_size of its plane < 2^31. Whether the components fit is for whoever knows the format.
struct SetLayout {
  uint32_t fourcc = 0;  // not 0
  uint32_t width = 0;   // pixels
  uint32_t height = 0;
  uint32_t memory_planes = 0;
  uint32_t components = 0;
  std::array<uint32_t, SVPU_MAX_PLANES> stride{};
  std::array<uint32_t, SVPU_MAX_PLANES> offset{};
  std::array<uint32_t, SVPU_MAX_PLANES> component_plane{};
  std::array<uint32_t, SVPU_MAX_PLANES> plane_size{};
  friend bool operator==(const SetLayout&, const SetLayout&) = default;
};

struct QueueInput {  // its cookie isn't 0
  BufferName buffer;
  uint32_t offset = 0;  // offset + bytes doesn't overflow 32 bits; whether it fits the mapping is for the firmware to check
  uint32_t bytes = 0;
  uint64_t tag = 0;
  friend bool operator==(const QueueInput&, const QueueInput&) = default;
};

struct QueueOutput {  // its cookie isn't 0
  BufferName buffer;
  friend bool operator==(const QueueOutput&, const QueueOutput&) = default;
};

struct Flush {
  Direction direction = Direction::kInput;
  uint32_t generation = 0;
  friend bool operator==(const Flush&, const Flush&) = default;
};

using Body = std::variant<Unknown, QueryCapabilities, Configure, SetControl, MapBuffer, UnmapBuffer, SetLayout, QueueInput,
                          QueueOutput, Start, Flush, Drain, Resume, ReturnOutput, Ping, Abort, Crash>;

}  // namespace cmd

struct Command {
  uint64_t cookie = 0;
  cmd::Body body;
  friend bool operator==(const Command&, const Command&) = default;
};

// Firmware -> host.
namespace msg {

SOFTVPU_HFI_EMPTY(CapabilitiesEnd);
SOFTVPU_HFI_EMPTY(Pong);

struct Drained {
  WireStatus status = WireStatus::kOk;
  friend bool operator==(const Drained&, const Drained&) = default;
};

struct Ready {
  uint32_t version = 0;
  uint32_t jail = 0;  // SVPU_JAIL_* bits
  std::string name;   // at most 31 bytes, printable
  friend bool operator==(const Ready&, const Ready&) = default;
};

struct Menu {
  uint32_t id = 0;
  int32_t default_item = 0;  // parsed: 0..63 and in supported_items
  uint64_t supported_items = 0;
  friend bool operator==(const Menu&, const Menu&) = default;
};

// Parsed: fourccs aren't 0, 1 <= min <= max <= 65536, 1 <= step, 1..SVPU_MAX_RAW_FORMATS raw formats, <= SVPU_MAX_MENUS menus,
// min_output_buffers <= SVPU_MAX_BUFFERS / 2.
struct Capability {
  Role role = Role::kDecoder;
  uint32_t coded = 0;
  uint32_t flags = 0;
  uint32_t min_output_buffers = 0;
  uint32_t min_width = 0, min_height = 0, max_width = 0, max_height = 0, step_width = 0, step_height = 0;
  std::vector<uint32_t> raw;
  std::vector<Menu> menus;
  friend bool operator==(const Capability&, const Capability&) = default;
};

struct Configured {
  WireStatus status = WireStatus::kOk;
  friend bool operator==(const Configured&, const Configured&) = default;
};

// Parsed: 1 <= coded <= 65536; the visible rectangle isn't empty and lies inside; 1 <= bit_depth <= 16; chroma <= 3;
// 1 <= min_output_buffers <= SVPU_MAX_BUFFERS / 2; pixel aspect terms aren't 0; colour numbers <= 255.
struct FormatChanged {
  bool initial = false;
  bool interlaced = false;
  uint32_t coded_width = 0, coded_height = 0;
  int32_t visible_left = 0, visible_top = 0;
  uint32_t visible_width = 0, visible_height = 0;
  uint32_t bit_depth = 8;
  uint32_t chroma = 1;
  uint32_t native = 0;
  uint32_t min_output_buffers = 1;
  uint32_t pixel_aspect_num = 1, pixel_aspect_den = 1;
  uint32_t colorspace = 0, xfer_func = 0, ycbcr_enc = 0, quantization = 0;
  friend bool operator==(const FormatChanged&, const FormatChanged&) = default;
};

struct InputDone {  // its cookie isn't 0
  WireStatus status = WireStatus::kOk;
  friend bool operator==(const InputDone&, const InputDone&) = default;
};

struct OutputDone {  // its cookie isn't 0
  WireStatus status = WireStatus::kOk;
  bool has_tag = false;
  uint32_t frame_type = 0;  // parsed: 0..3
  uint32_t field = 0;       // parsed: 0..2
  uint64_t tag = 0;
  std::array<uint32_t, SVPU_MAX_PLANES> bytes_used{};
  friend bool operator==(const OutputDone&, const OutputDone&) = default;
};

struct Flushed {
  Direction direction = Direction::kInput;
  uint32_t generation = 0;
  friend bool operator==(const Flushed&, const Flushed&) = default;
};

// A buffer of an UNMAP_BUFFER: nothing in the firmware reads or writes its memory any more.
struct Unmapped {
  Direction direction = Direction::kInput;
  BufferName buffer;
  friend bool operator==(const Unmapped&, const Unmapped&) = default;
};

struct SessionError {
  WireStatus status = WireStatus::kInternal;
  std::string text;  // at most SVPU_TEXT_BYTES, printable
  friend bool operator==(const SessionError&, const SessionError&) = default;
};

struct SystemError {
  WireStatus status = WireStatus::kInternal;
  std::string text;
  friend bool operator==(const SystemError&, const SystemError&) = default;
};

struct DebugText {
  std::string text;
  friend bool operator==(const DebugText&, const DebugText&) = default;
};

using Body = std::variant<Unknown, Ready, Capability, CapabilitiesEnd, Configured, FormatChanged, InputDone, OutputDone, Drained,
                          Flushed, Pong, SessionError, SystemError, DebugText, Unmapped>;

}  // namespace msg

struct Message {
  uint64_t cookie = 0;
  msg::Body body;
  friend bool operator==(const Message&, const Message&) = default;
};

#undef SOFTVPU_HFI_EMPTY

// Errors: EBADMSG with the reason (wrong size for its type, an enum or count out of range, …).
Result<Command> parse_command(const Entry& entry);
Result<Message> parse_message(const Entry& entry);

// The entry with type, size and cookie; the ring writes the sequence. Texts are cut to what fits.
// Total: a value that parse would refuse is written as it is, so that tests can play a hostile peer.
Entry serialize(const Command& command);
Entry serialize(const Message& message);

// "QUEUE_INPUT", "OUTPUT_DONE", …; for logs.
const char* name_of(const cmd::Body& body);
const char* name_of(const msg::Body& body);

// Keeps printable ASCII, everything else becomes '.'; ends at the first NUL. For texts from a peer.
std::string printable(std::string_view text);

}  // namespace softvpu::hfi

// SPDX-License-Identifier: LGPL-2.1-or-later
// Rows of ioctls, and the table that a kind of node has: several parts, some of which it shares
// with other kinds. Each part is at the end of the file that has its handlers (*_ioctls.cc). Looked
// up by call.cc and user_border.cc. Clause: videodev.rst; flags as v4l2-ioctl.c has them.
#pragma once

#include <linux/videodev2.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "base/result.h"

namespace softvpu::v4l2 {

class IoctlTable;
struct IoctlRow;

// What a handler knows besides its argument.
struct IoctlCall {
  bool nonblocking = false;
  bool from_message = false;     // pointers and descriptors in the argument aren't this process's (FileHandle::call())
  int cancel_state = 0;          // the caller's, restored while it sleeps
  v4l2_plane* planes = nullptr;  // copied-in array of a multi-planar v4l2_buffer
  v4l2_ext_control* controls = nullptr;
};

// An open file, as the ioctls see it. Implemented by file/file_core.h.
class IoctlTarget {
 public:
  virtual const IoctlTable& ioctls() const = 0;
  // Runs the handler of a row of ioctls() under the file's lock. Errors: ENODEV after release(),
  // EBUSY by priority, the handler's.
  virtual Status run(const IoctlRow& row, void* argument, IoctlCall& call) = 0;

 protected:
  ~IoctlTarget() = default;
};

// Bits of IoctlRow::flags.
inline constexpr uint32_t kPriorityChecked = 1u << 0;  // refused while another file has a higher priority
inline constexpr uint32_t kAlwaysCopyOut = 1u << 1;    // the answer is valid on errors, too (error_idx)

// The array that an argument of that type points to.
enum class IoctlArray : uint8_t { kNone, kPlanes, kControls };

struct IoctlRow {
  const char* name;
  uint32_t request;
  Status (*handler)(IoctlTarget& file, void* argument, IoctlCall& call);
  uint32_t flags;
  uint32_t copy_in;  // bytes of the argument that are the client's; the rest starts as zero
  IoctlArray array;
};

using IoctlRows = std::span<const IoctlRow>;  // sorted by number

class IoctlTable {
 public:
  using Part = IoctlRows (*)();

  template <typename... Parts>
  constexpr explicit IoctlTable(Parts... parts) : parts_{parts...} {}

  // nullptr: ENOTTY.
  const IoctlRow* find(uint32_t request) const;

  // Those of all parts, sorted by number. For tests and fuzzers.
  std::vector<IoctlRow> all() const;

 private:
  std::array<Part, 8> parts_{};  // those that are used most first
};

// ---- for the files that have rows

template <typename File, typename T>
constexpr IoctlArray array_of(Status (*)(File&, T&, IoctlCall&)) {
  if (std::is_same_v<T, v4l2_buffer>) return IoctlArray::kPlanes;
  return std::is_same_v<T, v4l2_ext_controls> ? IoctlArray::kControls : IoctlArray::kNone;
}

template <typename File, typename T>
constexpr size_t size_of(Status (*)(File&, T&, IoctlCall&)) {
  return sizeof(T);
}

template <auto Handler, typename File, typename T>
Status call_typed(IoctlTarget& file, void* argument, IoctlCall& call) {
  return Handler(static_cast<File&>(file), *static_cast<T*>(argument), call);
}

template <auto Handler, typename File, typename T>
constexpr auto typed(Status (*)(File&, T&, IoctlCall&)) {
  return &call_typed<Handler, File, T>;
}

template <auto Handler, uint32_t kRequest>
constexpr IoctlRow ioctl_row(const char* name, uint32_t flags = 0, size_t copy_in = size_of(Handler)) {
  static_assert(size_of(Handler) == _IOC_SIZE(kRequest), "the handler's argument is that of the request");
  return {name, kRequest, typed<Handler>(Handler), flags, static_cast<uint32_t>(copy_in), array_of(Handler)};
}

constexpr bool is_sorted_by_number(IoctlRows rows) {
  return std::is_sorted(rows.begin(), rows.end(),
                        [](const IoctlRow& a, const IoctlRow& b) { return _IOC_NR(a.request) < _IOC_NR(b.request); });
}

// SOFTVPU_IOCTL(request, handler[, flags[, bytes that are the client's]]): `handler` is a
// Status(File&, Argument&, IoctlCall&).
#define SOFTVPU_IOCTL(request, handler, ...) ioctl_row<&handler, request>(#request __VA_OPT__(, ) __VA_ARGS__)
// Everything after `field` starts as zero, whatever the client left there.
#define SOFTVPU_UP_TO(type, field) (offsetof(type, field) + sizeof(type::field))

}  // namespace softvpu::v4l2

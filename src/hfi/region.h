// SPDX-License-Identifier: LGPL-2.1-or-later
// The shared region of one session (<softvpu/hfi.h>, region layout): a sealed memfd, its mapping, its header and last words.
// HostPort creates it, FirmwareEndpoint adopts it. Any thread, except where said.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/shared_memory.h"
#include "hfi/ring.h"

namespace softvpu::hfi {

class Region {
 public:
  Region() = default;

  // A new region with its header written. `generation` isn't 0. Errors: ENOMEM, EMFILE.
  static Result<Region> create(uint32_t generation);

  // Maps the host's memfd and closes it, checks the header and writes firmware_abi. Errors: EINVAL for memory that can shrink or
  // is too small; EPROTO for another magic, size or generation; EPROTONOSUPPORT for another ABI major.
  static Result<Region> adopt(UniqueFd memfd, uint32_t expected_generation);

  // The same for a session descriptor of the kernel module, or a slot of a guest's region at `offset`: memory that can't shrink.
  // The descriptor stays the caller's.
  static Result<Region> adopt_session(int session, uint32_t expected_generation, uint64_t offset = 0);

  std::byte* data() const { return mapping_.data(); }
  int fd() const { return memory_.fd(); }  // of create(); -1: adopted

  RingMemory commands() const { return RingMemory::command(data()); }
  RingMemory messages() const { return RingMemory::message(data()); }
  RingMemory debug() const { return RingMemory::debug(data()); }

  // major << 16 | minor as the firmware wrote it; 0 before READY. Any value: the firmware isn't trusted.
  uint32_t firmware_abi() const;

  // Firmware: async-signal-safe; cut to SVPU_PAGE - 1 bytes.
  void write_last_words(std::string_view text) const;
  // Host: printable characters only.
  std::string read_last_words() const;

 private:
  Status accept_header(uint32_t expected_generation);

  SharedMemory memory_;
  Mapping mapping_;
};

}  // namespace softvpu::hfi

// SPDX-License-Identifier: GPL-2.0-or-later
// The buffers that the host has mapped into this worker, by index and generation. Thread: the control thread.
#pragma once

#include <array>
#include <memory>

#include "firmware/decoder.h"
#include "hfi/firmware_endpoint.h"

namespace softvpu::firmware {

class Buffers {
 public:
  // Maps what the transport delivered for `command`, after checking that it can't shrink and is as large as the command says.
  // Outputs are faulted in here, so that the first pictures don't pay for it. Errors: EINVAL, ENOMEM, EEXIST.
  Status map(const hfi::cmd::MapBuffer& command, hfi::BufferMemory memory);
  // The mapping itself lives on while a decoder holds it. False: nothing has that name.
  bool unmap(hfi::Direction direction, hfi::BufferName name);
  // nullptr: nothing has that name.
  std::shared_ptr<OutputMemory> find(hfi::Direction direction, hfi::BufferName name) const;

 private:
  struct Entry {
    uint32_t generation = 0;
    std::shared_ptr<OutputMemory> memory;
  };
  using Table = std::array<Entry, SVPU_MAX_BUFFERS>;
  const Entry& at(hfi::Direction direction, uint32_t index) const {
    return (direction == hfi::Direction::kInput ? inputs_ : outputs_)[index];
  }
  Entry& at(hfi::Direction direction, uint32_t index) {
    return (direction == hfi::Direction::kInput ? inputs_ : outputs_)[index];
  }

  Table inputs_;
  Table outputs_;
};

}  // namespace softvpu::firmware

// SPDX-License-Identifier: GPL-2.0-or-later
// The buffers that the host has mapped into this worker, by index and generation. Thread: the control thread.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "firmware/codec.h"
#include "hfi/transport/transport.h"

namespace softvpu::firmware {

class Buffers {
 public:
  // Called once for each buffer that was unmapped, as soon as nobody holds its memory any more, by
  // whoever drops the last reference: any thread. Also for what is still mapped when this is
  // destroyed.
  using OnRelease = std::function<void(Side, hfi::BufferName)>;
  explicit Buffers(OnRelease on_release) : on_release_(std::move(on_release)) {}

  // Maps what the transport delivered for `command`. Errors: EEXIST, BufferMemory::map()'s.
  Status map(const hfi::cmd::MapBuffer& command, std::shared_ptr<hfi::BufferMemory> memory);
  // The mapping itself lives on while a codec holds it. False: nothing has that name.
  bool unmap(Side direction, hfi::BufferName name);
  // nullptr: nothing has that name.
  std::shared_ptr<MappedBuffer> find(Side direction, hfi::BufferName name) const;

 private:
  struct Entry {
    uint32_t generation = 0;
    std::shared_ptr<MappedBuffer> memory;
  };
  // Memory that may be mapped more than once, and MappedBuffer::held of whoever has mapped it.
  struct Known {
    hfi::BufferMemory::Identity identity;
    std::weak_ptr<bool> held;
  };
  std::shared_ptr<bool> held_of(const hfi::BufferMemory::Identity& identity);

  using Table = std::array<Entry, SVPU_MAX_BUFFERS>;
  const Entry& at(Side direction, uint32_t index) const { return (direction == Side::kInput ? inputs_ : outputs_)[index]; }
  Entry& at(Side direction, uint32_t index) { return (direction == Side::kInput ? inputs_ : outputs_)[index]; }

  const OnRelease on_release_;  // first: the tables' ends call it
  Table inputs_;
  Table outputs_;
  std::vector<Known> known_;
};

}  // namespace softvpu::firmware

// SPDX-License-Identifier: GPL-2.0-or-later
// The buffers that the host has mapped into this worker, by index and generation. Thread: the control thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "firmware/decoder.h"
#include "hfi/firmware_endpoint.h"

namespace softvpu::firmware {

class Buffers {
 public:
  // Called once for each buffer that was unmapped, as soon as nobody holds its memory any more, by whoever let go last: any
  // thread. Also for what is still mapped when this is destroyed.
  using LetGo = std::function<void(hfi::Direction, hfi::BufferName)>;
  // Of a plane's memory: which file it is, and where in it the plane begins.
  struct Identity {
    dev_t device = 0;
    ino_t inode = 0;
    uint64_t offset = 0;
    friend bool operator==(const Identity&, const Identity&) = default;
  };
  explicit Buffers(LetGo let_go) : let_go_(std::move(let_go)) {}

  // Maps what the transport delivered for `command`, after checking that it is memory and as large as the command says. A
  // client's own memfd may shrink later: then this process, which serves this client alone, dies of it. Outputs are faulted in
  // here, so that the first pictures don't pay for it. Errors: EINVAL, ENOMEM, EEXIST.
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
  // Memory that may be mapped more than once, by its inode, and OutputMemory::held of whoever has mapped it.
  struct Known {
    Identity identity;
    std::weak_ptr<bool> held;
  };
  std::shared_ptr<bool> held_of(const Identity& identity);

  using Table = std::array<Entry, SVPU_MAX_BUFFERS>;
  const Entry& at(hfi::Direction direction, uint32_t index) const {
    return (direction == hfi::Direction::kInput ? inputs_ : outputs_)[index];
  }
  Entry& at(hfi::Direction direction, uint32_t index) {
    return (direction == hfi::Direction::kInput ? inputs_ : outputs_)[index];
  }

  const LetGo let_go_;  // first: the tables' ends call it
  Table inputs_;
  Table outputs_;
  std::vector<Known> known_;
};

}  // namespace softvpu::firmware

// SPDX-License-Identifier: GPL-2.0-or-later
// Cuts inputs into access units and says which input each began in (dev-decoder.rst, Decoding: a byte stream may be cut anywhere;
// the timestamp of a frame is that of the buffer its data began in). Called by the decoder on its thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "firmware/libav/av_ptr.h"
#include "firmware/libav/codec_table.h"
#include "firmware/libav/headers.h"

namespace softvpu::firmware::libav {

struct AccessUnit {
  PacketPtr packet;     // its own memory; pts is `number`
  uint64_t number = 0;  // counts access units of the session, from 1
  uint64_t tag = 0;
  EntryPoint entry = EntryPoint::kNone;
};

class Packetizer {
 public:
  // Errors: ENOSYS when libavcodec has no parser for the codec, ENOMEM.
  static Result<std::unique_ptr<Packetizer>> create(const CodecRow& row);

  // The next input. The one before must be finished (next() gave nothing). The bytes are copied.
  void begin(Bytes bytes, uint64_t tag);
  // The next access unit that is complete. nullopt: the input is used up.
  std::optional<AccessUnit> next();
  // At the end of a stream: what is left, access unit by access unit, then nullopt; then it begins anew.
  std::optional<AccessUnit> finish();
  // Forgets what it holds.
  void reset();
  // Bytes of an access unit that isn't complete.
  uint64_t pending_bytes() const { return fed_ - emitted_; }

 private:
  explicit Packetizer(const CodecRow& row) : row_(row) {}
  bool open_parser();
  std::optional<AccessUnit> parse(const uint8_t* data, int size);
  std::optional<AccessUnit> make_unit(Bytes bytes, uint64_t tag);
  uint64_t tag_at(uint64_t position);

  struct Begin {
    uint64_t position;  // of the input's first byte in the stream
    uint64_t tag;
  };

  const CodecRow& row_;
  ParserPtr parser_;        // byte streams only
  ContextPtr parser_info_;  // where the parser writes what it learns; not a decoder
  std::vector<uint8_t> input_;
  size_t used_ = 0;  // bytes of input_ the parser has taken
  size_t size_ = 0;  // of input_ without padding
  uint64_t tag_ = 0;
  uint64_t fed_ = 0;      // bytes of the stream the parser has taken
  uint64_t emitted_ = 0;  // bytes of it that came out in access units
  uint64_t number_ = 0;
  std::deque<Begin> begins_;  // of inputs whose bytes are still inside, oldest first
};

}  // namespace softvpu::firmware::libav

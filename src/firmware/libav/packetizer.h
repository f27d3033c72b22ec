// SPDX-License-Identifier: GPL-2.0-or-later
// Cuts inputs into access units and knows which input each began in (dev-decoder.rst, Decoding: a
// byte stream may be cut anywhere; the timestamp of a frame is that of the buffer its data began
// in). Called by the decoder on its thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "firmware/libav/av_ptr.h"
#include "firmware/libav/codecs/codec_row.h"

namespace softvpu::firmware::libav {

struct AccessUnit {
  PacketPtr packet;     // its own memory; pts is `number`
  uint64_t number = 0;  // counts access units of the session, from 1
  uint64_t tag = 0;
  EntryPoint entry = EntryPoint::kNone;
  // Its begin was given out by peek(), under this number. 0: it wasn't.
  uint64_t peeked = 0;
  bool grown = false;     // and more slices of the picture came since
  bool expected = false;  // by peek(): inputs began with access units before
  Bytes bytes() const { return {packet->data, static_cast<size_t>(packet->size)}; }
};

class Packetizer {
 public:
  // Errors: ENOSYS when libavcodec has no parser for the codec, ENOMEM.
  static Result<std::unique_ptr<Packetizer>> create(const CodecRow& row);

  // The next input. The one before must be finished (next() gave nothing). The bytes are copied.
  void begin(Bytes bytes, uint64_t tag);
  // The next access unit that is complete. nullopt: the input is used up.
  std::optional<AccessUnit> next();
  // When the input is used up and no other has come: what it held of a picture, where that may be
  // the whole picture. A byte stream doesn't state it: an access unit is complete when the next one
  // begins. Clients that queue an access unit per buffer and wait for its frame never send that. So
  // this is for inputs that begin with a start code, as all before them did, and have all slices
  // that there are of the picture. The unit isn't used up: next() or finish() gives it out again,
  // see AccessUnit::peeked.
  std::optional<AccessUnit> peek();
  // At the end of a stream: what is left, access unit by access unit, then nullopt; then it begins
  // again.
  std::optional<AccessUnit> finish();
  // Forgets what it holds.
  void reset();
  // Bytes of an access unit that isn't complete. More than kMostPending are no stream: the input
  // was given up then, and only reset() helps.
  uint64_t pending_bytes() const { return fed_ - emitted_; }
  static constexpr uint64_t kMostPending = uint64_t{64} << 20;

 private:
  explicit Packetizer(const CodecRow& row) : row_(row) {}
  bool open_parser();
  void restart_parser();
  std::optional<AccessUnit> parse(const uint8_t* data, int size);
  std::optional<AccessUnit> make_unit(Bytes bytes, uint64_t tag);
  std::optional<AccessUnit> make_unit(PacketPtr packet, uint64_t tag);
  uint64_t begin_of(Bytes unit) const;
  uint64_t tag_at(uint64_t position) const;
  void forget_inputs_before(uint64_t position);
  void keep_pending();
  bool ends_in_end_mark() const;
  void compare_with_peeked(AccessUnit& unit) const;

  static constexpr size_t kTail = 32;  // more than a mark and zeros after it
  static constexpr size_t kMaxHeld = size_t{64} << 10;
  struct Peeked {
    uint64_t number = 0;
    size_t size = 0;  // without zeros at its end
  };

  struct Begin {
    uint64_t position;  // of the input's first byte in the stream
    uint64_t tag;
  };

  const CodecRow& row_;
  PacketPtr whole_;         // not a byte stream: the input, until next() gives it out
  ParserPtr parser_;        // byte streams only
  ContextPtr parser_info_;  // where the parser writes what it learns; not a decoder
  std::vector<uint8_t> input_;
  size_t used_ = 0;  // bytes of input_ the parser has taken
  size_t size_ = 0;  // of input_ without padding
  uint64_t tag_ = 0;
  uint64_t fed_ = 0;           // bytes of the stream the parser has taken
  uint64_t emitted_ = 0;       // bytes of it that came out in access units
  bool ends_in_zero_ = false;  // the last of them
  uint64_t number_ = 0;
  std::deque<Begin> begins_;   // of inputs whose bytes are still inside, oldest first
  std::vector<uint8_t> tail_;  // the last bytes before this input
  // For peek():
  bool whole_units_ = true;        // so far each input has begun with a start code
  uint64_t input_at_ = 0;          // where the input began in the stream
  bool unit_began_input_ = false;  // an input, not the first, began where an access unit did
  uint32_t units_of_input_ = 0;    // that came out since begin()
  std::vector<uint8_t> held_;      // what was pending when the input began, if that is short and has no slice
  bool held_is_useful_ = true;     // false: there was more
  std::optional<Peeked> peeked_;   // of the unit that is pending
};

}  // namespace softvpu::firmware::libav

// SPDX-License-Identifier: GPL-2.0-or-later
// Finds out what a stream is before any of it is decoded (dev-decoder.rst, Initialization, step 4):
// collects inputs until a header is complete, and asks a throwaway libavcodec decoder what picture
// it would ask memory for. Called by the decoder on its thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "firmware/codec.h"
#include "firmware/libav/av_ptr.h"
#include "firmware/libav/codecs/codec_row.h"

namespace softvpu::firmware::libav {

struct StreamHeader {
  StreamFormat info;
  bool may_reorder = true;              // see HeaderPacket
  std::vector<uint8_t> parameter_sets;  // libavcodec's "extradata"
};

class HeaderSearch {
 public:
  enum class Verdict {
    kNeedMore,
    kNothing,  // this input can't be part of a header of this codec
    kFound,
    kRefused,  // as refused(), for longer than a damaged header would be waited for
  };

  HeaderSearch(const CodecRow& row, Size size_hint) : row_(row), size_hint_(size_hint) {}

  // Looks at the next input together with those kept.
  Verdict add(Bytes bytes, uint64_t tag);
  const StreamHeader& header() const { return *header_; }

  // The inputs since the search began, for the decoder; the search begins again. The last one is
  // the one that completed the header.
  struct Kept {
    std::vector<uint8_t> bytes;
    uint64_t tag = 0;
  };
  std::vector<Kept> take();
  void reset();
  // A header was complete, a picture used it, and libavcodec made nothing of it.
  bool refused() const { return refused_; }
  // Bytes were taken, and they are no header yet.
  bool holds_bytes() const;

  // An input past these is answered with an error until a header comes (bytes: of one search).
  static constexpr size_t kMaxBytes = size_t{8} << 20;
  static constexpr size_t kMaxInputs = 64;
  static constexpr size_t kManyBytes = size_t{64} << 10;  // with kMaxInputs inputs: more than a header in small pieces

 private:
  const CodecRow& row_;
  const Size size_hint_;
  std::vector<Kept> kept_;
  std::vector<uint8_t> bytes_;  // of all kept inputs
  std::optional<StreamHeader> header_;
  bool refused_ = false;
};

// What libavcodec makes of a packet of headers; nullopt when it doesn't ask for a picture. Nothing
// is decoded. libavcodec reads the very bytes: they get the padding that it wants, and lose it
// again.
std::optional<StreamHeader> probe_header(const CodecRow& row, Size size_hint, HeaderPacket& packet);

}  // namespace softvpu::firmware::libav

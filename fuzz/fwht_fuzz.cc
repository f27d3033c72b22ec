// SPDX-License-Identifier: GPL-2.0-or-later
// Our FWHT codec. The first byte chooses: the rest is a stream, cut anywhere, for the decoder; or
// samples and parameters for the encoder, whose frames are decoded again. No crash, no hang,
// nothing written behind a frame; the SIMD form does what the plain one does; the encoder never
// exceeds its own limit.
// Links: softvpu_firmware
// Covers: src/firmware/fwht
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include "firmware/fwht/decoder.h"
#include "firmware/fwht/encoder.h"
#include "firmware/fwht/frame_cutter.h"
#include "firmware/fwht/packing.h"
#include "fuzz/bytes.h"

namespace {

using namespace softvpu;
using namespace softvpu::firmware::fwht;

// Larger pictures only make the fuzzer slow.
constexpr uint32_t kMostPixels = 256 * 256;
constexpr uint8_t kGuard = 0xa7;

[[noreturn]] void complain(const char* what) {
  std::fprintf(stderr, "fwht_fuzz: %s\n", what);
  std::abort();
}

bool same(const Picture& a, const Picture& b) {
  for (uint32_t i = 0; i < a.shape().components; ++i) {
    const size_t samples = size_t{a.plane(i).width} * a.plane(i).height;
    if (samples != 0 && std::memcmp(a.plane(i).data, b.plane(i).data, samples) != 0) return false;
  }
  return true;
}

// Packs into memory of exactly the size that a frame of `size` needs, with a guard behind each
// plane, and reads it back.
void pack_guarded(const RawFormat& format, const Picture& picture, Size size) {
  std::vector<uint8_t> memory[kMaxComponents];
  RawFrame frame{.size = size};
  ConstRawFrame back{.size = size};
  const Shape shape = format.shape_of(size);
  for (uint32_t i = 0; i < format.components; ++i) {
    const Place place = format.place[i];
    const Size samples = visible_samples(shape, i);
    const uint32_t stride = std::max(frame.stride[place.plane], samples.width * place.step);
    frame.stride[place.plane] = back.stride[place.plane] = stride;
    memory[place.plane].assign(size_t{stride} * samples.height + 16, kGuard);
  }
  for (uint32_t plane = 0; plane < kMaxComponents; ++plane) {
    frame.data[plane] = memory[plane].data();
    back.data[plane] = memory[plane].data();
  }
  pack(format, picture, frame);
  for (const auto& plane : memory) {
    if (plane.empty()) continue;
    if (std::any_of(plane.end() - 16, plane.end(), [](uint8_t byte) { return byte != kGuard; }))
      complain("it wrote behind a frame");
  }
  auto read = Picture::create(picture.shape());
  unpack(format, back, *read);
}

// Formats that hold the shape, one of them chosen by `choice`.
const RawFormat& choose(const Shape& shape, uint8_t choice) {
  std::vector<const RawFormat*> fitting;
  for (const RawFormat& format : raw_formats()) {
    if (format.holds(shape)) fitting.push_back(&format);
  }
  return *fitting[choice % fitting.size()];
}

struct Decoders {
  std::optional<Decoder> plain;
  std::optional<Decoder> fast;

  void decode(const FrameHeader& header, std::span<const uint8_t> payload, uint8_t choice) {
    const RawFormat& format = choose(header.shape, choice);
    if (!plain || plain->picture().shape() != header.shape) {
      plain = std::move(*Decoder::create(header.shape, scalar_block_ops()));
      fast = std::move(*Decoder::create(header.shape));
    }
    const bool done = plain->decode(header, payload, format).has_value();
    if (done != fast->decode(header, payload, format).has_value()) complain("one form decodes it and the other doesn't");
    if (!same(plain->picture(), fast->picture())) complain("the forms decode other pictures");
    if (done) pack_guarded(format, plain->picture(), header.shape.size);
  }
};

void decode_stream(fuzz::Bytes in, const uint8_t* data, size_t size) {
  const uint8_t choice = in.byte();
  const uint32_t piece = 1 + in.byte() * 7u;
  std::span<const uint8_t> rest(data, size);
  rest = rest.subspan(std::min<size_t>(3, size));
  FrameCutter cutter;
  Decoders decoders;
  while (!rest.empty()) {
    auto input = rest.first(std::min<size_t>(piece, rest.size()));
    rest = rest.subspan(input.size());
    while (!input.empty()) {
      const size_t taken = cutter.take(input, Tag{1});
      if (taken == 0 && !cutter.has_frame()) complain("the cutter takes nothing");
      input = input.subspan(taken);
      if (!cutter.has_frame()) continue;
      const Size picture = cutter.header().shape.size;
      if (uint64_t{picture.width} * picture.height <= kMostPixels) decoders.decode(cutter.header(), cutter.payload(), choice);
      cutter.drop_frame();
    }
  }
}

void encode_pictures(fuzz::Bytes in) {
  const RawFormat& format = raw_formats()[in.byte() % raw_formats().size()];
  const Shape shape = format.shape_of({1u + in.byte() % 80, 1u + in.byte() % 80});
  auto plain = Encoder::create(shape, scalar_block_ops());
  auto fast = Encoder::create(shape);
  auto picture = Picture::create(shape);
  Decoders decoders;
  for (uint32_t frames = 1 + in.byte() % 8; frames > 0; --frames) {
    const EncodeParameters parameters = {.gop_size = in.byte() % 17u,
                                         .intra_qp = static_cast<uint8_t>(in.byte() % 32),
                                         .inter_qp = static_cast<uint8_t>(in.byte() % 32),
                                         .force_key = in.rarely(8)};
    // Samples are the input's, repeated; a few bytes of it change from frame to frame.
    uint8_t period[97] = {};
    in.take(period, 1 + in.byte() % sizeof(period));
    for (uint32_t i = 0; i < shape.components; ++i) {
      const Plane& plane = picture->plane(i);
      for (uint32_t n = 0; n < plane.width * plane.height; ++n)
        plane.data[n] = static_cast<uint8_t>(plane.data[n] + period[(n + i) % sizeof(period)]);
    }
    const EncodedFrame coded = fast->encode(*picture, parameters);
    const EncodedFrame expected = plain->encode(*picture, parameters);
    if (!std::equal(coded.bytes.begin(), coded.bytes.end(), expected.bytes.begin(), expected.bytes.end()))
      complain("the forms encode it differently");
    if (coded.bytes.size() > Encoder::max_frame_bytes(shape)) complain("a frame is larger than its limit");
    const auto header = parse_header(coded.bytes.first<kHeaderBytes>());
    if (!header) complain("the encoder's header isn't one");
    FrameCutter cutter;
    if (cutter.take(coded.bytes, Tag{1}) != coded.bytes.size() || !cutter.has_frame() || cutter.take_loss())
      complain("the encoder's frame isn't one");
    decoders.decode(*header, cutter.payload(), in.byte());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Bytes in(data, size);
  if (in.coin()) {
    encode_pictures(in);
  } else {
    decode_stream(in, data, size);
  }
  return 0;
}

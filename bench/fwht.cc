// SPDX-License-Identifier: GPL-2.0-or-later
// bench_fwht: our FWHT codec on one thread, with SIMD and without, at 1080p in NV12 or in the size
// that is named: frames per second in both directions and their ratio. Usage: bench_fwht
// [WIDTHxHEIGHT]
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "firmware/fwht/decoder.h"
#include "firmware/fwht/encoder.h"

namespace {

using namespace softvpu;
using namespace softvpu::firmware::fwht;
using Seconds = std::chrono::duration<double>;

constexpr int kFrames = 10;
constexpr int kRounds = 7;  // pairs; the median counts

// A picture with edges, gradients and a little noise, which moves.
std::vector<Picture> make_pictures(const Shape& shape) {
  std::vector<Picture> out;
  for (uint32_t number = 0; number < kFrames; ++number) {
    auto picture = Picture::create(shape);
    if (!picture) std::exit(1);
    uint32_t random = 1;
    for (uint32_t i = 0; i < shape.components; ++i) {
      const Plane& plane = picture->plane(i);
      for (uint32_t y = 0; y < plane.height; ++y) {
        for (uint32_t x = 0; x < plane.width; ++x) {
          random = random * 1664525 + 1013904223;
          const uint32_t bars = (x + 4 * number) / 50 * 37 % 160;
          plane.data[static_cast<size_t>(y) * plane.width + x] = static_cast<uint8_t>(40 + bars + y / 16 % 32 + (random >> 30));
        }
      }
    }
    out.push_back(std::move(*picture));
  }
  return out;
}

Seconds encode_all(const BlockOps& ops, const std::vector<Picture>& pictures, std::vector<std::vector<uint8_t>>* frames) {
  auto encoder = Encoder::create(pictures[0].shape(), ops);
  if (!encoder) std::exit(1);
  const auto start = std::chrono::steady_clock::now();
  for (const Picture& picture : pictures) {
    const EncodedFrame frame = encoder->encode(picture, {});
    if (frames != nullptr) frames->emplace_back(frame.bytes.begin(), frame.bytes.end());
  }
  return std::chrono::steady_clock::now() - start;
}

Seconds decode_all(const BlockOps& ops, const std::vector<std::vector<uint8_t>>& frames) {
  const auto header_of = [](const std::vector<uint8_t>& frame) { return *parse_header(std::span(frame).first<kHeaderBytes>()); };
  auto decoder = Decoder::create(header_of(frames[0]).shape, ops);
  if (!decoder) std::exit(1);
  const auto start = std::chrono::steady_clock::now();
  for (const auto& frame : frames) {
    if (!decoder->decode(header_of(frame), std::span(frame).subspan(kHeaderBytes), *find_raw_format(kNv12))) std::exit(1);
  }
  return std::chrono::steady_clock::now() - start;
}

template <typename Run>
void report(const char* what, Run run) {
  std::vector<double> ratios;
  Seconds best_plain{1e9};
  Seconds best_fast{1e9};
  for (int i = 0; i < kRounds; ++i) {
    const Seconds plain = run(scalar_block_ops());
    const Seconds fast = run(block_ops());
    ratios.push_back(plain / fast);
    best_plain = std::min(best_plain, plain);
    best_fast = std::min(best_fast, fast);
  }
  std::sort(ratios.begin(), ratios.end());
  std::printf("%s: scalar %.1f frames/s, SIMD %.1f frames/s at best; ratio %.2f (median of %d pairs)\n", what,
              kFrames / best_plain.count(), kFrames / best_fast.count(), ratios[ratios.size() / 2], kRounds);
}

}  // namespace

int main(int argc, char** argv) {
  Size size{1920, 1080};
  if (argc > 1 && std::sscanf(argv[1], "%ux%u", &size.width, &size.height) != 2) {
    std::fprintf(stderr, "usage: bench_fwht [WIDTHxHEIGHT]\n");
    return 2;
  }
  const Shape shape = find_raw_format(kNv12)->shape_of(size);
  if (!Encoder::create(shape)) {
    std::fprintf(stderr, "bench_fwht: a size that FWHT can't code; expected 1x1 to 8192x8192\n");
    return 2;
  }
  const auto pictures = make_pictures(shape);
  std::vector<std::vector<uint8_t>> frames;
  encode_all(block_ops(), pictures, &frames);
  size_t bytes = 0;
  for (const auto& frame : frames) bytes += frame.size();
  std::printf("FWHT %ux%u, %d frames, %zu bytes a frame\n", size.width, size.height, kFrames, bytes / kFrames);
  report("encode", [&](const BlockOps& ops) { return encode_all(ops, pictures, nullptr); });
  report("decode", [&](const BlockOps& ops) { return decode_all(ops, frames); });
  return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
// Hostile bitstreams through the firmware's decoder: header search, packetizer, libavcodec, output pool. The first bytes choose
// the codec and the client's manners, the rest is the stream with the client's deeds between its pieces. No crash, no hang,
// nothing written outside a picture, every buffer answered once. libavcodec itself isn't instrumented.
// Links: softvpu_firmware
// Covers: src/firmware/libav
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "firmware/libav/testing/harness.h"

namespace {

using namespace softvpu;
using firmware::testing::Client;

constexpr FourCC kCodecs[] = {kH264, kHevc, kVp8, kVp9, kMpeg2};
// Ends a piece; the byte after it says what the client does then. fuzz/bitstream.dict and the seeds' maker know it, too.
constexpr uint8_t kSeparator[] = {0xfe, 'S', 'V', 'P'};
constexpr int kMostPieces = 64;
// Larger pictures are what the worker's memory limit is for: they would only make the fuzzer slow.
constexpr uint32_t kMostPixels = 512 * 512;

[[noreturn]] void complain(const char* what) {
  std::fprintf(stderr, "bitstream_fuzz: %s\n", what);
  std::abort();
}

void check(const Client& client) {
  if (!client.complaints.empty()) complain(client.complaints.front().c_str());
  if (client.errors.size() > 1) complain("failed() was said twice");
}

// Held back: a picture too large to be decoded here. The client goes no further, as one that has no memory for it.
bool too_large(const Client& client) { return uint64_t{client.info.coded.width} * client.info.coded.height > kMostPixels; }

void act(Client& client, uint8_t deed) {
  switch (deed % 8) {
    case 1:
      client.drain();
      if (client.stopped) client.resume_after_drain();
      break;
    case 2:  // a seek in any state; a pause goes on, so what was announced still waits for its buffers
      client.decoder().flush(Side::kInput);
      break;
    case 3:
      client.decoder().flush(Side::kOutput);
      break;
    case 4:
      client.decoder().return_output();
      break;
    case 5:
      client.hold_outputs = !client.hold_outputs;
      break;
    case 6:
      client.keep_setup = !client.keep_setup;
      break;
    case 7:
      client.decoder().resume();  // of nothing
      break;
    default:
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  Client::Options options;
  options.coded = kCodecs[data[0] % std::size(kCodecs)];
  options.outputs = 1 + data[1] % 8;
  options.raw = (data[1] & 0x10) != 0 ? kNv12 : kYuv420;
  options.threads = (data[1] & 0x20) != 0 ? 2 : 1;
  options.sums = false;
  if ((data[1] & 0x40) != 0) options.size_hint = {data[2] * 2u, data[2] + 1u};
  const size_t cut = (data[1] & 0x80) != 0 ? 1u + data[2] * 4u : size;  // as a client that reads by blocks
  Client client(options);
  if (!client.made()) complain("there is no decoder for a codec of the catalog");
  client.keep_cancelled = true;

  std::span<const uint8_t> rest(data + 3, size - 3);
  uint64_t tag = 0;
  for (int pieces = 0; !rest.empty() && pieces < kMostPieces; ++pieces) {
    const auto end = std::search(rest.begin(), rest.end(), std::begin(kSeparator), std::end(kSeparator));
    auto piece = rest.first(static_cast<size_t>(end - rest.begin()));
    rest = rest.subspan(piece.size());
    uint8_t deed = 0;
    if (!rest.empty()) {
      rest = rest.subspan(sizeof(kSeparator));
      if (!rest.empty()) {
        deed = rest.front();
        rest = rest.subspan(1);
      }
    }
    do {
      const auto chunk = piece.first(std::min(cut, piece.size()));
      piece = piece.subspan(chunk.size());
      client.feed(chunk, ++tag);
      client.hold_resume = false;
      // One step at a time until the first format is known: it may be one that isn't wanted.
      while (client.formats.empty() && client.errors.empty() && client.decoder().step()) {
      }
      client.hold_resume = too_large(client);
      client.run();
      check(client);
      client.hold_resume = too_large(client);
    } while (!piece.empty());
    if (client.hold_resume) break;
    act(client, deed);
    check(client);
  }

  // An end as of any client: a drain that must be answered unless the session failed or waits for buffers, then STREAMOFF.
  client.hold_outputs = false;
  const size_t drains = client.drains;
  if (client.stopped) client.resume_after_drain();
  client.hold_resume = too_large(client);
  client.drain();
  const bool waits = client.hold_resume || too_large(client);
  if (client.errors.empty() && !waits && client.drains == drains) complain("a drain without an answer");
  client.decoder().flush(Side::kInput);
  client.keep_cancelled = false;
  client.decoder().flush(Side::kOutput);
  check(client);
  if (client.open_inputs() != 0) complain("an input was never answered");
  if (client.queued_outputs() != 0) complain("an output was never answered");
  return 0;
}

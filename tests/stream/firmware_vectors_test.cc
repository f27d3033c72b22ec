// SPDX-License-Identifier: GPL-2.0-or-later
// Every real 8-bit 4:2:0 stream through the decoder engine alone (no rings, no process), picture by picture against ffmpeg's
// sums. The streams aren't part of the project: SOFTVPU_VECTORS names their folder; without it the tests are skipped.
// SOFTVPU_VECTOR_FILTER runs only files whose name contains it; SOFTVPU_SAMPLE=1 a few of each codec.
#include <gtest/gtest.h>

#include <random>

#include "firmware/libav/testing/demux.h"
#include "firmware/libav/testing/harness.h"

namespace softvpu::firmware::testing {
namespace {

FourCC coded_of(const std::string& codec) {
  if (codec == "h264") return kH264;
  if (codec == "hevc") return kHevc;
  if (codec == "vp8") return kVp8;
  if (codec == "vp9") return kVp9;
  return kMpeg2;
}

std::vector<Vector> deliverable(const std::string& codec) {
  const char* filter = std::getenv("SOFTVPU_VECTOR_FILTER");
  std::vector<Vector> out;
  for (const Vector& vector : vectors()) {
    if (vector.codec != codec || vector.bit_depth != 8) continue;
    if (vector.pixel_format != "yuv420p" && vector.pixel_format != "yuvj420p") continue;
    if (filter != nullptr && vector.file.find(filter) == std::string::npos) continue;
    out.push_back(vector);
  }
  return out;
}

bool is_sample() {
  const char* sample = std::getenv("SOFTVPU_SAMPLE");
  return sample != nullptr && std::string(sample) == "1";
}

struct Run {
  Client::Options options;
  // Bytes per input for byte streams, at random up to this; 0: packets as they are.
  size_t most_bytes = 0;
};

std::string compare(const Vector& vector, const std::vector<Packet>& packets, const std::vector<std::string>& sums, Run run,
                    Size size_hint) {
  run.options.coded = coded_of(vector.codec);
  run.options.size_hint = size_hint;
  Client client(run.options);
  uint64_t tag = 0;
  if (run.most_bytes == 0) {
    for (const Packet& packet : packets) {
      client.feed(packet.bytes, ++tag);
      client.run();
    }
  } else {
    std::mt19937 random(7);
    std::vector<uint8_t> all;
    for (const Packet& packet : packets) all.insert(all.end(), packet.bytes.begin(), packet.bytes.end());
    for (size_t at = 0; at < all.size();) {
      const size_t bytes = std::min(all.size() - at, 1 + random() % run.most_bytes);
      client.feed(std::span(all).subspan(at, bytes), ++tag);
      client.run();
      at += bytes;
    }
  }
  client.drain();
  if (!client.errors.empty()) return "failed: " + client.errors[0].reason;
  if (!client.complaints.empty()) return client.complaints[0];
  if (client.open_inputs() != 0) return std::to_string(client.open_inputs()) + " inputs weren't answered";
  if (client.drains != 1) return "drained() was said " + std::to_string(client.drains) + " times";
  if (run.most_bytes == 0)
    std::erase_if(client.pictures, [&](const Picture& picture) { return packets[picture.tag() - 1].discard; });
  const bool good = vector.category == "conformance" || vector.category == "real";
  if (good && client.damaged_drains != 0) return "drained() says that the end of a good stream was lost";
  std::string text;
  if (client.pictures.size() != sums.size())
    text = std::to_string(client.pictures.size()) + " pictures instead of " + std::to_string(sums.size());
  for (size_t i = 0; i < std::min(sums.size(), client.pictures.size()); ++i) {
    if (client.pictures[i].md5 != sums[i]) {
      text += (text.empty() ? "" : ", ") + std::string("the first that differs is ") + std::to_string(i);
      break;
    }
  }
  for (const Picture& picture : client.pictures) {
    if (!picture.done.has_tag) return text + " a picture without a tag";
  }
  if (!text.empty()) text += " (damaged inputs: " + std::to_string(client.damaged_inputs) + ")";
  return text;
}

void check_all(const std::string& codec, const Run& run) {
  if (vectors_folder().empty()) GTEST_SKIP() << "no folder of real streams (SOFTVPU_VECTORS)";
  const std::vector<Vector> all = deliverable(codec);
  size_t checked = 0;
  for (const Vector& vector : all) {
    auto sums = reference_sums(vector.file);
    if (sums.empty()) continue;
    // ffmpeg looks ahead in the file, learns that nothing is reordered, and drops three damaged pictures; `ffmpeg -strict
    // strict`, which doesn't, shows them, and they look like the others (tests/streams/client-limits.tsv).
    if (vector.file == "h264/edge264-finish-frame.264") sums.insert(sums.end(), 3, sums.back());
    const auto [packets, width, height, rotated] = demux(vectors_folder() + "/" + vector.file, vector.codec);
    if (rotated) {
      std::printf("%s: its reference is turned as the container says\n", vector.file.c_str());
      continue;
    }
    const bool edited = std::any_of(packets.begin(), packets.end(), [](const Packet& packet) { return packet.discard; });
    if (edited && run.most_bytes != 0) continue;  // in pieces nobody knows which pictures the container hides
    const std::string difference =
        compare(vector, packets, sums, run, {static_cast<uint32_t>(width), static_cast<uint32_t>(height)});
    EXPECT_EQ(difference, "") << vector.file << " [" << vector.category << "; " << vector.features << "]";
    ++checked;
    constexpr size_t kSample = 3;
    if (is_sample() && checked == kSample) break;
  }
  if (std::getenv("SOFTVPU_VECTOR_FILTER") == nullptr) {
    EXPECT_GT(checked, 0u);
  }
  std::printf("%zu streams\n", checked);
}

class RealStreams : public ::testing::TestWithParam<std::string> {};

TEST_P(RealStreams, DecodeAsFfmpegDoes) { check_all(GetParam(), {.options = {.threads = 1, .outputs = 20}}); }
TEST_P(RealStreams, DecodeWithTwoOutputs) { check_all(GetParam(), {.options = {.threads = 1, .outputs = 2}}); }
TEST_P(RealStreams, DecodeWithFrameThreads) { check_all(GetParam(), {.options = {.threads = 3, .outputs = 12}}); }
TEST_P(RealStreams, DecodeToNv12) { check_all(GetParam(), {.options = {.threads = 2, .outputs = 4, .raw = kNv12}}); }

INSTANTIATE_TEST_SUITE_P(Of, RealStreams, ::testing::Values("h264", "hevc", "vp8", "vp9", "mpeg2"),
                         [](const auto& test) { return test.param; });

// Where libavcodec's own threads race, one run doesn't tell (codecs/vp8.cc).
TEST(AVp8Stream, IsTheSameWithThreadsEveryTime) {
  constexpr const char* kStream = "vp8/vp8tv-vp80-02-inter-1412.ivf";
  const auto all = deliverable("vp8");
  const auto found = std::find_if(all.begin(), all.end(), [&](const Vector& vector) { return vector.file == kStream; });
  if (found == all.end()) GTEST_SKIP() << kStream << " isn't in the folder of real streams (SOFTVPU_VECTORS)";
  const auto sums = reference_sums(found->file);
  const auto clip = demux(vectors_folder() + "/" + found->file, found->codec);
  const Size size{static_cast<uint32_t>(clip.width), static_cast<uint32_t>(clip.height)};
  // The race shows in one run of three of the rounds below. What threads by frames always show is their delay.
  Client client({.coded = coded_of("vp8"), .threads = 3, .outputs = 12, .size_hint = size});
  client.feed(clip.packets.at(0).bytes, 1);
  client.run();
  EXPECT_EQ(client.pictures.size(), 1u) << "pictures of the first frame, with nothing behind it";
  const int rounds = is_sample() ? 30 : 300;
  for (int round = 0; round < rounds; ++round) {
    ASSERT_EQ(compare(*found, clip.packets, sums, {.options = {.threads = 3, .outputs = 12}}, size), "") << "round " << round;
  }
}

class RealByteStreams : public ::testing::TestWithParam<std::string> {};

TEST_P(RealByteStreams, DecodeFromPiecesOfAnySize) {
  check_all(GetParam(), {.options = {.threads = 1, .outputs = 6}, .most_bytes = 5000});
}

INSTANTIATE_TEST_SUITE_P(Of, RealByteStreams, ::testing::Values("h264", "hevc", "mpeg2"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace softvpu::firmware::testing

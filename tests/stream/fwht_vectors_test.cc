// SPDX-License-Identifier: GPL-2.0-or-later
// Streams of the real vicodec through our FWHT codec alone: every decoded frame has the sum that
// vicodec's has, and encoding what vicodec encoded gives the very bytes. The streams aren't part of
// the project: SOFTVPU_VECTORS names their folder; without it the tests are skipped. Where the
// pictures that were encoded can be made anew, ffmpeg makes them, as the README beside the streams
// says.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "firmware/fwht/decoder.h"
#include "firmware/fwht/encoder.h"
#include "firmware/fwht/packing.h"

extern "C" {
#include <libavutil/md5.h>
}

namespace softvpu::firmware::fwht {
namespace {

using Bytes = std::vector<uint8_t>;

std::string md5_of(const Bytes& bytes) {
  std::array<uint8_t, 16> sum{};
  av_md5_sum(sum.data(), bytes.data(), bytes.size());
  std::string text;
  for (const uint8_t byte : sum) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", byte);
    text += digits;
  }
  return text;
}

Bytes read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// A row of one of the two lists of streams.
struct Stream {
  std::string path;
  FourCC raw = FourCC::kNone;
  uint32_t gop = 0;
  uint8_t intra_qp = 0;
  uint8_t inter_qp = 0;
  int frames = 0;
  std::string source;  // how the pictures were made; empty: not known
  std::string source_sum;
  std::string stream_sum;
  std::string decoded_sum;  // of all frames
};

std::vector<std::string> split(const std::string& line) {
  std::vector<std::string> out;
  std::istringstream in(line);
  for (std::string field; std::getline(in, field, '\t');) out.push_back(field);
  return out;
}

// The last word of a field as "dec 13824000 443ff1c7…".
std::string last_word(const std::string& field) { return field.substr(field.rfind(' ') + 1); }

FourCC fourcc_of(const std::string& name) { return make_fourcc(name[0], name[1], name[2], name[3]); }

std::string vectors_folder() {
  const char* set = std::getenv("SOFTVPU_VECTORS");
  return set != nullptr ? set : SOFTVPU_SOURCE_DIR "/../shared/vectors";
}

std::vector<Stream> streams() {
  const std::string folder = vectors_folder();
  std::vector<Stream> out;
  const std::string vicodec = folder + "/fwht-vicodec/";
  std::ifstream list(vicodec + "LIST.tsv");
  for (std::string line; std::getline(list, line);) {
    const auto field = split(line);
    if (field.size() < 10 || field[0] == "file") continue;
    Stream stream{.path = vicodec + field[0], .raw = fourcc_of(field[2])};
    stream.gop = static_cast<uint32_t>(std::atoi(field[3].c_str() + 4));
    unsigned intra = 0;
    unsigned inter = 0;
    std::sscanf(field[4].c_str(), "qp %u/%u", &intra, &inter);
    stream.intra_qp = static_cast<uint8_t>(intra);
    stream.inter_qp = static_cast<uint8_t>(inter);
    stream.frames = std::atoi(field[5].c_str());
    stream.source = field[6];
    stream.source_sum = last_word(field[7]);
    stream.stream_sum = last_word(field[8]);
    stream.decoded_sum = last_word(field[9]);
    out.push_back(stream);
  }
  std::ifstream manifest(folder + "/MANIFEST.tsv");
  for (std::string line; std::getline(manifest, line);) {
    const auto field = split(line);
    if (field.size() < 14 || field[0] != "fwht") continue;
    Stream stream{.path = folder + "/" + field[1], .raw = fourcc_of(field[7])};
    stream.frames = std::atoi(field[10].c_str());
    stream.decoded_sum = last_word(field[13]);
    // It was decoded into lines that are shorter than the chroma blocks in them (168 bytes instead
    // of vicodec's 176), so its sum is of pictures whose lines run into each other.
    if (field[1] == "fwht/ref-odd_166x130_nv12.fwht") continue;
    out.push_back(stream);
  }
  return out;
}

struct Frame {
  FrameHeader header;
  std::span<const uint8_t> bytes;  // header and payload
  std::span<const uint8_t> payload() const { return bytes.subspan(kHeaderBytes); }
};

std::vector<Frame> frames_of(const Bytes& stream) {
  std::vector<Frame> out;
  std::span<const uint8_t> rest(stream);
  while (rest.size() >= kHeaderBytes) {
    const auto header = parse_header(rest.first<kHeaderBytes>());
    if (!header || rest.size() < kHeaderBytes + header->payload_bytes) {
      ADD_FAILURE() << "frame " << out.size() << " isn't whole";
      break;
    }
    out.push_back({*header, rest.first(kHeaderBytes + header->payload_bytes)});
    rest = rest.subspan(kHeaderBytes + header->payload_bytes);
  }
  return out;
}

// A frame of exactly the visible size, as v4l2-ctl writes and reads them.
struct TightFrame {
  TightFrame(const RawFormat& format, Size size) {
    std::array<size_t, kMaxComponents> bytes{};
    raw.size = size;
    for (uint32_t i = 0; i < format.components; ++i) {
      const Size samples = visible_samples(format.shape_of(size), i);
      const Place place = format.place[i];
      const size_t group = place.step == 4 && format.half_width ? 2 : place.step;  // YUYV: two bytes for each pixel
      const size_t pixels = place.plane == 0 ? size.width : samples.width;
      raw.stride[place.plane] = static_cast<uint32_t>(group * pixels);
      bytes[place.plane] = static_cast<size_t>(raw.stride[place.plane]) * samples.height;
    }
    size_t at = 0;
    memory.resize(bytes[0] + bytes[1] + bytes[2] + bytes[3]);
    for (uint32_t plane = 0; plane < kMaxComponents; ++plane) {
      raw.data[plane] = memory.data() + at;
      at += bytes[plane];
    }
  }
  ConstRawFrame read() const {
    ConstRawFrame out{.size = raw.size, .stride = raw.stride};
    std::copy(raw.data.begin(), raw.data.end(), out.data.begin());
    return out;
  }
  Bytes memory;
  RawFrame raw;
};

class FwhtVectors : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(vectors_folder() + "/fwht-vicodec/LIST.tsv"))
      GTEST_SKIP() << "no folder of real streams (SOFTVPU_VECTORS)";
    ASSERT_GE(streams().size(), 30u);
  }
};

TEST_F(FwhtVectors, DecodeToThePicturesOfVicodec) {
  for (const Stream& stream : streams()) {
    SCOPED_TRACE(stream.path);
    const Bytes bytes = read_file(stream.path);
    const RawFormat& format = *find_raw_format(stream.raw);
    std::vector<std::string> sums;
    std::ifstream list(std::filesystem::path(stream.path).replace_extension("framemd5"));
    for (std::string line; std::getline(list, line);) sums.push_back(line);
    Bytes all;
    std::optional<Decoder> decoder;
    size_t number = 0;
    for (const Frame& frame : frames_of(bytes)) {
      if (!decoder || decoder->picture().shape() != frame.header.shape) {
        auto made = Decoder::create(frame.header.shape);
        ASSERT_TRUE(made.has_value()) << made.error().reason;
        decoder = std::move(*made);
      }
      const Status decoded = decoder->decode(frame.header, frame.payload(), format);
      ASSERT_TRUE(decoded.has_value()) << decoded.error().reason;
      TightFrame out(format, frame.header.shape.size);
      pack(format, decoder->picture(), out.raw);
      if (!sums.empty()) {
        ASSERT_LT(number, sums.size());
        ASSERT_EQ(md5_of(out.memory), sums[number]) << "frame " << number;
      }
      all.insert(all.end(), out.memory.begin(), out.memory.end());
      ++number;
    }
    EXPECT_EQ(md5_of(all), stream.decoded_sum);
  }
}

// What was encoded, made by ffmpeg as the list of streams says. Empty where it isn't known how.
Bytes make_source(const Stream& stream, Size size) {
  if (stream.source != "testsrc2" && stream.source != "mandel") return {};
  // ffmpeg doesn't make NV16, NV24 and YVYU: they are made here of what has the same samples.
  static const std::pair<FourCC, const char*> kNames[] = {
      {kYuv420, "yuv420p"}, {kNv12, "nv12"},   {kNv21, "nv21"},   {kNv16, "yuv422p"}, {kYuyv, "yuyv422"}, {kUyvy, "uyvy422"},
      {kRgb24, "rgb24"},    {kAbgr32, "bgra"}, {kArgb32, "argb"}, {kGrey, "gray"},    {kYvyu, "yuyv422"}, {kNv24, "yuv444p"},
  };
  const char* name = nullptr;
  for (const auto& [fourcc, known] : kNames) {
    if (fourcc == stream.raw) name = known;
  }
  if (name == nullptr) return {};
  const std::string graph = (stream.source == "mandel" ? "mandelbrot=s=" : "testsrc2=s=") + std::to_string(size.width) + "x" +
                            std::to_string(size.height) + ":r=25";
  const std::string command = "ffmpeg -v error -threads 1 -f lavfi -i " + graph + " -frames:v " + std::to_string(stream.frames) +
                              " -sws_flags +accurate_rnd+bitexact -pix_fmt " + name + " -f rawvideo - </dev/null";
  Bytes out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<uint8_t, 65536> piece{};
  while (const size_t bytes = fread(piece.data(), 1, piece.size(), pipe))
    out.insert(out.end(), piece.data(), piece.data() + bytes);
  pclose(pipe);
  if (stream.raw == kYvyu) {
    for (size_t i = 0; i + 3 < out.size(); i += 4) std::swap(out[i + 1], out[i + 3]);
  } else if (stream.raw == kNv24 || stream.raw == kNv16) {
    const size_t luma = static_cast<size_t>(size.width) * size.height;
    const size_t chroma = stream.raw == kNv24 ? luma : luma / 2;
    for (size_t at = luma; at + 2 * chroma <= out.size(); at += luma + 2 * chroma) {
      const Bytes planes(out.begin() + static_cast<ptrdiff_t>(at), out.begin() + static_cast<ptrdiff_t>(at + 2 * chroma));
      for (size_t i = 0; i < chroma; ++i) {
        out[at + 2 * i] = planes[i];
        out[at + 2 * i + 1] = planes[chroma + i];
      }
    }
  }
  return out;
}

// The first frame that encodes differently, or nothing.
std::optional<std::string> encode_differs(const Stream& stream, const std::vector<Frame>& frames, const Bytes& source,
                                          const BlockOps& ops) {
  const RawFormat& format = *find_raw_format(stream.raw);
  const Shape& shape = frames.at(0).header.shape;
  auto encoder = Encoder::create(shape, ops);
  if (!encoder) return encoder.error().reason;
  TightFrame in(format, shape.size);
  if (source.size() != in.memory.size() * frames.size()) return "the source has another length";
  for (size_t i = 0; i < frames.size(); ++i) {
    std::memcpy(in.memory.data(), source.data() + i * in.memory.size(), in.memory.size());
    auto picture = Picture::create(shape);
    if (!picture) return picture.error().reason;
    unpack(format, in.read(), *picture);
    const EncodedFrame encoded = encoder->encode(
        *picture,
        {.gop_size = stream.gop, .intra_qp = stream.intra_qp, .inter_qp = stream.inter_qp, .colour = frames[i].header.colour});
    if (!std::equal(encoded.bytes.begin(), encoded.bytes.end(), frames[i].bytes.begin(), frames[i].bytes.end()))
      return "frame " + std::to_string(i) + " has " + std::to_string(encoded.bytes.size()) + " bytes, vicodec's " +
             std::to_string(frames[i].bytes.size());
  }
  return std::nullopt;
}

// Where a picture isn't whole blocks, the rest of v4l2-ctl's buffer was coded with it, which had a
// test pattern in it before.
bool is_whole_blocks(const Shape& shape) {
  for (uint32_t i = 0; i < shape.components; ++i) {
    if (visible_samples(shape, i) != coded_samples(shape, i)) return false;
  }
  return true;
}

TEST_F(FwhtVectors, AreWhatOurEncoderMakesOfTheSamePictures) {
  size_t compared = 0;
  for (const Stream& stream : streams()) {
    if (stream.stream_sum.empty()) continue;
    SCOPED_TRACE(stream.path);
    const Bytes bytes = read_file(stream.path);
    EXPECT_EQ(md5_of(bytes), stream.stream_sum);
    const auto frames = frames_of(bytes);
    if (!is_whole_blocks(frames.at(0).header.shape)) continue;
    const Bytes source = make_source(stream, frames.at(0).header.shape.size);
    if (source.empty()) continue;
    EXPECT_EQ(md5_of(source), stream.source_sum);
    for (const BlockOps* ops : {&scalar_block_ops(), &block_ops()})
      EXPECT_EQ(encode_differs(stream, frames, source, *ops), std::nullopt) << ops->name;
    ++compared;
  }
  EXPECT_EQ(compared, 15u);
}

}  // namespace
}  // namespace softvpu::firmware::fwht

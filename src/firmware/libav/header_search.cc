// SPDX-License-Identifier: GPL-2.0-or-later
// The search for a stream's header: see header_search.h.
#include "firmware/libav/header_search.h"

#include <algorithm>

#include "firmware/libav/av_ptr.h"
#include "firmware/libav/headers.h"
#include "firmware/libav/log.h"
#include "firmware/libav/picture.h"

namespace softvpu::firmware::libav {
namespace {

// What the throwaway decoder requested memory for.
struct Requested {
  bool any = false;
  int width = 0;
  int height = 0;
  int format = AV_PIX_FMT_NONE;
};

int remember_and_refuse(AVCodecContext* context, AVFrame* frame, int) {
  auto* requested = static_cast<Requested*>(context->opaque);
  if (!requested->any) *requested = {true, frame->width, frame->height, frame->format};
  return AVERROR(ENOMEM);
}

}  // namespace

std::optional<StreamHeader> probe_header(const CodecRow& row, Size size_hint, HeaderPacket& packet) {
  const QuietLog quiet;  // what a throwaway decoder complains about means nothing
  const AVCodec* codec = avcodec_find_decoder(row.id);
  ContextPtr context(codec != nullptr ? avcodec_alloc_context3(codec) : nullptr);
  PacketPtr input(av_packet_alloc());
  FramePtr picture(av_frame_alloc());
  if (!context || !input || !picture) return std::nullopt;
  Requested requested;
  context->thread_count = 1;
  context->apply_cropping = 0;
  if (row.tune != nullptr) row.tune({.probing = true, .size_hint = size_hint}, *context);
  context->opaque = &requested;
  context->get_buffer2 = remember_and_refuse;
  if (avcodec_open2(context.get(), codec, nullptr) < 0) return std::nullopt;
  const size_t size = packet.bytes.size();
  packet.bytes.resize(size + AV_INPUT_BUFFER_PADDING_SIZE);  // zeros
  input->buf = av_buffer_create(
      packet.bytes.data(), packet.bytes.size(), [](void*, uint8_t*) {}, nullptr, AV_BUFFER_FLAG_READONLY);
  if (input->buf != nullptr) {
    input->data = packet.bytes.data();
    input->size = static_cast<int>(size);
    (void)avcodec_send_packet(context.get(), input.get());
  }
  packet.bytes.resize(size);  // the memory stays where it is: the decoder may keep a reference until the end of this function
  if (!requested.any || context->width <= 0 || context->height <= 0) return std::nullopt;

  picture->width = requested.width;
  picture->height = requested.height;
  picture->format = requested.format;
  picture->crop_right = static_cast<size_t>(std::max(requested.width - context->width, 0));
  picture->crop_bottom = static_cast<size_t>(std::max(requested.height - context->height, 0));
  // Copied as bytes: see number_in().
  std::memcpy(&picture->color_range, &context->color_range, sizeof picture->color_range);
  std::memcpy(&picture->color_primaries, &context->color_primaries, sizeof picture->color_primaries);
  std::memcpy(&picture->color_trc, &context->color_trc, sizeof picture->color_trc);
  std::memcpy(&picture->colorspace, &context->colorspace, sizeof picture->colorspace);
  picture->sample_aspect_ratio = context->sample_aspect_ratio;
  Sequences sequences(row);
  sequences.add(packet.bytes);
  StreamHeader header;
  header.info = describe_picture(row, *picture, sequences.current());
  header.may_reorder = packet.may_reorder;
  header.parameter_sets.assign(packet.bytes.begin(), packet.bytes.begin() + static_cast<ptrdiff_t>(packet.header_bytes));
  return header;
}

HeaderSearch::Verdict HeaderSearch::add(Bytes bytes, uint64_t tag) {
  if (bytes.size() > kMostInOnePacket) return Verdict::kNothing;
  if (!row_.byte_stream()) {
    HeaderPacket packet;
    packet.bytes.reserve(bytes.size() + AV_INPUT_BUFFER_PADDING_SIZE);
    packet.bytes.assign(bytes.begin(), bytes.end());
    header_ = probe_header(row_, size_hint_, packet);
    kept_.clear();
    kept_.push_back({std::move(packet.bytes), tag});
    return header_ ? Verdict::kFound : Verdict::kNothing;
  }
  const bool exhausted = bytes_.size() > kMaxBytes || (kept_.size() >= kMaxInputs && bytes_.size() >= kManyBytes);
  if (exhausted && refused_) return Verdict::kRefused;
  if (exhausted) {
    // Keep looking, from the input before this one on: a header may lie across two of them.
    kept_.erase(kept_.begin(), kept_.end() - 1);
    bytes_ = kept_.front().bytes;
  }
  const size_t before = bytes_.size();
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  kept_.push_back({{bytes.begin(), bytes.end()}, tag});
  if (auto packet = header_packet(row_, bytes_)) {
    header_ = probe_header(row_, size_hint_, *packet);
    refused_ = !header_ && packet->used;
  }
  if (header_) return Verdict::kFound;
  return !exhausted && may_become_header(row_, bytes_, before) ? Verdict::kNeedMore : Verdict::kNothing;
}

std::vector<HeaderSearch::Kept> HeaderSearch::take() {
  std::vector<Kept> out = std::move(kept_);
  reset();
  return out;
}

bool HeaderSearch::holds_bytes() const {
  return std::any_of(kept_.begin(), kept_.end(), [](const Kept& input) { return !input.bytes.empty(); });
}

void HeaderSearch::reset() {
  kept_.clear();
  bytes_.clear();
  header_.reset();
  refused_ = false;
}

}  // namespace softvpu::firmware::libav

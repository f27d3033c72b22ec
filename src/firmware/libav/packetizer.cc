// SPDX-License-Identifier: GPL-2.0-or-later
// Access units by libavcodec's parsers, which hand out every byte they were given, in order: counting bytes finds the input.
#include "firmware/libav/packetizer.h"

#include <cstring>

#include "firmware/libav/start_codes.h"

namespace softvpu::firmware::libav {

Result<std::unique_ptr<Packetizer>> Packetizer::create(const CodecRow& row) {
  std::unique_ptr<Packetizer> self(new Packetizer(row));
  if (row.byte_stream() && !self->open_parser())
    return fail(ENOSYS, "libavcodec has no parser for " + to_string(row.description.coded));
  return self;
}

bool Packetizer::open_parser() {
  parser_.reset(av_parser_init(row_.id));
  parser_info_.reset(avcodec_alloc_context3(nullptr));
  if (!parser_ || !parser_info_) return false;
  parser_info_->codec_id = row_.id;
  parser_info_->codec_type = AVMEDIA_TYPE_VIDEO;
  return true;
}

void Packetizer::begin(Bytes bytes, uint64_t tag) {
  input_.resize(bytes.size() + AV_INPUT_BUFFER_PADDING_SIZE);
  if (!bytes.empty()) std::memcpy(input_.data(), bytes.data(), bytes.size());
  std::memset(input_.data() + bytes.size(), 0, AV_INPUT_BUFFER_PADDING_SIZE);
  size_ = bytes.size();
  used_ = 0;
  tag_ = tag;
  if (row_.byte_stream() && !bytes.empty()) begins_.push_back({fed_, tag});
}

std::optional<AccessUnit> Packetizer::next() {
  if (!row_.byte_stream()) {
    if (used_ == size_) return std::nullopt;
    used_ = size_;
    return make_unit(Bytes(input_).first(size_), tag_);
  }
  while (used_ < size_ && parser_) {
    const size_t before = used_;
    auto unit = parse(input_.data() + used_, static_cast<int>(size_ - used_));
    if (unit) return unit;
    if (used_ == before) break;  // a parser that takes nothing: give the rest up
  }
  used_ = size_;
  return std::nullopt;
}

std::optional<AccessUnit> Packetizer::finish() {
  if (row_.byte_stream() && parser_) {
    if (auto unit = parse(nullptr, 0)) return unit;
  }
  reset();
  return std::nullopt;
}

void Packetizer::reset() {
  if (row_.byte_stream()) open_parser();
  size_ = used_ = 0;
  fed_ = emitted_ = 0;
  begins_.clear();
}

std::optional<AccessUnit> Packetizer::parse(const uint8_t* data, int size) {
  uint8_t* out = nullptr;
  int out_size = 0;
  const int taken =
      av_parser_parse2(parser_.get(), parser_info_.get(), &out, &out_size, data, size, AV_NOPTS_VALUE, AV_NOPTS_VALUE, -1);
  if (taken > 0) {
    used_ += static_cast<size_t>(taken);
    fed_ += static_cast<uint64_t>(taken);
  }
  if (out_size <= 0) return std::nullopt;

  const Bytes bytes(out, static_cast<size_t>(out_size));
  // Zeros before the first start code end the access unit before, wherever the parser cut.
  const auto first = UnitWalker(bytes).next();
  const uint64_t tag = tag_at(emitted_ + (first ? first->start : 0));
  emitted_ += bytes.size();
  auto unit = make_unit(bytes, tag);
  if (unit && parser_->key_frame == 1 && unit->entry == EntryPoint::kNone) unit->entry = EntryPoint::kKey;
  return unit;
}

uint64_t Packetizer::tag_at(uint64_t position) {
  while (begins_.size() > 1 && begins_[1].position <= position) begins_.pop_front();
  return begins_.empty() ? tag_ : begins_.front().tag;
}

std::optional<AccessUnit> Packetizer::make_unit(Bytes bytes, uint64_t tag) {
  AccessUnit unit;
  unit.packet.reset(av_packet_alloc());
  if (!unit.packet || av_new_packet(unit.packet.get(), static_cast<int>(bytes.size())) < 0) return std::nullopt;
  std::memcpy(unit.packet->data, bytes.data(), bytes.size());
  unit.number = ++number_;
  unit.packet->pts = static_cast<int64_t>(unit.number);
  unit.tag = tag;
  unit.entry = entry_point(row_.id, bytes);
  return unit;
}

}  // namespace softvpu::firmware::libav

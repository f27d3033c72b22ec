// SPDX-License-Identifier: GPL-2.0-or-later
// Access units by libavcodec's parsers, which hand out every byte they were given, in order:
// counting bytes finds the input.
#include "firmware/libav/packetizer.h"

#include <algorithm>
#include <cstring>

#include "firmware/libav/headers.h"

namespace softvpu::firmware::libav {
namespace {

// libavcodec counts in int, and adds this to what is pending.
constexpr size_t kMostAtOnce = size_t{64} << 20;

bool begins_with_start_code(Bytes bytes) {
  size_t zeros = 0;
  while (zeros < bytes.size() && bytes[zeros] == 0) ++zeros;
  return zeros >= 2 && zeros < bytes.size() && bytes[zeros] == 1;
}

// Null when there is no memory, or libavcodec doesn't take so much at once.
PacketPtr packet_of(Bytes bytes) {
  if (bytes.size() > kMostInOnePacket) return nullptr;
  PacketPtr packet(av_packet_alloc());
  if (!packet || av_new_packet(packet.get(), static_cast<int>(bytes.size())) < 0) return nullptr;
  std::memcpy(packet->data, bytes.data(), bytes.size());
  return packet;
}

}  // namespace

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
  tag_ = tag;
  if (!row_.byte_stream()) {
    whole_ = bytes.empty() ? nullptr : packet_of(bytes);
    return;
  }
  if (!bytes.empty()) {
    tail_.insert(tail_.end(), input_.begin() + static_cast<ptrdiff_t>(size_ - std::min(size_, kTail)),
                 input_.begin() + static_cast<ptrdiff_t>(size_));
    if (tail_.size() > kTail) tail_.erase(tail_.begin(), tail_.end() - static_cast<ptrdiff_t>(kTail));
    keep_pending();
    whole_units_ = whole_units_ && begins_with_start_code(bytes);
    units_of_input_ = 0;
    input_at_ = fed_;
  }
  input_.resize(bytes.size() + AV_INPUT_BUFFER_PADDING_SIZE);
  if (!bytes.empty()) std::memcpy(input_.data(), bytes.data(), bytes.size());
  std::memset(input_.data() + bytes.size(), 0, AV_INPUT_BUFFER_PADDING_SIZE);
  size_ = bytes.size();
  used_ = 0;
  if (!bytes.empty()) begins_.push_back({fed_, tag});
}

std::optional<AccessUnit> Packetizer::next() {
  if (!row_.byte_stream()) return make_unit(std::move(whole_), tag_);
  while (used_ < size_ && parser_) {
    const size_t before = used_;
    auto unit = parse(input_.data() + used_, static_cast<int>(std::min(size_ - used_, kMostAtOnce)));
    if (unit) return unit;
    if (used_ == before) break;  // a parser that takes nothing: give the rest up
    if (pending_bytes() > kMostPending) break;
  }
  used_ = size_;
  if (!ends_in_end_mark()) return std::nullopt;
  auto unit = parse(nullptr, 0);
  restart_parser();
  return unit;
}

std::optional<AccessUnit> Packetizer::finish() {
  if (row_.byte_stream() && parser_) {
    if (auto unit = parse(nullptr, 0)) return unit;
  }
  size_ = used_ = 0;
  restart_parser();  // how the client cuts its inputs stays known
  return std::nullopt;
}

void Packetizer::reset() {
  whole_.reset();
  size_ = used_ = 0;
  restart_parser();
  whole_units_ = true;
  unit_began_input_ = false;
}

// At a place of the stream where nothing is pending.
void Packetizer::restart_parser() {
  if (row_.byte_stream()) open_parser();
  fed_ = emitted_ = input_at_ = 0;
  ends_in_zero_ = false;
  begins_.clear();
  held_.clear();
  held_is_useful_ = true;
  peeked_.reset();
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
  const uint64_t begin = begin_of(bytes);
  forget_inputs_before(begin);
  auto unit = make_unit(bytes, tag_at(begin));
  emitted_ += bytes.size();
  ends_in_zero_ = bytes.back() == 0;
  if (unit && parser_->key_frame == 1 && unit->entry == EntryPoint::kNone) unit->entry = EntryPoint::kKey;
  if (unit) compare_with_peeked(*unit);
  // The parser may have left the new unit's zero_byte with the old one.
  unit_began_input_ = unit_began_input_ || (input_at_ > 0 && (emitted_ == input_at_ || emitted_ == input_at_ + 1));
  peeked_.reset();
  held_.clear();
  held_is_useful_ = true;
  ++units_of_input_;
  return unit;
}

// Where an access unit that comes out next begins in the stream. Zeros before the first start code
// end the access unit before, wherever the parser cut; but one of them is part of the start code of
// an access unit of NAL units (zero_byte).
uint64_t Packetizer::begin_of(Bytes unit) const {
  const auto first = UnitWalker(unit).next();
  if (!first) return emitted_;
  const auto before = static_cast<size_t>(first->bytes.data() - unit.data()) - 3;
  const bool after_zero = before > 0 ? unit[before - 1] == 0 : ends_in_zero_;
  return emitted_ + before - (after_zero && row_.stream->nal_units ? 1 : 0);
}

uint64_t Packetizer::tag_at(uint64_t position) const {
  uint64_t tag = tag_;
  for (size_t i = 0; i < begins_.size() && (i == 0 || begins_[i].position <= position); ++i) tag = begins_[i].tag;
  return tag;
}

void Packetizer::forget_inputs_before(uint64_t position) {
  while (begins_.size() > 1 && begins_[1].position <= position) begins_.pop_front();
}

// ---- whole access units without the next one's begin ----

// Before another input: what was pending of those before it.
void Packetizer::keep_pending() {
  const uint64_t pending = pending_bytes();
  if (pending == 0 || !held_is_useful_) return;
  const auto of_input = static_cast<size_t>(std::min<uint64_t>(pending, size_));
  held_is_useful_ = held_.size() + of_input == pending && pending <= kMaxHeld;
  if (held_is_useful_) {
    held_.insert(held_.end(), input_.begin() + static_cast<ptrdiff_t>(size_ - of_input),
                 input_.begin() + static_cast<ptrdiff_t>(size_));
    held_is_useful_ = without_picture(row_, held_);
  }
  if (!held_is_useful_) held_.clear();
}

std::optional<AccessUnit> Packetizer::peek() {
  const uint64_t pending = pending_bytes();
  if (!row_.byte_stream() || !parser_ || !whole_units_ || !held_is_useful_ || peeked_ || used_ < size_) return std::nullopt;
  if (pending <= held_.size() || pending - held_.size() > size_ || units_of_input_ > 1) return std::nullopt;
  std::vector<uint8_t> bytes = held_;
  const auto of_input = static_cast<size_t>(pending - held_.size());
  bytes.insert(bytes.end(), input_.begin() + static_cast<ptrdiff_t>(size_ - of_input),
               input_.begin() + static_cast<ptrdiff_t>(size_));
  // Zeros after a NAL unit aren't part of it; another codec's slice may end in some.
  while (row_.stream->nal_units && !bytes.empty() && bytes.back() == 0) bytes.pop_back();
  if (!begins_with_start_code(bytes) || without_picture(row_, bytes)) return std::nullopt;
  auto unit = make_unit(bytes, tag_at(begin_of(bytes)));
  if (!unit) return std::nullopt;
  unit->expected = unit_began_input_;
  peeked_ = Peeked{.number = unit->number, .size = bytes.size()};
  return unit;
}

void Packetizer::compare_with_peeked(AccessUnit& unit) const {
  if (!peeked_) return;
  unit.peeked = peeked_->number;
  const Bytes rest = unit.bytes().subspan(std::min(peeked_->size, unit.bytes().size()));
  const bool nothing = std::all_of(rest.begin(), rest.end(), [](uint8_t byte) { return byte == 0; });
  unit.grown = !nothing && !(begins_with_start_code(rest) && without_picture(row_, rest));
}

// An end mark ends its access unit, whatever follows: nothing has to be waited for.
bool Packetizer::ends_in_end_mark() const {
  if (!parser_) return false;
  std::vector<uint8_t> end = tail_;
  const auto input_end = input_.begin() + static_cast<ptrdiff_t>(size_);
  end.insert(end.end(), input_end - static_cast<ptrdiff_t>(std::min(size_, kTail)), input_end);
  const auto pending = static_cast<size_t>(std::min<uint64_t>(pending_bytes(), end.size()));
  return ends_sequence(row_, Bytes(end).last(pending));
}

std::optional<AccessUnit> Packetizer::make_unit(Bytes bytes, uint64_t tag) { return make_unit(packet_of(bytes), tag); }

std::optional<AccessUnit> Packetizer::make_unit(PacketPtr packet, uint64_t tag) {
  if (!packet) return std::nullopt;
  AccessUnit unit;
  unit.packet = std::move(packet);
  unit.number = ++number_;
  unit.packet->pts = static_cast<int64_t>(unit.number);
  unit.tag = tag;
  unit.entry = row_.entry_point(unit.bytes());
  return unit;
}

}  // namespace softvpu::firmware::libav

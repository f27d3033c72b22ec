// SPDX-License-Identifier: GPL-2.0-or-later
// Driving libavcodec: see unit_decoder.h.
#include "firmware/libav/unit_decoder.h"

#include <algorithm>
#include <utility>

#include "firmware/libav/headers.h"

namespace softvpu::firmware::libav {
namespace {

Bytes bytes_of(const AVPacket& packet) { return {packet.data, static_cast<size_t>(packet.size)}; }

uint64_t number_of(const AVFrame& picture) { return static_cast<uint64_t>(picture.pts); }

}  // namespace

UnitDecoder::UnitDecoder(const CodecRow& row, const CodecConfig& config, OutputPool& pool, InputQueue& inputs, Delivery& delivery)
    : row_(row), config_(config), pool_(pool), inputs_(inputs), delivery_(delivery), sequences_(row), restart_(row) {}

void UnitDecoder::begin(const StreamHeader& header) {
  header_ = header;
  restart_.begin(header.parameter_sets);
  sequences_.begin(header.parameter_sets, {header.info.interlaced, header.info.min_output_buffers});
  pool_.set_interlaced(header.info.interlaced);
  open(restart_.known_sets());
}

void UnitDecoder::reset() {
  codec_.reset();
  restart_.forget_position();
  format_.reset();
  early_.forget_stream();
  at_mark_ = false;
  sequences_.go_to(std::nullopt);
  pool_.allow_direct(true);
}

bool UnitDecoder::open(uint32_t threads, const ParameterSetList& sets) {
  codec_.reset();
  auto codec = AvDecoder::open(row_, config_, threads, *header_, pool_);
  if (!codec) {
    error_ = codec.error();
    return false;
  }
  codec_.emplace(std::move(*codec));
  if (!restart_.are_first_sets(sets)) codec_->give(sets);
  return true;
}

uint32_t UnitDecoder::threads_for_stream() const {
  if (!row_.threads) return 1;
  if (config_.threads != 0) return std::min(config_.threads, AvDecoder::kMostThreads);
  // Smaller pictures are decoded by the hundred a second by one thread, without the delay that
  // threads bring.
  constexpr uint32_t kWorthThreads = 1280 * 720;
  const Size size = header_->info.visible.size();
  return uint64_t{size.width} * size.height < kWorthThreads ? 1 : AvDecoder::default_threads();
}

// ---- access units ----

void UnitDecoder::decode(AccessUnit unit) {
  if (settle_early(unit)) {
    at_mark_ = ends_sequence(row_, unit.bytes());
    return;
  }
  if (error_) return;
  if (only_end_marks(row_, unit.bytes())) {
    at_mark_ = true;
    return;
  }
  if (restart_.is_replaying()) return restart_.hold_back(std::move(unit));
  if (restart_.is_needed_by(unit)) {
    const ParameterSetList* const sets = restart_.replay(unit.number - 1);
    if (open(*sets)) restart_.hold_back(std::move(unit));
    return;
  }
  if (!codec_ && !open(restart_.known_sets())) return;
  leave_damage_behind(unit);
  if (error_ || !begin_sequence(unit)) return;
  sequences_.add(unit.bytes());
  delivery_.remember(unit, sequences_.current());
  restart_.record(unit);
  at_mark_ = ends_sequence(row_, unit.bytes());
  (void)send(unit.packet.get());
}

bool UnitDecoder::go_on() {
  if (restart_.is_replaying()) {
    (void)send(restart_.next_packet().get());
    return true;
  }
  if (auto unit = restart_.take_waiting()) {
    decode(std::move(*unit));
    return true;
  }
  return at_mark_ && finish_before_mark();
}

bool UnitDecoder::finish() {
  if (!codec_ || !codec_->delays()) return true;
  if (!send(nullptr)) return false;
  // A unit that was decoded early was taken back: the decoder of now has to see what went before it again.
  if (restart_.is_replaying()) return false;
  codec_.reset();
  restart_.want_replay();
  return true;
}

bool UnitDecoder::finish_before_mark() {
  if (!finish()) return true;
  at_mark_ = false;
  if (row_.stream->begins_anew_after_end_mark) restart_.begin_anew();
  return true;
}

// Where libavcodec spoils pictures when another sequence begins, it gets a decoder of its own.
// False: the end of the sequence before showed damage; the unit comes again.
bool UnitDecoder::begin_sequence(AccessUnit& unit) {
  if (!row_.byte_stream() || row_.stream->sequence_format == nullptr) return true;
  const auto format = row_.stream->sequence_format(unit.bytes());
  if (!format) return true;
  if (format_ && *format != *format_) {
    const bool is_early = early_.is(unit.number);
    if (!send(nullptr)) {
      if (!is_early) restart_.hold_back(std::move(unit));  // an early one comes again by itself
      return false;
    }
    restart_.record_sets(unit);
    if (!open(threads_for_stream(), restart_.known_sets())) return false;
  }
  format_ = format;
  pool_.set_interlaced(!format->progressive);
  return true;
}

bool UnitDecoder::send(AVPacket* packet) {
  std::deque<FramePtr> pictures;
  if (!codec_->decode(packet, pictures)) return note_damage(packet, pictures);
  take(pictures);
  return true;
}

void UnitDecoder::take(std::deque<FramePtr>& pictures) {
  for (FramePtr& picture : pictures) {
    const uint64_t number = number_of(*picture);
    if (early_.is(number)) {
      const bool incomplete = is_incomplete(*picture);
      if (!early_.show(!incomplete)) return take_early_back();
      if (incomplete) picture->flags |= AV_FRAME_FLAG_CORRUPT;
    }
    const bool is_repeated = restart_.may_be_repeated(number) && delivery_.is_delivered(number);
    if (!is_repeated) delivery_.add(std::move(picture));
  }
}

// ---- without the next input ----

bool UnitDecoder::go_on_without_input(Packetizer& packetizer) {
  if (damaged()) return false;
  if (early_.may_begin()) {
    if (auto unit = packetizer.peek()) {
      const bool can_be_taken_back = restart_.can_take_back(*unit);
      if (!can_be_taken_back && !early_.may_begin_for_good(*unit)) return false;
      if (!unit->expected && !is_whole(*unit)) {
        early_.disallow();
        return true;
      }
      pool_.watch(unit->number);
      early_.begin(*unit, can_be_taken_back, sequences_.open_field());
      decode(std::move(*unit));
      return true;
    }
  }
  if (!codec_ || !codec_->lags() || sequences_.open_field()) return false;
  std::deque<FramePtr> pictures;
  if (codec_->push(pictures)) {
    take(pictures);
  } else {
    (void)note_damage(nullptr, pictures);
  }
  return true;
}

bool UnitDecoder::settle_early(const AccessUnit& unit) {
  switch (early_.settle(unit)) {
    case EarlyUnit::Verdict::kNotEarly:
      return false;
    case EarlyUnit::Verdict::kTakeBack:
      take_early_back();
      return false;
    case EarlyUnit::Verdict::kDamaged:
      if (!inputs_.mark_current_damaged()) inputs_.note_loss();
      return true;
    case EarlyUnit::Verdict::kDone:
      return true;
  }
  return false;
}

// Of the first access unit of a stream, where nothing is known of how the client cuts it.
bool UnitDecoder::is_whole(const AccessUnit& unit) const {
  if (!row_.stream->hides_cut_slices) return true;
  return unit.entry != EntryPoint::kNone && AvDecoder::ends_by_itself(row_, unit.bytes());
}

bool UnitDecoder::is_incomplete(const AVFrame& picture) const {
  return picture.decode_error_flags != 0 || (picture.flags & AV_FRAME_FLAG_CORRUPT) != 0 || pool_.is_unfinished(picture);
}

void UnitDecoder::take_early_back() {
  const EarlyUnit::Before before = early_.take_back();
  sequences_.go_to(before.open_field);
  restart_.take_back(before.number);
  delivery_.clear();
  codec_.reset();
  if (const ParameterSetList* const sets = restart_.replay(before.number)) (void)open(*sets);
}

// ---- damage ----

bool UnitDecoder::note_damage(const AVPacket* packet, std::deque<FramePtr>& pictures) {
  if (early_.can_be_taken_back()) {
    take_early_back();
    return false;
  }
  const bool first = restart_.note_damage(packet != nullptr ? std::optional(static_cast<uint64_t>(packet->pts)) : std::nullopt);
  pool_.allow_direct(false);
  if (first && restart_with_one_thread()) return false;
  report_damage(packet, pictures);
  take(pictures);
  return true;
}

// The input that is being cut up reports it, else the damaged picture, else drained().
void UnitDecoder::report_damage(const AVPacket* packet, const std::deque<FramePtr>& pictures) {
  if (inputs_.mark_current_damaged()) return;
  if (std::any_of(pictures.begin(), pictures.end(), [](const FramePtr& p) { return p->decode_error_flags != 0; })) return;
  const bool had_none = packet != nullptr && without_picture(row_, bytes_of(*packet));
  if (!had_none) inputs_.note_loss();
}

bool UnitDecoder::restart_with_one_thread() {
  if (!codec_->threaded() || !restart_.is_possible()) return false;
  delivery_.clear();
  if (const ParameterSetList* const sets = restart_.replay(restart_.last_recorded())) (void)open(1, *sets);
  return true;
}

void UnitDecoder::leave_damage_behind(const AccessUnit& unit) {
  if (!restart_.is_damage_behind(unit)) return;
  if (!codec_->threaded() && threads_for_stream() > 1) {
    (void)send(nullptr);
    if (!open(threads_for_stream(), restart_.known_sets())) return;
  }
  restart_.forget_damage();
  pool_.allow_direct(true);
}

}  // namespace softvpu::firmware::libav

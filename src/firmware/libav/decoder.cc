// SPDX-License-Identifier: GPL-2.0-or-later
// The state machine of one decoding session: see decoder.h.
#include "firmware/libav/decoder.h"

#include <algorithm>
#include <utility>

#include "firmware/libav/headers.h"
#include "firmware/libav/picture.h"

namespace softvpu::firmware::libav {
namespace {

constexpr size_t kTagMemory = 2 * History::kMaxUnits;  // access units between a packet and its picture, at most

Bytes as_bytes(std::span<const std::byte> bytes) { return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}; }

Bytes bytes_of(const AVPacket& packet) { return {packet.data, static_cast<size_t>(packet.size)}; }

bool has_unit(Bytes bytes) {
  const auto first = UnitWalker(bytes).next();
  return first && !first->bytes.empty();
}

// Of a complete header, so of a format that libavcodec doesn't know; a damaged one would have been followed by another.
Error header_refused(const CodecRow& row) {
  return {EOPNOTSUPP, "libavcodec's " + to_string(row.description.coded) + " decoder refuses the stream's header"};
}

Size visible_size(const AVFrame& frame) {
  return {static_cast<uint32_t>(frame.width) - static_cast<uint32_t>(frame.crop_left + frame.crop_right),
          static_cast<uint32_t>(frame.height) - static_cast<uint32_t>(frame.crop_top + frame.crop_bottom)};
}

}  // namespace

LibavDecoder::LibavDecoder(const CodecRow& row, DecoderConfig config, DecoderEvents& events)
    : row_(row),
      config_(std::move(config)),
      events_(events),
      pool_(row, config_.wake),
      search_(row, config_.size_hint),
      sets_(row),
      sequences_(row),
      tags_(kTagMemory) {}

LibavDecoder::~LibavDecoder() {
  due_.clear();
  codec_.reset();  // before the pool
}

Result<std::unique_ptr<Decoder>> LibavDecoder::create(const CodecRow& row, DecoderConfig config, DecoderEvents& events) {
  std::unique_ptr<LibavDecoder> self(new LibavDecoder(row, std::move(config), events));
  auto packetizer = Packetizer::create(row);
  if (!packetizer) return Unexpected(packetizer.error());
  self->packetizer_ = std::move(*packetizer);
  return self;
}

// ---- calls ----

void LibavDecoder::queue_input(InputChunk chunk) {
  if (failed_) return;
  items_.emplace_back(std::move(chunk));
}

void LibavDecoder::queue_output(OutputBuffer buffer) {
  if (failed_) return;
  pool_.queue(std::move(buffer));
}

void LibavDecoder::drain() {
  if (!failed_) items_.emplace_back(DrainMark{});
}

void LibavDecoder::return_output() {
  if (const auto id = pool_.take_back()) events_.output_done({.id = *id, .status = DoneStatus::kCancelled});
}

void LibavDecoder::resume() {
  paused_ = false;
  stopped_ = false;
}

void LibavDecoder::flush(Side side) {
  if (side == Side::kOutput) return return_outputs();
  return_inputs();
  forget_stream_position();
}

void LibavDecoder::return_inputs() {
  const auto answer = [&](std::optional<uint64_t> id) {
    if (id) events_.input_done(*id, DoneStatus::kCancelled);
  };
  if (current_) answer(current_->id);
  current_.reset();
  for (const Backlog& chunk : backlog_) answer(chunk.id);
  backlog_.clear();
  for (const Item& item : items_) {
    if (const auto* chunk = std::get_if<InputChunk>(&item)) answer(chunk->id);
  }
  items_.clear();
}

void LibavDecoder::return_outputs() {
  for (const uint64_t id : pool_.flush()) events_.output_done({.id = id, .status = DoneStatus::kCancelled});
}

void LibavDecoder::forget_stream_position() {
  due_.clear();
  codec_.reset();
  packetizer_->reset();
  history_.clear();
  search_.reset();
  replay_.clear();
  after_replay_.reset();
  replay_wanted_ = false;
  damaged_ = false;
  lost_ = false;
  format_.reset();
  early_.reset();
  may_be_early_ = true;
  has_been_early_ = false;
  at_mark_ = false;
  sequences_.go_to(std::nullopt);
  pool_.allow_direct(true);
  draining_ = Draining::kNo;
}

void LibavDecoder::fail_with(const Error& error) {
  failed_ = true;
  forget_stream_position();
  current_.reset();
  backlog_.clear();
  items_.clear();
  (void)pool_.flush();
  events_.failed(error);
}

bool LibavDecoder::step() {
  if (failed_) return false;
  if (!due_.empty()) return deliver_due();
  if (paused_ || stopped_) return false;
  return announced_ ? decode_next() : search_header();
}

// ---- the header ----

bool LibavDecoder::search_header() {
  if (items_.empty()) return false;
  if (std::holds_alternative<DrainMark>(items_.front())) {
    items_.pop_front();
    if (search_.refused()) {
      fail_with(header_refused(row_));
    } else {
      finish_drain(search_.holds_bytes());
    }
    return true;
  }
  const InputChunk chunk = std::move(std::get<InputChunk>(items_.front()));
  items_.pop_front();
  switch (search_.add(as_bytes(chunk.bytes), chunk.tag)) {
    case HeaderSearch::Verdict::kFound:
      header_found(chunk.id);
      break;
    case HeaderSearch::Verdict::kNeedMore:
      events_.input_done(chunk.id, DoneStatus::kOk);
      break;
    case HeaderSearch::Verdict::kNothing:
      events_.input_done(chunk.id, chunk.bytes.empty() ? DoneStatus::kOk : DoneStatus::kDamaged);
      break;
    case HeaderSearch::Verdict::kRefused:
      fail_with(header_refused(row_));
      break;
  }
  return true;
}

void LibavDecoder::header_found(std::optional<uint64_t> last_input) {
  const StreamHeader header = search_.header();
  for (HeaderSearch::Kept& kept : search_.take()) backlog_.push_back({std::move(kept.bytes), kept.tag, std::nullopt});
  backlog_.back().id = last_input;
  if (const auto error = unsupported(row_, header.info)) return fail_with(*error);
  header_ = header;
  sets_.add(header.parameter_sets);
  sequences_.begin(header.parameter_sets, {header.info.interlaced, header.info.min_output_buffers});
  first_sets_ = sets_.list();
  if (!open_codec(*first_sets_)) return;
  pool_.set_interlaced(header.info.interlaced);
  pool_.lend_at_most(header.info.min_output_buffers - 1);
  announced_ = header.info;
  paused_ = true;
  events_.format_changed(header.info, true);
}

bool LibavDecoder::open_codec(uint32_t threads, const ParameterSetList& sets) {
  codec_.reset();
  auto codec = Codec::open(row_, config_, threads, *header_, pool_);
  if (!codec) {
    fail_with(codec.error());
    return false;
  }
  codec_.emplace(std::move(*codec));
  if (&sets != first_sets_.get()) codec_->tell(sets);
  return true;
}

// ---- inputs ----

bool LibavDecoder::decode_next() {
  if (!replay_.empty()) {
    const PacketPtr packet = std::move(replay_.front());
    replay_.pop_front();
    (void)send(packet.get());
    return true;
  }
  if (after_replay_) {
    AccessUnit unit = std::move(*after_replay_);
    after_replay_.reset();
    submit(std::move(unit));
    return true;
  }
  if (at_mark_) return deliver_before_mark();
  if (draining_ != Draining::kNo) return step_drain();
  if (!current_) return begin_next_input() || go_on_without_input();
  if (auto unit = packetizer_->next()) {
    submit(std::move(*unit));
  } else {
    finish_current();
  }
  return true;
}

bool LibavDecoder::begin_next_input() {
  if (!backlog_.empty()) {
    const Backlog chunk = std::move(backlog_.front());
    backlog_.pop_front();
    packetizer_->begin(chunk.bytes, chunk.tag);
    current_ = Current{.id = chunk.id};
    return true;
  }
  if (items_.empty()) return false;
  if (std::holds_alternative<DrainMark>(items_.front())) {
    draining_ = Draining::kParser;
  } else {
    const InputChunk chunk = std::move(std::get<InputChunk>(items_.front()));
    packetizer_->begin(as_bytes(chunk.bytes), chunk.tag);
    current_ = Current{.id = chunk.id};
  }
  items_.pop_front();
  return true;
}

void LibavDecoder::finish_current() {
  if (packetizer_->pending_bytes() > Packetizer::kMostPending) {
    packetizer_->reset();
    early_.reset();
    current_->failed = true;
  }
  if (current_->id) events_.input_done(*current_->id, current_->failed ? DoneStatus::kDamaged : DoneStatus::kOk);
  current_.reset();
}

// A client that has queued an access unit and waits for its picture gets it, where only this room's way of working would hold it
// back: the begin of the next access unit that a parser waits for, or the next packet that frame threads wait for.
bool LibavDecoder::go_on_without_input() {
  if (damaged_) return false;
  if (may_be_early_ && !early_) {
    if (auto unit = packetizer_->peek()) {
      const bool can_be_taken_back = history_.would_keep(*unit);
      if (!can_be_taken_back && !(has_been_early_ && unit->expected)) return false;
      if (!unit->expected && !is_whole(*unit)) {
        may_be_early_ = false;
        return true;
      }
      pool_.watch(unit->number);
      early_ = Early{.number = unit->number, .can_be_taken_back = can_be_taken_back, .open_field = sequences_.open_field()};
      submit(std::move(*unit));
      return true;
    }
  }
  if (!codec_ || !codec_->lags() || sequences_.open_field()) return false;
  push_out();
  return true;
}

void LibavDecoder::push_out() {
  std::deque<FramePtr> pictures;
  if (codec_->push(pictures)) {
    take(pictures);
  } else {
    (void)note_damage(nullptr, pictures);
  }
}

// ---- access units decoded early ----

// What the parser gives out was decoded already, if true.
bool LibavDecoder::settle_early(const AccessUnit& unit) {
  if (!early_ || early_->number != unit.peeked) return false;
  // A picture that was delivered was complete, so what else there is of its access unit adds nothing.
  if (unit.grown && !early_->shown) {
    if (early_->can_be_taken_back) {
      take_early_back();
      return false;
    }
    may_be_early_ = false;
    if (current_) current_->failed = true;
    lost_ = lost_ || !current_;
  }
  early_.reset();
  has_been_early_ = true;
  return true;
}

// The first access unit of a stream: nothing is known of how the client cuts it.
bool LibavDecoder::is_whole(const AccessUnit& unit) const {
  if (!row_.stream->hides_cut_slices) return true;
  return unit.entry != EntryPoint::kNone && Codec::ends_by_itself(row_, unit.bytes());
}

bool LibavDecoder::is_incomplete(const AVFrame& frame) const {
  return frame.decode_error_flags != 0 || (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0 || pool_.is_unfinished(frame);
}

void LibavDecoder::take_early_back() {
  const uint64_t number = early_->number;
  sequences_.go_to(early_->open_field);
  early_.reset();
  may_be_early_ = false;
  history_.take_back(number);
  due_.clear();
  replay_ = history_.packets();
  replay_until_ = number;
  codec_.reset();
  if (!history_.empty()) (void)open_codec(history_.parameter_sets());
}

// ---- end marks ----

bool LibavDecoder::deliver_before_mark() {
  if (codec_ && codec_->delays()) {
    if (!send(nullptr)) return true;  // once more, after the replay
    codec_.reset();
    replay_wanted_ = true;
  }
  at_mark_ = false;
  if (row_.stream->begins_anew_after_end_mark) {
    history_.clear();
    replay_wanted_ = false;
  }
  return true;
}

void LibavDecoder::submit(AccessUnit unit) {
  if (unit.peeked != 0 && settle_early(unit)) {
    at_mark_ = ends_sequence(row_, unit.bytes());
    return;
  }
  if (failed_) return;
  if (only_end_marks(row_, unit.bytes())) {
    at_mark_ = true;
    return;
  }
  if (!replay_.empty()) {
    after_replay_ = std::move(unit);
    return;
  }
  if (replay_wanted_) {
    replay_wanted_ = false;
    replay_until_ = unit.number - 1;
    if (unit.entry != EntryPoint::kClean && !history_.empty()) {
      if (!open_codec(history_.parameter_sets())) return;
      replay_ = history_.packets();
      after_replay_ = std::move(unit);
      return;
    }
  }
  if (!codec_ && !open_codec(*sets_.list())) return;
  leave_damage_behind(unit);
  if (failed_) return;
  if (!begin_sequence(unit)) return;
  sequences_.add(unit.bytes());
  remember(unit);
  history_.add(unit, sets_.list());
  sets_.add(unit.bytes());
  at_mark_ = ends_sequence(row_, unit.bytes());
  (void)send(unit.packet.get());
}

bool LibavDecoder::begin_sequence(AccessUnit& unit) {
  if (!row_.byte_stream() || row_.stream->sequence_format == nullptr) return true;
  const auto sequence = row_.stream->sequence_format(unit.bytes());
  if (!sequence) return true;
  if (format_ && *sequence != *format_) {
    const bool is_early = early_ && early_->number == unit.number;
    if (!send(nullptr)) {
      if (!is_early && !failed_) after_replay_ = std::move(unit);  // an early one comes again
      return false;
    }
    sets_.add(unit.bytes());  // not those of the sequence before: libavcodec would go on with its colour
    if (!open_codec(threads_for_stream(), *sets_.list())) return false;
  }
  format_ = sequence;
  pool_.set_interlaced(!sequence->progressive);
  return true;
}

bool LibavDecoder::send(AVPacket* packet) {
  std::deque<FramePtr> pictures;
  if (!codec_->decode(packet, pictures)) return note_damage(packet, pictures);
  take(pictures);
  return true;
}

bool LibavDecoder::note_damage(const AVPacket* packet, std::deque<FramePtr>& pictures) {
  if (early_ && early_->can_be_taken_back) {
    take_early_back();
    return false;
  }
  if (packet != nullptr) last_damage_ = static_cast<uint64_t>(packet->pts);
  const bool first = !damaged_;
  damaged_ = true;
  pool_.allow_direct(false);
  if (first && restart_with_one_thread()) return false;
  report_damage(packet, pictures);
  take(pictures);
  return true;
}

void LibavDecoder::take(std::deque<FramePtr>& pictures) {
  for (FramePtr& picture : pictures) {
    if (early_ && static_cast<uint64_t>(picture->pts) == early_->number) {
      const bool incomplete = is_incomplete(*picture);
      if (incomplete && early_->can_be_taken_back) return take_early_back();
      if (incomplete) picture->flags |= AV_FRAME_FLAG_CORRUPT;
      early_->shown = !incomplete;
    }
    if (!is_repeated(*picture)) due_.push_back(std::move(picture));
  }
}

// By the input, if it isn't answered; a damaged picture says it itself; drained() says the rest.
void LibavDecoder::report_damage(const AVPacket* packet, const std::deque<FramePtr>& pictures) {
  if (current_) {
    current_->failed = true;
    return;
  }
  if (std::any_of(pictures.begin(), pictures.end(), [](const FramePtr& p) { return p->decode_error_flags != 0; })) return;
  const bool had_none = packet != nullptr && without_picture(row_, bytes_of(*packet));
  lost_ = lost_ || !had_none;
}

bool LibavDecoder::restart_with_one_thread() {
  if (!codec_->threaded() || history_.empty()) return false;
  std::deque<PacketPtr> packets = history_.packets();
  due_.clear();
  if (!open_codec(1, history_.parameter_sets())) return true;
  replay_until_ = static_cast<uint64_t>(packets.back()->pts);
  replay_ = std::move(packets);
  return true;
}

void LibavDecoder::leave_damage_behind(const AccessUnit& unit) {
  if (!damaged_ || unit.entry != EntryPoint::kClean || unit.number <= last_damage_ + History::kRecent) return;
  if (!codec_->threaded() && threads_for_stream() > 1) {
    (void)send(nullptr);
    if (!open_codec(threads_for_stream(), *sets_.list())) return;
  }
  damaged_ = false;
  pool_.allow_direct(true);
}

uint32_t LibavDecoder::threads_for_stream() const {
  if (!row_.threads) return 1;
  if (config_.threads != 0) return std::min(config_.threads, Codec::kMostThreads);
  // Smaller pictures are decoded by the hundred a second by one thread, without the delay that threads bring.
  constexpr uint32_t kWorthThreads = 1280 * 720;
  const Size size = header_->info.visible.size();
  return uint64_t{size.width} * size.height < kWorthThreads ? 1 : Codec::default_threads();
}

bool LibavDecoder::is_repeated(const AVFrame& frame) const {
  const Tagged* const known = tagged(frame);
  return static_cast<uint64_t>(frame.pts) <= replay_until_ && (known == nullptr || known->delivered);
}

// ---- drain ----

bool LibavDecoder::step_drain() {
  if (draining_ == Draining::kParser) {
    if (auto unit = packetizer_->finish()) {
      lost_ = lost_ || !has_unit(unit->bytes());  // not all of libavcodec's decoders complain
      submit(std::move(*unit));
      return true;
    }
    if (codec_ && codec_->delays()) {
      if (!send(nullptr)) return true;  // once more, after the replay
      codec_.reset();
      replay_wanted_ = true;
    }
    draining_ = Draining::kPictures;
    return true;
  }
  draining_ = Draining::kNo;  // and everything due was delivered
  finish_drain(std::exchange(lost_, false));
  return true;
}

void LibavDecoder::finish_drain(bool damaged) {
  stopped_ = true;
  events_.drained(damaged ? DoneStatus::kDamaged : DoneStatus::kOk);
}

// ---- pictures ----

bool LibavDecoder::deliver_due() {
  const AVFrame& frame = *due_.front();
  if (paused_) return false;
  if (announce_if_changed(frame)) return true;
  const Size visible = visible_size(frame);
  const bool moved = frame.crop_left != 0 || frame.crop_top != 0;
  pool_.allow_direct(!moved && !damaged_);
  if (!moved) {
    if (auto holder = pool_.take_holder(frame)) {
      complete(std::move(*holder), frame, DoneStatus::kOk);
      return true;
    }
  }
  auto output = pool_.take_free(visible);
  if (!output) return false;
  const bool fits = copy_picture(frame, visible, output->layout, *output->memory);
  complete(std::move(*output), frame, fits ? DoneStatus::kOk : DoneStatus::kTooSmall);
  return true;
}

bool LibavDecoder::announce_if_changed(const AVFrame& frame) {
  const Tagged* const known = tagged(frame);
  const StreamInfo info = describe_picture(
      row_, frame, known != nullptr ? known->sequence : SequenceInfo{announced_->interlaced, announced_->min_output_buffers});
  if (same_setup(info, *announced_)) return false;
  if (const auto error = unsupported(row_, info)) {
    fail_with(*error);
    return true;
  }
  announced_ = info;
  pool_.lend_at_most(info.min_output_buffers - 1);
  paused_ = true;
  events_.format_changed(info, false);
  return true;
}

void LibavDecoder::complete(OutputPool::Output output, const AVFrame& frame, DoneStatus status) {
  OutputDone done;
  done.id = output.id;
  done.status = status;
  if (status == DoneStatus::kOk) {
    if (frame.decode_error_flags != 0 || (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0) done.status = DoneStatus::kDamaged;
    for (uint32_t i = 0; i < output.layout.memory_planes; ++i) done.bytes_used[i] = output.layout.plane_size[i];
  }
  if (const Tagged* known = tagged(frame)) {
    done.has_tag = true;
    done.tag = known->tag;
    tags_[known->number % tags_.size()].delivered = true;
  }
  done.type = type_of(frame);
  if (announced_->interlaced) done.field = field_of(frame);
  due_.pop_front();  // lets go of the picture before the client can queue its memory again
  events_.output_done(done);
}

void LibavDecoder::remember(const AccessUnit& unit) {
  tags_[unit.number % tags_.size()] = {.number = unit.number, .tag = unit.tag, .sequence = sequences_.current()};
}

const LibavDecoder::Tagged* LibavDecoder::tagged(const AVFrame& frame) const {
  const auto number = static_cast<uint64_t>(frame.pts);
  const Tagged& known = tags_[number % tags_.size()];
  return known.number == number && number != 0 ? &known : nullptr;
}

}  // namespace softvpu::firmware::libav

namespace softvpu::firmware {

Result<std::unique_ptr<Decoder>> make_decoder(DecoderConfig config, DecoderEvents& events) {
  preload_decoders();
  const libav::CodecRow* row = libav::find_row(config.coded);
  if (row == nullptr) return fail(EINVAL, "no decoder for " + to_string(config.coded));
  return libav::LibavDecoder::create(*row, std::move(config), events);
}

}  // namespace softvpu::firmware

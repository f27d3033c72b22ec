// SPDX-License-Identifier: LGPL-2.1-or-later
// The interface through which an open file of a codec node uses its role; the only role today is
// the decoder (decoder/decoder.h). The file (file/codec_file.h) has what all roles share: queues,
// events, controls, bookkeeping of the session. The role decides what they mean. A new role is a
// folder that implements this, with its own ioctls, and a line in codec_device.cc.
#pragma once

#include <linux/videodev2.h>

#include <memory>
#include <vector>

#include "codec/session.h"
#include "v4l2/controls/controls.h"
#include "v4l2/ioctl/border.h"
#include "v4l2/ioctl/table.h"
#include "v4l2/queue/queue.h"

namespace softvpu::v4l2 {

class CodecFile;

struct FormatDescription {
  FourCC pixelformat = FourCC::kNone;
  uint32_t flags = 0;  // V4L2_FMT_FLAG_*
};

// The formats of both queues. Negotiation adjusts and never refuses.
class Formats {
 public:
  virtual ~Formats() = default;
  // Errors: EINVAL past the last one.
  virtual Result<FormatDescription> enumerate(Side side, uint32_t index) const = 0;
  // Errors: EINVAL for a format that isn't offered now.
  virtual Result<SizeRange> frame_sizes(FourCC pixelformat) const = 0;
  virtual PixFormat current(Side side) const = 0;
  // What S_FMT would make of it.
  virtual PixFormat adjust(Side side, const PixFormat& wanted) const = 0;
  // Planes of a buffer of the current format.
  virtual std::vector<PlaneSize> plane_sizes(Side side) const = 0;
  // REQBUFS allocates at least this many; 1 to VIDEO_MAX_FRAME.
  virtual uint32_t min_buffers(Side side) const = 0;
};

// All calls: the file's lock is held. What the session reports comes by SessionEvents, from the
// session that is current; flushed() doesn't, which is the file's.
class Role : public codec::SessionEvents {
 public:
  virtual const IoctlTable& ioctls() const = 0;
  // Events to subscribe to, besides those of controls.
  virtual bool has_event(uint32_t type) const = 0;

  virtual const Formats& formats() const = 0;
  // S_FMT with a format that adjust() made. Errors: EBUSY while buffers hold the format.
  virtual Status set_format(Side side, const PixFormat& adjusted) = 0;
  // The client set controls: what follows for other controls. What is for the session it gets with
  // the next input (Controls::latch()).
  virtual void controls_set() {}
  // Called before a query about the stream: waits for a bounded time for a header that the queued
  // inputs may still contain.
  virtual void await_stream(const IoctlCall& call) = 0;

  // STREAMON of a queue that has buffers and doesn't stream. Errors: the queue doesn't stream then,
  // and keeps what is queued.
  virtual Status start_streaming(Side side) = 0;
  // STREAMOFF of a queue that streamed; its buffers are the client's already.
  virtual void stop_streaming(Side side) = 0;
  // REQBUFS(0): the buffers are gone.
  virtual void buffers_freed(Side side) = 0;

  // The session failed: PREPARE_BUF and QBUF return EIO, whether the queue streams or not.
  virtual bool has_failed() const = 0;
  // Whether QBUF may take the buffer now, with what the client says of it. Errors: EINVAL for one that is too small.
  virtual Status suits(Side side, const Buffer& buffer) const = 0;
  virtual void queued(Side side, const Buffer& buffer) = 0;
  virtual void dequeued(Side side) = 0;

  void flushed(codec::Direction, uint32_t) final {}
};

// A role, as the device knows it before there is a file.
struct RoleKind {
  const char* name = nullptr;  // for people
  // What of a lower half's capabilities this role can offer.
  codec::Capabilities (*usable)(codec::Capabilities capabilities) = nullptr;
  std::vector<ControlDefinition> (*controls)(const codec::Capabilities& usable) = nullptr;
  // `usable` outlives the role.
  std::unique_ptr<Role> (*make)(CodecFile& file, const codec::Capabilities& usable) = nullptr;
};

}  // namespace softvpu::v4l2

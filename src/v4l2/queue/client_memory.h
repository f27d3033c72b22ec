// SPDX-License-Identifier: LGPL-2.1-or-later
// What QBUF and PREPARE_BUF do with memory that the client brings (USERPTR, DMABUF), and what QBUF
// and DQBUF do with its bytes. Called by file/buffer_ioctls.cc under the file's lock. Behaviour of
// videobuf2's __prepare_userptr() and __prepare_dmabuf().
#pragma once

#include <optional>

#include "base/result.h"
#include "v4l2/queue/queue.h"

namespace softvpu::v4l2 {

// The planes that `from` names; nullopt when they are those that the buffer has. Errors: those of
// ImportedPlane::attach() and UserPlane::attach(), EINVAL for more payload than a plane is said to
// have; the buffer keeps what it had.
Result<std::optional<Planes>> bring_memory(const BufferQueue& queue, const Buffer& buffer, const BufferView& from);

// QBUF: the bytes that take() accepted go to where the codec reads. Errors: EFAULT, ENOMEM.
Status pass_to_codec(const Buffer& buffer);
// DQBUF: the bytes that the codec wrote go to where the client reads. Errors: EFAULT.
Status pass_to_client(const Buffer& buffer);

}  // namespace softvpu::v4l2

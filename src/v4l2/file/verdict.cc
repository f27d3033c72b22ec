// SPDX-License-Identifier: LGPL-2.1-or-later
// core/verdict.h's errors: see verdict.h.
#include "v4l2/file/verdict.h"

#include <cerrno>

namespace softvpu::v4l2 {

Status status_of(svpu_verdict verdict) {
  switch (verdict) {
    case SVPU_ACCEPTED:
      return {};
    case SVPU_REFUSED_BUSY:
      return fail(EBUSY, "a drain is under way");
    case SVPU_REFUSED_UNFIT:
      return fail(EINVAL, "no CAPTURE buffer can take a frame of the stream");
    case SVPU_REFUSED_FAILED:
      break;
  }
  return fail(EIO, "the codec session failed; STREAMOFF, then start again");
}

}  // namespace softvpu::v4l2

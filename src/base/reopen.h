// SPDX-License-Identifier: LGPL-2.1-or-later
// Another open file of the same memory, with an access mode of its own: by the name that /proc has for the descriptor.
// Called by EXPBUF's handler and by what hands inputs to the codec worker.
#pragma once

namespace softvpu {

// open(2) with `flags` of the file behind `fd`. Returns a descriptor, the lowest free number; or
// -errno, even where /proc isn't there, isn't the kernel's, or mustn't be read.
int reopen(int fd, int flags);

}  // namespace softvpu

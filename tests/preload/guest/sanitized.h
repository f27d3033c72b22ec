// SPDX-License-Identifier: LGPL-2.1-or-later
// Sanitizers' run-times call the kernel themselves, by numbers, pointers and descriptors of their own.
#pragma once

namespace softvpu::guest {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitizersCall = true;
#else
constexpr bool kSanitizersCall = false;
#endif

}  // namespace softvpu::guest

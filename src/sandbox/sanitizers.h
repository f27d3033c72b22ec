// SPDX-License-Identifier: LGPL-2.1-or-later
// Whether this build carries ASan or TSan, whose run-time needs more than the codec does. Private to src/sandbox.
#pragma once

namespace softvpu::sandbox {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace softvpu::sandbox

// Whether pools of objects and small blocks keep anything. Not under sanitizers, so that they see every lifetime.
#pragma once

namespace neso {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kPoolsRecycle = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kPoolsRecycle = false;
#else
inline constexpr bool kPoolsRecycle = true;
#endif
#else
inline constexpr bool kPoolsRecycle = true;
#endif

}  // namespace neso

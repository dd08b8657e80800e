// The commands of the repository agent `signature`, which `neso sign`, `neso verify` and `neso keygen` have it run: so the
// server itself needs no cryptography.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

// `words`: the command's name, then its arguments. Prints what came of it, and returns the exit status.
__attribute__((visibility("default"))) int NESOSIGNATURE_Command(int count, const char* const* words);

#ifdef __cplusplus
}
#endif

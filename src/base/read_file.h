// Reads files that others wrote: whole, of bounded size, and without ever waiting.
//
//   ASSIGN_OR_RETURN(const std::string text, ReadFile("/models/digits/labels.txt", kMaxLabelBytes));
//
// Only regular files are opened: opening a FIFO waits for a writer, reading a device may have no end.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>

#include "base/status.h"

namespace neso {

// Errors: kInternal "failed to open text file for read <path>: <reason>", also for what is no regular file and for one
// of more than `max_bytes`; kInternal "failed to read text file <path>: <reason>".
Expected<std::string> ReadFile(const std::string& path, size_t max_bytes);
// Likewise; empty if there is no such file.
Expected<std::optional<std::string>> ReadFileIfThere(const std::string& path, size_t max_bytes);

// What stat says of a file, for people: "a regular file", "a folder", "a FIFO", "a socket", "a device".
const char* FileKindName(mode_t mode);

}  // namespace neso

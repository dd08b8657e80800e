// The log's file, taken away by somebody who rotates logs: it is opened anew under its name.
//
//   signal handler:  log::AskToReopenFile();
//   then:            the next line goes to a new file; who cannot wait for one calls log::ReopenFileIfAsked().
#pragma once

namespace neso::log {

// Async-signal-safe.
void AskToReopenFile() noexcept;
// If it was asked for since the last time, and there is a file. One that cannot be opened is told in the old one, which
// stays. Thread-safe.
void ReopenFileIfAsked();

}  // namespace neso::log

// What a crash leaves behind: the signal, the thread, which model executed there and for which requests, and the stack.
//
//   InstallCrashReports("/var/lib/neso/crashes");   // or "": on stderr only
//
// After the report the signal does what it does by default, so that the system can keep a core file.
#pragma once

#include <string>

namespace neso {

// For SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT, but for those that somebody handles already (a sanitizer does). What a
// plug-in installs later stands before ours. A report goes to stderr and into a new file of `folder`, neso-crash-<process
// id>-<seconds since 1970 when it started>.txt.
void InstallCrashReports(const std::string& folder);

}  // namespace neso

// What was measured, in perf_analyzer's forms: text for people, CSV, and the times of each request as JSON.
#pragma once

#include <span>
#include <string>

#include "perf/measure.h"

namespace neso::perf {

// "*** Measurement Settings ***" and what follows.
std::string SettingsText(const Options& options);
// "Request concurrency: 4", or a rate.
std::string LoadText(const Options& options, double load);
// Client and server of one load.
std::string ResultText(const Options& options, const Measured& measured);
// The last lines, one for each load.
std::string SummaryText(const Options& options, std::span<const Measured> results);

// Rows by throughput, the lowest first; times in microseconds.
std::string Csv(const Options& options, std::span<const Measured> results);
// Times in nanoseconds of the system's clock.
std::string ExportJson(const Options& options, std::span<const Measured> results);

}  // namespace neso::perf

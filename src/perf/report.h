// What was measured, in perf_analyzer's forms: text for people, and CSV.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "perf/measure.h"
#include "perf/model_facts.h"

namespace neso::perf {

// "*** Measurement Settings ***" and what follows.
std::string SettingsText(const Options& options, const ModelFacts& facts);
// "Request concurrency: 4", or a rate.
std::string LoadText(const Options& options, double load);
// Client and server of one load.
std::string ResultText(const Options& options, const ModelFacts& facts, const Measured& measured);
// The last lines, one for each load.
std::string SummaryText(const Options& options, std::span<const Measured> results);

// Rows by throughput, the lowest first; times in microseconds.
std::string Csv(const Options& options, const ModelFacts& facts, std::span<const Measured> results);

// The same of a model that answers for the measured one, as far as a server knows it.
struct ComposingCsv {
  std::string name;  // "digits_v1"
  std::string text;
};
// Each once.
std::vector<ComposingCsv> ComposingCsvs(const Options& options, const ModelFacts& facts,
                                        std::span<const Measured> results);

}  // namespace neso::perf

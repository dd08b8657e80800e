// Configurations for tests of this room, from their text form.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "config/complete.h"
#include "config/parse.h"

namespace neso::test {

inline inference::ModelConfig ConfigFromText(const std::string& text) {
  std::string details;
  Expected<inference::ModelConfig> config = ParseModelConfigText(text, "test", &details);
  EXPECT_TRUE(config) << details << "\nin: " << text;
  return config ? *std::move(config) : inference::ModelConfig();
}

// The configuration of a model in folder `name`, completed and normalized.
inline inference::ModelConfig ModelFromText(const std::string& text, const std::string& name = "m") {
  inference::ModelConfig config = ConfigFromText(text);
  EXPECT_TRUE(CompleteModelConfig({.name = name, .first_version = {}}, config).ok()) << text;
  NormalizeModelConfig(config);
  return config;
}

}  // namespace neso::test

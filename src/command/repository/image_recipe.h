// A recipe of an image that serves the models of a repository. Pure function.
#pragma once

#include <string>
#include <vector>

namespace neso::command {

struct ImageOrder {
  std::string repository;             // the folder's name, within the folder that the image is built from
  std::vector<std::string> backends;  // all others are left out
  std::vector<std::string> options;   // of the server
};

std::string ImageRecipe(const ImageOrder& order);

}  // namespace neso::command

// A recipe of an image that serves the models of a repository, or those of a folder that is mounted. Pure function.
#pragma once

#include <string>
#include <vector>

namespace neso::command {

struct ImageOrder {
  // The folder's name, within the folder that the image is built from; empty: models come with the container.
  std::string repository = {};
  std::vector<std::string> backends = {};             // all others are left out
  std::vector<std::string> agents = {}, caches = {};  // likewise; empty: all stay
  std::vector<std::string> options = {};              // of the server
  std::string base = "debian:12-slim";                // the image that it stands on
  std::string full = {};  // an image that has the parts in /opt/tritonserver; empty: the archive of `make package` has
  std::string name = {};  // of the image; empty: as the repository
};

std::string ImageRecipe(const ImageOrder& order);

}  // namespace neso::command

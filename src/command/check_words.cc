#include "command/check_words.h"

#include <utility>

namespace neso::command {

void CheckWords(CLI::App& app, std::function<Status()> check) {
  app.final_callback([check = std::move(check)] {
    if (const Status status = check(); !status.ok()) throw CLI::ValidationError(status.message());
  });
}

}  // namespace neso::command

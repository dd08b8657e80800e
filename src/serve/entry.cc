// The one name that this library shows.
#include "serve/staged_model.h"

extern "C" {
extern const neso::ServeEntry neso_serve_entry __attribute__((visibility("default")));
const neso::ServeEntry neso_serve_entry = neso::StageModel;
}

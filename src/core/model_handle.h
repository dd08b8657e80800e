// What everybody who reads a model holds.
#pragma once

#include <memory>

namespace neso {

class Model;

// Keeps a loaded version able to run: its instances, its scheduler and its statistics stay until the last handle goes,
// also when the version has been unloaded or replaced meanwhile. The other side of that: an unload has ended, and its
// memory is free, when the last handle is gone. So hold one as long as a request or an answer needs the model, and look
// it up again for the next.
using ModelHandle = std::shared_ptr<Model>;

}  // namespace neso

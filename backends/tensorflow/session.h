// A model that TensorFlow has loaded: its graph and the session that runs it.
//
//   NESO_ASSIGN_OR_RETURN(const std::shared_ptr<Session> session, Session::LoadSavedModel(folder, "serve", config));
//   NESO_ASSIGN_OR_RETURN(const std::vector<TensorPtr> scores, session->Run(inputs, values, outputs));
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "saved_model.h"
#include "tf.h"

namespace neso::tensorflow {

// Thread-safe: runs may overlap, whatever signatures they are for.
class Session {
 public:
  // `config`: a serialised ConfigProto. Variables are restored, tables filled and the model's own initialisation is run.
  // Errors: what TensorFlow says.
  static Result<std::shared_ptr<Session>> LoadSavedModel(const std::string& folder, const std::string& tag,
                                                         const std::string& config);
  // `bytes`: a serialised GraphDef.
  static Result<std::shared_ptr<Session>> LoadGraphDef(const std::string& bytes, const std::string& config);

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // The tensor that is called "operation:output"; ":0" may be left out. Nothing if there is none.
  std::optional<TF_Output> Find(std::string_view tensor) const;
  // The placeholders of the graph, in its order.
  std::vector<TensorInfo> Placeholders() const;
  // Up to `most` names of operations that give a tensor, with ", " between them.
  std::string OutputNames(size_t most) const;

  // Runs operations for what they do. Errors: INVALID_ARG for a name that the graph does not have.
  Status RunOperations(std::span<const std::string> names) const;
  // Output tensors in the order of `outputs`.
  Result<std::vector<TensorPtr>> Run(std::span<const TF_Output> inputs, std::span<TF_Tensor* const> values,
                                     std::span<const TF_Output> outputs) const;

 private:
  Session(GraphPtr graph, TF_Session* session) : graph_(std::move(graph)), session_(session) {}

  GraphPtr graph_;
  TF_Session* const session_;
};

}  // namespace neso::tensorflow

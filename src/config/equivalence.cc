#include "config/equivalence.h"

#include <google/protobuf/util/message_differencer.h>

namespace neso {

bool CanUpdateInPlace(const inference::ModelConfig& running, const inference::ModelConfig& wanted) {
  const google::protobuf::Descriptor* descriptor = inference::ModelConfig::descriptor();
  google::protobuf::util::MessageDifferencer differencer;
  differencer.IgnoreField(descriptor->FindFieldByNumber(inference::ModelConfig::kInstanceGroupFieldNumber));
  differencer.IgnoreField(descriptor->FindFieldByNumber(inference::ModelConfig::kVersionPolicyFieldNumber));
  return differencer.Compare(running, wanted);
}

}  // namespace neso

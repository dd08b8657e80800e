// TRITONSERVER_Parameter: a name with a typed value, made by the caller of the C ABI.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "core/abi.h"

namespace neso {

// Immutable.
class Parameter final : public TRITONSERVER_Parameter {
 public:
  struct Bytes {  // borrowed: they outlive the parameter
    const void* base;
    uint64_t size;
  };
  using Value = std::variant<std::string, int64_t, bool, double, Bytes>;

  Parameter(std::string name, Value value) : name_(std::move(name)), value_(std::move(value)) {}

  const std::string& name() const { return name_; }
  // The variant's order is that of the C ABI's numbers.
  TRITONSERVER_ParameterType type() const { return static_cast<TRITONSERVER_ParameterType>(value_.index()); }
  // Null if it is of another type.
  const std::string* text() const { return std::get_if<std::string>(&value_); }
  const Bytes* bytes() const { return std::get_if<Bytes>(&value_); }

 private:
  const std::string name_;
  const Value value_;
};

}  // namespace neso

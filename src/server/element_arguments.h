// Arguments of a call that the model writes as <parameter=KEY> elements (Qwen3-Coder, Qwen3.5), made JSON while they come.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "server/call_arguments.h"

namespace hlwq::server {

// Up to </function>. Texts come as they are written, other values when they are complete.
class ElementArguments final : public CallArgumentsReader {
 public:
  // Borrows the request's tools.
  ElementArguments(const nlohmann::ordered_json& tools, std::string function)
      : tools_(tools), function_(std::move(function)) {}

  Reading Push(std::string& held, std::string& json) override;

 private:
  enum class Place : uint8_t { kBetween, kBeforeValue, kInValue };

  const nlohmann::ordered_json& tools_;
  std::string function_;
  Place place_ = Place::kBetween;
  std::string key_, type_;  // of the parameter
  bool has_any_ = false;

  // Each takes its part of the text. kWhole: the next place begins.
  Reading TakeTag(std::string& held, std::string& json, bool& has_ended);
  Reading TakeValue(std::string& held, std::string& json);
  void PutKey(std::string& json);
};

}  // namespace hlwq::server

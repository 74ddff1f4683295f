// The arguments of a call that a grammar binds to its format, from what the model writes to JSON, while they come.
#pragma once

#include <cstdint>
#include <string>

namespace hlwq::server {

enum class Reading : uint8_t {
  kOpen,    // more is to come
  kWhole,   // what was wanted is complete
  kBroken,  // something else came
};

class CallArgumentsReader {
 public:
  virtual ~CallArgumentsReader() = default;
  // Takes from the front of `held` what is certain, and adds the next piece of the object to `json`: compact, and the same
  // however the text is cut. What comes after the arguments stays.
  virtual Reading Push(std::string& held, std::string& json) = 0;
};

}  // namespace hlwq::server

// Arguments of a call that the model writes as JSON, copied while they come.
#pragma once

#include <string>

#include "server/call_arguments.h"

namespace hlwq::server {

// Copies an object without the blanks between its parts. Half a surrogate pair, which grammars let pass and parsers do
// not, becomes \ufffd. Broken: brackets that do not match, more than 64 of them open, what is no object.
class JsonArguments final : public CallArgumentsReader {
 public:
  Reading Push(std::string& held, std::string& json) override;

 private:
  std::string open_;  // the brackets
  bool is_in_string_ = false;
  std::string escape_;     // that is not complete
  std::string high_half_;  // an escape that wants another

  Reading PutOutside(char character, std::string& json);
  void PutInString(char character, std::string& json);
  void PutEscape(std::string& json);
  void PutHighHalf(std::string& json);
};

}  // namespace hlwq::server

// polar_config.json and the recognition of polar_state over a list of stored tensors. An input
// (header_input.h) begins with polar_config.json and config.json. Only hlwq::Error may come out, and
// what is accepted must fit the data section.
#include "base/error.h"
#include "checkpoint/polar/open.h"
#include "header_input.h"

namespace {

using namespace hlwq;

void Recognise(std::string_view input) {
  const nlohmann::json polar_json = fuzz::ParseOrNull(fuzz::NextField(input));
  const nlohmann::json config = fuzz::ParseOrNull(fuzz::NextField(input));
  const checkpoint::PolarConfig polar_config = checkpoint::ParsePolarConfig(polar_json);
  // What is accepted survives being written and read again.
  fuzz::Require(checkpoint::ParsePolarConfig(checkpoint::PolarConfigToJson(polar_config)) ==
                polar_config);
  const fuzz::HeaderInput header = fuzz::ReadHeader(input);
  const checkpoint::PolarInput polar{header.Stored(), config, polar_config};
  fuzz::RequireSound(checkpoint::RecognisePolar(polar).tensors, header.data_bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    Recognise({reinterpret_cast<const char*>(data), size});
  } catch (const hlwq::Error&) {
    // A refusal is a good answer.
  }
  return 0;
}

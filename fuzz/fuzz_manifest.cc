// hlwq_manifest.json from any bytes. Mutations rarely hit its checksum, so an input is read twice: as
// it is, and with the checksum made right.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "checkpoint/manifest.h"
#include "io/shard_index.h"

namespace {

using namespace hlwq;

void Require(bool holds) {
  if (!holds) std::abort();
}

// True when the text was accepted; then every byte of it counts and it means what it meant.
bool Read(std::string_view text) {
  try {
    const checkpoint::Manifest manifest = checkpoint::ParseManifest(text);
    for (const auto& [name, file] : manifest.files) Require(io::IsPlainFileName(name));
    const std::string written = checkpoint::SerializeManifest(manifest);
    Require(checkpoint::SerializeManifest(checkpoint::ParseManifest(written)) == written);
    return true;
  } catch (const Error& error) {
    Require(error.code() == ErrorCode::kInvalidData || error.code() == ErrorCode::kUnsupported);
    return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  Read(text);
  if (!checkpoint::SealManifestText(text)) return 0;
  if (Read(text)) {
    text[size / 2] ^= 1;
    Require(!Read(text));
  }
  return 0;
}

#include "hub/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <new>

#include "base/error.h"

namespace hlwq::hub {
namespace {

EVP_MD_CTX* Context(void* context) { return static_cast<EVP_MD_CTX*>(context); }

void Require(int result) {
  if (result != 1) throw Error(ErrorCode::kUnsupported, "OpenSSL has no SHA-256 here");
}

}  // namespace

void Sha256::Free::operator()(void* context) const noexcept { EVP_MD_CTX_free(Context(context)); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr) throw std::bad_alloc();
  Require(EVP_DigestInit_ex(Context(context_.get()), EVP_sha256(), nullptr));
}

void Sha256::Update(std::span<const std::byte> data) {
  Require(EVP_DigestUpdate(Context(context_.get()), data.data(), data.size()));
}

std::string Sha256::Digest() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  Require(EVP_DigestFinal_ex(Context(context_.get()), digest.data(), &size));
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned index = 0; index < size; ++index) {
    text += {kDigits[digest[index] >> 4], kDigits[digest[index] & 15]};
  }
  return text;
}

}  // namespace hlwq::hub

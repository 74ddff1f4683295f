#include "runtime/kv_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "codec/kv_tile.h"

namespace hlwq::runtime {
namespace {

constexpr std::string_view kWanted =
    "want f16, bf16, f32, or bits of keys and values such as k8v4: 2, 3, 4, 8, or 16 for f16";

std::string NameOf(KvBits bits) { return fmt::format("k{}v{}", bits.keys, bits.values); }

// A number at the start of `text`, which loses it.
std::optional<long> TakeNumber(std::string_view& text) {
  long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return number;
}

std::optional<int> TakeBits(std::string_view& text, char letter) {
  if (text.empty() || text.front() != letter) return std::nullopt;
  text.remove_prefix(1);
  if (text.empty() || text.front() == '-') return std::nullopt;
  const std::optional<long> bits = TakeNumber(text);
  if (!bits || *bits > 16 || !codec::IsKvBits(static_cast<int>(*bits))) return std::nullopt;
  return static_cast<int>(*bits);
}

std::optional<KvBits> ParseBits(std::string_view text) {
  const std::optional<int> keys = TakeBits(text, 'k');
  const std::optional<int> values = TakeBits(text, 'v');
  if (!keys || !values || !text.empty()) return std::nullopt;
  return KvBits{*keys, *values};
}

}  // namespace

KvFormat KvFormat::Parse(std::string_view text) {
  if (text == "f16") return DType::kF16;
  if (text == "bf16") return DType::kBF16;
  if (text == "f32") return DType::kF32;
  const std::optional<KvBits> bits = ParseBits(text);
  if (!bits) throw Error(ErrorCode::kInvalidArgument, fmt::format("{}, got \"{}\"", kWanted, text));
  KvFormat format;
  format.bits_ = *bits;
  format.is_coded_ = bits->keys != codec::kPlainKvBits || bits->values != codec::kPlainKvBits;
  return format;
}

void KvFormat::SetLayers(std::string_view text) {
  const auto refuse = [&](std::string_view part) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("want layers and bits such as 0-1=k8v8,-1=k4v8, got \"{}\"", part));
  };
  if (dtype_ != DType::kF16) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("bits of single layers want the others coded or f16, not {}",
                            DTypeName(dtype_)));
  }
  std::vector<LayerBits> layers;
  for (bool is_last = false; !is_last;) {
    const size_t comma = text.find(',');
    is_last = comma == std::string_view::npos;
    const std::string_view part = text.substr(0, comma);
    std::string_view rest = part;
    if (!is_last) text.remove_prefix(comma + 1);
    const std::optional<long> first = TakeNumber(rest);
    std::optional<long> last = first;
    if (first && rest.starts_with('-')) {
      rest.remove_prefix(1);
      last = TakeNumber(rest);
    }
    if (!first || !last || !rest.starts_with('=')) refuse(part);
    const std::optional<KvBits> bits = ParseBits(rest.substr(1));
    if (!bits) refuse(part);
    layers.push_back({*first, *last, *bits});
  }
  layers_ = std::move(layers);
  is_coded_ = true;
}

std::vector<KvBits> KvFormat::BitsOfLayers(size_t layers) const {
  std::vector<KvBits> bits(layers, bits_);
  const auto count = static_cast<long>(layers);
  for (const LayerBits& chosen : layers_) {
    const long first = chosen.first < 0 ? count + chosen.first : chosen.first;
    const long last = chosen.last < 0 ? count + chosen.last : chosen.last;
    if (first < 0 || last < first || last >= count) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("keys and values of layers {} to {}: the model has layers 0 to {}",
                              chosen.first, chosen.last, count - 1));
    }
    for (long layer = first; layer <= last; ++layer) {
      bits[static_cast<size_t>(layer)] = chosen.bits;
    }
  }
  return bits;
}

KvBits KvFormat::LeastBits() const noexcept {
  KvBits least = is_coded_ ? bits_ : KvBits{codec::kPlainKvBits, codec::kPlainKvBits};
  for (const LayerBits& layer : layers_) {
    least.keys = std::min(least.keys, layer.bits.keys);
    least.values = std::min(least.values, layer.bits.values);
  }
  return least;
}

std::string KvFormat::name() const {
  std::string name = is_coded_                ? NameOf(bits_)
                     : dtype_ == DType::kF32  ? "f32"
                     : dtype_ == DType::kBF16 ? "bf16"
                                              : "f16";
  for (const LayerBits& layer : layers_) {
    name += layer.first == layer.last
                ? fmt::format(",{}={}", layer.first, NameOf(layer.bits))
                : fmt::format(",{}-{}={}", layer.first, layer.last, NameOf(layer.bits));
  }
  return name;
}

}  // namespace hlwq::runtime

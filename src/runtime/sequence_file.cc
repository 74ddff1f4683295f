#include "runtime/sequence_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/hash.h"
#include "model/recurrent_state.h"

namespace hlwq::runtime {
namespace {

constexpr size_t kPage = KvLayout::kPageTokens;
constexpr std::string_view kFloatsPrefix = "floats.", kCodesPrefix = "codes.";
constexpr std::string_view kMomentPrefix = "moments.";
constexpr std::string_view kStateSuffix = ".state", kTailSuffix = ".tail";

[[noreturn]] void Fail(const std::string& message) {
  throw Error(ErrorCode::kInvalidData, message);
}
[[noreturn]] void FailSettings(std::string_view what, std::string_view want, std::string_view got) {
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("saved with {} '{}', this run has '{}'", what, got, want));
}

// Digits without leading zeros, as fmt writes them.
std::optional<size_t> ParseNumber(std::string_view text) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return number;
}

// Its number, where a name is of the form.
std::optional<size_t> NumberIn(std::string_view name, std::string_view prefix,
                               std::string_view suffix = {}) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix) ||
      name.size() <= prefix.size() + suffix.size()) {
    return std::nullopt;
  }
  name.remove_prefix(prefix.size());
  name.remove_suffix(suffix.size());
  return ParseNumber(name);
}

class Reader {
 public:
  Reader(const io::SafetensorsHeader& header, const SequenceModel& model)
      : header_(header), model_(model) {}

  SequenceIndex Read() {
    CheckSettings();
    const auto& entries = header_.entries;
    const auto tokens = std::ranges::find(entries, kTokensName, &io::SafetensorsEntry::name);
    if (tokens == entries.end() || tokens->dtype != DType::kI32 || tokens->shape.size() != 1 ||
        tokens->bytes() == 0) {
      Fail("'tokens': want a list of I32, got none");
    }
    index_.tokens = tokens->bytes() / sizeof(TokenId);
    index_.tokens_part = static_cast<PartIndex>(tokens - entries.begin());
    for (PartIndex part = 0; part < entries.size(); ++part) Add(part);
    CheckWhole();
    return std::move(index_);
  }

 private:
  const io::SafetensorsHeader& header_;
  const SequenceModel& model_;
  SequenceIndex index_;
  bool has_checksums_ = false;

  const std::string& Setting(const char* key) const {
    const auto found = header_.metadata.find(key);
    if (found == header_.metadata.end()) Fail(fmt::format("no '{}' in the metadata", key));
    return found->second;
  }

  void CheckSettings() {
    const auto format = header_.metadata.find(kFormatKey);
    if (format == header_.metadata.end() || format->second != kSequenceFormat) {
      Fail("want a saved sequence of hlwq, got a safetensors file that is none");
    }
    if (const std::string& version = Setting(kVersionKey); version != kSequenceVersion) {
      throw Error(ErrorCode::kUnsupported, fmt::format("want version {} of saved sequences, got {}",
                                                       kSequenceVersion, version));
    }
    const std::string want = model_.model_type + " " + HashToHex(model_.identity);
    const std::string got = Setting(kModelKey) + " " + Setting(kIdentityKey);
    if (got != want) FailSettings("the model", want, got);
    if (Setting(kKvKey) != model_.format.name()) {
      FailSettings("--kv", model_.format.name(), Setting(kKvKey));
    }
    if (const std::string pages = std::to_string(kPage); Setting(kPageTokensKey) != pages) {
      FailSettings("tokens of a page", pages, Setting(kPageTokensKey));
    }
    const std::string_view interleaved = model_.has_interleaved ? "yes" : "no";
    if (Setting(kInterleavedKey) != interleaved) {
      FailSettings("--interleave", interleaved, Setting(kInterleavedKey));
    }
    index_.target = Setting(kTargetKey);
    const auto prompt_tokens = ParseNumber(Setting(kPromptTokensKey));
    if (!prompt_tokens) Fail(fmt::format("'{}': want a number", kPromptTokensKey));
    index_.prompt_tokens = *prompt_tokens;
  }

  void Want(PartIndex part, DType dtype, uint64_t bytes) const {
    const io::SafetensorsEntry& entry = header_.entries[part];
    if (entry.dtype == dtype && entry.shape.size() == 1 && entry.bytes() == bytes) return;
    Fail(fmt::format("'{}': want {} bytes of {}, got {} of {}", entry.name, bytes, DTypeName(dtype),
                     entry.bytes(), DTypeName(entry.dtype)));
  }

  void AddPage(PartIndex part, const PagePart& page) {
    const bool is_floats = page.kind == KvPageKind::kFloats;
    Want(part, DType::kU8,
         is_floats ? model_.layout.page_bytes() : model_.layout.coded_page_bytes());
    if (model_.layout.UseOf(page.kind, page.page, index_.tokens) == KvPageUse::kNone) {
      Fail(fmt::format("'{}': {} tokens have no such page", header_.entries[part].name,
                       index_.tokens));
    }
    index_.pages[page] = part;
  }

  void CheckMoment(PartIndex part, size_t length) const {
    if (model_.state_bytes > 0 && length > 0 && length <= index_.tokens) return;
    Fail(fmt::format("'{}': {} tokens of {} have no such moment", header_.entries[part].name,
                     index_.tokens, model_.model_type));
  }

  void Add(PartIndex part) {
    const io::SafetensorsEntry& entry = header_.entries[part];
    const std::string_view name = entry.name;
    if (name == kTokensName) return;
    if (name == kChecksumsName) {
      Want(part, DType::kU64, header_.entries.size() * sizeof(uint64_t));
      index_.checksums = part;
      has_checksums_ = true;
    } else if (name == kStateName) {
      Want(part, DType::kF32, model_.state_bytes);
      index_.state = part;
    } else if (name == kLogitsName) {
      Want(part, DType::kF32, uint64_t{model_.vocabulary} * sizeof(float));
      index_.logits = part;
    } else if (const auto floats = NumberIn(name, kFloatsPrefix)) {
      AddPage(part, {KvPageKind::kFloats, *floats});
    } else if (const auto codes = NumberIn(name, kCodesPrefix)) {
      AddPage(part, {KvPageKind::kCoded, *codes});
    } else if (const auto state = NumberIn(name, kMomentPrefix, kStateSuffix)) {
      CheckMoment(part, *state);
      Want(part, DType::kF32, model_.state_bytes);
      index_.moments[*state].state = part;
    } else if (const auto tail = NumberIn(name, kMomentPrefix, kTailSuffix)) {
      CheckMoment(part, *tail);
      if (!model_.layout.is_coded() || *tail % kPage == 0) {
        Fail(fmt::format("'{}': this moment has no page of its own", name));
      }
      Want(part, DType::kU8, model_.layout.page_bytes());
      index_.moments[*tail].tail = part;
    } else {
      Fail(fmt::format("'{}' is no part of a saved sequence", name));
    }
  }

  void CheckWhole() const {
    const auto& entries = header_.entries;
    if (!has_checksums_ || index_.checksums + 1 != entries.size()) {
      Fail("want checksums at the end, got none there");
    }
    if (index_.prompt_tokens > index_.tokens) {
      Fail(fmt::format("'{}': want at most {}, got {}", kPromptTokensKey, index_.tokens,
                       index_.prompt_tokens));
    }
    if (index_.state.has_value() != (model_.state_bytes > 0)) Fail("'state' is missing");
    for (const auto& [length, moment] : index_.moments) {
      if (entries[moment.state].name != MomentStateName(length)) {
        Fail(fmt::format("'{}' is missing", MomentStateName(length)));
      }
    }
    const size_t pages = KvLayout::Pages(index_.tokens);
    for (const KvPageKind kind : {KvPageKind::kFloats, KvPageKind::kCoded}) {
      for (size_t page = 0; page < pages; ++page) {
        const bool is_needed = model_.layout.UseOf(kind, page, index_.tokens) == KvPageUse::kNeeded;
        if (is_needed && !index_.pages.contains({kind, page})) {
          Fail(fmt::format("'{}' is missing", PageName({kind, page})));
        }
      }
    }
  }
};

}  // namespace

SequenceModel SequenceModelOf(Engine& engine, const KvFormat& format) {
  return {.model_type = engine.config().model_type,
          .identity = engine.identity(),
          .format = format,
          .has_interleaved = engine.model().interleaved_bytes() > 0,
          .vocabulary = engine.config().sizes.vocab,
          .state_bytes = model::RecurrentState::Bytes(engine.config()),
          .layout = KvLayout(engine.config(), format)};
}

size_t SequenceIndex::LoadableLength(size_t most, const SequenceModel& model) const {
  if (most >= tokens) return tokens;
  const auto has_floats = [&](size_t length) {
    return length % kPage == 0 || pages.contains({KvPageKind::kFloats, length / kPage});
  };
  // Those before the ones that all of the tokens need, which CheckWhole has seen.
  const auto has_window = [&](size_t length) {
    for (size_t page = model.layout.FirstSeenPage(length);
         page < model.layout.FirstSeenPage(tokens); ++page) {
      for (const KvPageKind kind : {KvPageKind::kFloats, KvPageKind::kCoded}) {
        const bool is_needed = model.layout.UseOf(kind, page, length) == KvPageUse::kNeeded;
        if (is_needed && !pages.contains({kind, page})) return false;
      }
    }
    return true;
  };
  if (model.state_bytes == 0) {
    const size_t length = has_floats(most) ? most : most / kPage * kPage;
    return has_window(length) ? length : 0;
  }
  auto moment = moments.upper_bound(most);
  while (moment != moments.begin()) {
    --moment;
    const bool has_last = moment->second.tail || has_floats(moment->first);
    if (has_last && has_window(moment->first)) return moment->first;
  }
  return 0;
}

SequenceIndex ReadSequenceIndex(const io::SafetensorsHeader& header, const SequenceModel& model) {
  return Reader(header, model).Read();
}

std::string PageName(const PagePart& page) {
  const std::string_view prefix = page.kind == KvPageKind::kFloats ? kFloatsPrefix : kCodesPrefix;
  return fmt::format("{}{}", prefix, page.page);
}

std::string MomentStateName(size_t length) {
  return fmt::format("{}{}{}", kMomentPrefix, length, kStateSuffix);
}

std::string MomentTailName(size_t length) {
  return fmt::format("{}{}{}", kMomentPrefix, length, kTailSuffix);
}

}  // namespace hlwq::runtime

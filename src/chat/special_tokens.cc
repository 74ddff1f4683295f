#include "chat/special_tokens.h"

#include <charconv>
#include <map>
#include <set>
#include <string_view>

namespace hlwq::chat {
namespace {

using nlohmann::json;

// A token in one of the files: "<s>", or an object with its content; empty for null.
std::optional<std::string> TokenOf(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("content") && value["content"].is_string()) {
    return value["content"].get<std::string>();
  }
  return std::nullopt;
}

json ReadObject(const checkpoint::Checkpoint& checkpoint, std::string_view name) {
  json object = ReadSideJson(checkpoint, name);
  return object.is_null() ? json::object() : object;
}

class Collector {
 public:
  // Names of tokens, and lists of more of them.
  void AddNames(const json& file) {
    for (const auto& [key, value] : file.items()) {
      if (key.ends_with("_token")) {
        if (const auto token = TokenOf(value)) named_[key] = *token;
      } else if (key == "additional_special_tokens" || key == "extra_special_tokens") {
        for (const json& item : value) {
          if (const auto token = TokenOf(item)) more_.insert(*token);
        }
      }
    }
  }

  // {"151643": {"content": "<|endoftext|>", "lstrip": false, ...}, ...}
  void AddDecoder(const json& decoder) {
    if (!decoder.is_object()) return;
    for (const auto& [key, value] : decoder.items()) {
      uint64_t id = 0;
      const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
      if (error != std::errc() || end != key.data() + key.size() || !TokenOf(value)) continue;
      added_[id] = value;
      added_[id]["id"] = id;
    }
  }

  // {"<|endoftext|>": 151643, ...}
  void AddIds(const json& ids) {
    for (const auto& [content, id] : ids.items()) {
      if (!id.is_number_unsigned()) continue;
      const bool is_special = IsSpecial(content);
      added_[id.get<uint64_t>()] = {
          {"id", id}, {"content", content}, {"special", is_special}, {"normalized", !is_special}};
    }
  }

  SpecialTokens Take() const {
    SpecialTokens tokens;
    std::set<std::string> listed;
    for (const auto& [id, token] : added_) {
      tokens.added.push_back(token);
      listed.insert(*TokenOf(token));
    }
    std::set<std::string> special = more_;
    for (const auto& [name, token] : named_) {
      tokens.by_name[name] = token;
      special.insert(token);
    }
    for (const std::string& token : special) {
      if (!listed.contains(token)) tokens.added.push_back({{"content", token}, {"special", true}});
    }
    return tokens;
  }

 private:
  std::map<std::string, std::string> named_;
  std::set<std::string> more_;
  std::map<uint64_t, json> added_;

  bool IsSpecial(const std::string& content) const {
    if (more_.contains(content)) return true;
    for (const auto& [name, token] : named_) {
      if (token == content) return true;
    }
    return false;
  }
};

}  // namespace

std::optional<std::string> SpecialTokens::Text(const char* name) const {
  const auto found = by_name.find(name);
  return found == by_name.end() ? std::nullopt : std::optional(found->get<std::string>());
}

SpecialTokens ReadSpecialTokens(const checkpoint::Checkpoint& checkpoint) {
  const json config = ReadObject(checkpoint, "tokenizer_config.json");
  Collector collector;
  collector.AddNames(config);
  if (config.contains("added_tokens_decoder")) {
    collector.AddDecoder(config["added_tokens_decoder"]);
  } else {
    collector.AddNames(ReadObject(checkpoint, "special_tokens_map.json"));
    collector.AddIds(ReadObject(checkpoint, "added_tokens.json"));
  }
  return collector.Take();
}

}  // namespace hlwq::chat

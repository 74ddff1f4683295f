#include "text/tokenizer/post_processor.h"

#include <nlohmann/json.hpp>

#include "text/tokenizer/json_fields.h"
#include "text/tokenizer/vocabulary.h"

namespace hlwq::text {
namespace {

constexpr std::string_view kWhere = "post_processor";

TokenId IdFromJson(const JsonFields& fields, std::string_view name, const nlohmann::json& id) {
  if (!id.is_number_unsigned() || id.get<uint64_t>() >= kMaxTokens) {
    fields.Fail(name, "want ids below " + std::to_string(kMaxTokens) + ", got " + Shown(id));
  }
  return id.get<TokenId>();
}

// ["<s>", 1], as the BERT kinds have it.
TokenId PairId(const JsonFields& fields, std::string_view name) {
  const nlohmann::json& pair = fields.List(name);
  if (pair.size() != 2) fields.Fail(name, "want a token and its id");
  return IdFromJson(fields, name, pair[1]);
}

// The ids of a template's special token, by its name.
std::vector<TokenId> SpecialIds(const JsonFields& fields, const nlohmann::json& token) {
  constexpr std::string_view kName = "special_tokens";
  const auto name = token.find("id");
  if (name == token.end() || !name->is_string()) fields.Fail("single", "a token without a name");
  const nlohmann::json& known = fields.Object(kName);
  const auto entry = known.find(name->get_ref<const std::string&>());
  if (entry == known.end() || !entry->is_object() || !entry->contains("ids") ||
      !(*entry)["ids"].is_array()) {
    fields.Fail(kName, "no ids of " + Shown(*name));
  }
  std::vector<TokenId> ids;
  for (const nlohmann::json& id : (*entry)["ids"]) ids.push_back(IdFromJson(fields, kName, id));
  return ids;
}

}  // namespace

PostProcessor::PostProcessor(const nlohmann::json& json) {
  if (!json.is_null()) Add(json);
}

void PostProcessor::Add(const nlohmann::json& json) {
  const JsonFields fields(json, kWhere);
  const std::string& type = fields.type();
  if (type == "Sequence") {
    for (const nlohmann::json& item : fields.List("processors")) Add(item);
    return;
  }
  if (type == "ByteLevel") return;
  // The library gives the ids of one template to the next as several texts.
  if (has_template_) fields.Unsupported("a second template");
  has_template_ = true;
  if (type == "BertProcessing" || type == "RobertaProcessing") {
    prefix_ = {PairId(fields, "cls")};
    suffix_ = {PairId(fields, "sep")};
    return;
  }
  if (type != "TemplateProcessing") fields.Unsupported();
  bool has_text = false;
  for (const nlohmann::json& item : fields.List("single")) {
    if (!item.is_object() || item.size() != 1 || !item.begin()->is_object()) {
      fields.Fail("single", "want tokens and sequences");
    }
    if (item.begin().key() == "Sequence") {
      if (has_text || item.begin()->value("id", nlohmann::json()) != "A") {
        fields.Fail("single", "want the sequence 'A' once");
      }
      has_text = true;
    } else if (item.begin().key() == "SpecialToken") {
      std::vector<TokenId>& ids = has_text ? suffix_ : prefix_;
      const std::vector<TokenId> more = SpecialIds(fields, *item.begin());
      ids.insert(ids.end(), more.begin(), more.end());
    } else {
      fields.Fail("single", "want a 'SpecialToken' or a 'Sequence'");
    }
  }
  if (!has_text) fields.Fail("single", "want the sequence 'A' once");
}

}  // namespace hlwq::text

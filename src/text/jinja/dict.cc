#include "text/jinja/dict.h"

#include <cmath>
#include <string>

#include "base/error.h"
#include "text/jinja/heap.h"
#include "text/jinja/objects.h"

namespace hlwq::text::jinja {
namespace {

constexpr size_t kMaxUnindexed = 8;
constexpr int kMaxKeyDepth = 32;  // of tuples in tuples

bool IsInteger(double number) {
  return number == std::floor(number) && number >= -0x1p63 && number < 0x1p63;
}

void CheckDepth(int depth) {
  if (depth > kMaxKeyDepth) {
    throw Error(ErrorCode::kInvalidData, "a key has tuples nested deeper than 32");
  }
}

size_t Hash(const Value& key, int depth) {
  CheckDepth(depth);
  switch (key.kind()) {
    case Kind::kNone:
    case Kind::kUndefined:
      return static_cast<size_t>(key.kind());
    case Kind::kBool:
    case Kind::kInteger:
      return std::hash<int64_t>()(key.integer());
    case Kind::kFloat:
      return IsInteger(key.number()) ? std::hash<int64_t>()(static_cast<int64_t>(key.number()))
                                     : std::hash<double>()(key.number());
    case Kind::kString:
      return std::hash<std::string_view>()(key.text());
    case Kind::kTuple: {
      size_t hash = 17;
      for (const Value& item : key.as<Sequence>().items) hash = hash * 31 + Hash(item, depth + 1);
      return hash;
    }
    default:
      throw Error(ErrorCode::kInvalidData,
                  "unhashable type: '" + std::string(TypeName(key.kind())) + "'");
  }
}

bool IsEqual(const Value& a, const Value& b, int depth) {
  CheckDepth(depth);
  if (a.IsIntegral() && b.IsIntegral()) return a.integer() == b.integer();
  if (a.IsNumber() && b.IsNumber()) return a.number() == b.number();
  if (a.kind() != b.kind()) return false;
  if (a.Is(Kind::kString)) return a.text() == b.text();
  if (!a.Is(Kind::kTuple)) return true;  // none and undefined
  const auto& left = a.as<Sequence>().items;
  const auto& right = b.as<Sequence>().items;
  if (left.size() != right.size()) return false;
  for (size_t index = 0; index < left.size(); ++index) {
    if (!IsEqual(left[index], right[index], depth + 1)) return false;
  }
  return true;
}

}  // namespace

size_t Dict::KeyHash::operator()(const Value& key) const { return Hash(key, 0); }
bool Dict::KeyEqual::operator()(const Value& a, const Value& b) const { return IsEqual(a, b, 0); }

const Value* Dict::Find(const Value& key) const {
  if (!index_.empty()) {
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : &entries_[found->second].value;
  }
  if (!key.Is(Kind::kString)) Hash(key, 0);  // throws for what cannot be a key
  for (const Entry& entry : entries_) {
    if (IsEqual(entry.key, key, 0)) return &entry.value;
  }
  return nullptr;
}

void Dict::Set(Heap& heap, const Value& key, const Value& value) {
  if (const Value* found = Find(key)) {
    const_cast<Value&>(*found) = value;
    return;
  }
  heap.Charge(sizeof(Entry) + 4 * sizeof(Value));
  entries_.push_back({key, value});
  if (!index_.empty()) {
    index_.emplace(key, static_cast<uint32_t>(entries_.size() - 1));
  } else if (entries_.size() > kMaxUnindexed) {
    for (size_t entry = 0; entry < entries_.size(); ++entry) {
      index_.emplace(entries_[entry].key, static_cast<uint32_t>(entry));
    }
  }
}

}  // namespace hlwq::text::jinja

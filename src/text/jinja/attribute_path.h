// "address.city" or "0": what the attribute arguments of filters name.
#pragma once

#include <vector>

#include "text/jinja/value.h"

namespace hlwq::text::jinja {

class Heap;

class AttributePath {
 public:
  // A string of names separated by dots, digits being indices; an integer; none for the item
  // itself.
  AttributePath(Heap& heap, const Value& attribute);

  // The attribute of `item`; undefined parts on the way become `otherwise` when that is given.
  Value Of(Heap& heap, const Value& item, const Value* otherwise = nullptr) const;

 private:
  std::vector<Value> parts_;
};

// Several of them: "age,name".
std::vector<AttributePath> AttributePaths(Heap& heap, const Value& attribute);

// What sorts and compares are made by: strings without their case, unless that matters.
Value SortKey(Heap& heap, const Value& value, bool is_case_sensitive);

}  // namespace hlwq::text::jinja

#include "io/json.h"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include "base/error.h"

namespace hlwq::io {
namespace {

TEST(ParseJson, RefusesWhatLenientParsersTake) {
  for (const std::string& bad :
       {std::string("{\"a\":1,\"a\":2}"), std::string("{\"a\":{\"b\":1,\"b\":1}}"), std::string(""),
        std::string("{"), std::string("[1,]"), std::string("{\"a\":\"\xff\"}"),
        std::string(100, '[') + std::string(100, ']')}) {
    EXPECT_THROW(ParseJson(bad), Error) << bad;
  }
}

TEST(ParseJson, SameKeyInDifferentObjectsIsFine) {
  EXPECT_EQ(ParseJson(R"({"a":{"x":1},"b":{"x":2},"c":[{"x":3},{"x":4}]})")["c"][1]["x"], 4);
}

}  // namespace
}  // namespace hlwq::io

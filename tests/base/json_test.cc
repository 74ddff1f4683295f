#include "base/json.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace hlwq {
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

TEST(ParseJson, TakesNumbersThatAreNotFiniteAsPythonWritesThem) {
  const char* text = R"({"a": [NaN, -Infinity, Infinity], "NaN": "Infinity \"NaN\" \\"})";
  const nlohmann::json parsed = ParseJson(text);
  EXPECT_TRUE(std::isnan(parsed["a"][0].get<double>()));
  EXPECT_EQ(parsed["a"][1], -std::numeric_limits<double>::infinity());
  EXPECT_EQ(parsed["a"][2], std::numeric_limits<double>::infinity());
  EXPECT_EQ(parsed["NaN"], "Infinity \"NaN\" \\");
  EXPECT_EQ(ParseOrderedJson(text).begin().key(), "a");
  EXPECT_EQ(DumpJson(parsed),
            "{\n  \"NaN\": \"Infinity \\\"NaN\\\" \\\\\",\n  \"a\": [\n    NaN,\n    "
            "-Infinity,\n    Infinity\n  ]\n}\n");
  EXPECT_EQ(DumpJson(ParseJson("{}")), "{}\n");
  for (const char* bad :
       {"NaNa", "-NaN", "{NaN: 1}", "Inf", "[Infinity", "{\"a\": NaN, \"a\": 1}"}) {
    EXPECT_THROW(ParseJson(bad), Error) << bad;
  }
}

TEST(ParseJson, AZeroByteIsNoEnd) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view bad : {"{}\0"sv, "{}\0rest"sv, "NaN\0\0"sv, "[1,\0 2]"sv, "\0"sv}) {
    EXPECT_THAT([&] { ParseJson(bad); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("zero byte")));
  }
}

// Within the parser a number that is not finite is such a string.
TEST(ParseJson, AStringThatBeginsWithAZeroIsNoNumber) {
  const nlohmann::json parsed = ParseJson(R"(["\u0000NaN", "\u0000", "NaN"])");
  EXPECT_TRUE(parsed[0].is_string());
  EXPECT_EQ(parsed[1].get<std::string>().size(), 1u);
  for (const char* bad : {R"(["\u0000NaN", NaN])", R"({"\u0000\u004eaN": 1, "a": Infinity})"}) {
    EXPECT_THROW(ParseJson(bad), Error) << bad;
  }
}

TEST(JsonValues, NumbersThatAreNotIntegersAreRefused) {
  for (const char* bad : {"1e100", "-1", "1.5", "\"1\"", "null", "18446744073709551616"}) {
    EXPECT_THROW(UnsignedValue(ParseJson(bad)), Error) << bad;
  }
  for (const char* bad : {"1e100", "9223372036854775808", "1.0"}) {
    EXPECT_THROW(IntegerValue(ParseJson(bad)), Error) << bad;
  }
  EXPECT_EQ(UnsignedValue(ParseJson("18446744073709551615")), ~uint64_t{0});
  EXPECT_EQ(IntegerValue(ParseJson("-9223372036854775808")), std::numeric_limits<int64_t>::min());
}

}  // namespace
}  // namespace hlwq

#include "base/json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace hlwq {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Lt;

constexpr SizeRange kSmall{1, 9};

template <typename Read>
std::string Refusal(ErrorCode code, Read&& read) {
  try {
    read();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  return "no error";
}

template <typename Read>
std::string Refusal(Read&& read) {
  return Refusal(ErrorCode::kInvalidData, read);
}

TEST(JsonReader, NullIsAbsentUnlessAsked) {
  const json object = {{"a", nullptr}};
  const JsonReader reader(object);
  EXPECT_FALSE(reader.Has("a"));
  EXPECT_EQ(reader.OptionalSize("a", kSmall), std::nullopt);
  EXPECT_TRUE(reader.Flag("a", true));
  EXPECT_TRUE(reader.IsNull("a"));
  EXPECT_FALSE(reader.IsNull("b"));
}

TEST(JsonReader, ErrorsSayWhereTheKeyStands) {
  const json object = {{"text", {{"rope", {{"theta", "big"}}}}}};
  const JsonReader rope = JsonReader(object).Child("text").Child("rope");
  EXPECT_EQ(Refusal([&] {
              rope.OptionalNumber("theta", {0, 1});
            }),
            "'text.rope.theta': want a number in 0..1, got \"big\"");
  const JsonReader strip(object, {.within = "decoder 'Strip'"});
  EXPECT_EQ(Refusal([&] { strip.Size("start", kSmall); }),
            "decoder 'Strip': 'start': want an integer in 1..9, but it is missing");
  EXPECT_EQ(Refusal([&] { JsonReader(json::array(), {.within = "codec"}); }),
            "codec: want an object, got a list of 0");
  EXPECT_EQ(Refusal(ErrorCode::kUnsupported, [&] { rope.Refuse("theta", "is unknown"); }),
            "'text.rope.theta': is unknown");
}

TEST(JsonReader, TakesNoOtherTypeForTheOneThatIsWanted) {
  const json object = {{"size", 3.0},   {"string", 5},   {"list", json::object()},
                       {"object", "x"}, {"flag", 1},     {"strings", {"a", 1}},
                       {"sizes", {10}}, {"many", {1, 2}}};
  const JsonReader reader(object);
  EXPECT_EQ(Refusal([&] { reader.Size("size", kSmall); }),
            "'size': want an integer in 1..9, got 3.0");
  EXPECT_EQ(Refusal([&] { reader.String("string"); }), "'string': want a string, got 5");
  EXPECT_EQ(Refusal([&] { reader.List("list"); }), "'list': want a list, got an object");
  EXPECT_EQ(Refusal([&] { reader.Object("object"); }), "'object': want an object, got \"x\"");
  EXPECT_EQ(Refusal([&] { reader.Flag("flag", false); }), "'flag': want true or false, got 1");
  EXPECT_EQ(Refusal([&] { reader.OptionalStrings("strings", 2); }),
            "'strings': want strings, got 1");
  EXPECT_EQ(Refusal([&] { reader.OptionalSizes("sizes", 1, kSmall); }),
            "'sizes': want an integer in 1..9, got 10");
  EXPECT_EQ(Refusal([&] { reader.OptionalSizes("many", 1, kSmall); }),
            "'many': want a list of at most 1, got a list of 2");
}

TEST(JsonReader, GivesWhatIsThere) {
  const json object = {{"size", 9}, {"number", 0.5}, {"strings", {"a", "b"}}, {"sizes", {1, 9}}};
  const JsonReader reader(object);
  EXPECT_EQ(reader.Size("size", kSmall), 9u);
  EXPECT_EQ(reader.OptionalNumber("number", {0, 1}), 0.5);
  EXPECT_THAT(*reader.OptionalStrings("strings", 2), ElementsAre("a", "b"));
  EXPECT_THAT(*reader.OptionalSizes("sizes", 2, kSmall), ElementsAre(1, 9));
}

TEST(JsonReader, AFixedSettingMayBeAbsentButNothingElse) {
  const json object = {{"causal", true}, {"window", 7}};
  const JsonReader reader(object);
  reader.WantFixed("causal", "true");
  reader.WantFixed("chunk", "null");
  EXPECT_EQ(Refusal(ErrorCode::kUnsupported, [&] { reader.WantFixed("window", "null"); }),
            "'window': want null, got 7");
}

TEST(JsonReader, WhatIsShownIsShortAndAscii) {
  const std::string shown = Shown(std::string(1000, '\n') + "\xC3\xA9");
  EXPECT_LT(shown.size(), 80u);
  EXPECT_THAT(shown, Each(AllOf(Lt(127), testing::Ge(' '))));
  EXPECT_EQ(Shown("\xC3\xA9"), "\"\\u00e9\"");
}

}  // namespace
}  // namespace hlwq

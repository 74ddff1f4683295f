// What a template computes with: Python's values, as far as templates see them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hlwq::text::jinja {

enum class Kind : uint8_t {
  kUndefined,
  kNone,
  kBool,
  kInteger,
  kFloat,
  kString,
  kList,
  kTuple,
  kRange,
  kView,      // keys(), values() and items() of a dict
  kIterator,  // what Python makes a generator of: can be walked once, has no length
  kDict,
  kNamespace,
  kLoop,
  kMacro,
  kFunction,
  kMethod,  // a function bound to its object
  kCycler,
  kJoiner,
};

// Everything a Value points to. A Heap owns it and frees it in no order, so cycles are harmless.
struct Object {
  virtual ~Object() = default;
};

struct Sequence;
class Dict;
struct Namespace;
struct Loop;
struct Macro;
struct Function;
struct Method;
struct Cycler;
struct Joiner;

// Why a value is undefined: decides the message when it is used all the same.
enum class Missing : uint8_t {
  kVariable,   // text() is its name
  kAttribute,  // text() is the attribute's name, owner() what lacks it
  kMessage,    // text() is the message
};

// A small handle, copied freely. Borrows: strings view the template, the variables or the heap, and
// all three outlive a rendering. Nothing but Namespace, iterators, Loop, Cycler and Joiner changes
// once it is made.
class Value {
 public:
  Value() noexcept : Value(Kind::kUndefined) { SetText("this value"); }

  static Value None() noexcept { return Value(Kind::kNone); }
  static Value Bool(bool value) noexcept {
    Value made(Kind::kBool);
    made.payload_.boolean = value;
    return made;
  }
  static Value Integer(int64_t value) noexcept {
    Value made(Kind::kInteger);
    made.payload_.integer = value;
    return made;
  }
  static Value Float(double value) noexcept {
    Value made(Kind::kFloat);
    made.payload_.number = value;
    return made;
  }
  static Value String(std::string_view text) noexcept {
    Value made(Kind::kString);
    made.SetText(text);
    return made;
  }
  // Text that `escape` leaves as it is, and that escapes what is joined to it (markup.h).
  static Value Markup(std::string_view text) noexcept {
    Value made = String(text);
    made.is_markup_ = true;
    return made;
  }
  static Value Undefined(Missing missing, std::string_view text,
                         Kind owner = Kind::kUndefined) noexcept {
    Value made(Kind::kUndefined);
    made.missing_ = missing;
    made.owner_ = owner;
    made.SetText(text);
    return made;
  }
  // `kind` is the one of the object's type; Sequence has five.
  static Value Of(Kind kind, Object* object) noexcept {
    Value made(kind);
    made.payload_.object = object;
    return made;
  }
  static Value Of(const Function* function) noexcept {
    Value made(Kind::kFunction);
    made.payload_.function = function;
    return made;
  }

  Kind kind() const noexcept { return kind_; }
  bool Is(Kind kind) const noexcept { return kind_ == kind; }
  bool IsNumber() const noexcept {
    return kind_ == Kind::kInteger || kind_ == Kind::kFloat || kind_ == Kind::kBool;
  }
  // Counts as an integer in arithmetic: Python's bool is one.
  bool IsIntegral() const noexcept { return kind_ == Kind::kInteger || kind_ == Kind::kBool; }
  // Has its items in a Sequence.
  bool IsSequence() const noexcept { return kind_ >= Kind::kList && kind_ <= Kind::kIterator; }

  // Each asks for the matching kind; nothing checks.
  bool boolean() const noexcept { return payload_.boolean; }
  int64_t integer() const noexcept {
    return kind_ == Kind::kBool ? int64_t{payload_.boolean} : payload_.integer;
  }
  double number() const noexcept {
    return kind_ == Kind::kFloat ? payload_.number : static_cast<double>(integer());
  }
  std::string_view text() const noexcept { return {payload_.chars, size_}; }
  bool is_markup() const noexcept { return is_markup_; }  // false for what is no string
  Missing missing() const noexcept { return missing_; }
  Kind owner() const noexcept { return owner_; }
  Object* object() const noexcept { return payload_.object; }
  const Function* function() const noexcept { return payload_.function; }
  template <typename T>
  T& as() const noexcept {
    return static_cast<T&>(*payload_.object);
  }

 private:
  explicit Value(Kind kind) noexcept : kind_(kind) { payload_.integer = 0; }
  void SetText(std::string_view text) noexcept {
    payload_.chars = text.data();
    size_ = text.size();
  }

  Kind kind_;
  Missing missing_ = Missing::kMessage;
  Kind owner_ = Kind::kUndefined;
  bool is_markup_ = false;
  union {
    bool boolean;
    int64_t integer;
    double number;
    const char* chars;
    Object* object;
    const Function* function;
  } payload_;
  size_t size_ = 0;
};

// Python's name of the type: "str", "NoneType".
std::string_view TypeName(Kind kind) noexcept;

}  // namespace hlwq::text::jinja

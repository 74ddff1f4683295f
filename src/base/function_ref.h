// A callable passed down a call: two words, no allocation.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace hlwq {

template <typename Signature>
class FunctionRef;

// Borrows the callable, which must outlive the call it is passed to. Never empty.
template <typename Result, typename... Args>
class FunctionRef<Result(Args...)> {
 public:
  // clang-format off
  template <typename Callable>
    requires(!std::is_same_v<std::remove_cvref_t<Callable>, FunctionRef> &&
             std::is_invocable_r_v<Result, Callable&, Args...>)
  FunctionRef(Callable&& callable) noexcept  // NOLINT: implicit on purpose
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* object, Args... args) -> Result {
          return (*static_cast<std::add_pointer_t<Callable>>(object))(std::forward<Args>(args)...);
        }) {}
  // clang-format on

  Result operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  Result (*call_)(void*, Args...);
};

}  // namespace hlwq

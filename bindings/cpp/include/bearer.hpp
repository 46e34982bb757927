// libbearer for C++17: get an access token, keep it valid, make requests with it.
//
// Every object is move-only and frees itself. A call that fails throws bearer::error. A hook is any callable, also one
// that can only be moved; it is destroyed once, when nothing uses it any more. Text is UTF-8. Any function may be called
// from any thread, and one client by many at once. The functions are those of bearer.h, which says more about each.
#ifndef BEARER_HPP
#define BEARER_HPP

#include "bearer/client.hpp"
#include "bearer/error.hpp"
#include "bearer/hook.hpp"
#include "bearer/json.hpp"
#include "bearer/message.hpp"

#endif

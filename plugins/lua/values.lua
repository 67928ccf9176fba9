-- plugins/lua/values.lua: the functions that expressions have, for code: on texts and numbers they are the same
-- functions (calls.h), so that a thing is not computed in two ways.
local host = ...
local ffi, env, exact = host.ffi, host.env, host.exact
local error, type, tonumber, select, floor, ceil = error, type, tonumber, select, math.floor, math.ceil

-- Up to what is used of a struct run.
ffi.cdef "struct run { char before[80]; int64_t i; double f; uint64_t used; };"
ffi.cdef(host.calls_cdef)
local F, R = ffi.cast("const struct calls *", host.functions), ffi.cast("struct run *", host.tool)
local A, B, C = ffi.new("struct gyre_str[1]"), ffi.new("struct gyre_str[1]"), ffi.new("struct gyre_str[1]")
local TO = ffi.new("struct gyre_str[1]")

-- Makes a gyre_str of a string, which its caller keeps.
local function set(into, s, name, n)
  if type(s) ~= "string" then
    error(("%s: argument %d is a %s: it takes a string"):format(name, n, s == nil and "nil" or env.type(s)), 3)
  end
  local to = into[0]
  to.len = #s
  if #s <= 12 then
    ffi.fill(to.head, 12)
    ffi.copy(to.head, s, #s)
  else
    ffi.copy(to.head, s, 4)
    to.ptr = ffi.cast("const char *", s)
  end
  host.spend(#s / 64)
  return into
end

local function made(code, name)
  if code ~= 0 then
    error(name .. ": a text of more than 64 MiB", 3)
  end
  local s = TO[0]
  return s.len <= 12 and ffi.string(s.head, s.len) or ffi.string(s.ptr, s.len)
end

for _, name in ipairs { "lower", "upper", "trim" } do
  env[name] = function(s)
    R.used = 0
    return made(F[name](R, TO, set(A, s, name, 1)), name)
  end
end

for _, name in ipairs { "starts", "ends", "contains", "like" } do
  env[name] = function(s, part)
    return F[name](R, set(A, s, name, 1), set(B, part, name, 2)) ~= 0
  end
end

function env.replace(s, what, by)
  R.used = 0
  return made(F.replace(R, TO, set(A, s, "replace", 1), set(B, what, "replace", 2), set(C, by, "replace", 3)),
    "replace")
end

local function whole(v, name, n)
  if type(v) == "cdata" then
    return v.gyre__v
  elseif type(v) ~= "number" or v ~= floor(v) or v <= -2 ^ 53 or v >= 2 ^ 53 then
    error(("%s: argument %d is %s: it takes a whole number"):format(name, n, env.tostring(v)), 3)
  end
  return ffi.cast("int64_t", v)
end

function env.substr(s, from, n)
  return made(F.substr(R, TO, set(A, s, "substr", 1), whole(from, "substr", 2), n and whole(n, "substr", 3) or
    0x7fffffffffffffffLL), "substr")
end

function env.len(s)
  set(A, s, "len", 1)
  return #s
end

---- numbers ----

local function number(v, name, n)
  if type(v) ~= "number" and type(v) ~= "cdata" then
    error(("%s: argument %d is a %s: it takes a number"):format(name, n, type(v)), 3)
  end
  return v
end

function env.abs(x)
  return number(x, "abs", 1) < 0 and -x or x
end

function env.floor(x)
  return type(number(x, "floor", 1)) == "cdata" and x or floor(x)
end

function env.ceil(x)
  return type(number(x, "ceil", 1)) == "cdata" and x or ceil(x)
end

function env.round(x, digits)
  digits = digits and whole(digits, "round", 2) or 0LL
  if type(number(x, "round", 1)) == "number" and (x ~= floor(x) or x <= -2 ^ 53 or x >= 2 ^ 53) then
    return F.round_to(x, digits)
  end
  if F.round_integer(R, whole(x, "round", 1), digits) ~= 0 then
    error("round: the result does not fit 64 bits", 2)
  end
  return exact(R.i)
end

function env.min(...)
  local best = number((...), "min", 1)
  for i = 2, select("#", ...) do
    local x = number((select(i, ...)), "min", i)
    if x < best then
      best = x
    end
  end
  return best
end

function env.max(...)
  local best = number((...), "max", 1)
  for i = 2, select("#", ...) do
    local x = number((select(i, ...)), "max", i)
    if x > best then
      best = x
    end
  end
  return best
end

---- casts ----

local function no_cast(x, to)
  local what = type(x) == "string" and ("%q"):format(x:sub(1, 60)) or "a " .. env.type(x)
  error(("cast: no %s is made of %s"):format(to, what), 3)
end

local function read(x, to)
  if F[to .. "_of_text"](R, set(A, x, "cast", 1)) ~= 0 then
    no_cast(x, to)
  end
  return to == "f64" and R.f or exact(R.i)
end

local CAST = {}

function CAST.i64(x)
  local kind = type(x)
  if kind == "string" then
    return read(x, "i64")
  elseif kind == "boolean" then
    return x and 1 or 0
  elseif kind == "cdata" then
    return x
  elseif kind ~= "number" or not (x >= -2 ^ 63 and x < 2 ^ 63) then
    no_cast(x, "i64")
  end
  return exact(ffi.cast("int64_t", x))
end

function CAST.f64(x)
  local kind = type(x)
  if kind == "string" then
    return read(x, "f64")
  elseif kind == "boolean" then
    return x and 1 or 0
  elseif kind ~= "number" and kind ~= "cdata" then
    no_cast(x, "f64")
  end
  return kind == "cdata" and tonumber(x.gyre__v) or x
end

function CAST.time(x)
  if type(x) == "string" then
    return read(x, "time")
  end
  return exact(whole(x, "cast", 1))
end

function CAST.bool(x)
  if type(x) == "string" then
    return read(x, "bool") == 1
  elseif type(x) ~= "boolean" then
    no_cast(x, "bool")
  end
  return x
end

function CAST.str(x)
  local kind = type(x)
  R.used = 0
  if kind == "string" then
    return x
  elseif kind == "boolean" then
    return x and "true" or "false"
  elseif kind == "cdata" or (kind == "number" and x == floor(x) and x > -2 ^ 53 and x < 2 ^ 53) then
    return made(F.text_of_i64(R, TO, whole(x, "cast", 1)), "cast")
  elseif kind ~= "number" then
    no_cast(x, "str")
  end
  return made(F.text_of_f64(R, TO, x), "cast")
end
CAST.bytes = CAST.str

function env.cast(x, to)
  local cast = CAST[to]
  if not cast then
    error("cast(x, \"TYPE\") makes a bool, i64, f64, time, str or bytes of x", 2)
  elseif x == nil then
    return nil
  end
  return cast(x)
end
return true

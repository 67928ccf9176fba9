-- plugins/lua/exact.lua: integers beyond 2^53, which a number does not hold: exact, or an error.
--
-- They are structs of one int64_t with the operators of numbers. Each value is one object, so that it is one key of
-- a table; what comes within 2^53 is a number again. Nothing is rounded unseen: with a number that is not whole,
-- and where 64 bits are too few, an operator is an error; `/` is a number, as in expressions.
local host = ...
local ffi = host.ffi
local error, type, tonumber, tostring = error, type, tonumber, tostring
local floor = math.floor
local EXACT = 2 ^ 53
local LOWEST, HIGHEST = -0x7fffffffffffffffLL - 1, 0x7fffffffffffffffLL

ffi.cdef "struct gyre_exact { const int64_t gyre__v; };"
local made = setmetatable({}, { __mode = "v" })
local room = ffi.new("int64_t[1]")
local new

-- The value of an int64_t.
local function exact(v)
  local n = tonumber(v)
  if n > -EXACT and n < EXACT then
    return n
  end
  room[0] = v
  local key = ffi.string(ffi.cast("const char *", room), 8)
  local x = made[key]
  if x == nil then
    x = new(v)
    made[key] = x
  end
  return x
end

-- The int64_t of a value that is whole.
local function wide(x, what)
  if type(x) == "cdata" then
    return ffi.cast("int64_t", x.gyre__v)
  elseif type(x) ~= "number" then
    error(("%s of an integer beyond 2^53 and a %s"):format(what, type(x)), 3)
  elseif x ~= floor(x) or x <= -EXACT or x >= EXACT then
    error(("%s of an integer beyond 2^53 and %.17g is not exact: write cast(x, \"f64\") to have it rounded"):format(
      what, x), 3)
  end
  return ffi.cast("int64_t", x)
end

local function beyond(what)
  error(what .. ": the result does not fit 64 bits", 3)
end

local M = {}

function M.__add(a, b)
  a, b = wide(a, "sum"), wide(b, "sum")
  if (b > 0 and a > HIGHEST - b) or (b < 0 and a < LOWEST - b) then
    beyond("sum")
  end
  return exact(a + b)
end

function M.__sub(a, b)
  a, b = wide(a, "difference"), wide(b, "difference")
  if (b < 0 and a > HIGHEST + b) or (b > 0 and a < LOWEST + b) then
    beyond("difference")
  end
  return exact(a - b)
end

function M.__mul(a, b)
  a, b = wide(a, "product"), wide(b, "product")
  if a == 0 or b == 0 then
    return 0
  end
  local r = a * b
  if (a == -1 and b == LOWEST) or (b == -1 and a == LOWEST) or r / b ~= a then
    beyond("product")
  end
  return exact(r)
end

function M.__div(a, b)
  return tonumber(type(a) == "cdata" and a.gyre__v or a) / tonumber(type(b) == "cdata" and b.gyre__v or b)
end

function M.__mod(a, b)
  a, b = wide(a, "remainder"), wide(b, "remainder")
  if b == 0 then
    error("remainder: a division by 0", 2)
  elseif b == -1 then
    return 0
  end
  local r = a % b
  if r ~= 0 and (r < 0) ~= (b < 0) then
    r = r + b
  end
  return exact(r)
end

function M.__unm(a)
  if a.gyre__v == LOWEST then
    beyond("negation")
  end
  return exact(-a.gyre__v)
end

function M.__pow(a, b)
  return tonumber(type(a) == "cdata" and a.gyre__v or a) ^ tonumber(type(b) == "cdata" and b.gyre__v or b)
end

-- How a and b, of which one is exact, are ordered: below 0, 0, above; nil where one is NaN.
local function order(a, b)
  if type(a) == "number" then
    local c = order(b, a)
    return c and -c
  elseif type(b) == "cdata" then
    return a.gyre__v < b.gyre__v and -1 or a.gyre__v > b.gyre__v and 1 or 0
  elseif b ~= b then
    return nil
  elseif b >= 2 ^ 63 then
    return -1
  elseif b < -2 ^ 63 then
    return 1
  end
  local whole = ffi.cast("int64_t", floor(b))
  return a.gyre__v < whole and -1 or a.gyre__v > whole and 1 or floor(b) < b and -1 or 0
end

local function comparable(a, b)
  if (type(a) ~= "number" and type(a) ~= "cdata") or (type(b) ~= "number" and type(b) ~= "cdata") then
    error(("attempt to compare a %s with a %s"):format(type(a) == "cdata" and "number" or type(a),
      type(b) == "cdata" and "number" or type(b)), 3)
  end
end

function M.__lt(a, b)
  comparable(a, b)
  local c = order(a, b)
  return c ~= nil and c < 0
end

function M.__le(a, b)
  comparable(a, b)
  local c = order(a, b)
  return c ~= nil and c <= 0
end

function M.__eq(a, b)
  if (type(a) ~= "number" and type(a) ~= "cdata") or (type(b) ~= "number" and type(b) ~= "cdata") then
    return false
  end
  return order(a, b) == 0
end

local function text(x)
  return (tostring(x.gyre__v):gsub("LL$", ""))
end
M.__tostring = text

function M.__concat(a, b)
  return (type(a) == "cdata" and text(a) or a) .. (type(b) == "cdata" and text(b) or b)
end

M.__metatable = "number"
new = ffi.metatype("struct gyre_exact", M)

host.exact = exact
-- The int64_t of one, for string.format and the like; nil of any other value.
function host.plain(x)
  if type(x) == "cdata" then
    return ffi.cast("int64_t", x.gyre__v)
  end
end
return true

-- plugins/lua/basics.lua: the other names of Lua that code has: those that cannot run for ever are Lua's own, the
-- others count steps.
--
--   pairs, next   in order: numbers, then strings by their bytes, then false and true; so that a run that goes on from
--                 a snapshot does what the first one did
--   table.sort    by merging: the comparison may be as wrong as it likes
--   rawset        not of what is frozen
--   coroutine     resume does not keep that the steps are used up
local host = ...
local env, frozen, tick, spend, after = host.env, host.frozen, host.tick, host.spend, host.after
local error, type, tostring, select, next = error, type, tostring, select, next
local sort, floor = table.sort, math.floor

local function pick(from, names)
  local t = {}
  for name in names:gmatch("%S+") do
    t[name] = from[name]
  end
  return t
end

---- tables ----

local tables = {}

function tables.maxn(t)
  local most = 0
  for key in next, t do
    tick()
    if type(key) == "number" and key > most then
      most = key
    end
  end
  return most
end

-- With all digits of numbers.
function tables.concat(t, between, from, to)
  spend(#t / 16)
  from, to = from and host.whole_of(from, 3, "table.concat"), to and host.whole_of(to, 4, "table.concat")
  local texts
  for i = from or 1, to or #t do
    local v = t[i]
    if type(v) == "number" or type(v) == "cdata" then
      if not texts then
        texts = {}
        for k = from or 1, i do
          texts[k] = t[k]
        end
      end
      v = env.tostring(v)
    end
    if texts then
      texts[i] = v
    end
  end
  return table.concat(texts or t, between, from or 1, to or #t)
end

function tables.insert(t, ...)
  local n = #t + 1
  if select("#", ...) < 2 then
    t[n] = ...
    return
  end
  local at, v = ...
  if type(at) ~= "number" or at < 1 or at > n or at ~= floor(at) then
    error("table.insert: " .. tostring(at) .. " is no place from 1 to " .. n, 2)
  end
  for i = n, at + 1, -1 do
    tick()
    t[i] = t[i - 1]
  end
  t[at] = v
end

function tables.remove(t, at)
  local n = #t
  if n == 0 then
    return nil
  end
  at = at or n
  if type(at) ~= "number" or at < 1 or at > n or at ~= floor(at) then
    error("table.remove: " .. tostring(at) .. " is no place from 1 to " .. n, 2)
  end
  local v = t[at]
  for i = at, n - 1 do
    tick()
    t[i] = t[i + 1]
  end
  t[n] = nil
  return v
end

local function less(a, b)
  return a < b
end

-- Merges runs of `width` of `from` into `to`.
local function merge(from, to, n, width, is_less)
  for low = 1, n, 2 * width do
    local mid, high = math.min(low + width, n + 1), math.min(low + 2 * width, n + 1)
    local i, j = low, mid
    for k = low, high - 1 do
      tick()
      if i < mid and (j >= high or not is_less(from[j], from[i])) then
        to[k], i = from[i], i + 1
      else
        to[k], j = from[j], j + 1
      end
    end
  end
end

function tables.sort(t, is_less)
  local n, width, from, to = #t, 1, {}, {}
  for i = 1, n do
    tick()
    from[i] = t[i]
  end
  while width < n do
    merge(from, to, n, width, is_less or less)
    from, to, width = to, from, 2 * width
  end
  for i = 1, n do
    tick()
    t[i] = from[i]
  end
end

function tables.unpack(t, i, j)
  i, j = i and host.whole_of(i, 2, "unpack") or 1, j and host.whole_of(j, 3, "unpack") or #t
  spend((j - i) / 16)
  return unpack(t, i, j)
end

env.table, env.unpack = frozen("table", tables), tables.unpack

---- the order of keys ----

local RANK = { number = 1, cdata = 1, string = 2, boolean = 3 }

local function before(a, b)
  local x, y = RANK[type(a)], RANK[type(b)]
  if x ~= y then
    return x < y
  elseif x == 3 then
    return b and not a
  end
  return a < b
end

-- The keys of a table in order; those of an array are in it already.
local function keys_of(t)
  local keys, n, is_sorted = {}, 0, true
  for key in next, t do
    tick()
    n = n + 1
    keys[n] = key
    if not RANK[type(key)] then
      error("pairs: a table has a " .. type(key) .. " as a key, and these have no order", 3)
    end
    is_sorted = is_sorted and key == n
  end
  if not is_sorted then
    spend(n * 4)
    sort(keys, before)
  end
  return keys, n
end
host.keys_of = keys_of

function env.pairs(t)
  if type(t) ~= "table" then
    error("pairs takes a table, not a " .. type(t), 2)
  end
  local keys, n = keys_of(t)
  local i = 0
  return function()
    while i < n do
      i = i + 1
      tick()
      local v = t[keys[i]]
      if v ~= nil then
        return keys[i], v
      end
    end
  end, t, nil
end

function env.next(t, key)
  if type(t) ~= "table" then
    error("next takes a table, not a " .. type(t), 2)
  elseif key ~= nil then
    error("next(t) tells whether there is anything in t: use pairs to walk it", 2)
  elseif next(t) == nil then
    return nil
  end
  local first = keys_of(t)[1]
  return first, t[first]
end

---- the rest ----

local maths = pick(math, "abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge ldexp log log10 max " ..
  "min modf pi pow rad sin sinh sqrt tan tanh")

-- Numbers of the host's: a run that goes on from a snapshot draws on where it was.
function maths.random(low, high)
  local r = host.random()
  if not low then
    return r
  elseif not high then
    low, high = 1, low
  end
  if type(low) ~= "number" or type(high) ~= "number" or high - low >= 2 ^ 53 then
    error("math.random takes whole numbers below 2^53", 2)
  end
  if low ~= floor(low) or high ~= floor(high) or low > high then
    error("math.random: there is no whole number from " .. low .. " to " .. high, 2)
  end
  return floor(low + r * (high - low + 1))
end
env.math = frozen("math", maths)

-- A line of the run's log.
function env.print(...)
  local texts = {}
  for i = 1, select("#", ...) do
    texts[i] = env.tostring((select(i, ...)))
  end
  host.log(table.concat(texts, "\t"))
end
env.bit = frozen("bit", pick(require "bit", "arshift band bnot bor bswap bxor lshift rol ror rshift tobit tohex"))

local routines = pick(coroutine, "create running status yield")
function routines.resume(...)
  return after(coroutine.resume(...))
end

local function pass(ok, ...)
  if not ok then
    error((...), 0)
  end
  return ...
end

function routines.wrap(f)
  local routine = coroutine.create(f)
  return function(...)
    return pass(routines.resume(routine, ...))
  end
end
env.coroutine = frozen("coroutine", routines)

local get = getmetatable
function env.rawset(t, key, v)
  if type(get(t)) == "string" then
    error("rawset: `" .. get(t) .. "` cannot be changed", 2)
  end
  return rawset(t, key, v)
end

function env.tonumber(v, base)
  if type(v) == "string" then
    spend(#v / 64)
  elseif type(v) == "cdata" then
    return v
  end
  local n = tonumber(v, base)
  if not n or type(v) ~= "string" or (n > -2 ^ 53 and n < 2 ^ 53) or n ~= n then
    return n
  elseif base and base ~= 10 then
    error("tonumber: `" .. v:sub(1, 60) .. "` is beyond 2^53", 2)
  end
  local whole = v:match("^%s*([-+]?%d+)%s*$")
  local ok, exact = pcall(env.cast, whole or "", "i64")
  return ok and exact or n
end

local plain_type = type
function env.type(...)
  local name = plain_type(...)
  return name == "cdata" and "number" or name
end

for _, name in ipairs { "assert", "error", "getmetatable", "ipairs", "rawequal", "rawget", "select",
                        "setmetatable" } do
  env[name] = _G[name]
end

-- With all digits of a number, which `..` does not have, and without addresses, which are others in another run.
local ADDRESSED = { ["table"] = true, ["function"] = true, ["thread"] = true, ["userdata"] = true }
local function number_text(v)
  if v == floor(v) and v >= -2 ^ 53 and v <= 2 ^ 53 then
    return ("%d"):format(v)
  end
  for digits = 15, 16 do
    local text = ("%." .. digits .. "g"):format(v)
    if tonumber(text) == v then
      return text
    end
  end
  return ("%.17g"):format(v)
end

function env.tostring(v)
  local kind = type(v)
  if kind == "number" then
    return number_text(v)
  end
  if not ADDRESSED[kind] then
    return tostring(v)
  end
  local mt = get(v)
  return type(mt) == "table" and rawget(mt, "__tostring") and tostring(v) or kind
end

-- The code was looked through for names already; these are for those that nobody has seen.
function host.seal()
  setmetatable(env, {
    __index = function(_, name)
      error("no name `" .. tostring(name) .. "` is known here", 2)
    end,
    __newindex = function(_, name)
      error("`" .. tostring(name) .. "` is no `local`: nothing lasts from row to row", 2)
    end,
    __metatable = "env",
  })
end
return true

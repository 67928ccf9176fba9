-- plugins/lua/library.lua: what code has beside Lua itself, the same as in expressions: see when.h, re.h.
local host = ...
local ffi, G, env, frozen, exact = host.ffi, host.G, host.env, host.frozen, host.exact
local error, type, tonumber, floor = error, type, tonumber, math.floor
local calls = host.calls
local function call(name, as)
  return ffi.cast(as, calls[name])
end

-- The int64_t of a whole number.
local function wide(v, what)
  if type(v) == "cdata" then
    return v.gyre__v
  elseif type(v) ~= "number" or v ~= floor(v) or v <= -2 ^ 53 or v >= 2 ^ 53 then
    error(what .. ": " .. tostring(v) .. " is no whole number", 3)
  end
  return ffi.cast("int64_t", v)
end

local function text(v, what, n)
  if type(v) ~= "string" then
    error(("%s: argument %d is a %s: it takes a string"):format(what, n, v == nil and "nil" or type(v)), 3)
  end
  return v
end

---- times ----

local times = {}
local when_unit = call("when_unit", "int32_t (*)(const char *, size_t, struct when_unit *)")
local when_floor = call("when_floor", "int32_t (*)(int64_t, const struct when_unit *, int64_t *)")
local when_part = call("when_part", "int64_t (*)(int64_t, int32_t)")
local when_wrong = call("when_format_wrong", "const char *(*)(const char *, int32_t)")
local when_parse = call("when_parse", "int32_t (*)(const char *, size_t, const char *, int64_t *)")
local when_format = call("when_format", "int32_t (*)(int64_t, const char *, char *)")
local us, letters = ffi.new("int64_t[1]"), ffi.new("char[256]")
local units, n_formats = {}, 0
local formats = { ["time.parse"] = {}, ["time.format"] = {} }

-- What a format is, looked at once.
local function format_of(format, what)
  format = format or "iso"
  if formats[what][format] then
    return format
  end
  local wrong = when_wrong(text(format, what, 2), what == "time.parse" and 1 or 0)
  if wrong ~= nil then
    error(("%s: %q %s"):format(what, format, ffi.string(wrong)), 3)
  end
  n_formats = n_formats + 1
  if n_formats > 256 then
    formats, n_formats = { ["time.parse"] = {}, ["time.format"] = {} }, 1
  end
  formats[what][format] = true
  return format
end

function times.parse(s, format)
  format = format_of(format, "time.parse")
  if when_parse(text(s, "time.parse", 1), #s, format, us) == 0 then
    error(("time.parse: %q is no time as %q has it"):format(s:sub(1, 60), format), 2)
  end
  return exact(us[0])
end

function times.format(t, format)
  format = format_of(format, "time.format")
  return ffi.string(letters, when_format(wide(t, "time.format"), format, letters))
end

function times.floor(t, name)
  local unit = units[name]
  if not unit then
    unit = ffi.new("struct when_unit")
    if when_unit(text(name, "time.floor", 2), #name, unit) == 0 then
      error(("time.floor: %q is no unit: 5m, 1h, 1d, 1w, 1mo, 1y, ..."):format(name), 2)
    end
    units[name] = unit
  end
  if when_floor(wide(t, "time.floor"), unit, us) == 0 then
    error("time.floor: the result does not fit", 2)
  end
  return exact(us[0])
end

for i, part in ipairs { "year", "month", "day", "hour", "minute", "second", "weekday", "yearday" } do
  times[part] = function(t)
    return tonumber(when_part(wide(t, "time." .. part), i - 1))
  end
end
env.time = frozen("time", times)

---- regular expressions ----

ffi.cdef "struct re;"
local re_new = call("re_new", "struct re *(*)(const char *, size_t, char *, size_t)")
local re_free = call("re_free", "void (*)(struct re *)")
local re_groups = call("re_groups", "int32_t (*)(const struct re *)")
local re_find = call("re_find", "int32_t (*)(struct gauge *, struct re *, struct re_found *, const char *, size_t, int32_t)")
local found = ffi.new("struct re_found")
local patterns, n_patterns = {}, 0

local function compiled(pattern)
  local re = patterns[pattern]
  if re then
    return re
  end
  host.spend(1000)
  re = re_new(text(pattern, "re", 2), #pattern, letters, 256)
  if re == nil then
    error(("re: %q: %s"):format(pattern:sub(1, 100), ffi.string(letters)), 3)
  end
  if n_patterns == 256 then -- made of rows
    patterns, n_patterns = {}, 0
  end
  n_patterns = n_patterns + 1
  patterns[pattern] = ffi.gc(re, re_free)
  return re
end

-- Whether a text has what a pattern asks for; with a group what that one has matched, nil for nothing.
function env.re(s, pattern, group)
  local re = compiled(pattern)
  if group and (group ~= floor(group) or group < 0 or group > re_groups(re)) then
    error(("re: the pattern has no group %s"):format(tostring(group)), 2)
  end
  local code = re_find(G, re, found, text(s, "re", 1), #s, group or 0)
  if code < 0 then
    if found.wrong[0] ~= 0 then
      error("re: " .. ffi.string(found.wrong), 2)
    end
    host.stop_if_over()
  elseif not group then
    return code == 1
  elseif code == 1 and found.length >= 0 then
    local at = tonumber(found.at)
    return s:sub(at + 1, at + tonumber(found.length))
  end
end

---- values ----

function env.coalesce(...)
  for i = 1, select("#", ...) do
    local v = select(i, ...)
    if v ~= nil then
      return v
    end
  end
end

function env.iif(condition, a, b)
  if condition then
    return a
  end
  return b
end

function env.isin(x, ...)
  if x == nil then
    return nil
  end
  for i = 1, select("#", ...) do
    if x == select(i, ...) then
      return true
    end
  end
  return false
end

local hash_bytes = call("hash_bytes", "int64_t (*)(const char *, size_t)")
local eight = ffi.new("union { int64_t i; double f; char bytes[8]; }")

-- A whole number of 64 bits that follows from a value alone.
function env.hash(v)
  local kind = type(v)
  if kind == "string" then
    return exact(hash_bytes(v, #v))
  elseif kind == "boolean" then
    eight.i = v and 1 or 0
  elseif kind == "cdata" then
    eight.i = v.gyre__v
  elseif kind == "number" and v == floor(v) and v >= -2 ^ 53 and v <= 2 ^ 53 then
    eight.i = v
  elseif kind == "number" then
    eight.f = v
  else
    error("hash: a " .. kind .. " has none", 2)
  end
  return exact(hash_bytes(eight.bytes, 8))
end
return true

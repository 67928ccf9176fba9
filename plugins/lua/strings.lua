-- plugins/lua/strings.lua: what code has of `string`: the functions of Lua, but for those that patterns
-- make, which count steps (pattern.h), and for string.dump.
local host = ...
local ffi, G, stop_if_over, spend = host.ffi, host.G, host.stop_if_over, host.spend
local error, type, select, tonumber, floor = error, type, select, tonumber, math.floor
local sub, byte, format, concat = string.sub, string.byte, string.format, table.concat
local tostring = function(v) -- with all digits; made later
  return host.env.tostring(v)
end

local find_pattern = ffi.cast("int32_t (*)(struct gauge *, struct pattern_found *, const char *, size_t, const char *, " ..
  "size_t, size_t)", host.calls.pattern_find)
local find_plain = ffi.cast("int32_t (*)(struct gauge *, struct pattern_found *, const char *, size_t, const char *, " ..
  "size_t, size_t)", host.calls.pattern_find_plain)

local function text_of(v, n, name)
  if type(v) == "string" then
    return v
  elseif type(v) == "number" or type(v) == "cdata" then
    return tostring(v)
  end
  error(("string.%s: argument %d is a %s: it takes a string"):format(name, n, type(v)), 3)
end

-- A whole number, up to what Lua's own functions take without taking another one for it.
local MOST = 2 ^ 31 - 1
local function whole_of(v, n, name, level)
  if type(v) == "string" then
    v = tonumber(v) or v
  elseif type(v) == "cdata" then
    v = tonumber(host.plain(v))
  end
  if type(v) ~= "number" or v ~= floor(v) then
    error(("%s: argument %d is %s: it takes a whole number"):format(name, n,
      (type(v) == "string" or type(v) == "table") and "a " .. type(v) or tostring(v)), level or 3)
  end
  return v > MOST and MOST or v < -MOST and -MOST or v
end
host.whole_of = whole_of

local function found_in(s, p, from, into, name)
  local code = find_pattern(G, into, s, #s, p, #p, from)
  if code < 0 then
    if into.wrong ~= nil then
      error("string." .. name .. ": " .. ffi.string(into.wrong), 3)
    end
    G.steps = -1
    stop_if_over()
  end
  return code == 1
end

-- Capture k, from 0; that of a pattern without any is all that was found.
local function part(s, f, k)
  if f.n_parts == 0 then
    return sub(s, tonumber(f.start) + 1, tonumber(f["end"]))
  end
  local at, n = tonumber(f.parts[k].at), tonumber(f.parts[k].length)
  if n == -2 then
    return at + 1
  end
  return sub(s, at + 1, at + n)
end

local function parts(s, f, k)
  if k + 1 >= f.n_parts then
    return part(s, f, k)
  end
  return part(s, f, k), parts(s, f, k + 1)
end

local function start_of(init, n, name)
  init = init and whole_of(init, 3, name, 4) or 1
  if init < 0 then
    init = n + init + 1
  end
  return init < 1 and 0 or init - 1
end

local FOUND = ffi.new("struct pattern_found")

local function find(s, p, init, plain)
  s, p = text_of(s, 1, "find"), text_of(p, 2, "find")
  local from = start_of(init, #s, "string.find")
  if from > #s then
    return nil
  end
  if plain then
    if find_plain(G, FOUND, s, #s, p, #p, from) == 0 then
      return nil
    end
    return tonumber(FOUND.start) + 1, tonumber(FOUND["end"])
  end
  if not found_in(s, p, from, FOUND, "find") then
    return nil
  end
  if FOUND.n_parts == 0 then
    return tonumber(FOUND.start) + 1, tonumber(FOUND["end"])
  end
  return tonumber(FOUND.start) + 1, tonumber(FOUND["end"]), parts(s, FOUND, 0)
end

local function match(s, p, init)
  s, p = text_of(s, 1, "match"), text_of(p, 2, "match")
  local from = start_of(init, #s, "string.match")
  if from > #s or not found_in(s, p, from, FOUND, "match") then
    return nil
  end
  return parts(s, FOUND, 0)
end

local function gmatch(s, p)
  s, p = text_of(s, 1, "gmatch"), text_of(p, 2, "gmatch")
  local from = 0
  if byte(p, 1) == 94 then
    error("string.gmatch: a pattern that begins with `^` is found once: use string.match", 2)
  end
  return function()
    if from > #s or not found_in(s, p, from, FOUND, "gmatch") then
      from = #s + 1
      return nil
    end
    local start, stop = tonumber(FOUND.start), tonumber(FOUND["end"])
    from = stop == start and stop + 1 or stop
    return parts(s, FOUND, 0)
  end
end

-- The text that stands for what was found: `r` is a text with %0 ... %9, a table or a function.
local function template(s, r)
  local out, from = {}, 1
  while true do
    local at = find(r, "%", from, true)
    if not at then
      break
    end
    local c = byte(r, at + 1)
    out[#out + 1] = sub(r, from, at - 1)
    if c == 37 then
      out[#out + 1] = "%"
    elseif c and c >= 48 and c <= 57 then
      out[#out + 1] = c - 48
    else
      error("string.gsub: `%` in the replacement is followed by a digit or another `%`", 4)
    end
    from = at + 2
  end
  out[#out + 1] = sub(r, from)
  return out
end

local function fill(s, f, pieces)
  local out = {}
  for i = 1, #pieces do
    local piece = pieces[i]
    if piece == 0 then
      piece = sub(s, tonumber(f.start) + 1, tonumber(f["end"]))
    elseif type(piece) == "number" then
      if piece > f.n_parts and not (piece == 1 and f.n_parts == 0) then
        error("string.gsub: `%" .. piece .. "` is the number of no capture", 4)
      end
      piece = part(s, f, piece - 1)
    end
    out[i] = piece
  end
  return concat(out)
end

local function gsub(s, p, r, most)
  s, p = text_of(s, 1, "gsub"), text_of(p, 2, "gsub")
  most = most and whole_of(most, 4, "string.gsub")
  local kind, pieces = type(r), nil
  if kind == "string" or kind == "number" or kind == "cdata" then
    r, kind = tostring(r), "string"
    pieces = template(s, r)
  elseif kind ~= "table" and kind ~= "function" then
    error("string.gsub: argument 3 is a " .. kind .. ": it takes a string, a table or a function", 2)
  end
  local found = kind == "function" and ffi.new("struct pattern_found") or FOUND
  local out, from, n = {}, 0, 0
  local is_anchored = byte(p, 1) == 94
  while from <= #s and (not most or n < most) do
    host.tick()
    if not found_in(s, p, from, found, "gsub") then
      break
    end
    n = n + 1
    local start, stop = tonumber(found.start), tonumber(found["end"])
    local by
    if kind == "string" then
      by = #pieces == 1 and pieces[1] or fill(s, found, pieces)
    elseif kind == "table" then
      by = r[part(s, found, 0)]
    else
      by = r(parts(s, found, 0))
    end
    if by == nil or by == false then
      by = sub(s, start + 1, stop)
    elseif type(by) == "number" or type(by) == "cdata" then
      by = tostring(by)
    elseif type(by) ~= "string" then
      error("string.gsub: a " .. type(by) .. " is no replacement", 2)
    end
    out[#out + 1] = sub(s, from + 1, start)
    out[#out + 1] = by
    from = stop
    if stop == start then
      out[#out + 1] = sub(s, stop + 1, stop + 1)
      from = stop + 1
    end
    if is_anchored then
      break
    end
  end
  if n == 0 then
    return s, 0
  end
  out[#out + 1] = sub(s, from + 1)
  return concat(out), n
end

local strings = host.strings
strings.find, strings.match, strings.gmatch, strings.gsub = find, match, gmatch, gsub

-- A text that is there already takes no memory, but making it once more takes as long.
for _, name in ipairs { "lower", "reverse", "upper" } do
  local plain = string[name]
  strings[name] = function(s)
    s = text_of(s, 1, name)
    spend(#s / 64)
    return plain(s)
  end
end

local rep, char = string.rep, string.char
function strings.rep(s, n)
  s, n = text_of(s, 1, "rep"), whole_of(n, 2, "string.rep")
  if n == MOST and s ~= "" then
    error("string.rep: a text of more than 2 GiB", 2)
  end
  s = rep(s, n)
  spend(#s / 64)
  return s
end

function strings.sub(s, from, to)
  return sub(text_of(s, 1, "sub"), whole_of(from, 2, "string.sub"), to and whole_of(to, 3, "string.sub") or -1)
end

function strings.byte(s, from, to)
  from = from and whole_of(from, 2, "string.byte") or 1
  return byte(text_of(s, 1, "byte"), from, to and whole_of(to, 3, "string.byte") or from)
end

function strings.len(s)
  return #text_of(s, 1, "len")
end

function strings.char(...)
  for i = 1, select("#", ...) do
    local v = whole_of((select(i, ...)), i, "string.char")
    if v < 0 or v > 255 then
      error(("string.char: argument %d is %s: it takes a byte, 0 to 255"):format(i, tostring((select(i, ...)))), 2)
    end
  end
  return char(...)
end

---- format ----

local TAKE = {}
local kinds = { c = "byte", s = "text", q = "text", p = "none" }
for letter in ("diuxXo"):gmatch(".") do
  kinds[letter] = "integer"
end
for letter in ("eEfgGaA"):gmatch(".") do
  kinds[letter] = "number"
end

-- What each argument of a format is taken for, looked at once.
local formats, n_formats = {}, 0
local function arguments_of(f)
  local list = formats[f]
  if list then
    return list
  end
  spend(#f / 8)
  list = {}
  for letter in f:gsub("%%%%", ""):gmatch("%%[-+ #0]*%d*%.?%d*(.?)") do
    list[#list + 1] = { letter = letter, kind = kinds[letter] or "none" }
  end
  if n_formats == 256 then -- made of rows
    formats, n_formats = {}, 0
  end
  formats[f], n_formats = list, n_formats + 1
  return list
end

local function refuse(i, v, letter, takes)
  local what = type(v) == "string" and format("%q", sub(v, 1, 60)) or
    (type(v) == "number" or type(v) == "cdata") and tostring(v) or "a " .. host.env.type(v)
  error(("string.format: argument %d is %s: %%%s takes %s"):format(i, what, letter, takes), 4)
end

-- Integers beyond 2^53 are structs here (exact.lua), which the library's own does not know.
function TAKE.integer(v, i, letter)
  if type(v) == "string" and tonumber(v) then
    local ok, whole = pcall(host.env.cast, v, "i64")
    v = ok and whole or v
  end
  if type(v) == "cdata" then
    return host.plain(v)
  elseif type(v) ~= "number" or v ~= floor(v) or not (v >= -2 ^ 63 and v < 2 ^ 63) then
    refuse(i, v, letter, "a whole number of 64 bits")
  end
  return v
end
function TAKE.byte(given, i, letter)
  local v = tonumber(given)
  if type(v) ~= "number" or v ~= floor(v) or v < 0 or v > 255 then
    refuse(i, given, letter, "a byte, 0 to 255")
  end
  return v
end
function TAKE.number(v, i, letter)
  if type(v) == "cdata" then
    refuse(i, v, letter, "a number that may be rounded: write cast(x, \"f64\")")
  elseif not tonumber(v) then
    refuse(i, v, letter, "a number")
  end
  return tonumber(v)
end
function TAKE.text(v)
  if type(v) == "string" then
    spend(#v / 64)
    return v
  end
  return tostring(v)
end
function TAKE.none(_, i, letter)
  error(("string.format: `%%%s`, of argument %d, is nothing that it knows"):format(letter, i), 3)
end

function strings.format(f, ...)
  f = text_of(f, 1, "format")
  spend(#f / 64)
  local list, args = arguments_of(f), { ... }
  local n = #list
  if n > select("#", ...) then
    error(("string.format: %q takes %d arguments, and there are %d"):format(sub(f, 1, 60), n, select("#", ...)), 2)
  end
  for i = 1, n do
    args[i] = TAKE[list[i].kind](args[i], i + 1, list[i].letter)
  end
  return format(f, unpack(args, 1, n))
end
return true

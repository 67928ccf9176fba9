-- plugins/lua/rows.lua: the rows of batches as values of Lua, and back.
--
--   loop(reads, ...)    the text of a function that calls another for each row of the gauge's batch
--   emitter(writes, E)  the function `emit` that code calls
--
-- Both are made as text for the fields at hand, so that the compiler sees plain loops over columns.
--
-- | type  | as a value                                | is taken                              |
-- |-------|-------------------------------------------|---------------------------------------|
-- | bool  | true, false                               | these                                 |
-- | i32   | a number                                  | a whole number that fits              |
-- | i64   | a number; beyond 2^53 an exact integer    | a whole number below 2^53, or such    |
-- | f64   | a number                                  | a number                              |
-- | time  | as i64, µs since 1970                     | as i64                                |
-- | str   | a string                                  | a string                              |
-- | bytes | a string                                  | a string                              |
-- | null  | nil                                       | nil, where the field is nullable      |
local host = ...
local ffi, G = host.ffi, host.G
local error, type, tonumber, floor, next = error, type, tonumber, math.floor, next

local C_TYPES = { bool = "uint8_t", i32 = "int32_t", i64 = "int64_t", f64 = "double", time = "int64_t",
                  str = "struct gyre_str", bytes = "struct gyre_str" }
local EXACT = 2 ^ 53

---- reading ----

local ffi_string = ffi.string

local function text(s)
  if s.len <= 12 then
    return ffi_string(s.head, s.len)
  end
  return ffi_string(s.ptr, s.len)
end

local function whole(v)
  local n = tonumber(v)
  if n > -EXACT and n < EXACT then
    return n
  end
  return host.exact(v)
end

local READ = { bool = "%s ~= 0", i32 = "%s", i64 = "whole(%s)", f64 = "%s", time = "whole(%s)", str = "text(%s)",
               bytes = "text(%s)" }

local LOCALS = 50 -- columns that are locals: a function may have 200 of them

-- Lines that point c1 ... at the columns of batch `b`, and those that set x1 ... to the values of row `i`. Many columns
-- are c[1] ...
local function readers(reads)
  local point, set, names = {}, {}, {}
  local c, v, as = "c%d", "v%d", "local c%d, v%d"
  if #reads > LOCALS then
    c, v, as, point[1] = "c[%d]", "v[%d]", "c[%d], v[%d]", "local c, v = {}, {}"
  end
  for k, field in ipairs(reads) do
    point[#point + 1] = (as .. " = cast('const %s *', b.columns[%d].data), b.columns[%d].valid"):format(k, k,
      C_TYPES[field.type], field.at, field.at)
    local value, valid = READ[field.type]:format(c:format(k) .. "[i]"), v:format(k)
    if field.nullable then
      set[k] = ("local x%d if %s == nil or %s[i] ~= 0 then x%d = %s end"):format(k, valid, valid, k, value)
    else
      set[k] = ("local x%d = %s"):format(k, value)
    end
    names[k] = "x" .. k
  end
  return table.concat(point, "\n"), table.concat(set, "\n"), table.concat(names, ", ")
end
host.readers, host.text, host.whole = readers, text, whole

-- A function of the gauge's batch: from row G.row on it calls f with the values of each row, then done(). Where one
-- fails, G.row is its number.
function host.loop(reads, f, done)
  local point, set, names = readers(reads)
  local chunk = assert(loadstring([[
local G, cast, begin, text, whole, f, done = ...
return function()
  local b = G.batch
  ]] .. point .. [[

  for i = G.row, b.rows - 1 do
    G.row = i
    begin()
    ]] .. set .. [[

    f(]] .. names .. [[)
    G.is_settling = 1
    done(b, i)
    G.is_settling = 0
  end
end]], "=loop"))
  return chunk(G, ffi.cast, host.begin, text, whole, f, done)
end

---- writing ----

local function wrong(field, what, v)
  error(("`%s` is %s: %s"):format(field.name, field.type, (what:gsub("?", host.env.type(v)))), 4)
end

local function integer(v, field, low, high)
  if type(v) ~= "number" then
    wrong(field, "a ? is none", v)
  end
  if v ~= floor(v) or v < low or v > high then
    wrong(field, ("%.17g is no whole number that it holds"):format(v), v)
  end
  return v
end
host.integer = integer

local CHECK = {}
function CHECK.bool(v, field)
  if type(v) ~= "boolean" then
    wrong(field, "a ? is none", v)
  end
  return v and 1 or 0
end
function CHECK.i32(v, field)
  return integer(v, field, -2147483648, 2147483647)
end
function CHECK.i64(v, field)
  if type(v) == "cdata" then
    return v.gyre__v
  end
  return integer(v, field, 1 - EXACT, EXACT - 1)
end
CHECK.time = CHECK.i64
function CHECK.f64(v, field)
  if type(v) == "cdata" then
    wrong(field, "an integer beyond 2^53 may not be exact there: write cast(x, \"f64\")", v)
  end
  if type(v) ~= "number" then
    wrong(field, "a ? is none", v)
  end
  return v
end
function CHECK.str(v, field)
  if type(v) ~= "string" then
    wrong(field, "a ? is none", v)
  end
  return v
end
CHECK.bytes = CHECK.str
host.check, host.c_types = CHECK, C_TYPES

-- `emit`, for an emitter: stores a table as a row; and what is called when the code has come to its end.
function host.emitter(writes, address)
  local E = ffi.cast("struct emitter *", address)
  local more = ffi.cast("int32_t (*)(struct emitter *)", E.more)
  local store = ffi.cast("int32_t (*)(struct emitter *, uint32_t, uint32_t, const char *, size_t)", E.text)
  local commit = ffi.cast("void (*)(struct emitter *, int64_t)", E.commit)
  local out, lines, no_time = E.out, {}, -0x7fffffffffffffffLL - 1
  local function full()
    error("the rows put out for one row take more memory than they may (`memory` is an option)", 3)
  end
  for k, field in ipairs(writes) do
    local set
    if C_TYPES[field.type] == "struct gyre_str" then
      set = ("local s = CHECK.%s(v, writes[%d]) if store(E, %d, r, s, #s) == 0 then full() end"):format(field.type, k,
        k - 1)
    else
      set = ("cast('%s *', E.data[%d])[r] = CHECK.%s(v, writes[%d])"):format(C_TYPES[field.type], k - 1, field.type, k)
    end
    local there = field.nullable and ("E.valid[%d][r] = 1"):format(k - 1) or ""
    local null = field.nullable and ("E.valid[%d][r] = 0 unknown(t)"):format(k - 1) or ("missing(writes[%d], t)"):format(k)
    if field.nullable and C_TYPES[field.type] ~= "struct gyre_str" then
      null = null .. (" cast('%s *', E.data[%d])[r] = 0"):format(C_TYPES[field.type], k - 1)
    elseif field.nullable then
      null = null .. (" store(E, %d, r, '', 0)"):format(k - 1)
    end
    lines[k] = ("v = t[%q] if v ~= nil then %s %s else %s end"):format(field.name, set, there, null)
  end
  local chunk = assert(loadstring([[
local E, cast, CHECK, writes, store, more, full, missing, unknown, type, error = ...
return function(t)
  if type(t) ~= "table" then
    error("emit takes a table: emit{name = value}", 2)
  end
  if E.n >= E.room and more(E) == 0 then
    full()
  end
  local r, v = E.base + E.n
  ]] .. table.concat(lines, "\n") .. [[

  E.n = E.n + 1
end]], "=emit"))
  local known = {}
  for k, field in ipairs(writes) do
    known[field.name] = true
  end
  -- What is looked at where a field is not there: it may be called by another name.
  local function unknown(t, level)
    for key in next, t do
      if not known[key] then
        error(("the rows have no field `%s`%s"):format(host.env.tostring(key), type(key) == "string" and
          host.nearest(key, {}, known) or ""), level or 3)
      end
    end
  end
  local function missing(field, t)
    unknown(t, 4)
    error(("`%s` is missing, and is not nullable"):format(field.name), 3)
  end
  local function start()
    E.n, E.is_staged = 0, 0
    E.data, E.valid, E.base = out.data, out.valid, out.rows
    E.room = out.capacity > out.rows and out.capacity - out.rows or 0
  end
  local function done(b, i)
    if E.n > 0 then
      commit(E, b.time ~= nil and b.time[i] or no_time)
    end
    start()
  end
  return chunk(E, ffi.cast, CHECK, writes, store, more, full, missing, unknown, type, error), done, start
end

-- plugins/lua/sandbox.lua: the names that code of jobs sees, ticks, and how code becomes a function.
--
-- All files of the plugin are functions of one table, `host`:
--
--   gauge, cdef, tick_code   from C (vm.c)
--   codes                    functions by their number
--   ffi, G                   the FFI, the gauge as a struct
--   env                      the names that code sees
--   tick, begin              counts a step down; gives a row its steps
--   compile                  makes a function of code
--
-- What code may not get hold of never becomes reachable from `env`: a table of the real libraries, a function
-- that makes functions, the FFI, environments, metatables of strings.
local host = ...
local ffi, jutil = require "ffi", require "jit.util"
local debug_getinfo, string_match = debug.getinfo, string.match
local pcall, xpcall, error, select, type = pcall, xpcall, error, select, type
local loadstring, setfenv, setmetatable, getmetatable = loadstring, setfenv, setmetatable, getmetatable

ffi.cdef(host.cdef)
local G = ffi.cast("struct gauge *", host.gauge)
host.ffi, host.G = ffi, G
host.codes = {}

---- steps ----

local SLICE = 128 -- ticks between two looks at the gauge
local OVER = "\1over"
local left = 0

-- The place of the code that ticked: "\1PLACE" is the name of its chunk.
local function stop()
  if G.is_over == 0 then
    local at = debug_getinfo(4, "Sl")
    G.is_over = 1
    G.over_source = at and tonumber(string_match(at.source, "^=\1(%d+)$")) or -1
    G.over_line = at and at.currentline or 0
  end
  left = 0
  error(OVER, 0)
end

local function look()
  local rest = G.steps
  if G.is_over ~= 0 or rest <= 0 then
    stop()
  end
  local take = rest < SLICE and rest or SLICE
  G.steps = rest - take
  left = take - 1
end

local function tick()
  left = left - 1
  if left < 0 then
    look()
  end
end

local function begin()
  G.steps = G.steps_most
  left = 0
end
host.tick, host.begin = tick, begin

-- Behind whatever catches errors: that the steps are used up is not to be caught.
local function after(...)
  if G.is_over ~= 0 then
    error(OVER, 0)
  end
  return ...
end

---- names ----

local env = {}
host.env = env

-- The functions of a library as a table that cannot be changed.
local function frozen(name, functions)
  return setmetatable({}, {
    __index = functions,
    __newindex = function(_, key)
      error("`" .. name .. "` cannot be changed: give `" .. tostring(key) .. "` a name of its own", 2)
    end,
    __metatable = name,
  })
end
host.frozen = frozen

local strings = {}
for _, name in ipairs { "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "rep",
                        "reverse", "sub", "upper" } do
  strings[name] = string[name]
end
host.strings = strings
local of_strings = getmetatable("")
of_strings.__index = strings
of_strings.__metatable = "string"
env.string = frozen("string", strings)

for _, name in ipairs { "assert", "error", "getmetatable", "ipairs", "pairs", "rawequal", "rawget", "rawset",
                        "select", "setmetatable", "tonumber", "tostring", "type", "unpack" } do
  env[name] = _G[name]
end

function env.pcall(f, ...)
  return after(pcall(f, ...))
end

function env.xpcall(f, handler, ...)
  return after(xpcall(f, handler, ...))
end

setmetatable(env, {
  __index = function(_, name)
    error("no name `" .. tostring(name) .. "` is known here", 2)
  end,
  __newindex = function(_, name)
    error("`" .. tostring(name) .. "` is no `local`: nothing lasts from row to row", 2)
  end,
  __metatable = "env",
})

---- code ----

-- The numbers of the instructions that read and write globals, of this LuaJIT.
local function op_of(text, at)
  return jutil.funcbc(loadstring(text), at) % 256
end
local GET, SET = op_of("return x", 1), op_of("local a x = a", 2)

-- Calls see(name, line, is_written) for each global of a function and those in it.
local function each_global(f, see)
  for pc = 1, jutil.funcinfo(f).bytecodes - 1 do
    local ins = jutil.funcbc(f, pc)
    local op = ins % 256
    if op == GET or op == SET then
      local index = (ins - ins % 65536) / 65536
      see(jutil.funck(f, -index - 1), jutil.funcinfo(f, pc).currentline, op == SET)
    end
  end
  for i = 1, jutil.funcinfo(f).gcconsts do
    local k = jutil.funck(f, -i)
    if type(k) == "proto" then
      each_global(k, see)
    end
  end
end

-- How many bytes must change between two names; more than 2 is 3.
local function distance(a, b)
  local row = {}
  if math.abs(#a - #b) > 2 then
    return 3
  end
  for j = 0, #b do
    row[j] = j
  end
  for i = 1, #a do
    local corner = row[0]
    row[0] = i
    for j = 1, #b do
      local change = corner + (a:byte(i) == b:byte(j) and 0 or 1)
      corner = row[j]
      row[j] = math.min(change, row[j] + 1, row[j - 1] + 1)
    end
  end
  return row[#b]
end

-- ": did you mean `x`?", of names in lists and tables by name, or "".
local function nearest(name, list, by_name)
  local best, at = 3, nil
  local function try(candidate)
    local d = distance(name, candidate)
    if d < best and d < #name or (d == best and at and candidate < at) then
      best, at = d, candidate
    end
  end
  for _, candidate in ipairs(list) do
    try(candidate)
  end
  for candidate in pairs(by_name) do
    try(candidate)
  end
  return at and ": did you mean `" .. at .. "`?" or ""
end
host.nearest = nearest

local function fail(place, line, text)
  error("\1" .. place .. ":" .. line .. ": " .. text, 0)
end

-- What the code reads of `names`; what is neither one of these nor in the sandbox is a mistake.
local function used_names(chunk, place, names)
  local known, used = {}, {}
  for _, name in ipairs(names) do
    known[name] = true
  end
  each_global(chunk, function(name, line, is_written)
    if name == "gyre__tick" then
      return
    elseif known[name] then
      used[name] = true
    elseif rawget(env, name) == nil and is_written then
      fail(place, line, "`" .. name .. "` is no `local`: nothing lasts from row to row")
    elseif rawget(env, name) == nil then
      fail(place, line, "no name `" .. name .. "` is known here" .. nearest(name, names, env))
    elseif is_written then
      fail(place, line, "`" .. name .. "` is a name of the sandbox: choose another")
    end
  end)
  return used
end

local function compile(text, place, names)
  local code, wrong, at = host.tick_code(text)
  if not code then
    fail(place, at, wrong)
  end
  local name = "=\1" .. place
  local chunk, message = loadstring(code, name)
  if not chunk then
    error(message, 0)
  end
  local used, params = used_names(chunk, place, names), {}
  for _, field in ipairs(names) do
    params[#params + 1] = used[field] and field or nil
  end
  local text_of = "local gyre__tick = ... return function(" .. table.concat(params, ", ") .. ") " ..
      code .. "\nend"
  chunk, message = loadstring(text_of, name)
  if not chunk then
    error(message, 0)
  end
  setfenv(chunk, env)
  return chunk(tick), used
end
host.compile = compile

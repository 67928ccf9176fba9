-- plugins/lua/sandbox.lua: the names that code of jobs sees, ticks, and how code becomes a function.
--
-- All files of the plugin are functions of one table, `host`:
--
--   gauge, bridge, cdef, tick_code   from C (vm.c)
--   codes                    functions by their number
--   ffi, G                   the FFI, the gauge as a struct
--   env                      the names that code sees
--   tick, begin              counts a step down; gives a row its steps
--   compile                  makes a function of code
--   add_place, log, random   from C: the number of a file, for messages; see basics.lua
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
host.calls = ffi.cast("const struct bridge *", host.bridge)
host.codes, host.access = {}, {}

---- steps ----

local SLICE = 128 -- ticks between two looks at the gauge
local OVER = "\1over"
local left = 0

-- The nearest function of code's that is running, for its place: "\1PLACE" is the name of its chunk.
local function stop()
  if G.is_over == 0 then
    G.is_over, G.over_source = 1, -1
    for level = 3, 12 do
      local at = debug_getinfo(level, "Sl")
      local place = at and string_match(at.source, "^=\1(%d+)$")
      if place then
        G.over_source, G.over_line = tonumber(place), at.currentline
        break
      end
    end
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

-- Something that took as long as n steps, or will.
local function spend(n)
  G.steps = G.steps - n
  if G.steps < 0 then
    look()
  end
end

local function begin()
  G.steps = G.steps_most
  left = 0
end
host.tick, host.begin, host.spend, host.stop_if_over = tick, begin, spend, look

-- Behind whatever catches errors: that the steps are used up is not to be caught.
local function after(...)
  if G.is_over ~= 0 then
    error(OVER, 0)
  end
  return ...
end
host.after = after

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

-- `("x"):rep(2)` finds its functions in a table that code cannot reach.
local strings = {}
for _, name in ipairs { "byte", "char", "len", "lower", "rep", "reverse", "sub", "upper" } do
  strings[name] = string[name]
end
host.strings = strings
local of_strings = getmetatable("")
of_strings.__index = strings
of_strings.__metatable = "string"
env.string = frozen("string", strings)

function env.pcall(f, ...)
  return after(pcall(f, ...))
end

function env.xpcall(f, handler, ...)
  return after(xpcall(f, handler, ...))
end

---- code ----

-- The numbers of the instructions that read and write globals, of this LuaJIT.
local function op_of(text, at)
  return jutil.funcbc(loadstring(text), at) % 256
end
local GET, SET, TEXT = op_of("return x", 1), op_of("local a x = a", 2), op_of("return 'x'", 1)
local INDEX = op_of("return x.y", 2)
-- Calls: what is called stands in their first register.
local CALLS = { [op_of("x()", 2)] = true, [op_of("x(y())", 4)] = true, [op_of("return x()", 2)] = true,
                [op_of("return x(y())", 4)] = true }
-- Tests, which set no register, are the first ones.
local LAST_TEST, JUMP = math.max(op_of("if x then y() end", 2), op_of("if not x then y() end", 2)),
  op_of("if x then y() end", 3)

-- The operation at a place of a function, and its constant.
local function at_place(f, pc)
  local ins = jutil.funcbc(f, pc)
  if not ins then
    return
  end
  local op, index = ins % 256, (ins - ins % 65536) / 65536
  return op, (op == GET or op == SET or op == TEXT) and jutil.funck(f, -index - 1) or nil
end

local function register(f, pc)
  return (jutil.funcbc(f, pc) - jutil.funcbc(f, pc) % 256) / 256 % 256
end

-- Whether what the instruction at `pc` gets is called: before its register is set anew, and before what stands in a
-- lower one is called. Or "indexed", by a name as a library is; `x:name()` is not.
local function is_called(f, pc)
  local at, last = register(f, pc), jutil.funcinfo(f).bytecodes - 1
  local next_ins = pc < last and jutil.funcbc(f, pc + 1)
  if next_ins and next_ins % 256 == INDEX and math.floor(next_ins / 2 ^ 24) % 256 == at then
    return "indexed"
  end
  for next_pc = pc + 1, last do
    local op, to = jutil.funcbc(f, next_pc) % 256, register(f, next_pc)
    if op > LAST_TEST and op ~= JUMP and (to == at or (to < at and CALLS[op])) then
      return to == at and CALLS[op]
    end
  end
end

-- Calls see(name, line, is_written, text, is_called) for each global of a function and those in it; `text` is a string
-- that it is called with.
local function each_global(f, see)
  for pc = 1, jutil.funcinfo(f).bytecodes - 1 do
    local op, name = at_place(f, pc)
    if op == GET or op == SET then
      local next_op, text = at_place(f, pc + 1)
      see(name, jutil.funcinfo(f, pc).currentline, op == SET, next_op == TEXT and text or nil,
        op == GET and is_called(f, pc))
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
  known[host.held or 1] = true
  each_global(chunk, function(name, line, is_written, called_with, called)
    if name == "gyre__tick" then
      return
    elseif known[name] and called and rawget(env, name) ~= nil then
      fail(place, line, "`" .. name .. "` is a field of the input, which hides what is called here: rename the field " ..
        "before, by std.select")
    elseif known[name] and called == true then
      fail(place, line, "`" .. name .. "` is a value here, and no function")
    elseif known[name] then
      used[name] = true
    elseif rawget(env, name) == nil and is_written then
      fail(place, line, "`" .. name .. "` is no `local`: nothing lasts from row to row")
    elseif rawget(env, name) == nil then
      fail(place, line, "no name `" .. name .. "` is known here" .. nearest(name, names, env))
    elseif is_written then
      fail(place, line, "`" .. name .. "` is a name of the sandbox: choose another")
    elseif name == "require" then
      host.find_module(called_with, function(text)
        fail(place, line, text)
      end)
    end
  end)
  return used
end

local FIELDS_MOST = 100 -- arguments and locals of one function: it may have 250 of both

-- Code that is an expression, so that it returns its value. In brackets a call is no tail call: what it fails with has
-- the place of the code.
local function value_of(text)
  if not loadstring("return " .. text .. "\n") then
    return text
  end
  local bracketed = "return (" .. text .. "\n)"
  return loadstring(bracketed) and bracketed or "return " .. text
end

-- The code as a function of `params`, and which of `names` it reads. Where `host.held` is a name, as "state", code may
-- assign to it: host.access[function] is then what sets it and what gets it. Where `host.valued` is true, code that
-- is an expression returns its value.
local function make(text, place, names)
  if host.valued then
    text = value_of(text)
  end
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
  if #params > FIELDS_MOST then
    fail(place, 1, ("reads %d fields: code may read %d, expressions as many as they like"):format(#params, FIELDS_MOST))
  end
  local held = host.held
  local text_of = "local gyre__tick" .. (held and ", " .. held or "") .. " = ... return function(" ..
      table.concat(params, ", ") .. ") " .. code .. "\nend" ..
      (held and ", function(gyre__v) " .. held .. " = gyre__v end, function() return " .. held .. " end" or "")
  chunk, message = loadstring(text_of, name)
  if not chunk then
    error(message, 0)
  end
  setfenv(chunk, env)
  local f, set, get = chunk(tick)
  if held then
    host.access[f] = { set, get }
  end
  return f, used
end

-- Code of a job, whose modules are in `folder`.
function host.compile(text, place, folder, names)
  host.folder = folder
  return make(text, place, names)
end

---- modules ----

-- By name: `make` has seen them all before anything runs.
local modules, paths = {}, {}

function host.find_module(name, refuse)
  if not name then
    refuse("require takes the name of a file as it stands: require \"name\"")
  elseif not string_match(name, "^[%w_]+$") and not string_match(name, "^[%w_][%w_.]*[%w_]$") or
      string_match(name, "%.%.") then
    refuse(("require %q: a file beside this one is named by letters, digits and _, without .lua"):format(name))
  elseif modules[name] then
    return
  end
  local path = host.folder .. name:gsub("%.", "/") .. ".lua"
  local file, wrong = io.open(path, "rb")
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  if not text then
    refuse(("require %q: %s"):format(name, wrong or path .. ": cannot be read"))
  end
  local module = {}
  modules[name], paths[#paths + 1] = module, path
  module.run = make(text, host.add_place(path), {})
end

function env.require(name)
  local module = modules[name]
  if not module then
    error("require takes the name of a file as it stands: require \"name\"", 2)
  elseif module.is_running then
    error("require: `" .. name .. "` requires itself", 2)
  elseif module.value == nil then
    module.is_running = true
    local ok, value = pcall(module.run)
    module.is_running = false
    after()
    if not ok then
      error(value, 0)
    end
    module.value = value == nil and true or value
  end
  return module.value
end

-- plugins/lua/cells.lua: values that the host keeps, as values of Lua during a call (cells.h).
--
--   P            the call (call.h)
--   NONE         stands for a cell without a value
--   fetch(cell)  its value, made new by `migrate` where it is of an older version, or NONE
--   LIVE         lines at the start of a call, for a table `live` of the values by cell
--   arguments    the text of a part's arguments
--   value_of     a part as a function of what lasts and its arguments; its result is what lasts now
local host = ...
local P = host.ffi.cast("struct call *", host.G.call)
local NONE, parts, load = {}, host.plan.parts, host.cells.load
host.P, host.NONE = P, NONE

host.LIVE = [[
  if P.fresh ~= 0 then
    live, P.fresh = {}, 0
  end
  if P.undo >= 0 then
    live[P.undo], P.undo = nil, -1
  end
]]

-- For C, which cannot tell one cdata from another, and has no int64_t to give.
function host.is_exact(v)
  return host.ffi.istype("struct gyre_exact", v)
end
function host.exact_of_bytes(bytes)
  return host.exact(host.ffi.cast("const int64_t *", bytes)[0])
end

-- `reads` are x1, x2, ..., in their order; `extra` has the text of other names.
function host.arguments(part, reads, extra)
  local of, list = {}, {}
  for name, text in pairs(extra) do
    of[name] = text
  end
  for k, field in ipairs(reads) do
    of[field.name] = "x" .. k
  end
  for i, name in ipairs(part.takes) do
    list[i] = of[name]
  end
  return table.concat(list, ", ")
end

-- What the code returns is what lasts; where it returns nothing, what it has left in the name.
function host.value_of(part)
  local f = host.codes[part.code]
  local set, get = host.access[f][1], host.access[f][2]
  return function(v, ...)
    set(v)
    local result = f(...)
    if result ~= nil then
      return result
    end
    return get()
  end
end

local migrate = parts.migrate and host.value_of(parts.migrate)

function host.fetch(cell)
  local v, from = load(cell)
  if from then
    local old = v
    v = migrate(old, from)
    if type(v) == "function" then -- as "function(state, from) ... end" it is one
      v = v(old, from)
    end
  end
  if v == nil then
    return NONE
  end
  return v
end

return true

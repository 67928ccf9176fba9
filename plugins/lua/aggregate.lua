-- plugins/lua/aggregate.lua: the calls of lua.aggregate and lua.fold.
local host = ...
local plan, ffi, G, P, NONE = host.plan, host.ffi, host.G, host.P, host.NONE
local fetch, keep, begin = host.fetch, host.cells.keep, host.begin
local parts = plan.parts

local init = parts.init and host.value_of(parts.init)
local function new()
  if init then
    return init(nil)
  end
  return nil
end

---- results ----

local store = ffi.cast("void (*)(struct call *, uint32_t, uint32_t, const char *, size_t)", P.text)

local function wrong(field)
  error(("`%s` is nil, and is not nullable"):format(field.name), 0)
end

-- Lines that put value `v` into column k of row `r`.
local function put(k, field)
  local c_type, column = host.c_types[field.type], ("O.data[%d]"):format(k - 1)
  local is_text = c_type == "struct gyre_str"
  local set = is_text and ("local s = CHECK.%s(v, writes[%d]) store(P, %d, r, s, #s)"):format(field.type, k, k - 1) or
    ("cast('%s *', %s)[r] = CHECK.%s(v, writes[%d])"):format(c_type, column, field.type, k)
  local null = is_text and ("store(P, %d, r, '', 0)"):format(k - 1) or
    ("cast('%s *', %s)[r] = 0"):format(c_type, column)
  if field.nullable then
    set = set .. (" O.valid[%d][r] = 1"):format(k - 1)
    null = null .. (" O.valid[%d][r] = 0"):format(k - 1)
  else
    null = ("wrong(writes[%d])"):format(k)
  end
  return ("if v ~= nil then %s else %s end"):format(set, null)
end

-- write(row, value): the value is one result, or a table of several.
local function writer()
  local lines = {}
  for k, field in ipairs(plan.writes) do
    local take = plan.one and "v = t" or ("v = t[%q]"):format(field.name)
    lines[k] = take .. " " .. put(k, field)
  end
  local check = plan.one and "" or [[
  if type(t) ~= "table" then
    error("the value of `result` is a table of the fields of `schema`, not a " .. type(t), 0)
  end]]
  local chunk = assert(loadstring([[
local P, cast, CHECK, writes, store, wrong = ...
return function(r, t)
  local O, v = P.out
  ]] .. check .. "\n" .. table.concat(lines, "\n") .. [[

end]], "=result"))
  return chunk(P, ffi.cast, host.check, plan.writes, store, wrong)
end
local write = writer()

local result = parts.result and host.codes[parts.result.code]
local set_result = result and host.access[result][1]
local function result_of(v)
  if not result then
    return v
  end
  set_result(v)
  return result()
end

---- rows ----

-- A function of the call's rows, from number G.row on. `after` are lines behind each row.
local function loop(after)
  local part = parts.add
  local f = host.codes[part.code]
  local point, set = host.readers(plan.reads)
  local chunk = assert(loadstring([[
local G, P, NONE, cast, begin, text, whole, fetch, new, set, get, f, cells_of, write, result_of = ...
local keep, pack, take = cells_of.keep, cells_of.pack, cells_of.take
local live
return function()
  local b, cells, rows = G.batch, P.cells, P.rows
  ]] .. point .. "\n" .. host.LIVE .. [[
  for j = G.row, P.n - 1 do
    G.row = j
    local i = rows[j]
    begin()
    ]] .. set .. [[

    local cell = cells[j]
    local v = live[cell]
    if v == nil then
      v = fetch(cell)
    end
    if v == NONE then
      v = new()
    end
    set(v)
    v = f(]] .. host.arguments(part, plan.reads, {}) .. [[)
    if v == nil then
      v = get()
    end
    if v == nil then
      live[cell] = NONE
    else
      live[cell] = v
    end
    ]] .. after .. [[

  end
end]], "=loop"))
  return chunk(G, P, NONE, ffi.cast, begin, host.text, host.whole, fetch, new, host.access[f][1],
    host.access[f][2], f, host.cells, write, result_of)
end

host.run_add = loop("keep(cell, v)")
-- The result is put out before it is settled that the row counts: a row that has none is not added.
host.run_roll = loop("pack(v) write(i, result_of(v)) take(cell, v == nil)")

---- accumulators ----

local merge = parts.merge and host.value_of(parts.merge)

function host.run_merge()
  begin()
  local into, from = fetch(0), fetch(1)
  if into == NONE then
    into = from
  elseif from ~= NONE then
    into = merge(into, from)
  end
  if into ~= NONE then
    keep(0, into)
  end
end

function host.run_result()
  begin()
  local v = fetch(0)
  if v == NONE then
    v = new()
  end
  write(P.n, result_of(v))
end

return true

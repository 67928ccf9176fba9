-- plugins/lua/process.lua: the loops of lua.process over rows and over timers, for the fields that its code reads.
local host = ...
local plan, ffi, G, P, env = host.plan, host.ffi, host.G, host.P, host.env
local emit, done, start = host.emitter(plan.writes, P.emitter)

---- what code may call ----

local MOST = 2 ^ 53
local staged, n = {}, 0

-- Timers, too, are set when the code has come to its end.
local function stage(name, clock, cancel)
  return function(time, tag)
    tag = tag or 0
    if time == nil and cancel == 1 then -- none was set
      return
    end
    if not plan.parts.on_timer then
      error(name .. ": there is no `on_timer` that would be run for it", 2)
    end
    if type(time) ~= "number" or time ~= math.floor(time) or time < -MOST or time > MOST then
      error(name .. " takes a time, a whole number of µs since 1970, not " .. tostring(time), 2)
    end
    if type(tag) ~= "number" or tag ~= math.floor(tag) or tag < 0 or tag > MOST then
      error(name .. " takes a tag that is a whole number from 0 on, not " .. tostring(tag), 2)
    end
    staged[n + 1], staged[n + 2], staged[n + 3], staged[n + 4] = clock, time, tag, cancel
    n = n + 4
  end
end

local now_of = ffi.cast("int64_t (*)(struct call *)", P.now)
local NO_TIME, END = -0x7fffffffffffffffLL - 1, 0x7fffffffffffffffLL
local function time_of(time)
  if time == NO_TIME then
    return nil
  end
  return time == END and math.huge or host.whole(time)
end

for name, f in pairs {
  emit = emit,
  timer = stage("timer", 0, 0),
  cancel = stage("cancel", 0, 1),
  alarm = stage("alarm", 1, 0),
  cancel_alarm = stage("cancel_alarm", 1, 1),
  watermark = function()
    return time_of(P.watermark)
  end,
  now = function()
    return tonumber(now_of(P))
  end,
} do
  rawset(env, name, f)
end

---- loops ----

local set_timer =
  ffi.cast("void (*)(struct call *, uint32_t, uint32_t, int64_t, uint64_t, int32_t)", P.timer)

local function finish(b, i)
  done(b, i)
  for k = 1, n, 4 do
    set_timer(P, i, staged[k], staged[k + 1], staged[k + 2], staged[k + 3])
  end
  n = 0
end

-- A function of the gauge's batch, from row G.row on, as host.loop makes one.
local function loop(part, reads, extra, new)
  if not part then
    return function() end
  end
  local f = host.codes[part.code]
  local point, set, _ = host.readers(reads)
  local chunk = assert(loadstring([[
local G, P, NONE, cast, begin, text, whole, fetch, init, set, get, f, keep, finish, time_of, CLOCKS = ...
local live
return function()
  local b, cells = G.batch, P.cells
  ]] .. point .. "\n" .. host.LIVE .. [[
  for i = G.row, b.rows - 1 do
    G.row = i
    begin()
    ]] .. set .. [[

    local cell = cells[i]
    local v = live[cell]
    if v == nil then
      v = fetch(cell)
    end
    if v == NONE then
      v = ]] .. new .. [[

    end
    set(v)
    f(]] .. host.arguments(part, reads, extra) .. [[)
    v = get()
    if v == nil then
      live[cell] = NONE
    else
      live[cell] = v
    end
    G.is_settling = 1
    keep(cell, v)
    finish(b, i)
    G.is_settling = 0
  end
end]], "=loop"))
  return chunk(G, P, host.NONE, ffi.cast, host.begin, host.text, host.whole, host.fetch,
    plan.parts.init and host.value_of(plan.parts.init), host.access[f][1], host.access[f][2], f, host.cells.keep,
    finish, time_of, { [0] = "event", "processing" })
end

local init = plan.parts.init
local new = "{}"
if init then
  local arguments = host.arguments(init, plan.reads, {})
  new = "init(nil" .. (arguments ~= "" and ", " .. arguments or "") .. ")"
end
local run_rows = loop(plan.parts.on_row, plan.reads, {
  row_time = "b.time ~= nil and time_of(b.time[i]) or nil",
}, new)
local run_timers = loop(plan.parts.on_timer, plan.keys, {
  due = "time_of(b.time[i])",
  tag = "tonumber(P.tags[i])",
  clock = "CLOCKS[P.clock]",
}, "nil")

function host.run_timers()
  n = 0
  start()
  run_timers()
end
return function()
  n = 0
  start()
  run_rows()
end

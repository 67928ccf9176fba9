-- plugins/lua/flat_map.lua: the loop of lua.flat_map, for the fields that its code reads.
local host = ...
local plan = host.plan
local code = host.codes[plan.code]
local emit, done, start = host.emitter(plan.writes, host.G.call)
rawset(host.env, "emit", emit)
local run = host.loop(plan.reads, code, done)
return function()
  start()
  run()
end

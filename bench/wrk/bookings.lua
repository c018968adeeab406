-- POST /bookings by staff for members: each (member, session) pair once, spread over the sessions, so every answer must
-- be 201. Arguments: headers file or "-", data file (members, sessions, tenant, token), first session, one past the last, and
-- "once" to end when each pair was asked for (wrk itself asks for one request that it never sends, so the first comes again).

local common = dofile(os.getenv("TNT_BENCH_WRK") .. "/common.lua")

local data
local first, count
local booked = 0
local once

function init(args)
  common.add_headers(args[1])
  data = dofile(args[2])
  first, count = tonumber(args[3]), tonumber(args[4]) - tonumber(args[3])
  once = args[5] == "once"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. data.token
  wrk.headers["x-tenant-id"] = data.tenant
end

-- Runs out after members x sessions bookings; repeating the last one then shows up as 409, never as a silent slow-down.
function response()
  if once and booked > count * #data.members + 64 then wrk.thread:stop() end
end

function request()
  local session = data.sessions[first + booked % count + 1]
  local round = math.floor(booked / count)
  local member = data.members[(once and round % #data.members or math.min(round, #data.members - 1)) + 1]
  booked = booked + 1
  return wrk.format("POST", nil, nil,
    '{"sessionInstanceId":"' .. session .. '","memberId":"' .. member .. '"}')
end

function done(summary, latency)
  common.report(summary, latency)
end

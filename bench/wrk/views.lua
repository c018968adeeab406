-- POST /analytics/views: many visitors of many pages look at the shop's popups. The requests are made beforehand, so that
-- the generator costs the server's machine little. Arguments: headers file or "-", data file (popups = {id, ...}).

local common = dofile(os.getenv("TNT_BENCH_WRK") .. "/common.lua")

local kRequests = 4096
local requests = {}
local next_request = 0

function init(args)
  common.add_headers(args[1])
  local popups = dofile(args[2]).popups
  wrk.headers["Content-Type"] = "application/json"
  for i = 1, kRequests do
    local body = string.format(
      '{"popupId":"%s","sessionId":"sess-%06d","visitorId":"visitor-%06d","deviceType":"%s",' ..
      '"browser":"Chrome","pageUrl":"https://demo-shop.example/products/%d","referrer":""}',
      popups[i % #popups + 1], i, i, i % 3 == 0 and "mobile" or "desktop", i % 100)
    requests[i] = wrk.format("POST", nil, nil, body)
  end
end

function request()
  next_request = next_request % kRequests + 1
  return requests[next_request]
end

function done(summary, latency)
  common.report(summary, latency)
end

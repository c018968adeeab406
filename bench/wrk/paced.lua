-- GET of the URL as it is, from each connection every 10 to 30 ms whatever the answers take: wrk at a steady rate. The pauses
-- differ so that the connections do not send all at once.

local common = dofile(os.getenv("TNT_BENCH_WRK") .. "/common.lua")

function delay()
  return math.random(10, 30)
end

function done(summary, latency)
  common.report(summary, latency)
end

-- GET of the URL as it is, from each connection every 30 to 90 ms whatever the answers take: wrk at a steady rate. The pauses
-- differ so that the connections do not send all at once, and are so long because wrk's timers tick in whole milliseconds:
-- at 2,000 a second two requests leave together in most of them, which is another load than an even one.

local common = dofile(os.getenv("TNT_BENCH_WRK") .. "/common.lua")

function delay()
  return math.random(30, 90)
end

function done(summary, latency)
  common.report(summary, latency)
end

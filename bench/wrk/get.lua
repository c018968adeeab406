-- GET of the URL as it is. Argument: headers file or "-".

local common = dofile(os.getenv("TNT_BENCH_WRK") .. "/common.lua")

function init(args)
  common.add_headers(args[1])
end

function done(summary, latency)
  common.report(summary, latency)
end

-- GET of the URL as it is. Arguments: headers file or "-", and the tenant when a gym is asked.

local common = dofile(os.getenv("TNT_BENCH_WRK") .. "/common.lua")

function init(args)
  common.add_headers(args[1])
  if args[2] then wrk.headers["x-tenant-id"] = args[2] end
end

function done(summary, latency)
  common.report(summary, latency)
end

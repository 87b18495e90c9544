-- As count.lua; the requests go out by sixteens.
function init(args)
    local one = wrk.format("GET", wrk.path)
    all = string.rep(one, 16)
end

function request()
    return all
end

function done(summary, latency, requests)
    local e = summary.errors
    print(string.format("total %d %d %d %d %d", summary.requests, summary.bytes, summary.duration,
        e.connect + e.read + e.write + e.timeout, e.status))
end

-- What came back, exactly: wrk's own summary rounds.
function done(summary, latency, requests)
    local e = summary.errors
    print(string.format("total %d %d %d %d %d", summary.requests, summary.bytes, summary.duration,
        e.connect + e.read + e.write + e.timeout, e.status))
end

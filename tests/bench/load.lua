-- What wrk asks, and how it says what came of it. Words after `--` on its command line: none to GET, a body to POST.

function init(words)
  if words[1] then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    wrk.body = words[1]
  end
end

-- One line of JSON that a program can read, whatever else wrk prints. wrk counts in microseconds.
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format('{"requests": %d, "duration_us": %d, "p50_us": %d, "failed": %d}',
    summary.requests, summary.duration, latency:percentile(50), failed))
end

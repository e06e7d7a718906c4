-- How far meters are used; nothing is changed. ARGV: meters (count, then key, kind, a, b). Answers {0, now, (used, held,
-- reset) a meter}.
local answer = { 0, NOW }
for _ = 1, tonumber(take()) do
  local m = meter(take(), take(), take(), take())
  answer[#answer + 1] = used(m)
  answer[#answer + 1] = m.held or 0
  answer[#answer + 1] = reset(m)
end
return answer

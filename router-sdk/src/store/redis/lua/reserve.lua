-- Grants all claims or none, in one call: what is left of old slices goes back first, then each claim is counted in
-- turn, then slices are taken in advance where there is plenty. The charges stay on record until they are acknowledged,
-- so that a caller who never heard the answer can have them undone.
-- ARGV: number of the call, corrections (count, 7 each), claims (count, then key, kind, a, b, amount, cap, wanted slice).
-- Answers {0, now, (mark, used, held, reset, slice, milliseconds for which the mark is the present one) a claim}, {1, now, claim, retry after, left}, {2, now} when a calendar
-- window is not the present one, {3, now} when the call was undone before it came.
local call = take()
if redis.call('HGET', RECORD, call) then
  return { 3, NOW }
end
local corrections = tonumber(take())
for _ = 1, corrections do
  apply(take_correction())
end
local charged, answer = {}, { 0, NOW }
local claims = {}
for i = 1, tonumber(take()) do
  claims[i] = { key = take(), kind = take(), a = take(), b = take(), amount = tonumber(take()), cap = tonumber(take()), want = tonumber(take()) }
end

local function record(m, mark, amount)
  charged[#charged + 1] = { m.key, m.kind, int(m.a or 0), int(m.b or 0), int(mark), int(amount) }
end

local function refuse(with)
  for i = #charged, 1, -1 do
    local c = charged[i]
    correct(meters[c[1]], tonumber(c[5]), -tonumber(c[6]), -tonumber(c[6]))
  end
  charged = {}
  answer = with
end

for i, claim in ipairs(claims) do
  local m = meter(claim.key, claim.kind, claim.a, claim.b)
  claim.meter = m
  if m.kind == 'u' and (NOW < m.a or NOW >= m.b) and ARGV[1] == '' then
    refuse({ 2, NOW })
    break
  end
  local left = math.max(0, claim.cap - used(m))
  if claim.amount > left or left == 0 then
    refuse({ 1, NOW, i - 1, fits_after(m, claim.amount, claim.cap), left })
    break
  end
  local mark = charge(m, claim.amount)
  record(m, mark, claim.amount)
  local present = -1
  if m.kind == 's' then
    present = (m.number + 1) * m.a - m.now
  elseif m.kind == 'u' then
    present = m.b - NOW
  end
  for _, value in ipairs({ mark, used(m), m.held or 0, reset(m), 0, present }) do
    answer[#answer + 1] = value
  end
end

if answer[1] == 0 then
  for i, claim in ipairs(claims) do
    local m = claim.meter
    local share = m.kind == 'h' and 4 or 16
    local slice = math.min(claim.want, math.floor(math.max(0, claim.cap - used(m)) / share))
    if slice > 0 then
      record(m, charge(m, slice), slice)
      answer[1 + i * 6] = slice
    end
  end
end
if #charged > 0 or corrections > 0 then
  redis.call('HSET', RECORD, call, #charged > 0 and cjson.encode(charged) or '[]')
  redis.call('PEXPIRE', RECORD, int(HOUR))
end
write_all()
return answer

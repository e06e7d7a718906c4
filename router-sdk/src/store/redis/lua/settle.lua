-- Applies a batch of corrections exactly once, however often it comes: batches are numbered, and one at a time is under way.
-- ARGV: number of the batch, acknowledged calls (count, number each), corrections (count, 7 each), calls to undo (count,
-- then number of the call and the corrections that it carried). Answers {0, now, corrections left out}: those of a key that
-- holds another type.
local batch = tonumber(take())
if batch <= (tonumber(redis.call('HGET', RECORD, 'batch')) or 0) then
  return { 0, NOW, 0 }
end
redis.call('HSET', RECORD, 'batch', int(batch))
redis.call('PEXPIRE', RECORD, int(HOUR))
for _ = 1, tonumber(take()) do
  redis.call('HDEL', RECORD, take())
end

local left_out = 0
local function try(c)
  if c[2] == 'H' then
    -- At least so much is held: told again by a process that was taken for dead, or to a server that was emptied.
    c[2] = 'h'
    local ok, m = pcall(meter, c[1], c[2], c[3], c[4])
    if ok then
      hold(m, math.max(0, c[7] - own(m.key)))
    else
      left_out = left_out + 1
    end
  elseif not pcall(apply, c) then
    left_out = left_out + 1
  end
end

for _ = 1, tonumber(take()) do
  try(take_correction())
end
for _ = 1, tonumber(take()) do
  local call = take()
  local corrections = {}
  for i = 1, tonumber(take()) do
    corrections[i] = take_correction()
  end
  local charged = redis.call('HGET', RECORD, call)
  if not charged then
    redis.call('HSET', RECORD, call, 'void')
    for _, c in ipairs(corrections) do
      try(c)
    end
  elseif charged ~= 'void' then
    for _, c in ipairs(cjson.decode(charged)) do
      try({ c[1], c[2], c[3], c[4], tonumber(c[5]), -tonumber(c[6]), -tonumber(c[6]) })
    end
    redis.call('HDEL', RECORD, call)
  end
end
write_all()
return { 0, NOW, left_out }

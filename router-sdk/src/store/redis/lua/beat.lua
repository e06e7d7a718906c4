-- A sign of life, and the burial of processes that gave none: what they held at the same time is free again, what they
-- held of sums counts as used. ARGV: milliseconds of silence after which a process is dead. Answers {0, now, known}: 0
-- where the server does not know what this process holds.
local silence = tonumber(take())
redis.call('ZADD', ALIVE, int(NOW), PROCESS)
redis.call('PEXPIRE', ALIVE, int(DAY))
local fresh = redis.call('HSETNX', own_key(PROCESS), '#', '1')
redis.call('PEXPIRE', own_key(PROCESS), int(DAY))
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', ALIVE, '-inf', '(' .. int(NOW - silence), 'LIMIT', 0, 8)) do
  local key = own_key(dead)
  local held = redis.call('HGETALL', key)
  for i = 1, #held, 2 do
    if held[i] ~= '#' then
      -- The kind is the first letter of the last part of a meter's key.
      local kind = string.match(held[i], '|(%a)[%d%-]*$')
      pcall(function()
        local m = meter(held[i], kind, '0', '0')
        local amount = tonumber(held[i + 1])
        m.new = false
        m.held = math.max(0, m.held - amount)
        if kind == 'h' then
          m.used = math.max(0, m.used - amount)
        end
      end)
    end
  end
  redis.call('DEL', key)
  redis.call('ZREM', ALIVE, dead)
end
for _, m in pairs(meters) do
  if redis.call('EXISTS', m.key) == 1 then
    write(m)
  end
end
return { 0, NOW, 1 - fresh }

-- Head of every script: meters are read once, turned to the present, changed in here and written together at the end.
-- KEYS[1] is the prefix with its hash tag; every other key begins with it and so lies in the same slot.
-- ARGV[1] is the moment in Unix milliseconds, empty for the server's own; ARGV[2] is the process that asks.
-- Kinds of meters: s sliding (a: milliseconds of a part, b: parts that count after the present one has begun),
-- u calendar window (a: its first millisecond, b: the first of the next), t total, h held.
local PREFIX, NOW, PROCESS = KEYS[1], tonumber(ARGV[1]), ARGV[2]
if not NOW then
  local time = redis.call('TIME')
  NOW = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local ALIVE = PREFIX .. ':alive'
local RECORD = PREFIX .. ':p:' .. PROCESS .. ':r'
local HOUR, DAY = 3600000, 86400000
local meters, owns = {}, {}

local function int(number)
  return string.format('%.0f', number)
end

local function own_key(process)
  return PREFIX .. ':p:' .. process .. ':c'
end

local function turn(m, sum, lo, at, ahead)
  m.sum, m.lo = tonumber(sum) or 0, tonumber(lo)
  m.at, m.ahead = tonumber(at) or NOW, tonumber(ahead) or 0
  local last = math.floor(m.at / m.a)
  m.now = NOW + m.ahead
  if m.now < m.at then
    m.ahead = m.at - NOW
    m.now = m.at
  end
  m.at = m.now
  m.number = math.floor(m.now / m.a)
  m.oldest = m.number - m.b
  if m.lo and m.lo < m.oldest then
    local expired = {}
    for number = m.lo, math.min(m.oldest - 1, last) do
      expired[#expired + 1] = int(number)
    end
    if #expired > 0 then
      local amounts = redis.call('HMGET', m.key, unpack(expired))
      for i, field in ipairs(expired) do
        if amounts[i] then
          m.sum = math.max(0, m.sum - tonumber(amounts[i]))
          m.gone[#m.gone + 1] = field
        end
      end
    end
    m.lo = m.oldest
  end
end

local function meter(key, kind, a, b)
  local m = meters[key]
  if m then
    return m
  end
  m = { key = key, kind = kind, a = tonumber(a), b = tonumber(b), parts = {}, gone = {} }
  if kind == 's' then
    local state = redis.call('HMGET', key, 'sum', 'lo', 'at', 'ahead')
    turn(m, state[1], state[2], state[3], state[4])
  else
    local state = redis.call('HMGET', key, 'used', 'held')
    m.new = not state[1]
    m.used, m.held = tonumber(state[1]) or 0, tonumber(state[2]) or 0
  end
  meters[key] = m
  return m
end

local function part(m, number)
  if not m.parts[number] then
    m.parts[number] = tonumber(redis.call('HGET', m.key, int(number))) or 0
  end
  return m.parts[number]
end

local function own(key)
  if not owns[key] then
    owns[key] = tonumber(redis.call('HGET', own_key(PROCESS), key)) or 0
  end
  return owns[key]
end

-- Moves what this process holds of a meter; never below nothing, so that what was taken from it as from a dead process
-- is not taken twice.
local function hold(m, by)
  local before = own(m.key)
  by = math.max(by, -before)
  owns[m.key] = before + by
  m.held = math.max(0, m.held + by)
  if m.kind == 'h' then
    m.used = math.max(0, m.used + by)
  end
end

local function change(m, number, by)
  local before = part(m, number)
  local after = math.max(0, before + by)
  m.parts[number] = after
  m.sum = math.max(0, m.sum + after - before)
  m.lo = math.min(m.lo or number, number)
end

local function used(m)
  if m.kind == 's' then
    return m.sum
  end
  return m.used
end

-- Counts a granted amount and tells its mark.
local function charge(m, amount)
  if m.kind == 's' then
    change(m, m.number, amount)
    return m.number
  end
  if m.kind ~= 'h' then
    m.used = m.used + amount
  end
  hold(m, amount)
  return 0
end

-- Corrects what was counted under a mark. What has expired since stays gone.
local function correct(m, mark, by, by_held)
  if m.kind == 's' then
    mark = math.min(mark, m.number)
    if mark >= m.oldest then
      change(m, mark, by)
    end
    return
  end
  if m.kind == 'u' and NOW >= m.b + HOUR then
    return
  end
  if m.kind ~= 'h' then
    m.used = math.max(0, m.used + by)
  end
  hold(m, by_held)
end

local function gone_after(m, number)
  return math.max(0, (number + m.b + 1) * m.a - m.now)
end

-- Milliseconds until all that counts has expired, or -1.
local function reset(m)
  if m.kind == 'u' and m.used > 0 then
    return math.max(0, m.b - NOW)
  end
  if m.kind ~= 's' or m.sum == 0 then
    return -1
  end
  for number = m.number, m.lo, -1 do
    if part(m, number) > 0 then
      return gone_after(m, number)
    end
  end
  return -1
end

-- Milliseconds after which an amount fits, or -1.
local function fits_after(m, amount, cap)
  if amount > cap then
    return -1
  end
  if m.kind == 'u' then
    return math.max(0, m.b - NOW)
  end
  local room = cap - math.max(amount, 1)
  if m.kind ~= 's' or room < 0 or not m.lo then
    return -1
  end
  local sum = m.sum
  for number = m.lo, m.number do
    sum = sum - part(m, number)
    if sum <= room then
      return gone_after(m, number)
    end
  end
  return -1
end

local function write(m)
  if m.kind ~= 's' then
    if m.new and m.used == 0 and m.held == 0 then
      return
    end
    redis.call('HSET', m.key, 'used', int(m.used), 'held', int(m.held))
    if m.kind == 'u' and m.new then
      redis.call('PEXPIREAT', m.key, int(m.b + HOUR))
    elseif m.kind == 'h' then
      redis.call('PEXPIRE', m.key, int(DAY))
    end
    return
  end
  local fields = { 'sum', int(m.sum), 'at', int(m.at), 'ahead', int(m.ahead) }
  if m.lo then
    fields[#fields + 1] = 'lo'
    fields[#fields + 1] = int(m.lo)
  end
  for number, amount in pairs(m.parts) do
    if amount > 0 then
      fields[#fields + 1] = int(number)
      fields[#fields + 1] = int(amount)
    else
      m.gone[#m.gone + 1] = int(number)
    end
  end
  redis.call('HSET', m.key, unpack(fields))
  if #m.gone > 0 then
    redis.call('HDEL', m.key, unpack(m.gone))
  end
  redis.call('PEXPIRE', m.key, int((m.b + 2) * m.a + 60000))
end

local function write_all()
  for _, m in pairs(meters) do
    write(m)
  end
  local touched = false
  for key, amount in pairs(owns) do
    touched = true
    if amount > 0 then
      redis.call('HSET', own_key(PROCESS), key, int(amount))
    else
      redis.call('HDEL', own_key(PROCESS), key)
    end
  end
  if touched then
    redis.call('PEXPIRE', own_key(PROCESS), int(DAY))
    redis.call('ZADD', ALIVE, 'NX', int(NOW), PROCESS)
  end
end

local cursor = 3
local function take()
  cursor = cursor + 1
  return ARGV[cursor - 1]
end

-- A correction: key, kind, a, b, mark, amount, held amount.
local function take_correction()
  return { take(), take(), take(), take(), tonumber(take()), tonumber(take()), tonumber(take()) }
end

local function apply(c)
  local m = meter(c[1], c[2], c[3], c[4])
  correct(m, c[5], c[6], c[7])
end

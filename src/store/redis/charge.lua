-- Takes all charges of one call, and uses up its approval, or changes nothing. Redis runs a script to its end
-- before anything else, so the step is indivisible.
--
-- KEYS     the counters, and behind them the mark of the approval if there is one
-- ARGV[1]  packed, as all that follows, with struct.pack and format '>', 'd' where nothing is said:
--            the caller's clock in seconds since the Unix epoch, rounded down; the microseconds on top of it, or -1:
--            then the server's clock rules; until when the use of the approval must be remembered, in seconds;
--            how many counters there are;
--            for each counter: what its window is (c1), its length in seconds, the amount, and the room, which is
--            the most that may be used already. Less than zero: the charge never fits.
--
-- A window is fixed ('f'), a week ('w'), a month ('m'), for ever ('l'), or it slides ('s').
--
-- Amounts are millionths, up to 10^18: more than a double holds. They are two numbers, the digits in front of the last
-- nine, and those.
--
-- Counters:
--   'f' (c1), from, to, stamp, used          in the window from `from` to `to`, in seconds; both may be infinite
--   's' (c1), count (B), latest, stamp, used…  in parts of 1/16 of the window, numbered from the epoch: what was
--                                            charged in the part `latest`, and in the ones before it: `count` in all
--
-- `stamp` tells windows apart that are at the same place in time.
--
-- The answer: a status (B: 0 taken, 1 does not fit, 2 the approval was used), the time in seconds and microseconds, and
-- every counter: as it is now if the charges were taken, as it was before ('-': not there) if they do not fit.
--
-- The arithmetic is that of src/limit/counter.rs. What most calls do comes first, and is written so that it is quick:
-- few calls of Redis, and no function is made that is not used.

local call, pack, unpack, byte = redis.call, struct.pack, struct.unpack, string.byte

local request = ARGV[1]
local now, micros, keep_until, count, at = unpack('>dddd', request)
local time = call('TIME')
-- No earlier window of a counter has this stamp, also if the counter was lost meanwhile.
local new_stamp = time[1] * 1e6 + time[2]
local by_server = micros < 0
if by_server then now, micros = time[1] + 0, time[2] + 0 end

local HOUR, DAY, PARTS = 3600, 86400, 16
-- The counters after the charges; and of those that must expire later than they do, when their windows end and how long
-- these are.
local after, ends, lengths = {}, {}, {}
local fits = true

for i = 1, count do
  -- GET, for MGET takes what is no string for nothing.
  local value = call('GET', KEYS[i])
  local kind, length, high, low, room_high, room_low
  kind, length, high, low, room_high, room_low, at = unpack('>c1ddddd', request, at)
  local used_high, used_low

  if kind ~= 's' then
    local from, to, stamp
    if value then
      if #value ~= 41 or byte(value) ~= 102 then
        return redis.error_reply('UNREADABLE counter ' .. i .. ' is not what this script writes')
      end
      from, to, stamp, used_high, used_low = unpack('>ddddd', value, 2)
    end
    -- When the clock steps back, the counter stays in the latest window that it has seen, unless that begins so much
    -- later than the clock shows that the clock must have been wrong once.
    if not value or now >= to or (from - now > HOUR and from - now > 2 * (to - from)) then
      used_high, used_low, stamp = 0, 0, math.max(new_stamp, (stamp or 0) + 1)
      if kind == 'f' then
        from = now - now % length
        to = from + length
      elseif kind == 'w' then
        -- The Unix epoch was a Thursday: weeks begin three days before it.
        from = now - (now + 3 * DAY) % length
        to = from + length
      elseif kind == 'm' then
        -- The civil calendar, in years from March on: then leap days come last.
        local floor = math.floor
        local days = floor(now / DAY) + 719468
        local era = floor(days / 146097)
        local of_era = days - era * 146097
        local year = floor((of_era - floor(of_era / 1460) + floor(of_era / 36524) - floor(of_era / 146096)) / 365)
        local of_year = of_era - (365 * year + floor(year / 4) - floor(year / 100))
        local month = floor((5 * of_year + 2) / 153)
        local first_day = function(year, month)
          return year * 365 + floor(year / 4) - floor(year / 100) + floor(year / 400) + floor((153 * month + 2) / 5)
        end
        year = year + era * 400
        from = (first_day(year, month) - 719468) * DAY
        if month == 11 then year, month = year + 1, -1 end
        to = (first_day(year, month + 1) - 719468) * DAY
      else
        from, to = -math.huge, math.huge
      end
      ends[i], lengths[i] = to, to - from
    elseif not by_server then
      -- By the server's clock nothing has changed.
      ends[i], lengths[i] = to, to - from
    end
    high, low = used_high + high, used_low + low
    if low >= 1e9 then high, low = high + 1, low - 1e9 end
    after[i] = pack('>c1ddddd', 'f', from, to, stamp, high, low)

  else
    -- A part is as many units of 62 500 microseconds as the window has seconds.
    local units = now * PARTS + math.floor(micros / 62500)
    local current = math.floor(units / length)
    local latest, stamp, parts
    if value then
      local known = byte(value, 2) or 0
      if byte(value) ~= 115 or known < 1 or known > 17 or #value ~= 18 + 16 * known then
        return redis.error_reply('UNREADABLE counter ' .. i .. ' is not what this script writes')
      end
      latest, stamp = unpack('>dd', value, 3)
      parts = {unpack('>' .. string.rep('d', 2 * known), value, 19)}
      -- Behind the numbers stands where they end.
      parts[#parts] = nil
    end
    local ahead = value and (latest - PARTS) * length - units
    if not value or (ahead > HOUR * PARTS and ahead > 2 * PARTS * length) then
      latest, stamp, parts = current, math.max(new_stamp, (stamp or 0) + 1), {0, 0}
      ends[i], lengths[i] = (latest + 17) * length / PARTS, length
    else
      local passed = current - latest
      if passed > 0 then
        -- What is older than sixteen parts does not count any more.
        local shifted = {}
        for part = 0, 16 do
          local from = part - passed
          if from >= 0 and not parts[2 * from + 1] then break end
          shifted[2 * part + 1] = from >= 0 and parts[2 * from + 1] or 0
          shifted[2 * part + 2] = from >= 0 and parts[2 * from + 2] or 0
        end
        latest, parts = current, shifted
      end
      if passed > 0 or not by_server then
        ends[i], lengths[i] = (latest + 17) * length / PARTS, length
      end
    end
    used_high, used_low = 0, 0
    for part = 1, #parts, 2 do
      used_high, used_low = used_high + parts[part], used_low + parts[part + 1]
    end
    used_high, used_low = used_high + math.floor(used_low / 1e9), used_low % 1e9
    high, low = parts[1] + high, parts[2] + low
    if low >= 1e9 then high, low = high + 1, low - 1e9 end
    parts[1], parts[2] = high, low
    after[i] = pack('>c1Bdd' .. string.rep('d', #parts), 's', #parts / 2, latest, stamp, _G.unpack(parts))
  end

  if used_high > room_high or (used_high == room_high and used_low > room_low) then fits = false end
end

if #KEYS > count then
  -- Where the server's clock rules, the mark may be gone by the end of that time: a gateway whose clock is behind must
  -- not use the approval again.
  if call('EXISTS', KEYS[count + 1]) == 1 or (by_server and keep_until <= now) then
    return pack('>Bdd', 2, now, micros)
  end
end
if not fits then
  for i = 1, count do after[i] = call('GET', KEYS[i]) or '-' end
  return pack('>Bdd', 1, now, micros) .. table.concat(after)
end

-- Only now something changes. If Redis refuses to write, it refuses the first time.
for i = 1, count do
  -- A counter that lasts for ever has infinite ends.
  if ends[i] and ends[i] < math.huge then
    -- A clock that is set back by less than a day, or than two windows, must still find it.
    local margin = 2 * lengths[i]
    if margin < DAY then margin = DAY end
    call('SET', KEYS[i], after[i], 'EX', string.format('%.0f', ends[i] - now + margin))
  else
    call('SET', KEYS[i], after[i], 'KEEPTTL')
  end
end
if #KEYS > count then
  local keep = keep_until - now
  if keep < 0 then keep = 0 end
  call('SET', KEYS[count + 1], 'a', 'EX', string.format('%.0f', keep + DAY))
end
return pack('>Bdd', 0, now, micros) .. table.concat(after)

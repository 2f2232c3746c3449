-- Takes the charges of several calls, one call after the other: all charges of a call, and the use of its approval, or
-- none. Redis runs a script to its end before anything else, so the step is indivisible.
--
-- KEYS     the limits' hashes of counters, and the marks of used approvals, each once
-- ARGV[2…] the fields of the counters, those of the first hash first, each once
-- ARGV[1]  packed, as all that follows, with struct.pack and format '<', 'd' where nothing is said:
--            how many calls, terms and hashes there are; 1 if the callers' clocks rule, 0 if the server's does; how many
--            bytes a number of the index has, one or two, the high one first, and how many numbers there are in it
--            the terms that charges may have: what the window is (c1), its length in seconds, the amount, and the room,
--            which is the most that may be used already. Less than zero: the charge never fits
--            the index: for each hash, how many fields there are; for each call, how many charges it has, and the key of
--            its approval's mark, or 0; for each charge its terms and its field. All are counted from 1
--            for each call: by the callers' clocks, the time in seconds since the Unix epoch, rounded down, and the
--            microseconds on top of it; if there is a mark, until when it must be kept, in seconds
--
-- A window is fixed ('f'), a week ('w'), a month ('m'), for ever ('l'), or it slides ('s').
--
-- Amounts are millionths, up to 10^18: more than a double holds. Where they may be as large they are two numbers, the
-- digits in front of the last nine, and those.
--
-- Counters, told apart by their lengths and first bytes:
--   end, stamp, used                         of a fixed window, in seconds; for one that lasts for ever, infinite
--   end, stamp, used (two)                   the same, with a large amount
--   's' (c1), latest, stamp, older, used…    in parts of 1/16 of the window, numbered from the epoch: what was charged
--                                            in the part `latest`, and in the ones before it, and in all of these, `older`
--   'S' (c1), latest, stamp, used… (two each)  the same, with a large amount
--
-- `stamp` tells windows of a counter apart, also those that are at the same place in time.
--
-- The answer: the server's time in seconds and microseconds. For each call a status (c1): 't' taken, 'e' exceeded, 'a'
-- the approval was used, 'u' a counter is unreadable, 'r' Redis refuses to write; and after 't' and 'e' every counter,
-- behind how many numbers it has (B): as it is now if the charges were taken, as it was before (0: not there) if they do
-- not fit. If Redis refused something, the answer is an array: this, and what Redis said.
--
-- The arithmetic is that of src/limit/counter.rs. What most calls do comes first in the loop and is written so that it is
-- quick; and there are few calls of Redis: each hash is read once and written once, whatever the number of its fields.

local spread = unpack
local call, pack, unpack = redis.call, struct.pack, struct.unpack
local byte, char, sub = string.byte, string.char, string.sub
local floor, min, max, huge = math.floor, math.min, math.max, math.huge
local keys, args, request = KEYS, ARGV, ARGV[1]

local HOUR, DAY, PARTS = 3600, 86400, 16
-- Doubles are exact below this.
local LARGE = 2^53
-- A field of each hash. Redis keeps hashes with short fields and values as lists and looks through them from one end,
-- which takes more time than all the rest; one long value is enough that it does not.
local ABOUT, ABOUT_THIS = 'about', 'mcp-policy counters, see RedisStore: end, stamp and millionths used, as doubles'
-- So many values may be on Lua's stack, and some more.
local BLOCK = 4000
-- How long a counter of seventeen parts is: a longer one is none.
local MOST_PARTS = 1 + 8 * (3 + 17)

local calls, count_of_terms, hashes, by_callers, width, size, at = unpack('<dddddd', request)
local by_server = by_callers == 0
-- Of each: the kind, the length, the amount and the room as one number, exact unless they are large, how far the end of a
-- fixed window may be from now for the short way, whether a sliding one may go it, and amount and room as they came. By the
-- callers' clocks there is no short way: when a counter may be forgotten changes each time.
local KIND, LENGTH, AMOUNT, ROOM, SPAN, SLIDES, HIGH, LOW, ROOM_HIGH, ROOM_LOW = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
local terms = {}
for i = 1, count_of_terms do
  local kind, length, high, low, room_high, room_low
  kind, length, high, low, room_high, room_low, at = unpack('<c1ddddd', request, at)
  local span = kind == 'l' and huge or kind == 'm' and 28 * DAY or kind ~= 's' and length or -huge
  terms[i] = {
    kind, length, high * 1e9 + low, room_high * 1e9 + room_low, by_server and span or -huge, by_server and kind == 's',
    high, low, room_high, room_low
  }
end
local rest = at + width * size
local index = {byte(request, at, min(at + BLOCK, rest) - 1)}
for block = at + BLOCK, rest - 1, BLOCK do
  for _, value in ipairs({byte(request, block, min(block + BLOCK, rest) - 1)}) do index[#index + 1] = value end
end
if width == 2 then
  local bytes = index
  index = {}
  for i = 1, size do index[i] = bytes[2 * i - 1] * 256 + bytes[2 * i] end
end

local time = call('TIME')
-- No earlier window of a counter has this stamp, also if the counter was lost meanwhile.
local new_stamp = time[1] * 1e6 + time[2]
local now, micros = time[1] + 0, time[2] + 0

-- A part of a sliding window is as many of these as the window has seconds: 62 500 microseconds.
local units_now = now * PARTS + floor(micros / 62500)

-- What Redis refused.
local refused

-- The counters, numbered as their fields are: `false` where there is none. Where the fields of each hash end.
local values, ends = {}, {}
local behind = 0
for hash = 1, hashes do
  local fields = index[hash]
  for from = behind + 1, behind + fields, BLOCK do
    local to = min(from + BLOCK - 1, behind + fields)
    local read
    if fields == 1 then
      read = redis.pcall('HGET', keys[hash], args[from + 1])
      values[from] = read
    else
      read = redis.pcall('HMGET', keys[hash], spread(args, from + 1, to + 1))
      if from == 1 then values = read else for i = from, to do values[i] = read[i - from + 1] end end
    end
    if type(read) == 'table' and read.err then
      -- What stands there is no hash, and what is read no counters.
      refused = read
      if from == 1 then values = {} end
      for i = from, to do values[i] = '' end
    end
  end
  behind = behind + fields
  ends[hash] = behind
end

-- The long way to what a charge makes of a counter, which most do not go: a function, which is made when it is needed.
-- Given the counter and the terms, it tells the counter after the charge, what was used before, and in how many seconds
-- the counter may be forgotten: when it might be before, or never, if that is infinite. Nothing if it is unreadable.
local function long_way()
  -- The two numbers of an amount.
  local function halves(amount)
    local high = floor(amount / 1e9)
    local low = amount - high * 1e9
    -- The quotient may have been rounded up.
    if low < 0 then high, low = high - 1, low + 1e9 end
    return high, low
  end

  -- The window of a fixed counter.
  local function window(kind, length, now)
    if kind == 'f' then
      local from = now - now % length
      return from, from + length
    elseif kind == 'w' then
      -- The Unix epoch was a Thursday: weeks begin three days before it.
      local from = now - (now + 3 * DAY) % length
      return from, from + length
    elseif kind == 'm' then
      -- The civil calendar, in years from March on: then leap days come last.
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
      local from = (first_day(year, month) - 719468) * DAY
      if month == 11 then year, month = year + 1, -1 end
      return from, (first_day(year, month + 1) - 719468) * DAY
    end
    return -huge, huge
  end

  -- In how many seconds a counter may be forgotten. A clock that is set back by less than a day, or than two windows, must
  -- still find it.
  local function expiry(to, length)
    return to - now + max(2 * length, DAY)
  end

  local function charge_fixed(value, term)
    local kind, length = term[KIND], term[LENGTH]
    local from, to, stamp, used_high, used_low
    if value and #value == 24 then
      local used
      to, stamp, used = unpack('<ddd', value)
      used_high, used_low = halves(used)
    elseif value and #value == 32 then
      to, stamp, used_high, used_low = unpack('<dddd', value)
    elseif value then
      return nil
    end
    if value then
      if not (used_high >= 0) then return nil end
      from = window(kind, length, to - 1)
    end
    local expires = huge
    -- When the clock steps back, the counter stays in the latest window that it has seen, unless that begins so much later
    -- than the clock shows that the clock must have been wrong once.
    if not value or now >= to or (from - now > HOUR and from - now > 2 * (to - from)) then
      from, to = window(kind, length, now)
      stamp, used_high, used_low = max(new_stamp, (stamp or 0) + 1), 0, 0
      expires = expiry(to, to - from)
    elseif not by_server then
      expires = expiry(to, to - from)
    end
    local high, low = used_high + term[HIGH], used_low + term[LOW]
    if low >= 1e9 then high, low = high + 1, low - 1e9 end
    local charged = high * 1e9 + low
    if charged < LARGE then
      return pack('<ddd', to, stamp, charged), used_high, used_low, expires
    end
    return pack('<dddd', to, stamp, high, low), used_high, used_low, expires
  end

  local function charge_sliding(value, term)
    local length = term[LENGTH]
    local current = floor(units_now / length)
    local latest, stamp
    local parts_high, parts_low = {}, {}
    if value then
      local kind, numbers = byte(value), (#value - 1) / 8
      local width = kind == 83 and 2 or 1
      local known = kind == 83 and (numbers - 2) / 2 or numbers - 3
      if (kind ~= 83 and kind ~= 115) or known < 1 or known > 17 or known ~= floor(known) then return nil end
      latest, stamp = unpack('<dd', value, 2)
      local used = {unpack('<' .. string.rep('d', width * known), value, #value - 8 * width * known + 1)}
      for part = 1, known do
        if width == 2 then
          parts_high[part], parts_low[part] = used[2 * part - 1], used[2 * part]
        else
          parts_high[part], parts_low[part] = halves(used[part])
        end
        if not (parts_high[part] >= 0) then return nil end
      end
    end
    local expires = huge
    local ahead = value and (latest - PARTS) * length - units_now
    if not value or (ahead > HOUR * PARTS and ahead > 2 * PARTS * length) then
      latest, stamp, parts_high, parts_low = current, max(new_stamp, (stamp or 0) + 1), {0}, {0}
      expires = expiry((latest + 17) * length / PARTS, length)
    else
      local passed = current - latest
      if passed > 0 then
        -- What is older than sixteen parts does not count any more.
        local known = #parts_high
        for part = min(known + passed, 17), 1, -1 do
          parts_high[part], parts_low[part] = parts_high[part - passed] or 0, parts_low[part - passed] or 0
        end
        latest = current
        for part = #parts_high, 2, -1 do
          if parts_high[part] ~= 0 or parts_low[part] ~= 0 then break end
          parts_high[part], parts_low[part] = nil, nil
        end
      end
      if passed > 0 or not by_server then expires = expiry((latest + 17) * length / PARTS, length) end
    end
    local used_high, used_low = 0, 0
    for part = 1, #parts_high do
      used_high, used_low = used_high + parts_high[part], used_low + parts_low[part]
    end
    used_high, used_low = used_high + floor(used_low / 1e9), used_low % 1e9
    local high, low = parts_high[1] + term[HIGH], parts_low[1] + term[LOW]
    if low >= 1e9 then high, low = high + 1, low - 1e9 end
    parts_high[1], parts_low[1] = high, low
    local numbers = {}
    if (used_high + term[HIGH]) * 1e9 + used_low + term[LOW] < LARGE then
      for part = 1, #parts_high do numbers[part] = parts_high[part] * 1e9 + parts_low[part] end
      local older = 0
      for part = 2, #numbers do older = older + numbers[part] end
      return pack('<c1ddd' .. string.rep('d', #numbers), 's', latest, stamp, older, spread(numbers)),
        used_high, used_low, expires
    end
    for part = 1, #parts_high do
      numbers[2 * part - 1], numbers[2 * part] = parts_high[part], parts_low[part]
    end
    return pack('<c1dd' .. string.rep('d', #numbers), 'S', latest, stamp, spread(numbers)), used_high, used_low, expires
  end

  return function(value, term)
    if term[KIND] == 's' then return charge_sliding(value, term) end
    return charge_fixed(value, term)
  end
end
local charge

local answer, last = {pack('<dd', now, micros)}, 1
-- Which counters were charged; in how many seconds those may be forgotten whose windows are new, and what their terms are;
-- for how long a mark is to be kept.
local changed, expiries, renewed, marks = {}, nil, nil, nil
-- Where in the answer a call stands whose charges were taken, and where what is answered to it ends, and so on.
local taken, taken_numbers = {}, 0

at = hashes + 1
for number = 1, calls do
  local count, mark = index[at], index[at + 1]
  local first, head, keep_until = at + 2, last + 1, nil
  local place = head
  at = first + 2 * count
  if not by_server then
    now, micros, rest = unpack('<dd', request, rest)
    units_now = now * PARTS + floor(micros / 62500)
  end
  if mark > 0 then keep_until, rest = unpack('<d', request, rest) end
  local status, expires = 't', nil

  for i = first, at - 1, 2 do
    local term, field = terms[index[i]], index[i + 1]
    local value, charged = values[field], nil
    place = place + 2
    if value and #value == 24 then
      local to, stamp, used = unpack('<ddd', value)
      local sum = used + term[AMOUNT]
      if now < to and to - now <= term[SPAN] and used >= 0 and sum < LARGE then
        if used > term[ROOM] then status = 'e' end
        charged = pack('<ddd', to, stamp, sum)
        answer[place - 1], answer[place] = '\3', charged
      end
    elseif value and term[SLIDES] and #value >= 33 and #value <= MOST_PARTS then
      local length, kind, latest, stamp, older, used = #value, unpack('<Bdddd', value)
      local into, sum = units_now - latest * term[LENGTH], used + term[AMOUNT]
      if kind == 115 and into >= 0 and into < term[LENGTH] and older >= 0 and used >= 0 and older + sum < LARGE
        and length % 8 == 1 then
        if older + used > term[ROOM] then status = 'e' end
        charged = pack('<Bdddd', 115, latest, stamp, older, sum)
        if length > 33 then charged = charged .. sub(value, 34) end
        answer[place - 1], answer[place] = length == 33 and '\4' or char((length - 1) / 8), charged
      end
    end
    if not charged then
      charge = charge or long_way()
      local high, low, seconds
      charged, high, low, seconds = charge(value, term)
      if not charged then
        status = 'u'
        break
      end
      local room = term[ROOM_HIGH]
      if high > room or (high == room and low > term[ROOM_LOW]) then status = 'e' end
      expires = expires or {}
      expires[i] = seconds
      answer[place - 1], answer[place] = char(floor(#charged / 8)), charged
    end
  end

  if keep_until and status ~= 'u' then
    -- Where the server's clock rules, the mark may be gone by the end of that time: a gateway whose clock is behind must
    -- not use the approval again.
    if marks and marks[mark] or call('EXISTS', keys[mark]) == 1 or (by_server and keep_until <= now) then status = 'a' end
  end

  answer[head], last, place = status, head, head
  if status == 't' then
    for i = first, at - 1, 2 do
      local field = index[i + 1]
      place = place + 2
      local had = values[field]
      values[field], changed[field] = answer[place], true
      local seconds = expires and expires[i]
      if seconds and (seconds < huge or not had) then
        expiries, renewed = expiries or {}, renewed or {}
        expiries[field], renewed[field] = seconds, terms[index[i]]
      end
    end
    if keep_until then
      marks = marks or {}
      marks[mark] = max(keep_until - now, 0) + DAY
    end
    last = place
    taken[taken_numbers + 1], taken[taken_numbers + 2] = head, last
    taken_numbers = taken_numbers + 2
  elseif status == 'e' then
    for i = first, at - 1, 2 do
      local value = values[index[i + 1]]
      place = place + 2
      answer[place - 1], answer[place] = value and char(floor(#value / 8)) or '\0', value or ''
    end
    last = place
  end
end

-- Writes, and says whether Redis did. If it refuses, it refuses the first time: then nothing has changed, and nothing
-- will.
local has_written, may_write = false, true
local function wrote(...)
  if has_written then
    call(...)
  elseif may_write then
    local written = redis.pcall(...)
    has_written = not (type(written) == 'table' and written.err)
    if not has_written then refused, may_write = written, false end
  end
  return has_written
end

-- Only now something changes.
behind = 0
for hash = 1, hashes do
  local set, length, longest, new, term = {}, 0, 0, 0, nil
  for field = behind + 1, ends[hash] do
    if changed[field] then
      set[length + 1], set[length + 2] = args[field + 1], values[field]
      length = length + 2
      if renewed and renewed[field] then
        longest, new, term = max(longest, expiries[field]), new + 1, renewed[field]
      end
    end
  end
  behind = ends[hash]
  for from = 1, length, BLOCK do
    if not wrote('HSET', keys[hash], spread(set, from, min(from + BLOCK - 1, length))) then break end
  end
  if new > 0 and has_written then
    local expires = call('TTL', keys[hash])
    if expires < 0 then call('HSET', keys[hash], ABOUT, ABOUT_THIS) end
    if expires < longest and longest < huge then call('EXPIRE', keys[hash], string.format('%.0f', longest)) end
    -- By the callers' clocks it may be any day.
    if by_server then
      -- Looks at some counters and drops those that may be forgotten: so these go as others come, and do not outnumber
      -- those that count.
      local window, over = term[KIND] == 'm' and 31 * DAY or term[LENGTH], {}
      local some = call('HRANDFIELD', keys[hash], -min(3 * new, 100), 'WITHVALUES')
      for i = 1, #some, 2 do
        local value, to = some[i + 1], huge
        if term[KIND] ~= 's' and #value >= 24 then
          to = unpack('<d', value)
        elseif term[KIND] == 's' and #value >= 33 then
          to = (unpack('<d', value, 2) + 17) * window / PARTS
        end
        if to + max(2 * window, DAY) <= now and some[i] ~= ABOUT then over[#over + 1] = some[i] end
      end
      if #over > 0 then call('HDEL', keys[hash], spread(over)) end
    end
  end
end
for mark, seconds in pairs(marks or {}) do wrote('SET', keys[mark], 'a', 'EX', string.format('%.0f', seconds)) end

if not refused then return table.concat(answer, '', 1, last) end
if taken_numbers > 0 and not has_written then
  -- A replica may know less than its master: nobody is answered by what it knows.
  if sub(refused.err, 1, 8) == 'READONLY' then return refused end
  for i = 1, taken_numbers, 2 do
    answer[taken[i]] = 'r'
    for place = taken[i] + 1, taken[i + 1] do answer[place] = '' end
  end
end
return {table.concat(answer, '', 1, last), refused}

/** What a cluster does in one step where a user's sessions are counted. */
import { type RedisScript, redisScript } from './redis-script.ts'

/** ARGV: user. → the user's live sessions in this bucket: sid, created, whether a deadline is past, whether it needs a seat. */
export const seatsScript: RedisScript = redisScript(`
local rows = {}
for _, sid in ipairs(call('ZRANGE', P .. 'u:' .. ARGV[3], 0, -1)) do
  local found = call('HMGET', P .. 's:' .. sid, 'c', 'i', 'a', 'l')
  if isLive(sid) then
    local isOver = tonumber(found[2]) <= now or tonumber(found[3]) <= now
    rows[#rows + 1] = { sid, found[1], isOver and 1 or 0, found[4] and 1 or 0 }
  end
end
return rows`)

/** ARGV: user. → how many seats were ever given out. */
export const seatsBeforeScript: RedisScript = redisScript(`
return call('HGET', P .. 'seats:' .. ARGV[3], '#') or '0'`)

/**
 * ARGV: user, sid, its absolute deadline, the sid that gives way or '', how many seats had been given out before the
 * listing, most or '', then of each listed session its sid and whether it needs a seat. → whether there is a seat.
 */
export const seatScript: RedisScript = redisScript(`
local key, before, most = P .. 'seats:' .. ARGV[3], tonumber(ARGV[7]), tonumber(ARGV[8])
local listed, count = {}, 0
for i = 9, #ARGV, 2 do listed[ARGV[i]] = ARGV[i + 1] end
local fields = call('HGETALL', key)
for i = 1, #fields, 2 do
  local sid = fields[i]
  if sid ~= '#' then
    if sid ~= ARGV[6] and (listed[sid] or tonumber(fields[i + 1]) > before) then count = count + 1
    else call('HDEL', key, sid) end
    listed[sid] = nil
  end
end
for _, needsSeat in pairs(listed) do if needsSeat == '0' then count = count + 1 end end
if most and count >= most then return { 0 } end
call('HSET', key, ARGV[4], text(call('HINCRBY', key, '#', 1)))
keepUntil(key, tonumber(ARGV[5]))
return { 1 }`)

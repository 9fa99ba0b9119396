import { type RedisScript, redisScript } from './redis-script.ts'

/**
 * ARGV: replica, beats, seq or -1, mark. → { 'entries' | 'lost', head seq, head mark, entries, rows }.
 * A place is confirmed only where it is in this feed: one from before a fail-over may not be, whatever its number.
 * The first write frees memory, so that processes beat on when Redis' memory is full.
 */
export const beatScript: RedisScript = redisScript(`
local at, mark = tonumber(ARGV[5]), ARGV[6]
local feed = call('HMGET', P .. 'feed', 'seq', 'mark')
local head = tonumber(feed[1] or '0')
local isKnown = false
if at == head then isKnown = mark == (feed[2] or '')
elseif at == 0 then isKnown = mark == '' and #call('XRANGE', P .. 'log', '1-0', '1-0') == 1
elseif at > 0 and at < head then
  local found = call('XRANGE', P .. 'log', text(at) .. '-0', text(at) .. '-0')[1]
  isKnown = found and cjson.decode(found[2][2])[2] == mark
end
call('HDEL', P .. 'rows', ARGV[3])
call('HSET', P .. 'rows', ARGV[3], ARGV[4] .. ' ' .. (isKnown and ARGV[5] or '-1'))
local entries = {}
if isKnown and at < head then
  for _, found in ipairs(call('XRANGE', P .. 'log', '(' .. text(at) .. '-0', '+', 'COUNT', 1000)) do
    entries[#entries + 1] = found[2][2]
  end
end
return { isKnown and 'entries' or 'lost', text(head), feed[2] or '', entries, call('HGETALL', P .. 'rows') }`)

/** ARGV: replica, beats, … Removes rows that are still the same. */
export const removeRowsScript: RedisScript = redisScript(`
for i = 3, #ARGV, 2 do
  local row = call('HGET', P .. 'rows', ARGV[i])
  if row and (ARGV[i + 1] == '' or string.match(row, '^%d+') == ARGV[i + 1]) then
    call('HDEL', P .. 'rows', ARGV[i])
  end
end
return { 1 }`)

/** Writes, for a store that can only be read is not well. */
export const pingScript: RedisScript = redisScript(`
call('SET', P .. 'ping', text(now), 'PX', 60000)
return { 1 }`)

/** ARGV: how many replicas are seen. → the most that were ever seen. */
export const replicasScript: RedisScript = redisScript(`
local found = tonumber(call('GET', P .. 'replicas') or '0')
local seen = tonumber(ARGV[3])
if seen > found then call('SET', P .. 'replicas', ARGV[3]) end
return math.max(seen, found)`)

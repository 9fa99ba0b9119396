/** What moves a store: takes rows as they are, where nothing is there yet, and tells of no change. */
import { type RedisScript, redisScript } from './redis-script.ts'

/** ARGV: isAll, user, before, at. */
export const takeEpochScript: RedisScript = redisScript(`
local before = tonumber(ARGV[5])
raiseMark(before)
if ARGV[3] == '1' then
  if before > tonumber(call('GET', P .. 'epoch') or '0') then
    call('SET', P .. 'epoch', ARGV[5])
    call('SET', P .. 'at', ARGV[6])
  end
elseif before > tonumber(call('HGET', P .. 'epochs', ARGV[4]) or '0') then
  call('HSET', P .. 'epochs', ARGV[4], ARGV[5])
  call('HSET', P .. 'ats', ARGV[4], ARGV[6])
end
return { 1 }`)

const keep = `
local function keep(sid, id, absolute)
  local family = P .. 's:' .. sid
  call('HSETNX', family, 'a', absolute)
  call('PEXPIRE', family, ttl(tonumber(absolute)))
  if ARGV[3] == '0' then call('SET', P .. 'i:' .. id, sid, 'NX', 'PX', ttl(tonumber(absolute))) end
  call('ZADD', P .. 'index', 0, padded(tonumber(absolute)) .. ':' .. sid)
  return family
end`

/** ARGV: isClaimed, id, sid, absolute, next id or '', sealed token, presented at or ''. */
export const takeRetiredScript: RedisScript = redisScript(`${keep}
local id, sid, next = ARGV[4], ARGV[5], ARGV[7]
local family = keep(sid, id, ARGV[6])
if call('HSETNX', family, 'n:' .. id, next) == 0 or next == '' then return { 1 } end
call('HSET', family, 't:' .. id, ARGV[8], 'b:' .. next, id)
if ARGV[9] ~= '' then call('HSET', family, 'p:' .. id, ARGV[9]) end
return { 1 }`)

/** ARGV: isClaimed, isAnonymous, id, sid, user, created, idle, absolute, version, sealed, key, begun. */
export const takeSessionScript: RedisScript = redisScript(`${keep}
local id, sid, user = ARGV[5], ARGV[6], ARGV[7]
raiseMark(tonumber(ARGV[14]))
local family = keep(sid, id, ARGV[10])
if call('HEXISTS', family, 'id') == 1 or call('HEXISTS', family, 'n:' .. id) == 1 then return { 1 } end
call('HSET', family, 'id', id, 'c', ARGV[8], 'g', ARGV[14], 'i', ARGV[9], 'v', ARGV[11], 'z', ARGV[12], 'k', ARGV[13])
if ARGV[4] == '0' then
  call('HSET', family, 'u', user)
  call('ZADD', P .. 'u:' .. user, ARGV[8], sid)
  keepUntil(P .. 'u:' .. user, tonumber(ARGV[10]))
end
return { 1 }`)

/** ARGV: isOwned, sid, name, floor, then a key and its version:value, or neither. */
export const takeStateScript: RedisScript = redisScript(`
local sid, name = ARGV[4], ARGV[5]
local key = P .. 'shared:' .. name
if ARGV[3] == '1' then
  local absolute = call('HGET', P .. 's:' .. sid, 'a')
  if not absolute then return { 0 } end
  key = P .. 'state:' .. #sid .. ':' .. sid .. ':' .. name
  call('SADD', P .. 'names:' .. sid, name)
  for _, each in ipairs({ P .. 'names:' .. sid, key }) do keepUntil(each, tonumber(absolute)) end
end
call('HSETNX', key, 'b', '0')
if tonumber(ARGV[6]) >= tonumber(call('HGET', key, 'f') or '0') then call('HSET', key, 'f', ARGV[6]) end
if ARGV[7] and call('HSETNX', key, 'k' .. ARGV[7], ARGV[8]) == 1 then
  call('HINCRBY', key, 'b', #ARGV[8] - string.find(ARGV[8], ':', 1, true))
end
if ARGV[3] == '1' then keepUntil(key, tonumber(call('HGET', P .. 's:' .. sid, 'a'))) end
return { 1 }`)

/** ARGV: 'once' or 'hit', key, until, count. */
export const takeCounterScript: RedisScript = redisScript(`
local key = P .. ARGV[3] .. ':' .. ARGV[4]
if call('EXISTS', key) == 1 then return { 1 } end
if ARGV[3] == 'once' then call('SET', key, ARGV[5]) else call('HSET', key, 'until', ARGV[5], 'count', ARGV[6]) end
call('PEXPIRE', key, ttl(tonumber(ARGV[5])))
call('ZADD', P .. 'due', ARGV[5], ARGV[3] .. ':' .. ARGV[4])
return { 1 }`)

/** ARGV: version, box. */
export const takeKeyringScript: RedisScript = redisScript(`
if call('EXISTS', P .. 'keyring') == 0 then call('HSET', P .. 'keyring', 'version', ARGV[3], 'box', ARGV[4]) end
return { 1 }`)

/** ARGV: keys without their prefix. Removes them, unless there is a root key in this bucket. */
export const clearScript: RedisScript = redisScript(`
if call('EXISTS', P .. 'keyring') == 1 then return { 0 } end
for i = 3, #ARGV do call('UNLINK', P .. ARGV[i]) end
return { 1 }`)

/** → the epoch of all or '', user, before, …, when it was or '', user, when, … */
export const epochsScript: RedisScript = redisScript(`
return { call('GET', P .. 'epoch') or '', call('HGETALL', P .. 'epochs'), call('GET', P .. 'at') or '', call('HGETALL', P .. 'ats') }`)

/** ARGV: the last member of the page before, or ''. → { the last of this one or '', { sid, fields } … } */
export const familiesScript: RedisScript = redisScript(`
local from = '-'
if ARGV[3] ~= '' then from = '(' .. ARGV[3] end
local members = call('ZRANGEBYLEX', P .. 'index', from, '+', 'LIMIT', 0, 50)
local families = {}
for _, member in ipairs(members) do
  local sid = string.sub(member, 18)
  families[#families + 1] = { sid, call('HGETALL', P .. 's:' .. sid), call('SMEMBERS', P .. 'names:' .. sid) }
end
return { #members == 50 and members[50] or '', families }`)

/** ARGV: isOwned, sid, name. → every field of the scope. */
export const scopeScript: RedisScript = redisScript(`
if ARGV[3] == '0' then return call('HGETALL', P .. 'shared:' .. ARGV[5]) end
return call('HGETALL', P .. 'state:' .. #ARGV[4] .. ':' .. ARGV[4] .. ':' .. ARGV[5])`)

/** → { name, until, count or '' } … of all that is counted. */
export const countersScript: RedisScript = redisScript(`
local counters = {}
for _, name in ipairs(call('ZRANGE', P .. 'due', 0, -1)) do
  local found
  if string.sub(name, 1, 5) == 'once:' then found = { call('GET', P .. name), '' }
  else found = call('HMGET', P .. name, 'until', 'count') end
  if found[1] then counters[#counters + 1] = { name, found[1], found[2] } end
end
return counters`)

/** → who beats. */
export const rowsScript: RedisScript = redisScript(`return call('HGETALL', P .. 'rows')`)
